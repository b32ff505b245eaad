//! What every page knows: its space, its session, its address, its overlay.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use askama::Template;
use axum::{
    extract::FromRequestParts,
    http::{Method, StatusCode, Uri, header, request::Parts},
    response::{Html, IntoResponse, Response},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    BASE, Pages,
    control_action::ControlAction,
    control_client,
    error::PageError,
    format::format_time,
    links::{find_place, format_query},
    overlay::{Overlay, Refused},
    session::Session,
};
use crate::{
    app::App,
    core::{
        clock::{Clock, Time},
        error::Error,
        now::Now,
        suggest::suggest,
        text::cut,
    },
    domain::{
        journal::Entry,
        organization::{DEFAULT_SPACE, Organization, Space},
    },
    http::{connection::OverTls, request_context::find_sent_uri},
    store::{self, journal},
};

/// Said in the place of what lay over a page.
const GONE: &str = "What was made, asked or entered here is not kept any more: it was for a few minutes.";

/// What a page's query may name, beside the space. In the extensions of its requests.
#[derive(Clone, Copy)]
pub(crate) struct Parameters(pub &'static [&'static str]);

impl Parameters {
    /// Says what of a query the page does not know, because who wrote it expects something else than is shown.
    fn describe_unknown(self, query: &HashMap<String, String>) -> Option<String> {
        const NAMED: usize = 3;
        let mut unknown: Vec<&String> = query.keys().filter(|name| !self.0.contains(&name.as_str())).collect();
        unknown.sort_unstable();
        let describe = |name: &&String| {
            let near = suggest(name, self.0.iter().copied());
            format!("`{}` is nothing that this page knows{near}", cut(name, 40))
        };
        let described: Vec<String> = unknown.iter().take(NAMED).map(describe).collect();
        (!described.is_empty()).then(|| described.join("; "))
    }
}

/// What templates need to know of the page that is requested.
pub(crate) struct Page {
    pub pages: Pages,
    pub space: Space,
    /// Names of all spaces.
    pub spaces: Vec<String>,
    /// The parameters of the query that have a value, without the space.
    pub query: HashMap<String, String>,
    /// This page's path and query.
    pub here: String,
    /// The base URL that the browser knows.
    pub base: String,
    pub note: Option<String>,
    /// What of the query this page does not know.
    pub unknown: Option<String>,
    pub overlay: Option<Overlay>,
    /// What names what was made and is shown now.
    pub shown: Option<String>,
    pub form_token: String,
    path: String,
}

impl FromRequestParts<Pages> for Page {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, pages: &Pages) -> Result<Self, PageError> {
        let app = &pages.app;
        let session: &Session = parts.extensions.get().ok_or_else(|| Error::internal("a page without a session"))?;
        let uri = find_sent_uri(parts);
        let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let mut query: HashMap<String, String> =
            pairs.into_owned().filter(|(_, value)| !value.trim().is_empty()).collect();
        let shown = query.remove("shown");
        let kept = shown.as_ref().map(|id| pages.shown.find::<Overlay>(session.name(), id));
        let is_gone = kept.as_ref().is_some_and(Option::is_none);
        let here = without_shown(uri);
        // Over another page it would be said of what that shows.
        let is_here = |(_, page): &(Overlay, String)| find_place(page) == find_place(&here);
        let overlay = kept.flatten().filter(is_here).map(|(overlay, _)| overlay);
        let note = match &overlay {
            Some(Overlay::Kept { note, .. }) => note.clone(),
            _ => session.note.clone().or_else(|| is_gone.then(|| GONE.to_owned())),
        };
        let space = app.space(&query.remove("space").unwrap_or_else(|| DEFAULT_SPACE.to_owned())).await?;
        let spaces = store::space::list(&mut app.db.read().await?).await?;
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let base = app.config.public_url.clone().unwrap_or_else(|| match host {
            Some(host) if parts.extensions.get::<OverTls>().is_some() => format!("https://{host}"),
            Some(host) => format!("http://{host}"),
            None => format!("http://{}", app.config.listen),
        });
        let parameters: Option<&Parameters> = parts.extensions.get();
        Ok(Self {
            unknown: parameters.and_then(|known| known.describe_unknown(&query)),
            spaces: spaces.into_iter().map(|space| space.name).collect(),
            here,
            path: uri.path().to_owned(),
            form_token: session.form_token(app),
            note,
            overlay,
            shown,
            pages: pages.clone(),
            space,
            query,
            base,
        })
    }
}

/// The address that forms come back to, and that closing a dialog leads to.
fn without_shown(uri: &Uri) -> String {
    let kept = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.starts_with("shown="));
    let query = kept.collect::<Vec<_>>().join("&");
    format!("{}{}{query}", uri.path(), if query.is_empty() { "" } else { "?" })
}

impl Page {
    pub(crate) fn app(&self) -> &App {
        &self.pages.app
    }

    pub(crate) fn now(&self) -> Time {
        self.space.now()
    }

    /// The same, for what may note how it is used.
    pub(crate) fn answer_time(&self) -> Now {
        Now::at(self.now())
    }

    /// Whether this page is the one at a path, or below it.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        let here = self.path.strip_prefix(BASE).unwrap_or_default();
        // One request is of the list, which is at the root.
        if path == "/" {
            return here == path || here.starts_with("/requests/");
        }
        here.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Gets a parameter of the query; empty if there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.query.get(name).map(String::as_str).unwrap_or_default()
    }

    /// What was entered into a field of a form, where the form is shown again; else what stands there at first.
    pub(crate) fn entered<'a>(&'a self, place: &str, name: &str, at_first: &'a str) -> &'a str {
        let entered = self.overlay.as_ref().and_then(Overlay::entered).filter(|entered| entered.place == place);
        entered.and_then(|entered| entered.get(name)).unwrap_or(at_first)
    }

    /// Whether a form is shown again with what was entered.
    pub(crate) fn keeps(&self, place: &str) -> bool {
        self.overlay.as_ref().and_then(Overlay::entered).is_some_and(|entered| entered.place == place)
    }

    /// Why what a form sent was refused.
    pub(crate) fn refused(&self, place: &str) -> Option<&Refused> {
        match &self.overlay {
            Some(Overlay::Refused(refused)) if refused.entered.place == place => Some(refused),
            _ => None,
        }
    }

    /// The space as a parameter of a query: empty for the default one, which no link needs to name.
    pub(crate) fn space_parameter(&self) -> &str {
        if self.space.name == DEFAULT_SPACE { "" } else { &self.space.name }
    }

    /// Links to a page, in this space.
    pub(crate) fn link(&self, path: &str, pairs: &[(&str, &str)]) -> String {
        let query = format_query(pairs.iter().copied().chain([("space", self.space_parameter())]));
        format!("{BASE}{path}{query}")
    }

    /// Links to this page with some parameters changed, or left out if they are empty.
    pub(crate) fn with(&self, pairs: &[(&str, &str)]) -> String {
        let kept = self.query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let kept = kept.filter(|(name, _)| pairs.iter().all(|(set, _)| set != name));
        let mut all: Vec<(&str, &str)> = kept.collect();
        all.sort_unstable();
        all.extend(pairs);
        all.push(("space", self.space_parameter()));
        format!("{}{}", self.path, format_query(all))
    }

    /// Links to the requests that changed a record.
    pub(crate) fn requests_of(&self, id: &str) -> String {
        let word = if id.contains([' ', '"']) { format!("\"{}\"", id.replace('"', "")) } else { id.to_owned() };
        self.link("/", &[("q", &format!("record:{word}"))])
    }

    /// Those of some records that a request of the journal has changed. Seeds make others.
    pub(crate) async fn list_changed(&self, ids: impl Iterator<Item = &str>) -> Result<BTreeSet<String>, PageError> {
        let (sought, mut found): (BTreeSet<&str>, _) = (ids.collect(), BTreeSet::new());
        if !sought.is_empty() {
            let visit = |_, entry: &Arc<Entry>| {
                let changed = entry.changed.iter().flat_map(|changed| &changed.first);
                found.extend(changed.filter(|change| sought.contains(&*change.id)).map(|change| change.id.clone()));
            };
            journal::for_each(&self.app().db, self.space.id, journal::Parts::WithoutMessages, visit).await?;
        }
        Ok(found)
    }

    /// A path of the control API, in this space. `path` may have a query.
    fn control_path(&self, path: &str) -> String {
        let space = self.space_parameter();
        let separator = if path.contains('?') { '&' } else { '?' };
        if space.is_empty() { path.to_owned() } else { format!("{path}{separator}space={space}") }
    }

    /// Asks the control API, in this space.
    pub(crate) async fn ask<T: DeserializeOwned>(&self, path: &str) -> Result<T, PageError> {
        control_client::call(&self.pages, None, Method::GET, &self.control_path(path), None).await?.read()
    }

    /// Asks a route of the control API that is about no space.
    pub(crate) async fn ask_outside<T: DeserializeOwned>(&self, path: &str) -> Result<T, PageError> {
        control_client::call(&self.pages, None, Method::GET, path, None).await?.read()
    }

    /// Makes a button that calls the control API, in this space.
    pub(crate) fn call(
        &self,
        method: &'static str,
        path: &str,
        body: Value,
        label: impl Into<String>,
    ) -> ControlAction {
        ControlAction::new(method, self.control_path(path), body, label.into())
    }

    /// What the clock shows, for a page that lets it run on: in milliseconds, and whether it runs.
    pub(crate) fn ticking_clock(&self) -> (i64, bool) {
        (self.now().timestamp_millis(), !matches!(self.space.clock, Clock::Frozen(_)))
    }

    /// What the clock shows, in words.
    pub(crate) fn clock(&self) -> String {
        format_time(self.now())
    }

    /// Finds all organizations, and the one that the page is about: which the query names, else the first.
    ///
    /// # Errors
    /// The query names one that is not there: another one in its place would be changed by mistake.
    pub(crate) async fn organization(&self) -> Result<(Vec<Organization>, Option<Organization>), PageError> {
        let all = store::organization::list(&mut self.app().db.read().await?, self.space.id).await?;
        let code = |o: &Organization| o.customer_code.to_string();
        let chosen = match self.get("organization") {
            "" => all.first().cloned(),
            named => {
                let found = all.iter().find(|o| code(o) == named).cloned();
                let codes: Vec<String> = all.iter().map(code).collect();
                let what = "organization with the customer code";
                Some(found.ok_or_else(|| self.find_nothing(what, named, codes.iter().map(String::as_str)))?)
            }
        };
        Ok((all, chosen))
    }

    /// Says that the query names something that is not in the space, and what may have been meant.
    pub(crate) fn find_nothing<'a>(
        &self,
        what: &str,
        named: &str,
        there: impl IntoIterator<Item = &'a str> + Clone,
    ) -> PageError {
        let (space, near) = (&self.space.name, suggest(named, there));
        PageError {
            status: StatusCode::NOT_FOUND,
            detail: format!("there is no {what} `{named}` in the space {space}{near}"),
        }
    }

    /// Finds everybody in an organization, by address, and as whom the page is seen: whom the query names, else
    /// `default`, else the first.
    ///
    /// # Errors
    /// The query names somebody who is not there.
    pub(crate) async fn people(
        &self,
        organization: &Organization,
        default: Option<&str>,
    ) -> Result<(Vec<Person>, String), PageError> {
        let known = store::organization::people(&mut self.app().db.read().await?, organization.id).await?;
        let mut people: Vec<Person> =
            known.into_iter().map(|(email, person)| Person { email, name: person.name }).collect();
        people.sort_unstable_by(|a, b| a.email.cmp(&b.email));
        let named = self.query.get("as").map(|email| email.to_lowercase());
        if let Some(unknown) = named.as_ref().filter(|email| people.iter().all(|person| person.email != **email)) {
            let what = format!("person of {} with the address", organization.name);
            return Err(self.find_nothing(&what, unknown, people.iter().map(|person| person.email.as_str())));
        }
        let first = || people.first().map(|person| person.email.as_str());
        let chosen = named.as_deref().or(default).or_else(first).unwrap_or_default().to_lowercase();
        Ok((people, chosen))
    }
}

pub(crate) struct Person {
    pub email: String,
    pub name: String,
}

#[derive(Template)]
#[template(path = "empty.html", config = "src/web/askama.toml")]
struct EmptyPage<'a> {
    page: &'a Page,
    title: &'a str,
    what: &'a str,
}

/// Renders a page that has nothing to show, because there is no `what` in the space.
pub(crate) fn render_empty_page(page: &Page, title: &str, what: &str) -> Result<Response, PageError> {
    render_page(page, &EmptyPage { page, title, what })
}

/// Renders a page, with the status of its overlay.
pub(crate) fn render_page(page: &Page, template: &impl Template) -> Result<Response, PageError> {
    let status = page.overlay.as_ref().map_or(StatusCode::OK, Overlay::status);
    Ok((status, Html(template.render()?)).into_response())
}
