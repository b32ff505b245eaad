//! The controls, coverage, and where somebody starts.

use serde_json::json;

use super::{Reader, button, field, plain};
use crate::support::{Answer, Database, Role, TestApp, apply, on_both_databases};

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
async fn what_was_so_already_is_not_said_to_be_done() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    for (method, path, said) in [
        ("DELETE", "/faults", "there was no fault"),
        ("DELETE", "/requests", "there was no request"),
        ("POST", "/rate-limits/reset", "nothing was counted yet"),
        ("DELETE", "/coverage", "nothing was asked yet"),
    ] {
        let form = field(&reader.open("/controls").await, "form");
        let call = json!({ "method": method, "path": path, "label": "Do it", "done": "It is done" }).to_string();
        let own = [("form", &*form), ("back", "/_emulator/ui/controls"), ("call", &*call)];
        let answer = reader.post(&own).await;
        let page = reader.follow(&answer).await;
        assert!(page.text().contains(&format!("Nothing was done: {said}")), "{}", page.text());
    }
}

/// The form of the limits says that they are so already, or what is missing, and changes nothing.
#[tokio::test]
async fn a_limit_that_is_not_set_says_why() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let mut set = async |query: &str, organization: &str, limit: &str, window: &str, mode: &str| {
        let page = reader.open(&format!("/controls{query}")).await;
        let (form, call) = (field(&page, "form"), button(&page, "Set").unwrap());
        let back = format!("/_emulator/ui/controls{query}");
        let own = [("form", &*form), ("back", &back), ("call", &call)];
        let fields = [
            ("set.organization", organization),
            ("set.limit:number", limit),
            ("set.window", window),
            ("set.mode", mode),
        ];
        let answer = reader.post(&[&own[..], &fields].concat()).await;
        plain(reader.follow(&answer).await.text())
    };
    let nothing = "Nothing was done: no limit, window or mode was filled in";
    let same = "Nothing was done: the limits are these already";
    for (organization, limit, window, mode, said) in [
        ("", "", "", "", nothing),
        ("6700001", "", "", "", nothing),
        ("", "7", "", "", "The limit is set"),
        ("", "7", "", "", same),
        ("6700001", "7", "60s", "", same),
        ("", "", "", "", nothing),
        ("", "", "", "observe", "The limit is set"),
    ] {
        let page = set("", organization, limit, window, mode).await;
        assert!(page.contains(said), "{organization} {limit} {window} {mode}: {page}");
        assert_eq!(page.contains("Nothing was done"), said.starts_with("Nothing was done"), "{page}");
    }
    // Where there is nobody to limit.
    app.control().post("/spaces", json!({ "name": "t1", "seed": "version: 1\norganizations: []" })).await.expect_ok();
    let page = set("?space=t1", "", "7", "", "").await;
    assert!(page.contains("Nothing was done: there is no organization"), "{page}");
    let page = set("?space=t1", "", "", "", "").await;
    assert!(page.contains(nothing), "{page}");
}

#[tokio::test]
async fn a_seed_is_refused_by_line() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let call = r#"{"method":"POST","path":"/seed","body":"","label":"Add","done":"The seed was added"}"#;
    let refused = send(&mut reader, call, &[("body", "version: 1\norganizations:\n  - nam: x\n")]).await;
    assert!(refused.status.is_client_error() && plain(refused.text()).contains("Line 3:"), "{}", refused.text());
}

#[tokio::test]
async fn what_the_seed_spells_out_is_there_to_copy() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let page = plain(reader.open("/start").await.text());
    for told in [
        "X-Api-Key: demo-jba-organization-admin",
        "curl -s -H 'X-Customer-Code: 6700001'",
        "/licenses-report.json?token=demo-reporting-token'",
        "export LOCUM_URL=",
    ] {
        assert!(page.contains(told), "{told}: {page}");
    }
    app.control().post("/spaces", json!({ "name": "t1" })).await.expect_ok();
    let page = reader.open("/start?space=t1").await;
    assert!(page.text().contains("Rotate to see") && page.text().contains("LOCUM_SPACE"), "{}", page.text());
    // An empty list, and each space, lead there.
    assert!(reader.open("/?space=t1").await.text().contains("/_emulator/ui/start?space=t1\">Start here</a>"));
    let controls = reader.open("/controls").await;
    for to in
        ["/_emulator/ui/start\" aria-label=\"Start here in the space default\"", "/_emulator/ui/start?space=t1\" aria-"]
    {
        assert!(controls.text().contains(to), "{to}: {}", controls.text());
    }
}

/// The row of a credential: what it may do.
fn role(page: &Answer, label: &str) -> String {
    let row = page.text().split(&format!("<th scope=\"row\">{label}<br>")).nth(1);
    let row = row.unwrap_or_else(|| panic!("no {label}: {}", page.text()));
    plain(row.split("data-label=\"may\">").nth(1).unwrap().split("</td>").next().unwrap())
}

/// In words, as a request by it is explained.
#[apply(on_both_databases)]
async fn what_a_credential_may_do_is_said(app: TestApp) {
    app.control().post("/spaces", json!({ "name": "t1" })).await.expect_ok();
    let mut reader = Reader::new(&app);
    for space in ["default", "t1"] {
        let page = reader.open(&format!("/start?space={space}")).await;
        for (label, says) in [
            ("ann@example.test (organization)", "admin of the organization"),
            ("bob@example.test (team 2001)", "admin of the team 2001"),
            ("dan@example.test (team 2001)", "viewer of the team 2001"),
            ("example (vault)", "vault token"),
            ("example (reporting)", "reporting token"),
            ("reader", "read:tokens:admin"),
            ("full", "every scope"),
            ("expired", "expired"),
        ] {
            assert!(role(&page, label).contains(says), "{space}: {label} may {}", role(&page, label));
        }
    }
}

#[tokio::test]
async fn limits_are_of_those_who_have_some() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let organizations: Vec<_> = (0..61)
        .map(|n| {
            let mut organization = json!({ "name": format!("O{n}"), "customer_code": format!("{}", 6_800_000 + n) });
            if n < 2 {
                organization["people"] = json!([{ "email": "ann@example.test", "name": "Ann" }]);
                organization["atlassian"] = json!({ "api_keys": [{ "label": "full" }] });
            }
            organization
        })
        .collect();
    let seed = json!({ "version": 1, "organizations": organizations });
    app.control().post("/seed?mode=replace", seed).await.expect_ok();
    let page = reader.open("/controls").await;
    let limits = page.text().split("data-live=\"limits\"").nth(1).unwrap().split("<form").next().unwrap();
    assert!(limits.contains("6800000, 6800001: 200 per 60s, observe") && !limits.contains("6800002"), "{limits}");
    app.control().post("/seed?mode=replace", json!({ "version": 1, "organizations": [] })).await.expect_ok();
    assert!(reader.open("/controls").await.text().contains("Nobody here is limited."));
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

#[tokio::test]
async fn what_was_done_is_said_by_the_next_page_whatever_the_last_one_still_asks_for() {
    let app = start().await;
    let mut reader = Reader::new(&app);
    let page = reader.open("/controls").await;
    let (form, call) = (field(&page, "form"), button(&page, "+1 h").unwrap());
    let done = reader.post(&[("form", &form), ("back", "/_emulator/ui/controls"), ("call", &call)]).await;
    assert_eq!(done.status, 303, "{}", done.text());
    let last = app.client().with_header("host", "localhost:8080").with_header("cookie", &reader.cookies.join("; "));
    for path in ["/_emulator/ui/pages.css", "/_emulator/ui/nope.css"] {
        assert_eq!(last.call("GET", path, String::new()).await.header("set-cookie"), None, "{path}");
    }
    let refreshed = last.with_header("locum-refreshes", "1").call("GET", "/_emulator/ui/controls", String::new()).await;
    assert_eq!((refreshed.status, refreshed.header("set-cookie")), (200.try_into().unwrap(), None));
    let note = ">The clock was moved by 1 h</p>";
    assert!(reader.open("/controls").await.text().contains(note));
    assert!(!reader.open("/controls").await.text().contains(note));
}
