//! A slot's outgoing stream in str0m, and the numbers of what is sent on it.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::change::DirectApi;
use str0m::media::Mid;
use str0m::rtp::{SeqNo, Ssrc, StreamTx};

/// A slot's outgoing stream, with what is kept for as long as it is the same one: a connection that
/// began anew has another, by its SSRC.
#[derive(Debug)]
pub(super) struct OwnStream<T>(Option<(Ssrc, T)>);

impl<T> Default for OwnStream<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> OwnStream<T> {
    /// The stream of a slot and what is kept for it, made of its SSRC where it is a new one. `None`
    /// where the connection has no stream for the slot yet.
    pub(super) fn find<'a>(
        &mut self,
        direct: &'a mut DirectApi<'_>,
        mid: Mid,
        make: impl FnOnce(u32) -> T,
    ) -> Option<(&'a mut StreamTx, &mut T)> {
        let tx = direct.stream_tx_by_mid(mid, None)?;
        let ssrc = tx.ssrc();
        if self.0.as_ref().is_none_or(|(known, _)| *known != ssrc) {
            self.0 = Some((ssrc, make(*ssrc)));
        }
        let (_, kept) = self.0.as_mut()?;
        Some((tx, kept))
    }
}

/// How long the oldest packet of a stream waits to be sent.
pub(super) fn queue_age(rtc: &mut Rtc, mid: Mid, now: Instant) -> Duration {
    let mut direct = rtc.direct_api();
    direct
        .stream_tx_by_mid(mid, None)
        .and_then(|stream| stream.queue_info()?.first_unsent())
        .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
}

/// Numbers what is sent on one stream.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers {
    next: u64,
    offset: u32,
}

impl Numbers {
    /// Starts somewhere that the stream's random SSRC decides, so that neither sequence numbers nor
    /// timestamps say how long this device sends (RFC 3550 section 5.1). Below 2^15, so that both
    /// ends agree on the rollover counter even if the first packets are lost.
    pub(super) fn of_ssrc(ssrc: u32) -> Self {
        Self { next: u64::from(ssrc & 0x7fff), offset: ssrc.rotate_left(16) }
    }

    pub(super) fn sequence(&mut self) -> SeqNo {
        let sequence = self.next.into();
        self.next += 1;
        sequence
    }

    pub(super) const fn timestamp(&self, media: u32) -> u32 {
        media.wrapping_add(self.offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_and_start_below_the_first_rollover() {
        let mut numbers = Numbers::of_ssrc(0xffff_ffff);
        let first = *numbers.sequence();
        assert!(first < 1 << 15, "the receiver cannot guess another rollover");
        assert_eq!(*numbers.sequence(), first + 1, "one by one");
        assert_eq!(
            numbers.timestamp(960).wrapping_sub(numbers.timestamp(0)),
            960,
            "the offset changes no distance"
        );
    }
}
