//! An in-memory relay, as `docs/protocol.md` describes it: sessions with resume, ring fan-out, first
//! answer wins, glare, seats. Pure: the world carries its frames and asks it for its deadline.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_core::HttpReply;
use bellwire_protocol::http::{Calls, Registration, RelayInfo, SignedIn};
use bellwire_protocol::limits::{
    RESUME_FRAMES, RESUME_MS, RING_MS, SEAT_LEFT_MS, SEAT_MS, SEAT_WITH_MEDIA_MS, close,
};
use bellwire_protocol::*;

/// The relay's clock at virtual time 0, deliberately not that of the devices.
pub(crate) const EPOCH: u64 = 1_790_000_000_000;

/// One socket. Numbers are never used again.
pub(crate) type Socket = u64;

/// What the relay does to sockets.
#[derive(Debug)]
pub(crate) enum Act {
    Send(Socket, Box<RelayFrame>),
    Close(Socket, u16),
}

#[derive(Debug)]
struct Session {
    token: u64,
    /// What the last welcome brought, until the client is heard after it.
    offered: Option<u64>,
    seq: u64,
    socket: Option<Socket>,
    detached_at: u64,
    /// Its page said that it is being left.
    left: bool,
    sent: VecDeque<RelayFrame>,
}

#[derive(Debug)]
struct Call {
    conversation: ConversationId,
    media: Media,
    caller: Participant,
    sent_at: u64,
    media_state: BTreeMap<DeviceId, ParticipantMedia>,
    /// People who parted from the caller while it rang.
    kept_from: BTreeSet<UserId>,
    state: State,
}

#[derive(Debug)]
enum State {
    Ringing {
        offer: Offer,
        expires_at: u64,
        candidates: Vec<IceCandidate>,
        busy: BTreeSet<DeviceId>,
    },
    Live {
        participants: Vec<Participant>,
        since: u64,
        flowing: BTreeMap<DeviceId, u64>,
        /// Devices that said themselves that they are in it.
        confirmed: BTreeSet<DeviceId>,
    },
}

/// The relay.
#[derive(Debug, Default)]
pub(crate) struct Relay {
    pub devices: BTreeMap<DeviceId, Person>,
    pub conversations: Vec<Conversation>,
    sessions: BTreeMap<DeviceId, Session>,
    sockets: BTreeMap<Socket, Option<DeviceId>>,
    calls: BTreeMap<CallId, Call>,
    pub records: BTreeMap<CallId, CallRecord>,
    last_token: u64,
    pub acts: Vec<Act>,
    /// Every frame goes out twice.
    pub duplicate: bool,
    /// Sessions that began; a resumed one does not count again.
    pub begun: usize,
    /// So many requests are refused for their rate.
    pub out_of_turns: u32,
    /// No call is taken up again.
    pub forget_claims: bool,
}

impl Relay {
    pub(crate) fn live_calls(&self) -> usize {
        self.calls.len()
    }

    /// Everything in memory is lost; the store stays.
    pub(crate) fn restart(&mut self) -> Vec<Socket> {
        self.sessions.clear();
        self.calls.clear();
        std::mem::take(&mut self.sockets).into_keys().collect()
    }

    pub(crate) fn open(&mut self, socket: Socket) {
        self.sockets.insert(socket, None);
    }

    pub(crate) fn close(&mut self, socket: Socket, now: u64) {
        if let Some(Some(device)) = self.sockets.remove(&socket)
            && let Some(session) = self.sessions.get_mut(&device)
            && session.socket == Some(socket)
        {
            session.socket = None;
            session.detached_at = now;
        }
    }

    /// The socket's page is being left: it is closed, or loaded anew.
    pub(crate) fn leave_page(&mut self, socket: Socket, now: u64) {
        let device = self.sockets.get(&socket).copied().flatten();
        self.close(socket, now);
        let Some(device) = device else { return };
        let Some(session) = self.sessions.get_mut(&device) else { return };
        session.left = true;
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for call_id in ids {
            let call = &self.calls[&call_id];
            match &call.state {
                State::Ringing { .. } if call.caller.device == device => {
                    self.end(call_id, EndReason::Cancelled, now, Some(device));
                }
                State::Ringing { .. } => {}
                State::Live { .. } => {
                    self.tell_others(
                        call_id,
                        device,
                        &RelayMessage::PeerClosed { call_id, from: device },
                    );
                }
            }
        }
    }

    fn tell_others(&mut self, call_id: CallId, device: DeviceId, message: &RelayMessage) {
        let told = self.told(call_id);
        if told.contains(&device) {
            for to in told.into_iter().filter(|to| *to != device) {
                self.say(to, message.clone());
            }
        }
    }

    fn return_page(&mut self, device: DeviceId) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for call_id in ids {
            let message = RelayMessage::PeerReturned { call_id, from: device };
            self.tell_others(call_id, device, &message);
        }
    }

    pub(crate) fn token(device: DeviceId) -> Secret {
        Secret::new(format!("access {device}")).unwrap()
    }

    pub(crate) fn http(&mut self, device: DeviceId, id: u32, url: &str) -> HttpReply {
        let body = if url.ends_with("/relay") {
            encode(&RelayInfo {
                name: "bellwire".into(),
                version: "0.1.0".into(),
                protocols: vec![SUBPROTOCOL.into()],
                registration: Registration::Open,
                origin_accepted: None,
                address: None,
            })
        } else if url.contains("/auth/") && !url.ends_with("logout") {
            encode(&SignedIn {
                access_token: Self::token(device),
                expires_in: 600,
                refresh_token: Secret::new("refresh").unwrap(),
                user: self.devices[&device].user,
                device,
                device_cookie: Secret::new("cookie").unwrap(),
            })
        } else if url.contains("/calls?") {
            encode(&Calls { calls: self.records.values().rev().cloned().collect(), next: None })
        } else {
            String::new()
        };
        HttpReply { id, result: Ok((200, body)) }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let seats = self.calls.values().flat_map(|call| match &call.state {
            State::Ringing { expires_at, .. } => vec![expires_at - EPOCH],
            State::Live { participants, .. } => {
                participants.iter().filter_map(|who| self.seat_until(call, who.device)).collect()
            }
        });
        let sessions = self
            .sessions
            .values()
            .filter(|s| s.socket.is_none())
            .map(|s| s.detached_at + RESUME_MS);
        seats.chain(sessions).min()
    }

    fn seat_until(&self, call: &Call, device: DeviceId) -> Option<u64> {
        let State::Live { since, flowing, confirmed, .. } = &call.state else { return None };
        if !confirmed.contains(&device) {
            // A claim begins when it is taken, and being connected says nothing about the call.
            return Some(since - EPOCH + SEAT_MS);
        }
        let gone = match self.sessions.get(&device) {
            Some(session) if session.socket.is_some() => return None,
            Some(session) => session.detached_at,
            None => since - EPOCH,
        };
        if self.sessions.get(&device).is_some_and(|session| session.left) {
            return Some(gone + SEAT_LEFT_MS);
        }
        // A session that the relay dropped is gone since then; its seat runs from the last report.
        let flows = flowing.get(&device).is_some_and(|at| at + 20_000 > gone);
        Some(gone + if flows { SEAT_WITH_MEDIA_MS } else { SEAT_MS })
    }

    pub(crate) fn tick(&mut self, now: u64) {
        let expired: Vec<CallId> = self
            .calls
            .iter()
            .filter(|(_, call)| matches!(&call.state, State::Ringing { expires_at, .. } if *expires_at <= now + EPOCH))
            .map(|(id, _)| *id)
            .collect();
        for id in expired {
            let reached =
                self.callee_devices(&self.calls[&id]).iter().any(|d| self.sessions.contains_key(d));
            let reason = if reached { EndReason::NoAnswer } else { EndReason::Unreachable };
            self.end(id, reason, now, None);
        }
        let lost: Vec<(CallId, DeviceId)> = self
            .calls
            .iter()
            .flat_map(|(id, call)| match &call.state {
                State::Ringing { .. } => Vec::new(),
                State::Live { participants, .. } => participants
                    .iter()
                    .filter(|who| self.seat_until(call, who.device).is_some_and(|at| at <= now))
                    .map(|who| (*id, who.device))
                    .collect(),
            })
            .collect();
        for (id, device) in lost {
            let left = self.sessions.get(&device).is_some_and(|session| session.left);
            let reason = if left { EndReason::WindowClosed } else { EndReason::Lost };
            self.leave(id, device, reason, now);
        }
        self.sessions.retain(|_, s| s.socket.is_some() || s.detached_at + RESUME_MS > now);
    }

    pub(crate) fn receive(&mut self, socket: Socket, frame: ClientFrame, now: u64) {
        match self.sockets.get(&socket).copied() {
            None => {}
            Some(None) => self.hello(socket, frame, now),
            Some(Some(device)) => {
                if let Some(session) = self.sessions.get_mut(&device)
                    && let Some(offered) = session.offered.take()
                {
                    session.token = offered;
                }
                let id = frame.id;
                let result = if self.out_of_turns > 0 && frame.id.is_some() {
                    self.out_of_turns -= 1;
                    Err(ErrorCode::RateLimited)
                } else {
                    self.message(device, frame.message, now)
                };
                if let Some(re) = id {
                    self.say(
                        device,
                        match result {
                            Ok(()) => RelayMessage::Ok { re },
                            Err(code) => RelayMessage::Error {
                                re: Some(re),
                                code,
                                message: String::new(),
                                retry_after_ms: None,
                            },
                        },
                    );
                }
            }
        }
    }

    fn hello(&mut self, socket: Socket, frame: ClientFrame, now: u64) {
        let ClientMessage::Hello { token, resume, .. } = frame.message else {
            self.acts.push(Act::Close(socket, close::UNAUTHENTICATED));
            return;
        };
        let Some(device) = self.devices.keys().copied().find(|d| Self::token(*d) == token) else {
            self.acts.push(Act::Close(socket, close::UNAUTHENTICATED));
            return;
        };
        if let Some(old) = self.sessions.get(&device).and_then(|s| s.socket) {
            self.sockets.remove(&old);
            self.acts.push(Act::Close(old, close::REPLACED));
        }
        self.sockets.insert(socket, Some(device));
        if let Some(session) = self.sessions.get_mut(&device)
            && std::mem::take(&mut session.left)
        {
            self.return_page(device);
        }
        self.last_token += 1;
        let mut token = self.last_token;
        let named = resume.as_ref().map(|resume| resume.session.as_str().to_owned());
        let resumable = resume.and_then(|resume| {
            let session = self.sessions.get(&device)?;
            let named = |token: u64| resume.session.as_str() == token.to_string();
            let known = named(session.token) || session.offered.is_some_and(named);
            let oldest = session.sent.front().map_or(session.seq + 1, |f| f.seq);
            (known && resume.seq + 1 >= oldest && resume.seq <= session.seq).then_some(resume.seq)
        });
        let missed: Vec<RelayFrame> = match resumable {
            Some(seq) => {
                self.sessions[&device].sent.iter().filter(|f| f.seq > seq).cloned().collect()
            }
            None => Vec::new(),
        };
        if let (Some(_), Some(session)) = (resumable, self.sessions.get_mut(&device)) {
            session.socket = Some(socket);
            if let Some(offered) = session.offered.filter(|t| named == Some(t.to_string())) {
                session.token = offered;
                session.offered = None;
            }
            token = *session.offered.get_or_insert(token);
        } else {
            self.begun += 1;
            let session = Session {
                token,
                offered: None,
                seq: 0,
                socket: Some(socket),
                detached_at: now,
                left: false,
                sent: VecDeque::new(),
            };
            self.sessions.insert(device, session);
        }
        let person = self.devices[&device].clone();
        let welcome = Welcome {
            session: Secret::new(token.to_string()).unwrap(),
            resumed: resumable.is_some(),
            me: Me {
                user: person.user,
                device,
                username: person.username.clone(),
                display_name: person.display_name.clone(),
                callable_by: CallableBy::Contacts,
                administrator: false,
            },
            ice_servers: vec![IceServer {
                urls: vec!["turn:relay".into()],
                username: None,
                credential: None,
            }],
            limits: Limits::default(),
            features: Vec::new(),
            version: "0.1.0".into(),
            server_time: now + EPOCH,
        };
        let message = RelayMessage::Welcome(Box::new(welcome));
        match resumable {
            Some(seq) => self.acts.push(Act::Send(socket, Box::new(RelayFrame { seq, message }))),
            None => self.say(device, message),
        }
        for frame in missed {
            self.acts.push(Act::Send(socket, Box::new(frame)));
        }
        if resumable.is_none() {
            let snapshot = self.snapshot(device, person.user);
            self.say(device, RelayMessage::Snapshot(Box::new(snapshot)));
        }
    }

    fn snapshot(&self, device: DeviceId, user: UserId) -> Snapshot {
        let calls = self.calls.iter().filter_map(|(id, call)| {
            let state = match &call.state {
                State::Ringing { offer, expires_at, .. } => {
                    let own = call.caller.device == device;
                    if !own
                        && (call.caller.user == user
                            || call.kept_from.contains(&user)
                            || !self.is_member(call.conversation, user))
                    {
                        return None;
                    }
                    LiveCallState::Ringing {
                        offer: (!own).then(|| offer.clone()),
                        expires_at: *expires_at,
                    }
                }
                State::Live { participants, since, confirmed, .. } => {
                    confirmed.get(&device)?;
                    LiveCallState::Live { participants: participants.clone(), since: *since }
                }
            };
            Some(LiveCall {
                call_id: *id,
                conversation: call.conversation,
                media: call.media,
                from: call.caller.clone(),
                state,
                sent_at: call.sent_at,
            })
        });
        let conversations =
            self.conversations.iter().filter(|c| c.members.iter().any(|m| m.user == user));
        Snapshot {
            contacts: Vec::new(),
            conversations: conversations
                .map(|c| {
                    let last_call =
                        self.records.values().rev().find(|r| r.conversation == c.id).cloned();
                    Conversation { last_call, ..c.clone() }
                })
                .collect(),
            invitations: Vec::new(),
            presence: Vec::new(),
            calls: calls.collect(),
            notices: Vec::new(),
            more: false,
        }
    }

    fn message(
        &mut self,
        device: DeviceId,
        message: ClientMessage,
        now: u64,
    ) -> Result<(), ErrorCode> {
        let me = self.participant(device);
        match message {
            ClientMessage::Hello { .. } | ClientMessage::Unknown => Err(ErrorCode::Malformed),
            ClientMessage::Ping { t } => {
                self.say(device, RelayMessage::Pong { t, server_time: now + EPOCH });
                Ok(())
            }
            ClientMessage::PresenceSet { .. } => Ok(()),
            ClientMessage::CallInitiate { call_id, conversation, media, offer } => {
                self.initiate(me, call_id, conversation, media, offer, now)
            }
            ClientMessage::CallAnswer { call_id, media, answer } => {
                self.answer(me, call_id, media, answer, now)
            }
            ClientMessage::CallReject { call_id, reason } => self.reject(me, call_id, reason, now),
            ClientMessage::CallCancel { call_id } => {
                let call = self.call(call_id)?;
                if call.caller.device != device {
                    return Err(ErrorCode::NotFound);
                }
                match call.state {
                    State::Ringing { .. } => {
                        self.end(call_id, EndReason::Cancelled, now, Some(device));
                        Ok(())
                    }
                    State::Live { .. } => Err(ErrorCode::Stale),
                }
            }
            ClientMessage::CallLeave { call_id } => {
                self.seat(call_id, device)?;
                self.leave(call_id, device, EndReason::Ended, now);
                Ok(())
            }
            ClientMessage::SdpOffer { call_id, to, offer_id, restart, sdp, proof } => self.pass(
                call_id,
                device,
                to,
                RelayMessage::SdpOffer { call_id, from: device, offer_id, restart, sdp, proof },
            ),
            ClientMessage::SdpAnswer { call_id, to, offer_id, sdp, proof } => self.pass(
                call_id,
                device,
                to,
                RelayMessage::SdpAnswer { call_id, from: device, offer_id, sdp, proof },
            ),
            ClientMessage::IceCandidates { call_id, to: None, candidates } => {
                match &mut self.calls.get_mut(&call_id).ok_or(ErrorCode::NotFound)?.state {
                    State::Ringing { candidates: held, .. } => {
                        let all = held.iter().cloned().chain(candidates).collect();
                        let all = Candidates::new(all).map_err(|_| ErrorCode::TooLarge)?;
                        *held = all.into();
                        Ok(())
                    }
                    // It was on its way while somebody answered.
                    State::Live { participants, .. } => {
                        let others: Vec<_> = participants
                            .iter()
                            .map(|p| p.device)
                            .filter(|d| *d != device)
                            .collect();
                        for to in others {
                            let (from, candidates) = (device, candidates.clone());
                            self.say(to, RelayMessage::IceCandidates { call_id, from, candidates });
                        }
                        Ok(())
                    }
                }
            }
            ClientMessage::IceCandidates { call_id, to: Some(to), candidates } => self.pass(
                call_id,
                device,
                to,
                RelayMessage::IceCandidates { call_id, from: device, candidates },
            ),
            ClientMessage::MediaState { call_id, n, state } => {
                self.seat(call_id, device)?;
                if let Some(call) = self.calls.get_mut(&call_id) {
                    call.media_state.insert(device, ParticipantMedia { device, n, state });
                }
                for to in self.told(call_id).into_iter().filter(|to| *to != device) {
                    self.say(to, RelayMessage::MediaState { call_id, from: device, n, state });
                }
                Ok(())
            }
            ClientMessage::CallSync { call_id, claim } => {
                if !self.forget_claims
                    && !self.calls.contains_key(&call_id)
                    && !self.records.contains_key(&call_id)
                    && let Some(claim) = claim
                {
                    self.calls.insert(
                        call_id,
                        Call {
                            conversation: claim.conversation,
                            media: claim.media,
                            caller: claim.caller,
                            sent_at: claim.sent_at,
                            media_state: BTreeMap::new(),
                            kept_from: BTreeSet::new(),
                            state: State::Live {
                                participants: claim.participants,
                                since: now + EPOCH,
                                flowing: BTreeMap::new(),
                                confirmed: BTreeSet::new(),
                            },
                        },
                    );
                }
                let participants = self.seat(call_id, device)?;
                let call = &self.calls[&call_id];
                let State::Live { since, .. } = call.state else { return Err(ErrorCode::NotFound) };
                let media_state = call.media_state.values().cloned().collect();
                self.say(
                    device,
                    RelayMessage::CallState {
                        call_id,
                        participants,
                        since: Some(since),
                        media_state,
                    },
                );
                Ok(())
            }
            ClientMessage::PeerList { call_id } => {
                let participants = self.seat(call_id, device)?;
                self.say(device, RelayMessage::Peers { call_id, participants });
                Ok(())
            }
            ClientMessage::CallReport { call_id, flowing, .. } => {
                self.seat(call_id, device)?;
                if let (Some(peer), Some(State::Live { flowing, .. })) =
                    (flowing, self.calls.get_mut(&call_id).map(|c| &mut c.state))
                {
                    flowing.insert(peer, now);
                }
                Ok(())
            }
        }
    }

    fn initiate(
        &mut self,
        me: Participant,
        call_id: CallId,
        conversation: ConversationId,
        media: Media,
        offer: Offer,
        now: u64,
    ) -> Result<(), ErrorCode> {
        if !self.is_member(conversation, me.user) {
            return Err(ErrorCode::NotFound);
        }
        if self.records.contains_key(&call_id) {
            return Err(ErrorCode::Stale);
        }
        if let Some(call) = self.calls.get(&call_id) {
            return if call.caller.device == me.device { Ok(()) } else { Err(ErrorCode::NotFound) };
        }
        let crossing = self
            .calls
            .iter()
            .find(|(_, call)| {
                call.conversation == conversation
                    && call.caller.user != me.user
                    && matches!(call.state, State::Ringing { .. })
            })
            .map(|(id, _)| *id);
        if let Some(other) = crossing {
            if other < call_id {
                self.record(call_id, conversation, media, me.user, EndReason::Replaced, now);
                self.say(
                    me.device,
                    RelayMessage::CallEnded { call_id, reason: EndReason::Replaced },
                );
                return Ok(());
            }
            self.end(other, EndReason::Replaced, now, None);
        }
        let expires_at = now + EPOCH + RING_MS;
        let call = Call {
            conversation,
            media,
            caller: me.clone(),
            sent_at: now + EPOCH,
            media_state: BTreeMap::new(),
            kept_from: BTreeSet::new(),
            state: State::Ringing {
                offer: offer.clone(),
                expires_at,
                candidates: Vec::new(),
                busy: BTreeSet::new(),
            },
        };
        let devices: Vec<DeviceId> = self
            .callee_devices(&call)
            .into_iter()
            .filter(|d| self.sessions.contains_key(d))
            .collect();
        self.calls.insert(call_id, call);
        for device in &devices {
            self.say(
                *device,
                RelayMessage::CallIncoming {
                    call_id,
                    conversation,
                    from: me.clone(),
                    media,
                    offer: offer.clone(),
                    sent_at: now + EPOCH,
                    expires_at,
                },
            );
        }
        if let Some(first) = devices.first() {
            let user = self.devices[first].user;
            let devices = u32::try_from(devices.len()).unwrap();
            self.say(me.device, RelayMessage::CallRinging { call_id, user, devices });
        }
        Ok(())
    }

    fn answer(
        &mut self,
        me: Participant,
        call_id: CallId,
        media: Media,
        answer: Answer,
        now: u64,
    ) -> Result<(), ErrorCode> {
        let call = self.call(call_id)?;
        if !self.is_called(call, me.user) {
            return Err(ErrorCode::NotFound);
        }
        match &call.state {
            State::Live { participants, .. } if participants.contains(&me) => return Ok(()),
            State::Live { .. } => return Err(ErrorCode::Stale),
            State::Ringing { .. } => {}
        }
        let caller = call.caller.clone();
        let others = self.callee_devices(call);
        let state = State::Live {
            participants: vec![caller.clone(), me.clone()],
            since: now + EPOCH,
            flowing: BTreeMap::new(),
            confirmed: BTreeSet::from([caller.device, me.device]),
        };
        let Some(call) = self.calls.get_mut(&call_id) else { return Err(ErrorCode::NotFound) };
        let former = std::mem::replace(&mut call.state, state);
        self.say(
            caller.device,
            RelayMessage::CallAccepted { call_id, by: me.clone(), media, answer },
        );
        if let State::Ringing { candidates, .. } = former
            && let Ok(candidates) = Candidates::new(candidates)
        {
            let from = caller.device;
            self.say(me.device, RelayMessage::IceCandidates { call_id, from, candidates });
        }
        for device in others.into_iter().filter(|d| *d != me.device) {
            self.say(
                device,
                RelayMessage::CallEnded { call_id, reason: EndReason::AnsweredElsewhere },
            );
        }
        Ok(())
    }

    fn reject(
        &mut self,
        me: Participant,
        call_id: CallId,
        reason: RejectReason,
        now: u64,
    ) -> Result<(), ErrorCode> {
        let call = self.call(call_id)?;
        if !self.is_called(call, me.user) {
            return Err(ErrorCode::NotFound);
        }
        let (caller, callees) = (call.caller.device, self.callee_devices(call));
        let connected: Vec<DeviceId> =
            callees.into_iter().filter(|d| self.sessions.contains_key(d)).collect();
        let Some(Call { state: State::Ringing { busy, .. }, .. }) = self.calls.get_mut(&call_id)
        else {
            return Err(ErrorCode::Stale);
        };
        let reason = match reason {
            RejectReason::Busy => {
                busy.insert(me.device);
                if connected.iter().any(|device| !busy.contains(device)) {
                    return Ok(());
                }
                EndReason::Busy
            }
            RejectReason::Declined => EndReason::Declined,
            RejectReason::Dnd => EndReason::Dnd,
        };
        self.say(
            caller,
            RelayMessage::CallRejected { call_id, by: me.clone(), reason: RejectReason::Declined },
        );
        self.end(call_id, reason, now, Some(me.device));
        Ok(())
    }

    fn leave(&mut self, call_id: CallId, device: DeviceId, reason: EndReason, now: u64) {
        let Some(Call { state: State::Live { participants, .. }, .. }) =
            self.calls.get_mut(&call_id)
        else {
            return;
        };
        participants.retain(|who| who.device != device);
        if participants.len() < 2 {
            self.end(call_id, reason, now, Some(device));
        }
    }

    /// Ends a call for everybody but the device that did it.
    fn end(&mut self, call_id: CallId, reason: EndReason, now: u64, by: Option<DeviceId>) {
        let Some(call) = self.calls.remove(&call_id) else { return };
        let callees = self.callee_devices(&call);
        let (told, answered): (Vec<DeviceId>, _) = match &call.state {
            State::Ringing { .. } => {
                (callees.iter().copied().chain([call.caller.device]).collect(), None)
            }
            State::Live { confirmed, since, .. } => {
                (confirmed.iter().copied().collect(), Some(*since))
            }
        };
        let mut told = told;
        told.sort_unstable();
        told.dedup();
        let decliner = by.and_then(|device| self.devices.get(&device)).map(|person| person.user);
        for device in told.into_iter().filter(|device| Some(*device) != by) {
            let own = decliner == Some(self.devices[&device].user) && device != call.caller.device;
            let elsewhere =
                own && matches!(reason, EndReason::Declined | EndReason::Dnd) && answered.is_none();
            let reason = if elsewhere { EndReason::DeclinedElsewhere } else { reason };
            self.say(device, RelayMessage::CallEnded { call_id, reason });
        }
        self.record(call_id, call.conversation, call.media, call.caller.user, reason, now);
    }

    fn record(
        &mut self,
        call_id: CallId,
        conversation: ConversationId,
        media: Media,
        caller: UserId,
        reason: EndReason,
        now: u64,
    ) {
        let record = CallRecord {
            call_id,
            conversation,
            name: None,
            media,
            caller,
            participants: vec![caller],
            started_at: now + EPOCH,
            answered_at: None,
            ended_at: now + EPOCH,
            reason,
        };
        self.records.insert(call_id, record);
    }

    fn pass(
        &mut self,
        call_id: CallId,
        from: DeviceId,
        to: DeviceId,
        message: RelayMessage,
    ) -> Result<(), ErrorCode> {
        self.seat(call_id, from)?;
        if from == to || !self.told(call_id).contains(&to) {
            return Err(ErrorCode::NotFound);
        }
        self.say(to, message);
        Ok(())
    }

    /// Who is in the call, for a device that says so of itself.
    fn seat(&mut self, call_id: CallId, device: DeviceId) -> Result<Vec<Participant>, ErrorCode> {
        match &mut self.calls.get_mut(&call_id).ok_or(ErrorCode::NotFound)?.state {
            State::Live { participants, confirmed, .. }
                if participants.iter().any(|who| who.device == device) =>
            {
                confirmed.insert(device);
                Ok(participants.clone())
            }
            State::Live { .. } | State::Ringing { .. } => Err(ErrorCode::NotFound),
        }
    }

    /// The devices of a live call that are told of it.
    fn told(&self, call_id: CallId) -> Vec<DeviceId> {
        match self.calls.get(&call_id).map(|call| &call.state) {
            Some(State::Live { confirmed, .. }) => confirmed.iter().copied().collect(),
            Some(State::Ringing { .. }) | None => Vec::new(),
        }
    }

    /// `by` blocked `other`, or removed the contact.
    pub(crate) fn part(&mut self, by: UserId, other: UserId, now: u64) {
        let ids: Vec<CallId> = self.calls.keys().copied().collect();
        for id in ids {
            let call = &self.calls[&id];
            let both = [by, other].iter().all(|user| self.is_member(call.conversation, *user));
            if !both {
                continue;
            }
            let caller = call.caller.user;
            match call.state {
                State::Live { .. } => self.end(id, EndReason::Ended, now, None),
                State::Ringing { .. } if caller == by => {
                    self.end(id, EndReason::Cancelled, now, None);
                }
                State::Ringing { .. } => {
                    let mut silent = self.callee_devices(call);
                    silent.retain(|device| self.devices[device].user == by);
                    if let Some(call) = self.calls.get_mut(&id) {
                        call.kept_from.insert(by);
                    }
                    for device in silent {
                        let reason = EndReason::DeclinedElsewhere;
                        self.say(device, RelayMessage::CallEnded { call_id: id, reason });
                    }
                }
            }
        }
    }

    fn call(&self, call_id: CallId) -> Result<&Call, ErrorCode> {
        let gone = if self.records.contains_key(&call_id) {
            ErrorCode::Stale
        } else {
            ErrorCode::NotFound
        };
        self.calls.get(&call_id).ok_or(gone)
    }

    fn is_member(&self, conversation: ConversationId, user: UserId) -> bool {
        self.conversations
            .iter()
            .any(|c| c.id == conversation && c.members.iter().any(|m| m.user == user))
    }

    fn is_called(&self, call: &Call, user: UserId) -> bool {
        user != call.caller.user
            && !call.kept_from.contains(&user)
            && self.is_member(call.conversation, user)
    }

    fn callee_devices(&self, call: &Call) -> Vec<DeviceId> {
        self.devices
            .iter()
            .filter(|(_, person)| self.is_called(call, person.user))
            .map(|(device, _)| *device)
            .collect()
    }

    fn participant(&self, device: DeviceId) -> Participant {
        let person = &self.devices[&device];
        Participant { user: person.user, device, name: person.display_name.clone() }
    }

    pub(crate) fn say(&mut self, device: DeviceId, message: RelayMessage) {
        let Some(session) = self.sessions.get_mut(&device) else { return };
        session.seq += 1;
        let frame = RelayFrame { seq: session.seq, message };
        session.sent.push_back(frame.clone());
        if session.sent.len() > RESUME_FRAMES {
            session.sent.pop_front();
        }
        if let Some(socket) = session.socket {
            if self.duplicate {
                self.acts.push(Act::Send(socket, Box::new(frame.clone())));
            }
            self.acts.push(Act::Send(socket, Box::new(frame)));
        }
    }
}
