//! The Atlassian section of a seed, as it stands in the file.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::seed::file::Scalar;

/// What an organization has in Atlassian's administration.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct Atlassian {
    /// The Bearer credentials.
    #[serde(default)]
    pub api_keys: Vec<SeedKey>,
    /// API tokens of users.
    #[serde(default)]
    #[schemars(with = "Vec<SeedToken>")]
    pub api_tokens: Vec<Spanned<SeedToken>>,
    /// Accounts of programs.
    #[serde(default)]
    pub service_accounts: Vec<SeedAccount>,
    /// How many requests a key may make, per operation. Left out, no request is refused.
    pub rate_limit: Option<SeedRateLimit>,
    /// Choices where the vendor's documents and observations disagree, or say nothing.
    pub quirks: Option<SeedQuirks>,
}

/// An API key of the organization.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedKey {
    /// Its id.
    #[schemars(with = "Option<String>")]
    pub id: Option<Scalar>,
    /// What it is called.
    #[schemars(with = "String")]
    pub label: Scalar,
    /// The key itself: visible ASCII without spaces.
    #[schemars(with = "Option<String>")]
    pub token: Option<Scalar>,
    /// What it may do; left out, everything.
    #[schemars(with = "Option<Vec<String>>")]
    pub scopes: Option<Vec<Scalar>>,
    /// Default now.
    #[schemars(with = "Option<String>")]
    pub created_at: Option<Scalar>,
    /// Default a year from now.
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Scalar>,
    /// Left out, it was never used, which is shown as when it was made.
    #[schemars(with = "Option<String>")]
    pub last_active_at: Option<Scalar>,
    /// An e-mail address of `people`. Default the first by address.
    #[schemars(with = "Option<String>")]
    pub created_by: Option<Scalar>,
}

/// An API token of a user, or `count` with made-up labels and dates.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedToken {
    /// Its id. Not together with `count`.
    #[schemars(with = "Option<String>")]
    pub id: Option<Scalar>,
    /// An e-mail address of `people`. Left out beside `count`, the tokens go round.
    #[schemars(with = "Option<String>")]
    pub user: Option<Scalar>,
    /// What it is called; beside `count`, what the labels begin with.
    #[schemars(with = "Option<String>")]
    pub label: Option<Scalar>,
    /// How many tokens like this.
    #[schemars(with = "Option<u32>")]
    pub count: Option<Scalar>,
    /// `allowed` (default) or `blocked`.
    #[schemars(with = "Option<String>", extend("enum" = ["allowed", "blocked"]))]
    pub status: Option<Scalar>,
    /// Default none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub scopes: Vec<Scalar>,
    /// Default now; beside `count`, somewhere in the year before.
    #[schemars(with = "Option<String>")]
    pub created_at: Option<Scalar>,
    /// Left out, it never ends; beside `count`, a year after it was made.
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Scalar>,
    /// Left out, it was never used; beside `count`, nine of ten were.
    #[schemars(with = "Option<String>")]
    pub last_active_at: Option<Scalar>,
}

/// An account of a program.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedAccount {
    /// Its id.
    #[schemars(with = "Option<String>")]
    pub id: Option<Scalar>,
    /// Its name.
    #[schemars(with = "String")]
    pub name: Scalar,
    /// Its address. Default made of the name.
    #[schemars(with = "Option<String>")]
    pub email: Option<Scalar>,
    /// What it is for.
    #[schemars(with = "Option<String>")]
    pub description: Option<Scalar>,
    /// Its API tokens.
    #[serde(default)]
    pub tokens: Vec<SeedAccountToken>,
    /// Its OAuth clients.
    #[serde(default)]
    pub oauth_clients: Vec<SeedClient>,
}

/// An API token of a service account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedAccountToken {
    /// Its id.
    #[schemars(with = "Option<String>")]
    pub id: Option<Scalar>,
    /// What it is called.
    #[schemars(with = "String")]
    pub label: Scalar,
    /// At least one. Default `read:jira-work`.
    #[schemars(with = "Option<Vec<String>>")]
    pub scopes: Option<Vec<Scalar>>,
    /// `allowed` or `expired`. Default by `expires_at`.
    #[schemars(with = "Option<String>", extend("enum" = ["allowed", "expired"]))]
    pub status: Option<Scalar>,
    /// Default now.
    #[schemars(with = "Option<String>")]
    pub created_at: Option<Scalar>,
    /// Left out, it never ends.
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Scalar>,
    /// Left out, it was never used.
    #[schemars(with = "Option<String>")]
    pub last_active_at: Option<Scalar>,
}

/// An OAuth client of a service account.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedClient {
    /// Its id.
    #[schemars(with = "Option<String>")]
    pub id: Option<Scalar>,
    /// Its name.
    #[schemars(with = "String")]
    pub name: Scalar,
    /// `active`, `revoked` or `expired`. Default by `expires_at`.
    #[schemars(with = "Option<String>", extend("enum" = ["active", "revoked", "expired"]))]
    pub status: Option<Scalar>,
    /// Default none.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub scopes: Vec<Scalar>,
    /// Default now.
    #[schemars(with = "Option<String>")]
    pub created_at: Option<Scalar>,
    /// Left out, it never ends.
    #[schemars(with = "Option<String>")]
    pub expires_at: Option<Scalar>,
}

/// How many requests a key may make, per operation.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedRateLimit {
    /// Requests in one window. Default 200.
    #[schemars(with = "Option<u32>")]
    pub limit: Option<Scalar>,
    /// The window's length. Default `60s`.
    #[schemars(with = "Option<String>")]
    pub window: Option<Scalar>,
    /// `enforce`, `observe` or `off`. Default the server's setting.
    #[schemars(with = "Option<String>", extend("enum" = ["enforce", "observe", "off"]))]
    pub mode: Option<Scalar>,
}

/// Choices where the vendor's documents and observations disagree, or say nothing.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedQuirks {
    /// A list without `pageSize` answers 500. Default false.
    #[schemars(with = "Option<bool>")]
    pub missing_page_size_is_500: Option<Scalar>,
    /// A query value that cannot be read answers 500, not 400. Default false.
    #[schemars(with = "Option<bool>")]
    pub bad_query_is_500: Option<Scalar>,
    /// What revoking all API tokens answers when there are none: 404 (default) or 204.
    #[schemars(with = "Option<u16>", extend("enum" = [204, 404]))]
    pub empty_bulk_revoke_status: Option<Scalar>,
    /// The preview operations on service accounts are there. Default true.
    #[schemars(with = "Option<bool>")]
    pub service_accounts: Option<Scalar>,
    /// The most service accounts that can be created. Default any number.
    #[schemars(with = "Option<u32>")]
    pub service_account_quota: Option<Scalar>,
}
