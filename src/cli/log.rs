//! The log: one JSON object per line for machines, one short line for people.

use std::{fmt, io};

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
    cli::{
        line::{Answered, DIM, GREEN, Line, PLAIN, RED, YELLOW, count_columns, find_width},
        output,
    },
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
        let room = find_width(io::stderr()).map(|width| width.saturating_sub(count_columns(&time) + 1));
        let mut line = Line::begin(&mut writer, has_colours);
        line.write(DIM, &time)?;
        if event.metadata().target() == ANSWERED {
            let fault = fields.get("fault");
            let fault = if fault.is_empty() { String::new() } else { format!("injected by fault {fault}") };
            let answered = Answered {
                status: fields.get("status"),
                method: fields.get("method"),
                path: fields.get("path"),
                credential: fields.get("credential"),
                fault: &fault,
                reason: fields.get("reason"),
                elapsed: fields.get("elapsed_us").parse().unwrap_or_default(),
            };
            line.write_answer(answered, room)?;
        } else {
            write_event(&mut line, *event.metadata().level(), &fields)?;
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

fn write_event<W: fmt::Write>(line: &mut Line<'_, W>, level: Level, fields: &Fields) -> fmt::Result {
    let of_level = match level {
        Level::ERROR => RED,
        Level::WARN => YELLOW,
        Level::INFO => GREEN,
        Level::DEBUG | Level::TRACE => DIM,
    };
    line.write(of_level, level.as_str())?;
    line.write(PLAIN, fields.get("message"))?;
    for (name, value) in fields.0.iter().filter(|(name, _)| *name != "message") {
        line.write(DIM, &format!("{name}={value}"))?;
    }
    Ok(())
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
