//! Credentials of the default space that the seeds spell out, and that are good now.

use crate::{
    app::App,
    domain::organization::DEFAULT_SPACE,
    seed::credential::SeededCredential,
    services::{
        seeding::{self, Plan},
        seeds::Seeds,
    },
    store,
};

/// What the seeds spell out of what is in the default space: organizations, and credentials that are good still. What
/// was made by chance when it was seeded, nobody knows any more.
pub async fn find(app: &App, seeds: &Seeds) -> Option<(Vec<SeededCredential>, Plan)> {
    let mut ids = app.config.id_seed.of_write(DEFAULT_SPACE, 0);
    let mut plan = seeding::check(&seeds.current(), &mut ids).ok()?;
    let space = app.default_space().await.ok()?;
    let mut db = app.db.read().await.ok()?;
    let there = store::organization::list(&mut db, space.id).await.ok()?;
    plan.organizations.retain_mut(|planned| {
        let found = there.iter().find(|o| o.customer_code == planned.head.customer_code);
        // Where the seed leaves it to chance, chance was another when the data was made.
        found.inspect(|o| planned.head.org_id.clone_from(&o.org_id)).is_some()
    });
    let mut known = Vec::new();
    for shown in plan.credentials() {
        let fingerprint = app.keyring.fingerprint(&shown.token);
        if let Ok(Some(_)) = store::credential::find(&mut db, shown.service, fingerprint).await {
            known.push(shown);
        }
    }
    Some((known, plan))
}
