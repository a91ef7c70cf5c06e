//! A call that was answered: seats, signals between them, leaving and losing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_protocol::{DeviceId, EndReason, Participant, RelayMessage, UserId};

use super::apart::Apart;
use super::call::{Call, Fate, Phase, send};
use super::{Going, Measure, Output, Refusal, Signal};

/// A device without a session keeps its seat for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Gone {
    pub(super) going: Going,
    /// ms since 1970.
    pub(super) until: u64,
}

impl Gone {
    /// Without a word, and seated until then.
    pub(super) const fn lost(until: u64) -> Self {
        Self { going: Going::Lost, until }
    }
}

/// Longest believable time from answer to media, in ms; beyond it a report is noise.
const LONGEST_SET_UP_MS: u32 = 600_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SeatState {
    /// The device has a session.
    Held,
    /// It has none.
    Gone(Gone),
}

#[derive(Debug)]
pub(super) struct Seat {
    pub(super) participant: Participant,
    pub(super) state: SeatState,
    /// The last sign of it while it is gone: its session was heard, or media was reported.
    pub(super) heard_at: u64,
    /// False where only somebody else's claim says that the device is in the call: it is told
    /// nothing of it before it says so itself.
    pub(super) claimed: bool,
    /// Its set-up time was reported.
    pub(super) measured: bool,
}

#[derive(Debug)]
pub(super) struct Live {
    pub(super) since: u64,
    pub(super) seats: BTreeMap<DeviceId, Seat>,
    /// Everybody who was ever in it by the word of a device of theirs.
    pub(super) took_part: BTreeSet<UserId>,
}

impl Live {
    pub(super) fn participants(&self) -> Vec<Participant> {
        self.seats.values().map(|seat| seat.participant.clone()).collect()
    }

    pub(super) fn deadline(&self, max_call_ms: Option<u64>) -> Option<u64> {
        let seats = self.seats.values().filter_map(|seat| match seat.state {
            SeatState::Gone(gone) => Some(gone.until),
            SeatState::Held => None,
        });
        seats.chain(max_call_ms.map(|ms| self.since.saturating_add(ms))).min()
    }

    /// Devices that are told of the call: those that said themselves that they are in it.
    pub(super) fn told(&self) -> impl Iterator<Item = DeviceId> {
        self.seats.iter().filter(|(_, seat)| seat.claimed).map(|(device, _)| *device)
    }

    /// Until when two or more were in it; from then on somebody waited for somebody who was gone.
    pub(super) fn lasted_until(&self, now: u64) -> u64 {
        let sign = |seat: &Seat| match seat.state {
            SeatState::Held => now,
            SeatState::Gone(_) => seat.heard_at,
        };
        let mut signs: Vec<u64> = self.seats.values().map(sign).collect();
        signs.sort_unstable();
        let second = signs.iter().rev().nth(1).copied();
        second.unwrap_or(now).min(now).max(self.since)
    }

    /// Whether nobody in it has anybody to talk to.
    pub(super) fn is_silent(&self, apart: &Apart) -> bool {
        let users = || self.seats.values().map(|seat| seat.participant.user);
        users().enumerate().all(|(n, a)| users().skip(n + 1).all(|b| apart.holds(a, b)))
    }

    fn user_of(&self, device: DeviceId) -> Option<UserId> {
        self.seats.get(&device).map(|seat| seat.participant.user)
    }

    /// Whoever is in it by somebody else's claim alone.
    pub(super) fn unconfirmed(&self) -> BTreeMap<DeviceId, UserId> {
        let seats = self.seats.iter().filter(|(_, seat)| !seat.claimed);
        seats.map(|(device, seat)| (*device, seat.participant.user)).collect()
    }
}

impl Call {
    /// Who gets what a participant says to `to`, or to all others. Nobody, if the two are apart: who
    /// is blocked is not told so.
    pub(super) fn receivers(
        &self,
        from: DeviceId,
        to: Option<DeviceId>,
    ) -> Result<Vec<DeviceId>, Refusal> {
        let Phase::Live(live) = &self.phase else { return Err(Refusal::NotFound) };
        let sender = live.user_of(from).ok_or(Refusal::NotFound)?;
        let mut others: Vec<DeviceId> = live.told().filter(|device| *device != from).collect();
        if let Some(to) = to {
            others.retain(|device| *device == to);
            if others.is_empty() {
                return Err(Refusal::NotFound);
            }
        }
        let hears = |device: &DeviceId| {
            live.user_of(*device).is_some_and(|user| !self.apart.holds(sender, user))
        };
        others.retain(hears);
        Ok(others)
    }

    /// Whether what the device says reaches this user.
    pub(super) fn is_heard_by(&self, device: DeviceId, user: UserId) -> bool {
        match &self.phase {
            Phase::Ringing(_) => true,
            Phase::Live(live) => {
                live.user_of(device).is_none_or(|sender| !self.apart.holds(sender, user))
            }
        }
    }

    /// The device itself says that it is in the call, whoever claimed that before.
    pub(super) fn confirm(&mut self, by: &Participant, out: &mut VecDeque<Output>) {
        let Phase::Live(live) = &mut self.phase else { return };
        if let Some(seat) = live.seats.get_mut(&by.device)
            && seat.participant.user == by.user
        {
            seat.claimed = true;
            live.took_part.insert(by.user);
            self.hold(by.device, out);
        }
    }

    /// The device is there.
    pub(super) fn hold(&mut self, device: DeviceId, out: &mut VecDeque<Output>) {
        let Phase::Live(live) = &mut self.phase else { return };
        let Some(seat) = live.seats.get_mut(&device) else { return };
        let was = std::mem::replace(&mut seat.state, SeatState::Held);
        if matches!(was, SeatState::Gone(Gone { going: Going::Left, .. })) {
            let (call_id, from) = (self.id, device);
            self.tell_others(device, &RelayMessage::PeerReturned { call_id, from }, out);
        }
    }

    /// The device is not there any more, for the time being.
    pub(super) fn keep_seat(
        &mut self,
        device: DeviceId,
        heard_at: u64,
        gone: Gone,
        out: &mut VecDeque<Output>,
    ) {
        let Phase::Live(live) = &mut self.phase else { return };
        let seat = live.seats.get_mut(&device).filter(|seat| seat.claimed);
        let Some(seat) = seat else { return };
        seat.state = SeatState::Gone(gone);
        seat.heard_at = heard_at;
        if gone.going == Going::Left {
            let (call_id, from) = (self.id, device);
            self.tell_others(device, &RelayMessage::PeerClosed { call_id, from }, out);
        }
    }

    fn tell_others(&self, from: DeviceId, message: &RelayMessage, out: &mut VecDeque<Output>) {
        for to in self.receivers(from, None).into_iter().flatten() {
            send(out, to, message.clone());
        }
    }

    pub(super) fn signal(
        &mut self,
        by: &Participant,
        to: DeviceId,
        signal: Signal,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        let to = self.receivers(by.device, Some(to))?;
        self.confirm(by, out);
        let (call_id, from) = (self.id, by.device);
        let message = match signal {
            Signal::Offer { offer_id, restart, sdp, proof } => {
                RelayMessage::SdpOffer { call_id, from, offer_id, restart, sdp, proof }
            }
            Signal::Answer { offer_id, sdp, proof } => {
                RelayMessage::SdpAnswer { call_id, from, offer_id, sdp, proof }
            }
        };
        if let [to] = to.as_slice() {
            send(out, *to, message);
        }
        Ok(Fate::Lives)
    }

    pub(super) fn leave(
        &mut self,
        now: u64,
        by: &Participant,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        match &self.phase {
            Phase::Ringing(_) => self.cancel(now, by, out),
            Phase::Live(live) if live.seats.contains_key(&by.device) => {
                Ok(self.vacate(now, by.device, EndReason::Ended, out))
            }
            // The answer was another device's, or this one left before.
            Phase::Live(_) if self.sees().any(|user| user == by.user) => Err(Refusal::Stale),
            Phase::Live(_) => Err(Refusal::NotFound),
        }
    }

    /// Takes a device out. The last two end together.
    pub(super) fn vacate(
        &mut self,
        now: u64,
        device: DeviceId,
        reason: EndReason,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        let Phase::Live(live) = &mut self.phase else { return Fate::Lives };
        let ended_at = live.lasted_until(now);
        let Some(seat) = live.seats.remove(&device) else { return Fate::Lives };
        self.media_states.remove(&device);
        let last = live.is_silent(&self.apart);
        let others: Vec<DeviceId> = live.told().collect();
        for to in others {
            if !last || reason == EndReason::Lost {
                let participant = seat.participant.clone();
                let message = RelayMessage::PeerLeft { call_id: self.id, participant, reason };
                send(out, to, message);
            }
            if last {
                self.tell_ended(to, reason, out);
            }
        }
        if !last {
            return Fate::Lives;
        }
        self.record(ended_at, reason, out);
        Fate::Ends
    }

    pub(super) fn expire_live(
        &mut self,
        now: u64,
        max_call_ms: Option<u64>,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        let Phase::Live(live) = &self.phase else { return Fate::Lives };
        if max_call_ms.is_some_and(|ms| live.since.saturating_add(ms) <= now) {
            return self.end(now, EndReason::TimeLimit, out);
        }
        let lost: Vec<(DeviceId, bool, Going)> = live
            .seats
            .iter()
            .filter_map(|(device, seat)| match seat.state {
                SeatState::Gone(gone) if gone.until <= now => {
                    Some((*device, seat.claimed, gone.going))
                }
                SeatState::Gone(_) | SeatState::Held => None,
            })
            .collect();
        for (device, claimed, going) in lost {
            let reason = match going {
                Going::Lost => EndReason::Lost,
                Going::Left => EndReason::WindowClosed,
            };
            // It learns of the end if its session comes back after all.
            if claimed {
                self.tell_ended(device, reason, out);
            }
            if self.vacate(now, device, reason, out) == Fate::Ends {
                return Fate::Ends;
            }
        }
        Fate::Lives
    }

    pub(super) fn report(
        &mut self,
        by: &Participant,
        now: u64,
        setup_ms: Option<u32>,
        flowing: Option<(DeviceId, u64)>,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        let Phase::Live(live) = &mut self.phase else { return Err(Refusal::NotFound) };
        let Some(seat) = live.seats.get_mut(&by.device) else { return Err(Refusal::NotFound) };
        let setup_ms = setup_ms.filter(|ms| *ms <= LONGEST_SET_UP_MS && !seat.measured);
        if let Some(ms) = setup_ms {
            seat.measured = true;
            out.push_back(Output::Measured(Measure::SetUp { ms }));
            self.establishment.record("setup_ms", ms);
            self.establishment = tracing::Span::none();
        }
        if let Some((device, kept_until)) = flowing
            && let Some(peer) = live.seats.get_mut(&device)
            && let SeatState::Gone(Gone { going: Going::Lost, until }) = &mut peer.state
        {
            *until = kept_until.max(*until);
            peer.heard_at = now;
        }
        Ok(Fate::Lives)
    }
}
