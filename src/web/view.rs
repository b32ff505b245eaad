//! What every page knows: its space, its session, where it stands, what lies over it.

use std::{collections::HashMap, fmt::Display};

use askama::Template;
use axum::{
    body::Body,
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderValue, Method, Request, StatusCode, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use chrono::SecondsFormat;
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{
    app::App,
    core::{clock::Time, error::Error},
    domain::organization::{DEFAULT_SPACE, Organization, Space},
    http::problem::Problem,
    store,
    web::{BASE, Pages},
    web::{
        control_action::{Call, Overlay},
        session::Session,
    },
};

/// A page that cannot be shown, and why.
#[derive(Debug)]
pub(crate) struct PageError {
    pub status: StatusCode,
    pub detail: String,
}

impl From<Error> for PageError {
    fn from(fault: Error) -> Self {
        Problem::from(fault).into()
    }
}

impl From<Problem> for PageError {
    fn from(problem: Problem) -> Self {
        Self { status: problem.status(), detail: problem.detail().to_owned() }
    }
}

impl From<askama::Error> for PageError {
    fn from(error: askama::Error) -> Self {
        Error::internal(error).into()
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/web/askama.toml")]
struct ErrorPage<'a> {
    status: StatusCode,
    detail: &'a str,
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        let Self { status, detail } = self;
        let page = ErrorPage { status, detail: &detail }.render().unwrap_or_default();
        (status, Html(page)).into_response()
    }
}

/// What the control API answered.
pub(crate) struct Answered {
    pub status: StatusCode,
    pub body: Value,
}

impl Answered {
    /// Its body, unless it is a problem.
    pub(crate) fn read<T: DeserializeOwned>(self) -> Result<T, PageError> {
        if self.status.is_success() {
            return serde_json::from_value(self.body).map_err(|e| Error::internal(e).into());
        }
        Err(PageError { status: self.status, detail: self.detail() })
    }

    /// What a problem says.
    pub(crate) fn detail(&self) -> String {
        self.body["detail"].as_str().unwrap_or("no detail").to_owned()
    }
}

/// Asks the control API.
pub(crate) async fn ask(
    pages: &Pages,
    host: Option<&HeaderValue>,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Answered, PageError> {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(host) = host {
        request = request.header(header::HOST, host);
    }
    let body = body.map(ToString::to_string).unwrap_or_default();
    let request = request.body(Body::from(body)).map_err(|e| Error::Unreadable(e.to_string()))?;
    let response = pages.control.clone().oneshot(request).await.into_response();
    let status = response.status();
    let bytes = response.into_body().collect().await.map_err(Error::internal)?.to_bytes();
    // What is no JSON is text.
    let text = || String::from_utf8_lossy(&bytes).into();
    Ok(Answered { status, body: serde_json::from_slice(&bytes).unwrap_or_else(|_| text()) })
}

/// A page of ours, to which a form may lead back.
pub(crate) fn is_own_page(to: &str) -> bool {
    to.starts_with(&format!("{BASE}/")) || to.starts_with(&format!("{BASE}?"))
}

/// A query as it is written in a link: what is empty is left out.
pub(crate) fn written<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs.into_iter().filter(|(_, value)| !value.is_empty()));
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

/// The page that is asked for.
pub(crate) struct Page {
    pub pages: Pages,
    pub space: Space,
    /// Names of all spaces.
    pub spaces: Vec<String>,
    /// The query, without what is empty, and without the space.
    pub query: HashMap<String, String>,
    /// Path and query.
    pub here: String,
    /// The base URL that the browser knows.
    pub base: String,
    pub note: Option<String>,
    pub overlay: Option<Overlay>,
    pub form_token: String,
    path: String,
}

impl FromRequestParts<Pages> for Page {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, PageError> {
        let app = &pages.app;
        let session: &Session = parts.extensions.get().ok_or_else(|| Error::internal("a page without a session"))?;
        let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |uri| &uri.0);
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let mut query: HashMap<String, String> =
            pairs.into_owned().filter(|(_, value)| !value.trim().is_empty()).collect();
        let space = app.space(&query.remove("space").unwrap_or_else(|| DEFAULT_SPACE.to_owned())).await?;
        let spaces = store::space::list(&mut app.db.read().await?).await?;
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let base = app.config.public_url.clone().unwrap_or_else(|| match host {
            Some(host) => format!("http://{host}"),
            None => format!("http://{}", app.config.listen),
        });
        Ok(Self {
            spaces: spaces.into_iter().map(|space| space.name).collect(),
            here: uri.path_and_query().map(ToString::to_string).unwrap_or_default(),
            path: uri.path().to_owned(),
            form_token: session.form_token(app),
            note: session.note.clone(),
            overlay: parts.extensions.get().cloned(),
            pages: pages.clone(),
            space,
            query,
            base,
        })
    }
}

impl Page {
    pub(crate) fn app(&self) -> &App {
        &self.pages.app
    }

    pub(crate) fn now(&self) -> Time {
        self.space.now()
    }

    /// Whether this page stands there.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let rest = self.path.strip_prefix(BASE).and_then(|here| here.strip_prefix(path));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// A parameter of the query; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The space, where it is not the default one.
    pub(crate) fn other_space(&self) -> &str {
        if self.space.name == DEFAULT_SPACE { "" } else { &self.space.name }
    }

    /// A link to a page, in this space.
    pub(crate) fn link(&self, path: &str, pairs: &[(&str, &str)]) -> String {
        let query = written(pairs.iter().copied().chain([("space", self.other_space())]));
        format!("{BASE}{path}{query}")
    }

    /// A link to this page with some parameters set, or left out if they are empty.
    pub(crate) fn with(&self, pairs: &[(&str, &str)]) -> String {
        let kept = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| pairs.iter().all(|(set, _)| set != name));
        let mut all: Vec<(&str, &str)> = kept.collect();
        all.sort_unstable();
        all.extend(pairs);
        all.push(("space", self.other_space()));
        format!("{}{}", self.path, written(all))
    }

    /// A path of the control API, in this space. `path` may hold a query.
    fn control_path(&self, path: &str) -> String {
        let space = self.other_space();
        let separator = if path.contains('?') { '&' } else { '?' };
        if space.is_empty() { path.to_owned() } else { format!("{path}{separator}space={space}") }
    }

    /// Asks the control API, in this space.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, PageError> {
        ask(&self.pages, None, Method::GET, &self.control_path(path), None).await?.read()
    }

    /// The same of routes that are about no space.
    pub(crate) async fn ask_outside<T: DeserializeOwned>(&self, path: &str) -> Result<T, PageError> {
        ask(&self.pages, None, Method::GET, path, None).await?.read()
    }

    /// A button that calls the control API, in this space.
    pub(crate) fn call(&self, method: &'static str, path: &str, body: Value, label: impl Into<String>) -> Call {
        Call::new(method, self.control_path(path), body, label.into())
    }

    /// What the clock shows, in words.
    pub(crate) fn clock(&self) -> String {
        shown(self.now())
    }

    /// The organization that the query names, else the first; with all of them.
    pub(crate) async fn organization(&self) -> Result<(Vec<Organization>, Option<Organization>), PageError> {
        let all = store::organization::list(&mut self.app().db.read().await?, self.space.id).await?;
        let named = |o: &&Organization| o.customer_code.to_string() == self.get("organization");
        let chosen = all.iter().find(named).or(all.first()).cloned();
        Ok((all, chosen))
    }

    /// Everybody in an organization, by address, and who looks at the page: whom the query names, else whom `else`
    /// says, else the first.
    pub(crate) async fn people(
        &self,
        organization: &Organization,
        or: Option<&str>,
    ) -> Result<(Vec<Person>, String), PageError> {
        let known = store::organization::people(&mut self.app().db.read().await?, organization.id).await?;
        let mut people: Vec<Person> =
            known.into_iter().map(|(email, person)| Person { email, name: person.name }).collect();
        people.sort_unstable_by(|a, b| a.email.cmp(&b.email));
        let named = self.query.get("as").map(String::as_str);
        let there = |email: &&str| people.iter().any(|person| person.email == email.to_lowercase());
        let chosen = named.filter(there).or(or).or(people.first().map(|person| person.email.as_str()));
        let chosen = chosen.unwrap_or_default().to_lowercase();
        Ok((people, chosen))
    }
}

/// Somebody, as a page names them.
pub(crate) struct Person {
    pub email: String,
    pub name: String,
}

/// A moment as pages write it: to the second, without the zone, which is always UTC.
pub(crate) fn shown(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true).replace('T', " ").trim_end_matches('Z').to_owned()
}

/// The same of one that may never be.
pub(crate) fn shown_or(time: Option<Time>, never: &str) -> String {
    time.map_or_else(|| never.to_owned(), shown)
}

/// A segment of a path.
pub(crate) fn segment(text: &str) -> String {
    let written: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    written.replace('+', "%20")
}

/// Renders a page, at the status of what lies over it.
pub(crate) fn rendered(page: &Page, template: &impl Template) -> Result<Response, PageError> {
    let status = page.overlay.as_ref().map_or(StatusCode::OK, Overlay::status);
    Ok((status, Html(template.render()?)).into_response())
}

/// `1 token`, `2 tokens`.
pub(crate) fn counted(number: impl Display, noun: &str) -> String {
    let number = number.to_string();
    if number == "1" { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}

/// A moment of the control API as pages write it.
pub(crate) fn tidy(moment: &str) -> String {
    moment.split('.').next().unwrap_or(moment).trim_end_matches('Z').replace('T', " ")
}

/// The prefix of the control API, for what is shown.
pub(crate) const CONTROL: &str = crate::http::CONTROL_BASE;
