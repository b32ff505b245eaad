//! Checks the License Vault section of a seed, and fills in what it leaves out.

use std::collections::HashSet;

use serde_saphyr::Location;

use crate::services::license_vault::domain::ids::VaultIds as _;
use crate::{
    core::{clock::Time, ids::Ids, suggest::describe_unknown, token::PlainToken},
    seed::{
        Diagnostic,
        count::Count,
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
            catalogue::{find_product_name, list_counted},
            vault::{AllocationRule, LicenseKind, Plan, TokenKind},
        },
        seed::{
            file::{SeedAllocation, SeedAutomationToken, SeedDenial, SeedPool, SeedRule, SeedRunning, SeedVault},
            stock::LicenseStock,
        },
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
    pub(crate) pools: Vec<NewPool>,
    pub(crate) allocations: Vec<NewAllocation>,
    pub(crate) denials: Vec<Denial>,
    pub(crate) rules: Option<Vec<AllocationRule>>,
    /// Where the seed names the vault, for a diagnostic.
    pub(crate) place: Diagnostic,
}

impl PlannedVault {
    pub(crate) fn counts(&self) -> Vec<Count> {
        let is_automation = |token: &&NewToken| token.kind == TokenKind::Automation;
        let automation_tokens = self.tokens.iter().filter(is_automation).count();
        vec![
            Count::new(1, "vault", "vaults"),
            Count::new(self.administrators.len(), "administrator", "administrators"),
            Count::new(self.tokens.len() - automation_tokens, "token", "tokens"),
            Count::new(automation_tokens, "automation token", "automation tokens"),
            Count::new(self.pools.len(), "pool", "pools"),
            Count::new(self.allocations.len(), "allocation", "allocations"),
            Count::new(self.allocations.iter().map(|a| a.running.len()).sum(), "running product", "running products"),
            Count::new(self.denials.len(), "denial", "denials"),
            Count::new(self.rules.as_ref().map_or(0, Vec::len), "rule", "rules"),
        ]
    }
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

/// How many licences of a product and kind a planned vault has.
#[derive(Debug)]
pub(crate) struct NewPool {
    pub(crate) product: String,
    pub(crate) kind: LicenseKind,
    pub(crate) total: i64,
    at: Location,
}

#[derive(Debug)]
pub(crate) struct NewAllocation {
    pub(crate) user: VaultUser,
    /// What the seed asks for.
    pub(crate) asked_product: String,
    /// The licence that is held: of the product, or of a pack.
    pub(crate) product: String,
    pub(crate) kind: LicenseKind,
    pub(crate) since: Time,
    /// What runs on it, and since when.
    pub(crate) running: Vec<(LicenseRequest, Time)>,
}

/// An allocation as a seed asks for it.
struct AskedAllocation {
    user: VaultUser,
    product: String,
    kind: Option<LicenseKind>,
    at: Location,
    since: Time,
    running: Vec<(LicenseRequest, Time)>,
}

/// Licences that one pool may have.
const MOST_LICENSES: i64 = 1_000_000;
/// The longest name of a vault, in characters, because it is one label of a host name.
const LONGEST_NAME: usize = 63;

/// Whether a text can be one label of a host name (license-vault §9).
fn is_host_label(text: &str) -> bool {
    let is_allowed = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_allowed && !text.starts_with('-') && !text.ends_with('-') && (1..=LONGEST_NAME).contains(&text.len())
}

pub(crate) struct Planner<'a> {
    context: SectionPlanner<'a>,
    stock: LicenseStock,
}

impl<'a> Planner<'a> {
    /// `stock` is what the organization's vault has already.
    pub(crate) fn new(context: SectionPlanner<'a>, stock: LicenseStock) -> Self {
        Self { context, stock }
    }

    fn reader(&self) -> &'a Reader<'a> {
        self.context.reader
    }

    pub(crate) fn plan(mut self, section: &SeedVault) -> PlannedVault {
        let reader = self.reader();
        let name = reader.text(&section.name).unwrap_or_default();
        if !is_host_label(&name) {
            let detail = format!(
                "`{name}` is not a vault's name: at most {LONGEST_NAME} letters, digits and, between them, hyphens"
            );
            reader.report(section.name.referenced, detail);
        }
        let plan = section.plan.as_ref().and_then(|scalar| reader.value(scalar)).unwrap_or(Plan::OrganizationTrueUp);
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
        let pools: Vec<NewPool> = section.pools.iter().flat_map(|pool| self.plan_pools(pool)).collect();
        let asked = section.allocations.iter().filter_map(|allocation| self.read_allocation(allocation)).collect();
        PlannedVault {
            name,
            plan,
            floating: reader.flag(section.floating.as_ref(), plan.floats()),
            strict: reader.flag(section.strict_policy.as_ref(), false),
            administrators: section.administrators.iter().filter_map(|scalar| self.context.person(scalar)).collect(),
            tokens,
            allocations: self.place(&pools, asked),
            pools,
            denials: section.denials.iter().filter_map(|denial| self.plan_denial(denial)).collect(),
            rules: section.rules.as_ref().map(|rules| rules.iter().map(|rule| self.plan_rule(rule)).collect()),
            place: reader.place(section.name.referenced),
        }
    }

    fn plan_automation_token(&mut self, token: &SeedAutomationToken, names: &mut HashSet<String>) -> Option<NewToken> {
        let name = self.reader().text(&token.name).unwrap_or_default();
        if !names.insert(name.clone()) {
            self.reader().report(token.name.referenced, format!("another automation token is called `{name}`"));
        }
        let expires_at = self.reader().date(token.expires_at.as_ref(), self.context.now);
        Some(NewToken {
            kind: TokenKind::Automation,
            name,
            token: self.context.token(token.token.as_ref(), Ids::automation_token)?,
            expires_at,
            place: self.reader().place(token.token.as_ref().unwrap_or(&token.name).referenced),
        })
    }

    /// Reads a licence's code.
    fn read_license(&self, scalar: &Scalar) -> Option<String> {
        let code = self.reader().text(scalar)?;
        let codes = list_counted().map(|(code, _)| code);
        if !codes.clone().any(|candidate| candidate == code) {
            let detail = describe_unknown(&code, "a licence of the vault's catalogue", codes);
            self.reader().report(scalar.referenced, detail);
        }
        Some(code)
    }

    fn plan_pools(&self, pool: &SeedPool) -> Vec<NewPool> {
        let Some(code) = self.read_license(&pool.product) else { return Vec::new() };
        let totals = [
            (LicenseKind::Regular, &pool.regular),
            (LicenseKind::TrueUp, &pool.true_up),
            (LicenseKind::Virtual, &pool.r#virtual),
        ];
        let plan_pool = |(kind, scalar): (LicenseKind, &Option<Scalar>)| {
            let scalar = scalar.as_ref()?;
            // A total that cannot be read is reported by itself: nothing more is said of what would have fitted.
            let total = self.reader().whole(scalar, 0, MOST_LICENSES).unwrap_or(MOST_LICENSES);
            Some(NewPool { product: code.clone(), kind, total, at: scalar.referenced })
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

    fn read_allocation(&self, allocation: &SeedAllocation) -> Option<AskedAllocation> {
        let user = self.read_user(&allocation.user);
        let since = self.read_past_time(allocation.since.as_ref()).unwrap_or(self.context.now);
        // Wrong is not the same as left out, which would be placed on any kind.
        let kind = allocation.kind.as_ref().map(|scalar| self.reader().value(scalar).ok_or(()));
        let plan_running = |running: &SeedRunning| {
            let since = self.read_past_time(running.since.as_ref()).unwrap_or(since);
            let request = LicenseRequest {
                product: self.reader().text(&running.product)?,
                user: user.clone()?,
                version: self.read_text_or(running.version.as_ref(), DEFAULT_VERSION),
                host: self.read_text_or(running.host.as_ref(), DEFAULT_HOST),
                ip: self.read_text_or(running.ip.as_ref(), DEFAULT_IP),
            };
            Some((request, since))
        };
        Some(AskedAllocation {
            running: allocation.running.iter().filter_map(plan_running).collect(),
            product: self.read_license(&allocation.product)?,
            at: allocation.kind.as_ref().unwrap_or(&allocation.product).referenced,
            user: user?,
            kind: kind.transpose().ok()?,
            since,
        })
    }

    /// Places the allocations on the licences that there are with these pools, one after the other, and reports those
    /// that fit nowhere. What the users held of the same licences before goes, because the seed says it anew.
    fn place(&mut self, pools: &[NewPool], asked: Vec<AskedAllocation>) -> Vec<NewAllocation> {
        for pool in pools {
            self.stock.set_total(&pool.product, pool.kind, pool.total);
        }
        for allocation in &asked {
            self.stock.take_back(&allocation.user, &allocation.product);
        }
        for pool in pools {
            let held = self.stock.count_in_use(&pool.product, pool.kind);
            if held > pool.total {
                let detail = format!("{held} {} licences of {} are held already", pool.kind, pool.product);
                self.reader().report(pool.at, detail);
            }
        }
        let mut placed = Vec::new();
        for AskedAllocation { user, product: asked_product, kind, at, since, running } in asked {
            match self.stock.give(&user, &asked_product, kind) {
                Ok((product, kind)) => {
                    placed.push(NewAllocation { user, asked_product, product, kind, since, running });
                }
                Err(detail) => self.reader().report(at, detail),
            }
        }
        placed
    }

    fn plan_denial(&self, denial: &SeedDenial) -> Option<Denial> {
        let user = self.read_user(&denial.user);
        let product = self.reader().text(&denial.product);
        Some(Denial {
            at: self.read_past_time(denial.at.as_ref()).unwrap_or(self.context.now),
            user: user?,
            host: self.read_text_or(denial.host.as_ref(), DEFAULT_HOST),
            ip: self.read_text_or(denial.ip.as_ref(), DEFAULT_IP),
            product_name: find_product_name(&product?).to_owned(),
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
