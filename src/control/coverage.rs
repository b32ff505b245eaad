//! `/coverage`: which operations a test suite asked, which of their refusals it met, and what it left out.

use std::{collections::BTreeMap, fmt::Write as _};

use axum::{
    Extension,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    app::{App, coverage::Coverage},
    http::{
        control_input::{Answer, NothingDone, Outcome, Params},
        problem::Refused,
    },
    services::{self, Registry, Services, operations::Operation},
};

/// What was asked, over all spaces, since the start or since it was started over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CoverageAnswer {
    /// Of the successes, refusals and limits that there are, how many were met at least once.
    #[schema(example = 12.5)]
    pub(crate) percent: f64,
    pub(crate) met: usize,
    pub(crate) of: usize,
    pub(crate) operations: Vec<OperationCoverage>,
    /// The operations that nobody asked for.
    #[schema(example = json!(["rotateToken"]))]
    pub(crate) never_asked: Vec<&'static str>,
}

/// How often an operation was answered in each way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperationCoverage {
    #[schema(example = json!(services::OTHER_EXAMPLE))]
    pub(crate) service: &'static str,
    /// The vendor's operation id.
    #[schema(example = "assignLicense")]
    pub(crate) operation: &'static str,
    #[schema(example = "POST")]
    pub(crate) method: &'static str,
    #[schema(example = "/api/v1/customer/licenses/assign")]
    pub(crate) path: String,
    pub(crate) success: u64,
    /// By status: each that the service's document names, and each that was met beside.
    #[schema(example = json!({"400": 0, "401": 2}))]
    pub(crate) refusals: BTreeMap<String, u64>,
    /// After the last request that a rate limit lets through; left out where the service has no limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    /// Hit by an injected fault, whatever the answer was. Not part of the percentage.
    pub(crate) fault: u64,
    /// The statuses among `refusals` that the document names.
    #[serde(skip)]
    documented: Vec<String>,
}

impl OperationCoverage {
    /// What there is to meet, and whether it was.
    fn cells(&self) -> impl Iterator<Item = bool> {
        let refusals = self.documented.iter().map(|status| self.refusals.get(status).is_some_and(|count| *count > 0));
        std::iter::once(self.success > 0).chain(refusals).chain(self.limit.map(|count| count > 0))
    }

    fn was_asked(&self) -> bool {
        self.success + self.limit.unwrap_or_default() + self.fault + self.refusals.values().sum::<u64>() > 0
    }
}

impl CoverageAnswer {
    /// What was counted so far.
    pub(crate) fn of(services: &Registry, coverage: &Coverage) -> Self {
        let emulated = services.operations().iter().filter(|operation| !operation.is_missing());
        let operations: Vec<_> = emulated.filter_map(|operation| measure(services, coverage, operation)).collect();
        let cells: Vec<bool> = operations.iter().flat_map(OperationCoverage::cells).collect();
        let (met, of) = (cells.iter().filter(|met| **met).count(), cells.len());
        let never_asked = operations.iter().filter(|operation| !operation.was_asked()).map(|one| one.operation);
        let never_asked = never_asked.collect();
        // Down, so that only everything is 100.
        let percent = (1000 * met).checked_div(of).unwrap_or_default();
        let percent = f64::from(u32::try_from(percent).unwrap_or(u32::MAX)) / 10.0;
        Self { percent, met, of, operations, never_asked }
    }

    /// As people read it, in a summary of a CI run too.
    pub(crate) fn to_markdown(&self) -> String {
        let Self { percent, met, of, operations, never_asked } = self;
        let mut text = format!(
            "# Coverage: {percent} %\n\n{met} of {of} answers of the services were met: of each operation success, the \
             refusals that its document names, and the rate limit.\n\n\
             | operation | success | refusals | limit | fault |\n|---|---:|---|---:|---:|\n"
        );
        for operation in operations {
            let refusals = operation.refusals.iter().map(|(status, count)| match count {
                0 => format!("**{status} never**"),
                _ => format!("{status} × {count}"),
            });
            let refusals = refusals.collect::<Vec<_>>().join(", ");
            let OperationCoverage { operation: id, method, path, success, fault, .. } = operation;
            let success = if *success == 0 { "**never**".to_owned() } else { success.to_string() };
            let limit = match operation.limit {
                None => String::new(),
                Some(0) => "**never**".to_owned(),
                Some(count) => count.to_string(),
            };
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {id} `{method} {path}` | {success} | {refusals} | {limit} | {fault} |");
        }
        if !never_asked.is_empty() {
            let _ = writeln!(text, "\nNever asked: {}.", never_asked.join(", "));
        }
        text
    }
}

/// `None` for an operation without an id, because nothing is counted for that.
fn measure(services: &Registry, coverage: &Coverage, operation: &Operation) -> Option<OperationCoverage> {
    const TOO_MANY: u16 = StatusCode::TOO_MANY_REQUESTS.as_u16();
    let (service, id) = (operation.service, operation.id?);
    let counts = coverage.of((service, id));
    // A limit has a column of its own, and only a fault makes a service of Locum's fail.
    let documented = operation.refusals.iter().filter(|status| **status != TOO_MANY && **status < 500);
    let documented: Vec<String> = documented.map(u16::to_string).collect();
    let is_limited = services.iter().any(|one| one.name == service && one.rate_limit.is_some());
    let limit = (is_limited && operation.refusals.contains(&TOO_MANY)).then_some(counts.limit);
    let mut refusals: BTreeMap<_, _> = documented.iter().map(|status| (status.clone(), 0)).collect();
    refusals.extend(counts.refusals.into_iter().map(|(status, count)| (status.to_string(), count)));
    let (method, path) = (operation.method, operation.path.clone());
    let (success, fault) = (counts.success, counts.fault);
    Some(OperationCoverage { service, operation: id, method, path, success, refusals, limit, fault, documented })
}

/// How it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    #[default]
    Json,
    Markdown,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct CoverageQuery {
    /// How it is written
    #[serde(default)]
    #[param(inline)]
    format: Format,
}

/// Which operations were asked in all spaces, which of their refusals were met, and what was left out.
#[utoipa::path(get, path = "/coverage", operation_id = "getCoverage", tag = "Coverage",
    security((), ("controlToken" = [])), params(CoverageQuery),
    responses(
        (status = 200, description = "What was asked", content(
            (CoverageAnswer = "application/json"),
            (String = "text/markdown"),
        )),
        Refused))]
pub(super) async fn get_coverage(
    State(app): State<App>,
    Extension(services): Extension<Services>,
    Params(query): Params<CoverageQuery>,
) -> Response {
    let coverage = CoverageAnswer::of(&services, &app.coverage);
    match query.format {
        Format::Json => Answer(coverage).into_response(),
        Format::Markdown => {
            ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], coverage.to_markdown()).into_response()
        }
    }
}

/// Starts over: nothing was asked yet.
#[utoipa::path(delete, path = "/coverage", operation_id = "deleteCoverage", tag = "Coverage",
    security((), ("controlToken" = [])),
    responses((status = 200, description = "What is left: nothing", body = CoverageAnswer), Refused))]
pub(super) async fn delete_coverage(
    State(app): State<App>,
    Extension(services): Extension<Services>,
) -> Outcome<CoverageAnswer> {
    let was_asked = app.coverage.start_over();
    let nothing = NothingDone::when(!was_asked, "nothing was asked yet");
    (nothing, Answer(CoverageAnswer::of(&services, &app.coverage)))
}
