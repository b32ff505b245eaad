//! An answer, as it came: only [`super::difference`] looks at it, and takes shapes away.

use axum::http::{HeaderMap, HeaderName};
use serde_json::Value;

/// Headers that say how an answer travelled, not what a service answers.
const OF_THE_WAY: [&str; 12] = [
    "age",
    "alt-svc",
    "connection",
    "content-encoding",
    "content-length",
    "date",
    "keep-alive",
    "nel",
    "report-to",
    "server-timing",
    "transfer-encoding",
    "via",
];

pub(super) struct Answer {
    pub(super) status: u16,
    /// In lower case, each name once, with its first value.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Body,
}

#[derive(PartialEq)]
pub(super) enum Body {
    Empty,
    Json(Value),
    /// Said to be JSON, and is none.
    BrokenJson,
    Html,
    Csv,
    /// Packed, though nobody asked for that.
    Packed,
    Other,
}

impl Answer {
    pub(super) fn new(status: u16, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |name: &str| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let is_packed = text("content-encoding").is_some_and(|encoding| encoding != "identity");
        let body = match text("content-type") {
            _ if body.is_empty() => Body::Empty,
            _ if is_packed => Body::Packed,
            media => Body::read(&media.unwrap_or_default().to_lowercase(), body),
        };
        let names = headers.keys().map(HeaderName::as_str).filter(|name| !OF_THE_WAY.contains(name));
        let headers = names.filter_map(|name| Some((name.to_owned(), text(name)?))).collect();
        Self { status, headers, body }
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> Option<&Value> {
        if let Body::Json(value) = &self.body { Some(value) } else { None }
    }
}

impl Body {
    fn read(media: &str, body: &[u8]) -> Self {
        let start: String = String::from_utf8_lossy(&body[..body.len().min(64)]).trim_start().to_lowercase();
        if start.starts_with("<!doctype html") || start.starts_with("<html") {
            return Self::Html;
        }
        match serde_json::from_slice(body) {
            Ok(value) => Self::Json(value),
            Err(_) if media.contains("json") => Self::BrokenJson,
            Err(_) if media.contains("html") => Self::Html,
            Err(_) if media.contains("csv") => Self::Csv,
            Err(_) => Self::Other,
        }
    }

    /// What it is, for a report.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Json(_) => "JSON",
            Self::BrokenJson => "said to be JSON, and none",
            Self::Html => "HTML",
            Self::Csv => "CSV",
            Self::Packed => "packed, which was not asked for",
            Self::Other => "text",
        }
    }
}
