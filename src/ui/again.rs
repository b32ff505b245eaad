//! Sends a request again, as its caller: Locum knows the credential by what it is found by, and needs no token.

use axum::{
    Extension,
    body::Body,
    extract::State,
    http::{HeaderName, HeaderValue, Request, StatusCode},
    response::{IntoResponse as _, Redirect, Response},
};
use similar::{ChangeTag, TextDiff};
use tower::ServiceExt as _;

use super::json_text::set_out;
use crate::{
    control::{MessageAnswer, RequestDetail},
    core::{error::Error, redact::MASK},
    domain::{
        credential::CredentialSummary,
        journal::{CredentialOutcome, Entry},
        organization::{DEFAULT_SPACE, Space, SpaceId},
    },
    http::{observe::X_REQUEST_ID, stored_credential::StoredCredential},
    store,
    web::{
        BASE, Pages,
        control_action::{check_form, lead_to},
        error::PageError,
        form::{Form, find_page},
        links::encode_segment,
        overlay::{Entered, Overlay, Refused},
        session::Session,
        view::Page,
    },
};

/// Headers that belong to the connection, or follow from the body.
const NOT_SENT: [&str; 5] = ["content-length", "transfer-encoding", "connection", "expect", "x-request-id"];
/// As many lines as a difference is looked for in.
const COMPARED: usize = 2_000;
/// As many lines as are shown of it.
const SHOWN: usize = 200;
/// Lines around a difference.
const AROUND: usize = 2;

/// The form that sends a request again.
pub(super) struct Again {
    /// What is sent, to be changed.
    pub body: Option<String>,
    pub has_mask: bool,
    pub whose: String,
}

impl Again {
    /// `None` where not all of the body is there.
    pub(super) fn of(detail: &RequestDetail) -> Option<Self> {
        const LONGEST: usize = 1_500;
        let RequestDetail { request, trace, .. } = detail;
        let body = request.body.clone();
        if body.as_ref().map_or(0, String::len) != request.body_bytes {
            return None;
        }
        let label = trace.credential.label.as_deref();
        let whose = match (trace.credential.outcome, label) {
            (CredentialOutcome::Nothing, _) => "without a credential, as it was".to_owned(),
            (CredentialOutcome::Unknown, _) | (_, None) => "with a credential that nobody has, as it was".to_owned(),
            (CredentialOutcome::Expired | CredentialOutcome::Good, Some(label)) => format!("as {label}"),
        };
        let has_mask = body.as_ref().is_some_and(|body| body.contains(MASK));
        Some(Self { body: body.filter(|body| body.len() <= LONGEST), has_mask, whose })
    }
}

/// Sends it, and shows what came of it beside the answer before.
pub(super) async fn send(
    State(pages): State<Pages>,
    Extension(session): Extension<Session>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, PageError> {
    let back = find_page(&fields)?;
    let sent = match check_form(&pages, &session, &fields) {
        Ok(()) => send_again(&pages, back, &fields).await,
        Err(error) => Err(error),
    };
    match sent {
        // It stays where it was entered, with what is wrong beside it.
        Err(PageError { status, detail }) if status.is_client_error() => {
            let refused = Refused::new("Send again".to_owned(), status, detail, Entered::of(&fields));
            Ok(lead_to(&pages, &session, back, Overlay::Refused(Box::new(refused))))
        }
        sent => sent,
    }
}

async fn send_again(pages: &Pages, back: &str, fields: &[(String, String)]) -> Result<Response, PageError> {
    let field = |name: &str| fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    let id = field("id").unwrap_or_default();
    let space = find_space(pages, back).await?;
    let found = store::journal::find(&pages.app.db, space.id, id).await?;
    let (_, entry) = found.ok_or_else(|| Error::NotFound(format!("the journal holds no request `{id}`")))?;
    let mut request = rebuild(&entry, field("body"))?;
    if let Some(credential) = find_credential(pages, space.id, &entry).await? {
        request.extensions_mut().insert(credential);
    }
    let answer = pages.vendors.clone().oneshot(request).await.into_response();
    let sent = answer.headers().get(X_REQUEST_ID).and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
    let (path, query) = back.split_once('?').unwrap_or((back, ""));
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "open" && name != "against");
    let mut to = form_urlencoded::Serializer::new(String::new());
    to.extend_pairs(kept).append_pair("against", id);
    let path = if path.contains("/requests/") {
        format!("{}/requests/{}", BASE, encode_segment(&sent))
    } else {
        to.append_pair("open", &sent);
        path.to_owned()
    };
    Ok(Redirect::to(&format!("{path}?{}#against", to.finish())).into_response())
}

async fn find_space(pages: &Pages, back: &str) -> Result<Space, Error> {
    let query = back.split_once('?').map_or("", |(_, query)| query);
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "space");
    pages.app.space(named.as_ref().map_or(DEFAULT_SPACE, |(_, name)| name)).await
}

/// The same request. A browser writes a line break as two characters, so a body that nobody changed is the old one.
fn rebuild(entry: &Entry, body: Option<&str>) -> Result<Request<Body>, Error> {
    // Where a token stood its label does. Who asks is known without it.
    let mut request = Request::builder().method(&*entry.method).uri(entry.address());
    for (name, value) in entry.request.headers.iter().filter(|(name, _)| !NOT_SENT.contains(name)) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            request = request.header(name, value);
        }
    }
    let old = String::from_utf8_lossy(&entry.request.body).replace("\r\n", "\n");
    let body = match body.map(|body| body.replace("\r\n", "\n")) {
        Some(body) if body != old => Body::from(body),
        _ if entry.request.body.is_empty() => Body::empty(),
        _ => Body::from(entry.request.body.clone()),
    };
    request.body(body).map_err(|e| Error::Unreadable(format!("it cannot be sent again: {e}")))
}

/// What the request was sent with, if somebody has it still.
async fn find_credential(pages: &Pages, space: SpaceId, entry: &Entry) -> Result<Option<StoredCredential>, PageError> {
    let refuse = |detail| PageError { status: StatusCode::CONFLICT, detail };
    let Some(label) = entry.credential() else { return Ok(None) };
    let all = store::credential::list(&mut pages.app.db.read().await?, space).await?;
    let is_it = |one: &&CredentialSummary| {
        one.label == label && entry.service.as_deref().is_none_or(|service| one.service == service)
    };
    let mut found = all.iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(StoredCredential::of(&one.fingerprint)),
        (None, _) => Err(refuse(format!("the credential {label} is gone, so nobody can send as it"))),
        (Some(_), Some(_)) => Err(refuse(format!("several credentials are called {label} now"))),
    }
}

/// What another answer to the same request says differently.
pub(super) struct Against {
    pub said: String,
    pub link: String,
    /// ` `, `-` or `+`, and the line.
    pub lines: Vec<(&'static str, String)>,
}

impl Against {
    pub(super) async fn load(page: &Page, detail: &RequestDetail) -> Option<Self> {
        let id = page.get("against");
        if id.is_empty() {
            return None;
        }
        let old: RequestDetail = page.ask(&format!("/requests/{}", encode_segment(id))).await.ok()?;
        let (before, after) = (old.summary.status, detail.summary.status);
        let lines = compare(&text(&old.response), &text(&detail.response));
        let said = match (before == after, lines.is_empty()) {
            (true, true) => format!("{after}, and the same answer."),
            (true, false) => format!("{after} both times, with another answer."),
            (false, _) => format!("It was {before}, and is {after}."),
        };
        Some(Self { said, link: page.with(&[("open", id), ("against", "")]), lines })
    }
}

fn text(message: &MessageAnswer) -> String {
    let body = message.body.as_deref().unwrap_or_default();
    set_out(body).unwrap_or_else(|| body.to_owned())
}

fn compare(old: &str, new: &str) -> Vec<(&'static str, String)> {
    let start = |text: &str| {
        let lines = text.lines().take(COMPARED);
        lines.fold(String::new(), |start, line| start + line + "\n")
    };
    let (old, new) = (start(old), start(new));
    let diff = TextDiff::from_lines(&old, &new);
    let hunks = diff.grouped_ops(AROUND);
    let changes = hunks.iter().flatten().flat_map(|op| diff.iter_changes(op));
    let lines = changes.map(|change| {
        let sign = match change.tag() {
            ChangeTag::Equal => " ",
            ChangeTag::Delete => "-",
            ChangeTag::Insert => "+",
        };
        (sign, change.value().trim_end_matches('\n').to_owned())
    });
    lines.take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::example_entry;

    #[test]
    fn only_what_differs_is_shown() {
        assert_eq!(compare("{\n  1\n}", "{\n  1\n}"), []);
        let shown = compare("{\n  1\n}", "{\n  2\n}");
        let shown: Vec<_> = shown.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
        assert_eq!(shown, [" {", "-  1", "+  2", " }"]);
    }

    #[test]
    fn a_label_in_an_address_is_sent_as_text() {
        let entry = example_entry("token=[Zoë's <key> #1 (vault)]&x=a%2Bb+c", "");
        let sent = "token=%5BZo%C3%AB's%20%3Ckey%3E%20%231%20(vault)%5D&x=a%2Bb+c";
        assert_eq!(rebuild(&entry, None).unwrap().uri().query(), Some(sent));
    }

    #[tokio::test]
    async fn a_body_that_nobody_changed_is_the_old_one() {
        use http_body_util::BodyExt as _;
        let entry = example_entry("", "a\nb");
        for (sent, is) in [(None, "a\nb"), (Some("a\r\nb"), "a\nb"), (Some("c\r\nd"), "c\nd"), (Some(""), "")] {
            let body = rebuild(&entry, sent).unwrap().into_body().collect().await.unwrap().to_bytes();
            assert_eq!(body, is);
        }
    }
}
