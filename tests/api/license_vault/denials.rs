//! Requests for a licence that were denied (license-vault §2.3).

use super::{replace_vault, start_product};
use crate::support::{TestApp, VAULT_TOKEN, apply, on_both_databases};

#[apply(on_both_databases)]
async fn rows_have_the_vendor_s_members(app: TestApp) {
    let rows = app.license_vault(VAULT_TOKEN).get("/public-api/denials/report").await;
    assert!(
        rows.text().starts_with(concat!(
            r#"[{"timestamp":"2026-01-15T06:00:00Z","username":"eve","user_hostname":"dev-9","#,
            r#""user_ip":"192.0.2.17","product_name":"Rider","product_version":"2026.1","reason":"CANCELLED","#,
            r#""description":"Unable to find suitable license"},"#
        )),
        "{}",
        rows.text()
    );
    assert_eq!(rows.expect_ok()[1]["product_name"], "Paid plug-in");
}

#[apply(on_both_databases)]
async fn paging_by_row_loses_nothing(app: TestApp) {
    replace_vault(&app, "plan: trial", "").await;
    for number in 0..7 {
        start_product(&app, &format!("u{number}@a.test"), "II", "h").await;
        app.advance_clock("1h").await;
    }
    let names = async |query: &str| -> Vec<String> {
        let rows = app.license_vault(VAULT_TOKEN).get(&format!("/public-api/denials/report?{query}")).await.expect_ok();
        rows.as_array().unwrap().iter().map(|row| row["username"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names("offset=0&limit=3").await, ["u0", "u1", "u2"]);
    assert_eq!(names("offset=3&limit=3").await, ["u3", "u4", "u5"]);
    assert_eq!(names("offset=6&limit=3").await, ["u6"]);
    assert!(names("offset=7&limit=3").await.is_empty());
    assert_eq!(names("limit=1000000").await.len(), 7);
    assert_eq!(names("from=2026-01-15").await.len(), 7);
    assert!(names("from=2026-01-16").await.is_empty());
    assert_eq!(names("to=2026-01-15").await.len(), 7);
    assert!(names("to=2026-01-14").await.is_empty());
}

#[apply(on_both_databases)]
async fn bad_parameters_are_refused(app: TestApp) {
    for query in [
        "from=yesterday",
        "from=2026-1-5",
        "from=2026-01-15T00:00:00Z",
        "from=2026-02-30",
        "to=x",
        "from=262142-12-31",
        "offset=-1",
        "offset=x",
        "limit=0",
        "limit=-5",
        "limit=1.5",
        "limit=99999999999999999999",
    ] {
        let answer = app.license_vault(VAULT_TOKEN).get(&format!("/public-api/denials/report?{query}")).await;
        answer.expect_vault_error(400, "INVALID_PARAMETER", "/public-api/denials/report");
    }
    assert_eq!(
        app.license_vault(VAULT_TOKEN).get("/public-api/denials/report?unknown=1&from=&limit=").await.status,
        200
    );
}
