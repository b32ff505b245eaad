//! What somebody needs who is here for the first time: credentials to copy, and where everything is.

use askama::Template;
use axum::{Extension, response::Response};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    control::{
        CredentialAnswer, known_credentials,
        variables::{Endpoints, Format},
    },
    domain::organization::DEFAULT_SPACE,
    seed::credential::SeededCredential,
    services::{Services, seeding::Plan, seeds::Seeds},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_name, format_timestamp},
        links::encode_segment,
        parts::{Links, ROWS},
        view::{Page, render_page},
    },
};

/// What the page reads of what Locum is.
#[derive(Deserialize)]
struct Info {
    version: String,
    settings: Value,
}

struct CredentialRow {
    credential: CredentialAnswer,
    kind: String,
    /// Headers, as they are written in a request; empty where nobody knows the token any more.
    headers: String,
    /// A request with them, for a shell.
    curl: String,
    rotate: ControlAction,
}

/// A service, where it is, and its document.
struct ServiceRow {
    title: &'static str,
    url: String,
    operations: usize,
}

#[derive(Template)]
#[template(path = "start.html", config = "src/ui/askama.toml")]
struct StartPage<'a> {
    page: &'a Page,
    info: Info,
    services: Vec<ServiceRow>,
    rows: Vec<CredentialRow>,
    count: i64,
    links: Links,
    /// Lines for a shell.
    exports: String,
    /// Whether these hold credentials, too.
    has_tokens: bool,
}

/// Shows it for the space that the query names.
pub(super) async fn show(
    Extension(services): Extension<Services>,
    Extension(seeds): Extension<Seeds>,
    page: Page,
) -> Result<Response, PageError> {
    let known = if page.space.name == DEFAULT_SPACE { known_credentials::find(page.app(), &seeds).await } else { None };
    let exports = match &known {
        Some((tokens, plan)) => write_exports(&page, tokens, plan)?,
        None => page.ask("/variables?format=shell").await?,
    };
    let known = known.map(|(tokens, _)| tokens).unwrap_or_default();
    let credentials: Vec<CredentialAnswer> = page.ask("/credentials").await?;
    let (part, count) = (page.part("page"), i64::try_from(credentials.len()).unwrap_or(i64::MAX));
    let skipped = usize::try_from(part.offset()).unwrap_or(usize::MAX);
    let shown = credentials.into_iter().skip(skipped).take(usize::try_from(ROWS).unwrap_or_default());
    let of_service = |name: &str| services.operations().iter().filter(|one| one.service == name).count();
    let template = StartPage {
        info: page.ask("/info").await?,
        services: services
            .iter()
            .map(|service| ServiceRow {
                title: service.title,
                url: format!("{}{}", page.base, service.base_path),
                operations: of_service(service.name),
            })
            .collect(),
        rows: shown.map(|credential| to_row(&page, &known, credential)).collect(),
        links: page.part_links("page", part, count),
        count,
        exports,
        has_tokens: !known.is_empty(),
        page: &page,
    };
    render_page(&page, &template)
}

fn write_exports(page: &Page, tokens: &[SeededCredential], plan: &Plan) -> Result<String, PageError> {
    let works = |token: &crate::core::token::PlainToken| tokens.iter().any(|one| one.token.expose() == token.expose());
    let endpoints = Endpoints::new(&page.base, &page.space.name, Some(plan), &works);
    endpoints.text(Format::Shell).map_err(|why| crate::core::error::Error::internal(why).into())
}

fn to_row(page: &Page, known: &[SeededCredential], credential: CredentialAnswer) -> CredentialRow {
    let is_it = |one: &&SeededCredential| {
        (one.service, &one.label) == (credential.service.as_str(), &credential.label)
            && one.customer_code.to_string() == credential.organization
    };
    let found = known.iter().find(is_it);
    let path = format!("/credentials/{}/rotate", encode_segment(&credential.id));
    let rotate = page.call("POST", &path, Value::Null, "Rotate to see").of(&credential.label);
    let rotate = rotate.says(format!("Token of {}", credential.label));
    let question = format!("Make a new token for {}? The present one stops working at once.", credential.label);
    CredentialRow {
        kind: format_name(&credential.kind),
        headers: found.map(|one| one.headers.join("\n")).unwrap_or_default(),
        curl: found.map(|one| write_curl(page, one)).unwrap_or_default(),
        rotate: rotate.asks(question),
        credential,
    }
}

fn write_curl(page: &Page, credential: &SeededCredential) -> String {
    let quote = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let headers = credential.headers.iter();
    let headers = headers.fold(String::new(), |headers, header| headers + " -H " + &quote(header));
    format!("curl -s{headers} {}", quote(&format!("{}{}", page.base, credential.path)))
}

fn format_until(credential: &CredentialAnswer) -> String {
    credential.expires_at.as_deref().map(format_timestamp).unwrap_or_default()
}

fn set_out(settings: &Value) -> String {
    serde_json::to_string_pretty(settings).unwrap_or_default()
}
