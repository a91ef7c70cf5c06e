//! The relay's process: arguments, log, signals.

use std::process::ExitCode;

use bellwire_relay::observe::logging;
use bellwire_relay::{Shutdown, cli, config};
use tokio::sync::watch;

fn main() -> ExitCode {
    let wanted = std::env::var_os("BELLWIRE_LOG").unwrap_or_default();
    // Dropped last: it writes what is left.
    let (_log, outcome) = logging::start(&wanted.to_string_lossy());
    if let Err(wrong) = outcome {
        tracing::error!("{wrong}");
        return ExitCode::FAILURE;
    }
    let outcome = cli::parse(std::env::args_os().skip(1)).and_then(|(file, command)| {
        let environment = config::environment(std::env::vars_os())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(std::thread::available_parallelism().map_or(2, |n| n.get().max(2)))
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let (shutdown, told) = watch::channel(Shutdown::Running);
            // From here on none of them ends the process by itself.
            tokio::spawn(obey(Signals::new()?, shutdown));
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

/// The first signal drains, the second one forces.
async fn obey(mut signals: Signals, shutdown: watch::Sender<Shutdown>) {
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
    hangup: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt, hangup: signal(SignalKind::hangup())? })
    }

    async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                // A terminal that is closed, or a habit of reloading.
                _ = self.hangup.recv() => {
                    tracing::info!("SIGHUP: settings are read at the start only; it goes on");
                }
            }
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
