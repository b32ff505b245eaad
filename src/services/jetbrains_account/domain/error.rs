//! Why a request to JetBrains Account is refused.

use crate::{
    core::error::Error,
    services::jetbrains_account::domain::{
        contact::ContactError,
        license::{RecentlyAssigned, Unavailable},
    },
};

/// The refusals that only this vendor knows, and what every service shares. The texts are for our journal: what the
/// client is told is decided where the answer is written.
#[derive(Debug, thiserror::Error)]
pub enum JetBrainsError {
    /// The request does not say of which organization it is.
    #[error("there is no customer code in X-Customer-Code")]
    TenantMissing,
    /// It names another organization than the token's.
    #[error("`{sent}` is not the token's customer code: it is the token of {whose}, with the customer code {expected}")]
    TenantWrong {
        /// The code, as it was sent.
        sent: String,
        /// Person, profile and organization.
        whose: String,
        expected: i64,
    },
    /// The organization has its API switched off.
    #[error("the API is switched off for this organization")]
    ServiceDisabled,
    /// The token was made for another team.
    #[error("the token belongs to team {token_team}")]
    ForeignTeam {
        /// The team the token was made for.
        token_team: i32,
    },
    /// The token was made for a team, and this needs one of the organization.
    #[error("the token belongs to a team")]
    TeamToken,
    /// The owner of the token may only read.
    #[error("no permission to edit")]
    EditForbidden {
        customer_code: i64,
        /// The team that holds the licence, when one is in question.
        team: Option<i32>,
    },
    /// A field that must be there is not; says which.
    #[error("{0}")]
    FieldMissing(&'static str),
    #[error(transparent)]
    Contact(#[from] ContactError),
    #[error("no licence {0}")]
    LicenseUnknown(String),
    #[error("no team {0}")]
    TeamUnknown(i32),
    #[error("no product {0}")]
    ProductUnknown(String),
    #[error("team {team} has no free licence of {product}")]
    NoLicenseAvailable {
        team: i32,
        /// The product's code.
        product: String,
    },
    #[error("the licence is not available: {0:?}")]
    LicenseUnavailable(Unavailable),
    #[error(transparent)]
    RecentlyAssigned(#[from] RecentlyAssigned),
    /// The vendor has it, Locum does not; says what and why.
    #[error("{0}")]
    NotEmulated(&'static str),
    #[error(transparent)]
    Shared(#[from] Error),
}
