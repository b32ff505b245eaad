//! The API keys of a planned administration: for the banner, and as environment variables of a client.

use super::{NewKey, PlannedAtlassian};
use crate::{
    core::token::PlainToken,
    domain::{credential::CredentialSummary, organization::Organization},
    http::vendor_service::VendorService as _,
    seed::{credential::SeededCredential, plan::OrganizationHead},
    services::atlassian::{Atlassian, BASE, store},
};

const URL: &str = "ATLASSIAN_API_ACCESS_URL";
const ORG_ID: &str = "ATLASSIAN_ORG_ID";
/// The variable of the best key, which those of all keys begin with.
const API_KEY: &str = "ATLASSIAN_API_KEY";

pub(crate) fn list(head: &OrganizationHead, section: &PlannedAtlassian) -> Vec<SeededCredential> {
    let describe = |new: &NewKey| SeededCredential {
        service: Atlassian::NAME,
        kind: store::api_key::KIND.name,
        label: new.key.label.clone(),
        who: match &new.key.scopes {
            None => new.key.label.clone(),
            Some(scopes) => format!("{} ({})", new.key.label, scopes.join(" ")),
        },
        organization: format!("{} {}", head.name, head.org_id),
        customer_code: head.customer_code,
        variable: API_KEY,
        headers: vec![format!("Authorization: Bearer {}", new.token.expose())],
        token: new.token.clone(),
        path: format!("{BASE}/orgs/{}/api-tokens?pageSize=5", head.org_id),
    };
    section.api_keys.iter().map(describe).collect()
}

/// The environment variables of a client: of the first organization with a key that works, its best key.
pub(crate) fn variables(
    base: &str,
    organizations: &[(&OrganizationHead, &PlannedAtlassian)],
    works: &dyn Fn(&PlainToken) -> bool,
) -> Vec<(&'static str, Option<String>)> {
    let key = organizations.iter().find_map(|(head, section)| Some((*head, find_best_key(section, works)?)));
    let organization = key.map(|(head, _)| head).or_else(|| organizations.first().map(|(head, _)| *head));
    vec![
        (URL, Some(format!("{base}{BASE}"))),
        (ORG_ID, organization.map(|head| head.org_id.clone())),
        (API_KEY, key.map(|(_, token)| token.expose().to_owned())),
    ]
}

/// Those that are no secrets, of what is in a space: of the first organization with a key, else of the first one.
pub(crate) fn known_variables(
    base: &str,
    organizations: &[Organization],
    credentials: &[CredentialSummary],
) -> Vec<(&'static str, Option<String>)> {
    let has_key = |organization: &&Organization| {
        let is_its_key = |one: &CredentialSummary| {
            (one.organization, one.service.as_str(), one.kind.as_str())
                == (organization.id, Atlassian::NAME, store::api_key::KIND.name)
        };
        credentials.iter().any(is_its_key)
    };
    let organization = organizations.iter().find(has_key).or(organizations.first());
    vec![(URL, Some(format!("{base}{BASE}"))), (ORG_ID, organization.map(|one| one.org_id.clone()))]
}

/// Finds the first working key without scopes, because it may do everything; else the first working one.
fn find_best_key<'a>(section: &'a PlannedAtlassian, works: &dyn Fn(&PlainToken) -> bool) -> Option<&'a PlainToken> {
    let working = || section.api_keys.iter().filter(|new| works(&new.token));
    working().find(|new| new.key.scopes.is_none()).or_else(|| working().next()).map(|new| &new.token)
}
