//! Licences, listed and one by one.

use axum::{
    extract::OriginalUri,
    http::{HeaderValue, Uri, header::LINK},
    response::{IntoResponse, Response},
};

use crate::{
    core::{error::Error, paging::Page},
    http::{
        caller::Caller,
        extract::{Path, Query},
    },
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::ErrorBody,
            scope,
            wire::{Answer, license::LicenseResponse, requests::LicenseQuery},
        },
        domain::{error::JetBrainsError, license::LicenseFilter},
        store,
    },
};

/// Bytes that a `Link` header may have.
const LONGEST_LINK: usize = 8 * 1024;

type Reader = Caller<JetBrainsAccount, scope::Read>;

/// All licences of the customer (jetbrains-account §5.2).
#[utoipa::path(
    get, path = "/customer/licenses", operation_id = "getAllForCustomer", tag = "License",
    params(LicenseQuery),
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "One page of the licences; past the last page an empty one", body = Vec<LicenseResponse>,
         headers(("X-Total-Count" = i64, description = "How many licences match"),
                 ("Link" = String, description = "The pages `first`, `prev`, `next`, `last` (RFC 8288)"))),
        (status = 400, description = "A parameter that cannot be read", content_type = "text/html"),
        (status = 401, description = "No token, no customer code, or a token that is not the customer's", body = ErrorBody),
    ),
)]
pub(crate) async fn get_all_for_customer(
    caller: Reader,
    OriginalUri(uri): OriginalUri,
    query: Query<JetBrainsAccount, LicenseQuery>,
) -> Result<Response, JetBrainsError> {
    let (mut filter, page, contradictory) = query.0.read()?;
    // unverified: a team's token sees its own team only, whatever it asks for (jetbrains-account §5.2).
    let own_team = caller.principal.profile().team();
    let nothing = contradictory || matches!((own_team, filter.team), (Some(own), Some(asked)) if own != asked);
    filter.team = own_team.or(filter.team);
    list(&caller, &uri, &filter, page, nothing).await
}

/// All licences of a team (jetbrains-account §5.3).
#[utoipa::path(
    get, path = "/customer/teams/{teamId}/licenses", operation_id = "getAllForTeam", tag = "License",
    params(("teamId" = i32, Path, description = "The team", example = 2001), LicenseQuery),
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "One page of the licences; past the last page an empty one", body = Vec<LicenseResponse>,
         headers(("X-Total-Count" = i64, description = "How many licences match"),
                 ("Link" = String, description = "The pages `first`, `prev`, `next`, `last` (RFC 8288)"))),
        (status = 400, description = "A parameter that cannot be read", content_type = "text/html"),
        (status = 401, description = "No token, no customer code, or a token that is not the customer's", body = ErrorBody),
        (status = 403, description = "The token is another team's", body = ErrorBody),
        (status = 404, description = "No such team", body = ErrorBody),
    ),
)]
pub(crate) async fn get_all_for_team(
    caller: Reader,
    OriginalUri(uri): OriginalUri,
    team: Path<JetBrainsAccount, String>,
    query: Query<JetBrainsAccount, LicenseQuery>,
) -> Result<Response, JetBrainsError> {
    // unverified: what is no number is unreadable, an unknown team is not found, another team is a mismatch
    // (jetbrains-account §5.3).
    let team =
        team.0.parse::<i32>().map_err(|_| Error::Unreadable(format!("teamId is no 32-bit number: {}", team.0)))?;
    let (filter, page, contradictory) = query.0.read()?;
    let organization = caller.principal.organization.id;
    let known = store::team::find(&mut caller.read().await?, organization, team).await?;
    known.ok_or(JetBrainsError::TeamUnknown(team))?;
    caller.principal.check_team(team)?;
    // The path says which team; a `teamId` beside it can only agree.
    let nothing = contradictory || filter.team.is_some_and(|asked| asked != team);
    list(&caller, &uri, &LicenseFilter { team: Some(team), ..filter }, page, nothing).await
}

/// One licence (jetbrains-account §5.4).
#[utoipa::path(
    get, path = "/customer/licenses/{licenseId}", operation_id = "getByLicenseId", tag = "License",
    params(("licenseId" = String, Path, description = "The licence", example = "ABCDE12345")),
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "The licence", body = LicenseResponse),
        (status = 401, description = "No token, no customer code, or a token that is not the customer's", body = ErrorBody),
        (status = 403, description = "The token is another team's", body = ErrorBody),
        (status = 404, description = "No such licence", body = ErrorBody),
    ),
)]
pub(crate) async fn get_by_license_id(
    caller: Reader,
    id: Path<JetBrainsAccount, String>,
) -> Result<impl IntoResponse, JetBrainsError> {
    let organization = caller.principal.organization.id;
    let license = store::license::find(&mut caller.read().await?, organization, &id.0).await?;
    // unverified: both refusals, by analogy with assign (jetbrains-account §5.4).
    let license = license.ok_or(JetBrainsError::LicenseUnknown(id.0))?;
    caller.principal.check_team(license.team.id)?;
    Ok(Answer(LicenseResponse::new(&license, caller.now)).into_response())
}

async fn list(
    caller: &Reader,
    uri: &Uri,
    filter: &LicenseFilter,
    page: Page,
    nothing: bool,
) -> Result<Response, JetBrainsError> {
    let (licenses, total) = if nothing {
        (Vec::new(), 0)
    } else {
        let organization = caller.principal.organization.id;
        store::license::page(&mut caller.read().await?, organization, filter, page).await?
    };
    let body: Vec<_> = licenses.iter().map(|license| LicenseResponse::new(license, caller.now)).collect();
    let mut response = Answer(body).into_response();
    response.headers_mut().insert("x-total-count", total.into());
    // Clients give up on a header that is too long; one that echoes an absurd query is better left out.
    let link = Some(link(uri, page, total)).filter(|link| link.len() <= LONGEST_LINK);
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// unverified: that there is a `Link` header is documented, its text was never seen (jetbrains-account §5.2).
fn link(uri: &Uri, page: Page, total: i64) -> String {
    let kept: Vec<(String, String)> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .filter(|(name, _)| name != "page" && name != "perPage")
        .collect();
    let relations = page.relations(total).into_iter().map(|(relation, number)| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&kept);
        query.append_pair("page", &number.to_string()).append_pair("perPage", &page.size.to_string());
        format!("<{}?{}>; rel=\"{relation}\"", uri.path(), query.finish())
    });
    relations.collect::<Vec<_>>().join(", ")
}
