//! JSON whose objects have each member once: of one that is there twice, nobody can tell which is meant.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Map, Value, value::RawValue};

use crate::core::each_once::{find_twice, say_twice};

/// The members of an object.
///
/// # Errors
/// It is none, or it, or one in it, has a member twice.
pub(super) fn read_object(text: &str) -> Result<Map<String, Value>, String> {
    // Where it stands is said by whoever knows where the object does.
    let cut = |message: &str| message.rsplit_once(" at line ").map_or(message, |(what, _)| what).to_owned();
    if let Some(twice) = find_twice(text.as_bytes()) {
        return Err(cut(&twice.detail));
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err("expected an object".to_owned()),
        Err(error) => Err(cut(&error.to_string())),
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
