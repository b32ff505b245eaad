//! `/vaults/{name}/…`: what an administrator clicks in License Vault's pages (license-vault §3), and what IDEs do.

mod connections;
mod tokens;
pub(crate) mod wire;

use axum::{
    extract::{FromRequestParts, State},
    http::request::Parts,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    core::error::Error,
    http::{
        common_parts::describe_control_routes,
        control_input::{Answer, Segments, WrittenSpace},
        problem::Problem,
        routes::{Description, Routes},
    },
    routes,
    services::license_vault::{
        domain::vault::{TokenKind, Vault},
        store,
    },
    store::{ReadOnly, ReadWrite, Session, organization},
};

// By `*`, because `routes!` needs what `utoipa::path` makes beside each handler, under names of its own.
pub(crate) use connections::*;
pub(crate) use tokens::*;

/// A vault's Settings page, as data.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct VaultAnswer {
    pub(crate) name: String,
    /// The organization's customer code.
    #[schema(example = "6700001")]
    organization: String,
    #[schema(example = "organization_true_up")]
    pub(crate) plan: String,
    /// Licences are given back when an IDE closes.
    pub(crate) floating: bool,
    /// Who no rule names gets nothing.
    pub(crate) strict_policy: bool,
    /// The vault has a token. Which one, nobody can read any more.
    pub(crate) has_token: bool,
    /// How many licences may be revoked in a calendar month; null for any number.
    pub(crate) revocations_per_month: Option<i64>,
}

/// The vault that the path names.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct VaultPath {
    #[param(ignore)]
    space: WrittenSpace,
    /// The vault
    #[param(example = "example")]
    name: String,
}

impl FromRequestParts<App> for VaultPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let space = WrittenSpace::from_request_parts(parts, app).await?;
        let path = Segments::from_request_parts(parts, app).await?;
        Ok(Self { space, name: path.get("name").to_owned() })
    }
}

/// A vault's connection or allocation, which the path names by an id.
pub(crate) struct ItemPath {
    path: VaultPath,
    id: String,
}

impl FromRequestParts<App> for ItemPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let path = VaultPath::from_request_parts(parts, app).await?;
        Ok(Self { path, id: Segments::from_request_parts(parts, app).await?.get("id").to_owned() })
    }
}

impl VaultPath {
    async fn find<M>(&self, db: &mut Session<M>) -> Result<Vault, Error> {
        let vault = store::vault::find(db, self.space.space.id, &self.name).await?;
        vault.ok_or_else(|| Error::NotFound(format!("there is no vault `{}`", self.name)))
    }

    async fn read(&self, app: &App) -> Result<(Session<ReadOnly>, Vault), Error> {
        let mut db = app.db.read().await?;
        let vault = self.find(&mut db).await?;
        Ok((db, vault))
    }

    async fn write(&self, app: &App) -> Result<(Session<ReadWrite>, Vault), Error> {
        let mut db = self.space.open(app).await?;
        let vault = self.find(&mut db).await?;
        Ok((db, vault))
    }

    /// As an administrator of the vault, which is what its pages want (license-vault §3).
    async fn write_as(&self, app: &App, actor: &str) -> Result<(Session<ReadWrite>, Vault), Problem> {
        let (mut db, vault) = self.write(app).await?;
        let person = organization::find_person(&mut db, vault.organization.id, actor).await?;
        let person =
            person.ok_or_else(|| Problem::forbidden(format!("`{actor}` is not one of the organization's people")))?;
        if store::vault::is_administrator(&mut db, vault.id, person.id).await? {
            return Ok((db, vault));
        }
        Err(Problem::forbidden(format!("{actor} is no administrator of the vault {}", vault.name)))
    }
}

async fn describe<M>(db: &mut Session<M>, vault: &Vault) -> Result<VaultAnswer, Error> {
    Ok(VaultAnswer {
        name: vault.name.clone(),
        organization: vault.organization.customer_code.to_string(),
        plan: vault.plan.to_string(),
        floating: vault.floating,
        strict_policy: vault.strict,
        has_token: store::vault::has_token(db, vault.id, TokenKind::Vault).await?,
        revocations_per_month: vault.revocations_per_month(),
    })
}

/// A vault's settings.
#[utoipa::path(
    get, path = "/vaults/{name}", operation_id = "getVault",
    responses((status = 200, description = "The settings", body = VaultAnswer)),
)]
pub(crate) async fn get_vault(State(app): State<App>, path: VaultPath) -> Result<Answer<VaultAnswer>, Problem> {
    let (mut db, vault) = path.read(&app).await?;
    Ok(Answer(describe(&mut db, &vault).await?))
}

/// The service's routes of the control API.
pub(crate) fn routes<D: Description>() -> Routes<D> {
    let routes = Routes::new()
        .routes(routes!(get_vault))
        .routes(routes!(generate_token, delete_token))
        .routes(routes!(generate_automation_token, remove_automation_token))
        .routes(routes!(get_connections, connect))
        .routes(routes!(get_denied_products))
        .routes(routes!(refresh))
        .routes(routes!(close))
        .routes(routes!(revoke));
    describe_control_routes::<VaultPath, D>("Vaults", routes)
}
