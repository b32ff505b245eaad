//! How the service's tables are exported and imported.

use crate::{
    services::atlassian::{domain::api_access::Quirks, store::search_plan::READ_FIRST},
    store::state::{
        ServiceTables, Table,
        columns::{checked, count, flag, json, moment, nullable, of, text},
    },
};

/// Counts the API tokens anew, because the counts are not exported.
const COUNT_ANEW: &str = "INSERT INTO api_token_count (organization_id, blocked, tokens) \
                          SELECT organization_id, blocked, count(*) FROM api_token WHERE organization_id IN \
                          (SELECT id FROM organization WHERE space_id = $1) GROUP BY organization_id, blocked \
                          ON CONFLICT (organization_id, blocked) DO UPDATE SET tokens = excluded.tokens";

/// Puts what is not in SQLite's trigram index into it, of organizations that have enough tokens to be searched by it,
/// with two letters more, because even the last one has to begin three. The tokens are read in the order of their keys,
/// because that is the index's.
const INDEX_MANY: &str = "INSERT INTO api_token_search (rowid, parts) SELECT t.number, t.search || char(31, 31) FROM \
                          (SELECT n.organization_id, min(n.number) AS first, max(n.number) AS last \
                          FROM api_token n WHERE n.organization_id IN \
                          (SELECT c.organization_id FROM api_token_count c JOIN organization o \
                          ON o.id = c.organization_id WHERE o.space_id = $1 \
                          GROUP BY c.organization_id HAVING sum(c.tokens) > ";
const INDEX_THEIR_TOKENS: &str = ") GROUP BY n.organization_id) many CROSS JOIN api_token t NOT INDEXED \
                                  WHERE t.number BETWEEN many.first AND many.last \
                                  AND t.organization_id = many.organization_id AND NOT EXISTS \
                                  (SELECT 1 FROM api_token_search_docsize d WHERE d.id = t.number)";

/// Dates the keys that were never used, of states from before they had a date.
const DATE_UNUSED_KEYS: &str = "UPDATE api_key SET last_active_at = created_at WHERE last_active_at < 0 AND \
                                organization_id IN (SELECT id FROM organization WHERE space_id = $1)";

pub(crate) fn tables() -> ServiceTables {
    let tables = access_tables().into_iter().chain(service_account_tables()).collect();
    ServiceTables {
        tables,
        person_columns: vec![nullable(text("atlassian_account_id"))],
        exclusions: vec![
            ("api_token.number", "is the database's own, and nothing refers to it"),
            ("api_token_count", "is counted anew"),
            ("api_token_search", "is an index of many tokens, made when they are loaded"),
            ("api_token_search_config", "is SQLite's part of that index"),
            ("api_token_search_data", "is SQLite's part of that index"),
            ("api_token_search_docsize", "is SQLite's part of that index"),
            ("api_token_search_idx", "is SQLite's part of that index"),
            ("api_token_searched_terms", "is SQLite's view of that index"),
        ],
        check: None,
    }
}

fn access_tables() -> Vec<Table> {
    vec![
        Table::new(
            "atlassian",
            "organization_id",
            vec![of("organization_id", "organization"), checked("quirks", json::<Quirks>)],
        ),
        Table::new(
            "atlassian_session",
            "credential_id",
            vec![of("credential_id", "credential"), of("person_id", "person")],
        ),
        Table::new(
            "api_key",
            "organization_id, id",
            vec![
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
        )
        .after_import(DATE_UNUSED_KEYS),
        Table::new(
            "api_token",
            "organization_id, id",
            vec![
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
        )
        .after_import(COUNT_ANEW)
        .after_import_into_sqlite(format!("{INDEX_MANY}{READ_FIRST}{INDEX_THEIR_TOKENS}")),
    ]
}

fn service_account_tables() -> Vec<Table> {
    vec![
        Table::new(
            "service_account",
            "organization_id, position",
            vec![
                of("organization_id", "organization"),
                text("id"),
                count("position"),
                text("name"),
                text("email"),
                nullable(text("description")),
                moment("updated_at"),
                nullable(text("created_by")),
            ],
        ),
        Table::new(
            "service_account_token",
            "organization_id, id",
            vec![
                of("organization_id", "organization"),
                text("id"),
                text("service_account_id"),
                text("label"),
                checked("scopes", json::<Vec<String>>),
                moment("created_at"),
                moment("expires_at"),
                moment("last_active_at"),
            ],
        ),
        Table::new(
            "oauth_client",
            "organization_id, id",
            vec![
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
        ),
    ]
}
