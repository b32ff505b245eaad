//! One rule for the values of all query parameters: blank ones count as left out, numbers and days may stand between
//! blanks, texts are taken as they are (license-vault §2.3, §2.4).

use std::collections::BTreeSet;

use crate::support::{Answer, TestApp, VAULT_TOKEN, apply, on_both_databases};

/// What a parameter holds.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A number or a day; the text is one.
    Trimmed(&'static str),
    /// A text; the text is one that is found, and the status is that of one that is not found.
    Exact(&'static str, u16),
}

use Kind::{Exact, Trimmed};

/// A method, a path, the parameters that are sent beside the one in question, and the parameters.
type Operation = (&'static str, &'static str, &'static str, &'static [(&'static str, Kind)]);

const OPERATIONS: [Operation; 7] = [
    ("GET", "/public-api/denials/report", "", REPORT),
    ("GET", "/public-api/licenses/report", "", REPORT),
    (
        "GET",
        "/public-api/licenses",
        "",
        &[
            ("username", Exact("bob", 404)),
            ("email", Exact("bob@example.test", 404)),
            ("offset", Trimmed("1")),
            ("limit", Trimmed("1")),
        ],
    ),
    // Dan holds nothing, so that nothing is changed.
    (
        "POST",
        "/public-api/licenses/revoke",
        "",
        &[
            ("username", Exact("dan", 404)),
            ("email", Exact("dan@example.test", 404)),
            ("allocationId", Exact("no-such-id", 404)),
            ("productCode", Exact("II", 200)),
        ],
    ),
    (
        "POST",
        "/public-api/products/disconnect",
        "productCode=II",
        &[
            ("username", Exact("dan", 404)),
            ("email", Exact("dan@example.test", 404)),
            ("connectionId", Exact("no-such-id", 404)),
            ("productCode", Exact("II", 200)),
            ("hostname", Exact("dev-1", 200)),
        ],
    ),
    ("POST", "/reportApi", "token=demo-reporting-token", SERVER_REPORT),
    ("POST", "/reportapi", "token=demo-reporting-token", SERVER_REPORT),
];

/// What a report of the API is asked for by.
const REPORT: &[(&str, Kind)] = &[
    ("from", Trimmed("2026-01-15")),
    ("to", Trimmed("2026-01-15")),
    ("offset", Trimmed("1")),
    ("limit", Trimmed("1")),
];

const SERVER_REPORT: &[(&str, Kind)] =
    &[("granularity", Trimmed("0")), ("start", Trimmed("2026-01-15")), ("end", Trimmed("2026-01-15"))];

/// Sends the parameter with this value, or without it, beside what the operation needs.
async fn send(app: &TestApp, (method, path): (&str, &str), beside: &str, parameter: &str) -> Answer {
    // Without a user, the user's operations would refuse whatever else is sent.
    let is_user_named = ["username", "email"].iter().any(|name| parameter.starts_with(name));
    let user = if is_user_named || !needs_user(path) { "" } else { "username=dan" };
    let beside =
        if parameter.starts_with("productCode") { beside.replace("productCode=II", "") } else { beside.into() };
    let query = [parameter, user, &beside].join("&");
    let client =
        if path.starts_with("/report") { app.license_vault_without_token() } else { app.license_vault(VAULT_TOKEN) };
    client.call(method, &format!("{path}?{query}"), "").await
}

fn needs_user(path: &str) -> bool {
    ["/public-api/licenses", "/public-api/licenses/revoke", "/public-api/products/disconnect"].contains(&path)
}

#[apply(on_both_databases)]
async fn blanks_mean_the_same_in_every_parameter(app: TestApp) {
    for (method, path, beside, parameters) in OPERATIONS {
        let operation = (method, path);
        for (name, kind) in parameters {
            let left_out = send(&app, operation, beside, "").await;
            let given = |value: &str| format!("{name}={value}");
            for blank in ["", "%20", "+", "%09", "%20%20", "%0A"] {
                let answer = send(&app, operation, beside, &given(blank)).await;
                // A blank name leaves nobody who is meant.
                let expected = match *name {
                    "username" | "email" => 400,
                    "productCode" if path.ends_with("/disconnect") => 400,
                    _ => left_out.status.as_u16(),
                };
                assert_eq!(answer.status, expected, "{path} {name}={blank:?}: {}", answer.text());
                if expected == 200 {
                    assert_eq!(answer.text(), left_out.text(), "{path} {name}={blank:?}");
                }
            }
            match kind {
                Trimmed(value) => {
                    let plain = send(&app, operation, beside, &given(value)).await;
                    plain.expect_ok();
                    for padded in [format!("%20{value}"), format!("{value}+"), format!("%09{value}%20")] {
                        let answer = send(&app, operation, beside, &given(&padded)).await;
                        assert_eq!(
                            (answer.status, answer.text()),
                            (plain.status, plain.text()),
                            "{path} {name}={padded}"
                        );
                    }
                    let inside = format!("{}%20{}", &value[..1], &value[1..]);
                    let expected = if value.len() == 1 { 200 } else { 400 };
                    assert_eq!(
                        send(&app, operation, beside, &given(&inside)).await.status,
                        expected,
                        "{path} {inside}"
                    );
                }
                Exact(value, not_found) => {
                    let plain = send(&app, operation, beside, &given(value)).await.status;
                    assert_eq!(plain == 200, *value != "no-such-id", "{path} {name}={value}: {plain}");
                    for padded in [format!("%20{value}"), format!("{value}%20")] {
                        let answer = send(&app, operation, beside, &given(&padded)).await;
                        assert_eq!(answer.status, *not_found, "{path} {name}={padded}: {}", answer.text());
                    }
                }
            }
        }
    }
}

/// Nobody adds a parameter that the table above does not know.
#[test]
fn the_table_knows_every_parameter() {
    let text = include_str!("../../../openapi/license-vault.json");
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap();
                if parameter["in"] == "query" && name != "token" {
                    documented.insert(format!("{} {path} {name}", method.to_uppercase()));
                }
            }
        }
    }
    let table: BTreeSet<String> = OPERATIONS
        .iter()
        .flat_map(|(method, path, _, names)| names.iter().map(move |(name, _)| format!("{method} {path} {name}")))
        .collect();
    assert_eq!(documented, table);
}
