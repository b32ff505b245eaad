//! The machine interface of the on-premises License Server, over the vault's pools and allocations
//! (license-vault §5).

use std::collections::BTreeMap;

use axum::{
    extract::{FromRequestParts, State},
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use chrono::{FixedOffset, Timelike};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    core::clock::Time,
    http::{caller::Caller, extract::Query, visitor::Visitor},
    services::license_vault::{
        LicenseVault, TEXT,
        api::{
            error::{ApplicationHealth, Unwell, VaultError},
            query::parse_days,
            scope,
            wire::Answer,
        },
        domain::{
            allocation::{AllocationFilter, VaultUser},
            catalogue::Catalogue,
            vault::Vault,
        },
        find_vault_name, store,
    },
};

type Reporter = Caller<LicenseVault, scope::Reports>;

/// The credential of reports, for the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its description is used")]
pub(crate) struct ReportingTokenQuery {
    /// The reporting token.
    #[param(example = "demo-reporting-token")]
    token: String,
}

/// The build that the server tells as its own and as the latest one.
///
/// unverified: the number (license-vault §5).
const VERSION: &str = "36721";

/// The vault of a request that needs no token: the one that the address names, else the first of the default space.
pub(crate) struct RequestedVault {
    visitor: Visitor,
    vault: Option<Vault>,
}

impl FromRequestParts<App> for RequestedVault {
    type Rejection = VaultError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, VaultError> {
        let visitor = Visitor::of(app).await?;
        let mut db = visitor.read().await?;
        let vault = match find_vault_name(parts) {
            Some(name) => store::vault::find(&mut db, visitor.space, &name).await?,
            None => store::vault::list(&mut db, visitor.space).await?.into_iter().next(),
        };
        Ok(Self { visitor, vault })
    }
}

/// Whether the server is well.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Health {
    #[serde(rename = "serverUID")]
    #[schema(example = "3f5a0c91d2")]
    server_uid: String,
    #[schema(example = "02 Jun 2018 21:37")]
    last_call_home: String,
}

/// Makes a server's id, ten lower-case letters and digits, of its vault's name. By FNV-1a, because clients store the
/// id, so it must be the same in every version of Locum.
fn make_server_uid(vault: &Vault) -> String {
    let hash = vault
        .name
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")[..10].to_owned()
}

/// What is wrong with a server that has no vault.
pub(crate) const NOT_REGISTERED: &str = "The server is not registered: there is no vault";

/// Whether the server is registered and in contact; it calls home hourly. A 500 when there is no vault.
///
/// Our guess: the 500 is a JSON object.
// unverified: that (license-vault §5).
#[utoipa::path(
    get, path = "/health", operation_id = "getHealth",
    responses(
        (status = 200, description = "It is", body = Health),
        (status = 500, description = "It is not", body = Unwell),
    ),
)]
pub(crate) async fn get_health(requested: RequestedVault) -> Response {
    let Some(vault) = requested.vault else {
        let unwell = Unwell { description: NOT_REGISTERED.into() };
        return (StatusCode::INTERNAL_SERVER_ERROR, Answer(unwell)).into_response();
    };
    let now = requested.visitor.now.exact();
    let last_call = now.with_minute(0).unwrap_or(now);
    Answer(Health {
        server_uid: make_server_uid(&vault),
        last_call_home: last_call.format("%d %b %Y %H:%M").to_string(),
    })
    .into_response()
}

/// Whether the application is up, as Spring tells it to probes. It is as long as it answers.
// license-vault §2.6.
#[utoipa::path(
    get, path = "/actuator/health", operation_id = "getActuatorHealth",
    responses((status = 200, description = "It is", body = ApplicationHealth)),
)]
pub(crate) async fn get_actuator_health() -> Answer<ApplicationHealth> {
    Answer(ApplicationHealth { status: "UP" })
}

/// Which version the server is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "they are the wire's")]
pub(crate) struct Version {
    #[schema(example = "36721")]
    current_version: &'static str,
    #[schema(example = "36721")]
    latest_version: &'static str,
    update_available: bool,
}

/// Which version the server is, and which it could be.
#[utoipa::path(
    get, path = "/check-version", operation_id = "checkVersion",
    responses((status = 200, description = "The versions", body = Version)),
)]
pub(crate) async fn check_version() -> Answer<Version> {
    Answer(Version { current_version: VERSION, latest_version: VERSION, update_available: false })
}

/// Which hosts the server can reach: a line for each.
#[utoipa::path(
    get, path = "/check-connection", operation_id = "checkConnection",
    responses((status = 200, description = "The hosts", body = String, content_type = "text/plain")),
)]
pub(crate) async fn check_connection() -> Response {
    const HOSTS: &str = "https://account.jetbrains.com\tOK\nhttps://www.jetbrains.com\tOK\n";
    ([(header::CONTENT_TYPE, TEXT)], HOSTS).into_response()
}

/// Where the server keeps its log and its settings. Not the path, because nobody has to say who they are.
///
/// Our guess: the text.
// unverified: that (license-vault §5).
#[utoipa::path(
    get, path = "/check-configuration", operation_id = "checkConfiguration",
    responses((status = 200, description = "The places", body = String, content_type = "text/plain")),
)]
pub(crate) async fn check_configuration(State(app): State<App>) -> Response {
    let text = format!("logs\tstderr\nconfiguration\t{}\n", app.config.location.kind());
    ([(header::CONTENT_TYPE, TEXT)], text).into_response()
}

/// How many licences are free, and how many are not.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LicensesReport {
    licenses: Vec<LicenseLine>,
}

/// The licences of one product, of all kinds together.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LicenseLine {
    #[schema(example = "CLion Toolbox")]
    name: String,
    /// How many are free.
    available: i64,
    /// How many are in use.
    allocated: i64,
    #[schema(example = "/tickets/II?version=2016200")]
    allocated_details: String,
}

/// How many licences are free, and how many are in use: a line for each product.
///
/// A name stands there once, because clients tell the lines apart by nothing else.
///
/// Our guess: the suffix of the names; that regular, virtual and true-up licences are added up.
// unverified: both (license-vault §5).
#[utoipa::path(
    get, path = "/licenses-report.json", operation_id = "getLicensesReportJson",
    responses(
        (status = 200, description = "The licences", body = LicensesReport),
    ),
)]
pub(crate) async fn get_licenses_report_json(caller: Reporter) -> Result<Answer<LicensesReport>, VaultError> {
    let vault = &caller.principal.vault;
    let pools = store::vault::list_pools(&mut caller.read().await?, vault, &caller.now).await?;
    let mut lines: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    for pool in pools {
        let (available, allocated) = lines.entry(pool.product).or_default();
        *available += (pool.total - pool.in_use).max(0);
        *allocated += pool.in_use;
    }
    let make_line = |(code, (available, allocated)): (String, (i64, i64))| LicenseLine {
        name: format_license_name(&vault.catalogue, &code),
        available,
        allocated,
        allocated_details: format!("/tickets/{code}?version=2016200"),
    };
    Ok(Answer(LicensesReport { licenses: lines.into_iter().map(make_line).collect() }))
}

/// Names a licence as the server's reports do, in all of them alike, because clients join them by the name
/// (license-vault §9).
fn format_license_name(catalogue: &Catalogue, code: &str) -> String {
    format!("{} Toolbox", catalogue.find_product_name(code))
}

/// A running product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "they are the wire's")]
pub(crate) struct Ticket {
    ticket_id: String,
    #[schema(example = "alice@dev-042")]
    user_id: String,
    client_id: String,
    ip: String,
    #[schema(example = "All Products Pack Toolbox")]
    license: String,
    #[schema(example = "II:2021.3")]
    product: String,
    #[schema(example = "2026-01-15T12:00:00.000+0300")]
    issued: String,
    #[serde(rename = "last_seen")]
    last_seen: String,
}

/// Formats a time with milliseconds and with an offset without a colon, as the vendor's example has it
/// (license-vault §5).
fn format_stamp(time: Time) -> String {
    const OFFSET: FixedOffset = FixedOffset::east_opt(3 * 3600).expect("three hours are an offset");
    time.with_timezone(&OFFSET).format("%Y-%m-%dT%H:%M:%S%.3f%z").to_string()
}

/// What runs on which licence.
#[utoipa::path(
    get, path = "/tickets-report.json", operation_id = "getTicketsReportJson",
    responses(
        (status = 200, description = "The tickets", body = Vec<Ticket>),
    ),
)]
pub(crate) async fn get_tickets_report_json(caller: Reporter) -> Result<Answer<Vec<Ticket>>, VaultError> {
    let vault = &caller.principal.vault;
    let everybody = AllocationFilter::Everybody;
    let allocations = store::allocations::list_live(&mut caller.read().await?, vault, &caller.now, everybody).await?;
    let tickets = allocations.into_iter().flat_map(|allocation| {
        let license = format_license_name(&vault.catalogue, &allocation.product);
        // The machine's login name, of which a vault knows nothing: it is free to be another user's, too.
        let VaultUser { username, .. } = VaultUser::from_email(&allocation.user.email);
        allocation.running.into_iter().map(move |running| Ticket {
            user_id: format!("{username}@{}", running.host),
            client_id: running.id.clone(),
            ticket_id: running.id,
            ip: running.ip,
            license: license.clone(),
            product: format!("{}:{}", running.product, running.version),
            issued: format_stamp(running.connected_at),
            last_seen: format_stamp(running.last_seen_at),
        })
    });
    Ok(Answer(tickets.collect()))
}

/// The days that a report is about.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
    /// 0 is all that is known of it.
    #[param(value_type = Option<i32>)]
    granularity: Option<String>,
    /// The first day, `YYYY-MM-DD`.
    #[param(format = Date)]
    start: Option<String>,
    /// The last day.
    #[param(format = Date)]
    end: Option<String>,
}

/// How many licences were in use at once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Report {
    #[serde(rename = "Overall")]
    overall: Vec<OverallLine>,
}

/// How many licences of one product were in use at once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OverallLine {
    #[serde(rename = "License")]
    license: String,
    #[serde(rename = "Max usage")]
    max_usage: i64,
    #[serde(rename = "Max available")]
    max_available: i64,
}

/// How many licences were in use at once between two days.
///
/// Our guess: that there is no section beside `Overall`, and that what is available now was so all the time.
// unverified: both (license-vault §5).
#[utoipa::path(
    post, path = "/reportApi", operation_id = "getReport",
    params(ReportQuery),
    responses(
        (status = 200, description = "The report", body = Report),
        (status = 400, description = "A day that cannot be read", body = String, content_type = "text/plain"),
    ),
)]
pub(crate) async fn get_report(
    caller: Reporter,
    query: Query<LicenseVault, ReportQuery>,
) -> Result<Answer<Report>, VaultError> {
    count_usage(&caller, &query.0).await
}

/// The same: one client writes it in lower case.
#[utoipa::path(
    post, path = "/reportapi", operation_id = "getReportInLowerCase",
    params(ReportQuery),
    responses(
        (status = 200, description = "The report", body = Report),
        (status = 400, description = "A day that cannot be read", body = String, content_type = "text/plain"),
    ),
)]
pub(crate) async fn get_report_in_lower_case(
    caller: Reporter,
    query: Query<LicenseVault, ReportQuery>,
) -> Result<Answer<Report>, VaultError> {
    count_usage(&caller, &query.0).await
}

async fn count_usage(caller: &Reporter, query: &ReportQuery) -> Result<Answer<Report>, VaultError> {
    if let Some(text) = query.granularity.as_ref().filter(|text| text.trim().parse::<i32>().is_err()) {
        return Err(VaultError::InvalidParameter(format!("granularity must be a number, not `{text}`")));
    }
    let (from, to) = parse_days(("start", query.start.as_deref()), ("end", query.end.as_deref()))?;
    let vault = &caller.principal.vault;
    let mut db = caller.read().await?;
    let mut lines: BTreeMap<String, i64> = BTreeMap::new();
    for pool in store::vault::list_pools(&mut db, vault, &caller.now).await? {
        *lines.entry(pool.product).or_default() += pool.total;
    }
    let held_licenses = store::usage::list_held_licenses(&mut db, vault, &caller.now, from, to).await?;
    let overall = lines.into_iter().map(|(code, max_available)| OverallLine {
        license: vault.catalogue.find_product_name(&code).to_owned(),
        max_usage: count_most_at_once(
            held_licenses.iter().filter(|(product, ..)| *product == code).map(|(_, since, until)| (*since, *until)),
        ),
        max_available,
    });
    Ok(Answer(Report { overall: overall.collect() }))
}

/// Counts how many ranges overlap at most. One that ends where another begins does not overlap it.
fn count_most_at_once(ranges: impl Iterator<Item = (i64, i64)>) -> i64 {
    let mut steps: Vec<(i64, i64)> = ranges.flat_map(|(start, end)| [(start, 1), (end, -1)]).collect();
    steps.sort_unstable();
    let (mut current, mut most) = (0, 0);
    for (_, step) in steps {
        current += step;
        most = most.max(current);
    }
    most
}
