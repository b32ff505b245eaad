//! The journal, as a list.

use axum::{
    Extension,
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    RequestSummary, check_journal_is_kept,
    har::{Archive, HAR},
};
use crate::{
    app::{App, run_journal::Happened},
    control::{request_matcher::check_names, spaces::BaseUrl},
    core::{clock, error::Error},
    domain::{
        journal::{Filter, Note, NotedAfter, SequencedEntry},
        organization::SpaceId,
        request_matcher::RequestMatcher,
    },
    http::{
        control_input::{Answer, InSpace, NothingDone, Outcome, Params, SpaceQuery},
        problem::{Problem, Refused},
    },
    services::{Registry, Services},
    store,
};

/// Requests on a page, unless the query says otherwise.
const DEFAULT_LIMIT: u32 = 100;
/// The most requests that fit on a page.
const MAX_LIMIT: u32 = 1000;

/// The journal of a space.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct JournalPage {
    /// The newest first.
    pub(crate) requests: Vec<RequestSummary>,
    /// How many were dropped to make room since the journal was last cleared.
    pub(crate) evicted: i64,
    /// Where the next page begins: send it as `cursor`. Absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

/// Which requests a list shows.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::control) struct RequestsQuery {
    /// Of this service.
    service: Option<String>,
    /// With this operation id.
    operation: Option<String>,
    /// With the credential of this label.
    credential: Option<String>,
    /// With this status, or of this class: `404`, `4xx`.
    status: Option<String>,
    /// Those that sent something that nothing read, or the others.
    ignored: Option<bool>,
    /// From this time on, by the space's clock; or behind the request with this id.
    since: Option<String>,
    /// How many on a page. An archive has no pages: left out, it holds all.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<u32>,
    /// Where the page before said that the next begins.
    cursor: Option<String>,
    /// How it is written
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// How it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Json,
    /// As an HTTP Archive with headers and bodies, the oldest first.
    Har,
}

impl RequestsQuery {
    async fn read(self, app: &App, services: &Registry, space: SpaceId) -> Result<(Filter, usize), Problem> {
        let Self { service, operation, credential, status, ignored, since, limit, cursor, format } = self;
        let mut which = RequestMatcher { service, operation, credential, ignored, ..RequestMatcher::default() };
        check_names(services, "", &mut which)?;
        let status = status.map(|text| parse_statuses(&text)).transpose()?;
        let before =
            cursor.map(|text| text.parse().map_err(|_| Error::invalid("/cursor", "not a cursor of this list")));
        if !limit.is_none_or(|limit| (1..=MAX_LIMIT).contains(&limit)) {
            return Err(Error::invalid("/limit", format!("expected a number from 1 to {MAX_LIMIT}")).into());
        }
        let mut filter = Filter { which, status, before: before.transpose()?, ..Filter::default() };
        match since.map(|text| clock::parse(&text).map_err(|_| text)) {
            None => {}
            Some(Ok(time)) => filter.since = Some(time),
            Some(Err(id)) => {
                let found = store::journal::find(&app.db, space, &id).await?;
                let wrong = || {
                    Error::invalid(
                        "/since",
                        format!(
                            "`{id}` is neither a time like 2026-01-15T09:00:00Z nor the id of a request in the journal"
                        ),
                    )
                };
                filter.after = Some(found.ok_or_else(wrong)?.0);
            }
        }
        let limit = match (limit, format) {
            (None, Format::Har) => return Ok((filter, usize::MAX)),
            (limit, _) => limit.unwrap_or(DEFAULT_LIMIT),
        };
        Ok((filter, usize::try_from(limit).unwrap_or(usize::MAX)))
    }
}

/// Reads `404`, or all of a class: `4xx`.
fn parse_statuses(text: &str) -> Result<(u16, u16), Error> {
    let exact = text.parse::<u16>().ok().filter(|status| (100..=599).contains(status));
    let class =
        text.strip_suffix("xx").and_then(|class| class.parse::<u16>().ok()).filter(|class| (1..=5).contains(class));
    let range = exact.map(|status| (status, status)).or(class.map(|class| (class * 100, class * 100 + 99)));
    range.ok_or_else(|| Error::invalid("/status", format!("`{text}` is not a status: expected one like 404 or 4xx")))
}

/// The journal, the newest request first, or as an HTTP Archive. Requests of the control API are not in it.
#[utoipa::path(get, path = "/requests", operation_id = "getRequests", tag = "Requests",
    security((), ("controlToken" = [])),
    params(SpaceQuery, RequestsQuery),
    responses(
        (status = 200, description = "The requests", content(
            (JournalPage = "application/json"),
            (Archive = "application/har+json"),
        )),
        Refused))]
pub(in crate::control) async fn get_requests(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    BaseUrl(base): BaseUrl,
    Params(query): Params<RequestsQuery>,
) -> Result<Response, Problem> {
    check_journal_is_kept(&app)?;
    let format = query.format;
    let (filter, limit) = query.read(&app, &services, space.id).await?;
    if format == Format::Har {
        // Before the requests, so that those that they come after are there.
        let notes = store::journal::list_notes(&app.db, space.id).await?;
        let entries = store::journal::list(&app.db, space.id, &filter, limit).await?;
        let all = in_order(notes, entries);
        let archive = Archive::of(&base, all.iter().map(|happened| (space.id, happened)));
        return Ok(([(header::CONTENT_TYPE, HAR)], Answer(archive)).into_response());
    }
    // One more, to know whether there is another page.
    let mut page = store::journal::list(&app.db, space.id, &filter, limit + 1).await?;
    let is_last = page.len() <= limit;
    page.truncate(limit);
    let next = page.last().filter(|_| !is_last).map(|(number, _)| number.to_string());
    let summary = |(_, entry): &SequencedEntry| RequestSummary::from(&**entry);
    let evicted = store::journal::evicted(&app.db, space.id).await?;
    Ok(Answer(JournalPage { requests: page.iter().map(summary).collect(), evicted, next }).into_response())
}

/// Puts notes before the requests that came after them: both are there from the oldest to the newest then.
fn in_order(notes: Vec<NotedAfter>, newest_first: Vec<SequencedEntry>) -> Vec<Happened> {
    let mut notes = notes.into_iter().map(|(note, _)| note).peekable();
    let tell = |note: Note| Happened::Note(note.arrived, note.text.into());
    let mut all = Vec::new();
    for (number, entry) in newest_first.into_iter().rev() {
        all.extend(std::iter::from_fn(|| notes.next_if(|note| note.after < number)).map(tell));
        all.push(Happened::Request(entry));
    }
    all.extend(notes.map(tell));
    all
}

/// Clears the journal.
#[utoipa::path(delete, path = "/requests", operation_id = "deleteRequests", tag = "Requests",
    security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "What is left: none", body = JournalPage), Refused))]
pub(in crate::control) async fn delete_requests(
    State(app): State<App>,
    InSpace(space): InSpace,
) -> Result<Outcome<JournalPage>, Problem> {
    check_journal_is_kept(&app)?;
    let is_empty = store::journal::list(&app.db, space.id, &Filter::default(), 1).await?.is_empty()
        && store::journal::evicted(&app.db, space.id).await? == 0
        && store::journal::list_notes(&app.db, space.id).await?.is_empty();
    let mut db = app.db.write_in(&space).await?;
    store::journal::clear(&mut db);
    db.commit().await?;
    let nothing = NothingDone::when(is_empty, "there was no request");
    Ok((nothing, Answer(JournalPage { requests: Vec::new(), evicted: 0, next: None })))
}
