//! `locum exec`: a server for as long as one command runs.

use std::{
    ffi::OsString,
    io::IsTerminal as _,
    ops::ControlFlow,
    os::unix::process::ExitStatusExt as _,
    process::{ExitCode, ExitStatus},
};

use futures_util::future::select_all;
use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    process::{Child, Command},
    signal::unix as signal,
};

use crate::{
    cli::{
        Failure, killed_by, orphans,
        serve::{self, Running},
    },
    config::Config,
};

/// Starts a server, runs the command, stops the server, and ends as the command did. Standard output is the command's
/// alone.
pub(super) async fn exec(
    prepare: impl FnOnce() -> Result<Config, Failure> + Send + 'static,
    command: &[OsString],
) -> Result<ExitCode, Failure> {
    let mut running = match serve::start(prepare).await? {
        ControlFlow::Continue(running) => running,
        // The command did not run, which must not look as if it had run well.
        ControlFlow::Break(signal) => return Ok(killed_by(signal.as_raw())),
    };
    // With the number, a run that failed can be repeated.
    let id_seed = running.app.config.id_seed.0;
    tracing::info!(url = running.base, id_seed, database = running.app.config.location.describe(), "locum ready");
    let ended = run(&mut running, command).await;
    // However it stopped, the command had its end before.
    let _ = running.stop().await;
    ended.map(|status| match (status.code(), status.signal()) {
        (Some(code), _) => ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, signal) => killed_by(signal.unwrap_or_default()),
    })
}

async fn run(running: &mut Running, command: &[OsString]) -> Result<ExitStatus, Failure> {
    let Some((program, arguments)) = command.split_first() else {
        return Err(Failure::Usage("say what to run after `--`".to_owned()));
    };
    // Before the command, because that may send one as soon as it runs.
    let mut further = FurtherSignals::new()?;
    let mut command = Command::new(program);
    let name = program.display();
    let spawned = command.args(arguments).envs(running.endpoints.variables()).spawn();
    let mut child = spawned.map_err(|e| Failure::Usage(format!("cannot run {name}: {e}")))?;
    let mut orphans = std::pin::pin!(orphans::reap(child.id()));
    loop {
        tokio::select! {
            ended = child.wait() => return ended.map_err(|e| Failure::Failed(format!("cannot wait for {name}: {e}"))),
            signal = running.signals.next() => pass_on(&child, signal),
            signal = further.next() => pass_on(&child, signal),
            () = &mut orphans => {}
        }
    }
}

/// What ends no server, but is the command's to hear: unheard, each of them would end Locum, and leave the command.
struct FurtherSignals([(Signal, signal::Signal); 4]);

impl FurtherSignals {
    fn new() -> Result<Self, Failure> {
        use signal::SignalKind as Kind;
        let on = |kind| signal::signal(kind).map_err(|e| Failure::Failed(format!("cannot listen to signals: {e}")));
        Ok(Self([
            (Signal::HUP, on(Kind::hangup())?),
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
