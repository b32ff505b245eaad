//! Keys of records. A record with a key that another has would take its place without a word, so it is refused.

use std::{collections::HashMap, fmt::Display, hash::Hash};

use serde_saphyr::Location;

use super::{Diagnostic, read::Reader};

/// Keys that are in use, and where a seed says each first.
#[derive(Debug)]
pub struct Keys<K>(HashMap<K, Option<Diagnostic>>);

impl<K> Default for Keys<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Keys<K> {
    pub fn contains(&self, key: &K) -> bool {
        self.0.contains_key(key)
    }

    /// Notes that a key is in use that we made ourselves, so that there is no place in a seed to point to. `false` when
    /// it was in use before.
    pub fn insert_made(&mut self, key: K) -> bool {
        if self.contains(&key) {
            return false;
        }
        self.0.insert(key, None);
        true
    }

    /// Notes that a key is in use that a seed names at `at`. `false` when it was in use before: that is reported at
    /// `at`, by `message` and the place where the key was named first, if a seed named it.
    pub fn insert(&mut self, reader: &Reader<'_>, key: K, at: Location, message: impl Display) -> bool {
        let place = reader.place(at);
        let Some(other) = self.0.get(&key) else {
            self.0.insert(key, Some(place));
            return true;
        };
        match other {
            Some(other) => reader.report(at, format!("{message}, {}", describe_other(other, &place.file))),
            None => reader.report(at, message),
        }
        false
    }
}

/// Says where another record is, for a diagnostic of this file.
pub fn describe_other(other: &Diagnostic, file: &str) -> String {
    let Diagnostic { file: other_file, line, column, .. } = other;
    if other_file == file {
        format!("in line {line}, column {column}")
    } else {
        format!("in {other_file}:{line}:{column}")
    }
}
