//! Members that records leave out now and then: that a service's data have none, or all, is no difference.
//!
//! If you are here because a member is one that a record may lack: the seed in `comparison.rs` of its service has to
//! have a record with it and one without.

use indoc::indoc;
use serde_json::Value;

use super::fake::{ACCOUNT, ATLASSIAN, Fake, compare_to_json};
use crate::support::{Database, TestApp};

const OF_ATLASSIAN: [&str; 4] = ["expiresAt", "lastActiveAt", "lastAccess", "expiry"];
const OF_ACCOUNT: [&str; 8] = [
    "assignee",
    "subscription",
    "perpetual",
    "domain",
    "lastSeen",
    "subscriptionPackRef",
    "lastSeenDate",
    "lastAssignmentDate",
];

/// Takes members from all objects, or from every other item of lists.
fn take_out(value: &mut Value, names: &[&str], is_every_other: bool) {
    match value {
        Value::Object(members) => {
            // What an OpenAPI document describes is always there.
            if members.contains_key("paths") {
                return;
            }
            for name in names {
                members.remove(*name);
            }
            for member in members.values_mut() {
                take_out(member, names, is_every_other);
            }
        }
        Value::Array(items) => {
            let step = if is_every_other { 2 } else { 1 };
            for item in items.iter_mut().step_by(step) {
                take_out(item, names, is_every_other);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn list_differences(report: &Value) -> Vec<String> {
    let requests = report["requests"].as_array().unwrap().iter();
    let lines = requests.flat_map(|one| {
        let differences = one["differences"].as_array().into_iter().flatten();
        differences.map(|difference| format!("{}: {difference}", one["name"].as_str().unwrap()))
    });
    lines.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_record_of_the_service_has_them() {
    for (side, names) in [(ATLASSIAN, &OF_ATLASSIAN[..]), (ACCOUNT, &OF_ACCOUNT)] {
        for is_every_other in [false, true] {
            let fake = Fake::start(move |uri, reply| {
                // An API key always has all of them.
                let may_lack = !uri.contains("/api-keys") && !uri.contains("/oauth-clients");
                if may_lack && reply.status == 200 && reply.json().is_some() {
                    reply.change_json(|body| take_out(body, names, is_every_other));
                }
            })
            .await;
            let (code, report) = compare_to_json(&fake.url, side).await;
            assert_eq!(list_differences(&report), [""; 0], "{is_every_other}");
            assert_eq!(code, 0, "{report:#}");
            let text = report.to_string();
            assert!(is_every_other || text.contains("Locum has it now and then, the upstream never"), "{text}");
        }
    }
}

/// All that a record may have.
const RICH: &str = indoc! {"
    version: 1
    organizations:
      - name: Example Corp
        customer_code: 6700001
        jetbrains_account:
          licenses:
            - { id: RICH000001, product: II, team: 2001, assignee: ann@example.test, assigned_at: -40d,
                last_seen_at: -1d, valid_until: +1y, perpetual_until: -3d, domain: x.test, pack: P1, trial: true }
        atlassian:
          service_accounts:
            - id: svc-3
              name: rich
              tokens: [{ label: rich, created_at: -9d, expires_at: +90d, last_active_at: -1h }]
              oauth_clients: [{ id: client-rich, name: rich, created_at: -9d, status: revoked }]
"};

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_the_service_has_all() {
    for side in [ATLASSIAN, ACCOUNT] {
        let app = TestApp::start(Database::Sqlite).await;
        app.control().post("/seed", RICH).await.expect_ok();
        let fake = Fake::of(app, |_, _| {}).await;
        let (code, report) = compare_to_json(&fake.url, side).await;
        assert_eq!(list_differences(&report), [""; 0]);
        assert_eq!(code, 0, "{report:#}");
    }
}
