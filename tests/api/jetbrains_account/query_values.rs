//! One rule for the values of every query parameter: blanks around one do not count, and an empty one is absent
//! (jetbrains-account §0.15, §5.2, §5.7).

use crate::support::{Answer, Client, Role, TestApp, apply, on_both_databases};

/// A value of each parameter, another than its default.
const GOOD: [(&str, &str); 9] = [
    ("productCode", "WS"),
    ("page", "2"),
    ("perPage", "3"),
    ("assigned", "true"),
    ("assigneeEmail", "ann@example.test"),
    ("assignmentStatus", "UNASSIGNED"),
    ("teamId", "2002"),
    // Nobody holds either, so that asking again changes nothing.
    ("licenseId", "FREE000001"),
    ("email", "nobody@example.test"),
];

/// Every query parameter of every operation: method, path and name.
async fn list_parameters(client: &Client) -> Vec<(String, String, String)> {
    let document = client.get("/swagger.json").await.expect_ok();
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters.filter(|parameter| parameter["in"] == "query") {
                let path = path.replace("{teamId}", "2001");
                found.push((method.to_uppercase(), path, parameter["name"].as_str().unwrap().to_owned()));
            }
        }
    }
    found
}

/// What a client can tell two answers by. The links repeat the query.
fn describe(answer: &Answer) -> (u16, Option<String>, String) {
    (answer.status.as_u16(), answer.header("x-total-count").map(ToOwned::to_owned), answer.text().to_owned())
}

#[apply(on_both_databases)]
async fn blanks_do_not_count_and_nothing_is_absent(app: TestApp) {
    let client = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    let parameters = list_parameters(&client).await;
    assert_eq!(parameters.len(), 17, "seven of each list, three of revoke: {parameters:?}");
    for (method, path, name) in parameters {
        // Without an address, a product is nothing to take back.
        let beside = if path.ends_with("/revoke") && name == "productCode" { "email=nobody@example.test&" } else { "" };
        let ask = async |value: &str| client.call(&method, &format!("{path}?{beside}{value}"), "").await;
        let absent = ask("").await;
        for value in ["", "%20", "+", "%09%20", "null", "%20null"] {
            let answer = ask(&format!("{name}={value}")).await;
            assert_eq!(describe(&answer), describe(&absent), "{method} {path} {name}={value}");
        }
        let good = GOOD.iter().find(|(known, _)| *known == name).unwrap().1;
        let plain = ask(&format!("{name}={good}")).await;
        assert_eq!(plain.status, 200, "{method} {path} {name}={good}");
        if beside.is_empty() {
            assert_ne!(describe(&plain), describe(&absent), "{method} {path} {name}={good}");
        }
        for value in [format!("%20{good}"), format!("{good}%20"), format!("+%09{good}+")] {
            let answer = ask(&format!("{name}={value}")).await;
            assert_eq!(describe(&answer), describe(&plain), "{method} {path} {name}={value}");
        }
    }
}

#[apply(on_both_databases)]
async fn blanks_within_a_value_count(app: TestApp) {
    let client = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    for query in
        ["perPage=1%200", "assigned=t%20rue", "page=1%20000", "teamId=20%2001", "assignmentStatus=UN%20ASSIGNED"]
    {
        client.get(&format!("/customer/licenses?{query}")).await.expect_jetbrains_error_page(400);
    }
    assert_eq!(client.get("/customer/licenses?productCode=I%20I").await.text(), "[]");
}
