//! The call that this device was in before a reload.

use super::*;

impl Calls {
    /// The relay knows the call again that this device was in before a reload.
    pub(super) fn on_taken_up(
        &mut self,
        call_id: CallId,
        participants: Vec<Participant>,
        since: u64,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        let own = desk.me.map(|me| me.device);
        let kept = self.kept.as_ref().filter(|kept| kept.call_id == call_id);
        let Some(claim) = kept.and_then(|kept| kept.claim.clone()) else { return };
        let call = Call {
            id: call_id,
            conversation: claim.conversation,
            media: claim.media,
            outgoing: Some(claim.caller.device) == own,
        };
        let known = self.resume(call, claim.caller, claim.sent_at, since, desk);
        self.on_standing(call, participants, Some(since), known, desk, news);
        self.forget_kept(desk);
    }

    /// Asks for the call that this device was in before a reload, where a fresh session does not
    /// hold it: a relay that forgot it tells nobody of it who did not claim it.
    pub(super) fn ask_for_kept(
        &self,
        ended: &BTreeMap<CallId, EndReason>,
        desk: &mut Desk<'_>,
    ) -> bool {
        let Some(CallInProgress { call_id, claim: Some(claim), .. }) = &self.kept else {
            return false;
        };
        if self.machine.is_over(*call_id) || ended.contains_key(call_id) {
            return false;
        }
        let message = ClientMessage::CallSync { call_id: *call_id, claim: Some(claim.clone()) };
        desk.session.retract(|asked| matches!(asked, ClientMessage::CallSync { .. }));
        desk.session.ask(desk.out, message);
        true
    }

    /// The call that this device was in before a reload is over.
    pub(super) fn forget_kept(&mut self, desk: &mut Desk<'_>) {
        if self.kept.take().is_some() && !self.is_busy() {
            desk.out.push_back(Output::Store(Record::Call(None)));
        }
    }

    /// Makes room for a call that the person placed or accepted on this device before a reload.
    /// False if it is not such a call: its id, its conversation and its people have to be those that
    /// this device kept, since the rest is the relay's word.
    pub(super) fn resume(
        &mut self,
        call: Call,
        caller: Participant,
        sent_at: u64,
        since: u64,
        desk: &Desk<'_>,
    ) -> bool {
        if self.machine.open_call().is_some_and(|open| open.id == call.id) {
            return true;
        }
        if self.is_busy() || self.machine.is_over(call.id) {
            return false;
        }
        let Some(kept) = self.kept.as_ref().filter(|kept| {
            let called = call.outgoing || kept.people.contains(&caller.user);
            kept.call_id == call.id && kept.conversation == call.conversation && called
        }) else {
            return false;
        };
        let local = Local::resuming(kept.sending, desk.unix);
        let people = kept.people.clone();
        let mut occasion =
            Occasion::new(call, kept.media, caller, people, sent_at, local, desk.now);
        occasion.since = Some(since);
        self.occasion = Some(occasion);
        true
    }
}
