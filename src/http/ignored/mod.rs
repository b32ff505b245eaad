//! What a request sent that nothing read, for the journal. While a handler's arguments are made, the extractors say what
//! they look for; the rest was ignored. So no handler has to think of it.

mod credentials;
mod members;

use std::{cell::RefCell, sync::Arc};

use axum::http::Method;
use smallvec::SmallVec;

pub use self::credentials::find_misspelled;
pub(super) use self::members::read_json;
use crate::{
    core::{error::escape_in_pointer, suggest::nearest},
    domain::journal::Ignored,
};

/// The most that is told of one request.
const MOST: usize = 50;
/// A name of more bytes is told by its length alone.
const LONGEST_NAME: usize = 128;

tokio::task_local! {
    static READING: RefCell<Reading>;
}

/// Names of parameters, or of members, as a type has them.
type Names = &'static [&'static str];

/// Left on an answer for the journal: what was ignored of its request.
#[derive(Debug, Clone)]
pub struct IgnoredParts(pub Arc<[Ignored]>);

/// What the arguments of a handler read of its request.
#[derive(Default)]
pub struct Reading {
    /// The parameters that were looked for.
    parameters: SmallVec<[Names; 8]>,
    /// Every parameter was read, whatever it is called.
    has_every_parameter: bool,
    pub(super) has_body: bool,
    /// An argument was refused, so that nobody knows what those behind it would have read.
    is_incomplete: bool,
    /// The caller was, before anything else was looked at.
    pub(super) was_shut_out: bool,
    /// What was ignored of the body.
    members: Findings,
}

/// What a request sent.
pub struct Sent<'a> {
    pub method: &'a Method,
    pub operation: &'static str,
    pub query: &'a str,
    /// It has a body that is not empty.
    pub has_body: bool,
    /// Tells the parameters that hold a credential, which no handler reads.
    pub is_credential: fn(&str) -> bool,
}

/// Runs what answers a request, and watches what its arguments read.
pub async fn watch<F: Future>(answer: F) -> (F::Output, Reading) {
    let watched = async {
        let answer = answer.await;
        (answer, READING.with(RefCell::take))
    };
    READING.scope(RefCell::default(), watched).await
}

fn note(change: impl FnOnce(&mut Reading)) {
    // Nobody watches what the control API reads: it refuses what it does not know.
    let _ = READING.try_with(|reading| change(&mut reading.borrow_mut()));
}

/// Notes that the query is searched for these parameters.
pub(super) fn note_parameters(names: Names) {
    note(|reading| reading.parameters.push(names));
}

/// Notes that the query is read whole.
pub(super) fn note_every_parameter() {
    note(|reading| reading.has_every_parameter = true);
}

/// Notes that the body is read.
pub(super) fn note_body() {
    note(|reading| reading.has_body = true);
}

/// Notes that an argument was refused.
pub(super) fn note_refusal() {
    note(|reading| reading.is_incomplete = true);
}

/// Notes that the caller was refused.
pub(super) fn note_shut_out() {
    note(|reading| (reading.is_incomplete, reading.was_shut_out) = (true, true));
}

impl Reading {
    /// What was ignored of the request; `None` where nothing was.
    pub fn find_ignored(self, sent: &Sent<'_>) -> Option<IgnoredParts> {
        if self.is_incomplete {
            return None;
        }
        let mut found = Findings::default();
        if !self.has_every_parameter {
            self.check_query(sent, &mut found);
        }
        let body = (sent.has_body && !self.has_body).then(|| Ignored {
            at: "body".to_owned(),
            did_you_mean: None,
            reason: Some(match *sent.method {
                Method::GET | Method::HEAD | Method::DELETE => format!("{} takes none", sent.method).into(),
                _ => format!("{} takes none", sent.operation).into(),
            }),
        });
        let all = found.0.into_iter().chain(self.members.0).chain(body);
        // Looked at first, because nearly every request has none, and an empty list takes memory too.
        let mut all = all.peekable();
        all.peek()?;
        Some(IgnoredParts(all.collect()))
    }

    fn check_query(&self, sent: &Sent<'_>, found: &mut Findings) {
        // One bit for each parameter that there is.
        let mut given = 0_u64;
        for (name, _) in form_urlencoded::parse(sent.query.as_bytes()) {
            if (sent.is_credential)(&name) {
                continue;
            }
            let known = || self.parameters.iter().copied().flatten().copied();
            let Some(place) = known().position(|known| known == name) else {
                found.add("query", || describe_unknown("query", &name, known()));
                continue;
            };
            let bit = u32::try_from(place).ok().and_then(|place| 1_u64.checked_shl(place)).unwrap_or(0);
            if given & bit != 0 {
                found.add("query", || Ignored {
                    at: format!("query/{}", escape_in_pointer(&name)),
                    did_you_mean: None,
                    reason: Some("given twice: the first counts".into()),
                });
            }
            given |= bit;
        }
    }
}

/// What was ignored, each once, and no more than is told of one request.
#[derive(Default)]
struct Findings(Vec<Ignored>);

impl Findings {
    fn add(&mut self, within: &str, describe: impl FnOnce() -> Ignored) {
        let next = match self.0.len() {
            ..MOST => describe(),
            MOST => {
                let reason = "further names are left out here";
                Ignored { at: within.to_owned(), did_you_mean: None, reason: Some(reason.into()) }
            }
            _ => return,
        };
        if !self.0.contains(&next) {
            self.0.push(next);
        }
    }
}

/// Describes something by a name that nothing there has.
fn describe_unknown(within: &str, name: &str, known: impl Iterator<Item = &'static str>) -> Ignored {
    if name.len() > LONGEST_NAME {
        let reason = format!("a name of {} bytes, which nothing there has", name.len());
        return Ignored { at: within.to_owned(), did_you_mean: None, reason: Some(reason.into()) };
    }
    // Of one letter, every other one is a typing error.
    let near = nearest(name, known.filter(|known| known.len() > 1));
    Ignored { at: format!("{within}/{}", escape_in_pointer(name)), did_you_mean: near.map(Into::into), reason: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(parameters: &[Names], query: &str) -> Vec<String> {
        let reading = Reading { parameters: parameters.iter().copied().collect(), ..Reading::default() };
        let is_credential = |name: &str| name == "token";
        let sent = Sent { method: &Method::GET, operation: "list", query, has_body: false, is_credential };
        reading.find_ignored(&sent).map_or(Vec::new(), |parts| parts.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn parameters_that_no_argument_looks_for_are_ignored() {
        let names: [Names; 2] = [&["page", "perPage"], &["q"]];
        for query in ["", "page=1", "page=1&q=2&perPage=3", "per%50age=1", "token=a&token=b", "&&"] {
            assert!(find(&names, query).is_empty(), "{query}");
        }
        let unread = "was not read";
        for (query, expected) in [
            ("perpage=1&page=1", vec![format!("query/perpage {unread}: did you mean perPage?")]),
            ("x=1&x=2", vec![format!("query/x {unread}")]),
            ("page=1&page=1&page=2", vec![format!("query/page {unread}: given twice: the first counts")]),
            ("=1&a/b=c", vec![format!("query/ {unread}"), format!("query/a/b {unread}")]),
        ] {
            assert_eq!(find(&names, query), expected, "{query}");
        }
        assert_eq!(find(&[], "page=1"), ["query/page was not read"]);
    }

    #[test]
    fn no_more_is_told_than_a_bound() {
        let names: Vec<String> = (0..10_000).map(|number| format!("x{number}")).collect();
        let found = find(&[&["page"]], &names.join("&"));
        assert_eq!(found.len(), MOST + 1);
        assert_eq!(found[MOST], "query was not read: further names are left out here");
        let (at_most, too_long) = ("a".repeat(LONGEST_NAME), "a".repeat(LONGEST_NAME + 1));
        assert_eq!(find(&[], &at_most), [format!("query/{at_most} was not read")]);
        assert_eq!(find(&[], &too_long), ["query was not read: a name of 129 bytes, which nothing there has"]);
    }
}
