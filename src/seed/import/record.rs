//! A record of a list, whose members are taken out one by one: what is left has no place in a seed.

use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use super::notes::{Notes, Place};
use crate::core::clock::{self, Time};

#[derive(Debug)]
pub struct Record {
    members: Map<String, Value>,
    /// Before the names of members, like `user.`.
    prefix: String,
    pub place: Place,
    /// Where in the text it is.
    pub offset: usize,
}

impl Record {
    pub fn new(members: Map<String, Value>, place: Place, offset: usize) -> Self {
        Self { members, prefix: String::new(), place, offset }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        self.members.remove(name).filter(|value| !value.is_null())
    }

    /// Whether it has a member that is not null.
    pub fn has(&self, name: &str) -> bool {
        self.members.get(name).is_some_and(|value| !value.is_null())
    }

    /// A fingerprint of all that it says: a member that is null says what one that is missing does.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(Value::Object(without_nulls(&self.members)).to_string()).into()
    }

    fn refuse(&self, notes: &mut Notes, name: &str, message: &str) {
        notes.refuse(self.place, format!("`{}{name}` {message}", self.prefix));
    }

    /// A text, or a number as text; `None` where it is missing or null.
    pub fn opt_text(&mut self, name: &str, notes: &mut Notes) -> Option<String> {
        match self.take(name)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => {
                self.refuse(notes, name, "is not a text");
                None
            }
        }
    }

    /// A text that has to be there.
    pub fn text(&mut self, name: &str, notes: &mut Notes) -> Option<String> {
        if !self.has(name) {
            self.refuse(notes, name, "is missing");
        }
        self.opt_text(name, notes)
    }

    pub fn flag(&mut self, name: &str, notes: &mut Notes) -> Option<bool> {
        if let Value::Bool(flag) = self.take(name)? {
            Some(flag)
        } else {
            self.refuse(notes, name, "is neither true nor false");
            None
        }
    }

    /// A whole number within bounds.
    pub fn whole(&mut self, name: &str, bounds: RangeInclusive<i64>, notes: &mut Notes) -> Option<i64> {
        let value = self.take(name)?;
        let found = value.as_i64().filter(|number| bounds.contains(number));
        if found.is_none() {
            let said = match &value {
                Value::Number(number) => number.to_string(),
                // It may be anything, and long.
                Value::String(_) => "a text".to_owned(),
                Value::Bool(flag) => flag.to_string(),
                Value::Array(_) => "a list".to_owned(),
                Value::Object(_) => "an object".to_owned(),
                Value::Null => "null".to_owned(),
            };
            let (from, to) = bounds.into_inner();
            self.refuse(notes, name, &format!("is {said}, and no whole number from {from} to {to}"));
        }
        found
    }

    pub fn date(&mut self, name: &str, notes: &mut Notes) -> Option<Time> {
        let text = self.opt_text(name, notes)?;
        let read = clock::parse(&text);
        read.map_err(|message| self.refuse(notes, name, &format!("cannot be read: {message}"))).ok()
    }

    pub fn texts(&mut self, name: &str, notes: &mut Notes) -> Vec<String> {
        let read = self.take(name).map(serde_json::from_value::<Vec<String>>);
        match read {
            Some(Ok(texts)) => texts,
            Some(Err(_)) => {
                self.refuse(notes, name, "is not a list of texts");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    /// An object in it.
    pub fn object(&mut self, name: &str, notes: &mut Notes) -> Option<Record> {
        if let Value::Object(members) = self.take(name)? {
            let prefix = format!("{}{name}.", self.prefix);
            Some(Record { members, prefix, place: self.place, offset: self.offset })
        } else {
            self.refuse(notes, name, "is not an object");
            None
        }
    }

    /// An object that has to be there.
    pub fn needed_object(&mut self, name: &str, notes: &mut Notes) -> Option<Record> {
        if !self.has(name) {
            self.refuse(notes, name, "is missing");
        }
        self.object(name, notes)
    }

    /// Leaves out what follows from the rest, or says nothing.
    pub fn skip(&mut self, names: &[&str]) {
        for name in names {
            self.members.remove(*name);
        }
    }

    /// Leaves out a member that always says the same; warns where it does not.
    pub fn expect(&mut self, name: &str, usual: &str, notes: &mut Notes) {
        if let Some(other) = self.opt_text(name, notes).filter(|text| text != usual) {
            notes.warn(self.place, format!("`{}{name}: {other}` has no place in a seed", self.prefix));
        }
    }

    /// Warns of what is left.
    pub fn end(self, notes: &mut Notes) {
        for (name, value) in self.members {
            let is_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            if !is_nothing {
                notes.warn(self.place, format!("`{}{name}` has no place in a seed", self.prefix));
            }
        }
    }
}

fn without_nulls(members: &Map<String, Value>) -> Map<String, Value> {
    let told = members.iter().filter(|(_, value)| !value.is_null());
    told.map(|(name, value)| {
        let value = value.as_object().map_or_else(|| value.clone(), |inner| Value::Object(without_nulls(inner)));
        (name.clone(), value)
    })
    .collect()
}
