//! Who looks at the pages: a browser with a cookie, and behind a control token somebody who knew it.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{Request, State},
    http::{Method, StatusCode, uri::PathAndQuery},
    middleware::Next,
    response::{Html, IntoResponse, Redirect, Response},
};
use axum_extra::extract::{
    CookieJar,
    cookie::{Cookie, SameSite},
};
use secrecy::ExposeSecret;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::{BASE, HOME, Pages, form::Form, links::is_own_page};
use crate::{
    app::App,
    core::{ids::random_bytes, token::PlainToken},
    http::control_guard::is_control_token,
};

/// The cookie of a session: its name, a full stop, and the proof that it was made here.
const SESSION: &str = "locum-ui";
/// The cookie of a note that the next page shows once.
const NOTE: &str = "locum-ui-note";
/// A note that no page has shown by then is not shown at all.
const NOTE_LIFETIME: Duration = Duration::from_secs(30);

/// A browser's session: a random name, which is worth nothing without its proof.
#[derive(Clone)]
pub(crate) struct Session {
    name: String,
    /// What the page says once, because it was just done.
    pub note: Option<String>,
}

impl Session {
    fn new() -> Self {
        Self { name: hex::encode(random_bytes::<16>()), note: None }
    }

    /// The session of a request, if it was made here, under the present control token.
    fn find(app: &App, cookies: &CookieJar) -> Option<Self> {
        let (name, proof) = cookies.get(SESSION)?.value().split_once('.')?;
        let session = Self { name: name.to_owned(), note: cookies.get(NOTE).and_then(read_note) };
        // In constant time, because the time would tell how much of the proof is right.
        bool::from(session.proof(app).as_bytes().ct_eq(proof.as_bytes())).then_some(session)
    }

    fn sign(&self, app: &App, purpose: &str) -> String {
        app.keyring.fingerprint(&PlainToken::new(format!("locum-ui {purpose} {}", self.name))).to_hex()
    }

    fn proof(&self, app: &App) -> String {
        let token = app.config.control_token.as_ref().map(ExposeSecret::expose_secret).unwrap_or_default();
        self.sign(app, &format!("session of {token}"))
    }

    /// What every form of this session has to send along.
    pub(crate) fn form_token(&self, app: &App) -> String {
        let mut token = self.sign(app, "form");
        token.truncate(32);
        token
    }

    fn cookie(&self, app: &App) -> Cookie<'static> {
        build_cookie(SESSION, format!("{}.{}", self.name, self.proof(app)), None)
    }
}

fn build_cookie(name: &'static str, value: String, lifetime: Option<Duration>) -> Cookie<'static> {
    let cookie = Cookie::build((name, value)).path(BASE).http_only(true).same_site(SameSite::Strict);
    match lifetime.and_then(|lifetime| lifetime.try_into().ok()) {
        Some(lifetime) => cookie.max_age(lifetime).build(),
        None => cookie.build(),
    }
}

/// Makes a cookie that lets the next page say something.
pub(crate) fn note_cookie(text: &str) -> Cookie<'static> {
    build_cookie(NOTE, hex::encode(text), Some(NOTE_LIFETIME))
}

fn read_note(cookie: &Cookie<'_>) -> Option<String> {
    String::from_utf8(hex::decode(cookie.value()).ok()?).ok()
}

#[derive(Template)]
#[template(path = "login.html", config = "src/web/askama.toml")]
struct LoginPage<'a> {
    to: &'a str,
    is_wrong: bool,
}

/// Asks for the control token; the page at `to` comes after it.
fn show_login(to: &str, is_wrong: bool) -> Response {
    match (LoginPage { to, is_wrong }).render() {
        Ok(page) => (StatusCode::UNAUTHORIZED, Html(page)).into_response(),
        Err(_) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

/// Middleware: gives every browser a session; behind a control token, asks for it first.
pub(crate) async fn session(
    State(pages): State<Pages>,
    mut cookies: CookieJar,
    mut request: Request,
    next: Next,
) -> Response {
    let app = &pages.app;
    let known = Session::find(app, &cookies);
    let is_new = known.is_none();
    if is_new && app.config.control_token.is_some() {
        let to = request.uri().path_and_query().filter(|_| request.method() == Method::GET);
        return show_login(to.map_or("", PathAndQuery::as_str), false);
    }
    let session = known.unwrap_or_else(Session::new);
    if is_new {
        cookies = cookies.add(session.cookie(app));
    }
    if session.note.is_some() {
        cookies = cookies.remove(build_cookie(NOTE, String::new(), None));
    }
    request.extensions_mut().insert(session);
    (cookies, next.run(request).await).into_response()
}

/// What the login form sends.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    token: String,
    #[serde(default)]
    to: String,
}

/// Begins a session for a browser that knows the control token. The form needs no form token, because who can send it
/// knows the control token, and the guard has checked where it comes from.
pub(crate) async fn login(State(pages): State<Pages>, Form(form): Form<LoginForm>) -> Response {
    let LoginForm { token, to } = form;
    if !is_control_token(&pages.app, &token) {
        return show_login(&to, true);
    }
    let to = if is_own_page(&to) { to } else { HOME.to_owned() };
    (CookieJar::new().add(Session::new().cookie(&pages.app)), Redirect::to(&to)).into_response()
}
