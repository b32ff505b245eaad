//! axe: what of a page keeps people away who do not see it, or use no mouse. Deque's rules, from npm.

use std::{fs, path::PathBuf, process::Command, sync::LazyLock};

use serde_json::json;

use crate::{Desk, driver::Browser, look::busy, server::locum};

/// axe, at the version that `tests/browser/axe` pins. Not in this repository, because it is larger than all pages.
static AXE: LazyLock<String> = LazyLock::new(|| {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("axe");
    let pinned = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/browser/axe");
    let (lock, script) = ("package-lock.json", folder.join("node_modules/axe-core/axe.min.js"));
    let wanted = fs::read(pinned.join(lock)).unwrap();
    if fs::read(folder.join(lock)).ok().as_ref() != Some(&wanted) || !script.exists() {
        fs::create_dir_all(&folder).unwrap();
        for name in ["package.json", lock] {
            fs::copy(pinned.join(name), folder.join(name)).unwrap();
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts"]).current_dir(&folder);
        let output = npm.output().expect("npm is there: `make test` installs it");
        assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::read_to_string(script).unwrap()
});

/// Runs axe over what is not left out, and gives each rule that is violated with the elements that do it.
const RUN: &str = r"
const [left, done] = arguments;
const says = (it) => `${it.id}: ${it.nodes.map((at) => at.html.slice(0, 160)).join(' | ')}`;
axe.run({ exclude: left }, { resultTypes: ['violations'] })
  .then((found) => done(found.violations.map(says)), (error) => done([String(error)]));
";

/// Holds the page against axe, dark and light, wide and narrow.
#[track_caller]
fn check(browser: &Browser, what: &str, left_out: &[&str]) {
    for width in [1280, 390] {
        browser.resize(width, 900);
        for scheme in ["light", "dark"] {
            browser.colors(scheme);
            browser.run(&AXE);
            let found = browser.run_until_done(RUN, &json!([left_out]));
            assert_eq!(found, json!([]), "{what}, {scheme}, {width} wide");
        }
    }
    browser.resize(1280, 900);
}

#[test]
fn axe_finds_nothing_on_locum_s_own_pages() {
    let desk = busy();
    let browser = &desk.browser;
    for path in [
        "/",
        "/?q=status:999",
        "/?q=nothing-fits-this",
        "/start",
        "/controls",
        "/coverage",
        "/requests/nothing",
        "/?space=nowhere",
    ] {
        desk.open(path);
        check(browser, path, &[]);
    }
    desk.status("/api/v1/token?nobody=reads", "X-Customer-Code: 6700001\r\nX-Api-Key: demo-jba-organization-admin");
    for search in ["status:503", "status:403", "is:ignored"] {
        desk.open(&format!("/?q={search}"));
        let open = browser
            .run("const first = document.querySelector('.requests tr[id] a'); first?.click(); return Boolean(first)");
        assert_eq!(open, true, "{search}");
        browser.wait("document.getElementById('opened')");
        browser.run("for (const it of document.querySelectorAll('details')) it.open = true");
        check(browser, &format!("the panel of {search}"), &[]);
    }
    let asked = desk.control("GET", "/requests?limit=1", "");
    desk.open(&format!("/requests/{}", asked["requests"][0]["id"].as_str().unwrap()));
    check(browser, "a request on its own", &[]);
}

#[test]
fn axe_finds_nothing_on_the_pages_of_the_services() {
    let desk = busy();
    let browser = &desk.browser;
    for path in [
        "/jetbrains-account",
        "/jetbrains-account?as=bob@example.test&team=2001",
        "/jetbrains-account?as=dan@example.test",
        "/jetbrains-account?productCode=nothing",
        "/license-vault",
        "/license-vault?as=bob@example.test",
        "/atlassian",
        "/atlassian?sort=nothing",
        "/atlassian?createdAtSearchType=lt&createdAtValue=20&createdAtUom=day",
        "/atlassian?tab=api-keys",
        "/atlassian?tab=service-accounts",
    ] {
        desk.open(path);
        check(browser, path, &[]);
    }
    desk.open("/license-vault");
    browser.click("Generate new token");
    check(browser, "a question", &[]);
    browser.click("Generate new token");
    check(browser, "a token", &[]);
    let empty = Desk::of(&["--seed", "none"]);
    for path in ["/", "/start", "/controls", "/jetbrains-account", "/license-vault", "/atlassian"] {
        empty.open(path);
        check(&empty.browser, &format!("{path} without data"), &[]);
    }
}

#[test]
fn axe_finds_nothing_at_the_login_in_a_report_and_around_the_documents() {
    let desk = Desk::of(&["--control-token", "open sesame"]);
    let browser = desk.open("/");
    check(browser, "the login", &[]);
    browser.write("Control token", "close sesame");
    browser.click("Continue");
    browser.sees("The control token is wrong.");
    check(browser, "a wrong login", &[]);
    browser.write("Control token", "open sesame");
    browser.click("Continue");
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("report.html");
    let ask = "curl -s \"$JETBRAINS_ACCOUNT_URL/token\"; curl -s \"$JETBRAINS_ACCOUNT_URL/nothing?a=b\"; exit 3";
    let run = locum(&["exec", "--report"]).arg(&report).args(["--", "sh", "-c", ask]).output().unwrap();
    assert_eq!(run.status.code(), Some(3), "{}", String::from_utf8_lossy(&run.stderr));
    browser.go(&format!("file://{}", report.display()));
    browser.run("for (const it of document.querySelectorAll('details')) it.open = true");
    check(browser, "a report", &[]);
    // What is within is Swagger UI's own.
    let desk = Desk::new();
    let browser = &desk.browser;
    for path in ["/_emulator/docs/index.html", "/api-doc/index.html"] {
        browser.go(&format!("http://{}{path}", desk.server.address));
        browser.wait("document.querySelector('.swagger-ui .opblock, .swagger-ui .info')");
        check(browser, path, &["#swagger-ui"]);
    }
}
