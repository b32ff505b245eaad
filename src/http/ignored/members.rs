//! JSON that says which of its members nothing read. It is what the crate `serde_ignored` does, which neither knows the
//! names that a type has, nor leaves memory alone where every member is read.

use std::{borrow::Cow, cell::RefCell, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor,
        value::{BorrowedStrDeserializer, CowStrDeserializer},
    },
};

use super::{Findings, Names, describe_unknown, escape_in_pointer, note, note_refusal};
use crate::domain::journal::Ignored;

/// Reads a body, and notes which members nothing reads: also of one that is refused for what its members are, because
/// a misspelled one may be why.
///
/// # Errors
/// As `serde_json::from_slice`.
pub(in crate::http) fn read_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    let found = RefCell::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let at = At { place: &Place::Body, found: &found };
    let value = T::deserialize(Watched { inner: &mut json, at }).and_then(|value| json.end().map(|()| value));
    match &value {
        Err(error) if !error.is_data() => note_refusal(),
        Ok(_) | Err(_) => note(|reading| reading.members = found.take()),
    }
    value
}

/// Where a value stands.
enum Place<'a> {
    Body,
    Member {
        of: &'a Place<'a>,
        name: &'a str,
        /// Those that are read there.
        known: Names,
    },
    Element {
        of: &'a Place<'a>,
        index: usize,
    },
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => f.write_str("body"),
            Self::Member { of, name, .. } => write!(f, "{of}/{}", escape_in_pointer(name)),
            Self::Element { of, index } => write!(f, "{of}/{index}"),
        }
    }
}

#[derive(Clone, Copy)]
struct At<'a> {
    place: &'a Place<'a>,
    found: &'a RefCell<Findings>,
}

impl At<'_> {
    fn note_ignored(self) {
        self.found.borrow_mut().add("body", || match self.place {
            Place::Member { of, name, known } => describe_unknown(&of.to_string(), name, known.iter().copied()),
            Place::Body | Place::Element { .. } => {
                Ignored { at: self.place.to_string(), did_you_mean: None, reason: None }
            }
        });
    }
}

/// What reads a value, or makes one, and where that stands.
struct Watched<'a, T> {
    inner: T,
    at: At<'a>,
}

/// Forwards what has nothing below it that could be ignored, and what is read whole.
macro_rules! forward {
    ($($method:ident($($name:ident: $type:ty),*))*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            self.inner.$method($($name,)* visitor)
        }
    )*};
}

/// Forwards what may have something below it, of these names if any are known.
macro_rules! watch {
    ($($method:ident($($name:ident: $type:ty),*) of $known:expr;)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, D::Error> {
            let visitor = WatchedVisitor { inner: visitor, at: self.at, known: $known };
            self.inner.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Watched<'_, D> {
    type Error = D::Error;

    forward! {
        deserialize_any() deserialize_bool() deserialize_i8() deserialize_i16() deserialize_i32() deserialize_i64()
        deserialize_i128() deserialize_u8() deserialize_u16() deserialize_u32() deserialize_u64() deserialize_u128()
        deserialize_f32() deserialize_f64() deserialize_char() deserialize_str() deserialize_string()
        deserialize_bytes() deserialize_byte_buf() deserialize_unit() deserialize_identifier()
        deserialize_unit_struct(name: &'static str)
        deserialize_enum(name: &'static str, variants: &'static [&'static str])
    }

    watch! {
        deserialize_option() of &[];
        deserialize_seq() of &[];
        deserialize_map() of &[];
        deserialize_newtype_struct(name: &'static str) of &[];
        deserialize_tuple(len: usize) of &[];
        deserialize_tuple_struct(name: &'static str, len: usize) of &[];
        deserialize_struct(name: &'static str, fields: Names) of fields;
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.at.note_ignored();
        self.inner.deserialize_ignored_any(visitor)
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Watched<'_, S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Watched { inner: deserializer, at: self.at })
    }
}

struct WatchedVisitor<'a, V> {
    inner: V,
    at: At<'a>,
    known: Names,
}

// Scalars are read without it.
impl<'de, V: Visitor<'de>> Visitor<'de> for WatchedVisitor<'_, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Watched { inner, at: self.at })
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Watched { inner, at: self.at })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_seq(Elements { inner, at: self.at, index: 0 })
    }

    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_map(Members { inner, at: self.at, known: self.known, name: None })
    }
}

struct Elements<'a, A> {
    inner: A,
    at: At<'a>,
    index: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<'_, A> {
    type Error = A::Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, A::Error> {
        let place = Place::Element { of: self.at.place, index: self.index };
        self.index += 1;
        self.inner.next_element_seed(Watched { inner: seed, at: At { place: &place, found: self.at.found } })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// A member's name: a part of the body where it is written without escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

struct Members<'a, 'de, A> {
    inner: A,
    at: At<'a>,
    known: Names,
    /// That of the value which comes next.
    name: Option<Name<'de>>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'_, 'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        self.name = self.inner.next_key()?;
        let Some(Name(name)) = &self.name else { return Ok(None) };
        let key = match name {
            Cow::Borrowed(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            Cow::Owned(name) => seed.deserialize(CowStrDeserializer::new(name.into())),
        };
        key.map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        let name = self.name.take();
        let name = name.as_ref().map_or("", |Name(name)| name);
        let place = Place::Member { of: self.at.place, name, known: self.known };
        self.inner.next_value_seed(Watched { inner: seed, at: At { place: &place, found: self.at.found } })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::http::{extract::object, ignored::watch};

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Outer {
        invoice_id: Option<String>,
        #[serde(default, deserialize_with = "read_objects")]
        contact: Option<Inner>,
        #[serde(default)]
        all: Vec<Inner>,
        anything: Option<Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Inner {
        first_name: String,
    }

    fn read_objects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Inner>, D::Error> {
        object(deserializer).map(Some)
    }

    async fn find<T: DeserializeOwned>(body: &str) -> Vec<String> {
        let ((), reading) = watch(async { drop(read_json::<T>(body.as_bytes())) }).await;
        reading.members.0.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn members_that_no_type_has_are_ignored_at_every_level() {
        for (body, expected) in [
            (r#"{"invoiceId":"A","contact":{"firstName":"Eve"},"anything":{"x":[{"y":1}]}}"#, vec![]),
            (r#"{"invioceId":null}"#, vec!["body/invioceId was not read: did you mean invoiceId?"]),
            (r#"{"\u0069nvioceId":{"a":{}}}"#, vec!["body/invioceId was not read: did you mean invoiceId?"]),
            (
                r#"{"contact":{"fistName":"Eve","firstName":"Eve"},"all":[{"firstName":"A"},{"firstName":"B","x":1}]}"#,
                vec!["body/contact/fistName was not read: did you mean firstName?", "body/all/1/x was not read"],
            ),
            // What it lacks is told, because it is there under another name.
            (r#"{"contact":{"fistName":"Eve"}}"#, vec!["body/contact/fistName was not read: did you mean firstName?"]),
            // No JSON.
            (r#"{"invioceId":1}x"#, vec![]),
            (r#"{"invioceId":1"#, vec![]),
            ("[]", vec![]),
        ] {
            assert_eq!(find::<Outer>(body).await, expected, "{body}");
        }
        assert_eq!(find::<Vec<Inner>>(r#"[{"firstName":"A","name":1}]"#).await, ["body/0/name was not read"]);
    }

    #[test]
    fn what_is_read_is_what_serde_json_reads() {
        for body in [
            r#"{"invoiceId":"A","contact":{"firstName":"Eve"},"all":[],"anything":null}"#,
            r#"{"invoiceId":null,"x":{"y":[1,2,{}]}}"#,
            r#"{"invoiceId":1}"#,
            r#"{"invoiceId":"A","invoiceId":"B"}"#,
            r#"{"contact":["Eve"]}"#,
            r#"{"all":{}}"#,
            r#"{"all":[{}]}"#,
            r#"{"anything":1,}"#,
            "",
            "null",
            "\"text\"",
            "{} {}",
        ] {
            let ours = read_json::<Outer>(body.as_bytes()).map_err(|error| error.to_string());
            let theirs = serde_json::from_slice::<Outer>(body.as_bytes()).map_err(|error| error.to_string());
            assert_eq!(ours, theirs, "{body}");
        }
    }
}
