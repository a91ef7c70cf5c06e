//! Carries out what the state machine asks for.

use super::kept::KEEP_MS;
use super::*;

impl Calls {
    /// Gives the machine an event and carries out what follows.
    pub(super) fn feed(&mut self, event: Event, desk: &mut Desk<'_>, news: &mut Vec<CallNews>) {
        self.queue.push_back(event);
        if self.feeding {
            return;
        }
        self.feeding = true;
        while let Some(event) = self.queue.pop_front() {
            for effect in self.machine.handle(event) {
                self.carry_out(effect, desk, news);
            }
        }
        self.feeding = false;
        let machine = &self.machine;
        self.rings.retain(|call, _| machine.rings().contains_key(call));
    }

    pub(super) fn carry_out(
        &mut self,
        effect: Effect,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        match effect {
            Effect::Dial(call) => {
                let Some(me) = desk.me.cloned() else { return };
                let local = Local::starting(call.media, desk.unix);
                let people = desk.others_of(call.conversation);
                let occasion =
                    Occasion::new(call, call.media, me, people, desk.unix, local, desk.now);
                self.occasion = Some(occasion);
                self.on_occasion(None, desk, news, Occasion::dial);
            }
            Effect::Answer(call) => {
                let Some(rung) = self.rings.get(&call.id).cloned() else { return };
                let local = Local::starting(call.media, desk.unix);
                let mut people = desk.others_of(call.conversation);
                people.insert(rung.from.user);
                let Rung { media, from, sent_at, .. } = rung;
                let occasion = Occasion::new(call, media, from, people, sent_at, local, desk.now);
                self.former = self.occasion.replace(occasion);
                self.on_occasion(None, desk, news, |occasion, pass| {
                    occasion.answer(rung.offer, pass)
                });
            }
            Effect::Bind(device) => {
                let (Some(who), Some((media, answer))) =
                    (self.known.get(&device).cloned(), self.answer.take())
                else {
                    return;
                };
                self.on_occasion(None, desk, news, |occasion, pass| {
                    occasion.bind(who, media, &answer, pass)
                });
            }
            Effect::Meet(_, device) => {
                let Some(who) = self.known.get(&device).cloned() else { return };
                self.on_occasion(None, desk, news, |occasion, pass| occasion.meet(who, pass));
            }
            Effect::Part(device) => {
                if let Some(occasion) = &mut self.occasion {
                    occasion.part(device, desk);
                }
            }
            Effect::Close(call) => {
                for occasion in [self.former.as_mut(), self.occasion.as_mut()].into_iter().flatten()
                {
                    if occasion.call.id == call {
                        occasion.close(desk);
                    }
                }
                self.former.take_if(|former| former.call.id == call);
            }
            Effect::Say(say) => self.say(say, desk),
            Effect::Ring(call) => news.push(CallNews::Ring(call)),
            Effect::RingStopped { call, missed } => {
                let missed = self.rings.get(&call).filter(|_| missed).cloned();
                news.push(CallNews::RingStopped { call, missed });
            }
            Effect::Live(_) => {
                if let Some(occasion) = &mut self.occasion {
                    occasion.go_live(desk);
                }
                self.keep(desk);
            }
            Effect::Keep(Some(_)) => self.keep(desk),
            Effect::Keep(None) => desk.out.push_back(Output::Store(Record::Call(None))),
            Effect::Arm(timer, ms) => {
                self.timers.insert(timer, desk.now.after(ms));
            }
            Effect::Disarm(timer) => {
                self.timers.remove(&timer);
            }
            Effect::Tell(remark) => news.push(CallNews::Tell(remark)),
        }
    }

    pub(super) fn say(&mut self, say: Say, desk: &mut Desk<'_>) {
        match say {
            Say::Initiate(call_id) => {
                if let Some(occasion) = &mut self.occasion
                    && let Some(offer) = occasion.own_offer()
                {
                    let Call { conversation, media, .. } = occasion.call;
                    retract(call_id, desk);
                    let message =
                        ClientMessage::CallInitiate { call_id, conversation, media, offer };
                    desk.session.ask(desk.out, message);
                    occasion.said(desk);
                }
            }
            Say::Answer(call_id) => {
                if let Some(occasion) = &mut self.occasion
                    && let Some(answer) = occasion.own_answer()
                {
                    let media = occasion.call.media;
                    desk.session
                        .ask(desk.out, ClientMessage::CallAnswer { call_id, media, answer });
                    occasion.said(desk);
                }
            }
            Say::Reject(call_id, refusal) => {
                desk.session
                    .ask(desk.out, ClientMessage::CallReject { call_id, reason: refusal.into() });
            }
            Say::Cancel(call_id) => {
                retract(call_id, desk);
                desk.session.ask(desk.out, ClientMessage::CallCancel { call_id });
            }
            Say::Leave(call_id) => {
                if let Some(occasion) = &self.occasion
                    && occasion.call.id == call_id
                {
                    occasion.say_leave(desk);
                }
                retract(call_id, desk);
                desk.session.ask(desk.out, ClientMessage::CallLeave { call_id });
            }
        }
    }

    /// Keeps the running call for a reload, and again from time to time, so that it tells when this
    /// device was last in it.
    pub(super) fn keep(&mut self, desk: &mut Desk<'_>) {
        self.keep_at = None;
        if let Some(occasion) =
            self.occasion.as_ref().filter(|_| self.machine.open_call().is_some())
        {
            desk.out.push_back(Output::Store(Record::Call(Some(occasion.in_progress(desk)))));
            self.keep_at = Some(desk.now.after(KEEP_MS));
        }
    }
}

/// Requests about a call that is over before they were answered.
fn retract(call: CallId, desk: &mut Desk<'_>) {
    desk.session.retract_waiting(|asked| {
        matches!(asked,
            ClientMessage::CallInitiate { call_id, .. }
            | ClientMessage::CallAnswer { call_id, .. }
            | ClientMessage::CallSync { call_id, .. } if *call_id == call)
    });
}
