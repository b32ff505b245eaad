//! Which operations were asked, and which of their answers were met.

use std::collections::BTreeSet;

use askama::Template;
use axum::{Extension, response::Response};
use serde_json::Value;

use crate::{
    control::coverage::{CoverageAnswer, OperationCoverage},
    services::Services,
    web::{
        control_action::ControlAction,
        error::PageError,
        view::{Page, render_page},
    },
};

/// How often each of the columns was met; `None` where an operation has no such answer.
fn count_columns(operation: &OperationCoverage, statuses: &[String]) -> Vec<Option<u64>> {
    let refusals = statuses.iter().map(|status| operation.refusals.get(status).copied());
    std::iter::once(Some(operation.success)).chain(refusals).chain([operation.limit]).collect()
}

/// How strongly a cell is coloured.
fn heat(met: Option<u64>) -> &'static str {
    match met {
        None => "h0",
        Some(0) => "h2",
        Some(_) => "h1",
    }
}

#[derive(Template)]
#[template(path = "coverage.html", config = "src/ui/askama.toml")]
struct CoveragePage<'a> {
    page: &'a Page,
    coverage: CoverageAnswer,
    statuses: Vec<String>,
    start_over: ControlAction,
}

/// Shows it: what was never asked first, then what was asked, in the order of the documents.
pub(super) async fn show(Extension(services): Extension<Services>, page: Page) -> Result<Response, PageError> {
    let mut coverage = CoverageAnswer::of(&services, &page.app().coverage);
    coverage.operations.sort_by_key(|one| !coverage.never_asked.contains(&one.operation));
    let statuses: BTreeSet<&String> = coverage.operations.iter().flat_map(|one| one.refusals.keys()).collect();
    let statuses = statuses.into_iter().cloned().collect();
    let start_over = ControlAction::new("DELETE", "/coverage".to_owned(), Value::Null, "Start over".to_owned());
    let start_over = start_over.says("Nothing was asked yet").asks("Forget what was asked, in all spaces?");
    render_page(&page, &CoveragePage { page: &page, statuses, start_over, coverage })
}
