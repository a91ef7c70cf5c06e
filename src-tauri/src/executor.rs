//! Who carries out peer connections.

use bellwire_client::native::Executor;
use bellwire_core::api::{PeerCommand, PeerId};
use bellwire_rtc::peers::Peers;
use tauri::AppHandle;
use tauri_specta::Event as _;

use crate::events::Ordered;
use crate::media::PagePictures;

/// The webview's own `RTCPeerConnection`s, or those in Rust where it has none.
pub(crate) enum Hands {
    /// Orders go to the window as events; what comes of them comes back as commands.
    Webview(AppHandle),
    /// Orders stay here; only pictures cross to the window.
    Native {
        /// The connections.
        peers: Peers,
        /// The window's half of them.
        pictures: PagePictures,
    },
}

impl Executor for Hands {
    fn carry_out(&mut self, peer: PeerId, command: PeerCommand) {
        match self {
            Self::Native { peers, pictures } => {
                if matches!(command, PeerCommand::Open { .. }) {
                    pictures.open(peer);
                }
                peers.carry_out(peer, command);
            }
            Self::Webview(app) => {
                if let Err(error) = (Ordered { peer, command }).emit(app) {
                    tracing::warn!(%error, "an order did not reach the window");
                }
            }
        }
    }
}
