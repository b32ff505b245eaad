//! Our document is the vendor's in what a generated client depends on: the facts of the vendor's own
//! (`tests/conformance/data/atlassian/operations.json`), held against it.

use std::collections::BTreeMap;

use locum::services::atlassian;
use serde_json::Value;

use crate::support::{TestApp, apply, document_check::resolve, on_both_databases};

/// Parameters that only one of the two documents has, and why.
const ONLY_VENDORS: [(&str, &str); 1] =
    [("Authorization", "OpenAPI says this by a security scheme, and has generators ignore a parameter of the name")];
const ONLY_OURS: [(&str, &str); 2] = [
    ("listServiceAccounts limit", "the service behind it takes one (§6), and our links have it"),
    ("listServiceAccounts cursor", "the same"),
];
/// Paths that are of another document of the vendor's.
const OF_ANOTHER: &str = "/users/";

fn read_vendors() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/data/atlassian/operations.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Parameters by place and name.
fn parameters(operation: &Value) -> BTreeMap<(String, String), &Value> {
    let text = |parameter: &Value, member: &str| parameter[member].as_str().unwrap().to_owned();
    let all = operation["parameters"].as_array().into_iter().flatten();
    all.map(|parameter| ((text(parameter, "in"), text(parameter, "name")), parameter)).collect()
}

#[test]
fn operations_and_parameters_are_the_vendor_s() {
    let (vendors, ours) = (read_vendors(), serde_json::to_value(atlassian::openapi()).unwrap());
    let mut found = 0;
    for (path, item) in ours["paths"].as_object().unwrap() {
        for (method, our) in item.as_object().unwrap().iter().filter(|(_, of)| of.get("operationId").is_some()) {
            let vendor = &vendors["operations"][format!("{} {path}", method.to_uppercase())];
            assert_eq!(vendor.is_null(), path.starts_with(OF_ANOTHER), "{method} {path}");
            if vendor.is_null() {
                continue;
            }
            found += 1;
            let id = vendor["operationId"].as_str().unwrap();
            assert_eq!(our["operationId"], id, "{method} {path}");
            let (mut of_ours, mut of_vendor) = (parameters(our), parameters(vendor));
            of_vendor.retain(|(_, name), _| ONLY_VENDORS.iter().all(|(only, _)| only != name));
            of_ours.retain(|(_, name), _| ONLY_OURS.iter().all(|(only, _)| *only != format!("{id} {name}")));
            assert!(of_ours.keys().eq(of_vendor.keys()), "{id}: {:?} {:?}", of_ours.keys(), of_vendor.keys());
            for (key, vendor) in of_vendor {
                let our = of_ours[&key];
                assert_eq!(our["required"], vendor["required"], "{id}: {key:?}");
                for member in ["type", "enum", "default", "minimum", "maximum"] {
                    // A `Value` below zero would be refused, which the vendor does not say.
                    let is_more = member == "minimum" && key.1.ends_with("Value");
                    let (our, vendor) = (&our["schema"][member], &vendor["schema"][member]);
                    assert!(is_more || our == vendor, "{id}: {key:?}: {member}: {our} instead of {vendor}");
                }
            }
        }
    }
    assert_eq!(found, vendors["operations"].as_object().unwrap().len());
}

#[test]
fn answers_and_their_rate_headers_are_the_vendor_s() {
    let (vendors, ours) = (read_vendors(), serde_json::to_value(atlassian::openapi()).unwrap());
    for (key, vendor) in vendors["operations"].as_object().unwrap() {
        let (method, path) = key.split_once(' ').unwrap();
        let our = &ours["paths"][path][method.to_lowercase()]["responses"];
        for (status, vendor) in vendor["responses"].as_object().unwrap() {
            let our = &our[status];
            assert!(our.is_object(), "{key}: {status} is missing");
            for header in vendor["headers"].as_array().into_iter().flatten() {
                let schema = &resolve(&our["headers"][header.as_str().unwrap()], &ours["components"])["schema"];
                let kind = if header == "X-RateLimit-Reset" { "string" } else { "integer" };
                assert_eq!(schema["type"], kind, "{key}: {status}: {header}");
            }
            let has_body = vendor.get("schema").is_some_and(|schema| !schema.is_null());
            assert_eq!(our.get("content").is_some(), has_body, "{key}: {status}");
        }
    }
}

#[test]
fn what_is_published_names_no_section_of_our_notes() {
    let document = atlassian::openapi().to_pretty_json().unwrap();
    let noted: Vec<&str> = document.lines().filter(|line| line.contains('§') || line.contains("unverified:")).collect();
    assert_eq!(noted, [""; 0]);
}

/// Generated clients and people write ids in other ways.
#[apply(on_both_databases)]
async fn ids_are_matched_without_case_and_blanks(app: TestApp) {
    let full = app.atlassian(crate::support::FULL_KEY);
    for id in ["Bulk revoke API Tokens", "bulkRevokeAPITokens", "BULKREVOKEAPITOKENS"] {
        let rule = serde_json::json!({"match": {"operation": id}, "then": {"status": 503}, "times": 1});
        let kept = app.control().post("/faults", rule).await.expect_ok();
        assert_eq!(kept["match"]["operation"], "Bulk revoke API Tokens", "{id}");
        assert_eq!(full.without_document_check().delete("/api-tokens").await.status, 503);
    }
    for id in ["Bulk revoke API Tokens", "bulkrevokeapitokens"] {
        let question = serde_json::json!({"match": {"operation": id}, "count": {"exactly": 3}});
        app.control().post("/requests/verify", question).await.expect_ok();
        let entries = app.control().get(&format!("/requests?operation={}", id.replace(' ', "%20"))).await.expect_ok();
        assert_eq!(entries["requests"].as_array().unwrap().len(), 3);
    }
}
