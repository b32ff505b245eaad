//! The License Vault API, and the machine interface of the License Server before it (`contracts/license-vault.md`).

mod api;
pub(crate) mod control;
pub(crate) mod domain;
pub(crate) mod seed;
pub(crate) mod store;
pub(crate) mod ui;

use std::sync::Arc;

use axum::{
    Router,
    extract::OriginalUri,
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::Response,
    routing::get,
};
use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::services::license_vault::domain::ids::VaultIds as _;
use crate::{
    app::App,
    core::{error::Error, ids::Ids, token::PlainToken},
    domain::credential::Credential,
    http::{
        credential_places::{CredentialPlace, Location},
        mount::{mount, mount_without_fallback},
        vendor_service::{Outcome, Presented, VendorService},
    },
    services::license_vault::domain::vault::{TokenKind, Vault},
    services::service::{Page, Service},
    store::{Session, credential::CredentialKind},
};

/// Where the API is mounted.
pub(crate) const BASE: &str = "/public-api";
/// Where a vault is found by its name. All routes are mounted twice, at the root and behind this, because a test has
/// one origin and cannot give each vault the host of its own that the vendor gives it.
pub(crate) const BY_NAME: &str = "/license-vault/{vault}";
const BY_NAME_PREFIX: &str = "/license-vault/";
/// A vault's own host is its name and this.
const HOST: &str = ".fls.jetbrains.com";

/// The service.
pub(crate) struct LicenseVault;

/// What a scope of this service asks for.
pub(crate) enum Need {
    /// A token of the vault, or an automation token, each under its own scheme.
    Api,
    /// The License Server's reporting token, in the query.
    Reporting,
}

/// The vault that a credential opens, and as what.
#[derive(PartialEq)]
pub(crate) struct VaultCaller {
    /// The vault.
    pub(crate) vault: Vault,
    /// What the credential is.
    pub(crate) kind: TokenKind,
}

impl VendorService for LicenseVault {
    const NAME: &'static str = store::vault::SERVICE;
    const BASE: &'static str = "";
    const CREDENTIAL_PLACES: &'static [CredentialPlace] = &[
        CredentialPlace {
            location: Location::Header("authorization"),
            prefix: "Automation ",
            variable: "LICENSE_VAULT_AUTOMATION_TOKEN",
        },
        CredentialPlace {
            location: Location::Header("authorization"),
            prefix: "Bearer ",
            variable: "LICENSE_VAULT_TOKEN",
        },
        CredentialPlace {
            location: Location::Parameter("token"),
            prefix: "",
            variable: "LICENSE_VAULT_REPORTING_TOKEN",
        },
    ];
    type Error = api::error::VaultError;
    type Principal = VaultCaller;
    type Need = Need;

    fn credential(parts: &Parts) -> Presented {
        if let Some(value) = parts.headers.get(header::AUTHORIZATION) {
            return match scheme_and_token(value) {
                Some((_, token)) => Presented::Token(PlainToken::new(token)),
                None => Presented::Unreadable,
            };
        }
        let mut query = form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        match query.find(|(name, _)| name == "token") {
            Some((_, token)) => Presented::Token(PlainToken::new(token)),
            None => Presented::Nothing,
        }
    }

    async fn principal<M: Send>(db: &mut Session<M>, credential: &Credential) -> Result<Option<VaultCaller>, Error> {
        let found = store::vault::find_by_credential(db, credential).await?;
        Ok(found.map(|(vault, kind)| VaultCaller { vault, kind }))
    }

    fn describe_permission(caller: &VaultCaller) -> String {
        format!("the {} token of {}", caller.kind.name(), caller.vault.name)
    }

    fn injected(status: StatusCode, code: Option<&str>) -> Response {
        api::error::injected(status, code)
    }

    /// license-vault §1, §2.1: the two schemes are never interchangeable.
    ///
    /// unverified: a good token at another vault's address is a 401 there.
    fn admit(parts: &Parts, outcome: &Outcome<Self>, need: &Need) -> Result<Arc<VaultCaller>, api::error::VaultError> {
        let caller = outcome.principal()?;
        let scheme = parts.headers.get(header::AUTHORIZATION).and_then(scheme_and_token).map(|(scheme, _)| scheme);
        let expected = match need {
            Need::Api => scheme,
            Need::Reporting if scheme.is_none() => Some(TokenKind::Reporting),
            Need::Reporting => None,
        };
        if expected != Some(caller.kind) || find_vault_name(parts).is_some_and(|name| name != caller.vault.name) {
            return Err(Error::CredentialRejected.into());
        }
        Ok(caller)
    }
}

/// unverified: schemes are compared without case (license-vault §2.1).
fn scheme_and_token(value: &HeaderValue) -> Option<(TokenKind, &str)> {
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    let kind = if scheme.eq_ignore_ascii_case("bearer") {
        TokenKind::Vault
    } else if scheme.eq_ignore_ascii_case("automation") {
        TokenKind::Automation
    } else {
        return None;
    };
    Some((kind, token.trim()))
}

/// The vault that the address names: in the path, or by its own host.
fn find_vault_name(parts: &Parts) -> Option<String> {
    let path = parts.extensions.get::<OriginalUri>().map_or_else(|| parts.uri.path(), |uri| uri.path());
    if let Some(rest) = path.strip_prefix(BY_NAME_PREFIX) {
        return rest.split('/').next().map(ToOwned::to_owned);
    }
    let host = parts.headers.get(header::HOST)?.to_str().ok()?.to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    host.strip_suffix(HOST).map(ToOwned::to_owned)
}

/// Whether a path is one of the License Server's and not the API's: the vault's name stripped, only the API's begin
/// with [`BASE`]. No path is the API's.
fn is_of_license_server(path: &str) -> bool {
    let path = match path.strip_prefix(BY_NAME_PREFIX) {
        Some(rest) => rest.find('/').map_or("", |end| &rest[end..]),
        None => path,
    };
    !path.is_empty() && !path.starts_with(BASE)
}

#[derive(OpenApi)]
#[openapi(info(
    title = "License Vault API",
    description = "As emulated by Locum: reconstructed from public material. Operations marked \
                       `x-locum-unverified` are our guess: their paths are not public.",
    license(name = "MIT", identifier = "MIT"),
))]
struct Document;

/// The routes of the API: the two that are known, and four whose paths are ours (license-vault §2.4).
fn api() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(api::routes::usage::get_license_usage))
        .routes(routes!(api::routes::denials::get_denials_report))
        // unverified: these four.
        .routes(routes!(api::routes::licenses::get_user_licenses))
        .routes(routes!(api::routes::licenses::revoke_licenses))
        .routes(routes!(api::routes::products::disconnect_product))
        .routes(routes!(api::routes::licenses::get_licenses_report))
}

/// The machine interface of the License Server (license-vault §5).
fn server() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(api::routes::server::get_health))
        .routes(routes!(api::routes::server::check_version))
        .routes(routes!(api::routes::server::check_connection))
        .routes(routes!(api::routes::server::check_configuration))
        .routes(routes!(api::routes::server::get_licenses_report_json))
        .routes(routes!(api::routes::server::get_tickets_report_json))
        .routes(routes!(api::routes::server::get_report))
        .routes(routes!(api::routes::server::get_report_in_lower_case))
}

/// The document of the service.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("vaultToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    let scheme = |value| SecurityScheme::ApiKey(value);
    components.add_security_scheme(
        "automationToken",
        scheme(ApiKey::Header(ApiKeyValue::with_description("Authorization", "`Automation TOKEN`"))),
    );
    components.add_security_scheme("reportingToken", scheme(ApiKey::Query(ApiKeyValue::new("token"))));
    OpenApiRouter::with_openapi(document).nest(BASE, api()).merge(server()).into_openapi()
}

/// The service, to be merged into the root; once more behind `BY_NAME`.
pub fn router(app: &App) -> Router<App> {
    let api = mount::<LicenseVault>(app, api());
    let server = mount_without_fallback::<LicenseVault>(app, server());
    let whole = Router::new().nest(BASE, api).merge(server).merge(api::swagger::router());
    whole.clone().nest(BY_NAME, whole)
}

/// Where a vault's specification is, as a page.
pub(crate) fn specification(vault: &str) -> String {
    format!("{BY_NAME_PREFIX}{vault}/swagger-ui.html")
}

/// What the service calls JSON.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What the License Server calls text.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

const CREDENTIAL_KINDS: [CredentialKind; 3] = [
    CredentialKind::new("vault", Ids::vault_token),
    CredentialKind::new("automation", Ids::automation_token),
    // A reporting token has no shape of its own that is known.
    CredentialKind::new("reporting", Ids::automation_token),
];

/// What the platform is to know.
pub fn service() -> Service {
    Service {
        base_path: BASE,
        document_title: "License Vault API",
        control_routes: control::routes,
        page: Some(Page { path: "/license-vault", title: "License Vault", show: || get(ui::show) }),
        tables: store::state::tables,
        credential_kinds: &CREDENTIAL_KINDS,
        hosts: &["*.fls.jetbrains.com"],
        ..Service::new::<LicenseVault>("License Vault", "license-vault.json", openapi, router)
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_license_server;

    #[test]
    fn which_interface_a_path_is_of() {
        for path in ["/public-api/licenses", "/license-vault/example/public-api", ""] {
            assert!(!is_of_license_server(path), "{path}");
        }
        for path in ["/licenses-report.json", "/license-vault/example/reportApi"] {
            assert!(is_of_license_server(path), "{path}");
        }
    }
}
