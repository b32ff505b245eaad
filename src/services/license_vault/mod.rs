//! The License Vault API, and the machine interface of the License Server before it (`contracts/license-vault.md`).

mod api;
mod comparison;
pub(crate) mod control;
pub(crate) mod domain;
pub(crate) mod import;
pub(crate) mod seed;
pub(crate) mod store;
pub(crate) mod ui;

use std::{borrow::Cow, sync::Arc};

use axum::{
    Router,
    http::{HeaderValue, header, request::Parts},
    response::Response,
    routing::get,
};
use percent_encoding::percent_decode_str;
use utoipa::{
    OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme},
};

use crate::services::license_vault::domain::ids::VaultIds as _;
use crate::{
    app::App,
    core::{error::Error, ids::Ids, token::PlainToken},
    domain::{credential::Credential, journal::CredentialOutcome},
    http::{
        authenticate::Identified,
        common_parts::{add_responses, describe_each, prepend_parameters, require},
        credential_places::{CredentialPlace, Location},
        mount::{mount, mount_without_fallback, nest},
        request_context::find_sent_uri,
        routes::{Description, Routes},
        vendor_service::{ErrorCode, InjectedError, Outcome, Presented, VendorService},
    },
    routes,
    services::license_vault::domain::{
        refused_credential::RefusedCredential,
        vault::{TokenKind, Vault},
    },
    services::service::{Page, Service, ServiceDocument},
    store::{Session, credential::CredentialKind},
};

/// Where the API is mounted.
pub(crate) const BASE: &str = "/public-api";
/// Where a vault is found by its name. All routes are mounted twice, at the root and behind this, because a test has
/// one origin and cannot give each vault the host of its own that the vendor gives it.
pub(crate) const BY_NAME: &str = "/license-vault/{vault}";
const BY_NAME_PREFIX: &str = "/license-vault/";
/// The report of the License Server, and how a client of it writes that.
const REPORT: &str = "/reportApi";
const REPORT_IN_LOWER_CASE: &str = "/reportapi";
/// What follows the vault's name in its own host.
const HOST: &str = ".fls.jetbrains.com";
/// The hosts of vaults: License Vault's, and those of IDE Services (license-vault §1).
const HOSTS: [&str; 2] = ["*.fls.jetbrains.com", "*.lv.jetbrains-ide-services.com"];

pub(crate) struct LicenseVault;

/// What a scope of this service requires of the caller.
pub(crate) enum Need {
    /// A token of the vault, or an automation token, each under its own scheme.
    Api,
    /// The License Server's reporting token, in the query.
    Reporting,
}

/// The caller: the vault that its credential belongs to, and the credential's kind.
#[derive(PartialEq)]
pub(crate) struct VaultCaller {
    pub(crate) vault: Vault,
    pub(crate) kind: TokenKind,
}

impl VendorService for LicenseVault {
    const NAME: &'static str = store::vault::SERVICE;
    const BASE: &'static str = "";
    const MOUNTED_AGAIN_AT: Option<&'static str> = Some(BY_NAME);
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
    const READ_HEADERS: &'static [&'static str] = &["host", "accept"];
    const DOCUMENT: &'static str = "license-vault";
    type Error = api::error::VaultError;
    type Principal = VaultCaller;
    type Need = Need;

    /// Only the License Server's reports are asked with a token in the query.
    fn reads_credential_in(parts: &Parts, location: &Location) -> bool {
        let is_parameter = matches!(location, Location::Parameter(_));
        is_license_server_path(find_sent_uri(parts).path()) == is_parameter
    }

    fn credential(parts: &Parts) -> Presented {
        // The License Server knows no header, so what a proxy adds to a request decides nothing (license-vault §9).
        let knows_headers = !is_license_server_path(find_sent_uri(parts).path());
        if let Some(value) = parts.headers.get(header::AUTHORIZATION).filter(|_| knows_headers) {
            return match parse_authorization(value) {
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

    fn read_query_value(value: &str) -> Option<&str> {
        api::query::read_value(value)
    }

    /// The names of vaults are compared without case (license-vault §9), and the report has a client that writes it in
    /// lower case (§5).
    fn write_path(path: &str) -> Cow<'_, str> {
        let (prefix, rest) = split_path(path);
        let is_lower_case_report = rest == REPORT_IN_LOWER_CASE;
        // Every request asks, and nearly every path is written so already.
        if !is_lower_case_report && !prefix.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Cow::Borrowed(path);
        }
        let rest = if is_lower_case_report { REPORT } else { rest };
        Cow::Owned(format!("{}{rest}", prefix.to_ascii_lowercase()))
    }

    async fn principal<M: Send>(db: &mut Session<M>, credential: &Credential) -> Result<Option<VaultCaller>, Error> {
        let found = store::vault::find_by_credential(db, credential).await?;
        Ok(found.map(|(vault, kind)| VaultCaller { vault, kind }))
    }

    fn describe_permission(caller: &VaultCaller) -> String {
        format!("the {} token of {}", caller.kind.name(), caller.vault.name)
    }

    fn error_codes() -> Vec<ErrorCode> {
        api::error::CODES.to_vec()
    }

    fn injected(error: InjectedError<'_, Self::Principal>) -> Response {
        api::injected::render_injected(&error)
    }

    /// Each kind of token goes with one scheme only (license-vault §1, §2.1).
    ///
    /// unverified: a token under the other scheme is a 401, and so is a good token at another vault's address.
    fn admit(parts: &Parts, outcome: &Outcome<Self>, need: &Need) -> Result<Arc<VaultCaller>, api::error::VaultError> {
        let identified = parts.extensions.get::<Identified>();
        if let Some(Identified { credential_outcome: CredentialOutcome::Expired, label: Some(label), .. }) = identified
        {
            return Err(RefusedCredential::Expired(label.to_string()).into());
        }
        let caller = outcome.principal()?;
        check_place(parts, &caller, need)?;
        if let Some(asked) = find_vault_name(parts).filter(|name| !caller.vault.is_called(name)) {
            let vault = caller.vault.name.clone();
            return Err(RefusedCredential::OfAnotherVault { kind: caller.kind, vault, asked }.into());
        }
        Ok(caller)
    }
}

/// Checks that a token is sent as those of its kind are, for what they are good for.
fn check_place(parts: &Parts, caller: &VaultCaller, need: &Need) -> Result<(), RefusedCredential> {
    let (kind, vault) = (caller.kind, caller.vault.name.clone());
    match need {
        Need::Api => {
            let scheme = parts.headers.get(header::AUTHORIZATION).and_then(parse_authorization).map(|(kind, _)| kind);
            if scheme == Some(kind) {
                return Ok(());
            }
            let sent_as = scheme.unwrap_or(TokenKind::Reporting).describe_place();
            Err(RefusedCredential::Misplaced { kind, vault, sent_as })
        }
        Need::Reporting if kind == TokenKind::Reporting => Ok(()),
        Need::Reporting => Err(RefusedCredential::NoReportingToken { kind, vault }),
    }
}

/// Parses the value of the header into the kind of token that its scheme is for, and the token.
///
/// unverified: schemes are compared without case (license-vault §2.1).
fn parse_authorization(value: &HeaderValue) -> Option<(TokenKind, &str)> {
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

/// Finds the vault's name in the address: in the path, else in the host.
///
/// unverified: a host of IDE Services names no vault, because what stands there is the organization's name.
fn find_vault_name(parts: &Parts) -> Option<String> {
    let (prefix, _) = split_path(find_sent_uri(parts).path());
    if let Some(name) = prefix.strip_prefix(BY_NAME_PREFIX) {
        return Some(percent_decode_str(name).decode_utf8_lossy().into_owned());
    }
    let host = parts.headers.get(header::HOST)?.to_str().ok()?.to_ascii_lowercase();
    let host = host.split(':').next().unwrap_or_default();
    host.trim_end_matches('.').strip_suffix(HOST).map(ToOwned::to_owned)
}

/// Splits a path into what names the vault, which may be nothing, and the rest.
fn split_path(path: &str) -> (&str, &str) {
    let Some(named) = path.strip_prefix(BY_NAME_PREFIX) else { return ("", path) };
    let name_length = named.find('/').unwrap_or(named.len());
    path.split_at(BY_NAME_PREFIX.len() + name_length)
}

/// What the paths begin with that a vault has beside the API: its specification and its health (license-vault §2.6).
const SPECIFICATION_PATHS: [&str; 3] = ["/api-docs", "/swagger-ui", "/actuator/"];

/// Whether a path is the License Server's and not the vault's, whose paths begin with [`BASE`] or are those of the
/// specification, behind the vault's name if they have one. An empty path counts as the vault's.
fn is_license_server_path(path: &str) -> bool {
    let (_, path) = split_path(path);
    let is_of_vault = path.starts_with(BASE) || SPECIFICATION_PATHS.iter().any(|known| path.starts_with(known));
    !path.is_empty() && !is_of_vault
}

/// Builds the service's document from the code.
pub fn document() -> ServiceDocument {
    ServiceDocument { name: LicenseVault::DOCUMENT, build: openapi, control_routes: control::routes }
}

#[derive(OpenApi)]
#[openapi(info(
    title = "License Vault API",
    description = "As emulated by Locum: reconstructed from public material. Operations marked \
                       `x-locum-unverified` are our guess: their paths are not public.",
    license(name = "MIT", identifier = "MIT"),
), servers((url = "/")))]
struct Document;

/// The API: two operations that are known, and four whose paths are our guess (license-vault §2.4).
fn api_routes<D: Description>() -> Routes<D> {
    let routes = Routes::new()
        .routes(routes!(api::routes::usage::get_license_usage))
        .routes(routes!(api::routes::denials::get_denials_report))
        // unverified: these four.
        .routes(routes!(api::routes::licenses::get_user_licenses))
        .routes(routes!(api::routes::licenses::revoke_licenses))
        .routes(routes!(api::routes::products::disconnect_product))
        .routes(routes!(api::routes::licenses::get_licenses_report));
    describe_each(routes, |operation| {
        operation.tags = Some(vec![api::swagger::GROUP.to_owned()]);
        operation.security = Some(vec![require("vaultToken"), require("automationToken")]);
        add_responses::<api::error::Refused>(operation);
    })
}

/// The machine interface of the License Server (license-vault §5).
fn server_routes<D: Description>() -> Routes<D> {
    let reports = Routes::new()
        .routes(routes!(api::routes::server::get_licenses_report_json))
        .routes(routes!(api::routes::server::get_tickets_report_json))
        .routes(routes!(api::routes::server::get_report))
        .routes(routes!(api::routes::server::get_report_in_lower_case));
    let reports = describe_each(reports, |operation| {
        operation.security = Some(vec![require("reportingToken")]);
        prepend_parameters::<api::routes::server::ReportingTokenQuery>(operation);
        add_responses::<api::error::ReportRefused>(operation);
    });
    let routes = Routes::new()
        .routes(routes!(api::routes::server::get_health))
        .routes(routes!(api::routes::server::get_actuator_health))
        .routes(routes!(api::routes::server::check_version))
        .routes(routes!(api::routes::server::check_connection))
        .routes(routes!(api::routes::server::check_configuration))
        .merge(reports);
    describe_each(routes, |operation| operation.tags = Some(vec!["License Server".to_owned()]))
}

/// The service's OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut document = Document::openapi();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("vaultToken", SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer)));
    components.add_security_scheme(
        "automationToken",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", "`Automation TOKEN`"))),
    );
    let reporting_token = ApiKey::Query(ApiKeyValue::new("token"));
    components.add_security_scheme("reportingToken", SecurityScheme::ApiKey(reporting_token));
    Routes::of_document(|| document).nest(BASE, api_routes()).merge(server_routes()).into_openapi()
}

/// The service's routes, to be merged into the root: all of them there, and once more behind `BY_NAME`.
pub fn router(app: &App) -> Router<App> {
    let api = mount::<LicenseVault>(app, api_routes());
    let server = mount_without_fallback::<LicenseVault>(app, server_routes());
    let further = server.merge(api::swagger::router(app));
    // One below the other would lose what answers for unknown paths.
    let behind_name = Router::new().nest(BY_NAME, further.clone());
    let behind_name = behind_name.merge(nest(app, &format!("{BY_NAME}{BASE}"), api.clone()));
    nest(app, BASE, api).merge(further).merge(behind_name)
}

/// The path of the page that shows a vault's specification.
pub(crate) fn specification(vault: &str) -> String {
    format!("{BY_NAME_PREFIX}{vault}/swagger-ui.html")
}

/// The content type of the API's answers.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The content type of the License Server's texts.
const TEXT: HeaderValue = HeaderValue::from_static("text/plain;charset=UTF-8");

const CREDENTIAL_KINDS: [CredentialKind; 3] = [
    CredentialKind::new("vault", Ids::vault_token),
    CredentialKind::new("automation", Ids::automation_token),
    // An administrator sets this token (license-vault §5), so it has no shape to follow.
    CredentialKind::new("reporting", Ids::automation_token),
];

/// Describes the service to the platform.
pub fn service() -> Service {
    Service {
        base_path: BASE,
        document_title: "License Vault API",
        control_routes: control::routes,
        page: Some(Page {
            path: "/license-vault",
            title: "License Vault",
            show: || get(ui::show),
            parameters: ui::PARAMETERS,
            find_record: ui::find_record,
        }),
        tables: store::state::tables,
        credential_kinds: &CREDENTIAL_KINDS,
        hosts: &HOSTS,
        comparisons: &comparison::COMPARISONS,
        ..Service::new::<LicenseVault>("License Vault", router)
    }
}

#[cfg(test)]
mod tests {
    use super::is_license_server_path;

    #[test]
    fn paths_of_the_api_begin_with_its_base() {
        for path in ["/public-api/licenses", "/license-vault/example/public-api", "/license-vault/a/api-docs", ""] {
            assert!(!is_license_server_path(path), "{path}");
        }
        for path in ["/licenses-report.json", "/license-vault/example/reportApi"] {
            assert!(is_license_server_path(path), "{path}");
        }
    }
}
