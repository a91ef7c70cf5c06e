//! Hearing oneself without a call, where the sound is in Rust.

use std::sync::{Arc, Mutex, PoisonError};

use bellwire_core::api::SlotState;
use bellwire_rtc::peers::problem_of;
use bellwire_voice::engine::{Engine, LineId, MicrophoneState, Options, Report};
use serde::{Deserialize, Serialize};
use specta::Type;

/// The only line of an engine that has no call.
const LINE: LineId = LineId(0);

/// A microphone that is open for a test. It closes when this is dropped.
#[derive(Debug)]
pub(crate) struct MicrophoneTest {
    engine: Engine,
    state: Arc<Mutex<SlotState>>,
}

/// What a test hears.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub(crate) struct MicrophoneReading {
    /// `Off` until the microphone answered.
    pub(crate) state: SlotState,
    /// Whole dB of full scale, -100 for silence.
    pub(crate) level: i32,
}

impl MicrophoneTest {
    /// Opens a microphone (an id of `sound_devices`, `None` for the system's choice). `None` if
    /// there are no threads left for it.
    pub(crate) fn start(device: Option<String>) -> Option<Self> {
        let state = Arc::new(Mutex::new(SlotState::Off));
        let told = state.clone();
        let engine = Engine::start(Options::default(), move |report| {
            if let Report::Microphone { state, .. } = report {
                *told.lock().unwrap_or_else(PoisonError::into_inner) = slot_state(state);
            }
        });
        let engine =
            engine.inspect_err(|error| tracing::warn!(%error, "no test of a microphone")).ok()?;
        engine.open(LINE, Box::new(|_| {}));
        engine.send(LINE, true, device);
        Some(Self { engine, state })
    }

    /// What is heard at the moment.
    pub(crate) fn read(&self) -> MicrophoneReading {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        #[expect(clippy::cast_possible_truncation, reason = "-100 to 0")]
        let level =
            self.engine.figures(LINE).map_or(-100, |figures| figures.level_in.round() as i32);
        MicrophoneReading { state, level }
    }
}

fn slot_state(state: MicrophoneState) -> SlotState {
    match state {
        MicrophoneState::Off => SlotState::Off,
        MicrophoneState::Live { label } => SlotState::Live { label },
        MicrophoneState::Unavailable { problem } => {
            SlotState::Unavailable { problem: problem_of(problem) }
        }
    }
}
