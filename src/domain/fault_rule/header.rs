//! Headers that a tester gives an answer.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{SeqAccess, Visitor},
};
use utoipa::ToSchema;

/// By name.
pub type Headers = BTreeMap<String, HeaderValues>;

/// A header's value, or all of them where the header stands more than once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum HeaderValues {
    One(String),
    Many(Vec<String>),
}

impl HeaderValues {
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Many(values) => values,
        }
        .iter()
        .map(String::as_str)
    }
}

// Derived for an untagged enum, the error would not say what is expected.
impl<'de> Deserialize<'de> for HeaderValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> Visitor<'de> for OneOrMany {
            type Value = HeaderValues;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or a list of texts")
            }

            fn visit_str<E>(self, text: &str) -> Result<HeaderValues, E> {
                Ok(HeaderValues::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<HeaderValues, A::Error> {
                let mut all = Vec::new();
                while let Some(value) = values.next_element()? {
                    all.push(value);
                }
                Ok(HeaderValues::Many(all))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}

/// What makes of bytes a message and says how the connection goes on: the server's, or the client could not find the
/// end of the answer.
const FRAMING: [&str; 8] =
    ["connection", "content-length", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// By this an answer is found in the journal.
const REQUEST_ID: &str = "x-request-id";

/// Checks that an answer can have a header.
///
/// # Errors
/// Why it cannot.
pub fn check_header(name: &str, values: &HeaderValues) -> Result<(), String> {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(is_token) {
        return Err(format!("`{name}` is no name of a header: expected letters, digits and `-`"));
    }
    let small = name.to_ascii_lowercase();
    if FRAMING.contains(&small.as_str()) {
        return Err(format!(
            "`{name}` says where the answer ends or how the connection goes on, which Locum does itself: to break \
             either, use `fault`"
        ));
    }
    if small == REQUEST_ID {
        return Err(format!("`{name}` is the answer's id in the journal, and stays that"));
    }
    if values.iter().next().is_none() {
        return Err(format!("`{name}` has no value: expected a text, or a list with at least one"));
    }
    let is_carried = |value: &str| {
        !value.chars().any(|c| c.is_control() && c != '\t') && value.trim_matches([' ', '\t']).len() == value.len()
    };
    if values.iter().all(is_carried) {
        return Ok(());
    }
    Err(format!("HTTP cannot carry this value of `{name}`: no control characters, and no blanks around it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_http_can_carry() {
        let one = |value: &str| HeaderValues::One(value.to_owned());
        for (name, value) in [
            ("Retry-After", "7"),
            ("x-empty", ""),
            ("Set-Cookie", "a=b; Path=/"),
            ("X", "a\tb"),
            ("X-Name", "Jürgen"),
            ("Content-Type", "text/plain"),
        ] {
            assert_eq!(check_header(name, &one(value)), Ok(()), "{name}: {value}");
        }
        for (name, value) in [
            ("", "x"),
            ("a b", "x"),
            ("a:", "x"),
            ("é", "x"),
            ("X", "a\r\nb"),
            ("X", "a\0"),
            ("X", " a"),
            ("X", "a\u{7f}"),
            ("Content-Length", "1"),
            ("TRANSFER-ENCODING", "chunked"),
            ("connection", "close"),
            ("X-Request-Id", "1"),
        ] {
            assert!(check_header(name, &one(value)).is_err(), "{name}: {value}");
        }
        assert!(check_header("X", &HeaderValues::Many(Vec::new())).is_err());
        let many = ["a".to_owned(), "b".to_owned()].to_vec();
        assert_eq!(check_header("X", &HeaderValues::Many(many)), Ok(()));
    }

    #[test]
    fn values_are_a_text_or_a_list() {
        let read = |json: &str| serde_json::from_str::<HeaderValues>(json).map_err(|error| error.to_string());
        assert_eq!(read(r#""a""#), Ok(HeaderValues::One("a".to_owned())));
        assert_eq!(read(r#"["a"]"#), Ok(HeaderValues::Many(vec!["a".to_owned()])));
        for wrong in ["1", "{}", "null", "[1]"] {
            assert!(read(wrong).is_err_and(|error| error.contains("expected a ")), "{wrong}");
        }
    }
}
