//! The driver for hosts with a runtime: desktop, command line, tests, benchmarks.
//!
//! ```no_run
//! # async fn example() {
//! use bellwire_client::native::{Client, MemoryVault, NoPeers, Options};
//! use bellwire_core::api::{Account, Command};
//!
//! let options = Options::new("http://localhost:8470", "bellwire-cli", env!("CARGO_PKG_VERSION"));
//! let client = Client::start(options, MemoryVault::default(), NoPeers::new);
//! client.dispatch(Command::SignIn { username: "ada".into(), password: "correct horse".into() });
//! client.until(|view| matches!(view.account, Account::SignedIn(_))).await;
//! # }
//! ```

mod driver;
mod executor;
mod http;
#[cfg(feature = "keyring")]
mod keyring;
mod lookout;
#[cfg(feature = "keyring")]
mod passphrase;
#[cfg(feature = "keyring")]
mod sealed;
mod socket;
mod tls;
mod vault;

use std::time::{SystemTime, UNIX_EPOCH};

use bellwire_core::api::{Account, Alert, Command, RelayState, View};
use bellwire_core::{LinkEvent, Start};
use bellwire_protocol::ClientInfo;
use tokio::sync::{broadcast, mpsc, oneshot, watch};

use driver::{Driver, Wish};
pub use executor::{Executor, NoPeers, PeerEvents};
#[cfg(feature = "keyring")]
pub use keyring::KeyringVault;
#[cfg(feature = "keyring")]
pub use passphrase::PassphraseVault;
#[cfg(feature = "keyring")]
pub use sealed::OpenVaultError;
pub use vault::{MemoryVault, Vault};

/// Wishes that may wait: more than a person presses while the core reads its records. More would keep
/// what a broken page asks for without end.
const WISHES: usize = 256;
/// Alerts that a slow listener may lag behind; older ones are lost to it.
const ALERTS: usize = 64;

/// Who the client is and where it connects.
#[derive(Debug, Clone)]
pub struct Options {
    /// The relay's base URL without a slash at its end.
    pub relay: String,
    /// Names this client to the relay, as in `bellwire-cli`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `windows`, `macos`, `linux`, `cli`.
    pub platform: String,
    /// Names this device in the list of sign-ins.
    pub device_name: String,
    /// The core's randomness; drawn from the operating system where `None`.
    pub seed: Option<[u8; 32]>,
    /// Leaves the call that an earlier run was in. Taking it up opens devices, which nobody asked for
    /// where the program was started without a window.
    pub leave_call: bool,
}

impl Options {
    /// A client on this operating system, named after itself.
    pub fn new(
        relay: impl Into<String>,
        name: impl Into<String>,
        version: impl Into<String>,
    ) -> Self {
        let name = name.into();
        Self {
            relay: relay.into(),
            version: version.into(),
            platform: std::env::consts::OS.to_owned(),
            device_name: format!("{name} on {}", std::env::consts::OS),
            name,
            seed: None,
            leave_call: false,
        }
    }

    fn into_start(self) -> Start {
        Start {
            seed: self.seed.unwrap_or_else(random_seed),
            unix_ms: unix_ms(),
            client: ClientInfo {
                name: self.name,
                version: self.version,
                platform: std::env::consts::OS.to_owned(),
            },
            device_name: self.device_name,
            platform: self.platform,
            relay: self.relay,
            page_origin: None,
        }
    }
}

/// A running client. Dropping it lets go of everything at once; [`Client::stop`] also waits until
/// what is kept is written. Neither signs out nor hangs up: a client started again with the same
/// vault goes on where this one stopped.
#[derive(Debug)]
pub struct Client {
    wishes: mpsc::Sender<Wish>,
    views: watch::Receiver<View>,
    alerts: broadcast::Sender<Alert>,
    task: tokio::task::JoinHandle<()>,
}

impl Client {
    /// Starts a client on the present tokio runtime. `executor` is given the way on which its
    /// events reach the core.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn start<E: Executor>(
        options: Options,
        vault: impl Vault,
        executor: impl FnOnce(PeerEvents) -> E,
    ) -> Self {
        let (wishes, wished) = mpsc::channel(WISHES);
        let (alerts, _) = broadcast::channel(ALERTS);
        let (view, views) = watch::channel(nothing_yet(&options.relay));
        let (events, peer_events) = PeerEvents::channel();
        let leave_call = options.leave_call;
        let driver =
            Driver::new(options.into_start(), vault, executor(events), view, alerts.clone());
        let task = tokio::spawn(driver.run(leave_call, wished, peer_events));
        Self { wishes, views, alerts, task }
    }

    /// Tells the core what the person wants. Never waits; what comes of it is in the view.
    pub fn dispatch(&self, command: Command) {
        self.wish(Wish::Command(command));
    }

    /// The view, and every newer one.
    #[must_use]
    pub fn views(&self) -> watch::Receiver<View> {
        self.views.clone()
    }

    /// The present view.
    #[must_use]
    pub fn view(&self) -> View {
        self.views.borrow().clone()
    }

    /// Alerts from here on.
    #[must_use]
    pub fn alerts(&self) -> broadcast::Receiver<Alert> {
        self.alerts.subscribe()
    }

    /// Waits for a view that meets the condition, the present one included. Never ends if none
    /// comes: put a time limit around it.
    pub async fn until(&self, mut condition: impl FnMut(&View) -> bool) -> View {
        let mut views = self.views.clone();
        match views.wait_for(|view| condition(view)).await {
            Ok(view) => view.clone(),
            // The driver ended: no view will come.
            Err(_) => std::future::pending().await,
        }
    }

    /// The operating system says that the network changed or came back.
    pub fn network_changed(&self) {
        self.wish(Wish::Link(LinkEvent::NetworkChanged));
    }

    /// Lets go of everything; what is kept is written, and what was said has left, when this returns.
    pub async fn stop(mut self) {
        let (stopped, done) = oneshot::channel();
        let _ = self.wishes.send(Wish::Stop(stopped)).await;
        // An error means that the driver ended by itself, which comes to the same.
        let _ = done.await;
        let _ = (&mut self.task).await;
    }

    fn wish(&self, wish: Wish) {
        // The driver lives until `stop` or drop.
        if let Err(mpsc::error::TrySendError::Full(_)) = self.wishes.try_send(wish) {
            tracing::error!("the client does not keep up: something that was wished is left out");
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What there is to see before the core has read what was kept.
fn nothing_yet(relay: &str) -> View {
    View {
        account: Account::Loading,
        relay_address: relay.split_once("://").map_or(relay, |(_, address)| address).to_owned(),
        relay: RelayState::Idle,
        clock_ahead: 0,
        skipped_frames: 0,
        notices: Vec::new(),
        settings: Default::default(),
    }
}

fn random_seed() -> [u8; 32] {
    let mut seed = [0; 32];
    #[expect(
        clippy::expect_used,
        reason = "without randomness no secret can be made; every system that runs this has it"
    )]
    getrandom::fill(&mut seed).expect("the operating system gives randomness");
    seed
}

fn unix_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
