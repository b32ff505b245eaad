//! JSON whose objects have each member once: of one that is there twice, nobody can tell which is meant.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value, value::RawValue};

use crate::core::each_once::say_twice;

/// A value in which no object has a member twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut read = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            read.push(item);
        }
        Ok(Value::Array(read))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut read = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if read.contains_key(&name) {
                return Err(A::Error::custom(say_twice(&name)));
            }
            let Strict(value) = members.next_value()?;
            read.insert(name, value);
        }
        Ok(Value::Object(read))
    }
}

/// The members of an object.
///
/// # Errors
/// It is none, or it, or one in it, has a member twice.
pub(super) fn read_object(text: &str) -> Result<Map<String, Value>, String> {
    match serde_json::from_str(text) {
        Ok(Strict(Value::Object(members))) => Ok(members),
        Ok(_) => Err("expected an object".to_owned()),
        // Where it stands is said by whoever knows where the object does.
        Err(error) => {
            let message = error.to_string();
            Err(message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what).to_owned())
        }
    }
}

/// The members of an object as they are written, and what is wrong where one is there twice.
pub(super) struct Members<'a> {
    pub(super) by_name: BTreeMap<String, &'a RawValue>,
    pub(super) problem: Option<String>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members<'de>, A::Error> {
        let mut read = Members { by_name: BTreeMap::new(), problem: None };
        while let Some((name, value)) = members.next_entry::<String, &'de RawValue>()? {
            if read.by_name.contains_key(&name) {
                read.problem.get_or_insert_with(|| say_twice(&name));
            }
            read.by_name.insert(name, value);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_each_member_once() {
        let text = r#"{"a":{"b":1,"c":[{"b":-2}]},"b":1.5,"c":null,"d":"x\ny","e":true,"f":18446744073709551615}"#;
        let read = read_object(text).unwrap();
        assert_eq!(Value::Object(read), serde_json::from_str::<Value>(text).unwrap());
        for text in [r#"{"b":1,"b":1}"#, r#"{"a":{"b":1,"c":2,"b":3}}"#, r#"{"a":[{"b":1,"\u0062":null}]}"#] {
            assert_eq!(read_object(text).unwrap_err(), say_twice("b"), "{text}");
        }
        let members: Members<'_> = serde_json::from_str(r#"{"data":[],"links":{},"data":[1]}"#).unwrap();
        assert_eq!(members.problem, Some(say_twice("data")));
        let members: Members<'_> = serde_json::from_str(r#"{"data":[{"x":1,"x":2}]}"#).unwrap();
        assert!(members.problem.is_none() && members.by_name["data"].get().len() == 15);
    }
}
