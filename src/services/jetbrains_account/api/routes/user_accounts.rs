//! User accounts: the vendor creates and deletes them for organizations with a verified domain, but publishes
//! neither path nor schema (jetbrains-account §5.10).

use crate::{
    http::caller::Caller,
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::{ApiDisabled, ErrorBody, Unauthorized},
            scope,
        },
        domain::error::JetBrainsError,
    },
};

pub(crate) const WHY: &str = "Creating and deleting JetBrains Accounts is not emulated: the vendor publishes no path \
                              and no schema for it. This path is a placeholder.";

/// Not emulated: the vendor publishes no path and no schema
// unverified: the path is a placeholder.
#[utoipa::path(
    post, path = "/customer/accounts", operation_id = "createUserAccount", tag = "User accounts",
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        Unauthorized,
        ApiDisabled,
        (status = 501, description = "Not emulated", body = ErrorBody),
    ),
    extensions(("x-locum-missing" = json!("the vendor publishes no path and no schema; this path is a placeholder"))),
)]
pub(crate) async fn create_user_account(_caller: Caller<JetBrainsAccount, scope::Read>) -> Result<(), JetBrainsError> {
    Err(JetBrainsError::NotEmulated(WHY))
}

/// Not emulated: the vendor publishes no path and no schema
// unverified: the path is a placeholder.
#[utoipa::path(
    delete, path = "/customer/accounts", operation_id = "deleteUserAccount", tag = "User accounts",
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        Unauthorized,
        ApiDisabled,
        (status = 501, description = "Not emulated", body = ErrorBody),
    ),
    extensions(("x-locum-missing" = json!("the vendor publishes no path and no schema; this path is a placeholder"))),
)]
pub(crate) async fn delete_user_account(_caller: Caller<JetBrainsAccount, scope::Read>) -> Result<(), JetBrainsError> {
    Err(JetBrainsError::NotEmulated(WHY))
}
