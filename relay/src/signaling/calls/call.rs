//! One call: what it knows in every state, and what it tells whom.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_protocol::{
    CallId, CallRecord, Candidates, ConversationId, DeviceId, EndReason, LiveCall, LiveCallState,
    Media, MediaState, Participant, ParticipantMedia, RejectReason, RelayMessage, UserId,
};

use super::apart::Apart;
use super::ended::OneWord;
use super::live::{Gone, Live, Seat, SeatState};
use super::ringing::Ringing;
use super::{CheckedClaim, Measure, Output, Refusal, Standing, Timing};
use crate::store::NewRecord;

/// Whether the call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Lives,
    Ends,
}

/// Somebody whom the call is for.
#[derive(Debug)]
pub(super) struct Invited {
    /// False: the call is kept from them, and the caller sees nothing but absence.
    pub(super) rings: bool,
    /// They refused, for all their devices, or the caller parted from them.
    pub(super) refused: Option<RejectReason>,
}

#[derive(Debug)]
pub(super) enum Phase {
    Ringing(Ringing),
    Live(Live),
}

/// One call that rings or lives.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: CallId,
    pub(super) conversation: ConversationId,
    /// Between two people.
    pub(super) direct: bool,
    pub(super) media: Media,
    pub(super) caller: Participant,
    /// People who get nothing from each other.
    pub(super) apart: Apart,
    pub(super) invited: BTreeMap<UserId, Invited>,
    pub(super) sent_at: u64,
    pub(super) updated_at: u64,
    pub(super) candidates: u32,
    pub(super) media_states: BTreeMap<DeviceId, (u64, MediaState)>,
    pub(super) phase: Phase,
    /// From placing it to the first report that media flows; ended earlier with the call.
    pub(super) establishment: tracing::Span,
    /// After its end: that it ended, by one person's word.
    pub(super) one_word: Option<OneWord>,
}

pub(super) fn send(out: &mut VecDeque<Output>, to: DeviceId, message: RelayMessage) {
    out.push_back(Output::Send { to, message });
}

impl Call {
    /// Brings a call back that a participant knows and this relay does not. Whoever is named in it
    /// counts once their own device says so as well.
    pub(super) fn claimed(now: u64, id: CallId, claim: CheckedClaim, timing: &Timing) -> Self {
        let seats_until = now.saturating_add(timing.seat_ms);
        // The times are possible ones, but for the difference of two clocks.
        let since = claim.since.min(now);
        // It was answered while it rang.
        let sent_at = claim.sent_at.clamp(since.saturating_sub(timing.ring_ms), since);
        let seats = claim.participants.into_iter().map(|participant| {
            let state = SeatState::Gone(Gone::lost(seats_until));
            let (heard_at, claimed, measured) = (now, false, false);
            (participant.device, Seat { participant, state, heard_at, claimed, measured })
        });
        let seats: BTreeMap<DeviceId, Seat> = seats.collect();
        let caller = claim.caller;
        let invited = claim.audience.into_iter().filter(|user| *user != caller.user);
        Self {
            id,
            conversation: claim.conversation,
            direct: claim.direct,
            apart: claim.apart,
            media: claim.media,
            invited: invited.map(|user| (user, Invited { rings: true, refused: None })).collect(),
            caller,
            sent_at,
            updated_at: now,
            candidates: 0,
            media_states: BTreeMap::new(),
            establishment: tracing::Span::none(),
            one_word: None,
            phase: Phase::Live(Live { since, seats, took_part: BTreeSet::new() }),
        }
    }

    pub(super) fn id(&self) -> CallId {
        self.id
    }

    pub(super) fn touched(&mut self, now: u64) {
        self.updated_at = now;
    }

    /// Everyone whom the call concerns, also those whom it is kept from.
    pub(super) fn members(&self) -> impl Iterator<Item = UserId> {
        let seated = match &self.phase {
            Phase::Ringing(_) => None,
            Phase::Live(live) => Some(live.took_part.iter().copied()),
        };
        let callees = self.invited.keys().copied();
        std::iter::once(self.caller.user).chain(callees).chain(seated.into_iter().flatten())
    }

    /// Everyone who may know of the call.
    pub(super) fn sees(&self) -> impl Iterator<Item = UserId> {
        let callees = self.invited.iter().filter(|(_, callee)| callee.rings);
        std::iter::once(self.caller.user).chain(callees.map(|(user, _)| *user))
    }

    pub(super) fn may_ring(&self, user: UserId) -> bool {
        self.invited.get(&user).is_some_and(|c| c.rings && c.refused.is_none())
    }

    pub(super) fn is_caller(&self, device: DeviceId) -> bool {
        self.caller.device == device
    }

    pub(super) fn is_placed_by(&self, user: UserId) -> bool {
        self.caller.user == user
    }

    pub(super) fn rings_in(&self, conversation: ConversationId) -> bool {
        matches!(self.phase, Phase::Ringing(_)) && self.conversation == conversation
    }

    /// Whether the device places this call or has said itself that it is in it.
    pub(super) fn occupies(&self, device: DeviceId) -> bool {
        match &self.phase {
            Phase::Ringing(_) => self.is_caller(device),
            Phase::Live(live) => live.seats.get(&device).is_some_and(|seat| seat.claimed),
        }
    }

    pub(super) fn is_participant(&self, user: UserId) -> bool {
        match &self.phase {
            Phase::Ringing(_) => self.caller.user == user || self.may_ring(user),
            Phase::Live(live) => live.took_part.contains(&user),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        let (live, devices) = match &self.phase {
            Phase::Ringing(ringing) => (false, 1 + ringing.devices.len()),
            Phase::Live(live) => (true, live.seats.len()),
        };
        Standing {
            call_id: self.id,
            live,
            devices,
            candidates: self.candidates,
            created_at: self.sent_at,
            updated_at: self.updated_at,
        }
    }

    pub(super) fn snapshot(&self, device: &Participant) -> Option<LiveCall> {
        let state = match &self.phase {
            Phase::Ringing(ringing) => {
                let offer = if self.is_caller(device.device) {
                    None
                } else if self.may_ring(device.user) {
                    Some(ringing.offer.clone())
                } else {
                    return None;
                };
                LiveCallState::Ringing { offer, expires_at: ringing.expires_at }
            }
            Phase::Live(live) => {
                live.seats.get(&device.device).filter(|seat| seat.claimed)?;
                LiveCallState::Live { participants: live.participants(), since: live.since }
            }
        };
        Some(LiveCall {
            call_id: self.id,
            conversation: self.conversation,
            media: self.media,
            from: self.caller.clone(),
            state,
            sent_at: self.sent_at,
        })
    }

    pub(super) fn deadline(&self, max_call_ms: Option<u64>) -> Option<u64> {
        match &self.phase {
            Phase::Ringing(ringing) => Some(ringing.deadline()),
            Phase::Live(live) => live.deadline(max_call_ms),
        }
    }

    pub(super) fn expire(
        &mut self,
        now: u64,
        max_call_ms: Option<u64>,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        match &self.phase {
            Phase::Ringing(ringing) => {
                if ringing.expires_at <= now {
                    let reached = ringing.reached;
                    let reason = if reached { EndReason::NoAnswer } else { EndReason::Unreachable };
                    self.end(now, reason, out)
                } else if ringing.caller_gone_until.is_some_and(|until| until <= now) {
                    self.end(now, EndReason::Cancelled, out)
                } else {
                    Fate::Lives
                }
            }
            Phase::Live(_) => self.expire_live(now, max_call_ms, out),
        }
    }

    /// Tells every device that it is over, and writes it down.
    pub(super) fn end(&mut self, now: u64, reason: EndReason, out: &mut VecDeque<Output>) -> Fate {
        for device in self.devices() {
            self.tell_ended(device, reason, out);
        }
        let ended_at = match &self.phase {
            Phase::Ringing(_) => now,
            Phase::Live(live) => live.lasted_until(now),
        };
        self.record(ended_at, reason, out);
        Fate::Ends
    }

    /// Devices that know of the call: the caller's, those that ring, those that are in.
    pub(super) fn devices(&self) -> BTreeSet<DeviceId> {
        match &self.phase {
            Phase::Ringing(ringing) => {
                let rings = ringing.devices.keys().copied();
                rings.chain([self.caller.device]).collect()
            }
            Phase::Live(live) => live.told().collect(),
        }
    }

    pub(super) fn tell_ended(
        &self,
        device: DeviceId,
        reason: EndReason,
        out: &mut VecDeque<Output>,
    ) {
        send(out, device, RelayMessage::CallEnded { call_id: self.id, reason });
    }

    pub(super) fn record(&mut self, ended_at: u64, reason: EndReason, out: &mut VecDeque<Output>) {
        let (answered_at, took_part) = match &self.phase {
            Phase::Ringing(_) => (None, BTreeSet::from([self.caller.user])),
            Phase::Live(live) => (Some(live.since), live.took_part.clone()),
        };
        out.push_back(Output::Measured(Measure::Ended { reason }));
        let confirmed = answered_at.is_none() || took_part.len() >= 2;
        let record = CallRecord {
            call_id: self.id,
            conversation: self.conversation,
            name: None,
            media: self.media,
            caller: self.caller.user,
            participants: took_part.into_iter().collect(),
            started_at: self.sent_at,
            answered_at,
            ended_at,
            reason,
        };
        let record = NewRecord { record, audience: self.sees().collect() };
        if confirmed {
            out.push_back(Output::Record(record));
        } else if let Phase::Live(live) = &self.phase {
            self.one_word = Some(OneWord { record, named: live.unconfirmed() });
        }
    }

    pub(super) fn trickle(
        &mut self,
        by: &Participant,
        to: Option<DeviceId>,
        candidates: Candidates,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        match &mut self.phase {
            Phase::Ringing(ringing) => {
                if self.caller.device != by.device || to.is_some() {
                    return Err(Refusal::NotFound);
                }
                ringing.hold(candidates)?;
            }
            Phase::Live(_) => {
                // Without a receiver it crossed with the answer.
                let receivers = self.receivers(by.device, to)?;
                self.confirm(by, out);
                self.count_candidates(candidates.len());
                let (call_id, from) = (self.id, by.device);
                for to in receivers {
                    let candidates = candidates.clone();
                    send(out, to, RelayMessage::IceCandidates { call_id, from, candidates });
                }
            }
        }
        Ok(Fate::Lives)
    }

    pub(super) fn count_candidates(&mut self, more: usize) {
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        self.candidates = self.candidates.saturating_add(more);
    }

    pub(super) fn media_state(
        &mut self,
        by: &Participant,
        n: u64,
        state: MediaState,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        let receivers: Vec<DeviceId> = match &self.phase {
            Phase::Ringing(_) if self.is_caller(by.device) => Vec::new(),
            Phase::Ringing(_) => return Err(Refusal::NotFound),
            Phase::Live(_) => self.receivers(by.device, None)?,
        };
        let newest = self.media_states.get(&by.device).map_or(0, |(newest, _)| *newest);
        self.confirm(by, out);
        if n < newest {
            return Ok(Fate::Lives);
        }
        self.media_states.insert(by.device, (n, state));
        for to in receivers {
            let from = by.device;
            send(out, to, RelayMessage::MediaState { call_id: self.id, from, n, state });
        }
        Ok(Fate::Lives)
    }

    pub(super) fn peer_list(
        &self,
        by: &Participant,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        let (participants, _) = self.seen_by(by)?;
        send(out, by.device, RelayMessage::Peers { call_id: self.id, participants });
        Ok(Fate::Lives)
    }

    pub(super) fn sync(
        &mut self,
        by: &Participant,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        self.confirm(by, out);
        let (participants, since) = self.seen_by(by)?;
        let media_state = self
            .media_states
            .iter()
            .filter(|(device, _)| self.is_heard_by(**device, by.user))
            .map(|(device, (n, state))| ParticipantMedia { device: *device, n: *n, state: *state })
            .collect();
        let call_id = self.id;
        let message = RelayMessage::CallState { call_id, participants, since, media_state };
        send(out, by.device, message);
        Ok(Fate::Lives)
    }

    /// Who is in it and since when, for a device that may know.
    fn seen_by(&self, by: &Participant) -> Result<(Vec<Participant>, Option<u64>), Refusal> {
        match &self.phase {
            Phase::Ringing(_) if self.is_caller(by.device) || self.may_ring(by.user) => {
                Ok((vec![self.caller.clone()], None))
            }
            Phase::Live(live) if live.seats.contains_key(&by.device) => {
                Ok((live.participants(), Some(live.since)))
            }
            // The other devices of a callee were told that it is answered.
            Phase::Live(_) if self.sees().any(|user| user == by.user) => Err(Refusal::Stale),
            Phase::Ringing(_) | Phase::Live(_) => Err(Refusal::NotFound),
        }
    }
}
