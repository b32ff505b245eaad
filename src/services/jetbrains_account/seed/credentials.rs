//! The tokens of a planned account: for the banner, and as variables of a client.

use super::plan::PlannedAccount;
use crate::{
    core::token::PlainToken,
    domain::{
        credential::CredentialSummary,
        organization::{Organization, email_key},
    },
    http::vendor_service::VendorService as _,
    seed::{credential::SeededCredential, plan::OrganizationHead},
    services::jetbrains_account::{
        BASE, JetBrainsAccount,
        domain::role::{Grant, Profile, Role},
        store::token::{KIND, describe},
    },
};

const URL: &str = "JETBRAINS_ACCOUNT_URL";
const CUSTOMER_CODE: &str = "JETBRAINS_ACCOUNT_CUSTOMER_CODE";
/// The variable of the best token, which those of all tokens begin with.
const API_KEY: &str = "JETBRAINS_ACCOUNT_API_KEY";

pub(crate) fn list(head: &OrganizationHead, account: &PlannedAccount) -> Vec<SeededCredential> {
    let describe = |t: &super::plan::PlannedToken| SeededCredential {
        service: JetBrainsAccount::NAME,
        kind: KIND.name,
        label: describe(&t.email, t.profile),
        who: describe(&t.email, t.profile),
        organization: head.name.clone(),
        customer_code: head.customer_code,
        variable: API_KEY,
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
        (URL, Some(format!("{base}{BASE}"))),
        (CUSTOMER_CODE, customer.map(|head| head.customer_code.to_string())),
        (API_KEY, key.map(|(_, token)| token.expose().to_owned())),
    ]
}

/// Those that are no secrets, of what is in a space: of the first organization with a token for all of it, else of the
/// first one.
pub(crate) fn known_variables(
    base: &str,
    organizations: &[Organization],
    credentials: &[CredentialSummary],
) -> Vec<(&'static str, Option<String>)> {
    let of_all = describe("", Profile::Organization);
    let has_token = |organization: &&Organization| {
        let is_its_token = |one: &CredentialSummary| {
            (one.organization, one.service.as_str()) == (organization.id, JetBrainsAccount::NAME)
                && one.label.ends_with(&of_all)
        };
        credentials.iter().any(is_its_token)
    };
    let customer = organizations.iter().find(has_token).or(organizations.first());
    vec![
        (URL, Some(format!("{base}{BASE}"))),
        (CUSTOMER_CODE, customer.map(|organization| organization.customer_code.to_string())),
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
