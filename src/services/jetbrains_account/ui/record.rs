//! Where the page shows a record that a request changed.

use super::licenses::NAMED;
use crate::{
    domain::organization::Organization,
    services::{jetbrains_account::store, service::FoundRecord},
    store::organization,
    web::view::Page,
};

/// Where the page is.
const PATH: &str = "/jetbrains-account";

/// Links to the row of a licence, or to somebody's token.
pub(crate) fn find_record<'a>(page: &'a Page, record: &'a str, id: &'a str) -> FoundRecord<'a> {
    Box::pin(async move {
        let mut db = page.app().db.read().await?;
        for Organization { id: organization, customer_code, .. } in organization::list(&mut db, page.space.id).await? {
            let code = customer_code.to_string();
            if record == store::license::RECORD {
                if store::license::find(&mut db, organization, id).await?.is_some() {
                    let link = page.link(PATH, &[("organization", &code), (NAMED, id)]);
                    return Ok(Some(format!("{link}#license-{id}")));
                }
                continue;
            }
            let tokens = store::token::list(&mut db, organization).await?;
            let found = tokens.into_iter().find(|token| store::token::describe(&token.email, token.profile) == id);
            if let Some(token) = found {
                let team = token.profile.team().map(|team| team.to_string()).unwrap_or_default();
                let link = page.link(PATH, &[("organization", &code), ("as", &token.email), ("team", &team)]);
                return Ok(Some(format!("{link}#own")));
            }
        }
        Ok(None)
    })
}
