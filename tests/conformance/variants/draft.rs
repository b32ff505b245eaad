//! A request that is being made.

use std::collections::BTreeMap;

/// A request, without what a credential adds.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    pub method: String,
    /// With parameters in braces.
    pub path: String,
    /// Parameters of the path, as they are sent.
    pub in_path: BTreeMap<String, String>,
    pub query: Vec<(String, String)>,
    /// A query that is sent as it is, behind the other.
    pub raw_query: String,
    pub headers: Vec<(String, String)>,
    pub body: Option<String>,
}

impl Draft {
    /// The path and the query.
    pub fn target(&self) -> String {
        let path = self
            .in_path
            .iter()
            .fold(self.path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        let query = self.query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value)));
        let raw = Some(self.raw_query.clone()).filter(|raw| !raw.is_empty());
        let query: Vec<String> = query.chain(raw).collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    /// The same with another value of a query parameter, or with the parameter if it was not there.
    pub fn with_query(&self, name: &str, value: &str) -> Self {
        let mut draft = self.clone();
        match draft.query.iter_mut().find(|(known, _)| known == name) {
            Some(pair) => value.clone_into(&mut pair.1),
            None => draft.query.push((name.to_owned(), value.to_owned())),
        }
        draft
    }

    pub fn with_path(&self, name: &str, encoded: String) -> Self {
        let mut draft = self.clone();
        draft.in_path.insert(name.to_owned(), encoded);
        draft
    }

    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut draft = self.clone();
        draft.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
        draft.headers.push((name.to_owned(), value.to_owned()));
        draft
    }

    pub fn with_body(&self, body: impl Into<String>) -> Self {
        Self { body: Some(body.into()), ..self.clone() }
    }
}

/// Percent-encodes everything that is no letter, digit, `.`, `_` or `-`.
pub fn encode(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Percent-encodes everything that is no letter, as a careful client may, and the first letter too.
pub fn encode_all(text: &str) -> String {
    let is_plain = |(at, byte): (usize, u8)| at > 0 && byte.is_ascii_alphabetic();
    text.bytes()
        .enumerate()
        .map(|(at, byte)| if is_plain((at, byte)) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
