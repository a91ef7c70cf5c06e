//! What the relay says.

use std::collections::BTreeMap;

use bellwire_protocol::{CallId, DeviceId, EndReason};

use super::{
    Call, Effect, Machine, Path, Progress, Refusal, Remark, Ring, SUCCESSOR_MS, Say, Stage, Timer,
};

impl Machine {
    pub(super) fn on_incoming(
        &mut self,
        call: CallId,
        ring: Ring,
        ring_ms: u64,
        dnd: bool,
        out: &mut Vec<Effect>,
    ) {
        let open = self.stage.open_call();
        if self.is_over(call)
            || self.rings.contains_key(&call)
            || open.is_some_and(|open| open.id == call)
        {
            return;
        }
        match &self.stage {
            Stage::Crossed { call: own } if own.conversation == ring.conversation => {
                let media = own.media;
                self.rings.insert(call, Ring { held: true, ..ring });
                self.answer(call, media, out);
            }
            Stage::Dialling { call: own, .. } if own.conversation == ring.conversation => {
                self.rings.insert(call, Ring { held: true, ..ring });
                out.push(Effect::Arm(Timer::Ring(call), ring_ms));
            }
            Stage::Dialling { .. }
            | Stage::Crossed { .. }
            | Stage::Answering { .. }
            | Stage::Live { .. } => {
                self.remember(call);
                out.push(Effect::Say(Say::Reject(call, Refusal::Busy)));
            }
            Stage::Idle | Stage::Ended { .. } if dnd => {
                self.remember(call);
                out.push(Effect::Say(Say::Reject(call, Refusal::Dnd)));
            }
            Stage::Idle | Stage::Ended { .. } => {
                self.rings.insert(call, ring);
                out.push(Effect::Arm(Timer::Ring(call), ring_ms));
                out.push(Effect::Ring(call));
            }
        }
    }

    pub(super) fn on_ringing_there(&mut self, placed: CallId, rings: bool) {
        if let Stage::Dialling { call, progress } = &mut self.stage
            && call.id == placed
            && *progress != Progress::Describing
        {
            *progress = if rings { Progress::Ringing } else { Progress::Placed };
        }
    }

    pub(super) fn on_accepted(&mut self, accepted: CallId, by: DeviceId, out: &mut Vec<Effect>) {
        // It crossed with the cancel, of this life or a former one: this side is out, and says so.
        if self.stage.open_call().is_none_or(|open| open.id != accepted) {
            self.on_addressed(accepted, out);
            return;
        }
        match &mut self.stage {
            Stage::Dialling { call, progress: Progress::Placed | Progress::Ringing }
                if call.id == accepted =>
            {
                let call = *call;
                self.go_live(call, BTreeMap::from([(by, Path::Connecting)]), out);
                out.push(Effect::Bind(by));
            }
            Stage::Live { call, others } if call.id == accepted => {
                let call = *call;
                others.entry(by).or_insert_with(|| {
                    out.push(Effect::Meet(call, by));
                    Path::Connecting
                });
            }
            Stage::Idle
            | Stage::Ended { .. }
            | Stage::Dialling { .. }
            | Stage::Crossed { .. }
            | Stage::Answering { .. }
            | Stage::Live { .. } => {}
        }
    }

    pub(super) fn on_ended(&mut self, ended: CallId, reason: EndReason, out: &mut Vec<Effect>) {
        if self.rings.contains_key(&ended) {
            self.stop_ring(ended, is_missed(reason), out);
            return;
        }
        if self.stage.open_call().is_none_or(|open| open.id != ended) {
            // Its ring may still be under way.
            self.remember(ended);
            return;
        }
        match &self.stage {
            Stage::Idle | Stage::Ended { .. } | Stage::Crossed { .. } => {}
            Stage::Dialling { call, .. } if reason == EndReason::Replaced => {
                let call = *call;
                let living = self
                    .rings
                    .iter()
                    .find(|(_, ring)| ring.held && ring.conversation == call.conversation);
                if let Some((living, _)) = living {
                    self.answer(*living, call.media, out);
                } else {
                    self.disarm(out);
                    self.stage = Stage::Crossed { call };
                    out.push(Effect::Arm(Timer::Successor, SUCCESSOR_MS));
                }
            }
            Stage::Dialling { .. } | Stage::Answering { .. } | Stage::Live { .. } => {
                self.end(reason, out);
            }
        }
    }

    pub(super) fn on_left(
        &mut self,
        left: CallId,
        device: DeviceId,
        reason: EndReason,
        out: &mut Vec<Effect>,
    ) {
        let Stage::Live { call, others } = &mut self.stage else { return };
        if call.id != left || others.remove(&device).is_none() {
            return;
        }
        out.push(Effect::Part(device));
        if others.is_empty() {
            self.end(reason, out);
        }
    }

    pub(super) fn on_confirmed(&mut self, confirmed: CallId, out: &mut Vec<Effect>) {
        if let Stage::Answering { call, from, said: true } = &self.stage
            && call.id == confirmed
        {
            let (call, from) = (*call, *from);
            self.go_live(call, BTreeMap::from([(from, Path::Connecting)]), out);
        }
    }

    pub(super) fn on_too_late(&mut self, late: CallId, out: &mut Vec<Effect>) {
        if matches!(&self.stage, Stage::Answering { call, .. } if call.id == late) {
            self.end(EndReason::Cancelled, out);
            self.stage = Stage::Idle;
            out.push(Effect::Tell(Remark::CallGone));
        }
    }

    pub(super) fn on_standing(
        &mut self,
        standing: Call,
        present: Vec<DeviceId>,
        known: bool,
        out: &mut Vec<Effect>,
    ) {
        // The hang-up did not reach the relay.
        if self.is_over(standing.id) {
            out.push(Effect::Say(Say::Leave(standing.id)));
            return;
        }
        if self.stage.open_call().is_some_and(|open| open.id == standing.id) {
            self.on_confirmed(standing.id, out);
        }
        match &mut self.stage {
            Stage::Live { call, others } if call.id == standing.id => {
                let call = *call;
                let gone: Vec<DeviceId> =
                    others.keys().filter(|device| !present.contains(device)).copied().collect();
                for device in present {
                    others.entry(device).or_insert_with(|| {
                        out.push(Effect::Meet(call, device));
                        Path::Connecting
                    });
                }
                for device in gone {
                    self.on_left(call.id, device, EndReason::Ended, out);
                }
            }
            // Answered while this device was away, and the answer is gone with the old session; or
            // a reload; or another window of this device was in it.
            Stage::Dialling { call, .. } if call.id == standing.id => {
                let call = *call;
                self.rejoin(call, present, out);
            }
            Stage::Idle | Stage::Ended { .. } if known => {
                if self.rings.remove(&standing.id).is_some() {
                    out.push(Effect::Disarm(Timer::Ring(standing.id)));
                    out.push(Effect::RingStopped { call: standing.id, missed: false });
                }
                self.rejoin(standing, present, out);
            }
            Stage::Idle
            | Stage::Ended { .. }
            | Stage::Dialling { .. }
            | Stage::Crossed { .. }
            | Stage::Answering { .. }
            | Stage::Live { .. } => {
                self.stop_ring(standing.id, false, out);
                self.remember(standing.id);
                out.push(Effect::Say(Say::Leave(standing.id)));
            }
        }
    }

    fn rejoin(&mut self, call: Call, present: Vec<DeviceId>, out: &mut Vec<Effect>) {
        if present.is_empty() {
            out.push(Effect::Say(Say::Leave(call.id)));
            self.end(EndReason::Ended, out);
            return;
        }
        let former = self.stage.open_call();
        let others = present.iter().map(|device| (*device, Path::Connecting)).collect();
        if former.is_some() {
            out.push(Effect::Close(call.id));
        }
        self.go_live(call, others, out);
        out.extend(present.into_iter().map(|device| Effect::Meet(call, device)));
    }

    pub(super) fn on_still_ringing(&mut self, ringing: CallId, out: &mut Vec<Effect>) {
        if self.stage.open_call().is_none_or(|open| open.id != ringing) {
            // Placed before a reload, or the cancel did not reach the relay.
            self.remember(ringing);
            out.push(Effect::Say(Say::Cancel(ringing)));
        }
    }

    /// Somebody waits for this device in a call that it is not in: its leaving was lost.
    pub(super) fn on_addressed(&mut self, call: CallId, out: &mut Vec<Effect>) {
        let is_open = self.stage.open_call().is_some_and(|open| open.id == call);
        if !is_open && !self.rings.contains_key(&call) {
            self.remember(call);
            out.push(Effect::Say(Say::Leave(call)));
        }
    }

    pub(super) fn on_forgotten(&mut self, forgotten: CallId, out: &mut Vec<Effect>) {
        if self.rings.contains_key(&forgotten) {
            self.stop_ring(forgotten, false, out);
            return;
        }
        if self.stage.open_call().is_none_or(|open| open.id != forgotten) {
            return;
        }
        match &self.stage {
            Stage::Idle
            | Stage::Ended { .. }
            | Stage::Crossed { .. }
            | Stage::Dialling { progress: Progress::Describing, .. }
            | Stage::Answering { said: false, .. } => {}
            Stage::Dialling { progress: Progress::Placed | Progress::Ringing, .. } => {
                out.push(Effect::Say(Say::Initiate(forgotten)));
            }
            Stage::Answering { said: true, .. } => self.on_too_late(forgotten, out),
            Stage::Live { others, .. } => {
                if !others.values().any(|path| matches!(path, Path::Connected)) {
                    self.end(EndReason::Lost, out);
                }
            }
        }
    }
}

/// Whether a ring that ended so was missed by the person, seen from a device that did nothing.
const fn is_missed(reason: EndReason) -> bool {
    match reason {
        EndReason::Cancelled
        | EndReason::NoAnswer
        | EndReason::Unreachable
        | EndReason::Lost
        | EndReason::WindowClosed
        | EndReason::TimeLimit
        | EndReason::Failed
        | EndReason::Ended
        | EndReason::Unknown => true,
        EndReason::Declined
        | EndReason::Busy
        | EndReason::Dnd
        | EndReason::AnsweredElsewhere
        | EndReason::DeclinedElsewhere
        | EndReason::Replaced => false,
    }
}
