//! One file per resource.

use utoipa::IntoParams;

pub(crate) mod api_keys;
pub(crate) mod api_tokens;
pub(crate) mod oauth_clients;
pub(crate) mod service_account_credentials;
pub(crate) mod service_accounts;
pub(crate) mod user_api_tokens;

/// The path parameter that all operations have, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct OrgPath {
    /// The organization
    #[param(example = "8f2b0c1e-0000-4000-8000-000000000001")]
    org_id: String,
}
