//! The list of requests: one line each, with what happened between them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::search::{Known, Search, describe_reason, has, toggle};
use crate::{
    app::timeline::Note,
    control::CredentialAnswer,
    core::clock::{self, Time},
    domain::journal::{Entry, Filter, SequencedEntry},
    services::Registry,
    store,
    web::{error::PageError, view::Page},
};

/// Requests on a page.
const PAGE: usize = 50;
/// The same beside one that is open, which takes its part of what a page may weigh.
const PAGE_BESIDE: usize = 38;
/// Reasons that are offered as filters.
const REASONS: usize = 5;
/// As much of a path, and of a reason, as a line has room for.
const LONGEST: usize = 70;
/// What older links filter by: each is a word of the search.
const FILTERS: [&str; 5] = ["service", "operation", "credential", "status", "ignored"];

/// The list, and what it is searched by.
pub(super) struct RequestList {
    /// What stands in the box.
    pub search: String,
    /// What is wrong with it.
    pub trouble: Option<String>,
    pub lines: Vec<Line>,
    pub chips: Vec<Chip>,
    pub reasons: Vec<Chip>,
    /// How many fit, of how many.
    pub found: usize,
    pub total: usize,
    pub evicted: i64,
    pub older: Option<String>,
    pub newest: Option<String>,
    pub operations: Vec<String>,
    /// What fits, the newest first: numbers and ids.
    ids: Vec<(i64, String)>,
}

pub(super) enum Line {
    /// From here on down, the space's date is this one.
    Date(String),
    /// What happened there.
    Note(String),
    Request(Box<RequestLine>),
}

pub(super) struct RequestLine {
    pub number: i64,
    /// When, by the space's clock.
    pub at: String,
    /// How much later than the one before.
    pub gap: String,
    pub status: u16,
    pub class: String,
    pub method: String,
    pub short: String,
    pub target: String,
    pub link: String,
    pub is_open: bool,
    pub who: String,
    pub why: String,
    pub why_class: &'static str,
    pub took: String,
}

/// A filter to press, and how many requests it leaves.
pub(super) struct Chip {
    pub label: String,
    pub class: String,
    pub count: usize,
    pub link: String,
    pub is_on: bool,
}

impl RequestList {
    pub(super) async fn load(page: &Page, services: &Registry) -> Result<Self, PageError> {
        let db = &page.app().db;
        let all = store::journal::list(db, page.space.id, &Filter::default(), usize::MAX).await?;
        let evicted = store::journal::evicted(db, page.space.id).await?;
        let seeded: Vec<CredentialAnswer> = page.ask("/credentials").await?;
        let seeded = seeded.into_iter().map(|credential| credential.label);
        let heard = all.iter().filter_map(|(_, entry)| entry.credential().map(ToOwned::to_owned));
        let known = Known {
            operations: services.operations().iter().filter_map(|operation| operation.id).collect(),
            services: services.names().collect(),
            credentials: seeded.chain(heard).collect::<BTreeSet<_>>(),
        };
        let text = read_box(page);
        let (search, trouble) = match Search::read(&text, &known) {
            Ok(search) => (search, None),
            Err(trouble) => (Search::default(), Some(trouble)),
        };
        let trouble = match page.app().config.journal {
            Some(_) => trouble,
            None => Some("no journal is kept: start Locum without --journal off".to_owned()),
        };
        let before: i64 = page.get("cursor").parse().unwrap_or(i64::MAX);
        let fitting: Vec<usize> = (0..all.len()).filter(|at| search.matches(&all[*at].1)).collect();
        let mut shown = fitting.iter().copied().filter(|at| all[*at].0 < before);
        let most = if page.get("open").is_empty() { PAGE } else { PAGE_BESIDE };
        let here: Vec<usize> = shown.by_ref().take(most).collect();
        let is_last = shown.next().is_none();
        let last = here.last().map(|at| all[*at].0.to_string()).filter(|_| !is_last);
        let notes = page.app().timeline.list(page.space.id);
        let lines = write_lines(page, services, &all, &here, &notes, is_last, before == i64::MAX);
        let (chips, reasons) = count_chips(page, &text, &search, &all);
        Ok(Self {
            lines,
            chips,
            reasons,
            found: fitting.len(),
            total: all.len(),
            evicted,
            older: last.map(|last| page.with(&[("cursor", &last), ("open", "")])),
            newest: (before != i64::MAX).then(|| page.with(&[("cursor", ""), ("open", "")])),
            operations: known.operations.into_iter().map(ToOwned::to_owned).collect(),
            ids: fitting.iter().map(|at| (all[*at].0, all[*at].1.id.to_string())).collect(),
            search: text,
            trouble,
        })
    }

    /// The ids of the requests after and before this one, of those that fit.
    pub(super) fn neighbours(&self, id: &str) -> (Option<&String>, Option<&String>) {
        let Some(at) = self.ids.iter().position(|(_, known)| known == id) else { return (None, None) };
        let id = |at: Option<usize>| at.and_then(|at| self.ids.get(at)).map(|(_, id)| id);
        (id(at.checked_sub(1)), id(at.checked_add(1)))
    }

    pub(super) fn number(&self, id: &str) -> Option<i64> {
        self.ids.iter().find(|(_, known)| known == id).map(|(number, _)| *number)
    }
}

/// What is searched for: the box, and what an older link filters by.
fn read_box(page: &Page) -> String {
    let quote =
        |value: &str| if value.contains(' ') { format!("\"{}\"", value.replace('"', "")) } else { value.to_owned() };
    let older = FILTERS.iter().filter(|name| !page.get(name).is_empty()).map(|name| match (*name, page.get(name)) {
        ("ignored", "false") => "-is:ignored".to_owned(),
        ("ignored", _) => "is:ignored".to_owned(),
        (name, value) => format!("{name}:{}", quote(value)),
    });
    let words: Vec<String> = Some(page.get("q").trim().to_owned()).into_iter().chain(older).collect();
    words.join(" ").trim().to_owned()
}

fn write_lines(
    page: &Page,
    services: &Registry,
    all: &[SequencedEntry],
    here: &[usize],
    notes: &[Note],
    is_last: bool,
    is_first: bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut date: Option<NaiveDate> = None;
    // The newest first, as the list.
    let mut notes = notes.iter().rev().peekable();
    let first = here.first().and_then(|at| all[*at].1.arrived);
    if !is_first {
        while notes.next_if(|note| first.is_some_and(|first| note.arrived > first)).is_some() {}
    }
    for at in here {
        let (number, entry) = &all[*at];
        while let Some(note) = notes.next_if(|note| entry.arrived.is_some_and(|arrived| note.arrived > arrived)) {
            lines.push(Line::Note(note.text.clone()));
        }
        let day = entry.at.date_naive();
        if date != Some(day) {
            lines.push(Line::Date(day.to_string()));
            date = Some(day);
        }
        let before = all.get(at + 1).and_then(|(_, entry)| entry.arrived);
        lines.push(Line::Request(Box::new(RequestLine::new(page, services, *number, entry, before))));
    }
    if is_last {
        lines.extend(notes.map(|note| Line::Note(note.text.clone())));
    }
    lines
}

impl RequestLine {
    fn new(page: &Page, services: &Registry, number: i64, entry: &Entry, before: Option<Time>) -> Self {
        let (why, fault) = (describe_reason(entry), entry.trace.fault.is_some());
        let query = entry.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        Self {
            number,
            at: clock::write(entry.at),
            gap: entry.arrived.zip(before).map(|(now, before)| format_gap(now, before)).unwrap_or_default(),
            status: entry.status,
            class: if fault { "sf".to_owned() } else { format!("s{}", entry.status / 100) },
            method: entry.method.to_string(),
            short: cut(&format!("{}{query}", shorten_path(services, entry))),
            target: cut(&format!("{}{query}", entry.path)),
            link: page.with(&[("open", &entry.id)]),
            is_open: page.get("open") == &*entry.id,
            who: entry.credential().map_or_else(|| describe_nobody(entry), ToOwned::to_owned),
            why: cut(&why),
            why_class: if fault {
                "fault"
            } else if entry.trace.refusal.is_none() {
                ""
            } else if entry.status >= 500 {
                "bad"
            } else {
                "warn"
            },
            took: format_elapsed(entry.elapsed_micros),
        }
    }
}

/// Whose it was, where no label says it.
fn describe_nobody(entry: &Entry) -> String {
    match entry.trace.credential.outcome {
        crate::domain::journal::CredentialOutcome::Unknown => "unknown".to_owned(),
        _ => "–".to_owned(),
    }
}

fn count_chips(page: &Page, text: &str, search: &Search, all: &[SequencedEntry]) -> (Vec<Chip>, Vec<Chip>) {
    let (mut statuses, mut reasons, mut injected, mut ignored) = (BTreeMap::new(), BTreeMap::new(), 0, 0);
    for (_, entry) in all {
        if search.matches_but("status", entry) {
            *statuses.entry(entry.status).or_insert(0) += 1;
        }
        if let Some(refusal) = entry.trace.refusal.as_ref().filter(|_| search.matches_but("reason", entry)) {
            *reasons.entry(refusal.as_str()).or_insert(0) += 1;
        }
        if search.matches_but("is", entry) {
            injected += usize::from(entry.trace.fault.is_some());
            ignored += usize::from(!entry.ignored().is_empty());
        }
    }
    let chip = |name: &str, value: &str, class: String, count: usize| Chip {
        label: cut_to(value, 60),
        class,
        count,
        link: page.with(&[("q", &toggle(text, name, value)), ("cursor", ""), ("open", "")]),
        is_on: has(text, name, value),
    };
    let of_status = statuses
        .into_iter()
        .map(|(status, count)| chip("status", &status.to_string(), format!("s{}", status / 100), count));
    let states = [("injected", "fault", injected), ("ignored", "warn", ignored)];
    let states = states.into_iter().filter(|(.., count)| *count > 0);
    let chips =
        of_status.chain(states.map(|(state, class, count)| chip("is", state, class.to_owned(), count))).collect();
    let mut reasons: Vec<(&str, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), *reason));
    let reasons =
        reasons.into_iter().take(REASONS).map(|(reason, count)| chip("reason", reason, "warn".to_owned(), count));
    (chips, reasons.collect())
}

/// What follows the service's base path, with a long id cut to its beginning.
fn shorten_path(services: &Registry, entry: &Entry) -> String {
    let base = services.iter().find(|service| Some(service.name) == entry.service.as_deref()).map(|s| s.base_path);
    let rest = base.and_then(|base| entry.path.strip_prefix(base)).filter(|rest| rest.starts_with('/'));
    let shorten = |segment: &str| {
        const LONG: usize = 24;
        let start: String = segment.chars().take(8).collect();
        if segment.len() > LONG && segment.contains(|c: char| c.is_ascii_digit()) {
            start + "…"
        } else {
            segment.to_owned()
        }
    };
    rest.unwrap_or(&entry.path).split('/').map(shorten).collect::<Vec<_>>().join("/")
}

fn cut(text: &str) -> String {
    cut_to(text, LONGEST)
}

fn cut_to(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// In microseconds, or the unit in which it is short.
pub(super) fn format_elapsed(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..100_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        100_000..10_000_000 => format!("{} ms", micros / 1_000),
        _ => format!("{} s", micros / 1_000_000),
    }
}

/// How much later a request came. One that came before the other was answered may have come earlier.
fn format_gap(now: Time, before: Time) -> String {
    const MINUTE: u64 = 60_000_000;
    let micros = u64::try_from((now - before).num_microseconds().unwrap_or(0)).unwrap_or(0);
    match micros {
        0..MINUTE => format!("+{}", format_elapsed(micros)),
        MINUTE.. if micros < 120 * MINUTE => format!("+{} min", micros / MINUTE),
        _ => format!("+{} h", micros / (60 * MINUTE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        let gap = |micros| format_gap(clock::from_micros(micros), clock::from_micros(0));
        for (micros, text) in [
            (-5, "+0 µs"),
            (12_345, "+12.3 ms"),
            (345_678, "+345 ms"),
            (59_999_999, "+59 s"),
            (60_000_000, "+1 min"),
            (7_200_000_000, "+2 h"),
        ] {
            assert_eq!(gap(micros), text);
        }
        assert_eq!(cut_to("aäb", 2), "aä…");
    }
}
