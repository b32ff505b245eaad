//! What is said of an import: what is wrong, and what is left out, each by file and record.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

/// How many problems are shown, and how many records of one warning.
const MOST_SHOWN: usize = 20;
const MOST_RECORDS: usize = 3;

/// Where a record stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The number of its file.
    pub file: usize,
    /// From 1, counted through all pages; 0 is the whole file.
    pub record: usize,
    pub line: usize,
    pub column: usize,
}

/// What is said of an import.
#[derive(Debug, Default)]
pub struct Notes {
    files: Vec<String>,
    problems: Vec<(Place, String)>,
    /// The records of each warning: the first ones, and how many.
    warnings: BTreeMap<(usize, String), (Vec<Place>, usize)>,
}

/// A place by the name of its file.
struct Named<'a>(&'a Notes, Place);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Place { file, record, line, column } = self.1;
        let name = self.0.files.get(file).map_or("?", String::as_str);
        match (record, line) {
            (0, 0) => f.write_str(name),
            (0, _) => write!(f, "{name} ({line}:{column})"),
            _ => write!(f, "{name}:record {record} ({line}:{column})"),
        }
    }
}

impl Notes {
    /// Notes the name of another file, and returns its number.
    pub fn add_file(&mut self, name: &str) -> usize {
        self.files.push(name.to_owned());
        self.files.len() - 1
    }

    /// Something is wrong, so that there is no seed.
    pub fn refuse(&mut self, at: Place, message: impl Into<String>) {
        self.problems.push((at, message.into()));
    }

    /// Something has no place in a seed.
    pub fn warn(&mut self, at: Place, message: impl Into<String>) {
        let (records, count) = self.warnings.entry((at.file, message.into())).or_default();
        *count += 1;
        if records.len() < MOST_RECORDS {
            records.push(at);
        }
    }

    pub fn describe_place(&self, at: Place) -> String {
        Named(self, at).to_string()
    }

    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// What is wrong, by place; `None` when nothing is.
    pub fn list_problems(&mut self) -> Option<String> {
        self.problems.sort();
        // A seed may have the same of a record in two places, like a person and what the person holds.
        self.problems.dedup();
        let mut lines: Vec<String> = (self.problems.iter().take(MOST_SHOWN))
            .map(|(at, message)| format!("{}: {message}", Named(self, *at)))
            .collect();
        let more = self.problems.len().saturating_sub(MOST_SHOWN);
        if more > 0 {
            lines.push(format!("and {more} more like these"));
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    /// What is left out: a line for each reason and file, with the first records and how many there are.
    pub fn list_warnings(&self) -> Vec<String> {
        let describe = |((_, message), (records, count)): (&(usize, String), &(Vec<Place>, usize))| {
            let mut text = String::new();
            for (nth, at) in records.iter().enumerate() {
                if nth == 0 {
                    text += &self.describe_place(*at);
                } else {
                    // Writing to a string cannot fail.
                    let _ = write!(text, ", {} ({}:{})", at.record, at.line, at.column);
                }
            }
            let more = count - records.len();
            if more > 0 {
                let _ = write!(text, " and {more} more");
            }
            format!("{text}: {message}")
        };
        self.warnings.iter().map(describe).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_of_one_reason_are_one_line() {
        let mut notes = Notes::default();
        let file = notes.add_file("a.json");
        for record in 1..=5 {
            notes.warn(Place { file, record, line: record, column: 2 }, "`x` has no place in a seed");
        }
        assert_eq!(
            notes.list_warnings(),
            ["a.json:record 1 (1:2), 2 (2:2), 3 (3:2) and 2 more: `x` has no place in a seed"]
        );
        assert_eq!(notes.list_problems(), None);
        notes.refuse(Place { file, record: 7, line: 9, column: 1 }, "no");
        assert_eq!(notes.list_problems().unwrap(), "a.json:record 7 (9:1): no");
    }
}
