//! What a handler of this service may do: one type per scope (atlassian-api-access §1, §8).

use crate::{
    http::caller::{Scope, Writes},
    services::atlassian::{Atlassian, Need},
    store::Changes,
};

macro_rules! scopes {
    ($($(#[$doc:meta])* $name:ident = $scope:literal $(+ Writes($changes:ident))?;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;

            impl Scope<Atlassian> for $name {
                const NEED: Need = Need::Scope($scope);
                const NEEDS: &'static str = $scope;
            }

            $(impl Writes for $name {
                const CHANGES: Changes = Changes::$changes;
            })?
        )*
    };
}

scopes! {
    /// Lists and counts users' API tokens.
    ReadTokens = "read:tokens:admin";
    /// Revokes users' API tokens.
    DeleteTokens = "delete:tokens:admin" + Writes(Data);
    /// Lists and counts API keys.
    ReadKeys = "read:keys:admin";
    /// Revokes API keys.
    DeleteKeys = "delete:keys:admin" + Writes(Rules);
    /// Lists and counts tokens and OAuth clients of service accounts.
    ReadServiceAccountTokens = "read:service-accounts-tokens:admin";
    /// Revokes tokens and OAuth clients of service accounts.
    DeleteServiceAccountTokens = "delete:service-accounts-tokens:admin" + Writes(Data);
    /// Lists service accounts.
    ReadServiceAccounts = "read:service-accounts:admin";
    /// Creates, changes and deletes service accounts.
    WriteServiceAccounts = "write:service-accounts:admin" + Writes(Data);
}

/// Lists and revokes one person's API tokens.
pub(crate) struct Unscoped;

impl Scope<Atlassian> for Unscoped {
    const NEED: Need = Need::Unscoped;
    const NEEDS: &'static str = "a key without scopes";
}

impl Writes for Unscoped {
    const CHANGES: Changes = Changes::Data;
}

/// Does what no API key may do, but an administrator's session.
pub(crate) struct Session;

impl Scope<Atlassian> for Session {
    const NEED: Need = Need::Session;
    const NEEDS: &'static str = "an administrator's session";
}

impl Writes for Session {}
