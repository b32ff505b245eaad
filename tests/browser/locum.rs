//! Locum → Requests: what happens, as it happens, and what a tester does about it.

use serde_json::{Value, json};

use crate::Desk;

#[test]
fn requests_appear_by_themselves_and_are_filtered() {
    let desk = Desk::new();
    let browser = desk.open("/");
    browser.sees("No request yet.");
    browser.wait_for("Live");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 200);
    browser.wait_for("GET /token");
    assert_eq!(desk.vault("nobody-s-token"), 401);
    assert_eq!(desk.atlassian("/api-tokens/count"), 254);
    browser.wait("document.querySelectorAll('.requests tr[id]').length === 3");
    let rows = || browser.run("return document.querySelectorAll('.requests tr[id]').length");
    for (text, left) in
        [("service:atlassian", 1), ("op:getLicenseUsage", 1), ("cred:cleo", 1), ("status:4xx", 1), ("status:200", 2)]
    {
        let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        desk.open(&format!("/?q={query}"));
        assert_eq!(rows(), left, "{text}");
    }
    // What the filter leaves out does not appear, what it lets through does.
    browser.wait_for("Live");
    desk.vault("nobody-s-token");
    desk.jetbrains("demo-jba-team-viewer");
    browser.wait_for("dan@example.test");
    assert_eq!(rows(), 3, "two with a 200, and the new one");
}

#[test]
fn a_request_opens_to_why_and_is_copied() {
    let desk = Desk::new();
    let assign =
        r#"{"licenseId":"FREE000001","contact":{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}}"#;
    let viewer = "X-Customer-Code: 6700001\r\nX-Api-Key: demo-jba-team-viewer\r\nContent-Type: application/json\r\n";
    assert_eq!(desk.server.send("POST", "/api/v1/customer/licenses/assign", viewer, assign).unwrap().0, 403);
    let browser = desk.open("/");
    browser.click("POST /customer/licenses/assign");
    for told in ["dan@example.test (team 2001)", "no permission to edit", "\"email\": \"eve@example.test\""] {
        browser.sees(told);
    }
    // Headers are folded.
    let whole = browser.run("return document.body.textContent");
    let whole = whole.as_str().unwrap();
    assert!(whole.contains("[dan@example.test (team 2001)]") && !whole.contains("demo-jba-team-viewer"), "{whole}");
    let copy = |name: &str| {
        browser.click(name);
        browser.click(&format!("Copy {name}"));
        browser.wait_for("Copied");
        browser.clipboard()
    };
    let curl = copy("As curl");
    for held in [
        "curl -i -X POST 'http://",
        "\"x-api-key: $JETBRAINS_ACCOUNT_API_KEY_DAN_EXAMPLE_TEST_TEAM_2001\"",
        "-H 'x-customer-code: 6700001'",
        "--data-raw '{\"licenseId\"",
    ] {
        assert!(curl.contains(held), "{held}: {curl}");
    }
    desk.open("/");
    browser.click("POST /customer/licenses/assign");
    let verify = copy("As verify");
    assert_eq!(desk.control("POST", "/requests/verify", &verify)["found"], 1, "{verify}");
    let run = std::process::Command::new("bash")
        .args(["-c", &format!("JETBRAINS_ACCOUNT_API_KEY_DAN_EXAMPLE_TEST_TEAM_2001=demo-jba-team-viewer; {curl}")])
        .output();
    let answer = String::from_utf8(run.unwrap().stdout).unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert_eq!(desk.control("POST", "/requests/verify", &verify)["found"], 2, "the copy is the same request");
    desk.open("/");
    browser.click("POST /customer/licenses/assign");
    let fault: Value = serde_json::from_str(&copy("As fault")).unwrap();
    assert_eq!(fault["match"]["operation"], "assignLicense");
    browser.click("Inject this fault");
    assert_eq!(desk.control("GET", "/faults", "")[0]["match"], fault["match"]);
    let send = || desk.server.send("POST", "/api/v1/customer/licenses/assign", viewer, assign).unwrap().0;
    assert_eq!((send(), send()), (503, 403));
}

#[test]
fn the_clock_is_frozen_moved_and_set_free() {
    let desk = Desk::new();
    let browser = desk.open("/");
    let clock = || desk.control("GET", "/clock", "");
    browser.click("+1 h");
    assert_eq!(clock(), json!({ "mode": "frozen", "now": "2026-01-15T10:00:00Z" }));
    browser.sees("2026-01-15 10:00:00");
    browser.click("+1 d");
    assert_eq!(clock()["now"], "2026-01-16T10:00:00Z");
    browser.click("Real");
    assert_eq!(clock()["mode"], "real");
    browser.click("Freeze");
    assert_eq!(clock()["mode"], "frozen");
    // And the page hears of it when another one does it.
    browser.wait_for("Live");
    desk.control("PUT", "/clock", r#"{"mode":"frozen","now":"2030-05-05T05:05:05Z"}"#);
    browser.wait_for("2030-05-05 05:05:05");
}

#[test]
fn faults_are_injected_counted_and_removed() {
    let desk = Desk::new();
    let browser = desk.open("/");
    browser.click("Inject a fault");
    browser.write("Rule", r#"{"match":{"operation":"getLicenseUsagx"},"then":{"status":503}}"#);
    browser.click("Inject");
    browser.sees("did you mean `getLicenseUsage`?");
    browser.click("Close");
    browser.click("Inject a fault");
    browser.write("Rule", r#"{"match":{"operation":"getLicenseUsage"},"then":{"status":503}}"#);
    browser.click("Inject");
    browser.wait_for("0 hits");
    browser.wait_for("Live");
    assert_eq!(desk.vault("demo-vault-token"), 503);
    browser.wait_for("1 hits");
    browser.click("Remove the fault for operation getLicenseUsage");
    browser.sees("Nothing is to go wrong.");
    assert_eq!(desk.vault("demo-vault-token"), 200);
}

#[test]
fn limits_are_bars_and_are_counted_anew() {
    let desk = Desk::new();
    desk.atlassian("/api-tokens/count");
    desk.atlassian("/api-tokens/count");
    let browser = desk.open("/");
    browser.sees("2/1000");
    assert_eq!(browser.run("return document.querySelector('meter').value"), 2);
    browser.click("Start counting over");
    assert!(!browser.text().contains("/1000"));
    assert_eq!(desk.control("GET", "/rate-limits", "")["windows"], json!([]));
}

#[test]
fn spaces_are_made_looked_at_and_deleted() {
    let desk = Desk::new();
    let browser = desk.open("/");
    browser.write("New space", "t1");
    browser.click("Create");
    browser.sees("Tokens are shown only once");
    let made: Value =
        serde_json::from_str(browser.run("return document.getElementById('made').textContent").as_str().unwrap())
            .unwrap();
    assert_eq!(desk.control("GET", "/spaces/t1", "")["organizations"][0], made["organizations"][0]["customer_code"]);
    browser.click("Close");
    browser.click("t1");
    browser.sees("space t1");
    browser.click("+1 d");
    assert_eq!(desk.control("GET", "/clock", "")["now"], "2026-01-15T09:00:00Z", "the default space's stands");
    assert_eq!(desk.control("GET", "/clock?space=t1", "")["now"], "2026-01-16T09:00:00Z");
    browser.click("JetBrains Account");
    browser.sees(made["organizations"][0]["customer_code"].as_str().unwrap());
    browser.click("Requests");
    browser.click("Delete the space t1");
    browser.click("Delete");
    browser.sees("space default");
    assert_eq!(desk.control("GET", "/spaces", "").as_array().unwrap().len(), 1);
}

#[test]
fn the_seed_comes_back_after_a_question() {
    let desk = Desk::new();
    let token = "/organizations/6700001/jetbrains-account/tokens";
    desk.control("DELETE", token, r#"{"actor":"ann@example.test","person":"ann@example.test"}"#);
    assert_eq!(desk.jetbrains("demo-jba-organization-admin"), 401);
    let browser = desk.open("/");
    browser.click("Reset to seed");
    browser.click("Cancel");
    assert_eq!(desk.jetbrains("demo-jba-organization-admin"), 401);
    browser.click("Reset to seed");
    browser.click("Reset to seed");
    browser.sees("Reset to seed: done");
    assert_eq!(desk.jetbrains("demo-jba-organization-admin"), 200);
}
