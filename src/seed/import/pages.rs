//! Pages of a list, as JSON: one, several one after the other, or an array of pages.

use std::borrow::Cow;

use serde_json::{Map, Value, value::RawValue};

use super::{
    List, ListFile,
    notes::{Notes, Place},
    record::Record,
    strict::{Members, read_object},
};
use crate::core::{progress::Progress, text::cut};

/// Finds lines and columns in a text, from its front to its end.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    column: usize,
}

impl Lines<'_> {
    /// The line and column of a part of the text, which stands behind those that were asked for before.
    fn find(&mut self, part: &str) -> (usize, usize) {
        let offset = (part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize).min(self.text.len());
        let passed = self.text.get(self.at..offset).unwrap_or_default();
        // Only what was passed is counted, because all pages may stand in one line.
        self.line += passed.matches('\n').count();
        match passed.rsplit_once('\n') {
            Some((_, behind)) => self.column = behind.chars().count() + 1,
            None => self.column += passed.chars().count(),
        }
        self.at = self.at.max(offset);
        (self.line, self.column)
    }
}

/// Whether the pages of a list, which may stand in several files and in any order, are all there.
#[derive(Debug, Default)]
pub struct Ending {
    /// A page says that none follows.
    is_there: bool,
    /// The last page that says that another one follows.
    goes_on: Option<Place>,
}

impl Ending {
    /// Warns where each page says that another one follows.
    pub fn check(&self, notes: &mut Notes) {
        if let Some(place) = self.goes_on.filter(|_| !self.is_there) {
            notes.warn(place, "each page says that another one follows: the list is not whole");
        }
    }
}

/// Reads a file's pages.
struct Pages<'a> {
    list: &'a List,
    all: &'a [List],
    lines: Lines<'a>,
    file: usize,
    count: usize,
    ending: &'a mut Ending,
    was_refused: bool,
}

/// Takes a file apart. `all` are the lists that it may be instead.
pub fn read(
    file: &ListFile,
    list: &List,
    all: &[List],
    ending: &mut Ending,
    notes: &mut Notes,
    progress: &Progress,
    add: &mut dyn FnMut(Record, &mut Notes),
) {
    let text = &*blank_marks(&file.text);
    let whole = Place { file: file.number, ..Place::default() };
    if text.trim_start().starts_with('<') {
        let message = "this is HTML and not JSON, perhaps a page to sign in or of a proxy: save the API's own answer";
        return notes.refuse(whole, message);
    }
    if text.starts_with("HTTP/") {
        let message = "this begins with the answer's headers: save its body alone (curl without -i)";
        return notes.refuse(whole, message);
    }
    progress.begin("reading lists", text.len() as u64);
    let lines = Lines { text, at: 0, line: 1, column: 1 };
    let mut pages = Pages { list, all, lines, file: file.number, count: 0, ending, was_refused: false };
    for document in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        match document {
            Ok(document) => pages.page(document, notes, &mut |record, notes| {
                progress.reach((record.offset) as u64);
                add(record, notes);
            }),
            Err(error) => {
                let is_table = text.lines().next().is_some_and(|line| !line.starts_with(['{', '[', '"']));
                let hint = if is_table { " (this looks like CSV or text, not like JSON)" } else { "" };
                let message = format!("cannot be read as JSON: {error}{hint}");
                notes.refuse(Place { line: error.line(), column: error.column(), ..whole }, message);
                return;
            }
        }
    }
    if text.trim().is_empty() {
        let nothing = list.envelope.map_or_else(|| "[]".to_owned(), |name| format!(r#"{{"{name}":[]}}"#));
        notes.refuse(whole, format!("the file is empty; {} without a record is `{nothing}`", list.what));
    }
}

/// Writes blanks for the byte order marks in front of files, which stand in the middle where files were put together.
fn blank_marks(text: &str) -> Cow<'_, str> {
    const MARK: char = '\u{feff}';
    if !text.contains(MARK) {
        return Cow::Borrowed(text);
    }
    let (mut is_quoted, mut is_escaped) = (false, false);
    let blank = |letter: char| {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = is_quoted,
            '"' => is_quoted = !is_quoted,
            MARK if !is_quoted => return ' ',
            _ => {}
        }
        letter
    };
    Cow::Owned(text.chars().map(blank).collect())
}

impl<'a> Pages<'a> {
    fn place(&mut self, part: &RawValue) -> Place {
        let (line, column) = self.lines.find(part.get());
        Place { file: self.file, record: self.count, line, column }
    }

    /// A page, an array of pages, or a record.
    fn page(&mut self, raw: &'a RawValue, notes: &mut Notes, add: &mut dyn FnMut(Record, &mut Notes)) {
        if self.was_refused {
            return;
        }
        if raw.get().starts_with('[') {
            let parts: Vec<&'a RawValue> = serde_json::from_str(raw.get()).unwrap_or_default();
            for part in parts {
                self.page(part, notes, add);
            }
            return;
        }
        if !raw.get().starts_with('{') {
            let place = self.place(raw);
            let message = format!("expected {}, found {}", self.list.what, shorten(raw.get()));
            return notes.refuse(place, message);
        }
        if let Some((name, records, members)) = self.find_envelope(raw) {
            let place = Place { record: 0, ..self.place(raw) };
            if let Some(problem) = members.problem {
                return notes.refuse(place, problem);
            }
            let links = members.by_name.get("links").and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok());
            match links.filter(|links| links["next"].is_string()) {
                Some(_) => self.ending.goes_on = Some(place),
                None => self.ending.is_there = true,
            }
            if let Err(message) = self.check_envelope(name, &records) {
                self.was_refused = true;
                return notes.refuse(place, message);
            }
            for record in records {
                self.record(record, notes, add);
            }
            return;
        }
        if let Some(message) = self.find_list_without_pages(raw) {
            self.was_refused = true;
            let place = self.place(raw);
            return notes.refuse(place, message);
        }
        self.record(raw, notes, add);
    }

    /// Says what a page is of, where its records stand in a member where those of this list do not.
    fn check_envelope(&self, name: &str, records: &[&RawValue]) -> Result<(), String> {
        if self.list.envelope == Some(name) {
            return Ok(());
        }
        let first = records.first().and_then(|record| serde_json::from_str(record.get()).ok());
        let is_of = |other: &&List| other.envelope == Some(name) && first.as_ref().is_some_and(|of| other.knows(of));
        Err(match self.all.iter().find(is_of) {
            Some(other) => format!("this is {}: --{}", other.what, other.option),
            None => format!("this is not {}, whose records do not stand in `{name}`", self.list.what),
        })
    }

    /// Says what a record without a page is of, where another list has such records, and has no pages: which of the two
    /// it is cannot be seen.
    fn find_list_without_pages(&self, raw: &RawValue) -> Option<String> {
        let envelope = self.list.envelope?;
        let members = serde_json::from_str(raw.get()).ok()?;
        let other = self.all.iter().find(|other| other.envelope.is_none() && other.knows(&members))?;
        let List { what, option, .. } = other;
        Some(format!("this is {what}: --{option}; the records of {} stand in `{envelope}`", self.list.what))
    }

    /// The records of a page, if a member holds them.
    fn find_envelope(&self, raw: &'a RawValue) -> Option<(&'static str, Vec<&'a RawValue>, Members<'a>)> {
        let members: Members<'a> = serde_json::from_str(raw.get()).ok()?;
        let mut names = self.all.iter().filter_map(|list| list.envelope);
        let read = |name| serde_json::from_str(members.by_name.get(name)?.get()).ok();
        let (name, records) = names.find_map(|name| Some((name, read(name)?)))?;
        Some((name, records, members))
    }

    fn record(&mut self, raw: &'a RawValue, notes: &mut Notes, add: &mut dyn FnMut(Record, &mut Notes)) {
        if self.was_refused {
            return;
        }
        self.count += 1;
        let place = self.place(raw);
        if !raw.get().starts_with('{') {
            return notes.refuse(place, format!("expected an object, found {}", shorten(raw.get())));
        }
        let members = match read_object(raw.get()) {
            Ok(members) => members,
            Err(message) => return notes.refuse(place, message),
        };
        if let Err(message) = check_kind(self.list, self.all, &members) {
            // The others are of the same kind.
            self.was_refused = true;
            return notes.refuse(place, message);
        }
        add(Record::new(members, place, self.lines.at), notes);
    }
}

/// Says what a record is of, where it is not of this list.
pub(super) fn check_kind(list: &List, all: &[List], members: &Map<String, Value>) -> Result<(), String> {
    if list.knows(members) {
        return Ok(());
    }
    // The one that more members speak for.
    if let Some(other) = all.iter().filter(|other| other.knows(members)).max_by_key(|other| other.known_by.len()) {
        return Err(format!("this is {}: --{}", other.what, other.option));
    }
    let missing: Vec<String> =
        list.known_by.iter().filter(|name| !members.contains_key(**name)).map(|name| format!("`{name}`")).collect();
    Err(format!("this is no record of {}, which has {}", list.what, missing.join(", ")))
}

fn shorten(text: &str) -> String {
    format!("`{}`", cut(text, 30))
}
