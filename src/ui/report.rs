//! `locum exec --report`: what a command asked and was answered, as one page that stands alone. It has no script and loads
//! nothing, because those who keep what a CI run made serve it from anywhere.

use std::{collections::HashMap, fmt::Write as _, sync::Arc};

use askama::Template;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use sha2::{Digest as _, Sha256};

use super::search::describe_decision;
use crate::{
    app::{
        App,
        run_journal::{Happened, RunSpace},
    },
    control::{FaultRuleAnswer, coverage::CoverageAnswer},
    core::{
        clock::{self, Time},
        error::Error,
    },
    domain::journal::{Entry, Message},
    services::Registry,
    store,
    web::format::{count_noun, format_elapsed, format_time},
};

/// How many bytes of bodies a page has at most, so that a browser opens it: of longer ones only the beginning is there.
const MOST_BODIES: usize = 8 * 1024 * 1024;
/// How many requests are named where requests are alike.
const NAMED: usize = 12;
/// How many kinds of these are listed.
const MOST_GROUPS: usize = 100;

/// What the page is about.
pub(crate) struct Run<'a> {
    /// The command's program.
    pub(crate) program: &'a str,
    /// How it ended.
    pub(crate) ended: String,
    pub(crate) has_failed: bool,
    /// When, by the machine's clock.
    pub(crate) at: Time,
}

/// What was asked in a space.
pub(crate) struct SpaceRequests {
    space: RunSpace,
    happened: Vec<Happened>,
    faults: Vec<FaultRuleAnswer>,
}

/// Reads what was asked in every space, also in those that are gone, and the faults of those that are there.
pub(crate) async fn read(app: &App) -> Result<Vec<SpaceRequests>, Error> {
    let Some(run) = app.run.get() else { return Ok(Vec::new()) };
    let mut faults = HashMap::new();
    for space in store::space::list(&mut app.db.read().await?).await? {
        run.name(space.id, &space.name);
        let rules = store::fault_rule::list(&mut app.db.read().await?, space.id).await?;
        faults.insert(space.name, rules.into_iter().map(Into::into).collect());
    }
    let all = run.by_space().into_iter().map(|(space, happened)| {
        let faults = faults.remove(&*space.name).unwrap_or_default();
        SpaceRequests { space, happened, faults }
    });
    Ok(all.collect())
}

impl SpaceRequests {
    fn entries(&self) -> impl Iterator<Item = &Arc<Entry>> + Clone {
        self.happened.iter().filter_map(|happened| match happened {
            Happened::Request(entry) => Some(entry),
            Happened::Note(..) => None,
        })
    }
}

/// A line of the page.
enum Line<'a> {
    Note(&'a str),
    Request(Box<Row<'a>>),
}

/// A request on the page.
struct Row<'a> {
    number: usize,
    entry: &'a Entry,
    /// The date, where it is another than that of the request before.
    date: Option<String>,
    /// Why it was not simply answered.
    reason: String,
    asked: Text,
    answered: Text,
}

/// A message, as it was sent.
struct Text {
    text: String,
    /// What is said of its body.
    note: Option<String>,
}

impl Text {
    fn of(line: &str, message: &Message, most: usize) -> Self {
        let mut text = format!("{line}\n");
        for (name, value) in message.headers.iter() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name}: {value}");
        }
        let body = String::from_utf8_lossy(&message.body);
        let kept = body.get(..body.floor_char_boundary(most)).unwrap_or_default();
        if !kept.is_empty() {
            let _ = write!(text, "\n{kept}");
        }
        let note = match message.length {
            whole if kept.len() == body.len() && !message.is_cut() && (whole == 0 || !kept.is_empty()) => None,
            whole if kept.is_empty() => Some(format!("{}, not kept", count_noun(whole, "byte"))),
            whole => Some(format!("the first {} of {}", kept.len(), count_noun(whole, "byte"))),
        };
        Self { text, note }
    }
}

/// Requests that are alike.
struct Group {
    status: Option<u16>,
    what: String,
    /// Of their rows.
    numbers: Vec<usize>,
}

impl Group {
    fn named(&self) -> &[usize] {
        &self.numbers[..self.numbers.len().min(NAMED)]
    }

    fn further(&self) -> usize {
        self.numbers.len().saturating_sub(NAMED)
    }
}

struct Section<'a> {
    name: &'a str,
    evicted: i64,
    faults: Vec<Fault>,
    lines: Vec<Line<'a>>,
}

impl Section<'_> {
    fn rows(&self) -> impl Iterator<Item = &Row<'_>> {
        self.lines.iter().filter_map(|line| match line {
            Line::Request(row) => Some(&**row),
            Line::Note(_) => None,
        })
    }
}

/// An injected fault, as it was at the end.
struct Fault {
    which: String,
    then: String,
    hits: i64,
}

#[derive(Template)]
#[template(path = "report.html", config = "src/ui/askama.toml")]
struct Report<'a> {
    run: &'a Run<'a>,
    version: &'static str,
    id_seed: u64,
    style: &'static str,
    /// What the page may do: show itself, in its own style.
    policy: String,
    asked: usize,
    refused_count: usize,
    refused: Groups,
    unread: Groups,
    covered: CoverageAnswer,
    sections: Vec<Section<'a>>,
}

/// Requests by kind, the most frequent kind first.
struct Groups {
    shown: Vec<Group>,
    /// How many kinds are not.
    further: usize,
}

const STYLE: &str = include_str!("templates/report.css");

/// Writes the page; and what is said of it in a line.
pub(crate) fn write(
    app: &App,
    services: &Registry,
    run: &Run<'_>,
    spaces: &[SpaceRequests],
) -> Result<(String, String), Error> {
    let entries = || spaces.iter().flat_map(SpaceRequests::entries);
    let most = choose_longest_body(&entries());
    let mut number = 0;
    let sections: Vec<Section<'_>> = spaces.iter().map(|space| show_space(space, &mut number, most)).collect();
    let rows = || sections.iter().flat_map(Section::rows);
    let refused_count = rows().filter(|row| row.entry.status >= 400).count();
    let refused = rows().filter(|row| row.entry.status >= 400).map(|row| {
        let why = if row.reason.is_empty() { "no reason was given".to_owned() } else { row.reason.clone() };
        (Some(row.entry.status), why, row.number)
    });
    let unread = rows().flat_map(|row| row.entry.ignored().iter().map(|part| (None, part.to_string(), row.number)));
    let report = Report {
        run,
        version: env!("CARGO_PKG_VERSION"),
        id_seed: app.config.id_seed.0,
        style: STYLE,
        policy: format!("default-src 'none'; style-src 'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(STYLE))),
        asked: number,
        refused_count,
        refused: group(refused),
        unread: group(unread),
        covered: CoverageAnswer::of(services, &app.coverage),
        sections,
    };
    let line = format!("{}, {} refused", count_noun(report.asked, "request"), refused_count);
    Ok((report.render().map_err(Error::internal)?, line))
}

/// How many bytes of each body there is room for.
fn choose_longest_body<'a>(entries: &(impl Iterator<Item = &'a Arc<Entry>> + Clone)) -> usize {
    const CHOICES: [usize; 4] = [64 * 1024, 16 * 1024, 4 * 1024, 1024];
    let bytes = |most: usize| -> usize {
        let bodies = entries.clone().flat_map(|entry| [entry.request.body.len(), entry.response.body.len()]);
        bodies.map(|length| length.min(most)).sum()
    };
    CHOICES.into_iter().find(|most| bytes(*most) <= MOST_BODIES).unwrap_or(256)
}

fn show_space<'a>(space: &'a SpaceRequests, number: &mut usize, most: usize) -> Section<'a> {
    let mut last_date = String::new();
    let lines = space.happened.iter().map(|happened| {
        let entry = match happened {
            Happened::Request(entry) => entry,
            Happened::Note(_, text) => return Line::Note(text),
        };
        *number += 1;
        let date = clock::write(entry.at).split('T').next().unwrap_or_default().to_owned();
        let is_new = date != last_date;
        if is_new {
            last_date.clone_from(&date);
        }
        let query = entry.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let asked = format!("{} {}{query}", entry.method, entry.path);
        Line::Request(Box::new(Row {
            number: *number,
            entry,
            date: is_new.then_some(date),
            reason: describe_decision(entry),
            asked: Text::of(&asked, &entry.request, most),
            answered: Text::of(&entry.status.to_string(), &entry.response, most),
        }))
    });
    let lines = lines.collect();
    let faults = space.faults.iter().map(|fault| {
        let write = |part: serde_json::Result<String>| part.unwrap_or_default();
        Fault {
            which: write(serde_json::to_string(&fault.r#match)),
            then: write(serde_json::to_string(&fault.then)),
            hits: fault.hits,
        }
    });
    Section { name: &space.space.name, evicted: space.space.dropped, faults: faults.collect(), lines }
}

fn format_time_of_day(at: Time) -> String {
    at.format("%H:%M:%S").to_string()
}

/// Puts together what is alike.
fn group(found: impl Iterator<Item = (Option<u16>, String, usize)>) -> Groups {
    let mut places: HashMap<(Option<u16>, String), usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for (status, what, number) in found {
        let place = *places.entry((status, what.clone())).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Group { status, what, numbers: Vec::new() });
        }
        groups[place].numbers.push(number);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.numbers.len()));
    let further = groups.len().saturating_sub(MOST_GROUPS);
    groups.truncate(MOST_GROUPS);
    Groups { shown: groups, further }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journal::example_entry;

    #[test]
    fn bodies_are_shortened_when_there_are_too_many() {
        let entry = Arc::new(example_entry("", &"x".repeat(64 * 1024)));
        let of = |count: usize| choose_longest_body(&std::iter::repeat_n(&entry, count));
        assert_eq!([of(0), of(128), of(129), of(3000), of(100_000)], [64 * 1024, 64 * 1024, 16 * 1024, 1024, 256]);
        let text = Text::of("POST /", &entry.request, 4);
        assert_eq!((text.text.as_str(), text.note.as_deref()), ("POST /\n\nxxxx", Some("the first 4 of 65536 bytes")));
    }

    #[test]
    fn what_is_alike_stands_together() {
        let found = [(Some(404), "a", 1), (Some(401), "b", 2), (Some(401), "a", 3), (Some(401), "b", 4)];
        let groups = group(found.into_iter().map(|(status, what, number)| (status, what.to_owned(), number)));
        let groups: Vec<_> = groups.shown.into_iter().map(|group| (group.status, group.what, group.numbers)).collect();
        let of = |status, what: &str, numbers: &[usize]| (Some(status), what.to_owned(), numbers.to_vec());
        assert_eq!(groups, [of(401, "b", &[2, 4]), of(404, "a", &[1]), of(401, "a", &[3])]);
    }
}
