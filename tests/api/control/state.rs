//! `/_emulator/state` and `/_emulator/snapshots`: states of a space, out and in.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::{NOW, TestApp, apply, on_both_databases};

async fn export(app: &TestApp) -> Value {
    app.control("GET", "/state", "").await.ok()
}

async fn import(app: &TestApp, state: &Value) -> crate::support::Answer {
    app.control("PUT", "/state", &state.to_string()).await
}

#[apply(on_both_databases)]
async fn an_import_is_the_world_that_was_exported(app: TestApp) {
    app.do_everything().await;
    app.control("POST", "/clock/advance", r#"{"by":"1h"}"#).await.ok();
    app.full_key().get("/api-tokens/count").await.ok();
    let exported = export(&app).await;
    assert_eq!((&exported["format"], &exported["space"]), (&1.into(), &"default".into()));
    assert_eq!(exported["clock"], json!({"mode": "frozen", "now": "2026-03-01T11:00:00.123456Z"}));
    for plain in ["demo-", "rich-jba", "rich-vault", "rich-key", "a key for tests"] {
        assert!(!exported.to_string().contains(plain), "{plain} comes out");
    }
    let limits = app.control("GET", "/rate-limits", "").await.ok();
    assert_ne!(limits["windows"], json!([]));
    app.control("POST", "/reset", "").await.ok();
    assert_ne!(export(&app).await, exported);
    let answer = import(&app, &exported).await.ok();
    assert_eq!(answer["name"], "default");
    assert_eq!(answer["organizations"], json!(["6700001", "6700002", "6700009"]));
    assert_eq!(export(&app).await, exported);
    app.actor("rich-jba", "6700009").get("/token").await.ok();
    let again = app.control("GET", "/rate-limits", "").await.ok();
    assert_eq!((&again["policies"], &again["windows"]), (&limits["policies"], &json!([])), "counts start over");
    // The fault had let its one request through.
    app.org_admin().get("/products").await.page(503);
    app.control("DELETE", "/faults", "").await.ok();
    // Twice the same state is twice the same future.
    let next = async || {
        import(&app, &exported).await.ok();
        app.team_viewer().post("/token/rotate", "").await.text().to_owned()
    };
    assert_eq!(next().await, next().await);
}

#[apply(on_both_databases)]
async fn an_offset_clock_runs_on(app: TestApp) {
    app.control("PUT", "/clock", r#"{"mode":"offset","now":"2030-01-01T00:00:00Z"}"#).await.ok();
    let exported = export(&app).await;
    app.control("POST", "/reset", "").await.ok();
    import(&app, &exported).await.ok();
    let clock = app.control("GET", "/clock", "").await.ok();
    assert_eq!(clock["mode"], "offset");
    assert!(clock["now"].as_str().unwrap().starts_with("2030-01-01T00:"), "{clock}");
    assert_eq!(export(&app).await["clock"], exported["clock"]);
}

#[apply(on_both_databases)]
async fn into_another_space(app: TestApp) {
    app.control("POST", "/spaces", r#"{"name":"t1"}"#).await.ok();
    app.control("POST", "/spaces", r#"{"name":"t2"}"#).await.ok();
    let before = [export(&app).await, app.control("GET", "/state?space=t1", "").await.ok()];
    let taken = app.control("PUT", "/spaces/t1/state", &before[0].to_string()).await.problem(409);
    assert!(taken["detail"].as_str().unwrap().contains("space `default`"), "{taken}");
    assert_eq!([export(&app).await, app.control("GET", "/state?space=t1", "").await.ok()], before);
    app.control("DELETE", "/spaces/t1", "").await.ok();
    let moved = app.control("PUT", "/spaces/t2/state", &before[1].to_string()).await.ok();
    assert_eq!(moved["name"], "t2");
    let there = app.control("GET", "/spaces/t2/state", "").await.ok();
    assert_eq!(there["tables"], before[1]["tables"]);
    assert_eq!(export(&app).await, before[0], "no other space is touched");
    app.org_admin().get("/token").await.ok();
    app.control("GET", "/state?space=nobody", "").await.problem(404);
    app.control("PUT", "/state?space=nobody", &before[1].to_string()).await.problem(404);
}

#[apply(on_both_databases)]
async fn what_is_refused_changes_nothing(app: TestApp) {
    app.do_everything().await;
    let good = export(&app).await;
    let with = |pointer: &str, value: Value| {
        let mut state = good.clone();
        *state.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
        state
    };
    let mut newer = json!({"format": 2, "worlds": []});
    let problem = import(&app, &newer).await.problem(422);
    assert_eq!(problem["pointer"], "/format");
    newer["format"] = u64::MAX.into();
    import(&app, &newer).await.problem(422);
    let other_key = import(&app, &with("/key_check", "00".into())).await.problem(409);
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
        ("/tables/license/0/product_code", json!("XX"), "/tables/license/0/product_code"),
        ("/tables/license/0/team_id", json!(1), "/tables/license"),
        ("/tables/license/0/assignee_kind", json!("cat"), "/tables/license"),
        ("/tables/license/1/position", json!(good["tables"]["license"][0]["position"]), "/tables/license"),
        ("/tables/license/0/assigned_at", json!(i64::MAX), "/tables/license/0/assigned_at"),
        ("/tables/role_grant/0/role", json!("king"), "/tables/role_grant/0/role"),
        ("/tables/api_token/0/scopes", json!("read"), "/tables/api_token/0/scopes"),
        ("/tables/rate_policy/0/window_micros", json!(0), "/tables/rate_policy/0/window_micros"),
        ("/tables/injected_fault/0/rule", json!("{}"), "/tables/injected_fault/0/rule"),
    ] {
        let problem = import(&app, &with(pointer, value)).await.problem(400);
        assert_eq!(problem["pointer"], at, "{problem}");
    }
    for (member, at) in [("cats", "/cats"), ("a/b~c", "/a~1b~0c")] {
        let mut state = good.clone();
        state[member] = json!(1);
        assert_eq!(import(&app, &state).await.problem(400)["pointer"], at);
        let mut state = good.clone();
        state["tables"][member] = json!([]);
        assert_eq!(import(&app, &state).await.problem(400)["pointer"], format!("/tables{at}"));
        let mut state = good.clone();
        state["tables"]["team"][0][member] = json!(1);
        assert_eq!(import(&app, &state).await.problem(400)["pointer"], format!("/tables/team/0{at}"));
    }
    for body in ["", "[]", "null", "{", "{}", r#"{"format":1}"#] {
        app.control("PUT", "/state", body).await.problem(400);
    }
    assert_eq!(export(&app).await, good);
    // A table that an older version did not have is empty.
    let mut older = good.clone();
    older["tables"].as_object_mut().unwrap().remove("injected_fault");
    import(&app, &older).await.ok();
    assert_eq!(app.control("GET", "/faults", "").await.text(), "[]");
}

#[apply(on_both_databases)]
async fn a_large_one(app: TestApp) {
    app.atlassian_seed("      api_tokens: [{ count: 10000 }]").await;
    let exported = export(&app).await.to_string();
    let started = Instant::now();
    // Longer than any other control body may be.
    let padded = format!("{exported}{}", " ".repeat(17 * 1024 * 1024));
    app.control("PUT", "/state", &padded).await.ok();
    println!("{} bytes in {:?}", exported.len(), started.elapsed());
    assert_eq!(app.full_key().get("/api-tokens/count").await.text(), "10254");
    assert_eq!(app.full_key().get("/api-tokens/count?q=never%20used").await.text(), "1");
    app.control("POST", "/seed", &padded).await.problem(413);
    assert_eq!(export(&app).await.to_string(), exported);
}

#[apply(on_both_databases)]
async fn snapshots(app: TestApp) {
    assert_eq!(app.control("GET", "/snapshots", "").await.text(), "[]");
    let before = export(&app).await;
    let taken = app.control("PUT", "/snapshots/start_1", "").await.ok();
    assert_eq!(
        (&taken["name"], &taken["space"], &taken["taken_at"]),
        (&"start_1".into(), &"default".into(), &NOW.into())
    );
    assert_eq!(taken["bytes"], before.to_string().len());
    assert_eq!(
        taken["revision"],
        app.control("GET", "/info", "").await.ok()["space"]["revision"],
        "it changes nothing"
    );
    assert_eq!(app.control("GET", "/snapshots", "").await.ok(), json!([taken]));
    app.do_everything().await;
    app.control("PUT", "/snapshots/everything", "").await.ok();
    let everything = export(&app).await;
    // Each space has its own.
    app.control("POST", "/spaces", r#"{"name":"t1"}"#).await.ok();
    assert_eq!(app.control("GET", "/spaces/t1/snapshots", "").await.text(), "[]");
    app.control("POST", "/spaces/t1/snapshots/start_1/restore", "").await.problem(404);
    app.control("DELETE", "/snapshots/start_1?space=t1", "").await.problem(404);
    app.control("PUT", "/spaces/t1/snapshots/start_1", "").await.ok();
    // No reset takes them away; restoring goes back and forth.
    app.control("POST", "/reset", "").await.ok();
    app.control("POST", "/snapshots/everything/restore", "").await.ok();
    assert_eq!(export(&app).await, everything);
    app.actor("rich-jba", "6700009").get("/token").await.ok();
    let restored = app.control("POST", "/snapshots/start_1/restore", "").await.ok();
    assert_eq!((&restored["name"], export(&app).await), (&"default".into(), before));
    app.actor("rich-jba", "6700009").get("/token").await.refused(401, "INVALID_TOKEN", "The token provided is invalid");
    // Under the same name there is one.
    app.control("POST", "/clock/advance", r#"{"by":"1d"}"#).await.ok();
    assert_eq!(app.control("PUT", "/snapshots/start_1", "").await.ok()["taken_at"], "2026-01-16T09:00:00Z");
    let names = app.control("GET", "/snapshots", "").await.each("name");
    assert_eq!(names, ["everything", "start_1"]);
    app.control("DELETE", "/snapshots/start_1", "").await.ok();
    app.control("DELETE", "/snapshots/start_1", "").await.problem(404);
    app.control("POST", "/snapshots/start_1/restore", "").await.problem(404);
    for name in ["a%20b", "%C3%A4", "%00", &"x".repeat(65)] {
        assert_eq!(app.control("PUT", &format!("/snapshots/{name}"), "").await.problem(400)["pointer"], "/name");
        app.control("POST", &format!("/snapshots/{name}/restore"), "").await.problem(404);
        app.control("DELETE", &format!("/snapshots/{name}"), "").await.problem(404);
    }
    app.control("DELETE", "/spaces/t1", "").await.ok();
    app.control("POST", "/spaces", r#"{"name":"t1"}"#).await.ok();
    assert_eq!(app.control("GET", "/spaces/t1/snapshots", "").await.text(), "[]", "they go with their space");
}

#[apply(on_both_databases)]
async fn a_snapshot_whose_tokens_are_elsewhere_by_now(app: TestApp) {
    app.control("PUT", "/snapshots/s", "").await.ok();
    app.control("POST", "/spaces", r#"{"name":"t1"}"#).await.ok();
    let before = export(&app).await;
    app.control("POST", "/seed?mode=replace", "version: 1").await.ok();
    app.control("PUT", "/spaces/t1/state", &before.to_string()).await.ok();
    let taken = app.control("POST", "/snapshots/s/restore", "").await.problem(409);
    assert!(taken["detail"].as_str().unwrap().contains("space `t1`"), "{taken}");
    app.control("DELETE", "/spaces/t1", "").await.ok();
    app.control("POST", "/snapshots/s/restore", "").await.ok();
    app.org_admin().get("/token").await.ok();
}
