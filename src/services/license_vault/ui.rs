//! License Vault → Settings (license-vault §3), and who uses what.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use crate::{
    services::{
        jetbrains_account::ui::Empty,
        license_vault::{
            domain::vault::{Denial, Pool, Vault, product_name},
            specification,
            store::{self, allocation::Rows},
        },
    },
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_time, format_timestamp},
        links::encode_segment,
        view::{Page, Person, render_page},
    },
};

/// Denials that are shown: the latest.
const DENIALS: usize = 50;
/// Denials that are looked at for that.
const LOOKED_AT: i64 = 10_000;

/// A vault's settings, as the control API answers them.
#[derive(Deserialize)]
struct Settings {
    plan: String,
    floating: bool,
    strict_policy: bool,
    has_token: bool,
    revocations_per_month: Option<i64>,
}

/// A licence in somebody's hands, as the control API answers it.
#[derive(Deserialize)]
struct Held {
    user: String,
    license: String,
    kind: String,
    since: String,
    last_seen_at: String,
    running: Vec<Running>,
}

#[derive(Deserialize)]
struct Running {
    product: String,
    version: String,
    host: String,
}

#[derive(Template)]
#[template(path = "license_vault.html", config = "src/services/license_vault/askama.toml")]
struct SettingsPage<'a> {
    page: &'a Page,
    vaults: &'a [Vault],
    vault: &'a Vault,
    people: &'a [Person],
    actor: &'a str,
    settings: Settings,
    specification: String,
    is_administrator: bool,
    buttons: Vec<ControlAction>,
    pools: Vec<Pool>,
    users: Vec<Held>,
    denials: Vec<Denial>,
}

/// Shows the vault that the query names, else the first.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let mut db = page.app().db.read().await?;
    let vaults = store::vault::list(&mut db, page.space.id).await?;
    let Some(vault) = vaults.iter().find(|vault| vault.name == page.get("vault")).or(vaults.first()) else {
        drop(db);
        return render_page(&page, &Empty { page: &page, title: "License Vault", what: "vault" });
    };
    let pools = store::vault::pools(&mut db, vault, page.now()).await?;
    let rows = Rows { from: 0, to: i64::MAX, offset: 0, limit: LOOKED_AT };
    let mut denials = store::allocation::denials(&mut db, vault.id, rows).await?;
    denials.reverse();
    denials.truncate(DENIALS);
    let administrators = store::vault::administrators(&mut db, vault.id).await?;
    drop(db);
    let (people, actor) = page.people(&vault.organization, administrators.first().map(String::as_str)).await?;
    let is_administrator = administrators.contains(&actor);
    let route = format!("/vaults/{}", encode_segment(&vault.name));
    let settings: Settings = page.ask(&route).await?;
    let template = SettingsPage {
        buttons: if is_administrator { buttons(&page, &route, &actor, settings.has_token) } else { Vec::new() },
        users: page.ask(&format!("{route}/connections")).await?,
        specification: specification(&vault.name),
        page: &page,
        vaults: &vaults,
        vault,
        people: &people,
        actor: &actor,
        settings,
        is_administrator,
        pools,
        denials,
    };
    render_page(&page, &template)
}

/// The two sets of buttons (license-vault §3).
fn buttons(page: &Page, route: &str, actor: &str, has_token: bool) -> Vec<ControlAction> {
    let route = format!("{route}/token");
    let call = |method, label| page.call(method, &route, json!({ "actor": actor }), label);
    if has_token {
        vec![
            call("POST", "Generate new token").asks("Generate a new token? The present one stops working at once."),
            call("DELETE", "Delete token").asks("Delete the token? Whoever uses it is refused from then on."),
        ]
    } else {
        vec![call("POST", "Generate token").asks("Generate a token? It is shown once, to you.")]
    }
}
