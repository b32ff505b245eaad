//! Keys, and where the focus is when something closes.

use crate::Desk;

/// What has the focus: the request of a row, or what it is called.
const FOCUSED: &str = "const it = document.activeElement; \
    return it.closest('tr[id]')?.id ?? it.id ?? it.tagName";

/// Waits until the page has its row in focus.
#[track_caller]
fn wait_at(desk: &Desk, row: &str) {
    desk.browser.wait(&format!("document.activeElement.closest('tr[id]')?.id === '{row}'"));
}

#[test]
fn keys_walk_the_list_open_close_copy_pause_and_explain() {
    let desk = Desk::new();
    for token in ["demo-jba-organization-viewer", "demo-jba-team-viewer", "demo-jba-organization-admin"] {
        desk.jetbrains(token);
    }
    let browser = desk.open("/");
    let press = |key: &str| browser.press(key);
    press("j");
    wait_at(&desk, "r3");
    press("j");
    press("j");
    wait_at(&desk, "r1");
    press("j");
    wait_at(&desk, "r1");
    press("k");
    wait_at(&desk, "r2");
    press("o");
    browser.wait("document.getElementById('opened') && document.readyState === 'complete'");
    browser.sees("dan@example.test (team 2001)");
    // Beside an open one they walk, too.
    press("j");
    browser.wait("document.querySelector('tr[aria-selected]')?.id === 'r1'");
    press("k");
    browser.wait("document.querySelector('tr[aria-selected]')?.id === 'r2'");
    press("c");
    browser.wait("document.querySelector('[data-copy=curl]').textContent === 'Copied'");
    assert!(browser.clipboard().contains("$JETBRAINS_ACCOUNT_API_KEY_DAN_EXAMPLE_TEST_TEAM_2001"));
    // Closed, the focus is where it was opened.
    press("o");
    browser.wait("!document.getElementById('opened')");
    wait_at(&desk, "r2");
    press("p");
    browser.sees("Paused");
    press("p");
    browser.wait_for("Live");
    press("?");
    browser.wait("document.getElementById('keys').open");
    browser.sees("copy as curl");
    press("?");
    browser.wait("!document.getElementById('keys').open");
    press("/");
    assert_eq!(browser.run(FOCUSED), "search");
    // Who writes, writes.
    press("jkop?");
    assert_eq!(browser.run("return document.activeElement.value"), "jkop?");
}

#[test]
fn the_focus_returns_to_the_row_of_what_was_done() {
    let desk = Desk::new();
    for _ in 0..60 {
        desk.jetbrains("demo-jba-organization-viewer");
    }
    let browser = desk.open("/");
    browser.run("document.querySelector('#r20 a').click()");
    browser.wait("document.getElementById('opened')");
    browser.click("← Requests");
    wait_at(&desk, "r20");
    let seen = "const it = document.getElementById('r20').getBoundingClientRect(); \
                return it.top >= 0 && it.bottom <= innerHeight";
    assert_eq!(browser.run(seen), true);
    // A button of a list far down.
    let browser = desk.open("/atlassian");
    let name = "document.querySelectorAll('tr[id] button')[17]";
    let scrolled = browser.run(&format!("{name}.scrollIntoView({{ block: 'center' }}); return Math.round(scrollY)"));
    assert!(scrolled.as_i64().unwrap() > 0, "{scrolled}");
    let called = browser.run(&format!("return {name}.getAttribute('aria-label')"));
    browser.click(called.as_str().unwrap());
    browser.click("Revoke");
    browser.wait_for("Revoked");
    let now = browser.run("return Math.round(scrollY)");
    assert!((now.as_i64().unwrap() - scrolled.as_i64().unwrap()).abs() < 60, "{scrolled} {now}");
    assert_ne!(browser.run("return document.activeElement.tagName"), "BODY");
}
