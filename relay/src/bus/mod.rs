//! How the parts of a relay, and later several relays, tell each other what changed.
//!
//! An event names people and devices, never sockets: whoever holds the socket acts on it.
//! [`local`] is the one-node implementation.

pub mod local;

use async_trait::async_trait;
use bellwire_protocol::{ConversationId, DeviceId, DisplayName, Me, RelayMessage, UserId};

use crate::signaling::calls::Parting;

use crate::store::EndedBy;

/// Something that holders of sockets must act on.
#[derive(Debug, Clone)]
pub enum Event {
    /// A message for every device of these users.
    Tell {
        /// Whom.
        users: Vec<UserId>,
        /// Not this one of their devices.
        except: Option<DeviceId>,
        /// What.
        message: Box<RelayMessage>,
    },
    /// The account changed; each device is told with its own id.
    MeChanged {
        /// As it is now, for one of the devices.
        me: Box<Me>,
    },
    /// The person's name changed, for calls from here on.
    Renamed {
        /// Who.
        user: UserId,
        /// To what.
        name: DisplayName,
    },
    /// These sign-ins are over: their sockets close within 2 s.
    Revoked {
        /// Which.
        devices: Vec<DeviceId>,
        /// Who ended them, which decides how they are closed.
        by: EndedBy,
    },
    /// An account was removed: nothing rings for it any more, and it is in no call. Comes behind
    /// the revocation of its sign-ins.
    Departed {
        /// Whose.
        user: UserId,
    },
    /// Somebody wants nothing more of somebody else: it touches the calls that both are in.
    Parted {
        /// Who.
        by: UserId,
        /// Of whom.
        other: UserId,
        /// How far.
        parting: Parting,
    },
    /// A user is not in the group any more: nothing that rings there rings for them, and they are in
    /// no call of it.
    LeftGroup {
        /// Who.
        user: UserId,
        /// Which.
        conversation: ConversationId,
    },
    /// Two users may, or may not, see each other's presence from here on.
    Related {
        /// One.
        a: UserId,
        /// The other.
        b: UserId,
        /// Whether.
        visible: bool,
    },
}

/// Carries events to every holder of sockets, this one included.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Hands the event over. It is carried out soon, in the order of publishing.
    async fn publish(&self, event: Event);
}
