//! The pictures of one incoming slot: packets in, pictures and requests for key frames out.

use std::time::{Duration, Instant};

use super::Picture;
use super::assembly::{Assembly, Counts, Packet};
use super::keys::{Keys, Reason};
use super::playout::{Audible, Figures, Playout, Report};

/// What comes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Show this picture now.
    Picture(Picture),
    /// Ask the sender for a key frame now (PLI).
    AskKey(Reason),
}

/// Assembly, playout and key frame requests of one slot. After every `handle_*` drain
/// [`poll`](Self::poll), and again at [`deadline`](Self::deadline).
#[derive(Debug, Default)]
pub struct Incoming {
    assembly: Assembly,
    playout: Playout,
    keys: Keys,
}

impl Incoming {
    /// Nothing arrived yet, and nothing is sent.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A packet arrived.
    pub fn handle_packet(&mut self, packet: Packet) {
        let now = packet.received;
        self.assembly.handle(packet);
        self.assemble(now);
    }

    /// The other side sends on this slot, or does not any more.
    pub const fn handle_sent(&mut self, sent: bool) {
        self.keys.handle_sent(sent);
    }

    /// The host's decoder failed on a picture that was handed out.
    pub const fn handle_decoder_error(&mut self) {
        self.keys.handle_decoder_error();
    }

    /// The round trip as measured last.
    pub fn set_round_trip(&mut self, round_trip: Duration) {
        self.assembly.set_round_trip(round_trip);
        self.keys.set_round_trip(round_trip);
    }

    /// The last sender report of this stream.
    pub const fn set_report(&mut self, report: Report) {
        self.playout.set_report(report);
    }

    /// The last sender report of the sound that belongs to it.
    pub const fn set_sound_report(&mut self, report: Report) {
        self.playout.set_sound_report(report);
    }

    /// What of that sound is heard when; see [`Playout::set_sound`].
    pub const fn set_sound(&mut self, audible: Option<Audible>) {
        self.playout.set_sound(audible);
    }

    /// What is to be done now.
    pub fn poll(&mut self, now: Instant) -> Option<Output> {
        self.assemble(now);
        if let Some(picture) = self.playout.poll(now) {
            return Some(Output::Picture(picture));
        }
        self.keys.poll(now).map(Output::AskKey)
    }

    /// When to poll again, if nothing arrives.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        let deadlines = [self.assembly.deadline(), self.playout.deadline(), self.keys.deadline()];
        deadlines.into_iter().flatten().min()
    }

    /// How long the sound should wait; see [`Playout::sound_delay`].
    #[must_use]
    pub fn sound_delay(&self, now: Instant) -> Option<Duration> {
        self.playout.sound_delay(now)
    }

    /// How it goes.
    #[must_use]
    pub fn figures(&self, now: Instant) -> (Counts, Figures) {
        (self.assembly.counts(), self.playout.figures(now))
    }

    fn assemble(&mut self, now: Instant) {
        while let Some(frame) = self.assembly.poll(now) {
            if frame.picture.key {
                self.keys.handle_key();
            }
            self.playout.handle(now, frame);
        }
        self.keys.handle_stream(self.assembly.wants_key(now));
    }
}

#[cfg(test)]
mod tests;
