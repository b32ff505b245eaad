//! What a request changed, with links to the rows of what is still there.

use crate::{
    control::{ChangeAnswer, RequestSummary},
    services::Registry,
    web::{error::PageError, view::Page},
};

/// A record that a request changed.
pub(super) struct ChangeRow {
    pub what: String,
    /// Where the record is, if it is still there.
    pub row: Option<String>,
    /// The requests that changed it.
    pub touched: String,
}

/// The records that a request changed, as far as they are said one by one.
pub(super) async fn list(
    page: &Page,
    services: &Registry,
    request: &RequestSummary,
) -> Result<Vec<ChangeRow>, PageError> {
    let mut rows = Vec::new();
    for ChangeAnswer { service, record, id, what } in &request.changes {
        let row = match services.iter().find(|one| one.name == service).and_then(|one| one.page) {
            Some(of_service) => (of_service.find_record)(page, record, id).await?,
            None => None,
        };
        rows.push(ChangeRow { what: what.clone(), row, touched: page.requests_of(id) });
    }
    Ok(rows)
}
