//! Atlassian → API tokens, API keys, service accounts.

use crate::{Desk, ORG};

#[test]
fn tokens_are_filtered_as_by_the_api_and_revoked() {
    let desk = Desk::new();
    let browser = desk.open("/atlassian");
    assert_eq!(desk.atlassian("/api-tokens/count"), 254);
    browser.sees("254 API tokens");
    browser.write("Search", "laptop");
    browser.click("Filter");
    browser.sees(&format!("{} API token", desk.atlassian("/api-tokens/count?q=laptop")));
    browser.sees("/api-tokens?q=laptop");
    browser.click("Revoke the API token laptop of bob@example.test");
    browser.sees("Revoke the API token laptop of bob@example.test? This cannot be undone.");
    browser.click("Cancel");
    assert_eq!(desk.atlassian("/api-tokens/count"), 254);
    browser.click("Revoke the API token laptop of bob@example.test");
    browser.click("Revoke");
    assert_eq!(desk.atlassian("/api-tokens/count"), 253);
    browser.click("All");
    browser.write("Status", "blocked");
    browser.click("Filter");
    let blocked = desk.atlassian("/api-tokens/count?status=blocked");
    browser.sees(&format!("{blocked} API token"));
    browser.click("All");
    browser.click("Created");
    browser.write("How", "nearer");
    browser.write("Value", "20");
    browser.write("Unit", "day");
    browser.click("Filter");
    let recent = desk.atlassian("/api-tokens/count?createdAtSearchType=lt&createdAtValue=20&createdAtUom=day");
    browser.sees(&format!("{recent} API token"));
    browser.click("Revoke all API tokens of all users, whatever the filter");
    browser.click("Revoke all");
    assert_eq!(desk.atlassian("/api-tokens/count"), 0);
}

#[test]
fn a_key_is_revoked() {
    let desk = Desk::new();
    let browser = desk.open("/atlassian");
    browser.click("API keys");
    let total = desk.atlassian("/api-keys/count").as_i64().unwrap();
    browser.sees(&format!("{total} API keys"));
    let reader = "Authorization: Bearer demo-atlassian-reader";
    let path = format!("{ORG}/api-tokens/count");
    assert_eq!(desk.status(&path, reader), 200);
    browser.click("Revoke the API key reader");
    browser.click("Revoke");
    browser.sees(&format!("{} API keys", total - 1));
    assert_eq!(desk.status(&path, reader), 401);
    assert_eq!(desk.atlassian("/api-keys/count"), total - 1);
}

#[test]
fn service_accounts_lose_tokens_clients_and_themselves() {
    let desk = Desk::new();
    let browser = desk.open("/atlassian?tab=service-accounts");
    let tokens = |desk: &Desk| desk.atlassian("/service-accounts/svc-1/api-tokens").as_array().unwrap().len();
    assert_eq!(tokens(&desk), 2);
    browser.sees("2 service accounts");
    browser.write("Token label", "ci");
    browser.click("Filter");
    assert!(!browser.text().contains("last year"));
    browser.click("All");
    browser.sees("last year");
    browser.click("Delete the OAuth client sync");
    browser.click("Delete");
    assert_eq!(desk.atlassian("/service-accounts/oauth-clients").as_array().unwrap().len(), 0);
    browser.click("Revoke all API tokens of build-bot");
    browser.click("Revoke");
    assert_eq!(tokens(&desk), 0);
    browser.click("Delete the service account report-bot");
    browser.click("Delete");
    browser.sees("1 service account");
    assert_eq!(desk.atlassian("/service-accounts")["total"], 1);
}
