//! `/organizations/{customerCode}/jetbrains-account/…`: what people click in the vendor's pages, as a named actor,
//! with the vendor's rules (jetbrains-account §14).

mod roles;
mod teams;

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    core::{clock, error::Error},
    domain::{
        journal,
        organization::{OrganizationId, Person},
    },
    http::{
        common_parts::describe_control_routes,
        control_input::{Answer, Json, OrganizationAdmin, OrganizationPath},
        problem::Problem,
        routes::{Description, Routes},
    },
    routes,
    services::jetbrains_account::{
        domain::{
            role::{Actor, ActorRefused, Grants, Profile},
            switches::Switches,
            team::Team,
        },
        store,
    },
};

/// An organization's Administration page, as data.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Administration {
    #[schema(example = "6700001")]
    customer_code: String,
    name: String,
    api_enabled: bool,
    teams: Vec<TeamAnswer>,
    roles: Vec<RoleAnswer>,
    tokens: Vec<TokenAnswer>,
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TeamAnswer {
    #[schema(example = 2001)]
    id: i32,
    name: String,
}

/// A role of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RoleAnswer {
    person: String,
    role: &'static str,
    /// Absent for a role in the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<i32>,
}

/// A token, without the token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TokenAnswer {
    person: String,
    /// Absent for a token of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<i32>,
    #[schema(format = DateTime)]
    created_at: String,
}

/// A token that was just generated.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewTokenAnswer {
    person: String,
    /// Absent for a token of the organization.
    #[serde(skip_serializing_if = "Option::is_none")]
    team: Option<i32>,
    #[schema(format = DateTime)]
    created_at: String,
    /// The token. Shown here, and never again.
    token: String,
}

/// Body of `putJetbrainsAccountApi`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutApi {
    /// Calls are answered.
    enabled: bool,
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
}

/// Body of `generateJetbrainsToken` and `removeJetbrainsToken`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "actor": "ann@example.test", "person": "ann@example.test" }))]
pub(crate) struct TokenRequest {
    /// The e-mail address of who does it.
    #[schema(example = "ann@example.test")]
    actor: String,
    /// The e-mail address of whose token it is.
    #[schema(example = "ann@example.test")]
    person: String,
    /// The team it is for; left out, the organization.
    team: Option<i32>,
}

/// The organization in the path, as its administrators see it.
pub(crate) struct AccountAdmin(OrganizationAdmin);

impl AccountAdmin {
    async fn open(path: OrganizationPath, app: &App) -> Result<Self, Error> {
        path.open(app).await.map(Self)
    }

    fn id(&self) -> OrganizationId {
        self.0.organization.id
    }

    async fn person(&mut self, email: &str) -> Result<(Person, Grants), Error> {
        let person = self.0.person(email).await?;
        let grants = self.grants(&person).await?;
        Ok((person, grants))
    }

    async fn actor(&mut self, email: &str) -> Result<(Person, Grants), Problem> {
        let person = self.0.actor(email).await?;
        let grants = self.grants(&person).await?;
        Ok((person, grants))
    }

    /// Finds everybody and everything that a change is about. Whether the actor may do it is still to be checked.
    async fn change(&mut self, actor: &str, person: &str, team: Option<i32>) -> Result<Change, Problem> {
        let (actor, actor_grants) = self.actor(actor).await?;
        let (person, grants) = self.person(person).await?;
        let profile = self.profile(team).await?;
        Ok(Change { actor, actor_grants, person, grants, profile })
    }

    async fn grants(&mut self, person: &Person) -> Result<Grants, Error> {
        store::role::grants_of(&mut self.0.db, self.0.organization.id, person.id).await
    }

    async fn profile(&mut self, team: Option<i32>) -> Result<Profile, Error> {
        if let Some(team) = team {
            self.team(team).await?;
        }
        Ok(Profile::of(team))
    }

    async fn team(&mut self, id: i32) -> Result<Team, Error> {
        let organization = self.id();
        let found = store::team::find(&mut self.0.db, organization, id).await?;
        found.ok_or_else(|| Error::NotFound(format!("there is no team {id}")))
    }

    /// Whether there was one.
    async fn remove_token(&mut self, person: &Person, profile: Profile) -> Result<bool, Error> {
        let organization = self.id();
        let was_there = store::token::remove(&mut self.0.db, organization, person.id, profile).await?;
        if was_there {
            let label = store::token::describe(&person.email, profile);
            self.note("token", &label, || format!("removed the token of {label}"));
        }
        Ok(was_there)
    }

    /// Notes that something is changed, in words.
    fn note(&mut self, record: &'static str, id: &str, what: impl FnOnce() -> String) {
        self.0.db.note_change(|| journal::Change::new(record, id, what()));
    }

    async fn administration(&mut self) -> Result<Administration, Error> {
        let id = self.id();
        let teams = store::team::list(&mut self.0.db, id).await?;
        let roles = store::role::list(&mut self.0.db, id).await?;
        let tokens = store::token::list(&mut self.0.db, id).await?;
        Ok(Administration {
            customer_code: self.0.organization.customer_code.to_string(),
            name: self.0.organization.name.clone(),
            api_enabled: store::account::is_api_enabled(&mut self.0.db, id).await?,
            teams: teams.into_iter().map(|team| TeamAnswer { id: team.id, name: team.name }).collect(),
            roles: roles
                .into_iter()
                .map(|(person, grant)| RoleAnswer { person, role: grant.role.name(), team: grant.profile.team() })
                .collect(),
            tokens: tokens
                .into_iter()
                .map(|token| TokenAnswer {
                    person: token.email,
                    team: token.profile.team(),
                    created_at: clock::write(token.created_at),
                })
                .collect(),
        })
    }

    async fn finish(mut self) -> Result<Answer<Administration>, Problem> {
        let administration = self.administration().await?;
        self.0.db.commit().await?;
        Ok(Answer(administration))
    }
}

/// What an actor wants to change: what a person has in a profile.
struct Change {
    actor: Person,
    actor_grants: Grants,
    person: Person,
    grants: Grants,
    profile: Profile,
}

impl Change {
    fn actor(&self) -> Actor<'_> {
        Actor { is_self: self.actor.id == self.person.id, email: &self.actor.email, grants: &self.actor_grants }
    }
}

impl From<ActorRefused> for Problem {
    fn from(refusal: ActorRefused) -> Self {
        Self::forbidden(refusal.to_string())
    }
}

/// Enables or disables the API for the organization. Tokens survive.
#[utoipa::path(put, path = "/organizations/{customerCode}/jetbrains-account/api",
    operation_id = "putJetbrainsAccountApi",
    request_body = PutApi,
    responses((status = 200, description = "The organization's administration", body = Administration)))]
pub(crate) async fn put_api(
    State(app): State<App>,
    path: OrganizationPath,
    Json(body): Json<PutApi>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = AccountAdmin::open(path, &app).await?;
    let (actor, grants) = page.actor(&body.actor).await?;
    Actor { email: &actor.email, grants: &grants, is_self: true }.check_switch_api()?;
    let id = page.id();
    if store::account::is_api_enabled(&mut page.0.db, id).await? != body.enabled {
        let switches = Switches { api_enabled: Some(body.enabled), ..Switches::default() };
        store::account::update(&mut page.0.db, id, switches).await?;
        let code = page.0.organization.customer_code.to_string();
        page.note("API", &code, || format!("{} the API", if body.enabled { "enabled" } else { "disabled" }));
    }
    page.finish().await
}

/// Generates a person's token in the organization or in one team; an earlier one dies at once. Not while the API is
/// disabled.
#[utoipa::path(post, path = "/organizations/{customerCode}/jetbrains-account/tokens",
    operation_id = "generateJetbrainsToken",
    request_body = TokenRequest,
    responses((status = 200, description = "The token, shown once", body = NewTokenAnswer)))]
pub(crate) async fn generate_token(
    State(app): State<App>,
    path: OrganizationPath,
    Json(body): Json<TokenRequest>,
) -> Result<Answer<NewTokenAnswer>, Problem> {
    let (page, ..) = open_to_generate(path.clone(), &app, &body).await?;
    let token = app.make_token(page.0.db, store::token::KIND.new_token).await?;
    let (mut page, person, profile) = open_to_generate(path, &app, &body).await?;
    let id = page.id();
    store::token::keep_new(&mut page.0.db, &app.keyring, id, &person, profile, &token).await?;
    let created_at = clock::write(page.0.db.now());
    page.0.db.commit().await?;
    Ok(Answer(NewTokenAnswer { person: person.email, team: body.team, created_at, token: token.expose().to_owned() }))
}

/// The administration, once it is clear that the actor may generate the person's token.
async fn open_to_generate(
    path: OrganizationPath,
    app: &App,
    body: &TokenRequest,
) -> Result<(AccountAdmin, Person, Profile), Problem> {
    let mut page = AccountAdmin::open(path, app).await?;
    let change = page.change(&body.actor, &body.person, body.team).await?;
    let id = page.id();
    let is_api_enabled = store::account::is_api_enabled(&mut page.0.db, id).await?;
    change.actor().check_generate_token(&change.grants, change.profile, is_api_enabled)?;
    Ok((page, change.person, change.profile))
}

/// Removes a person's token.
#[utoipa::path(delete, path = "/organizations/{customerCode}/jetbrains-account/tokens",
    operation_id = "removeJetbrainsToken",
    request_body = TokenRequest,
    responses((status = 200, description = "The organization's administration", body = Administration)))]
pub(crate) async fn remove_token(
    State(app): State<App>,
    path: OrganizationPath,
    Json(body): Json<TokenRequest>,
) -> Result<Answer<Administration>, Problem> {
    let mut page = AccountAdmin::open(path, &app).await?;
    let change = page.change(&body.actor, &body.person, body.team).await?;
    change.actor().check_remove_token(change.profile)?;
    let Change { person, profile, .. } = change;
    if !page.remove_token(&person, profile).await? {
        return Err(Error::NotFound(format!("{} has no token in the {profile}", person.email)).into());
    }
    page.finish().await
}

/// What a tester controls, below the control API.
pub(crate) fn routes<D: Description>() -> Routes<D> {
    let routes = Routes::new()
        .routes(routes!(put_api))
        .routes(routes!(generate_token, remove_token))
        .routes(routes!(roles::set_roles, roles::give_role, roles::take_role))
        .routes(routes!(teams::create_team))
        .routes(routes!(teams::rename_team, teams::delete_team));
    describe_control_routes::<OrganizationPath, D>("Organizations", routes)
}
