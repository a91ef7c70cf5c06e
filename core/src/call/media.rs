//! What this device sends in a call.

use std::collections::BTreeMap;

use bellwire_protocol::{DeviceTrouble, Media, MediaState, Unavailable};

use crate::api::{DeviceProblem, LocalSlot, LocalView, PeerCommand, Settings, Slot, SlotState};

/// The slots that a person switches, in the order of the description.
const SWITCHED: [Slot; 3] = [Slot::Audio, Slot::Camera, Slot::Screen];

/// What this device sends, or wants to. Nothing that comes from outside changes what is wanted.
#[derive(Debug, Clone)]
pub(super) struct Local {
    wanted: MediaState,
    states: BTreeMap<Slot, SlotState>,
    /// Pictures are held on the way to somebody.
    narrow: bool,
    n: u64,
}

impl Local {
    /// A call starts with sound, and with the camera only where the person chose video.
    pub(super) const fn starting(media: Media, unix: u64) -> Self {
        Self::with(
            MediaState {
                mic: true,
                camera: matches!(media, Media::Video),
                screen: false,
                narrow: false,
            },
            unix,
        )
    }

    /// A call goes on as it was, except for the screen: its picker needs the person.
    pub(super) const fn resuming(sending: MediaState, unix: u64) -> Self {
        Self::with(MediaState { screen: false, narrow: false, ..sending }, unix)
    }

    const fn with(wanted: MediaState, unix: u64) -> Self {
        // Counted from the clock, so that a reloaded page counts on above its former life.
        Self { wanted, states: BTreeMap::new(), narrow: false, n: unix }
    }

    /// What the person wants to send.
    pub(super) const fn wanted(&self) -> MediaState {
        self.wanted
    }

    /// What the others are told: what is wanted and not known to be impossible.
    pub(super) fn sending(&self) -> MediaState {
        let sends = |slot| !matches!(self.states.get(&slot), Some(SlotState::Unavailable { .. }));
        MediaState {
            mic: self.wanted.mic && sends(Slot::Audio),
            camera: self.wanted.camera && sends(Slot::Camera),
            screen: self.wanted.screen && sends(Slot::Screen),
            narrow: self.narrow,
        }
    }

    /// What is wanted and cannot be sent, and why.
    pub(super) fn unavailable(&self) -> Unavailable {
        let trouble = |slot, wanted: bool| match self.states.get(&slot) {
            Some(SlotState::Unavailable { problem }) if wanted => Some(trouble(*problem)),
            Some(SlotState::Unavailable { .. } | SlotState::Live { .. } | SlotState::Off)
            | None => None,
        };
        Unavailable {
            microphone: trouble(Slot::Audio, self.wanted.mic),
            camera: trouble(Slot::Camera, self.wanted.camera),
        }
    }

    /// Whether pictures are held on the way to somebody. True if that is new.
    pub(super) const fn set_narrow(&mut self, narrow: bool) -> bool {
        let before = std::mem::replace(&mut self.narrow, narrow);
        before != narrow
    }

    /// Counts a message that tells what is sent.
    pub(super) const fn count(&mut self) -> u64 {
        self.n += 1;
        self.n
    }

    /// The person switches a slot. False if there is nothing to do.
    pub(super) fn switch(&mut self, slot: Slot, on: bool) -> bool {
        let again = on && matches!(self.states.get(&slot), Some(SlotState::Unavailable { .. }));
        let wanted = match slot {
            Slot::Audio => &mut self.wanted.mic,
            Slot::Camera => &mut self.wanted.camera,
            Slot::Screen => &mut self.wanted.screen,
            Slot::ScreenAudio => return false,
        };
        if *wanted == on && !again {
            return false;
        }
        *wanted = on;
        if again || !on {
            self.states.remove(&slot);
        }
        true
    }

    /// The executor reports a slot.
    pub(super) fn report(&mut self, slot: Slot, state: SlotState) {
        if slot == Slot::Screen
            && matches!(
                state,
                SlotState::Unavailable { problem: DeviceProblem::Dismissed } | SlotState::Off
            )
        {
            // The person closed the picker, or stopped sharing from outside.
            self.wanted.screen = false;
            self.states.remove(&slot);
            return;
        }
        if matches!(state, SlotState::Off) {
            self.states.remove(&slot);
        } else {
            self.states.insert(slot, state);
        }
    }

    /// Everything is closed.
    pub(super) fn close(&mut self) {
        self.states.clear();
    }

    /// The order for one slot.
    pub(super) fn order(&self, slot: Slot, settings: &Settings) -> PeerCommand {
        let (on, device) = match slot {
            Slot::Audio => (self.wanted.mic, settings.microphone.clone()),
            Slot::Camera => (self.wanted.camera, settings.camera.clone()),
            Slot::Screen | Slot::ScreenAudio => (self.wanted.screen, None),
        };
        PeerCommand::Send { slot, on, device }
    }

    /// The orders that a new connection starts with: what is wanted, and nothing else.
    pub(super) fn orders(&self, settings: &Settings) -> Vec<PeerCommand> {
        SWITCHED
            .into_iter()
            .map(|slot| self.order(slot, settings))
            .filter(|order| matches!(order, PeerCommand::Send { on: true, .. }))
            .collect()
    }

    pub(super) fn view(&self) -> LocalView {
        let slot = |slot, on| LocalSlot {
            on,
            state: self.states.get(&slot).cloned().unwrap_or(SlotState::Off),
        };
        LocalView {
            audio: slot(Slot::Audio, self.wanted.mic),
            camera: slot(Slot::Camera, self.wanted.camera),
            screen: slot(Slot::Screen, self.wanted.screen),
            narrow: self.narrow,
        }
    }
}

/// What others are told of a problem: enough to know that nobody muted it.
const fn trouble(problem: DeviceProblem) -> DeviceTrouble {
    match problem {
        DeviceProblem::Denied | DeviceProblem::Dismissed => DeviceTrouble::NotAllowed,
        DeviceProblem::Missing | DeviceProblem::Unplugged => DeviceTrouble::Missing,
        DeviceProblem::Busy => DeviceTrouble::Busy,
        DeviceProblem::Hung | DeviceProblem::Other => DeviceTrouble::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_and_fails_is_told_apart_from_what_is_muted() {
        let mut local = Local::starting(Media::Video, 0);
        assert!(local.unavailable().is_nothing());
        local.report(Slot::Audio, SlotState::Unavailable { problem: DeviceProblem::Denied });
        local.report(Slot::Camera, SlotState::Unavailable { problem: DeviceProblem::Busy });
        let told = local.unavailable();
        assert_eq!(told.microphone, Some(DeviceTrouble::NotAllowed));
        assert_eq!(told.camera, Some(DeviceTrouble::Busy));
        local.switch(Slot::Audio, false);
        assert_eq!(local.unavailable().microphone, None, "muted by the person after all");
        local.report(Slot::Camera, SlotState::Off);
        assert_eq!(local.unavailable().camera, None);
    }

    #[test]
    fn a_voice_call_wants_no_camera() {
        let local = Local::starting(Media::Voice, 0);
        assert_eq!(
            local.wanted(),
            MediaState { mic: true, camera: false, screen: false, narrow: false }
        );
        assert_eq!(local.orders(&Settings::default()).len(), 1, "only the microphone is opened");
    }

    #[test]
    fn a_muted_person_comes_back_muted_and_without_a_screen() {
        let local =
            Local::resuming(MediaState { mic: false, camera: true, screen: true, narrow: true }, 0);
        assert_eq!(
            local.wanted(),
            MediaState { mic: false, camera: true, screen: false, narrow: false }
        );
    }

    #[test]
    fn a_missing_device_is_told_as_not_sending_and_can_be_tried_again() {
        let mut local = Local::starting(Media::Video, 0);
        local.report(Slot::Camera, SlotState::Unavailable { problem: DeviceProblem::Missing });
        assert!(!local.sending().camera, "the others see no picture coming");
        assert!(local.view().camera.on, "the person still wants it");
        assert!(local.switch(Slot::Camera, true), "asking again tries the device again");
        assert!(!local.switch(Slot::Camera, true), "once");
    }

    #[test]
    fn a_closed_picker_switches_the_screen_off() {
        let mut local = Local::starting(Media::Voice, 0);
        local.switch(Slot::Screen, true);
        local.report(Slot::Screen, SlotState::Unavailable { problem: DeviceProblem::Dismissed });
        assert!(!local.wanted().screen);
    }
}
