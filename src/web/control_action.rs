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

use super::{
    Pages, control_client,
    error::PageError,
    form::Form,
    form_body,
    links::is_own_page,
    session::{Session, note_cookie},
};
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
    Refused { label: String, status: StatusCode, detail: String },
}

impl Overlay {
    /// The status of the page beneath.
    pub(crate) fn status(&self) -> StatusCode {
        if let Self::Refused { status, .. } = self { *status } else { StatusCode::OK }
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
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let wrong = |status, detail: &str| PageError { status, detail: detail.to_owned() };
    if field("form") != Some(&session.form_token(&caller.pages.app)) {
        return Err(wrong(StatusCode::FORBIDDEN, "the form is not from a page of this session: go back and reload it"));
    }
    let unreadable = || wrong(StatusCode::BAD_REQUEST, "the form does not say which page, or which call");
    let back = field("back").filter(|back| is_own_page(back)).ok_or_else(unreadable)?;
    let mut call: ControlAction =
        field("call").and_then(|call| serde_json::from_str(call).ok()).ok_or_else(unreadable)?;
    // Not GET, because no button needs it, and the answer of `/events` would never end.
    let method: Method = call.method.parse().ok().filter(|method| *method != Method::GET).ok_or_else(unreadable)?;
    let host = headers.get(header::HOST);
    let Some(overlay) = make(&caller.pages, host, method, &mut call, &fields).await? else {
        let to = call.back.as_deref().filter(|back| is_own_page(back)).unwrap_or(back);
        let note = CookieJar::new().add(note_cookie(&call.done.unwrap_or_else(|| format!("Done: {}", call.label))));
        return Ok((note, Redirect::to(to)).into_response());
    };
    let mut view = Request::get(back);
    if let Some(host) = host {
        view = view.header(header::HOST, host);
    }
    let view = view.extension(session).extension(overlay).body(Body::empty()).map_err(|_| unreadable())?;
    Ok(caller.views.oneshot(view).await.into_response())
}

/// Makes the call, or asks whether to. `None` when it was made and there is nothing to show.
async fn make(
    pages: &Pages,
    host: Option<&HeaderValue>,
    method: Method,
    call: &mut ControlAction,
    fields: &[(String, String)],
) -> Result<Option<Overlay>, PageError> {
    let label = call.label.clone();
    form_body::complete_path(&mut call.path, fields);
    if let Err(detail) = complete(&mut call.body, fields) {
        return Ok(Some(Overlay::Refused { label, status: StatusCode::BAD_REQUEST, detail }));
    }
    if let Some(question) = call.ask.take() {
        return Ok(Some(Overlay::Ask { question, call: call.clone() }));
    }
    let body = Some(&call.body).filter(|body| !body.is_null());
    let answered = control_client::call(pages, host, method, &call.path, body).await?;
    Ok(if !answered.status.is_success() {
        Some(Overlay::Refused { label, status: answered.status, detail: answered.detail() })
    } else if let Some(token) = answered.body["token"].as_str() {
        let label = call.done.take().unwrap_or(label);
        Some(Overlay::Token { label, token: token.to_owned(), hint: call.hint.take().unwrap_or_default() })
    } else if holds_token(&answered.body) {
        let body = serde_json::to_string_pretty(&answered.body).unwrap_or_default();
        Some(Overlay::Made { label, body })
    } else {
        None
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
