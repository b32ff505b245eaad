//! Service accounts (atlassian-api-access §7.18–§7.21).

use serde_json::{Value, json};

use crate::support::{Database, FULL_KEY, ORG, OTHER_ORG, OTHER_ORG_KEY, TestApp, apply, on_both_databases};

const RULES: &str = r#"[{"resource":"ari:cloud:jira::site/1","role":"atlassian/user"}]"#;

fn make_body(name: &str, more: &str) -> String {
    format!(r#"{{"displayName":{},"permissionRules":{RULES}{more}}}"#, Value::from(name))
}

#[apply(on_both_databases)]
async fn an_account_has_the_vendor_s_members(app: TestApp) {
    let list = app.atlassian(FULL_KEY).get("/service-accounts").await.expect_ok();
    let email = list["items"][0]["email"].as_str().unwrap();
    assert!(email.starts_with("build-bot-") && email.ends_with("@serviceaccount.atlassian.com"), "{email}");
    let make_account = |id: &str, name: &str, email: &Value, description: Option<&str>| {
        json!({
            "atlassianId": id,
            "id": id,
            "displayName": name,
            "status": "ACTIVE",
            "email": email,
            "picture": null,
            "container": format!("ari:cloud:platform::org/{ORG}"),
            "updatedAt": 1_768_467_600_000_i64,
            "createdById": null,
            "description": description,
        })
    };
    let items = [
        make_account("svc-1", "build-bot", &email.into(), Some("Builds and deploys")),
        make_account("svc-2", "report-bot", &list["items"][1]["email"], None),
    ];
    assert_eq!(list, json!({ "links": {}, "items": items, "total": 2 }));
}

#[apply(on_both_databases)]
async fn pages_are_linked_by_url(app: TestApp) {
    let accounts: Vec<String> = (3..=7).map(|n| format!("{{ id: svc-{n}, name: helper-{n} }}")).collect();
    app.seed_atlassian(&format!("      service_accounts: [{}]", accounts.join(", "))).await;
    let ids = |page: &Value| {
        page["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let behind = |link: &Value| {
        let link = link.as_str().unwrap();
        let base = format!("http://api.atlassian.com/admin/api-access/v1/orgs/{ORG}");
        link.strip_prefix(&base).unwrap_or_else(|| panic!("{link}")).to_owned()
    };
    let full = app.atlassian(FULL_KEY);
    let first = full.get("/service-accounts?limit=3").await.expect_ok();
    assert_eq!((ids(&first), &first["total"]), (vec!["svc-1".to_owned(), "svc-2".into(), "svc-3".into()], &7.into()));
    assert!(first["links"].get("prev").is_none(), "{first}");
    let second = full.get(&behind(&first["links"]["next"])).await.expect_ok();
    assert_eq!(ids(&second), ["svc-4", "svc-5", "svc-6"]);
    let third = full.get(&behind(&second["links"]["next"])).await.expect_ok();
    assert_eq!((ids(&third), third["links"].get("next")), (vec!["svc-7".to_owned()], None));
    assert_eq!(full.get(&behind(&third["links"]["prev"])).await.expect_ok(), second);
    assert_eq!(full.get(&behind(&second["links"]["prev"])).await.expect_ok()["items"], first["items"]);
    let here = full.with_header("host", "locum.test:8080").get("/service-accounts?limit=1").await.expect_ok();
    let next = here["links"]["next"].as_str().unwrap();
    assert!(
        next.starts_with(&format!("http://locum.test:8080/admin/api-access/v1/orgs/{ORG}/service-accounts?")),
        "{next}"
    );
    for wrong in ["limit=81", "limit=-1", "limit=x", "cursor=x", "cursor=-1"] {
        full.get(&format!("/service-accounts?{wrong}")).await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    }
}

#[apply(on_both_databases)]
async fn a_new_account_can_be_used_at_once(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let made = full
        .post(
            "/service-accounts",
            &make_body(
                "Deploy Bot",
                r#","description":"Deploys","additionalGroups":[{"directoryId":"d","groupId":"g"}]"#,
            ),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(
        made,
        json!({
            "atlassianId": id,
            "id": id,
            "displayName": "Deploy Bot",
            "status": "ACTIVE",
            "email": made["email"],
            "container": format!("ari:cloud:platform::org/{ORG}"),
            "updatedAt": 1_768_467_600_000_i64,
        })
    );
    assert!(id.starts_with("712020:"), "{id}");
    assert!(made["email"].as_str().unwrap().starts_with("deploy-bot-"), "{made}");
    let list = full.get("/service-accounts").await.expect_ok();
    assert_eq!(
        (&list["total"], &list["items"][2]["id"], &list["items"][2]["description"]),
        (&3.into(), &id.into(), &"Deploys".into())
    );
    let counts = full.post("/service-accounts/count", &json!([id]).to_string()).await.expect_ok();
    assert_eq!(counts["validServiceAccountIds"], json!([{ "serviceAccountId": id, "credentialsCount": 0 }]));
    let namesake = full.post("/service-accounts", &make_body("Deploy Bot", "")).await.json();
    assert_ne!((&namesake["id"], &namesake["email"]), (&made["id"], &made["email"]));
}

#[apply(on_both_databases)]
async fn names_and_descriptions_have_limits(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let long = |n: usize| format!(r#","description":"{}""#, "d".repeat(n));
    for name in ["sixsix", &"ü".repeat(30)] {
        assert_eq!(full.post("/service-accounts", &make_body(name, &long(255))).await.status, 201, "{name}");
    }
    for body in [
        make_body("five5", ""),
        make_body(&"x".repeat(31), ""),
        make_body("        ", ""),
        make_body("", ""),
        make_body("with\0zero", ""),
        make_body("long enough", &long(256)),
        make_body("long enough", r#","description":"a\u0000b""#),
        make_body("long enough", r#","additionalGroups":[{"groupId":"g"}]"#),
        r#"{"displayName":"long enough"}"#.to_owned(),
        r#"{"displayName":"long enough","permissionRules":[]}"#.to_owned(),
        r#"{"displayName":"long enough","permissionRules":[{"resource":"","role":"atlassian/user"}]}"#.to_owned(),
        r#"{"displayName":"long enough","permissionRules":[{"resource":"ari:cloud:jira::site/1","role":""}]}"#
            .to_owned(),
        r#"{"displayName":"long enough","permissionRules":[{"resource":"ari:cloud:jira::site/1"}]}"#.to_owned(),
        format!(r#"{{"permissionRules":{RULES}}}"#),
        String::new(),
        "[]".to_owned(),
    ] {
        full.post("/service-accounts", &body).await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    }
    for change in [r#""displayName":"five5""#, r#""displayName":"        ""#, &long(256)[1..]] {
        let body = format!(r#"{{"atlassianId":"svc-1",{change}}}"#);
        full.patch("/service-accounts", &body).await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    }
    assert_eq!(full.get("/service-accounts").await.expect_ok()["total"], 4);
    assert_eq!(full.get("/service-accounts").await.expect_ok()["items"][0]["displayName"], "build-bot");
}

#[apply(on_both_databases)]
async fn a_change_moves_updated_at_and_leaves_the_rest(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let before = full.get("/service-accounts").await.expect_ok()["items"][0].clone();
    app.advance_clock("90s").await;
    let renamed =
        full.patch("/service-accounts", r#"{"atlassianId":"svc-1","displayName":"better-bot"}"#).await.expect_ok();
    let mut expected = before.clone();
    expected["displayName"] = "better-bot".into();
    expected["updatedAt"] = (before["updatedAt"].as_i64().unwrap() + 90_000).into();
    assert_eq!(renamed, expected);
    app.advance_clock("1s").await;
    let described = full
        .patch("/service-accounts", r#"{"atlassianId":"svc-1","displayName":null,"description":"New"}"#)
        .await
        .expect_ok();
    assert_eq!((&described["displayName"], &described["description"]), (&"better-bot".into(), &"New".into()));
    let list = full.get("/service-accounts").await.expect_ok();
    assert_eq!(list["items"][0], described, "it stays where it was");
    assert_eq!(full.get("/service-accounts/svc-1/api-tokens").await.expect_ok()[0]["user"]["name"], "better-bot");
    for (body, status, code) in [
        (r#"{"atlassianId":"svc-9","description":"x"}"#, 404, "GENERIC_ERROR"),
        (r#"{"atlassianId":"a\u0000b"}"#, 404, "GENERIC_ERROR"),
        (r#"{"description":"x"}"#, 400, "INVALID_FIELD_FORMAT"),
        ("{}", 400, "INVALID_FIELD_FORMAT"),
        ("", 400, "INVALID_FIELD_FORMAT"),
    ] {
        full.patch("/service-accounts", body).await.expect_atlassian_error(status, code);
    }
    full.patch("/service-accounts/svc-1", "{}").await.expect_gateway_error(405, "Method Not Allowed");
}

#[apply(on_both_databases)]
async fn a_deleted_account_takes_its_tokens_and_clients_along(app: TestApp) {
    let full = app.atlassian(FULL_KEY);
    let other = app.atlassian(OTHER_ORG_KEY).in_organization(OTHER_ORG);
    other.delete("/service-accounts/svc-1").await.expect_atlassian_error(404, "GENERIC_ERROR");
    other
        .patch("/service-accounts", r#"{"atlassianId":"svc-1","description":"x"}"#)
        .await
        .expect_atlassian_error(404, "GENERIC_ERROR");
    full.delete("/service-accounts/svc-1").await.expect_empty(204);
    full.delete("/service-accounts/svc-1").await.expect_atlassian_error(404, "GENERIC_ERROR");
    full.delete("/service-accounts/a%00b").await.expect_atlassian_error(404, "GENERIC_ERROR");
    full.delete("/service-accounts/%ff").await.expect_atlassian_error(400, "INVALID_FIELD_FORMAT");
    let list = full.get("/service-accounts").await.expect_ok();
    assert_eq!((&list["total"], &list["items"][0]["id"]), (&1.into(), &"svc-2".into()));
    for what in ["api-tokens", "oauth-clients"] {
        assert_eq!(full.get(&format!("/service-accounts/{what}")).await.expect_ok(), json!([]));
        full.get(&format!("/service-accounts/svc-1/{what}")).await.expect_atlassian_error(404, "GENERIC_ERROR");
    }
    full.get("/oauth-clients/client-sync").await.expect_atlassian_error(404, "GENERIC_ERROR");
    assert_eq!(full.post("/oauth-clients/count", "").await.text(), r#"{"total":0}"#);
    let counts = full.post("/service-accounts/count", r#"["svc-1","svc-2"]"#).await;
    assert_eq!(
        counts.text(),
        concat!(
            r#"{"validServiceAccountIds":[{"serviceAccountId":"svc-2","credentialsCount":0}],"#,
            r#""invalidServiceAccountIds":["svc-1"]}"#
        )
    );
    assert_eq!(full.get("/api-tokens/count").await.text(), "254");
}

#[tokio::test]
async fn links_begin_with_the_public_url() {
    let app = TestApp::start_with(Database::Sqlite, &["--public-url", "https://admin.example.test"]).await;
    let list =
        app.atlassian(FULL_KEY).with_header("host", "locum.test").get("/service-accounts?limit=1").await.expect_ok();
    let next = list["links"]["next"].as_str().unwrap();
    assert!(next.starts_with("https://admin.example.test/admin/api-access/v1/orgs/"), "{next}");
}
