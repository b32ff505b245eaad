//! Locum → Controls: what a tester does about the clock, faults, limits, spaces and the seed.

use serde_json::json;

use crate::{Desk, driver::Browser};

#[test]
fn the_clock_is_frozen_moved_and_set_free() {
    let desk = Desk::new();
    let browser = desk.open("/controls");
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
    let browser = desk.open("/controls");
    browser.click("Inject a fault as JSON");
    browser.write("Rule", r#"{"match":{"operation":"getLicenseUsagx"},"then":{"status":503}}"#);
    browser.click("Inject");
    browser.sees("did you mean `getLicenseUsage`?");
    // It is mended where it was written.
    let text = "return document.activeElement.value";
    assert!(browser.run(text).as_str().unwrap().contains("getLicenseUsagx"));
    browser.write("Rule", r#"{"match":{"operation":"getLicenseUsage"},"then":{"status":503}}"#);
    browser.click("Inject");
    browser.wait_for("0 hits");
    browser.wait_for("Live");
    assert_eq!(desk.vault("demo-vault-token"), 503);
    browser.wait_for("1 hit");
    browser.click("Remove the fault for operation getLicenseUsage");
    browser.sees("Nothing is to go wrong.");
    assert_eq!(desk.vault("demo-vault-token"), 200);
}

#[test]
fn limits_are_bars_and_are_counted_anew() {
    let desk = Desk::new();
    desk.atlassian("/api-tokens/count");
    desk.atlassian("/api-tokens/count");
    let browser = desk.open("/controls");
    browser.sees("2/1000");
    assert_eq!(browser.run("return document.querySelector('meter').value"), 2);
    browser.click("Start counting over");
    assert!(!browser.text().contains("/1000"));
    assert_eq!(desk.control("GET", "/rate-limits", "")["windows"], json!([]));
}

#[test]
fn spaces_are_made_looked_at_and_deleted() {
    let desk = Desk::new();
    let browser = desk.open("/controls");
    browser.write("New space", "t1");
    browser.click("Create");
    browser.sees("Tokens are shown only once");
    browser.sees("export LOCUM_SPACE='t1'");
    let code = desk.control("GET", "/spaces/t1", "")["organizations"][0].as_str().unwrap().to_owned();
    let made = browser.run("return document.getElementById('made-exports').textContent");
    assert!(made.as_str().unwrap().contains(&format!("CUSTOMER_CODE='{code}'")), "{made}");
    browser.click("Close");
    browser.click("t1");
    browser.sees("space t1");
    browser.click("Controls");
    browser.click("+1 d");
    assert_eq!(desk.control("GET", "/clock", "")["now"], "2026-01-15T09:00:00Z", "the default space's stands");
    assert_eq!(desk.control("GET", "/clock?space=t1", "")["now"], "2026-01-16T09:00:00Z");
    browser.click("JetBrains Account");
    browser.sees(&code);
    browser.click("Controls");
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
    let browser = desk.open("/controls");
    browser.click("Reset to seed");
    browser.click("Cancel");
    assert_eq!(desk.jetbrains("demo-jba-organization-admin"), 401);
    browser.click("Reset to seed");
    browser.click("Reset to seed");
    browser.sees("Reset to seed: done");
    assert_eq!(desk.jetbrains("demo-jba-organization-admin"), 200);
}

/// With JavaScript and without: what was refused is where it was entered, and in sight.
#[test]
fn what_was_refused_is_mended_where_it_was_entered() {
    for browser in [Browser::open(), Browser::without_javascript()] {
        let desk = Desk::with(browser);
        let browser = desk.open("/controls");
        browser.write("YAML or JSON", "version: 1\norganizations:\n  - nam: x\n");
        browser.click("Add");
        browser.sees("Line 3: unknown key `nam`, did you mean `name`?");
        browser.wait("scrollY > 0");
        let seen = "const it = document.querySelector('.refused').getBoundingClientRect(); \
                    return it.top >= 0 && it.bottom <= innerHeight";
        assert_eq!(browser.run(seen), true);
        let text = browser.run("return document.querySelector('#seed-text textarea').value");
        assert_eq!(text, "version: 1\norganizations:\n  - nam: x\n");
        browser.write("YAML or JSON", "version: 1\norganizations:\n  - name: Second Corp\n");
        browser.click("Replace");
        browser.sees("Put this seed in the place of everything");
        browser.click("Cancel");
        browser.wait("!document.body.innerText.includes('in the place of everything')");
        let text = browser.run("return document.querySelector('#seed-text textarea').value");
        assert!(text.as_str().unwrap().contains("Second Corp"), "{text}");
        browser.click("Add");
        browser.sees("The seed was added");
        browser.write("By", "31x");
        browser.click("Advance");
        browser.sees("Advance: refused");
        browser.write("By", "31d");
        browser.click("Advance");
        browser.sees("2026-02-15 09:00:00");
    }
}

/// With JavaScript it is not sent; without, Back brings it back.
#[test]
fn what_is_too_large_to_send_is_not_lost() {
    const WRITE: &str = "document.querySelector('#seed-text textarea').value = 'version: 1\\n#' + 'x'.repeat(17 << 20)";
    const WRITTEN: &str = "return document.querySelector('#seed-text textarea').value.length";
    let length = json!(12 + (17 << 20));
    let desk = Desk::new();
    let browser = desk.open("/controls");
    browser.run(WRITE);
    browser.run("[...document.querySelectorAll('#seed-text button')].find((it) => it.innerText === 'Check').click()");
    let said = browser.run("return document.querySelector('#seed-text textarea').validationMessage");
    assert!(said.as_str().unwrap().starts_with("Nothing was sent: a form has at most 16 MiB"), "{said}");
    assert_eq!(browser.run(WRITTEN), length);
    assert_eq!(browser.run("return document.activeElement.tagName"), "TEXTAREA");
    browser.write("YAML or JSON", "version: 1\n");
    browser.click("Check");
    browser.sees("The seed is good");
    let desk = Desk::with(Browser::without_javascript());
    let browser = desk.open("/controls");
    browser.run(WRITE);
    browser.click("Check");
    browser.sees("Nothing was done: the form is larger than 16MiB");
    browser.back();
    assert_eq!(browser.run(WRITTEN), length);
}
