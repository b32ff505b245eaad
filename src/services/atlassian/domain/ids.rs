//! Ids and tokens in Atlassian's shapes.

use crate::core::{ids::Ids, token::PlainToken};

/// What Atlassian's administration gives out.
pub(crate) trait AtlassianIds {
    /// An organization API key: the public prefix and tail, random between (atlassian-api-access §2).
    fn atlassian_key(&mut self) -> PlainToken;
    /// The value of an administrator's session cookie. Its shape is our own.
    fn atlassian_session(&mut self) -> PlainToken;
    /// An account id (atlassian-api-access §7.1).
    fn atlassian_account_id(&mut self) -> String;
}

impl AtlassianIds for Ids {
    fn atlassian_key(&mut self) -> PlainToken {
        let tail: String = hex::encode(&self.bytes()[..4]).to_uppercase();
        PlainToken::new(format!("ATCTT3xFfGN0{}={tail}", self.lower(40)))
    }

    fn atlassian_session(&mut self) -> PlainToken {
        PlainToken::new(self.lower(40))
    }

    fn atlassian_account_id(&mut self) -> String {
        format!("712020:{}", self.uuid())
    }
}
