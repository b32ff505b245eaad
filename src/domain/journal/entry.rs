//! One request and its answer.

use std::borrow::Cow;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::DecisionTrace;
use crate::{core::clock::Time, domain::request_matcher::RequestAttributes};

const KIBIBYTE: usize = 1024;

/// One request and its answer. Holds no secret: who records it has taken them out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// What the answer's `X-Request-Id` says.
    pub id: ByteString,
    /// When it was asked, by the space's clock.
    pub at: Time,
    /// How long the answer took, in microseconds.
    pub elapsed_micros: u64,
    /// Its service; `None` where the path is no service's.
    pub service: Option<Cow<'static, str>>,
    /// Its operation, if it is one.
    pub operation: Option<Cow<'static, str>>,
    pub method: ByteString,
    pub path: ByteString,
    /// Its query, as it was sent.
    pub query: Option<ByteString>,
    /// The answer's status.
    pub status: u16,
    pub request: Message,
    pub response: Message,
    pub trace: DecisionTrace,
}

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

    /// All of them.
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
    /// What its credential is called, if it is known.
    pub fn credential(&self) -> Option<&str> {
        self.trace.credential.label.as_deref()
    }

    /// Bytes of memory that it takes, about.
    pub fn size(&self) -> usize {
        const REST: usize = 1024;
        let message = |message: &Message| message.headers.0.len() + message.body.len();
        REST + self.path.len()
            + self.query.as_ref().map_or(0, |query| query.len())
            + message(&self.request)
            + message(&self.response)
    }

    /// Moves its texts to where those of others are. Who polls is answered the same again: an answer that is among
    /// the `recent` ones is not kept twice.
    pub fn settle<'a>(&mut self, ground: &mut StringArena, mut recent: impl Iterator<Item = &'a Self>) {
        ground.text(&mut self.id);
        ground.text(&mut self.method);
        ground.text(&mut self.path);
        self.query.iter_mut().for_each(|query| ground.text(query));
        ground.text(&mut self.request.headers.0);
        ground.bytes(&mut self.request.body);
        ground.text(&mut self.response.headers.0);
        let body = &mut self.response.body;
        match recent.find(|recent| recent.response.body == *body) {
            Some(same) => *body = same.response.body.clone(),
            None => ground.bytes(body),
        }
    }

    /// What a matcher looks at.
    pub fn attributes(&self) -> RequestAttributes<'_> {
        RequestAttributes {
            service: self.service.as_deref(),
            operation: self.operation.as_deref(),
            credential: self.credential(),
            method: &self.method,
            path: &self.path,
        }
    }
}

/// Memory for the texts of entries, side by side. Small texts that are kept for long and dropped by whichever thread
/// comes along are what allocators are slowest at: they cost a request more than all else that the journal does.
#[derive(Debug, Default)]
pub struct StringArena {
    free: BytesMut,
    /// How large a piece was when it was new.
    size: usize,
}

impl StringArena {
    const SMALLEST: usize = 4 * KIBIBYTE;
    const LARGEST: usize = 64 * KIBIBYTE;

    fn bytes(&mut self, bytes: &mut Bytes) {
        if bytes.len() > self.free.capacity() {
            let size = (2 * self.size).clamp(Self::SMALLEST, Self::LARGEST);
            // What is long has its own, so that it leaves nothing unused behind.
            if bytes.len() > size / 4 {
                *bytes = Bytes::copy_from_slice(bytes);
                return;
            }
            *self = Self { free: BytesMut::with_capacity(size), size };
        }
        self.free.extend_from_slice(bytes);
        *bytes = self.free.split().freeze();
    }

    fn text(&mut self, text: &mut ByteString) {
        let mut bytes = std::mem::take(text).into_bytes();
        self.bytes(&mut bytes);
        // It was text before.
        *text = ByteString::try_from(bytes).unwrap_or_default();
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
pub(super) mod tests {
    use super::*;

    pub(in crate::domain::journal) fn entry(query: &str, body: &str) -> Entry {
        Entry {
            id: "1".into(),
            at: Time::default(),
            elapsed_micros: 1,
            service: Some("billing".into()),
            operation: Some("addInvoice".into()),
            method: "POST".into(),
            path: "/billing/v1/invoices".into(),
            query: (!query.is_empty()).then(|| query.into()),
            status: 200,
            request: Message { body: body.to_owned().into(), length: body.len(), ..Message::default() },
            response: Message::default(),
            trace: DecisionTrace::default(),
        }
    }

    #[test]
    fn an_entry_survives_being_written() {
        let mut entry = entry("", "");
        entry.request.body = Bytes::from_static(&[0xff, 0]);
        entry.response.body = Bytes::from_static(b"text");
        let headers = [("host", "a:1"), ("x", ""), ("host", "in\ntwo")];
        entry.response.headers = Headers::of(headers.iter().map(|(name, value)| (*name, Cow::Borrowed(*value))));
        let read: Entry = serde_json::from_str(&serde_json::to_string(&entry).unwrap()).unwrap();
        assert_eq!((read.request.body, read.response.body), (entry.request.body, entry.response.body));
        let headers: Vec<_> = read.response.headers.iter().collect();
        assert_eq!(headers, [("host", "a:1"), ("x", ""), ("host", "intwo")]);
    }

    #[test]
    fn an_entry_is_the_same_where_others_are() {
        let (mut ground, mut kept) = (StringArena::default(), Vec::new());
        for length in [0, 1, 100, 3_000, 5_000, 100, 40_000, 100, 100_000] {
            let mut entry = entry("a=1", &"x".repeat(length));
            entry.response.body = entry.request.body.clone();
            let written = serde_json::to_string(&entry).unwrap();
            entry.settle(&mut ground, kept.iter());
            assert_eq!(serde_json::to_string(&entry).unwrap(), written, "{length}");
            kept.push(entry);
        }
        let shared = |a: usize, b: usize| kept[a].response.body.as_ptr() == kept[b].response.body.as_ptr();
        assert!(shared(2, 5) && shared(5, 7) && !shared(3, 4));
    }
}
