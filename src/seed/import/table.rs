//! A list as a table: CSV with a line of names, as programs for tables write it too.

use serde_json::{Map, Value};

use super::{
    List, ListFile,
    notes::{Notes, Place},
    pages::check_kind,
    record::Record,
};
use crate::core::progress::Progress;

const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// Whether a text is a table, and neither JSON nor a page nor an answer with its headers.
pub fn is_table(text: &str) -> bool {
    let text = text.trim_start();
    !text.is_empty() && !text.starts_with(['[', '{', '<']) && !text.starts_with("HTTP/")
}

/// Whether the first line of a table has the names of one of the lists that are tables.
pub fn is_of_any(text: &str, lists: &[List]) -> bool {
    let head = read_name(split_line(split_said_separator(text).0).0);
    lists.iter().any(|list| list.is_table && list.known_by.iter().all(|name| head.contains(name)))
}

/// Reads a table: each row becomes a record, by the names in its first line.
pub fn read(
    file: &ListFile,
    list: &List,
    all: &[List],
    notes: &mut Notes,
    progress: &Progress,
    add: &mut dyn FnMut(Record, &mut Notes),
) {
    let (text, said) = split_said_separator(&file.text);
    let separator = said.unwrap_or_else(|| find_separator(text, list));
    progress.begin("reading lists", text.len() as u64);
    let mut reader = open(text, separator);
    let mut lines = Lines { text, counted: 0, line: 1 + count_lines(&file.text[..file.text.len() - text.len()]) };
    let mut place = Place { file: file.number, line: lines.line, column: 1, record: 0 };
    let mut head: Option<Head> = None;
    let mut row = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut row) {
            Ok(false) => break,
            Ok(true) => {}
            Err(error) => return notes.refuse(place, format!("cannot be read as CSV: {error}")),
        }
        let offset = row.position().map_or(0, csv::Position::byte);
        progress.reach(offset);
        let (at, line) = lines.find(usize::try_from(offset).unwrap_or(text.len()));
        place.line = line;
        let ends_at = usize::try_from(reader.position().byte()).unwrap_or(text.len());
        let written = text.get(at..ends_at).unwrap_or_default();
        if ends_at == text.len() && written.matches('"').count() % 2 == 1 {
            let place = Place { record: head.as_ref().map_or(0, |_| place.record + 1), ..place };
            return notes.refuse(place, "a quote (\") is opened and not closed: all that follows would be one cell");
        }
        if is_empty_row(&row) || (head.is_some() && split_said_separator(written).1.is_some()) {
            continue;
        }
        // Pages one after the other have the line of names each.
        if head.is_none() || is_head(&row, list) {
            match Head::read(&row, list, all) {
                Ok(read) => head = Some(read),
                Err(message) => return notes.refuse(Place { record: 0, ..place }, message),
            }
            continue;
        }
        let Some(head) = &head else { break };
        place.record += 1;
        match head.read_row(&row) {
            Ok(members) => add(Record::new(members, place, at), notes),
            Err(message) => notes.refuse(place, message),
        }
    }
    if head.is_none() {
        notes.refuse(place, format!("the file is empty; {} has a line of names at least", list.what));
    }
}

fn open(text: &str, separator: u8) -> csv::Reader<&[u8]> {
    csv::ReaderBuilder::new().delimiter(separator).flexible(true).has_headers(false).from_reader(text.as_bytes())
}

/// The first line, and what is behind its end: as on Unix, on Windows, and on old Macs.
fn split_line(text: &str) -> (&str, &str) {
    let (line, rest) = text.split_at(text.find(['\r', '\n']).unwrap_or(text.len()));
    (line, rest.strip_prefix("\r\n").or(rest.strip_prefix(['\r', '\n'])).unwrap_or(rest))
}

/// How many lines end in a text.
fn count_lines(text: &str) -> usize {
    text.matches('\n').count() + text.matches('\r').count() - text.matches("\r\n").count()
}

/// What Excel takes for the separator, if the text says it in a line in front: `sep=;`.
fn split_said_separator(text: &str) -> (&str, Option<u8>) {
    let (first, rest) = split_line(text);
    let first = first.trim_end_matches('"').trim_start_matches(['\u{feff}', '"']);
    match first.split_at_checked(4) {
        Some((word, separator)) if word.eq_ignore_ascii_case("sep=") => {
            let said = SEPARATORS.into_iter().find(|one| separator.as_bytes().first() == Some(one));
            if said.is_some() { (rest, said) } else { (text, None) }
        }
        _ => (text, None),
    }
}

/// The separator with which the line of names has those of the list; else the one that it has most of.
fn find_separator(text: &str, list: &List) -> u8 {
    let read_head = |separator: u8| {
        let mut row = csv::StringRecord::new();
        // A table that cannot be read is refused later.
        let _ = open(text, separator).read_record(&mut row);
        row
    };
    let fits = |separator: &u8| list.knows(&Head::list_names(&read_head(*separator)));
    SEPARATORS.into_iter().find(fits).unwrap_or_else(|| {
        let (head, _) = split_line(text);
        // Of two alike, the comma.
        let count = |one: &u8| (head.bytes().filter(|byte| byte == one).count(), *one == b',');
        SEPARATORS.into_iter().max_by_key(count).unwrap_or(b',')
    })
}

/// A name as lists have it: programs and people write it in capitals, and with blanks.
fn read_name(text: &str) -> String {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}').to_lowercase().replace([' ', '-'], "_")
}

fn is_head(row: &csv::StringRecord, list: &List) -> bool {
    // Most rows are told from it by one name.
    let has = |name: &&str| row.iter().any(|cell| cell.len() >= name.len() && read_name(cell) == **name);
    list.known_by.first().is_some_and(has) && list.knows(&Head::list_names(row))
}

fn is_empty_row(row: &csv::StringRecord) -> bool {
    row.iter().all(|cell| cell.trim().is_empty())
}

/// The line of names.
struct Head {
    /// Empty where a column has none.
    names: Vec<String>,
    /// Blanks stand behind separators, in the rows too.
    is_padded: bool,
}

impl Head {
    fn list_names(row: &csv::StringRecord) -> Map<String, Value> {
        row.iter().map(|name| (read_name(name), Value::Null)).collect()
    }

    fn read(row: &csv::StringRecord, list: &List, all: &[List]) -> Result<Self, String> {
        check_kind(list, all, &Self::list_names(row))?;
        let names: Vec<String> = row.iter().map(read_name).collect();
        let is_twice = |(nth, name): &(usize, &String)| !name.is_empty() && names[..*nth].contains(name);
        if let Some((_, name)) = names.iter().enumerate().find(is_twice) {
            return Err(format!("`{name}` is the name of two columns, and which one is meant cannot be told"));
        }
        let is_padded = row.iter().skip(1).any(|name| name.starts_with(' '));
        Ok(Self { names, is_padded })
    }

    /// The cells of a row by their names.
    fn read_row(&self, row: &csv::StringRecord) -> Result<Map<String, Value>, String> {
        // Programs for tables write empty cells as far as any row goes.
        let is_more = row.iter().skip(self.names.len()).any(|cell| !cell.trim().is_empty());
        if row.len() < self.names.len() || is_more {
            let cells = if row.len() == 1 { "1 cell".to_owned() } else { format!("{} cells", row.len()) };
            return Err(format!("{cells}, where the line of names has {}", self.names.len()));
        }
        let mut members = Map::new();
        for (nth, (name, cell)) in self.names.iter().zip(row.iter()).enumerate() {
            let is_quoted_behind_blank = cell.starts_with(' ') && cell.trim_start().starts_with('"');
            if self.is_padded && is_quoted_behind_blank {
                let name = if name.is_empty() { format!("column {}", nth + 1) } else { name.clone() };
                return Err(format!("`{name}` has a blank before its quote, so that where it ends cannot be told"));
            }
            let cell = if self.is_padded { cell.trim() } else { cell };
            match (name.as_str(), cell) {
                ("", "") => {}
                ("", _) => drop(members.insert(format!("column {}", nth + 1), read_cell(cell))),
                (name, _) => drop(members.insert(name.to_owned(), read_cell(cell))),
            }
        }
        Ok(members)
    }
}

fn read_cell(cell: &str) -> Value {
    // A program for tables would take it for a formula, which is why a `'` stands in front.
    let is_formula = |text: &&str| text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    match cell {
        "" => Value::Null,
        cell => Value::String(cell.strip_prefix('\'').filter(is_formula).unwrap_or(cell).to_owned()),
    }
}

/// Finds lines in a text, from its front to its end.
struct Lines<'a> {
    text: &'a str,
    counted: usize,
    line: usize,
}

impl Lines<'_> {
    /// Where the row begins that stands at an offset, and in which line. The reader's own line is one short where lines
    /// end as on Windows.
    fn find(&mut self, offset: usize) -> (usize, usize) {
        let rest = self.text.get(offset..).unwrap_or_default();
        let start = offset + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        self.line += count_lines(self.text.get(self.counted..start).unwrap_or_default());
        self.counted = start;
        (start, self.line)
    }
}
