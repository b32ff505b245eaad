//! Who looks at the pages: a browser with a cookie, and behind a control token somebody who knew it.

use std::time::Duration;

use askama::Template;
use axum::{
    extract::{FromRequest as _, Request, State},
    http::{
        Extensions, HeaderMap, HeaderValue, Method, StatusCode, Uri, header,
        uri::{Authority, PathAndQuery},
    },
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

use super::{
    BASE, HOME, Pages,
    error::PageError,
    form::{Form, find_page},
    links::{format_query, is_document, is_own_page},
};
use crate::{
    app::App,
    core::{ids::random_bytes, token::PlainToken},
    http::{CONTROL_BASE, connection::OverTls, control_guard::is_control_token},
};

/// What the names of cookies begin with. The port follows, because browsers send cookies to every port of a host, and
/// on another one is another Locum.
const PREFIX: &str = "locum-ui";
/// A note that no page has shown by then is not shown at all.
const NOTE_LIFETIME: Duration = Duration::from_secs(30);
/// The header of who brings a page that is already shown up to date, and so says no note: pages.js.
const REFRESHES: &str = "locum-refreshes";
/// The parameter that says what is wrong with what the login was sent.
const WRONG: &str = "wrong";

/// A browser's session: a random name, which is worth nothing without its proof.
#[derive(Clone)]
pub(crate) struct Session {
    name: String,
    /// What the page says once, because it was just done.
    pub note: Option<String>,
    place: Place,
}

/// Where a browser finds this Locum, which is where its cookies are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    port: u16,
    is_secure: bool,
}

impl Place {
    fn of(app: &App, extensions: &Extensions, headers: &HeaderMap, uri: &Uri) -> Self {
        let named = headers.get(header::HOST).and_then(|host| host.to_str().ok()?.parse().ok());
        let named: Option<Authority> = named.or_else(|| uri.authority().cloned());
        let is_public = app.config.public_url.as_ref().is_some_and(|url| url.starts_with("https://"));
        let is_secure = is_public || extensions.get::<OverTls>().is_some();
        let usual = if is_secure { 443 } else { 80 };
        Self { port: named.and_then(|host| host.port_u16()).unwrap_or(usual), is_secure }
    }

    /// The cookie of a session: its name, a full stop, and the proof that it was made here.
    fn session_cookie(self) -> String {
        format!("{PREFIX}-{}", self.port)
    }

    /// The cookie of a note that the next page shows once.
    fn note_cookie(self) -> String {
        format!("{PREFIX}-note-{}", self.port)
    }

    fn build_cookie(self, name: String, value: String, lifetime: Option<Duration>) -> Cookie<'static> {
        let cookie = Cookie::build((name, value)).path(CONTROL_BASE).http_only(true).same_site(SameSite::Strict);
        let cookie = cookie.secure(self.is_secure);
        match lifetime.and_then(|lifetime| lifetime.try_into().ok()) {
            Some(lifetime) => cookie.max_age(lifetime).build(),
            None => cookie.build(),
        }
    }
}

impl Session {
    fn new(place: Place) -> Self {
        Self { name: hex::encode(random_bytes::<16>()), note: None, place }
    }

    /// What it is called, which is no secret.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The session of a request, if it was made here, under the present control token.
    fn find(app: &App, cookies: &CookieJar, place: Place) -> Option<Self> {
        let (name, proof) = cookies.get(&place.session_cookie())?.value().split_once('.')?;
        let note = cookies.get(&place.note_cookie()).and_then(read_note);
        let session = Self { name: name.to_owned(), note, place };
        // In constant time, because the time would tell how much of the proof is right.
        bool::from(session.proof(app).as_bytes().ct_eq(proof.as_bytes())).then_some(session)
    }

    /// As [`Self::find`], for who has nothing but the request.
    pub(super) fn of_request(app: &App, extensions: &Extensions, headers: &HeaderMap, sent: &Uri) -> Option<Self> {
        Self::find(app, &CookieJar::from_headers(headers), Place::of(app, extensions, headers, sent))
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

    /// Whether a header holds that.
    pub(super) fn is_form(&self, app: &App, sent: Option<&HeaderValue>) -> bool {
        sent.is_some_and(|sent| bool::from(sent.as_bytes().ct_eq(self.form_token(app).as_bytes())))
    }

    fn cookie(&self, app: &App) -> Cookie<'static> {
        let value = format!("{}.{}", self.name, self.proof(app));
        self.place.build_cookie(self.place.session_cookie(), value, None)
    }

    /// Makes a cookie that lets the next page say something.
    pub(crate) fn note_cookie(&self, text: &str) -> Cookie<'static> {
        self.place.build_cookie(self.place.note_cookie(), hex::encode(text), Some(NOTE_LIFETIME))
    }
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

/// Asks for the control token of who asked for an address.
pub(super) fn show_login_for(asked: &Uri) -> Response {
    show_login(asked.path_and_query().map_or("", PathAndQuery::as_str), false)
}

/// Middleware: gives every browser a session; behind a control token, asks for it first.
pub(crate) async fn session(
    State(pages): State<Pages>,
    mut cookies: CookieJar,
    mut request: Request,
    next: Next,
) -> Response {
    let app = &pages.app;
    let place = Place::of(app, request.extensions(), request.headers(), request.uri());
    let known = Session::find(app, &cookies, place);
    let is_new = known.is_none();
    if is_new && app.config.control_token.is_some() {
        return match *request.method() {
            Method::GET | Method::HEAD => show_login_for(request.uri()),
            _ => lead_to_login(request).await,
        };
    }
    let session = known.unwrap_or_else(|| Session::new(place));
    if is_new {
        cookies = cookies.add(session.cookie(app));
    }
    let says_note = session.note.is_some() && !request.headers().contains_key(REFRESHES);
    request.extensions_mut().insert(session);
    let response = next.run(request).await;
    // Only by a page, because the page that a form was on asks for other things until the next one is there.
    if says_note && is_page(&response) {
        cookies = cookies.remove(place.build_cookie(place.note_cookie(), String::new(), None));
    }
    (cookies, response).into_response()
}

fn is_page(response: &Response) -> bool {
    let kind = response.headers().get(header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Leads who sent a form to the page that it is on, which asks for the control token.
async fn lead_to_login(request: Request) -> Response {
    let Form(fields) = Form::<Vec<(String, String)>>::from_request(request, &()).await.unwrap_or(Form(Vec::new()));
    Redirect::to(find_page(&fields).unwrap_or(HOME)).into_response()
}

/// What the login form sends.
#[derive(Deserialize)]
pub(crate) struct LoginForm {
    token: String,
    #[serde(default)]
    to: String,
}

/// Asks for the control token, once more if what was sent is wrong.
pub(crate) async fn ask(State(pages): State<Pages>, asked: Uri) -> Response {
    if pages.app.config.control_token.is_none() {
        return Redirect::to(HOME).into_response();
    }
    let query = asked.query().unwrap_or_default();
    let find = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(known, _)| known == name);
    show_login(&find("to").map(|(_, to)| to).unwrap_or_default(), find(WRONG).is_some())
}

/// Begins a session for a browser that knows the control token. The form needs no form token, because who can send it
/// knows the control token, and the guard has checked where it comes from.
pub(crate) async fn login(State(pages): State<Pages>, request: Request) -> Result<Response, PageError> {
    let place = Place::of(&pages.app, request.extensions(), request.headers(), request.uri());
    let Form(LoginForm { token, to }) = Form::from_request(request, &()).await?;
    if !is_control_token(&pages.app, &token) {
        // At an address of its own, because Reload would ask whether to send the token again.
        let query = format_query([(WRONG, "token"), ("to", &to)]);
        return Ok(Redirect::to(&format!("{BASE}/login{query}")).into_response());
    }
    let to = if is_own_page(&to) || is_document(&to) { to } else { HOME.to_owned() };
    Ok((CookieJar::new().add(Session::new(place).cookie(&pages.app)), Redirect::to(&to)).into_response())
}
