//! Pictures on their way out: VP8 frames into packets, and what the encoder should do about the
//! path. Those on their way in are [`crate::pictures::incoming`]'s.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::media::Mid;
use str0m::rtp::RtpWrite;

use super::slots::Agreed;
use super::stream::{Numbers, OwnStream};
use crate::control::{Content, Controller, Observation, Order};
use crate::pictures::Picture;
use crate::pictures::vp8::{PAYLOAD_BYTES, Packetizer};

/// What can be sent again: str0m's own measures.
const RESENT_PACKETS: usize = 1_024;
const RESENT_AGE: Duration = Duration::from_secs(3);

/// One outgoing slot of pictures.
#[derive(Debug)]
pub(super) struct Outgoing {
    stream: OwnStream<Stream>,
    controller: Controller,
    sends: bool,
    /// A picture was left out: nothing can be decoded before the next key frame.
    broken: bool,
    /// Pictures are made already, and nothing can be sent yet.
    waits: bool,
}

#[derive(Debug)]
struct Stream {
    numbers: Numbers,
    packetizer: Packetizer,
    /// The share that str0m was told it may send again.
    resent_share: Option<f32>,
}

impl Stream {
    fn of_ssrc(ssrc: u32) -> Self {
        let numbers = Numbers::of_ssrc(ssrc);
        // Random as the SSRC is (RFC 7741 section 4.2).
        let first = u16::try_from(ssrc >> 16).unwrap_or_default();
        Self { numbers, packetizer: Packetizer::new(first), resent_share: None }
    }
}

impl Outgoing {
    pub(super) fn new(now: Instant, content: Content) -> Self {
        Self {
            stream: OwnStream::default(),
            controller: Controller::new(now, content),
            sends: false,
            broken: false,
            waits: false,
        }
    }

    /// This device starts or stops to send.
    pub(super) fn switch(&mut self, now: Instant, on: bool) {
        if on == self.sends {
            return;
        }
        self.sends = on;
        self.waits = false;
        if on {
            self.controller.start(now);
        } else {
            self.controller.stop();
        }
    }

    pub(super) const fn sends(&self) -> bool {
        self.sends
    }

    /// Sends a frame. False where the connection has no stream for it yet.
    pub(super) fn send(
        &mut self,
        now: Instant,
        rtc: &mut Rtc,
        mid: Mid,
        agreed: Agreed,
        picture: &Picture,
    ) -> bool {
        let mut direct = rtc.direct_api();
        let Some((tx, stream)) = self.stream.find(&mut direct, mid, Stream::of_ssrc) else {
            self.leave_out(now);
            return false;
        };
        if self.broken && !picture.key {
            self.leave_out(now);
            return false;
        }
        self.broken = false;
        let share = Some(self.controller.resent_share());
        if stream.resent_share != share {
            // Only on a change: this forgets what could be sent again.
            stream.resent_share = share;
            tx.set_rtx_cache(RESENT_PACKETS, RESENT_AGE, share);
        }
        let timestamp = stream.numbers.timestamp(ticks(picture.captured_us));
        for payload in stream.packetizer.packetize(&picture.data, PAYLOAD_BYTES) {
            let sequence = stream.numbers.sequence();
            let write = RtpWrite::new(agreed.pt, sequence, timestamp, now, payload.bytes)
                .marker(payload.marker)
                .nackable(true);
            tx.write_rtp(write);
        }
        self.controller.handle(
            now,
            Observation::Frame {
                bytes: picture.data.len(),
                key: picture.key,
                width: picture.width,
                height: picture.height,
            },
        );
        true
    }

    /// Nothing can be sent yet. What is made until [`Outgoing::open`] is left out. True if that is
    /// news.
    pub(super) const fn wait(&mut self) -> bool {
        self.broken = true;
        !std::mem::replace(&mut self.waits, true)
    }

    pub(super) const fn waits(&self) -> bool {
        self.waits
    }

    /// Media can flow from here on.
    pub(super) fn open(&mut self, now: Instant) {
        self.waits = false;
        self.controller.handle(now, Observation::Opened);
    }

    /// A frame cannot be sent: what follows refers to it, so only a key frame helps.
    pub(super) fn leave_out(&mut self, now: Instant) {
        if !self.broken {
            self.broken = true;
            self.controller.handle(now, Observation::KeyRequested);
        }
    }

    /// The path, as it is seen every 100 ms.
    pub(super) fn observe(&mut self, now: Instant, observation: Observation) {
        self.controller.handle(now, observation);
    }

    pub(super) fn timeout(&mut self, now: Instant) {
        if self.controller.deadline().is_some_and(|at| at <= now) {
            self.controller.handle_timeout(now);
        }
    }

    pub(super) fn poll(&mut self) -> Option<Order> {
        self.controller.poll()
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.controller.deadline()
    }

    /// What this slot would send if the path allowed it, in bit/s.
    pub(super) fn desired(&self) -> u64 {
        if self.sends { self.controller.desired() } else { 0 }
    }
}

/// Microseconds in the clock of video over RTP, which wraps.
fn ticks(us: u64) -> u32 {
    let ticks = u128::from(us) * 9 / 100;
    u32::try_from(ticks & u128::from(u32::MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_microsecond_clock_becomes_ninety_kilohertz_and_wraps() {
        assert_eq!(ticks(1_000_000), 90_000, "a second");
        assert_eq!(ticks(33_333), 2_999, "a frame, rounded down");
        let wrap = (1_u64 << 32) * 100 / 9;
        assert!(ticks(wrap + 1_000) < 1_000, "after thirteen hours it starts again");
        assert_eq!(
            ticks(u64::MAX) as u64,
            (u128::from(u64::MAX) * 9 / 100 % (1 << 32)) as u64,
            "however late"
        );
    }
}
