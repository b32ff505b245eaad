//! Checks the JetBrains Account section of a seed, and fills in what it leaves out.

use std::collections::{HashMap, HashSet};

use serde_saphyr::Spanned;
use strum::VariantNames as _;

use crate::services::jetbrains_account::domain::ids::JetBrainsIds as _;
use crate::{
    core::{
        clock::{self, Time},
        duration::HumanDuration,
        ids::Ids,
        suggest::{describe_unknown, nearest, suggest},
        token::PlainToken,
    },
    domain::{
        organization::{email_key, name_from_address},
        product_catalogue::{self, CATALOGUE, DeclaredProduct, check_code},
    },
    seed::{
        Diagnostic,
        count::Count,
        file::Scalar,
        keys::Keys,
        plan::{SectionPlanner, is_address},
        read::Reader,
    },
    services::jetbrains_account::{
        domain::{
            day::Day,
            license::{self, License, ServerKind, Subscription},
            product::Product,
            role::{Grant, Profile, Role},
            switches::Switches,
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
    pub switches: Switches,
    /// Products and plug-ins that it declares.
    pub products: Vec<DeclaredProduct>,
    /// Its teams.
    pub teams: Vec<Team>,
    /// Addresses and what they are.
    pub roles: Vec<(String, Grant)>,
    /// Its tokens.
    pub tokens: Vec<PlannedToken>,
    /// Its licences.
    pub licenses: Vec<License>,
}

impl PlannedAccount {
    pub(crate) fn counts(&self) -> Vec<Count> {
        vec![
            Count::new(self.teams.len(), "team", "teams"),
            Count::new(self.roles.len(), "role", "roles"),
            Count::new(self.tokens.len(), "token", "tokens"),
            Count::new(self.licenses.len(), "license", "licenses"),
        ]
    }
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

impl PlannedToken {
    /// Says that it is somebody's already.
    pub(super) fn say_taken(&self) -> String {
        format!("the token of {} in the {} is in use already", self.email, self.profile)
    }
}

/// What the organization has already, as far as a seed can refer to it.
#[derive(Debug, Default, Clone)]
pub(crate) struct ExistingAccount {
    /// Names, by id.
    pub teams: HashMap<i32, String>,
    /// Codes of declared products, and whether they are plug-ins.
    pub products: HashMap<String, bool>,
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
        PlannedAccount {
            switches: self.switches(account),
            products: self.products(account),
            teams: {
                let mut named = Keys::default();
                account.teams.iter().filter_map(|team| self.team(team, &mut named)).collect()
            },
            roles: {
                let mut granted = Keys::default();
                account.roles.iter().filter_map(|role| self.grant(role, &mut granted)).collect()
            },
            tokens: {
                let mut held = Keys::default();
                account.tokens.iter().filter_map(|token| self.token(token, &mut held)).collect()
            },
            licenses: {
                let mut taken = Keys::default();
                account.licenses.iter().flat_map(|license| self.licenses(license, &mut taken)).collect()
            },
        }
    }

    fn switches(&self, account: &JetBrainsAccount) -> Switches {
        let quirks = account.quirks.as_ref();
        let assign_success_status =
            quirks.and_then(|quirks| quirks.assign_success_status.as_ref()).and_then(|scalar| {
                let status = self.reader().whole(scalar, 200, 204).filter(|status| [200, 204].contains(status));
                if status.is_none() {
                    self.reader().report(scalar.referenced, "expected 200 or 204");
                }
                status.and_then(|status| u16::try_from(status).ok())
            });
        Switches {
            api_enabled: self.reader().opt_flag(account.api_enabled.as_ref()),
            assign_success_status,
            flags_required: self.reader().opt_flag(quirks.and_then(|quirks| quirks.flags_required.as_ref())),
        }
    }

    /// Products first, so that a plug-in with a product's code is refused at its line.
    fn products(&mut self, account: &JetBrainsAccount) -> Vec<DeclaredProduct> {
        let mut named = Keys::default();
        let products = account.products.iter().map(|product| (product, false));
        let all = products.chain(account.plugins.iter().map(|plugin| (plugin, true)));
        all.filter_map(|(entry, is_plugin)| {
            let code = self.reader().text(&entry.code);
            let name = self.reader().text(&entry.name);
            let (code, name) = (code?, name?);
            let at = entry.code.referenced;
            if let Err(message) = check_code(&code) {
                self.reader().report(at, message);
            }
            let is_other_kind = self.existing.products.get(&code).is_some_and(|known| *known != is_plugin);
            let message = format!("another product or plug-in has the code `{code}`");
            let is_taken = is_other_kind || is_plugin && product_catalogue::find(&code).is_some();
            if named.insert(self.reader(), code.clone(), at, &message) && is_taken {
                self.reader().report(at, message);
            }
            self.existing.products.insert(code.clone(), is_plugin);
            Some(DeclaredProduct { code, name, is_plugin })
        })
        .collect()
    }

    fn product(&self, scalar: &Scalar) -> Option<Product> {
        let code = self.reader().text(scalar)?;
        let declared = &self.existing.products;
        if product_catalogue::find(&code).is_none() && !declared.contains_key(&code) {
            let mut codes: Vec<&str> = declared.keys().map(String::as_str).collect();
            codes.sort_unstable();
            codes.extend(CATALOGUE.iter().map(|(code, _)| *code));
            let near = nearest(&code, codes).map(|near| format!(", did you mean `{near}`?"));
            let near =
                near.unwrap_or_else(|| ": what the catalogue lacks, `products` and `plugins` declare".to_owned());
            self.reader().report(scalar.referenced, format!("unknown product `{code}`{near}"));
        }
        // A licence is written with the code alone.
        Some(Product::named(&code, None))
    }

    fn team(&mut self, team: &file::Team, named: &mut Keys<i32>) -> Option<Team> {
        let name = self.reader().text(&team.name).unwrap_or_default();
        if name.chars().count() > LONGEST_TEAM_NAME {
            self.reader()
                .report(team.name.referenced, format!("a team's name has at most {LONGEST_TEAM_NAME} characters"));
        }
        let id = match &team.id {
            Some(scalar) => i32::try_from(self.reader().whole(scalar, 1, i64::from(i32::MAX))?).ok()?,
            None => std::iter::repeat_with(|| self.context.ids.team_id())
                .find(|id| !self.existing.teams.contains_key(id))?,
        };
        let at = team.id.as_ref().unwrap_or(&team.name).referenced;
        named.insert(self.reader(), id, at, format!("another team has the id {id}"));
        self.existing.teams.insert(id, name.clone());
        Some(Team { id, name })
    }

    fn token(&mut self, token: &file::Token, held: &mut Keys<(String, Profile)>) -> Option<PlannedToken> {
        let email = self.context.person(&token.person);
        let profile = self.profile(token.team.as_ref());
        let plain = self.context.token(token.token.as_ref(), Ids::jetbrains_token);
        let (email, profile) = (email?, profile?);
        let holder = (email_key(&email), profile);
        if self.existing.roles.contains(&holder) {
            let message = format!("there is one token per person and profile: {email} has one in the {profile}");
            held.insert(self.reader(), holder, token.person.referenced, message);
        } else {
            self.reader().report(
                token.person.referenced,
                format!("{email} has no role in the {profile}, so there is no token: add one to `roles`"),
            );
        }
        let at = token.token.as_ref().unwrap_or(&token.person).referenced;
        Some(PlannedToken { email, profile, token: plain?, place: self.reader().place(at) })
    }

    fn licenses(&mut self, entry: &file::License, taken: &mut Keys<String>) -> Vec<License> {
        let id = entry.id.as_ref().and_then(|scalar| read_license_id(self.context.reader, scalar, taken));
        let count = entry.count.as_ref().and_then(|scalar| {
            if entry.id.is_some() {
                self.reader()
                    .report(scalar.referenced, "`count` makes licences with generated ids: leave `id` or `count` out");
            }
            self.reader().whole(scalar, 1, MOST_LICENSES)
        });
        let Some(one) = self.license(entry) else { return Vec::new() };
        if entry.id.is_some() {
            return id.map(|id| License { id, ..one }).into_iter().collect();
        }
        (0..count.unwrap_or(1))
            .map(|_| {
                let mut id = self.context.ids.license_id();
                while !taken.insert_made(id.clone()) {
                    id = self.context.ids.license_id();
                }
                License { id, ..one.clone() }
            })
            .collect()
    }

    /// The reference of the purchase: one for all licences of an entry, also without renewal (jetbrains-account §4.1).
    fn pack(&mut self, entry: &file::License) -> Option<String> {
        match &entry.pack {
            None => Some(self.context.ids.subscription_pack()),
            Some(written) => self.reader().opt_text(written.as_ref()),
        }
    }

    /// When an entry's licence was given and last in use.
    fn last_seen(&self, entry: &file::License) -> (Option<Time>, Option<Time>) {
        let (now, reader) = (self.context.now, self.reader());
        let Some(written) = &entry.last_seen else {
            let assigned_at = reader.date(entry.assigned_at.as_ref(), now);
            let assigned_at = assigned_at.or_else(|| entry.assignee.is_some().then_some(now));
            return (assigned_at, reader.date(entry.last_seen_at.as_ref(), now));
        };
        if let Some(scalar) = written
            && reader.text(scalar).is_some_and(|text| text != "none")
        {
            reader.report(scalar.referenced, "expected none; a date is `last_seen_at`");
        }
        for date in [&entry.assigned_at, &entry.last_seen_at].into_iter().flatten() {
            reader.report(date.referenced, "beside `last_seen: none` there is no such date: leave one of them out");
        }
        (None, None)
    }

    fn license(&mut self, entry: &file::License) -> Option<License> {
        let now = self.context.now;
        let product = self.product(&entry.product);
        let team = self.team_id(&entry.team);
        let perpetual_until = self.reader().date(entry.perpetual_until.as_ref(), now).map(Day::of);
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
        let pack = self.pack(entry);
        let (assigned_at, last_seen_at) = self.last_seen(entry);
        Some(License {
            id: String::new(),
            subscription: valid_until.map(|until| Subscription { valid_until: Day::of(until), pack, auto_renew }),
            perpetual_until,
            assigned_at,
            assignee,
            last_seen_at,
            offline_code: self.reader().flag(entry.offline_code.as_ref(), false),
            per_user: self.reader().flag(entry.per_user.as_ref(), true),
            transferable: self.reader().flag(entry.transferable.as_ref(), true),
            trial: self.reader().flag(entry.trial.as_ref(), false),
            suspended: self.reader().flag(entry.suspended.as_ref(), false),
            domain: self.reader().opt_text(entry.domain.as_ref()),
            // Last, because what is wrong with the others is reported too.
            product: product?,
            team: team?,
        })
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

    fn grant(&mut self, role: &file::Role, granted: &mut Keys<(String, Profile, Role)>) -> Option<(String, Grant)> {
        let email = self.context.person(&role.person);
        let profile = self.profile(role.team.as_ref());
        let kind: Option<Role> = self.reader().value(&role.role);
        let (email, profile) = (email?, profile?);
        // Also with a wrong role, because the person is meant to have one.
        self.existing.roles.insert((email_key(&email), profile));
        let kind = kind?;
        if let Err(message) = kind.check_fits(profile) {
            self.reader().report(role.role.referenced, message);
        }
        let message = format!("{email} is {} of the {profile} already", <&str>::from(kind));
        granted.insert(self.reader(), (email_key(&email), profile, kind), role.person.referenced, message);
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
                    let kind = self.reader().text(server).ok_or(WANTED)?;
                    let servers = ServerKind::VARIANTS.iter().copied();
                    let kind = kind.parse().map_err(|_| describe_unknown(&kind, "a server", servers))?;
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

fn read_license_id(reader: &Reader<'_>, scalar: &Scalar, taken: &mut Keys<String>) -> Option<String> {
    let id = reader.text(scalar)?;
    if id.len() > 64 || !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
        reader.report(
            scalar.referenced,
            format!("`{id}` is not a licence id: the vendor's are 10 upper-case letters and digits"),
        );
    }
    taken.insert(reader, id.clone(), scalar.referenced, format!("another licence has the id `{id}`"));
    Some(id)
}
