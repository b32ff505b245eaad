//! Requests for a licence.

use crate::{
    core::error::Error,
    domain::organization::email_key,
    services::license_vault::{
        domain::{
            allocation::{
                AllocationFilter, DENIAL_DESCRIPTION, DENIAL_REASON, Denial, LicenseRequest, RequestOutcome, VaultUser,
            },
            catalogue::find_product_name,
            decide::{AllocationDecision, decide},
            vault::{LicenseKind, Vault, VaultId},
        },
        store::{allocations, connections, denials, vault},
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
    let now = db.now();
    let rules = vault::list_rules(db, vault.id).await?;
    let pools = vault::list_pools(db, vault, now).await?;
    let own = allocations::list_live(db, vault, now, AllocationFilter::Email(&request.user.email)).await?;
    let all = if rules.iter().any(|rule| rule.priority) {
        allocations::list_live(db, vault, now, AllocationFilter::Everybody).await?
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
    let allocation = match decide(vault, &rules, &pools, &own, request, find_least_recent) {
        AllocationDecision::Deny => return Ok(RequestOutcome::Denied(deny(db, vault.id, request).await?)),
        AllocationDecision::Reuse { allocation } => allocation,
        AllocationDecision::Give { product, kind, merges, releases } => {
            if let Some(victim) = releases {
                allocations::release(db, vault.id, &victim).await?;
            }
            let id = db.ids().uuid().to_string();
            allocations::insert(db, vault.id, &id, &request.user, &product, kind, now).await?;
            for merged in merges {
                allocations::merge_into(db, vault.id, &merged, &id).await?;
            }
            id
        }
    };
    let connection = connections::connect(db, vault.id, &allocation, request).await?;
    let stored = allocations::list_live(db, vault, now, AllocationFilter::Id(&allocation)).await?.pop();
    let allocation = stored.ok_or_else(|| Error::internal("the allocation that was just made is gone"))?;
    Ok(RequestOutcome::Granted { allocation: Box::new(allocation), connection })
}

async fn deny(db: &mut Session<ReadWrite>, vault: VaultId, request: &LicenseRequest) -> Result<Denial, Error> {
    let denial = Denial {
        at: db.now(),
        user: request.user.clone(),
        host: request.host.clone(),
        ip: request.ip.clone(),
        product_name: find_product_name(&request.product).to_owned(),
        product_version: request.version.clone(),
        reason: DENIAL_REASON.to_owned(),
        description: DENIAL_DESCRIPTION.to_owned(),
    };
    denials::insert(db, vault, &denial).await?;
    Ok(denial)
}
