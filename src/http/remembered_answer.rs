//! Gives an answer again that was given before. Its place in the life of a request is behind authentication, faults and
//! limits, and before everything that the route itself does.
//!
//! A handler that reads sees of the request only what an answer is remembered by: the path, the query, and the headers
//! that its service names. It sees the time only through [`crate::core::now::Now`]. So no handler has to think of it.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes, HttpBody as _},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, request::Parts},
    middleware::Next,
    response::Response,
};
use http_body_util::BodyExt as _;

use crate::{
    app::{
        App,
        remembered_answers::{Question, RememberedAnswer},
    },
    core::{clock::micros, now::Validity},
    http::{
        authenticate::Identified,
        connection::OverTls,
        credential_places::Location,
        ignored::{self, IgnoredParts, Reading, Sent},
        left_body,
        request_context::{RequestContext, find_sent_uri},
        vendor_service::{Outcome, VendorService},
    },
};

/// An answer that can be given again, once it is known that what it was read from is still there.
pub struct Memorable {
    question: Question,
    answer: RememberedAnswer,
}

impl Memorable {
    /// Keeps it, if the space is found at the revision afterwards that it was read at.
    pub fn keep_if_current(self, app: &App, revision: i64) {
        if let Some(answers) = &app.remembered_answers
            && self.answer.revision == revision
        {
            answers.keep(self.question, self.answer);
        }
    }
}

/// Where an answer comes from.
pub enum Origin {
    /// It was given before.
    Remembered,
    /// It was made; and what it takes to give it again, if it may be given again.
    New(Option<Box<Memorable>>),
}

/// Gives the answer that was given before, or lets the handler make one.
pub async fn answer<S: VendorService>(
    app: &App,
    parts: Arc<Parts>,
    body: Body,
    outcome: Outcome<S>,
    identified: &Identified,
    next: Next,
) -> (Response, Origin) {
    let is_remembering = app.remembered_answers.is_some();
    let question = is_remembering.then(|| read_question(&parts, &body, &outcome, identified)).flatten();
    if let Some(question) = &question
        && let Some(remembered) = find::<S>(app, question, identified).await
    {
        return (remembered, Origin::Remembered);
    }
    let (response, memorable) = Box::pin(make::<S>(app, parts, body, outcome, identified, next, question)).await;
    (response, Origin::New(memorable.map(Box::new)))
}

/// Has the handler make an answer.
async fn make<S: VendorService>(
    app: &App,
    parts: Arc<Parts>,
    body: Body,
    outcome: Outcome<S>,
    identified: &Identified,
    next: Next,
    question: Option<Question>,
) -> (Response, Option<Memorable>) {
    let asked = Arc::clone(&parts);
    let has_journal = app.config.journal.is_some();
    let length = body.size_hint().exact();
    let (body, left) = match length {
        None if has_journal => {
            let (for_handler, left) = left_body::lend(body);
            (Body::new(for_handler), Some(left))
        }
        _ => (body, None),
    };
    let mut parts = Arc::unwrap_or_clone(parts);
    hide_headers::<S>(&mut parts);
    parts.extensions.insert(outcome);
    parts.extensions.insert(identified.clone());
    let (made, reading) = ignored::watch(next.run(Request::from_parts(parts, body))).await;
    let ignored = if has_journal {
        let has_body = match left {
            Some(left) if !reading.has_body => left.has_bytes().await,
            _ => length.is_some_and(|length| length > 0),
        };
        find_ignored::<S>(&asked, has_body, identified, reading, made.status())
    } else {
        None
    };
    let (mut made, memorable) = match question {
        Some(question) => memorize(question, identified, made, ignored.as_ref()).await,
        None => (made, None),
    };
    if let Some(ignored) = ignored {
        made.extensions_mut().insert(ignored);
    }
    (made, memorable)
}

/// What a handler's arguments have ignored of its request; of one whose caller was refused, what may be the reason. Of a
/// path that is none they had nothing to read, and of what is not emulated nobody knows what they would.
fn find_ignored<S: VendorService>(
    asked: &Parts,
    has_body: bool,
    identified: &Identified,
    reading: Reading,
    status: StatusCode,
) -> Option<IgnoredParts> {
    let operation = identified.operation.filter(|_| status != StatusCode::NOT_IMPLEMENTED)?;
    if reading.was_shut_out {
        return ignored::find_misspelled::<S>(asked);
    }
    let is_credential = |name: &str| {
        S::CREDENTIAL_PLACES.iter().any(|place| matches!(place.location, Location::Parameter(known) if known == name))
    };
    let query = asked.uri.query().unwrap_or_default();
    reading.find_ignored(&Sent { method: &asked.method, operation, query, has_body, is_credential })
}

/// Takes from a request that only reads the headers by which no answer is remembered. Of a credential's, its scheme
/// stays.
fn hide_headers<S: VendorService>(parts: &mut Parts) {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return;
    }
    let mut shown = HeaderMap::new();
    for name in S::READ_HEADERS {
        for value in parts.headers.get_all(*name) {
            shown.append(HeaderName::from_static(name), value.clone());
        }
    }
    for name in credential_headers::<S>() {
        for value in parts.headers.get_all(name) {
            // A part of what was a header's value is one too.
            let scheme = HeaderValue::from_bytes(find_scheme::<S>(name, value));
            shown.append(HeaderName::from_static(name), scheme.unwrap_or(HeaderValue::from_static("")));
        }
    }
    parts.headers = shown;
}

/// The headers of the service's credentials, each once.
fn credential_headers<S: VendorService>() -> impl Iterator<Item = &'static str> {
    let name_of = |index: usize| match S::CREDENTIAL_PLACES[index].location {
        Location::Header(name) => Some(name),
        Location::Parameter(_) => None,
    };
    let names = (0..S::CREDENTIAL_PLACES.len()).filter_map(move |index| Some((index, name_of(index)?)));
    names.filter(move |(index, name)| (0..*index).all(|before| name_of(before) != Some(name))).map(|(_, name)| name)
}

/// Finds what stands in front of the credential in a header, as it is written there: nothing that is secret.
fn find_scheme<'a, S: VendorService>(name: &str, value: &'a HeaderValue) -> &'a [u8] {
    let scheme = S::CREDENTIAL_PLACES.iter().find_map(|place| {
        let length = place.prefix.len();
        let found = value.as_bytes().get(..length)?;
        let is_it = matches!(place.location, Location::Header(known) if known == name)
            && found.eq_ignore_ascii_case(place.prefix.as_bytes());
        is_it.then_some(found)
    });
    scheme.unwrap_or_default()
}

/// Says what a request asks by what its handler sees of it, if an answer to it may be remembered: it only reads, without
/// a body, and somebody is known to ask it.
fn read_question<S: VendorService>(
    parts: &Parts,
    body: &Body,
    outcome: &Outcome<S>,
    identified: &Identified,
) -> Option<Question> {
    let (Outcome::Good(_), Some(credential), Some(_)) = (outcome, identified.credential, identified.operation) else {
        return None;
    };
    let uri = find_sent_uri(parts);
    if parts.method != Method::GET || body.size_hint().exact() != Some(0) || uri.authority().is_some() {
        return None;
    }
    let asked = uri.path_and_query()?.as_str();
    let mut text = Vec::with_capacity(asked.len() + 64);
    text.extend_from_slice(asked.as_bytes());
    // Links in the answer are under what the client asked by.
    if parts.extensions.get::<OverTls>().is_some() {
        text.push(b'\n');
    }
    // Neither an address nor a header has a control character.
    for name in S::READ_HEADERS {
        text.push(b'\n');
        for value in parts.headers.get_all(*name) {
            text.extend_from_slice(value.as_bytes());
            text.push(b'\r');
        }
    }
    for name in credential_headers::<S>() {
        text.push(b'\n');
        for value in parts.headers.get_all(name) {
            text.extend_from_slice(find_scheme::<S>(name, value));
            text.push(b'\r');
        }
    }
    Some(Question { space: identified.space, credential, text: text.into() })
}

/// The answer that was given before, if it still holds. What the handler does beside answering is done.
async fn find<S: VendorService>(app: &App, question: &Question, identified: &Identified) -> Option<Response> {
    let answers = app.remembered_answers.as_ref()?;
    let found = answers.find(question, identified.revision, identified.now)?;
    let _ = identified.required_permission.set(found.needs);
    identified.note_use::<S>(app).await;
    let mut response = Response::new(Body::from(found.body.clone()));
    response.headers_mut().clone_from(&found.headers);
    if let Some(ignored) = &found.ignored {
        response.extensions_mut().insert(IgnoredParts(Arc::clone(ignored)));
    }
    Some(response)
}

/// Takes from an answer what it takes to give it again, if it may be given again.
async fn memorize(
    question: Question,
    identified: &Identified,
    response: Response,
    ignored: Option<&IgnoredParts>,
) -> (Response, Option<Memorable>) {
    let (Some(needs), Some((since, until))) = (identified.required_permission.get(), find_span(identified)) else {
        return (response, None);
    };
    // What stands in the extensions is for this request alone.
    let is_plain = response.status() == StatusCode::OK && response.extensions().is_empty();
    let is_of_request = identified.written.has_opened_session() || RequestContext::was_read();
    if !is_plain || is_of_request || response.body().size_hint().exact().is_none() {
        return (response, None);
    }
    let (parts, body) = response.into_parts();
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        let broken = StatusCode::INTERNAL_SERVER_ERROR;
        let mut response = Response::from_parts(parts, Body::empty());
        *response.status_mut() = broken;
        return (response, None);
    };
    let answer = RememberedAnswer {
        revision: identified.revision,
        generation: identified.generation,
        since,
        until,
        needs,
        headers: parts.headers.clone(),
        // A copy, because what was written to has room for more.
        body: Bytes::copy_from_slice(&body),
        ignored: ignored.map(|ignored| Arc::clone(&ignored.0)),
    };
    (Response::from_parts(parts, Body::from(body)), Some(Memorable { question, answer }))
}

/// Says from when until when an answer holds. A clock that stands still shows nothing else until somebody sets it, which
/// is a new revision.
fn find_span(identified: &Identified) -> Option<(i64, i64)> {
    let since = micros(identified.now);
    match (identified.answer_time.validity(), identified.is_clock_frozen) {
        (Validity::Unknown, _) | (Validity::AtThisInstant, false) => None,
        (Validity::AtThisInstant | Validity::Before(_), true) => Some((since, i64::MAX)),
        (Validity::Before(until), false) => Some((since, until)),
    }
}
