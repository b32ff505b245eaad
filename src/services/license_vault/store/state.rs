//! How the service's tables are exported and imported.

use crate::{
    services::license_vault::{
        domain::vault::{LicenseKind, MOST_LICENSES, Plan, TokenKind, check_name},
        store::state_check::{check_month, check_rows},
    },
    store::state::{
        ServiceTables, Table,
        columns::{checked, count, flag, json, key, moment, number, of, parsed, past_moment, space, text},
    },
};

pub(crate) fn tables() -> ServiceTables {
    let tables = setting_tables().into_iter().chain(license_tables()).collect();
    ServiceTables { tables, person_columns: vec![], exclusions: vec![], check: Some(check_rows) }
}

/// What a vault is, and what it has.
fn setting_tables() -> Vec<Table> {
    vec![
        Table::new(
            "vault",
            "id",
            vec![
                key("id"),
                of("organization_id", "organization"),
                space(),
                checked("name", check_name),
                checked("plan", parsed::<Plan>),
                flag("floating"),
                flag("strict_policy"),
            ],
        )
        .unique_by(&["organization_id"]),
        Table::new(
            "vault_administrator",
            "vault_id, person_id",
            vec![of("vault_id", "vault"), of("person_id", "person")],
        )
        .unique_by(&["vault_id", "person_id"]),
        Table::new(
            "vault_credential",
            "credential_id",
            vec![
                of("credential_id", "credential"),
                of("vault_id", "vault"),
                checked("kind", parsed::<TokenKind>),
                text("name"),
            ],
        )
        .unique_by(&["vault_id", "kind", "name"]),
        Table::new(
            "vault_pool",
            "vault_id, product, kind",
            vec![
                of("vault_id", "vault"),
                text("product"),
                checked("kind", parsed::<LicenseKind>),
                number("total", 0..=MOST_LICENSES),
            ],
        )
        .unique_by(&["vault_id", "product", "kind"]),
        Table::new(
            "vault_rule",
            "vault_id, position",
            vec![
                of("vault_id", "vault"),
                count("position"),
                checked("users", json::<Vec<String>>),
                checked("products", json::<Vec<String>>),
                flag("priority"),
            ],
        )
        .unique_by(&["vault_id", "position"]),
    ]
}

/// Who holds which licence, and what became of requests.
fn license_tables() -> Vec<Table> {
    vec![
        Table::new(
            "vault_allocation",
            "vault_id, id",
            vec![
                of("vault_id", "vault"),
                text("id"),
                text("username"),
                text("email"),
                text("email_key"),
                text("product"),
                checked("kind", parsed::<LicenseKind>),
                past_moment("allocated_at"),
                past_moment("last_seen_at"),
                moment("released_at"),
            ],
        )
        .unique_by(&["vault_id", "id"]),
        Table::new(
            "vault_connection",
            "vault_id, id",
            vec![
                of("vault_id", "vault"),
                text("id"),
                text("allocation_id"),
                text("product"),
                text("version"),
                text("host"),
                text("ip"),
                past_moment("connected_at"),
                past_moment("last_seen_at"),
                moment("ended_at"),
            ],
        )
        .unique_by(&["vault_id", "id"]),
        Table::new(
            "vault_denial",
            "vault_id, id",
            vec![
                of("vault_id", "vault"),
                text("id"),
                past_moment("at"),
                text("username"),
                text("email"),
                text("host"),
                text("ip"),
                text("product_name"),
                text("product_version"),
                text("reason"),
                text("description"),
            ],
        )
        .unique_by(&["vault_id", "id"]),
        Table::new(
            "vault_revocation",
            "vault_id, month",
            vec![of("vault_id", "vault"), checked("month", check_month), count("revoked")],
        )
        .unique_by(&["vault_id", "month"]),
    ]
}
