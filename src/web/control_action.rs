//! Buttons: each calls a route of the control API, which decides.

use askama::{Template, filters::HtmlSafe};
use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower::ServiceExt as _;

use super::{Pages, control_client, error::PageError, form::Form, form_body, links::is_own_page, session::Session};
use crate::http::CONTROL_BASE;

/// A call of the control API. The page holds it as the value of a button or of a hidden field, and sends it back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ControlAction {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    body: Value,
    /// What the button says.
    label: String,
    /// What a person has to confirm before it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ask: Option<String>,
    /// The page that is shown after it, if that is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<String>,
    /// What the page says after it; above a token that it made, whose that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    done: Option<String>,
    /// How to use the token that it makes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// What the button is about, for people who do not see where it stands.
    #[serde(skip)]
    of: Option<String>,
}

impl ControlAction {
    pub(crate) fn new(method: &'static str, path: String, body: Value, label: String) -> Self {
        Self { method: method.to_owned(), path, body, label, ask: None, back: None, done: None, hint: None, of: None }
    }

    /// Has a person confirm it first.
    pub(crate) fn asks(self, question: impl Into<String>) -> Self {
        Self { ask: Some(question.into()), ..self }
    }

    /// Shows another page after it.
    pub(crate) fn leads(self, to: String) -> Self {
        Self { back: Some(to), ..self }
    }

    /// Says by name what was done, after it.
    pub(crate) fn says(self, done: impl Into<String>) -> Self {
        Self { done: Some(done.into()), ..self }
    }

    /// Says how to use the token that it makes.
    pub(crate) fn hints(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// Says what the button is about, so that it can be told from others with its label.
    pub(crate) fn of(self, whose: impl Into<String>) -> Self {
        Self { of: Some(whose.into()), ..self }
    }

    /// Writes it as the page holds it.
    pub(crate) fn value(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Writes the request for people to read.
    pub(crate) fn request(&self) -> String {
        let body = if self.body.is_null() { String::new() } else { format!(" {}", self.body) };
        format!("{} {}{}{body}", self.method, CONTROL_BASE, self.path)
    }

    fn class(&self) -> &'static str {
        if self.ask.is_some() { "danger" } else { "" }
    }
}

/// Writes a button of the form that every page has.
impl std::fmt::Display for ControlAction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Button { call: self }.render().map_err(|_| std::fmt::Error)?)
    }
}

impl HtmlSafe for ControlAction {}

#[derive(Template)]
#[template(path = "button.html", config = "src/web/askama.toml")]
struct Button<'a> {
    call: &'a ControlAction,
}

/// A dialog over a page.
#[derive(Debug, Clone)]
pub(crate) enum Overlay {
    /// It is to be confirmed.
    Ask { question: String, call: ControlAction },
    /// It made a token, which is shown only here.
    Token { label: String, token: String, hint: String },
    /// It made several things, among them tokens, which are shown only here.
    Made { label: String, body: String },
    /// It was refused.
    Refused(Box<Refused>),
    /// The page that has it is not of this session, so nothing was done yet.
    Stale { call: ControlAction },
}

/// What was refused, why, and what was entered, to be mended.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub label: String,
    pub status: StatusCode,
    pub detail: String,
    /// The call, with nothing that was entered.
    pub call: ControlAction,
    /// The names of fields, and what was entered.
    pub entered: Vec<(String, String)>,
    /// Requests that are nearly as they were expected, and why they are not.
    pub nearest: Vec<NearRequest>,
}

/// As much as is shown of a request that comes near to what was asked about.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NearRequest {
    pub id: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub differences: Vec<NearDifference>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NearDifference {
    pub field: String,
    pub expected: String,
    pub found: Option<String>,
}

impl Overlay {
    /// The status of the page beneath.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refused) => refused.status,
            Self::Stale { .. } => StatusCode::FORBIDDEN,
            Self::Ask { .. } | Self::Token { .. } | Self::Made { .. } => StatusCode::OK,
        }
    }
}

#[derive(Clone)]
pub(crate) struct Caller {
    pub pages: Pages,
    pub views: Router,
}

/// Makes the call that a form holds, and shows the page again, with a dialog if there is something to say.
///
/// Fields: `form`, the session's form token; `back`, the page; `call`; `set.NAME`, a text of the call's body;
/// `body`, all of it, as JSON.
pub(crate) async fn call(
    State(caller): State<Caller>,
    headers: HeaderMap,
    axum::Extension(session): axum::Extension<Session>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let field = |name: &str| find_field(&fields, name);
    let unreadable = || PageError { status: StatusCode::BAD_REQUEST, detail: UNREADABLE.to_owned() };
    let back = field("back").filter(|back| is_own_page(back)).ok_or_else(unreadable)?;
    let mut call: ControlAction =
        field("call").and_then(|call| serde_json::from_str(call).ok()).ok_or_else(unreadable)?;
    // Not GET, because no button needs it, and the answer of `/events` would never end.
    let method: Method = call.method.parse().ok().filter(|method| *method != Method::GET).ok_or_else(unreadable)?;
    let host = headers.get(header::HOST);
    let overlay = if is_of_session(&caller.pages, &session, &fields) {
        make(&caller.pages, host, method, &mut call, &fields).await?
    } else {
        // Not a dead end: Locum was started anew, and who pressed the button wants it still.
        complete(&mut call.body, &fields).map_err(|detail| PageError { status: StatusCode::BAD_REQUEST, detail })?;
        Made::Shown(Overlay::Stale { call: call.clone() })
    };
    let to = call.back.as_deref().filter(|back| is_own_page(back)).unwrap_or(back);
    let overlay = match overlay {
        Made::Shown(overlay) => overlay,
        Made::Kept(overlay) => {
            let id = caller.pages.shown.keep(session.name(), overlay);
            let separator = if to.contains('?') { '&' } else { '?' };
            return Ok(Redirect::to(&format!("{to}{separator}shown={id}")).into_response());
        }
        Made::Done(note) => {
            let note = CookieJar::new().add(session.note_cookie(&note));
            return Ok((note, Redirect::to(to)).into_response());
        }
    };
    let mut view = Request::get(back);
    if let Some(host) = host {
        view = view.header(header::HOST, host);
    }
    let view = view.extension(session).extension(overlay).body(Body::empty()).map_err(|_| unreadable())?;
    Ok(caller.views.oneshot(view).await.into_response())
}

const UNREADABLE: &str = "the form does not say which page, or which call";

fn find_field<'a>(fields: &'a [(String, String)], name: &str) -> Option<&'a str> {
    fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn is_of_session(pages: &Pages, session: &Session, fields: &[(String, String)]) -> bool {
    find_field(fields, "form") == Some(&session.form_token(&pages.app))
}

/// Checks that a form is of a page of this session, and gives the page that it is on.
///
/// # Errors
/// It is not, or does not say.
pub(crate) fn check_form<'a>(
    pages: &Pages,
    session: &Session,
    fields: &'a [(String, String)],
) -> Result<&'a str, PageError> {
    let wrong = |status, detail: &str| PageError { status, detail: detail.to_owned() };
    if !is_of_session(pages, session, fields) {
        return Err(wrong(StatusCode::FORBIDDEN, "the form is not from a page of this session: go back and reload it"));
    }
    let back = find_field(fields, "back").filter(|back| is_own_page(back));
    back.ok_or_else(|| wrong(StatusCode::BAD_REQUEST, UNREADABLE))
}

/// What became of a call.
enum Made {
    /// It is done, and the next page says so.
    Done(String),
    /// A dialog is the answer.
    Shown(Overlay),
    /// The same, but what it shows was made, and is not to be made once more.
    Kept(Overlay),
}

/// Makes the call, or asks whether to.
async fn make(
    pages: &Pages,
    host: Option<&HeaderValue>,
    method: Method,
    call: &mut ControlAction,
    fields: &[(String, String)],
) -> Result<Made, PageError> {
    let (label, untouched) = (call.label.clone(), call.clone());
    form_body::complete_path(&mut call.path, fields);
    let refuse = |status, detail, nearest| {
        let entered = fields.iter().filter(|(name, _)| name == "body" || name.starts_with("set."));
        let (label, call) = (untouched.label.clone(), untouched.clone());
        let refused = Refused { label, status, detail, call, entered: entered.cloned().collect(), nearest };
        Ok(Made::Shown(Overlay::Refused(Box::new(refused))))
    };
    if let Err(detail) = complete(&mut call.body, fields) {
        return refuse(StatusCode::BAD_REQUEST, detail, Vec::new());
    }
    if let Some(question) = call.ask.take() {
        return Ok(Made::Shown(Overlay::Ask { question, call: call.clone() }));
    }
    let body = Some(&call.body).filter(|body| !body.is_null());
    let answered = control_client::call(pages, host, method, &call.path, body).await?;
    Ok(if !answered.status.is_success() {
        let nearest = serde_json::from_value(answered.body["nearest"].clone()).unwrap_or_default();
        return refuse(answered.status, answered.detail(), nearest);
    } else if let Some(token) = answered.body["token"].as_str() {
        let label = call.done.take().unwrap_or(label);
        Made::Kept(Overlay::Token { label, token: token.to_owned(), hint: call.hint.take().unwrap_or_default() })
    } else if holds_token(&answered.body) {
        let body = serde_json::to_string_pretty(&answered.body).unwrap_or_default();
        Made::Kept(Overlay::Made { label, body })
    } else if let (Some(expected), Some(found)) = (answered.body["expected"].as_str(), answered.body["found"].as_i64())
    {
        Made::Done(format!("Verified: expected {expected}, found {found}."))
    } else {
        Made::Done(call.done.take().unwrap_or_else(|| format!("Done: {label}")))
    })
}

/// Puts what a person entered into the body.
fn complete(body: &mut Value, fields: &[(String, String)]) -> Result<(), String> {
    for (name, value) in fields {
        if name == "body" {
            // A call whose body is a text takes a text, such as a seed in YAML.
            *body = match body {
                Value::String(_) => value.as_str().into(),
                _ => serde_json::from_str(value).map_err(|e| format!("this is not JSON: {e}"))?,
            };
        } else if let Some(name) = name.strip_prefix("set.").filter(|name| !name.starts_with('{')) {
            form_body::set(body, name, value)?;
        }
    }
    Ok(())
}

/// Whether there is a token anywhere in it.
fn holds_token(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| name == "token" || holds_token(value)),
        Value::Array(items) => items.iter().any(holds_token),
        _ => false,
    }
}
