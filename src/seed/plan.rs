//! Checks seed files against each other and against what is there, and fills in what they leave out.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_saphyr::Spanned;
use uuid::Uuid;

use crate::{
    core::{
        clock::{self, Clock, Time},
        duration::HumanDuration,
        ids::Ids,
        token::PlainToken,
    },
    domain::organization::{Team, email_key},
    seed::{
        Diagnostic, Diagnostics,
        file::{self, Assignee, JetBrainsAccount, Scalar, SeedFile},
        read::Reader,
        suggest,
    },
    services::{
        atlassian::{self, domain::api_access::User},
        jetbrains_account::domain::{
            contact::name_from_email,
            license::{self, License, ServerKind, Subscription},
            product::{self, PRODUCTS},
            role::{Grant, Profile, Role},
        },
        license_vault,
    },
    store::organization::NewPerson,
};

/// Licences that one seed line may ask for.
const MOST_LICENSES: i64 = 1_000_000;
/// The longest token; it has to fit into a header.
const LONGEST_TOKEN: usize = 512;
/// The longest team name (jetbrains-account §10).
const LONGEST_TEAM_NAME: usize = 255;

/// What a space already holds, as far as a seed can refer to it.
#[derive(Debug, Default)]
pub struct World {
    /// By customer code.
    pub organizations: HashMap<i64, Known>,
    /// Customer codes that are not to be generated, because another space has them.
    pub codes_elsewhere: HashSet<i64>,
}

/// What is known of one organization.
#[derive(Debug, Default, Clone)]
pub struct Known {
    /// Atlassian's id for it.
    pub org_id: String,
    /// Everybody, by address.
    pub people: BTreeMap<String, User>,
    /// Names, by id.
    pub teams: HashMap<i32, String>,
    /// Who has a role where.
    pub roles: HashSet<(String, Profile)>,
}

/// Checked, complete, ready to be written.
#[derive(Debug)]
pub struct Plan {
    /// The organizations, in file order.
    pub organizations: Vec<Organization>,
}

/// One organization of a plan.
#[derive(Debug)]
pub struct Organization {
    /// Its name.
    pub name: String,
    /// JetBrains' number for it.
    pub customer_code: i64,
    /// Atlassian's id for it.
    pub org_id: String,
    /// Who it knows.
    pub people: Vec<NewPerson>,
    /// What it has in JetBrains Account.
    pub jetbrains_account: Option<Account>,
    /// Its License Vault.
    pub license_vault: Option<license_vault::seed::PlannedVault>,
    /// What it has in Atlassian's administration.
    pub atlassian: Option<atlassian::seed::Plan>,
}

/// The JetBrains Account part of a plan.
#[derive(Debug)]
pub struct Account {
    /// Calls are answered.
    pub api_enabled: Option<bool>,
    /// 200 or 204.
    pub assign_success_status: Option<u16>,
    /// Its teams.
    pub teams: Vec<Team>,
    /// Addresses and what they are.
    pub roles: Vec<(String, Grant)>,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// Its licences.
    pub licenses: Vec<License>,
}

/// One token of a plan.
#[derive(Debug)]
pub struct Token {
    /// Whose.
    pub email: String,
    /// Of what.
    pub profile: Profile,
    /// The token itself.
    pub token: PlainToken,
    /// Where the seed names it, for a complaint.
    pub place: Diagnostic,
}

/// The clock that the files ask for; the last one wins.
///
/// # Errors
/// Everything wrong with the files' heads.
pub fn clock_of(files: &[SeedFile]) -> Result<Option<Clock>, Diagnostics> {
    let mut clock = None;
    let mut diagnostics = Vec::new();
    for file in files {
        let reader = Reader::new(file);
        if is_version_1(&reader, &file.document.version)
            && let Some(scalar) = &file.document.clock
            && let Some(text) = reader.text(scalar)
        {
            match clock::parse(&text) {
                Ok(at) => clock = Some(Clock::Frozen(at)),
                Err(message) => reader.report(scalar.referenced, message),
            }
        }
        diagnostics.extend(reader.into_diagnostics());
    }
    if diagnostics.is_empty() { Ok(clock) } else { Err(Diagnostics(diagnostics)) }
}

fn is_version_1(r: &Reader<'_>, version: &Scalar) -> bool {
    let text = r.text(version);
    if text.as_ref().is_some_and(|text| text != "1") {
        r.report(version.referenced, "this Locum reads version 1 of the format");
    }
    text.as_deref() == Some("1")
}

/// Makes the plan. A `fresh` one spells out no customer code, org id or token, even where the files do.
///
/// # Errors
/// Everything wrong with the files.
pub fn plan(files: &[SeedFile], world: World, now: Time, ids: &mut Ids, fresh: bool) -> Result<Plan, Diagnostics> {
    let taken_org_ids = world.organizations.iter().map(|(code, known)| (known.org_id.clone(), *code)).collect();
    let mut planner = Planner { world, taken_org_ids, named: HashSet::new(), tokens: HashSet::new(), now, ids, fresh };
    let mut organizations = Vec::new();
    let mut diagnostics = Vec::new();
    for file in files {
        let reader = Reader::new(file);
        organizations.extend(file.document.organizations.iter().filter_map(|o| planner.organization(&reader, o)));
        diagnostics.extend(reader.into_diagnostics());
    }
    if diagnostics.is_empty() { Ok(Plan { organizations }) } else { Err(Diagnostics(diagnostics)) }
}

struct Planner<'a> {
    world: World,
    /// Atlassian ids, and whose they are.
    taken_org_ids: HashMap<String, i64>,
    /// Customer codes that the files have named.
    named: HashSet<i64>,
    tokens: HashSet<String>,
    fresh: bool,
    now: Time,
    ids: &'a mut Ids,
}

impl Planner<'_> {
    fn organization(&mut self, r: &Reader<'_>, o: &file::Organization) -> Option<Organization> {
        let name = r.text(&o.name);
        let customer_code = self.customer_code(r, o.customer_code.as_ref());
        let mut known = customer_code.and_then(|code| self.world.organizations.get(&code).cloned()).unwrap_or_default();
        let org_id = self.org_id(r, o.org_id.as_ref(), customer_code, &known);
        let people = self.people(r, &o.people, &mut known);
        let jetbrains_account = o.jetbrains_account.as_ref().map(|account| self.account(r, account, &mut known));
        let atlassian = o.atlassian.as_ref().map(|section| {
            let Self { tokens, now, ids, fresh, .. } = self;
            atlassian::seed::Planner { r, known: &known, now: *now, ids, taken: tokens, fresh: *fresh }.plan(section)
        });
        let license_vault = o.license_vault.as_ref().and_then(|section| {
            let Self { tokens, now, ids, fresh, .. } = self;
            license_vault::seed::Planner { r, known: &known, now: *now, ids, taken: tokens, fresh: *fresh }
                .plan(section)
        });
        Some(Organization {
            license_vault,
            name: name?,
            customer_code: customer_code?,
            org_id: org_id?,
            people,
            jetbrains_account,
            atlassian,
        })
    }

    fn people(&mut self, r: &Reader<'_>, people: &[file::Person], known: &mut Known) -> Vec<NewPerson> {
        let mut named = HashSet::new();
        let mut list = Vec::new();
        for p in people {
            let Some(email) = r.text(&p.email) else { continue };
            let key = email_key(&email);
            if !is_address(&email) {
                r.report(p.email.referenced, format!("`{email}` is not an e-mail address"));
            }
            if !named.insert(key.clone()) {
                r.report(p.email.referenced, format!("{email} is there twice"));
            }
            let name = r.opt_text(p.name.as_ref()).unwrap_or_else(|| shown_for(&email));
            let account_id = r.opt_text(p.atlassian_account_id.as_ref());
            let account_id = account_id.or_else(|| Some(known.people.get(&key)?.id.clone()));
            let account_id = account_id.unwrap_or_else(|| self.ids.atlassian_account_id());
            known.people.insert(key, User { id: account_id.clone(), name: name.clone(), email: email.clone() });
            list.push(NewPerson {
                jetbrains_account: r.flag(p.jetbrains_account.as_ref(), false),
                atlassian_account_id: Some(account_id),
                email,
                name,
            });
        }
        list
    }

    fn customer_code(&mut self, r: &Reader<'_>, scalar: Option<&Scalar>) -> Option<i64> {
        let Some(scalar) = scalar.filter(|_| !self.fresh) else {
            let World { organizations, codes_elsewhere } = &self.world;
            let taken = |code: &i64| {
                self.named.contains(code) || organizations.contains_key(code) || codes_elsewhere.contains(code)
            };
            let code = std::iter::repeat_with(|| self.ids.customer_code()).find(|code| !taken(code))?;
            self.named.insert(code);
            return Some(code);
        };
        let code = r.whole(scalar, 1, 999_999_999_999)?;
        if !self.named.insert(code) {
            r.report(scalar.referenced, format!("another organization has the customer code {code}"));
            return None;
        }
        Some(code)
    }

    fn org_id(&mut self, r: &Reader<'_>, scalar: Option<&Scalar>, code: Option<i64>, known: &Known) -> Option<String> {
        let Some(scalar) = scalar.filter(|_| !self.fresh) else {
            return Some(if known.org_id.is_empty() { self.ids.uuid().to_string() } else { known.org_id.clone() });
        };
        let text = r.text(scalar)?;
        let Ok(uuid) = text.parse::<Uuid>() else {
            r.report(scalar.referenced, format!("`{text}` is not a UUID"));
            return None;
        };
        let id = uuid.to_string();
        let owner = *self.taken_org_ids.entry(id.clone()).or_insert(code?);
        if Some(owner) != code {
            r.report(scalar.referenced, format!("another organization has the org_id {id}"));
            return None;
        }
        Some(id)
    }

    fn account(&mut self, r: &Reader<'_>, account: &JetBrainsAccount, known: &mut Known) -> Account {
        let assign_success_status = account.quirks.as_ref().and_then(|q| q.assign_success_status.as_ref());
        Account {
            api_enabled: r.opt_flag(account.api_enabled.as_ref()),
            assign_success_status: assign_success_status.and_then(|scalar| {
                let status = r.whole(scalar, 200, 204).filter(|status| [200, 204].contains(status));
                if status.is_none() {
                    r.report(scalar.referenced, "expected 200 or 204");
                }
                status.and_then(|status| u16::try_from(status).ok())
            }),
            teams: {
                let mut named = HashSet::new();
                account.teams.iter().filter_map(|team| self.team(r, team, known, &mut named)).collect()
            },
            roles: account.roles.iter().filter_map(|role| grant(r, role, known)).collect(),
            tokens: {
                let mut held = HashSet::new();
                account.tokens.iter().filter_map(|token| self.token(r, token, known, &mut held)).collect()
            },
            licenses: {
                let mut taken = HashSet::new();
                account.licenses.iter().flat_map(|license| self.licenses(r, license, known, &mut taken)).collect()
            },
        }
    }

    fn team(&mut self, r: &Reader<'_>, team: &file::Team, known: &mut Known, named: &mut HashSet<i32>) -> Option<Team> {
        let name = r.text(&team.name)?;
        if name.chars().count() > LONGEST_TEAM_NAME {
            r.report(team.name.referenced, format!("a team's name has at most {LONGEST_TEAM_NAME} characters"));
        }
        let id = match &team.id {
            Some(scalar) => i32::try_from(r.whole(scalar, 1, i64::from(i32::MAX))?).ok()?,
            None => std::iter::repeat_with(|| self.ids.team_id()).find(|id| !known.teams.contains_key(id))?,
        };
        if !named.insert(id) {
            r.report(team.name.referenced, format!("another team has the id {id}"));
        }
        known.teams.insert(id, name.clone());
        Some(Team { id, name })
    }

    fn token(
        &mut self,
        r: &Reader<'_>,
        token: &file::Token,
        known: &Known,
        held: &mut HashSet<(String, Profile)>,
    ) -> Option<Token> {
        let email = person(r, &token.person, known)?;
        let profile = profile(r, token.team.as_ref(), known)?;
        let holder = (email_key(&email), profile);
        if !known.roles.contains(&holder) {
            r.report(
                token.person.referenced,
                format!("{email} has no role in the {profile}, so there is no token: add one to `roles`"),
            );
        } else if !held.insert(holder) {
            r.report(
                token.person.referenced,
                format!("{email} has a token in the {profile} already: there is one per person and profile"),
            );
        }
        let plain = match token.token.as_ref().filter(|_| !self.fresh) {
            None => self.ids.jetbrains_token(),
            Some(scalar) => literal_token(r, scalar, &mut self.tokens)?,
        };
        let at = token.token.as_ref().unwrap_or(&token.person).referenced;
        Some(Token { email, profile, token: plain, place: r.place(at) })
    }

    fn licenses(
        &mut self,
        r: &Reader<'_>,
        l: &file::License,
        known: &Known,
        taken: &mut HashSet<String>,
    ) -> Vec<License> {
        let id = l.id.as_ref().and_then(|scalar| license_id(r, scalar, taken));
        let count = l.count.as_ref().and_then(|scalar| {
            if l.id.is_some() {
                r.report(scalar.referenced, "`count` makes licences with generated ids: leave `id` or `count` out");
            }
            r.whole(scalar, 0, MOST_LICENSES)
        });
        let Some(one) = self.license(r, l, known) else { return Vec::new() };
        if l.id.is_some() {
            return id.map(|id| License { id, ..one }).into_iter().collect();
        }
        (0..count.unwrap_or(1))
            .map(|_| {
                let mut id = self.ids.license_id();
                while !taken.insert(id.clone()) {
                    id = self.ids.license_id();
                }
                let mut license = License { id, ..one.clone() };
                self.add_pack(&mut license);
                license
            })
            .collect()
    }

    /// A subscription that renews itself was bought in a pack.
    fn add_pack(&mut self, license: &mut License) {
        if let Some(subscription) = &mut license.subscription
            && subscription.auto_renew
            && subscription.pack.is_none()
        {
            subscription.pack = Some(self.ids.subscription_pack());
        }
    }

    fn license(&mut self, r: &Reader<'_>, l: &file::License, known: &Known) -> Option<License> {
        let now = self.now;
        let product = r.text(&l.product).and_then(|code| {
            let product = product::find(&code);
            if product.is_none() {
                let codes = PRODUCTS.iter().map(|p| p.code);
                r.report(l.product.referenced, format!("unknown product `{code}`{}", suggest(&code, codes)));
            }
            product
        });
        let team = team_id(r, &l.team, known);
        let perpetual_until = r.date(l.perpetual_until.as_ref(), now);
        let assignee = l.assignee.as_ref().and_then(|assignee| {
            let read = read_assignee(r, assignee, known);
            read.map_err(|message| r.report(assignee.referenced, message)).ok()
        });
        let valid_until = match &l.valid_until {
            None if l.perpetual_until.is_some() => None,
            None => clock::shift(now, HumanDuration::Years(1)),
            scalar => r.date(scalar.as_ref(), now),
        };
        let auto_renew = r.flag(l.auto_renew.as_ref(), true);
        let pack = r.opt_text(l.pack.as_ref());
        let mut license = License {
            id: String::new(),
            product: product?,
            team: team?,
            subscription: valid_until.map(|valid_until| Subscription { valid_until, pack, auto_renew }),
            perpetual_until,
            assigned_at: r.date(l.assigned_at.as_ref(), now).or_else(|| assignee.is_some().then_some(now)),
            assignee,
            last_seen_at: r.date(l.last_seen_at.as_ref(), now),
            offline_code: r.flag(l.offline_code.as_ref(), false),
            per_user: r.flag(l.per_user.as_ref(), true),
            transferable: r.flag(l.transferable.as_ref(), true),
            trial: r.flag(l.trial.as_ref(), false),
            suspended: r.flag(l.suspended.as_ref(), false),
            domain: r.opt_text(l.domain.as_ref()),
        };
        if l.id.is_some() {
            self.add_pack(&mut license);
        }
        Some(license)
    }
}

fn license_id(r: &Reader<'_>, scalar: &Scalar, taken: &mut HashSet<String>) -> Option<String> {
    let id = r.text(scalar)?;
    if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        r.report(
            scalar.referenced,
            format!("`{id}` is not a licence id: the vendor's are 10 upper-case letters and digits"),
        );
    }
    if !taken.insert(id.clone()) {
        r.report(scalar.referenced, format!("another licence has the id `{id}`"));
    }
    Some(id)
}

/// A token that the seed spells out.
pub(crate) fn literal_token(r: &Reader<'_>, scalar: &Scalar, taken: &mut HashSet<String>) -> Option<PlainToken> {
    let text = r.text(scalar)?;
    if text.len() > LONGEST_TOKEN || !text.bytes().all(|b| b.is_ascii_graphic()) {
        r.report(
            scalar.referenced,
            format!("a token is at most {LONGEST_TOKEN} visible ASCII characters without spaces"),
        );
    }
    if !taken.insert(text.clone()) {
        r.report(scalar.referenced, "another credential has the same token");
    }
    Some(PlainToken::new(text))
}

/// Looser than what the vendor takes of clients: the seed's author knows best.
pub(crate) fn is_address(text: &str) -> bool {
    text.contains('@') && !text.contains(char::is_whitespace)
}

fn shown_for(email: &str) -> String {
    let name = name_from_email(email);
    if name.is_empty() { email.to_owned() } else { name }
}

pub(crate) fn person(r: &Reader<'_>, scalar: &Scalar, known: &Known) -> Option<String> {
    let email = r.text(scalar)?;
    if known.people.contains_key(&email_key(&email)) {
        return Some(email);
    }
    let people = known.people.keys().map(String::as_str);
    r.report(
        scalar.referenced,
        format!("`{email}` is not one of the organization's people{}", suggest(&email, people)),
    );
    None
}

fn team_id(r: &Reader<'_>, scalar: &Scalar, known: &Known) -> Option<Team> {
    let id = i32::try_from(r.whole(scalar, 1, i64::from(i32::MAX))?).ok()?;
    if let Some(name) = known.teams.get(&id) {
        return Some(Team { id, name: name.clone() });
    }
    let mut ids: Vec<String> = known.teams.keys().map(ToString::to_string).collect();
    ids.sort();
    let near = suggest(&id.to_string(), ids.iter().map(String::as_str));
    r.report(scalar.referenced, format!("there is no team {id}{near}"));
    None
}

fn profile(r: &Reader<'_>, team: Option<&Scalar>, known: &Known) -> Option<Profile> {
    match team {
        None => Some(Profile::Organization),
        Some(scalar) => team_id(r, scalar, known).map(|team| Profile::Team(team.id)),
    }
}

fn grant(r: &Reader<'_>, role: &file::Role, known: &mut Known) -> Option<(String, Grant)> {
    let email = person(r, &role.person, known);
    let profile = profile(r, role.team.as_ref(), known);
    let kind: Role = r.value(&role.role)?;
    let (email, profile) = (email?, profile?);
    if let Err(message) = kind.check_fits(profile) {
        r.report(role.role.referenced, message);
    }
    known.roles.insert((email_key(&email), profile));
    Some((email, Grant { role: kind, profile }))
}

fn read_assignee(r: &Reader<'_>, assignee: &Spanned<Assignee>, known: &Known) -> Result<license::Assignee, String> {
    const WANTED: &str = "expected an e-mail address, { server, uid } or { license_key, registration_name }";
    match &assignee.value {
        Assignee::Email(email) => {
            // The place of a bare address is the whole value's.
            let scalar = Scalar { value: email.clone(), referenced: assignee.referenced, defined: assignee.defined };
            let email = r.text(&scalar).unwrap_or_default();
            if !is_address(&email) {
                return Err(format!("`{email}` is not an e-mail address: {WANTED}"));
            }
            let name =
                known.people.get(&email_key(&email)).map_or_else(|| shown_for(&email), |person| person.name.clone());
            Ok(license::Assignee::User { email, given_name: name, account_name: None })
        }
        Assignee::Other(other) => match (&other.server, &other.uid, &other.license_key, &other.registration_name) {
            (Some(server), Some(uid), None, None) => {
                let kind = match r.text(server).as_deref() {
                    Some("license_server") => ServerKind::LicenseServer,
                    Some("license_vault") => ServerKind::LicenseVault,
                    _ => return Err("`server` is license_server or license_vault".to_owned()),
                };
                Ok(license::Assignee::Server { uid: r.text(uid).unwrap_or_default(), kind })
            }
            (None, None, Some(key), Some(name)) => Ok(license::Assignee::LicenseKey {
                registration_name: r.text(name).unwrap_or_default(),
                key: r.text(key).unwrap_or_default(),
            }),
            _ => Err(WANTED.to_owned()),
        },
    }
}
