//! How well something is known.

use serde::Deserialize;

/// The grades of the contracts. The later one is the weaker one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum Grade {
    /// The vendor's document, or several independent clients.
    A,
    /// One client.
    B,
    /// A guess.
    C,
}

/// Where something is said, and how well it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The section of the service's contract.
    pub section: String,
    pub grade: Grade,
}
