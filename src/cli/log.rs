//! The log: one JSON object per line for machines, one short line for people.

use std::{
    fmt::{self, Write as _},
    io,
};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{ChronoLocal, FormatTime, SystemTime},
    },
    layer::SubscriberExt as _,
    registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::{
    cli::output,
    config::LogFormat,
    http::{
        observe::{ANSWERED, BACKGROUND},
        request_context::RequestContext,
    },
};

/// Where it is asked for, the time of day is that of whoever reads it.
const TIME_OF_DAY: &str = "%H:%M:%S%.3f";

/// Lines about the progress of a start, which are written whatever the filter says, unless that is `off`: it is about
/// what there is to report, and these tell somebody who waits that nothing hangs.
pub(super) const PROGRESS: &str = "locum::progress";

/// Reads the filter of the settings, and lets lines about [`PROGRESS`] through beside it, unless it is `off`.
fn read_filter(text: &str) -> Targets {
    // The settings took it, so it can be read.
    let filter: Targets = text.parse().unwrap_or_default();
    if text.trim().eq_ignore_ascii_case("off") { filter } else { filter.with_target(PROGRESS, Level::INFO) }
}

pub(super) fn start(format: LogFormat, filter: &str) {
    output::print_panics();
    let builder = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_writer(output::stderr)
        // It would say so where it cannot write, and panic.
        .log_internal_errors(false);
    let filter = read_filter(filter);
    // A second call in one process keeps the first one's choice.
    let _ = match format {
        LogFormat::Text => {
            // NO_COLOR and its like are heard, and what is no terminal gets no colours.
            let has_colours = anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never;
            let lines = Lines { time: ChronoLocal::new(TIME_OF_DAY.to_owned()) };
            builder.with_ansi(has_colours).event_format(lines).finish().with(filter).try_init()
        }
        LogFormat::Json => builder.with_ansi(false).event_format(Objects).finish().with(filter).try_init(),
    };
}

/// Lines for people.
struct Lines<T> {
    time: T,
}

impl<S, N, T> FormatEvent<S, N> for Lines<T>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    T: FormatTime,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        if !fields.get(BACKGROUND).is_empty() {
            return Ok(());
        }
        let has_colours = writer.has_ansi_escapes();
        let mut time = String::new();
        self.time.format_time(&mut Writer::new(&mut time))?;
        let room = find_width().map(|width| width.saturating_sub(count_columns(&time) + 1));
        let mut line = Line { writer: &mut writer, has_colours, is_begun: false };
        line.write(DIM, &time)?;
        if event.metadata().target() == ANSWERED {
            line.write_answer(&fields, room)?;
        } else {
            line.write_event(*event.metadata().level(), &fields)?;
            if let Some(id) = RequestContext::id_for_log() {
                line.write(DIM, &format!("request_id={id}"))?;
            }
        }
        writeln!(writer)
    }
}

/// Lines for machines. Written here, because what tracing-subscriber writes takes as long as half of a request: it
/// has each value twice, and notes every span.
struct Objects;

impl<S, N> FormatEvent<S, N> for Objects
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut object = Object { text: Vec::with_capacity(512), is_whole: true };
        let mut time = String::with_capacity(32);
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        object.write("timestamp", &time);
        object.write("level", event.metadata().level().as_str());
        event.record(&mut object);
        // An answer's line has its own.
        if event.metadata().target() != ANSWERED
            && let Some(id) = RequestContext::id_for_log()
        {
            object.write("request_id", &*id);
        }
        object.text.push(b'}');
        let text = str::from_utf8(&object.text).map_err(|_| fmt::Error)?;
        if object.is_whole { writeln!(writer, "{text}") } else { Err(fmt::Error) }
    }
}

/// An object that is being written, member by member.
struct Object {
    text: Vec<u8>,
    /// Everything could be written.
    is_whole: bool,
}

impl Object {
    fn write(&mut self, name: &str, value: &(impl Serialize + ?Sized)) {
        self.text.push(if self.text.is_empty() { b'{' } else { b',' });
        let name = serde_json::to_writer(&mut self.text, name);
        self.text.push(b':');
        let value = serde_json::to_writer(&mut self.text, value);
        self.is_whole &= name.is_ok() && value.is_ok();
    }
}

impl Visit for Object {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field.name(), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field.name(), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field.name(), &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field.name(), &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field.name(), &format!("{value:?}"));
    }
}

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const PLAIN: Style = Style::new();
const GREEN: Style = AnsiColor::Green.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const RED: Style = AnsiColor::Red.on_default();

/// A line that is being written, word by word.
struct Line<'a, 'w> {
    writer: &'a mut Writer<'w>,
    has_colours: bool,
    is_begun: bool,
}

impl Line<'_, '_> {
    /// Writes what is not empty.
    fn write(&mut self, style: Style, text: &str) -> fmt::Result {
        if text.is_empty() {
            return Ok(());
        }
        let style = if self.has_colours { style } else { PLAIN };
        let space = if std::mem::replace(&mut self.is_begun, true) { " " } else { "" };
        write!(self.writer, "{space}{style}{}{style:#}", Printable(text))
    }

    /// Status, method, path, credential, reason, and how long it took. Where there is only so much room, first the path
    /// and then the reason are shortened, because either may be as long as a client likes.
    fn write_answer(&mut self, fields: &Fields, room: Option<usize>) -> fmt::Result {
        let status = fields.get("status");
        let of_status = match status.as_bytes().first() {
            Some(b'5') => RED,
            Some(b'4') => YELLOW,
            Some(b'3') => CYAN,
            _ => GREEN,
        };
        let fault = fields.get("fault");
        let fault = if fault.is_empty() { String::new() } else { format!("injected by fault {fault}") };
        let took = describe_time(fields.get("elapsed_us").parse().unwrap_or_default());
        let (mut path, mut reason) = (escape(fields.get("path")), escape(fields.get("reason")));
        if let Some(room) = room {
            let texts = [status, fields.get("method"), fields.get("credential"), fault.as_str(), took.as_str()];
            let others = texts.into_iter().filter(|text| !text.is_empty()).map(|text| count_columns(text) + 1);
            let room = room.saturating_sub(others.sum());
            let of_reason = count_columns(&reason) + usize::from(!reason.is_empty());
            path = shorten(path, room.saturating_sub(of_reason), Cut::Middle);
            reason = shorten(reason, room.saturating_sub(count_columns(&path) + 1), Cut::End);
        }
        self.write(of_status, status)?;
        self.write(BOLD, fields.get("method"))?;
        self.write(PLAIN, &path)?;
        self.write(CYAN, fields.get("credential"))?;
        self.write(YELLOW, &fault)?;
        self.write(of_status, &reason)?;
        self.write(DIM, &took)
    }

    fn write_event(&mut self, level: Level, fields: &Fields) -> fmt::Result {
        let of_level = match level {
            Level::ERROR => RED,
            Level::WARN => YELLOW,
            Level::INFO => GREEN,
            Level::DEBUG | Level::TRACE => DIM,
        };
        self.write(of_level, level.as_str())?;
        self.write(PLAIN, fields.get("message"))?;
        for (name, value) in fields.0.iter().filter(|(name, _)| *name != "message") {
            self.write(DIM, &format!("{name}={value}"))?;
        }
        Ok(())
    }
}

/// The columns that are left of a text at least, so that it still says something.
const LEAST: usize = 16;

/// How many columns the terminal has that the log goes to, if it is one.
fn find_width() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

fn count_columns(text: &str) -> usize {
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

fn describe_time(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros} µs"),
        1_000..1_000_000 => format!("{}.{} ms", micros / 1_000, micros % 1_000 / 100),
        _ => format!("{}.{} s", micros / 1_000_000, micros % 1_000_000 / 100_000),
    }
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

/// An event's fields, as text.
#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    /// Empty, where there is none.
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(has_colours: bool, fields: &[(&'static str, &str)]) -> String {
        line_in(has_colours, fields, None)
    }

    fn line_in(has_colours: bool, fields: &[(&'static str, &str)], room: Option<usize>) -> String {
        let fields = Fields(fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect());
        let mut text = String::new();
        let mut writer = Writer::new(&mut text);
        Line { writer: &mut writer, has_colours, is_begun: false }.write_answer(&fields, room).unwrap();
        text
    }

    const REFUSED: [(&str, &str); 6] = [
        ("path", "/api/v1/token"),
        ("method", "GET"),
        ("status", "401"),
        ("credential", "ann"),
        ("reason", "no \u{1b}[31m credential"),
        ("elapsed_us", "1234"),
    ];

    #[test]
    fn an_answer_is_one_line() {
        assert_eq!(line(false, &REFUSED), "401 GET /api/v1/token ann no \\u{1b}[31m credential 1.2 ms");
        assert_eq!(
            line(true, &REFUSED[..3]),
            "\u{1b}[33m401\u{1b}[0m \u{1b}[1mGET\u{1b}[0m /api/v1/token \u{1b}[2m0 µs\u{1b}[0m"
        );
    }

    #[test]
    fn an_answer_fits_into_the_terminal() {
        let long = format!("/api/v1/{}/end", "x".repeat(300));
        let with_path = [("status", "200"), ("method", "GET"), ("path", long.as_str()), ("credential", "ann")];
        assert_eq!(
            line_in(false, &with_path, Some(60)),
            "200 GET /api/v1/xxxxxxxxxxxxx…xxxxxxxxxxxxxxxxx/end ann 0 µs"
        );
        let reason = "why ".repeat(100);
        let with_both = [&with_path[..], &[("reason", &reason)]].concat();
        let text = line_in(false, &with_both, Some(60));
        assert_eq!(text.chars().count(), 60, "{text}");
        assert!(text.starts_with("200 GET /api/v1/…xxx/end ann why "), "{text}");
        let wrong_code = [
            ("status", "401"),
            ("method", "GET"),
            ("path", "/api/v1/customer/licenses"),
            ("credential", "ann@example.test (organization)"),
            (
                "reason",
                "`1234567` is not the token's customer code: it is the token of ann, with the customer code 6700001",
            ),
            ("elapsed_us", "12345"),
        ];
        let text = line_in(false, &wrong_code, Some(67));
        assert!(text.contains("`1234567` is n"), "{text}");
        assert_eq!(line_in(false, &with_path[..2], Some(5)), "200 GET 0 µs");
        assert_eq!(line_in(true, &with_path, Some(60)).matches('…').count(), 1);
        assert!(line(false, &with_path).contains(&long), "elsewhere it is whole");
    }

    #[test]
    fn times_are_short() {
        for (micros, text) in [(999, "999 µs"), (1_000, "1.0 ms"), (999_999, "999.9 ms"), (61_250_000, "61.2 s")] {
            assert_eq!(describe_time(micros), text);
        }
    }
}
