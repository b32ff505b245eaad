//! The service's tables in a state.

use crate::{
    domain::product_catalogue::check_code,
    services::jetbrains_account::domain::role::Role,
    store::state::{
        Column, ServiceTables, Table,
        columns::{checked, count, flag, moment, nullable, number, of, parsed, text},
    },
};

const fn team_number(name: &'static str) -> Column {
    number(name, i32::MIN as i64..=i32::MAX as i64)
}

pub(crate) fn tables() -> ServiceTables {
    let tables = vec![
        Table::new(
            "jetbrains_account",
            "organization_id",
            vec![
                of("organization_id", "organization"),
                flag("api_enabled"),
                number("assign_success_status", 200..=299),
                flag("flags_required"),
            ],
        ),
        Table::new(
            "team",
            "organization_id, id",
            vec![of("organization_id", "organization"), team_number("id"), text("name")],
        ),
        Table::new(
            "role_grant",
            "organization_id, person_id, COALESCE(team_id, 0), role",
            vec![
                of("organization_id", "organization"),
                of("person_id", "person"),
                nullable(team_number("team_id")),
                checked("role", parsed::<Role>),
            ],
        ),
        Table::new(
            "jetbrains_token",
            "credential_id",
            vec![
                of("credential_id", "credential"),
                of("organization_id", "organization"),
                of("person_id", "person"),
                nullable(team_number("team_id")),
            ],
        ),
        Table::new(
            "license",
            "organization_id, position",
            vec![
                of("organization_id", "organization"),
                text("id"),
                count("position"),
                checked("product_code", check_code),
                team_number("team_id"),
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
        ),
    ];
    ServiceTables { tables, person_columns: vec![flag("jetbrains_account")], exclusions: vec![], check: None }
}
