//! A running relay: its parts, its start and its end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bellwire_protocol::RelayMessage;
use tokio::sync::{mpsc, watch};

use crate::accounts::keys::{KeyFileError, Keys};
use crate::accounts::password::Passwords;
use crate::accounts::token::Tokens;
use crate::accounts::{Accounts, Parts};
use crate::bus::local::LocalBus;
use crate::bus::{Bus, Event};
use crate::clock::Clock;
use crate::config::Config;
use crate::observe::{Hints, Metrics, Redaction};
use crate::origin::Origins;
use crate::server::Listeners;
use crate::signaling::mail::Mail;
use crate::signaling::switchboard::{self, Setup};
use crate::store::sqlite::{SqliteOptions, SqliteStore};
use crate::store::{NewRecord, Store, StoreError};

/// Mail that waits for the switchboard; a socket that sends more waits for it.
const MAILBOX: usize = 1_024;
/// Ended calls that wait for the disk; beyond it they are counted and not kept.
const RECORDS: usize = 1_024;
/// How long a drain waits for sockets to close.
const DRAIN: Duration = Duration::from_secs(5);
/// How often the store is asked whether the command line changed it. Revoked sockets have to
/// close within 2 s.
const FOREIGN_WRITES: Duration = Duration::from_secs(1);
/// How often old history is forgotten.
const PRUNE: Duration = Duration::from_secs(3_600);

/// Why the relay did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder cannot be used.
    #[error("the data folder {path} cannot be used: {cause}. Make it writable for this user, or \
             set BELLWIRE_DATA_DIR to another folder", path = path.display())]
    DataFolder {
        /// Which.
        path: std::path::PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// Another relay has it.
    #[error("the data folder {path} is used by another relay. Stop that one, or set \
             BELLWIRE_DATA_DIR to another folder", path = path.display())]
    DataFolderInUse {
        /// Which.
        path: std::path::PathBuf,
    },
    /// The key file cannot be used.
    #[error("{0}. Restore it from a backup, or remove it: everybody has to sign in again then")]
    Keys(#[from] KeyFileError),
    /// The database cannot be used.
    #[error("the database {path} cannot be used: {cause}. {remedy}", path = path.display(),
            remedy = remedy(cause))]
    Store {
        /// Which.
        path: std::path::PathBuf,
        /// Why not.
        cause: StoreError,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}. {remedy}", remedy = listen_remedy(cause))]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why not.
        cause: std::io::Error,
    },
    /// The machine cannot compute a password hash.
    #[error("a password hash cannot be computed: not enough memory")]
    Passwords,
}

fn remedy(cause: &StoreError) -> &'static str {
    match cause {
        StoreError::Full => "Make room on the disk and start again",
        StoreError::ReadOnly(_) => "Let this user write the file, its folder and its file system",
        StoreError::Disk(_) => "Check the disk, then restore the database from a backup if need be",
        StoreError::Locked => "Stop the program that has it open and start again",
        StoreError::Damaged(_) => "Restore it from a backup",
        StoreError::Newer { .. } => "Start the version of the relay that wrote it, or a newer one",
        StoreError::Fault(_) => "See whether this user may read and write the file",
    }
}

fn listen_remedy(cause: &std::io::Error) -> &'static str {
    if cause.kind() == std::io::ErrorKind::AddrInUse {
        "Another program has this port: stop it, or choose another address with BELLWIRE_LISTEN \
         or BELLWIRE_OPS_LISTEN"
    } else if cause.kind() == std::io::ErrorKind::PermissionDenied {
        "Ports below 1024 need a privilege: choose a higher one, or grant it"
    } else {
        "Choose an address of this machine"
    }
}

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
    /// Sockets that did not say who they are yet.
    pub strangers: crate::server::Strangers,
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
    let recording =
        tokio::spawn(record(records, Arc::clone(&store), Arc::clone(&bus), Arc::clone(&metrics)));
    let tokens = Tokens::new(keys.draw("access tokens"), keys.draw("refresh tokens"));
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
        accounts: Accounts::new(parts, tokens, passwords, config.registration_policy()),
        origins: Origins::new(config.public_url.as_ref()),
        hints: Hints::default(),
        redaction: Redaction::new(keys.draw("people in logs")),
        clock,
        store: Arc::clone(&store),
        bus,
        metrics,
        switchboard,
        shutdown: shutdown.clone(),
        strangers: crate::server::Strangers::default(),
        config,
    });
    crate::cli::say_address(&relay, listeners.address());
    if fresh && relay.config.demo {
        crate::cli::make_demo_accounts(&relay, listeners.address()).await;
    }
    let upkeep = tokio::spawn(keep_up(Arc::clone(&relay)));
    let farewells = tokio::spawn(crate::departures::tell(
        Arc::clone(&store),
        Arc::clone(&relay.bus),
        relay.accounts.removed(),
    ));
    tracing::info!(address = %listeners.address(), "listening");
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
    store.close().await;
    tracing::info!("stopped");
    Ok(())
}

fn lock(folder: &Path) -> Result<std::fs::File, RunError> {
    let path = || folder.to_owned();
    let failed = |cause| RunError::DataFolder { path: path(), cause };
    let file = std::fs::File::create(folder.join("relay.lock")).map_err(failed)?;
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

/// Writes ended calls and shows them to their people. What the disk refuses is counted and not
/// shown.
async fn record(
    mut records: mpsc::Receiver<NewRecord>,
    store: Arc<dyn Store>,
    bus: Arc<dyn Bus>,
    metrics: Arc<Metrics>,
) {
    while let Some(new) = records.recv().await {
        let (record, users) = (new.record.clone(), new.audience.clone());
        match store.add_record(new).await {
            Ok(true) => {
                let message = Box::new(RelayMessage::CallRecorded { record });
                bus.publish(Event::Tell { users, except: None, message }).await;
            }
            // Nobody is told another story about a call that is in the history.
            Ok(false) => tracing::warn!("a call that is in the history ended again"),
            Err(error) => {
                metrics.records_refused.inc();
                tracing::error!(%error, "a call is not kept in the history");
            }
        }
    }
}

/// Forgets old history, and notices what the command line changed.
async fn keep_up(relay: Arc<Relay>) {
    let mut seen = relay.store.foreign_writes().await.ok();
    let mut pruned: Option<tokio::time::Instant> = None;
    loop {
        if pruned.is_none_or(|at| at.elapsed() >= PRUNE) {
            pruned = Some(tokio::time::Instant::now());
            let kept = u64::from(relay.config.history_days) * 86_400_000;
            let before = relay.clock.wall().ms().saturating_sub(kept);
            if let Err(error) = relay.store.prune_records(before).await {
                tracing::warn!(%error, "old history is not forgotten yet");
            }
        }
        let writes = relay.store.foreign_writes().await.ok();
        if writes != seen {
            seen = writes;
            revoke_missing(&relay).await;
        }
        tokio::time::sleep(FOREIGN_WRITES).await;
    }
}

async fn revoke_missing(relay: &Relay) {
    let (reply, connected) = tokio::sync::oneshot::channel();
    let _ = relay.switchboard.send(Mail::Devices(reply)).await;
    let Ok(connected) = connected.await else { return };
    if let Ok(devices) = relay.store.missing_devices(&connected).await {
        relay.bus.publish(Event::Revoked { devices }).await;
    }
}
