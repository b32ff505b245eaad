//! License Vault → Settings (license-vault §3), and below it the users, the licences and the denials.

use askama::Template;
use axum::response::Response;
use serde_json::json;

use crate::{
    services::license_vault::{
        control::{
            VaultAnswer,
            wire::{AllocationAnswer, DeniedProductAnswer},
        },
        domain::{
            allocation::{Denial, PageRequest},
            vault::{Pool, Vault},
        },
        specification, store,
    },
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_time, format_timestamp},
        links::encode_segment,
        view::{Page, Person, render_empty_page, render_page},
    },
};

/// How many denials the page shows: the latest.
const SHOWN_DENIALS: usize = 50;
/// How many denials are read to find the latest, because the store lists the oldest first.
const READ_DENIALS: i64 = 10_000;

#[derive(Template)]
#[template(path = "license_vault.html", config = "src/services/license_vault/askama.toml")]
struct SettingsPage<'a> {
    page: &'a Page,
    vaults: &'a [Vault],
    vault: &'a Vault,
    people: &'a [Person],
    actor: &'a str,
    settings: VaultAnswer,
    specification: String,
    is_administrator: bool,
    buttons: Vec<ControlAction>,
    pools: Vec<Pool>,
    users: Vec<ActiveUser>,
    denied: Vec<DeniedProductAnswer>,
    denials: Vec<Denial>,
}

/// A licence in somebody's hands.
struct ActiveUser {
    allocation: AllocationAnswer,
    /// The button that revokes it, for an administrator.
    revoke: Option<ControlAction>,
}

/// Shows the vault that the query names, else the first.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let mut db = page.app().db.read().await?;
    let vaults = store::vault::list(&mut db, page.space.id).await?;
    let Some(vault) = vaults.iter().find(|vault| vault.is_called(page.get("vault"))).or(vaults.first()) else {
        drop(db);
        return render_empty_page(&page, "License Vault", "vault");
    };
    let pools = store::vault::list_pools(&mut db, vault, &page.answer_time()).await?;
    let page_request = PageRequest { from: 0, to: i64::MAX, offset: 0, limit: READ_DENIALS };
    let mut denials = store::denials::list(&mut db, vault.id, page_request).await?;
    denials.reverse();
    denials.truncate(SHOWN_DENIALS);
    let administrators = store::vault::list_administrators(&mut db, vault.id).await?;
    drop(db);
    let (people, actor) = page.people(&vault.organization, administrators.first().map(String::as_str)).await?;
    let is_administrator = administrators.contains(&actor);
    let route = format!("/vaults/{}", encode_segment(&vault.name));
    let settings: VaultAnswer = page.ask(&route).await?;
    let allocations: Vec<AllocationAnswer> = page.ask(&format!("{route}/connections")).await?;
    let users = allocations.into_iter().map(|allocation| ActiveUser {
        revoke: is_administrator.then(|| make_revoke_button(&page, &route, &actor, &allocation)),
        allocation,
    });
    let template = SettingsPage {
        buttons: if is_administrator { make_buttons(&page, &route, &actor, settings.has_token) } else { Vec::new() },
        users: users.collect(),
        denied: page.ask(&format!("{route}/denied-products")).await?,
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

/// Makes the buttons: one set for a vault without a token, another for one with a token (license-vault §3).
fn make_buttons(page: &Page, route: &str, actor: &str, has_token: bool) -> Vec<ControlAction> {
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

fn make_revoke_button(page: &Page, route: &str, actor: &str, allocation: &AllocationAnswer) -> ControlAction {
    let AllocationAnswer { id, user, license, .. } = allocation;
    let route = format!("{route}/allocations/{}", encode_segment(id));
    page.call("DELETE", &route, json!({ "actor": actor }), "Revoke")
        .of(format!("{license} of {user}"))
        .asks(format!("Revoke {license} of {user}? What runs on it asks again at once."))
}
