//! A request that Locum makes itself, as somebody whose token it does not have.

use crate::core::token::Fingerprint;

/// Says of a request whose it is. No client can say it, because it is in no part of what is sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StoredCredential(pub(super) Fingerprint);

impl StoredCredential {
    /// Of the credential that is found by this, as the store writes it.
    pub(crate) fn of(fingerprint: &str) -> Option<Self> {
        Fingerprint::from_hex(fingerprint).map(Self)
    }
}
