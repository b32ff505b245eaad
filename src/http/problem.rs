//! Our own errors: `application/problem+json` (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::{
    core::error::{Error, RETRY_AFTER_OUTAGE},
    http::vendor_service::Refusal,
    seed::{Diagnostic, Diagnostics, apply::ApplyError},
};

/// What went wrong.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind of problem it is.
    r#type: &'static str,
    /// The status, in words.
    title: &'static str,
    /// The status.
    status: u16,
    /// What is wrong, and the way out.
    detail: String,
    /// JSON pointer to the value that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
    /// What is wrong in a seed, by place.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<SeedError>,
}

/// Something wrong in a seed document.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeedError {
    /// From 1.
    line: u64,
    /// From 1.
    column: u64,
    /// What is wrong, and what would be right.
    detail: String,
    /// JSON pointer to the value that is wrong, where the seed is an object in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

/// The refusals that every control route shares, for the document.
#[derive(IntoResponses)]
#[response(status = "4XX", description = "Refused", content_type = "application/problem+json")]
#[expect(dead_code, reason = "only its description is used")]
pub struct Refused(#[to_schema] Problem);

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or_default(),
            status: status.as_u16(),
            detail: detail.into(),
            pointer: None,
            errors: Vec::new(),
        }
    }
}

impl Problem {
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What is wrong, and the way out.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The value that is wrong.
    pub(crate) fn at(self, pointer: &str) -> Self {
        Self { pointer: Some(pointer.to_owned()), ..self }
    }

    /// What is wrong in a seed that is a part of the body, with a pointer to each value.
    pub(crate) fn of_seed(diagnostics: Diagnostics, find: impl Fn(&Diagnostic) -> String) -> Self {
        let pointers: Vec<String> = diagnostics.0.iter().map(find).collect();
        let mut problem = Self::from(diagnostics);
        problem.pointer = pointers.first().cloned();
        for (error, pointer) in problem.errors.iter_mut().zip(pointers) {
            error.pointer = Some(pointer);
        }
        problem
    }

    /// A 403 that says why.
    pub(crate) fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, detail)
    }

    /// A 422 that points at a name which nothing has.
    pub(crate) fn unknown(pointer: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, detail).at(pointer)
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use StatusCode as S;
        error.log();
        let detail = error.to_string();
        match error {
            Error::Invalid { pointer, .. } => Self::new(S::BAD_REQUEST, detail).at(&pointer),
            Error::Unreadable(_) => Self::new(S::BAD_REQUEST, detail),
            Error::CredentialMissing => {
                Self::new(S::UNAUTHORIZED, "the control token is required: send it as `Authorization: Bearer`")
            }
            Error::CredentialRejected => Self::new(S::UNAUTHORIZED, "the control token is wrong"),
            Error::NotFound(_) | Error::RouteUnknown => Self::new(S::NOT_FOUND, detail),
            Error::MethodUnknown => Self::new(S::METHOD_NOT_ALLOWED, detail),
            Error::BodyTooLarge => Self::new(S::PAYLOAD_TOO_LARGE, detail),
            Error::BodyTooSlow => Self::new(S::REQUEST_TIMEOUT, detail),
            Error::TimedOut | Error::Unavailable(_) | Error::DataReplaced => Self::new(S::SERVICE_UNAVAILABLE, detail),
            // Nobody limits control requests.
            Error::RateLimited { .. } | Error::Internal(_) => Self::new(S::INTERNAL_SERVER_ERROR, detail),
        }
    }
}

impl From<Diagnostics> for Problem {
    fn from(diagnostics: Diagnostics) -> Self {
        Self {
            errors: diagnostics
                .0
                .iter()
                .map(|c| SeedError { line: c.line, column: c.column, detail: c.message.clone(), pointer: None })
                .collect(),
            ..Self::new(StatusCode::BAD_REQUEST, diagnostics.to_string())
        }
    }
}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Seed(diagnostics) => diagnostics.into(),
            ApplyError::Error(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = problem(status, &self);
        // For the log.
        response.extensions_mut().insert(Refusal(self.detail));
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, RETRY_AFTER_OUTAGE.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// A problem, or something that says more than one.
pub(crate) fn problem(status: StatusCode, body: &impl Serialize) -> Response {
    let content_type = HeaderValue::from_static("application/problem+json");
    (status, [(header::CONTENT_TYPE, content_type)], serde_json::to_vec(body).unwrap_or_default()).into_response()
}
