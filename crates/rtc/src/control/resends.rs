//! How much may be sent again of what got lost.
//!
//! str0m drops every resend that is due once resends are a certain share of what it sent in the last
//! second. A small share is right where a queue overflowed: resends would fill it again. It is wrong
//! where packets vanish at random: of a key frame's thirty packets six are missing then, and if they
//! are never sent again, no key frame arrives. Which of the two it is, the round trip tells.

use std::time::{Duration, Instant};

/// What str0m allows by itself.
const FEW: f32 = 0.15;
/// What random losses need: a fifth of all packets, a fifth of those again, and padding for probes
/// counts too. With 20 % loss the picture stands still for 7 s of 20 rather than 18; the same share
/// on every path would lengthen the still after an outage from 0.5 s to 1.3 s.
const MANY: f32 = 0.5;
/// Loss from which [`FEW`] are not enough, as the share is of the packets sent at all.
const LOSSY: f32 = 0.08;
/// Loss below which they are.
const CLEAN: f32 = 0.03;
/// How long packets have to get lost without a long queue. Shorter takes a queue that overflowed
/// for random losses.
const LOSSY_FOR: Duration = Duration::from_millis(1_500);
/// How long a path has to be clean. A change forgets everything that could be sent again.
const CLEAN_FOR: Duration = Duration::from_secs(5);

/// See the module's head.
#[derive(Debug, Default)]
pub(super) struct Resends {
    many: bool,
    /// Since when the other choice would be right.
    since: Option<Instant>,
}

impl Resends {
    /// The share of what is sent that may be sent again.
    pub(super) const fn share(&self) -> f32 {
        if self.many { MANY } else { FEW }
    }

    /// The share that was lost lately.
    pub(super) fn observe(&mut self, now: Instant, loss: f32) {
        let other = if self.many { loss < CLEAN } else { loss > LOSSY };
        if !other {
            self.since = None;
            return;
        }
        let since = *self.since.get_or_insert(now);
        let enough = if self.many { CLEAN_FOR } else { LOSSY_FOR };
        if now.saturating_duration_since(since) >= enough {
            *self = Self { many: !self.many, since: None };
        }
    }

    /// The queue is long: what gets lost now says nothing about chance.
    pub(super) const fn handle_queue(&mut self) {
        if !self.many {
            self.since = None;
        }
    }

    /// Nothing arrived for a while: everything since is asked for at the same time.
    pub(super) fn handle_back(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use super::*;

    /// Sees a loss every 100 ms, and returns the time after that.
    fn see(resends: &mut Resends, from: Instant, time: Duration, loss: f32) -> Instant {
        let mut now = from;
        while now < from + time {
            resends.observe(now, loss);
            now += Duration::from_millis(100);
        }
        now
    }

    #[test]
    fn much_is_sent_again_where_much_is_lost_for_a_while() {
        let mut resends = Resends::default();
        let now = see(&mut resends, Instant::now(), Duration::from_millis(1_500), 0.2);
        assert!(resends.share() < 0.2, "not yet: it may be a queue");
        let now = see(&mut resends, now, Duration::from_millis(200), 0.2);
        assert!(resends.share() > 0.3, "a key frame needs it");
        let now = see(&mut resends, now, Duration::from_secs(60), 0.05);
        assert!(resends.share() > 0.3, "in between nothing changes");
        see(&mut resends, now, Duration::from_millis(5_200), 0.0);
        assert!(resends.share() < 0.2, "a clean path needs little");
    }

    #[test]
    fn what_a_queue_loses_counts_for_nothing() {
        let (mut resends, mut now) = (Resends::default(), Instant::now());
        for _ in 0..20 {
            now = see(&mut resends, now, Duration::from_secs(1), 0.3);
            resends.handle_queue();
        }
        assert!(resends.share() < 0.2, "resends would fill it again");
    }

    #[test]
    fn an_outage_ends_it() {
        let mut resends = Resends::default();
        let now = see(&mut resends, Instant::now(), Duration::from_secs(3), 0.2);
        resends.handle_back();
        see(&mut resends, now, Duration::from_secs(1), 0.9);
        assert!(resends.share() < 0.2, "a second and a half of packets is asked for at once");
    }
}
