//! Data with something in every table, and a change in every table.

use super::{FULL_KEY, Role, TestApp};

/// A second organization with something in every table.
const MORE: &str = r#"
version: 1
organizations:
  - name: Rich Ltd
    customer_code: 6700009
    org_id: 8f2b0c1e-0000-4000-8000-000000000009
    people:
      - email: rita@rich.test
        name: Rita "Ritä" O'Neill
        jetbrains_account: true
        atlassian_account_id: "712020:rita"
      - { email: Sam@rich.test, name: Sam }
    jetbrains_account:
      api_enabled: true
      products: [{ code: AIP, name: AI Pro }]
      plugins: [{ code: PRICH, name: Rich Plug-in }]
      teams: [{ id: 9001, name: One }, { id: 9002, name: Two }]
      roles:
        - { person: rita@rich.test, role: organization_admin }
        - { person: Sam@rich.test, role: team_admin, team: 9002 }
      tokens:
        - { person: rita@rich.test, token: rich-jba }
        - { person: Sam@rich.test, team: 9002, token: rich-jba-team }
      licenses:
        - { id: RICH000001, product: II, team: 9001, assignee: rita@rich.test, assigned_at: -40d, valid_until: +1y }
        - { count: 3, product: ALL, team: 9002, perpetual_until: +1d }
    license_vault:
      name: rich
      administrators: [rita@rich.test]
      token: rich-vault
      automation_tokens: [{ name: ci, token: rich-automation, expires_at: +1y }]
      pools: [{ product: II, regular: 5, true_up: 2 }]
      allocations: [{ user: rita@rich.test, product: II, since: -2d, running: [{ product: II, host: dev-1 }] }]
      denials: [{ user: eve@rich.test, product: RD, at: -3h }]
      rules: [{ users: [rita@rich.test], products: [II], priority: true }]
    atlassian:
      api_keys:
        - { label: full, token: rich-key }
        - { label: reader, token: rich-reader, scopes: [read:tokens:admin], expires_at: +90d }
      api_tokens:
        - { user: rita@rich.test, label: "needle \"in\" hay", scopes: [read:jira-work] }
        - { count: 20 }
        - { user: Sam@rich.test, label: b, status: blocked }
      service_accounts: [{ id: rich-svc, name: bot, tokens: [{ label: t }], oauth_clients: [{ name: c }] }]
      rate_limit: { limit: 50, window: 60s, mode: observe }
      quirks: { empty_bulk_revoke_status: 204 }
"#;

impl TestApp {
    /// Changes something in every table of the default space, as a tester and as the vendors' clients do.
    pub async fn populate_everything(&self) {
        self.control().post("/seed", MORE).await.expect_ok();
        assert_eq!(self.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await.status, 200);
        self.sign_in_to_atlassian("ann@example.test").await;
        self.control()
            .post("/organizations/6700009/atlassian/session", r#"{"actor":"rita@rich.test"}"#)
            .await
            .expect_ok();
        let started = r#"{"user":"sam@rich.test","product":"II","host":"dev-2"}"#;
        let started = self.control().post("/vaults/rich/connections", started).await.expect_ok();
        let allocation = started["allocation"]["id"].as_str().unwrap_or_else(|| panic!("not granted: {started}"));
        let actor = r#"{"actor":"rita@rich.test"}"#;
        self.control().call("DELETE", &format!("/vaults/rich/allocations/{allocation}"), actor).await.expect_ok();
        let rule = r#"{"match":{"operation":"getProducts"},"then":{"status":503},"after":1}"#;
        self.control().post("/faults", rule).await.expect_ok();
        self.jetbrains_account(Role::OrgAdmin).get("/products").await.expect_ok();
        self.control().put("/rate-limits", r#"{"organization":"6700001","limit":77}"#).await.expect_ok();
        self.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
        self.atlassian(FULL_KEY).get("/api-keys/count").await.expect_ok();
        self.control().put("/clock", r#"{"mode":"frozen","now":"2026-03-01T10:00:00.123456Z"}"#).await.expect_ok();
    }
}
