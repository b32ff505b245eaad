//! One request: what was asked, why it was answered so, and what to copy from it.

use askama::Template;
use axum::{extract::Path, response::Response};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    core::redact::MASK,
    domain::journal::DecisionTrace,
    ui::dashboard::Line,
    web::{
        control_action::Call,
        view::{Page, PageError, rendered, segment, shown, tidy},
    },
};

#[derive(Deserialize)]
struct Detail {
    #[serde(flatten)]
    line: Line,
    request: Message,
    response: Message,
    #[serde(rename = "trail")]
    trace: DecisionTrace,
}

#[derive(Deserialize)]
struct Message {
    headers: Vec<Header>,
    body: Option<String>,
    body_base64: Option<String>,
    body_bytes: usize,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

impl Message {
    fn json(&self) -> Option<Value> {
        serde_json::from_str(self.body.as_ref()?).ok()
    }

    /// The body for reading: JSON is set out.
    fn pretty(&self) -> Option<String> {
        let set_out = self.json().and_then(|json| serde_json::to_string_pretty(&json).ok());
        set_out.or_else(|| self.body.clone()).or_else(|| self.body_base64.clone())
    }

    /// How much of it there is, where that is to be said.
    fn note(&self) -> Option<String> {
        let kept = self.body.as_ref().map_or(0, String::len);
        if self.body_base64.is_some() {
            Some(format!("{} bytes, no text: shown as Base64", self.body_bytes))
        } else if kept < self.body_bytes {
            Some(format!("the first {kept} of {} bytes", self.body_bytes))
        } else {
            None
        }
    }
}

/// Something to copy.
struct Copied {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "request.html", config = "src/ui/askama.toml")]
struct Request<'a> {
    page: &'a Page,
    it: &'a Detail,
    messages: [(&'static str, &'a Message); 2],
    back: String,
    copied: [Copied; 3],
    inject: Call,
    fault: String,
}

/// Shows one request.
pub(super) async fn show(Path(id): Path<String>, page: Page) -> Result<Response, PageError> {
    let it: Detail = page.ask(&format!("/requests/{}", segment(&id))).await?;
    let set_out = |value: &Value| serde_json::to_string_pretty(value).unwrap_or_default();
    let fault = set_out(&fault(&it));
    let template = Request {
        back: page.link("/", &[]),
        copied: [
            Copied {
                id: "curl",
                title: "Copy as curl",
                about: "The request again. Credentials are not kept: fill in the variables, as locum env prints them.",
                text: curl(&page.base, &it),
            },
            Copied {
                id: "verify",
                title: "Copy as verify",
                about: "The body of POST /_emulator/requests/verify: was there such a request?",
                text: set_out(&verify(&it)),
            },
            Copied {
                id: "fault",
                title: "Copy as fault",
                about: "The body of POST /_emulator/faults: the next such request fails.",
                text: fault.clone(),
            },
        ],
        inject: page.call("POST", "/faults", Value::Null, "Inject"),
        fault,
        messages: [("Request", &it.request), ("Response", &it.response)],
        it: &it,
        page: &page,
    };
    rendered(&page, &template)
}

/// What the request was, as selectors say it.
fn selected(it: &Detail) -> Map<String, Value> {
    let line = &it.line;
    let all = [
        ("service", line.service.clone()),
        ("operation", line.operation.clone()),
        ("credential", line.credential.clone()),
        ("method", Some(line.method.clone())),
        ("path", Some(line.path.clone())),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}

fn verify(it: &Detail) -> Value {
    let mut wanted = selected(it);
    wanted.insert("status".to_owned(), it.line.status.into());
    let pairs = form_urlencoded::parse(it.line.query.as_deref().unwrap_or_default().as_bytes());
    // What was taken out of a query cannot be asked for.
    let query: Map<String, Value> =
        pairs.filter(|(_, value)| !is_taken_out(value)).map(|(name, value)| (name.into(), (*value).into())).collect();
    if !query.is_empty() {
        wanted.insert("query".to_owned(), query.into());
    }
    if let Some(body) = it.request.json().filter(|_| it.request.note().is_none()) {
        wanted.insert("body".to_owned(), body);
    }
    json!({ "match": wanted, "count": { "at_least": 1 } })
}

fn fault(it: &Detail) -> Value {
    json!({ "match": selected(it), "then": { "status": 503 }, "times": 1 })
}

/// Whether a credential stood there.
fn is_taken_out(text: &str) -> bool {
    text.contains(MASK) || (text.contains('[') && text.contains(']'))
}

/// Headers that a client sends by itself.
const OWN: [&str; 7] =
    ["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "expect"];

/// The request as a command line, in which variables stand for credentials.
fn curl(base: &str, it: &Detail) -> String {
    let line = &it.line;
    let query = line.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    let url = format!("{base}{}{query}", line.path);
    let url = match url.split_once("token=") {
        Some((before, rest)) => {
            let after = rest.split_once('&').map(|(_, after)| format!("&{after}")).unwrap_or_default();
            in_double(&format!("{before}token="), "$LICENSE_VAULT_REPORTING_TOKEN", &after)
        }
        None => in_single(&url),
    };
    let mut parts = vec![format!("curl -i -X {} {url}", line.method)];
    for Header { name, value } in &it.request.headers {
        if OWN.contains(&name.as_str()) {
            continue;
        }
        let vault = line.service.as_deref() == Some("license_vault");
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
            Some((before, variable)) => format!("-H {}", in_double(&format!("{name}: {before}"), variable, "")),
            None => format!("-H {}", in_single(&format!("{name}: {value}"))),
        });
    }
    if let Some(body) = &it.request.body {
        parts.push(format!("--data-raw {}", in_single(body)));
    }
    parts.join(" \\\n  ")
}

/// As one word of a shell's, as it is.
fn in_single(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// As one word of a shell's, with a variable in it.
fn in_double(before: &str, variable: &str, after: &str) -> String {
    let plain = |text: &str| {
        let mut plain = String::new();
        for c in text.chars() {
            if matches!(c, '\\' | '"' | '`' | '$') {
                plain.push('\\');
            }
            plain.push(c);
        }
        plain
    };
    format!("\"{}{variable}{}\"", plain(before), plain(after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detail(request: &Value, line: &Value) -> Detail {
        let mut whole = json!({
            "id": "1", "at": "2026-01-15T09:00:00Z", "elapsed_us": 1, "method": "POST", "path": "/p", "status": 200,
            "request": request, "response": { "headers": [], "body_bytes": 0 },
            "trail": { "credential": { "outcome": "good" }, "permission": {} },
        });
        for (name, value) in line.as_object().unwrap() {
            whole[name] = value.clone();
        }
        serde_json::from_value(whole).unwrap()
    }

    #[test]
    fn a_command_line_holds_variables_and_nothing_that_a_shell_would_run() {
        let it = detail(
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
        let text = curl("http://localhost:1", &it);
        assert_eq!(
            text,
            "curl -i -X POST \"http://localhost:1/p?token=$LICENSE_VAULT_REPORTING_TOKEN&a=\\$(id)\\\"\" \\\n  \
             -H \"authorization: Automation $LICENSE_VAULT_AUTOMATION_TOKEN\" \\\n  \
             -H 'x-note: it'\\''s `id` $(id)' \\\n  \
             --data-raw '{\"a\":\"'\\''; rm -rf / #\"}'"
        );
    }

    #[test]
    fn a_question_asks_for_nothing_that_was_taken_out() {
        let it = detail(
            &json!({ "headers": [], "body": "{\"a\":1}", "body_bytes": 7 }),
            &json!({ "operation": "assignLicense", "query": "token=********&page=2" }),
        );
        assert_eq!(
            verify(&it),
            json!({
                "match": { "operation": "assignLicense", "method": "POST", "path": "/p", "status": 200, "query": { "page": "2" }, "body": { "a": 1 } },
                "count": { "at_least": 1 },
            })
        );
        assert_eq!(fault(&it)["then"]["status"], 503);
    }
}
