//! Bodies of answers (atlassian-api-access §7).

mod oauth_clients;
mod service_accounts;
mod tokens;

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::SecondsFormat;
use serde::Serialize;
use serde_json::Value;
use utoipa::{
    IntoResponses, ToSchema,
    openapi::{Header, HeaderBuilder, ObjectBuilder, Ref, RefOr, Type, path::Operation},
};

use crate::{
    core::clock::Time,
    http::answer,
    services::atlassian::{
        Atlassian, JSON,
        api::{
            error::{ErrorResponse, GatewayError},
            query::encode,
        },
        domain::{
            api_access::User,
            listing::{Cursor, PageRequest, PageResult},
        },
    },
};

pub(crate) use oauth_clients::{OAuthClient, ServiceAccountOAuthClient};
pub(crate) use service_accounts::{CreatedServiceAccount, ServiceAccount};
pub(crate) use tokens::{ApiKey, ApiToken, ServiceAccountApiToken, UserApiToken};

/// A 200 with a JSON body.
pub(crate) struct Answer<T>(pub T);

impl<T: Serialize> IntoResponse for Answer<T> {
    fn into_response(self) -> Response {
        answer::json::<Atlassian>(JSON, &self.0)
    }
}

/// The refusals that every operation shares, for the document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum Refused {
    /// No key, or one that is unknown, expired or revoked.
    #[response(status = 401, content_type = "application/json")]
    Unauthorized(#[to_schema] GatewayError),
    /// The key is another organization's, or lacks the scope.
    #[response(status = 403, content_type = "application/json")]
    Forbidden(#[to_schema] ErrorResponse),
    /// Too many requests; the headers say until when.
    #[response(status = 429, content_type = "application/json")]
    TooManyRequests(#[to_schema] GatewayError),
    /// The vendor's failure, where a quirk asks for it.
    #[response(status = 500, content_type = "application/json")]
    Failed(#[to_schema] ErrorResponse),
}

/// The refusals that the operations of the User management API share, for the document.
#[derive(IntoResponses)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) enum RefusedByGateway {
    /// No key, or one that is unknown, expired or revoked.
    #[response(status = 401, content_type = "application/json")]
    Unauthorized(#[to_schema] GatewayError),
    /// The key has scopes.
    #[response(status = 403, content_type = "application/json")]
    Forbidden(#[to_schema] GatewayError),
    /// No such account in the key's organization, or no such token of the account.
    #[response(status = 404, content_type = "application/json")]
    NotFound(#[to_schema] GatewayError),
}

/// The headers that tell where a request stands in its window, for the document.
pub(crate) fn rate_headers() -> [(&'static str, Header); 3] {
    let describe = |description: &str, kind: Type, example: Value| {
        let schema = ObjectBuilder::new().schema_type(kind).examples([example]).build();
        HeaderBuilder::new().description(Some(description)).schema(Some(schema)).build()
    };
    let reset = "When the next period begins: ISO 8601 in UTC.";
    [
        ("X-RateLimit-Limit", describe("Requests in the current period.", Type::Integer, 200.into())),
        ("X-RateLimit-Remaining", describe("How many of them are left.", Type::Integer, 199.into())),
        ("X-RateLimit-Reset", describe(reset, Type::String, "2026-01-15T09:01Z".into())),
    ]
}

/// Says in the document that every answer behind authentication has the [`rate_headers`].
pub(crate) fn describe_rate_headers(operation: &mut Operation) {
    for (status, response) in &mut operation.responses.responses {
        let RefOr::T(response) = response else { continue };
        if status != "401" {
            let refer = |name: &str| (name.to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))));
            response.headers.extend(rate_headers().map(|(name, _)| refer(name)));
        }
    }
}

/// Formats a time in ISO 8601.
///
/// unverified: milliseconds and `Z` (atlassian-api-access §7.1).
fn format_date(time: Time) -> String {
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Where the pages around this one begin. Opaque; left out at the ends.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    /// This page.
    #[serde(rename = "self")]
    this: String,
    /// The next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<String>,
    /// The one before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    prev: Option<String>,
}

/// One page of a list. Nothing else may stand beside these two.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageResponse<T> {
    data: Vec<T>,
    links: Links,
}

impl<T> PageResponse<T> {
    /// Makes the page of the records that were found.
    ///
    /// unverified: `self` is there on every page, `prev` not on the first (atlassian-api-access §6).
    pub(crate) fn new<R>(page: &PageRequest, found: PageResult<R>, convert: impl Fn(R) -> T) -> Self {
        let link = |cursor: Option<Cursor>| cursor.as_ref().map(encode);
        let links = Links { this: encode(&page.cursor), next: link(found.next), prev: link(found.prev) };
        Self { data: found.items.into_iter().map(convert).collect(), links }
    }
}

/// Somebody, or a service account.
// unverified: what `appType` and `userStatus` hold; they are seen as nullable (atlassian-api-access §7.1, §7.16).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenUser {
    /// The Atlassian account id.
    #[schema(example = "712020:5f1c5a2e-0000-4000-8000-000000000001")]
    id: String,
    name: String,
    email: String,
    app_type: Option<String>,
    org_id: Option<String>,
    user_status: Option<String>,
}

impl TokenUser {
    pub(crate) fn new(user: User, org_id: &str) -> Self {
        let User { id, name, email } = user;
        Self { id, name, email, app_type: None, org_id: Some(org_id.to_owned()), user_status: None }
    }
}

fn make_organization_ari(org_id: &str) -> String {
    format!("ari:cloud:platform::org/{org_id}")
}

/// Makes a 201 with a JSON body.
pub(crate) fn answer_created(body: impl Serialize) -> Response {
    (StatusCode::CREATED, Answer(body)).into_response()
}
