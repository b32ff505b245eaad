//! Where the page shows a record that a request changed.

use crate::{
    services::{
        license_vault::{
            domain::allocation::{Allocation, AllocationFilter},
            store,
        },
        service::FoundRecord,
    },
    web::{parts::ROWS, view::Page},
};

/// Links to the row of a licence, which has what runs on it, or to the part of the denials that has one.
pub(crate) fn find_record<'a>(page: &'a Page, record: &'a str, id: &'a str) -> FoundRecord<'a> {
    Box::pin(async move {
        let mut db = page.app().db.read().await?;
        for vault in store::vault::list(&mut db, page.space.id).await? {
            let link = |parameter, index: i64, fragment: String| {
                let part = (index / ROWS + 1).to_string();
                format!("{}#{fragment}", page.link("/license-vault", &[("vault", &vault.name), (parameter, &part)]))
            };
            if record == store::denials::RECORD {
                if let Some(later) = store::denials::count_later(&mut db, vault.id, id).await? {
                    return Ok(Some(link("denials", later, "denials".to_owned())));
                }
                continue;
            }
            let now = page.answer_time();
            let held = store::allocations::list_live(&mut db, &vault, &now, AllocationFilter::Everybody).await?;
            let has = |it: &Allocation| it.id == id || it.running.iter().any(|running| running.id == id);
            if let Some((index, held)) = held.iter().enumerate().find(|(_, held)| has(held)) {
                let index = i64::try_from(index).unwrap_or_default();
                return Ok(Some(link("users", index, format!("allocation-{}", held.id))));
            }
        }
        Ok(None)
    })
}
