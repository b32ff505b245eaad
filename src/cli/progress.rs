//! The progress of a start that takes long: a bar on a terminal, lines elsewhere.

use std::{
    io::IsTerminal as _,
    sync::mpsc::{self, RecvTimeoutError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::core::progress::{Progress, Step};

/// Shorter work needs no word.
const SILENT: Duration = Duration::from_millis(500);
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
const BETWEEN_LINES: Duration = Duration::from_secs(2);

/// Looks at work until it is dropped.
pub(super) struct Watch {
    stop: Option<mpsc::Sender<()>>,
    watcher: Option<JoinHandle<()>>,
}

impl Watch {
    /// `say` writes a line, where there is no terminal for a bar.
    pub(super) fn start(progress: &Progress, say: fn(&str)) -> Self {
        let (stop, stopped) = mpsc::channel();
        let progress = progress.clone();
        let mut display = Display::new(say);
        let watcher = thread::spawn(move || {
            let started = Instant::now();
            while stopped.recv_timeout(BETWEEN_LOOKS) == Err(RecvTimeoutError::Timeout) {
                if started.elapsed() >= SILENT {
                    display.show(progress.look());
                }
            }
            display.clear();
        });
        Self { stop: Some(stop), watcher: Some(watcher) }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        drop(self.stop.take());
        // What it draws must be gone before anything else is written.
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

enum Display {
    Bar {
        bar: Option<ProgressBar>,
        /// The step that the bar is for.
        doing: &'static str,
    },
    Lines {
        say: fn(&str),
        /// When the last one was written, and how far it was then.
        last: Option<(Instant, Step)>,
    },
}

impl Display {
    fn new(say: fn(&str)) -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bar { bar: None, doing: "" }
        } else {
            Self::Lines { say, last: None }
        }
    }

    fn show(&mut self, step: Step) {
        match self {
            Self::Bar { bar, doing } => {
                if *doing != step.doing {
                    clear(bar);
                    *bar = (!step.doing.is_empty()).then(|| draw(step));
                    *doing = step.doing;
                }
                if let Some(bar) = bar {
                    bar.set_position(step.done);
                }
            }
            Self::Lines { say, last } => {
                let is_new = last.is_none_or(|(at, before)| {
                    before.doing != step.doing || (before != step && at.elapsed() >= BETWEEN_LINES)
                });
                if is_new && !step.doing.is_empty() {
                    say(&describe(step));
                    *last = Some((Instant::now(), step));
                }
            }
        }
    }

    fn clear(&mut self) {
        if let Self::Bar { bar, .. } = self {
            clear(bar);
        }
    }
}

fn clear(bar: &mut Option<ProgressBar>) {
    if let Some(bar) = bar.take() {
        bar.finish_and_clear();
    }
}

fn draw(step: Step) -> ProgressBar {
    let (length, template) =
        if step.of == 0 { (None, "{spinner} {msg}") } else { (Some(step.of), "{msg} {wide_bar} {percent} %") };
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr()).with_message(step.doing);
    // The templates are good ones; the default would be too.
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn describe(Step { doing, done, of }: Step) -> String {
    match done.saturating_mul(100).checked_div(of) {
        Some(percent) => format!("{doing}, {percent} % done"),
        None => doing.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_where_that_is_known() {
        assert_eq!(describe(Step { doing: "writing seeds", done: 40, of: 160 }), "writing seeds, 25 % done");
        assert_eq!(describe(Step { doing: "checking seeds", done: 0, of: 0 }), "checking seeds");
    }
}
