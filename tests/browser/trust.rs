//! Nothing on a page is untrue: other Locums on the host, a restart, a world that others change, a shown token.

use serde_json::json;

use crate::{
    Desk, FROZEN,
    driver::Browser,
    server::{Server, locum},
};

#[test]
fn two_locums_on_one_host_do_not_mind_each_other() {
    for settings in [&[][..], &["--control-token", "open sesame"]] {
        let (one, two) = (Desk::of(settings), Server::start(&[&FROZEN, settings].concat()));
        let log_in = |at: &str| {
            one.browser.go(&format!("http://{at}/_emulator/ui/controls"));
            if one.browser.has("Continue") {
                one.browser.write("Control token", "open sesame");
                one.browser.click("Continue");
            }
            one.browser.sees("2026-01-15 09:00:00");
        };
        log_in(&one.server.address);
        log_in(&two.address);
        one.open("/controls");
        one.browser.click("+1 d");
        one.browser.sees("2026-01-16 09:00:00");
        one.browser.go(&format!("http://{}/_emulator/ui/controls", two.address));
        one.browser.sees("2026-01-15 09:00:00");
        one.browser.click("+1 h");
        one.browser.sees("2026-01-15 10:00:00");
    }
}

#[test]
fn a_page_from_before_a_restart_is_no_dead_end_and_no_lie() {
    let mut desk = Desk::new();
    let address = desk.server.address.clone();
    let start = || Server::of(locum(&["--listen", &address]).args(FROZEN));
    let stop = |server: &mut Server| {
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    };
    desk.jetbrains("demo-jba-organization-viewer");
    desk.open("/").wait_for("Live");
    desk.browser.sees("GET /token");
    stop(&mut desk.server);
    desk.browser.wait_for("Not live: the connection is gone");
    assert_eq!(desk.browser.run("return document.querySelector('#live').className"), "end quiet dead");
    desk.server = start();
    // What the old process was asked is gone, and the page says so by itself.
    desk.browser.wait_for("No request yet.");
    desk.open("/controls").wait_for("Live");
    stop(&mut desk.server);
    desk.server = start();
    desk.browser.click("+1 d");
    desk.browser.sees("Press once more");
    assert_eq!(desk.control("GET", "/clock", "")["now"], "2026-01-15T09:00:00Z");
    desk.browser.click("+1 d");
    assert_eq!(desk.control("GET", "/clock", "")["now"], "2026-01-16T09:00:00Z");
}

#[test]
fn what_others_do_is_seen() {
    let desk = Desk::new();
    desk.jetbrains("demo-jba-organization-viewer");
    desk.open("/").wait_for("Live");
    desk.browser.sees("GET /token");
    desk.control("DELETE", "/requests", "");
    desk.browser.wait_for("No request yet.");
    desk.atlassian("/api-tokens/count");
    desk.browser.wait_for("1 of 1000 getApiTokenCountByOrgId counted");
    desk.control("POST", "/faults", r#"{"match":{"operation":"getLicenseUsage"},"then":{"status":503}}"#);
    desk.browser.wait_for("1 fault armed");
    desk.open("/controls").wait_for("Live");
    desk.control("PUT", "/rate-limits", r#"{"limit":7}"#);
    desk.browser.wait_for("7 per 60s");
    desk.control("POST", "/spaces", r#"{"name":"t9"}"#);
    desk.browser.wait_for("t9");
    desk.open("/?space=t9").wait_for("Live");
    desk.control("DELETE", "/spaces/t9", "");
    desk.browser.wait_for("Not live: space t9 was deleted");
}

#[test]
fn a_request_that_is_gone_is_said_to_be() {
    let desk = Desk::new();
    desk.jetbrains("demo-jba-organization-viewer");
    desk.open("/").wait_for("Live");
    desk.browser.click("GET /token");
    desk.browser.wait_for("Live");
    desk.control("DELETE", "/requests", "");
    desk.browser.wait_for("it was cleared, dropped to make room");
    desk.browser.click("Close");
    desk.browser.sees("No request yet.");
}

#[test]
fn a_token_survives_back_and_reload_without_another_one() {
    let desk = Desk::new();
    let browser = desk.open("/jetbrains-account?as=cleo@example.test");
    browser.click("Regenerate for cleo@example.test in the organization");
    browser.click("Regenerate");
    let token = desk.copied();
    let shown = || browser.run("return document.getElementById('token')?.textContent");
    browser.reload();
    assert_eq!(shown(), json!(token));
    browser.click("Close");
    assert_eq!(shown(), json!(null));
    browser.back();
    browser.wait("document.getElementById('token')");
    assert_eq!(shown(), json!(token));
    assert_eq!(desk.jetbrains(&token), 200, "neither made another one");
}

/// Reload and Back ask nothing, and do nothing a second time.
#[test]
fn what_was_pressed_can_be_loaded_again() {
    let mut desk = Desk::of(&["--control-token", "open sesame"]);
    let (address, browser) = (desk.server.address.clone(), Browser::open());
    browser.go(&format!("http://{address}/_emulator/ui/controls"));
    browser.write("Control token", "wrong");
    browser.click("Continue");
    browser.sees("The control token is wrong.");
    browser.reload();
    browser.sees("The control token is wrong.");
    browser.write("Control token", "open sesame");
    browser.click("Continue");
    browser.sees("2026-01-15 09:00:00");
    for (label, text, says) in [("By", "soon", "refused"), ("By", "1h", "2026-01-15 10:00:00")] {
        browser.write(label, text);
        browser.click("Advance");
        browser.sees(says);
        browser.reload();
        browser.wait_for(says);
    }
    browser.back();
    browser.wait_for("2026-01-15 10:00:00");
    assert_eq!(browser.run("return location.pathname"), "/_emulator/ui/controls");
    browser.go(&format!("http://{address}/_emulator/ui/controls"));
    browser.sees("2026-01-15 10:00:00");
    desk.server.child.kill().unwrap();
}

#[test]
fn over_tls_cookies_are_secure_and_copies_say_https() {
    let mut server =
        Server::of(locum(&["--listen", "127.0.0.1:0", "--tls", "auto", "--tls-listen", "127.0.0.1:0"]).args(FROZEN));
    let line = server.banner.lines().find(|line| line.starts_with("Over TLS")).unwrap();
    let address = line.rsplit("https://").next().unwrap().to_owned();
    let browser = Browser::open();
    browser.go(&format!("https://{address}/_emulator/ui/"));
    browser.wait_for("Live");
    browser.run("fetch('/api/v1/token')");
    browser.wait_for("GET /token");
    browser.click("GET /token");
    browser.click("As curl");
    browser.sees(&format!("'https://{address}/api/v1/token'"));
    let cookies = browser.cookies();
    let cookies = cookies.as_array().unwrap();
    assert!(!cookies.is_empty() && cookies.iter().all(|cookie| cookie["secure"] == true), "{cookies:?}");
    server.child.kill().unwrap();
}

#[test]
fn a_clock_that_runs_runs_on_the_page() {
    let desk = Desk { server: Server::start(&["--clock", "offset@2026-01-15T09:00:00Z"]), browser: Browser::open() };
    desk.open("/controls");
    let times = "[...document.querySelectorAll('[data-clock]')].map((it) => it.textContent)";
    let before = desk.browser.run(&format!("return {times}"));
    assert_eq!(before.as_array().unwrap().len(), 2, "{before}");
    desk.browser.wait(&format!("{times}.every((time, at) => time > {before}[at])"));
    assert!(desk.browser.run(&format!("return {times}"))[0].as_str().unwrap().starts_with("2026-01-15 09:0"));
}
