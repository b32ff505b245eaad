//! The vendors' administration steps, as forms, on both databases: what a page offers is what the rules allow.

use serde_json::json;

use super::{Reader, button, plain};
use crate::support::{Answer, FULL_KEY, Role, TestApp, apply, on_both_databases};

/// The token in the dialog.
fn token(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    page.text().split("id=\"token\">").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

const TOKENS: &str = "/organizations/6700001/jetbrains-account/tokens";

#[apply(on_both_databases)]
async fn a_token_is_shown_once(app: TestApp) {
    let mut reader = Reader::new(&app);
    let page = reader.open("/jetbrains-account?as=cleo@example.test").await;
    let shown = reader.click(&page, "Regenerate for cleo@example.test in the organization").await;
    let token = token(&shown);
    app.jetbrains_account_token(&token, "6700001").get("/token").await.expect_ok();
    app.jetbrains_account(Role::OrgViewer).get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    let page = reader.open("/jetbrains-account?as=cleo@example.test").await;
    assert!(!page.text().contains(&token));
    let removed = reader.click(&page, "Remove the token of cleo@example.test in the organization").await;
    let page = reader.follow(&removed).await;
    let done = "Removed the token of cleo@example.test in the organization";
    assert!(page.text().contains(done) && page.text().contains("You have no token here"), "{}", page.text());
    assert!(!reader.open("/jetbrains-account").await.text().contains(done), "said twice");
    app.jetbrains_account_token(&token, "6700001").get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    let shown = reader.click(&page, "Generate token for cleo@example.test in the organization").await;
    app.jetbrains_account_token(&self::token(&shown), "6700001").get("/token").await.expect_ok();
}

#[apply(on_both_databases)]
async fn pages_offer_what_the_rules_allow(app: TestApp) {
    let mut reader = Reader::new(&app);
    for (who, team, switches, removes, generates, sees_others) in [
        ("ann", "", true, true, false, true),
        ("bob", "2001", false, true, true, true),
        ("cleo", "", false, false, false, false),
        ("pia", "", false, false, false, false),
        ("dan", "2001", false, false, false, false),
    ] {
        let page = reader.open(&format!("/jetbrains-account?as={who}@example.test&team={team}")).await;
        assert_eq!(button(&page, "Disable API").is_some(), switches, "{who}");
        let (other, place) = if team.is_empty() { ("cleo", "organization") } else { ("dan", "team 2001") };
        if other != who {
            let of = format!("{other}@example.test in the {place}");
            assert_eq!(button(&page, &format!("Remove the token of {of}")).is_some(), removes, "{who}");
            assert_eq!(button(&page, &format!("Regenerate for {of}")).is_some(), generates, "{who}");
        }
        assert_eq!(page.text().contains("Other people"), sees_others, "{who}");
        let place = if team.is_empty() { "organization" } else { "team 2001" };
        assert!(button(&page, &format!("Regenerate for {who}@example.test in the {place}")).is_some(), "{who}");
    }
    let page = reader.open("/jetbrains-account?as=dan@example.test").await;
    assert!(plain(page.text()).contains("dan@example.test may not look at the organization"), "{}", page.text());
    assert!(!page.text().contains("ABCDE12345"));
}

#[apply(on_both_databases)]
async fn while_the_api_is_disabled_tokens_can_only_be_removed(app: TestApp) {
    let mut reader = Reader::new(&app);
    let page = reader.open("/jetbrains-account?as=ann@example.test").await;
    let disabled = reader.click(&page, "Disable API").await;
    reader.follow(&disabled).await;
    for (who, team, place) in [("ann", "", "organization"), ("bob", "2001", "team 2001")] {
        let page = reader.open(&format!("/jetbrains-account?as={who}@example.test&team={team}")).await;
        let of = format!("{who}@example.test in the {place}");
        assert!(button(&page, &format!("Remove the token of {of}")).is_some(), "{who}");
        assert!(!page.text().contains("Regenerate") && !page.text().contains("Generate token"), "{who}");
        assert!(page.text().contains("none can be generated"), "{who}");
    }
    let page = reader.open("/jetbrains-account?as=ann@example.test").await;
    let removed = reader.click(&page, "Remove the token of ann@example.test in the organization").await;
    let page = reader.follow(&removed).await;
    assert!(!page.text().contains("Generate token"), "a first one neither");
    let enabled = reader.click(&page, "Enable API").await;
    let page = reader.follow(&enabled).await;
    assert!(button(&page, "Generate token for ann@example.test in the organization").is_some());
}

#[apply(on_both_databases)]
async fn what_the_route_refuses_the_page_shows(app: TestApp) {
    let mut reader = Reader::new(&app);
    let page = reader.open("/jetbrains-account?as=bob@example.test&team=2001").await;
    let role = json!({"actor": "ann@example.test", "person": "bob@example.test", "role": "team_admin", "team": 2001});
    app.control().call("DELETE", "/organizations/6700001/jetbrains-account/roles", &role).await.expect_ok();
    let refused = reader.click(&page, "Remove the token of dan@example.test in the team 2001").await;
    assert_eq!(refused.status, 403);
    assert!(plain(refused.text()).contains("may not remove somebody else's token"), "{}", refused.text());
    app.jetbrains_account(Role::TeamViewer).get("/token").await.expect_ok();
}

#[apply(on_both_databases)]
async fn a_space_of_its_own_has_pages_of_its_own(app: TestApp) {
    let mut reader = Reader::new(&app);
    let made = app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let code = made["organizations"][0]["customer_code"].as_str().unwrap().to_owned();
    let page = reader.open("/jetbrains-account?space=t1").await;
    assert!(page.text().contains(&code) && !page.text().contains("6700001"));
    let done = reader.click(&page, "Disable API").await;
    let page = reader.follow(&done).await;
    assert!(page.text().contains(&code) && page.text().contains("Disabled"));
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    let page = reader.open("/controls?space=t1").await;
    let reset = reader.click(&page, "Reset to seed").await;
    assert!(reset.text().contains("Tokens are shown only once"), "{}", reset.text());
    let page = reader.open("/controls?space=t1").await;
    let gone = reader.click(&page, "Delete the space t1").await;
    assert_eq!(gone.header("location"), Some("/_emulator/ui/"), "{}", gone.text());
    app.control().get("/spaces/t1").await.expect_problem(404);
    app.control().post(TOKENS, json!({"actor": "ann@example.test", "person": "ann@example.test"})).await.expect_ok();
}

#[apply(on_both_databases)]
async fn lists_have_the_filters_and_counts_of_the_api(app: TestApp) {
    let mut reader = Reader::new(&app);
    for query in [
        "q=token-0000",
        "status=blocked",
        "status=allowed&pageSize=5",
        "sort=label",
        "createdAtSearchType=lt&createdAtUom=week&createdAtValue=20",
        "lastActiveAtSearchType=range&lastActiveAtFrom=2026-01-01T00:00:00Z",
    ] {
        let api = app.atlassian(FULL_KEY).get(&format!("/api-tokens?{query}")).await.expect_ok();
        let count = query
            .split('&')
            .filter(|it| !it.starts_with("sort") && !it.starts_with("pageSize"))
            .collect::<Vec<_>>()
            .join("&");
        let count = app.atlassian(FULL_KEY).get(&format!("/api-tokens/count?{count}")).await.expect_ok();
        let page = reader.open(&format!("/atlassian?{query}&createdAtRangeFrom=&lastActiveAtUom=")).await;
        assert!(page.text().contains(&format!(">{count} API token")), "{query}: {count}");
        let labels: Vec<&str> =
            api["data"].as_array().unwrap().iter().map(|it| it["label"].as_str().unwrap()).collect();
        let rows = page.text().split("<tbody>").nth(1).unwrap().split("<th scope=\"row\">").skip(1);
        let shown: Vec<&str> = rows.map(|row| row.split("</a>").next().unwrap().rsplit('>').next().unwrap()).collect();
        assert_eq!(shown, labels, "{query}");
    }
    for query in ["createdAtUom=day", "sort=nothing", "pageSize=2000", "createdAtSearchType=soon"] {
        let page = reader.open(&format!("/atlassian?{query}")).await;
        assert!(page.text().contains("role=\"alert\""), "{query}");
        assert_eq!(app.atlassian(FULL_KEY).get(&format!("/api-tokens?{query}")).await.status, 400, "{query}");
    }
    let page = reader.open("/atlassian?pageSize=25").await;
    let next = page
        .text()
        .split("href=\"")
        .map(|it| plain(it.split('"').next().unwrap()))
        .find(|it| it.contains("cursor="))
        .unwrap();
    let second = reader.open(next.strip_prefix("/_emulator/ui").unwrap()).await;
    assert!(second.text().contains("Previous page") && second.text().contains("254 API tokens"), "{next}");
}
