//! Calls that are over, remembered for a while so that late messages are told the truth.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_protocol::{CallId, DeviceId, Participant, UserId};

use super::Refusal;
use crate::store::NewRecord;

/// How long an ended call is answered with `stale` rather than `not_found`, in ms. Longer than a
/// resume may take, so that a late message of a member is told the truth.
const REMEMBER_ENDED_MS: u64 = 180_000;
/// Ended calls remembered at most; each costs about 200 bytes.
const REMEMBER_ENDED: usize = 20_000;

/// The end of a call that only one person claimed: not history until somebody else who is named in
/// the claim says so as well. Their word may come late: where a relay came back a moment ago, one
/// person's hang-up can overtake the other's claim.
#[derive(Debug)]
pub(super) struct OneWord {
    pub(super) record: NewRecord,
    /// The devices whose word makes it history.
    pub(super) named: BTreeMap<DeviceId, UserId>,
}

/// A call that ended a moment ago.
#[derive(Debug)]
struct Over {
    /// Who may know.
    seen_by: BTreeSet<UserId>,
    one_word: Option<OneWord>,
}

/// Calls that ended a moment ago, with those who may know.
#[derive(Debug, Default)]
pub(super) struct Ended {
    calls: BTreeMap<CallId, Over>,
    order: VecDeque<(u64, CallId)>,
}

impl Ended {
    pub(super) fn remember(
        &mut self,
        now: u64,
        id: CallId,
        seen_by: BTreeSet<UserId>,
        one_word: Option<OneWord>,
    ) {
        self.calls.insert(id, Over { seen_by, one_word });
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
            Some(over) if over.seen_by.contains(&user) => Refusal::Stale,
            Some(_) | None => Refusal::NotFound,
        }
    }

    /// Whether each is remembered once, and until a time that is in order.
    #[cfg(test)]
    pub(super) fn agrees(&self) -> bool {
        let in_order = self.order.iter().map(|(at, _)| at).is_sorted();
        let mut ids: Vec<CallId> = self.order.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable();
        in_order && ids.iter().eq(self.calls.keys())
    }

    pub(super) fn knows(&self, id: CallId) -> bool {
        self.calls.contains_key(&id)
    }

    /// A device speaks of a call that is over: the second word makes it history.
    pub(super) fn confirm(&mut self, by: &Participant, id: CallId) -> Option<NewRecord> {
        let one_word = &mut self.calls.get_mut(&id)?.one_word;
        let named = one_word.as_ref()?.named.get(&by.device) == Some(&by.user);
        let OneWord { mut record, .. } = one_word.take_if(|_| named)?;
        record.record.participants.push(by.user);
        record.record.participants.sort_unstable();
        Some(record)
    }
}
