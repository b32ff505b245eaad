//! `locum tail`: what happens in a running Locum, a line for each request.

use std::{
    collections::HashSet,
    io::{self, ErrorKind, IsTerminal as _, Write as _},
    os::fd::AsFd as _,
    time::Duration,
};

use clap::{ArgMatches, parser::ValueSource};
use hyper::StatusCode;
use tokio::{io::Interest, net::unix::pipe::Sender};

use crate::{
    cli::{
        Failure,
        client::{ControlClient, Trouble},
        line::{DIM, Line, count_columns, find_width},
        tail_names, tell,
    },
    config::{Listen, parse_listen, parse_public_url, read_control_token},
    control::{JournalPage, NoteAnswer, RequestSummary},
    domain::{journal::describe_left_out, organization::DEFAULT_SPACE},
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
    /// The space is gone.
    Deleted,
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
    let mut tail =
        Tail { options, client, last: None, listed_notes: HashSet::new(), is_begun: false, date: String::new() };
    loop {
        let ended = tokio::select! {
            ended = tail.run() => ended,
            () = wait_for_closed_output() => return Ok(()),
        };
        match ended {
            Ok(()) | Err(End::Unread) => return Ok(()),
            Err(End::Unwritable(error)) => return Err(Failure::Failed(format!("cannot write: {error}"))),
            Err(End::Trouble(trouble)) if tail.is_begun && tail.may_go_on(&trouble) => {}
            Err(End::Deleted) => return Err(tail.describe_deletion()),
            Err(End::Trouble(trouble)) => return Err(tail.describe(trouble).await),
        }
        let base = &tail.client.base;
        tell(&format!("{base} is away: waiting for it"));
        let has_space = tokio::select! {
            has_space = tail.wait() => has_space,
            () = wait_for_closed_output() => return Ok(()),
        };
        if !has_space {
            return Err(Failure::Failed(format!("{base} is back, without the space {}", options.space)));
        }
        tell(&format!("{base} is back"));
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
    /// The notes that were listed last: when they were made, by clocks that need not agree, and what they say.
    listed_notes: HashSet<(String, String)>,
    /// It has printed what was there.
    is_begun: bool,
    /// The date of the last line.
    date: String,
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
        if self.is_begun {
            self.catch_up().await?;
        } else {
            self.begin().await?;
        }
        loop {
            let event = events.next().await.map_err(|why| End::Trouble(Trouble::Away(why)))?;
            let further = std::iter::from_fn(|| events.next_here());
            let all: Vec<String> = std::iter::once(event).chain(further).collect();
            if all.iter().any(|event| event == "deleted") {
                return Err(End::Deleted);
            }
            // One list has all that are here.
            if all.iter().any(|event| matches!(event.as_str(), "request" | "note" | "missed")) {
                self.catch_up().await?;
            }
        }
    }

    /// Prints the last requests, and what was done between them.
    async fn begin(&mut self) -> Result<(), End> {
        let wanted = self.options.lines;
        let mut notes = self.list_new_notes().await?;
        // One at least, to know where to go on.
        let Listed { requests: mut newest_first, .. } = self.list(None, wanted.max(1)).await?;
        self.last = newest_first.first().map(|newest| newest.id.clone());
        self.is_begun = true;
        if let Some(label) = self.options.credential.as_deref().filter(|_| newest_first.is_empty()) {
            tail_names::warn_of_credential(&self.client, &self.options.space, label).await?;
        }
        newest_first.truncate(wanted);
        // Before the first of all requests, everything was done that is there.
        if newest_first.len() == wanted {
            let ids: HashSet<&str> = newest_first.iter().map(|request| request.id.as_str()).collect();
            notes.retain(|note| note.after.as_deref().is_some_and(|id| ids.contains(id)));
        }
        let further = notes.len().saturating_sub(wanted);
        let mut notes = notes.split_off(further);
        if let Some(first) = notes.first().filter(|_| further > 0) {
            let text = describe_left_out(further);
            notes.insert(0, NoteAnswer { text, ..first.clone() });
        }
        self.print_all(&newest_first, &notes)
    }

    /// Prints the requests that came since the last one, and what was done since.
    async fn catch_up(&mut self) -> Result<(), End> {
        // These first, so that the requests that they come after are in the list.
        let notes = self.list_new_notes().await?;
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
        self.print_all(&listed.requests, &notes)
    }

    /// What was done to the space since this was asked last. Nothing where only certain requests are wanted.
    async fn list_new_notes(&mut self) -> Result<Vec<NoteAnswer>, Trouble> {
        let [space, filters @ ..] = self.options.filters();
        if self.options.json || filters.iter().any(|(_, value)| !value.is_empty()) {
            return Ok(Vec::new());
        }
        let mut notes: Vec<NoteAnswer> = self.client.get("/timeline", &[space]).await?;
        let key = |note: &NoteAnswer| (note.arrived.clone(), note.text.clone());
        let listed = notes.iter().map(key).collect();
        let known = std::mem::replace(&mut self.listed_notes, listed);
        notes.retain(|note| !known.contains(&key(note)));
        Ok(notes)
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

    /// Prints requests, and each note behind the one that it comes after. What comes after none of them is older.
    fn print_all(&mut self, newest_first: &[RequestSummary], notes: &[NoteAnswer]) -> Result<(), End> {
        let ids: HashSet<&str> = newest_first.iter().map(|request| request.id.as_str()).collect();
        let (later, older): (Vec<_>, Vec<_>) =
            notes.iter().partition(|note| note.after.as_deref().is_some_and(|id| ids.contains(id)));
        for note in older {
            self.print_between(&note.text)?;
        }
        let mut later = later.into_iter().peekable();
        for request in newest_first.iter().rev() {
            self.print_request(request)?;
            while let Some(note) = later.next_if(|note| note.after.as_ref() == Some(&request.id)) {
                self.print_between(&note.text)?;
            }
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
        let room = find_width(io::stdout()).map(|width| width.saturating_sub(count_columns(time) + 1));
        print_line(|line| {
            line.write(DIM, time)?;
            line.write_request(request, room)
        })
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

    /// Waits until somebody is there again. Whether the space is there too.
    async fn wait(&self) -> bool {
        loop {
            pause().await;
            match tail_names::find_space(&self.client, &self.options.space).await {
                Ok(found) => return found.is_ok(),
                Err(Trouble::Away(_)) => {}
                // What it refuses, it refuses again, with the reason.
                Err(Trouble::Refused { .. }) => return true,
            }
        }
    }

    fn describe_deletion(&self) -> Failure {
        Failure::Failed(format!("the space {} was deleted", self.options.space))
    }

    async fn describe(&self, trouble: Trouble) -> Failure {
        let base = &self.client.base;
        match trouble {
            Trouble::Away(why) => Failure::Failed(format!(
                "no Locum answers at {base}: {why}; start one with `locum`, or say with --listen or --url where it is"
            )),
            Trouble::Refused { status, detail, pointer } => {
                if status == StatusCode::NOT_FOUND
                    && let Ok(Err(unknown)) = tail_names::find_space(&self.client, &self.options.space).await
                {
                    let never = || Failure::Usage(format!("--space: {unknown}"));
                    return if self.is_begun { self.describe_deletion() } else { never() };
                }
                let option = match pointer.as_deref() {
                    Some("/operation") => "--op",
                    Some("/status") => "--status",
                    Some("/service") => "--service",
                    Some("/credential") => "--credential",
                    _ if status == StatusCode::UNAUTHORIZED => {
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

fn print_line(write: impl FnOnce(&mut Line<'_, String>) -> std::fmt::Result) -> Result<(), End> {
    let stdout = io::stdout();
    let has_colours = stdout.is_terminal() && anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never;
    let mut text = String::new();
    write(&mut Line::begin(&mut text, has_colours)).map_err(io::Error::other)?;
    text.push('\n');
    Ok(stdout.lock().write_all(text.as_bytes())?)
}
