//! The tokens of a planned account: for the banner, and as variables of a client.

use super::plan::PlannedAccount;
use crate::{
    core::token::PlainToken,
    domain::organization::email_key,
    http::vendor_service::VendorService as _,
    seed::{credential::SeededCredential, plan::OrganizationHead},
    services::jetbrains_account::{
        BASE, JetBrainsAccount,
        domain::role::{Grant, Profile, Role},
    },
};

pub(crate) fn list(head: &OrganizationHead, account: &PlannedAccount) -> Vec<SeededCredential> {
    let describe = |t: &super::plan::PlannedToken| SeededCredential {
        service: JetBrainsAccount::NAME,
        who: format!("{} ({})", t.email, t.profile),
        organization: head.name.clone(),
        headers: vec![format!("X-Customer-Code: {}", head.customer_code), format!("X-Api-Key: {}", t.token.expose())],
        token: t.token.clone(),
        path: format!("{BASE}/token"),
    };
    account.tokens.iter().map(describe).collect()
}

/// The variables of a client: of the credentials that work, the first one that opens most.
pub(crate) fn variables(
    base: &str,
    organizations: &[(&OrganizationHead, &PlannedAccount)],
    works: &dyn Fn(&PlainToken) -> bool,
) -> Vec<(&'static str, Option<String>)> {
    let key = organizations.iter().find_map(|(head, account)| Some((*head, best_token(account, works)?)));
    let customer = key.map(|(head, _)| head).or_else(|| organizations.first().map(|(head, _)| *head));
    vec![
        ("JETBRAINS_ACCOUNT_URL", Some(format!("{base}{BASE}"))),
        ("JETBRAINS_ACCOUNT_CUSTOMER_CODE", customer.map(|head| head.customer_code.to_string())),
        ("JETBRAINS_ACCOUNT_API_KEY", key.map(|(_, token)| token.expose().to_owned())),
    ]
}

/// The first working token of the organization's profile, an organization admin's if there is one.
fn best_token<'a>(account: &'a PlannedAccount, works: &dyn Fn(&PlainToken) -> bool) -> Option<&'a PlainToken> {
    let admin = Grant { role: Role::OrganizationAdmin, profile: Profile::Organization };
    let is_admin = |key: String| account.roles.iter().any(|(email, grant)| *grant == admin && email_key(email) == key);
    let tokens = || account.tokens.iter().filter(|t| t.profile == Profile::Organization && works(&t.token));
    let chosen = tokens().find(|t| is_admin(email_key(&t.email))).or_else(|| tokens().next());
    chosen.map(|t| &t.token)
}
