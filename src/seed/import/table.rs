//! A list as a table: CSV with a line of names, as programs for tables write it too.

use serde_json::{Map, Value};

use super::{
    List, ListFile,
    notes::{Notes, Place},
    pages::check_kind,
    record::Record,
};
use crate::core::progress::Progress;

/// Whether a text is a table and not JSON.
pub fn is_table(text: &str) -> bool {
    let text = text.trim_start();
    !text.is_empty() && !text.starts_with(['[', '{', '<'])
}

/// Whether the first line of a table has the names of one of the lists that are tables.
pub fn is_of_any(text: &str, lists: &[List]) -> bool {
    let head = text.lines().next().unwrap_or_default();
    lists.iter().any(|list| list.is_table && list.known_by.iter().all(|name| head.contains(name)))
}

/// Takes a table apart. The separator is the one that the first line has most of.
pub fn read(
    file: &ListFile,
    list: &List,
    all: &[List],
    notes: &mut Notes,
    progress: &Progress,
    add: &mut dyn FnMut(Record, &mut Notes),
) {
    let text = file.text.as_str();
    let head = text.lines().next().unwrap_or_default();
    let separator = [b',', b';', b'\t'].into_iter().max_by_key(|one| {
        let count = head.bytes().filter(|byte| byte == one).count();
        // Of two alike, the comma.
        (count, *one == b',')
    });
    progress.begin("reading lists", text.len() as u64);
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator.unwrap_or(b',')).flexible(true).from_reader(text.as_bytes());
    let whole = Place { file: file.number, line: 1, column: 1, record: 0 };
    let names = match reader.headers() {
        Ok(names) => names.clone(),
        Err(error) => return notes.refuse(whole, format!("cannot be read as CSV: {error}")),
    };
    let header: Map<String, Value> = names.iter().map(|name| (name.trim().to_owned(), Value::Null)).collect();
    if let Err(message) = check_kind(list, all, &header) {
        return notes.refuse(whole, message);
    }
    let mut row = csv::StringRecord::new();
    let (mut number, mut line, mut counted) = (0, 1, 0);
    loop {
        match reader.read_record(&mut row) {
            Ok(false) => return,
            Ok(true) => {}
            Err(error) => return notes.refuse(whole, format!("cannot be read as CSV: {error}")),
        }
        number += 1;
        let offset = row.position().map_or(0, csv::Position::byte);
        let at = usize::try_from(offset).unwrap_or(text.len());
        // The reader's own line is one short where lines end as on Windows.
        let rest = text.get(at..).unwrap_or_default();
        let start = at + rest.len() - rest.trim_start_matches(['\r', '\n']).len();
        line += text.get(counted..start).unwrap_or_default().matches('\n').count();
        counted = start;
        let place = Place { record: number, line, ..whole };
        progress.reach(offset);
        if row.len() != names.len() {
            notes.refuse(place, format!("{} cells, where the first line has {}", row.len(), names.len()));
            continue;
        }
        let cell = |cell: &str| match cell {
            "" => Value::Null,
            cell => Value::String(cell.strip_prefix('\'').filter(|rest| is_formula(rest)).unwrap_or(cell).to_owned()),
        };
        let members = names.iter().zip(row.iter()).map(|(name, text)| (name.trim().to_owned(), cell(text)));
        add(Record::new(members.collect(), place, at), notes);
    }
}

/// Whether a program for tables would take it for a formula, which is why a `'` stands in front.
fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r'])
}
