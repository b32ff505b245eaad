//! Locum → Requests: what happens, as it happens, and what a tester does about it.

use serde_json::Value;

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
