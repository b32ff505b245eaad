//! Checks the License Vault section of a seed, and fills in what it leaves out.

use std::collections::HashSet;

use crate::services::license_vault::domain::ids::VaultIds as _;
use crate::{
    core::{clock::Time, ids::Ids, suggest::suggest, token::PlainToken},
    seed::{
        Diagnostic,
        file::Scalar,
        plan::{SectionPlanner, is_address},
        read::Reader,
    },
    services::license_vault::{
        domain::{
            allocation::{
                DEFAULT_HOST, DEFAULT_IP, DEFAULT_VERSION, DENIAL_DESCRIPTION, DENIAL_REASON, Denial, LicenseRequest,
                VaultUser,
            },
            catalogue::{CATALOGUE, find_product_name},
            vault::{AllocationRule, LicenseKind, Plan, TokenKind},
        },
        seed::file::{SeedAllocation, SeedAutomationToken, SeedDenial, SeedPool, SeedRule, SeedRunning, SeedVault},
    },
};

/// A vault as it is to be written.
#[derive(Debug)]
pub(crate) struct PlannedVault {
    pub(crate) name: String,
    pub(crate) plan: Plan,
    pub(crate) floating: bool,
    pub(crate) strict: bool,
    /// Addresses.
    pub(crate) administrators: Vec<String>,
    pub(crate) tokens: Vec<NewToken>,
    /// Products, kinds and totals.
    pub(crate) pools: Vec<(String, LicenseKind, i64)>,
    pub(crate) allocations: Vec<NewAllocation>,
    pub(crate) denials: Vec<Denial>,
    pub(crate) rules: Option<Vec<AllocationRule>>,
    /// Where the seed names the vault, for a diagnostic.
    pub(crate) place: Diagnostic,
}

/// A credential of a planned vault.
#[derive(Debug)]
pub(crate) struct NewToken {
    pub(crate) kind: TokenKind,
    /// Empty, but for automation tokens.
    pub(crate) name: String,
    pub(crate) token: PlainToken,
    pub(crate) expires_at: Option<Time>,
    /// Where the seed names the token, for a diagnostic.
    pub(crate) place: Diagnostic,
}

#[derive(Debug)]
pub(crate) struct NewAllocation {
    pub(crate) user: VaultUser,
    pub(crate) product: String,
    pub(crate) kind: LicenseKind,
    pub(crate) since: Time,
    /// What runs on it, and since when.
    pub(crate) running: Vec<(LicenseRequest, Time)>,
}

/// Licences that one pool may have.
const MOST_LICENSES: i64 = 1_000_000;
/// The longest name of a vault, in characters, because it is one label of a host name.
const LONGEST_NAME: usize = 63;

pub(crate) struct Planner<'a> {
    context: SectionPlanner<'a>,
}

impl<'a> Planner<'a> {
    pub(crate) fn new(context: SectionPlanner<'a>) -> Self {
        Self { context }
    }

    fn reader(&self) -> &'a Reader<'a> {
        self.context.reader
    }

    pub(crate) fn plan(mut self, section: &SeedVault) -> Option<PlannedVault> {
        let reader = self.reader();
        let name = reader.text(&section.name)?;
        if !name.bytes().all(|b| b.is_ascii_alphanumeric()) || name.len() > LONGEST_NAME {
            let detail = format!("`{name}` is not a vault's name: letters and digits only");
            reader.report(section.name.referenced, detail);
        }
        let plan = match &section.plan {
            None => Plan::OrganizationTrueUp,
            Some(scalar) => reader.value(scalar)?,
        };
        let mut tokens = Vec::new();
        for (scalar, kind) in [(&section.token, TokenKind::Vault), (&section.reporting_token, TokenKind::Reporting)] {
            let Some(scalar) = scalar else { continue };
            let Some(token) = self.context.token(Some(scalar), Ids::vault_token) else { continue };
            let place = reader.place(scalar.referenced);
            tokens.push(NewToken { kind, name: String::new(), token, expires_at: None, place });
        }
        let mut names = HashSet::new();
        tokens
            .extend(section.automation_tokens.iter().filter_map(|token| self.plan_automation_token(token, &mut names)));
        Some(PlannedVault {
            name,
            plan,
            floating: reader.flag(section.floating.as_ref(), plan.floats()),
            strict: reader.flag(section.strict_policy.as_ref(), false),
            administrators: section.administrators.iter().filter_map(|scalar| self.context.person(scalar)).collect(),
            tokens,
            pools: section.pools.iter().flat_map(|pool| self.plan_pools(pool)).collect(),
            allocations: section.allocations.iter().filter_map(|allocation| self.plan_allocation(allocation)).collect(),
            denials: section.denials.iter().filter_map(|denial| self.plan_denial(denial)).collect(),
            rules: section.rules.as_ref().map(|rules| rules.iter().map(|rule| self.plan_rule(rule)).collect()),
            place: reader.place(section.name.referenced),
        })
    }

    fn plan_automation_token(&mut self, token: &SeedAutomationToken, names: &mut HashSet<String>) -> Option<NewToken> {
        let name = self.reader().text(&token.name)?;
        if !names.insert(name.clone()) {
            self.reader().report(token.name.referenced, format!("another automation token is called `{name}`"));
        }
        Some(NewToken {
            kind: TokenKind::Automation,
            name,
            token: self.context.token(token.token.as_ref(), Ids::automation_token)?,
            expires_at: self.reader().date(token.expires_at.as_ref(), self.context.now),
            place: self.reader().place(token.token.as_ref().unwrap_or(&token.name).referenced),
        })
    }

    /// Reads a licence's code.
    fn read_license(&self, scalar: &Scalar) -> Option<String> {
        let code = self.reader().text(scalar)?;
        let codes = CATALOGUE.iter().map(|(code, _)| *code);
        if !codes.clone().any(|candidate| candidate == code) {
            let near = suggest(&code, codes);
            self.reader()
                .report(scalar.referenced, format!("`{code}` is not a licence of the vault's catalogue{near}"));
        }
        Some(code)
    }

    fn plan_pools(&self, pool: &SeedPool) -> Vec<(String, LicenseKind, i64)> {
        let Some(code) = self.read_license(&pool.product) else { return Vec::new() };
        let totals = [
            (LicenseKind::Regular, &pool.regular),
            (LicenseKind::TrueUp, &pool.true_up),
            (LicenseKind::Virtual, &pool.r#virtual),
        ];
        let plan_pool = |(kind, scalar): (LicenseKind, &Option<Scalar>)| {
            Some((code.clone(), kind, self.reader().whole(scalar.as_ref()?, 0, MOST_LICENSES)?))
        };
        totals.into_iter().filter_map(plan_pool).collect()
    }

    fn read_user(&self, scalar: &Scalar) -> Option<VaultUser> {
        let email = self.reader().text(scalar)?;
        if !is_address(&email) {
            self.reader().report(scalar.referenced, format!("`{email}` is not an e-mail address"));
        }
        Some(VaultUser::from_email(&email))
    }

    fn read_text_or(&self, scalar: Option<&Scalar>, default: &str) -> String {
        self.reader().opt_text(scalar).unwrap_or_else(|| default.to_owned())
    }

    fn read_past_time(&self, scalar: Option<&Scalar>) -> Option<Time> {
        let time = self.reader().date(scalar, self.context.now)?;
        if let Some(scalar) = scalar
            && time > self.context.now
        {
            self.reader().report(scalar.referenced, "cannot be in the future");
        }
        Some(time)
    }

    fn plan_allocation(&self, allocation: &SeedAllocation) -> Option<NewAllocation> {
        let user = self.read_user(&allocation.user)?;
        let since = self.read_past_time(allocation.since.as_ref()).unwrap_or(self.context.now);
        let kind = match &allocation.kind {
            None => LicenseKind::Regular,
            Some(scalar) => self.reader().value(scalar)?,
        };
        let plan_running = |running: &SeedRunning| {
            let request = LicenseRequest {
                user: user.clone(),
                product: self.reader().text(&running.product)?,
                version: self.read_text_or(running.version.as_ref(), DEFAULT_VERSION),
                host: self.read_text_or(running.host.as_ref(), DEFAULT_HOST),
                ip: self.read_text_or(running.ip.as_ref(), DEFAULT_IP),
            };
            Some((request, self.read_past_time(running.since.as_ref()).unwrap_or(since)))
        };
        Some(NewAllocation {
            running: allocation.running.iter().filter_map(plan_running).collect(),
            product: self.read_license(&allocation.product)?,
            user,
            kind,
            since,
        })
    }

    fn plan_denial(&self, denial: &SeedDenial) -> Option<Denial> {
        Some(Denial {
            at: self.read_past_time(denial.at.as_ref()).unwrap_or(self.context.now),
            user: self.read_user(&denial.user)?,
            host: self.read_text_or(denial.host.as_ref(), DEFAULT_HOST),
            ip: self.read_text_or(denial.ip.as_ref(), DEFAULT_IP),
            product_name: find_product_name(&self.reader().text(&denial.product)?).to_owned(),
            product_version: self.read_text_or(denial.product_version.as_ref(), DEFAULT_VERSION),
            reason: self.read_text_or(denial.reason.as_ref(), DENIAL_REASON),
            description: self.read_text_or(denial.description.as_ref(), DENIAL_DESCRIPTION),
        })
    }

    fn plan_rule(&self, rule: &SeedRule) -> AllocationRule {
        AllocationRule {
            users: rule.users.iter().filter_map(|scalar| self.read_user(scalar)).map(|user| user.email).collect(),
            products: rule.products.iter().filter_map(|scalar| self.read_license(scalar)).collect(),
            priority: self.reader().flag(rule.priority.as_ref(), false),
        }
    }
}
