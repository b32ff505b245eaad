//! JSON as the vendor's server reads it: like Jackson with Kotlin data classes (jetbrains-account §7). Scalars are
//! coerced; what cannot be is refused as a whole.

use std::{borrow::Cow, ops::Deref};

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::http::extract::object;

/// A text. Numbers and booleans count as what they look like.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = String)]
pub(crate) struct Text(pub String);

/// A 32-bit number. Null is 0, fractions are cut off, a text that holds a number counts as it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = i32)]
pub(crate) struct Int(pub i32);

/// True or false. Null is false.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(value_type = bool)]
pub(crate) struct Flag(pub bool);

/// An object: serde would take an array of its members too, the vendor does not.
///
/// unverified: a member that is there twice is refused; Jackson's default would be the last one.
#[derive(Debug, Clone, PartialEq, Eq, ToSchema)]
#[schema(value_type = T)]
pub struct Object<T>(pub T);

impl<T> Deref for Object<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A value's own text, and what kind it is.
fn read_raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<&'de str, D::Error> {
    <&RawValue>::deserialize(deserializer).map(RawValue::get)
}

fn read_string<E: Error>(raw: &str) -> Result<Cow<'_, str>, E> {
    serde_json::from_str::<Cow<'_, str>>(raw).map_err(E::custom)
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = read_raw(deserializer)?;
        match raw.as_bytes().first() {
            Some(b'"') => Ok(Self(read_string(raw)?.into_owned())),
            Some(b'{' | b'[') | None => Err(D::Error::custom("expected a text, found an object or an array")),
            _ if raw == "null" => Err(D::Error::custom("expected a text, found null")),
            _ => Ok(Self(raw.to_owned())),
        }
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = read_raw(deserializer)?;
        let number = match raw.as_bytes().first() {
            Some(b'n') => Some(0),
            Some(b'"') => {
                let text = read_string(raw)?;
                // unverified: that an empty text counts as null, as it does for Jackson's primitives.
                if text.trim().is_empty() { Some(0) } else { text.trim().parse().ok() }
            }
            Some(b'-' | b'0'..=b'9') => raw.parse().ok().or_else(|| truncate(raw)),
            _ => None,
        };
        number.map(Self).ok_or_else(|| D::Error::custom(format!("expected a 32-bit number, found {raw}")))
    }
}

#[expect(clippy::cast_possible_truncation, reason = "cutting the fraction off is the rule; the range is checked")]
fn truncate(raw: &str) -> Option<i32> {
    let number: f64 = raw.parse().ok()?;
    (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number).then_some(number as i32)
}

impl<'de> Deserialize<'de> for Flag {
    // unverified: texts and numbers for a boolean, as Jackson takes them.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = read_raw(deserializer)?;
        let flag = match raw.as_bytes().first() {
            Some(b'"') => match read_string(raw)?.trim() {
                "true" | "True" | "TRUE" => Some(true),
                "false" | "False" | "FALSE" | "" => Some(false),
                _ => None,
            },
            Some(b'-' | b'0'..=b'9') => raw.parse::<i64>().ok().map(|number| number != 0),
            _ => match raw {
                "true" => Some(true),
                "false" | "null" => Some(false),
                _ => None,
            },
        };
        flag.map(Self).ok_or_else(|| D::Error::custom(format!("expected true or false, found {raw}")))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        object(deserializer).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn int(json: &str) -> Option<i32> {
        serde_json::from_str::<Int>(json).ok().map(|v| v.0)
    }

    fn text(json: &str) -> Option<String> {
        serde_json::from_str::<Text>(json).ok().map(|v| v.0)
    }

    fn flag(json: &str) -> Option<bool> {
        serde_json::from_str::<Flag>(json).ok().map(|v| v.0)
    }

    /// jetbrains-account §7, row by row.
    #[test]
    fn integers() {
        assert_eq!(int("null"), Some(0));
        assert_eq!(int("2147483647"), Some(i32::MAX));
        assert_eq!(int("-2147483648"), Some(i32::MIN));
        assert_eq!(int("9223372036854775807"), None);
        assert_eq!(int("-9223372036854775808"), None);
        assert_eq!(int("1.7976931348623157e308"), None);
        assert_eq!(int("0.0"), Some(0));
        assert_eq!(int("4.9e-324"), Some(0));
        assert_eq!(int("2001.9"), Some(2001));
        assert_eq!(int("\"2573297\""), Some(2_573_297));
        for wrong in ["\"string_id\"", "true", "false", "{}", "[]", "[1]", "\"1.5\"", "2147483648"] {
            assert_eq!(int(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn texts() {
        assert_eq!(text("\"a\\u00e9\""), Some("aé".into()));
        assert_eq!(text("123"), Some("123".into()));
        assert_eq!(text("1.50"), Some("1.50".into()));
        assert_eq!(text("1e5"), Some("1e5".into()));
        assert_eq!(text("true"), Some("true".into()));
        for wrong in ["null", "{}", "[]", "[\"a\"]", "\"\\ud800\""] {
            assert_eq!(text(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn flags() {
        for (json, expected) in
            [("true", true), ("false", false), ("null", false), ("\"true\"", true), ("1", true), ("0", false)]
        {
            assert_eq!(flag(json), Some(expected), "{json}");
        }
        for wrong in ["{}", "[]", "\"yes\"", "1.5"] {
            assert_eq!(flag(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_array_of_members_is_no_object() {
        #[derive(Deserialize)]
        #[expect(dead_code, reason = "only its shape matters")]
        struct Pair {
            a: Text,
            b: Text,
        }
        assert!(serde_json::from_str::<Object<Pair>>(r#"{"a":1,"b":2,"unknown":{"x":[]}}"#).is_ok());
        assert!(serde_json::from_str::<Object<Pair>>(r#"["1","2"]"#).is_err());
        assert!(serde_json::from_str::<Object<Pair>>("{}").is_err());
    }
}
