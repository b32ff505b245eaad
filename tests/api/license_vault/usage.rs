//! How many licences are free (license-vault §2.2).

use super::{connect, counters, get, vault};
use crate::support::{TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn the_whole_catalogue_in_order(app: TestApp) {
    let answer = get(&app, "/licenses/usage").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let usage = answer.ok();
    assert_eq!(usage.as_object().unwrap().len(), 2);
    assert_eq!(usage["timestamp"], crate::support::NOW);
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
    vault(&app, "plan: trial", "{ product: ALL, regular: 1, virtual: 1, true_up: 1 }").await;
    connect(&app, "bob@a.test", "WS", "h1").await;
    assert_eq!(counters(&app, "ALL").await, [1, 1, 0, 1, 0, 1]);
    assert_eq!(counters(&app, "WS").await, [0; 6]);
    connect(&app, "eve@a.test", "WS", "h1").await;
    assert_eq!(counters(&app, "ALL").await, [1, 1, 0, 1, 1, 1]);
    connect(&app, "dan@a.test", "WS", "h1").await;
    assert_eq!(counters(&app, "ALL").await, [1, 1, 1, 1, 1, 1]);
    assert_eq!(connect(&app, "zoe@a.test", "WS", "h1").await["granted"], false);
}
