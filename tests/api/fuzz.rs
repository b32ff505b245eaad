//! Whatever the body, the answer is one of the vendor's: never a 500, never a panic, nothing half written.

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Value, json};

use crate::support::{Database, Role, TestApp};

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec!["", "2001", "II", "FREE000001", "a\0b", "eve@example.test", "\u{feff}", "null"])
            .prop_map(Value::from),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        prop::sample::select(vec![
            "licenseId",
            "license",
            "team",
            "productCode",
            "contact",
            "firstName",
            "lastName",
            "email",
            "targetTeamId",
            "licenseIds",
            "sendEmail"
        ])
        .prop_map(ToOwned::to_owned),
        ".{0,4}",
    ];
    scalar().prop_recursive(3, 24, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Bodies that are nearly right, so that they get past the reader.
fn nearly_right() -> impl Strategy<Value = Value> {
    (scalar(), scalar(), scalar(), scalar(), scalar(), scalar(), prop::collection::vec(scalar(), 0..4)).prop_map(
        |(id, team, product, first, last, email, ids)| {
            json!({
                "licenseId": id, "license": {"team": team, "productCode": product},
                "contact": {"firstName": first, "lastName": last, "email": email},
                "targetTeamId": team, "licenseIds": ids,
            })
        },
    )
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => nearly_right().prop_map(|v| v.to_string().into_bytes()),
        4 => json_value().prop_map(|v| v.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..64),
    ]
}

fn fuzz(database: Database, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let app = runtime.block_on(TestApp::start(database));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&(body(), ".{0,12}"), |(body, text)| {
            runtime.block_on(async {
                let query: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
                let revoke = format!("/customer/licenses/revoke?email={query}&productCode={query}");
                for path in ["/customer/licenses/assign", "/customer/changeLicensesTeam", &revoke] {
                    let answer = app.jetbrains_account(Role::OrgAdmin).call("POST", path, body.clone()).await;
                    prop_assert!(
                        [200, 400, 404].contains(&answer.status.as_u16()),
                        "{path}: {} {}",
                        answer.status,
                        answer.text()
                    );
                }
                let list = format!("/customer/licenses?productCode={query}&assigneeEmail={query}");
                prop_assert_eq!(app.jetbrains_account(Role::OrgAdmin).get(&list).await.status, 200);
                for (method, path) in [
                    ("PUT", "/clock"),
                    ("POST", "/clock/advance"),
                    ("PUT", "/organizations/6700001/jetbrains-account/api"),
                    ("POST", "/organizations/6700001/jetbrains-account/roles"),
                    ("DELETE", "/organizations/6700001/jetbrains-account/tokens"),
                    ("POST", "/seed?dry_run"),
                ] {
                    let answer = app.control().call(method, path, body.clone()).await;
                    prop_assert!(
                        answer.status.is_client_error() || answer.status.is_success(),
                        "{path}: {} {}",
                        answer.status,
                        answer.text()
                    );
                }
                Ok(())
            })
        })
        .unwrap();
    // Assigned means: somebody holds it, and it says since when.
    let all = runtime
        .block_on(async { app.jetbrains_account(Role::OrgAdmin).get("/customer/licenses?perPage=200").await })
        .expect_ok();
    for license in all.as_array().unwrap() {
        if license.get("assignee").is_some() {
            assert!(license["lastSeen"]["lastAssignmentDate"].is_string(), "{license}");
        }
    }
}

#[test]
fn bodies_sqlite() {
    fuzz(Database::Sqlite, 400);
}

#[test]
fn bodies_postgres() {
    fuzz(Database::Postgres, 100);
}
