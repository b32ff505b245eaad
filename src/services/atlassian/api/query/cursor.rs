//! Cursors as texts, which the answers' `links` hold.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::services::atlassian::domain::listing::{Cursor, Order, SortKey, SortValue};

/// A cursor as it is written in JSON: a letter for its kind, the sort values, the record's id. It holds no filters, no
/// sort and no page size, because the vendor's do not (atlassian-api-access §6).
#[derive(Serialize, Deserialize)]
struct EncodedCursor(char, Vec<serde_json::Value>, String);

pub(crate) fn encode(cursor: &Cursor) -> String {
    let encode_values = |key: &SortKey| {
        let encode_value = |value: &SortValue| match value {
            SortValue::Text(text) => text.as_str().into(),
            SortValue::Time(micros) => (*micros).into(),
        };
        key.values.iter().map(encode_value).collect()
    };
    let encoded = match cursor {
        Cursor::Start => EncodedCursor('s', Vec::new(), String::new()),
        Cursor::After(key) => EncodedCursor('a', encode_values(key), key.id.clone()),
        Cursor::Before(key) => EncodedCursor('b', encode_values(key), key.id.clone()),
        Cursor::From(key) => EncodedCursor('f', encode_values(key), key.id.clone()),
        Cursor::UpTo(key) => EncodedCursor('u', encode_values(key), key.id.clone()),
    };
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&encoded).unwrap_or_default())
}

/// `None` for a text that is no cursor of a list with this sort.
pub(super) fn decode(text: &str, sort: &[Order]) -> Option<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let EncodedCursor(kind, values, id) = serde_json::from_slice(&bytes).ok()?;
    if kind == 's' {
        return Some(Cursor::Start);
    }
    if values.len() != sort.len() || id.contains('\0') {
        return None;
    }
    let decode_value = |(value, order): (serde_json::Value, &Order)| match value {
        serde_json::Value::String(text) if !order.field.is_time() && !text.contains('\0') => {
            Some(SortValue::Text(text))
        }
        serde_json::Value::Number(number) if order.field.is_time() => number.as_i64().map(SortValue::Time),
        _ => None,
    };
    let values = values.into_iter().zip(sort).map(decode_value).collect::<Option<Vec<_>>>()?;
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
    fn cursors_are_read_as_they_were_written_and_other_texts_are_refused() {
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
