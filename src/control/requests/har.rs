//! The journal as an HTTP Archive, which browsers' tools and others read.
//!
//! HAR 1.2, <http://www.softwareishard.com/blog/har-12-spec/>; names that begin with `_` are ours, as it allows.

use std::collections::HashMap;

use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use super::ChangeAnswer;
use crate::{
    app::run_journal::Happened,
    control::timeline::NoteAnswer,
    core::clock,
    domain::{
        journal::{DecisionTrace, Entry, KEPT_BODY, Message, describe_left_out},
        organization::SpaceId,
    },
    services,
};

/// The media type of an archive.
pub(crate) const HAR: &str = "application/har+json";

/// An archive: what HAR 1.2 calls so.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Har)]
pub(crate) struct Archive<'a> {
    log: Log<'a>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HarLog)]
struct Log<'a> {
    #[schema(example = "1.2")]
    version: &'static str,
    creator: Creator,
    /// The oldest first.
    entries: Vec<HarEntry<'a>>,
    /// What was done between them, the oldest first: also what comes after none of them.
    #[serde(rename = "_notes", skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    notes: Vec<NoteAnswer>,
}

/// The program that wrote the archive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HarCreator)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

/// A request and its answer.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HarEntry<'a> {
    /// By the space's clock.
    #[schema(format = DateTime)]
    started_date_time: String,
    /// In milliseconds.
    time: f64,
    request: HarRequest<'a>,
    response: HarResponse<'a>,
    cache: Empty,
    timings: Timings,
    /// What was done right before it, why it was refused, the fault that hit it, what it sent that nothing read, and what
    /// it changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(rename = "_locum")]
    locum: Decided<'a>,
}

/// What only Locum knows.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HarDecision)]
struct Decided<'a> {
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = json!(services::OTHER_EXAMPLE))]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<&'a str>,
    trail: &'a DecisionTrace,
    /// What it changed: the first few records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<ChangeAnswer>,
    /// How many records it changed, where they are more.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HarRequest<'a> {
    method: &'a str,
    url: String,
    /// The journal does not keep it.
    #[schema(example = "unknown")]
    http_version: &'static str,
    cookies: Vec<Empty>,
    headers: Vec<Pair>,
    query_string: Vec<Pair>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<Content>,
    /// -1 where it is not known.
    headers_size: i64,
    body_size: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HarResponse<'a> {
    status: u16,
    status_text: &'static str,
    #[schema(example = "unknown")]
    http_version: &'static str,
    cookies: Vec<Empty>,
    headers: Vec<Pair>,
    content: Content,
    #[serde(rename = "redirectURL")]
    redirect_url: &'a str,
    headers_size: i64,
    body_size: usize,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HarContent)]
struct Content {
    /// How many bytes it had.
    size: usize,
    mime_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HarPair)]
struct Pair {
    name: String,
    value: String,
}

/// In milliseconds: all of it is waiting, because nothing else is measured.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HarTimings)]
struct Timings {
    send: f64,
    wait: f64,
    receive: f64,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HarEmpty)]
struct Empty {}

const UNKNOWN: &str = "unknown";

impl<'a> Archive<'a> {
    /// Of what happened in spaces, the oldest first. `base` is the URL of requests that name no host.
    pub(crate) fn of(base: &str, happened: impl Iterator<Item = (SpaceId, &'a Happened)>) -> Self {
        let (mut entries, mut notes) = (Vec::new(), Vec::new());
        // By space: the request that was the newest, and what was done to the space since.
        let mut last: HashMap<SpaceId, (Option<&str>, Vec<&str>)> = HashMap::new();
        for (space, happened) in happened {
            let (after, since) = last.entry(space).or_default();
            match happened {
                Happened::Request(entry) => {
                    entries.push(describe(base, entry, describe_notes(since)));
                    (*after, *since) = (Some(&*entry.id), Vec::new());
                }
                Happened::Note(arrived, text) => {
                    let after = after.map(ToOwned::to_owned);
                    notes.push(NoteAnswer { arrived: clock::write(*arrived), after, text: text.to_string() });
                    since.push(text);
                }
            }
        }
        let creator = Creator { name: "locum", version: env!("CARGO_PKG_VERSION") };
        Self { log: Log { version: "1.2", creator, entries, notes } }
    }
}

/// The last of what was done before a request, because preparing a test may take hundreds of faults.
fn describe_notes(notes: &[&str]) -> Option<String> {
    const TOLD: usize = 5;
    let further = notes.len().saturating_sub(TOLD);
    let left_out = (further > 0).then(|| describe_left_out(further));
    let told: Vec<String> = left_out.into_iter().chain(notes[further..].iter().map(ToString::to_string)).collect();
    (!told.is_empty()).then(|| format!("before it: {}", told.join(", ")))
}

fn describe<'a>(base: &str, entry: &'a Entry, before: Option<String>) -> HarEntry<'a> {
    // An f64 holds every number of microseconds up to 285 years.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let time = entry.elapsed_micros as f64 / 1000.0;
    let fault = entry.trace.fault.as_ref().map(|fault| format!("injected: {}", fault.description));
    let unread = entry.list_untold();
    let changed = entry.changed.iter().map(|changed| changed.describe());
    let decided = entry.trace.refusal.clone().into_iter().chain(fault);
    let comments: Vec<String> = before.into_iter().chain(decided).chain(unread).chain(changed).collect();
    HarEntry {
        started_date_time: entry.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        time,
        request: describe_request(base, entry),
        response: describe_response(entry),
        cache: Empty {},
        timings: Timings { send: 0.0, wait: time, receive: 0.0 },
        comment: (!comments.is_empty()).then(|| comments.join("; ")),
        locum: Decided {
            id: &entry.id,
            service: entry.service.as_deref(),
            operation: entry.operation.as_deref(),
            trail: &entry.trace,
            changes: ChangeAnswer::list(entry),
            changed: entry.changed.as_ref().and_then(|changed| changed.count_of_more()),
        },
    }
}

fn describe_request<'a>(base: &str, entry: &'a Entry) -> HarRequest<'a> {
    let query = entry.query.as_deref();
    let host = find_header(&entry.request, "host");
    let scheme = base.split_once("://").map_or("http", |(scheme, _)| scheme);
    let base = host.map_or_else(|| base.to_owned(), |host| format!("{scheme}://{host}"));
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    HarRequest {
        method: &entry.method,
        url: format!("{base}{}", entry.address()),
        http_version: UNKNOWN,
        cookies: Vec::new(),
        headers: list_headers(&entry.request),
        query_string: pairs.map(|(name, value)| Pair { name: name.into(), value: value.into() }).collect(),
        post_data: (entry.request.length > 0).then(|| describe_content(&entry.request)),
        headers_size: -1,
        body_size: entry.request.length,
    }
}

fn describe_response(entry: &Entry) -> HarResponse<'_> {
    let status = axum::http::StatusCode::from_u16(entry.status).ok();
    HarResponse {
        status: entry.status,
        status_text: status.and_then(|status| status.canonical_reason()).unwrap_or_default(),
        http_version: UNKNOWN,
        cookies: Vec::new(),
        headers: list_headers(&entry.response),
        content: describe_content(&entry.response),
        redirect_url: find_header(&entry.response, "location").unwrap_or_default(),
        headers_size: -1,
        body_size: entry.response.length,
    }
}

fn list_headers(message: &Message) -> Vec<Pair> {
    message.headers.iter().map(|(name, value)| Pair { name: name.to_owned(), value: value.to_owned() }).collect()
}

fn find_header<'a>(message: &'a Message, wanted: &str) -> Option<&'a str> {
    message.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value)
}

fn describe_content(message: &Message) -> Content {
    let size = message.length;
    let comment = match (message.body.is_empty(), message.is_cut()) {
        (true, _) => (size > 0).then(|| format!("{size} bytes that are not kept, because they are no text")),
        (false, true) => Some(format!("the first {KEPT_BODY} of {size} bytes")),
        (false, false) => None,
    };
    Content {
        size,
        mime_type: find_header(message, "content-type").unwrap_or_default().to_owned(),
        text: std::str::from_utf8(&message.body).ok().filter(|text| !text.is_empty()).map(ToOwned::to_owned),
        comment,
    }
}
