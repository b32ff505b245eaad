//! `/requests`: the journal, and questions about it.

pub(super) mod detail;
pub(super) mod har;
pub(super) mod list;
pub(super) mod verify;

use std::borrow::Cow;

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    app::App,
    core::clock,
    domain::journal::{Change, Entry, Ignored, describe_changes},
    http::problem::Problem,
    services,
};

/// A request, in short.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RequestSummary {
    /// The `X-Request-Id` of its answer.
    pub(crate) id: String,
    /// When it was asked, by the space's clock.
    #[schema(format = DateTime, example = "2026-01-15T09:00:00Z")]
    pub(crate) at: String,
    /// How long the answer took, in microseconds.
    pub(crate) elapsed_us: u64,
    /// Absent where the path is no service's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = json!(services::OTHER_EXAMPLE))]
    pub(crate) service: Option<Cow<'static, str>>,
    /// Absent where path and method are no operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "assignLicense")]
    pub(crate) operation: Option<Cow<'static, str>>,
    /// What the credential is called, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ann@example.test (organization)")]
    pub(crate) credential: Option<String>,
    #[schema(example = "POST")]
    pub(crate) method: String,
    #[schema(example = "/api/v1/customer/licenses/assign")]
    pub(crate) path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) query: Option<String>,
    #[schema(example = 200)]
    pub(crate) status: u16,
    /// The injected fault that hit it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
    /// Why it was refused, in Locum's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refusal: Option<String>,
    /// What it sent that nothing read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignored: Vec<Ignored>,
    /// What it changed: the first few records.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) changes: Vec<ChangeAnswer>,
    /// How many records it changed, where they are more than are said one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = 2000)]
    pub(crate) changed: Option<usize>,
}

/// A record that a request changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(crate) struct ChangeAnswer {
    /// Whose record it is.
    #[schema(value_type = String, example = json!(services::OTHER_EXAMPLE))]
    pub(crate) service: Cow<'static, str>,
    /// What kind of record.
    #[schema(value_type = String, example = "licence")]
    pub(crate) record: Cow<'static, str>,
    /// What the record is found by.
    #[schema(example = "FREE000003")]
    pub(crate) id: String,
    /// What was done with it, in words.
    #[schema(example = "assigned FREE000003 to eve@example.test")]
    pub(crate) what: String,
}

impl RequestSummary {
    /// What it changed, in a line.
    pub(crate) fn describe_changes(&self) -> Option<String> {
        let what = self.changes.iter().map(|change| &*change.what);
        let said = describe_changes(what, self.changed.unwrap_or(self.changes.len()));
        (!said.is_empty()).then_some(said)
    }
}

impl ChangeAnswer {
    /// The first few of an entry's changes.
    pub(crate) fn list(entry: &Entry) -> Vec<Self> {
        let service = entry.service.clone().unwrap_or_default();
        let first = entry.changed.iter().flat_map(|changed| &changed.first);
        let answer = first.map(|Change { record, id, what }| Self {
            service: service.clone(),
            record: record.clone(),
            id: id.clone(),
            what: what.clone(),
        });
        answer.collect()
    }
}

impl From<&Entry> for RequestSummary {
    fn from(entry: &Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            at: clock::write(entry.at),
            elapsed_us: entry.elapsed_micros,
            service: entry.service.clone(),
            operation: entry.operation.clone(),
            credential: entry.credential().map(ToOwned::to_owned),
            method: entry.method.to_string(),
            path: entry.path.to_string(),
            query: entry.query.as_deref().map(ToOwned::to_owned),
            status: entry.status,
            fault: entry.trace.fault.as_ref().map(|fault| fault.description.clone()),
            refusal: entry.trace.refusal.clone(),
            ignored: entry.ignored().to_vec(),
            changes: ChangeAnswer::list(entry),
            changed: entry.changed.as_ref().and_then(|changed| changed.count_of_more()),
        }
    }
}

/// Refuses where no journal is kept. Not with a 409, which says of a question that requests were not as expected.
pub(super) fn check_journal_is_kept(app: &App) -> Result<(), Problem> {
    if app.config.journal.is_some() {
        return Ok(());
    }
    Err(Problem::new(StatusCode::NOT_FOUND, "no journal is kept: start Locum without `--journal off`"))
}
