//! Every call of this relay: who rings, who is in, what may follow. Pure: time is an argument,
//! nothing is awaited, nothing can fail but by a [`Refusal`].
//!
//! ```text
//!              initiate                    answer (the first one wins)
//!  (nothing) ───────────► Ringing ───────────────────────────────► Live
//!                            │ cancel · declined · busy · dnd ·      │ leave · seat lost ·
//!                            │ ring time over · glare                │ time limit
//!                            ▼                                       ▼
//!                          ended: recorded, remembered for a while as stale
//! ```
//!
//! [`Calls`] finds the call and keeps the indexes and deadlines; [`call::Call`] is one call.
//! One task owns the whole value, so there is nothing to lock. The state is soft: after a restart
//! of the relay the participants bring a live call back with a claim.

mod apart;
mod call;
mod claims;
mod departed;
mod ended;
mod io;
mod live;
mod presence;
mod ringing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_protocol::{
    CallId, ConversationId, EndReason, LiveCall, Media, Offer, Participant, RelayMessage, UserId,
    limits,
};

pub use apart::{Apart, Parting};
use call::{Call, Fate};
use claims::Claims;
use ended::Ended;
pub use io::{
    CLAIM_PARTICIPANTS, Callee, CheckedClaim, Going, Input, Measure, Output, Refusal, Signal,
    Standing,
};
use live::Gone;

/// The deadlines of calls, all in ms.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// How long a call rings.
    pub ring_ms: u64,
    /// How long a participant without a session keeps its seat.
    pub seat_ms: u64,
    /// The same, counted from the last report of its peer that media flows.
    pub seat_with_media_ms: u64,
    /// The same, where its page or program said that it goes away.
    pub seat_left_ms: u64,
    /// Longest call, where the operator set one.
    pub max_call_ms: Option<u64>,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ring_ms: limits::RING_MS,
            seat_ms: limits::SEAT_MS,
            seat_with_media_ms: limits::SEAT_WITH_MEDIA_MS,
            seat_left_ms: limits::SEAT_LEFT_MS,
            max_call_ms: None,
        }
    }
}

impl Timing {
    /// How long a seat is kept after its device went so.
    const fn seat_ms_after(&self, going: Going) -> u64 {
        match going {
            Going::Lost => self.seat_ms,
            Going::Left => self.seat_left_ms,
        }
    }
}

/// Every call that rings or lives.
#[derive(Debug, Default)]
pub struct Calls {
    timing: Timing,
    calls: BTreeMap<CallId, Call>,
    by_user: BTreeMap<UserId, BTreeSet<CallId>>,
    deadlines: BTreeSet<(u64, CallId)>,
    ended: Ended,
    claims: Claims,
    outputs: VecDeque<Output>,
}

impl Calls {
    /// No calls yet.
    #[must_use]
    pub fn new(timing: Timing) -> Self {
        Self { timing, ..Self::default() }
    }

    /// Applies one input. Drain [`Self::poll`] afterwards, also after a refusal.
    ///
    /// # Errors
    /// [`Refusal`]: the sender may not do that; nothing changed.
    pub fn handle(&mut self, now: u64, input: Input) -> Result<(), Refusal> {
        self.expire(now);
        match input {
            Input::Tick => Ok(()),
            Input::Connected { device, fresh } => {
                self.each_call_of(device.user, now, |call, out| {
                    call.connected(&device, fresh, out)
                });
                Ok(())
            }
            Input::Disconnected { device, heard_at, going } => {
                let Participant { user, device, .. } = device;
                let seat_ms = self.timing.seat_ms_after(going);
                let gone = Gone { going, until: now.saturating_add(seat_ms) };
                self.each_call_of(user, now, |call, out| {
                    call.disconnected(now, device, heard_at.min(now), gone, out)
                });
                Ok(())
            }
            Input::Parted { by, other, parting } => {
                self.each_call_of(by, now, |call, out| {
                    let both = call.members().any(|user| user == other);
                    if both { call.part(now, by, other, parting, out) } else { Fate::Lives }
                });
                Ok(())
            }
            Input::SignedOut { device } => {
                self.each_call_of(device.user, now, |call, out| call.signed_out(&device, now, out));
                Ok(())
            }
            Input::Departed { user } => {
                self.take_out(user, now, |call, out| call.departed(now, user, out));
                Ok(())
            }
            Input::LeftGroup { user, conversation } => {
                self.take_out(user, now, |call, out| call.left_group(now, user, conversation, out));
                Ok(())
            }
            Input::Initiate { by, call_id, conversation, direct, media, offer, callees } => {
                let fresh = NewCall { by, call_id, conversation, direct, media, offer: *offer };
                self.initiate(now, fresh, callees)
            }
            Input::Answer { by, call_id, media, answer } => {
                if self.is_busy(&by, call_id) {
                    return Err(Refusal::Busy);
                }
                self.in_call(&by, call_id, now, |call, out| {
                    call.answer(now, &by, media, *answer, out)
                })
            }
            Input::Reject { by, call_id, reason } => {
                self.in_call(&by, call_id, now, |call, out| call.reject(now, &by, reason, out))
            }
            Input::Cancel { by, call_id } => {
                self.in_call(&by, call_id, now, |call, out| call.cancel(now, &by, out))
            }
            Input::Leave { by, call_id } => {
                self.in_call(&by, call_id, now, |call, out| call.leave(now, &by, out))
            }
            Input::Signal { by, call_id, to, signal } => {
                self.in_call(&by, call_id, now, |call, out| call.signal(&by, to, *signal, out))
            }
            Input::Trickle { by, call_id, to, candidates } => {
                self.in_call(&by, call_id, now, |call, out| call.trickle(&by, to, candidates, out))
            }
            Input::MediaState { by, call_id, n, state } => {
                self.in_call(&by, call_id, now, |call, out| call.media_state(&by, n, state, out))
            }
            Input::Sync { by, call_id, claim } => self.sync(now, &by, call_id, claim),
            Input::PeerList { by, call_id } => {
                self.in_call(&by, call_id, now, |call, out| call.peer_list(&by, out))
            }
            Input::Report { by, call_id, setup_ms, flowing } => {
                let until = now.saturating_add(self.timing.seat_with_media_ms);
                self.in_call(&by, call_id, now, |call, out| {
                    call.report(&by, now, setup_ms, flowing.map(|device| (device, until)), out)
                })
            }
        }
    }

    /// The next thing to do.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Input::Tick`], if nothing happens sooner.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// What a fresh session of this device starts from.
    #[must_use]
    pub fn snapshot(&self, device: &Participant) -> Vec<LiveCall> {
        let ids = self.by_user.get(&device.user).into_iter().flatten();
        ids.filter_map(|id| self.calls.get(id)?.snapshot(device)).collect()
    }

    /// How the call stands, if this user is or was asked to be in it.
    #[must_use]
    pub fn standing_for(&self, user: UserId, call_id: CallId) -> Option<Standing> {
        let call = self.calls.get(&call_id)?;
        call.is_participant(user).then(|| call.standing())
    }

    /// How every call stands.
    pub fn standings(&self) -> impl Iterator<Item = Standing> {
        self.calls.values().map(Call::standing)
    }

    /// How many calls ring or live.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether nothing rings or lives.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Runs one step of the sender's call. Members of a call that ended are told so.
    fn in_call(
        &mut self,
        by: &Participant,
        id: CallId,
        now: u64,
        step: impl FnOnce(&mut Call, &mut VecDeque<Output>) -> Result<Fate, Refusal>,
    ) -> Result<(), Refusal> {
        let known = self.by_user.get(&by.user).is_some_and(|calls| calls.contains(&id));
        if !known {
            return Err(self.over(by, id));
        }
        self.step(id, now, step)
    }

    /// A device speaks of a call that is not there.
    fn over(&mut self, by: &Participant, id: CallId) -> Refusal {
        self.outputs.extend(self.ended.confirm(by, id).map(Output::Record));
        self.ended.refusal(by.user, id)
    }

    fn step(
        &mut self,
        id: CallId,
        now: u64,
        step: impl FnOnce(&mut Call, &mut VecDeque<Output>) -> Result<Fate, Refusal>,
    ) -> Result<(), Refusal> {
        let Some(call) = self.calls.get_mut(&id) else { return Err(Refusal::NotFound) };
        let before = call.deadline(self.timing.max_call_ms);
        let fate = step(call, &mut self.outputs)?;
        call.touched(now);
        if let Some(at) = before {
            self.deadlines.remove(&(at, id));
        }
        match fate {
            Fate::Lives => {
                if let Some(at) = call.deadline(self.timing.max_call_ms) {
                    self.deadlines.insert((at, id));
                }
            }
            Fate::Ends => self.forget(id, now),
        }
        Ok(())
    }

    fn each_call_of(
        &mut self,
        user: UserId,
        now: u64,
        mut step: impl FnMut(&mut Call, &mut VecDeque<Output>) -> Fate,
    ) {
        let ids: Vec<CallId> = self.by_user.get(&user).into_iter().flatten().copied().collect();
        for id in ids {
            // Every id of the index is a call, and such a step refuses nothing.
            let _ = self.step(id, now, |call, out| Ok(step(call, out)));
        }
    }

    /// A step after which calls may not be this person's any more.
    fn take_out(
        &mut self,
        user: UserId,
        now: u64,
        step: impl FnMut(&mut Call, &mut VecDeque<Output>) -> Fate,
    ) {
        self.each_call_of(user, now, step);
        let Some(ids) = self.by_user.get_mut(&user) else { return };
        let is_member = |call: &Call| call.members().any(|member| member == user);
        ids.retain(|id| self.calls.get(id).is_some_and(is_member));
        if ids.is_empty() {
            self.by_user.remove(&user);
        }
    }

    fn expire(&mut self, now: u64) {
        self.ended.expire(now);
        while let Some((at, id)) = self.deadlines.first().copied() {
            if at > now {
                break;
            }
            self.deadlines.pop_first();
            let max_call_ms = self.timing.max_call_ms;
            let _ = self.step(id, now, |call, out| Ok(call.expire(now, max_call_ms, out)));
        }
    }

    fn keep(&mut self, call: Call) {
        for user in call.members() {
            self.by_user.entry(user).or_default().insert(call.id());
        }
        if let Some(at) = call.deadline(self.timing.max_call_ms) {
            self.deadlines.insert((at, call.id()));
        }
        self.calls.insert(call.id(), call);
    }

    fn forget(&mut self, id: CallId, now: u64) {
        let Some(mut call) = self.calls.remove(&id) else { return };
        let members: BTreeSet<UserId> = call.members().collect();
        for user in &members {
            if let Some(calls) = self.by_user.get_mut(user) {
                calls.remove(&id);
                if calls.is_empty() {
                    self.by_user.remove(user);
                }
            }
        }
        let one_word = call.one_word.take();
        self.ended.remember(now, id, call.sees().collect(), one_word);
    }

    /// Whether the device places or is in another call than this.
    fn is_busy(&self, device: &Participant, except: CallId) -> bool {
        let ids = self.by_user.get(&device.user).into_iter().flatten();
        ids.filter(|id| **id != except)
            .filter_map(|id| self.calls.get(id))
            .any(|call| call.occupies(device.device))
    }

    fn initiate(&mut self, now: u64, fresh: NewCall, callees: Vec<Callee>) -> Result<(), Refusal> {
        if let Some(known) = self.calls.get(&fresh.call_id) {
            let same = known.is_caller(fresh.by.device);
            return if same { Ok(()) } else { Err(Refusal::NotFound) };
        }
        if self.ended.knows(fresh.call_id) {
            return Err(self.ended.refusal(fresh.by.user, fresh.call_id));
        }
        if self.is_busy(&fresh.by, fresh.call_id) {
            return Err(Refusal::Busy);
        }
        let crossing = self.crossing(&fresh)?;
        if let Some(other) = crossing.filter(|other| *other < fresh.call_id) {
            let by = fresh.by.clone();
            self.step(other, now, |call, out| {
                call.ring_again(&by, out);
                Ok(Fate::Lives)
            })?;
            let message =
                RelayMessage::CallEnded { call_id: fresh.call_id, reason: EndReason::Replaced };
            self.outputs.push_back(Output::Send { to: fresh.by.device, message });
            let seen_by = BTreeSet::from([fresh.by.user]);
            self.ended.remember(now, fresh.call_id, seen_by, None);
            return Ok(());
        }
        let expires_at = now.saturating_add(self.timing.ring_ms);
        let (call, fate) = Call::place(now, expires_at, fresh, callees, &mut self.outputs);
        let id = call.id();
        self.keep(call);
        if fate == Fate::Ends {
            self.forget_ended(id, now);
        }
        if let Some(other) = crossing {
            self.step(other, now, |call, out| Ok(call.replaced(out)))?;
        }
        Ok(())
    }

    fn forget_ended(&mut self, id: CallId, now: u64) {
        self.deadlines.retain(|(_, call)| *call != id);
        self.forget(id, now);
    }

    /// A call of the other side that rings in the same direct conversation.
    fn crossing(&self, fresh: &NewCall) -> Result<Option<CallId>, Refusal> {
        if !fresh.direct {
            return Ok(None);
        }
        let ids = self.by_user.get(&fresh.by.user).into_iter().flatten();
        for call in ids.filter_map(|id| self.calls.get(id)) {
            if !call.rings_in(fresh.conversation) {
                continue;
            }
            if call.is_placed_by(fresh.by.user) {
                return Err(Refusal::Busy);
            }
            if call.may_ring(fresh.by.user) {
                return Ok(Some(call.id()));
            }
        }
        Ok(None)
    }

    fn sync(
        &mut self,
        now: u64,
        by: &Participant,
        call_id: CallId,
        claim: Option<Box<CheckedClaim>>,
    ) -> Result<(), Refusal> {
        if self.calls.contains_key(&call_id) {
            return self.in_call(by, call_id, now, |call, out| call.sync(by, out));
        }
        let refusal = self.over(by, call_id);
        let Some(claim) = claim else { return Err(refusal) };
        let known = self.ended.knows(call_id);
        if known || !claim.is_plausible(by) {
            return Err(refusal);
        }
        if !claim.is_current(now, &self.timing) {
            return Err(Refusal::Stale);
        }
        if self.is_busy(by, call_id) {
            return Err(Refusal::Busy);
        }
        self.claims
            .take(now, by.device)
            .map_err(|retry_after_ms| Refusal::TooOften { retry_after_ms })?;
        self.keep(Call::claimed(now, call_id, *claim, &self.timing));
        self.in_call(by, call_id, now, |call, out| call.sync(by, out))
    }
}

/// A call to be placed.
#[derive(Debug)]
struct NewCall {
    by: Participant,
    call_id: CallId,
    conversation: ConversationId,
    direct: bool,
    media: Media,
    offer: Offer,
}
