//! What a person entered, as a body of the control API.

use serde_json::{Map, Value, json};

use crate::web::links::encode_segment;

/// Puts a text into a body, as a field's name says: members from the outside in, with full stops between, and behind a
/// colon what it is (`then.status:number`). What is empty is left out.
///
/// # Errors
/// A sentence that says why it cannot be put there.
pub(super) fn set(body: &mut Value, name: &str, text: &str) -> Result<(), String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(());
    }
    let (path, kind) = name.split_once(':').unwrap_or((name, "text"));
    let value = match kind {
        // What is no number is sent as it is, so that the route says what it expects.
        "number" => text.parse::<i64>().map_or_else(|_| text.into(), Value::from),
        "time" => complete_time(text).into(),
        "steps" => read_steps(text),
        _ => text.into(),
    };
    let mut at = body;
    let (outer, last) = path.rsplit_once('.').map_or((None, path), |(outer, last)| (Some(outer), last));
    for member in outer.into_iter().flat_map(|outer| outer.split('.')) {
        at = object(at)?.entry(member).or_insert_with(|| Value::Object(Map::new()));
    }
    match object(at)?.insert(last.to_owned(), value) {
        Some(before) if kind == "steps" => Err(format!("`{last}` is said twice: {before}, and one after the other")),
        _ => Ok(()),
    }
}

fn object(value: &mut Value) -> Result<&mut Map<String, Value>, String> {
    if value.is_null() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().ok_or_else(|| "the body is no JSON object".to_owned())
}

/// A time as the browser's field has it, without seconds or a zone, which is UTC.
fn complete_time(text: &str) -> String {
    match text.len() {
        10 => format!("{text}T00:00:00Z"),
        16 => format!("{text}:00Z"),
        19 => format!("{text}Z"),
        _ => text.to_owned(),
    }
}

/// `503, pass, 2s, empty`: what becomes of one request after the other.
fn read_steps(text: &str) -> Value {
    let words = text.split([',', ' ']).filter(|word| !word.is_empty());
    words.map(read_step).collect()
}

fn read_step(word: &str) -> Value {
    let is_delay = word.starts_with(|c: char| c.is_ascii_digit());
    match word {
        "pass" => json!({}),
        "connection_reset" | "empty" | "truncated" => json!({ "fault": word }),
        _ => match word.parse::<u16>() {
            Ok(status) => json!({ "status": status }),
            Err(_) if is_delay => json!({ "delay": word }),
            Err(_) => json!({ "code": word }),
        },
    }
}

/// Puts what a person entered into a path, where its name stands in braces.
pub(super) fn complete_path(path: &mut String, fields: &[(String, String)]) {
    for (name, value) in fields {
        if let Some(place) = name.strip_prefix("set.").filter(|place| place.starts_with('{')) {
            *path = path.replace(place, &encode_segment(value.trim()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_members() {
        let mut body = Value::Null;
        for (name, text) in [
            ("match.operation", "getToken"),
            ("match.credential", " "),
            ("then.status:number", "503"),
            ("times:number", "many"),
            ("now:time", "2026-02-01T09:00"),
        ] {
            set(&mut body, name, text).unwrap();
        }
        let expected = json!({ "match": { "operation": "getToken" }, "then": { "status": 503 }, "times": "many",
            "now": "2026-02-01T09:00:00Z" });
        assert_eq!(body, expected);
        assert!(set(&mut body, "then:steps", "503, pass").unwrap_err().contains("said twice"));
    }

    #[test]
    fn steps_are_words() {
        let mut body = Value::Null;
        set(&mut body, "then:steps", "503, pass 2s,empty API_DISABLED").unwrap();
        let then = json!([{ "status": 503 }, {}, { "delay": "2s" }, { "fault": "empty" }, { "code": "API_DISABLED" }]);
        assert_eq!(body, json!({ "then": then }));
    }
}
