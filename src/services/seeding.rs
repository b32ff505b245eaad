//! The registry's part of seeds: which sections an organization may have. Everything else about a section is its
//! service's own; everything else about seeds is [`crate::seed`]'s.

use std::collections::{BTreeMap, HashMap};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{atlassian, jetbrains_account, license_vault, seed_writing};
use crate::services::atlassian::domain::ids::AtlassianIds as _;
use crate::{
    app::App,
    core::{
        clock::{Clock, Time},
        error::Error,
        ids::{IdSeed, Ids},
        progress::Progress,
        token::{Keyring, PlainToken},
    },
    domain::{
        organization::{email_key, name_from_address},
        product_catalogue::DeclaredProduct,
    },
    seed::{
        Diagnostic, Diagnostics,
        apply::{ApplyError, Beside, Mode},
        file::{Document, Scalar, Seed, SeedFile},
        keys::Keys,
        own_names::{ChosenNames, OwnNames, TakenNames},
        plan::{self, Existing, OrganizationHead, People, Planner, is_address},
        read::{self, Reader},
    },
    store::{self, ReadWrite, Session, state::Tables},
};

/// A tenant.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedOrganization {
    /// Its name.
    #[schemars(with = "String")]
    pub name: Scalar,
    /// JetBrains' number for it, sent as `X-Customer-Code`.
    #[schemars(with = "Option<u64>")]
    pub customer_code: Option<Scalar>,
    /// Atlassian's UUID for it.
    #[schemars(with = "Option<String>")]
    pub org_id: Option<Scalar>,
    /// Who it knows.
    #[serde(default)]
    pub people: Vec<SeedPerson>,
    /// Its JetBrains Account. Without it, the API is off.
    pub jetbrains_account: Option<jetbrains_account::seed::file::JetBrainsAccount>,
    /// Its License Vault.
    pub license_vault: Option<license_vault::seed::file::SeedVault>,
    /// What it has in Atlassian's administration. Without it, no API key is good.
    pub atlassian: Option<atlassian::seed::file::Atlassian>,
}

/// Somebody an organization knows.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub struct SeedPerson {
    /// Identifies the person.
    #[schemars(with = "String")]
    pub email: Scalar,
    /// Left out, it is made of the address.
    #[schemars(with = "Option<String>")]
    pub name: Option<Scalar>,
    /// Has a JetBrains Account, so the name is shown instead of masked. Default false.
    #[schemars(with = "Option<bool>")]
    pub jetbrains_account: Option<Scalar>,
    /// Atlassian's id for the person.
    #[schemars(with = "Option<String>")]
    pub atlassian_account_id: Option<Scalar>,
}

/// Checked, complete, ready to be written.
#[derive(Debug)]
pub struct Plan {
    /// In the order of the files.
    pub organizations: Vec<PlannedOrganization>,
    /// The customer codes, org ids and tokens of a space that stands beside others.
    pub chosen: ChosenNames,
}

#[derive(Debug)]
pub struct PlannedOrganization {
    pub head: OrganizationHead,
    pub(super) people: Vec<PlannedPerson>,
    pub(super) jetbrains_account: Option<jetbrains_account::seed::plan::PlannedAccount>,
    pub(super) license_vault: Option<license_vault::seed::PlannedVault>,
    pub(super) atlassian: Option<atlassian::seed::PlannedAtlassian>,
}

#[derive(Debug)]
pub(super) struct PlannedPerson {
    pub(super) email: String,
    pub(super) name: String,
    pub(super) has_jetbrains_account: bool,
    pub(super) atlassian_account_id: String,
}

/// What an organization has already, as far as a seed can refer to it.
#[derive(Debug, Default, Clone)]
struct ExistingOrganization {
    people: People,
    jetbrains_account: jetbrains_account::seed::plan::ExistingAccount,
    license_vault: license_vault::seed::LicenseStock,
    /// By code.
    declared: BTreeMap<String, DeclaredProduct>,
}

/// By customer code.
type ExistingOrganizations = BTreeMap<i64, ExistingOrganization>;

/// Reads the texts of seeds.
///
/// # Errors
/// Everything wrong with them: also with the values of those that can be read, if they are to stand alone.
pub fn read_all(files: &[SeedFile], progress: &Progress) -> Result<Vec<Seed<SeedOrganization>>, Diagnostics> {
    progress.begin("reading seeds", 0);
    let (mut seeds, mut problems) = (Vec::new(), Vec::new());
    for file in files {
        let examined = read::examine(file.clone());
        seeds.extend(examined.seed);
        problems.extend(examined.problems);
    }
    progress.end();
    if problems.is_empty() {
        return Ok(seeds);
    }
    // So that whoever mends what is wrong with the form does not learn only then what is wrong with the values.
    if let Err(more) = check(&seeds, &mut IdSeed(0).of_requests()) {
        problems.extend(more.0);
    }
    Err(Diagnostics(problems).in_order_of(files.iter().map(|file| file.name.as_str())))
}

/// Reads the texts of seeds that are to stand alone, and checks what they say.
///
/// # Errors
/// Everything wrong with them.
pub fn read_and_check(files: &[SeedFile], progress: &Progress) -> Result<Vec<Seed<SeedOrganization>>, Diagnostics> {
    let seeds = read_all(files, progress)?;
    progress.begin("checking seeds", 0);
    let checked = check(&seeds, &mut IdSeed(0).of_requests());
    progress.end();
    checked.map(|_| seeds)
}

/// The JSON Schema of the format.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<SeedOrganization>).to_value()
}

/// Checks seeds without a database.
///
/// # Errors
/// Everything wrong with them.
pub fn check(seeds: &[Seed<SeedOrganization>], ids: &mut Ids) -> Result<Plan, Diagnostics> {
    check_at(plan::find_clock(seeds).0.unwrap_or_default().now(), seeds, ids)
}

fn check_at(now: Time, seeds: &[Seed<SeedOrganization>], ids: &mut Ids) -> Result<Plan, Diagnostics> {
    let mut planner = Planner::new(Existing::default(), now, ids, None);
    plan_all(seeds, &mut planner, &ExistingOrganizations::new(), plan::find_clock(seeds).1)
}

/// Writes seeds into the space of the session that `open` gives; the caller commits. `clock` wins over the seeds' own.
/// `None` when `open` finds that there is nothing to do.
///
/// Tokens that were not hashed yet are hashed with no session open, and everything is begun once more: their number is
/// the seed's, and whoever waited for the session would wait for all of them.
pub async fn apply<F, E: From<ApplyError>>(
    keyring: &Keyring,
    tables: &Tables,
    open: impl Fn() -> F,
    seeds: &[Seed<SeedOrganization>],
    mode: Mode<'_>,
    clock: Option<Clock>,
    progress: &Progress,
) -> Result<Option<(Session<ReadWrite>, Plan)>, E>
where
    F: Future<Output = Result<Option<Session<ReadWrite>>, E>>,
{
    // Tokens that are made from the ids of a write are others when somebody else wrote meanwhile.
    for attempt in 1..=ATTEMPTS_TO_HASH_AHEAD {
        let Some(mut db) = open().await? else { return Ok(None) };
        let plan = plan_in(&mut db, keyring, seeds, mode, clock, progress).await?;
        let tokens = plan.credentials().into_iter().map(|credential| credential.token);
        let unhashed: Vec<PlainToken> = tokens.filter(|token| !keyring.is_hashed(token)).collect();
        if unhashed.is_empty() || attempt == ATTEMPTS_TO_HASH_AHEAD {
            match mode {
                Mode::Merge => seed_writing::merge(&mut db, keyring, tables, &plan, progress).await?,
                Mode::Replace | Mode::Beside(_) => {
                    seed_writing::fill(&mut db, keyring, tables, &plan, progress).await?;
                }
            }
            return Ok(Some((db, plan)));
        }
        drop(db);
        keyring.hash_ahead(unhashed).await.map_err(ApplyError::from)?;
    }
    Ok(None)
}

/// How often a seed is planned before its tokens are hashed with the session open after all.
const ATTEMPTS_TO_HASH_AHEAD: usize = 3;

/// Makes room for seeds in the session's space, and plans them.
async fn plan_in(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    seeds: &[Seed<SeedOrganization>],
    mode: Mode<'_>,
    clock: Option<Clock>,
    progress: &Progress,
) -> Result<Plan, ApplyError> {
    db.be_patient().await?;
    match mode {
        Mode::Merge => {}
        Mode::Replace => store::space::wipe(db).await?,
        Mode::Beside(beside) => {
            store::space::wipe(db).await?;
            db.use_id_seed(beside.id_seed);
        }
    }
    let (seeded, diagnostics) = plan::find_clock(seeds);
    if let Some(clock) = clock.or(seeded) {
        store::space::set_clock(db, clock).await?;
    }
    let (existing, organizations) = match mode {
        Mode::Merge => find_existing(db).await?,
        Mode::Replace | Mode::Beside(_) => Default::default(),
    };
    let mut own = match mode {
        Mode::Merge | Mode::Replace => None,
        Mode::Beside(beside) => {
            let taken = find_taken(db, keyring, seeds, beside).await?;
            Some(OwnNames::new(beside, taken, db.ids()))
        }
    };
    let now = db.now();
    let mut planner = Planner::new(existing, now, db.ids(), own.as_mut());
    progress.begin("checking seeds", 0);
    let mut plan = plan_all(seeds, &mut planner, &organizations, diagnostics).map_err(ApplyError::Seed)?;
    plan.chosen = own.map(OwnNames::into_chosen).unwrap_or_default();
    Ok(plan)
}

/// Finds what a space must not have, because other spaces have it.
async fn find_taken(
    db: &mut Session<ReadWrite>,
    keyring: &Keyring,
    seeds: &[Seed<SeedOrganization>],
    beside: &Beside,
) -> Result<TakenNames, ApplyError> {
    let mut tokens: Vec<PlainToken> = beside.before.iter().map(PlainToken::new).collect();
    if beside.keeps_literals {
        // Of two that want the same, the second one finds that the first one has it.
        store::space::lock_names(db).await?;
        let plan = check_at(db.now(), seeds, &mut IdSeed(0).of_requests()).map_err(ApplyError::Seed)?;
        tokens.extend(plan.credentials().into_iter().map(|credential| credential.token));
    }
    let by_fingerprint: HashMap<String, PlainToken> =
        tokens.into_iter().map(|token| (keyring.fingerprint(&token).to_hex(), token)).collect();
    let fingerprints: Vec<String> = by_fingerprint.keys().cloned().collect();
    let in_use = store::credential::find_in_use(db, &fingerprints).await?;
    let in_use = in_use.iter().filter_map(|(fingerprint, _)| by_fingerprint.get(fingerprint));
    let tokens = in_use.map(|token| token.expose().to_owned()).collect();
    let (codes, org_ids) = store::organization::list_elsewhere(db).await?.into_iter().unzip();
    Ok(TakenNames { codes, org_ids, tokens })
}

/// Seeds the default space, if it is empty or `--reseed` asks for it. The plan is what was seeded, if it was.
pub async fn seed_if_empty(
    app: &App,
    tables: &Tables,
    seeds: &[Seed<SeedOrganization>],
    progress: &Progress,
) -> Result<Option<Plan>, ApplyError> {
    let space = app.default_space().await?;
    let open = || async {
        let mut db = app.db.write(space.id).await?;
        // Asked inside the write, so that of two processes starting on one database only one seeds it.
        if app.config.reseed || store::organization::list(&mut db, space.id).await?.is_empty() {
            return Ok(Some(db));
        }
        if let Some(clock) = app.config.clock {
            store::space::set_clock(&mut db, clock).await?;
            db.commit().await?;
        }
        Ok::<_, ApplyError>(None)
    };
    let applied = apply(&app.keyring, tables, open, seeds, Mode::Replace, app.config.clock, progress).await?;
    let Some((db, plan)) = applied else { return Ok(None) };
    db.commit().await?;
    Ok(Some(plan))
}

async fn find_existing(db: &mut Session<ReadWrite>) -> Result<(Existing, ExistingOrganizations), Error> {
    let space = db.space().id;
    let (mut existing, mut organizations) = (Existing::default(), ExistingOrganizations::new());
    for organization in store::organization::list(db, space).await? {
        let ids = atlassian::store::person::list_account_ids(db, organization.id).await?;
        let people = store::organization::people(db, organization.id).await?.into_iter().map(|(key, person)| {
            let id = ids.get(&key).cloned().unwrap_or_default();
            (key.clone(), plan::Person { id, name: person.name, email: key })
        });
        let people = people.collect();
        let jetbrains_account = jetbrains_account::seed::write::find_existing(db, organization.id).await?;
        let license_vault = license_vault::seed::find_existing(db, organization.id).await?;
        existing.org_ids.insert(organization.customer_code, organization.org_id);
        let declared = store::declared_product::list(db, organization.id).await?;
        let declared = declared.into_iter().map(|product| (product.code.clone(), product)).collect();
        let existing = ExistingOrganization { people, jetbrains_account, license_vault, declared };
        organizations.insert(organization.customer_code, existing);
    }
    Ok((existing, organizations))
}

fn plan_all(
    seeds: &[Seed<SeedOrganization>],
    planner: &mut Planner<'_>,
    existing: &ExistingOrganizations,
    diagnostics: Vec<Diagnostic>,
) -> Result<Plan, Diagnostics> {
    let mut vault_names = Keys::default();
    let organizations = planner.plan_all(seeds, diagnostics, |planner, reader, o: &SeedOrganization| {
        let (code, head) = planner.head(reader, &o.name, o.customer_code.as_ref(), o.org_id.as_ref());
        let existing = code.and_then(|code| existing.get(&code).cloned()).unwrap_or_default();
        let mut known = existing.people;
        let people = plan_people(planner, reader, &o.people, &mut known);
        let jetbrains_account = o.jetbrains_account.as_ref().map(|section| {
            let context = planner.section(reader, &known);
            jetbrains_account::seed::plan::Planner { context, existing: existing.jetbrains_account }.plan(section)
        });
        let atlassian = o.atlassian.as_ref().map(|section| {
            let context = planner.section(reader, &known);
            atlassian::seed::Planner::new(context).plan(section)
        });
        let license_vault = o.license_vault.as_ref().map(|section| {
            let context = planner.section(reader, &known);
            // Products that the account declares are the vault's too.
            let mut declared = existing.declared;
            let more = jetbrains_account.iter().flat_map(|account| &account.products);
            declared.extend(more.map(|product| (product.code.clone(), product.clone())));
            let catalogue = license_vault::domain::catalogue::Catalogue::new(declared.into_values().collect());
            let vault = license_vault::seed::Planner::new(context, existing.license_vault, catalogue).plan(section);
            let message = format!("another organization has the vault `{}`", vault.name);
            vault_names.insert(reader, vault.name.to_ascii_lowercase(), section.name.referenced, message);
            vault
        });
        Some(PlannedOrganization { head: head?, people, jetbrains_account, license_vault, atlassian })
    })?;
    Ok(Plan { organizations, chosen: ChosenNames::default() })
}

fn plan_people(
    planner: &mut Planner<'_>,
    reader: &Reader<'_>,
    people: &[SeedPerson],
    known: &mut People,
) -> Vec<PlannedPerson> {
    let (mut named, mut named_ids) = (Keys::default(), Keys::default());
    let mut holders: HashMap<String, String> = known.iter().map(|(key, one)| (one.id.clone(), key.clone())).collect();
    let mut read = Vec::new();
    for p in people {
        let Some(email) = reader.text(&p.email) else { continue };
        let key = email_key(&email);
        if !is_address(&email) {
            reader.report(p.email.referenced, format!("`{email}` is not an e-mail address"));
        }
        named.insert(reader, key.clone(), p.email.referenced, format!("{email} is there already"));
        let name = reader.opt_text(p.name.as_ref());
        let name = name.unwrap_or_else(|| name_from_address(&email));
        let id = reader.opt_text(p.atlassian_account_id.as_ref());
        if let (Some(id), Some(scalar)) = (&id, &p.atlassian_account_id) {
            let message = format!("another person has the atlassian_account_id `{id}`");
            let is_first = named_ids.insert(reader, id.clone(), scalar.referenced, &message);
            if is_first && holders.get(id).is_some_and(|holder| *holder != key) {
                reader.report(scalar.referenced, message);
            }
        }
        let id = id.or_else(|| Some(known.get(&key)?.id.clone()));
        if let Some(id) = &id {
            holders.insert(id.clone(), key.clone());
        }
        let has_jetbrains_account = reader.flag(p.jetbrains_account.as_ref(), false);
        read.push((key, email, name, has_jetbrains_account, id));
    }
    let mut all = Vec::new();
    for (key, email, name, has_jetbrains_account, id) in read {
        // Only now, because an id seed may make one that somebody further down has: those that were imported from a
        // server with the same one.
        let mut generated = std::iter::repeat_with(|| planner.ids().atlassian_account_id());
        let id = id.or_else(|| generated.find(|id| !holders.contains_key(id))).unwrap_or_default();
        known.insert(key, plan::Person { id: id.clone(), name: name.clone(), email: email.clone() });
        all.push(PlannedPerson { email, name, has_jetbrains_account, atlassian_account_id: id });
    }
    all
}

/// An organization that a seed made.
#[derive(Debug, Serialize, ToSchema)]
pub struct SeededOrganization {
    name: String,
    /// JetBrains' number for it, sent as `X-Customer-Code`.
    customer_code: String,
    /// Atlassian's id for it.
    org_id: String,
    /// Its JetBrains Account, if the seed says something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    jetbrains_account: Option<jetbrains_account::seed::answer::SeededAccount>,
    /// Its License Vault, if the seed says something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    license_vault: Option<license_vault::seed::answer::SeededVault>,
    /// Its Atlassian administration, if the seed says something about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    atlassian: Option<atlassian::seed::answer::SeededAtlassian>,
}

impl From<PlannedOrganization> for SeededOrganization {
    fn from(o: PlannedOrganization) -> Self {
        Self {
            name: o.head.name,
            customer_code: o.head.customer_code.to_string(),
            org_id: o.head.org_id,
            jetbrains_account: o.jetbrains_account.map(Into::into),
            license_vault: o.license_vault.map(Into::into),
            atlassian: o.atlassian.map(Into::into),
        }
    }
}
