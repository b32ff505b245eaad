//! `/_emulator/spaces`: worlds of their own.

use serde_json::Value;
use tokio::task::JoinSet;

use crate::support::{Actor, TestApp};

async fn create(app: &TestApp, name: &str) -> Value {
    app.control("POST", "/spaces", &format!(r#"{{"name":"{name}"}}"#)).await.ok()
}

/// The organization admin of a space's first organization.
fn admin<'a>(app: &'a TestApp, space: &Value) -> Actor<'a> {
    let organization = &space["organizations"][0];
    let token = organization["jetbrains_account"]["tokens"][0]["token"].as_str().unwrap();
    app.actor(token, organization["customer_code"].as_str().unwrap())
}

crate::on_both! {
    async fn a_space_is_the_seed_with_keys_of_its_own(app: TestApp) {
        let space = create(&app, "t1").await;
        assert_eq!(space["space"], "t1");
        let organization = &space["organizations"][0];
        assert_ne!(organization["customer_code"], "6700001");
        assert_ne!(organization["org_id"], "8f2b0c1e-0000-4000-8000-000000000001");
        assert!(!space.to_string().contains("demo-"), "no token is spelled out: {space}");
        let count = async |actor: &Actor<'_>| actor.get("/customer/licenses").await.header("x-total-count").unwrap().to_owned();
        assert_eq!(count(&admin(&app, &space)).await, count(&app.org_admin()).await);
        // The other two services know it too.
        let key = organization["atlassian"]["api_keys"][0]["token"].as_str().unwrap();
        let path = format!("/admin/api-access/v1/orgs/{}/api-tokens/count", organization["org_id"].as_str().unwrap());
        let bearer = async |path: &str, token: &str| {
            let request = axum::http::Request::builder().uri(path).header("Authorization", format!("Bearer {token}"));
            app.send(request.body(axum::body::Body::empty()).unwrap()).await
        };
        assert_eq!(bearer(&path, key).await.ok(), 254);
        assert_eq!(bearer(&path, "demo-atlassian-key").await.status, 403);
        let vault = organization["license_vault"]["tokens"][0]["token"].as_str().unwrap();
        assert_eq!(bearer("/public-api/licenses/usage", vault).await.status, 200);
    }

    async fn spaces_do_not_see_each_other(app: TestApp) {
        let space = create(&app, "t1").await;
        let there = admin(&app, &space);
        assert_eq!(there.assign("FREE000001").await.status, 200);
        assert_eq!(app.org_admin().assign("FREE000001").await.status, 200, "the default space has its own");
        app.control("POST", "/spaces/t1/clock/advance", r#"{"by":"31d"}"#).await.ok();
        assert_eq!(app.control("GET", "/clock", "").await.ok()["now"], crate::support::NOW);
        assert_eq!(app.control("GET", "/clock?space=t1", "").await.ok()["now"], "2026-02-15T09:00:00Z");
        assert_eq!(there.post("/customer/licenses/revoke?licenseId=FREE000001", "").await.status, 200);
        assert_eq!(app.org_admin().post("/customer/licenses/revoke?licenseId=FREE000001", "").await.status, 400);
        app.control("PUT", "/rate-limits?space=t1", r#"{"limit":1}"#).await.ok();
        assert_eq!(app.control("GET", "/rate-limits", "").await.ok()["policies"][0]["limit"], 1000);
        // A reset keeps the space's own keys, and touches no other.
        let again = app.control("POST", "/spaces/t1/reset", "").await.ok();
        assert_eq!(again["organizations"][0]["customer_code"], space["organizations"][0]["customer_code"]);
        assert_eq!(admin(&app, &again).get("/customer/licenses?assigned=true").await.header("x-total-count"), Some("4"));
        assert_eq!(app.org_admin().get("/customer/licenses?assigned=true").await.header("x-total-count"), Some("5"));
        let codes = app.control("GET", "/spaces/t1", "").await.ok()["organizations"].clone();
        assert_eq!(codes[0], space["organizations"][0]["customer_code"]);
        let code = codes[0].as_str().unwrap();
        let body = r#"{"actor":"ann@example.test","enabled":false}"#;
        app.control("PUT", &format!("/organizations/{code}/jetbrains-account/api"), body).await.problem(404);
        app.control("PUT", &format!("/spaces/t1/organizations/{code}/jetbrains-account/api"), body).await.ok();
    }

    async fn deleting_one_kills_its_credentials(app: TestApp) {
        let space = create(&app, "t1").await;
        let there = admin(&app, &space);
        there.get("/token").await.ok();
        assert_eq!(app.control("DELETE", "/spaces/t1", "").await.ok()["name"], "t1");
        there.get("/token").await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
        app.control("GET", "/spaces/t1", "").await.problem(404);
        app.control("GET", "/clock?space=t1", "").await.problem(404);
        app.control("DELETE", "/spaces/t1", "").await.problem(404);
        app.org_admin().get("/token").await.ok();
        // The name is free again; the same id seed gives the same keys.
        let again = create(&app, "t1").await;
        admin(&app, &again).get("/token").await.ok();
        assert_eq!(app.control("GET", "/spaces", "").await.ok().as_array().unwrap().len(), 2);
    }

    async fn fifty_at_once(app: TestApp) {
        let app = std::sync::Arc::new(app);
        let mut making = JoinSet::new();
        for number in 0..50 {
            let app = std::sync::Arc::clone(&app);
            making.spawn(async move {
                let space = create(&app, &format!("t{number}")).await;
                let there = admin(&app, &space);
                for id in ["FREE000001", "FREE000002"].into_iter().take(1 + number % 2) {
                    assert_eq!(there.assign(id).await.status, 200);
                }
                let held = there.get("/customer/licenses?assigned=true").await.header("x-total-count").unwrap().to_owned();
                assert_eq!(held, (5 + number % 2).to_string());
                space["organizations"][0]["customer_code"].as_str().unwrap().to_owned()
            });
        }
        let mut codes = making.join_all().await;
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), 50);
        assert_eq!(app.org_admin().get("/customer/licenses?assigned=true").await.header("x-total-count"), Some("4"));
    }

    async fn bad_input(app: TestApp) {
        create(&app, "t1").await;
        app.control("POST", "/spaces", r#"{"name":"t1"}"#).await.problem(409);
        app.control("POST", "/spaces", r#"{"name":"default"}"#).await.problem(409);
        for name in ["", "a b", "a/b", "ä", "\\u0000", &"x".repeat(65)] {
            let problem = app.control("POST", "/spaces", &format!(r#"{{"name":"{name}"}}"#)).await.problem(400);
            assert_eq!(problem["pointer"], "/name");
        }
        for body in ["", "[]", "{}", r#"{"name":1}"#, r#"{"name":"x","y":1}"#] {
            app.control("POST", "/spaces", body).await.problem(400);
        }
        app.control("DELETE", "/spaces/default", "").await.problem(403);
        app.control("GET", "/spaces/default/clock?space=t1", "").await.problem(400);
        app.control("GET", "/spaces/nobody/clock", "").await.problem(404);
        app.control("GET", "/spaces/t1/nope", "").await.problem(404);
    }
}
