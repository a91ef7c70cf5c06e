//! Calls that are over, remembered for a while so that late messages are told the truth.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_protocol::{CallId, UserId};

use super::Refusal;

/// How long an ended call is answered with `stale` rather than `not_found`, in ms. Longer than a
/// resume may take, so that a late message of a member is told the truth.
const REMEMBER_ENDED_MS: u64 = 180_000;
/// Ended calls remembered at most; each costs about 200 bytes.
const REMEMBER_ENDED: usize = 20_000;

/// Calls that ended a moment ago, with those who may know.
#[derive(Debug, Default)]
pub(super) struct Ended {
    pub(super) calls: BTreeMap<CallId, BTreeSet<UserId>>,
    order: VecDeque<(u64, CallId)>,
}

impl Ended {
    pub(super) fn remember(&mut self, now: u64, id: CallId, seen_by: BTreeSet<UserId>) {
        self.calls.insert(id, seen_by);
        self.order.push_back((now, id));
        if self.order.len() > REMEMBER_ENDED
            && let Some((_, oldest)) = self.order.pop_front()
        {
            self.calls.remove(&oldest);
        }
    }

    pub(super) fn expire(&mut self, now: u64) {
        while let Some((at, id)) = self.order.front().copied() {
            if now.saturating_sub(at) < REMEMBER_ENDED_MS {
                break;
            }
            self.order.pop_front();
            self.calls.remove(&id);
        }
    }

    pub(super) fn refusal(&self, user: UserId, id: CallId) -> Refusal {
        match self.calls.get(&id) {
            Some(users) if users.contains(&user) => Refusal::Stale,
            Some(_) | None => Refusal::NotFound,
        }
    }
}
