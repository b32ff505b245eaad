//! The License Vault section of a seed: how it is checked, and how it is written.

pub(crate) mod answer;
pub(crate) mod credentials;
pub(crate) mod file;

use std::collections::HashSet;

use crate::services::license_vault::domain::ids::VaultIds as _;
use crate::{
    core::{
        clock::Time,
        error::Error,
        ids::Ids,
        suggest::suggest,
        token::{Keyring, PlainToken},
    },
    domain::organization::{Organization, OrganizationId, email_key},
    seed::{
        Diagnostic,
        apply::ApplyError,
        file::Scalar,
        plan::{People, SectionPlanner, is_address, literal_token, person},
        read::Reader,
    },
    services::license_vault::{
        domain::{
            allocation::{DENIAL_DESCRIPTION, DENIAL_REASON, Denial, LicenseRequest, VaultUser},
            catalogue::{CATALOGUE, product_name},
            vault::{AllocationRule, Kind, Plan, TokenKind, Vault},
        },
        seed::file::{SeedAllocation, SeedAutomationToken, SeedDenial, SeedPool, SeedRule, SeedRunning, SeedVault},
        store,
    },
    store::{ReadWrite, Session, organization},
};

/// Checked, complete, ready to be written.
#[derive(Debug)]
pub(crate) struct PlannedVault {
    /// The vault's name.
    pub(crate) name: String,
    plan: Plan,
    floating: bool,
    strict: bool,
    administrators: Vec<String>,
    /// Its credentials.
    pub(crate) tokens: Vec<NewToken>,
    pools: Vec<(String, Kind, i64)>,
    allocations: Vec<NewAllocation>,
    denials: Vec<Denial>,
    rules: Option<Vec<AllocationRule>>,
    place: Diagnostic,
}

/// A credential of a planned vault.
#[derive(Debug)]
pub(crate) struct NewToken {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// What it is called; empty for those that are one of a kind.
    pub(crate) name: String,
    /// The token itself.
    pub(crate) token: PlainToken,
    expires_at: Option<Time>,
    place: Diagnostic,
}

#[derive(Debug)]
struct NewAllocation {
    user: VaultUser,
    product: String,
    kind: Kind,
    since: Time,
    running: Vec<(LicenseRequest, Time)>,
}

/// Licences that one pool may hold.
const MOST_LICENSES: i64 = 1_000_000;
const DEFAULT_VERSION: &str = "2026.1";
const DEFAULT_HOST: &str = "localhost";
const DEFAULT_IP: &str = "127.0.0.1";

/// Checks the section of one organization, and completes it.
pub(crate) struct Planner<'a> {
    pub(crate) r: &'a Reader<'a>,
    pub(crate) known: &'a People,
    pub(crate) now: Time,
    pub(crate) ids: &'a mut Ids,
    /// Tokens that the files have spelled out.
    pub(crate) taken: &'a mut HashSet<String>,
    /// No token is spelled out.
    pub(crate) fresh: bool,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(context: SectionPlanner<'a>) -> Self {
        let SectionPlanner { reader: r, people: known, now, ids, taken, fresh } = context;
        Self { r, known, now, ids, taken, fresh }
    }

    pub(crate) fn plan(mut self, section: &SeedVault) -> Option<PlannedVault> {
        let name = self.r.text(&section.name)?;
        if !name.bytes().all(|b| b.is_ascii_alphanumeric()) || name.len() > 63 {
            self.r.report(section.name.referenced, format!("`{name}` is not a vault's name: letters and digits only"));
        }
        let plan = match &section.plan {
            None => Plan::OrganizationTrueUp,
            Some(scalar) => self.r.value(scalar)?,
        };
        let mut tokens = Vec::new();
        for (scalar, kind) in [(&section.token, TokenKind::Vault), (&section.reporting_token, TokenKind::Reporting)] {
            let Some(scalar) = scalar else { continue };
            let token =
                if self.fresh { Some(self.ids.vault_token()) } else { literal_token(self.r, scalar, self.taken) };
            let Some(token) = token else { continue };
            let place = self.r.place(scalar.referenced);
            tokens.push(NewToken { kind, name: String::new(), token, expires_at: None, place });
        }
        let mut names = HashSet::new();
        tokens
            .extend(section.automation_tokens.iter().filter_map(|token| self.plan_automation_token(token, &mut names)));
        Some(PlannedVault {
            name,
            plan,
            floating: self.r.flag(section.floating.as_ref(), plan.floats()),
            strict: self.r.flag(section.strict_policy.as_ref(), false),
            administrators: section.administrators.iter().filter_map(|p| person(self.r, p, self.known)).collect(),
            tokens,
            pools: section.pools.iter().flat_map(|pool| self.plan_pools(pool)).collect(),
            allocations: section.allocations.iter().filter_map(|allocation| self.plan_allocation(allocation)).collect(),
            denials: section.denials.iter().filter_map(|denial| self.plan_denial(denial)).collect(),
            rules: section.rules.as_ref().map(|rules| rules.iter().map(|rule| self.plan_rule(rule)).collect()),
            place: self.r.place(section.name.referenced),
        })
    }

    fn plan_automation_token(&mut self, token: &SeedAutomationToken, names: &mut HashSet<String>) -> Option<NewToken> {
        let name = self.r.text(&token.name)?;
        if !names.insert(name.clone()) {
            self.r.report(token.name.referenced, format!("another automation token is called `{name}`"));
        }
        let plain = match token.token.as_ref().filter(|_| !self.fresh) {
            None => self.ids.automation_token(),
            Some(scalar) => literal_token(self.r, scalar, self.taken)?,
        };
        Some(NewToken {
            kind: TokenKind::Automation,
            name,
            token: plain,
            expires_at: self.r.date(token.expires_at.as_ref(), self.now),
            place: self.r.place(token.token.as_ref().unwrap_or(&token.name).referenced),
        })
    }

    /// A licence's code.
    fn check_license(&self, scalar: &Scalar) -> Option<String> {
        let code = self.r.text(scalar)?;
        let codes = CATALOGUE.iter().map(|(code, _)| *code);
        if !codes.clone().any(|known| known == code) {
            let near = suggest(&code, codes);
            self.r.report(scalar.referenced, format!("`{code}` is not a licence of the vault's catalogue{near}"));
        }
        Some(code)
    }

    fn plan_pools(&self, pool: &SeedPool) -> Vec<(String, Kind, i64)> {
        let Some(code) = self.check_license(&pool.product) else { return Vec::new() };
        let totals = [(Kind::Regular, &pool.regular), (Kind::TrueUp, &pool.true_up), (Kind::Virtual, &pool.r#virtual)];
        let total = |(kind, scalar): (Kind, &Option<Scalar>)| {
            Some((code.clone(), kind, self.r.whole(scalar.as_ref()?, 0, MOST_LICENSES)?))
        };
        totals.into_iter().filter_map(total).collect()
    }

    fn parse_user(&self, scalar: &Scalar) -> Option<VaultUser> {
        let email = self.r.text(scalar)?;
        if !is_address(&email) {
            self.r.report(scalar.referenced, format!("`{email}` is not an e-mail address"));
        }
        Some(VaultUser::of(&email))
    }

    fn text_or(&self, scalar: Option<&Scalar>, default: &str) -> String {
        self.r.opt_text(scalar).unwrap_or_else(|| default.to_owned())
    }

    fn parse_past_time(&self, scalar: Option<&Scalar>) -> Option<Time> {
        let time = self.r.date(scalar, self.now)?;
        if let Some(scalar) = scalar
            && time > self.now
        {
            self.r.report(scalar.referenced, "cannot be in the future");
        }
        Some(time)
    }

    fn plan_allocation(&self, allocation: &SeedAllocation) -> Option<NewAllocation> {
        let user = self.parse_user(&allocation.user)?;
        let since = self.parse_past_time(allocation.since.as_ref()).unwrap_or(self.now);
        let kind = match &allocation.kind {
            None => Kind::Regular,
            Some(scalar) => self.r.value(scalar)?,
        };
        let running = |running: &SeedRunning| {
            let request = LicenseRequest {
                user: user.clone(),
                product: self.r.text(&running.product)?,
                version: self.text_or(running.version.as_ref(), DEFAULT_VERSION),
                host: self.text_or(running.host.as_ref(), DEFAULT_HOST),
                ip: self.text_or(running.ip.as_ref(), DEFAULT_IP),
            };
            Some((request, self.parse_past_time(running.since.as_ref()).unwrap_or(since)))
        };
        Some(NewAllocation {
            running: allocation.running.iter().filter_map(running).collect(),
            product: self.check_license(&allocation.product)?,
            user,
            kind,
            since,
        })
    }

    fn plan_denial(&self, denial: &SeedDenial) -> Option<Denial> {
        Some(Denial {
            at: self.parse_past_time(denial.at.as_ref()).unwrap_or(self.now),
            user: self.parse_user(&denial.user)?,
            host: self.text_or(denial.host.as_ref(), DEFAULT_HOST),
            ip: self.text_or(denial.ip.as_ref(), DEFAULT_IP),
            product_name: product_name(&self.r.text(&denial.product)?).to_owned(),
            product_version: self.text_or(denial.product_version.as_ref(), DEFAULT_VERSION),
            reason: self.text_or(denial.reason.as_ref(), DENIAL_REASON),
            description: self.text_or(denial.description.as_ref(), DENIAL_DESCRIPTION),
        })
    }

    fn plan_rule(&self, rule: &SeedRule) -> AllocationRule {
        AllocationRule {
            users: rule.users.iter().filter_map(|scalar| self.parse_user(scalar)).map(|user| user.email).collect(),
            products: rule.products.iter().filter_map(|scalar| self.check_license(scalar)).collect(),
            priority: self.r.flag(rule.priority.as_ref(), false),
        }
    }
}

/// Writes the section of one organization.
pub(crate) async fn write(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    organization: &Organization,
    planned: &PlannedVault,
) -> Result<(), ApplyError> {
    let id = store::vault::upsert(db, organization.id, &planned.name, planned.plan, planned.floating, planned.strict)
        .await?;
    let Some(id) = id else {
        return Err(ApplyError::at(&planned.place, format!("another organization has the vault `{}`", planned.name)));
    };
    let vault = Vault {
        id,
        organization: organization.clone(),
        name: planned.name.clone(),
        plan: planned.plan,
        floating: planned.floating,
        strict: planned.strict,
    };
    add_administrators(db, organization.id, &vault, &planned.administrators).await?;
    for new in &planned.tokens {
        if !store::vault::issue_token(db, keyring, &vault, new.kind, &new.name, &new.token, new.expires_at).await? {
            return Err(ApplyError::at(&new.place, "the token is in use already".to_owned()));
        }
    }
    for (product, kind, total) in &planned.pools {
        store::vault::set_pool(db, id, product, *kind, *total).await?;
    }
    if let Some(rules) = &planned.rules {
        store::vault::set_rules(db, id, rules).await?;
    }
    for new in &planned.allocations {
        store::allocations::delete_for(db, id, &new.user.email, &new.product).await?;
        let allocation = db.ids().uuid().to_string();
        store::allocations::insert(db, id, &allocation, &new.user, &new.product, new.kind, new.since).await?;
        for (request, since) in &new.running {
            let connection = db.ids().uuid().to_string();
            store::connections::insert(db, id, &allocation, &connection, request, *since).await?;
        }
    }
    for denial in &planned.denials {
        store::denials::insert(db, id, denial).await?;
    }
    Ok(())
}

async fn add_administrators(
    db: &mut Session<ReadWrite>,
    organization: OrganizationId,
    vault: &Vault,
    emails: &[String],
) -> Result<(), Error> {
    let people = organization::people(db, organization).await?;
    for email in emails {
        let person = people.get(&email_key(email)).ok_or_else(|| Error::internal(format!("no person {email}")))?;
        store::vault::add_administrator(db, vault.id, person.id).await?;
    }
    Ok(())
}
