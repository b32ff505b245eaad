//! Which paths a matcher means: of a fault, and of a question to the journal.

use serde_json::json;

use crate::support::{FULL_KEY, ORG, TestApp, VAULT_TOKEN, apply, on_both_databases};

/// However it is encoded, wherever the service is mounted, and without case where the service has none.
#[apply(on_both_databases)]
async fn a_path_means_what_the_service_takes_it_for(app: TestApp) {
    let user = "/users/712020:ann/manage/api-tokens";
    let encoded_user = "/users/712020%3Aann/manage/api-tokens";
    let organization = format!("/admin/api-access/v1/orgs/{ORG}/api-tokens/count");
    let encoded_organization = organization.replace('-', "%2D").replace("api%2D", "api-");
    let usage = "/public-api/licenses/usage";
    let (lower, upper) = ("/license-vault/example/public-api/licenses/usage", "/license-vault/EXAMPLE/public-api/*");
    for (wanted, method, sent, fits) in [
        (user, "GET", user, true),
        (user, "GET", encoded_user, true),
        (encoded_user, "GET", user, true),
        ("/users/712020%3a*", "GET", user, true),
        (user, "GET", "/users/712020%2Fann/manage/api-tokens", false),
        ("/users/{accountId}/manage/api-tokens", "GET", "/users/712020%2Fann/manage/api-tokens", true),
        (&organization, "GET", &encoded_organization, true),
        (&encoded_organization, "GET", &organization, true),
        ("/api/v1/customer/licenses/FREE000003", "GET", "/api/v1/customer/licenses/FREE00000%33", true),
        (usage, "GET", usage, true),
        (usage, "GET", lower, true),
        ("/public-api/*", "GET", lower, true),
        (lower, "GET", usage, false),
        (lower, "GET", "/license-vault/Ex%61mple/public-api/licenses/usage", true),
        (upper, "GET", lower, true),
        ("/license-vault/{vault}/public-api/licenses/usage", "GET", lower, true),
        ("/license-vault/other/public-api/licenses/usage", "GET", lower, false),
        ("/reportApi", "POST", "/reportapi", true),
        ("/reportapi", "POST", "/reportApi", true),
        ("/reportApi", "POST", "/license-vault/example/reportapi", true),
        ("/license-vault/EXAMPLE/reportapi", "POST", "/license-vault/example/reportApi", true),
    ] {
        let what = format!("{wanted} {sent}");
        app.control().delete("/faults").await.expect_ok();
        app.control().delete("/requests").await.expect_ok();
        let rule = json!({"match": {"path": wanted}, "then": {"status": 418}});
        app.control().post("/faults", &rule.to_string()).await.expect_ok();
        let token = if sent.contains("icen") { VAULT_TOKEN } else { FULL_KEY };
        let client = app.client().with_header("Authorization", &format!("Bearer {token}")).without_document_check();
        let answer = client.call(method, sent, "").await;
        assert_eq!(answer.status == 418, fits, "{what}: {}", answer.status);
        let question = json!({"match": {"path": wanted}, "count": {"exactly": i32::from(fits)}});
        app.control().post("/requests/verify", &question.to_string()).await.expect_ok();
        let journal = app.control().get("/requests").await.expect_ok();
        assert_eq!(journal["requests"][0]["path"], sent, "{what}: the journal says what was sent");
    }
}
