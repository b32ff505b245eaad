//! Tokens of a vault.

use crate::core::{ids::Ids, token::PlainToken};

/// What a License Vault gives out.
pub(crate) trait VaultIds {
    /// A vault's token: three parts with dots between, like a JWT (license-vault §2.1). Nobody verifies its signature,
    /// because it is recognised like any other token.
    fn vault_token(&mut self) -> PlainToken;
    /// An automation token. Its shape is our own.
    fn automation_token(&mut self) -> PlainToken;
}

impl VaultIds for Ids {
    fn vault_token(&mut self) -> PlainToken {
        const HEADER: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";
        let parts = [HEADER.to_owned(), self.lower(48), self.lower(43)];
        PlainToken::new(parts.join("."))
    }

    fn automation_token(&mut self) -> PlainToken {
        PlainToken::new(self.lower(40))
    }
}
