//! One request: what was asked, why it was answered so, and what to copy from it.

use askama::Template;
use axum::{Extension, extract::Path, response::Response};
use serde_json::{Map, Value, json};

use crate::{
    control::{Header, MessageAnswer, RequestDetail, RequestSummary},
    core::redact::MASK,
    domain::{journal::DecisionTrace, request_matcher::RequestMatcher},
    services::Services,
    ui::{curl, dashboard::format_elapsed},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_time, format_timestamp},
        links::encode_segment,
        view::{Page, render_page},
    },
};

/// A message as the page shows it.
struct MessageView<'a> {
    title: &'static str,
    headers: &'a [Header],
    /// For reading: JSON is indented.
    body: Option<String>,
    /// What is said of the body's length.
    note: Option<String>,
}

impl<'a> MessageView<'a> {
    fn new(title: &'static str, message: &'a MessageAnswer) -> Self {
        let body = parse_body(message).map(|json| indent(&json));
        let body = body.or_else(|| message.body.clone()).or_else(|| message.body_base64.clone());
        Self { title, headers: &message.headers, body, note: describe_length(message) }
    }
}

fn parse_body(message: &MessageAnswer) -> Option<Value> {
    serde_json::from_str(message.body.as_ref()?).ok()
}

/// `None` where the body is shown whole and as it is.
fn describe_length(message: &MessageAnswer) -> Option<String> {
    let kept = message.body.as_ref().map_or(0, String::len);
    if message.body_base64.is_some() {
        Some(format!("{} bytes, no text: shown as Base64", message.body_bytes))
    } else if kept < message.body_bytes {
        Some(format!("the first {kept} of {} bytes", message.body_bytes))
    } else {
        None
    }
}

fn indent(json: &Value) -> String {
    serde_json::to_string_pretty(json).unwrap_or_default()
}

/// A text with a button that copies it.
struct CopyableText {
    id: &'static str,
    title: &'static str,
    about: &'static str,
    text: String,
}

#[derive(Template)]
#[template(path = "request.html", config = "src/ui/askama.toml")]
struct RequestPage<'a> {
    page: &'a Page,
    request: &'a RequestSummary,
    trace: &'a DecisionTrace,
    messages: [MessageView<'a>; 2],
    back: String,
    texts: Vec<CopyableText>,
    inject: ControlAction,
    /// A rule for the next such request; none where that is no operation, because then a rule may never hit.
    fault: Option<String>,
}

/// Shows one request.
pub(super) async fn show(
    Path(id): Path<String>,
    Extension(services): Extension<Services>,
    page: Page,
) -> Result<Response, PageError> {
    let detail: RequestDetail = page.ask(&format!("/requests/{}", encode_segment(&id))).await?;
    let fault = detail.summary.operation.is_some().then(|| indent(&fault_rule(&detail)));
    let template = RequestPage {
        back: page.link("/", &[]),
        texts: [
            Some(CopyableText {
                id: "curl",
                title: "Copy as curl",
                about: "The request again. Credentials are not kept: fill in the variables, as locum env prints them.",
                text: curl::write(&services.credential_places().collect::<Vec<_>>(), &page.base, &detail),
            }),
            Some(CopyableText {
                id: "verify",
                title: "Copy as verify",
                about: "The body of POST /_emulator/requests/verify: was there such a request?",
                text: indent(&question(&detail)),
            }),
            fault.clone().map(|text| CopyableText {
                id: "fault",
                title: "Copy as fault",
                about: "The body of POST /_emulator/faults: the next such request fails.",
                text,
            }),
        ]
        .into_iter()
        .flatten()
        .collect(),
        inject: page.call("POST", "/faults", Value::Null, "Inject"),
        fault,
        messages: [MessageView::new("Request", &detail.request), MessageView::new("Response", &detail.response)],
        request: &detail.summary,
        trace: &detail.trace,
        page: &page,
    };
    render_page(&page, &template)
}

/// A matcher that only such requests fit.
fn matcher(request: &RequestSummary) -> RequestMatcher {
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
    let mut wanted = json!(matcher(&detail.summary));
    wanted["status"] = detail.summary.status.into();
    let pairs = form_urlencoded::parse(detail.summary.query.as_deref().unwrap_or_default().as_bytes());
    // The journal has a mask in place of a credential, which no request would match.
    let query: Map<String, Value> =
        pairs.filter(|(_, value)| !is_masked(value)).map(|(name, value)| (name.into(), (*value).into())).collect();
    if !query.is_empty() {
        wanted["query"] = query.into();
    }
    if let Some(body) = parse_body(&detail.request).filter(|_| describe_length(&detail.request).is_none()) {
        wanted["body"] = body;
    }
    json!({ "match": wanted, "count": { "at_least": 1 } })
}

/// The body of a rule that makes the next such request fail.
fn fault_rule(detail: &RequestDetail) -> Value {
    json!({ "match": matcher(&detail.summary), "then": { "status": 503 }, "times": 1 })
}

/// Whether a credential stood there.
fn is_masked(text: &str) -> bool {
    text.contains(MASK) || (text.contains('[') && text.contains(']'))
}

#[cfg(test)]
pub(super) fn example_detail(request: &Value, line: &Value) -> RequestDetail {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_asks_for_nothing_that_was_taken_out() {
        let detail = example_detail(
            &json!({ "headers": [], "body": "{\"a\":1}", "body_bytes": 7 }),
            &json!({ "operation": "assignLicense", "query": "token=********&page=2" }),
        );
        assert_eq!(
            question(&detail),
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
    }
}
