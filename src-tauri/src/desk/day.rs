//! The task behind [`Desk`](super::Desk).
//!
//! ```text
//!  Opening ── keyring ──► open ─┐
//!     └── none ─► Locked ──► open ├─ and a page is there ──► a client runs
//! ```

use std::sync::{Arc, OnceLock};

use bellwire_client::native::{Client, Options};
use bellwire_core::api::{Command, Link, PeerEvent, PeerId};
use bellwire_core::relay_url;
use tauri::{AppHandle, Manager as _};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::Expectations;
use super::news::{News, open_call, tell};
use super::shared_vault::SharedVault;
use crate::events::{Kept, LetGo, Linked, PicturesWanted, Shown};
use crate::executor::Hands;
use crate::folders::Folders;
use crate::media::{Media, Pass, PeerFigures};
use crate::preferences::Preferences;
use crate::ringing::Ringing;
use crate::vault::{self, Keeping, Opened};

/// What is asked of the desk.
pub(super) enum Wish {
    /// A page is there.
    Attach { webrtc: bool },
    /// The keyring was asked.
    Opened(Result<Opened, Keeping>),
    /// For the core.
    Command(Command),
    /// For the person.
    Link(Link),
    /// For the core, from the webview.
    PeerEvent(PeerId, PeerEvent),
    /// Open the records with a passphrase. False if it is wrong.
    Unlock { passphrase: String, reply: oneshot::Sender<bool> },
    /// Keep nothing.
    KeepInMemory,
    /// The newest figures of a connection.
    Figures { peer: PeerId, reply: oneshot::Sender<Option<PeerFigures>> },
    /// A way for pictures, if there is a call to take them.
    Door(oneshot::Sender<Option<Pass>>),
    /// End, and say so when everything is written.
    Stop(std::sync::mpsc::SyncSender<()>),
}

impl std::fmt::Debug for Wish {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wish")
    }
}

pub(super) struct Day {
    app: AppHandle,
    folders: Folders,
    expectations: Arc<Expectations>,
    way_back: mpsc::WeakSender<Wish>,
    keeping: Keeping,
    vault: Option<SharedVault>,
    /// A link that came before a page was there.
    link: Option<Link>,
    /// Whether the webview has peer connections of its own; `None` until a page is there.
    webrtc: Option<bool>,
    running: Option<Running>,
}

struct Running {
    client: Client,
    /// Where the webview carries out peer connections: how its events come back.
    events: Option<bellwire_client::native::PeerEvents>,
    /// Where it does not.
    media: Option<Media>,
    news: JoinHandle<()>,
}

impl Day {
    pub(super) fn new(
        app: AppHandle,
        folders: Folders,
        expectations: Arc<Expectations>,
        way_back: mpsc::WeakSender<Wish>,
    ) -> Self {
        Self {
            app,
            folders,
            expectations,
            way_back,
            keeping: Keeping::Opening,
            vault: None,
            link: None,
            webrtc: None,
            running: None,
        }
    }

    pub(super) async fn run(mut self, mut wishes: mpsc::Receiver<Wish>) {
        self.ask_keyring();
        while let Some(wish) = wishes.recv().await {
            match wish {
                Wish::Attach { webrtc } => self.on_attach(webrtc).await,
                Wish::Opened(Ok(opened)) => self.on_open(opened),
                Wish::Opened(Err(keeping)) => self.set_keeping(keeping),
                Wish::Command(command) => self.on_command(command),
                Wish::Link(link) => self.on_link(link),
                Wish::PeerEvent(peer, event) => {
                    let events = self.running.as_ref().and_then(|running| running.events.as_ref());
                    if let Some(events) = events {
                        events.report(peer, event);
                    }
                }
                Wish::Unlock { passphrase, reply } => {
                    let right = self.on_unlock(passphrase).await;
                    // The page was loaded anew meanwhile if this fails.
                    let _ = reply.send(right);
                }
                Wish::KeepInMemory => {
                    if matches!(self.keeping, Keeping::Locked { .. }) {
                        self.on_open(vault::forget());
                    }
                }
                Wish::Figures { peer, reply } => {
                    let media = self.running.as_ref().and_then(|running| running.media.as_ref());
                    let _ = reply.send(media.and_then(|media| media.figures(peer)));
                }
                Wish::Door(reply) => {
                    let _ = reply.send(self.open_door());
                }
                Wish::Stop(stopped) => {
                    self.hang_up();
                    self.stop_client().await;
                    let _ = stopped.send(());
                    return;
                }
            }
        }
    }

    /// On a thread of its own: the keyring may ask the person to unlock it.
    fn ask_keyring(&self) {
        let (folders, way_back) = (self.folders.clone(), self.way_back.clone());
        tokio::task::spawn_blocking(move || {
            let opened = vault::open(&folders);
            if let Some(wishes) = way_back.upgrade() {
                let _ = wishes.blocking_send(Wish::Opened(opened));
            }
        });
    }

    async fn on_attach(&mut self, webrtc: bool) {
        // With the page its peer connections are gone: another core comes back into the call. Those
        // in Rust go on, and so does their core.
        if self.webrtc.replace(webrtc) == Some(true) || webrtc && self.running.is_some() {
            self.stop_client().await;
            tell(&self.app, &LetGo);
        }
        tell(&self.app, &Kept(self.keeping));
        if let Some(link) = self.link.take() {
            tell(&self.app, &Linked(link));
        }
        match &self.running {
            Some(running) => tell(&self.app, &Shown(running.client.view())),
            None => self.start_client(),
        }
    }

    fn on_open(&mut self, (vault, keeping): Opened) {
        self.vault = Some(SharedVault::new(vault));
        self.set_keeping(keeping);
        self.start_client();
    }

    fn on_command(&self, command: Command) {
        if let Command::SetRelay { address } = &command {
            self.remember_relay(address);
        }
        match &self.running {
            Some(running) => running.client.dispatch(command),
            None => tracing::warn!(?command, "nobody is there yet to carry this out"),
        }
    }

    fn on_link(&mut self, link: Link) {
        if self.webrtc.is_none() {
            self.link = Some(link);
        } else {
            tell(&self.app, &Linked(link));
        }
        crate::window::show(&self.app);
    }

    /// It is offered again after signing out, and when the records are gone.
    fn remember_relay(&self, address: &str) {
        let remembered = Preferences::change(&self.folders.preferences, |preferences| {
            address.clone_into(&mut preferences.relay);
        });
        if let Err(error) = remembered {
            tracing::warn!(kind = ?error.kind(), "the relay's address was not kept");
        }
    }

    async fn on_unlock(&mut self, passphrase: String) -> bool {
        if !matches!(self.keeping, Keeping::Locked { .. }) {
            return true;
        }
        let folders = self.folders.clone();
        let opening = tokio::task::spawn_blocking(move || vault::unlock(&folders, &passphrase));
        match opening.await {
            Ok(Ok(opened)) => {
                self.on_open(opened);
                true
            }
            Ok(Err(error)) => {
                tracing::info!(%error, "the records stay locked");
                false
            }
            Err(_) => false,
        }
    }

    fn set_keeping(&mut self, keeping: Keeping) {
        self.keeping = keeping;
        tell(&self.app, &Kept(keeping));
    }

    /// Once the records are open and a page is there.
    fn start_client(&mut self) {
        let (Some(vault), Some(webrtc), None) = (&self.vault, self.webrtc, &self.running) else {
            return;
        };
        let vault = vault.clone();
        let relay = relay_url(&Preferences::read(&self.folders.preferences).relay);
        let mut options = Options::new(relay, "bellwire-desktop", env!("CARGO_PKG_VERSION"));
        options.device_name = device_name();
        options.leave_call = !crate::window::is_seen(&self.app);
        let (client, events, media) = if webrtc {
            let mut way_back = None;
            let hands = Hands::Webview(self.app.clone());
            let client = Client::start(options, vault, |events| {
                way_back = Some(events);
                hands
            });
            (client, way_back, None)
        } else {
            let events = Arc::new(OnceLock::new());
            let app = self.app.clone();
            match Media::start(events.clone(), move || tell(&app, &PicturesWanted)) {
                Ok((media, peers)) => {
                    let pictures = media.pictures.clone();
                    let client = Client::start(options, vault, move |way_back| {
                        // Set once, here.
                        let _ = events.set(way_back);
                        Hands::Native { peers, pictures }
                    });
                    (client, None, Some(media))
                }
                Err(error) => {
                    // Without calls, but with everything else.
                    tracing::error!(%error, "this device cannot call");
                    let client =
                        Client::start(options, vault, bellwire_client::native::NoPeers::new);
                    (client, None, None)
                }
            }
        };
        let news = News::new(
            self.app.clone(),
            self.expectations.clone(),
            media.as_ref().map(|media| (media.engine.clone(), media.pictures.clone())),
            &client,
        );
        let news = tokio::spawn(news.run());
        self.running = Some(Running { client, events, media, news });
    }

    fn open_door(&self) -> Option<Pass> {
        let media = self.running.as_ref()?.media.as_ref()?;
        media.pictures.admit().unwrap_or_else(|error| {
            tracing::warn!(%error, "calls go on without pictures");
            None
        })
    }

    /// Whoever quits leaves the call: nobody else waits for this app to come back.
    fn hang_up(&self) {
        let Some(running) = &self.running else { return };
        if let Some(call) = open_call(&running.client.view()) {
            running.client.dispatch(Command::HangUp { call });
        }
    }

    async fn stop_client(&mut self) {
        let Some(running) = self.running.take() else { return };
        running.news.abort();
        self.app.state::<Ringing>().see_nothing();
        running.client.stop().await;
    }
}

/// Names this device in the list of sign-ins.
fn device_name() -> String {
    let system = match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        other => other,
    };
    format!("Bellwire on {system}")
}
