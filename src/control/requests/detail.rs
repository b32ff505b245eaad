//! One request, with what was decided on the way.

use axum::extract::State;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{RequestSummary, check_journal_is_kept};
use crate::{
    app::App,
    core::error::Error,
    domain::journal::{DecisionTrace, Message},
    http::{
        control_input::{Answer, InSpace, Segments, SpaceQuery},
        problem::{Problem, Refused},
    },
    store,
};

/// A request, whole. `[label]` stands where a credential was sent, `********` where one was that nobody knows.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestDetail {
    #[serde(flatten)]
    pub(crate) summary: RequestSummary,
    /// What was asked.
    pub(crate) request: MessageAnswer,
    /// What was answered.
    pub(crate) response: MessageAnswer,
    #[serde(rename = "trail")]
    pub(crate) trace: DecisionTrace,
}

/// Headers and body.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct MessageAnswer {
    /// In the order in which they came.
    pub(crate) headers: Vec<Header>,
    /// The body, where it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    /// The body, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body_base64: Option<String>,
    /// How many bytes it had. The journal keeps the first 64 KiB.
    pub(crate) body_bytes: usize,
}

/// A header.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Header {
    #[schema(example = "content-type")]
    pub(crate) name: String,
    pub(crate) value: String,
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

/// One request, with headers, bodies, and how it was decided.
#[utoipa::path(get, path = "/requests/{id}", operation_id = "getRequest", tag = "Requests",
    security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The `X-Request-Id` of its answer"), SpaceQuery),
    responses((status = 200, description = "The request", body = RequestDetail), Refused))]
pub(in crate::control) async fn get_request(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<RequestDetail>, Problem> {
    check_journal_is_kept(&app)?;
    let id = path.get("id");
    let found = store::journal::find(&app.db, space.id, id).await?;
    let Some((_, entry)) = found else {
        return Err(Error::NotFound(format!("the journal holds no request `{id}`")).into());
    };
    Ok(Answer(RequestDetail {
        summary: (&*entry).into(),
        request: (&entry.request).into(),
        response: (&entry.response).into(),
        trace: entry.trace.clone(),
    }))
}
