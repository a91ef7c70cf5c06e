//! The fixed m-lines of a connection and what was negotiated for each.

use bellwire_core::api::Slot;
use str0m::Rtc;
use str0m::format::Codec;
use str0m::media::{Mid, Pt};

/// Every slot, in the order of the m-lines.
pub(crate) const SLOTS: [Slot; 4] = [Slot::Audio, Slot::Camera, Slot::Screen, Slot::ScreenAudio];

/// Whether a slot carries sound; else it carries pictures.
pub(crate) const fn is_sound(slot: Slot) -> bool {
    match slot {
        Slot::Audio | Slot::ScreenAudio => true,
        Slot::Camera | Slot::Screen => false,
    }
}

/// The index of a slot in [`SLOTS`].
pub(crate) const fn index(slot: Slot) -> usize {
    match slot {
        Slot::Audio => 0,
        Slot::Camera => 1,
        Slot::Screen => 2,
        Slot::ScreenAudio => 3,
    }
}

/// Which m-line is which slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Slots([Option<Mid>; 4]);

impl Slots {
    /// The m-lines in the order in which they stand in a description; `true` is sound. A line of
    /// another kind than its slot is nobody's.
    pub(crate) fn of_lines(lines: impl IntoIterator<Item = (bool, Mid)>) -> Self {
        let mut slots = Self::default();
        for ((slot, place), (sound, mid)) in SLOTS.iter().zip(&mut slots.0).zip(lines) {
            *place = (is_sound(*slot) == sound).then_some(mid);
        }
        slots
    }

    pub(crate) const fn mid(&self, slot: Slot) -> Option<Mid> {
        self.0[index(slot)]
    }

    pub(crate) fn slot(&self, mid: Mid) -> Option<Slot> {
        SLOTS.into_iter().find(|slot| self.mid(*slot) == Some(mid))
    }
}

/// The payload types that both sides agreed on for one slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Opus or VP8.
    pub(crate) pt: Pt,
    /// RFC 2198 around Opus, where both know it.
    pub(crate) red: Option<Pt>,
}

/// What both sides agreed on, if they agreed on anything.
pub(crate) fn agreed(rtc: &Rtc, slot: Slot, mid: Mid) -> Option<Agreed> {
    let codec = if is_sound(slot) { Codec::Opus } else { Codec::Vp8 };
    let remote = rtc.media(mid)?.remote_pts();
    let params = rtc
        .codec_config()
        .params()
        .iter()
        .find(|params| params.spec().codec == codec && remote.contains(&params.pt()))?;
    Some(Agreed { pt: params.pt(), red: params.red() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_slots_by_their_order_and_kind() {
        let mid = |name: &str| Mid::from(name);
        let slots = Slots::of_lines([
            (true, mid("a")),
            (false, mid("b")),
            (true, mid("c")),
            (true, mid("d")),
            (false, mid("e")),
        ]);
        assert_eq!(slots.slot(mid("a")), Some(Slot::Audio), "the first line is the microphone");
        assert_eq!(slots.mid(Slot::Camera), Some(mid("b")), "the second the camera");
        assert_eq!(slots.mid(Slot::Screen), None, "a sound where a picture belongs is nobody's");
        assert_eq!(slots.slot(mid("d")), Some(Slot::ScreenAudio), "the fourth is sound again");
        assert_eq!(slots.slot(mid("e")), None, "there is no fifth");
    }
}
