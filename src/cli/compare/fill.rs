//! Requests from their templates.

use std::collections::HashMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::services::comparison::{Comparison, Question};

/// The characters that are percent-encoded in a segment of a path and in a value of a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands for each placeholder, on one of both sides: where several do, those of a list.
pub(super) struct Values(HashMap<&'static str, Vec<String>>);

/// A request that is ready to be sent.
pub(super) struct Filled {
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Values {
    pub(super) fn new(values: impl IntoIterator<Item = (&'static str, String)>) -> Self {
        Self(values.into_iter().map(|(name, value)| (name, vec![value])).collect())
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        self.0.values().flatten().map(String::as_str)
    }

    /// Keeps what later questions need of an answer.
    pub(super) fn take(&mut self, question: &Question, body: &Value) {
        for (name, pointer) in question.takes {
            let found = find_all(body, pointer);
            if !found.is_empty() {
                self.0.insert(name, found);
            }
        }
    }

    /// The request, by the first value of each placeholder; `None` where one has none.
    pub(super) fn fill(&self, comparison: &Comparison, question: &Question) -> Option<Filled> {
        self.fill_with(comparison, question, 0)
    }

    /// The same for each value that a placeholder of the path has, but not for more than so many.
    pub(super) fn fill_all(&self, comparison: &Comparison, question: &Question, most: usize) -> Vec<Filled> {
        let is_in_path = |name: &str| question.path.contains(&format!("{{{name}}}"));
        let lengths = self.0.iter().filter(|(name, _)| is_in_path(name)).map(|(_, values)| values.len());
        let count = lengths.max().unwrap_or(1).min(most);
        (0..count).filter_map(|index| self.fill_with(comparison, question, index)).collect()
    }

    fn fill_with(&self, comparison: &Comparison, question: &Question, index: usize) -> Option<Filled> {
        let path = self.replace(question.path, index, |value| utf8_percent_encode(value, ENCODED).to_string())?;
        let headers = question.headers.unwrap_or(comparison.headers).iter();
        let headers = headers.map(|(name, value)| Some((*name, self.replace(value, index, ToOwned::to_owned)?)));
        Some(Filled { path, headers: headers.collect::<Option<_>>()? })
    }

    fn replace(&self, template: &str, index: usize, write: impl Fn(&str) -> String) -> Option<String> {
        let mut parts = template.split('{');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}')?;
            let values = self.0.get(name)?;
            text += &write(values.get(index).or(values.last())?);
            text += rest;
        }
        Some(text)
    }
}

/// The values at a place. Where that leads through the first item of a list, those of all its items, each once.
fn find_all(body: &Value, pointer: &str) -> Vec<String> {
    let values: Vec<&Value> = match pointer.split_once("/0/") {
        Some((list, rest)) => {
            let items = body.pointer(list).and_then(Value::as_array).into_iter().flatten();
            items.filter_map(|item| item.pointer(&format!("/{rest}"))).collect()
        }
        None => body.pointer(pointer).into_iter().collect(),
    };
    let mut found = Vec::new();
    for value in values {
        let text = match value {
            Value::String(text) if !text.is_empty() => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        // As segments of a path, dots lead to a request that is not on the list.
        if text != "." && text != ".." && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// Whether a question is asked with the user's credential.
pub(super) fn has_credential(comparison: &Comparison, question: &Question) -> bool {
    let headers = question.headers.unwrap_or(comparison.headers).iter().map(|(_, value)| *value);
    headers.chain([question.path]).any(|template| template.contains("{token}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_stand_for_what_earlier_answers_had() {
        const COMPARISON: Comparison = Comparison {
            name: "x",
            title: "X",
            schemes: &[],
            parameters: &[],
            headers: &[("x", "a {token}")],
            questions: &[],
            more_data: None,
        };
        const LIST: Question = Question::new("list", "/list").takes(&[("id", "/data/0/id"), ("next", "/next")]);
        const ONE: Question = Question::new("one", "/{id}?after={next}");
        let mut values = Values::new([("token", "t/1".to_owned())]);
        assert!(values.fill(&COMPARISON, &ONE).is_none() && values.fill_all(&COMPARISON, &ONE, 5).is_empty());
        values.take(&LIST, &json!({"data": []}));
        assert!(values.fill(&COMPARISON, &ONE).is_none());
        values.take(&LIST, &json!({"data": [{}, {"id": "a/b c"}, {"id": 7}, {"id": 7}, {"id": null}], "next": "n=&"}));
        let first = values.fill(&COMPARISON, &ONE).unwrap();
        assert_eq!((first.path.as_str(), first.headers), ("/a%2Fb%20c?after=n%3D%26", vec![("x", "a t/1".to_owned())]));
        let paths =
            |most| values.fill_all(&COMPARISON, &ONE, most).into_iter().map(|filled| filled.path).collect::<Vec<_>>();
        assert_eq!(paths(5), ["/a%2Fb%20c?after=n%3D%26", "/7?after=n%3D%26"]);
        assert_eq!(paths(1).len(), 1);
        assert_eq!(values.fill_all(&COMPARISON, &LIST, 5).len(), 1);
    }
}
