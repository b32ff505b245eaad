//! Why a credential that somebody has is not good for a request. The texts are for our journal: clients are told the
//! same of every bad credential (license-vault §2.1).

use crate::services::license_vault::domain::vault::TokenKind;

#[derive(Debug, thiserror::Error)]
pub(crate) enum RefusedCredential {
    /// Each kind of token is sent in one way only.
    #[error(
        "the {} token of the vault `{vault}` is sent as {}, not as {sent_as}",
        .kind.name(),
        .kind.describe_place()
    )]
    Misplaced {
        kind: TokenKind,
        vault: String,
        /// How it was sent.
        sent_as: &'static str,
    },
    #[error("the {} token of the vault `{vault}` is no reporting token", .kind.name())]
    NoReportingToken { kind: TokenKind, vault: String },
    #[error("the {} token is of the vault `{vault}`, and the address names the vault `{asked}`", .kind.name())]
    OfAnotherVault { kind: TokenKind, vault: String, asked: String },
    /// By the name that it has in the journal.
    #[error("the credential `{0}` has expired")]
    Expired(String),
}
