//! Which names a report may show. A name that the real service has and Locum has not is what a report is for; but where
//! members are keyed by what people entered, a name is data.

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use super::words::{USUAL_HEADERS, USUAL_MEMBERS, USUAL_SHORT_WORDS, USUAL_WORDS};
use crate::core::text::split_words;

/// What stands in the place of a name that is not shown.
pub(super) const HIDDEN: &str = "<key>";

const LONGEST: usize = 40;
const MOST_WORDS: usize = 6;
/// Shorter words are in every text, if only by chance.
const SHORTEST_TOLD: usize = 3;
/// On the average: words of random letters are shorter.
const SHORTEST_WORD: usize = 2;

/// Names that are known, and words that are private.
#[derive(Default)]
pub(super) struct Names {
    known: HashSet<String>,
    /// The words that known names are made of, in lower case: what an interface is about.
    usual_words: HashSet<String>,
    /// The words of all values of the upstream, in lower case, and each value as one word.
    private: HashSet<String>,
    /// Words of where the upstream is, which are hidden though interfaces have them: a tenant may be called by one.
    of_tenant: HashSet<String>,
}

impl Names {
    /// What a service's document names is known.
    pub(super) fn of_document(document: &str) -> Self {
        let mut names = Self::default();
        USUAL_MEMBERS.iter().chain(&USUAL_HEADERS).for_each(|name| names.know(name));
        names.usual_words.extend(USUAL_WORDS.into_iter().chain(USUAL_SHORT_WORDS).map(str::to_owned));
        if let Ok(document) = serde_json::from_str::<Value>(document) {
            names.learn_properties(&document);
        }
        names
    }

    fn learn_properties(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    if let (true, Value::Object(properties)) = (name == "properties", member) {
                        properties.keys().for_each(|name| self.know(name));
                    }
                    if let (true, Value::Object(paths)) = (name == "paths", member) {
                        paths.keys().flat_map(|path| path.split('/')).for_each(|segment| self.know(segment));
                    }
                    self.learn_properties(member);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.learn_properties(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What Locum itself answers is known.
    pub(super) fn know(&mut self, name: &str) {
        // A path begins with an empty segment, which is no name.
        if !name.is_empty() && self.known.insert(name.to_owned()) {
            self.usual_words.extend(split_words(name));
        }
    }

    /// The names of all members of what Locum answers.
    pub(super) fn know_members(&mut self, value: &Value) {
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.know(name);
                    self.know_members(member);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.know_members(item)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// What stands in a value must not be shown as a name.
    pub(super) fn hide(&mut self, text: &str) {
        self.private.insert(join(text));
        self.private.extend(text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase));
    }

    /// A part of the upstream's address, which may be a tenant's name.
    pub(super) fn hide_address(&mut self, part: &str) {
        self.of_tenant.insert(join(part));
    }

    /// Hides all values of a body. What an OpenAPI document explains to people is not anybody's, and has every
    /// word.
    pub(super) fn hide_values(&mut self, body: &Value) {
        self.hide_values_but(body, if body.get("paths").is_some() { &["description", "summary"] } else { &[] });
    }

    fn hide_values_but(&mut self, value: &Value, explained_in: &[&str]) {
        match value {
            Value::String(text) => self.hide(text),
            Value::Array(items) => items.iter().for_each(|item| self.hide_values_but(item, explained_in)),
            Value::Object(members) => {
                let values = members.iter().filter(|(name, _)| !explained_in.contains(&name.as_str()));
                values.for_each(|(_, member)| self.hide_values_but(member, explained_in));
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    pub(super) fn is_known(&self, name: &str) -> bool {
        self.known.contains(name)
    }

    /// The name, or what stands for it: one that is not known has to be made of words, as people who design an
    /// interface make them, and no value may have these words, but for those that known names have.
    pub(super) fn show<'a>(&self, name: &'a str) -> Cow<'a, str> {
        if self.is_known(name) || (is_made_of_words(name) && self.has_usual_words(name) && !self.is_private(name)) {
            Cow::Borrowed(name)
        } else {
            Cow::Borrowed(HIDDEN)
        }
    }

    /// Whether each of its words is in a known name: of another one, nobody can tell whether it is somebody's name.
    fn has_usual_words(&self, name: &str) -> bool {
        split_words(name).iter().all(|word| self.usual_words.contains(word))
    }

    fn is_private(&self, name: &str) -> bool {
        let is_private = |word: &String| {
            word.len() >= SHORTEST_TOLD && self.private.contains(word) && !self.usual_words.contains(word)
        };
        let words = split_words(name);
        self.private.contains(&join(name))
            || self.of_tenant.contains(&join(name))
            || words.iter().any(|word| is_private(word) || self.of_tenant.contains(word))
    }
}

/// A text as one word.
fn join(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_made_of_words(name: &str) -> bool {
    // As links and types are marked by some.
    let plain = name.strip_prefix(['_', '@', '$']).unwrap_or(name);
    let is_plain = plain.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-');
    let words = split_words(plain);
    let letters: usize = words.iter().map(String::len).sum();
    is_plain
        && plain.len() <= LONGEST
        && plain.starts_with(|c: char| c.is_ascii_alphabetic())
        && words.len() <= MOST_WORDS
        && letters >= SHORTEST_WORD * words.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_an_interface_are_shown_and_keys_are_not() {
        let mut names = Names::of_document(r#"{"properties":{"x1":{}}}"#);
        names.hide("Ann Lee");
        names.hide("ann.lee@example.test");
        for name in ["x1", "legacyKey", "revoked_by", "_links", "@type", "x-atl-name", "errors", "etag"] {
            assert_eq!(names.show(name), name);
        }
        let long = "a".repeat(LONGEST + 1);
        for key in [
            "x2",
            "ann",
            "Ann",
            "annLee",
            "lee_ann",
            "example",
            "annlee",
            "ann@example.test",
            "712020:ann",
            "8f2b0c1e-0000-4000-8000-000000000001",
            "aBcDeFgH",
            "Ann Lee",
            "hubert",
            "acme-rocket",
            "projectFalcon",
            "x-customer-hildegard",
            "größe",
            "",
            "-",
            "_",
            &long,
        ] {
            assert_eq!(names.show(key), HIDDEN, "{key}");
        }
        // It is enough that one of its words is somebody's; but words that the interface itself has are nobody's.
        assert_eq!(names.show("x-ann-number"), HIDDEN);
        names.hide("The request failed");
        assert_eq!(names.show("failedBy"), HIDDEN);
        names.know("request_id");
        assert_eq!(names.show("requestNumber"), "requestNumber");
    }

    #[test]
    fn a_tenant_may_be_called_as_an_interface_is() {
        let mut names = Names::of_document(r#"{"paths":{"/api/trial-tokens/{id}":{}}}"#);
        assert_eq!((names.show("trial"), names.show("primaryTrial")), ("trial".into(), "primaryTrial".into()));
        names.hide_address("trial");
        names.hide_address("primary-site");
        for name in ["trial", "primaryTrial", "primarySite", "Trial"] {
            assert_eq!(names.show(name), HIDDEN, "{name}");
        }
        assert_eq!((names.show("trial-tokens"), names.show("primary")), ("trial-tokens".into(), "primary".into()));
        // Nor do short words show one, and a path begins with no name.
        for name in ["hp", "hq-site", "ab", "x-hp-site", ""] {
            assert_eq!(names.show(name), HIDDEN, "{name}");
        }
    }
}
