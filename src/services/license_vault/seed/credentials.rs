//! The tokens of a planned vault: for the banner, and as environment variables of a client.

use super::plan::{NewToken, PlannedVault};
use crate::{
    core::token::PlainToken,
    http::vendor_service::VendorService as _,
    seed::{credential::SeededCredential, plan::OrganizationHead},
    services::license_vault::{BASE, LicenseVault, domain::vault::TokenKind, store::vault::describe_token},
};

const URL: &str = "LICENSE_VAULT_URL";

/// The variable of the first token of a kind, which those of all tokens of the kind begin with.
fn name_variable(kind: TokenKind) -> &'static str {
    match kind {
        TokenKind::Vault => "LICENSE_VAULT_TOKEN",
        TokenKind::Automation => "LICENSE_VAULT_AUTOMATION_TOKEN",
        TokenKind::Reporting => "LICENSE_VAULT_REPORTING_TOKEN",
    }
}

pub(crate) fn list(head: &OrganizationHead, vault: &PlannedVault) -> Vec<SeededCredential> {
    let describe = |new: &NewToken| SeededCredential {
        service: LicenseVault::NAME,
        kind: new.kind.name(),
        label: describe_token(&vault.name, new.kind, &new.name),
        who: match new.kind {
            TokenKind::Vault => vault.name.clone(),
            TokenKind::Automation => format!("{} (automation)", new.name),
            TokenKind::Reporting => "License Server".to_owned(),
        },
        organization: head.name.clone(),
        customer_code: head.customer_code,
        variable: name_variable(new.kind),
        headers: match new.kind {
            TokenKind::Vault => vec![format!("Authorization: Bearer {}", new.token.expose())],
            TokenKind::Automation => vec![format!("Authorization: Automation {}", new.token.expose())],
            TokenKind::Reporting => vec![format!("?token={}", new.token.expose())],
        },
        token: new.token.clone(),
        path: match new.kind {
            TokenKind::Vault | TokenKind::Automation => format!("{BASE}/licenses/usage"),
            TokenKind::Reporting => "/licenses-report.json".to_owned(),
        },
    };
    vault.tokens.iter().map(describe).collect()
}

/// The environment variables of a client of one vault: the first one whose own token works, else the first one with an
/// automation token that works.
pub(crate) fn variables(
    base: &str,
    vaults: &[&PlannedVault],
    works: &dyn Fn(&PlainToken) -> bool,
) -> Vec<(&'static str, Option<String>)> {
    let find_vault = |kind| vaults.iter().find(|vault| find_token(vault, kind, works).is_some());
    let vault = find_vault(TokenKind::Vault).or_else(|| find_vault(TokenKind::Automation));
    let token = |kind| Some(find_token(vault?, kind, works)?.expose().to_owned());
    vec![
        (URL, Some(format!("{base}{BASE}"))),
        (name_variable(TokenKind::Vault), token(TokenKind::Vault)),
        (name_variable(TokenKind::Automation), token(TokenKind::Automation)),
    ]
}

/// Those that are no secrets.
pub(crate) fn known_variables(base: &str) -> Vec<(&'static str, Option<String>)> {
    vec![(URL, Some(format!("{base}{BASE}")))]
}

/// Finds the first token of a kind that works.
fn find_token<'a>(
    vault: &'a PlannedVault,
    kind: TokenKind,
    works: &dyn Fn(&PlainToken) -> bool,
) -> Option<&'a PlainToken> {
    vault.tokens.iter().filter(|new| new.kind == kind).map(|new| &new.token).find(|token| works(token))
}
