//! The call that this device was in before a reload.

use bellwire_protocol::limits::SEAT_WITH_MEDIA_MS;

use super::*;

/// How often the running call is kept again, in ms. Each costs a write of some hundred bytes.
pub(super) const KEEP_MS: u64 = 30_000;
/// How long ago a device may have been in a call that it comes back into, in ms. A relay keeps a seat
/// for `SEAT_WITH_MEDIA_MS` from the last report that media flowed with it, and twice [`KEEP_MS`] is
/// how old the note of that may be and what two runs' clocks may differ by. Lower loses calls
/// that a relay still holds; higher lets a relay take up, without a click, what its person
/// has long forgotten.
pub(super) const KEPT_MS: u64 = SEAT_WITH_MEDIA_MS + 2 * KEEP_MS;

impl Calls {
    /// The call that this device was in before a reload, unless that was too long ago.
    fn kept(&self, desk: &Desk<'_>) -> Option<&CallInProgress> {
        // By the device's own clock on both sides: a relay has no say in it.
        self.kept.as_ref().filter(|kept| desk.system_unix.abs_diff(kept.at) <= KEPT_MS)
    }

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
        let kept = self.kept(desk).filter(|kept| kept.call_id == call_id);
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
        let Some(CallInProgress { call_id, claim: Some(claim), .. }) = self.kept(desk) else {
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
        let Some(kept) = self.kept(desk).filter(|kept| {
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
