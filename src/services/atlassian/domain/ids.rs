//! Ids and tokens in Atlassian's shapes.

use crate::core::{ids::Ids, token::PlainToken};

/// Makes what Atlassian's administration gives out.
pub(crate) trait AtlassianIds {
    /// An API key of an organization, random between the vendor's prefix and tail (atlassian-api-access §2).
    fn atlassian_key(&mut self) -> PlainToken;
    /// The value of an administrator's session cookie. Its shape is ours, because the vendor's is not known.
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
