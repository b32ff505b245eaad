//! `POST /spaces`: a world of its own, ready to use.

use std::time::Duration;

use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use utoipa::{
    IntoParams, ToSchema,
    openapi::{
        Object, ObjectBuilder,
        schema::{SchemaType, Type},
    },
};

use crate::{
    app::App,
    control::{
        origin::{Origin, parse_seed},
        seed::Seeded,
        spaces::{BaseUrl, check_name},
        variables::{Endpoints, Format, answer_text},
    },
    core::{
        clock::Clock,
        duration::parse_duration,
        error::{Error, pointer},
    },
    http::{
        control_input::{Answer, Json, Params},
        problem::{Problem, Refused},
    },
    seed::{Diagnostics, apply::ApplyError, credential::SeededCredential, file::Seed, places::Places},
    services::{self, Services, seeding::SeedOrganization, seeds::Seeds},
};

/// Body of `createSpace`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateSpace {
    /// Up to 64 letters, digits, `-` and `_`.
    #[schema(example = "t1")]
    name: String,
    #[schema(schema_with = describe_seed)]
    seed: Option<Box<RawValue>>,
    /// `real`, `frozen@…` or `offset@…`, as `--clock` takes it. Left out, the seed's own, else that of the start.
    #[schema(example = "frozen@2026-06-01T09:00:00Z")]
    clock: Option<String>,
    /// The space is deleted when nobody has asked it for so long, by the machine's clock: from `10s` to `30d`. Left
    /// out, it stays.
    #[schema(example = "10m")]
    idle_ttl: Option<String>,
}

/// A seed has its own schema.
fn describe_seed() -> Object {
    const TEXT: &str = "A seed in the place of the start's: an object, or a text in YAML or JSON; see `locum seed \
                        schema`. Customer codes, org ids and tokens that it spells out are kept where no other space \
                        has them.";
    let types = SchemaType::from_iter([Type::Object, Type::String, Type::Null]);
    let example = json!({"version": 1, "organizations": [{"name": "Second Corp"}]});
    ObjectBuilder::new().schema_type(types).description(Some(TEXT)).examples([example]).build()
}

/// A space that was just made, ready to use.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CreatedSpace {
    #[serde(flatten)]
    seeded: Seeded,
    /// Base URLs and credentials, as `locum env` names them.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    variables: Endpoints,
    /// Every credential, service by service within an organization.
    credentials: Vec<NewCredential>,
}

/// A credential that was just made.
#[derive(Debug, Serialize, ToSchema)]
struct NewCredential {
    /// The service that takes it.
    #[schema(example = json!(services::EXAMPLE))]
    service: &'static str,
    /// What it is, by the name that its service gives it.
    #[schema(example = json!(services::EXAMPLE_KIND))]
    kind: &'static str,
    /// What people call it.
    #[schema(example = "reader")]
    label: String,
    /// The organization's customer code.
    #[schema(example = "6700001")]
    organization: String,
    /// Which of the variables holds it, if one does.
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<String>,
    /// The token. Shown here, and never again.
    token: String,
}

impl NewCredential {
    fn new((credential, variable): (SeededCredential, Option<String>)) -> Self {
        let SeededCredential { service, kind, label, customer_code, token, .. } = credential;
        let (organization, token) = (customer_code.to_string(), token.expose().to_owned());
        Self { service, kind, label, organization, variable, token }
    }
}

/// How a new space is answered.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CreateParams {
    /// Only the variables, as text: `shell` for `eval "$(…)"`, `github` for `… >> "$GITHUB_ENV"`, `json` for one
    /// object. Left out, everything.
    #[param(inline)]
    format: Option<Format>,
}

/// A seed that came in the body of another request.
struct OwnSeed {
    text: String,
    /// It is an object of the body, so that what is wrong can be pointed at.
    is_object: bool,
}

impl OwnSeed {
    fn read(raw: &RawValue) -> Result<Self, Problem> {
        let written = raw.get();
        match written.as_bytes().first() {
            Some(b'{') => Ok(Self { text: written.to_owned(), is_object: true }),
            Some(b'"') => {
                let text = serde_json::from_str(written).map_err(Error::internal)?;
                Ok(Self { text, is_object: false })
            }
            _ => Err(Error::invalid("/seed", "expected a seed: an object, or a text in YAML or JSON").into()),
        }
    }

    fn parse(&self) -> Result<Seed<SeedOrganization>, Problem> {
        parse_seed(self.text.clone()).map_err(|diagnostics| self.refuse(diagnostics))
    }

    fn refuse(&self, diagnostics: Diagnostics) -> Problem {
        if !self.is_object {
            return Problem::from(diagnostics).at("/seed");
        }
        let places = Places::of(&self.text);
        Problem::of_seed(diagnostics, |wrong| {
            let path = places.path_to(wrong).iter().map(String::as_str);
            pointer(std::iter::once("seed").chain(path))
        })
    }
}

fn read_idle_ttl(text: &str) -> Result<Duration, Error> {
    const SHORTEST: Duration = Duration::from_secs(10);
    const LONGEST: Duration = Duration::from_hours(30 * 24);
    let refuse = |why: String| Error::invalid("/idle_ttl", why);
    let ttl = parse_duration(text).map_err(refuse)?;
    if !(SHORTEST..=LONGEST).contains(&ttl) {
        return Err(refuse(format!("`{text}` is not from 10s to 30d: left out, the space stays until it is deleted")));
    }
    Ok(ttl)
}

/// Makes a space, with customer codes, org ids and tokens of its own: a client that uses them is in it, and sends
/// nothing that the real service does not know. It is made from a seed of its own, else from the one that Locum was
/// started with; ids of licences and other records stay as the seed writes them.
#[utoipa::path(post, path = "/spaces", operation_id = "createSpace", tag = "Spaces",
    security((), ("controlToken" = [])),
    params(CreateParams),
    request_body = CreateSpace,
    responses(
        (status = 200, description = "What is in it. Its tokens are shown here once", content(
            (CreatedSpace = "application/json"),
            (String = "text/plain", example = "export LOCUM_URL='http://localhost:8080'\n"),
        )),
        Refused,
    ))]
pub(super) async fn create_space(
    State(app): State<App>,
    Extension(seeds): Extension<Seeds>,
    Extension(services): Extension<Services>,
    BaseUrl(base): BaseUrl,
    Params(params): Params<CreateParams>,
    Json(body): Json<CreateSpace>,
) -> Result<Response, Problem> {
    check_name(&body.name)?;
    let clock: Option<Clock> =
        body.clock.as_deref().map(str::parse).transpose().map_err(|why: String| Error::invalid("/clock", why))?;
    let idle_ttl = body.idle_ttl.as_deref().map(read_idle_ttl).transpose()?;
    let own = body.seed.as_deref().map(OwnSeed::read).transpose()?;
    let seed = own.as_ref().map(OwnSeed::parse).transpose()?;
    let open = || async { Ok(app.db.create_space(&body.name).await?) };
    let filled = Origin::new(&app, clock).fill(&app, &services, seed, &seeds.current(), open).await;
    let filled = filled.map_err(|error| match (error, &own) {
        (ApplyError::Seed(diagnostics), Some(own)) => own.refuse(diagnostics),
        (error, _) => error.into(),
    })?;
    let Some(filled) = filled else {
        let detail = format!("there is a space `{}` already: delete it, or reset it", body.name);
        return Err(Problem::new(StatusCode::CONFLICT, detail));
    };
    let variables = Endpoints::new(&base, &body.name, Some(&filled.plan), &|_| true);
    let text = params.format.map(|format| variables.text(format)).transpose().map_err(Error::internal)?;
    let (plan, replaced) = filled.commit(&app, idle_ttl).await?;
    if idle_ttl.is_some() {
        app.space_uses.watch();
    }
    if let Some(text) = text {
        return Ok(answer_text(text));
    }
    let credentials = plan.named_credentials().into_iter().map(NewCredential::new).collect();
    let seeded = Seeded::of_space(body.name, plan, replaced);
    Ok(Answer(CreatedSpace { seeded, variables, credentials }).into_response())
}
