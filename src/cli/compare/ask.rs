//! Asks both the same questions, one after the other.

use std::{fmt, io::Write as _};

use serde_json::Value;

use super::{
    answer::Answer,
    fill::{Values, has_credential},
    fresh::Fresh,
    names::Names,
    pace::{Limit, MOST_WAITS, Pace},
    standing::{Next, Standing},
    upstream::Upstream,
};
use crate::{
    core::{clock::Clock, progress::Progress},
    services::comparison::{Comparison, Question},
};

/// After so many failures in a row nothing more is asked, because the service is down, and asking makes it no better.
const MOST_FAILURES: usize = 3;
/// So many items of Locum's own are asked for, where the upstream is asked for one.
const MOST_ITEMS: usize = 50;

/// A question, and what became of it.
pub(super) struct Asked {
    pub(super) question: &'static Question,
    pub(super) with_credential: bool,
    pub(super) answers: Result<Answers, Why>,
}

pub(super) struct Answers {
    pub(super) upstream: Answer,
    pub(super) locum: Locums,
}

/// Locum's answer to the same question, and its answers of the same status to those that are alike: for its other items,
/// because what one of them has not another may have.
pub(super) struct Locums {
    pub(super) first: Answer,
    pub(super) others: Vec<Value>,
}

/// Why there is nothing to compare. Nothing of it is anybody's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// What it would ask for is in no earlier answer.
    NoData,
    Refused(u16),
    CredentialIsBad,
    Limited,
    Unavailable(u16),
    Trouble(&'static str),
    Stopped,
    /// A page for people stands where something else does.
    Page,
    Elsewhere(u16),
    Unknown(u16),
    Foreign,
    /// Nothing shows that it is the service that answers.
    NotMet,
}

impl Why {
    /// Whether somebody can mend it: data that is not there is nobody's fault.
    pub(super) fn is_failure(self) -> bool {
        self != Self::NoData
    }

    /// What can be done where nothing was answered: what it is, and what to look at.
    pub(super) fn explain(self) -> String {
        const CREDENTIAL: &str = "check the token, what it may do, and --scheme, --org or --customer-code";
        const PLACE: &str = "check --upstream and --service";
        const LATER: &str = "try again later, or check --upstream";
        let (what, advice) = match self {
            Self::Refused(status) => (format!("the upstream refuses the credential ({status})"), CREDENTIAL),
            Self::CredentialIsBad => (self.to_string(), CREDENTIAL),
            Self::Unknown(_) => (self.to_string(), "check --upstream, --service, and --org or --customer-code"),
            Self::Page | Self::Elsewhere(_) | Self::Foreign | Self::NotMet | Self::NoData => (self.to_string(), PLACE),
            Self::Unavailable(status) => (format!("the upstream is not available ({status})"), LATER),
            Self::Limited | Self::Trouble(_) | Self::Stopped => (self.to_string(), LATER),
        };
        format!("{what}: {advice}")
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoData => f.write_str("no earlier answer has what it would ask for"),
            Self::Refused(status) => write!(f, "the credential may not ask this ({status})"),
            Self::CredentialIsBad => f.write_str("the upstream refused the credential before (401)"),
            Self::Limited => f.write_str(
                "the upstream limits requests: again and again, for more than a minute, or without a word for how long",
            ),
            Self::Unavailable(status) => write!(f, "the upstream answered {status}"),
            Self::Trouble(what) => f.write_str(what),
            Self::Stopped => f.write_str("the upstream was not asked further after the failures before"),
            Self::Page => f.write_str("the upstream answers a page for people, perhaps one to sign in"),
            Self::Elsewhere(status) => write!(f, "the upstream leads elsewhere ({status}), perhaps to sign in"),
            Self::Unknown(status) => write!(f, "the upstream does not know what is asked ({status})"),
            Self::Foreign => f.write_str("the upstream answers something else than this service"),
            Self::NotMet => f.write_str("the upstream did not answer as this service"),
        }
    }
}

/// Asks everything. `theirs` and `ours` are what placeholders stand for. Beside what became of each question, why none
/// could be asked, where that is so.
///
/// # Errors
/// Locum itself does not answer.
pub(super) async fn ask_all(
    comparison: &'static Comparison,
    upstream: &Upstream,
    fresh: &Fresh,
    pace: &mut Pace,
    theirs: &mut Values,
    ours: &mut Values,
    progress: &Progress,
) -> Result<(Vec<Asked>, Option<Why>), String> {
    progress.begin("asking", comparison.questions.len() as u64);
    let mut all: Vec<Asked> = Vec::new();
    let mut standing = Standing::default();
    let (mut failures, mut next) = (0, Next::Anything);
    let mut refused: Vec<&str> = Vec::new();
    for question in comparison.questions {
        let with_credential = has_credential(comparison, question);
        let locum = ask_locum(comparison, question, fresh, ours).await?;
        let answers = match (locum, &next) {
            (None, _) => Err(Why::NoData),
            (_, Next::Nothing(why)) => Err(*why),
            (_, Next::WithoutCredential) if with_credential => Err(Why::CredentialIsBad),
            (Some(locum), _) => {
                let answer = ask_upstream(comparison, question, upstream, pace, theirs).await;
                let may_be_refused = with_credential
                    && (locum.first.is_success() || refused.iter().any(|path| is_below(question.path, path)));
                let answers = answer.and_then(|answer| judge(question, may_be_refused, answer, locum));
                failures = if matches!(answers, Err(Why::Trouble(_) | Why::Unavailable(_))) { failures + 1 } else { 0 };
                next = match answers {
                    Err(Why::Limited) => Next::Nothing(Why::Limited),
                    _ if failures == MOST_FAILURES => Next::Nothing(Why::Stopped),
                    _ => next,
                };
                answers
            }
        };
        match &answers {
            Ok(Answers { upstream, .. }) => upstream.json().into_iter().for_each(|body| theirs.take(question, body)),
            Err(Why::Refused(_)) => refused.push(question.path),
            Err(_) => {}
        }
        all.push(Asked { question, with_credential, answers });
        if matches!(next, Next::Anything) {
            next = standing.note(&mut all);
        }
        progress.advance(1);
    }
    progress.end();
    let why = standing.settle(&mut all);
    Ok((all, why))
}

async fn ask_locum(
    comparison: &Comparison,
    question: &Question,
    fresh: &Fresh,
    values: &mut Values,
) -> Result<Option<Locums>, String> {
    let mut found: Option<Locums> = None;
    for filled in values.fill_all(comparison, question, MOST_ITEMS) {
        let answer = fresh.ask(&filled.path, &filled.headers).await?;
        match &mut found {
            None => found = Some(Locums { first: answer, others: Vec::new() }),
            Some(Locums { first, others }) if answer.status == first.status => others.extend(answer.json().cloned()),
            Some(_) => {}
        }
    }
    if let Some(body) = found.as_ref().and_then(|found| found.first.json()) {
        values.take(question, body);
    }
    Ok(found)
}

async fn ask_upstream(
    comparison: &Comparison,
    question: &Question,
    upstream: &Upstream,
    pace: &mut Pace,
    values: &Values,
) -> Result<Answer, Why> {
    let filled = values.fill(comparison, question).ok_or(Why::NoData)?;
    for attempt in 0..=MOST_WAITS {
        pace.wait().await;
        let answer = match upstream.ask(&filled.path, &filled.headers).await {
            Ok(answer) => answer,
            Err(trouble) => {
                say(&format!("{}: {}: {}", question.name, trouble.what, trouble.why));
                return Err(Why::Trouble(trouble.what));
            }
        };
        match Limit::of(&answer, Clock::Real.now()) {
            Limit::None => return Ok(answer),
            Limit::Wait(wait) if attempt < MOST_WAITS => {
                say(&format!("{}: the upstream asks to wait for {} s", question.name, wait.as_secs()));
                pace.put_off(wait);
            }
            Limit::Wait(_) | Limit::Stop if answer.status == 429 => return Err(Why::Limited),
            // Whoever is down names a time too, and what is asked next may be answered.
            Limit::Wait(_) | Limit::Stop => return Err(Why::Unavailable(answer.status)),
        }
    }
    Err(Why::Limited)
}

/// Whether a path is the other one, or leads further than it, so that whoever may not ask that may not ask this either.
fn is_below(path: &str, other: &str) -> bool {
    let mut segments = find_path(path).split('/');
    let is_same = |one: &str, other: &str| one == other || other.starts_with('{');
    find_path(other).split('/').all(|other| segments.next().is_some_and(|one| is_same(one, other)))
}

fn find_path(template: &str) -> &str {
    template.split('?').next().unwrap_or_default()
}

/// Whether an answer says something of the service, or of the credential and the way only.
fn judge(question: &Question, may_be_refused: bool, upstream: Answer, locum: Locums) -> Result<Answers, Why> {
    match upstream.status {
        status @ (401 | 403) if may_be_refused && !matches!(locum.first.status, 401 | 403) => {
            say(&format!("{}: the upstream answers {status}", question.name));
            Err(Why::Refused(status))
        }
        status @ (502 | 504) => Err(Why::Unavailable(status)),
        _ => Ok(Answers { upstream, locum }),
    }
}

/// To whoever runs it, not into the report: it may name hosts.
fn say(line: &str) {
    // An error is of no interest, because it means that nobody reads standard error.
    let _ = writeln!(std::io::stderr(), "locum: {line}");
}

/// Which names the report may show, once all answers are there.
pub(super) fn learn_names(document: &str, asked: &[Asked], private: &[&str]) -> Names {
    let mut names = Names::of_document(document);
    for answers in asked.iter().filter_map(|one| one.answers.as_ref().ok()) {
        answers.locum.first.headers.iter().for_each(|(name, _)| names.know(name));
        answers.locum.first.json().into_iter().chain(&answers.locum.others).for_each(|value| names.know_members(value));
        answers.upstream.headers.iter().for_each(|(_, value)| names.hide(value));
        if let Some(value) = answers.upstream.json() {
            names.hide_values(value);
        }
    }
    for text in private {
        names.hide(text);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::is_below;

    #[test]
    fn what_leads_further_is_below() {
        for path in ["/a/{x}/b", "/a/{x}/b?page=1", "/a/none/b", "/a/{x}/b/c"] {
            assert!(is_below(path, "/a/{x}/b?limit=1"), "{path}");
        }
        for path in ["/a/{x}", "/a/{x}/c", "/b/{x}/b", "/a"] {
            assert!(!is_below(path, "/a/{x}/b"), "{path}");
        }
    }
}
