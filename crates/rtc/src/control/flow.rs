//! The states that are drawn at the head of [`control`](super).

use std::time::Instant;

/// Whether frames are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// Nobody wants the picture.
    Off,
    /// Frames are encoded.
    Flowing,
    /// Held until the queue is empty, but no longer than this.
    Draining { until: Instant },
    /// Held for the sake of sound; judged anew at this time.
    Narrow { until: Instant },
}

impl Flow {
    pub(super) const fn is_held(self) -> bool {
        match self {
            Self::Draining { .. } | Self::Narrow { .. } => true,
            Self::Off | Self::Flowing => false,
        }
    }
}
