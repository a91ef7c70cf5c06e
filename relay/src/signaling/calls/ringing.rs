//! A call that rings: placing, answering, refusing, giving up, crossing.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_protocol::{
    Answer, Candidates, DeviceId, EndReason, Media, Offer, Participant, RejectReason, RelayMessage,
    UserId,
};

use super::apart::Apart;
use super::call::{Call, Fate, Invited, Phase, send};
use super::live::{Gone, Live, Seat, SeatState};
use super::{Callee, Measure, NewCall, Output, Refusal};

/// What a device does with the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ring {
    Rings,
    /// It is in another call and said so; the user's other devices ring on.
    Busy,
}

#[derive(Debug)]
pub(super) struct Ringing {
    pub(super) offer: Offer,
    pub(super) expires_at: u64,
    /// Set while the caller has no session.
    pub(super) caller_gone_until: Option<u64>,
    /// Candidates for whoever answers.
    pub(super) held: Option<Candidates>,
    pub(super) devices: BTreeMap<DeviceId, (Participant, Ring)>,
    /// Whether it rang anywhere.
    pub(super) reached: bool,
}

impl Ringing {
    pub(super) fn deadline(&self) -> u64 {
        self.caller_gone_until.map_or(self.expires_at, |until| until.min(self.expires_at))
    }

    /// Keeps as many as one message carries, so that whoever answers gets them in one frame.
    pub(super) fn hold(&mut self, candidates: Candidates) -> Result<(), Refusal> {
        let held = self.held.iter().flatten().cloned();
        let all = Candidates::new(held.chain(candidates).collect());
        self.held = Some(all.map_err(|_| Refusal::TooMany)?);
        Ok(())
    }

    /// True: the device is new to this call.
    pub(super) fn add(&mut self, device: Participant) -> bool {
        self.reached = true;
        let id = device.device;
        if self.devices.contains_key(&id) {
            return false;
        }
        self.devices.insert(id, (device, Ring::Rings));
        true
    }

    pub(super) fn ringing_devices_of(&self, user: UserId) -> u32 {
        let rings =
            |(device, ring): &&(Participant, Ring)| device.user == user && *ring == Ring::Rings;
        u32::try_from(self.devices.values().filter(rings).count()).unwrap_or(u32::MAX)
    }

    /// Whether every device that the user has in this call is busy.
    fn is_busy_everywhere(&self, user: UserId) -> bool {
        let mut devices = self.devices.values().filter(|(device, _)| device.user == user);
        devices.all(|(_, ring)| *ring == Ring::Busy)
    }
}

impl Call {
    /// Places a call and rings everybody who is there. It ends at once where the only callee does
    /// not want to be disturbed.
    pub(super) fn place(
        now: u64,
        expires_at: u64,
        fresh: NewCall,
        callees: Vec<Callee>,
        out: &mut VecDeque<Output>,
    ) -> (Self, Fate) {
        let NewCall { by, call_id, conversation, direct, media, offer } = fresh;
        let ringing = Ringing {
            offer,
            expires_at,
            caller_gone_until: None,
            held: None,
            devices: BTreeMap::new(),
            reached: false,
        };
        let mut call = Self {
            id: call_id,
            conversation,
            direct,
            media,
            caller: by,
            apart: Apart::default(),
            invited: BTreeMap::new(),
            sent_at: now,
            updated_at: now,
            candidates: 0,
            media_states: BTreeMap::new(),
            one_word: None,
            establishment: tracing::info_span!(
                parent: None,
                "call.establishment",
                rang_ms = tracing::field::Empty,
                setup_ms = tracing::field::Empty,
            ),
            phase: Phase::Ringing(ringing),
        };
        let mut undisturbed = Vec::new();
        for callee in callees {
            let Callee { user, name, rings, dnd, devices } = callee;
            let devices = devices.into_iter().map(|device| {
                let name = name.clone();
                Participant { user, device, name }
            });
            let devices: Vec<Participant> = devices.collect();
            let refuses = rings && dnd && !devices.is_empty();
            call.invited.insert(user, Invited { rings, refused: None });
            if refuses {
                undisturbed.extend(devices.into_iter().next());
            } else if rings {
                call.ring(user, devices, out);
            }
        }
        let mut fate = Fate::Lives;
        for device in undisturbed {
            fate = call.refused_by(now, &device, RejectReason::Dnd, out);
        }
        (call, fate)
    }

    fn ring(&mut self, user: UserId, devices: Vec<Participant>, out: &mut VecDeque<Output>) {
        let Phase::Ringing(ringing) = &mut self.phase else { return };
        let to: Vec<DeviceId> = devices.iter().map(|device| device.device).collect();
        if to.is_empty() {
            return;
        }
        for device in devices {
            ringing.add(device);
        }
        let devices = ringing.ringing_devices_of(user);
        for device in to {
            out.extend(self.incoming().map(|message| Output::Send { to: device, message }));
        }
        let message = RelayMessage::CallRinging { call_id: self.id, user, devices };
        send(out, self.caller.device, message);
    }

    /// `call_incoming`, while it rings.
    pub(super) fn incoming(&self) -> Option<RelayMessage> {
        let Phase::Ringing(ringing) = &self.phase else { return None };
        Some(RelayMessage::CallIncoming {
            call_id: self.id,
            conversation: self.conversation,
            from: self.caller.clone(),
            media: self.media,
            offer: ringing.offer.clone(),
            sent_at: self.sent_at,
            expires_at: ringing.expires_at,
        })
    }

    /// The device placed a crossing call, which this one replaces: it rings there so that the
    /// device can answer by itself.
    pub(super) fn ring_again(&mut self, device: &Participant, out: &mut VecDeque<Output>) {
        if let Phase::Ringing(ringing) = &mut self.phase {
            ringing.devices.insert(device.device, (device.clone(), Ring::Rings));
            ringing.reached = true;
        }
        out.extend(self.incoming().map(|message| Output::Send { to: device.device, message }));
    }

    /// A crossing call with a smaller id lives in its place.
    pub(super) fn replaced(&self, out: &mut VecDeque<Output>) -> Fate {
        for device in self.devices() {
            self.tell_ended(device, EndReason::Replaced, out);
        }
        Fate::Ends
    }

    pub(super) fn answer(
        &mut self,
        now: u64,
        by: &Participant,
        media: Media,
        answer: Answer,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        let invited = self.invited.get(&by.user).is_some_and(|callee| callee.rings);
        let ringing = match &mut self.phase {
            Phase::Live(live) if live.seats.contains_key(&by.device) => {
                return Ok(Fate::Lives);
            }
            Phase::Live(_) if invited => return Err(Refusal::Stale),
            Phase::Ringing(ringing) if invited => ringing,
            Phase::Live(_) | Phase::Ringing(_) => return Err(Refusal::NotFound),
        };
        if answer.offer_id != ringing.offer.offer_id || !self.may_ring(by.user) {
            return Err(Refusal::Stale);
        }
        let Phase::Ringing(ringing) = &mut self.phase else { return Err(Refusal::Stale) };
        let held = ringing.held.take();
        let rang = std::mem::take(&mut ringing.devices);
        let caller_state = match ringing.caller_gone_until {
            Some(until) => SeatState::Gone(Gone::lost(until)),
            None => SeatState::Held,
        };
        let seats = [(self.caller.clone(), caller_state), (by.clone(), SeatState::Held)];
        let seats = seats.map(|(participant, state)| {
            let (heard_at, claimed, measured) = (now, true, false);
            (participant.device, Seat { participant, state, heard_at, claimed, measured })
        });
        let took_part = BTreeSet::from([self.caller.user, by.user]);
        self.phase = Phase::Live(Live { since: now, seats: BTreeMap::from(seats), took_part });

        let accepted =
            RelayMessage::CallAccepted { call_id: self.id, by: by.clone(), media, answer };
        send(out, self.caller.device, accepted);
        let from = self.caller.device;
        if let Some(candidates) = held {
            self.count_candidates(candidates.len());
            let call_id = self.id;
            send(out, by.device, RelayMessage::IceCandidates { call_id, from, candidates });
        }
        if let Some((n, state)) = self.media_states.get(&from).copied() {
            let message = RelayMessage::MediaState { call_id: self.id, from, n, state };
            send(out, by.device, message);
        }
        for device in rang.keys().filter(|device| **device != by.device) {
            self.tell_ended(*device, EndReason::AnsweredElsewhere, out);
        }
        let ms = now.saturating_sub(self.sent_at);
        self.establishment.record("rang_ms", ms);
        let (caller, callee) = (self.caller.user, by.user);
        out.push_back(Output::Measured(Measure::Rang { caller, callee, ms }));
        Ok(Fate::Lives)
    }

    /// Whether somebody may still answer, as far as the caller can know. Whoever is kept from the
    /// call is not told from somebody absent: it rings on for them.
    pub(super) fn is_waited_for(&self) -> bool {
        self.invited.values().any(|callee| callee.refused.is_none())
    }

    pub(super) fn reject(
        &mut self,
        now: u64,
        by: &Participant,
        reason: RejectReason,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        let Some(invited) = self.invited.get(&by.user).filter(|callee| callee.rings) else {
            return Err(Refusal::NotFound);
        };
        let Phase::Ringing(ringing) = &mut self.phase else { return Err(Refusal::Stale) };
        if invited.refused.is_some() {
            return Err(Refusal::Stale);
        }
        if reason == RejectReason::Busy {
            ringing.devices.insert(by.device, (by.clone(), Ring::Busy));
            if !ringing.is_busy_everywhere(by.user) {
                return Ok(Fate::Lives);
            }
        }
        Ok(self.refused_by(now, by, reason, out))
    }

    /// The person behind this device refuses: their other devices stop, and the call ends when
    /// nobody is left to answer.
    fn refused_by(
        &mut self,
        now: u64,
        by: &Participant,
        reason: RejectReason,
        out: &mut VecDeque<Output>,
    ) -> Fate {
        let Phase::Ringing(ringing) = &mut self.phase else { return Fate::Lives };
        let (his, others) = std::mem::take(&mut ringing.devices)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, (device, _))| device.user == by.user);
        ringing.devices = others;
        if let Some(callee) = self.invited.get_mut(&by.user) {
            callee.refused = Some(reason);
        }
        let rejected = RelayMessage::CallRejected { call_id: self.id, by: by.clone(), reason };
        send(out, self.caller.device, rejected);
        for (device, (_, ring)) in his {
            if device != by.device && ring == Ring::Rings {
                self.tell_ended(device, EndReason::DeclinedElsewhere, out);
            }
        }
        if self.is_waited_for() {
            return Fate::Lives;
        }
        let reason = match reason {
            RejectReason::Declined => EndReason::Declined,
            RejectReason::Busy => EndReason::Busy,
            RejectReason::Dnd => EndReason::Dnd,
        };
        self.end(now, reason, out)
    }

    pub(super) fn cancel(
        &mut self,
        now: u64,
        by: &Participant,
        out: &mut VecDeque<Output>,
    ) -> Result<Fate, Refusal> {
        if !self.is_caller(by.device) {
            return Err(Refusal::NotFound);
        }
        let Phase::Ringing(ringing) = &self.phase else { return Err(Refusal::Stale) };
        for device in ringing.devices.keys() {
            self.tell_ended(*device, EndReason::Cancelled, out);
        }
        self.record(now, EndReason::Cancelled, out);
        Ok(Fate::Ends)
    }
}
