//! What lies over a page: a question, what was made, why something was refused; and what was entered, to be kept.

use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::control_action::ControlAction;
use crate::core::text::quote_for_shell;

/// What a page says beside what it shows.
#[derive(Debug, Clone)]
pub(crate) enum Overlay {
    /// It is to be confirmed.
    Ask { question: String, call: ControlAction, entered: Entered },
    /// It made a token, which is shown only here.
    Token { label: String, token: String, hint: String },
    /// It made several things, among them tokens, which are shown only here.
    Made(Made),
    /// It was refused.
    Refused(Box<Refused>),
    /// The page that has it is not of this session, so nothing was done yet.
    Stale { call: ControlAction, entered: Entered },
    /// Nothing was changed, and what was entered stays: it was only checked, or not done after all.
    Kept { entered: Entered, note: Option<String> },
}

impl Overlay {
    /// The status of the page beneath.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Refused(refused) => refused.status,
            Self::Stale { .. } => StatusCode::FORBIDDEN,
            Self::Ask { .. } | Self::Token { .. } | Self::Made(_) | Self::Kept { .. } => StatusCode::OK,
        }
    }

    /// What was entered into the form that it is about.
    pub(super) fn entered(&self) -> Option<&Entered> {
        match self {
            Self::Ask { entered, .. } | Self::Stale { entered, .. } | Self::Kept { entered, .. } => Some(entered),
            Self::Refused(refused) => Some(&refused.entered),
            Self::Token { .. } | Self::Made(_) => None,
        }
    }

    /// About as many bytes as it takes to keep it.
    pub(super) fn count_bytes(&self) -> usize {
        let fields = self.entered().map_or(&[][..], |entered| &entered.fields);
        let entered: usize = fields.iter().map(|(name, text)| name.len() + text.len()).sum();
        let made = if let Self::Made(made) = self { made.body.len() + made.exports.len() } else { 0 };
        entered + made
    }

    /// Whether it is a dialog. What a form says stands beside the form.
    pub(crate) fn is_dialog(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.entered.place.is_empty(),
            Self::Ask { .. } | Self::Token { .. } | Self::Made(_) | Self::Stale { .. } => true,
            Self::Kept { .. } => false,
        }
    }
}

/// What a person entered into a form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entered {
    /// The form's id on its page; empty where it is a button's, with nothing to fill in.
    pub place: String,
    /// The names of fields, and what was entered.
    pub fields: Vec<(String, String)>,
}

impl Entered {
    pub(crate) fn of(fields: &[(String, String)]) -> Self {
        let place = fields.iter().find(|(name, _)| name == "place").map(|(_, place)| place.clone());
        let entered = fields.iter().filter(|(name, _)| name == "body" || name.starts_with("set."));
        Self { place: place.unwrap_or_default(), fields: entered.cloned().collect() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, text)| text.as_str())
    }
}

/// Several things that were made.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub label: String,
    /// Lines for a shell; empty where there are none.
    pub exports: String,
    /// The whole answer.
    pub body: String,
}

impl Made {
    pub(super) fn new(label: String, body: &Value) -> Self {
        // Of more, nobody copies some; all of them are in the answer.
        const MOST: usize = 60;
        let variables = body["variables"].as_object().filter(|all| all.len() <= MOST).into_iter().flatten();
        let write = |(name, value): (&String, &Value)| {
            format!("export {name}={}\n", quote_for_shell(value.as_str().unwrap_or_default()))
        };
        let exports = variables.map(write).collect();
        Self { label, exports, body: serde_json::to_string_pretty(body).unwrap_or_default() }
    }

    /// As much of the answer as a page shows, and whether that is not all.
    pub(crate) fn beginning(&self) -> (&str, bool) {
        const SHOWN: usize = 6_000;
        match self.body.char_indices().find(|(at, _)| *at >= SHOWN) {
            Some((end, _)) => (&self.body[..end], true),
            None => (&self.body, false),
        }
    }
}

/// What was refused, why, and what was entered, to be mended.
#[derive(Debug, Clone)]
pub(crate) struct Refused {
    pub label: String,
    pub status: StatusCode,
    pub detail: String,
    pub entered: Entered,
    /// What is wrong in a text of several lines, by line; then the detail says nothing else.
    pub lines: Vec<WrongLine>,
    /// Requests that are nearly as they were expected, and why they are not.
    pub nearest: Vec<NearRequest>,
}

impl Refused {
    pub(crate) fn new(label: String, status: StatusCode, detail: String, entered: Entered) -> Self {
        Self { label, status, detail, entered, lines: Vec::new(), nearest: Vec::new() }
    }

    /// With what else the route answered.
    pub(super) fn with_answer(self, body: &Value) -> Self {
        let nearest = serde_json::from_value(body["nearest"].clone()).unwrap_or_default();
        let wrong: Vec<WrongPlace> = serde_json::from_value(body["errors"].clone()).unwrap_or_default();
        let text: Vec<&str> = self.entered.get("body").unwrap_or_default().lines().collect();
        let lines = wrong.into_iter().map(|place| WrongLine::new(place, &text)).collect();
        Self { lines, nearest, ..self }
    }
}

/// Where something is wrong in a text, as a route says it.
#[derive(Debug, Deserialize)]
struct WrongPlace {
    line: usize,
    column: usize,
    detail: String,
}

/// A line in which something is wrong, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrongLine {
    pub number: usize,
    pub detail: String,
    /// The line, and below it a mark where it is wrong.
    pub marked: String,
}

impl WrongLine {
    fn new(WrongPlace { line, column, detail }: WrongPlace, text: &[&str]) -> Self {
        const AROUND: usize = 40;
        let whole: Vec<char> =
            line.checked_sub(1).and_then(|at| text.get(at)).map_or_else(Vec::new, |l| l.chars().collect());
        let at = column.saturating_sub(1).min(whole.len());
        let start = if whole.len() > 2 * AROUND { at.saturating_sub(AROUND) } else { 0 };
        let shown: String = whole.iter().skip(start).take(2 * AROUND).collect();
        Self { number: line, detail, marked: format!("{shown}\n{}^", " ".repeat(at - start)) }
    }
}

/// As much as is shown of a request that comes near to what was asked about.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NearRequest {
    pub id: String,
    pub method: String,
    pub path: String,
    pub status: u16,
    pub differences: Vec<NearDifference>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct NearDifference {
    pub field: String,
    pub expected: String,
    pub found: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_line_is_marked_where_it_is_wrong() {
        let line = |line, column, text: &str| {
            let text: Vec<&str> = text.lines().collect();
            WrongLine::new(WrongPlace { line, column, detail: String::new() }, &text).marked
        };
        assert_eq!(line(2, 3, "a: 1\n  bä: 2\n"), "  bä: 2\n  ^");
        assert_eq!(line(9, 1, "a: 1"), "\n^");
        let long = "x".repeat(500);
        let marked = line(1, 400, &long);
        assert_eq!((marked.lines().next().unwrap().len(), marked.lines().nth(1).unwrap().len()), (80, 41));
    }
}
