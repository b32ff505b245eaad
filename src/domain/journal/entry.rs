//! One request and its answer.

use std::{borrow::Cow, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use bytestring::ByteString;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    change::Changed,
    trace::{DecisionTrace, Ignored},
};
use crate::{core::clock::Time, domain::request_matcher::RequestAttributes};

/// What no URL has as it is, and the address of a request may: labels stand in place of tokens, in brackets.
const NOT_IN_A_URL: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// One request and its answer. Holds no secret: who records it has taken them out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// What the answer's `X-Request-Id` says.
    pub id: ByteString,
    /// When it was asked, by the space's clock.
    pub at: Time,
    /// When it came, by the machine's clock; `None` of one that was kept by an older Locum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived: Option<Time>,
    /// How long the answer took, in microseconds.
    pub elapsed_micros: u64,
    /// Its service; `None` where the path is no service's.
    pub service: Option<Cow<'static, str>>,
    /// Its operation, if it is one.
    pub operation: Option<Cow<'static, str>>,
    pub method: ByteString,
    pub path: ByteString,
    /// Further paths that it is found by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_paths: Vec<ByteString>,
    /// Its query, as it was sent.
    pub query: Option<ByteString>,
    /// The answer's status.
    pub status: u16,
    /// Written beside the rest, as the answer is, because these are most of it.
    #[serde(skip)]
    pub request: Message,
    #[serde(skip)]
    pub response: Message,
    pub trace: DecisionTrace,
    /// What it changed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Arc<Changed>>,
}

impl Entry {
    /// The same without headers and bodies.
    pub fn without_messages(&self) -> Self {
        Self { request: Message::default(), response: Message::default(), ..self.clone() }
    }
}

/// An entry and its number: numbers rise, and a list goes down by them.
pub type SequencedEntry = (i64, Arc<Entry>);

/// Bytes of a body that are kept.
pub const KEPT_BODY: usize = 64 * 1024;

/// Headers and body.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Message {
    pub headers: Headers,
    /// As much of it as is kept.
    #[serde(serialize_with = "write_body", deserialize_with = "read_body")]
    pub body: Bytes,
    /// How many bytes it had.
    pub length: usize,
}

impl Message {
    /// Whether the body was longer than what is kept. Its length alone does not tell, because what stands in place of a
    /// secret has another.
    pub fn is_cut(&self) -> bool {
        self.length > KEPT_BODY
    }
}

/// Names and values, in the order in which they came. One text, `name:value` in each line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(ByteString);

impl Headers {
    /// A header has no line breaks; what stands in place of a secret loses its own.
    pub fn of<'a>(headers: impl Iterator<Item = (&'a str, Cow<'a, str>)>) -> Self {
        const USUAL: usize = 512;
        let mut text = String::with_capacity(USUAL);
        for (name, value) in headers {
            text.push_str(name);
            text.push(':');
            text.extend(value.lines());
            text.push('\n');
        }
        Self(text.into())
    }

    /// All of them as one text, for who keeps many entries and decides where their texts lie.
    pub(crate) fn text_mut(&mut self) -> &mut ByteString {
        &mut self.0
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.lines().filter_map(|line| line.split_once(':'))
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let pairs = Vec::<(Cow<'de, str>, Cow<'de, str>)>::deserialize(deserializer)?;
        Ok(Self::of(pairs.iter().map(|(name, value)| (&**name, Cow::Borrowed(&**value)))))
    }
}

impl Entry {
    /// The path with the query, as a URL has them.
    pub fn address(&self) -> String {
        let query = self.query.as_deref();
        let address = format!("{}{}{}", self.path, query.map_or("", |_| "?"), query.unwrap_or_default());
        utf8_percent_encode(&address, NOT_IN_A_URL).to_string()
    }

    /// What its credential is called, if it is known.
    pub fn credential(&self) -> Option<&str> {
        self.trace.credential.label.as_deref()
    }

    /// What it sent that nothing read.
    pub fn ignored(&self) -> &[Ignored] {
        self.trace.ignored.as_deref().unwrap_or_default()
    }

    /// See [`Ignored::list_untold`].
    pub fn list_untold(&self) -> Vec<String> {
        Ignored::list_untold(self.ignored(), self.trace.refusal.as_deref())
    }

    /// Bytes of memory that it takes, about.
    pub fn size(&self) -> usize {
        const REST: usize = 1024;
        let message = |message: &Message| message.headers.0.len() + message.body.len();
        REST + self.path.len()
            + self.other_paths.iter().map(|path| path.len()).sum::<usize>()
            + self.query.as_ref().map_or(0, |query| query.len())
            + message(&self.request)
            + message(&self.response)
            + self.ignored().iter().map(Ignored::size).sum::<usize>()
            + self.changed.as_ref().map_or(0, |changed| changed.size())
    }

    /// What a matcher looks at.
    pub fn attributes(&self) -> RequestAttributes<'_> {
        RequestAttributes {
            service: self.service.as_deref(),
            operation: self.operation.as_deref(),
            credential: self.credential(),
            method: &self.method,
            path: &self.path,
            other_paths: &self.other_paths,
            ignored: !self.ignored().is_empty(),
            query: self.query.as_deref(),
        }
    }
}

/// A body on its way into the store or an answer: as text where it is one.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Written<'a> {
    Text(Cow<'a, str>),
    Base64(String),
}

fn write_body<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    let written = match std::str::from_utf8(body) {
        Ok(text) => Written::Text(Cow::Borrowed(text)),
        Err(_) => Written::Base64(BASE64_STANDARD.encode(body)),
    };
    written.serialize(serializer)
}

fn read_body<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    Ok(match Written::deserialize(deserializer)? {
        Written::Text(text) => text.into_owned().into(),
        Written::Base64(text) => BASE64_STANDARD.decode(text).map_err(serde::de::Error::custom)?.into(),
    })
}

#[cfg(test)]
pub(crate) fn example_entry(query: &str, body: &str) -> Entry {
    Entry {
        id: "1".into(),
        at: Time::default(),
        arrived: None,
        elapsed_micros: 1,
        service: Some("billing".into()),
        operation: Some("addInvoice".into()),
        method: "POST".into(),
        path: "/billing/v1/invoices".into(),
        other_paths: vec!["/v1/invoices".into()],
        query: (!query.is_empty()).then(|| query.into()),
        status: 200,
        request: Message { body: body.to_owned().into(), length: body.len(), ..Message::default() },
        response: Message::default(),
        trace: DecisionTrace::default(),
        changed: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::Change;

    #[test]
    fn an_entry_survives_being_written() {
        let mut entry = example_entry("", "");
        entry.request.body = Bytes::from_static(&[0xff, 0]);
        entry.response.body = Bytes::from_static(b"text");
        let part =
            Ignored { at: "query/x".to_owned(), did_you_mean: Some("y".into()), reason: Some("for a reason".into()) };
        entry.trace.ignored = Some([part].into());
        let change = Change::new("invoice", "7", "added the invoice 7");
        entry.changed = Some(Changed { count: 2, first: vec![change] }.into());
        let headers = [("host", "a:1"), ("x", ""), ("host", "in\ntwo")];
        entry.response.headers = Headers::of(headers.iter().map(|(name, value)| (*name, Cow::Borrowed(*value))));
        let mut read: Entry = serde_json::from_str(&serde_json::to_string(&entry).unwrap()).unwrap();
        let messages = serde_json::to_string(&(&entry.request, &entry.response)).unwrap();
        (read.request, read.response) = serde_json::from_str(&messages).unwrap();
        assert_eq!((read.trace, read.changed), (entry.trace, entry.changed));
        assert_eq!((read.request.body, read.response.body), (entry.request.body, entry.response.body));
        let headers: Vec<_> = read.response.headers.iter().collect();
        assert_eq!(headers, [("host", "a:1"), ("x", ""), ("host", "intwo")]);
    }
}
