//! The controls, coverage, and where somebody starts.

use serde_json::json;

use super::{Reader, field, plain};
use crate::support::{Answer, Database, Role, TestApp};

async fn start() -> TestApp {
    TestApp::start_with(Database::Sqlite, &[]).await
}

/// Sends a form of the controls, as the button with that call does.
async fn send(reader: &mut Reader<'_>, call: &str, fields: &[(&str, &str)]) -> Answer {
    let page = reader.open("/controls").await;
    let form = field(&page, "form");
    assert!(plain(page.text()).contains(call), "{call}: {}", page.text());
    let own = [("form", &*form), ("back", "/_emulator/ui/controls"), ("call", call)];
    reader.post(&[&own[..], fields].concat()).await
}

#[tokio::test]
async fn a_fault_is_built_from_fields() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let call = r#"{"method":"POST","path":"/faults","label":"Inject","done":"The fault is injected"}"#;
    let fields = [
        ("set.match.service", ""),
        ("set.match.operation", "assignLicence"),
        ("set.then.status:number", ""),
        ("set.then:steps", "503, pass"),
    ];
    let refused = send(&mut reader, call, &fields).await;
    assert!(refused.status.is_client_error(), "{}", refused.text());
    let fields =
        [("set.match.operation", "assignLicense"), ("set.then.status:number", "503"), ("set.times:number", "1")];
    assert_eq!(send(&mut reader, call, &fields).await.status, 303);
    let faults = app.control().get("/faults").await.expect_ok();
    assert_eq!(
        (&faults[0]["then"], &faults[0]["times"], &faults[0]["match"]),
        (&json!({ "status": 503 }), &json!(1), &json!({ "operation": "assignLicense" }))
    );
    let page = reader.open("/controls").await;
    assert!(page.text().contains("armed") && !page.text().contains("used up"));
    // An injected 503 is in no document of the vendor.
    let client = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    client.post("/customer/licenses/assign", json!({})).await;
    let page = reader.open("/controls").await;
    assert!(page.text().contains("used up") && !page.text().contains("armed"));
}

#[tokio::test]
async fn a_snapshot_is_taken_and_a_limit_set() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let take = r#"{"method":"PUT","path":"/snapshots/{snapshot}","label":"Take","done":"The snapshot is taken"}"#;
    assert_eq!(send(&mut reader, take, &[("set.{snapshot}", "before")]).await.status, 303);
    assert_eq!(app.control().get("/snapshots").await.expect_ok()[0]["name"], "before");
    let limit = r#"{"method":"PUT","path":"/rate-limits","label":"Set","done":"The limit is set"}"#;
    let fields = [("set.organization", ""), ("set.limit:number", "7"), ("set.window", ""), ("set.mode", "enforce")];
    assert_eq!(send(&mut reader, limit, &fields).await.status, 303);
    assert!(reader.open("/controls").await.text().contains("7 per 60s, enforce"));
}

#[tokio::test]
async fn a_seed_is_refused_by_line() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let call = r#"{"method":"POST","path":"/seed","body":"","label":"Add"}"#;
    let refused = send(&mut reader, call, &[("body", "version: 1\norganizations:\n  - nam: x\n")]).await;
    assert!(refused.status.is_client_error() && plain(refused.text()).contains(":3:"), "{}", refused.text());
}

#[tokio::test]
async fn what_the_seed_spells_out_is_there_to_copy() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let page = plain(reader.open("/start").await.text());
    for told in ["X-Api-Key: demo-jba-organization-admin", "curl -s -H 'X-Customer-Code: 6700001'", "export LOCUM_URL="]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    app.control().post("/spaces", json!({ "name": "t1" })).await.expect_ok();
    let page = reader.open("/start?space=t1").await;
    assert!(page.text().contains("Rotate to see") && page.text().contains("LOCUM_SPACE"), "{}", page.text());
}

#[tokio::test]
async fn coverage_shows_what_was_never_asked_first() {
    let app = start().await;
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    let page = Reader::new(&app).open("/coverage").await;
    let text = page.text();
    assert!(text.find("never asked</span>").unwrap() < text.rfind("<tr>").unwrap());
    let last = text.rsplit("never asked</span>").next().unwrap();
    assert!(last.contains("<td class=\"h1\">1</td>"), "{last}");
}
