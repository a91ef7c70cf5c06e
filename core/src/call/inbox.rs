//! What the relay says of calls.

use super::*;

impl Calls {
    /// A message of the relay about a call.
    pub(crate) fn handle_relay(
        &mut self,
        message: RelayMessage,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let mut news = Vec::new();
        match message {
            RelayMessage::CallIncoming {
                call_id,
                conversation,
                from,
                media,
                offer,
                sent_at,
                expires_at,
            } => {
                let rung = Rung { conversation, from, media, sent_at, offer };
                self.on_incoming(call_id, rung, expires_at, desk, &mut news);
            }
            RelayMessage::CallRinging { call_id, user, devices } => {
                if !self.is_with(call_id, user, desk) {
                    return news;
                }
                let own = self.occasion.as_mut().filter(|own| own.call.id == call_id);
                let rings = own.is_some_and(|own| own.hear_ringing(user, devices > 0));
                self.feed(Event::RingingThere { call: call_id, rings }, desk, &mut news);
            }
            RelayMessage::CallAccepted { call_id, by, media, answer } => {
                if !self.is_with(call_id, by.user, desk) {
                    return news;
                }
                let device = by.device;
                self.known.insert(device, by);
                self.answer = Some((media, answer));
                self.feed(Event::Accepted { call: call_id, by: device }, desk, &mut news);
                self.answer = None;
            }
            // In a direct call `call_ended` follows, with the words.
            RelayMessage::CallRejected { call_id: _, by: _, reason: _ } => {}
            RelayMessage::CallEnded { call_id, reason } => {
                self.feed(Event::Ended { call: call_id, reason }, desk, &mut news);
            }
            RelayMessage::PeerLeft { call_id, participant, reason } => {
                let event = Event::Left { call: call_id, device: participant.device, reason };
                self.feed(event, desk, &mut news);
            }
            RelayMessage::PeerClosed { call_id, from } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, _| {
                    occasion.hear_window(from, true);
                });
            }
            RelayMessage::PeerReturned { call_id, from } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, _| {
                    occasion.hear_window(from, false);
                });
            }
            RelayMessage::SdpOffer { call_id, from, offer_id, restart, sdp, proof: _ } => {
                self.feed(Event::Addressed { call: call_id }, desk, &mut news);
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, pass| {
                    // Only a window that is there makes a new connection.
                    if !restart {
                        occasion.hear_window(from, false);
                    }
                    occasion.receive_offer(from, offer_id, restart, sdp.as_str(), pass);
                });
            }
            RelayMessage::SdpAnswer { call_id, from, offer_id, sdp, proof: _ } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, pass| {
                    occasion.receive_answer(from, offer_id, sdp.as_str(), pass);
                });
            }
            RelayMessage::IceCandidates { call_id, from, candidates } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, pass| {
                    for IceCandidate { ufrag, mid, candidate } in candidates {
                        occasion.receive_candidate(from, ufrag, mid, candidate, pass.desk);
                    }
                });
            }
            RelayMessage::MediaState { call_id, from, n, state } => {
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, _| {
                    occasion.hear_sends(from, n, state);
                });
            }
            RelayMessage::CallState { call_id, participants, since, media_state } => {
                if let Some(call) = self.machine.open_call()
                    && call.id == call_id
                    && since.is_some()
                {
                    self.on_standing(call, participants, since, true, desk, &mut news);
                } else if let Some(since) = since {
                    self.on_taken_up(call_id, participants, since, desk, &mut news);
                }
                self.on_occasion(Some(call_id), desk, &mut news, |occasion, _| {
                    for media in media_state {
                        occasion.hear_sends(media.device, media.n, media.state);
                    }
                });
            }
            RelayMessage::Peers { call_id, participants } => {
                if let Some(call) = self.machine.open_call()
                    && call.id == call_id
                {
                    self.on_standing(call, participants, None, true, desk, &mut news);
                }
            }
            RelayMessage::Welcome(_)
            | RelayMessage::Snapshot(_)
            | RelayMessage::Ok { .. }
            | RelayMessage::Error { .. }
            | RelayMessage::Pong { .. }
            | RelayMessage::GoingAway { .. }
            | RelayMessage::IceServers { .. }
            | RelayMessage::Presence(_)
            | RelayMessage::ContactChanged { .. }
            | RelayMessage::ContactRemoved { .. }
            | RelayMessage::ConversationChanged { .. }
            | RelayMessage::ConversationInvited { .. }
            | RelayMessage::ConversationRemoved { .. }
            | RelayMessage::MeChanged { .. }
            | RelayMessage::Notice(_)
            | RelayMessage::CallRecorded { .. }
            | RelayMessage::Unknown => {}
        }
        news
    }

    pub(super) fn on_incoming(
        &mut self,
        call: CallId,
        rung: Rung,
        expires_at: u64,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        let age = desk.unix.saturating_sub(rung.sent_at);
        let left = expires_at.saturating_sub(desk.unix).min(RING_MS.saturating_sub(age));
        if left == 0
            || self.rings.len() >= RINGS
            || desk.me.is_some_and(|me| me.device == rung.from.device)
            || self.is_crossed_by_a_stranger(&rung, desk)
        {
            return;
        }
        let event = Event::Incoming {
            call,
            conversation: rung.conversation,
            from: rung.from.device,
            ring_ms: left,
            dnd: desk.dnd,
        };
        self.known.insert(rung.from.device, rung.from.clone());
        self.rings.entry(call).or_insert(rung);
        self.feed(event, desk, news);
    }

    pub(super) fn on_standing(
        &mut self,
        call: Call,
        participants: Vec<Participant>,
        since: Option<u64>,
        known: bool,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        let own = desk.me.map(|me| me.device);
        let mut others = Vec::new();
        for participant in participants {
            if Some(participant.device) != own && self.is_with(call.id, participant.user, desk) {
                others.push(participant.device);
                self.known.insert(participant.device, participant);
            }
        }
        self.forgotten = None;
        self.feed(Event::Standing { call, others, known }, desk, news);
        if let Some(occasion) = &mut self.occasion
            && occasion.call.id == call.id
            && since.is_some()
        {
            occasion.since = since;
            self.keep(desk);
        }
    }

    /// The session is on again. Of a fresh one, [`Self::handle_snapshot`] follows.
    /// `raced` says that it took the place of a socket that was dead.
    pub(crate) fn relay_is_back(&mut self, raced: bool, desk: &mut Desk<'_>) -> Vec<CallNews> {
        let mut news = Vec::new();
        if let Some(call) = self.machine.open_call() {
            if matches!(self.machine.stage(), Stage::Live { .. }) {
                let claim = self.occasion.as_ref().and_then(|it| it.claim(desk.me));
                let message = ClientMessage::CallSync { call_id: call.id, claim };
                desk.session.retract(|asked| matches!(asked, ClientMessage::CallSync { .. }));
                desk.session.ask(desk.out, message);
            }
            self.on_occasion(Some(call.id), desk, &mut news, |occasion, pass| {
                occasion.relay_is_back(raced, pass);
            });
        }
        news
    }

    /// The calls that a fresh session knows of; `ended` are newly recorded ones. Where they are not
    /// all of them (`whole`), that one is missing says nothing.
    pub(crate) fn handle_snapshot(
        &mut self,
        calls: Vec<LiveCall>,
        whole: bool,
        ended: &BTreeMap<CallId, EndReason>,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let mut news = Vec::new();
        let present: Vec<CallId> = calls.iter().map(|call| call.call_id).collect();
        let own = desk.me.map(|me| me.device);
        let gone = self
            .machine
            .rings()
            .keys()
            .copied()
            .chain(self.machine.open_call().map(|call| call.id));
        for call in gone.filter(|call| !present.contains(call)).collect::<Vec<_>>() {
            let is_live =
                matches!(self.machine.stage(), Stage::Live { call: live, .. } if live.id == call);
            let event = match ended.get(&call) {
                Some(reason) => Event::Ended { call, reason: *reason },
                // The answer to `call_sync` decides: the relay may take it up again.
                None if is_live || !whole => continue,
                None => Event::Forgotten { call },
            };
            self.feed(event, desk, &mut news);
        }
        for live in calls {
            match live.state {
                LiveCallState::Ringing { .. } if Some(live.from.device) == own => {
                    self.feed(Event::StillRinging { call: live.call_id }, desk, &mut news);
                }
                LiveCallState::Ringing { offer: Some(offer), expires_at } => {
                    let rung = Rung {
                        conversation: live.conversation,
                        from: live.from,
                        media: live.media,
                        sent_at: live.sent_at,
                        offer,
                    };
                    self.on_incoming(live.call_id, rung, expires_at, desk, &mut news);
                }
                LiveCallState::Ringing { offer: None, .. } => {}
                LiveCallState::Live { participants, since } => {
                    let call = Call {
                        id: live.call_id,
                        conversation: live.conversation,
                        media: live.media,
                        outgoing: Some(live.from.device) == own,
                    };
                    let known = self.resume(call, live.from, live.sent_at, since, desk);
                    self.on_standing(call, participants, Some(since), known, desk, &mut news);
                }
            }
        }
        if self.is_busy() || !self.ask_for_kept(ended, desk) {
            self.forget_kept(desk);
        }
        news
    }

    /// Whether somebody belongs to the call that the person placed or accepted. Others of its
    /// conversation may join a group later; a direct call has the two that it started with.
    fn is_with(&self, call: CallId, user: UserId, desk: &Desk<'_>) -> bool {
        let Some(occasion) = self.occasion.as_ref().filter(|own| own.call.id == call) else {
            // What becomes of it is the machine's to say; nothing is opened for it.
            return true;
        };
        occasion.people.contains(&user) || desk.people.is_of_group(occasion.call.conversation, user)
    }

    /// The own call gives way to one that crosses it, and that one is answered without another
    /// click: it has to come from somebody who was called.
    fn is_crossed_by_a_stranger(&self, rung: &Rung, desk: &Desk<'_>) -> bool {
        match self.machine.stage() {
            Stage::Dialling { call, .. } | Stage::Crossed { call }
                if call.conversation == rung.conversation =>
            {
                !self.is_with(call.id, rung.from.user, desk)
            }
            Stage::Idle
            | Stage::Dialling { .. }
            | Stage::Crossed { .. }
            | Stage::Answering { .. }
            | Stage::Live { .. }
            | Stage::Ended { .. } => false,
        }
    }

    /// The relay answered a request about a call.
    pub(crate) fn handle_answer(
        &mut self,
        asked: &ClientMessage,
        refused: Option<Refused>,
        put_off: bool,
        desk: &mut Desk<'_>,
    ) -> Vec<CallNews> {
        let mut news = Vec::new();
        if refused.is_none() {
            self.on_carried_out(asked, put_off, desk, &mut news);
        }
        let event = match (asked, refused) {
            (ClientMessage::CallInitiate { call_id, .. }, Some(_)) => {
                Event::PlaceRefused { call: *call_id }
            }
            (ClientMessage::CallAnswer { call_id, .. }, None) => {
                Event::Confirmed { call: *call_id }
            }
            (ClientMessage::CallAnswer { call_id, .. }, Some(_)) => {
                Event::TooLate { call: *call_id }
            }
            (
                ClientMessage::CallSync { call_id, .. },
                Some(Refused { code: ErrorCode::NotFound | ErrorCode::Stale, .. }),
            ) => {
                if self.kept.as_ref().is_some_and(|kept| kept.call_id == *call_id) {
                    self.forget_kept(desk);
                }
                self.forgotten = Some(*call_id);
                Event::Forgotten { call: *call_id }
            }
            (_, Some(_) | None) => return news,
        };
        self.feed(event, desk, &mut news);
        news
    }

    /// The relay carried a request out. What was said behind one that it put off was refused.
    fn on_carried_out(
        &mut self,
        asked: &ClientMessage,
        put_off: bool,
        desk: &mut Desk<'_>,
        news: &mut Vec<CallNews>,
    ) {
        if let ClientMessage::CallAnswer { call_id, .. } = asked {
            self.on_occasion(Some(*call_id), desk, news, |occasion, pass| {
                occasion.confirmed(put_off, pass.desk);
            });
        } else if let ClientMessage::CallSync { call_id, .. } = asked
            && put_off
        {
            self.on_occasion(Some(*call_id), desk, news, |occasion, pass| {
                occasion.relay_is_back(false, pass);
            });
        }
    }
}
