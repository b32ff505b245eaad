//! A request as a curl command line.

use crate::{
    control::{Header, RequestDetail},
    core::text::quote_for_shell,
    domain::journal::CredentialOutcome,
    http::credential_places::{CredentialPlace, Location},
    seed::credential::capitals,
};

/// Headers that curl sends by itself.
const SENT_BY_CURL: [&str; 7] =
    ["host", "content-length", "connection", "accept-encoding", "transfer-encoding", "user-agent", "expect"];

/// A service's name, and a place where its requests carry a credential.
type ServicePlace = (&'static str, &'static CredentialPlace);

/// What stands for a token that nobody has, and that the journal does not keep.
const UNKNOWN: &str = "wrong-token";

/// The variable of the credential that was sent, as `locum env` calls it. `None` where nobody has it: another one would
/// be answered otherwise.
fn name_variable(kind: &str, sent: &str) -> Option<String> {
    let label = sent.rsplit_once(']')?.0.split_once('[')?.1;
    Some(format!("{kind}_{}", capitals(label)).trim_end_matches('_').to_owned())
}

/// Says whose the request is.
pub(super) fn describe(detail: &RequestDetail) -> String {
    let credential = &detail.trace.credential;
    match (credential.outcome, &credential.label) {
        (CredentialOutcome::Nothing, _) => "The request again; it had no credential.".to_owned(),
        (CredentialOutcome::Good | CredentialOutcome::Expired, Some(label)) => {
            format!("The request again, as {label}: the variable is the one that locum env prints for it.")
        }
        _ => "The request again, with a token that nobody has, as it was.".to_owned(),
    }
}

/// The request as a command line, in which variables stand for credentials.
pub(super) fn write(places: &[ServicePlace], base: &str, detail: &RequestDetail) -> String {
    let request = &detail.summary;
    let service = request.service.as_deref();
    let mut parts = vec![format!("curl -i -X {} {}", request.method, write_url(places, base, detail))];
    for Header { name, value } in &detail.request.headers {
        if SENT_BY_CURL.contains(&name.as_str()) {
            continue;
        }
        let is_there = |place: &CredentialPlace| matches!(place.location, Location::Header(header) if header == name);
        parts.push(match find_place(places, service, value, is_there) {
            Some(CredentialPlace { prefix, variable, .. }) => match name_variable(variable, value) {
                Some(variable) => format!("-H {}", quote_with_variable(&format!("{name}: {prefix}"), &variable, "")),
                None => format!("-H {}", quote_for_shell(&format!("{name}: {prefix}{UNKNOWN}"))),
            },
            None => format!("-H {}", quote_for_shell(&format!("{name}: {value}"))),
        });
    }
    if let Some(body) = &detail.request.body {
        parts.push(format!("--data-raw {}", quote_for_shell(body)));
    }
    parts.join(" \\\n  ")
}

fn write_url(places: &[ServicePlace], base: &str, detail: &RequestDetail) -> String {
    let request = &detail.summary;
    let address = format!("{base}{}", request.path);
    let Some(query) = &request.query else { return quote_for_shell(&address) };
    let mut start = 0;
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let is_there = |place: &CredentialPlace| match place.location {
            Location::Parameter(parameter) => parameter.eq_ignore_ascii_case(name),
            Location::Header(_) => false,
        };
        if let Some(place) = find_place(places, request.service.as_deref(), value, is_there) {
            let before = format!("{address}?{}{name}=", &query[..start]);
            let rest = &query[start + pair.len()..];
            return match name_variable(place.variable, value) {
                Some(variable) => quote_with_variable(&before, &variable, rest),
                None => quote_for_shell(&format!("{before}{UNKNOWN}{rest}")),
            };
        }
        start += pair.len() + 1;
    }
    quote_for_shell(&format!("{address}?{query}"))
}

/// The place whose credential stood there. First of the service that was asked; of several, the one whose prefix the
/// value still has, because the journal has a mask in place of the credential itself.
fn find_place(
    places: &[ServicePlace],
    asked: Option<&str>,
    value: &str,
    is_there: impl Fn(&CredentialPlace) -> bool,
) -> Option<&'static CredentialPlace> {
    let has_prefix = |place: &CredentialPlace| {
        value.get(..place.prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(place.prefix))
    };
    let found = places.iter().filter(|(_, place)| is_there(place));
    found.max_by_key(|(service, place)| (Some(*service) == asked, has_prefix(place))).map(|(_, place)| *place)
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
    format!("\"{}${variable}{}\"", escape(before), escape(after))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ui::request::example_detail;

    const PLACES: [CredentialPlace; 3] = [
        CredentialPlace { location: Location::Header("authorization"), prefix: "Bearer ", variable: "TOKEN" },
        CredentialPlace { location: Location::Header("authorization"), prefix: "Ticket ", variable: "TICKET" },
        CredentialPlace { location: Location::Parameter("token"), prefix: "", variable: "PARAMETER" },
    ];

    #[test]
    fn a_command_line_holds_variables_and_nothing_that_a_shell_would_run() {
        let places: Vec<ServicePlace> = PLACES.iter().map(|place| ("tickets", place)).collect();
        let detail = example_detail(
            &json!({
                "headers": [
                    { "name": "host", "value": "localhost" },
                    { "name": "authorization", "value": "ticket [ci (ticket)]" },
                    { "name": "x-note", "value": "it's `id` $(id)" },
                ],
                "body": "{\"a\":\"'; rm -rf / #\"}", "body_bytes": 20,
            }),
            &json!({ "query": "mytoken=1&token=********&a=$(id)\"" }),
        );
        let text = write(&places, "http://localhost:1", &detail);
        assert_eq!(
            text,
            "curl -i -X POST 'http://localhost:1/p?mytoken=1&token=wrong-token&a=$(id)\"' \\\n  \
             -H \"authorization: Ticket $TICKET_CI_TICKET\" \\\n  \
             -H 'x-note: it'\\''s `id` $(id)' \\\n  \
             --data-raw '{\"a\":\"'\\''; rm -rf / #\"}'"
        );
    }
}
