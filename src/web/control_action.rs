//! Buttons: each calls a route of the control API, which decides.

use askama::{Template, filters::HtmlSafe};
use axum::{
    extract::State,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
};
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    Pages, control_client,
    error::PageError,
    form::{Form, find_field, find_page, unreadable},
    form_body,
    links::is_own_page,
    overlay::{Entered, Made, Overlay, Refused},
    session::Session,
};
use crate::{
    core::each_once::find_twice,
    http::{CONTROL_BASE, plain_words::put_in_words},
};

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
    /// Whether it changes nothing, so that what was entered is still there after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    only_checks: bool,
    /// What the button is about, for people who do not see where it stands.
    #[serde(skip)]
    of: Option<String>,
}

impl ControlAction {
    pub(crate) fn new(method: &'static str, path: String, body: Value, label: String) -> Self {
        Self {
            method: method.to_owned(),
            path,
            body,
            label,
            ask: None,
            back: None,
            done: None,
            hint: None,
            only_checks: false,
            of: None,
        }
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

    /// Keeps what was entered, because nothing is done with it yet.
    pub(crate) fn only_checks(self) -> Self {
        Self { only_checks: true, ..self }
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
        let is_empty = self.body.is_null() || self.body == "";
        let body = if is_empty { String::new() } else { format!(" {}", self.body) };
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

/// Leads to a page with something over it. It has an address of its own, because Back and Reload would ask whether to
/// send a form again that was answered by a page.
pub(crate) fn lead_to(pages: &Pages, session: &Session, page: &str, overlay: Overlay) -> Response {
    let bytes = overlay.count_bytes();
    let id = pages.shown.keep(session.name(), page, overlay, bytes);
    let separator = if page.contains('?') { '&' } else { '?' };
    Redirect::to(&format!("{page}{separator}shown={id}")).into_response()
}

/// Makes the call that a form holds, and leads to the page again, with a dialog if there is something to say.
///
/// Fields: `form`, the session's form token; `back`, the page; `place`, the id of a form that is filled in; `call`;
/// `set.NAME`, a text of the call's body; `body`, all of it, as JSON; `cancel`, where it is not to be done after all.
pub(crate) async fn call(
    State(pages): State<Pages>,
    headers: HeaderMap,
    axum::Extension(session): axum::Extension<Session>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let field = |name: &str| find_field(&fields, name);
    let back = find_page(&fields)?;
    let host = headers.get(header::HOST);
    let entered = Entered::of(&fields);
    if field("cancel").is_some() {
        return Ok(lead_to(&pages, &session, back, Overlay::Kept { entered, note: None }));
    }
    let call: ControlAction = field("call").and_then(|call| serde_json::from_str(call).ok()).ok_or_else(unreadable)?;
    // Not GET, because no button needs it, and the answer of `/events` would never end.
    let method: Method = call.method.parse().ok().filter(|method| *method != Method::GET).ok_or_else(unreadable)?;
    let to = call.back.clone().filter(|back| is_own_page(back)).unwrap_or_else(|| back.to_owned());
    let outcome = if is_of_session(&pages, &session, &fields) {
        make(&pages, host, method, call, entered).await?
    } else {
        // Not a dead end: Locum was started anew, and who pressed the button wants it still.
        Outcome::Open(Overlay::Stale { call, entered })
    };
    match outcome {
        Outcome::Open(overlay) => Ok(lead_to(&pages, &session, back, overlay)),
        Outcome::Made(overlay) => Ok(lead_to(&pages, &session, &to, overlay)),
        Outcome::Done(note) => {
            let note = CookieJar::new().add(session.note_cookie(&note));
            Ok((note, Redirect::to(&to)).into_response())
        }
    }
}

fn is_of_session(pages: &Pages, session: &Session, fields: &[(String, String)]) -> bool {
    find_field(fields, "form") == Some(&session.form_token(&pages.app))
}

/// Checks that a form is of a page of this session.
///
/// # Errors
/// It is not, and is to be sent once more.
pub(crate) fn check_form(pages: &Pages, session: &Session, fields: &[(String, String)]) -> Result<(), PageError> {
    if is_of_session(pages, session, fields) {
        return Ok(());
    }
    let detail = "this page was from before Locum was started, or of another session. Nothing was done yet: press \
                  once more";
    Err(PageError { status: StatusCode::FORBIDDEN, detail: detail.to_owned() })
}

/// What became of a call.
enum Outcome {
    /// It is done, and the next page says so.
    Done(String),
    /// The page that the button is on has something to say first.
    Open(Overlay),
    /// It is done, and the next page shows what was made.
    Made(Overlay),
}

/// Makes the call, or asks whether to.
async fn make(
    pages: &Pages,
    host: Option<&HeaderValue>,
    method: Method,
    call: ControlAction,
    entered: Entered,
) -> Result<Outcome, PageError> {
    let ControlAction { mut path, mut body, label, ask, done, hint, only_checks, .. } = call.clone();
    form_body::complete_path(&mut path, &entered.fields);
    let refuse = |status, detail| Refused::new(label.clone(), status, detail, entered.clone());
    if let Err(detail) = complete(&mut body, &entered.fields) {
        return Ok(Outcome::Open(Overlay::Refused(Box::new(refuse(StatusCode::BAD_REQUEST, detail)))));
    }
    if let Some(question) = ask {
        let call = ControlAction { ask: None, ..call };
        return Ok(Outcome::Open(Overlay::Ask { question, call, entered }));
    }
    let has = |is_it: fn(&str) -> bool| entered.fields.iter().any(|(name, _)| is_it(name));
    let (has_text, has_fields) = (has(|name| name == "body"), has(|name| name.starts_with("set.")));
    if body.is_null() && has_fields {
        // Everything was left empty, and the route says what it needs.
        body = Value::Object(Map::new());
    }
    let body = Some(body).filter(|body| !body.is_null() || has_text);
    let answered = control_client::call(pages, host, method, &path, body.as_ref()).await?;
    Ok(if !answered.status.is_success() {
        let detail = if has_text || !has_fields { answered.detail() } else { answered.detail_of_field() };
        let refused = refuse(answered.status, detail).with_answer(&answered.body);
        Outcome::Open(Overlay::Refused(Box::new(refused)))
    } else if only_checks {
        Outcome::Open(Overlay::Kept { entered, note: done })
    } else if let Some(why) = answered.nothing {
        Outcome::Done(format!("Nothing was done: {why}"))
    } else if let Some(token) = answered.body["token"].as_str() {
        let (label, hint) = (done.unwrap_or(label), hint.unwrap_or_default());
        Outcome::Made(Overlay::Token { label, token: token.to_owned(), hint })
    } else if holds_token(&answered.body) {
        Outcome::Made(Overlay::Made(Made::new(label, &answered.body)))
    } else if let (Some(expected), Some(found)) = (answered.body["expected"].as_str(), answered.body["found"].as_i64())
    {
        Outcome::Done(format!("Verified: expected {expected}, found {found}."))
    } else {
        Outcome::Done(done.unwrap_or_else(|| format!("Done: {label}")))
    })
}

/// Puts what a person entered into the body.
fn complete(body: &mut Value, fields: &[(String, String)]) -> Result<(), String> {
    for (name, value) in fields {
        if name == "body" {
            // Once it is read, the member is there once.
            if !body.is_string()
                && let Some(twice) = find_twice(value.as_bytes())
            {
                return Err(twice.detail);
            }
            // A call whose body is a text takes a text, such as a seed in YAML.
            *body = match body {
                Value::String(_) => value.as_str().into(),
                _ => serde_json::from_str(value)
                    .map_err(|e| format!("this is not JSON: {}", put_in_words(&e.to_string())))?,
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
