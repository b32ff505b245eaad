//! The pages of the documents: at the first click, something happens.

use serde_json::{Value, json};

use crate::{Browser, Desk, Server};

const CLOCK: [&str; 4] = ["--clock", "frozen@2026-01-15T09:00:00Z", "--id-seed", "7"];

/// What a form cannot do: it names what no seed has, needs another's credential, or is not emulated.
const EXCEPTIONS: [(&str, &str); 5] = [
    ("createUserAccount", "not emulated"),
    ("deleteUserAccount", "not emulated"),
    ("createOAuthClient", "takes a person's session in a cookie, which no page may send"),
    ("RevokeApiKey", "names a key by an id that is made by chance"),
    ("deleteApiToken", "names a token by an id that is made by chance"),
];

impl Desk {
    fn look(&self, path: &str) -> &Browser {
        self.browser.go("about:blank");
        self.browser.go(&format!("http://{}{path}", self.server.address));
        &self.browser
    }

    /// Presses the button of the operation that is open; gives the status of the answer.
    fn execute(&self, id: &str) -> String {
        let block = format!("document.querySelector('.opblock[id$=\"-{id}\"]')");
        self.browser.wait(&format!("{block}?.querySelector('button.execute')"));
        // Swagger UI does nothing any more, once it was told to send an operation that it still reads.
        let is_read = format!(
            "ui.specSelectors.specResolvedSubtree(['paths', {block}.querySelector('[data-path]').dataset.path, \
             {block}.querySelector('.opblock-summary-method').innerText.toLowerCase()])"
        );
        self.browser.wait(&is_read);
        self.browser.run(&format!("{block}.querySelector('button.execute').click()"));
        let status = format!("{block}.querySelector('.live-responses-table tbody .response-col_status')");
        self.browser.wait(&format!("{status} || {block}.querySelector('.errors, .invalid')"));
        self.browser.run(&format!("return {status}?.innerText ?? 'not sent'")).as_str().unwrap().to_owned()
    }

    fn title(&self) -> Value {
        self.browser.run("return document.title")
    }
}

#[test]
fn every_deep_link_opens_its_operation_which_works_at_the_first_click() {
    let desk = Desk::new();
    for (link, title, id) in [
        ("/api-doc#/Licenses/assignLicense", "JetBrains Account API", "assignLicense"),
        ("/openapi#/Token/getManagedEntityInfo", "JetBrains Account API", "getManagedEntityInfo"),
        ("/api-doc/index.html#/Licenses/getAllForTeam", "JetBrains Account API", "getAllForTeam"),
        ("/swagger-ui.html#/License%20Vault%20Public/getLicenseUsage", "License Vault API", "getLicenseUsage"),
        (
            "/license-vault/example/swagger-ui/index.html#/License%20Server/getLicensesReportJson",
            "License Vault API",
            "getLicensesReportJson",
        ),
        ("/_emulator/docs#/Clock/advanceClock", "Locum control API", "advanceClock"),
        ("/_emulator/docs#/Faults/injectFault", "Locum control API", "injectFault"),
        (
            "/_emulator/docs/index.html?urls.primaryName=Atlassian%20Admin%20API%20Access\
             #/API%20Token/getAllApiTokensByOrgId",
            "Atlassian Admin API Access",
            "getAllApiTokensByOrgId",
        ),
    ] {
        let browser = desk.look(link);
        assert_eq!(desk.execute(id), "200", "{link}: {}", browser.text());
        browser.wait(&format!("document.title === '{title} · Locum'"));
        browser.sees("Request duration");
        desk.control("POST", "/reset", "");
    }
}

/// Else the beginning is shown, as if nobody had asked for anything.
#[test]
fn a_link_to_what_a_document_has_not_says_so() {
    let desk = Desk::new();
    let says = "return document.querySelector('main > [role=alert]:not([hidden])')?.innerText ?? ''";
    for (link, told) in [
        ("/_emulator/docs#/tag/nope", "This document has no operation nope under tag. Other documents are in the list"),
        ("/_emulator/docs#/Clock/nope", "This document has no operation nope under Clock."),
        ("/_emulator/docs#/nope", "This document has no section nope."),
        ("/_emulator/docs#/clock", "This document has no section clock. Perhaps meant: Clock."),
        ("/_emulator/docs#/Faults/advanceClock", "Perhaps meant: Clock: advanceClock."),
        ("/_emulator/docs#/%FF/%3Cb%3E", "This document has no operation <b> under %FF."),
        (
            "/api-doc#/Licences/assignLicense",
            "no operation assignLicense under Licences. Perhaps meant: Licenses: assignL",
        ),
        ("/_emulator/docs#/Clock", ""),
        ("/_emulator/docs#/", ""),
        ("/_emulator/docs#/Rate%20limits/putRateLimits", ""),
        ("/_emulator/docs#/Rate_limits/putRateLimits", ""),
    ] {
        let browser = desk.look(link);
        browser.wait("document.querySelectorAll('.opblock-tag').length > 1 && document.title.endsWith('Locum')");
        let said = browser.run(says);
        let said = said.as_str().unwrap();
        assert!(if told.is_empty() { said.is_empty() } else { said.contains(told) }, "{link}: {said}");
    }
    let browser = desk.look("/_emulator/docs#/clock/advanceClock");
    browser.wait("document.querySelector('main > [role=alert] a')");
    browser.run("document.querySelector('main > [role=alert] a').click()");
    assert_eq!(desk.execute("advanceClock"), "200");
    assert_eq!(browser.run(says), "");
    // Also within a page that is shown already.
    browser.run("location.hash = '#/Clock/nope'");
    browser.wait("document.querySelector('main > [role=alert]:not([hidden])')");
}

/// Of what a browser loads, and of what it asks for besides, a tester wants to know nothing.
#[test]
fn who_only_reads_is_in_no_journal() {
    let desk = Desk::new();
    for page in ["/api-doc", "/swagger-ui.html", "/license-vault/example/swagger-ui.html", "/_emulator/docs"] {
        desk.look(page).wait("document.querySelectorAll('.opblock').length > 9");
    }
    // Beside a text, a browser asks for an icon of its own accord.
    desk.look("/_emulator/openapi.json").wait_for("Locum control API");
    let journal = desk.control("GET", "/requests", "");
    assert_eq!(journal["requests"], json!([]));
}

#[test]
fn no_document_writes_an_error_into_the_console() {
    let server = Server::start(&CLOCK);
    let browser = Browser::that_keeps_errors();
    for document in [
        "Locum%20control%20API",
        "JetBrains%20Account%20API",
        "License%20Vault%20API",
        "Atlassian%20Admin%20API%20Access",
    ] {
        browser.go(&format!("http://{}/_emulator/docs/index.html?urls.primaryName={document}", server.address));
        browser.wait("document.querySelectorAll('.opblock').length > 9 && document.title.endsWith('Locum')");
        // What is filled in is filled in before this.
        browser.wait("ui.authSelectors.authorized()");
        assert_eq!(browser.errors(), json!([]), "{document}");
    }
}

#[test]
fn every_operation_of_the_services_works_at_the_first_click() {
    let desk = Desk::new();
    let mut wrong = Vec::new();
    for document in ["JetBrains%20Account%20API", "License%20Vault%20API", "Atlassian%20Admin%20API%20Access"] {
        let browser = desk.look(&format!("/_emulator/docs/index.html?urls.primaryName={document}"));
        browser.wait("document.querySelectorAll('.opblock').length > 9");
        let ids = browser.run("return [...document.querySelectorAll('.opblock')].map((it) => it.id)");
        for id in ids.as_array().unwrap() {
            let id = id.as_str().unwrap();
            desk.control("POST", "/reset", "");
            let click = format!("document.getElementById({id:?}).querySelector('.opblock-summary-control').click()");
            browser.run(&click);
            let name = id.rsplit('-').next().unwrap();
            let status = desk.execute(name);
            browser.run(&click);
            let is_exception = EXCEPTIONS.iter().any(|(known, _)| *known == name);
            if status.starts_with('2') == is_exception {
                wrong.push(format!("{name}: {status}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_was_typed_in_is_kept_and_what_was_filled_in_is_not() {
    let desk = Desk::new();
    let link = "/_emulator/docs/index.html?urls.primaryName=JetBrains%20Account%20API#/Token/getManagedEntityInfo";
    let browser = desk.look(link);
    assert_eq!(desk.execute("getManagedEntityInfo"), "200");
    let kept = || browser.run("return JSON.stringify(Object.entries(localStorage))").as_str().unwrap().to_owned();
    assert!(!kept().contains("demo-"), "{}", kept());
    let type_in = "ui.authActions.authorizeWithPersistOption({ apiKey: { name: 'apiKey', \
                   value: 'demo-jba-team-viewer', schema: { type: 'apiKey', in: 'header', name: 'X-Api-Key' } } })";
    browser.run(type_in);
    assert!(kept().contains("demo-jba-team-viewer") && !kept().contains("6700001"), "{}", kept());
    // In another document, the same name is another credential's.
    let other = "?urls.primaryName=Atlassian%20Admin%20API%20Access#/API%20Token/getApiTokenCountByOrgId";
    desk.look(&format!("/_emulator/docs/index.html{other}"));
    assert_eq!(desk.execute("getApiTokenCountByOrgId"), "200");
    desk.look(link);
    assert_eq!(desk.execute("getManagedEntityInfo"), "200");
    let journal = desk.control("GET", "/requests", "");
    let callers: Vec<&str> =
        journal["requests"].as_array().unwrap().iter().map(|one| one["credential"].as_str().unwrap()).collect();
    assert_eq!(callers, ["dan@example.test (team 2001)", "full", "ann@example.test (organization)"]);
}

#[test]
fn behind_a_control_token_the_login_leads_to_the_operation_that_was_asked_for() {
    let server = Server::start(&[&CLOCK[..], &["--control-token", "open sesame"]].concat());
    let desk = Desk { server, browser: Browser::open() };
    let browser = desk.look("/_emulator/docs/index.html?urls.primaryName=Locum%20control%20API#/Clock/advanceClock");
    browser.write("Control token", "wrong");
    browser.click("Continue");
    browser.write("Control token", "open sesame");
    browser.click("Continue");
    assert_eq!(desk.execute("advanceClock"), "200", "{}", browser.text());
    assert_eq!(desk.title(), "Locum control API · Locum");
    // What is shown to be copied has nothing of the session.
    let curl = browser.run("return document.querySelector('.curl-command')?.innerText ?? ''");
    assert!(curl.as_str().unwrap().contains("curl") && !curl.as_str().unwrap().to_lowercase().contains("x-locum"));
    let page = desk.look("/_emulator/ui/");
    page.sees("clock +30 d");
    desk.look("/api-doc#/Token/getManagedEntityInfo");
    assert_eq!(desk.execute("getManagedEntityInfo"), "200", "the session has the credentials filled in");
    // Somebody else's browser is told nothing.
    let stranger = Desk { server: desk.server, browser: Browser::open() };
    stranger.look("/api-doc#/Token/getManagedEntityInfo");
    assert_eq!(stranger.execute("getManagedEntityInfo"), "401");
}
