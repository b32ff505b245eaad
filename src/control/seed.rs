//! `/reset` and `/seed`: the data, in the tester's hands.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    domain::organization::{DEFAULT_SPACE, Space},
    http::{
        control_input::{Answer, InSpace, Params, SpaceQuery, Text},
        problem::{Problem, Refused},
    },
    seed::{
        apply::{self, Mode},
        file::SeedFile,
        plan::{self, Plan},
        read,
    },
    services::{
        atlassian::{self, seed::NewTokens},
        license_vault,
    },
};

/// What a seed made. Its tokens are shown here once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Seeded {
    /// The space.
    space: String,
    /// Nothing was kept: it was a dry run.
    dry_run: bool,
    /// The organizations that the seed names, as they are now.
    organizations: Vec<SeededOrganization>,
}

/// An organization that a seed made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededOrganization {
    name: String,
    /// JetBrains' number for it, sent as `X-Customer-Code`.
    customer_code: String,
    /// Atlassian's id for it.
    org_id: String,
    /// Its JetBrains Account, if the seed says something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    jetbrains_account: Option<SeededAccount>,
    /// Its License Vault, if the seed says something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    license_vault: Option<SeededVault>,
    /// Its Atlassian administration, if the seed says something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    atlassian: Option<SeededAtlassian>,
}

/// A vault that a seed made.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededVault {
    #[schema(example = "example")]
    name: String,
    tokens: Vec<SeededVaultToken>,
}

/// A credential of a vault.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededVaultToken {
    /// `vault`, `automation` or `reporting`.
    kind: &'static str,
    /// What an automation token is called.
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    token: String,
}

impl From<license_vault::seed::PlannedVault> for SeededVault {
    fn from(plan: license_vault::seed::PlannedVault) -> Self {
        let shown = |new: license_vault::seed::NewToken| SeededVaultToken {
            kind: new.kind.name(),
            name: new.name,
            token: new.token.expose().to_owned(),
        };
        Self { name: plan.name, tokens: plan.tokens.into_iter().map(shown).collect() }
    }
}

/// What a seed made in Atlassian's administration.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededAtlassian {
    api_keys: Vec<SeededKey>,
    /// How many API tokens of users.
    api_tokens: i64,
    service_accounts: Vec<SeededServiceAccount>,
}

/// An API key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededKey {
    id: String,
    label: String,
    /// Absent for a key without scopes.
    #[serde(skip_serializing_if = "Option::is_none")]
    scopes: Option<Vec<String>>,
    token: String,
}

/// A service account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededServiceAccount {
    id: String,
    name: String,
}

impl From<atlassian::seed::Plan> for SeededAtlassian {
    fn from(plan: atlassian::seed::Plan) -> Self {
        let count = |tokens: &NewTokens| match tokens {
            NewTokens::One(_) => 1,
            NewTokens::Many(many) => many.count(),
        };
        Self {
            api_tokens: plan.api_tokens.iter().map(count).sum(),
            api_keys: plan
                .api_keys
                .into_iter()
                .map(|new| SeededKey {
                    id: new.key.id,
                    label: new.key.label,
                    scopes: new.key.scopes,
                    token: new.token.expose().to_owned(),
                })
                .collect(),
            service_accounts: plan
                .service_accounts
                .into_iter()
                .map(|new| SeededServiceAccount { id: new.account.id, name: new.account.name })
                .collect(),
        }
    }
}

/// What a seed made in JetBrains Account.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededAccount {
    teams: Vec<SeededTeam>,
    /// How many licences.
    licenses: usize,
    tokens: Vec<SeededToken>,
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededTeam {
    id: i32,
    name: String,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SeededToken {
    person: String,
    /// Absent for a token of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<i32>,
    token: String,
}

impl Seeded {
    /// What a plan made in a space.
    pub(crate) fn new(space: String, dry_run: bool, plan: Plan) -> Self {
        Self { space, dry_run, organizations: plan.organizations.into_iter().map(Into::into).collect() }
    }
}

impl From<plan::Organization> for SeededOrganization {
    fn from(o: plan::Organization) -> Self {
        Self {
            name: o.name,
            customer_code: o.customer_code.to_string(),
            org_id: o.org_id,
            license_vault: o.license_vault.map(Into::into),
            atlassian: o.atlassian.map(Into::into),
            jetbrains_account: o.jetbrains_account.map(|account| SeededAccount {
                teams: account.teams.into_iter().map(|team| SeededTeam { id: team.id, name: team.name }).collect(),
                licenses: account.licenses.len(),
                tokens: account
                    .tokens
                    .into_iter()
                    .map(|t| SeededToken {
                        person: t.email,
                        team: t.profile.team(),
                        token: t.token.expose().to_owned(),
                    })
                    .collect(),
            }),
        }
    }
}

/// How a seed is applied.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct SeedParams {
    /// `merge` (default): what is there stays; `replace`: it goes, the clock with it.
    #[serde(default)]
    #[param(inline)]
    mode: SeedMode,
    /// Check it, say what it would make, keep nothing. `?dry_run` and `?dry_run=true` are the same.
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    dry_run: DryRun,
}

/// What happens to what is there.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SeedMode {
    #[default]
    Merge,
    Replace,
}

/// A flag in a query.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
enum DryRun {
    #[serde(rename = "", alias = "true")]
    Yes,
    #[default]
    #[serde(rename = "false")]
    No,
}

/// Back to the seed that Locum was started with: data and clock, at once.
#[utoipa::path(post, path = "/reset", operation_id = "reset", tag = "World", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "What is there now", body = Seeded), Refused))]
pub(super) async fn reset(State(app): State<App>, InSpace(space): InSpace) -> Result<Answer<Seeded>, Problem> {
    // A space that was made from the seed keeps names and tokens of its own.
    let mode = if space.name == DEFAULT_SPACE { Mode::Replace } else { Mode::Fresh };
    write(&app, &space, &app.config.seeds, mode, true, false).await
}

/// Applies a seed document, sent as the body in YAML or JSON: all of it, or nothing.
#[utoipa::path(post, path = "/seed", operation_id = "seed", tag = "World", security((), ("controlToken" = [])),
    params(SpaceQuery, SeedParams),
    request_body(content = String, content_type = "application/yaml", description = "A seed; see `locum seed schema`"),
    responses((status = 200, description = "What it made", body = Seeded), Refused))]
pub(super) async fn seed(
    State(app): State<App>,
    InSpace(space): InSpace,
    Params(params): Params<SeedParams>,
    Text(text): Text,
) -> Result<Answer<Seeded>, Problem> {
    let file = read::parse_foreign("body", &text)?;
    let mode = match params.mode {
        SeedMode::Merge => Mode::Merge,
        SeedMode::Replace => Mode::Replace,
    };
    write(&app, &space, &[file], mode, false, matches!(params.dry_run, DryRun::Yes)).await
}

/// `own_clock`: the clock that was set at the start wins over the seed's.
async fn write(
    app: &App,
    space: &Space,
    files: &[SeedFile],
    mode: Mode,
    own_clock: bool,
    dry_run: bool,
) -> Result<Answer<Seeded>, Problem> {
    let clock = app.config.clock.filter(|_| own_clock);
    let mut db = app.db.write(space.id).await?;
    let plan: Plan = apply::apply(&mut db, &app.keyring, files, mode, clock).await?;
    if !dry_run {
        db.commit().await?;
    }
    Ok(Answer(Seeded::new(space.name.clone(), dry_run, plan)))
}
