//! Licences in use: IDEs start, refresh and close, and administrators revoke.

use axum::extract::State;

use crate::{
    app::App,
    core::{error::Error, now::Now},
    http::{
        control_input::{Answer, Json, check_text},
        problem::Problem,
    },
    services::license_vault::{
        control::{
            ItemPath, VaultPath,
            wire::{AllocationAnswer, ByActor, ConnectRequest, Connected, DeniedProductAnswer},
        },
        domain::{
            allocation::{AllocationFilter, LicenseRequest, RequestOutcome, VaultUser},
            vault::Vault,
        },
        store,
    },
    store::{ReadWrite, Session},
};

/// Who holds which licence, and what runs on it.
#[utoipa::path(
    get, path = "/vaults/{name}/connections", operation_id = "getConnections",
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>)),
)]
pub(crate) async fn get_connections(
    State(app): State<App>,
    path: VaultPath,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let (mut db, vault) = path.read(&app).await?;
    let allocations =
        store::allocations::list_live(&mut db, &vault, &Now::at(path.space.space.now()), AllocationFilter::Everybody)
            .await?;
    Ok(Answer(allocations.into_iter().map(Into::into).collect()))
}

/// What goes on running after its licence was taken away, because none fitted when it asked again.
#[utoipa::path(
    get, path = "/vaults/{name}/denied-products", operation_id = "getDeniedProducts",
    responses((status = 200, description = "The products without a licence", body = Vec<DeniedProductAnswer>)),
)]
pub(crate) async fn get_denied_products(
    State(app): State<App>,
    path: VaultPath,
) -> Result<Answer<Vec<DeniedProductAnswer>>, Problem> {
    let (mut db, vault) = path.read(&app).await?;
    let denied = store::denied_products::list(&mut db, &vault, path.space.space.now()).await?;
    Ok(Answer(denied.into_iter().map(Into::into).collect()))
}

/// An IDE starts and asks for a licence. What finds none becomes a denial.
#[utoipa::path(
    post, path = "/vaults/{name}/connections", operation_id = "connect",
    request_body = ConnectRequest,
    responses((status = 200, description = "A licence, or a denial", body = Connected)),
)]
pub(crate) async fn connect(
    State(app): State<App>,
    path: VaultPath,
    Json(body): Json<ConnectRequest>,
) -> Result<Answer<Connected>, Problem> {
    if !body.user.contains('@') {
        return Err(Error::invalid("/user", "expected an e-mail address").into());
    }
    let texts =
        [("/user", &body.user), ("/product", &body.product), ("/version", &body.version), ("/host", &body.host)];
    for (pointer, text) in texts.into_iter().chain([("/ip", &body.ip)]) {
        check_text(pointer, text)?;
    }
    let ConnectRequest { user, product, version, host, ip } = body;
    let (mut db, vault) = path.write(&app).await?;
    let user = store::users::name_user(&mut db, &vault, VaultUser::from_email(&user)).await?;
    let product = vault.catalogue.find_code(&product).to_owned();
    let request = LicenseRequest { user, product, version, host, ip };
    let outcome = store::requests::grant_or_deny(&mut db, &vault, &request).await?;
    db.commit().await?;
    Ok(Answer(match outcome {
        RequestOutcome::Granted { allocation, connection } => Connected {
            granted: true,
            connection: Some(connection),
            allocation: Some((*allocation).into()),
            denial: None,
        },
        RequestOutcome::Denied(denial) => {
            Connected { granted: false, connection: None, allocation: None, denial: Some(denial.into()) }
        }
    }))
}

/// Commits, and answers with the vault's licences that are in use after the change.
async fn commit_and_list(mut db: Session<ReadWrite>, vault: &Vault) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let now = Now::at(db.now());
    let allocations = store::allocations::list_live(&mut db, vault, &now, AllocationFilter::Everybody).await?;
    db.commit().await?;
    Ok(Answer(allocations.into_iter().map(Into::into).collect()))
}

/// A running IDE is heard of, as every ten minutes. One without a licence asks for one again.
#[utoipa::path(
    post, path = "/vaults/{name}/connections/{id}/refresh", operation_id = "refreshConnection",
    params(("id" = String, Path, description = "The running product")),
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>)),
)]
pub(crate) async fn refresh(
    State(app): State<App>,
    ItemPath { path, id }: ItemPath,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let (mut db, vault) = path.write(&app).await?;
    if !store::requests::refresh(&mut db, &vault, &id).await? {
        return Err(Error::NotFound(format!("nothing runs as `{id}`")).into());
    }
    commit_and_list(db, &vault).await
}

/// An IDE closes. A floating licence is given back with the last one.
#[utoipa::path(
    delete, path = "/vaults/{name}/connections/{id}", operation_id = "closeConnection",
    params(("id" = String, Path, description = "The running product")),
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>)),
)]
pub(crate) async fn close(
    State(app): State<App>,
    ItemPath { path, id }: ItemPath,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let (mut db, vault) = path.write(&app).await?;
    if !store::connections::close(&mut db, &vault, &id, false).await? {
        return Err(Error::NotFound(format!("nothing runs as `{id}`")).into());
    }
    commit_and_list(db, &vault).await
}

/// An administrator revokes a licence, and what runs on it asks again at once. Counts towards the month's limit,
/// together with the API's.
#[utoipa::path(
    delete, path = "/vaults/{name}/allocations/{id}", operation_id = "revokeAllocation",
    params(("id" = String, Path, description = "The allocation")),
    request_body = ByActor,
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>)),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    ItemPath { path, id }: ItemPath,
    Json(body): Json<ByActor>,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let (mut db, vault) = path.write_as(&app, &body.actor).await?;
    let now = db.now();
    let allocations = store::allocations::list_live(&mut db, &vault, &Now::at(now), AllocationFilter::Id(&id)).await?;
    if allocations.is_empty() {
        return Err(Error::NotFound(format!("there is no allocation `{id}`")).into());
    }
    store::revocations::revoke(&mut db, &vault, allocations).await?;
    commit_and_list(db, &vault).await
}
