//! Credentials of the default space that the seeds spell out, and that are good now.

use std::collections::HashSet;

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
    // All at once, because one after the other takes a second where there are a thousand.
    let there = store::credential::list(&mut db, space.id).await.ok()?;
    let there: HashSet<(&str, &str)> =
        there.iter().map(|one| (one.service.as_str(), one.fingerprint.as_str())).collect();
    let mut known = plan.credentials();
    known.retain(|shown| there.contains(&(shown.service, &*app.keyring.fingerprint(&shown.token).to_hex())));
    Some((known, plan))
}
