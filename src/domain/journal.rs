//! The journal: what was asked, what was decided, what was answered.

use std::{borrow::Cow, collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::{Bytes, BytesMut};
use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::{
    core::clock::Time,
    domain::selector::{Asked, Difference, Selector},
};

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
    /// What its credential is called, if it is known.
    pub credential: Option<Arc<str>>,
    pub method: ByteString,
    pub path: ByteString,
    /// Its query, as it was sent.
    pub query: Option<ByteString>,
    /// The answer's status.
    pub status: u16,
    pub request: Message,
    pub response: Message,
    /// What was decided on the way.
    pub trail: DecisionTrace,
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

/// How a request was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecisionTrace {
    /// What became of its credential.
    pub credential: CredentialOutcome,
    /// The role or scope that the operation needs; `None` where that was not asked.
    pub needed: Option<Cow<'static, str>>,
    /// What the credential may do.
    pub held: Option<Arc<str>>,
    /// The window that it was counted in.
    pub window: Option<Window>,
    /// The injected fault that hit it.
    pub fault: Option<Hit>,
    /// Why it was refused, in our own words.
    pub refusal: Option<String>,
}

/// What became of a credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialOutcome {
    /// There was none.
    #[default]
    Nothing,
    /// There was one that nobody knows.
    Unknown,
    /// It is somebody's, and it has expired.
    Expired,
    /// It speaks for somebody.
    Good,
}

/// A rate-limit window, after the request was counted in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    /// Requests in one window.
    pub limit: i64,
    /// How many more are let through.
    pub remaining: i64,
    /// When counting starts over.
    pub reset: Time,
    /// The request was refused for it.
    pub exceeded: bool,
}

/// An injected fault that hit a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub id: String,
    /// What it did, in a few words.
    pub did: String,
}

impl Entry {
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

    /// As selectors see it.
    pub fn asked(&self) -> Asked<'_> {
        Asked {
            service: self.service.as_deref(),
            operation: self.operation.as_deref(),
            credential: self.credential.as_deref(),
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

/// Which requests a question is about. What is not said matches everything.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Expected {
    /// What faults can ask for too.
    pub which: Selector,
    /// With this status.
    pub status: Option<u16>,
    /// With these query parameters, decoded; others do not matter.
    pub query: BTreeMap<String, String>,
    /// With this body: of an object, other members do not matter; a text is the whole body.
    pub body: Option<Value>,
}

impl Expected {
    /// Whether a request is one of those that are asked about.
    pub fn matches(&self, entry: &Entry) -> bool {
        self.which.matches(entry.asked()) && (self.is_simple() || self.differences(entry).is_empty())
    }

    /// Nothing beyond the selector is asked for.
    fn is_simple(&self) -> bool {
        self.status.is_none() && self.query.is_empty() && self.body.is_none()
    }

    /// Where a request is not one of those that are asked about.
    pub fn differences(&self, entry: &Entry) -> Vec<Difference> {
        let mut found: Vec<Difference> = self.which.differences(entry.asked()).collect();
        let mut differ = |field: String, expected: String, is: Option<String>| {
            if is.as_deref() != Some(expected.as_str()) {
                found.push(Difference { field, expected, found: is });
            }
        };
        if let Some(status) = self.status {
            differ("status".to_owned(), status.to_string(), Some(entry.status.to_string()));
        }
        for (name, wanted) in &self.query {
            let query = entry.query.as_deref().unwrap_or_default();
            let is = form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name);
            differ(format!("query/{name}"), wanted.clone(), is.map(|(_, value)| value.into_owned()));
        }
        match &self.body {
            None => {}
            Some(Value::String(text)) => {
                let is = String::from_utf8_lossy(&entry.request.body).into_owned();
                // A JSON text is meant as much as a plain one.
                let as_json = serde_json::from_str::<String>(&is).ok();
                differ("body".to_owned(), text.clone(), as_json.or(Some(is)));
            }
            Some(wanted) => match serde_json::from_slice::<Value>(&entry.request.body) {
                Ok(body) => compare("body", wanted, Some(&body), &mut differ),
                Err(_) => differ("body".to_owned(), wanted.to_string(), None),
            },
        }
        found
    }
}

/// Every member that is wanted, in whatever depth.
fn compare(
    field: &str,
    wanted: &Value,
    found: Option<&Value>,
    differ: &mut impl FnMut(String, String, Option<String>),
) {
    match (wanted, found) {
        (Value::Object(wanted), Some(Value::Object(found))) => {
            for (name, wanted) in wanted {
                compare(&format!("{field}/{name}"), wanted, found.get(name), differ);
            }
        }
        (Value::Array(wanted), Some(Value::Array(found))) if wanted.len() == found.len() => {
            for (at, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                compare(&format!("{field}/{at}"), wanted, Some(found), differ);
            }
        }
        _ => differ(field.to_owned(), wanted.to_string(), found.map(Value::to_string)),
    }
}

/// Which entries a list shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this service.
    pub service: Option<String>,
    /// With this operation id.
    pub operation: Option<String>,
    /// With the credential of this label.
    pub credential: Option<String>,
    /// With a status in this range, both ends included.
    pub status: Option<(u16, u16)>,
    /// Asked at this time or later, by the space's clock.
    pub since: Option<Time>,
    /// Behind the entry of this number.
    pub after: Option<i64>,
    /// Before the entry of this number: where the page before ended.
    pub before: Option<i64>,
}

impl Filter {
    /// Whether a list shows the entry of this number.
    pub fn matches(&self, number: i64, entry: &Entry) -> bool {
        let same = |wanted: &Option<String>, found: Option<&str>| wanted.is_none() || wanted.as_deref() == found;
        self.after.is_none_or(|after| number > after)
            && self.before.is_none_or(|before| number < before)
            && same(&self.service, entry.service.as_deref())
            && same(&self.operation, entry.operation.as_deref())
            && same(&self.credential, entry.credential.as_deref())
            && self.status.is_none_or(|(from, to)| (from..=to).contains(&entry.status))
            && self.since.is_none_or(|since| entry.at >= since)
    }
}

/// How much of it is kept, in each space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    pub entries: usize,
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { entries: 10_000, bytes: 32 * MEBIBYTE }
    }
}

const KIBIBYTE: usize = 1024;
const MEBIBYTE: usize = 1024 * KIBIBYTE;

/// `10000`, or with bytes too: `10000,32MiB`.
impl FromStr for Bounds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("`{text}` is not a size: expected entries like 10000, entries and bytes like 10000,32MiB, or off")
        };
        let (entries, bytes) = text.split_once(',').map_or((text, None), |(entries, bytes)| (entries, Some(bytes)));
        let above_zero = |text: &str| text.trim().parse::<usize>().ok().filter(|number| *number > 0);
        let entries = above_zero(entries).ok_or_else(wrong)?;
        let Some(bytes) = bytes.map(str::trim) else { return Ok(Self { entries, ..Self::default() }) };
        let (number, unit) = match (bytes.strip_suffix("MiB"), bytes.strip_suffix("KiB")) {
            (Some(number), _) => (number, MEBIBYTE),
            (_, Some(number)) => (number, KIBIBYTE),
            _ => (bytes, 1),
        };
        let bytes = above_zero(number).and_then(|number| number.checked_mul(unit)).ok_or_else(wrong)?;
        Ok(Self { entries, bytes })
    }
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { entries, bytes } = *self;
        if bytes.is_multiple_of(MEBIBYTE) {
            write!(f, "{entries},{}MiB", bytes / MEBIBYTE)
        } else if bytes.is_multiple_of(KIBIBYTE) {
            write!(f, "{entries},{}KiB", bytes / KIBIBYTE)
        } else {
            write!(f, "{entries},{bytes}")
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
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(query: &str, body: &str) -> Entry {
        Entry {
            id: "1".into(),
            at: Time::default(),
            elapsed_micros: 1,
            service: Some("jetbrains_account".into()),
            operation: Some("assignLicense".into()),
            credential: Some("ann".into()),
            method: "POST".into(),
            path: "/api/v1/customer/licenses/assign".into(),
            query: (!query.is_empty()).then(|| query.into()),
            status: 200,
            request: Message { body: body.to_owned().into(), length: body.len(), ..Message::default() },
            response: Message::default(),
            trail: DecisionTrace::default(),
        }
    }

    #[test]
    fn a_body_matches_by_the_members_that_are_named() {
        let entry = entry("", r#"{"licenseId":"A","contact":{"firstName":"Eve","lastName":"Stone"},"ids":[1,2]}"#);
        let fields = |body: Value| {
            let expected = Expected { body: Some(body), ..Expected::default() };
            let differences = expected.differences(&entry);
            assert_eq!(expected.matches(&entry), differences.is_empty());
            differences.into_iter().map(|d| d.field).collect::<Vec<_>>()
        };
        assert!(fields(json!({"contact": {"firstName": "Eve"}, "ids": [1, 2]})).is_empty());
        assert_eq!(
            fields(json!({"contact": {"firstName": "Bob", "x": 1}})),
            ["body/contact/firstName", "body/contact/x"]
        );
        assert_eq!(fields(json!({"ids": [1]})), ["body/ids"]);
        assert_eq!(fields(json!([])), ["body"]);
        assert_eq!(fields(json!("text")), ["body"]);
    }

    #[test]
    fn a_query_matches_decoded_and_in_any_order() {
        let entry = entry("b=2&a=x%40y", "");
        let expected = |name: &str, value: &str| Expected {
            query: [(name.to_owned(), value.to_owned())].into(),
            ..Expected::default()
        };
        assert!(expected("a", "x@y").matches(&entry));
        let differences = expected("c", "3").differences(&entry);
        assert_eq!((differences[0].field.as_str(), &differences[0].found), ("query/c", &None));
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

    #[test]
    fn bounds() {
        for (text, entries, bytes) in
            [("10000", 10_000, 32 * MEBIBYTE), ("5,64KiB", 5, 65_536), ("7, 1MiB", 7, MEBIBYTE), ("1,100", 1, 100)]
        {
            let bounds: Bounds = text.parse().unwrap();
            assert_eq!((bounds.entries, bounds.bytes), (entries, bytes), "{text}");
            assert_eq!(bounds.to_string().parse(), Ok(bounds));
        }
        for wrong in ["", "0", "-1", "many", "5,", "5,0", "5,1GB", "5,99999999999999999999MiB"] {
            assert!(wrong.parse::<Bounds>().is_err(), "{wrong}");
        }
    }
}
