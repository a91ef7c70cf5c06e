//! The log: lines go to a thread that writes them, and nobody waits for it. A reader that is
//! gone or stalled, or a disk that is full, costs lines, which are counted, and nothing else.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, mpsc};
use std::time::Duration;

use tracing_appender::non_blocking::{ErrorCounter, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::fmt::format::FmtSpan;

/// Lines that wait for the writer; a few hundred bytes each. More would bridge a longer stall and
/// cost memory during it.
const LINES: usize = 1_024;
/// Time for the last lines and for what is printed. Somebody waits for the process to end.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Lines that found no room.
static NO_ROOM: OnceLock<ErrorCounter> = OnceLock::new();
/// Lines that standard error did not take.
static NOT_TAKEN: AtomicU64 = AtomicU64::new(0);

/// Lines of the log that were lost so far.
#[must_use]
pub fn lost_lines() -> u64 {
    let no_room = NO_ROOM.get().map_or(0, ErrorCounter::dropped_lines);
    NOT_TAKEN.load(Ordering::Relaxed).saturating_add(no_room as u64)
}

/// Standard error. It takes every line, so that the thread behind it never stops for one.
struct StandardError;

impl Write for StandardError {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        if std::io::stderr().write_all(line).is_err() {
            NOT_TAKEN.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The log while the process runs. Dropped, it writes its last lines if that can be done soon.
#[must_use]
#[derive(Debug)]
pub struct Log(Option<WorkerGuard>);

impl Drop for Log {
    fn drop(&mut self) {
        let Some(guard) = self.0.take() else { return };
        // The guard waits for its thread, and prints where that takes too long, which may take
        // longer still.
        let (done, ended) = mpsc::sync_channel(1);
        let ending = std::thread::Builder::new().name("log end".into()).spawn(move || {
            drop(guard);
            let _ = done.send(());
        });
        if ending.is_ok() {
            let _ = ended.recv_timeout(PATIENCE);
        }
    }
}

/// Starts the log on standard error: for people on a terminal, one JSON object a line elsewhere.
/// `wanted` is the least important level; the second value is what is wrong with it. The log is
/// there all the same.
pub fn start(wanted: &str) -> (Log, Result<(), String>) {
    let (level, outcome) = match wanted {
        "debug" => (tracing::Level::DEBUG, Ok(())),
        "" | "info" => (tracing::Level::INFO, Ok(())),
        "warn" => (tracing::Level::WARN, Ok(())),
        "error" => (tracing::Level::ERROR, Ok(())),
        other => {
            let allowed = "allowed: debug, info, warn, error";
            let wrong = format!("setting BELLWIRE_LOG: {other:?} is not allowed; {allowed}");
            (tracing::Level::INFO, Err(wrong))
        }
    };
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(LINES)
        .lossy(true)
        .thread_name("log")
        .finish(StandardError);
    let _ = NO_ROOM.set(writer.error_counter());
    let terminal = std::io::stderr().is_terminal();
    let builder = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(terminal)
        .with_max_level(level)
        // A line with its duration when a span ends.
        .with_span_events(FmtSpan::CLOSE);
    if terminal {
        builder.with_target(false).init();
    } else {
        builder.json().init();
    }
    // The usual hook writes to standard error and waits for it.
    std::panic::set_hook(Box::new(|panic| {
        let trace = std::backtrace::Backtrace::capture();
        if trace.status() == std::backtrace::BacktraceStatus::Captured {
            tracing::error!(%trace, "{panic}");
        } else {
            tracing::error!("{panic}");
        }
    }));
    (Log(Some(guard)), outcome)
}

/// Prints on standard output, for whoever looks. One who is stalled is not waited for, and one who
/// is gone is not missed.
pub(crate) async fn print(text: String) {
    let (done, ended) = tokio::sync::oneshot::channel();
    let printing = move || {
        let mut out = std::io::stdout().lock();
        let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        let _ = done.send(printed);
    };
    // Not one of the runtime's: it waits for those when it ends.
    let printing = std::thread::Builder::new().name("print".into()).spawn(printing);
    let printed = match printing {
        Ok(_) => match tokio::time::timeout(PATIENCE, ended).await {
            Ok(Ok(printed)) => printed,
            Ok(Err(_)) | Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
        },
        Err(error) => Err(error),
    };
    if let Err(error) = printed {
        tracing::warn!(%error, "standard output does not take what is printed there");
    }
}
