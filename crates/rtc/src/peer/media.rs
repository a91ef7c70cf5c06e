//! What is sent and what arrives on the slots of one connection.

use std::time::{Duration, Instant};

use bellwire_core::api::{DeviceProblem, PeerEvent, Slot, SlotState};
use bellwire_voice::packet::Frame;
use str0m::Input;
use str0m::bwe::Bitrate;
use str0m::media::{KeyframeRequestKind, Mid};

use super::slots::{self, Agreed};
use super::{Output, Peer, picture, sound};
use crate::control::{Content, Observation};
use crate::figures::Seen;
use crate::pictures::Picture;
use crate::pictures::incoming::{Incoming, Output as Shown};
use crate::pictures::playout::{Audible, Report};

/// By how much the delay of the sound has to change to be told. Less tells what nobody hears.
const DELAY_STEP: Duration = Duration::from_millis(4);

/// The slots in use. The sound that arrives is whole as it is, and the slot `screenAudio` sends
/// nothing.
pub(super) struct Media {
    pub(super) audio: sound::Outgoing,
    pub(super) camera: Pictures,
    pub(super) screen: Pictures,
}

/// A slot of pictures, both ways.
pub(super) struct Pictures {
    pub(super) outgoing: picture::Outgoing,
    pub(super) incoming: Incoming,
    pub(super) width: u16,
    pub(super) height: u16,
}

impl Pictures {
    fn new(now: Instant, content: Content) -> Self {
        Self {
            outgoing: picture::Outgoing::new(now, content),
            incoming: Incoming::new(),
            width: 0,
            height: 0,
        }
    }

    fn seen(&self, now: Instant) -> Seen {
        Seen {
            frames: self.incoming.figures(now).1.frames,
            width: self.width.into(),
            height: self.height.into(),
        }
    }
}

impl Media {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            audio: sound::Outgoing::default(),
            camera: Pictures::new(now, Content::Camera),
            screen: Pictures::new(now, Content::Screen),
        }
    }

    /// The slot's pictures, where it is one of pictures.
    pub(super) const fn pictures(&mut self, slot: Slot) -> Option<&mut Pictures> {
        match slot {
            Slot::Camera => Some(&mut self.camera),
            Slot::Screen => Some(&mut self.screen),
            Slot::Audio | Slot::ScreenAudio => None,
        }
    }

    /// Every slot of pictures.
    pub(super) const fn every(&mut self) -> [(Slot, &mut Pictures); 2] {
        [(Slot::Camera, &mut self.camera), (Slot::Screen, &mut self.screen)]
    }

    /// This device starts or stops to send on a slot.
    pub(super) fn switch(&mut self, now: Instant, slot: Slot, on: bool) {
        match slot {
            Slot::Audio => self.audio.switch(on),
            Slot::Camera => self.camera.outgoing.switch(now, on),
            Slot::Screen => self.screen.outgoing.switch(now, on),
            Slot::ScreenAudio => {}
        }
    }

    /// This device sends on a slot, or would.
    pub(super) const fn sends(&self, slot: Slot) -> bool {
        match slot {
            Slot::Audio => self.audio.sends(),
            Slot::Camera => self.camera.outgoing.sends(),
            Slot::Screen => self.screen.outgoing.sends(),
            Slot::ScreenAudio => false,
        }
    }

    /// What would be sent if the path allowed it, in bit/s.
    pub(super) fn desired(&self) -> u64 {
        self.camera.outgoing.desired() + self.screen.outgoing.desired()
    }

    /// Media can flow again.
    pub(super) fn on_path_back(&mut self, now: Instant) {
        for (_, pictures) in self.every() {
            pictures.outgoing.observe(now, Observation::PathBack);
        }
    }

    /// The other side says when it captured what it sends on a slot.
    pub(super) fn on_report(&mut self, slot: Slot, report: Report) {
        match slot {
            Slot::Audio => self.camera.incoming.set_sound_report(report),
            Slot::Camera => self.camera.incoming.set_report(report),
            Slot::Screen => self.screen.incoming.set_report(report),
            Slot::ScreenAudio => self.screen.incoming.set_sound_report(report),
        }
    }

    /// The pictures that arrive: those of the slot that more of them came on.
    pub(super) fn seen(&self, now: Instant) -> Seen {
        let (camera, screen) = (self.camera.seen(now), self.screen.seen(now));
        if screen.frames > camera.frames { screen } else { camera }
    }

    /// When [`Media::handle_timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        [&self.camera, &self.screen]
            .into_iter()
            .flat_map(|slot| [slot.outgoing.deadline(), slot.incoming.deadline()])
            .flatten()
            .min()
    }

    /// The deadline has come.
    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for (_, pictures) in self.every() {
            pictures.outgoing.timeout(now);
        }
    }
}

impl Peer {
    /// This device starts or stops to send on a slot.
    pub fn handle_sending(&mut self, now: Instant, slot: Slot, on: bool) {
        let waited = self.waits(slot);
        self.media.switch(now, slot, on);
        if waited && !self.waits(slot) {
            // Whoever is held for its sake is let go: it says so again with the next picture.
            self.out.push_back(Output::Waits { slot, on: false });
        }
        if on {
            self.check_codec(slot);
        }
        self.work(now);
        self.drain(now);
    }

    /// Whether pictures of this slot were made and could not be sent.
    fn waits(&mut self, slot: Slot) -> bool {
        self.media.pictures(slot).is_some_and(|pictures| pictures.outgoing.waits())
    }

    /// A slot that the other side knows no codec for cannot be sent, and says so.
    pub(super) fn check_codec(&mut self, slot: Slot) {
        if self.media.sends(slot) && self.is_settled() && self.agreed(slot).is_none() {
            let state = SlotState::Unavailable { problem: DeviceProblem::Other };
            self.report(PeerEvent::Slot { slot, state });
        }
    }

    /// Sends sound on the `audio` slot; dropped unless media can flow.
    pub fn handle_sound(&mut self, now: Instant, frame: &Frame) {
        if !self.media.audio.sends() || !self.can_send() {
            return;
        }
        if let Some((mid, agreed)) = self.agreed(Slot::Audio)
            && self.media.audio.send(now, &mut self.rtc, mid, agreed, frame)
        {
            self.input(now, Input::Timeout(now));
        }
    }

    /// Sends an encoded picture on `camera` or `screen`. One that cannot be sent makes all before
    /// the next key frame worthless, so that is asked for as soon as it can be sent.
    pub fn handle_picture(&mut self, now: Instant, slot: Slot, picture: &Picture) {
        let can_send = self.can_send();
        let agreed = self.agreed(slot);
        let Some(pictures) = self.media.pictures(slot) else { return };
        let outgoing = &mut pictures.outgoing;
        if !outgoing.sends() {
            return;
        }
        let Some((mid, agreed)) = agreed.filter(|_| can_send) else {
            if outgoing.wait() {
                self.out.push_back(Output::Waits { slot, on: true });
            }
            return;
        };
        outgoing.send(now, &mut self.rtc, mid, agreed, picture);
        self.input(now, Input::Timeout(now));
    }

    /// Pictures of a slot were left out before they came here: as one that cannot be sent.
    pub fn handle_left_out(&mut self, now: Instant, slot: Slot) {
        if let Some(pictures) = self.media.pictures(slot)
            && pictures.outgoing.sends()
        {
            pictures.outgoing.leave_out(now);
        }
        self.work(now);
        self.drain(now);
    }

    /// What came on a slot could not be decoded.
    pub fn handle_undecodable(&mut self, now: Instant, slot: Slot) {
        if let Some(pictures) = self.media.pictures(slot) {
            pictures.incoming.handle_decoder_error();
        }
        self.work(now);
        self.drain(now);
    }

    /// What of the other side's voice is heard, and when: its picture is shown with it, and where
    /// that cannot be in time the voice is asked to wait. Some ten times a second.
    pub fn handle_audible(&mut self, now: Instant, audible: Option<Audible>) {
        let incoming = &mut self.media.camera.incoming;
        incoming.set_sound(audible);
        if let Some(delay) = incoming.sound_delay(now)
            && (delay.abs_diff(self.delay) >= DELAY_STEP || delay.is_zero() != self.delay.is_zero())
        {
            self.delay = delay;
            self.out.push_back(Output::Delay(delay));
        }
        self.work(now);
    }

    pub(super) fn agreed(&self, slot: Slot) -> Option<(Mid, Agreed)> {
        let mid = self.slots.mid(slot)?;
        Some((mid, slots::agreed(&self.rtc, slot, mid)?))
    }

    /// What the slots of pictures ask for.
    pub(super) fn work(&mut self, now: Instant) {
        let mut asked = false;
        let open = self.can_send();
        for (slot, pictures) in self.media.every() {
            let mid = self.slots.mid(slot);
            let opens = open
                && pictures.outgoing.waits()
                && mid.is_some_and(|mid| slots::agreed(&self.rtc, slot, mid).is_some());
            if opens {
                pictures.outgoing.open(now);
            }
            while let Some(order) = pictures.outgoing.poll() {
                self.out.push_back(Output::Order { slot, order });
            }
            if opens {
                // After the order for a key frame, without which the next picture helps nobody.
                self.out.push_back(Output::Waits { slot, on: false });
            }
            while let Some(shown) = pictures.incoming.poll(now) {
                match shown {
                    Shown::Picture(picture) => {
                        if picture.width > 0 {
                            (pictures.width, pictures.height) = (picture.width, picture.height);
                        }
                        self.out.push_back(Output::Picture { slot, picture });
                    }
                    Shown::AskKey(_) => {
                        let mut direct = self.rtc.direct_api();
                        let stream = mid.and_then(|mid| direct.stream_rx_by_mid(mid, None));
                        if let Some(stream) = stream {
                            stream.request_keyframe(KeyframeRequestKind::Pli);
                            asked = true;
                        }
                    }
                }
            }
        }
        if asked {
            self.drain(now);
        }
        let desired = self.media.desired();
        if desired != self.desired {
            self.desired = desired;
            self.rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::from(desired));
            self.drain(now);
        }
    }
}
