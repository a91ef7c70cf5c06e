//! The relay's process: arguments, log, signals.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;

use bellwire_relay::{Shutdown, cli};
use tokio::sync::watch;

fn main() -> ExitCode {
    if let Err(wrong) = trace() {
        tracing::error!("{wrong}");
        return ExitCode::FAILURE;
    }
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let outcome = cli::parse(std::env::args().skip(1)).and_then(|(file, command)| {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().max(2)))
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let (shutdown, told) = watch::channel(Shutdown::Running);
            tokio::spawn(signals(shutdown));
            cli::execute(file, command, &environment, told).await
        })
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Logs to standard error: for people on a terminal, one JSON object a line elsewhere.
///
/// # Errors
/// What is wrong with the wanted level. The log is there all the same.
fn trace() -> Result<(), String> {
    let wanted = std::env::var_os("BELLWIRE_LOG").unwrap_or_default();
    let (level, outcome) = match wanted.to_string_lossy().as_ref() {
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
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        // A line with its duration when a span ends.
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().init();
    }
    outcome
}

/// The first signal drains, the second one forces.
async fn signals(shutdown: watch::Sender<Shutdown>) {
    // Made once: between two listeners a signal would be lost.
    let Ok(mut signals) = Signals::new() else { return };
    for phase in [Shutdown::Draining, Shutdown::Forced] {
        signals.next().await;
        shutdown.send_replace(phase);
    }
    // A third one does not wait for anything.
    signals.next().await;
    std::process::exit(1);
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        let _ = self.0.recv().await;
    }
}
