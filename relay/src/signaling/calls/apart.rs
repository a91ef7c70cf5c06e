//! People who blocked each other, or whose contact was removed, while a call goes on.

use std::collections::{BTreeSet, VecDeque};

use bellwire_protocol::{DeviceId, EndReason, RejectReason, UserId};

use super::Output;
use super::call::{Call, Fate, Phase};
use super::ringing::Ring;

/// Pairs of people who get nothing from each other, whoever of them wanted it so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Apart(BTreeSet<(UserId, UserId)>);

impl Apart {
    /// One pair more.
    pub fn add(&mut self, a: UserId, b: UserId) {
        self.0.insert((a.min(b), a.max(b)));
    }

    /// Whether the two are such a pair.
    #[must_use]
    pub fn holds(&self, a: UserId, b: UserId) -> bool {
        self.0.contains(&(a.min(b), a.max(b)))
    }
}

/// How two people part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parting {
    /// The contact was removed: their direct conversation is gone, and groups stay.
    Removed,
    /// One blocked the other: nothing passes anywhere.
    Blocked,
}

impl Call {
    /// `by` parted from `other`.
    pub(super) fn part(
        &mut self,
        now: u64,
        by: UserId,
        other: UserId,
        parting: Parting,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        if parting == Parting::Removed && !self.direct {
            return Fate::Lives;
        }
        self.apart.add(by, other);
        let caller = self.caller.user;
        match &self.phase {
            Phase::Live(live) => {
                let over = self.direct || live.is_silent(&self.apart);
                if over { self.end(now, EndReason::Ended, out) } else { Fate::Lives }
            }
            Phase::Ringing(_) if caller == other => {
                // The caller goes on as with somebody who is not there.
                self.keep_from(by, EndReason::DeclinedElsewhere, out);
                Fate::Lives
            }
            Phase::Ringing(_) if caller == by => {
                self.keep_from(other, EndReason::Cancelled, out);
                // The caller knows that nobody answers there.
                if let Some(callee) = self.invited.get_mut(&other) {
                    callee.refused.get_or_insert(RejectReason::Declined);
                }
                if self.is_waited_for() {
                    Fate::Lives
                } else {
                    self.end(now, EndReason::Cancelled, out)
                }
            }
            Phase::Ringing(_) => Fate::Lives,
        }
    }

    /// Stops ringing at a callee, who is kept out of the call from here on.
    fn keep_from(&mut self, user: UserId, reason: EndReason, out: &mut VecDeque<Output>) {
        if let Some(callee) = self.invited.get_mut(&user) {
            callee.rings = false;
        }
        let Phase::Ringing(ringing) = &mut self.phase else { return };
        let theirs: Vec<(DeviceId, Ring)> = ringing
            .devices
            .iter()
            .filter(|(_, (device, _))| device.user == user)
            .map(|(device, (_, ring))| (*device, *ring))
            .collect();
        ringing.devices.retain(|_, (device, _)| device.user != user);
        for (device, ring) in theirs {
            if ring == Ring::Rings {
                self.tell_ended(device, reason, out);
            }
        }
    }
}
