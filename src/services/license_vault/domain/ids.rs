//! Tokens in License Vault's shapes.

use crate::core::{ids::Ids, token::PlainToken};

/// Makes the tokens that a License Vault gives out.
pub(crate) trait VaultIds {
    /// A vault's token: three parts with dots between, as a JWT has (license-vault §2.1). It is not signed, because
    /// Locum looks tokens up instead of verifying them.
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
