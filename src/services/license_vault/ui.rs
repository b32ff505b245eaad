//! License Vault → Settings (license-vault §3), and below it the users, the licences and the denials.

mod record;

use askama::Template;
use axum::response::Response;
use serde_json::json;

use crate::{
    core::{error::Error, paging},
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
    store::{ReadOnly, Session},
    web::{
        control_action::ControlAction,
        error::PageError,
        format::{format_time, format_timestamp},
        links::encode_segment,
        parts::Links,
        view::{Page, Person, render_empty_page, render_page},
    },
};

pub(crate) use record::find_record;

/// What the page's query may name.
pub(crate) const PARAMETERS: &[&str] = &["vault", "as", "users", "denials"];

/// Rows of each list.
const SHOWN: i64 = 15;

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
    users: Vec<UserRow>,
    user_count: i64,
    user_links: Links,
    /// Each with a link to the request that was denied, as far as the journal has it.
    denials: Vec<(Option<String>, Denial)>,
    denial_count: i64,
    denial_links: Links,
}

/// Somebody who works with the vault's products.
enum UserRow {
    /// With a licence, and the button that revokes it, for an administrator.
    Active(Box<AllocationAnswer>, Option<ControlAction>),
    /// Without one, which was taken away.
    Denied(DeniedProductAnswer),
}

/// Shows the vault that the query names, else the first.
pub(crate) async fn show(page: Page) -> Result<Response, PageError> {
    let mut db = page.app().db.read().await?;
    let vaults = store::vault::list(&mut db, page.space.id).await?;
    let named = page.get("vault");
    let Some(first) = vaults.first() else {
        drop(db);
        return render_empty_page(&page, "License Vault", "vault");
    };
    let found = vaults.iter().find(|vault| vault.is_called(named)).or((named.is_empty()).then_some(first));
    let all = || vaults.iter().map(|vault| vault.name.as_str());
    let vault = found.ok_or_else(|| page.find_nothing("vault", named, all().collect::<Vec<_>>()))?;
    let pools = store::vault::list_pools(&mut db, vault, &page.answer_time()).await?;
    let denial_count = store::denials::count(&mut db, vault.id).await?;
    let denial_part = paging::Page { size: SHOWN, ..page.part("denials")? };
    let denials = list_latest_denials(&mut db, vault, denial_part, denial_count).await?;
    let administrators = store::vault::list_administrators(&mut db, vault.id).await?;
    drop(db);
    let known = page.list_changed(denials.iter().map(|(id, _)| id.as_str())).await?;
    let denials = denials.into_iter().map(|(id, denial)| (known.contains(&id).then(|| page.requests_of(&id)), denial));
    let (people, actor) = page.people(&vault.organization, administrators.first().map(String::as_str)).await?;
    let is_administrator = administrators.contains(&actor);
    let route = format!("/vaults/{}", encode_segment(&vault.name));
    let settings: VaultAnswer = page.ask(&route).await?;
    let allocations: Vec<AllocationAnswer> = page.ask(&format!("{route}/connections")).await?;
    let denied: Vec<DeniedProductAnswer> = page.ask(&format!("{route}/denied-products")).await?;
    let to_row = |allocation: AllocationAnswer| {
        let revoke = is_administrator.then(|| make_revoke_button(&page, &route, &actor, &allocation));
        UserRow::Active(Box::new(allocation), revoke)
    };
    let user_part = paging::Page { size: SHOWN, ..page.part("users")? };
    let user_count = i64::try_from(allocations.len() + denied.len()).unwrap_or(i64::MAX);
    let users = allocations.into_iter().map(to_row).chain(denied.into_iter().map(UserRow::Denied));
    let skipped = usize::try_from(user_part.offset()).unwrap_or(usize::MAX);
    let template = SettingsPage {
        buttons: if is_administrator { make_buttons(&page, &route, &actor, &settings) } else { Vec::new() },
        users: users.skip(skipped).take(usize::try_from(SHOWN).unwrap_or_default()).collect(),
        user_count,
        user_links: page.part_links("users", user_part, user_count),
        denial_links: page.part_links("denials", denial_part, denial_count),
        denial_count,
        denials: denials.collect(),
        specification: specification(&vault.name),
        page: &page,
        vaults: &vaults,
        vault,
        people: &people,
        actor: &actor,
        settings,
        is_administrator,
        pools,
    };
    render_page(&page, &template)
}

/// A part of the denials, the latest first: the store lists the oldest first, as the vendor does.
async fn list_latest_denials(
    db: &mut Session<ReadOnly>,
    vault: &Vault,
    part: paging::Page,
    total: i64,
) -> Result<Vec<(String, Denial)>, Error> {
    let end = (total - part.offset()).max(0);
    let offset = (end - part.size).max(0);
    let request = PageRequest { from: 0, to: i64::MAX, offset, limit: end - offset };
    let mut denials = store::denials::list(db, vault.id, request).await?;
    denials.reverse();
    Ok(denials)
}

/// Makes the buttons: one set for a vault without a token, another for one with a token (license-vault §3).
fn make_buttons(page: &Page, route: &str, actor: &str, settings: &VaultAnswer) -> Vec<ControlAction> {
    let VaultAnswer { name, has_token, .. } = settings;
    let route = format!("{route}/token");
    let call = |method, label| page.call(method, &route, json!({ "actor": actor }), label);
    let generate = |label| {
        let call = call("POST", label).says(format!("Token of the vault {name}"));
        call.hints("Send it as Authorization: Bearer, and the token behind it.")
    };
    if *has_token {
        vec![
            generate("Generate new token").asks("Generate a new token? The present one stops working at once."),
            call("DELETE", "Delete token")
                .says(format!("Deleted the token of the vault {name}"))
                .asks("Delete the token? Whoever uses it is refused from then on."),
        ]
    } else {
        vec![generate("Generate token")]
    }
}

fn make_revoke_button(page: &Page, route: &str, actor: &str, allocation: &AllocationAnswer) -> ControlAction {
    let AllocationAnswer { id, user, license, .. } = allocation;
    let route = format!("{route}/allocations/{}", encode_segment(id));
    page.call("DELETE", &route, json!({ "actor": actor }), "Revoke")
        .of(format!("{license} of {user}"))
        .says(format!("Revoked {license} of {user}"))
        .asks(format!("Revoke {license} of {user}? What runs on it asks again at once."))
}

/// A kind of licence or a plan, as the vendor's pages write it (license-vault §4.2).
fn describe_kind(name: &str) -> String {
    let words = name.replace("true_up", "true-up").replace('_', " ");
    words.get(..1).map_or_else(String::new, |first| first.to_uppercase() + &words[1..])
}
