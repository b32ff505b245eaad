//! The platform's own tables in a state.

use super::{
    columns::{checked, count, flag, key, moment, nullable, number, of, space, text},
    table::{Column, Exclusion, RowsCheck, Table, Tables},
};
use crate::domain::{fault_rule::check_stored, product_catalogue::check_code};

/// What a service adds to a state.
#[derive(Default)]
pub struct ServiceTables {
    pub tables: Vec<Table>,
    /// What the service keeps of a person, in the platform's table.
    pub person_columns: Vec<Column>,
    pub exclusions: Vec<Exclusion>,
    /// Checks what its rows say together.
    pub(crate) check: Option<RowsCheck>,
}

const EXCLUSIONS: [Exclusion; 16] = [
    ("_sqlx_migrations", "says which schema the database has"),
    ("server", "is the whole database's; a document says itself which key it was made with"),
    ("snapshot", "is the tester's tool, and outlives what happens to the world"),
    ("space_origin", "is how the space was made, which nothing that is put into it changes"),
    ("space.id", "is the database's own"),
    ("space.name", "is what the tester calls it; a document may be imported into any space"),
    ("space.revision", "says what processes may still believe, so it only rises"),
    ("space.writes", "is `writes` of the document"),
    ("space.clock_mode", "is `clock` of the document"),
    ("space.clock_micros", "is `clock` of the document"),
    ("space.rules_revision", "tells what is remembered of the rules from what is stored"),
    ("rate_window", "counts start over, as on a reset"),
    ("journal_entry", "is what was asked; it starts over, as on a reset"),
    ("journal_note", "is what was done between that; it starts over too"),
    ("journal_state", "is about the journal"),
    ("ended_credential", "is about tokens that nobody has any more"),
];

impl Tables {
    /// The platform's tables, and those of the services.
    pub(crate) fn with_services(services: impl IntoIterator<Item = ServiceTables>) -> Self {
        let (mut person_columns, mut tables, mut exclusions) = (Vec::new(), Vec::new(), EXCLUSIONS.to_vec());
        let mut checks = Vec::new();
        for service in services {
            person_columns.extend(service.person_columns);
            tables.extend(service.tables);
            exclusions.extend(service.exclusions);
            checks.extend(service.check);
        }
        let mut all = platform_tables(person_columns);
        all.extend(tables);
        Self::new(all, exclusions, checks)
    }
}

fn platform_tables(person_columns: Vec<Column>) -> Vec<Table> {
    let person = [key("id"), of("organization_id", "organization"), text("email"), text("email_key"), text("name")];
    vec![
        Table::new(
            "organization",
            "id",
            vec![key("id"), space(), text("name"), number("customer_code", 1..=999_999_999_999), text("org_id")],
        ),
        Table::new(
            "declared_product",
            "organization_id, code",
            vec![of("organization_id", "organization"), checked("code", check_code), text("name"), flag("is_plugin")],
        ),
        Table::new("person", "id", person.into_iter().chain(person_columns).collect()),
        Table::new(
            "credential",
            "id",
            vec![
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
        ),
        Table::new(
            "rate_policy",
            "organization_id",
            vec![
                of("organization_id", "organization"),
                count("most"),
                // From a millisecond to 366 days.
                number("window_micros", 1_000..=31_622_400_000_000),
                nullable(text("mode")),
            ],
        ),
        Table::new(
            "injected_fault",
            "position",
            vec![space(), text("id"), count("position"), checked("rule", check_stored), count("seen")],
        ),
    ]
}
