//! JSON whose objects have each member once, because of one that is there twice nobody can tell which is meant, and
//! readers differ in which they take.

use std::{borrow::Cow, collections::HashSet, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

/// A member that is there twice.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Twice {
    /// The names and numbers that lead to it, from the outside in.
    pub(crate) place: Vec<String>,
    /// The message, which ends with the line and the column.
    pub(crate) detail: String,
}

/// Words the refusal of a member that an object has twice.
pub(crate) fn say_twice(name: &str) -> String {
    format!("`{name}` is there twice, and which one is meant cannot be told")
}

/// Finds the first member that is there twice. What is no JSON is somebody else's to refuse.
pub(crate) fn find_twice(json: &[u8]) -> Option<Twice> {
    let mut place = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(json);
    let error = Looked { place: &mut place }.deserialize(&mut reader).err().filter(serde_json::Error::is_data)?;
    // It was noted on the way out.
    place.reverse();
    Some(Twice { place, detail: error.to_string() })
}

/// A value that is looked through, and nothing of it kept.
struct Looked<'a> {
    /// Filled in from the inside out, once something is found.
    place: &'a mut Vec<String>,
}

#[derive(Deserialize, PartialEq, Eq, Hash)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for Looked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Looked<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            match items.next_element_seed(Looked { place: self.place }) {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(error) => {
                    self.place.push(index.to_string());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = members.next_key::<Name<'de>>()? {
            if names.contains(&name) {
                self.place.push(name.0.clone().into_owned());
                return Err(A::Error::custom(say_twice(&name.0)));
            }
            if let Err(error) = members.next_value_seed(Looked { place: self.place }) {
                self.place.push(name.0.into_owned());
                return Err(error);
            }
            names.insert(name);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_found_wherever_it_is() {
        for (json, place) in [
            (r#"{"a":1,"b":2,"a":3}"#, &["a"][..]),
            (r#"[1,{"x":{"a":null,"a":true}},{"a":1,"a":2}]"#, &["1", "x", "a"]),
            (r#"{"a":{"b":1.5},"c":{"b":1,"b\u0062":2,"\u0062":3}}"#, &["c", "b"]),
            (r#"{"a":-1,"a":x"#, &["a"]),
        ] {
            let found = find_twice(json.as_bytes()).unwrap();
            assert_eq!(found.place, place, "{json}");
            let said = say_twice(place.last().unwrap());
            assert!(found.detail.starts_with(&format!("{said} at line 1 column ")), "{}", found.detail);
        }
        for json in [r#"{"a":{"a":1},"A":2,"":"a"}"#, "[]", r#"{"a":1,"#, "", "1", r#"{"a":x,"a":1}"#] {
            assert_eq!(find_twice(json.as_bytes()), None, "{json}");
        }
    }
}
