//! How the service's tables are exported and imported.

use crate::{
    services::license_vault::domain::vault::{LicenseKind, Plan},
    store::state::{
        ServiceTables, Table,
        columns::{checked, count, flag, json, key, moment, of, parsed, space, text},
    },
};

pub(crate) fn tables() -> ServiceTables {
    let tables = vec![
        Table::new(
            "vault",
            "id",
            vec![
                key("id"),
                of("organization_id", "organization"),
                space(),
                text("name"),
                checked("plan", parsed::<Plan>),
                flag("floating"),
                flag("strict_policy"),
            ],
        ),
        Table::new(
            "vault_administrator",
            "vault_id, person_id",
            vec![of("vault_id", "vault"), of("person_id", "person")],
        ),
        Table::new(
            "vault_credential",
            "credential_id",
            vec![of("credential_id", "credential"), of("vault_id", "vault"), text("kind"), text("name")],
        ),
        Table::new(
            "vault_pool",
            "vault_id, product, kind",
            vec![of("vault_id", "vault"), text("product"), checked("kind", parsed::<LicenseKind>), count("total")],
        ),
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
        ),
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
                moment("allocated_at"),
                moment("last_seen_at"),
                moment("released_at"),
            ],
        ),
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
                moment("connected_at"),
                moment("last_seen_at"),
                moment("ended_at"),
            ],
        ),
        Table::new(
            "vault_denial",
            "vault_id, id",
            vec![
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
        ),
        Table::new(
            "vault_revocation",
            "vault_id, month",
            vec![of("vault_id", "vault"), text("month"), count("revoked")],
        ),
    ];
    ServiceTables { tables, person_columns: vec![], exclusions: vec![] }
}
