//! Calls that are over: what the relay keeps of them, as far as it was loaded.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_protocol::{CallId, CallRecord, ConversationId, EndReason, UserId};

use crate::api::{Direction, Entry, Outcome};

/// Calls that are over.
#[derive(Debug, Default)]
pub(crate) struct History {
    records: BTreeMap<CallId, CallRecord>,
    /// The calls of each conversation, so that looking into one costs nothing for the others.
    places: BTreeMap<ConversationId, BTreeSet<CallId>>,
    /// Of all conversations, and of each one that was opened.
    pages: BTreeMap<Scope, Page>,
    loading: BTreeSet<Scope>,
}

/// Which calls: all, or those of one conversation.
pub(crate) type Scope = Option<ConversationId>;

/// How far a scope was loaded.
#[derive(Debug, Clone, Copy)]
struct Page {
    /// The oldest loaded call.
    oldest: Option<CallId>,
    /// Where the next page starts; `None` at the end.
    next: Option<CallId>,
}

impl History {
    /// A call ended, or a conversation came with its newest one.
    pub(crate) fn add(&mut self, record: CallRecord) {
        self.places.entry(record.conversation).or_default().insert(record.call_id);
        self.records.insert(record.call_id, record);
    }

    /// A page arrived. `first` says that it is the newest one.
    pub(crate) fn add_page(&mut self, scope: Scope, calls: Vec<CallRecord>, next: Option<CallId>) {
        self.loading.remove(&scope);
        let oldest = calls.iter().map(|call| call.call_id).min();
        let before = self.pages.get(&scope).and_then(|page| page.oldest);
        let oldest = oldest.into_iter().chain(before).min();
        self.pages.insert(scope, Page { oldest, next });
        for call in calls {
            self.add(call);
        }
    }

    /// A page did not arrive.
    pub(crate) fn page_failed(&mut self, scope: Scope) {
        self.loading.remove(&scope);
    }

    /// A page is on its way.
    pub(crate) fn is_loading(&self, scope: Scope) -> bool {
        self.loading.contains(&scope)
    }

    /// The relay has older ones.
    pub(crate) fn has_more(&self, scope: Scope) -> bool {
        self.pages.get(&scope).is_some_and(|page| page.next.is_some())
    }

    /// The first page was never loaded.
    pub(crate) fn is_unread(&self, scope: Scope) -> bool {
        !self.pages.contains_key(&scope)
    }

    /// Starts loading the first page (`next` is `None`) or the one after what is loaded; `None` if
    /// there is nothing to load or it is on its way.
    pub(crate) fn start(&mut self, scope: Scope, earlier: bool) -> Option<Option<CallId>> {
        let before = match (earlier, self.pages.get(&scope)) {
            (false, _) | (true, None) => None,
            (true, Some(page)) => Some(page.next?),
        };
        self.loading.insert(scope).then_some(before)
    }

    /// Loaded calls without gaps, newest first. What is known of older ones, such as a
    /// conversation's newest call, comes with its page.
    pub(crate) fn all(&self) -> impl Iterator<Item = &CallRecord> {
        let oldest = self.oldest(None);
        self.records
            .values()
            .rev()
            .take_while(move |record| oldest.is_none_or(|oldest| record.call_id >= oldest))
    }

    /// The same of one conversation.
    pub(crate) fn of(&self, conversation: ConversationId) -> impl Iterator<Item = &CallRecord> {
        let oldest = self.oldest(Some(conversation));
        self.places
            .get(&conversation)
            .into_iter()
            .flat_map(|calls| calls.iter().rev())
            .take_while(move |call| oldest.is_none_or(|oldest| **call >= oldest))
            .filter_map(|call| self.records.get(call))
    }

    /// How far a scope is known without gaps; `None` if to its beginning.
    fn oldest(&self, scope: Scope) -> Option<CallId> {
        self.pages.get(&scope).filter(|page| page.next.is_some()).and_then(|page| page.oldest)
    }

    /// Calls of a conversation that were missed after a moment.
    pub(crate) fn missed(&self, conversation: ConversationId, me: UserId, after: u64) -> u32 {
        let calls = self.places.get(&conversation).into_iter().flatten();
        let missed = calls.filter_map(|call| self.records.get(call)).filter(|record| {
            record.started_at > after
                && matches!(outcome(record, me), Outcome::Missed | Outcome::Busy if record.caller != me)
        });
        u32::try_from(missed.count()).unwrap_or(u32::MAX)
    }

    /// How recorded calls ended, for devices that were away.
    pub(crate) fn reasons(&self) -> BTreeMap<CallId, EndReason> {
        self.records.iter().map(|(call, record)| (*call, record.reason)).collect()
    }
}

/// How a call went, seen from one user.
///
/// | reason | answered, this user was in it | outgoing, not answered | incoming, not by this user |
/// |---|---|---|---|
/// | ended, window closed | answered | cancelled | missed |
/// | lost | lost | failed | missed |
/// | time limit | time limit | failed | missed |
/// | failed | failed | failed | missed |
/// | cancelled | answered | cancelled | missed |
/// | declined | answered | declined | declined |
/// | busy | answered | busy | busy |
/// | dnd | answered | dnd | missed |
/// | no answer | answered | no answer | missed |
/// | unreachable | answered | unreachable | missed |
/// | replaced, answered or declined elsewhere, unknown | answered | cancelled | missed |
pub(crate) fn outcome(record: &CallRecord, me: UserId) -> Outcome {
    let answered = record.answered_at.is_some() && record.participants.contains(&me);
    if answered {
        return match record.reason {
            EndReason::Lost => Outcome::Lost,
            EndReason::TimeLimit => Outcome::TimeLimit,
            EndReason::Failed => Outcome::Failed,
            EndReason::Ended
            | EndReason::WindowClosed
            | EndReason::Cancelled
            | EndReason::Declined
            | EndReason::Busy
            | EndReason::Dnd
            | EndReason::NoAnswer
            | EndReason::AnsweredElsewhere
            | EndReason::DeclinedElsewhere
            | EndReason::Unreachable
            | EndReason::Replaced
            | EndReason::Unknown => Outcome::Answered,
        };
    }
    let outgoing = record.caller == me;
    match record.reason {
        EndReason::Declined => Outcome::Declined,
        EndReason::Busy => Outcome::Busy,
        EndReason::Dnd if outgoing => Outcome::Dnd,
        EndReason::NoAnswer if outgoing => Outcome::NoAnswer,
        EndReason::Unreachable if outgoing => Outcome::Unreachable,
        EndReason::Failed | EndReason::Lost | EndReason::TimeLimit if outgoing => Outcome::Failed,
        EndReason::Ended
        | EndReason::WindowClosed
        | EndReason::Cancelled
        | EndReason::AnsweredElsewhere
        | EndReason::DeclinedElsewhere
        | EndReason::Replaced
        | EndReason::Unknown
            if outgoing =>
        {
            Outcome::Cancelled
        }
        EndReason::Ended
        | EndReason::WindowClosed
        | EndReason::Cancelled
        | EndReason::Dnd
        | EndReason::NoAnswer
        | EndReason::AnsweredElsewhere
        | EndReason::DeclinedElsewhere
        | EndReason::Unreachable
        | EndReason::Lost
        | EndReason::TimeLimit
        | EndReason::Replaced
        | EndReason::Failed
        | EndReason::Unknown => Outcome::Missed,
    }
}

/// A line of a timeline. `name` is the conversation's; where that is gone, the record's is.
pub(crate) fn entry(record: &CallRecord, me: UserId, name: String) -> Entry {
    let length =
        record.answered_at.map(|answered| record.ended_at.saturating_sub(answered) / 1_000);
    let known = || record.name.as_ref().map_or_else(String::new, |name| name.as_str().to_owned());
    let name = if name.is_empty() { known() } else { name };
    let direction = if record.caller == me { Direction::Outgoing } else { Direction::Incoming };
    Entry::Call {
        id: record.call_id,
        conversation: record.conversation,
        name,
        direction,
        media: record.media,
        outcome: outcome(record, me),
        at: record.started_at,
        length_s: length.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
    }
}

#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;
