//! What a network reports.

use std::fmt;
use std::net::SocketAddr;
use std::time::Instant;

use str0m::Candidate;
use str0m::net::Protocol;

use super::trouble::ServerTrouble;

/// Something that happened between this machine and the wire. `Debug` shows no address.
pub enum NetworkEvent {
    /// A local candidate, to be given to the connection and sent to the far end at once.
    Candidate(Candidate),
    /// Every candidate of this generation has been said, unless the machine's addresses change.
    Gathered,
    /// A candidate that was said cannot be used any more: its interface vanished, or its allocation
    /// ended.
    Gone(Candidate),
    /// A packet from a peer.
    Datagram {
        /// When it was read.
        received: Instant,
        /// Always UDP: over a relay it is the transport between the relay and the peer that counts.
        protocol: Protocol,
        /// Who sent it.
        source: SocketAddr,
        /// The base of the local candidate that it came to.
        destination: SocketAddr,
        /// The payload.
        contents: Vec<u8>,
    },
    /// The machine's addresses changed. A good moment for an ICE restart.
    Changed,
    /// A server could not be used, or not any more. The others are.
    Trouble(ServerTrouble),
}

impl fmt::Debug for NetworkEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Candidate(candidate) => write!(f, "Candidate({})", candidate.kind()),
            Self::Gathered => f.write_str("Gathered"),
            Self::Gone(candidate) => write!(f, "Gone({})", candidate.kind()),
            Self::Datagram { contents, .. } => write!(f, "Datagram({} bytes)", contents.len()),
            Self::Changed => f.write_str("Changed"),
            Self::Trouble(trouble) => write!(f, "Trouble({trouble})"),
        }
    }
}
