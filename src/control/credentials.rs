//! `/credentials`: what requests authenticate with, and how that ends.

use std::collections::BTreeSet;

use axum::{Extension, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    control::request_matcher::check_service,
    core::{
        clock::{self, Time},
        error::Error,
        suggest::suggest,
    },
    domain::{
        credential::CredentialSummary,
        organization::{Space, SpaceId},
    },
    http::{
        control_input::{Answer, InSpace, NothingDone, Outcome, Params, Segments, SpaceQuery},
        problem::{Problem, Refused},
        request_context::RequestContext,
    },
    services::{self, Registry, Services},
    store::{self, ReadWrite, Session, credential::CredentialKind},
};

/// A credential, without its token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct CredentialAnswer {
    #[schema(example = "cred-3")]
    pub(crate) id: String,
    /// The service that takes it.
    #[schema(example = json!(services::EXAMPLE))]
    pub(crate) service: String,
    /// The organization's customer code.
    #[schema(example = "6700001")]
    pub(crate) organization: String,
    /// What it is, by the name that its service gives it.
    #[schema(example = json!(services::EXAMPLE_KIND))]
    pub(crate) kind: String,
    /// What people call it.
    #[schema(example = "reader")]
    pub(crate) label: String,
    /// When it was made, or last made anew.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When it stops working. Absent: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    pub(crate) expires_at: Option<String>,
    pub(crate) status: CredentialStatus,
}

/// Whether a credential works, by the space's clock.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CredentialStatus {
    Active,
    Expired,
}

/// A credential with a token that was just made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RotatedCredential {
    #[serde(flatten)]
    credential: CredentialAnswer,
    /// The new token. Shown here, and never again.
    token: String,
}

/// Which credentials.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CredentialFilter {
    /// Those that this service takes.
    #[param(example = json!(services::EXAMPLE))]
    service: Option<String>,
    /// Those of the organization with this customer code.
    #[param(example = "6700001")]
    organization: Option<String>,
}

fn id(credential: &CredentialSummary) -> String {
    format!("cred-{}", credential.id.0)
}

fn shown(credential: &CredentialSummary, now: Time) -> CredentialAnswer {
    CredentialAnswer {
        id: id(credential),
        service: credential.service.clone(),
        organization: credential.customer_code.to_string(),
        kind: credential.kind.clone(),
        label: credential.label.clone(),
        created_at: clock::write(credential.created_at),
        expires_at: credential.expires_at.map(clock::write),
        status: if credential.is_expired(now) { CredentialStatus::Expired } else { CredentialStatus::Active },
    }
}

/// The one with this id, else the one with this label.
fn named(credentials: &[CredentialSummary], name: &str) -> Result<CredentialSummary, Problem> {
    if let Some(found) = credentials.iter().find(|credential| id(credential) == name) {
        return Ok(found.clone());
    }
    let namesakes: Vec<&CredentialSummary> = credentials.iter().filter(|credential| credential.label == name).collect();
    match namesakes.as_slice() {
        [] => {
            let labels: BTreeSet<&str> = credentials.iter().map(|credential| credential.label.as_str()).collect();
            let near = suggest(name, labels);
            Err(Error::NotFound(format!("there is no credential `{name}`{near}")).into())
        }
        [only] => Ok((*only).clone()),
        several => {
            let described =
                |it: &&CredentialSummary| format!("`{}` ({} of organization {})", id(it), it.kind, it.customer_code);
            let described: Vec<String> = several.iter().map(described).collect();
            let detail = format!("several credentials are called `{name}`, say which: {}", described.join(", "));
            Err(Problem::new(StatusCode::CONFLICT, detail))
        }
    }
}

async fn find<M>(db: &mut Session<M>, space: SpaceId, name: &str) -> Result<CredentialSummary, Problem> {
    named(&store::credential::list(db, space).await?, name)
}

/// The credential in the path, about to be changed.
async fn open(app: &App, space: &Space, path: &Segments) -> Result<(Session<ReadWrite>, CredentialSummary), Problem> {
    let mut db = app.db.write_in(space).await?;
    let credential = find(&mut db, space.id, path.get("id")).await?;
    Ok((db, credential))
}

fn find_kind(services: &Registry, credential: &CredentialSummary) -> Result<&'static CredentialKind, Error> {
    let CredentialSummary { service, kind, .. } = credential;
    let unknown = || Error::internal(format!("`{service}` has no credentials of the kind `{kind}`"));
    services.credential_kind(service, kind).ok_or_else(unknown)
}

/// The credentials of a space, oldest first. Their tokens, nobody can read any more.
#[utoipa::path(get, path = "/credentials", operation_id = "getCredentials", tag = "Credentials",
    security((), ("controlToken" = [])),
    params(SpaceQuery, CredentialFilter),
    responses((status = 200, description = "The credentials", body = Vec<CredentialAnswer>), Refused))]
pub(super) async fn get_credentials(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    Params(filter): Params<CredentialFilter>,
) -> Result<Answer<Vec<CredentialAnswer>>, Problem> {
    if let Some(service) = &filter.service {
        check_service(&services, "/service", service)?;
    }
    let mut db = app.db.read().await?;
    if let Some(code) = &filter.organization {
        let there = store::organization::list(&mut db, space.id).await?;
        let codes: Vec<String> = there.iter().map(|organization| organization.customer_code.to_string()).collect();
        if !codes.contains(code) {
            let near = suggest(code, codes.iter().map(String::as_str));
            let detail = format!("there is no organization with the customer code `{code}`{near}");
            return Err(Problem::unknown("/organization", detail));
        }
    }
    let fits = |credential: &&CredentialSummary| {
        filter.service.as_ref().is_none_or(|service| credential.service == *service)
            && filter.organization.as_ref().is_none_or(|code| credential.customer_code.to_string() == *code)
    };
    let (all, now) = (store::credential::list(&mut db, space.id).await?, space.now());
    Ok(Answer(all.iter().filter(fits).map(|credential| shown(credential, now)).collect()))
}

/// One credential, by its id, or by its label when no other in the space has that.
#[utoipa::path(get, path = "/credentials/{id}", operation_id = "getCredential", tag = "Credentials",
    security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The credential's id or label", example = "reader"), SpaceQuery),
    responses((status = 200, description = "The credential", body = CredentialAnswer), Refused))]
pub(super) async fn get_credential(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<CredentialAnswer>, Problem> {
    let credential = find(&mut app.db.read().await?, space.id, path.get("id")).await?;
    Ok(Answer(shown(&credential, space.now())))
}

/// Lets a credential expire now, by the space's clock. One that expired before stays as it is.
#[utoipa::path(post, path = "/credentials/{id}/expire", operation_id = "expireCredential", tag = "Credentials",
    security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The credential's id or label", example = "reader"), SpaceQuery),
    responses((status = 200, description = "The credential", body = CredentialAnswer), Refused))]
pub(super) async fn expire_credential(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Outcome<CredentialAnswer>, Problem> {
    let (mut db, mut credential) = open(&app, &space, &path).await?;
    let now = db.now();
    let was_expired = credential.is_expired(now);
    if !was_expired {
        credential.expires_at = Some(now);
        store::credential::set_expiry(&mut db, &credential, find_kind(&services, &credential)?, Some(now)).await?;
    }
    db.commit().await?;
    let nothing = NothingDone::when(was_expired, "it has expired already");
    Ok((nothing, Answer(shown(&credential, now))))
}

/// Revokes a credential: it is unknown from the next request on, and its record is gone, as when it is revoked at
/// the vendor.
#[utoipa::path(post, path = "/credentials/{id}/revoke", operation_id = "revokeCredential", tag = "Credentials",
    security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The credential's id or label", example = "reader"), SpaceQuery),
    responses((status = 200, description = "The credential, as it was", body = CredentialAnswer), Refused))]
pub(super) async fn revoke_credential(
    State(app): State<App>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<CredentialAnswer>, Problem> {
    let (mut db, credential) = open(&app, &space, &path).await?;
    store::credential::delete(&mut db, credential.organization, credential.id).await?;
    let answer = shown(&credential, db.now());
    db.commit().await?;
    Ok(Answer(answer))
}

/// The credential in the path, once it is clear that it may have a new token.
async fn open_to_rotate(
    app: &App,
    services: &Registry,
    space: &Space,
    path: &Segments,
) -> Result<(Session<ReadWrite>, CredentialSummary, &'static CredentialKind), Problem> {
    let (mut db, credential) = open(app, space, path).await?;
    let kind = find_kind(services, &credential)?;
    match store::credential::find_barrier(&mut db, credential.organization, kind).await? {
        Some(why) => Err(Problem::forbidden(why)),
        None => Ok((db, credential, kind)),
    }
}

/// Gives a credential a new token; the old one dies at once. What has expired lasts again as long as a new one. Not
/// while the service itself would make none. A request during which another one gives the credential a new token gets a
/// 409, because it would end that token at once; one that begins later gets a 200.
#[utoipa::path(post, path = "/credentials/{id}/rotate", operation_id = "rotateCredential", tag = "Credentials",
    security((), ("controlToken" = [])),
    params(("id" = String, Path, description = "The credential's id or label", example = "reader"), SpaceQuery),
    responses((status = 200, description = "The credential and its new token, shown once", body = RotatedCredential),
        Refused))]
pub(super) async fn rotate_credential(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    path: Segments,
) -> Result<Answer<RotatedCredential>, Problem> {
    let (db, before, kind) = open_to_rotate(&app, &services, &space, &path).await?;
    let token = app.make_token(db, kind.new_token).await?;
    let (mut db, credential, kind) = open_to_rotate(&app, &services, &space, &path).await?;
    // By this process, before it could be read; by another one, since it was.
    let is_first = RequestContext::current().is_none_or(|asked| app.note_rotation(credential.id, asked.arrived));
    if !is_first || credential.fingerprint != before.fingerprint {
        const DETAIL: &str = "somebody else has just given the credential a new token, which this one would end";
        return Err(Problem::new(StatusCode::CONFLICT, DETAIL));
    }
    let now = db.now();
    store::credential::rotate(&mut db, &app.keyring, &credential, kind, &token).await?;
    if credential.is_expired(now) {
        store::credential::set_expiry(&mut db, &credential, kind, kind.expiry(now)).await?;
    }
    let credential = shown(&find(&mut db, space.id, &id(&credential)).await?, now);
    db.commit().await?;
    Ok(Answer(RotatedCredential { credential, token: token.expose().to_owned() }))
}
