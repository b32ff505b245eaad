//! The credentials that a seed spells out or that were made for it, and how to use them.

use std::collections::HashSet;

use crate::core::{text::quote_for_shell, token::PlainToken};

/// A credential of a planned organization, and how to use it.
#[derive(Debug, Clone)]
pub struct SeededCredential {
    pub service: &'static str,
    /// What it is, by the name that its service gives it.
    pub kind: &'static str,
    /// What people call it.
    pub label: String,
    pub who: String,
    pub organization: String,
    pub customer_code: i64,
    pub token: PlainToken,
    /// What the names of variables begin with that hold such a credential.
    pub variable: &'static str,
    /// Headers or parameters, as they are written in a request.
    pub headers: Vec<String>,
    /// Something to ask for, as a path on the server.
    pub path: String,
}

impl SeededCredential {
    /// Writes a line for a shell that asks for something with it. `base` is where the server is.
    pub fn write_curl(&self, base: &str) -> String {
        let (parameters, headers): (Vec<&String>, Vec<_>) = self.headers.iter().partition(|text| text.starts_with('?'));
        let headers = headers.into_iter().fold(String::new(), |all, header| all + " -H " + &quote_for_shell(header));
        let parameters: String = parameters.into_iter().map(String::as_str).collect();
        format!("curl -s{headers} {}", quote_for_shell(&format!("{base}{}{parameters}", self.path)))
    }
}

/// The name of the variable of each credential: its label in capitals behind what its kind begins with. Of those that
/// would have one name, or one of `other` variables, all but the first get a number, in the order of the seed.
pub fn name_variables<'a>(credentials: &[SeededCredential], other: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut taken: HashSet<String> = other.into_iter().map(str::to_owned).collect();
    let mut name = |one: &SeededCredential| {
        let name = format!("{}_{}", one.variable, capitals(&one.label));
        let name = name.trim_end_matches('_');
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let free = std::iter::once(name.to_owned()).chain(numbered).find(|name| !taken.contains(name));
        let free = free.unwrap_or_default();
        taken.insert(free.clone());
        free
    };
    credentials.iter().map(&mut name).collect()
}

/// Capital letters and digits, with `_` between words.
pub(crate) fn capitals(label: &str) -> String {
    let words = label.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_credential_has_a_variable_of_its_own() {
        let of = |labels: &[&str]| {
            let make = |label: &&str| SeededCredential {
                service: "s",
                kind: "k",
                label: (*label).to_owned(),
                who: String::new(),
                organization: String::new(),
                customer_code: 1,
                token: PlainToken::new("t"),
                variable: "KEY",
                headers: Vec::new(),
                path: String::new(),
            };
            name_variables(&labels.iter().map(make).collect::<Vec<_>>(), ["KEY", "KEY_URL"])
        };
        assert_eq!(
            of(&["reader", "last year's", "ann@example.test (team 1)"]),
            ["KEY_READER", "KEY_LAST_YEAR_S", "KEY_ANN_EXAMPLE_TEST_TEAM_1"]
        );
        assert_eq!(of(&["full", "Full", "full 2", "-full-"]), ["KEY_FULL", "KEY_FULL_2", "KEY_FULL_2_2", "KEY_FULL_3"]);
        assert_eq!(of(&["url", "日本", "ä"]), ["KEY_URL_2", "KEY_2", "KEY_3"]);
    }
}
