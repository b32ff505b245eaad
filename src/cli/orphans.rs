//! Processes that nobody waits for any more. They become children of process 1, which has to: else they stay as
//! zombies.

use std::{fs, process};

use rustix::process::{Pid, WaitOptions, waitpid};
use tokio::signal::unix::{SignalKind, signal};

/// Waits for whatever has ended, except this process's own child, for ever; where this is the first process of a
/// container.
pub(super) async fn reap(own: Option<u32>) {
    let ended = if process::id() == 1 { signal(SignalKind::child()).ok() } else { None };
    let Some(mut ended) = ended else { return std::future::pending().await };
    loop {
        for zombie in zombies().filter(|zombie| Some(*zombie) != own) {
            if let Some(pid) = i32::try_from(zombie).ok().and_then(Pid::from_raw) {
                // It is gone then, however that went.
                let _ = waitpid(Some(pid), WaitOptions::NOHANG);
            }
        }
        ended.recv().await;
    }
}

/// The children of this process that have ended.
fn zombies() -> impl Iterator<Item = u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.filter_map(|process| {
        let id = process.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(process.path().join("stat")).ok()?;
        // Behind its name, which may hold anything: the state, and whose child it is.
        let mut words = stat.rsplit_once(") ")?.1.split(' ');
        let is_zombie = words.next() == Some("Z");
        let is_ours = words.next()?.parse() == Ok(process::id());
        (is_zombie && is_ours).then_some(id)
    })
}
