//! `/_emulator/requests/verify`: whether requests were made as expected.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, FULL_KEY, READER_KEY, Role, TestApp, apply, on_both_databases};

pub(super) async fn verify(app: &TestApp, question: Value) -> Answer {
    app.control().post("/requests/verify", &question).await
}

#[apply(on_both_databases)]
async fn counts(app: TestApp) {
    app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await;
    app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000002").await;
    let assigns = json!({"operation": "assignLicense"});
    for (count, found, is_true) in [
        (json!({}), "at least 1", true),
        (json!({"exactly": 2}), "exactly 2", true),
        (json!({"exactly": 1}), "exactly 1", false),
        (json!({"exactly": 3}), "exactly 3", false),
        (json!({"at_least": 2}), "at least 2", true),
        (json!({"at_least": 3}), "at least 3", false),
        (json!({"at_most": 2}), "at most 2", true),
        (json!({"at_most": 1}), "at most 1", false),
    ] {
        let answer = verify(&app, json!({"match": assigns, "count": count})).await;
        let said = if is_true { answer.expect_ok() } else { answer.expect_problem(409) };
        assert_eq!((&said["expected"], &said["found"]), (&found.into(), &2.into()), "{count}");
    }
    let one = json!({
        "path": "/api/v1/*",
        "method": "post",
        "status": 200,
        "body": {"licenseId": "FREE000002", "contact": {"lastName": "Stone"}},
    });
    verify(&app, json!({"match": one, "count": {"exactly": 1}})).await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?assigneeEmail=eve%40example.test").await.expect_ok();
    verify(&app, json!({"match": {"query": {"assigneeEmail": "eve@example.test"}}, "count": {"exactly": 1}}))
        .await
        .expect_ok();
}

#[apply(on_both_databases)]
async fn names_what_came_nearest(app: TestApp) {
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).assign_license("FREE000001").await;
    app.jetbrains_account(Role::OrgViewer).assign_license("FREE000002").await;
    let credential = "ann@example.test (organization)";
    let problem = verify(
        &app,
        json!({"match": {"operation": "assignLicense", "credential": credential, "body": {"licenseId": "FREE000009"}}}),
    )
    .await
    .expect_problem(409);
    assert_eq!(problem["detail"], "expected at least 1 such requests, found 0");
    let nearest = problem["nearest"].as_array().unwrap();
    let differences = |near: &Value| -> Vec<String> {
        near["differences"].as_array().unwrap().iter().map(|d| d["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(nearest.len(), 3);
    assert_eq!((differences(&nearest[0]), &nearest[0]["status"]), (vec!["body/licenseId".to_owned()], &200.into()));
    assert_eq!(
        nearest[0]["differences"][0],
        json!({"field": "body/licenseId", "expected": "\"FREE000009\"", "found": "\"FREE000001\""})
    );
    assert_eq!(differences(&nearest[1]), ["credential", "body/licenseId"]);
    assert_eq!(differences(&nearest[2]), ["operation", "body"]);
}

#[apply(on_both_databases)]
async fn waits_until_it_is_true(app: TestApp) {
    let question = json!({"match": {"operation": "getManagedEntityInfo"}, "count": {"exactly": 2}, "within": "30s"});
    let ask = async {
        app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
        app.jetbrains_account(Role::OrgViewer).get("/token").await.expect_ok();
    };
    let (answer, ()) =
        tokio::time::timeout(Duration::from_secs(20), async { tokio::join!(verify(&app, question), ask) })
            .await
            .expect("an answer as soon as it is true");
    assert_eq!(answer.expect_ok()["found"], 2);
    // What can become true no more is not waited for, nor what never will.
    let never = json!({"match": {"operation": "getManagedEntityInfo"}, "count": {"exactly": 1}, "within": "10m"});
    verify(&app, never).await.expect_problem(409);
    let late = json!({"match": {"operation": "getProducts"}, "within": "50ms"});
    assert_eq!(verify(&app, late).await.expect_problem(409)["found"], 0);
}

/// Of too many, those that were asked about; of too few, the others.
#[apply(on_both_databases)]
async fn shows_the_requests_that_are_too_many(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin);
    admin.get("/products").await.expect_ok();
    let mut asked = Vec::new();
    for _ in 0..4 {
        asked.insert(0, admin.get("/token").await.header("x-request-id").unwrap().to_owned());
    }
    for (count, expected) in [
        (json!({"at_most": 3}), &asked[..3]),
        (json!({"at_most": 0}), &asked[..3]),
        (json!({"exactly": 0}), &asked[..3]),
        (json!({"exactly": 3}), &asked[..3]),
    ] {
        for matcher in [json!({"operation": "getManagedEntityInfo"}), json!({"path": "/api/v1/token", "status": 200})] {
            let problem = verify(&app, json!({"match": matcher, "count": count})).await.expect_problem(409);
            let nearest = problem["nearest"].as_array().unwrap();
            let ids: Vec<&str> = nearest.iter().map(|near| near["id"].as_str().unwrap()).collect();
            assert_eq!(ids, expected, "{count}");
            assert!(nearest.iter().all(|near| near["differences"] == json!([])), "{problem}");
        }
    }
    for count in [json!({"exactly": 5}), json!({"at_least": 5})] {
        let problem = verify(&app, json!({"match": {"operation": "getManagedEntityInfo"}, "count": count})).await;
        let problem = problem.expect_problem(409);
        assert_eq!(problem["nearest"].as_array().unwrap().len(), 1, "{problem}");
        assert_eq!(problem["nearest"][0]["operation"], "getProducts", "{problem}");
    }
}

/// What no request can have is refused, unless the journal knows a request that has it all the same: to a path that is
/// none, or of a credential that is no more.
#[apply(on_both_databases)]
async fn what_no_request_can_be(app: TestApp) {
    for (matcher, pointer) in [
        (json!({"service": "license_vault", "operation": "assignLicense"}), "/match/operation"),
        (json!({"operation": "assignLicense", "method": "GET"}), "/match/method"),
        (json!({"operation": "assignLicense", "path": "/api/v1/token"}), "/match/path"),
    ] {
        let problem = verify(&app, json!({"match": matcher, "count": {"exactly": 0}})).await.expect_problem(422);
        assert_eq!(problem["pointer"], pointer, "{problem}");
        let detail = problem["detail"].as_str().unwrap();
        let what = "`assignLicense` is POST /api/v1/customer/licenses/assign of jetbrains_account";
        assert!(detail.contains(what), "{detail}");
    }
    let problem = app.control().get("/requests?service=license_vault&operation=assignLicense").await;
    assert_eq!(problem.expect_problem(422)["pointer"], "/operation");
    for (matcher, pointer) in [
        (json!({"path": "/api/v2/*"}), "/match/path"),
        (json!({"path": "/nope"}), "/match/path"),
        (json!({"path": "/api/v1/customer/{a}/{b}/{c}/{d}"}), "/match/path"),
        (json!({"path": "/api/v1/customer/licenses/F*1"}), "/match/path"),
        (json!({"service": "license_vault", "path": "/api/v1/token"}), "/match/path"),
        (json!({"credential": "nosuch"}), "/match/credential"),
        (json!({"service": "license_vault", "credential": "reader"}), "/match/credential"),
        (json!({"operation": "assignLicense", "credential": "reader"}), "/match/credential"),
    ] {
        let problem = verify(&app, json!({"match": matcher, "count": {"exactly": 0}})).await.expect_problem(422);
        assert_eq!(problem["pointer"], pointer, "{matcher}");
    }
    let reader = app.atlassian(READER_KEY);
    reader.get("/api-tokens/count").await.expect_ok();
    app.control().post("/credentials/reader/revoke", "").await.expect_ok();
    verify(&app, json!({"match": {"credential": "reader"}, "count": {"exactly": 1}})).await.expect_ok();
    app.client().get("/api/v2/token").await;
    verify(&app, json!({"match": {"path": "/api/v2/*"}, "count": {"exactly": 1}})).await.expect_ok();
    let spelt_otherwise = json!({"operation": "ASSIGN license", "method": "post", "path": "/api/v1/customer/*"});
    verify(&app, json!({"match": spelt_otherwise, "count": {"exactly": 0}})).await.expect_ok();
}
