//! What an administrator takes away in Atlassian's pages.

use serde_json::{Value, json};

use crate::support::{Answer, FULL_KEY, ORG, READER_KEY, TestApp, apply, on_both_databases};

const BASE: &str = "/organizations/6700001/atlassian";

/// Gets what the API lists there.
async fn list(app: &TestApp, path: &str) -> Value {
    app.atlassian(FULL_KEY).get(&format!("/{path}")).await.expect_ok()
}

async fn take_away(app: &TestApp, path: &str) -> Answer {
    app.control().call("DELETE", &format!("{BASE}/{path}"), r#"{"actor":"ann@example.test"}"#).await
}

#[apply(on_both_databases)]
async fn what_is_taken_away_is_gone_from_the_api(app: TestApp) {
    let blocked = list(&app, "api-tokens?status=blocked").await["data"][0]["id"].clone();
    let path = format!("api-tokens/{}", blocked.as_str().unwrap());
    let (all, of_status) = (list(&app, "api-tokens/count").await, list(&app, "api-tokens/count?status=blocked").await);
    let left = take_away(&app, &path).await.expect_ok();
    assert_eq!((left["customer_code"].as_str(), left["org_id"].as_str()), (Some("6700001"), Some(ORG)));
    assert_eq!(left["api_tokens"], all.as_i64().unwrap() - 1);
    assert_eq!(list(&app, "api-tokens/count?status=blocked").await, of_status.as_i64().unwrap() - 1);
    take_away(&app, &path).await.expect_problem(404);
    assert_eq!(take_away(&app, "api-tokens").await.expect_ok()["api_tokens"], 0);
    take_away(&app, "api-tokens").await.expect_problem(404);
    assert_eq!(list(&app, "api-tokens").await["data"], json!([]));

    let keys = list(&app, "api-keys").await["data"].clone();
    let reader = keys.as_array().unwrap().iter().find(|key| key["label"] == "reader").unwrap()["id"].clone();
    let path = format!("api-keys/{}", reader.as_str().unwrap());
    assert_eq!(take_away(&app, &path).await.expect_ok()["api_keys"], keys.as_array().unwrap().len() - 1);
    assert_eq!(app.atlassian(READER_KEY).get("/api-tokens").await.status, 401);
    take_away(&app, &path).await.expect_problem(404);

    let accounts = list(&app, "service-accounts/api-tokens").await;
    let account = accounts[0]["user"]["id"].as_str().unwrap().to_owned();
    let clients = list(&app, "service-accounts/oauth-clients").await;
    let client = clients[0]["clientId"].as_str().unwrap();
    let left = take_away(&app, &format!("oauth-clients/{client}")).await.expect_ok();
    assert_eq!(left["oauth_clients"], clients.as_array().unwrap().len() - 1);
    take_away(&app, &format!("oauth-clients/{client}")).await.expect_problem(404);
    take_away(&app, &format!("service-accounts/{account}/api-tokens")).await.expect_ok();
    assert_eq!(list(&app, &format!("service-accounts/{account}/api-tokens")).await, json!([]));
    let before = list(&app, "service-accounts").await["total"].as_i64().unwrap();
    assert_eq!(
        take_away(&app, &format!("service-accounts/{account}")).await.expect_ok()["service_accounts"],
        before - 1
    );
    for path in [format!("service-accounts/{account}"), format!("service-accounts/{account}/api-tokens")] {
        take_away(&app, &path).await.expect_problem(404);
    }
}

#[apply(on_both_databases)]
async fn strangers_are_refused_and_other_organizations_and_spaces_stay_as_they_are(app: TestApp) {
    let made = app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let code = made["organizations"][0]["customer_code"].as_str().unwrap();
    let count = list(&app, "api-tokens/count").await;
    app.control()
        .call("DELETE", &format!("{BASE}/api-tokens"), r#"{"actor":"nobody@example.test"}"#)
        .await
        .expect_problem(403);
    app.control()
        .call("DELETE", &format!("{BASE}/api-tokens?space=t1"), r#"{"actor":"ann@example.test"}"#)
        .await
        .expect_problem(404);
    app.control()
        .call(
            "DELETE",
            &format!("/organizations/{code}/atlassian/api-tokens?space=t1"),
            r#"{"actor":"ann@example.test"}"#,
        )
        .await
        .expect_ok();
    let token = list(&app, "api-tokens").await["data"][0]["id"].clone();
    let other = format!("/organizations/{code}/atlassian/api-tokens/{}?space=t1", token.as_str().unwrap());
    app.control().call("DELETE", &other, r#"{"actor":"ann@example.test"}"#).await.expect_problem(404);
    assert_eq!(list(&app, "api-tokens/count").await, count);
}
