//! What the engine tells.

use super::LineId;

/// Something changed that a person should see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// The microphone, as this line sends it. Answers every [`Engine::send`](super::Engine::send).
    Microphone {
        /// Which line.
        line: LineId,
        /// What it sends.
        state: MicrophoneState,
    },
    /// The speaker.
    Speaker(SpeakerState),
    /// A device came or went: [`crate::devices::list`] gives another answer. Told only while there
    /// is a line.
    DevicesChanged,
}

/// What a line sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MicrophoneState {
    /// Nothing, as wished.
    Off,
    /// Sound.
    Live {
        /// What a person calls the microphone.
        label: String,
    },
    /// Nothing, against the wish. It begins by itself when a microphone comes.
    Unavailable {
        /// Why.
        problem: Problem,
    },
}

/// Where the lines are heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeakerState {
    /// Nowhere, as there is no line.
    Closed,
    /// From a speaker.
    Live {
        /// What a person calls it.
        label: String,
    },
    /// Nowhere, as there is no speaker. The lines go on; it is heard when one comes.
    Missing,
}

/// Why there is no microphone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The system does not allow it.
    Denied,
    /// There is none, or no sound server.
    Missing,
    /// Somebody else has it.
    Busy,
    /// It was there, and went away.
    Unplugged,
    /// It is there and gives nothing.
    Hung,
    /// Anything else.
    Other,
}
