//! Sound and pictures where the webview has no peer connections.

mod door;
mod outbox;
mod pictures;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use bellwire_client::native::PeerEvents;
use bellwire_core::api::PeerId;
use bellwire_rtc::figures::{Figures, Route};
use bellwire_rtc::network::Loopback;
use bellwire_rtc::peers::{Options, Peers, Report, StartError};
use bellwire_voice::engine::{self, Engine};
use serde::{Deserialize, Serialize};
use specta::Type;

pub(crate) use door::Pass;
pub(crate) use pictures::PagePictures;

/// Peer connections in Rust, with the sound of this machine and the pictures of its window.
pub(crate) struct Media {
    /// The sound.
    pub(crate) engine: Engine,
    /// The pictures.
    pub(crate) pictures: PagePictures,
    figures: Arc<Mutex<BTreeMap<PeerId, Figures>>>,
}

impl Media {
    /// Starts them. `events` is set when the client exists that they report to; `wanted` is called
    /// when a call begins, for the window to ask for its pass.
    ///
    /// # Errors
    /// [`StartError`] says what is missing; no sound device is no reason.
    pub(crate) fn start(
        events: Arc<OnceLock<PeerEvents>>,
        wanted: impl Fn() + Send + Sync + 'static,
    ) -> Result<(Self, Peers), StartError> {
        let figures = Arc::<Mutex<BTreeMap<PeerId, Figures>>>::default();
        let read = figures.clone();
        let options = Options {
            sound: engine::Options::default(),
            loopback: Loopback::WhenAlone,
            roots: Vec::new(),
        };
        let pictures = PagePictures::new(wanted);
        let peers = Peers::start(
            options,
            |studio| pictures.with(studio),
            move |peer, report| match report {
                Report::Event(event) => {
                    if let Some(events) = events.get() {
                        events.report(peer, event);
                    }
                }
                Report::Figures(figures) => {
                    read.lock().unwrap_or_else(PoisonError::into_inner).insert(peer, figures);
                }
                Report::Trouble(trouble) => tracing::info!(%trouble, "a server could not be used"),
            },
        )?;
        let engine = peers.engine().clone();
        Ok((Self { engine, pictures, figures }, peers))
    }

    /// The newest reading of a connection.
    pub(crate) fn figures(&self, peer: PeerId) -> Option<PeerFigures> {
        let figures = self.figures.lock().unwrap_or_else(PoisonError::into_inner);
        figures.get(&peer).map(PeerFigures::from)
    }
}

impl Drop for Media {
    fn drop(&mut self) {
        self.pictures.shut();
    }
}

/// [`Figures`] for the window: rates in bit/s, times in ms, loss as a share of 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PeerFigures {
    pub(crate) bitrate_up: f64,
    pub(crate) bitrate_down: f64,
    pub(crate) loss_up: f64,
    pub(crate) loss_down: f64,
    pub(crate) round_trip: Option<f64>,
    pub(crate) jitter: f64,
    pub(crate) frames_per_second: f64,
    pub(crate) frame_width: u32,
    pub(crate) frame_height: u32,
    pub(crate) path: PeerRoute,
}

/// How media travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PeerRoute {
    Direct,
    Relayed,
    RelayedTcp,
    Unknown,
}

impl From<&Figures> for PeerFigures {
    fn from(figures: &Figures) -> Self {
        Self {
            bitrate_up: figures.bitrate_up,
            bitrate_down: figures.bitrate_down,
            loss_up: figures.loss_up,
            loss_down: figures.loss_down,
            round_trip: figures.round_trip,
            jitter: figures.jitter,
            frames_per_second: figures.frames_per_second,
            frame_width: figures.frame_width,
            frame_height: figures.frame_height,
            path: match figures.path {
                Route::Direct => PeerRoute::Direct,
                Route::Relayed => PeerRoute::Relayed,
                Route::RelayedTcp => PeerRoute::RelayedTcp,
                Route::Unknown => PeerRoute::Unknown,
            },
        }
    }
}

/// What sound can come from and go to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Type)]
pub(crate) struct SoundDevices {
    /// What sound can come from.
    pub(crate) microphones: Vec<SoundDevice>,
    /// What sound can go to.
    pub(crate) speakers: Vec<SoundDevice>,
}

/// A microphone or a speaker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub(crate) struct SoundDevice {
    /// Names it to the engine.
    pub(crate) id: String,
    /// What a person calls it.
    pub(crate) name: String,
}

/// What there is at the moment.
pub(crate) async fn sound_devices() -> SoundDevices {
    let listed = tokio::task::spawn_blocking(bellwire_voice::devices::list).await;
    let devices = listed.unwrap_or_default();
    let of = |devices: Vec<bellwire_voice::devices::Device>| {
        devices.into_iter().map(|device| SoundDevice { id: device.id, name: device.name }).collect()
    };
    SoundDevices { microphones: of(devices.microphones), speakers: of(devices.speakers) }
}
