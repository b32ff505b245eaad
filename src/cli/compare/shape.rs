//! The shape of JSON: what is where and of which form, over all items of a list, and no value. What is in a shape may be
//! shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    mem::{Discriminant, discriminant},
};

use serde_json::{Map, Value};

use super::{
    form::Form,
    names::{HIDDEN, Names},
};

/// What stands at one place, in all the values that were seen there.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// How many values there were.
    pub(super) seen: usize,
    pub(super) forms: BTreeSet<Form>,
    pub(super) objects: Objects,
    pub(super) arrays: Arrays,
}

#[derive(Debug, Default)]
pub(super) struct Objects {
    pub(super) seen: usize,
    pub(super) members: BTreeMap<String, Shape>,
}

#[derive(Debug, Default)]
pub(super) struct Arrays {
    pub(super) seen: usize,
    /// All items of all of them.
    pub(super) items: Option<Box<Shape>>,
}

impl Shape {
    pub(super) fn of(value: &Value, names: &Names) -> Self {
        let mut shape = Self::default();
        shape.add(value, names);
        shape
    }

    /// One more value that stands at this place.
    pub(super) fn add(&mut self, value: &Value, names: &Names) {
        self.seen += 1;
        self.forms.extend(Form::of(value));
        match value {
            Value::Object(members) => {
                self.objects.seen += 1;
                let is_keyed = is_keyed_by_data(members, names);
                for (name, member) in members {
                    let is_hidden = is_keyed && !names.is_known(name);
                    let name = if is_hidden { HIDDEN.into() } else { names.show(name) };
                    self.objects.members.entry(name.into_owned()).or_default().add(member, names);
                }
            }
            Value::Array(items) => {
                self.arrays.seen += 1;
                for item in items {
                    self.arrays.items.get_or_insert_default().add(item, names);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// The items of lists are also those that another answer has in the same list: items of one kind are alike, and
    /// what stands around them may be another on each page.
    pub(super) fn learn_items(&mut self, other: &Self) {
        for (name, member) in &mut self.objects.members {
            if let Some(other) = other.objects.members.get(name) {
                member.learn_items(other);
            }
        }
        if let (true, Some(items)) = (self.arrays.seen > 0, &other.arrays.items) {
            self.arrays.items.get_or_insert_default().absorb(items);
        }
    }

    fn absorb(&mut self, other: &Self) {
        self.seen += other.seen;
        self.forms.extend(&other.forms);
        self.objects.seen += other.objects.seen;
        for (name, member) in &other.objects.members {
            self.objects.members.entry(name.clone()).or_default().absorb(member);
        }
        self.arrays.seen += other.arrays.seen;
        if let Some(items) = &other.arrays.items {
            self.arrays.items.get_or_insert_default().absorb(items);
        }
    }

    /// In words, for a cell of a table.
    pub(super) fn describe(&self) -> String {
        let mut parts: Vec<String> = self.forms.iter().map(ToString::to_string).collect();
        if self.objects.seen > 0 {
            let names: Vec<&str> = self.objects.members.keys().map(String::as_str).collect();
            parts.push(if names.is_empty() {
                "empty object".to_owned()
            } else {
                format!("object of {}", names.join(", "))
            });
        }
        if self.arrays.seen > 0 {
            parts.push(match &self.arrays.items {
                None => "empty array".to_owned(),
                Some(items) => format!("array of {}", items.describe()),
            });
        }
        parts.join(" or ")
    }
}

/// Whether an object has a member for each of somebody's things: most of its names are unknown, and all of these hold
/// the same type of value.
fn is_keyed_by_data(members: &Map<String, Value>, names: &Names) -> bool {
    let unknown: Vec<Discriminant<Value>> =
        members.iter().filter(|(name, _)| !names.is_known(name)).map(|(_, member)| discriminant(member)).collect();
    let is_most = unknown.len() * 2 > members.len();
    is_most && unknown.windows(2).all(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_learn_items_and_nothing_around_them() {
        let names = Names::of_document(r#"{"properties":{"a":{},"b":{}}}"#);
        let mut shape = Shape::of(&json!({"data": [{"a": 1}], "links": {}}), &names);
        shape.learn_items(&Shape::of(&json!({"data": [{"b": "x"}], "links": {"next": "y"}, "total": 1}), &names));
        assert_eq!(shape.objects.members["links"].describe(), "empty object");
        let items = shape.objects.members["data"].arrays.items.as_ref().unwrap();
        assert_eq!((items.describe().as_str(), items.seen), ("object of a, b", 2));
        assert!(!shape.objects.members.contains_key("total"));
        // An empty list learns of its items, and what is none does not become one.
        let mut shape = Shape::of(&json!([[], 1]), &names);
        shape.learn_items(&Shape::of(&json!([["x"]]), &names));
        assert_eq!(shape.describe(), "array of integer or array of text");
        let mut shape = Shape::of(&json!({"data": null}), &names);
        shape.learn_items(&Shape::of(&json!({"data": [1]}), &names));
        assert_eq!(shape.objects.members["data"].describe(), "null");
    }

    #[test]
    fn objects_that_are_keyed_by_data_are_told_from_those_with_one_more_member() {
        let names = Names::of_document(r#"{"properties":{"label":{},"scopes":{}}}"#);
        for (value, shape) in [
            (json!({"ann": 1, "bob": 2}), "object of <key>"),
            (json!({"ann": 1}), "object of <key>"),
            (json!({"total": 2, "ann": {}, "bob": {}}), "object of <key>, total"),
            (json!({"label": "x", "scopes": [], "expiry": "y"}), "object of expiry, label, scopes"),
            (json!({"enforced": true, "level": "x"}), "object of enforced, level"),
            (json!([[], [1, null], ["x"]]), "array of array of null or integer or text"),
            (json!([]), "empty array"),
            (json!({}), "empty object"),
        ] {
            assert_eq!(Shape::of(&value, &names).describe(), shape);
        }
    }
}
