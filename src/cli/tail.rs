//! `locum tail`: what happens in a running Locum, a line for each request.

use std::{
    collections::HashMap,
    io::{self, ErrorKind, IsTerminal as _, Write as _},
    os::fd::AsFd as _,
    time::Duration,
};

use clap::{ArgMatches, parser::ValueSource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::{io::Interest, net::unix::pipe::Sender};

use crate::{
    cli::{
        Failure,
        client::{ControlClient, Event, Events, Trouble},
        line::{Answered, DIM, Line, count_columns, find_width},
        tell,
    },
    config::{Listen, parse_listen, parse_public_url, read_control_token},
    control::{ClockAnswer, JournalPage, RequestSummary},
    domain::organization::DEFAULT_SPACE,
};

/// How often one asks whether a Locum that went away is back.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);
/// The most requests that one answer holds.
const PAGE: usize = 1000;

/// The options of `locum tail`.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Only requests with this status, or of this class: `404`, `4xx`
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only requests to this service
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Only requests for this operation
    #[arg(long, alias = "operation", value_name = "ID")]
    op: Option<String>,
    /// Only requests with the credential of this label
    #[arg(long, value_name = "LABEL")]
    credential: Option<String>,
    /// The space
    #[arg(long, env = "LOCUM_SPACE", value_name = "NAME", default_value = DEFAULT_SPACE)]
    space: String,
    /// How many of the last requests to begin with
    #[arg(short = 'n', long, value_name = "NUMBER", default_value_t = 10)]
    lines: usize,
    /// End after these
    #[arg(long)]
    no_follow: bool,
    /// Print each request as a JSON object, as `GET /_emulator/requests` has them, and nothing else
    #[arg(long)]
    json: bool,
    /// The base URL of the running Locum; without it, --listen says where that is
    #[arg(long, env = "LOCUM_URL", value_name = "URL", value_parser = parse_public_url)]
    url: Option<String>,
    /// Where the running Locum listens
    #[arg(long, env = "LOCUM_LISTEN", value_name = "HOST:PORT", default_value = "localhost:8080",
        value_parser = parse_listen)]
    listen: Listen,
    /// What the running Locum was given as --control-token; `LOCUM_CONTROL_TOKEN_FILE` names a file that holds it
    #[arg(long, env = "LOCUM_CONTROL_TOKEN", value_name = "TOKEN", hide_env_values = true)]
    control_token: Option<String>,
}

/// What stands at the end of the help.
pub(super) const EXAMPLES: &str = "Examples:
  locum tail                                    the last ten requests, and those to come
  locum tail --status 4xx                       only what was refused, and why
  locum tail --space t1 --op assignLicense      one operation in the space of one test
  locum tail -n 20 --no-follow --json | jq -r .path";

impl Options {
    fn client(&self, matches: &ArgMatches) -> Result<ControlClient, Failure> {
        let token = read_control_token(self.control_token.clone())?;
        // A flag means more than a variable that may be there for other programs.
        let is_flag = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        match self.url.as_ref().filter(|_| is_flag("url") || !is_flag("listen")) {
            Some(url) => ControlClient::at(url, token).map_err(|why| Failure::Usage(format!("--url: {why}"))),
            None if self.listen.port == 0 => {
                Err(Failure::Usage("port 0 is any free port: say which one with --listen".to_owned()))
            }
            None => Ok(ControlClient::listening(&self.listen, token)),
        }
    }

    /// The filters, as the control API names them.
    fn filters(&self) -> [(&str, &str); 5] {
        [
            ("space", &self.space),
            ("status", self.status.as_deref().unwrap_or_default()),
            ("service", self.service.as_deref().unwrap_or_default()),
            ("operation", self.op.as_deref().unwrap_or_default()),
            ("credential", self.credential.as_deref().unwrap_or_default()),
        ]
    }
}

/// Why it ends, or begins again.
enum End {
    Trouble(Trouble),
    /// Nobody reads it any more.
    Unread,
    Unwritable(io::Error),
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        if error.kind() == ErrorKind::BrokenPipe { Self::Unread } else { Self::Unwritable(error) }
    }
}

/// Prints requests until nobody reads them.
pub(super) async fn tail(options: &Options, matches: &ArgMatches) -> Result<(), Failure> {
    let client = options.client(matches)?;
    let mut tail = Tail {
        options,
        client,
        last: None,
        is_begun: false,
        faults: HashMap::new(),
        date: String::new(),
        clock: String::new(),
    };
    loop {
        let ended = tokio::select! {
            ended = tail.run() => ended,
            () = wait_for_closed_output() => return Ok(()),
        };
        match ended {
            Ok(()) | Err(End::Unread) => return Ok(()),
            Err(End::Unwritable(error)) => return Err(Failure::Failed(format!("cannot write: {error}"))),
            Err(End::Trouble(trouble)) if tail.is_begun && tail.may_go_on(&trouble) => {}
            Err(End::Trouble(trouble)) => return Err(tail.describe(trouble)),
        }
        tell(&format!("{} is away: waiting for it", tail.client.base));
        tokio::select! {
            () = tail.wait() => {}
            () = wait_for_closed_output() => return Ok(()),
        }
        tell(&format!("{} is back", tail.client.base));
    }
}

/// Waits until the reader of a pipe is gone. Without it, one would learn that only from the next line.
async fn wait_for_closed_output() {
    // Files and the like cannot be waited for, and have no reader that goes.
    let stdout = io::stdout().as_fd().try_clone_to_owned().and_then(Sender::from_owned_fd_unchecked);
    if let Ok(stdout) = stdout
        && stdout.ready(Interest::ERROR).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

struct Tail<'a> {
    options: &'a Options,
    client: ControlClient,
    /// The newest request that was listed.
    last: Option<String>,
    /// It has printed what was there.
    is_begun: bool,
    /// The faults that are known.
    faults: HashMap<String, Value>,
    /// The date of the last line.
    date: String,
    /// What was said of the clock last.
    clock: String,
}

/// Requests, the newest first, and how many the journal has dropped.
struct Listed {
    requests: Vec<RequestSummary>,
    evicted: i64,
}

impl Tail<'_> {
    /// Prints what is there, and what comes. Ends well only where it does not follow.
    async fn run(&mut self) -> Result<(), End> {
        if self.options.no_follow {
            return self.begin().await;
        }
        let space = [("space", self.options.space.as_str())];
        // Before the list, so that nothing is missed in between.
        let mut events = self.client.listen("/events", &space).await?;
        let faults: Vec<Value> = self.client.get("/faults", &space).await?;
        self.faults = faults.into_iter().map(|fault| (id_of(&fault), fault)).collect();
        if self.is_begun {
            self.catch_up().await?;
        } else {
            self.begin().await?;
        }
        loop {
            let event = events.next().await.map_err(|why| End::Trouble(Trouble::Away(why)))?;
            self.print_event(event, &mut events).await?;
        }
    }

    /// Prints the last requests.
    async fn begin(&mut self) -> Result<(), End> {
        let wanted = self.options.lines;
        // One at least, to know where to go on.
        let Listed { requests: mut newest_first, .. } = self.list(None, wanted.max(1)).await?;
        self.last = newest_first.first().map(|newest| newest.id.clone());
        self.is_begun = true;
        newest_first.truncate(wanted);
        self.print_requests(newest_first)
    }

    /// Prints the requests that came since the last one.
    async fn catch_up(&mut self) -> Result<(), End> {
        let listed = match self.list(self.last.as_deref(), usize::MAX).await {
            // It was cleared or dropped, and so were those before it: what is there is new.
            Err(Trouble::Refused { pointer: Some(pointer), .. }) if pointer == "/since" => {
                let listed = self.list(None, usize::MAX).await?;
                if listed.evicted == 0 {
                    self.print_between("the journal begins anew")?;
                }
                self.last = None;
                listed
            }
            listed => listed?,
        };
        if let Some(newest) = listed.requests.first() {
            self.last = Some(newest.id.clone());
        }
        self.print_requests(listed.requests)
    }

    async fn list(&self, since: Option<&str>, most: usize) -> Result<Listed, Trouble> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let limit = PAGE.min(most - all.len()).to_string();
            let further = [("since", since.unwrap_or_default()), ("limit", &limit), ("cursor", &cursor)];
            let query = [&self.options.filters()[..], &further].concat();
            let page: JournalPage = self.client.get("/requests", &query).await?;
            all.extend(page.requests);
            match page.next {
                Some(next) if all.len() < most => cursor = next,
                _ => return Ok(Listed { requests: all, evicted: page.evicted }),
            }
        }
    }

    async fn print_event(&mut self, event: Event, events: &mut Events) -> Result<(), End> {
        let mut event = Some(event);
        let mut lists = false;
        // One list has all the requests that are here.
        while let Some(Event { name, data }) = event.take() {
            match name.as_str() {
                "request" | "missed" => {
                    lists = true;
                    event = events.next_here();
                    continue;
                }
                _ if lists => {
                    lists = false;
                    self.catch_up().await?;
                }
                _ => {}
            }
            match name.as_str() {
                "clock" => self.print_clock(&read(&data)?)?,
                "fault" => self.print_fault(read(&data)?)?,
                _ => {}
            }
        }
        if lists { self.catch_up().await } else { Ok(()) }
    }

    fn print_requests(&mut self, newest_first: Vec<RequestSummary>) -> Result<(), End> {
        for request in newest_first.into_iter().rev() {
            self.print_request(&request)?;
        }
        Ok(())
    }

    fn print_request(&mut self, request: &RequestSummary) -> Result<(), End> {
        if self.options.json {
            let text = serde_json::to_string(request).map_err(io::Error::other)?;
            return Ok(writeln!(io::stdout(), "{text}")?);
        }
        let (date, time) = request.at.split_once('T').unwrap_or_default();
        if date != self.date {
            date.clone_into(&mut self.date);
            self.print_between(date)?;
        }
        let time = time.get(..8).unwrap_or(time);
        let query = request.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let ignored = request.ignored.iter().map(ToString::to_string);
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
        let room = find_width(io::stdout()).map(|width| width.saturating_sub(count_columns(time) + 1));
        print_line(|line| {
            line.write(DIM, time)?;
            line.write_answer(answered, room)
        })
    }

    fn print_clock(&mut self, clock: &ClockAnswer) -> Result<(), End> {
        let text = match clock.mode.as_str() {
            "real" => "clock: the machine's".to_owned(),
            mode => format!("clock: {mode} at {}", clock.now),
        };
        // A reset sets it to what it was.
        if text == self.clock {
            return Ok(());
        }
        self.print_between(&text)?;
        self.clock = text;
        Ok(())
    }

    /// Prints that a fault was made or removed. One that only hit stands at the request.
    fn print_fault(&mut self, fault: Value) -> Result<(), End> {
        let id = id_of(&fault);
        let (became, faults) = if fault["removed"] != true {
            let is_new = self.faults.insert(id, fault.clone()).is_none();
            ("made", Vec::from_iter(is_new.then_some(fault)))
        } else if id.is_empty() {
            ("removed", self.faults.drain().map(|(_, fault)| fault).collect())
        } else {
            ("removed", Vec::from_iter(self.faults.remove(&id)))
        };
        for fault in faults {
            self.print_between(&format!("fault {became}: {} gets {}", fault["match"], fault["then"]))?;
        }
        Ok(())
    }

    /// Prints a line that is about no request.
    fn print_between(&self, text: &str) -> Result<(), End> {
        if self.options.json {
            return Ok(());
        }
        print_line(|line| line.write(DIM, &format!("— {text} —")))
    }

    /// Whether a trouble may pass: who was away comes back, and may have another world, or be starting.
    fn may_go_on(&self, trouble: &Trouble) -> bool {
        match trouble {
            Trouble::Away(_) => !self.options.no_follow,
            Trouble::Refused { .. } => false,
        }
    }

    /// Waits until the space is there again.
    async fn wait(&self) {
        loop {
            pause().await;
            let asked: Result<Value, Trouble> =
                self.client.get("/clock", &[("space", self.options.space.as_str())]).await;
            match asked {
                // A test makes its space again.
                Err(Trouble::Refused { status, .. }) if status == hyper::StatusCode::NOT_FOUND => {}
                Err(Trouble::Away(_)) => {}
                // What it refuses otherwise, it refuses again, with the reason.
                Ok(_) | Err(Trouble::Refused { .. }) => return,
            }
        }
    }

    fn describe(&self, trouble: Trouble) -> Failure {
        let base = &self.client.base;
        match trouble {
            Trouble::Away(why) => Failure::Failed(format!(
                "no Locum answers at {base}: {why}; start one with `locum`, or say with --listen or --url where it is"
            )),
            Trouble::Refused { status, detail, pointer } => {
                let option = match pointer.as_deref() {
                    Some("/operation") => "--op",
                    Some("/status") => "--status",
                    Some("/service") => "--service",
                    Some("/credential") => "--credential",
                    _ if status == hyper::StatusCode::UNAUTHORIZED => {
                        return Failure::Failed(format!("{base}: {detail}; give --control-token"));
                    }
                    _ => return Failure::Failed(format!("{base}: {detail}")),
                };
                Failure::Usage(format!("{option}: {detail}"))
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "another process has to come back; there is nothing to wait on")]
async fn pause() {
    tokio::time::sleep(BETWEEN_TRIES).await;
}

fn id_of(fault: &Value) -> String {
    fault["id"].as_str().unwrap_or_default().to_owned()
}

/// Reads what an event says.
fn read<T: DeserializeOwned>(data: &str) -> Result<T, End> {
    serde_json::from_str(data).map_err(|error| End::Trouble(Trouble::Away(format!("an event that is none: {error}"))))
}

fn print_line(write: impl FnOnce(&mut Line<'_, String>) -> std::fmt::Result) -> Result<(), End> {
    let stdout = io::stdout();
    let has_colours = stdout.is_terminal() && anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
    let mut text = String::new();
    write(&mut Line::begin(&mut text, has_colours)).map_err(io::Error::other)?;
    text.push('\n');
    Ok(stdout.lock().write_all(text.as_bytes())?)
}
