//! Which value of a seed stands where in its text.

use std::{collections::HashMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::Diagnostic;

/// The way to each value: keys, and numbers in lists.
#[derive(Default)]
pub struct Places(HashMap<(u64, u64), Place>);

/// What stands in a place.
struct Place {
    path: Vec<String>,
    is_key: bool,
}

impl Places {
    /// Looks through a text. Where it is none of YAML, nothing has a place.
    pub fn of(text: &str) -> Self {
        let options = serde_saphyr::options! {
            with_snippet: false,
            duplicate_keys: DuplicateKeyPolicy::PassThrough,
        };
        let mut places = Self::default();
        if let Ok(tree) = serde_saphyr::from_str_with_options::<Spanned<Tree>>(text, options) {
            places.note(&mut Vec::new(), &tree);
        }
        places
    }

    /// The way to what stands in this line and column. A list or an object that begins there with one of its own is
    /// that one.
    pub fn path(&self, line: u64, column: u64) -> Option<&[String]> {
        self.0.get(&(line, column)).map(|place| place.path.as_slice())
    }

    /// The way to what is wrong.
    pub fn path_to(&self, wrong: &Diagnostic) -> &[String] {
        let Some(Place { path, is_key }) = self.0.get(&(wrong.line, wrong.column)) else { return &[] };
        match path.split_last() {
            Some((_, object)) if wrong.is_of_object && *is_key => object,
            _ => path,
        }
    }

    fn note(&mut self, path: &mut Vec<String>, tree: &Spanned<Tree>) {
        self.note_place(tree.referenced, path, false);
        let mut note_below = |name: String, key: Option<Location>, value: &Spanned<Tree>| {
            path.push(name);
            if let Some(key) = key {
                self.note_place(key, path, true);
            }
            self.note(path, value);
            path.pop();
        };
        match &tree.value {
            Tree::Scalar => {}
            Tree::List(values) => {
                for (at, value) in values.iter().enumerate() {
                    note_below(at.to_string(), None, value);
                }
            }
            Tree::Map(entries) => {
                for (key, value) in entries {
                    note_below(key.value.clone(), Some(key.referenced), value);
                }
            }
        }
    }

    fn note_place(&mut self, at: Location, path: &[String], is_key: bool) {
        self.0.insert((at.line(), at.column()), Place { path: path.to_vec(), is_key });
    }
}

/// Any document.
enum Tree {
    Scalar,
    List(Vec<Spanned<Tree>>),
    Map(Vec<(Spanned<String>, Spanned<Tree>)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneTree)
    }
}

struct OneTree;

/// Scalars of all kinds.
macro_rules! visit_scalars {
    ($($name:ident($type:ty);)*) => {$(
        fn $name<E>(self, _: $type) -> Result<Tree, E> {
            Ok(Tree::Scalar)
        }
    )*};
}

impl<'de> Visitor<'de> for OneTree {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    visit_scalars! {
        visit_bool(bool); visit_i64(i64); visit_i128(i128); visit_u64(u64); visit_u128(u128); visit_f64(f64);
        visit_str(&str); visit_bytes(&[u8]);
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Scalar)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        Tree::deserialize(deserializer)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Tree::Scalar)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = access.next_element()? {
            values.push(value);
        }
        Ok(Tree::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Tree::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str, line: u64, column: u64) -> Option<String> {
        Places::of(text).path(line, column).map(|path| path.join("/"))
    }

    #[test]
    fn values_and_keys_have_places() {
        let yaml = "version: 1\norganizations:\n  - name: A\n    section:\n      entries:  [{ label: x, token: y }]\n";
        assert_eq!(path(yaml, 1, 10).as_deref(), Some("version"));
        assert_eq!(path(yaml, 3, 11).as_deref(), Some("organizations/0/name"));
        assert_eq!(path(yaml, 5, 37).as_deref(), Some("organizations/0/section/entries/0/token"));
        assert_eq!(path(yaml, 5, 1), None);
        let json = r#"{"a":[1,{"b":null,"b":true}],"c":"\u00e4"}"#;
        for (column, expected) in
            [(1, ""), (2, "a"), (6, "a"), (7, "a/0"), (9, "a/1"), (10, "a/1/b"), (14, "a/1/b"), (34, "c")]
        {
            assert_eq!(path(json, 1, column).as_deref(), Some(expected), "{column}");
        }
        assert_eq!(path("[", 1, 1), None);
    }
}
