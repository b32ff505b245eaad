//! `/_emulator/clock`.

use crate::support::{Role, TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn frozen_advanced_offset_real(app: TestApp) {
    let clock = async |method: &str, path: &str, body: &str| app.control().call(method, path, body).await;
    assert_eq!(clock("GET", "/clock", "").await.text(), r#"{"mode":"frozen","now":"2026-01-15T09:00:00Z"}"#);
    assert_eq!(
        clock("POST", "/clock/advance", r#"{"by":"30d"}"#).await.text(),
        r#"{"mode":"frozen","now":"2026-02-14T09:00:00Z"}"#
    );
    assert_eq!(
        app.jetbrains_account(Role::OrgAdmin).get("/token").await.header("date"),
        Some("Sat, 14 Feb 2026 09:00:00 GMT")
    );
    assert_eq!(
        clock("PUT", "/clock", r#"{"mode":"frozen","now":"2030-01-01T00:00:00Z"}"#).await.expect_ok()["now"],
        "2030-01-01T00:00:00Z"
    );
    let offset = clock("PUT", "/clock", r#"{"mode":"offset","now":"2031-01-01T00:00:00Z"}"#).await.expect_ok();
    assert!(offset["now"].as_str().unwrap().starts_with("2031-01-01T00:00:"), "{offset}");
    assert_eq!(clock("DELETE", "/clock", "").await.expect_ok()["mode"], "real");
    assert_eq!(clock("POST", "/clock/advance", r#"{"by":"1h"}"#).await.expect_ok()["mode"], "offset");
}

#[apply(on_both_databases)]
async fn bad_input(app: TestApp) {
    for (body, pointer) in [
        (r#"{"mode":"froze"}"#, "/mode"),
        (r#"{"mode":{"real":null}}"#, "/mode"),
        (r#"["frozen","2026-01-01"]"#, ""),
        (r#"{"mode":"frozen","now":"soon"}"#, "/now"),
        (r#"{"mode":"offset"}"#, "/now"),
        (r#"{"mode":"real","now":"2026-01-15T09:00:00Z"}"#, "/now"),
        (r#"{"mode":"real","nwo":1}"#, "/nwo"),
        ("{", ""),
    ] {
        assert_eq!(app.control().put("/clock", body).await.expect_problem(400)["pointer"], pointer, "{body}");
    }
    for body in [r#"{"by":"30"}"#, r#"{"by":"999999y"}"#, r#"{"by":30}"#, r#"{"by":"-1d"}"#, r#"{"by":"-1y"}"#] {
        assert_eq!(app.control().post("/clock/advance", body).await.expect_problem(400)["pointer"], "/by", "{body}");
    }
    assert_eq!(app.control().get("/clock").await.expect_ok()["now"], "2026-01-15T09:00:00Z");
    app.control().get("/clock?space=nope").await.expect_problem(404);
    app.control().patch("/clock", "").await.expect_problem(405);
    app.control().get("/nope").await.expect_problem(404);
}
