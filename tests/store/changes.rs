//! What a session changed is told once it lasts.

use std::sync::Arc;

use locum::{
    core::paging::Page,
    domain::journal::Changed,
    services::jetbrains_account::{
        domain::{contact::Contact, license::LicenseFilter},
        store::license,
    },
    store::{self, Written},
};

use crate::support::{TestApp, apply, on_both_databases};

#[apply(on_both_databases)]
async fn only_what_is_committed_is_told(app: TestApp) {
    let db = &app.app.db;
    let space = app.app.space("default").await.unwrap();
    let organizations = store::organization::list(&mut db.read().await.unwrap(), space.id).await.unwrap();
    let organization = organizations[0].id;
    let contact = Contact { first_name: "Eve".to_owned(), last_name: "Stone".to_owned(), email: "e@a.test".to_owned() };
    let written = Arc::new(Written::default());
    for (told, commits) in [(true, false), (false, true), (true, true), (true, true)] {
        let before = written.read().map_or(0, |changed| changed.count);
        let mut session = db.write(space.id).await.unwrap();
        if told {
            session.tell_changes(&written);
        }
        let free = LicenseFilter { assigned: Some(false), ..LicenseFilter::default() };
        let page = Page { number: 1, size: 6 };
        let (all, _) = license::list_page(&mut session, organization, &free, page).await.unwrap();
        for one in &all {
            license::assign(&mut session, organization, &one.id, &contact, false).await.unwrap();
        }
        assert_eq!(written.read().map_or(0, |changed| changed.count), before, "nothing is told before the commit");
        if commits {
            session.commit().await.unwrap();
        } else {
            drop(session);
        }
        let added = if told && commits { all.len() } else { 0 };
        assert_eq!(written.read().map_or(0, |changed| changed.count), before + added);
    }
    // Of two sessions, as of one.
    assert_eq!(written.read().unwrap().first.len(), Changed::MOST);
}
