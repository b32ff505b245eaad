//! `/reset` and `/seed`: the data, in the tester's hands.

use axum::{Extension, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::App,
    control::{origin::Origin, timeline},
    core::{error::Error, progress::Progress},
    domain::organization::{DEFAULT_SPACE, Space},
    http::{
        control_input::{Answer, InSpace, NothingDone, Outcome, Params, SpaceQuery, Text},
        problem::{Problem, Refused},
    },
    seed::{
        apply::{ApplyError, Mode},
        file::{Seed, SeedFile},
        read,
    },
    services::{
        Services,
        seeding::{self, Plan, SeedOrganization, SeededOrganization},
        seeds::Seeds,
    },
};

/// What a seed made. Its tokens are shown here once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Seeded {
    /// The space.
    space: String,
    /// Nothing was kept: it was a dry run.
    dry_run: bool,
    /// The organizations that the seed names, as they are now.
    organizations: Vec<SeededOrganization>,
    /// Where the space's own seed spells out a customer code, an org id or a token that another space has: here it is
    /// another one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, example = json!(["organizations/0/customer_code"]))]
    replaced: Vec<String>,
}

impl Seeded {
    /// What a plan made in a space.
    pub(crate) fn new(space: String, dry_run: bool, plan: Plan) -> Self {
        let organizations = plan.organizations.into_iter().map(Into::into).collect();
        Self { space, dry_run, organizations, replaced: Vec::new() }
    }

    /// The same of a space that stands beside others.
    pub(crate) fn of_space(space: String, plan: Plan, replaced: Vec<String>) -> Self {
        Self { replaced, ..Self::new(space, false, plan) }
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

/// A seed that adds an organization with one credential.
const EXAMPLE: &str = "\
version: 1
organizations:
  - name: Second Corp
    customer_code: \"6700009\"
    people: [{ email: zoe@second.test, name: Zoe Lin }]
";

/// Back to the seed: data and clock, at once. The default space goes back to the one that Locum was started with, any
/// other to the one that it was made from, with the same tokens.
#[utoipa::path(post, path = "/reset", operation_id = "reset", tag = "World", security((), ("controlToken" = [])),
    params(SpaceQuery),
    responses((status = 200, description = "What is there now", body = Seeded), Refused))]
pub(super) async fn reset(
    State(app): State<App>,
    Extension(seeds): Extension<Seeds>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
) -> Result<Answer<Seeded>, Problem> {
    if space.name == DEFAULT_SPACE {
        return fill_default(&app, &services, &space, &seeds).await.map(Answer);
    }
    let origin = Origin::of(&app, space.id).await?;
    fill_again(&app, &services, &space, &seeds, origin).await.map(Answer)
}

/// Puts a space back to the seeds of the start, when those have changed. One that was made from a seed of its own has
/// nothing to do with them.
pub(crate) async fn reload(app: &App, services: &Services, space: &Space, seeds: &Seeds) -> Result<(), Problem> {
    if space.name == DEFAULT_SPACE {
        fill_default(app, services, space, seeds).await?;
    } else {
        let origin = Origin::of(app, space.id).await?;
        if origin.has_own_seed() {
            return Ok(());
        }
        fill_again(app, services, space, seeds, origin).await?;
    }
    match app.space(&space.name).await {
        Ok(space) => timeline::keep(app, &space, "reset to the seed, which was read again".to_owned()).await,
        Err(error) => error.log(),
    }
    Ok(())
}

async fn fill_default(app: &App, services: &Services, space: &Space, seeds: &Seeds) -> Result<Seeded, Problem> {
    write(app, services, space, &seeds.current(), Mode::Replace, true, false).await
}

/// Fills a space as it was made.
async fn fill_again(
    app: &App,
    services: &Services,
    space: &Space,
    seeds: &Seeds,
    origin: Origin,
) -> Result<Seeded, Problem> {
    let own = origin.read_seed()?;
    let open = || async { Ok(Some(app.db.write(space.id).await?)) };
    let filled = origin.fill(app, services, own, &seeds.current(), open).await?;
    let filled = filled.ok_or_else(|| Error::internal("a seed without a session"))?;
    let (plan, replaced) = filled.commit(app, None).await?;
    Ok(Seeded::of_space(space.name.clone(), plan, replaced))
}

/// Applies a seed document, sent as the body in YAML or JSON: all of it, or nothing.
#[utoipa::path(post, path = "/seed", operation_id = "seed", tag = "World", security((), ("controlToken" = [])),
    params(SpaceQuery, SeedParams),
    request_body(content = String, content_type = "application/yaml", description = "A seed; see `locum seed schema`",
        example = json!(EXAMPLE)),
    responses((status = 200, description = "What it made", body = Seeded), Refused))]
pub(super) async fn seed(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    InSpace(space): InSpace,
    Params(params): Params<SeedParams>,
    Text(text): Text,
) -> Result<Outcome<Seeded>, Problem> {
    app.check_not_replaced(&space).await?;
    let seed = read::parse(SeedFile::foreign("body", text))?;
    let mode = match params.mode {
        SeedMode::Merge => Mode::Merge,
        SeedMode::Replace => Mode::Replace,
    };
    let dry_run = matches!(params.dry_run, DryRun::Yes);
    let seeded = write(&app, &services, &space, &[seed], mode, false, dry_run).await?;
    let adds_nothing = matches!(params.mode, SeedMode::Merge)
        && seeded.organizations.is_empty()
        && app.space(&space.name).await?.clock == space.clock;
    Ok((NothingDone::when(adds_nothing, "there is nothing in the seed"), Answer(seeded)))
}

/// `own_clock`: the clock that was set at the start wins over the seed's.
async fn write(
    app: &App,
    services: &Services,
    space: &Space,
    seeds: &[Seed<SeedOrganization>],
    mode: Mode<'_>,
    own_clock: bool,
    dry_run: bool,
) -> Result<Seeded, Problem> {
    let clock = app.config.clock.filter(|_| own_clock);
    let open = || async {
        let mut db = match mode {
            Mode::Merge => app.db.write_in(space).await?,
            // It builds on nothing that is there, so it may come after another one.
            Mode::Replace | Mode::Beside(_) => app.db.write(space.id).await?,
        };
        if dry_run {
            db.try_only();
        }
        Ok::<_, ApplyError>(Some(db))
    };
    let applied =
        seeding::apply(&app.keyring, services.tables(), open, seeds, mode, clock, &Progress::default()).await?;
    let (db, plan) = applied.ok_or_else(|| Error::internal("a seed without a session"))?;
    if !dry_run {
        db.commit().await?;
    }
    Ok(Seeded::new(space.name.clone(), dry_run, plan))
}
