//! The list of requests: one line each, with what happened between them.

use std::{collections::BTreeMap, sync::Arc};

use chrono::NaiveDate;

use super::{
    search::{Known, SEARCHED, Search, Seen, Verdict, describe_reason, without_quotes},
    search_text::{has, toggle},
    short_path::ShortPaths,
};
use crate::{
    control::CredentialAnswer,
    core::{
        clock::{self, Time},
        text::cut,
    },
    domain::journal::{Entry, Note, NotedAfter, describe_left_out},
    services::Registry,
    store::{self, journal::Parts},
    web::{error::PageError, format::format_elapsed, view::Page},
};

/// Requests on a page.
const PAGE: usize = 50;
/// The same beside one that is open, which takes its part of what a page may weigh.
const PAGE_BESIDE: usize = 38;
/// Reasons that are offered as filters.
const REASONS: usize = 5;
/// As much of a path, and of a reason, as a line has room for.
const LONGEST: usize = 70;
/// What happened, between two requests.
const NOTES: usize = 5;
const LONGEST_NOTE: usize = 160;
/// What older links filter by: each is a word of the search.
const FILTERS: [&str; 5] = ["service", "operation", "credential", "status", "ignored"];

/// The list, and what it is searched by.
pub(super) struct RequestList {
    /// What stands in the box.
    pub search: String,
    /// In how many of the newest headers and bodies were searched, where there are more.
    pub searched: Option<usize>,
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
    /// The ids of the requests after and before the open one, of those that fit.
    pub newer: Option<String>,
    pub older_one: Option<String>,
    /// Of the open one, if it fits.
    pub open_number: Option<i64>,
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
        let evicted = store::journal::evicted(db, page.space.id).await?;
        let paths = ShortPaths::of(services);
        let mut known = Known { operations: BTreeMap::new(), services: services.names().collect(), paths };
        for operation in services.operations() {
            if let Some(id) = operation.id {
                known.operations.entry(id).or_default().push(operation.service);
            }
        }
        let text = read_box(page);
        let (mut search, mut trouble) = match Search::read(&text, &known) {
            Ok(search) => (search, None),
            Err(trouble) => (Search::default(), Some(trouble)),
        };
        let before: i64 = page.get("cursor").parse().unwrap_or(i64::MAX);
        let mut scan = Scan::run(page, &search, before).await?;
        let seeded: Vec<CredentialAnswer> = page.ask("/credentials").await?;
        scan.seen.credentials.extend(seeded.into_iter().map(|credential| credential.label));
        if let Err(unknown) = search.check_seen(&scan.seen) {
            (search, trouble) = (Search::default(), Some(unknown));
            scan = Scan::run(page, &search, before).await?;
        }
        if page.app().config.journal.is_none() {
            trouble = Some("no journal is kept: start Locum without --journal off".to_owned());
        }
        // After the requests, so that each note comes after one that was read.
        let notes = store::journal::list_notes(db, page.space.id).await?;
        let last = scan.here.last().map(|shown| shown.number.to_string()).filter(|_| scan.has_more);
        // What is not understood filters nothing, and would filter nothing beside a chip either.
        let (chips, reasons) = write_chips(page, if trouble.is_some() { "" } else { &text }, &scan.counts);
        Ok(Self {
            lines: write_lines(page, &known.paths, &scan, &notes, before),
            chips,
            reasons,
            found: scan.found,
            total: scan.total,
            evicted,
            older: last.map(|last| page.with(&[("cursor", &last), ("open", "")])),
            newest: (before != i64::MAX).then(|| page.with(&[("cursor", ""), ("open", "")])),
            operations: known.operations.into_keys().map(ToOwned::to_owned).collect(),
            newer: scan.newer,
            older_one: scan.older,
            open_number: scan.open_number,
            search: text,
            searched: (search.parts() == Parts::OfNewest(SEARCHED) && scan.total > SEARCHED).then_some(SEARCHED),
            trouble,
        })
    }
}

/// What one look at every entry of the journal tells. Only those that are shown are kept, because all may be large.
#[derive(Default)]
struct Scan {
    /// The newest first.
    here: Vec<Shown>,
    /// There are older ones that fit.
    has_more: bool,
    found: usize,
    total: usize,
    seen: Seen,
    counts: Counts,
    newer: Option<String>,
    older: Option<String>,
    open_number: Option<i64>,
}

struct Shown {
    number: i64,
    entry: Arc<Entry>,
    /// When the request before it came, whether it fits or not.
    before: Option<Time>,
}

/// How many requests each filter would leave.
#[derive(Default)]
struct Counts {
    statuses: BTreeMap<u16, usize>,
    /// By what the search has of each: what it is, and how many.
    reasons: BTreeMap<String, (String, usize)>,
    injected: usize,
    ignored: usize,
    changed: usize,
}

impl Scan {
    async fn run(page: &Page, search: &Search, before: i64) -> Result<Self, PageError> {
        let open = page.get("open");
        let most = if open.is_empty() { PAGE } else { PAGE_BESIDE };
        let (mut scan, mut last, mut follows_shown) = (Self::default(), None, false);
        let visit = |number: i64, entry: &Arc<Entry>| {
            if std::mem::take(&mut follows_shown)
                && let Some(shown) = scan.here.last_mut()
            {
                shown.before = entry.arrived;
            }
            scan.total += 1;
            let Seen { credentials, methods } = &mut scan.seen;
            if let Some(label) = entry.credential().filter(|label| !credentials.contains(*label)) {
                credentials.insert(label.to_owned());
            }
            if !methods.contains(&*entry.method) {
                methods.insert(entry.method.to_string());
            }
            let verdict = search.judge(entry);
            scan.counts.add(entry, verdict);
            if !verdict.fits() {
                return;
            }
            scan.found += 1;
            if !open.is_empty() {
                let newer = last.replace(entry.id.clone());
                if *entry.id == *open {
                    (scan.newer, scan.open_number) = (newer.map(|id| id.to_string()), Some(number));
                } else if scan.open_number.is_some() && scan.older.is_none() {
                    scan.older = Some(entry.id.to_string());
                }
            }
            if number < before && scan.here.len() < most {
                scan.here.push(Shown { number, entry: Arc::clone(entry), before: None });
                follows_shown = true;
            } else if number < before {
                scan.has_more = true;
            }
        };
        store::journal::for_each(&page.app().db, page.space.id, search.parts(), visit).await?;
        Ok(scan)
    }
}

impl Counts {
    fn add(&mut self, entry: &Entry, verdict: Verdict) {
        if verdict.fits_but("status") {
            *self.statuses.entry(entry.status).or_default() += 1;
        }
        if let Some(refusal) = entry.trace.refusal.as_ref().filter(|_| verdict.fits_but("reason")) {
            let known = self.reasons.entry(without_quotes(refusal)).or_insert_with(|| (refusal.clone(), 0));
            known.1 += 1;
        }
        if verdict.fits_but("is") {
            self.injected += usize::from(entry.trace.fault.is_some());
            self.ignored += usize::from(!entry.ignored().is_empty());
            self.changed += usize::from(entry.changed.is_some());
        }
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

fn write_lines(page: &Page, paths: &ShortPaths, scan: &Scan, notes: &[NotedAfter], before: i64) -> Vec<Line> {
    let mut lines = Vec::new();
    // The page says that instead.
    if scan.found == 0 && scan.total > 0 {
        return lines;
    }
    let mut date: Option<NaiveDate> = None;
    // The newest first, as the list.
    let mut notes = notes.iter().map(|(note, _)| note).rev().peekable();
    // The page before has those.
    while notes.next_if(|note| note.after >= before).is_some() {}
    for Shown { number, entry, before } in &scan.here {
        tell(&mut lines, std::iter::from_fn(|| notes.next_if(|note| note.after >= *number)));
        let day = entry.at.date_naive();
        if date != Some(day) {
            lines.push(Line::Date(day.to_string()));
            date = Some(day);
        }
        lines.push(Line::Request(Box::new(RequestLine::new(page, paths, *number, entry, *before))));
    }
    if !scan.has_more {
        tell(&mut lines, notes);
    }
    lines
}

/// Tells the newest of what happened in one place, because preparing a test may take hundreds of faults and spaces.
fn tell<'a>(lines: &mut Vec<Line>, mut notes: impl Iterator<Item = &'a Note>) {
    lines.extend(notes.by_ref().take(NOTES).map(|note| Line::Note(cut(&note.text, LONGEST_NOTE))));
    let more = notes.count();
    if more > 0 {
        lines.push(Line::Note(describe_left_out(more)));
    }
}

impl RequestLine {
    fn new(page: &Page, paths: &ShortPaths, number: i64, entry: &Entry, before: Option<Time>) -> Self {
        let (mut why, fault) = (describe_reason(entry), entry.trace.fault.is_some());
        let says_change = why.is_empty() && entry.changed.is_some();
        if let Some(changed) = entry.changed.as_ref().filter(|_| says_change) {
            why = changed.describe();
        }
        let query = entry.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
        Self {
            number,
            at: clock::write(entry.at),
            gap: entry.arrived.zip(before).map(|(now, before)| format_gap(now, before)).unwrap_or_default(),
            status: entry.status,
            class: if fault { "sf".to_owned() } else { format!("s{}", entry.status / 100) },
            method: entry.method.to_string(),
            short: cut(&format!("{}{query}", paths.shorten(entry)), LONGEST),
            target: cut(&format!("{}{query}", entry.path), LONGEST),
            link: page.with(&[("open", &entry.id)]),
            is_open: page.get("open") == &*entry.id,
            who: entry.credential().map_or_else(|| describe_nobody(entry), ToOwned::to_owned),
            why: cut(&why, LONGEST),
            why_class: if fault {
                "fault"
            } else if says_change {
                "quiet"
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

fn write_chips(page: &Page, text: &str, counts: &Counts) -> (Vec<Chip>, Vec<Chip>) {
    let Counts { statuses, reasons, injected, ignored, changed } = counts;
    let cleared: Vec<_> = ["cursor", "open"].into_iter().chain(FILTERS).map(|name| (name, "")).collect();
    let chip = |name: &str, label: &str, value: &str, class: String, count: usize| Chip {
        label: cut(label, 60),
        class,
        count,
        link: page.with(&[&[("q", toggle(text, name, value).as_str())], &*cleared].concat()),
        is_on: has(text, name, value),
    };
    let of_status = statuses.iter().map(|(status, count)| {
        let value = status.to_string();
        chip("status", &value, &value, format!("s{}", status / 100), *count)
    });
    let states = [("injected", "fault", *injected), ("ignored", "warn", *ignored), ("changed", "", *changed)];
    let states = states.into_iter().filter(|(.., count)| *count > 0);
    let chips = of_status
        .chain(states.map(|(state, class, count)| chip("is", state, state, class.to_owned(), count)))
        .collect();
    let mut reasons: Vec<&(String, usize)> = reasons.values().collect();
    reasons.sort_by_key(|(reason, count)| (std::cmp::Reverse(*count), reason));
    let reasons = reasons
        .into_iter()
        .take(REASONS)
        .map(|(reason, count)| chip("reason", reason, &format!("={reason}"), "warn".to_owned(), *count));
    (chips, reasons.collect())
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
            (59_999_999, "+59.9 s"),
            (60_000_000, "+1 min"),
            (7_200_000_000, "+2 h"),
        ] {
            assert_eq!(gap(micros), text);
        }
        assert_eq!(cut("aäb", 2), "aä…");
    }
}
