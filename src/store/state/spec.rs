//! Which tables a space's state is in, and what their columns hold.

use std::{ops::RangeInclusive, str::FromStr};

use serde::de::DeserializeOwned;

use crate::{
    domain::fault_rule::Rule,
    services::{
        atlassian::domain::api_access::Quirks,
        jetbrains_account::domain::{product, role::Role},
        license_vault::domain::vault,
    },
};

/// A table with rows of a space.
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// In what order its rows are told, so that equal worlds are equal documents.
    pub(crate) order: &'static str,
    pub(crate) columns: &'static [Column],
}

/// A column.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) holds: ColumnType,
    pub(crate) may_be_null: bool,
}

/// What a column holds.
pub(crate) enum ColumnType {
    /// The key that the database gave the row. A document numbers rows from 1, and loading gives new keys.
    Key,
    /// The key of a row of this table, which comes before.
    KeyOf(&'static str),
    /// The space's key. No part of a document.
    Space,
    Number(RangeInclusive<i64>),
    Flag,
    Text,
    /// A text that must be one of something; says what is wrong with it.
    Checked(fn(&str) -> Result<(), String>),
}

impl Table {
    /// The columns that a document tells.
    pub(crate) fn exported_columns(&self) -> impl Iterator<Item = &'static Column> {
        self.columns.iter().filter(|column| !matches!(column.holds, ColumnType::Space))
    }

    /// Which of its rows are the space's, `$1`: those that say so, or those that belong to a row that is.
    pub(crate) fn condition(&self) -> String {
        let parent = self.columns.iter().find_map(|column| match column.holds {
            ColumnType::Space => Some(format!("{} = $1", column.name)),
            ColumnType::KeyOf(table) => {
                let above = table_named(table).map(Self::condition).unwrap_or_default();
                Some(format!("{} IN (SELECT id FROM {table} WHERE {above})", column.name))
            }
            _ => None,
        });
        parent.unwrap_or_default()
    }
}

/// The table with this name.
pub(crate) fn table_named(name: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.name == name)
}

/// What is not in the tables of a document, and why: tables, and columns as `table.column`.
///
/// If you are here because a test failed: a new table or column of a space belongs in `TABLES`, so that exports,
/// snapshots and imports have it. Only what is no part of a space's world belongs here.
pub const EXCLUDED_TABLES: [(&str, &str); 19] = [
    ("_sqlx_migrations", "says which schema the database has"),
    ("server", "is the whole database's; a document says itself which key it was made with"),
    ("snapshot", "is the tester's tool, and outlives what happens to the world"),
    ("space.id", "is the database's own"),
    ("space.name", "is what the tester calls it; a document may be imported into any space"),
    ("space.revision", "says what processes may still believe, so it only rises"),
    ("space.writes", "is `writes` of the document"),
    ("space.clock_mode", "is `clock` of the document"),
    ("space.clock_micros", "is `clock` of the document"),
    ("rate_window", "counts start over, as on a reset"),
    ("journal_entry", "is what was asked; it starts over, as on a reset"),
    ("journal_state", "is about the journal"),
    ("api_token.number", "is the database's own, and nothing refers to it"),
    ("api_token_count", "is counted anew"),
    ("api_token_search", "is an index that triggers keep"),
    ("api_token_search_config", "is SQLite's part of that index"),
    ("api_token_search_data", "is SQLite's part of that index"),
    ("api_token_search_docsize", "is SQLite's part of that index"),
    ("api_token_search_idx", "is SQLite's part of that index"),
];

/// Every column that a document tells, as `table.column`.
pub fn exported_columns() -> Vec<String> {
    let named = |table: &'static Table| table.columns.iter().map(move |c| format!("{}.{}", table.name, c.name));
    TABLES.iter().flat_map(named).collect()
}

const fn column(name: &'static str, holds: ColumnType) -> Column {
    Column { name, holds, may_be_null: false }
}

const fn key(name: &'static str) -> Column {
    column(name, ColumnType::Key)
}

const fn of(name: &'static str, table: &'static str) -> Column {
    column(name, ColumnType::KeyOf(table))
}

const fn space() -> Column {
    column("space_id", ColumnType::Space)
}

const fn number(name: &'static str, range: RangeInclusive<i64>) -> Column {
    column(name, ColumnType::Number(range))
}

/// Something counted, or a place in an order.
const fn count(name: &'static str) -> Column {
    number(name, 0..=u32::MAX as i64)
}

/// Microseconds since 1970, up to the end of the year 9998; -1 is never.
const fn moment(name: &'static str) -> Column {
    number(name, -1..=253_370_764_799_999_999)
}

/// JetBrains' number of a team.
const fn team(name: &'static str) -> Column {
    number(name, i32::MIN as i64..=i32::MAX as i64)
}

const fn flag(name: &'static str) -> Column {
    column(name, ColumnType::Flag)
}

const fn text(name: &'static str) -> Column {
    column(name, ColumnType::Text)
}

const fn checked(name: &'static str, check: fn(&str) -> Result<(), String>) -> Column {
    column(name, ColumnType::Checked(check))
}

const fn nullable(column: Column) -> Column {
    Column { may_be_null: true, ..column }
}

fn parsed<T: FromStr<Err = String>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop)
}

fn json<T: DeserializeOwned>(text: &str) -> Result<(), String> {
    serde_json::from_str::<T>(text).map(drop).map_err(|e| e.to_string())
}

fn product(code: &str) -> Result<(), String> {
    product::find(code).map(drop).ok_or_else(|| format!("there is no product `{code}`"))
}

/// In an order in which rows come after those that they refer to.
pub(crate) static TABLES: [Table; 26] = [
    Table {
        name: "organization",
        order: "id",
        columns: &[key("id"), space(), text("name"), number("customer_code", 1..=999_999_999_999), text("org_id")],
    },
    Table {
        name: "person",
        order: "id",
        columns: &[
            key("id"),
            of("organization_id", "organization"),
            text("email"),
            text("email_key"),
            text("name"),
            flag("jetbrains_account"),
            nullable(text("atlassian_account_id")),
        ],
    },
    Table {
        name: "credential",
        order: "id",
        columns: &[
            key("id"),
            of("organization_id", "organization"),
            text("service"),
            text("kind"),
            text("label"),
            text("fingerprint"),
            text("hash"),
            moment("created_at"),
            nullable(moment("expires_at")),
        ],
    },
    Table {
        name: "jetbrains_account",
        order: "organization_id",
        columns: &[
            of("organization_id", "organization"),
            flag("api_enabled"),
            number("assign_success_status", 200..=299),
        ],
    },
    Table {
        name: "team",
        order: "organization_id, id",
        columns: &[of("organization_id", "organization"), team("id"), text("name")],
    },
    Table {
        name: "role_grant",
        order: "organization_id, person_id, COALESCE(team_id, 0), role",
        columns: &[
            of("organization_id", "organization"),
            of("person_id", "person"),
            nullable(team("team_id")),
            checked("role", parsed::<Role>),
        ],
    },
    Table {
        name: "jetbrains_token",
        order: "credential_id",
        columns: &[
            of("credential_id", "credential"),
            of("organization_id", "organization"),
            of("person_id", "person"),
            nullable(team("team_id")),
        ],
    },
    Table {
        name: "license",
        order: "organization_id, position",
        columns: &[
            of("organization_id", "organization"),
            text("id"),
            count("position"),
            checked("product_code", product),
            team("team_id"),
            nullable(moment("valid_until")),
            flag("auto_renew"),
            nullable(text("pack")),
            nullable(moment("perpetual_until")),
            nullable(text("assignee_kind")),
            nullable(text("assignee")),
            nullable(text("assignee_key")),
            nullable(text("assignee_name")),
            nullable(moment("assigned_at")),
            nullable(moment("last_seen_at")),
            flag("offline_code"),
            flag("per_user"),
            flag("transferable"),
            flag("trial"),
            flag("suspended"),
            nullable(text("domain")),
        ],
    },
    Table {
        name: "rate_policy",
        order: "organization_id",
        columns: &[
            of("organization_id", "organization"),
            count("most"),
            // From a millisecond to 366 days.
            number("window_micros", 1_000..=31_622_400_000_000),
            nullable(text("mode")),
        ],
    },
    Table {
        name: "atlassian",
        order: "organization_id",
        columns: &[of("organization_id", "organization"), checked("quirks", json::<Quirks>)],
    },
    Table {
        name: "atlassian_session",
        order: "credential_id",
        columns: &[of("credential_id", "credential"), of("person_id", "person")],
    },
    Table {
        name: "api_key",
        order: "organization_id, id",
        columns: &[
            of("organization_id", "organization"),
            text("id"),
            of("credential_id", "credential"),
            text("label"),
            nullable(checked("scopes", json::<Vec<String>>)),
            moment("created_at"),
            moment("expires_at"),
            moment("last_active_at"),
            text("person_id"),
            text("person_name"),
            text("person_email"),
            text("search"),
        ],
    },
    Table {
        name: "api_token",
        order: "organization_id, id",
        columns: &[
            of("organization_id", "organization"),
            text("id"),
            text("label"),
            flag("blocked"),
            checked("scopes", json::<Vec<String>>),
            moment("created_at"),
            moment("expires_at"),
            moment("last_active_at"),
            text("person_id"),
            text("person_name"),
            text("person_email"),
            text("search"),
        ],
    },
    Table {
        name: "service_account",
        order: "organization_id, position",
        columns: &[
            of("organization_id", "organization"),
            text("id"),
            count("position"),
            text("name"),
            text("email"),
            nullable(text("description")),
            moment("updated_at"),
            nullable(text("created_by")),
        ],
    },
    Table {
        name: "service_account_token",
        order: "organization_id, id",
        columns: &[
            of("organization_id", "organization"),
            text("id"),
            text("service_account_id"),
            text("label"),
            checked("scopes", json::<Vec<String>>),
            moment("created_at"),
            moment("expires_at"),
            moment("last_active_at"),
        ],
    },
    Table {
        name: "oauth_client",
        order: "organization_id, id",
        columns: &[
            of("organization_id", "organization"),
            text("id"),
            text("service_account_id"),
            text("name"),
            checked("scopes", json::<Vec<String>>),
            moment("created_at"),
            moment("updated_at"),
            moment("expires_at"),
            moment("revoked_at"),
            nullable(text("revoker_id")),
            nullable(text("person_id")),
            nullable(text("person_name")),
            nullable(text("person_email")),
        ],
    },
    Table {
        name: "vault",
        order: "id",
        columns: &[
            key("id"),
            of("organization_id", "organization"),
            space(),
            text("name"),
            checked("plan", parsed::<vault::Plan>),
            flag("floating"),
            flag("strict_policy"),
        ],
    },
    Table {
        name: "vault_administrator",
        order: "vault_id, person_id",
        columns: &[of("vault_id", "vault"), of("person_id", "person")],
    },
    Table {
        name: "vault_credential",
        order: "credential_id",
        columns: &[of("credential_id", "credential"), of("vault_id", "vault"), text("kind"), text("name")],
    },
    Table {
        name: "vault_pool",
        order: "vault_id, product, kind",
        columns: &[of("vault_id", "vault"), text("product"), checked("kind", parsed::<vault::Kind>), count("total")],
    },
    Table {
        name: "vault_rule",
        order: "vault_id, position",
        columns: &[
            of("vault_id", "vault"),
            count("position"),
            checked("users", json::<Vec<String>>),
            checked("products", json::<Vec<String>>),
            flag("priority"),
        ],
    },
    Table {
        name: "vault_allocation",
        order: "vault_id, id",
        columns: &[
            of("vault_id", "vault"),
            text("id"),
            text("username"),
            text("email"),
            text("email_key"),
            text("product"),
            checked("kind", parsed::<vault::Kind>),
            moment("allocated_at"),
            moment("last_seen_at"),
            moment("released_at"),
        ],
    },
    Table {
        name: "vault_connection",
        order: "vault_id, id",
        columns: &[
            of("vault_id", "vault"),
            text("id"),
            text("allocation_id"),
            text("product"),
            text("version"),
            text("host"),
            text("ip"),
            moment("connected_at"),
            moment("last_seen_at"),
            moment("ended_at"),
        ],
    },
    Table {
        name: "vault_denial",
        order: "vault_id, id",
        columns: &[
            of("vault_id", "vault"),
            text("id"),
            moment("at"),
            text("username"),
            text("email"),
            text("host"),
            text("ip"),
            text("product_name"),
            text("product_version"),
            text("reason"),
            text("description"),
        ],
    },
    Table {
        name: "vault_revocation",
        order: "vault_id, month",
        columns: &[of("vault_id", "vault"), text("month"), count("revoked")],
    },
    Table {
        name: "injected_fault",
        order: "position",
        columns: &[space(), text("id"), count("position"), checked("rule", json::<Rule>), count("seen")],
    },
];
