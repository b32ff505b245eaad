//! One request: what was asked, why it was answered so, and what to do with it.

use askama::Template;
use axum::{
    Extension,
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};

use super::{
    again::{Again, Against},
    changes::{self, ChangeRow},
    copies::{self, CopyableText},
    json_text::set_out,
};
use crate::{
    control::{Header, MessageAnswer, RequestDetail, RequestSummary},
    core::error::Error,
    domain::journal::{CredentialOutcome, DecisionTrace, Filter},
    services::{Registry, Services},
    store,
    web::{
        error::PageError,
        format::{count_noun, format_elapsed, format_time, format_timestamp},
        links::{encode_segment, format_query},
        view::{Page, render_page},
    },
};

/// As much of a body as a page shows, counted as HTML writes it. The whole is behind a link.
const SHOWN: usize = 2_000;

/// A message as the page shows it.
pub(super) struct MessageView {
    pub id: &'static str,
    pub title: &'static str,
    pub headers: Vec<Header>,
    /// For reading: with white space between its parts, where it is JSON.
    pub body: Option<String>,
    pub is_set_out: bool,
    /// What is said of the body's length.
    pub note: Option<String>,
    /// Where the body is as it was sent.
    pub raw: String,
}

impl MessageView {
    fn new(id: &'static str, title: &'static str, message: MessageAnswer, raw: String) -> Self {
        let note = describe_length(&message);
        let set = message.body.as_deref().and_then(set_out);
        let is_set_out = set.is_some();
        let body = set.or(message.body).or(message.body_base64);
        let (body, is_cut) = body.map(cut).unzip();
        let note = match note {
            None if is_cut == Some(true) => {
                Some(format!("The beginning of {}.", count_noun(message.body_bytes, "byte")))
            }
            note => note,
        };
        Self { id, title, headers: message.headers, body, is_set_out, note, raw }
    }
}

/// Cuts a text to what a page shows.
fn cut(text: String) -> (String, bool) {
    let mut size = 0;
    let end = text.char_indices().find(|(_, c)| {
        size += if matches!(c, '"' | '\'' | '<' | '>' | '&') { 5 } else { c.len_utf8() };
        size > SHOWN
    });
    match end {
        Some((end, _)) => (format!("{}…", &text[..end]), true),
        None => (text, false),
    }
}

/// `None` where the body is there whole and as it is.
fn describe_length(message: &MessageAnswer) -> Option<String> {
    let kept = message.body.as_ref().map_or(0, String::len);
    if message.body_base64.is_some() {
        Some(format!("{}, no text: shown as Base64", count_noun(message.body_bytes, "byte")))
    } else if kept < message.body_bytes {
        Some(format!("The journal keeps the first {kept} of {}.", count_noun(message.body_bytes, "byte")))
    } else {
        None
    }
}

/// One request, on its own page or beside the list.
pub(super) struct RequestView {
    pub request: RequestSummary,
    pub trace: DecisionTrace,
    pub target: String,
    pub class: String,
    pub who: String,
    pub messages: [MessageView; 2],
    pub back: String,
    pub newer: Option<String>,
    pub older: Option<String>,
    /// The page that has only this one.
    pub alone: Option<String>,
    pub texts: Vec<CopyableText>,
    pub again: Option<Again>,
    pub against: Option<Against>,
    pub changes: Vec<ChangeRow>,
    /// How many more records it changed.
    pub more_changed: usize,
}

impl RequestView {
    pub(super) async fn load(page: &Page, services: &Registry, id: &str) -> Result<Self, PageError> {
        let detail: RequestDetail = page.ask(&format!("/requests/{}", encode_segment(id))).await?;
        let raw = |which: &str| page.link(&format!("/requests/{}/{which}", encode_segment(id)), &[]);
        let (texts, again) = (copies::list(page, services, &detail), Again::of(&detail));
        let against = Against::load(page, &detail).await;
        let RequestDetail { summary, request, response, trace } = detail;
        let changes = changes::list(page, services, &summary).await?;
        let query = summary.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        Ok(Self {
            target: cut(format!("{}{query}", summary.path)).0,
            class: if trace.fault.is_some() { "sf".to_owned() } else { format!("s{}", summary.status / 100) },
            who: describe_credential(&trace),
            messages: [
                MessageView::new("request", "Request", request, raw("request")),
                MessageView::new("response", "Response", response, raw("response")),
            ],
            back: page.link("/", &[]),
            newer: None,
            older: None,
            alone: None,
            again,
            against,
            more_changed: summary.changed.map_or(0, |all| all.saturating_sub(changes.len())),
            changes,
            request: summary,
            trace,
            texts,
        })
    }
}

fn describe_credential(trace: &DecisionTrace) -> String {
    let label = trace.credential.label.as_deref().unwrap_or_default();
    match trace.credential.outcome {
        CredentialOutcome::Nothing => "none was sent".to_owned(),
        CredentialOutcome::Unknown => "one that nobody has".to_owned(),
        CredentialOutcome::Expired => format!("{label}, expired"),
        CredentialOutcome::Good => label.to_owned(),
    }
}

#[derive(Template)]
#[template(path = "request.html", config = "src/ui/askama.toml")]
struct RequestPage<'a> {
    page: &'a Page,
    view: RequestView,
}

/// Shows one request. An id says which space it is in, so a link needs not name that.
pub(super) async fn show(
    Path(id): Path<String>,
    Extension(services): Extension<Services>,
    page: Page,
) -> Result<Response, PageError> {
    let mut view = match RequestView::load(&page, &services, &id).await {
        Ok(view) => view,
        Err(error) if error.status == StatusCode::NOT_FOUND => {
            let elsewhere = find_space(&page, &id).await?;
            let space = elsewhere.filter(|space| *space != page.space.name).ok_or(error)?;
            let to = format!("{}/requests/{}", crate::web::BASE, encode_segment(&id));
            return Ok(Redirect::to(&format!("{to}{}", format_query([("space", &*space)]))).into_response());
        }
        Err(error) => return Err(error),
    };
    let db = &page.app().db;
    let link = |found: Option<String>| found.map(|id| page.link(&format!("/requests/{}", encode_segment(&id)), &[]));
    if let Some((number, _)) = store::journal::find(db, page.space.id, &id).await? {
        let older = Filter { before: Some(number), ..Filter::default() };
        let older = store::journal::list(db, page.space.id, &older, 1).await?;
        let newer = Filter { after: Some(number), ..Filter::default() };
        let newer = store::journal::list(db, page.space.id, &newer, usize::MAX).await?;
        view.older = link(older.first().map(|(_, entry)| entry.id.to_string()));
        view.newer = link(newer.last().map(|(_, entry)| entry.id.to_string()));
        view.back = format!("{}#r{number}", page.link("/", &[]));
    }
    render_page(&page, &RequestPage { page: &page, view })
}

/// The space whose journal has the request.
async fn find_space(page: &Page, id: &str) -> Result<Option<String>, Error> {
    let db = &page.app().db;
    for space in store::space::list(&mut db.read().await?).await? {
        if store::journal::find(db, space.id, id).await?.is_some() {
            return Ok(Some(space.name));
        }
    }
    Ok(None)
}

/// A body as it was sent, as far as the journal keeps it.
pub(super) async fn show_body(Path((id, which)): Path<(String, String)>, page: Page) -> Result<Response, PageError> {
    let found = store::journal::find(&page.app().db, page.space.id, &id).await?;
    let (_, entry) = found.ok_or_else(|| Error::NotFound(format!("the journal holds no request `{id}`")))?;
    let message = match which.as_str() {
        "request" => &entry.request,
        "response" => &entry.response,
        _ => return Err(Error::RouteUnknown.into()),
    };
    // As text, whatever it says it is: a browser must not run it.
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], message.body.clone()).into_response())
}

#[cfg(test)]
pub(super) fn example_detail(request: &serde_json::Value, line: &serde_json::Value) -> RequestDetail {
    let mut whole = serde_json::json!({
        "id": "1", "at": "2026-01-15T09:00:00Z", "elapsed_us": 1, "method": "POST", "path": "/p", "status": 200,
        "request": request, "response": { "headers": [], "body_bytes": 0 },
        "trail": { "credential": { "outcome": "good" }, "permission": {} },
    });
    for (name, value) in line.as_object().unwrap() {
        whole[name] = value.clone();
    }
    serde_json::from_value(whole).unwrap()
}
