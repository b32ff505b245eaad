//! What a server prints, which waits for nobody: whoever started it may take its output as a pipe and never read it.

use std::{
    io::{self, Write},
    sync::{Arc, LazyLock},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

/// How much is kept of what nobody reads. What comes later is dropped.
const KEPT_BYTES: usize = 1024 * 1024;
/// How long what is printed waits for what is printed next: each write to a stream costs as much as many lines.
const GATHERED_FOR: Duration = Duration::from_millis(1);
/// How long the exit waits for what was printed to be read.
const FLUSH_LIMIT: Duration = Duration::from_secs(1);

static STDOUT: LazyLock<Output> = LazyLock::new(|| Output::to(io::stdout()));
static STDERR: LazyLock<Output> = LazyLock::new(|| Output::to(io::stderr()));

pub(super) fn stdout() -> Output {
    STDOUT.clone()
}

pub(super) fn stderr() -> Output {
    STDERR.clone()
}

/// Lets a panic be printed like everything else.
pub(super) fn print_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let trace = std::backtrace::Backtrace::capture();
        let trace = if trace.status() == std::backtrace::BacktraceStatus::Captured {
            format!("\n{trace}")
        } else {
            String::new()
        };
        // It cannot fail.
        let _ = stderr().write_all(format!("{panic}{trace}\n").as_bytes());
    }));
}

/// Waits until what was printed is written, but not for long.
pub(super) fn flush() {
    for output in [&STDOUT, &STDERR] {
        if let Some(output) = LazyLock::get(output) {
            output.flush_within(FLUSH_LIMIT);
        }
    }
}

/// A stream with a thread that writes to it, and a text before that, which it gathers. Each call of `write` is kept
/// whole, or dropped.
#[derive(Clone)]
pub(super) struct Output(Arc<Gathered>);

#[derive(Default)]
struct Gathered {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    text: Vec<u8>,
    /// The thread waits for a text, and has to be told when there is one.
    is_idle: bool,
    /// The thread is writing what was gathered.
    is_writing: bool,
    /// How many were dropped so far.
    dropped: u64,
}

impl Output {
    fn to(stream: impl Write + Send + 'static) -> Self {
        let output = Self(Arc::default());
        let gathered = Arc::clone(&output.0);
        // Where no thread can be had, nothing is printed.
        let _ = std::thread::Builder::new().name("output".to_owned()).spawn(move || gathered.write_to(stream));
        output
    }

    fn flush_within(&self, limit: Duration) {
        let mut state = self.0.state.lock();
        self.0.changed.wait_while_for(&mut state, |state| state.is_writing || !state.text.is_empty(), limit);
    }
}

impl Gathered {
    fn write_to(&self, mut stream: impl Write) {
        let mut told = 0;
        loop {
            let (text, dropped) = {
                let mut state = self.state.lock();
                (state.is_writing, state.is_idle) = (false, true);
                self.changed.notify_all();
                self.changed.wait_while(&mut state, |state| state.text.is_empty());
                (state.is_writing, state.is_idle) = (true, false);
                self.changed.wait_for(&mut state, GATHERED_FOR);
                (std::mem::take(&mut state.text), state.dropped)
            };
            // An error is of no interest, because it means that nobody reads the stream any more.
            let _ = stream.write_all(&text).and_then(|()| stream.flush());
            // By the log, because that has its own form. It is somebody's line too, and may be dropped itself.
            if dropped > told {
                told = dropped;
                tracing::warn!(dropped, "nobody read what was printed, so some of it was dropped");
            }
        }
    }
}

impl Write for Output {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut state = self.0.state.lock();
        if state.text.len() + text.len() > KEPT_BYTES {
            state.dropped += 1;
        } else {
            state.text.extend_from_slice(text);
            if state.is_idle {
                self.0.changed.notify_all();
            }
        }
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A stream that somebody reads once they get a word, and what was written to it.
    struct Slow(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Slow {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.recv().unwrap();
            self.1.send(text.to_vec()).unwrap();
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_nobody_reads_is_dropped_and_keeps_nobody_waiting() {
        let ((read, reads), (written, texts)) = (channel(), channel());
        let mut output = Output::to(Slow(reads, written));
        let line = vec![b'x'; 1024];
        for _ in 0..3000 {
            output.write_all(&line).unwrap();
        }
        output.flush_within(Duration::from_millis(10));
        let dropped = output.0.state.lock().dropped;
        assert!((1..2000).contains(&dropped), "{dropped}");
        let mut left = (dropped..3000).count() * line.len();
        while left > 0 {
            read.send(()).unwrap();
            let text = texts.recv().unwrap();
            assert!(text.len().is_multiple_of(line.len()) && text.iter().all(|byte| *byte == b'x'));
            left -= text.len();
        }
        output.flush_within(Duration::from_secs(10));
        assert_eq!(output.0.state.lock().text.len(), 0);
    }
}
