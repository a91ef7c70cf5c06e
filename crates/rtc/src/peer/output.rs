//! What a connection asks of its driver.

use std::time::{Duration, Instant};

use bellwire_core::api::{PeerEvent, Slot};
use bellwire_protocol::IceServer;
use bellwire_voice::packet::Packet;
use str0m::net::Transmit;

use crate::control::Order;
use crate::pictures::Picture;

/// What a connection asks of its driver.
#[derive(Debug)]
pub enum Output {
    /// For the core.
    Event(PeerEvent),
    /// Send this datagram.
    Transmit(Transmit),
    /// Gather candidates with these servers; say every candidate again.
    Gather {
        /// STUN and TURN servers.
        servers: Vec<IceServer>,
        /// Use TURN only.
        relay_only: bool,
    },
    /// Sound arrived on `audio` or `screenAudio`.
    Sound {
        /// Where.
        slot: Slot,
        /// What.
        packet: Packet,
        /// When its datagram arrived.
        arrived: Instant,
    },
    /// A picture that arrived on `camera` or `screen` is due.
    Picture {
        /// Where.
        slot: Slot,
        /// What.
        picture: Picture,
    },
    /// What the encoder of a slot should do about the path.
    Order {
        /// Which slot.
        slot: Slot,
        /// What.
        order: Order,
    },
    /// Pictures of a slot are made already and cannot be sent, or can be from here on.
    Waits {
        /// Which slot.
        slot: Slot,
        /// Whether they are made for nothing.
        on: bool,
    },
    /// The share of lost packets that the encoder of the sound should prepare for.
    Loss(f32),
    /// How long the sound on `audio` should wait at least, for the picture that belongs to it.
    Delay(Duration),
}
