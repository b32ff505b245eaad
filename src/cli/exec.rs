//! `locum exec`: a server for as long as one command runs.

use std::{
    ffi::{OsStr, OsString},
    fmt::Write as _,
    fs::File,
    io::{self, IsTerminal as _, Read as _, Write},
    ops::ControlFlow,
    os::unix::process::ExitStatusExt as _,
    path::{Path, PathBuf},
    process::{ExitCode, ExitStatus},
};

use futures_util::future::select_all;
use rustix::{
    fs::Access,
    io::Errno,
    process::{Pid, Signal, kill_process},
};
use tokio::{
    process::{Child, Command},
    signal::unix as signal,
};

use crate::{
    app::{
        App,
        run_journal::{Happened, RunJournal},
    },
    cli::{
        Failure,
        as_vendors::AsVendors,
        endpoints, exec_reports, killed_by,
        line::{Line, PLAIN},
        orphans, output,
        serve::{self, Running},
    },
    config::{Config, url_host},
    control::{FaultRuleAnswer, RequestSummary},
    core::error::Error,
    domain::{journal::Entry, organization::DEFAULT_SPACE},
    store,
};

/// Starts a server, runs the command, stops the server, and ends as the command did. Standard output is the command's
/// alone.
pub(super) async fn exec(
    prepare: impl FnOnce() -> Result<Config, Failure> + Send + 'static,
    reports: &exec_reports::Wanted,
    as_vendors: bool,
    command: &[OsString],
) -> Result<ExitCode, Failure> {
    let Some((program, arguments)) = command.split_first().filter(|(program, _)| !program.is_empty()) else {
        const EMPTY: &str = "the command is empty: say what to run after `--`, as in `locum exec -- pytest`";
        return Err(Failure::Usage(EMPTY.to_owned()));
    };
    let mut running = match serve::start(prepare).await? {
        ControlFlow::Continue(running) => running,
        // The command did not run, which must not look as if it had run well.
        ControlFlow::Break(signal) => return Ok(killed_by(signal.as_raw())),
    };
    // Tests delete and reset their spaces, and with them what was asked of them.
    if let Some(bounds) = running.app.config.journal {
        running.app.run.get_or_init(|| RunJournal::new(bounds));
    }
    // With the number, a run that failed can be repeated.
    let id_seed = running.app.config.id_seed.0;
    tracing::info!(url = running.base, id_seed, database = running.app.config.location.describe(), "locum ready");
    let as_vendors = as_vendors.then(|| AsVendors::prepare(&running)).transpose()?;
    let ended = run(&mut running, as_vendors.as_ref(), program, arguments).await;
    drop(as_vendors);
    if let Ok(status) = &ended
        && !status.success()
    {
        // An error is of no interest, because it means that nobody reads standard error.
        let _ = explain(&running.app, *status, &mut output::stderr()).await;
    }
    let reported = match &ended {
        Ok(status) => reports.write(&running, &program.to_string_lossy(), *status).await,
        Err(_) => Ok(()),
    };
    // However it stopped, the command had its end before.
    if let ControlFlow::Continue(Err(failure)) = running.stop().await {
        let _ = writeln!(output::stderr(), "locum: {failure}");
    }
    let status = ended?;
    if status.success() {
        return reported.map(|()| ExitCode::SUCCESS);
    }
    // The command's end says more than that of its report.
    if let Err(failure) = reported {
        let _ = writeln!(output::stderr(), "locum: {failure}");
    }
    Ok(match (status.code(), status.signal()) {
        (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, signal) => killed_by(signal.unwrap_or_default()),
    })
}

async fn run(
    running: &mut Running,
    as_vendors: Option<&AsVendors>,
    program: &OsStr,
    arguments: &[OsString],
) -> Result<ExitStatus, Failure> {
    // Before the command, because that may send one as soon as it runs.
    let mut further = FurtherSignals::new()?;
    let name = program.display().to_string();
    let no_proxy = match as_vendors {
        None => no_proxy(&running.base, |name| std::env::var(name).ok()),
        // The public URL may have one of the services' hosts.
        Some(it) => no_proxy(&it.url, |name| std::env::var(name).ok().map(|value| it.keep_reachable(&value))),
    };
    let spawn = |command: &mut Command| {
        let variables = running.endpoints.variables();
        let of_vendors = as_vendors.into_iter().flat_map(AsVendors::variables);
        for name in endpoints::list_of_another_server() {
            command.env_remove(name);
        }
        command.args(arguments).envs(variables).envs(no_proxy.clone()).envs(of_vendors).spawn()
    };
    let spawned = match spawn(&mut Command::new(program)) {
        Err(error) if error.raw_os_error() == Some(Errno::NOEXEC.raw_os_error()) => match find_script(program) {
            Some(script) => spawn(Command::new("/bin/sh").arg(script)),
            None => Err(error),
        },
        spawned => spawned,
    };
    let mut child = spawned.map_err(|cause| Failure::NotRun { name: name.clone(), cause })?;
    let mut orphans = std::pin::pin!(orphans::reap(child.id()));
    loop {
        tokio::select! {
            ended = child.wait() => return ended.map_err(|e| Failure::Failed(format!("cannot wait for {name}: {e}"))),
            signal = running.signals.next_of_all() => pass_on(&child, signal),
            signal = further.next() => pass_on(&child, signal),
            () = &mut orphans => {}
        }
    }
}

/// Finds the file of a program that the system cannot execute, if it is a text: shells take a script without `#!` for
/// their own, and so does whoever writes one.
fn find_script(program: &OsStr) -> Option<PathBuf> {
    const LOOKED_AT: u64 = 128;
    let path = if Path::new(program).components().count() > 1 {
        PathBuf::from(program)
    } else {
        let folders = std::env::var_os("PATH")?;
        let is_executable = |path: &PathBuf| rustix::fs::access(path, Access::EXEC_OK).is_ok();
        std::env::split_paths(&folders).map(|folder| folder.join(program)).find(is_executable)?
    };
    let mut start = Vec::new();
    File::open(&path).ok()?.take(LOOKED_AT).read_to_end(&mut start).ok()?;
    (!start.contains(&0)).then_some(path)
}

/// What ends no server, but is the command's to hear: unheard, each of them would end Locum, and leave the command.
struct FurtherSignals([(Signal, signal::Signal); 3]);

impl FurtherSignals {
    fn new() -> Result<Self, Failure> {
        use signal::SignalKind as Kind;
        let on = |kind| signal::signal(kind).map_err(|e| Failure::Failed(format!("cannot listen to signals: {e}")));
        Ok(Self([
            (Signal::QUIT, on(Kind::quit())?),
            (Signal::USR1, on(Kind::user_defined1())?),
            (Signal::USR2, on(Kind::user_defined2())?),
        ]))
    }

    async fn next(&mut self) -> Signal {
        let next = self.0.iter_mut().map(|(signal, heard)| {
            Box::pin(async move {
                heard.recv().await;
                *signal
            })
        });
        select_all(next).await.0
    }
}

/// The command decides what a signal means, and Locum ends when it ended.
fn pass_on(child: &Child, signal: Signal) {
    // A terminal gives Ctrl-C to both; many programs take a second one as an order to drop everything.
    if signal == Signal::INT && (std::io::stdin().is_terminal() || std::io::stderr().is_terminal()) {
        return;
    }
    // There is an id for as long as the command was not waited for, so it is nobody else's.
    if let Some(pid) = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
        // It may have ended in between, which the next wait will tell.
        let _ = kill_process(pid, signal);
    }
}

/// Hosts that no proxy reaches: this machine is another one there.
const LOCAL: [&str; 3] = ["127.0.0.1", "localhost", "::1"];

/// The variables that keep the command's requests to Locum from a proxy. Both spellings, because each program reads its
/// own; where only one is set, the other says the same, because it would win over that.
fn no_proxy(base: &str, variable: impl Fn(&str) -> Option<String>) -> [(&'static str, String); 2] {
    let value = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    let (lower, upper) = (value("no_proxy"), value("NO_PROXY"));
    let own = url_host(base).unwrap_or_default();
    let extend = |value: Option<&String>| {
        let mut text = value.cloned().unwrap_or_default();
        // Everything, and so only where it stands alone.
        if text.trim() == "*" {
            return text;
        }
        for host in LOCAL.into_iter().chain([own.as_str()]).filter(|host| !host.is_empty()) {
            if !text.split(',').any(|known| known.trim().eq_ignore_ascii_case(host)) {
                let comma = if text.is_empty() { "" } else { "," };
                // Writing to a string cannot fail.
                let _ = write!(text, "{comma}{host}");
            }
        }
        text
    };
    [("NO_PROXY", extend(upper.as_ref().or(lower.as_ref()))), ("no_proxy", extend(lower.as_ref().or(upper.as_ref())))]
}

/// How many lines are shown of what happened.
const SHOWN: usize = 10;

/// Explains a command that failed: the id seed, because with it the run can be repeated, and the last requests that say
/// why something may have failed. Those are the ones that were refused or hit by a fault, and those that sent what
/// nothing read; with what was done to the space right before.
async fn explain(app: &App, status: ExitStatus, out: &mut impl Write) -> io::Result<()> {
    let id_seed = app.config.id_seed.0;
    writeln!(out, "locum: {status}; with --id-seed {id_seed} the same ids and tokens come again")?;
    let is_telling = |entry: &Entry| entry.status >= 400 || entry.trace.fault.is_some() || !entry.ignored().is_empty();
    for (space, happened) in app.run.get().map(|run| run.last(SHOWN, is_telling)).unwrap_or_default() {
        let mut text = String::new();
        let mut line = Line::begin(&mut text, false);
        let place = if *space.name == *DEFAULT_SPACE { "" } else { &format!(" in the space {}", space.name) };
        let written = match happened {
            Happened::Request(entry) => line.write_request(&RequestSummary::from(&*entry), None),
            Happened::Note(_, note) => line.write(PLAIN, &format!("— {note}{place} —")),
        };
        written.map_err(io::Error::other)?;
        writeln!(out, "locum: {text}")?;
    }
    match list_unhit_faults(app).await {
        Ok(unhit) => {
            unhit.iter().try_for_each(|which| writeln!(out, "locum: no request was hit by the fault for {which}"))
        }
        Err(error) => {
            error.log();
            Ok(())
        }
    }
}

/// What the faults match that have hit nothing, in all spaces: whoever injects one waits for it.
async fn list_unhit_faults(app: &App) -> Result<Vec<String>, Error> {
    let mut unhit = Vec::new();
    for space in store::space::list(&mut app.db.read().await?).await? {
        let faults = store::fault_rule::list(&mut app.db.read().await?, space.id).await?;
        for fault in faults.into_iter().map(FaultRuleAnswer::from).filter(|fault| fault.hits == 0) {
            unhit.push(serde_json::to_string(&fault.r#match).map_err(Error::internal)?);
        }
    }
    Ok(unhit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_are_kept_from_requests_to_locum() {
        let set = |base: &str, given: &[(&str, &str)]| {
            let find =
                |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
            no_proxy(base, find).map(|(_, value)| value)
        };
        let local = "127.0.0.1,localhost,::1";
        let base = "http://127.0.0.1:1";
        for (given, upper, lower) in [
            (&[][..], local.to_owned(), local.to_owned()),
            (&[("NO_PROXY", "")], local.to_owned(), local.to_owned()),
            (&[("NO_PROXY", "corp")], format!("corp,{local}"), format!("corp,{local}")),
            (&[("no_proxy", "a, LOCALHOST")], "a, LOCALHOST,127.0.0.1,::1".into(), "a, LOCALHOST,127.0.0.1,::1".into()),
            (&[("NO_PROXY", "a"), ("no_proxy", "b")], format!("a,{local}"), format!("b,{local}")),
            (&[("NO_PROXY", "*")], "*".to_owned(), "*".to_owned()),
        ] {
            assert_eq!(set(base, given), [upper, lower], "{given:?}");
        }
        assert_eq!(set("http://192.0.2.1:80", &[])[0], format!("{local},192.0.2.1"));
    }
}
