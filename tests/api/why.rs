//! Why a request was refused, where its answer says less: whose token it was, since when that is dead, which operation
//! was meant. The journal tells it, and so do the pages, the log and the terminal.

use serde_json::json;

use crate::support::{Answer, Client, EXPIRED_KEY, ORG, READER_KEY, Role, TestApp, apply, on_both_databases};

const VAULT_TOKEN: &str = "demo-vault-token";
const UNKNOWN: &str = "the credential is not valid here";

async fn why(app: &TestApp, answer: &Answer) -> String {
    let id = answer.header("x-request-id").unwrap();
    let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
    assert_eq!(entry["refusal"], entry["trail"]["refusal"]);
    entry["refusal"].as_str().unwrap().to_owned()
}

/// Why the token is refused by the License Vault.
async fn why_not(app: &TestApp, token: &str) -> String {
    let answer = app.license_vault(token).get("/public-api/licenses/usage").await;
    assert_eq!(answer.status, 401);
    assert!(
        answer.text().contains(&format!("\"message\":\"{UNKNOWN}\"")),
        "the answer is what it was: {}",
        answer.text()
    );
    why(app, &answer).await
}

#[apply(on_both_databases)]
async fn a_path_that_is_none_is_told_the_nearest_operation(app: TestApp) {
    let admin = app.jetbrains_account(Role::OrgAdmin).without_document_check();
    for (path, near) in [
        ("/customer/teams", ": the nearest is GET /api/v1/customer/teams/{teamId}/licenses (getAllForTeam)"),
        ("/customer/licences", ": the nearest is GET /api/v1/customer/licenses (getAllForCustomer)"),
        ("/api/v1/token", ": the nearest is GET /api/v1/token (getManagedEntityInfo)"),
        ("/nothing-like-it", ""),
    ] {
        let answer = admin.get(path).await;
        assert_eq!(answer.status, 404);
        assert_eq!(why(&app, &answer).await, format!("no such path{near}"), "{path}");
    }
    let of_nobody = app.client().get("/customer/licenses").await;
    assert_eq!(of_nobody.expect_problem(404)["detail"], "no such path", "the answer is what it was");
    assert!(why(&app, &of_nobody).await.ends_with("GET /api/v1/customer/licenses (getAllForCustomer)"));
    let answer = admin.delete("/token").await;
    assert_eq!(answer.status, 405);
    assert_eq!(why(&app, &answer).await, "no such method here: it takes GET");
}

#[apply(on_both_databases)]
async fn a_token_that_is_not_good_is_told_apart(app: TestApp) {
    assert_eq!(why_not(&app, "guessed").await, format!("{UNKNOWN}: nobody here has such a token"));
    let malformed = app.license_vault_without_token().with_header("Authorization", "Basic eA==");
    let malformed = malformed.get("/public-api/licenses/usage").await;
    assert_eq!(
        why(&app, &malformed).await,
        format!("{UNKNOWN}: header/authorization was not read: its scheme is not Automation or Bearer")
    );
    let latin = app.license_vault_without_token().with_header("Authorization", "Bearer \u{e9}");
    let latin = latin.get("/public-api/licenses/usage").await;
    assert_eq!(why(&app, &latin).await, format!("{UNKNOWN}: what was sent cannot be a credential by its form"));
    assert_eq!(
        why_not(&app, "demo-jba-team-admin").await,
        format!(
            "{UNKNOWN}: it is the token `bob@example.test (team 2001)` of jetbrains_account, another service, in the \
             space default"
        )
    );
    let made = app.control().post("/spaces", json!({ "name": "t1" })).await.expect_ok();
    let of_t1 = made["credentials"].as_array().unwrap().iter().find(|it| it["service"] == "atlassian").unwrap();
    let said = why_not(&app, of_t1["token"].as_str().unwrap()).await;
    assert!(said.ends_with("of atlassian, another service, in the space t1"), "{said}");
    let expired = app.atlassian(EXPIRED_KEY).get("/api-tokens").await;
    assert_eq!(why(&app, &expired).await, "the credential has expired at 2025-12-11T09:00:00Z, 35 days ago");
}

#[apply(on_both_databases)]
async fn a_dead_token_is_told_whose_it_was_and_since_when_it_is_dead(app: TestApp) {
    let control = app.control();
    let ended = "it was that of `example (vault)`, which";
    let rotated = control.post("/credentials/example%20(vault)/rotate", "").await.expect_ok();
    app.advance_clock("3d").await;
    assert_eq!(
        why_not(&app, VAULT_TOKEN).await,
        format!("{UNKNOWN}: {ended} was given a new token at 2026-01-15T09:00:00Z, 3 days ago")
    );
    let token = rotated["token"].as_str().unwrap();
    app.license_vault(token).get("/public-api/licenses/usage").await.expect_ok();
    let ann = json!({ "actor": "ann@example.test" });
    control.call("DELETE", "/vaults/example/token", &ann).await.expect_ok();
    let gone = format!("{UNKNOWN}: {ended} was revoked at 2026-01-18T09:00:00Z, just now");
    assert_eq!(why_not(&app, token).await, gone);
    assert_eq!(
        why_not(&app, VAULT_TOKEN).await,
        gone.replace("2026-01-18T09:00:00Z, just now", "2026-01-15T09:00:00Z, 3 days ago")
    );

    let key = app.atlassian(READER_KEY);
    control.post("/credentials/reader/revoke", "").await;
    let refused = key.get("/api-tokens").await;
    assert_eq!(
        why(&app, &refused).await,
        format!("{UNKNOWN}: it was that of `reader`, which was revoked at 2026-01-18T09:00:00Z, just now")
    );
    control.post("/reset", "").await.expect_ok();
    key.get("/api-tokens").await.expect_ok();
    assert_eq!(why_not(&app, "guessed").await, format!("{UNKNOWN}: nobody here has such a token"));
}

/// A request, what is said of why it was refused, and the names that the journal lists.
type Misspelled<'a> = (&'a Client, &'a str, u16, &'a str, &'a [&'a str]);

/// The answer is that to a request without a credential; the hint stands in the journal alone.
#[apply(on_both_databases)]
async fn a_credential_under_a_name_that_is_nearly_right_is_told_the_right_one(app: TestApp) {
    let of_server = app.client().without_document_check();
    let key = "demo-jba-organization-admin";
    let account = |headers: &[(&str, &str)]| {
        let client = app.client().below("/api/v1").without_document_check();
        headers.iter().fold(client, |client, (name, value)| client.with_header(name, value))
    };
    let authorized =
        |base: &str, value: &str| app.client().below(base).without_document_check().with_header("Authorization", value);
    let keys = account(&[("X-Api-Keys", key), ("X-Customer-Code", "6700001")]);
    let code = account(&[("X-Api-Key", key), ("X-Customer-Cod", "6700001")]);
    let both = account(&[("Api-Key", key), ("X-CustomerCode", "6700001")]);
    let other = account(&[("X-Request-Key", key), ("X-Customer-Code", "6700001")]);
    let organization = format!("/admin/api-access/v1/orgs/{ORG}");
    let atlassian = |value: &str| authorized(&organization, value);
    let (misspelled, glued) = (atlassian("Baerer demo-atlassian-key"), atlassian("Bearerdemo-atlassian-key"));
    let (alone, without) = (atlassian("bearer"), atlassian("demo-atlassian-key"));
    let header = app.client().below(&organization).without_document_check();
    let header = header.with_header("Authorisation", "Bearer demo-atlassian-key");
    let automation = authorized("", "Automaton demo-automation-token");
    let report = "/licenses-report.json";
    let cases: [Misspelled<'_>; 16] = [
        (&of_server, "/licenses-report.json?tokne=demo-reporting-token", 403, "query/tokne", &["token"]),
        (&of_server, "/licenses-report.json?Token=demo-reporting-token", 403, "query/Token", &["token"]),
        (&of_server, "/tickets-report.json?a=b&tokens=demo-reporting-token", 403, "query/tokens", &["token"]),
        (&of_server, "/license-vault/example/licenses-report.json?toke=x", 403, "query/toke", &["token"]),
        (&of_server, "/licenses-report.json?password=demo-reporting-token", 403, "", &[]),
        // The header would not be read if it were spelled well.
        (&automation, report, 403, "", &[]),
        (&of_server, "/public-api/licenses/usage?tokne=demo-vault-token", 401, "", &[]),
        (&keys, "/customer/licenses", 401, "header/x-api-keys", &["x-api-key"]),
        (&code, "/customer/licenses", 401, "header/x-customer-cod", &["x-customer-code"]),
        (&both, "/customer/licenses", 401, "header/api-key", &["x-api-key", "x-customer-code"]),
        (&other, "/customer/licenses", 401, "", &[]),
        (&misspelled, "/api-tokens", 401, "its scheme is not Bearer", &["Bearer"]),
        (&glued, "/api-tokens", 401, "no blank stands behind Bearer", &[]),
        (&alone, "/api-tokens", 401, "nothing stands behind Bearer", &[]),
        (&without, "/api-tokens", 401, "nothing stands in front of it, where Bearer is read", &[]),
        (&header, "/api-tokens", 401, "header/authorisation", &["authorization"]),
    ];
    for (client, path, status, said, near) in cases {
        let answer = client.get(path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        let names = ["tokne", "did you mean", "was not read"];
        assert!(names.iter().all(|name| !answer.text().contains(name) || path.contains(name)), "{}", answer.text());
        let reason = why(&app, &answer).await;
        assert_eq!(reason.contains("was not read"), !said.is_empty(), "{path}: {reason}");
        assert!(reason.contains(said), "{path}: {reason}");
        assert!(near.iter().all(|near| reason.contains(&format!(": did you mean {near}?"))), "{path}: {reason}");
        assert!(!reason.contains("demo-"), "{reason}");
        let id = answer.header("x-request-id").unwrap();
        let entry = app.control().get(&format!("/requests/{id}")).await.expect_ok();
        // Nobody is told it twice.
        let archive = app.control().get("/requests?format=har&limit=1").await.expect_ok();
        let comment = archive["log"]["entries"][0]["comment"].as_str().unwrap();
        assert_eq!(comment.matches(" was not read").count(), reason.matches(" was not read").count(), "{comment}");
        let listed: Vec<_> = entry["ignored"].as_array().into_iter().flatten().collect();
        assert_eq!(listed.iter().filter_map(|one| one["did_you_mean"].as_str()).collect::<Vec<_>>(), near, "{entry}");
    }
    let ignored = json!({"match": {"ignored": true, "path": "/licenses-report.json"}, "count": {"exactly": 3}});
    app.control().post("/requests/verify", ignored).await.expect_ok();
    // Beside a good credential the misspelled one is not noted, because it was not needed.
    let good = app.jetbrains_account(Role::OrgAdmin).with_header("X-Api-Keys", "x").get("/customer/licenses").await;
    let entry = app.control().get(&format!("/requests/{}", good.header("x-request-id").unwrap())).await.expect_ok();
    assert_eq!((good.status.as_u16(), entry.get("ignored")), (200, None));
}
