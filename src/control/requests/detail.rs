//! One request, with what was decided on the way.

use std::{borrow::Cow, sync::Arc};

use axum::extract::State;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::Serialize;
use utoipa::ToSchema;

use super::{RequestSummary, check_kept};
use crate::{
    app::App,
    core::{clock, error::Error},
    domain::journal::{CredentialOutcome, DecisionTrace, Entry, Message},
    http::{
        control_input::{Answer, InSpace, Segments, SpaceQuery},
        problem::{Problem, Refused},
    },
    store,
};

/// A request, whole. `[label]` stands where a credential was sent, `********` where one was that nobody knows.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct RequestDetail {
    #[serde(flatten)]
    summary: RequestSummary,
    /// What was asked.
    request: MessageAnswer,
    /// What was answered.
    response: MessageAnswer,
    trail: TrailAnswer,
}

/// Headers and body.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct MessageAnswer {
    /// In the order in which they came.
    headers: Vec<Header>,
    /// The body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    /// The body, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    /// How many bytes it had. The journal keeps the first 64 KiB.
    body_bytes: usize,
}

/// A header.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct Header {
    #[schema(example = "content-type")]
    name: String,
    value: String,
}

/// How a request was decided.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct TrailAnswer {
    credential: CredentialTrail,
    permission: PermissionTrail,
    /// The window that it was counted in; absent where nothing is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<WindowTrail>,
    /// The injected fault that hit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<FaultTrail>,
    /// Why it was refused, in Locum's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// Which credential matched.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct CredentialTrail {
    /// `nothing` (none was sent), `unknown`, `expired` or `good`.
    #[schema(value_type = String, example = "good")]
    outcome: CredentialOutcome,
    /// What it is called, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
}

/// Which role or scope was needed, and found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct PermissionTrail {
    /// Absent where no handler asked, as for an unknown path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "read:tokens:admin")]
    needed: Option<Cow<'static, str>>,
    /// What the credential may do, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "every scope")]
    held: Option<String>,
}

/// A rate-limit window, after the request was counted.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct WindowTrail {
    /// Requests in one window.
    limit: i64,
    /// How many more are let through.
    remaining: i64,
    /// When counting starts over.
    #[schema(format = DateTime)]
    reset: String,
    /// The request was refused for it.
    exceeded: bool,
}

/// An injected fault.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::control) struct FaultTrail {
    /// The rule's id.
    id: String,
    /// What it did.
    #[schema(example = "delay 500ms, status 503")]
    did: String,
}

impl From<&Message> for MessageAnswer {
    fn from(message: &Message) -> Self {
        let text = std::str::from_utf8(&message.body);
        let is_kept = !message.body.is_empty();
        Self {
            headers: message
                .headers
                .iter()
                .map(|(name, value)| Header { name: name.to_owned(), value: value.to_owned() })
                .collect(),
            body: text.ok().filter(|_| is_kept).map(ToOwned::to_owned),
            body_base64: text.is_err().then(|| BASE64_STANDARD.encode(&message.body)),
            body_bytes: message.length,
        }
    }
}

impl From<&Entry> for TrailAnswer {
    fn from(entry: &Entry) -> Self {
        let DecisionTrace { credential, needed, held, window, fault, refusal } = entry.trail.clone();
        let text = |shared: &Option<Arc<str>>| shared.as_deref().map(ToOwned::to_owned);
        Self {
            credential: CredentialTrail { outcome: credential, label: text(&entry.credential) },
            permission: PermissionTrail { needed, held: text(&held) },
            rate_limit: window.map(|window| WindowTrail {
                limit: window.limit,
                remaining: window.remaining,
                reset: clock::write(window.reset),
                exceeded: window.exceeded,
            }),
            fault: fault.map(|hit| FaultTrail { id: hit.id, did: hit.did }),
            refusal,
        }
    }
}

/// One request, with headers, bodies, and how it was decided.
#[utoipa::path(get, path = "/requests/{id}", operation_id = "getRequest", tag = "Requests", security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The `X-Request-Id` of its answer"), SpaceQuery),
    responses((status = 200, description = "The request", body = RequestDetail), Refused))]
pub(in crate::control) async fn get_request(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<RequestDetail>, Problem> {
    check_kept(&app)?;
    let id = path.get("id");
    let found = store::journal::find(&app.db, space.id, id).await?;
    let Some((_, entry)) = found else {
        return Err(Error::NotFound(format!("the journal holds no request `{id}`")).into());
    };
    Ok(Answer(RequestDetail {
        summary: (&*entry).into(),
        request: (&entry.request).into(),
        response: (&entry.response).into(),
        trail: (&*entry).into(),
    }))
}
