//! Seeds from what a service lists: its list answers become the entries of a seed.
//!
//! [`pages`] and [`table`] take a file apart into [`record::Record`]s, a service says what the members of a record mean
//! and adds entries to the [`draft::Draft`], and that is written, one entry to a line. So what is wrong with the seed
//! can be said of the record that it comes from.

pub mod draft;
pub mod entry;
mod logins;
pub mod notes;
pub mod pages;
pub mod pseudonyms;
pub mod record;
mod strict;
pub mod table;

use serde_json::{Map, Value};

/// A list that can be imported.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// The option that takes it, without dashes.
    pub option: &'static str,
    /// What it is, like `a list of teams`.
    pub what: &'static str,
    /// Where it comes from, for the help.
    pub help: &'static str,
    /// The member of a page that holds its records; `None` where a page is the array itself.
    pub envelope: Option<&'static str>,
    /// Members that each of its records has and no other list's.
    pub known_by: &'static [&'static str],
    /// It can also be a table.
    pub is_table: bool,
    /// Two of its records may be the same in everything, and yet be two.
    pub has_twins: bool,
}

impl List {
    /// Whether a record has all members that the list's have.
    pub fn knows(&self, members: &Map<String, Value>) -> bool {
        self.known_by.iter().all(|name| members.contains_key(*name))
    }
}

/// A file, as text.
#[derive(Debug)]
pub struct ListFile {
    /// By the number under which its name is noted.
    pub number: usize,
    /// Without the byte order mark that editors on Windows put in front.
    pub text: String,
}

impl ListFile {
    pub fn new(number: usize, mut text: String) -> Self {
        let mark = text.len() - text.trim_start_matches('\u{feff}').len();
        text.drain(..mark);
        Self { number, text }
    }
}
