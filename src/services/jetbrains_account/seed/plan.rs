//! Checks the JetBrains Account section of a seed, and fills in what it leaves out.

use std::collections::{HashMap, HashSet};

use serde_saphyr::Spanned;

use crate::services::jetbrains_account::domain::ids::JetBrainsIds as _;
use crate::{
    core::{clock, duration::HumanDuration, suggest::suggest, token::PlainToken},
    domain::organization::{email_key, name_from_address},
    seed::{
        Diagnostic,
        file::Scalar,
        plan::{SectionPlanner, is_address},
        read::Reader,
    },
    services::jetbrains_account::{
        domain::{
            license::{self, License, Subscription},
            product::{self, PRODUCTS},
            role::{Grant, Profile, Role},
            team::Team,
        },
        seed::file::{self, Assignee, JetBrainsAccount},
    },
};

/// Licences that one entry of a seed may ask for.
const MOST_LICENSES: i64 = 1_000_000;
/// The longest team name (jetbrains-account §10).
const LONGEST_TEAM_NAME: usize = 255;

/// The JetBrains Account part of a plan.
#[derive(Debug)]
pub(crate) struct PlannedAccount {
    /// Calls are answered.
    pub api_enabled: Option<bool>,
    /// 200 or 204.
    pub assign_success_status: Option<u16>,
    /// Its teams.
    pub teams: Vec<Team>,
    /// Addresses and what they are.
    pub roles: Vec<(String, Grant)>,
    /// Its tokens.
    pub tokens: Vec<PlannedToken>,
    /// Its licences.
    pub licenses: Vec<License>,
}

/// One token of a plan.
#[derive(Debug)]
pub(crate) struct PlannedToken {
    /// Whose.
    pub email: String,
    /// Of what.
    pub profile: Profile,
    /// The token itself.
    pub token: PlainToken,
    /// Where the seed names it, for a diagnostic.
    pub place: Diagnostic,
}

/// What the organization has already, as far as a seed can refer to it.
#[derive(Debug, Default, Clone)]
pub(crate) struct ExistingAccount {
    /// Names, by id.
    pub teams: HashMap<i32, String>,
    /// Who has a role where: keys of addresses.
    pub roles: HashSet<(String, Profile)>,
}

pub(crate) struct Planner<'a> {
    pub(crate) context: SectionPlanner<'a>,
    pub(crate) existing: ExistingAccount,
}

impl<'a> Planner<'a> {
    fn reader(&self) -> &'a Reader<'a> {
        self.context.reader
    }

    pub(crate) fn plan(&mut self, account: &JetBrainsAccount) -> PlannedAccount {
        let assign_success_status = account.quirks.as_ref().and_then(|q| q.assign_success_status.as_ref());
        PlannedAccount {
            api_enabled: self.reader().opt_flag(account.api_enabled.as_ref()),
            assign_success_status: assign_success_status.and_then(|scalar| {
                let status = self.reader().whole(scalar, 200, 204).filter(|status| [200, 204].contains(status));
                if status.is_none() {
                    self.reader().report(scalar.referenced, "expected 200 or 204");
                }
                status.and_then(|status| u16::try_from(status).ok())
            }),
            teams: {
                let mut named = HashSet::new();
                account.teams.iter().filter_map(|team| self.team(team, &mut named)).collect()
            },
            roles: account.roles.iter().filter_map(|role| self.grant(role)).collect(),
            tokens: {
                let mut held = HashSet::new();
                account.tokens.iter().filter_map(|token| self.token(token, &mut held)).collect()
            },
            licenses: {
                let mut taken = HashSet::new();
                account.licenses.iter().flat_map(|license| self.licenses(license, &mut taken)).collect()
            },
        }
    }

    fn team(&mut self, team: &file::Team, named: &mut HashSet<i32>) -> Option<Team> {
        let name = self.reader().text(&team.name)?;
        if name.chars().count() > LONGEST_TEAM_NAME {
            self.reader()
                .report(team.name.referenced, format!("a team's name has at most {LONGEST_TEAM_NAME} characters"));
        }
        let id = match &team.id {
            Some(scalar) => i32::try_from(self.reader().whole(scalar, 1, i64::from(i32::MAX))?).ok()?,
            None => std::iter::repeat_with(|| self.context.ids.team_id())
                .find(|id| !self.existing.teams.contains_key(id))?,
        };
        if !named.insert(id) {
            self.reader().report(team.name.referenced, format!("another team has the id {id}"));
        }
        self.existing.teams.insert(id, name.clone());
        Some(Team { id, name })
    }

    fn token(&mut self, token: &file::Token, held: &mut HashSet<(String, Profile)>) -> Option<PlannedToken> {
        let email = self.context.person(&token.person)?;
        let profile = self.profile(token.team.as_ref())?;
        let holder = (email_key(&email), profile);
        if !self.existing.roles.contains(&holder) {
            self.reader().report(
                token.person.referenced,
                format!("{email} has no role in the {profile}, so there is no token: add one to `roles`"),
            );
        } else if !held.insert(holder) {
            self.reader().report(
                token.person.referenced,
                format!("{email} has a token in the {profile} already: there is one per person and profile"),
            );
        }
        let plain = match token.token.as_ref().filter(|_| !self.context.fresh) {
            None => self.context.ids.jetbrains_token(),
            Some(scalar) => self.context.literal_token(scalar)?,
        };
        let at = token.token.as_ref().unwrap_or(&token.person).referenced;
        Some(PlannedToken { email, profile, token: plain, place: self.reader().place(at) })
    }

    fn licenses(&mut self, entry: &file::License, taken: &mut HashSet<String>) -> Vec<License> {
        let id = entry.id.as_ref().and_then(|scalar| read_license_id(self.context.reader, scalar, taken));
        let count = entry.count.as_ref().and_then(|scalar| {
            if entry.id.is_some() {
                self.reader()
                    .report(scalar.referenced, "`count` makes licences with generated ids: leave `id` or `count` out");
            }
            self.reader().whole(scalar, 0, MOST_LICENSES)
        });
        let Some(one) = self.license(entry) else { return Vec::new() };
        if entry.id.is_some() {
            return id.map(|id| License { id, ..one }).into_iter().collect();
        }
        (0..count.unwrap_or(1))
            .map(|_| {
                let mut id = self.context.ids.license_id();
                while !taken.insert(id.clone()) {
                    id = self.context.ids.license_id();
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
            subscription.pack = Some(self.context.ids.subscription_pack());
        }
    }

    fn license(&mut self, entry: &file::License) -> Option<License> {
        let now = self.context.now;
        let product = self.reader().text(&entry.product).and_then(|code| {
            let product = product::find(&code);
            if product.is_none() {
                let codes = PRODUCTS.iter().map(|p| p.code);
                self.reader()
                    .report(entry.product.referenced, format!("unknown product `{code}`{}", suggest(&code, codes)));
            }
            product
        });
        let team = self.team_id(&entry.team);
        let perpetual_until = self.reader().date(entry.perpetual_until.as_ref(), now);
        let assignee = entry.assignee.as_ref().and_then(|assignee| {
            let read = self.assignee(assignee);
            read.map_err(|message| self.reader().report(assignee.referenced, message)).ok()
        });
        let valid_until = match &entry.valid_until {
            None if entry.perpetual_until.is_some() => None,
            None => clock::shift(now, HumanDuration::Years(1)),
            scalar => self.reader().date(scalar.as_ref(), now),
        };
        let auto_renew = self.reader().flag(entry.auto_renew.as_ref(), true);
        let pack = self.reader().opt_text(entry.pack.as_ref());
        let mut license = License {
            id: String::new(),
            product: product?,
            team: team?,
            subscription: valid_until.map(|valid_until| Subscription { valid_until, pack, auto_renew }),
            perpetual_until,
            assigned_at: self
                .reader()
                .date(entry.assigned_at.as_ref(), now)
                .or_else(|| assignee.is_some().then_some(now)),
            assignee,
            last_seen_at: self.reader().date(entry.last_seen_at.as_ref(), now),
            offline_code: self.reader().flag(entry.offline_code.as_ref(), false),
            per_user: self.reader().flag(entry.per_user.as_ref(), true),
            transferable: self.reader().flag(entry.transferable.as_ref(), true),
            trial: self.reader().flag(entry.trial.as_ref(), false),
            suspended: self.reader().flag(entry.suspended.as_ref(), false),
            domain: self.reader().opt_text(entry.domain.as_ref()),
        };
        if entry.id.is_some() {
            self.add_pack(&mut license);
        }
        Some(license)
    }

    fn team_id(&self, scalar: &Scalar) -> Option<Team> {
        let id = i32::try_from(self.reader().whole(scalar, 1, i64::from(i32::MAX))?).ok()?;
        if let Some(name) = self.existing.teams.get(&id) {
            return Some(Team { id, name: name.clone() });
        }
        let mut ids: Vec<String> = self.existing.teams.keys().map(ToString::to_string).collect();
        ids.sort();
        let near = suggest(&id.to_string(), ids.iter().map(String::as_str));
        self.reader().report(scalar.referenced, format!("there is no team {id}{near}"));
        None
    }

    fn profile(&self, team: Option<&Scalar>) -> Option<Profile> {
        match team {
            None => Some(Profile::Organization),
            Some(scalar) => self.team_id(scalar).map(|team| Profile::Team(team.id)),
        }
    }

    fn grant(&mut self, role: &file::Role) -> Option<(String, Grant)> {
        let email = self.context.person(&role.person);
        let profile = self.profile(role.team.as_ref());
        let kind: Role = self.reader().value(&role.role)?;
        let (email, profile) = (email?, profile?);
        if let Err(message) = kind.check_fits(profile) {
            self.reader().report(role.role.referenced, message);
        }
        self.existing.roles.insert((email_key(&email), profile));
        Some((email, Grant { role: kind, profile }))
    }

    fn assignee(&self, assignee: &Spanned<Assignee>) -> Result<license::Assignee, String> {
        const WANTED: &str = "expected an e-mail address, { server, uid } or { license_key, registration_name }";
        match &assignee.value {
            Assignee::Email(email) => {
                // The place of a bare address is the whole value's.
                let scalar =
                    Scalar { value: email.clone(), referenced: assignee.referenced, defined: assignee.defined };
                let email = self.reader().text(&scalar).unwrap_or_default();
                if !is_address(&email) {
                    return Err(format!("`{email}` is not an e-mail address: {WANTED}"));
                }
                let name = self
                    .context
                    .people
                    .get(&email_key(&email))
                    .map_or_else(|| name_from_address(&email), |person| person.name.clone());
                Ok(license::Assignee::User { email, given_name: name, account_name: None })
            }
            Assignee::Other(other) => match (&other.server, &other.uid, &other.license_key, &other.registration_name) {
                (Some(server), Some(uid), None, None) => {
                    let kind = self.reader().text(server).and_then(|kind| kind.parse().ok());
                    let kind = kind.ok_or_else(|| "`server` is license_server or license_vault".to_owned())?;
                    Ok(license::Assignee::Server { uid: self.reader().text(uid).unwrap_or_default(), kind })
                }
                (None, None, Some(key), Some(name)) => Ok(license::Assignee::LicenseKey {
                    registration_name: self.reader().text(name).unwrap_or_default(),
                    key: self.reader().text(key).unwrap_or_default(),
                }),
                _ => Err(WANTED.to_owned()),
            },
        }
    }
}

fn read_license_id(reader: &Reader<'_>, scalar: &Scalar, taken: &mut HashSet<String>) -> Option<String> {
    let id = reader.text(scalar)?;
    if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        reader.report(
            scalar.referenced,
            format!("`{id}` is not a licence id: the vendor's are 10 upper-case letters and digits"),
        );
    }
    if !taken.insert(id.clone()) {
        reader.report(scalar.referenced, format!("another licence has the id `{id}`"));
    }
    Some(id)
}
