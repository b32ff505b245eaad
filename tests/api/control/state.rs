//! `/_emulator/state` and `/_emulator/snapshots`: states of a space, out and in.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{Answer, FULL_KEY, NOW, Role, TestApp, apply, on_both_databases};

async fn export(app: &TestApp) -> Value {
    app.control().get("/state").await.expect_ok()
}

async fn import(app: &TestApp, state: &Value) -> Answer {
    app.control().put("/state", state).await
}

#[apply(on_both_databases)]
async fn an_import_is_the_world_that_was_exported(app: TestApp) {
    app.populate_everything().await;
    app.advance_clock("1h").await;
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    let exported = export(&app).await;
    assert_eq!((&exported["format"], &exported["space"]), (&1.into(), &"default".into()));
    assert_eq!(exported["clock"], json!({"mode": "frozen", "now": "2026-03-01T11:00:00.123456Z"}));
    for plain in ["demo-", "rich-jba", "rich-vault", "rich-key", "a key for tests"] {
        assert!(!exported.to_string().contains(plain), "{plain} comes out");
    }
    let limits = app.control().get("/rate-limits").await.expect_ok();
    assert_ne!(limits["windows"], json!([]));
    app.control().post("/reset", "").await.expect_ok();
    assert_ne!(export(&app).await, exported);
    let answer = import(&app, &exported).await.expect_ok();
    assert_eq!(answer["name"], "default");
    assert_eq!(answer["organizations"], json!(["6700001", "6700002", "6700009"]));
    assert_eq!(export(&app).await, exported);
    app.jetbrains_account_token("rich-jba", "6700009").get("/token").await.expect_ok();
    let again = app.control().get("/rate-limits").await.expect_ok();
    assert_eq!((&again["policies"], &again["windows"]), (&limits["policies"], &json!([])), "counts start over");
    // The fault had let its one request through.
    app.jetbrains_account(Role::OrgAdmin)
        .without_document_check()
        .get("/products")
        .await
        .expect_jetbrains_error_page(503);
    app.control().delete("/faults").await.expect_ok();
    // Twice the same state is twice the same future.
    let next = async || {
        import(&app, &exported).await.expect_ok();
        app.jetbrains_account(Role::TeamViewer).post("/token/rotate", "").await.text().to_owned()
    };
    assert_eq!(next().await, next().await);
}

#[apply(on_both_databases)]
async fn an_offset_clock_runs_on(app: TestApp) {
    app.control().put("/clock", r#"{"mode":"offset","now":"2030-01-01T00:00:00Z"}"#).await.expect_ok();
    let exported = export(&app).await;
    app.control().post("/reset", "").await.expect_ok();
    import(&app, &exported).await.expect_ok();
    let clock = app.control().get("/clock").await.expect_ok();
    assert_eq!(clock["mode"], "offset");
    assert!(clock["now"].as_str().unwrap().starts_with("2030-01-01T00:"), "{clock}");
    assert_eq!(export(&app).await["clock"], exported["clock"]);
}

#[apply(on_both_databases)]
async fn into_another_space(app: TestApp) {
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    app.control().post("/spaces", r#"{"name":"t2"}"#).await.expect_ok();
    let before = [export(&app).await, app.control().get("/state?space=t1").await.expect_ok()];
    let taken = app.control().put("/spaces/t1/state", &before[0]).await.expect_problem(409);
    assert!(taken["detail"].as_str().unwrap().contains("space `default`"), "{taken}");
    assert_eq!([export(&app).await, app.control().get("/state?space=t1").await.expect_ok()], before);
    app.control().delete("/spaces/t1").await.expect_ok();
    let moved = app.control().put("/spaces/t2/state", &before[1]).await.expect_ok();
    assert_eq!(moved["name"], "t2");
    let there = app.control().get("/spaces/t2/state").await.expect_ok();
    assert_eq!(there["tables"], before[1]["tables"]);
    assert_eq!(export(&app).await, before[0], "no other space is touched");
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
    app.control().get("/state?space=nobody").await.expect_problem(404);
    app.control().put("/state?space=nobody", &before[1]).await.expect_problem(404);
}

#[apply(on_both_databases)]
async fn what_is_refused_changes_nothing(app: TestApp) {
    app.populate_everything().await;
    let good = export(&app).await;
    let with = |pointer: &str, value: Value| {
        let mut state = good.clone();
        *state.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
        state
    };
    let mut newer = json!({"format": 2, "worlds": []});
    let problem = import(&app, &newer).await.expect_problem(422);
    assert_eq!(problem["pointer"], "/format");
    newer["format"] = u64::MAX.into();
    import(&app, &newer).await.expect_problem(422);
    let other_key = import(&app, &with("/key_check", "00".into())).await.expect_problem(409);
    assert!(other_key["detail"].as_str().unwrap().contains("--server-key"), "{other_key}");
    let first = good["tables"]["credential"][0].clone();
    for (pointer, value, at) in [
        ("/format", json!(0), "/format"),
        ("/format", json!("1"), "/format"),
        ("/space", json!(1), "/space"),
        ("/key_check", json!(null), "/key_check"),
        ("/writes", json!(-1), "/writes"),
        ("/writes", json!(i64::MAX), "/writes"),
        ("/clock", json!({"mode": "stopped"}), "/clock"),
        ("/clock", json!({"mode": "frozen"}), "/clock"),
        ("/clock", json!({"mode": "frozen", "now": "noon"}), "/clock/now"),
        ("/clock", json!({"mode": "offset", "micros": i64::MIN}), "/clock/micros"),
        ("/tables", json!([]), "/tables"),
        ("/tables/team", json!({}), "/tables/team"),
        ("/tables/team/0", json!([]), "/tables/team/0"),
        ("/tables/team/0/id", json!("2001"), "/tables/team/0/id"),
        ("/tables/team/0/id", json!(1_i64 << 40), "/tables/team/0/id"),
        ("/tables/team/0/name", json!(null), "/tables/team/0/name"),
        ("/tables/team/0/name", json!("\u{0}"), "/tables/team/0/name"),
        ("/tables/team/0/organization_id", json!(99), "/tables/team/0/organization_id"),
        ("/tables/team/0", json!({"id": 1}), "/tables/team/0/organization_id"),
        ("/tables/person/1/id", json!(1), "/tables/person/1/id"),
        ("/tables/person/1/jetbrains_account", json!(1), "/tables/person/1/jetbrains_account"),
        ("/tables/credential/1", first, "/tables/credential/1/id"),
        ("/tables/license/0/product_code", json!("X X"), "/tables/license/0/product_code"),
        ("/tables/license/0/team_id", json!(1), "/tables/license"),
        ("/tables/license/0/assignee_kind", json!("cat"), "/tables/license"),
        ("/tables/license/1/position", json!(good["tables"]["license"][0]["position"]), "/tables/license"),
        ("/tables/license/0/assigned_at", json!(i64::MAX), "/tables/license/0/assigned_at"),
        ("/tables/role_grant/0/role", json!("king"), "/tables/role_grant/0/role"),
        ("/tables/api_token/0/scopes", json!("read"), "/tables/api_token/0/scopes"),
        ("/tables/rate_policy/0/window_micros", json!(0), "/tables/rate_policy/0/window_micros"),
        ("/tables/injected_fault/0/rule", json!("{}"), "/tables/injected_fault/0/rule"),
    ] {
        let problem = import(&app, &with(pointer, value)).await.expect_problem(400);
        assert_eq!(problem["pointer"], at, "{problem}");
    }
    for (member, at) in [("cats", "/cats"), ("a/b~c", "/a~1b~0c")] {
        let mut state = good.clone();
        state[member] = json!(1);
        assert_eq!(import(&app, &state).await.expect_problem(400)["pointer"], at);
        let mut state = good.clone();
        state["tables"][member] = json!([]);
        assert_eq!(import(&app, &state).await.expect_problem(400)["pointer"], format!("/tables{at}"));
        let mut state = good.clone();
        state["tables"]["team"][0][member] = json!(1);
        assert_eq!(import(&app, &state).await.expect_problem(400)["pointer"], format!("/tables/team/0{at}"));
    }
    for body in ["", "[]", "null", "{", "{}", r#"{"format":1}"#] {
        app.control().put("/state", body).await.expect_problem(400);
    }
    assert_eq!(export(&app).await, good);
    // A table that an older version did not have is empty.
    let mut older = good.clone();
    older["tables"].as_object_mut().unwrap().remove("injected_fault");
    import(&app, &older).await.expect_ok();
    assert_eq!(app.control().get("/faults").await.text(), "[]");
}

#[apply(on_both_databases)]
async fn a_large_one(app: TestApp) {
    app.seed_atlassian("      api_tokens: [{ count: 10000 }]").await;
    // What the key does later, within the minute, changes nothing more.
    app.atlassian(FULL_KEY).get("/api-tokens/count").await.expect_ok();
    let exported = export(&app).await.to_string();
    let started = Instant::now();
    // Longer than any other control body may be.
    let padded = format!("{exported}{}", " ".repeat(17 * 1024 * 1024));
    app.control().put("/state", &padded).await.expect_ok();
    println!("{} bytes in {:?}", exported.len(), started.elapsed());
    assert_eq!(app.atlassian(FULL_KEY).get("/api-tokens/count").await.text(), "10254");
    assert_eq!(app.atlassian(FULL_KEY).get("/api-tokens/count?q=never%20used").await.text(), "1");
    app.control().post("/seed", &padded).await.expect_problem(413);
    assert_eq!(export(&app).await.to_string(), exported);
}

#[apply(on_both_databases)]
async fn snapshots(app: TestApp) {
    assert_eq!(app.control().get("/snapshots").await.text(), "[]");
    let before = export(&app).await;
    let taken = app.control().put("/snapshots/start_1", "").await.expect_ok();
    assert_eq!(
        (&taken["name"], &taken["space"], &taken["taken_at"]),
        (&"start_1".into(), &"default".into(), &NOW.into())
    );
    assert_eq!(taken["bytes"], before.to_string().len());
    assert_eq!(
        taken["revision"],
        app.control().get("/info").await.expect_ok()["space"]["revision"],
        "it changes nothing"
    );
    assert_eq!(app.control().get("/snapshots").await.expect_ok(), json!([taken]));
    app.populate_everything().await;
    app.control().put("/snapshots/everything", "").await.expect_ok();
    let everything = export(&app).await;
    // Each space has its own.
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    assert_eq!(app.control().get("/spaces/t1/snapshots").await.text(), "[]");
    app.control().post("/spaces/t1/snapshots/start_1/restore", "").await.expect_problem(404);
    app.control().delete("/snapshots/start_1?space=t1").await.expect_problem(404);
    app.control().put("/spaces/t1/snapshots/start_1", "").await.expect_ok();
    // No reset takes them away; restoring goes back and forth.
    app.control().post("/reset", "").await.expect_ok();
    app.control().post("/snapshots/everything/restore", "").await.expect_ok();
    assert_eq!(export(&app).await, everything);
    app.jetbrains_account_token("rich-jba", "6700009").get("/token").await.expect_ok();
    let restored = app.control().post("/snapshots/start_1/restore", "").await.expect_ok();
    assert_eq!((&restored["name"], export(&app).await), (&"default".into(), before));
    app.jetbrains_account_token("rich-jba", "6700009").get("/token").await.expect_jetbrains_error(
        401,
        "INVALID_TOKEN",
        "The token provided is invalid",
    );
    // Under the same name there is one.
    app.advance_clock("1d").await;
    assert_eq!(app.control().put("/snapshots/start_1", "").await.expect_ok()["taken_at"], "2026-01-16T09:00:00Z");
    let names = app.control().get("/snapshots").await.list_member("name");
    assert_eq!(names, ["everything", "start_1"]);
    app.control().delete("/snapshots/start_1").await.expect_ok();
    app.control().delete("/snapshots/start_1").await.expect_problem(404);
    app.control().post("/snapshots/start_1/restore", "").await.expect_problem(404);
    for name in ["a%20b", "%C3%A4", "%00", &"x".repeat(65)] {
        assert_eq!(app.control().put(&format!("/snapshots/{name}"), "").await.expect_problem(400)["pointer"], "/name");
        app.control().post(&format!("/snapshots/{name}/restore"), "").await.expect_problem(404);
        app.control().delete(&format!("/snapshots/{name}")).await.expect_problem(404);
    }
    app.control().delete("/spaces/t1").await.expect_ok();
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    assert_eq!(app.control().get("/spaces/t1/snapshots").await.text(), "[]", "they go with their space");
}

#[apply(on_both_databases)]
async fn a_snapshot_whose_tokens_are_elsewhere_by_now(app: TestApp) {
    app.control().put("/snapshots/s", "").await.expect_ok();
    app.control().post("/spaces", r#"{"name":"t1"}"#).await.expect_ok();
    let before = export(&app).await;
    app.control().post("/seed?mode=replace", "version: 1").await.expect_ok();
    app.control().put("/spaces/t1/state", &before).await.expect_ok();
    let taken = app.control().post("/snapshots/s/restore", "").await.expect_problem(409);
    assert!(taken["detail"].as_str().unwrap().contains("space `t1`"), "{taken}");
    app.control().delete("/spaces/t1").await.expect_ok();
    app.control().post("/snapshots/s/restore", "").await.expect_ok();
    app.jetbrains_account(Role::OrgAdmin).get("/token").await.expect_ok();
}
