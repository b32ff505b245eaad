//! How many licences are free (license-vault §2.2).

use super::{count_licenses, replace_vault, start_product};
use crate::support::{NOW, TestApp, VAULT_TOKEN, apply, on_both_databases};

#[apply(on_both_databases)]
async fn the_whole_catalogue_is_listed_in_order(app: TestApp) {
    let answer = app.license_vault(VAULT_TOKEN).get("/public-api/licenses/usage").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let usage = answer.expect_ok();
    assert_eq!(usage.as_object().unwrap().len(), 2);
    assert_eq!(usage["timestamp"], NOW);
    let codes: Vec<&str> =
        usage["licenseUsages"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["ALL", "CL", "DB", "DS", "DUL", "GO", "II", "PC", "PS", "RC", "RD", "RM", "RR", "RS0", "WS"]);
    assert_eq!(
        usage["licenseUsages"][0].to_string(),
        concat!(
            r#"{"code":"ALL","displayName":"All Products Pack","regularInUse":1,"regularTotal":3,"#,
            r#""trueUpInUse":0,"trueUpTotal":1,"virtualInUse":0,"virtualTotal":0}"#
        )
    );
    assert!(
        answer
            .text()
            .starts_with(r#"{"licenseUsages":[{"code":"ALL","displayName":"All Products Pack","regularInUse":1,"#)
    );
}

#[apply(on_both_databases)]
async fn a_pack_counts_under_itself(app: TestApp) {
    replace_vault(&app, "plan: trial", "{ product: ALL, regular: 1, virtual: 1, true_up: 1 }").await;
    start_product(&app, "bob@a.test", "WS", "h1").await;
    assert_eq!(count_licenses(&app, "ALL").await, [1, 1, 0, 1, 0, 1]);
    assert_eq!(count_licenses(&app, "WS").await, [0; 6]);
    start_product(&app, "eve@a.test", "WS", "h1").await;
    assert_eq!(count_licenses(&app, "ALL").await, [1, 1, 0, 1, 1, 1]);
    start_product(&app, "dan@a.test", "WS", "h1").await;
    assert_eq!(count_licenses(&app, "ALL").await, [1, 1, 1, 1, 1, 1]);
    assert_eq!(start_product(&app, "zoe@a.test", "WS", "h1").await["granted"], false);
}

/// Each product of the catalogue can be bought, also those that are known of the legacy server (license-vault §4.3).
#[apply(on_both_databases)]
async fn every_product_can_have_licences_of_its_own(app: TestApp) {
    // The pack comes last, because what it holds runs on it.
    let codes = ["AC", "AIP", "DC", "DM", "DPN", "RRR", "RSC", "RS0", "DUL"];
    let pools = codes.map(|code| format!("{{ product: {code}, regular: 1 }}")).join(", ");
    replace_vault(&app, "plan: trial", &pools).await;
    for code in codes {
        let started = start_product(&app, "bob@a.test", code, "h1").await;
        assert_eq!(
            (&started["granted"], count_licenses(&app, code).await),
            (&true.into(), [1, 1, 0, 0, 0, 0]),
            "{code}"
        );
    }
}
