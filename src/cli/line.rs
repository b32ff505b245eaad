//! One line for people: what became of a request, on a terminal or in a pipe.

use std::{
    fmt::{self, Write},
    os::fd::AsFd,
};

use anstyle::{AnsiColor, Style};

use crate::{control::RequestSummary, domain::journal::Ignored, web::format::format_elapsed};

pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const PLAIN: Style = Style::new();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const RED: Style = AnsiColor::Red.on_default();

/// A line that is being written, word by word.
pub(super) struct Line<'a, W> {
    writer: &'a mut W,
    has_colours: bool,
    is_begun: bool,
}

/// What a line says of a request; empty is what there is not.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) status: &'a str,
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) credential: &'a str,
    pub(super) fault: &'a str,
    pub(super) reason: &'a str,
    /// In microseconds.
    pub(super) elapsed: u64,
}

impl<'a, W: Write> Line<'a, W> {
    pub(super) fn begin(writer: &'a mut W, has_colours: bool) -> Self {
        Self { writer, has_colours, is_begun: false }
    }

    /// Writes what is not empty.
    pub(super) fn write(&mut self, style: Style, text: &str) -> fmt::Result {
        if text.is_empty() {
            return Ok(());
        }
        let style = if self.has_colours { style } else { PLAIN };
        let space = if std::mem::replace(&mut self.is_begun, true) { " " } else { "" };
        write!(self.writer, "{space}{style}{}{style:#}", Printable(text))
    }

    /// A request as the journal has it, and what nothing read of it.
    pub(super) fn write_request(&mut self, request: &RequestSummary, room: Option<usize>) -> fmt::Result {
        let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let ignored = Ignored::list_untold(&request.ignored, request.refusal.as_deref());
        let reasons: Vec<String> =
            request.refusal.iter().cloned().chain(ignored).chain(request.describe_changes()).collect();
        let fault = request.fault.as_ref().map(|did| format!("injected: {did}")).unwrap_or_default();
        let answered = Answered {
            status: &request.status.to_string(),
            method: &request.method,
            path: &format!("{}{query}", request.path),
            credential: request.credential.as_deref().unwrap_or_default(),
            fault: &fault,
            reason: &reasons.join("; "),
            elapsed: request.elapsed_us,
        };
        self.write_answer(answered, room)
    }

    /// Status, method, path, credential, fault, reason, and how long it took. Where there is only so much room, first the
    /// path and then the reason are shortened, because either may be as long as a client likes.
    pub(super) fn write_answer(&mut self, answered: Answered<'_>, room: Option<usize>) -> fmt::Result {
        let Answered { status, method, path, credential, fault, reason, elapsed } = answered;
        let of_status = match status.as_bytes().first() {
            Some(b'5') => RED,
            Some(b'4') => YELLOW,
            Some(b'3') => CYAN,
            _ => GREEN,
        };
        let took = format_elapsed(elapsed);
        let (mut path, mut reason) = (escape(path), escape(reason));
        if let Some(room) = room {
            let texts = [status, method, credential, fault, took.as_str()];
            let others = texts.into_iter().filter(|text| !text.is_empty()).map(|text| count_columns(text) + 1);
            let room = room.saturating_sub(others.sum());
            let of_reason = count_columns(&reason) + usize::from(!reason.is_empty());
            path = shorten(path, room.saturating_sub(of_reason), Cut::Middle);
            reason = shorten(reason, room.saturating_sub(count_columns(&path) + 1), Cut::End);
        }
        self.write(of_status, status)?;
        self.write(BOLD, method)?;
        self.write(PLAIN, &path)?;
        self.write(CYAN, credential)?;
        self.write(YELLOW, fault)?;
        self.write(of_status, &reason)?;
        self.write(DIM, &took)
    }
}

/// The columns that are left of a text at least, so that it still says something.
const LEAST: usize = 16;

/// How many columns the terminal has that a stream goes to, if it is one.
pub(super) fn find_width(stream: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(stream).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

pub(super) fn count_columns(text: &str) -> usize {
    escape(text).chars().count()
}

fn escape(text: &str) -> String {
    Printable(text).to_string()
}

/// Where a text is shortened.
#[derive(Clone, Copy)]
enum Cut {
    /// For paths, because they are told apart by both ends.
    Middle,
    /// For reasons, because what was sent stands near the beginning, and what follows from it behind that.
    End,
}

/// Shortens a text to so many columns.
fn shorten(text: String, columns: usize, cut: Cut) -> String {
    let (columns, length) = (columns.max(LEAST), text.chars().count());
    if length <= columns {
        return text;
    }
    let kept_end = match cut {
        Cut::Middle => (columns - 1) / 2,
        Cut::End => 0,
    };
    let start: String = text.chars().take(columns - 1 - kept_end).collect();
    let end: String = text.chars().skip(length - kept_end).collect();
    format!("{start}…{end}")
}

/// A text in which nothing moves the terminal's cursor or colours what follows, whatever a client sent.
struct Printable<'a>(&'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() { write!(f, "{}", character.escape_default())? } else { f.write_char(character)? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(has_colours: bool, answered: Answered<'_>) -> String {
        line_in(has_colours, answered, None)
    }

    fn line_in(has_colours: bool, answered: Answered<'_>, room: Option<usize>) -> String {
        let mut text = String::new();
        Line::begin(&mut text, has_colours).write_answer(answered, room).unwrap();
        text
    }

    #[test]
    fn an_answer_is_one_line() {
        let asked = Answered { path: "/api/v1/token", method: "GET", status: "401", ..Answered::default() };
        let refused = Answered { credential: "ann", reason: "no \u{1b}[31m credential", elapsed: 1234, ..asked };
        assert_eq!(line(false, refused), "401 GET /api/v1/token ann no \\u{1b}[31m credential 1.2 ms");
        assert_eq!(
            line(true, asked),
            "\u{1b}[33m401\u{1b}[0m \u{1b}[1mGET\u{1b}[0m /api/v1/token \u{1b}[2m0 µs\u{1b}[0m"
        );
    }

    #[test]
    fn an_answer_fits_into_the_terminal() {
        let long = format!("/api/v1/{}/end", "x".repeat(300));
        let asked = Answered { status: "200", method: "GET", ..Answered::default() };
        let with_path = Answered { path: &long, credential: "ann", ..asked };
        assert_eq!(line_in(false, with_path, Some(60)), "200 GET /api/v1/xxxxxxxxxxxxx…xxxxxxxxxxxxxxxxx/end ann 0 µs");
        let reason = "why ".repeat(100);
        let text = line_in(false, Answered { reason: &reason, ..with_path }, Some(60));
        assert_eq!(text.chars().count(), 60, "{text}");
        assert!(text.starts_with("200 GET /api/v1/…xxx/end ann why "), "{text}");
        let wrong_code = Answered {
            status: "401",
            path: "/api/v1/customer/licenses",
            credential: "ann@example.test (organization)",
            reason: "`1234567` is not the token's customer code: it is the token of ann, with the customer code 6700001",
            elapsed: 12345,
            ..asked
        };
        let text = line_in(false, wrong_code, Some(67));
        assert!(text.contains("`1234567` is n"), "{text}");
        assert_eq!(line_in(false, asked, Some(5)), "200 GET 0 µs");
        assert_eq!(line_in(true, with_path, Some(60)).matches('…').count(), 1);
        assert!(line(false, with_path).contains(&long), "elsewhere it is whole");
    }
}
