//! JetBrains Account → organization or team → Administration (jetbrains-account §14), as somebody sees it.

mod licenses;
mod record;

use std::collections::{BTreeSet, HashMap};

use askama::Template;
use axum::response::Response;
use serde_json::json;

use crate::{
    core::{clock::Time, paging},
    domain::organization::{Organization, OrganizationId, email_key},
    services::jetbrains_account::{
        domain::{
            license::LicenseFilter,
            role::{Actor, Grant, Grants, Profile, Role},
            team::Team,
        },
        store,
    },
    store::{ReadOnly, Session},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_name, format_time, name_few},
        parts::{CHOICES, FEW_ROWS, Links, Part},
        view::{Page, Person, render_empty_page, render_page},
    },
};

use licenses::LicenseList;
pub(crate) use record::find_record;

/// What the page's query may name.
pub(crate) const PARAMETERS: &[&str] = &[
    "organization",
    "team",
    "as",
    "tokens",
    "teams",
    "page",
    "license",
    "productCode",
    "teamId",
    "assigneeEmail",
    "assigned",
];

/// Of an organization with more teams, only the first have a tab. All are in the list of teams.
const TABS: usize = 12;

/// The organization's page or a team's.
struct Tab {
    name: String,
    link: String,
    is_here: bool,
}

/// A token, or where one could be.
struct TokenRow {
    person: String,
    profile: String,
    roles: String,
    /// When it was generated; empty if it was not.
    since: String,
    /// The requests that changed it.
    requests: String,
    buttons: Vec<ControlAction>,
}

struct TeamRow {
    team: Team,
    link: String,
    admins: String,
    viewers: String,
    licenses: i64,
    assigned: i64,
}

#[derive(Template)]
#[template(path = "jetbrains_account.html", config = "src/services/jetbrains_account/askama.toml")]
struct Administration<'a> {
    page: &'a Page,
    organizations: &'a [Organization],
    organization: &'a Organization,
    people: &'a [Person],
    actor: &'a str,
    tabs: Vec<Tab>,
    /// Why there is nothing to see.
    nothing: Option<String>,
    /// The pages on which there is something to see instead.
    elsewhere: Vec<Tab>,
    roles: String,
    api_enabled: bool,
    switch: Option<ControlAction>,
    own: Option<TokenRow>,
    others: Part<TokenRow>,
    teams: Part<TeamRow>,
    /// All of them, to choose from.
    team_names: Vec<(i32, String)>,
    licenses: LicenseList,
    license_links: Links,
}

/// What the page is made of.
struct AccountData {
    id: OrganizationId,
    api_enabled: bool,
    route: String,
    /// How a token is sent.
    hint: String,
    roles: Vec<(String, Grant)>,
    /// The same by person.
    grants: HashMap<String, Vec<Grant>>,
    tokens: Vec<store::token::TokenSummary>,
    /// When the token of a person in a profile was generated.
    generated: HashMap<(String, Profile), Time>,
    teams: Vec<Team>,
}

impl AccountData {
    async fn load(db: &mut Session<ReadOnly>, organization: &Organization) -> Result<Self, PageError> {
        let roles = store::role::list(db, organization.id).await?;
        let tokens = store::token::list(db, organization.id).await?;
        let mut grants: HashMap<String, Vec<Grant>> = HashMap::new();
        for (person, grant) in &roles {
            grants.entry(email_key(person)).or_default().push(*grant);
        }
        Ok(Self {
            id: organization.id,
            api_enabled: store::account::is_api_enabled(db, organization.id).await?,
            route: format!("/organizations/{}/jetbrains-account", organization.customer_code),
            hint: format!("Send it as X-Api-Key, beside X-Customer-Code: {}.", organization.customer_code),
            generated: tokens.iter().map(|one| ((email_key(&one.email), one.profile), one.created_at)).collect(),
            roles,
            grants,
            tokens,
            teams: store::team::list(db, organization.id).await?,
        })
    }

    fn grants(&self, email: &str) -> Grants {
        Grants(self.grants.get(&email_key(email)).cloned().unwrap_or_default())
    }

    fn profile_name(&self, profile: Profile) -> String {
        match profile.team() {
            None => "Organization".to_owned(),
            Some(id) => self.teams.iter().find(|t| t.id == id).map_or_else(|| id.to_string(), |team| team.name.clone()),
        }
    }

    /// The organization, and its teams.
    fn profiles(&self) -> impl Iterator<Item = Profile> {
        std::iter::once(Profile::Organization).chain(self.teams.iter().map(|team| Profile::Team(team.id)))
    }

    /// The team that the query names, if it names one.
    fn find_team(&self, page: &Page) -> Result<Option<i32>, PageError> {
        let named = page.get("team");
        if named.is_empty() {
            return Ok(None);
        }
        let ids: Vec<String> = self.teams.iter().map(|team| team.id.to_string()).collect();
        let found = self.teams.iter().map(|team| team.id).find(|id| id.to_string() == named);
        found.map(Some).ok_or_else(|| page.find_nothing("team", named, ids.iter().map(String::as_str)))
    }

    /// What somebody is, and of what: `organization admin, viewer of Platform`.
    fn describe_grants(&self, grants: &Grants) -> String {
        let describe = |grant: &Grant| match grant.profile {
            Profile::Organization => format_name(grant.role.name()),
            Profile::Team(_) => format!("{} of {}", format_name(grant.role.name()), self.profile_name(grant.profile)),
        };
        grants.0.iter().map(describe).collect::<Vec<_>>().join(", ")
    }

    /// Everybody who is something there, or has a token there.
    fn people(&self, profile: Profile) -> BTreeSet<String> {
        let roles = self.roles.iter().filter(|(_, grant)| grant.profile == profile).map(|(person, _)| person);
        let tokens = self.tokens.iter().filter(|token| token.profile == profile).map(|token| &token.email);
        roles.chain(tokens).cloned().collect()
    }

    fn holders(&self, role: Role, profile: Profile) -> String {
        let grant = Grant { role, profile };
        let theirs = self.roles.iter().filter(|(_, held)| *held == grant).map(|(person, _)| person.as_str());
        name_few(&theirs.collect::<Vec<_>>(), ", ")
    }

    /// A person's token in a profile, with the buttons that the rules leave to who looks.
    fn token_row(&self, page: &Page, actor: (&str, &Grants), person: &str, profile: Profile) -> TokenRow {
        let grants = self.grants(person);
        let is_self = email_key(actor.0) == email_key(person);
        let looks = Actor { email: actor.0, grants: actor.1, is_self };
        let token = self.generated.get(&(email_key(person), profile)).copied();
        let mut body = json!({ "actor": actor.0, "person": person });
        if let Some(team) = profile.team() {
            body["team"] = team.into();
        }
        let whose = format!("the token of {person} in the {profile}");
        let route = format!("{}/tokens", self.route);
        let mut buttons = Vec::new();
        if looks.check_generate_token(&grants, profile, self.api_enabled).is_ok() {
            let call =
                |label| page.call("POST", &route, body.clone(), label).of(format!("for {person} in the {profile}"));
            let call = |label| call(label).says(format!("Token of {person} in the {profile}")).hints(&self.hint);
            buttons.push(match token {
                None => call("Generate token"),
                Some(_) => {
                    call("Regenerate").asks(format!("Regenerate {whose}? The present one stops working at once."))
                }
            });
        }
        if token.is_some() && looks.check_remove_token(profile).is_ok() {
            let call = page.call("DELETE", &route, body, "Remove").of(whose.clone()).says(format!("Removed {whose}"));
            buttons.push(call.asks(format!("Remove {whose}? It stops working at once.")));
        }
        TokenRow {
            roles: describe_roles(&Grants(grants.0.into_iter().filter(|grant| grant.profile == profile).collect())),
            requests: page.requests_of(&store::token::describe(person, profile)),
            since: token.map(format_time).unwrap_or_default(),
            person: person.to_owned(),
            profile: self.profile_name(profile),
            buttons,
        }
    }
}

/// Roles in words.
fn describe_roles(grants: &Grants) -> String {
    let mut names: Vec<String> = grants.0.iter().map(|grant| format_name(grant.role.name())).collect();
    names.dedup();
    names.join(", ")
}

/// Shows the page of the organization, or of the team that the query names.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let (organizations, Some(organization)) = page.organization().await? else {
        return render_empty_page(&page, "JetBrains Account", "organization");
    };
    let mut db = page.app().db.read().await?;
    let account = AccountData::load(&mut db, &organization).await?;
    drop(db);
    let admin = account.roles.iter().find(|(_, grant)| grant.role == Role::OrganizationAdmin);
    let (people, actor) = page.people(&organization, admin.map(|(person, _)| person.as_str())).await?;
    let grants = account.grants(&actor);
    let profile = Profile::of(account.find_team(&page)?);
    let here = profile;
    let tab = |profile: Profile| {
        let id = profile.team().map(|id| id.to_string()).unwrap_or_default();
        let link =
            page.with(&[("team", &id), ("page", ""), ("teamId", ""), ("tokens", ""), ("teams", ""), ("license", "")]);
        Tab { name: account.profile_name(profile), link, is_here: profile == here }
    };
    let sees = Actor { email: &actor, grants: &grants, is_self: true }.check_look(profile);
    let mut shown = Administration {
        organizations: &organizations,
        organization: &organization,
        people: &people,
        actor: &actor,
        tabs: account
            .profiles()
            .enumerate()
            .filter(|(at, profile)| *at <= TABS || *profile == here)
            .map(|(_, profile)| tab(profile))
            .collect(),
        nothing: None,
        elsewhere: Vec::new(),
        roles: account.describe_grants(&grants),
        api_enabled: account.api_enabled,
        switch: offer_switch(&page, &account, (&actor, &grants)),
        own: None,
        others: Part::default(),
        teams: Part::default(),
        team_names: account.teams.iter().take(CHOICES).map(|team| (team.id, team.name.clone())).collect(),
        licenses: LicenseList::default(),
        license_links: Links::new(),
        page: &page,
    };
    if let Err(refusal) = sees {
        shown.nothing = Some(refusal.to_string());
        let others = account.profiles().filter(|other| grants.standing(*other).is_some());
        shown.elsewhere = others.map(tab).collect();
    } else {
        let looks = (actor.as_str(), &grants);
        shown.own = grants.standing(profile).map(|_| account.token_row(&page, looks, &actor, profile));
        let others = list_other_tokens(&page, &account, looks, profile);
        shown.others = page.take_part("tokens", "others", others, FEW_ROWS)?;
        let mut db = page.app().db.read().await?;
        shown.teams = list_teams(&mut db, &page, &account, profile).await?;
        (shown.licenses, shown.license_links) = licenses::list(&mut db, &page, account.id, profile).await?;
    }
    render_page(&page, &shown)
}

/// The switch of the API, for those who may use it.
fn offer_switch(page: &Page, account: &AccountData, (email, grants): (&str, &Grants)) -> Option<ControlAction> {
    let enabled = account.api_enabled;
    Actor { email, grants, is_self: true }.check_switch_api().ok()?;
    let body = json!({ "enabled": !enabled, "actor": email });
    let label = if enabled { "Disable API" } else { "Enable API" };
    let call = page.call("PUT", &format!("{}/api", account.route), body, label);
    let call = call.says(if enabled { "The API is disabled" } else { "The API is enabled" });
    Some(if enabled { call.asks("Disable the API? Calls are refused, tokens are kept.") } else { call })
}

/// Other people's tokens, as far as the rules leave something to do: on the organization's page, those of teams too.
fn list_other_tokens(page: &Page, account: &AccountData, looks: (&str, &Grants), profile: Profile) -> Vec<TokenRow> {
    let mut profiles = vec![profile];
    if profile == Profile::Organization {
        profiles.extend(account.teams.iter().map(|team| Profile::Team(team.id)));
    }
    let rows = profiles.into_iter().flat_map(|profile| {
        let people = account.people(profile).into_iter().filter(|person| email_key(person) != email_key(looks.0));
        people.map(move |person| account.token_row(page, looks, &person, profile))
    });
    rows.filter(|row| !row.buttons.is_empty()).collect()
}

/// Teams, and how many licences each has and has given away.
async fn list_teams(
    db: &mut Session<ReadOnly>,
    page: &Page,
    account: &AccountData,
    profile: Profile,
) -> Result<Part<TeamRow>, PageError> {
    let mut rows = Vec::new();
    let all: Vec<&Team> = account.teams.iter().filter(|team| profile.team().is_none_or(|id| id == team.id)).collect();
    let mut part = page.take_part("teams", "teams", all, FEW_ROWS)?;
    for team in std::mem::take(&mut part.rows) {
        let of_team = LicenseFilter { team: Some(team.id), ..LicenseFilter::default() };
        let held = LicenseFilter { assigned: Some(true), ..of_team.clone() };
        let one = paging::Page { number: 1, size: 1 };
        rows.push(TeamRow {
            link: page.with(&[
                ("team", &team.id.to_string()),
                ("page", ""),
                ("teamId", ""),
                ("tokens", ""),
                ("teams", ""),
                ("license", ""),
            ]),
            admins: account.holders(Role::TeamAdmin, Profile::Team(team.id)),
            viewers: account.holders(Role::Viewer, Profile::Team(team.id)),
            licenses: store::license::list_page(db, account.id, &of_team, one).await?.1,
            assigned: store::license::list_page(db, account.id, &held, one).await?.1,
            team: team.clone(),
        });
    }
    Ok(Part { rows, count: part.count, links: part.links })
}
