//! What somebody needs who is here for the first time: credentials to copy, and where everything is.

use askama::Template;
use axum::{
    Extension,
    http::header,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    control::{
        CredentialAnswer, CredentialStatus, known_credentials,
        variables::{Endpoints, Format},
    },
    core::{
        error::Error,
        token::{Fingerprint, PlainToken},
    },
    domain::{credential::CredentialId, organization::DEFAULT_SPACE},
    seed::credential::SeededCredential,
    services::{Registry, Services, seeding::Plan, seeds::Seeds},
    store,
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{count_noun, format_name, format_timestamp},
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
    /// What it may do, in words.
    role: String,
    is_expired: bool,
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
    /// Lines for a shell, as many as a page shows.
    exports: String,
    /// How many there are beside them.
    more_exports: usize,
    /// Whether these hold credentials, too.
    has_tokens: bool,
}

/// Lines for a shell that the page shows. Beside more there is a link to all, because some of them are of no use.
const EXPORTS: usize = 40;

/// All lines for a shell.
pub(super) async fn show_exports(Extension(seeds): Extension<Seeds>, page: Page) -> Result<Response, PageError> {
    let (_, exports) = find_known(&page, &seeds).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], exports).into_response())
}

/// The credentials that are spelled out, and the lines for a shell.
async fn find_known(page: &Page, seeds: &Seeds) -> Result<(Vec<SeededCredential>, String), PageError> {
    let known = if page.space.name == DEFAULT_SPACE { known_credentials::find(page.app(), seeds).await } else { None };
    Ok(match known {
        Some((tokens, plan)) => {
            let exports = write_exports(page, &tokens, &plan)?;
            (tokens, exports)
        }
        None => (Vec::new(), page.ask("/variables?format=shell").await?),
    })
}

/// Shows it for the space that the query names.
pub(super) async fn show(
    Extension(services): Extension<Services>,
    Extension(seeds): Extension<Seeds>,
    page: Page,
) -> Result<Response, PageError> {
    let (known, exports) = find_known(&page, &seeds).await?;
    let credentials: Vec<CredentialAnswer> = page.ask("/credentials").await?;
    let (part, count) = (page.part("page")?, i64::try_from(credentials.len()).unwrap_or(i64::MAX));
    let skipped = usize::try_from(part.offset()).unwrap_or(usize::MAX);
    let shown = credentials.iter().skip(skipped).take(usize::try_from(ROWS).unwrap_or_default());
    let roles = describe_roles(&page, &services, shown.clone()).await?;
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
        rows: shown.zip(roles).map(|(credential, role)| to_row(&page, &known, credential, role)).collect(),
        links: page.part_links("page", part, count),
        count,
        more_exports: exports.lines().count().saturating_sub(EXPORTS),
        exports: exports.split_inclusive('\n').take(EXPORTS).collect(),
        has_tokens: !known.is_empty(),
        page: &page,
    };
    render_page(&page, &template)
}

fn write_exports(page: &Page, tokens: &[SeededCredential], plan: &Plan) -> Result<String, PageError> {
    let works = |token: &PlainToken| tokens.iter().any(|one| one.token.expose() == token.expose());
    let endpoints = Endpoints::new(&page.base, &page.space.name, Some(plan), &works);
    endpoints.text(Format::Shell).map_err(|why| Error::internal(why).into())
}

/// What each of them may do, as its service says it of a request.
async fn describe_roles<'a>(
    page: &Page,
    services: &Registry,
    credentials: impl Iterator<Item = &'a CredentialAnswer>,
) -> Result<Vec<String>, Error> {
    let mut db = page.app().db.read().await?;
    let all = store::credential::list(&mut db, page.space.id).await?;
    let mut roles = Vec::new();
    for credential in credentials {
        let id = credential.id.strip_prefix("cred-").and_then(|id| id.parse().ok()).map(CredentialId);
        let found = all.iter().find(|one| Some(one.id) == id);
        let fingerprint = found.and_then(|one| Fingerprint::from_hex(&one.fingerprint));
        let service = services.iter().find(|service| service.name == credential.service);
        roles.push(match service.zip(fingerprint) {
            Some((service, fingerprint)) => {
                (service.describe_credential)(&mut db, fingerprint).await?.unwrap_or_default()
            }
            None => String::new(),
        });
    }
    Ok(roles)
}

fn to_row(page: &Page, known: &[SeededCredential], credential: &CredentialAnswer, role: String) -> CredentialRow {
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
        curl: found.map(|one| one.write_curl(&page.base)).unwrap_or_default(),
        rotate: rotate.asks(question),
        is_expired: matches!(credential.status, CredentialStatus::Expired),
        credential: credential.clone(),
        role: if role.is_empty() { "nothing any more".to_owned() } else { role },
    }
}

fn format_until(credential: &CredentialAnswer) -> String {
    credential.expires_at.as_deref().map(format_timestamp).unwrap_or_default()
}

fn set_out(settings: &Value) -> String {
    serde_json::to_string_pretty(settings).unwrap_or_default()
}
