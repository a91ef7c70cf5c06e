//! What a session tells the rest of the core.

use bellwire_protocol::{ClientMessage, ErrorCode, RelayMessage, Welcome};

use super::Told;
use crate::Time;

/// What became of the connection.
#[derive(Debug)]
pub(crate) enum News {
    /// The session is on.
    Welcomed(Box<Welcome>),
    /// What the session starts from.
    Snapshot(Box<Told>),
    /// A frame of the session, in order and for the first time.
    Said(Box<RelayMessage>),
    /// A request was carried out or refused.
    Answered {
        asked: ClientMessage,
        refused: Option<Refused>,
        /// Not at the first time: what was said behind it came too early.
        put_off: bool,
    },
    /// The access token is not accepted.
    Unauthenticated,
    /// A socket closed before it was open.
    NotOpened,
    /// This sign-in was revoked.
    Revoked,
    /// Another connection of this device took over.
    Replaced,
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    pub(crate) retry_after_ms: Option<u64>,
}

/// How the relay is reached, for the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    Idle,
    Connecting,
    Online,
    /// When the next try starts; `None` if not by itself.
    Offline(Option<Time>),
}
