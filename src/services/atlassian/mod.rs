//! The Atlassian Admin API Access API (`contracts/atlassian-api-access.md`).

mod api;
mod comparison;
pub(crate) mod control;
pub mod domain;
pub(crate) mod import;
pub(crate) mod seed;
pub mod store;
pub(crate) mod ui;

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    extract::MatchedPath,
    http::{HeaderValue, header, request::Parts},
    response::Response,
    routing::get,
};
use axum_extra::extract::CookieJar;
use percent_encoding::percent_decode_str;
use utoipa::{
    OpenApi,
    openapi::{
        Server,
        security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
    },
};

use crate::{
    app::App,
    core::{
        error::Error,
        rate_window::{Policy, RateLimit},
        token::PlainToken,
    },
    domain::{credential::Credential, journal::CredentialOutcome},
    http::{
        authenticate::Identified,
        common_parts::{add_responses, describe_each, prepend_parameters},
        credential_places::{CredentialPlace, Location},
        mount::{mount, nest},
        routes::{Description, Routes},
        vendor_service::{ErrorCode, InjectedError, Outcome, Presented, VendorService},
    },
    routes,
    services::atlassian::{
        api::error::AtlassianError,
        domain::api_access::{Access, AccessDenied, Admin, DEFAULT_RATE_LIMIT},
    },
    services::service::{Page, Service, ServiceDocument},
    store::{
        Db, Session,
        credential::{CredentialKind, CredentialUse},
    },
};

/// Where the service is mounted.
pub const BASE: &str = "/admin/api-access/v1";
/// The vendor's host.
pub(crate) const HOST: &str = "api.atlassian.com";
/// Where the User management API is mounted.
const USERS: &str = "/users";
/// Its operations.
pub(crate) const USER_MANAGEMENT: [&str; 2] = ["getApiTokens", "deleteApiToken"];
/// The cookie of an administrator's session.
///
/// unverified: the name; that there is a session is all that is known (atlassian-api-access §7.12).
pub const SESSION_COOKIE: &str = "cloud.session.token";

pub struct Atlassian;

/// What a scope of this service requires of the caller.
pub enum Need {
    /// An API key with this scope, or without any.
    Scope(&'static str),
    /// An API key without scopes, of whichever organization.
    Unscoped,
    /// An administrator's session.
    Session,
}

impl VendorService for Atlassian {
    const NAME: &'static str = store::settings::SERVICE;
    const BASE: &'static str = BASE;
    const CREDENTIAL_PLACES: &'static [CredentialPlace] = &[
        CredentialPlace {
            location: Location::Header("authorization"),
            prefix: "Bearer ",
            variable: "ATLASSIAN_API_KEY",
        },
        CredentialPlace {
            location: Location::Header("cookie"),
            prefix: "cloud.session.token=",
            variable: "ATLASSIAN_SESSION",
        },
    ];
    const READ_HEADERS: &'static [&'static str] = &["host"];
    const DOCUMENT: &'static str = "atlassian-api-access";
    type Error = AtlassianError;
    type Principal = Admin;
    type Need = Need;

    fn credential(parts: &Parts) -> Presented {
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            let token = value.to_str().ok().and_then(|text| text.split_once(' '));
            return match token {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => {
                    Presented::Token(PlainToken::new(token.trim()))
                }
                _ => Presented::Unreadable,
            };
        }
        let session = CookieJar::from_headers(&parts.headers);
        let token = session.get(SESSION_COOKIE).map(|cookie| PlainToken::new(cookie.value()));
        token.map_or(Presented::Nothing, Presented::Token)
    }

    fn read_query_value(value: &str) -> Option<&str> {
        api::query::read_value(value)
    }

    async fn principal<M: Send>(db: &mut Session<M>, credential: &Credential) -> Result<Option<Admin>, Error> {
        store::settings::find_admin(db, credential).await
    }

    fn describe_permission(admin: &Admin) -> String {
        match &admin.access {
            Access::Key { scopes: None } => "every scope".to_owned(),
            Access::Key { scopes: Some(scopes) } => scopes.join(", "),
            Access::Session { administrator } => format!("the session of {}", administrator.email),
        }
    }

    fn rate_limit(app: &App, admin: &Admin, operation: &str) -> Option<Policy> {
        // unverified: the User management API tells of no limit (atlassian-api-access §9.1).
        let is_limited = !USER_MANAGEMENT.contains(&operation);
        is_limited.then(|| RateLimit::choose_policy(admin.rate_limit, DEFAULT_RATE_LIMIT, app.config.rate_limit))
    }

    fn usual_rate_limit(app: &App) -> Option<Policy> {
        Some(RateLimit::choose_policy(None, DEFAULT_RATE_LIMIT, app.config.rate_limit))
    }

    fn error_codes() -> Vec<ErrorCode> {
        api::injected::list_codes()
    }

    fn injected(error: InjectedError<'_, Self::Principal>) -> Response {
        api::injected::render(error.status, error.code, error.operation)
    }

    async fn note_use(db: &Db, used: CredentialUse) -> Result<(), Error> {
        store::api_key::note_use(db, used).await
    }

    /// First the gateway checks the credential, then the service the organization and what the credential may do
    /// (atlassian-api-access §2).
    ///
    /// unverified: another organization's key is a 403 (§2); a session may do only what no key may (§7.12).
    fn admit(parts: &Parts, outcome: &Outcome<Self>, need: &Need) -> Result<Arc<Admin>, AtlassianError> {
        let admin = outcome.principal().map_err(|error| explain(parts, error))?;
        let is_session = admin.administrator().is_ok();
        if is_session == parts.headers.contains_key(header::AUTHORIZATION) {
            return Err(AtlassianError::CredentialMisplaced);
        }
        let names_organization = !matches!(need, Need::Unscoped);
        if names_organization && find_org_id(parts).as_deref() != Some(admin.organization.org_id.as_str()) {
            return Err(AccessDenied::ForeignTenant.into());
        }
        match need {
            Need::Scope(_) | Need::Unscoped if is_session => return Err(AtlassianError::KeyRequired),
            Need::Unscoped => admin.check_unscoped()?,
            Need::Scope(scope) => admin.check_scope(scope)?,
            Need::Session => admin.administrator().map(drop)?,
        }
        Ok(admin)
    }
}

/// Why there is no principal: of a credential that somebody had, that its time is over.
fn explain(parts: &Parts, error: Error) -> AtlassianError {
    let outcome = parts.extensions.get::<Identified>().map(|identified| identified.credential_outcome);
    if outcome == Some(CredentialOutcome::Expired) { AtlassianError::CredentialExpired } else { error.into() }
}

/// Finds the path parameter `orgId`, decoded. Route and path are compared from the end, because only the route begins
/// with the base that the service is mounted at.
fn find_org_id(parts: &Parts) -> Option<Cow<'_, str>> {
    let route = parts.extensions.get::<MatchedPath>()?.as_str();
    let mut parameters = route.rsplit('/').zip(parts.uri.path().rsplit('/'));
    let (_, value) = parameters.find(|(name, _)| *name == "{orgId}")?;
    percent_decode_str(value).decode_utf8().ok()
}

/// Builds the service's document from the code.
pub fn document() -> ServiceDocument {
    ServiceDocument { name: Atlassian::DOCUMENT, build: openapi, control_routes: control::routes }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Atlassian Admin API Access",
        description = "As emulated by Locum: reconstructed from public material. Operation ids are the vendor's. \
                       What is below `/users` is of the User management API, which the same keys open.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/admin/api-access/v1")),
)]
struct Document;

/// The service's operations with their document.
fn routes<D: Description>() -> Routes<D> {
    let begin = || {
        let mut document = Document::openapi();
        let components = document.components.get_or_insert_default();
        components.headers.extend(api::wire::rate_headers().map(|(name, header)| (name.to_owned(), header.into())));
        components.add_security_scheme("apiKey", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(SESSION_COOKIE)));
        components.add_security_scheme("session", cookie);
        document
    };
    let routes = Routes::of_document(begin)
        .routes(routes!(api::routes::api_tokens::get_api_tokens, api::routes::api_tokens::delete_api_tokens))
        .routes(routes!(api::routes::api_tokens::get_api_token_count))
        .routes(routes!(api::routes::api_keys::get_api_keys))
        .routes(routes!(api::routes::api_keys::get_api_key_count))
        .routes(routes!(api::routes::api_keys::revoke_api_key))
        .routes(routes!(api::routes::oauth_clients::get_oauth_clients, api::routes::oauth_clients::create_oauth_client))
        .routes(routes!(api::routes::oauth_clients::get_oauth_client_count))
        .routes(routes!(api::routes::oauth_clients::get_oauth_client, api::routes::oauth_clients::delete_oauth_client))
        .routes(routes!(
            api::routes::service_accounts::get_service_accounts,
            api::routes::service_accounts::create_service_account,
            api::routes::service_accounts::update_service_account
        ))
        .routes(routes!(api::routes::service_accounts::delete_service_account))
        .routes(routes!(api::routes::service_account_credentials::get_service_account_credential_counts))
        .routes(routes!(api::routes::service_account_credentials::get_all_service_account_api_tokens))
        .routes(routes!(api::routes::service_account_credentials::get_all_service_account_oauth_clients))
        .routes(routes!(
            api::routes::service_account_credentials::get_service_account_api_tokens,
            api::routes::service_account_credentials::delete_service_account_api_tokens
        ))
        .routes(routes!(api::routes::service_account_credentials::get_service_account_oauth_clients));
    describe_each(routes, |operation| {
        prepend_parameters::<api::routes::OrgPath>(operation);
        add_responses::<api::wire::Refused>(operation);
        api::query::describe_list(operation);
        api::wire::describe_rate_headers(operation);
    })
}

/// The routes of the User management API, below [`USERS`] (atlassian-api-access §9.1).
fn user_routes<D: Description>() -> Routes<D> {
    let routes = Routes::new()
        .routes(routes!(api::routes::user_api_tokens::get_user_api_tokens))
        .routes(routes!(api::routes::user_api_tokens::delete_user_api_token));
    describe_each(routes, add_responses::<api::wire::RefusedByGateway>)
}

/// The service's OpenAPI document. Of the User management API it says that it stands at the root of the host.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = routes().nest(USERS, user_routes()).into_openapi();
    for (path, item) in &mut document.paths.paths {
        if path.starts_with(USERS) {
            item.servers = Some(vec![Server::new("/")]);
        }
    }
    document
}

/// The service's routes.
pub fn router(app: &App) -> Router<App> {
    nest(app, BASE, mount::<Atlassian>(app, routes())).merge(nest(app, USERS, mount::<Atlassian>(app, user_routes())))
}

/// The content type of answers.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

const CREDENTIAL_KINDS: [CredentialKind; 2] = [store::api_key::KIND, store::settings::SESSION];

/// Describes the service to the platform.
pub fn service() -> Service {
    Service {
        document_title: "Atlassian Admin API Access",
        control_routes: control::routes,
        page: Some(Page {
            path: "/atlassian",
            title: "Atlassian",
            show: || get(ui::show),
            parameters: ui::PARAMETERS,
            find_record: ui::find_record,
        }),
        tables: store::state::tables,
        credential_kinds: &CREDENTIAL_KINDS,
        rate_limit: Some(DEFAULT_RATE_LIMIT),
        hosts: &[HOST],
        comparisons: &[comparison::COMPARISON],
        ..Service::new::<Atlassian>("Atlassian API Access", router)
    }
}
