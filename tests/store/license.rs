//! Licences: the rule in SQL is the rule in Rust.

use locum::{
    core::paging::Page,
    domain::organization::DEFAULT_SPACE,
    services::jetbrains_account::{domain::license::LicenseFilter, store::license},
    store,
};

use crate::support::{TestApp, apply, on_both_databases};

/// `first_available` decides in SQL what `License::unavailable` decides in Rust.
#[apply(on_both_databases)]
async fn available_means_the_same_in_both_languages(app: TestApp) {
    let space = app.app.space(DEFAULT_SPACE).await.unwrap();
    let mut db = app.app.db.read().await.unwrap();
    for days in ["0d", "300d", "400d"] {
        let now = locum::core::clock::shift(space.now(), days.parse().unwrap()).unwrap();
        for organization in store::organization::list(&mut db, space.id).await.unwrap() {
            let everything = Page { number: 1, size: 1000 };
            let (all, total) =
                license::list_page(&mut db, organization.id, &LicenseFilter::default(), everything).await.unwrap();
            assert_eq!(usize::try_from(total).unwrap(), all.len());
            for probe in &all {
                let (team, code) = (probe.team.id, &probe.product.code);
                let found = license::first_available(&mut db, organization.id, team, code, now).await.unwrap();
                let expected = all.iter().find(|l| {
                    l.team.id == team
                        && l.product.code == *code
                        && l.unavailable(&locum::core::now::Now::at(now)).is_none()
                });
                assert_eq!(found.map(|l| l.id), expected.map(|l| l.id.clone()), "{code} in {team} after {days}");
            }
        }
    }
}
