//! What sockets and handlers ask of the switchboard.

use std::sync::Arc;

use bellwire_protocol::{
    CallId, Contact, Conversation, ConversationId, DeviceId, GroupInvitation, Me, Media, Offer,
    Participant, PresenceStatus, Secret, UserId,
};
use tokio::sync::oneshot;

use super::calls::{CheckedClaim, Going, Input, Standing};
use super::link::{Epoch, Link};
use crate::store::{Route, StoredNotice};

/// A fresh session with everything that its snapshot needs.
#[derive(Debug)]
pub struct Opening {
    /// The user and the device.
    pub me: Me,
    /// The session.
    pub link: Arc<Link>,
    /// What it is resumed with.
    pub token: Secret,
    /// Contacts, requests and blocks.
    pub contacts: Vec<Contact>,
    /// Conversations.
    pub conversations: Vec<Conversation>,
    /// Groups that the user is asked into.
    pub invitations: Vec<GroupInvitation>,
    /// What the person must hear.
    pub notices: Vec<StoredNotice>,
    /// Who may see this user.
    pub audience: Vec<UserId>,
}

/// A session that wants to go on.
#[derive(Debug)]
pub struct Resuming {
    /// The user and the device.
    pub me: Me,
    /// What the client holds.
    pub token: Secret,
    /// The last frame that it handled.
    pub seq: u64,
    /// What it is resumed with the next time.
    pub next_token: Secret,
    /// Who may see this user.
    pub audience: Vec<UserId>,
    /// The session, if it can go on.
    pub reply: oneshot::Sender<Option<(Arc<Link>, Epoch)>>,
}

/// How a socket ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// When the client was last heard on it, by the steady time.
    pub heard_at: u64,
    /// Whether the client said that it goes.
    pub going: Going,
}

/// What sockets and handlers ask of the switchboard.
#[derive(Debug)]
pub enum Mail {
    /// A session begins; what is pushed from here on waits for its snapshot.
    Register {
        /// The device.
        who: Participant,
        /// The session.
        link: Arc<Link>,
    },
    /// The snapshot can be written.
    Open(Box<Opening>),
    /// Take a session up again.
    Resume(Box<Resuming>),
    /// A socket is gone.
    Gone {
        /// The device.
        device: DeviceId,
        /// Its session.
        link: Arc<Link>,
        /// Which of its sockets.
        epoch: Epoch,
        /// How it ended.
        ended: Ended,
    },
    /// The person says how available they are.
    Presence {
        /// The device.
        device: DeviceId,
        /// How.
        status: PresenceStatus,
        /// The frame to answer.
        re: Option<u32>,
    },
    /// Something about a call.
    Call {
        /// The device that says it.
        device: DeviceId,
        /// What.
        said: Said,
        /// The frame to answer.
        re: Option<u32>,
    },
    /// Places a call.
    Initiate {
        /// The calling device.
        device: DeviceId,
        /// What is wanted.
        call: Box<Placing>,
        /// The frame to answer.
        re: Option<u32>,
    },
    /// Brings a call back that the relay does not know.
    Claim {
        /// The device that says it.
        device: DeviceId,
        /// What.
        claiming: Box<Claiming>,
        /// The frame to answer.
        re: Option<u32>,
    },
    /// How a call stands, for one of its people.
    Standing {
        /// Who asks.
        user: UserId,
        /// Which.
        call_id: CallId,
        /// The answer.
        reply: oneshot::Sender<Option<Standing>>,
    },
    /// How everything stands, for the operator.
    Overview(oneshot::Sender<Overview>),
    /// The devices that have a session.
    Devices(oneshot::Sender<Vec<DeviceId>>),
    /// The relay goes away: tell everybody, close with jitter.
    Drain,
    /// Everybody is closed at once.
    Force,
}

/// Something said about a call; who says it is filled in by the switchboard, which knows.
pub struct Said(pub Box<dyn FnOnce(Participant) -> Input + Send>);

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Said")
    }
}

/// A call to be placed, with what the store says of its conversation.
#[derive(Debug)]
pub struct Placing {
    /// Names it.
    pub call_id: CallId,
    /// Where.
    pub conversation: ConversationId,
    /// What it starts with.
    pub media: Media,
    /// Handed on unread.
    pub offer: Offer,
    /// Whom it reaches.
    pub route: Route,
    /// Before the store was asked for that, by the steady time.
    pub read_at: u64,
}

/// A claim, checked against the store.
#[derive(Debug)]
pub struct Claiming {
    /// Which call.
    pub call_id: CallId,
    /// What was found true.
    pub claim: CheckedClaim,
    /// Before the store was asked, by the steady time.
    pub read_at: u64,
}

/// How everything stands.
#[derive(Debug)]
pub struct Overview {
    /// User, connected or not, of every session.
    pub sessions: Vec<(UserId, bool)>,
    /// Every call.
    pub calls: Vec<Standing>,
}
