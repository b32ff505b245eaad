//! Requests for a licence.

use std::collections::VecDeque;

use crate::{
    core::{error::Error, now::Now},
    domain::organization::email_key,
    services::license_vault::{
        domain::{
            allocation::{
                Allocation, AllocationFilter, DENIAL_DESCRIPTION, DENIAL_REASON, Denial, LicenseRequest,
                RequestOutcome, VaultUser,
            },
            decide::{AllocationDecision, decide},
            vault::{LicenseKind, Vault},
        },
        store::{allocations, connections, denials, denied_products, vault},
    },
    store::session::{ReadWrite, Session},
};

/// Decides about a request at the session's time, and stores what became of it.
pub(crate) async fn grant_or_deny(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    request: &LicenseRequest,
) -> Result<RequestOutcome, Error> {
    allocations::expire_due(db, vault).await?;
    let (outcome, victim) = decide_about(db, vault, request).await?;
    ask_again(db, vault, victim).await?;
    Ok(outcome)
}

/// Has the products ask for licences again, at once, that run on allocations which were released (license-vault §4.5,
/// §9).
///
/// unverified: so do those whose licence went to somebody with priority.
pub(super) async fn ask_again(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    released: impl IntoIterator<Item = Allocation>,
) -> Result<(), Error> {
    let mut requests: VecDeque<LicenseRequest> = released.into_iter().flat_map(Allocation::into_requests).collect();
    // It ends, because only users with priority take another's licence, and nobody takes theirs.
    while let Some(request) = requests.pop_front() {
        let (_, victim) = decide_about(db, vault, &request).await?;
        requests.extend(victim.into_iter().flat_map(Allocation::into_requests));
    }
    Ok(())
}

/// Notes that a running product was seen; `false` when it does not run. One without a licence asks for one again.
///
/// unverified: that it asks each time.
pub(crate) async fn refresh(db: &mut Session<ReadWrite>, vault: &Vault, connection: &str) -> Result<bool, Error> {
    if !connections::mark_product_seen(db, vault, connection).await? {
        return Ok(false);
    }
    if let Some(request) = denied_products::find_request(db, vault.id, connection).await? {
        grant_or_deny(db, vault, &request).await?;
    }
    Ok(true)
}

/// Decides about a request, stores what became of it, and returns the allocation of another user that was released for
/// it, if one was.
async fn decide_about(
    db: &mut Session<ReadWrite>,
    vault: &Vault,
    request: &LicenseRequest,
) -> Result<(RequestOutcome, Option<Allocation>), Error> {
    let (now, at) = (Now::at(db.now()), db.now());
    let rules = vault::list_rules(db, vault.id).await?;
    let pools = vault::list_pools(db, vault, &now).await?;
    let own = allocations::list_live(db, vault, &now, AllocationFilter::Email(&request.user.email)).await?;
    let mut all = if rules.iter().any(|rule| rule.priority) {
        allocations::list_live(db, vault, &now, AllocationFilter::Everybody).await?
    } else {
        Vec::new()
    };
    let has_priority = |user: &VaultUser| {
        let is_user = |address: &String| email_key(address) == email_key(&user.email);
        rules.iter().any(|rule| rule.priority && rule.users.iter().any(is_user))
    };
    let find_least_recent = |product: &str, kind: LicenseKind| {
        let candidates = all.iter().filter(|a| a.product == product && a.kind == kind && !has_priority(&a.user));
        candidates.min_by_key(|a| a.last_seen_at).map(|a| a.id.clone())
    };
    let decision = decide(vault, &rules, &pools, &own, request, find_least_recent);
    let mut victim = None;
    let allocation = match decision {
        AllocationDecision::Deny => return Ok((RequestOutcome::Denied(deny(db, vault, request).await?), None)),
        AllocationDecision::Reuse { allocation } => allocation,
        AllocationDecision::Give { product, kind, merges, releases } => {
            if let Some(id) = releases {
                let index = all.iter().position(|allocation| allocation.id == id);
                victim = index.map(|index| all.swap_remove(index));
                let from = || victim.as_ref().map_or("somebody", |victim| &victim.user.email);
                let to = &request.user.email;
                allocations::release(db, vault.id, &id, || format!("took a licence from {} for {to}", from())).await?;
            }
            let id = db.ids().uuid().to_string();
            allocations::insert(db, vault, &id, &request.user, &product, kind, at).await?;
            for merged in merges {
                allocations::merge_into(db, vault.id, &merged, &id).await?;
            }
            id
        }
    };
    let connection = connections::connect(db, vault, &allocation, request).await?;
    let stored = allocations::list_live(db, vault, &now, AllocationFilter::Id(&allocation)).await?.pop();
    let allocation = stored.ok_or_else(|| Error::internal("the allocation that was just made is gone"))?;
    Ok((RequestOutcome::Granted { allocation: Box::new(allocation), connection }, victim))
}

async fn deny(db: &mut Session<ReadWrite>, vault: &Vault, request: &LicenseRequest) -> Result<Denial, Error> {
    let denial = Denial {
        at: db.now(),
        user: request.user.clone(),
        host: request.host.clone(),
        ip: request.ip.clone(),
        product_name: vault.catalogue.find_product_name(&request.product).to_owned(),
        product_version: request.version.clone(),
        reason: DENIAL_REASON.to_owned(),
        description: DENIAL_DESCRIPTION.to_owned(),
    };
    denials::insert(db, vault.id, &denial).await?;
    Ok(denial)
}
