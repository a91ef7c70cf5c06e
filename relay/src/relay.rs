//! A running relay: its parts, its start and its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bellwire_protocol::Secret;
use tokio::sync::{mpsc, watch};

use crate::accounts::device_cookie::DeviceCookies;
use crate::accounts::keys::Keys;
use crate::accounts::password::Passwords;
use crate::accounts::token::Tokens;
use crate::accounts::{Accounts, Parts};
use crate::bus::Bus;
use crate::bus::local::LocalBus;
use crate::clock::Clock;
use crate::config::Config;
use crate::observe::{Hints, Metrics, Redaction};
use crate::origin::Origins;
use crate::readiness::Readiness;
use crate::recorder::Recorder;
use crate::run_error::RunError;
use crate::server::Listeners;
use crate::signaling::mail::Mail;
use crate::signaling::switchboard::{self, Setup};
use crate::store::Store;
use crate::store::sqlite::{SqliteOptions, SqliteStore};

/// Mail that waits for the switchboard; a socket that sends more waits for it.
const MAILBOX: usize = 1_024;
/// Ended calls on their way to the recorder, which takes them at once.
const RECORDS: usize = 1_024;
/// How long a drain waits for sockets to close.
const DRAIN: Duration = Duration::from_secs(5);

/// How far a shutdown is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shutdown {
    /// Not yet.
    Running,
    /// Nobody new; those who are here are told to come back elsewhere.
    Draining,
    /// At once.
    Forced,
}

/// The parts that sockets and handlers share.
pub struct Relay {
    /// What the operator decided.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// What outlives the process.
    pub store: Arc<dyn Store>,
    /// Who tells whom.
    pub bus: Arc<dyn Bus>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// People's names in logs.
    pub redaction: Redaction,
    /// Sign-up, sign-in, tokens.
    pub accounts: Accounts,
    /// Who may connect from where.
    pub origins: Origins,
    /// When what anybody can cause was last in the log.
    pub hints: Hints,
    /// The owner of calls and sessions.
    pub switchboard: mpsc::Sender<Mail>,
    /// How far a shutdown is.
    pub shutdown: watch::Receiver<Shutdown>,
    /// Whether the relay can do its work.
    pub(crate) readiness: Readiness,
    /// Sockets that did not say who they are yet.
    pub strangers: crate::server::Strangers,
    /// What signed-in people's requests used.
    pub meter: crate::accounts::http::Meter,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Relay")
    }
}

/// Makes the data folder, for its owner only. True: it was not there.
///
/// # Errors
/// [`RunError::DataFolder`].
pub(crate) fn make_data_folder(path: &Path) -> Result<bool, RunError> {
    let failed = |cause| RunError::DataFolder { path: path.to_owned(), cause };
    let fresh = !path.join("relay.key").exists();
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed)?;
    // A folder that can be entered but not written shows itself here, not in the first request.
    let probe = path.join(".writable");
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(failed)?;
    Ok(fresh)
}

/// Opens the configured store.
///
/// # Errors
/// [`RunError::Store`].
pub(crate) async fn open_store(config: &Config) -> Result<SqliteStore, RunError> {
    let options = SqliteOptions { max_pages: config.max_database_pages };
    let opened = SqliteStore::open(&config.database, options).await;
    opened.map_err(|cause| RunError::Store { path: config.database.clone(), cause })
}

/// Serves until `shutdown` says otherwise.
///
/// # Errors
/// [`RunError`]: what keeps the relay from starting.
pub async fn run(
    config: Config,
    listeners: Listeners,
    shutdown: watch::Receiver<Shutdown>,
) -> Result<(), RunError> {
    run_by(Clock::start(), config, listeners, shutdown).await
}

/// The same by another clock.
///
/// # Errors
/// [`RunError`]: what keeps the relay from starting.
pub async fn run_by(
    clock: Clock,
    config: Config,
    listeners: Listeners,
    shutdown: watch::Receiver<Shutdown>,
) -> Result<(), RunError> {
    let fresh = make_data_folder(&config.data_dir)?;
    let _lock = lock(&config.data_dir)?;
    let keys = Keys::open(&config.data_dir)?;
    let store: Arc<dyn Store> = Arc::new(open_store(&config).await?);
    let metrics = Arc::new(Metrics::new());
    let (bus, events) = LocalBus::new();
    let bus: Arc<dyn Bus> = Arc::new(bus);
    let (recorder, records) = mpsc::channel(RECORDS);
    let (switchboard, mail) = mpsc::channel(MAILBOX);
    let setup = Setup {
        clock: clock.clone(),
        timing: config.timing,
        rings: config.rings,
        ice_servers: config.ice_servers.clone(),
        metrics: Arc::clone(&metrics),
        recorder,
    };
    let board = tokio::spawn(switchboard::run(setup, mail, events));
    let recorder = Recorder {
        store: Arc::clone(&store),
        bus: Arc::clone(&bus),
        metrics: Arc::clone(&metrics),
    };
    let recording = tokio::spawn(recorder.run(records));
    let tokens = Tokens::new(keys.draw("access tokens"), keys.draw("refresh tokens"));
    let cookies = DeviceCookies::new(keys.draw("device cookies"));
    let cost = config.password_cost;
    let passwords = tokio::task::spawn_blocking(move || Passwords::new(cost)).await;
    let passwords = passwords.ok().and_then(Result::ok).ok_or(RunError::Passwords)?;
    let parts = Parts {
        store: Arc::clone(&store),
        bus: Arc::clone(&bus),
        clock: clock.clone(),
        metrics: Arc::clone(&metrics),
    };
    let relay = Arc::new(Relay {
        accounts: Accounts::new(parts, (tokens, cookies), passwords, config.registration_policy())
            .with_setup_code(setup_code(&config, &keys)),
        origins: Origins::new(config.public_url.as_ref()),
        hints: Hints::default(),
        redaction: Redaction::new(keys.draw("people in logs")),
        clock,
        store: Arc::clone(&store),
        bus,
        metrics: Arc::clone(&metrics),
        switchboard,
        shutdown: shutdown.clone(),
        readiness: Readiness::new(Arc::clone(&store), Arc::clone(&metrics)),
        strangers: crate::server::Strangers::default(),
        meter: crate::accounts::http::Meter::default(),
        config,
    });
    crate::cli::say_address(&relay, listeners.address()).await;
    crate::cli::say_setup_code(&relay).await;
    if fresh && relay.config.demo {
        crate::cli::make_demo_accounts(&relay, listeners.address()).await;
    }
    let upkeep = tokio::spawn(crate::upkeep::keep_up(Arc::clone(&relay)));
    let farewells = tokio::spawn(crate::departures::tell(
        Arc::clone(&store),
        Arc::clone(&relay.bus),
        relay.accounts.removed(),
    ));
    let operations = listeners.ops_address().map(tracing::field::display);
    tracing::info!(address = %listeners.address(), operations, "listening");
    crate::server::serve(Arc::clone(&relay), listeners, shutdown.clone()).await;
    upkeep.abort();
    farewells.abort();
    let patience = drain(&relay, shutdown).await;
    drop(relay);
    // The switchboard ends with its last sender, the recorder with the switchboard.
    let ended = async {
        let _ = board.await;
        let _ = recording.await;
    };
    let _ = tokio::time::timeout(patience, ended).await;
    let lost = metrics.records_waiting.get();
    if lost > 0 {
        tracing::error!(lost, "ended calls are not kept in the history: the store took none");
    }
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// The code that the first account needs where others than this machine reach the relay: the same at
/// every start with this data folder.
fn setup_code(config: &Config, keys: &Keys) -> Option<Secret> {
    if config.is_private() { None } else { keys.setup_code() }
}

fn lock(folder: &Path) -> Result<std::fs::File, RunError> {
    let path = || folder.to_owned();
    let failed = |cause| RunError::DataFolder { path: path(), cause };
    let path_of_lock = folder.join("relay.lock");
    let refused = |cause| RunError::DataFolder { path: path_of_lock.clone(), cause };
    let file = std::fs::File::create(&path_of_lock).map_err(refused)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(RunError::DataFolderInUse { path: path() }),
        Err(std::fs::TryLockError::Error(cause)) => Err(failed(cause)),
    }
}

/// Tells everybody, then waits until they are gone, the time is over or a second signal comes.
/// Says how long what is left may take.
async fn drain(relay: &Relay, shutdown: watch::Receiver<Shutdown>) -> Duration {
    let _ = relay.switchboard.send(Mail::Drain).await;
    let empty = async {
        while relay.metrics.connections.get() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        () = empty => Duration::from_secs(2),
        () = tokio::time::sleep(DRAIN) => Duration::from_secs(2),
        () = forced(shutdown) => {
            let _ = relay.switchboard.send(Mail::Force).await;
            tracing::warn!("a second signal: nobody is waited for");
            Duration::from_millis(200)
        }
    }
}

async fn forced(mut shutdown: watch::Receiver<Shutdown>) {
    if shutdown.wait_for(|phase| *phase == Shutdown::Forced).await.is_err() {
        // Nobody can force it any more; the drain has its own end.
        std::future::pending().await
    }
}
