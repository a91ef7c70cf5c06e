//! The relay's process: arguments, log, signals.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::process::ExitCode;

use bellwire_relay::{Shutdown, cli};
use tokio::sync::watch;

fn main() -> ExitCode {
    trace();
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
fn trace() {
    let level = match std::env::var("BELLWIRE_LOG").as_deref() {
        Ok("debug") => tracing::Level::DEBUG,
        Ok("warn") => tracing::Level::WARN,
        Ok("error") => tracing::Level::ERROR,
        _ => tracing::Level::INFO,
    };
    let builder = tracing_subscriber::fmt().with_writer(std::io::stderr).with_max_level(level);
    if std::io::stderr().is_terminal() {
        builder.with_target(false).init();
    } else {
        builder.json().init();
    }
}

/// The first signal drains, the second one forces.
async fn signals(shutdown: watch::Sender<Shutdown>) {
    for phase in [Shutdown::Draining, Shutdown::Forced] {
        if signal().await.is_err() {
            return;
        }
        shutdown.send_replace(phase);
    }
    // A third one does not wait for anything.
    if signal().await.is_ok() {
        std::process::exit(1);
    }
}

#[cfg(unix)]
async fn signal() -> std::io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        interrupted = tokio::signal::ctrl_c() => interrupted,
    }
}

#[cfg(not(unix))]
async fn signal() -> std::io::Result<()> {
    tokio::signal::ctrl_c().await
}
