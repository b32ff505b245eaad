//! One account's API tokens, as the User management API has them (atlassian-api-access §9.1).

use serde_json::json;

use super::list_members;
use crate::support::{
    Answer, Client, EXPIRED_KEY, FULL_KEY, OTHER_ORG_KEY, READER_KEY, TestApp, apply, on_both_databases,
};

fn of_users(app: &TestApp, key: &str) -> Client {
    app.client().with_header("Authorization", &format!("Bearer {key}")).below("/users")
}

/// The account of the user with this token.
async fn find_account(app: &TestApp, label: &str) -> (String, String) {
    let tokens = app.atlassian(FULL_KEY).get(&format!("/api-tokens?q={label}")).await.expect_ok();
    let text = |pointer: &str| tokens.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    (text("/data/0/user/id"), text("/data/0/id"))
}

#[apply(on_both_databases)]
async fn an_account_s_tokens_are_listed_newest_first(app: TestApp) {
    let full = of_users(&app, FULL_KEY);
    let (bob, laptop) = find_account(&app, "laptop").await;
    let tokens = full.get(&format!("/{bob}/manage/api-tokens")).await;
    let labels: Vec<String> = tokens.list_member("label").into_iter().filter(|it| !it.starts_with("token-")).collect();
    assert_eq!(labels, ["laptop", "old script"]);
    let tokens = tokens.expect_ok();
    let find = |label: &str| tokens.as_array().unwrap().iter().find(|token| token["label"] == label).unwrap().clone();
    assert_eq!(
        find("laptop"),
        json!({
            "id": laptop,
            "label": "laptop",
            "createdAt": "2025-12-06T09:00:00.000Z",
            "lastAccess": "2026-01-14T09:00:00.000Z",
            "expiry": "2026-12-06T09:00:00.000Z",
        })
    );
    assert_eq!(list_members(&find("old script")), ["createdAt", "id", "label", "lastAccess"]);
    let (cleo, _) = find_account(&app, "never%20used").await;
    let hers = full.get(&format!("/{cleo}/manage/api-tokens")).await.expect_ok();
    assert!(hers.as_array().unwrap().iter().any(|token| list_members(token) == ["createdAt", "expiry", "id", "label"]));
    // Somebody without any, and a service account, whose expired ones are listed as elsewhere.
    full.get("/712020:ann/manage/api-tokens").await.expect_ok();
    let of_robot = full.get("/svc-1/manage/api-tokens").await.list_member("label");
    assert_eq!(of_robot, ["ci", "last year's"]);
    assert_eq!(full.get("/svc-2/manage/api-tokens").await.text(), "[]");
}

#[apply(on_both_databases)]
async fn one_token_is_revoked(app: TestApp) {
    let (full, of_users) = (app.atlassian(FULL_KEY), of_users(&app, FULL_KEY));
    let ((bob, laptop), (dan, _)) = (find_account(&app, "laptop").await, find_account(&app, "blocked").await);
    let path = |account: &str, token: &str| format!("/{account}/manage/api-tokens/{token}");
    // Somebody else's is none of the account's.
    of_users.delete(&path(&dan, &laptop)).await.expect_gateway_error(404, "Not Found");
    assert_eq!(full.get("/api-tokens/count").await.text(), "254");
    let deleted = of_users.delete(&path(&bob.replace(':', "%3A"), &laptop)).await;
    deleted.expect_empty(204);
    assert_eq!(deleted.header("x-ratelimit-limit"), None, "no rate headers are documented");
    assert_eq!(full.get("/api-tokens/count").await.text(), "253");
    assert_eq!(full.get("/api-tokens?q=laptop").await.expect_ok()["data"], json!([]));
    of_users.delete(&path(&bob, &laptop)).await.expect_gateway_error(404, "Not Found");

    let ci = full.get("/service-accounts/svc-1/api-tokens?tokenLabel=ci").await.list_member("id").remove(0);
    of_users.delete(&path("svc-2", &ci)).await.expect_gateway_error(404, "Not Found");
    of_users.delete(&path("svc-1", &ci)).await.expect_empty(204);
    assert_eq!(full.get("/service-accounts/svc-1/api-tokens").await.list_member("label"), ["last year's"]);
}

#[apply(on_both_databases)]
async fn an_expired_token_is_gone_here_too(app: TestApp) {
    let full = of_users(&app, FULL_KEY);
    let (bob, laptop) = find_account(&app, "laptop").await;
    app.advance_clock("325d").await;
    let labels = full.get(&format!("/{bob}/manage/api-tokens")).await.list_member("label");
    assert!(!labels.contains(&"laptop".to_owned()), "{labels:?}");
    full.delete(&format!("/{bob}/manage/api-tokens/{laptop}")).await.expect_gateway_error(404, "Not Found");
}

#[apply(on_both_databases)]
async fn only_a_key_without_scopes_is_let_in(app: TestApp) {
    let (bob, laptop) = find_account(&app, "laptop").await;
    let both = async |client: &Client| -> [Answer; 2] {
        let list = client.get(&format!("/{bob}/manage/api-tokens")).await;
        [list, client.delete(&format!("/{bob}/manage/api-tokens/{laptop}")).await]
    };
    let session = app.sign_in_to_atlassian("ann@example.test").await;
    for bad in [
        of_users(&app, "nonsense"),
        of_users(&app, EXPIRED_KEY),
        app.client().below("/users"),
        app.client().with_header("Authorization", "Basic YW5uOngK").below("/users"),
        session.below("/users"),
    ] {
        for answer in both(&bad).await {
            answer.expect_gateway_error(401, "Unauthorized");
        }
    }
    for answer in both(&of_users(&app, READER_KEY)).await {
        answer.expect_gateway_error(403, "Forbidden");
    }
    for answer in both(&of_users(&app, OTHER_ORG_KEY)).await {
        answer.expect_gateway_error(404, "Not Found");
    }
    let full = of_users(&app, FULL_KEY);
    for account in ["nobody", "712020:nobody", "%00", "%FF", "%20"] {
        full.get(&format!("/{account}/manage/api-tokens")).await.expect_gateway_error(404, "Not Found");
        full.delete(&format!("/{account}/manage/api-tokens/x")).await.expect_gateway_error(404, "Not Found");
    }
    for path in ["", "/manage", "/manage/profile", "/manage/api-tokens/x/y"] {
        let answer = full.get(&format!("/{bob}{path}")).await;
        answer.expect_gateway_error(404, "Request failed to match any route");
    }
    let answer = full.call("PUT", &format!("/{bob}/manage/api-tokens"), "").await;
    assert_eq!((answer.status.as_u16(), answer.header("allow").is_some()), (405, true));
    assert_eq!(app.atlassian(FULL_KEY).get("/api-tokens/count").await.text(), "254", "nothing was revoked");
}

#[apply(on_both_databases)]
async fn faults_and_the_journal_know_it(app: TestApp) {
    let (bob, _) = find_account(&app, "laptop").await;
    let full = of_users(&app, FULL_KEY);
    for (status, message) in [(403, "Forbidden"), (404, "Not Found"), (500, "Internal Server Error")] {
        let rule = json!({"match": {"operation": "getapitokens"}, "then": {"status": status}, "times": 1});
        let rule = app.control().post("/faults", rule).await.expect_ok();
        assert_eq!(rule["match"]["operation"], "getApiTokens");
        let answer = full.without_document_check().get(&format!("/{bob}/manage/api-tokens")).await;
        answer.expect_gateway_error(status, message);
    }
    full.get(&format!("/{bob}/manage/api-tokens")).await.expect_ok();
    let entries = app.control().get("/requests?operation=getApiTokens&status=200").await.expect_ok();
    assert_eq!(entries["requests"][0]["service"], "atlassian");
}
