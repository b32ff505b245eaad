//! What is said to listeners.

use serde::{Deserialize, Serialize};

use crate::{core::error::Error, domain::organization::SpaceId};

/// What can happen in a space.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A request was answered, and is in the journal.
    Request,
    /// Something was written.
    State,
    /// The clock was set.
    Clock,
    /// The faults to inject are others now, or one hit.
    Fault,
    /// What requests come after was noted.
    Note,
}

/// Something that happened in a space.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// In which space.
    pub space: i64,
    /// What.
    pub happened: EventKind,
    /// The request's id, the fault's, or the note's number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
}

impl EventKind {
    /// What PostgreSQL passes on.
    pub(crate) fn payload(self, space: SpaceId, id: &str) -> Result<String, Error> {
        let event = Event { space: space.0, happened: self, id: id.to_owned() };
        serde_json::to_string(&event).map_err(Error::internal)
    }
}
