//! License Vault → Settings (license-vault §3).

use crate::Desk;

#[test]
fn an_administrator_generates_a_new_token_deletes_it_and_generates_one() {
    let desk = Desk::new();
    let browser = desk.open("/license-vault");
    assert_eq!(desk.vault("demo-vault-token"), 200);
    assert!(!browser.has("Generate token"));
    browser.click("Generate new token");
    browser.sees("The present one stops working at once.");
    browser.click("Cancel");
    assert_eq!(desk.vault("demo-vault-token"), 200);
    browser.click("Generate new token");
    browser.click("Generate new token");
    let second = desk.copied();
    assert_eq!((desk.vault("demo-vault-token"), desk.vault(&second)), (401, 200));
    browser.click("Close");
    assert!(!browser.run("return document.documentElement.outerHTML").as_str().unwrap().contains(&second));
    browser.click("Delete token");
    browser.sees("Delete the token?");
    browser.click("Delete token");
    browser.sees("No token has been generated.");
    assert!(!browser.has("Delete token") && !browser.has("Generate new token"));
    assert_eq!(desk.vault(&second), 401);
    browser.click("Generate token");
    let third = desk.copied();
    assert_eq!(desk.vault(&third), 200);
}

#[test]
fn the_specification_is_linked_and_only_administrators_see_settings() {
    let desk = Desk::new();
    let browser = desk.open("/license-vault?as=bob@example.test");
    browser.sees("bob@example.test is no administrator of this vault");
    assert!(!browser.has("Generate new token") && !browser.has("API specification"));
    browser.write("Seen as", "Ann");
    browser.click("Show");
    browser.click("API specification");
    browser.wait_for("/public-api/licenses/usage");
    assert_eq!(browser.run("return location.pathname"), "/license-vault/example/swagger-ui/index.html");
}

#[test]
fn usage_users_and_denials_are_those_of_the_vault() {
    let desk = Desk::new();
    let start = |user: &str, product: &str| {
        let body = format!(r#"{{"user":"{user}","product":"{product}","host":"dev-7"}}"#);
        desk.control("POST", "/vaults/example/connections", &body)["granted"] == true
    };
    let browser = desk.open("/license-vault");
    let row = |of: &str| {
        let script = format!(
            "return [...document.querySelectorAll('tr')].find((tr) => tr.innerText.includes('{of}'))?.innerText ?? ''"
        );
        browser.run(&script).as_str().unwrap().to_owned()
    };
    assert!(row("IntelliJ IDEA Ultimate").contains("1 of 2"), "{}", row("IntelliJ IDEA Ultimate"));
    assert!(row("Paid plug-in").contains("eve@example.test"));
    assert!(start("dan@example.test", "II"));
    assert!(!start("zoe@example.test", "Some plug-in"));
    desk.open("/license-vault");
    assert!(row("IntelliJ IDEA Ultimate").contains("2 of 2"));
    assert!(row("dan@example.test").contains("II 2026.1 on dev-7"));
    assert!(row("Some plug-in").contains("Unable to find suitable license"));
}

#[test]
fn an_administrator_revokes_a_licence_and_what_runs_asks_again() {
    let desk = Desk::new();
    let bobs = || {
        let held = desk.control("GET", "/vaults/example/connections", "");
        held.as_array().unwrap().iter().find(|one| one["user"] == "bob@example.test").cloned()
    };
    let browser = desk.open("/license-vault?as=bob@example.test");
    assert!(!browser.has("Revoke II of bob@example.test"));
    let before = bobs().unwrap();
    let browser = desk.open("/license-vault");
    let revoke = || {
        browser.click("Revoke II of bob@example.test");
        browser.sees("What runs on it asks again at once.");
        browser.click("Revoke");
    };
    revoke();
    browser.sees("II 2026.1 on dev-1");
    let after = bobs().unwrap();
    assert_ne!(after["id"], before["id"]);
    assert_eq!(after["running"][0]["connection"], before["running"][0]["connection"]);
    let rules = "version: 1\norganizations:\n  - name: Example Corp\n    customer_code: \"6700001\"\n    \
                 license_vault: { name: example, rules: [{ users: [bob@example.test], products: [GO] }] }\n";
    desk.control("POST", "/seed", rules);
    revoke();
    browser.sees("denied");
    assert_eq!(bobs(), None);
}
