//! The tokens of a planned vault: for the banner, and as variables of a client.

use super::{NewToken, PlannedVault};
use crate::{
    core::token::PlainToken,
    http::vendor_service::VendorService as _,
    seed::{credential::SeededCredential, plan::OrganizationHead},
    services::license_vault::{BASE, LicenseVault, domain::vault::TokenKind},
};

pub(crate) fn list(head: &OrganizationHead, vault: &PlannedVault) -> Vec<SeededCredential> {
    let describe = |new: &NewToken| SeededCredential {
        service: LicenseVault::NAME,
        who: match new.kind {
            TokenKind::Vault => vault.name.clone(),
            TokenKind::Automation => format!("{} (automation)", new.name),
            TokenKind::Reporting => "License Server".to_owned(),
        },
        organization: head.name.clone(),
        headers: match new.kind {
            TokenKind::Vault => vec![format!("Authorization: Bearer {}", new.token.expose())],
            TokenKind::Automation => vec![format!("Authorization: Automation {}", new.token.expose())],
            TokenKind::Reporting => vec![format!("?token={}", new.token.expose())],
        },
        token: new.token.clone(),
        path: format!("{BASE}/licenses/usage"),
    };
    vault.tokens.iter().map(describe).collect()
}

/// The variables of a client: both tokens of the first vault whose own token works, or else an automation token.
pub(crate) fn variables(
    base: &str,
    vaults: &[&PlannedVault],
    works: &dyn Fn(&PlainToken) -> bool,
) -> Vec<(&'static str, Option<String>)> {
    let with = |kind| vaults.iter().find(|vault| working_token(vault, kind, works).is_some());
    let vault = with(TokenKind::Vault).or_else(|| with(TokenKind::Automation));
    let token = |kind| Some(working_token(vault?, kind, works)?.expose().to_owned());
    vec![
        ("LICENSE_VAULT_URL", Some(format!("{base}{BASE}"))),
        ("LICENSE_VAULT_TOKEN", token(TokenKind::Vault)),
        ("LICENSE_VAULT_AUTOMATION_TOKEN", token(TokenKind::Automation)),
    ]
}

fn working_token<'a>(
    vault: &'a PlannedVault,
    kind: TokenKind,
    works: &dyn Fn(&PlainToken) -> bool,
) -> Option<&'a PlainToken> {
    vault.tokens.iter().filter(|new| new.kind == kind).map(|new| &new.token).find(|token| works(token))
}
