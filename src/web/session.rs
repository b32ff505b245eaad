//! Who looks at the pages: a browser with a cookie, and behind a control token somebody who knew it.

use askama::Template;
use axum::{
    Form,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use crate::{
    app::App,
    core::{ids::random_bytes, token::PlainToken},
    http::control_guard::is_control_token,
    web::{BASE, Pages},
};

/// The cookie of a session: its name, and what proves that it was made here.
const COOKIE: &str = "locum-ui";
/// The cookie of a note that the next page shows once.
const NOTE: &str = "locum-ui-note";

/// A browser's session: random, and worth something only with its proof.
#[derive(Clone)]
pub(crate) struct Session {
    name: String,
    /// What was done, said once.
    pub note: Option<String>,
}

impl Session {
    fn new() -> Self {
        Self { name: hex::encode(random_bytes::<16>()), note: None }
    }

    /// The session of a request, if it was made here, under the present control token.
    fn of(app: &App, headers: &HeaderMap) -> Option<Self> {
        let (name, proof) = cookie(headers, COOKIE)?.split_once('.')?;
        let session = Self { name: name.to_owned(), note: cookie(headers, NOTE).and_then(readable) };
        // In a time that tells nothing about how much of it is right.
        bool::from(session.proof(app).as_bytes().ct_eq(proof.as_bytes())).then_some(session)
    }

    fn keyed(&self, app: &App, what: &str) -> String {
        app.keyring.fingerprint(&PlainToken::new(format!("locum-ui {what} {}", self.name))).to_hex()
    }

    fn proof(&self, app: &App) -> String {
        let token = app.config.control_token.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        self.keyed(app, &format!("session of {token}"))
    }

    /// What a form of this session carries.
    pub(crate) fn form_token(&self, app: &App) -> String {
        let mut token = self.keyed(app, "form");
        token.truncate(32);
        token
    }

    fn cookie(&self, app: &App) -> Option<HeaderValue> {
        set(COOKIE, &format!("{}.{}", self.name, self.proof(app)), "")
    }
}

fn cookie<'a>(headers: &'a HeaderMap, wanted: &str) -> Option<&'a str> {
    let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == wanted).map(|(_, value)| value)
}

fn set(name: &str, value: &str, further: &str) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("{name}={value}; Path={BASE}; HttpOnly; SameSite=Strict{further}")).ok()
}

/// A cookie that makes the next page say something.
pub(crate) fn note(text: &str) -> Option<HeaderValue> {
    set(NOTE, &hex::encode(text), "; Max-Age=30")
}

fn readable(note: &str) -> Option<String> {
    String::from_utf8(hex::decode(note).ok()?).ok()
}

#[derive(Template)]
#[template(path = "login.html", config = "src/web/askama.toml")]
struct Login<'a> {
    to: &'a str,
    is_wrong: bool,
}

fn ask(to: &str, is_wrong: bool) -> Response {
    match (Login { to, is_wrong }).render() {
        Ok(page) => (StatusCode::UNAUTHORIZED, Html(page)).into_response(),
        Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Middleware: gives every browser a session; behind a control token, asks for it first.
pub(crate) async fn session(State(pages): State<Pages>, mut request: Request, next: Next) -> Response {
    let app = &pages.app;
    let known = Session::of(app, request.headers());
    let is_new = known.is_none();
    if is_new && app.config.control_token.is_some() {
        let to = request.uri().path_and_query().filter(|_| request.method() == Method::GET);
        return ask(to.map_or("", axum::http::uri::PathAndQuery::as_str), false);
    }
    let session = known.unwrap_or_else(Session::new);
    let is_noted = session.note.is_some();
    request.extensions_mut().insert(session.clone());
    let mut response = next.run(request).await;
    if let Some(cookie) = session.cookie(app).filter(|_| is_new) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    if let Some(cookie) = set(NOTE, "", "; Max-Age=0").filter(|_| is_noted) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// What the login form sends.
#[derive(Deserialize)]
pub(crate) struct Credentials {
    token: String,
    #[serde(default)]
    to: String,
}

/// Begins a session for who knows the control token. Carries no form token: who can send it knows the token, and
/// the guard has looked at where it comes from.
pub(crate) async fn login(State(pages): State<Pages>, Form(credentials): Form<Credentials>) -> Response {
    let Credentials { token, to } = credentials;
    if !is_control_token(&pages.app, &token) {
        return ask(&to, true);
    }
    let to = if crate::web::view::is_own_page(&to) { to } else { format!("{BASE}/") };
    let mut response = Redirect::to(&to).into_response();
    if let Some(cookie) = Session::new().cookie(&pages.app) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
