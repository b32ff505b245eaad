//! The JetBrains Account API: licences, teams, tokens (`contracts/jetbrains-account.md`).

mod api;
mod comparison;
pub(crate) mod control;
pub mod domain;
pub(crate) mod import;
pub(crate) mod seed;
pub mod store;
pub(crate) mod ui;

use std::sync::Arc;

use axum::{
    Router,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::map_response,
    response::{Redirect, Response},
    routing::get,
};
use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, SecurityScheme},
};

use crate::{
    app::App,
    core::{error::Error, token::PlainToken},
    domain::credential::Credential,
    http::{
        credential_places::{CredentialPlace, Location},
        mount::{mount, nest},
        observe::mark_background,
        routes::{Description, Routes},
        swagger_ui,
        vendor_service::{ErrorCode, InjectedError, Outcome, Presented, VendorService},
    },
    routes,
    services::jetbrains_account::domain::{error::JetBrainsError, token_owner::TokenOwner},
    services::service::{Page, Service, ServiceDocument},
    store::{Session, credential::CredentialKind},
};

/// Where the service is mounted.
pub const BASE: &str = "/api/v1";
/// Carries the token.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// Carries the organization's number.
const X_CUSTOMER_CODE: HeaderName = HeaderName::from_static("x-customer-code");

/// The service.
pub struct JetBrainsAccount;

/// What a scope of this service asks for.
pub struct Need {
    /// The organization's number, in its header.
    pub customer_code: bool,
}

impl VendorService for JetBrainsAccount {
    const NAME: &'static str = store::token::SERVICE;
    const BASE: &'static str = BASE;
    const CONTENT_TYPE: HeaderValue = api::error::JSON;
    const CREDENTIAL_PLACES: &'static [CredentialPlace] = &[CredentialPlace {
        location: Location::Header("x-api-key"),
        prefix: "",
        variable: "JETBRAINS_ACCOUNT_API_KEY",
    }];
    const READ_HEADERS: &'static [&'static str] = &["x-customer-code"];
    const DOCUMENT: &'static str = "jetbrains-account";
    type Error = JetBrainsError;
    type Principal = TokenOwner;
    type Need = Need;

    fn credential(parts: &Parts) -> Presented {
        match parts.headers.get(X_API_KEY).map(HeaderValue::to_str) {
            None => Presented::Nothing,
            Some(Err(_)) => Presented::Unreadable,
            // unverified: an empty key is there, and wrong (jetbrains-account §6, step 1b).
            Some(Ok(token)) => Presented::Token(PlainToken::new(token)),
        }
    }

    fn read_query_value(value: &str) -> Option<&str> {
        api::wire::requests::read_query_value(value)
    }

    async fn principal<M: Send>(db: &mut Session<M>, credential: &Credential) -> Result<Option<TokenOwner>, Error> {
        store::token::find_owner(db, credential).await
    }

    fn describe_permission(owner: &TokenOwner) -> String {
        owner.describe()
    }

    fn error_codes() -> Vec<ErrorCode> {
        api::error::list_codes()
    }

    fn injected(error: InjectedError<'_, TokenOwner>) -> Response {
        api::injected::render_injected(&error)
    }

    /// jetbrains-account §2.
    fn complete(mut answer: Response) -> Response {
        add_headers(&mut answer);
        answer
    }

    /// jetbrains-account §6: the key is there, the customer code is there, the key is good and the customer's, the
    /// API is on.
    fn admit(parts: &Parts, outcome: &Outcome<Self>, need: &Need) -> Result<Arc<TokenOwner>, JetBrainsError> {
        if matches!(outcome, Outcome::Nothing) {
            return Err(Error::CredentialMissing.into());
        }
        let customer_code = parts.headers.get(X_CUSTOMER_CODE);
        if need.customer_code && customer_code.is_none() {
            return Err(JetBrainsError::TenantMissing);
        }
        let owner = outcome.principal()?;
        if let Some(sent) = customer_code.filter(|_| need.customer_code) {
            owner.check_customer_code(sent.as_bytes())?;
        }
        if owner.api_enabled { Ok(owner) } else { Err(JetBrainsError::ServiceDisabled) }
    }
}

/// Builds the service's document from the code.
pub fn document() -> ServiceDocument {
    ServiceDocument { name: JetBrainsAccount::DOCUMENT, build: openapi, control_routes: control::routes }
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "JetBrains Account API",
        description = "As emulated by Locum: reconstructed from public material. Operations and answers marked \
                       `x-locum-unverified` are our guess.",
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/api/v1")),
    // The order of the page for people, and the vendor's names where they are known.
    tags(
        (name = "Token", description = "What a token manages"),
        (name = "Licenses", description = "Licences of the organization and its teams"),
        (name = "Dictionaries", description = "Products and plug-ins"),
        (name = "Document", description = "This document"),
        (name = "User accounts", description = "Not emulated"),
    ),
    // Only a parameter names it, and those of a query are not searched for schemas.
    components(schemas(api::wire::requests::AssignmentStatus)),
)]
struct Document;

/// The routes and their document.
fn document_routes<D: Description>() -> Routes<D> {
    let begin = || {
        let mut document = Document::openapi();
        let components = document.components.get_or_insert_default();
        for (name, header) in [("apiKey", "X-Api-Key"), ("customerCode", "X-Customer-Code")] {
            let scheme = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new(header)));
            components.add_security_scheme(name, scheme);
        }
        document
    };
    Routes::of_document(begin)
        .routes(routes!(api::routes::token::get_managed_entity_info))
        .routes(routes!(api::routes::token::rotate_token))
        .routes(routes!(api::routes::licenses::get_all_for_customer))
        .routes(routes!(api::routes::licenses::get_all_for_team))
        .routes(routes!(api::routes::licenses::get_by_license_id))
        .routes(routes!(api::routes::assign::assign_license))
        .routes(routes!(api::routes::revoke::revoke_asset))
        .routes(routes!(api::routes::change_team::change_team))
        .routes(routes!(api::routes::dictionaries::get_products))
        .routes(routes!(api::routes::dictionaries::get_plugins))
        .routes(routes!(api::routes::document::get_swagger))
        .routes(routes!(
            api::routes::user_accounts::create_user_account,
            api::routes::user_accounts::delete_user_account
        ))
}

/// The document of the service.
pub fn openapi() -> utoipa::openapi::OpenApi {
    document_routes().into_openapi()
}

/// The service, to be mounted at [`BASE`].
///
/// unverified: a wrong path or method is refused before authentication (jetbrains-account §6).
fn router(app: &App) -> Router<App> {
    mount::<JetBrainsAccount>(app, document_routes())
}

/// The document for people, to be merged into the root (jetbrains-account §2).
///
/// unverified: that both names lead on to a page below the first.
fn pages(app: &App) -> Router<App> {
    const TITLE: &str = "JetBrains Account API";
    let page = get(async || Redirect::to("api-doc/index.html"));
    Router::new()
        .route("/api-doc", page.clone())
        .route("/openapi", page)
        // What the page reads is no request of a client's, so it is not the service that answers it.
        .route("/api-doc/swagger.json", get(api::routes::document::get_swagger))
        .layer(map_response(mark_background))
        .merge(swagger_ui::files(app, "/api-doc", TITLE, &[(TITLE, "swagger.json".to_owned())]))
}

/// Adds the headers of every answer.
fn add_headers(answer: &mut Response) {
    const ON_SUCCESS: [(HeaderName, &str); 4] = [
        (header::STRICT_TRANSPORT_SECURITY, "max-age=31536000; includeSubdomains;"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "SAMEORIGIN"),
        (header::X_XSS_PROTECTION, "1; mode=block;"),
    ];
    let is_success = answer.status() == StatusCode::OK;
    let headers: &mut HeaderMap = answer.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("nginx"));
    if headers.get(header::CONTENT_TYPE) == Some(&api::error::JSON) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if is_success {
        headers.extend(ON_SUCCESS.map(|(name, value)| (name, HeaderValue::from_static(value))));
    }
}

const CREDENTIAL_KINDS: [CredentialKind; 1] = [store::token::KIND];

/// What the platform is to know.
pub fn service() -> Service {
    Service {
        document_title: "JetBrains Account API",
        control_routes: control::routes,
        page: Some(Page {
            path: "/jetbrains-account",
            title: "JetBrains Account",
            show: || get(ui::show),
            parameters: ui::PARAMETERS,
            find_record: ui::find_record,
        }),
        tables: store::state::tables,
        credential_kinds: &CREDENTIAL_KINDS,
        hosts: &["account.jetbrains.com"],
        comparisons: &[comparison::COMPARISON],
        ..Service::new::<JetBrainsAccount>("JetBrains Account", |app| nest(app, BASE, router(app)).merge(pages(app)))
    }
}
