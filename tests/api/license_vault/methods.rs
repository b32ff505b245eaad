//! A wrong method is refused in the words of what the path is part of, with what is allowed (license-vault §2.5).

use crate::support::{TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn a_wrong_method_is_refused_in_the_vault_s_words(app: TestApp) {
    let anybody = app.license_vault_without_token();
    for below in ["", "/license-vault/example"] {
        for (path, wrong, allowed) in [
            ("/public-api/licenses/usage", "POST", "GET,HEAD"),
            ("/public-api/denials/report", "DELETE", "GET,HEAD"),
            ("/public-api/licenses", "PUT", "GET,HEAD"),
            ("/public-api/licenses/revoke", "GET", "POST"),
            ("/public-api/products/disconnect", "PATCH", "POST"),
            ("/public-api/licenses/report", "POST", "GET,HEAD"),
        ] {
            let path = format!("{below}{path}");
            let answer = anybody.call(wrong, &path, "").await;
            answer.expect_vault_error(405, "METHOD_NOT_ALLOWED", &path);
            assert_eq!(answer.header("allow"), Some(allowed), "{wrong} {path}");
        }
        // These are in no space, so the machine's time is told.
        for path in
            ["/api-docs", "/api-docs/swagger-config", "/swagger-ui.html", "/swagger-ui/index.html", "/actuator/health"]
        {
            let path = format!("{below}{path}");
            let answer = anybody.call("POST", &path, "").await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET,HEAD")), "{path}");
            assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
            let body = answer.json();
            assert_eq!((&body["code"], &body["path"]), (&"METHOD_NOT_ALLOWED".into(), &path.as_str().into()));
        }
        for (path, wrong, allowed) in [
            ("/health", "POST", "GET,HEAD"),
            ("/check-version", "DELETE", "GET,HEAD"),
            ("/check-connection", "POST", "GET,HEAD"),
            ("/check-configuration", "PUT", "GET,HEAD"),
            ("/licenses-report.json", "POST", "GET,HEAD"),
            ("/tickets-report.json", "PATCH", "GET,HEAD"),
            ("/reportApi", "GET", "POST"),
            ("/reportapi", "PUT", "POST"),
        ] {
            let answer = anybody.call(wrong, &format!("{below}{path}"), "").await;
            assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some(allowed)), "{wrong} {path}");
            let is_json = path == "/health";
            let media_type = if is_json { "application/json" } else { "text/plain;charset=UTF-8" };
            assert_eq!(answer.header("content-type"), Some(media_type), "{wrong} {path}");
            assert!(if is_json { answer.json()["description"].is_string() } else { !answer.text().is_empty() });
        }
    }
}
