//! What a hostile relay or participant can think of: every message, every shape of a snapshot, every
//! end of a socket.

use bellwire_core::LinkEvent;
use bellwire_core::api::{PathState, PeerEvent};
use bellwire_protocol::limits::close;
use bellwire_protocol::*;

use crate::relay::EPOCH;
use crate::world::Dice;

/// Every way in which a socket can end, those included that no relay has.
pub(crate) const CODES: [Option<u16>; 14] = [
    None,
    Some(1000),
    Some(1001),
    Some(1006),
    Some(1011),
    Some(close::UNAUTHENTICATED),
    Some(close::REVOKED),
    Some(close::SLOW_READER),
    Some(close::REPLACED),
    Some(close::GOING_AWAY),
    Some(close::MALFORMED),
    Some(close::RATE),
    Some(4002),
    Some(4999),
];

/// Makes things up about these people, calls and conversations, and about some that do not exist.
#[derive(Debug)]
pub(crate) struct Inventor {
    pub dice: Dice,
    /// Milliseconds since 1970.
    pub now: u64,
    pub people: Vec<Participant>,
    pub calls: Vec<CallId>,
    pub conversations: Vec<Conversation>,
}

impl Inventor {
    fn one_of<T: Clone>(&mut self, things: &[T]) -> T {
        things[usize::try_from(self.dice.roll(things.len() as u64)).unwrap()].clone()
    }

    fn many<T>(&mut self, below: u64, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.dice.roll(below)).map(|_| make(self)).collect()
    }

    fn text(&mut self) -> String {
        let words = [
            "",
            "v=0",
            "\u{0}",
            "v=0\r\nm=audio 9 X 0\r\na=ice-ufrag:abcd\r\n",
            "a=candidate:1",
            "{}",
            "null",
            "{\"type\":\"leave\"}",
            "{\"type\":\"heartbeat\",\"n\":18446744073709551615,\"state\":{\"mic\":true,\"camera\":true,\"screen\":true}}",
            "{\"type\":\"media_state\",\"n\":1}",
            "{\"type\":\"unheard_of\"}",
            "{\"type\":\"chat_received\",\"id\":\"x\"}",
            "v=0\r\nm=audio\r\nm=audio\r\na=ice-ufrag:0123456789\r\na=end-of-candidates\r\n",
        ];
        let parts = 1 + self.dice.roll(3);
        (0..parts).map(|_| self.one_of(&words)).collect()
    }

    fn sdp(&mut self) -> Sdp {
        let text = self.text();
        Sdp::new(text)
            .unwrap_or_else(|_| Sdp::new("v=0\r\nm=audio 9 X 0\r\na=ice-ufrag:abcd\r\n").unwrap())
    }

    fn offer(&mut self) -> Offer {
        let offer_id = OfferId::from_parts(EPOCH + self.dice.roll(10_000_000), [3; 10]);
        Offer { offer_id, sdp: self.sdp(), proof: None }
    }

    pub(crate) fn participant(&mut self) -> Participant {
        if self.dice.percent(15) {
            let n = u8::try_from(self.dice.roll(200)).unwrap();
            return Participant {
                user: UserId::from_bytes([n; 16]),
                device: DeviceId::from_bytes([n; 16]),
                name: DisplayName::new("Somebody").unwrap(),
            };
        }
        let people = self.people.clone();
        self.one_of(&people)
    }

    fn call_id(&mut self) -> CallId {
        if self.calls.is_empty() || self.dice.percent(25) {
            return CallId::from_parts(EPOCH + self.dice.roll(5), [7; 10]);
        }
        let calls = self.calls.clone();
        self.one_of(&calls)
    }

    fn conversation(&mut self) -> ConversationId {
        if self.dice.percent(10) {
            return ConversationId::from_bytes([9; 16]);
        }
        let conversations = self.conversations.clone();
        self.one_of(&conversations).id
    }

    fn media(&mut self) -> Media {
        self.one_of(&[Media::Voice, Media::Video])
    }

    fn time(&mut self) -> u64 {
        if self.dice.percent(60) { self.now } else { self.dice.roll(u64::MAX) }
    }

    fn reason(&mut self) -> EndReason {
        self.one_of(&[
            EndReason::Ended,
            EndReason::Cancelled,
            EndReason::Replaced,
            EndReason::Lost,
            EndReason::Unknown,
            EndReason::AnsweredElsewhere,
            EndReason::TimeLimit,
            EndReason::WindowClosed,
        ])
    }

    pub(crate) fn live_call(&mut self) -> LiveCall {
        let state = match self.dice.roll(3) {
            0 => LiveCallState::Ringing { offer: None, expires_at: self.time() },
            1 => LiveCallState::Ringing {
                offer: Some(self.offer()),
                expires_at: self.now.saturating_add(self.dice.roll(60_000)),
            },
            _ => LiveCallState::Live {
                participants: self.many(4, Self::participant),
                since: self.time(),
            },
        };
        LiveCall {
            call_id: self.call_id(),
            conversation: self.conversation(),
            media: self.media(),
            from: self.participant(),
            state,
            sent_at: self.time(),
        }
    }

    /// Lists of any length, calls of any kind, parts that never end.
    pub(crate) fn snapshot(&mut self) -> Snapshot {
        let mut conversations = self.conversations.clone();
        if self.dice.percent(20) {
            conversations.clear();
        }
        for conversation in &mut conversations {
            if self.dice.percent(20) {
                conversation.kind = ConversationKind::Group;
            }
            if self.dice.percent(20) {
                conversation.members.pop();
            }
            if self.dice.percent(20) {
                conversation.last_call = Some(CallRecord {
                    call_id: self.call_id(),
                    conversation: conversation.id,
                    name: None,
                    media: self.media(),
                    caller: self.participant().user,
                    participants: self.many(3, |own| own.participant().user),
                    started_at: self.time(),
                    answered_at: None,
                    ended_at: self.time(),
                    reason: self.reason(),
                });
            }
        }
        Snapshot {
            conversations,
            calls: self.many(4, Self::live_call),
            more: self.dice.percent(20),
            ..Snapshot::default()
        }
    }

    pub(crate) fn message(&mut self) -> RelayMessage {
        let call_id = self.call_id();
        let from = self.participant();
        let device = from.device;
        let Offer { offer_id, sdp, .. } = self.offer();
        let state = MediaState { mic: true, camera: true, screen: true, narrow: true };
        let n = self.dice.roll(u64::MAX);
        let time = self.time();
        let restart = self.dice.percent(50);
        let answer = Answer { offer_id, sdp: sdp.clone(), proof: None };
        match self.dice.roll(20) {
            0 => RelayMessage::CallIncoming {
                call_id,
                conversation: self.conversation(),
                from,
                media: self.media(),
                offer: self.offer(),
                sent_at: time,
                expires_at: time.saturating_add(60_000),
            },
            1 => RelayMessage::CallAccepted { call_id, by: from, media: self.media(), answer },
            2 => RelayMessage::CallEnded { call_id, reason: self.reason() },
            19 if restart => RelayMessage::PeerClosed { call_id, from: device },
            19 => RelayMessage::PeerReturned { call_id, from: device },
            3 => RelayMessage::PeerLeft { call_id, participant: from, reason: self.reason() },
            4 | 5 => RelayMessage::SdpOffer {
                call_id,
                from: device,
                offer_id,
                restart,
                sdp,
                proof: None,
            },
            6 => RelayMessage::SdpAnswer { call_id, from: device, offer_id, sdp, proof: None },
            7 => RelayMessage::IceCandidates {
                call_id,
                from: device,
                candidates: IceCandidate {
                    ufrag: Ufrag::new("abcd").unwrap(),
                    mid: Mid::new("0").unwrap(),
                    candidate: Candidate::new("candidate:1").unwrap(),
                }
                .into(),
            },
            8 => RelayMessage::MediaState { call_id, from: device, n, state },
            9 => RelayMessage::CallState {
                call_id,
                participants: self.many(4, Self::participant),
                since: self.dice.percent(80).then_some(time),
                media_state: Vec::new(),
            },
            10 => RelayMessage::Peers { call_id, participants: self.many(4, Self::participant) },
            11 => RelayMessage::Ok { re: u32::try_from(self.dice.roll(8)).unwrap() },
            12 => RelayMessage::Error {
                re: self.dice.percent(80).then(|| u32::try_from(self.dice.roll(8)).unwrap()),
                code: self.one_of(&[ErrorCode::Stale, ErrorCode::NotFound, ErrorCode::RateLimited]),
                message: String::new(),
                retry_after_ms: self.dice.percent(80).then_some(n),
            },
            13 => RelayMessage::CallRinging { call_id, user: from.user, devices: 0 },
            14 | 15 => RelayMessage::Snapshot(Box::new(self.snapshot())),
            16 => RelayMessage::GoingAway { retry_after_ms: n },
            17 => RelayMessage::ConversationRemoved { conversation: self.conversation() },
            _ => RelayMessage::Pong { t: n, server_time: time },
        }
    }

    /// What an executor that a participant has under its thumb may report.
    pub(crate) fn event(&mut self) -> PeerEvent {
        let operation = u32::try_from(self.dice.roll(6)).unwrap();
        let data = self.text();
        match self.dice.roll(7) {
            0 => PeerEvent::Described { operation, sdp: data },
            1 => PeerEvent::OperationFailed { operation: 1_000, message: data },
            2 => PeerEvent::Candidate { ufrag: data.clone(), mid: data.clone(), candidate: data },
            3 => PeerEvent::Path { state: PathState::Failed },
            4 => PeerEvent::Path { state: PathState::Disconnected },
            5 => PeerEvent::Control { data },
            _ => PeerEvent::Chat { data },
        }
    }

    /// The end of a socket, or a hint about the network.
    pub(crate) fn link(&mut self) -> LinkEvent {
        match self.dice.roll(4) {
            0 => LinkEvent::Malformed,
            1 => LinkEvent::NetworkChanged,
            _ => LinkEvent::Closed { code: self.one_of(&CODES) },
        }
    }
}
