//! A request as a curl command line.

use crate::control::{Header, RequestDetail};

/// Headers that curl sends by itself.
const SENT_BY_CURL: [&str; 7] =
    ["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "expect"];

/// The request as a command line, in which variables stand for credentials.
pub(super) fn write(base: &str, detail: &RequestDetail) -> String {
    let request = &detail.summary;
    let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{base}{}{query}", request.path);
    let url = match url.split_once("token=") {
        Some((before, rest)) => {
            let after = rest.split_once('&').map(|(_, after)| format!("&{after}")).unwrap_or_default();
            quote_with_variable(&format!("{before}token="), "$LICENSE_VAULT_REPORTING_TOKEN", &after)
        }
        None => quote(&url),
    };
    let mut parts = vec![format!("curl -i -X {} {url}", request.method)];
    for Header { name, value } in &detail.request.headers {
        if SENT_BY_CURL.contains(&name.as_str()) {
            continue;
        }
        let vault = request.service.as_deref() == Some("license_vault");
        let variable = match name.as_str() {
            "x-api-key" => Some(("", "$JETBRAINS_ACCOUNT_API_KEY")),
            "cookie" => Some(("cloud.session.token=", "$ATLASSIAN_SESSION")),
            "authorization" => {
                let automation = value.get(..11).is_some_and(|scheme| scheme.eq_ignore_ascii_case("automation "));
                Some(match (vault, automation) {
                    (true, true) => ("Automation ", "$LICENSE_VAULT_AUTOMATION_TOKEN"),
                    (true, false) => ("Bearer ", "$LICENSE_VAULT_TOKEN"),
                    (false, _) => ("Bearer ", "$ATLASSIAN_API_KEY"),
                })
            }
            _ => None,
        };
        parts.push(match variable {
            Some((before, variable)) => {
                format!("-H {}", quote_with_variable(&format!("{name}: {before}"), variable, ""))
            }
            None => format!("-H {}", quote(&format!("{name}: {value}"))),
        });
    }
    if let Some(body) = &detail.request.body {
        parts.push(format!("--data-raw {}", quote(body)));
    }
    parts.join(" \\\n  ")
}

/// Makes one word for a shell, in which nothing is special.
fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Makes one word for a shell, in which only the variable is special.
fn quote_with_variable(before: &str, variable: &str, after: &str) -> String {
    let escape = |text: &str| {
        let mut escaped = String::new();
        for c in text.chars() {
            if matches!(c, '\\' | '"' | '`' | '$') {
                escaped.push('\\');
            }
            escaped.push(c);
        }
        escaped
    };
    format!("\"{}{variable}{}\"", escape(before), escape(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::request::example_detail;

    #[test]
    fn a_command_line_holds_variables_and_nothing_that_a_shell_would_run() {
        let detail = example_detail(
            &json!({
                "headers": [
                    { "name": "host", "value": "localhost" },
                    { "name": "authorization", "value": "Automation [ci (automation)]" },
                    { "name": "x-note", "value": "it's `id` $(id)" },
                ],
                "body": "{\"a\":\"'; rm -rf / #\"}", "body_bytes": 20,
            }),
            &json!({ "service": "license_vault", "query": "token=********&a=$(id)\"" }),
        );
        let text = write("http://localhost:1", &detail);
        assert_eq!(
            text,
            "curl -i -X POST \"http://localhost:1/p?token=$LICENSE_VAULT_REPORTING_TOKEN&a=\\$(id)\\\"\" \\\n  \
             -H \"authorization: Automation $LICENSE_VAULT_AUTOMATION_TOKEN\" \\\n  \
             -H 'x-note: it'\\''s `id` $(id)' \\\n  \
             --data-raw '{\"a\":\"'\\''; rm -rf / #\"}'"
        );
    }
}
