//! The credentials that a seed spells out or that were made for it, and how to use them.

use crate::core::token::PlainToken;

/// A credential of a planned organization, and how to use it.
#[derive(Debug, Clone)]
pub struct SeededCredential {
    pub service: &'static str,
    pub who: String,
    pub organization: String,
    pub token: PlainToken,
    /// Headers or parameters, as they are written in a request.
    pub headers: Vec<String>,
    /// Something to ask for, as a path on the server.
    pub path: String,
}
