//! The report: made of shapes, so that it can be pasted into an issue.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    answer::Answer,
    ask::{Answers, Asked, Locums, Why},
    difference::{Compared, compare, summarize},
    names::Names,
};
use crate::services::comparison::{Comparison, Question};

pub(super) struct Report<'a> {
    comparison: &'a Comparison,
    lines: Vec<Line>,
    /// Why nothing was compared, if so.
    stranger: Option<Why>,
}

struct Line {
    question: &'static Question,
    outcome: Outcome,
}

enum Outcome {
    Compared { found: Compared, upstream: Value, locum: Value },
    NotAsked(Why),
}

impl Line {
    fn differs(&self) -> bool {
        matches!(&self.outcome, Outcome::Compared { found, .. } if !found.differences.is_empty())
    }

    fn is_same(&self) -> bool {
        matches!(&self.outcome, Outcome::Compared { found, .. } if found.differences.is_empty())
    }

    fn unknown(&self) -> &[String] {
        match &self.outcome {
            Outcome::Compared { found, .. } => &found.unknown,
            Outcome::NotAsked(_) => &[],
        }
    }

    fn settles(&self) -> String {
        let lines = self.question.settles.iter().map(|(section, words)| format!("§{section} “{words}”"));
        lines.collect::<Vec<_>>().join("; ")
    }
}

/// What Locum answered to other queries of the same path.
fn find_alike<'a>(asked: &Asked, status: u16, all: &'a [Asked]) -> Vec<&'a Value> {
    let path = |question: &Question| question.path.split('?').next();
    let is_alike = |other: &&Asked| path(other.question) == path(asked.question);
    let answers = all.iter().filter(is_alike).filter_map(|other| other.answers.as_ref().ok());
    answers
        .map(|answers| &answers.locum.first)
        .filter(|first| first.status == status)
        .filter_map(Answer::json)
        .collect()
}

impl<'a> Report<'a> {
    pub(super) fn new(comparison: &'a Comparison, asked: &[Asked], stranger: Option<Why>, names: &Names) -> Self {
        let line = |one: &Asked| {
            let outcome = match &one.answers {
                Ok(Answers { upstream, locum: Locums { first, others } }) => Outcome::Compared {
                    found: compare(upstream, first, others, &find_alike(one, first.status, asked), names),
                    upstream: summarize(upstream, names),
                    locum: summarize(first, names),
                },
                Err(why) => Outcome::NotAsked(*why),
            };
            Line { question: one.question, outcome }
        };
        Self { comparison, lines: asked.iter().map(line).collect(), stranger }
    }

    pub(super) fn differs(&self) -> bool {
        self.lines.iter().any(Line::differs)
    }

    /// Whether something could not be asked that could be, by another credential or at another time.
    pub(super) fn failed(&self) -> bool {
        self.lines.iter().any(|line| matches!(line.outcome, Outcome::NotAsked(why) if why.is_failure()))
    }

    /// One line of numbers.
    pub(super) fn summary(&self) -> String {
        let count = |test: fn(&Line) -> bool| self.lines.iter().filter(|line| test(line)).count();
        let (same, differ) = (count(Line::is_same), count(Line::differs));
        let total = self.lines.len();
        format!("{total} requests: {same} the same, {differ} different, {} could not be asked", total - same - differ)
    }

    pub(super) fn to_markdown(&self) -> String {
        let mut text = format!(
            "# {}: the real service and Locum {}\n\n{}.\n\nStatuses, headers and bodies were compared by their form. \
             There are no values here, and names of members only where they are not somebody's data; `<key>` stands for \
             the others. § is a line of “Our guess” in docs/fidelity.md that a request settles.\n",
            self.comparison.title,
            env!("CARGO_PKG_VERSION"),
            self.summary()
        );
        // Writing to a string cannot fail.
        if let Some(why) = self.stranger {
            let _ = write!(text, "\n**Nothing was compared**: {}.\n", why.explain());
        }
        let _ = self.write_differences(&mut text).and_then(|()| self.write_rest(&mut text));
        text
    }

    fn write_differences(&self, text: &mut String) -> std::fmt::Result {
        if !self.differs() {
            return Ok(());
        }
        text.push_str("\n## Differs\n");
        for line in self.lines.iter().filter(|line| line.differs()) {
            write!(text, "\n### {}\n\n`GET {}`\n", line.question.name, line.question.path)?;
            if !line.question.settles.is_empty() {
                write!(text, "\nSettles: {}\n", line.settles())?;
            }
            text.push_str("\n| | upstream | Locum |\n|---|---|---|\n");
            if let Outcome::Compared { found, .. } = &line.outcome {
                for one in &found.differences {
                    writeln!(text, "{}", one.to_row())?;
                }
            }
            if !line.unknown().is_empty() {
                write!(text, "\nNot to be told: {}\n", line.unknown().join("; "))?;
            }
        }
        Ok(())
    }

    fn write_rest(&self, text: &mut String) -> std::fmt::Result {
        let mut not_asked = self.lines.iter().filter_map(|line| match line.outcome {
            Outcome::NotAsked(why) => Some((line, why)),
            Outcome::Compared { .. } => None,
        });
        if let Some(first) = not_asked.next() {
            text.push_str("\n## Could not be asked\n\n| request | why | would settle |\n|---|---|---|\n");
            for (line, why) in std::iter::once(first).chain(not_asked) {
                writeln!(text, "| {} | {why} | {} |", line.question.name, line.settles())?;
            }
        }
        if self.lines.iter().any(Line::is_same) {
            text.push_str("\n## The same\n\n| request | settles | not to be told |\n|---|---|---|\n");
            for line in self.lines.iter().filter(|line| line.is_same()) {
                writeln!(text, "| {} | {} | {} |", line.question.name, line.settles(), line.unknown().join("; "))?;
            }
        }
        Ok(())
    }

    pub(super) fn to_json(&self) -> String {
        let describe = |line: &Line| {
            let settles =
                line.question.settles.iter().map(|(section, words)| json!({"section": section, "line": words}));
            let mut object = json!({
                "name": line.question.name,
                "method": "GET",
                "path": line.question.path,
                "settles": settles.collect::<Vec<_>>(),
            });
            match &line.outcome {
                Outcome::NotAsked(why) => {
                    object["outcome"] = "not_asked".into();
                    object["why"] = why.to_string().into();
                }
                Outcome::Compared { found, upstream, locum } => {
                    object["outcome"] = if line.differs() { "differs" } else { "same" }.into();
                    object["upstream"] = upstream.clone();
                    object["locum"] = locum.clone();
                    object["differences"] = json!(found.differences);
                    object["unknown"] = json!(found.unknown);
                }
            }
            object
        };
        let requests: Vec<Value> = self.lines.iter().map(describe).collect();
        let report = json!({
            "format": 1,
            "service": self.comparison.name,
            "locum": env!("CARGO_PKG_VERSION"),
            "summary": self.summary(),
            "nothing_compared": self.stranger.map(Why::explain),
            "requests": requests,
        });
        format!("{report:#}\n")
    }
}
