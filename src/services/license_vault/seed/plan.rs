//! Checks the License Vault section of a seed, and fills in what it leaves out.

use serde_saphyr::Location;

use crate::services::license_vault::domain::ids::VaultIds as _;
use crate::{
    core::{clock::Time, ids::Ids, suggest::describe_unknown, token::PlainToken},
    domain::organization::email_key,
    seed::{
        Diagnostic,
        count::Count,
        file::Scalar,
        keys::Keys,
        plan::{SectionPlanner, is_address},
        read::Reader,
    },
    services::license_vault::{
        domain::{
            allocation::{
                DEFAULT_HOST, DEFAULT_IP, DEFAULT_VERSION, DENIAL_DESCRIPTION, DENIAL_REASON, Denial, LicenseRequest,
                VaultUser,
            },
            catalogue::Catalogue,
            vault::{AllocationRule, LicenseKind, MOST_LICENSES, Plan, TokenKind, check_name},
        },
        seed::{
            file::{SeedAllocation, SeedAutomationToken, SeedDenial, SeedPool, SeedRule, SeedRunning, SeedVault},
            place::{AskedAllocation, AskedProduct, NewAllocation, Placing},
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
    /// The products that it may have licences for.
    pub(crate) catalogue: Catalogue,
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
    /// Where the seed says so.
    pub(super) at: Location,
}

/// What to do about a code that is not in the catalogue.
const HOW_TO_DECLARE: &str = "(`products` declares others)";

pub(crate) struct Planner<'a> {
    context: SectionPlanner<'a>,
    stock: LicenseStock,
    catalogue: Catalogue,
}

impl<'a> Planner<'a> {
    /// `stock` is what the organization's vault has already; `catalogue` has what the seed declares, too.
    pub(crate) fn new(context: SectionPlanner<'a>, stock: LicenseStock, catalogue: Catalogue) -> Self {
        Self { context, stock, catalogue }
    }

    fn reader(&self) -> &'a Reader<'a> {
        self.context.reader
    }

    pub(crate) fn plan(mut self, section: &SeedVault) -> PlannedVault {
        let reader = self.reader();
        let name = reader.text(&section.name).unwrap_or_default();
        if let Err(detail) = check_name(&name) {
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
        let mut names = Keys::default();
        tokens
            .extend(section.automation_tokens.iter().filter_map(|token| self.plan_automation_token(token, &mut names)));
        let mut licenses = Keys::default();
        let pools: Vec<NewPool> = section.pools.iter().flat_map(|pool| self.plan_pools(pool, &mut licenses)).collect();
        let strict = reader.flag(section.strict_policy.as_ref(), false);
        let rules: Option<Vec<AllocationRule>> =
            section.rules.as_ref().map(|rules| rules.iter().map(|rule| self.plan_rule(rule)).collect());
        let asked = section.allocations.iter().filter_map(|allocation| self.read_allocation(allocation)).collect();
        let mut administrators = Keys::default();
        PlannedVault {
            name,
            plan,
            floating: reader.flag(section.floating.as_ref(), plan.floats()),
            strict,
            administrators: (section.administrators.iter())
                .filter_map(|scalar| self.read_administrator(scalar, &mut administrators))
                .collect(),
            tokens,
            denials: section.denials.iter().filter_map(|denial| self.plan_denial(denial)).collect(),
            place: reader.place(section.name.referenced),
            allocations: {
                let rules = rules.as_ref().unwrap_or(&self.stock.rules).clone();
                let placing =
                    Placing { reader, catalogue: &self.catalogue, rules, is_strict: strict, stock: self.stock };
                placing.place_all(&pools, asked)
            },
            pools,
            rules,
            catalogue: self.catalogue,
        }
    }

    fn plan_automation_token(&mut self, token: &SeedAutomationToken, names: &mut Keys<String>) -> Option<NewToken> {
        let name = self.reader().text(&token.name).unwrap_or_default();
        let message = format!("another automation token is called `{name}`");
        names.insert(self.reader(), name.clone(), token.name.referenced, message);
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
        if !self.catalogue.counts(&code) {
            let counted = self.catalogue.list_counted();
            let codes = counted.iter().map(|product| product.code.as_ref());
            let detail = describe_unknown(&code, "a licence of the vault's catalogue", codes);
            self.reader().report(scalar.referenced, format!("{detail} {HOW_TO_DECLARE}"));
        }
        Some(code)
    }

    fn read_administrator(&self, scalar: &Scalar, named: &mut Keys<String>) -> Option<String> {
        let email = self.context.person(scalar)?;
        let message = format!("{email} is an administrator already");
        named.insert(self.reader(), email_key(&email), scalar.referenced, message);
        Some(email)
    }

    fn plan_pools(&self, pool: &SeedPool, licenses: &mut Keys<(String, LicenseKind)>) -> Vec<NewPool> {
        let Some(code) = self.read_license(&pool.product) else { return Vec::new() };
        let totals = [
            (LicenseKind::Regular, &pool.regular),
            (LicenseKind::TrueUp, &pool.true_up),
            (LicenseKind::Virtual, &pool.r#virtual),
        ];
        let plan_pool = |(kind, scalar): (LicenseKind, &Option<Scalar>)| {
            let scalar = scalar.as_ref()?;
            let message = format!("how many {kind} licences of {code} there are is said already");
            licenses.insert(self.reader(), (code.clone(), kind), scalar.referenced, message);
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
        let since = self.read_past_time(allocation.since.as_ref());
        // Wrong is not the same as left out, which would be placed on any kind.
        let kind = allocation.kind.as_ref().map(|scalar| self.reader().value(scalar).ok_or(()));
        let plan_running = |running: &SeedRunning| {
            let since = self.read_past_time(running.since.as_ref()).or(since);
            let since = since.unwrap_or(self.context.now);
            let product = self.reader().text(&running.product);
            let request = LicenseRequest {
                product: self.catalogue.find_code(&product?).to_owned(),
                user: user.clone()?,
                version: self.read_text_or(running.version.as_ref(), DEFAULT_VERSION),
                host: self.read_text_or(running.host.as_ref(), DEFAULT_HOST),
                ip: self.read_text_or(running.ip.as_ref(), DEFAULT_IP),
            };
            let host_at = running.host.as_ref().unwrap_or(&running.product).referenced;
            Some(AskedProduct { request, since, at: running.product.referenced, host_at })
        };
        Some(AskedAllocation {
            running: allocation.running.iter().filter_map(plan_running).collect(),
            product: self.read_license(&allocation.product)?,
            at: allocation.kind.as_ref().unwrap_or(&allocation.product).referenced,
            user_at: allocation.user.referenced,
            user: user?,
            kind: kind.transpose().ok()?,
            since,
        })
    }

    fn plan_denial(&self, denial: &SeedDenial) -> Option<Denial> {
        let user = self.read_user(&denial.user);
        let product = self.reader().text(&denial.product);
        Some(Denial {
            at: self.read_past_time(denial.at.as_ref()).unwrap_or(self.context.now),
            user: user?,
            host: self.read_text_or(denial.host.as_ref(), DEFAULT_HOST),
            ip: self.read_text_or(denial.ip.as_ref(), DEFAULT_IP),
            product_name: self.catalogue.find_product_name(&product?).to_owned(),
            product_version: self.read_text_or(denial.product_version.as_ref(), DEFAULT_VERSION),
            reason: self.read_text_or(denial.reason.as_ref(), DENIAL_REASON),
            description: self.read_text_or(denial.description.as_ref(), DENIAL_DESCRIPTION),
        })
    }

    fn plan_rule(&self, rule: &SeedRule) -> AllocationRule {
        let (mut named, mut listed) = (Keys::default(), Keys::default());
        let read_user = |scalar: &Scalar| {
            let email = self.read_user(scalar)?.email;
            let message = format!("{email} is in the rule already");
            named.insert(self.reader(), email_key(&email), scalar.referenced, message);
            Some(email)
        };
        let read_product = |scalar: &Scalar| {
            let code = self.read_license(scalar)?;
            let message = format!("{code} is in the rule already");
            listed.insert(self.reader(), code.clone(), scalar.referenced, message);
            Some(code)
        };
        AllocationRule {
            users: rule.users.iter().filter_map(read_user).collect(),
            products: rule.products.iter().filter_map(read_product).collect(),
            priority: self.reader().flag(rule.priority.as_ref(), false),
        }
    }
}
