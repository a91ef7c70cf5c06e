//! What the buffer tells about itself.

use std::time::{Duration, Instant};

/// What a pull gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Played {
    /// What the sender said, from its packets or their copies; also the sender's own silence.
    Sound,
    /// Some of it was lost or late, and made up.
    Concealed,
    /// Some of it was silence, as there was nothing to play.
    Silence,
}

impl Played {
    /// The lesser of two parts of a pull.
    pub(super) const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Silence, _) | (_, Self::Silence) => Self::Silence,
            (Self::Concealed, _) | (_, Self::Concealed) => Self::Concealed,
            (Self::Sound, Self::Sound) => Self::Sound,
        }
    }
}

/// Where in the sender's time the ear is, but for what the speaker delays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Playout {
    /// RTP timestamp of the first sample of the pull, as on the wire.
    pub timestamp: u32,
    /// The same without wrap. It never falls, not over the restart of a stream either.
    pub extended: u64,
    /// When it was pulled.
    pub at: Instant,
    /// How long it had been here, as [`Figures::delay`].
    pub waited: Duration,
    /// How much of that it waited only because it was asked to
    /// ([`Jitter::set_least`](super::Jitter::set_least)).
    pub asked: Duration,
}

/// What happened so far. Counts are of packets where nothing else is said, and only grow where
/// nothing else is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// How long the sound of the last pull had been here, measured from when the fastest packet of
    /// the last seconds would have brought it. Goes both ways.
    pub delay: Duration,
    /// How long packets should be waited for; the delay is up to 10 ms longer, as sound is pulled
    /// in pieces. Goes both ways.
    pub target: Duration,
    /// Arrived themselves, for the first time.
    pub received: u64,
    /// Sent and not arrived, as far as the numbers tell. Falls when one arrives late.
    pub lost: u64,
    /// Arrived too late to be played.
    pub late: u64,
    /// Arrived again.
    pub duplicate: u64,
    /// Were no Opus, or belonged nowhere.
    pub refused: u64,
    /// Were lost or late and played from a redundant copy.
    pub copied: u64,
    /// Were lost or late and played from the copy in the packet after them (in-band FEC).
    pub mended: u64,
    /// Samples decoded, mended, made up or paused, before stretching.
    pub played_samples: u64,
    /// Samples of these that were made up for what was lost or late.
    pub concealed_samples: u64,
    /// Times that making up began.
    pub concealments: u64,
    /// Samples of silence while there was nothing to play, after the first sound.
    pub silent_samples: u64,
    /// Samples put in to make the delay longer.
    pub inserted_samples: u64,
    /// Samples taken out to make the delay shorter.
    pub removed_samples: u64,
    /// Times that sound was left out to get to the target.
    pub jumps: u64,
    /// Times that the sender began anew.
    pub restarts: u64,
}
