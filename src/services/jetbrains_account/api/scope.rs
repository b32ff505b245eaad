//! What a handler of this service may do.

use crate::{
    http::caller::{Scope, Writes},
    services::jetbrains_account::{JetBrainsAccount, Need},
    store::Changes,
};

/// Reads a dictionary: any good token, no customer code (jetbrains-account §2).
pub(crate) struct Dictionary;

/// Reads what the token may see.
pub(crate) struct Read;

/// Changes licences. Which of them, and whether at all, depends on the licence: see the order of checks
/// (jetbrains-account §6).
pub(crate) struct Edit;

/// Replaces the own token.
pub(crate) struct OwnToken;

impl Scope<JetBrainsAccount> for Dictionary {
    const NEED: Need = Need { customer_code: false };
    const NEEDS: &'static str = "any token";
}

impl Scope<JetBrainsAccount> for Read {
    const NEED: Need = Need { customer_code: true };
    const NEEDS: &'static str = "any role, and the customer code";
}

impl Scope<JetBrainsAccount> for Edit {
    const NEED: Need = Need { customer_code: true };
    const NEEDS: &'static str = "an admin of the organization, or of the licence's team";
}

impl Scope<JetBrainsAccount> for OwnToken {
    const NEED: Need = Need { customer_code: true };
    const NEEDS: &'static str = "any role, and the customer code";
}

impl Writes for Edit {
    const CHANGES: Changes = Changes::Data;
}

impl Writes for OwnToken {}
