//! Licences, listed and one by one.

use axum::{
    extract::OriginalUri,
    http::{HeaderValue, Uri, header::LINK},
    response::{IntoResponse, Response},
};

use crate::{
    core::paging::Page,
    http::{
        caller::Caller,
        extract::{Path, Query},
    },
    services::jetbrains_account::{
        JetBrainsAccount,
        api::{
            error::{ApiDisabled, ErrorBody, Unauthorized},
            scope,
            wire::{
                Answer,
                license::LicenseResponse,
                requests::{LicensePath, LicenseQuery, TeamPath},
            },
        },
        domain::{error::JetBrainsError, license::LicenseFilter},
        store,
    },
};

/// Bytes that a `Link` header may have.
const LONGEST_LINK: usize = 8 * 1024;

type Reader = Caller<JetBrainsAccount, scope::Read>;

/// All licences of the customer
// jetbrains-account §5.2.
#[utoipa::path(
    get, path = "/customer/licenses", operation_id = "getAllForCustomer", tag = "Licenses",
    params(LicenseQuery),
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "One page of the licences; past the last page an empty one",
         body = Vec<LicenseResponse>,
         headers(("X-Total-Count" = i64, description = "How many licences match"),
                 ("Link" = String, description = "The pages `first`, `prev`, `next`, `last` (RFC 8288)"))),
        (status = 400, description = "A parameter that cannot be read", content_type = "text/html"),
        Unauthorized,
        ApiDisabled,
    ),
)]
pub(crate) async fn get_all_for_customer(
    caller: Reader,
    OriginalUri(uri): OriginalUri,
    query: Query<JetBrainsAccount, LicenseQuery>,
) -> Result<Response, JetBrainsError> {
    let (filter, page) = query.0.read()?;
    // unverified: a team's token sees its own team only, whatever it asks for (jetbrains-account §5.2).
    let filter = match caller.principal.profile().team() {
        Some(own) => filter.and_then(|filter| filter.within_team(own)),
        None => filter,
    };
    list(&caller, &uri, filter, page).await
}

/// All licences of a team
// jetbrains-account §5.3.
#[utoipa::path(
    get, path = "/customer/teams/{teamId}/licenses", operation_id = "getAllForTeam", tag = "Licenses",
    params(TeamPath, LicenseQuery),
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "One page of the licences; past the last page an empty one",
         body = Vec<LicenseResponse>,
         headers(("X-Total-Count" = i64, description = "How many licences match"),
                 ("Link" = String, description = "The pages `first`, `prev`, `next`, `last` (RFC 8288)"))),
        (status = 400, description = "A parameter that cannot be read", content_type = "text/html"),
        Unauthorized,
        (status = 403, description = "The token is another team's, or the API is disabled", body = ErrorBody),
        (status = 404, description = "No such team", body = ErrorBody),
    ),
)]
pub(crate) async fn get_all_for_team(
    caller: Reader,
    OriginalUri(uri): OriginalUri,
    path: Path<JetBrainsAccount, TeamPath>,
    query: Query<JetBrainsAccount, LicenseQuery>,
) -> Result<Response, JetBrainsError> {
    let team = path.0.team_id;
    let (filter, page) = query.0.read()?;
    let organization = caller.principal.organization.id;
    // unverified: an unknown team is not found, another team is a mismatch (jetbrains-account §5.3).
    let known = store::team::find(&mut caller.read().await?, organization, team).await?;
    known.ok_or(JetBrainsError::TeamUnknown(team))?;
    caller.principal.check_team(team)?;
    // The path says which team; a `teamId` beside it can only agree.
    list(&caller, &uri, filter.and_then(|filter| filter.within_team(team)), page).await
}

/// One licence
// jetbrains-account §5.4.
#[utoipa::path(
    get, path = "/customer/licenses/{licenseId}", operation_id = "getByLicenseId", tag = "Licenses",
    params(LicensePath),
    security(("apiKey" = [], "customerCode" = [])),
    responses(
        (status = 200, description = "The licence", body = LicenseResponse),
        (status = 400, description = "An id that cannot be read", content_type = "text/html"),
        Unauthorized,
        (status = 403, description = "The token is another team's, or the API is disabled", body = ErrorBody),
        (status = 404, description = "No such licence", body = ErrorBody),
    ),
)]
pub(crate) async fn get_by_license_id(
    caller: Reader,
    path: Path<JetBrainsAccount, LicensePath>,
) -> Result<Response, JetBrainsError> {
    let id = path.0.license_id;
    let organization = caller.principal.organization.id;
    let license = store::license::find(&mut caller.read().await?, organization, &id).await?;
    // unverified: both refusals, by analogy with assign (jetbrains-account §5.4).
    let license = license.ok_or(JetBrainsError::LicenseUnknown(id))?;
    caller.principal.check_team(license.team.id)?;
    Ok(Answer(LicenseResponse::new(&license, &caller.now)).into_response())
}

/// Answers a page of the licences that pass the filter: of none, without one.
async fn list(
    caller: &Reader,
    uri: &Uri,
    filter: Option<LicenseFilter>,
    page: Page,
) -> Result<Response, JetBrainsError> {
    let (licenses, total) = match filter {
        None => (Vec::new(), 0),
        Some(filter) => {
            let organization = caller.principal.organization.id;
            store::license::list_page(&mut caller.read().await?, organization, &filter, page).await?
        }
    };
    let body: Vec<_> = licenses.iter().map(|license| LicenseResponse::new(license, &caller.now)).collect();
    let mut response = Answer(body).into_response();
    response.headers_mut().insert("x-total-count", total.into());
    // Clients give up on a header that is too long; one that echoes an absurd query is better left out.
    let link = Some(format_link(uri, page, total)).filter(|link| link.len() <= LONGEST_LINK);
    if let Some(link) = link.and_then(|link| HeaderValue::from_str(&link).ok()) {
        response.headers_mut().insert(LINK, link);
    }
    Ok(response)
}

/// unverified: that there is a `Link` header is documented, its text was never seen (jetbrains-account §5.2).
fn format_link(uri: &Uri, page: Page, total: i64) -> String {
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
