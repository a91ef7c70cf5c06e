//! What the windows hear.

use bellwire_core::api::{Alert, Link, PeerCommand, PeerId, View};
use bellwire_protocol::ConversationId;
use serde::{Deserialize, Serialize};
use specta::Type;
use tauri_specta::Event;

use crate::updates::UpdateState;
use crate::vault::Keeping;

/// The newest view.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct Shown(pub(crate) View);

/// What a person should notice although they do not look at the window.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct Alerted(pub(crate) Alert);

/// An order for the webview's own peer connections.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct Ordered {
    /// For which peer.
    pub(crate) peer: PeerId,
    /// What to do.
    pub(crate) command: PeerCommand,
}

/// Every peer connection of the webview ends: another core takes over.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct LetGo;

/// A call begins that this program carries out: the window's pictures are wanted.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct PicturesWanted;

/// Where secrets are kept, or what is in the way.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct Kept(pub(crate) Keeping);

/// A link from outside asks for something. The window asks the person.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct Linked(pub(crate) Link);

/// The person picked a conversation outside the window, in a notification.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct Opened(pub(crate) ConversationId);

/// What is known of newer versions of the app.
#[derive(Debug, Clone, Serialize, Deserialize, Type, Event)]
pub(crate) struct UpdateTold(pub(crate) UpdateState);
