//! Whether another page follows, which depends on how much a side has and says nothing of its form.

use serde_json::Value;

use super::answer::{Answer, Body};

/// The member, or the relation of a `Link`, that leads on.
const NEXT: &str = "next";

/// How many items a page has: the body, or its members, that are arrays.
pub(super) fn count_items(answer: &Answer) -> usize {
    match &answer.body {
        Body::Json(Value::Array(items)) => items.len(),
        Body::Json(Value::Object(members)) => members.values().filter_map(Value::as_array).map(Vec::len).sum(),
        _ => 0,
    }
}

/// Whether a place in a body is a member that leads on.
pub(super) fn is_next_member(at: &str) -> bool {
    at.rsplit('.').next() == Some(NEXT)
}

/// Whether of two descriptions of a `Link` one only leads on too.
pub(super) fn is_only_next(longer: &str, shorter: &str) -> bool {
    let read = |text: &str| -> Option<(String, Vec<String>)> {
        let (kind, relations) = text.split_once(" as ")?;
        Some((kind.to_owned(), relations.split(", ").map(str::to_owned).collect()))
    };
    match (read(longer), read(shorter)) {
        (Some((kind, mut relations)), Some(shorter)) => {
            let all = relations.len();
            relations.retain(|relation| relation != NEXT);
            relations.len() < all && (kind, relations) == shorter
        }
        _ => false,
    }
}
