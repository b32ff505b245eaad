//! What a server hears.

use rustix::process::Signal;

use crate::cli::Failure;

/// What ends a server: SIGTERM and SIGINT. SIGHUP does not, as a terminal sends it that is closed.
pub(super) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    /// Nothing where it is ignored already, as under `nohup`: the command of `exec` would not inherit that.
    hangup: Option<tokio::signal::unix::Signal>,
}

impl Signals {
    pub(super) fn new() -> Result<Self, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let on = |kind| signal(kind).map_err(|e| Failure::Failed(format!("cannot listen to signals: {e}")));
        let hangup = if is_ignored(Signal::HUP) { None } else { Some(on(SignalKind::hangup())?) };
        Ok(Self { terminate: on(SignalKind::terminate())?, interrupt: on(SignalKind::interrupt())?, hangup })
    }

    /// The next one that ends a server.
    pub(super) async fn next(&mut self) -> Signal {
        self.next_but_hangups(|| tracing::info!("SIGHUP is ignored")).await
    }

    /// The same, with something to do at each SIGHUP.
    pub(super) async fn next_but_hangups(&mut self, mut on_hangup: impl FnMut()) -> Signal {
        loop {
            match self.next_of_all().await {
                Signal::HUP => on_hangup(),
                signal => return signal,
            }
        }
    }

    /// The next one of all three.
    pub(super) async fn next_of_all(&mut self) -> Signal {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => Signal::TERM,
            _ = self.interrupt.recv() => Signal::INT,
            _ = hangup => Signal::HUP,
        }
    }
}

/// Lets a write beyond the limit for files (`ulimit -f`) fail like any other write: unheard, its signal would end the
/// process. Heard and not ignored, because the command of `exec` would inherit that.
pub(super) fn outlive_file_limit() {
    use tokio::signal::unix::{SignalKind, signal};
    if !is_ignored(Signal::XFSZ) {
        // Nobody has to listen; where it cannot be heard, such a write ends the process as before.
        let _ = signal(SignalKind::from_raw(Signal::XFSZ.as_raw()));
    }
}

/// Whether whoever started this wanted a signal to be ignored. Known on Linux only.
fn is_ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| (mask >> (signal.as_raw() - 1)) & 1 == 1)
}
