//! How `links` write a place in a list.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::services::atlassian::domain::listing::{Cursor, Order, SortKey, SortValue};

/// How a cursor is written: a letter for its kind, the sort values, the id. Neither filters nor sort nor page size.
#[derive(Serialize, Deserialize)]
struct Written(char, Vec<serde_json::Value>, String);

/// A cursor, as `links` hold it.
pub(crate) fn encode(cursor: &Cursor) -> String {
    let values = |key: &SortKey| {
        let value = |value: &SortValue| match value {
            SortValue::Text(text) => text.as_str().into(),
            SortValue::Time(micros) => (*micros).into(),
        };
        key.values.iter().map(value).collect()
    };
    let written = match cursor {
        Cursor::Start => Written('s', Vec::new(), String::new()),
        Cursor::After(key) => Written('a', values(key), key.id.clone()),
        Cursor::Before(key) => Written('b', values(key), key.id.clone()),
        Cursor::From(key) => Written('f', values(key), key.id.clone()),
        Cursor::UpTo(key) => Written('u', values(key), key.id.clone()),
    };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&written).unwrap_or_default())
}

pub(super) fn decode(text: &str, sort: &[Order]) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let Written(kind, values, id) = serde_json::from_slice(&bytes).ok()?;
    if kind == 's' {
        return Some(Cursor::Start);
    }
    if values.len() != sort.len() || id.contains('\0') {
        return None;
    }
    let value = |(value, order): (serde_json::Value, &Order)| match value {
        serde_json::Value::String(text) if !order.field.is_time() && !text.contains('\0') => {
            Some(SortValue::Text(text))
        }
        serde_json::Value::Number(number) if order.field.is_time() => number.as_i64().map(SortValue::Time),
        _ => None,
    };
    let values = values.into_iter().zip(sort).map(value).collect::<Option<Vec<_>>>()?;
    let key = SortKey { values, id };
    match kind {
        'a' => Some(Cursor::After(key)),
        'b' => Some(Cursor::Before(key)),
        'f' => Some(Cursor::From(key)),
        'u' => Some(Cursor::UpTo(key)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::atlassian::domain::listing::SortField;

    #[test]
    fn cursors_survive_and_others_are_refused() {
        let sort = [
            Order { field: SortField::Label, descending: false },
            Order { field: SortField::CreatedAt, descending: true },
        ];
        let key = SortKey { values: vec![SortValue::Text("ä\"".into()), SortValue::Time(-1)], id: "x".into() };
        for cursor in [
            Cursor::Start,
            Cursor::After(key.clone()),
            Cursor::Before(key.clone()),
            Cursor::From(key.clone()),
            Cursor::UpTo(key),
        ] {
            let text = encode(&cursor);
            assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
            assert_eq!(decode(&text, &sort), Some(cursor.clone()));
            if cursor != Cursor::Start {
                assert_eq!(decode(&text, &sort[..1]), None);
                assert_eq!(decode(&text, &[sort[1], sort[0]]), None);
            }
        }
        for wrong in ["", "x", "bnVsbA", "W10", "!"] {
            assert_eq!(decode(wrong, &sort), None, "{wrong}");
        }
    }
}
