//! JetBrains Account → organization or team → Administration (jetbrains-account §14).

use crate::{Desk, driver::Browser};

#[test]
fn an_organization_admin_disables_and_enables_the_api() {
    let desk = Desk::new();
    let browser = desk.open("/jetbrains-account");
    browser.sees("Customer code 6700001");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 200);
    browser.click("Disable API");
    browser.sees("Disable the API?");
    browser.click("Cancel");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 200);
    browser.click("Disable API");
    browser.click("Disable API");
    browser.sees("Disabled");
    browser.sees("The API is disabled");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 403);
    browser.click("Enable API");
    browser.sees("Enabled");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 200, "the same token works again");
    for other in ["Bob", "Cleo", "Dan", "Pia"] {
        browser.write("Seen as", other);
        browser.click("Show");
        assert!(!browser.has("Disable API"), "{other}");
    }
}

#[test]
fn a_person_generates_regenerates_and_removes_the_own_token() {
    let desk = Desk::new();
    let browser = desk.open("/jetbrains-account?as=cleo@example.test");
    browser.click("Regenerate for cleo@example.test in the organization");
    browser.sees("Regenerate the token of cleo@example.test in the organization?");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 200, "only asked yet");
    browser.click("Regenerate");
    let second = desk.copied();
    assert_eq!((desk.jetbrains("demo-jba-organization-viewer"), desk.jetbrains(&second)), (401, 200));
    browser.click("Close");
    assert!(!browser.run("return document.documentElement.outerHTML").as_str().unwrap().contains(&second));
    assert!(!browser.run("return location.href").as_str().unwrap().contains(&second));
    browser.click("Remove the token of cleo@example.test in the organization");
    browser.click("Remove");
    browser.sees("You have no token here.");
    assert!(!browser.has("Remove the token of cleo@example.test in the organization"), "exists only after Generate");
    assert_eq!(desk.jetbrains(&second), 401);
    browser.click("Generate token for cleo@example.test in the organization");
    let third = desk.copied();
    assert_eq!(desk.jetbrains(&third), 200);
}

#[test]
fn an_organization_admin_removes_other_people_s_tokens_and_a_team_admin_the_team_s() {
    let desk = Desk::new();
    let browser = desk.open("/jetbrains-account");
    for (person, place, token) in
        [("pia", "organization", "demo-jba-primary-contact"), ("bob", "team 2001", "demo-jba-team-admin")]
    {
        assert_eq!(desk.jetbrains(token), 200);
        assert!(!browser.has(&format!("Regenerate for {person}@example.test in the {place}")));
        browser.click(&format!("Remove the token of {person}@example.test in the {place}"));
        browser.click("Remove");
        assert_eq!(desk.jetbrains(token), 401);
    }
    browser.write("Seen as", "Bob");
    browser.click("Show");
    browser.sees("may not look at the organization");
    browser.click("Platform");
    browser.click("Regenerate for dan@example.test in the team 2001");
    browser.click("Regenerate");
    let new = desk.copied();
    assert_eq!((desk.jetbrains("demo-jba-team-viewer"), desk.jetbrains(&new)), (401, 200));
}

#[test]
fn viewers_and_contacts_see_their_own_and_refusals_are_shown() {
    let desk = Desk::new();
    for who in ["cleo", "pia"] {
        let browser = desk.open(&format!("/jetbrains-account?as={who}@example.test"));
        browser.sees("Your token");
        assert!(!browser.text().contains("Other people"), "{who}");
        assert!(!browser.has("Remove the token of ann@example.test in the organization"), "{who}");
    }
    // The page is older than the rule.
    let browser = desk.open("/jetbrains-account?as=ann@example.test");
    let role = r#"{"actor":"ann@example.test","person":"ann@example.test","role":"organization_admin"}"#;
    desk.control("DELETE", "/organizations/6700001/jetbrains-account/roles", role);
    browser.click("Remove the token of pia@example.test in the organization");
    browser.click("Remove");
    browser.sees("Remove: refused");
    browser.sees("403 ann@example.test may not remove somebody else's token");
    assert_eq!(desk.jetbrains("demo-jba-primary-contact"), 200);
}

#[test]
fn tables_show_who_holds_what() {
    let desk = Desk::new();
    let browser = desk.open("/jetbrains-account");
    let row = |id: &str| {
        let script = format!(
            "return [...document.querySelectorAll('tr')].find((tr) => tr.innerText.includes('{id}')).innerText"
        );
        browser.run(&script).as_str().unwrap().to_owned()
    };
    assert!(row("ABCDE12345").contains("Ann Lee <ann@example.test>") && row("ABCDE12345").contains("Platform"));
    assert!(row("FREE000001").contains("free"));
    assert!(row("Mobile").contains("0 of 25"));
    let assign =
        r#"{"licenseId":"FREE000001","contact":{"firstName":"Eve","lastName":"Stone","email":"eve@example.test"}}"#;
    assert_eq!(desk.server.as_admin("POST", "/api/v1/customer/licenses/assign", assign).unwrap().0, 200);
    browser.click("Platform");
    assert!(row("FREE000001").contains("eve@example.test") && !browser.text().contains("SERVER0001"));
    browser.click("Mobile");
    browser.sees("25 licences");
}

#[test]
fn all_of_it_works_with_the_keyboard() {
    let desk = Desk::new();
    let browser = desk.open("/jetbrains-account?as=cleo@example.test");
    let (tab, enter, escape) = ("\u{e004}", "\u{e007}", "\u{e00c}");
    let go_to = |name: &str| {
        for _ in 0..60 {
            browser.press(tab);
            let focused = browser.run(
                "const it = document.activeElement; return it.getAttribute('aria-label') ?? it.textContent.trim()",
            );
            if focused == name {
                let outline = browser.run("return getComputedStyle(document.activeElement).outlineStyle");
                assert_eq!(outline, "solid", "{name} shows no focus");
                return;
            }
        }
        panic!("{name} cannot be reached");
    };
    browser.press(tab);
    assert_eq!(browser.run("return document.activeElement.textContent"), "Skip to content");
    go_to("Remove the token of cleo@example.test in the organization");
    browser.press(enter);
    browser.wait("document.querySelector('dialog')?.matches(':modal')");
    assert_eq!(browser.run("return document.activeElement.textContent"), "Cancel", "the harmless answer");
    browser.press(escape);
    browser.wait("!document.querySelector('dialog')");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 200);
    go_to("Remove the token of cleo@example.test in the organization");
    browser.press(enter);
    browser.wait("document.querySelector('dialog')?.matches(':modal')");
    go_to("Remove");
    browser.press(enter);
    browser.wait_for("You have no token here.");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 401);
}

#[test]
fn back_and_reload_send_no_form_once_more() {
    let desk = Desk::new();
    let is_asked = "document.querySelector('dialog')?.matches(':modal')";
    let browser = desk.open("/jetbrains-account?as=cleo@example.test");
    browser.click("Remove the token of cleo@example.test in the organization");
    browser.wait(is_asked);
    assert_eq!(browser.run("return location.pathname"), "/_emulator/ui/jetbrains-account");
    browser.reload();
    browser.wait(is_asked);
    browser.back();
    browser.wait("!document.querySelector('dialog')");
    browser.run("history.forward()");
    browser.wait(is_asked);
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 200);
    browser.click("Remove");
    browser.wait_for("You have no token here.");
    browser.back();
    browser.wait(is_asked);
    // It is asked once more, and there is nothing left to remove.
    browser.click("Remove");
    browser.wait("location.pathname === '/_emulator/ui/jetbrains-account'");
    browser.reload();
    browser.wait("document.readyState === 'complete'");
    assert_eq!(browser.run("return location.pathname"), "/_emulator/ui/jetbrains-account");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 401);
}

#[test]
fn it_works_without_javascript() {
    let desk = Desk::with(Browser::without_javascript());
    let browser = desk.open("/jetbrains-account?as=cleo@example.test");
    browser.click("Regenerate for cleo@example.test in the organization");
    browser.click("Regenerate");
    browser.sees("shown only once");
    assert!(!browser.text().contains("Copy\n"), "a button that does nothing");
    assert_eq!(desk.jetbrains("demo-jba-organization-viewer"), 401);
    browser.click("Close");
    browser.click("Remove the token of cleo@example.test in the organization");
    browser.click("Remove");
    browser.sees("You have no token here.");
}
