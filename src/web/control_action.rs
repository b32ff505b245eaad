//! Buttons: each is a call to a control route, written down in the page; the route decides.

use askama::{Template, filters::HtmlSafe};
use axum::{
    Form, Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::{
    web::Pages,
    web::{
        session::{Session, note},
        view::{PageError, ask, is_own_page},
    },
};

/// A call to a control route. Written into the page as the value of a button or of a hidden field, and sent back.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Call {
    method: String,
    path: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    body: Value,
    /// What the button says.
    label: String,
    /// What is asked before it is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ask: Option<String>,
    /// The page to go on with, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<String>,
    /// What tells the button from its namesakes, for who does not see where it stands.
    #[serde(skip)]
    of: Option<String>,
}

impl Call {
    pub(crate) fn new(method: &'static str, path: String, body: Value, label: String) -> Self {
        Self { method: method.to_owned(), path, body, label, ask: None, back: None, of: None }
    }

    /// It is done only after this question.
    pub(crate) fn asks(self, question: impl Into<String>) -> Self {
        Self { ask: Some(question.into()), ..self }
    }

    /// Another page is shown after it.
    pub(crate) fn leads(self, to: String) -> Self {
        Self { back: Some(to), ..self }
    }

    /// Tells the button from its namesakes.
    pub(crate) fn of(self, whose: impl Into<String>) -> Self {
        Self { of: Some(whose.into()), ..self }
    }

    /// What the page carries.
    pub(crate) fn value(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// What the button says.
    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// The request that it is, for people to read.
    pub(crate) fn request(&self) -> String {
        let body = if self.body.is_null() { String::new() } else { format!(" {}", self.body) };
        format!("{} {}{}{body}", self.method, crate::web::view::CONTROL, self.path)
    }

    fn class(&self) -> &'static str {
        if self.ask.is_some() { "danger" } else { "" }
    }
}

/// A button of the form that every page has.
impl std::fmt::Display for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&Button { call: self }.render().map_err(|_| std::fmt::Error)?)
    }
}

impl HtmlSafe for Call {}

#[derive(Template)]
#[template(path = "button.html", config = "src/web/askama.toml")]
struct Button<'a> {
    call: &'a Call,
}

/// What lies over a page: an answer, or a question.
#[derive(Debug, Clone)]
pub(crate) enum Overlay {
    /// Shall it be done?
    Ask { question: String, call: Call },
    /// A token, shown once.
    Token { label: String, token: String },
    /// What was made, tokens and all.
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

/// Makes the call that a form holds, and shows the page again: as it is now, or beneath what was answered.
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
    let mut call: Call = field("call").and_then(|call| serde_json::from_str(call).ok()).ok_or_else(unreadable)?;
    // Who only reads needs no button; and there is a stream that has no end.
    let method: Method = call.method.parse().ok().filter(|method| *method != Method::GET).ok_or_else(unreadable)?;
    let host = headers.get(header::HOST);
    let Some(overlay) = outcome(&caller.pages, host, method, &mut call, &fields).await? else {
        let mut response =
            Redirect::to(call.back.as_deref().filter(|back| is_own_page(back)).unwrap_or(back)).into_response();
        if let Some(cookie) = note(&format!("Done: {}", call.label)) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        return Ok(response);
    };
    let mut view = Request::get(back);
    if let Some(host) = host {
        view = view.header(header::HOST, host);
    }
    let view = view.extension(session).extension(overlay).body(Body::empty()).map_err(|_| unreadable())?;
    Ok(caller.views.oneshot(view).await.into_response())
}

/// Makes the call, or asks whether to; `None` when it was done and there is nothing to show.
async fn outcome(
    pages: &Pages,
    host: Option<&HeaderValue>,
    method: Method,
    call: &mut Call,
    fields: &[(String, String)],
) -> Result<Option<Overlay>, PageError> {
    let label = call.label.clone();
    if let Err(detail) = complete(&mut call.body, fields) {
        return Ok(Some(Overlay::Refused { label, status: StatusCode::BAD_REQUEST, detail }));
    }
    if let Some(question) = call.ask.take() {
        return Ok(Some(Overlay::Ask { question, call: call.clone() }));
    }
    let body = Some(&call.body).filter(|body| !body.is_null());
    let answered = ask(pages, host, method, &call.path, body).await?;
    Ok(if !answered.status.is_success() {
        Some(Overlay::Refused { label, status: answered.status, detail: answered.detail() })
    } else if let Some(token) = answered.body["token"].as_str() {
        Some(Overlay::Token { label, token: token.to_owned() })
    } else if holds_token(&answered.body) {
        let body = serde_json::to_string_pretty(&answered.body).unwrap_or_default();
        Some(Overlay::Made { label, body })
    } else {
        None
    })
}

/// Puts what a person wrote into the body.
fn complete(body: &mut Value, fields: &[(String, String)]) -> Result<(), String> {
    for (name, value) in fields {
        if name == "body" {
            *body = serde_json::from_str(value).map_err(|e| format!("this is not JSON: {e}"))?;
        } else if let Some(name) = name.strip_prefix("set.") {
            if body.is_null() {
                *body = Value::Object(serde_json::Map::new());
            }
            let members = body.as_object_mut().ok_or("the body is no JSON object")?;
            members.insert(name.to_owned(), value.as_str().into());
        }
    }
    Ok(())
}

/// Somewhere in it stands a token.
fn holds_token(value: &Value) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| name == "token" || holds_token(value)),
        Value::Array(items) => items.iter().any(holds_token),
        _ => false,
    }
}
