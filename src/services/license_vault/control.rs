//! `/vaults/{name}/…`: what an administrator clicks in License Vault's pages (license-vault §3), and what IDEs do.

use axum::extract::{FromRequestParts, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    core::{
        clock::{self, Time},
        duration::HumanDuration,
        error::Error,
    },
    domain::organization::Space,
    http::{
        control_input::{Answer, InSpace, Json, Segments, SpaceQuery, check_text},
        problem::{Problem, Refused},
    },
    services::license_vault::{
        domain::vault::{Allocation, Denial, Request, Vault, VaultUser},
        store::{
            self,
            allocation::{AllocationFilter, Outcome},
            vault::TokenKind,
        },
    },
    store::{ReadWrite, Session, organization},
};

/// A vault's Settings page, as data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VaultAnswer {
    name: String,
    /// The organization's customer code.
    #[schema(example = "6700001")]
    organization: String,
    #[schema(example = "organization_true_up")]
    plan: String,
    /// Licences are given back when an IDE closes.
    floating: bool,
    /// Who no rule names gets nothing.
    strict_policy: bool,
    /// The vault has a token. Which one, nobody can read any more.
    has_token: bool,
    /// How many licences may be revoked in a calendar month; null for any number.
    revocations_per_month: Option<i64>,
}

/// A token that was just generated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewVaultToken {
    vault: String,
    /// What an automation token is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// When an automation token stops working.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    /// The token. Shown here, and never again.
    token: String,
}

/// Who does it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByActor {
    /// The e-mail address of an administrator of the vault.
    #[schema(example = "ann@example.test")]
    actor: String,
}

/// Body of `removeAutomationToken`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationTokenName {
    /// The e-mail address of an administrator of the vault.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// What the token is called.
    #[schema(example = "ci")]
    name: String,
}

/// Body of `generateAutomationToken`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AutomationTokenRequest {
    /// The e-mail address of an administrator of the vault.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// What the token is called.
    #[schema(example = "ci")]
    name: String,
    /// When it stops working: a date, or a length of time from now. Left out, never.
    #[schema(example = "+90d")]
    expires_at: Option<String>,
}

/// Body of `connect`: an IDE starts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConnectRequest {
    /// The e-mail address of who starts it.
    #[schema(example = "bob@example.test")]
    user: String,
    /// Its code, or a plug-in's name.
    #[schema(example = "II")]
    product: String,
    #[serde(default = "default_version")]
    version: String,
    /// The machine it runs on.
    #[serde(default = "default_host")]
    host: String,
    #[serde(default = "default_ip")]
    ip: String,
}

fn default_version() -> String {
    "2026.1".to_owned()
}

fn default_host() -> String {
    "localhost".to_owned()
}

fn default_ip() -> String {
    "127.0.0.1".to_owned()
}

/// What became of a request for a licence.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connected {
    granted: bool,
    /// The running product's id, when it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<String>,
    /// The licence that it runs on, when it was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    allocation: Option<AllocationAnswer>,
    /// The denial, when it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    denial: Option<DenialAnswer>,
}

/// A licence in somebody's hands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AllocationAnswer {
    id: String,
    user: String,
    /// The licence's code.
    license: String,
    /// `regular`, `true_up` or `virtual`.
    kind: String,
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
    running: Vec<RunningAnswer>,
}

/// A running product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RunningAnswer {
    connection: String,
    product: String,
    version: String,
    host: String,
    ip: String,
    #[schema(format = DateTime)]
    since: String,
    #[schema(format = DateTime)]
    last_seen_at: String,
}

/// A request that found nothing.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DenialAnswer {
    user: String,
    product: String,
    reason: String,
    description: String,
}

impl From<Allocation> for AllocationAnswer {
    fn from(allocation: Allocation) -> Self {
        let running = allocation.running.into_iter().map(|running| RunningAnswer {
            connection: running.id,
            product: running.product,
            version: running.version,
            host: running.host,
            ip: running.ip,
            since: clock::write(running.connected_at),
            last_seen_at: clock::write(running.last_seen_at),
        });
        Self {
            running: running.collect(),
            id: allocation.id,
            user: allocation.user.email,
            license: allocation.product,
            kind: allocation.kind.to_string(),
            since: clock::write(allocation.allocated_at),
            last_seen_at: clock::write(allocation.last_seen_at),
        }
    }
}

impl From<Denial> for DenialAnswer {
    fn from(denial: Denial) -> Self {
        Self {
            user: denial.user.email,
            product: denial.product_name,
            reason: denial.reason,
            description: denial.description,
        }
    }
}

/// What the path says.
pub(crate) struct Addressed {
    space: Space,
    name: String,
    /// A second id in the path.
    id: String,
}

impl FromRequestParts<App> for Addressed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, app: &App) -> Result<Self, Problem> {
        let InSpace(space) = InSpace::from_request_parts(parts, app).await?;
        let path = Segments::from_request_parts(parts, app).await?;
        Ok(Self { space, name: path.get("name").to_owned(), id: path.get("id").to_owned() })
    }
}

impl Addressed {
    fn unknown(&self) -> Error {
        Error::NotFound(format!("there is no vault `{}`", self.name))
    }

    async fn open(&self, app: &App) -> Result<(Session<ReadWrite>, Vault), Error> {
        let mut db = app.db.write(self.space.id).await?;
        let vault = store::vault::find(&mut db, self.space.id, &self.name).await?;
        Ok((db, vault.ok_or_else(|| self.unknown())?))
    }

    /// As an administrator of the vault, which is what its pages want (license-vault §3).
    async fn open_as(&self, app: &App, actor: &str) -> Result<(Session<ReadWrite>, Vault), Error> {
        let (mut db, vault) = self.open(app).await?;
        let person = organization::find_person(&mut db, vault.organization.id, actor).await?;
        let person =
            person.ok_or_else(|| Error::ActorRefused(format!("`{actor}` is not one of the organization's people")))?;
        if store::vault::is_administrator(&mut db, vault.id, person.id).await? {
            return Ok((db, vault));
        }
        Err(Error::ActorRefused(format!("{actor} is no administrator of the vault {}", vault.name)))
    }
}

async fn shown<M>(db: &mut Session<M>, vault: &Vault) -> Result<VaultAnswer, Error> {
    Ok(VaultAnswer {
        name: vault.name.clone(),
        organization: vault.organization.customer_code.to_string(),
        plan: vault.plan.to_string(),
        floating: vault.floating,
        strict_policy: vault.strict,
        has_token: store::vault::has(db, vault.id, TokenKind::Vault).await?,
        revocations_per_month: vault.revocations_per_month(),
    })
}

/// A vault's settings.
#[utoipa::path(get, path = "/vaults/{name}", operation_id = "getVault", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), SpaceQuery),
    responses((status = 200, description = "The settings", body = VaultAnswer), Refused))]
pub(crate) async fn get_vault(State(app): State<App>, addressed: Addressed) -> Result<Answer<VaultAnswer>, Problem> {
    let mut db = app.db.read().await?;
    let vault = store::vault::find(&mut db, addressed.space.id, &addressed.name).await?;
    let vault = vault.ok_or_else(|| addressed.unknown())?;
    Ok(Answer(shown(&mut db, &vault).await?))
}

/// Generates the vault's token; an earlier one dies at once.
#[utoipa::path(post, path = "/vaults/{name}/token", operation_id = "generateVaultToken", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), SpaceQuery), request_body = ByActor,
    responses((status = 200, description = "The token, shown once", body = NewVaultToken), Refused))]
pub(crate) async fn generate_token(
    State(app): State<App>,
    addressed: Addressed,
    Json(body): Json<ByActor>,
) -> Result<Answer<NewVaultToken>, Problem> {
    let (mut db, vault) = addressed.open_as(&app, &body.actor).await?;
    let token = db.ids().vault_token();
    if !store::vault::issue(&mut db, &app.keyring, &vault, TokenKind::Vault, "", &token, None).await? {
        return Err(Error::internal("a generated token was in use").into());
    }
    db.commit().await?;
    Ok(Answer(NewVaultToken { vault: vault.name, name: None, expires_at: None, token: token.expose().to_owned() }))
}

/// Deletes the vault's token.
#[utoipa::path(delete, path = "/vaults/{name}/token", operation_id = "deleteVaultToken", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), SpaceQuery), request_body = ByActor,
    responses((status = 200, description = "The settings", body = VaultAnswer), Refused))]
pub(crate) async fn delete_token(
    State(app): State<App>,
    addressed: Addressed,
    Json(body): Json<ByActor>,
) -> Result<Answer<VaultAnswer>, Problem> {
    let (mut db, vault) = addressed.open_as(&app, &body.actor).await?;
    if !store::vault::remove(&mut db, &vault, TokenKind::Vault, "").await? {
        return Err(Error::NotFound(format!("the vault {} has no token", vault.name)).into());
    }
    let answer = shown(&mut db, &vault).await?;
    db.commit().await?;
    Ok(Answer(answer))
}

/// Generates an automation token; an earlier one of that name dies at once.
#[utoipa::path(post, path = "/vaults/{name}/automation-tokens", operation_id = "generateAutomationToken", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), SpaceQuery), request_body = AutomationTokenRequest,
    responses((status = 200, description = "The token, shown once", body = NewVaultToken), Refused))]
pub(crate) async fn generate_automation_token(
    State(app): State<App>,
    addressed: Addressed,
    Json(body): Json<AutomationTokenRequest>,
) -> Result<Answer<NewVaultToken>, Problem> {
    check_text("/name", &body.name)?;
    let (mut db, vault) = addressed.open_as(&app, &body.actor).await?;
    let expires_at = body.expires_at.map(|text| when(&text, db.now())).transpose()?;
    let token = db.ids().automation_token();
    let kind = TokenKind::Automation;
    if !store::vault::issue(&mut db, &app.keyring, &vault, kind, &body.name, &token, expires_at).await? {
        return Err(Error::internal("a generated token was in use").into());
    }
    db.commit().await?;
    Ok(Answer(NewVaultToken {
        vault: vault.name,
        name: Some(body.name),
        expires_at: expires_at.map(clock::write),
        token: token.expose().to_owned(),
    }))
}

/// Removes an automation token.
#[utoipa::path(delete, path = "/vaults/{name}/automation-tokens", operation_id = "removeAutomationToken", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), SpaceQuery), request_body = AutomationTokenName,
    responses((status = 200, description = "The settings", body = VaultAnswer), Refused))]
pub(crate) async fn remove_automation_token(
    State(app): State<App>,
    addressed: Addressed,
    Json(body): Json<AutomationTokenName>,
) -> Result<Answer<VaultAnswer>, Problem> {
    check_text("/name", &body.name)?;
    let (mut db, vault) = addressed.open_as(&app, &body.actor).await?;
    if !store::vault::remove(&mut db, &vault, TokenKind::Automation, &body.name).await? {
        return Err(Error::NotFound(format!("there is no automation token `{}`", body.name)).into());
    }
    let answer = shown(&mut db, &vault).await?;
    db.commit().await?;
    Ok(Answer(answer))
}

fn when(text: &str, now: Time) -> Result<Time, Error> {
    let wrong = |detail: String| Error::invalid("/expires_at", detail);
    match text.parse::<HumanDuration>() {
        Ok(span) => clock::shift(now, span).ok_or_else(|| wrong(format!("`{text}` leads out of the calendar"))),
        Err(_) => clock::parse(text).map_err(|e| wrong(format!("{e}, or relative to the clock, like +90d"))),
    }
}

/// Who holds which licence, and what runs on it.
#[utoipa::path(get, path = "/vaults/{name}/connections", operation_id = "getConnections", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), SpaceQuery),
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>), Refused))]
pub(crate) async fn get_connections(
    State(app): State<App>,
    addressed: Addressed,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let mut db = app.db.read().await?;
    let vault = store::vault::find(&mut db, addressed.space.id, &addressed.name).await?;
    let vault = vault.ok_or_else(|| addressed.unknown())?;
    let held = store::allocation::live(&mut db, &vault, addressed.space.now(), AllocationFilter::Everybody).await?;
    Ok(Answer(held.into_iter().map(Into::into).collect()))
}

/// An IDE starts and asks for a licence. What finds none becomes a denial.
#[utoipa::path(post, path = "/vaults/{name}/connections", operation_id = "connect", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), SpaceQuery), request_body = ConnectRequest,
    responses((status = 200, description = "A licence, or a denial", body = Connected), Refused))]
pub(crate) async fn connect(
    State(app): State<App>,
    addressed: Addressed,
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
    let request = Request { user: VaultUser::of(&user), product, version, host, ip };
    let (mut db, vault) = addressed.open(&app).await?;
    let outcome = store::allocation::request(&mut db, &vault, &request).await?;
    db.commit().await?;
    Ok(Answer(match outcome {
        Outcome::Granted { allocation, connection } => Connected {
            granted: true,
            connection: Some(connection),
            allocation: Some((*allocation).into()),
            denial: None,
        },
        Outcome::Denied(denial) => {
            Connected { granted: false, connection: None, allocation: None, denial: Some(denial.into()) }
        }
    }))
}

/// Finishes with the vault's licences in use.
async fn in_use(mut db: Session<ReadWrite>, vault: &Vault) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let now = db.now();
    let held = store::allocation::live(&mut db, vault, now, AllocationFilter::Everybody).await?;
    db.commit().await?;
    Ok(Answer(held.into_iter().map(Into::into).collect()))
}

/// A running IDE is heard of, as every ten minutes.
#[utoipa::path(post, path = "/vaults/{name}/connections/{id}/refresh", operation_id = "refreshConnection", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), ("id" = String, Path, description = "The running product"), SpaceQuery),
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>), Refused))]
pub(crate) async fn refresh(
    State(app): State<App>,
    addressed: Addressed,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let (mut db, vault) = addressed.open(&app).await?;
    if !store::allocation::refresh(&mut db, &vault, &addressed.id).await? {
        return Err(Error::NotFound(format!("nothing runs as `{}`", addressed.id)).into());
    }
    in_use(db, &vault).await
}

/// An IDE closes. A floating licence is given back with the last one.
#[utoipa::path(delete, path = "/vaults/{name}/connections/{id}", operation_id = "closeConnection", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), ("id" = String, Path, description = "The running product"), SpaceQuery),
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>), Refused))]
pub(crate) async fn close(
    State(app): State<App>,
    addressed: Addressed,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let (mut db, vault) = addressed.open(&app).await?;
    if !store::allocation::close(&mut db, &vault, &addressed.id, false).await? {
        return Err(Error::NotFound(format!("nothing runs as `{}`", addressed.id)).into());
    }
    in_use(db, &vault).await
}

/// An administrator revokes a licence. Counts towards the month's limit, together with the API's.
#[utoipa::path(delete, path = "/vaults/{name}/allocations/{id}", operation_id = "revokeAllocation", tag = "Vaults", security((), ("controlToken" = [])),
    params(("name" = String, Path, description = "The vault", example = "example"), ("id" = String, Path, description = "The allocation"), SpaceQuery), request_body = ByActor,
    responses((status = 200, description = "The licences in use", body = Vec<AllocationAnswer>), Refused))]
pub(crate) async fn revoke(
    State(app): State<App>,
    addressed: Addressed,
    Json(body): Json<ByActor>,
) -> Result<Answer<Vec<AllocationAnswer>>, Problem> {
    let (mut db, vault) = addressed.open_as(&app, &body.actor).await?;
    let now = db.now();
    if store::allocation::live(&mut db, &vault, now, AllocationFilter::Id(&addressed.id)).await?.is_empty() {
        return Err(Error::NotFound(format!("there is no allocation `{}`", addressed.id)).into());
    }
    store::vault::revoke(&mut db, &vault, std::slice::from_ref(&addressed.id)).await?;
    in_use(db, &vault).await
}
