//! What the person does, and what their own devices answer.

use bellwire_protocol::{CallId, EndReason, Media};

use super::{
    ANSWER_MS, Call, DIAL_GRACE_MS, Effect, Machine, Progress, Refusal, Remark, Say, Stage, Timer,
};

impl Machine {
    pub(super) fn on_place(&mut self, call: Call, ring_ms: u64, out: &mut Vec<Effect>) {
        if self.stage.open_call().is_some() {
            out.push(Effect::Tell(Remark::AlreadyInCall));
            return;
        }
        if self.is_over(call.id) || self.rings.contains_key(&call.id) {
            return;
        }
        let ringing = self.rings.iter().find(|(_, ring)| ring.conversation == call.conversation);
        if let Some((ringing, _)) = ringing {
            self.on_accept(*ringing, call.media, out);
            return;
        }
        self.stage = Stage::Dialling { call, progress: Progress::Describing };
        out.push(Effect::Arm(Timer::Dial, ring_ms.saturating_add(DIAL_GRACE_MS)));
        out.push(Effect::Keep(Some(call.id)));
        out.push(Effect::Dial(call));
    }

    pub(super) fn on_accept(&mut self, call: CallId, media: Media, out: &mut Vec<Effect>) {
        if self.stage.open_call().is_some_and(|open| open.id == call) {
            return;
        }
        if !self.rings.contains_key(&call) {
            out.push(Effect::Tell(Remark::CallGone));
        } else if self.stage.open_call().is_some() {
            out.push(Effect::Tell(Remark::AlreadyInCall));
        } else {
            self.answer(call, media, out);
        }
    }

    /// Takes a ringing call, in place of the own one that it crossed with, if any.
    pub(super) fn answer(&mut self, call: CallId, media: Media, out: &mut Vec<Effect>) {
        let Some(ring) = self.rings.remove(&call) else { return };
        let former = self.stage.open_call();
        self.disarm(out);
        out.push(Effect::Disarm(Timer::Ring(call)));
        if !ring.held {
            out.push(Effect::RingStopped { call, missed: false });
        }
        let call = Call { id: call, conversation: ring.conversation, media, outgoing: false };
        self.stage = Stage::Answering { call, from: ring.from, said: false };
        out.push(Effect::Arm(Timer::Answer, ANSWER_MS));
        // The new connection opens before the old one closes, so that the devices stay open.
        out.push(Effect::Answer(call));
        out.push(Effect::Keep(Some(call.id)));
        if let Some(former) = former {
            self.remember(former.id);
            out.push(Effect::Close(former.id));
        }
    }

    pub(super) fn on_decline(&mut self, call: CallId, out: &mut Vec<Effect>) {
        if self.rings.contains_key(&call) {
            out.push(Effect::Say(Say::Reject(call, Refusal::Declined)));
            self.stop_ring(call, false, out);
        }
    }

    pub(super) fn on_hang_up(&mut self, call: CallId, out: &mut Vec<Effect>) {
        if self.stage.open_call().is_none_or(|open| open.id != call) {
            self.on_decline(call, out);
            return;
        }
        let reason = match &self.stage {
            Stage::Idle | Stage::Ended { .. } => return,
            Stage::Dialling { progress: Progress::Describing, .. } | Stage::Crossed { .. } => {
                EndReason::Cancelled
            }
            Stage::Dialling { progress: Progress::Placed | Progress::Ringing, .. } => {
                out.push(Effect::Say(Say::Cancel(call)));
                EndReason::Cancelled
            }
            Stage::Answering { said, .. } => {
                out.push(Effect::Say(Self::withdrawal(call, *said)));
                if *said { EndReason::Ended } else { EndReason::Declined }
            }
            Stage::Live { .. } => {
                out.push(Effect::Say(Say::Leave(call)));
                EndReason::Ended
            }
        };
        self.end(reason, out);
    }

    pub(super) fn on_described(&mut self, described: CallId, out: &mut Vec<Effect>) {
        match &mut self.stage {
            Stage::Dialling { call, progress: progress @ Progress::Describing }
                if call.id == described =>
            {
                *progress = Progress::Placed;
                out.push(Effect::Say(Say::Initiate(described)));
            }
            Stage::Answering { call, said: said @ false, .. } if call.id == described => {
                *said = true;
                out.push(Effect::Say(Say::Answer(described)));
            }
            Stage::Idle
            | Stage::Ended { .. }
            | Stage::Dialling { .. }
            | Stage::Crossed { .. }
            | Stage::Answering { .. }
            | Stage::Live { .. } => {}
        }
    }

    pub(super) fn on_undescribed(&mut self, failed: CallId, out: &mut Vec<Effect>) {
        match &self.stage {
            Stage::Dialling { call, progress: Progress::Describing } if call.id == failed => {
                self.end(EndReason::Failed, out);
            }
            Stage::Answering { call, said: false, .. } if call.id == failed => {
                out.push(Effect::Say(Self::withdrawal(failed, false)));
                self.end(EndReason::Failed, out);
            }
            Stage::Idle
            | Stage::Ended { .. }
            | Stage::Dialling { .. }
            | Stage::Crossed { .. }
            | Stage::Answering { .. }
            | Stage::Live { .. } => {}
        }
    }

    /// How a device takes an acceptance back: while the relay has not heard of it, it still rings.
    pub(super) const fn withdrawal(call: CallId, said: bool) -> Say {
        if said { Say::Leave(call) } else { Say::Reject(call, Refusal::Declined) }
    }
}
