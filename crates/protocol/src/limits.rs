//! The numbers that both ends of the wire keep to. `docs/protocol.md` has the same table.

use serde::{Deserialize, Serialize};

/// Longest WebSocket message, and longest frame, that the relay takes from a client, in bytes. A
/// description of four m-lines is 6 to 10 KiB; raising this raises what one hostile socket can make
/// the relay hold.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Longest WebSocket message, and longest frame, that a client takes from the relay, in bytes.
/// Whatever a client may say fits into [`FRAME_BYTES`]; what the relay makes of it is longer by a
/// name, ids and times, and this is twice as much. Raising it raises what a hostile relay can make
/// a client hold; a client skips what is longer and goes on.
pub const RELAY_FRAME_BYTES: usize = 128 * 1024;
/// Longest message of a data channel, in bytes.
pub const CHANNEL_MESSAGE_BYTES: usize = 64 * 1024;
/// Longest first frame (`hello`) in bytes, while the socket is nobody's yet.
pub const HELLO_BYTES: usize = 4 * 1024;
/// Time for the first frame after the upgrade, in ms.
pub const HELLO_MS: u64 = 5_000;
/// The client pings this often, ±20 %, in ms.
pub const PING_MS: u64 = 20_000;
/// A socket without traffic for this long is dead, in ms.
pub const DEAD_MS: u64 = 45_000;
/// Sustained messages per second of one session, and the burst above it.
pub const MESSAGES_PER_SECOND: u32 = 20;
/// Messages that a session may send at once after a pause.
pub const MESSAGE_BURST: u32 = 60;
/// Rings per minute of one caller.
pub const RINGS_PER_MINUTE: u32 = 6;
/// Rings per five minutes from one person to another.
pub const RINGS_PER_PERSON: u32 = 3;
/// Frames that wait for one slow reader before it is closed with 4008. A relay that comes back
/// tells of every contact at once; what costs memory is their bytes.
pub const QUEUE_FRAMES: usize = 256;
/// Bytes that wait for one slow reader before it is closed with 4008.
pub const QUEUE_BYTES: usize = 256 * 1024;
/// How long a session without a socket can be resumed, in ms.
pub const RESUME_MS: u64 = 60_000;
/// How many frames a session keeps for a resume: more than may wait, so that a slow reader that was
/// closed can go on.
pub const RESUME_FRAMES: usize = 2 * QUEUE_FRAMES;
/// How many bytes of frames a session keeps for a resume: what may wait and the frame that made it
/// too much, so that a slow reader that was closed can go on. Every session may cost so much.
pub const RESUME_BYTES: usize = QUEUE_BYTES + RELAY_FRAME_BYTES;
/// How long a call rings, and how old an offer may be, in ms.
pub const RING_MS: u64 = 60_000;
/// How long a participant without a session keeps its seat, in ms.
pub const SEAT_MS: u64 = 45_000;
/// The same while its peer reports that media flows, in ms.
pub const SEAT_WITH_MEDIA_MS: u64 = 90_000;
/// The same where the participant's page or program said that it goes away ([`close::LEFT`]), in ms.
/// It holds what brings such a participant back: a reload (a page that has to be loaded anew over
/// 400 kbit/s signs in after 10 s), or another window of the same person, which waits 3 s and asks for
/// 9. Lower, and a reload on a slow line ends the call; higher keeps the others in silence.
pub const SEAT_LEFT_MS: u64 = 15_000;
/// Candidates of one message, and those that the relay holds for a call that is not answered yet. A
/// device with eleven addresses (containers, virtual networks) has 76; what is over the limit is
/// lost, and the relayed ones come last.
pub const CANDIDATES: usize = 256;
/// Bytes of the same, as JSON writes them: what was held goes to whoever answers in one frame.
/// Each ringing call costs the relay so much.
pub const CANDIDATES_BYTES: usize = 48 * 1024;
/// Candidates per second of one device, and at once after a pause. They do not count as messages:
/// a burst of them must not keep a device from hanging up.
pub const CANDIDATES_PER_SECOND: u32 = 50;
/// Candidates that a device may send at once after a pause.
pub const CANDIDATE_BURST: u32 = 512;
/// Shortest password in characters.
pub const PASSWORD_CHARS: usize = 10;
/// Longest password in bytes.
pub const PASSWORD_BYTES: usize = 256;

/// Close codes of the WebSocket.
pub mod close {
    /// Not authenticated: the token is over, or its sign-in is gone. The client refreshes once; what
    /// that answers decides whether it comes back or asks for the password, and it keeps what it
    /// has.
    pub const UNAUTHENTICATED: u16 = 4001;
    /// The owner of the account ended this sign-in, by signing it out, by removing it, with a new
    /// password or with the account: the client removes what it keeps. Nothing else is closed with
    /// this code.
    pub const REVOKED: u16 = 4003;
    /// The client reads too slowly; it resumes.
    pub const SLOW_READER: u16 = 4008;
    /// A newer connection of the same device took over.
    pub const REPLACED: u16 = 4009;
    /// The relay drains; reconnect after `retry_after_ms` of the last `going_away`.
    pub const GOING_AWAY: u16 = 4010;
    /// A frame that no version of the protocol can mean.
    pub const MALFORMED: u16 = 4022;
    /// Too many messages.
    pub const RATE: u16 = 4029;
    /// From the client: the page or the program that held the session is being left. Browsers say so
    /// by themselves (RFC 6455, 7.4.1). What ends without it is a lost connection.
    pub const LEFT: u16 = 1001;
}

/// What the relay tells a client of its limits in `welcome`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Limits {
    /// Longest message in bytes.
    pub message_bytes: u32,
    /// Sustained messages per second.
    pub messages_per_second: u32,
    /// Messages at once after a pause.
    pub message_burst: u32,
    /// How long a call rings, in ms.
    pub ring_ms: u32,
    /// Longest call in ms, where the operator set one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_call_ms: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 64 * 1024,
            messages_per_second: MESSAGES_PER_SECOND,
            message_burst: MESSAGE_BURST,
            ring_ms: 60_000,
            max_call_ms: None,
        }
    }
}
