//! Where the page shows a record that a request changed.

use super::Tab;
use crate::{
    domain::organization::Organization,
    services::{
        atlassian::store::{oauth_client, service_account},
        service::FoundRecord,
    },
    store::organization,
    web::view::Page,
};

/// Links to the row of a service account, which has its OAuth clients. Everything else that a request changes is gone.
pub(crate) fn find_record<'a>(page: &'a Page, record: &'a str, id: &'a str) -> FoundRecord<'a> {
    Box::pin(async move {
        let mut db = page.app().db.read().await?;
        for Organization { id: organization, customer_code, .. } in organization::list(&mut db, page.space.id).await? {
            let (account, client) = match record {
                service_account::ACCOUNT => (id.to_owned(), String::new()),
                oauth_client::CLIENT => match oauth_client::find(&mut db, organization, id).await? {
                    Some(client) => (client.account.id, client.name),
                    None => continue,
                },
                _ => return Ok(None),
            };
            let Some(position) = service_account::find_position(&mut db, organization, &account).await? else {
                continue;
            };
            // The list goes on behind the one before.
            let (code, before) = (customer_code.to_string(), (position - 1).to_string());
            let pairs = [
                ("organization", code.as_str()),
                ("tab", Tab::ServiceAccounts.name()),
                ("clientName", &client),
                ("cursor", if position > 1 { &before } else { "" }),
            ];
            return Ok(Some(format!("{}#service-account-{account}", page.link("/atlassian", &pairs))));
        }
        Ok(None)
    })
}
