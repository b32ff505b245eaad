//! What to copy from a request: the request again, a question about it, a fault for it.

use serde_json::{Map, Value, json};

use super::curl;
use crate::{
    control::RequestDetail,
    core::redact::MASK,
    domain::request_matcher::RequestMatcher,
    services::Registry,
    web::{control_action::ControlAction, view::Page},
};

/// The longest text that a page holds; pages stay small, whatever was sent.
const LONGEST: usize = 6_000;

/// A text with a button that copies it, and maybe one that sends it.
pub(super) struct CopyableText {
    pub id: &'static str,
    pub title: &'static str,
    pub about: String,
    pub text: String,
    pub call: Option<ControlAction>,
    /// What that button says.
    pub press: &'static str,
}

impl CopyableText {
    /// What the form is called that sends it.
    pub(super) fn place(&self) -> String {
        format!("{}-form", self.id)
    }
}

/// Everything that is offered.
pub(super) fn list(page: &Page, services: &Registry, detail: &RequestDetail) -> Vec<CopyableText> {
    let places: Vec<_> = services.credential_places().collect();
    let plain =
        |id, title, about: &str, text| CopyableText { id, title, about: about.to_owned(), text, call: None, press: "" };
    let question = question(detail);
    let matcher = &question["match"];
    let mut texts = vec![
        plain("curl", "As curl", &curl::describe(detail), curl::write(&places, &page.base, detail)),
        CopyableText {
            call: Some(page.call("POST", "/requests/verify", Value::Null, "Verify")),
            press: "Verify",
            ..plain(
                "verify",
                "As verify",
                "The body of POST /_emulator/requests/verify: was there such a request?",
                indent(&question),
            )
        },
        plain(
            "pytest",
            "As pytest",
            "The same question in a test with the package for Python.",
            format!("def test_was_asked(locum):\n    locum.verify({}, at_least=1)\n", write_python(matcher, 1)),
        ),
        plain(
            "vitest",
            "As Vitest",
            "The same question in a test with the package for Node.",
            format!("await locum.verify({});\n", indent(&question)),
        ),
        plain("rust", "As Rust", "The same question in a Rust test, with reqwest.", write_rust(page, &question)),
    ];
    // A rule for a path that is no operation's would never hit.
    if detail.summary.operation.is_some() {
        texts.push(CopyableText {
            call: Some(page.call("POST", "/faults", Value::Null, "Inject")),
            press: "Inject this fault",
            ..plain(
                "fault",
                "As fault",
                "The body of POST /_emulator/faults: the next such request fails.",
                indent(&fault_rule(detail)),
            )
        });
    }
    for it in &mut texts {
        if it.text.len() > LONGEST {
            "Too long to show here: its request has a long body.".clone_into(&mut it.text);
            it.call = None;
        }
    }
    texts
}

fn indent(json: &Value) -> String {
    serde_json::to_string_pretty(json).unwrap_or_default()
}

/// JSON as Python writes it.
fn write_python(value: &Value, depth: usize) -> String {
    let indent = "    ".repeat(depth + 1);
    let end = "    ".repeat(depth);
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| write_python(item, depth)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                format!("{indent}{}: {},\n", Value::from(name.as_str()), write_python(value, depth + 1))
            });
            format!("{{\n{}{end}}}", members.collect::<String>())
        }
    }
}

fn write_rust(page: &Page, question: &Value) -> String {
    let space = page.space_parameter();
    let space = if space.is_empty() { String::new() } else { format!("?space={space}") };
    let hashes = "#".repeat(1 + indent(question).matches("\"#").count());
    format!(
        "let answer = reqwest::blocking::Client::new()\n    .post(\"{}/_emulator/requests/verify{space}\")\n    \
         .header(\"content-type\", \"application/json\")\n    .body(r{hashes}\"{}\"{hashes})\n    .send()?;\n\
         assert!(answer.status().is_success(), \"{{}}\", answer.text()?);\n",
        page.base,
        indent(question),
    )
}

/// A matcher that only such requests fit.
fn matcher(detail: &RequestDetail) -> RequestMatcher {
    let request = &detail.summary;
    RequestMatcher {
        service: request.service.as_deref().map(ToOwned::to_owned),
        operation: request.operation.as_deref().map(ToOwned::to_owned),
        credential: request.credential.clone(),
        method: Some(request.method.clone()),
        path: Some(request.path.clone()),
        ..RequestMatcher::default()
    }
}

/// The body of a verification that there was such a request.
fn question(detail: &RequestDetail) -> Value {
    let mut wanted = json!(matcher(detail));
    wanted["status"] = detail.summary.status.into();
    let pairs = form_urlencoded::parse(detail.summary.query.as_deref().unwrap_or_default().as_bytes());
    // The journal has a mask in place of a credential, which no request would match.
    let query: Map<String, Value> =
        pairs.filter(|(_, value)| !is_masked(value)).map(|(name, value)| (name.into(), (*value).into())).collect();
    if !query.is_empty() {
        wanted["query"] = query.into();
    }
    let message = &detail.request;
    let body = message.body.as_ref().filter(|body| body.len() == message.body_bytes && !body.contains(MASK));
    if let Some(body) = body.and_then(|body| serde_json::from_str::<Value>(body).ok()) {
        wanted["body"] = body;
    }
    json!({ "match": wanted, "count": { "at_least": 1 } })
}

/// The body of a rule that makes the next such request fail.
fn fault_rule(detail: &RequestDetail) -> Value {
    json!({ "match": matcher(detail), "then": { "status": 503 }, "times": 1 })
}

/// Whether a credential stood there.
fn is_masked(text: &str) -> bool {
    text.contains(MASK) || (text.contains('[') && text.contains(']'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::request::example_detail;

    #[test]
    fn a_question_asks_for_nothing_that_was_taken_out() {
        let detail = example_detail(
            &json!({ "headers": [], "body": "{\"a\":1}", "body_bytes": 7 }),
            &json!({ "operation": "assignLicense", "query": "token=********&page=2" }),
        );
        let asked = question(&detail);
        assert_eq!(
            asked,
            json!({
                "match": {
                    "operation": "assignLicense",
                    "method": "POST",
                    "path": "/p",
                    "status": 200,
                    "query": { "page": "2" },
                    "body": { "a": 1 },
                },
                "count": { "at_least": 1 },
            })
        );
        assert_eq!(fault_rule(&detail)["then"]["status"], 503);
        assert_eq!(
            write_python(&json!({ "a": [true, null], "b": { "c": "it's" } }), 0),
            "{\n    \"a\": [True, None],\n    \"b\": {\n        \"c\": \"it's\",\n    },\n}"
        );
    }
}
