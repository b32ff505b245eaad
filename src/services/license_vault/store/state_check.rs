//! What a state says of vaults must be what a vault could hold: a state is checked by the rules of seeds and of the
//! service (license-vault §4.4, §9).

use std::collections::{BTreeMap, HashMap};

use crate::{
    core::clock::micros,
    domain::{
        organization::{Organization, OrganizationId, email_key},
        product_catalogue::DeclaredProduct,
    },
    services::license_vault::{
        domain::{
            catalogue::Catalogue,
            vault::{Plan, TokenKind, Vault, VaultId},
        },
        store::{NOT_ENDED, vault::SERVICE},
    },
    store::state::{Contradiction, StateRow, StateRows},
};

/// Checks that a text is a calendar month.
pub(super) fn check_month(text: &str) -> Result<(), String> {
    let is_month = text.len() == 7 && chrono::NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").is_ok();
    if is_month { Ok(()) } else { Err(format!("`{text}` is not a month like 2026-01")) }
}

/// Checks everything that vaults have.
pub(super) fn check_rows(rows: &StateRows<'_>) -> Result<(), Contradiction> {
    let vaults = list_vaults(rows)?;
    let find = |row: &StateRow<'_>| vaults.get(&row.number("vault_id"));
    check_owners(rows, &vaults)?;
    for row in rows.list("vault_rule") {
        let Some(vault) = find(&row) else { continue };
        for user in parse_list(row.text("users")) {
            check_address(&row, "users", &user)?;
        }
        for product in parse_list(row.text("products")) {
            check_license(&row, "products", vault, &product)?;
        }
    }
    for row in rows.list("vault_pool") {
        let Some(vault) = find(&row) else { continue };
        check_license(&row, "product", vault, row.text("product"))?;
    }
    check_allocations(rows, &vaults)?;
    check_connections(rows, &vaults)
}

/// By key.
type Vaults = BTreeMap<i64, Vault>;

fn list_vaults(rows: &StateRows<'_>) -> Result<Vaults, Contradiction> {
    let mut declared: HashMap<i64, Vec<DeclaredProduct>> = HashMap::new();
    for row in rows.list("declared_product") {
        declared.entry(row.number("organization_id")).or_default().push(DeclaredProduct {
            code: row.text("code").to_owned(),
            name: row.text("name").to_owned(),
            is_plugin: row.flag("is_plugin"),
        });
    }
    let mut vaults = Vaults::new();
    for row in rows.list("vault") {
        let organization = row.number("organization_id");
        let name = row.text("name");
        if vaults.values().any(|vault| vault.is_called(name)) {
            return Err(row.contradict("name", format!("another vault is called `{name}`, whatever its case is")));
        }
        let plan: Plan = row.text("plan").parse().map_err(|error: String| row.contradict("plan", error))?;
        let vault = Vault {
            id: VaultId(row.key()),
            organization: Organization {
                id: OrganizationId(organization),
                name: String::new(),
                customer_code: 0,
                org_id: String::new(),
            },
            name: name.to_owned(),
            plan,
            floating: row.flag("floating"),
            strict: row.flag("strict_policy"),
            catalogue: Catalogue::new(declared.remove(&organization).unwrap_or_default()),
        };
        vaults.insert(row.key(), vault);
    }
    Ok(vaults)
}

/// Checks that administrators and credentials are of the vault's organization.
fn check_owners(rows: &StateRows<'_>, vaults: &Vaults) -> Result<(), Contradiction> {
    let is_owner = |vault: &Vault, row: &StateRow<'_>| row.number("organization_id") == vault.organization.id.0;
    for row in rows.list("vault_administrator") {
        let (vault, person) = (vaults.get(&row.number("vault_id")), rows.find("person", row.number("person_id")));
        if let (Some(vault), Some(person)) = (vault, person)
            && !is_owner(vault, &person)
        {
            return Err(row.contradict("person_id", "the person is not one of the vault's organization"));
        }
    }
    for row in rows.list("vault_credential") {
        let vault = vaults.get(&row.number("vault_id"));
        let (Some(vault), Some(credential)) = (vault, rows.find("credential", row.number("credential_id"))) else {
            continue;
        };
        if !is_owner(vault, &credential) || credential.text("service") != SERVICE {
            return Err(row.contradict("credential_id", "the credential is not one of the vault's organization"));
        }
        let kind = row.text("kind");
        if credential.text("kind") != kind {
            return Err(row.contradict("kind", format!("the credential is of the kind `{}`", credential.text("kind"))));
        }
        if row.text("name").is_empty() == (kind == TokenKind::Automation.name()) {
            return Err(row.contradict("name", "automation tokens have a name, and no other tokens have one"));
        }
    }
    Ok(())
}

/// The vault's key, the licence's code and its kind.
type License<'a> = (i64, &'a str, &'a str);

fn read_license<'a>(row: &StateRow<'a>) -> License<'a> {
    (row.number("vault_id"), row.text("product"), row.text("kind"))
}

fn check_allocations(rows: &StateRows<'_>, vaults: &Vaults) -> Result<(), Contradiction> {
    let mut held: HashMap<License<'_>, i64> = HashMap::new();
    let pools: HashMap<License<'_>, StateRow<'_>> =
        rows.list("vault_pool").map(|row| (read_license(&row), row)).collect();
    for row in rows.list("vault_allocation") {
        let Some(vault) = vaults.get(&row.number("vault_id")) else { continue };
        check_license(&row, "product", vault, row.text("product"))?;
        check_address(&row, "email", row.text("email"))?;
        if row.text("email_key") != email_key(row.text("email")) {
            return Err(row.contradict("email_key", "is not the key of `email`: the address in small letters"));
        }
        if row.text("username").is_empty() {
            return Err(row.contradict("username", "must not be empty"));
        }
        if row.number("released_at") != NOT_ENDED || row.number("last_seen_at") <= micros(vault.alive_since(rows.now)) {
            continue;
        }
        let license = read_license(&row);
        let count = held.entry(license).or_default();
        *count += 1;
        let (_, product, kind) = license;
        let Some(pool) = pools.get(&license) else {
            return Err(row.contradict("kind", format!("the vault has no {kind} licences of {product}")));
        };
        let total = pool.number("total");
        if *count > total {
            let detail = format!("more than {total} {kind} licences of {product} are held");
            return Err(pool.contradict("total", detail));
        }
    }
    Ok(())
}

fn check_connections(rows: &StateRows<'_>, vaults: &Vaults) -> Result<(), Contradiction> {
    let licenses: HashMap<(i64, &str), &str> = rows
        .list("vault_allocation")
        .map(|row| ((row.number("vault_id"), row.text("id")), row.text("product")))
        .collect();
    for row in rows.list("vault_connection") {
        let Some(vault) = vaults.get(&row.number("vault_id")) else { continue };
        let Some(license) = licenses.get(&(row.number("vault_id"), row.text("allocation_id"))) else {
            return Err(row.contradict("allocation_id", "the vault has no such allocation"));
        };
        let product = row.text("product");
        if !vault.catalogue.list_licenses_for(product).contains(license) {
            return Err(row.contradict("product", format!("`{product}` does not run on a licence of {license}")));
        }
    }
    Ok(())
}

fn check_license(row: &StateRow<'_>, column: &str, vault: &Vault, code: &str) -> Result<(), Contradiction> {
    if vault.catalogue.counts(code) {
        return Ok(());
    }
    Err(row.contradict(column, format!("`{code}` is not a licence of the vault's catalogue")))
}

fn check_address(row: &StateRow<'_>, column: &str, text: &str) -> Result<(), Contradiction> {
    if text.contains('@') { Ok(()) } else { Err(row.contradict(column, format!("`{text}` is not an e-mail address"))) }
}

/// The column's check has seen that it is a list.
fn parse_list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_default()
}
