//! Whatever the relay takes fits into what it sends, and what it sends into what a client takes:
//! every message with every text at its longest, in the characters that JSON makes the most of.

use bellwire_protocol::{
    Answer, CallClaim, CallId, CallRecord, CallableBy, Candidate, Candidates, ClientFrame,
    ClientMessage, Contact, ContactState, Conversation, ConversationId, ConversationKind, DeviceId,
    DisplayName, EndReason, Frame, GroupInvitation, IceCandidate, LiveCall, LiveCallState, Me,
    Media, MediaState, Mid, Offer, OfferId, Participant, ParticipantMedia, Person, Proof,
    RelayFrame, RelayMessage, Sdp, Snapshot, Ufrag, UserId, Username, decode, encode, limits,
};
use proptest::prelude::*;

/// Members of the largest group, and people of the largest claim.
const PEOPLE: u8 = 32;
const NOW: u64 = u64::MAX;

/// The pattern again and again, up to so many bytes of JSON.
fn longest(pattern: &[char], most: usize) -> String {
    let mut text = String::new();
    let mut bytes = 0;
    for c in pattern.iter().cycle() {
        bytes += encode(&c.to_string()).len() - 2;
        if bytes > most {
            break;
        }
        text.push(*c);
    }
    text
}

/// Texts at their longest.
#[derive(Debug, Clone)]
struct Longest {
    sdp: Sdp,
    proof: Proof,
    ufrag: Ufrag,
    mid: Mid,
    candidate: Candidate,
    name: DisplayName,
}

fn texts() -> impl Strategy<Value = Longest> {
    let lines =
        prop::sample::select(vec!['"', '\\', '\r', '\n', '\t', 'a', ' ', '\u{e9}', '\u{1f3a9}']);
    let visible = prop::sample::select(vec!['"', '\\', 'a', '/', '~']);
    let named = prop::sample::select(vec!['"', '\\', 'x', '\u{e9}', '\u{1f3a9}']);
    let pattern = 1..6_usize;
    (
        prop::collection::vec(lines, pattern.clone()),
        prop::collection::vec(visible, pattern.clone()),
        prop::collection::vec(named, pattern),
    )
        .prop_map(|(lines, visible, named)| {
            let visible = |most| longest(&visible, most);
            let mut name = String::from("x");
            for c in named.iter().cycle() {
                if name.len() + c.len_utf8() > DisplayName::MAX_BYTES {
                    break;
                }
                name.push(*c);
            }
            let sdp = longest(&lines, Sdp::MAX_BYTES);
            Longest {
                sdp: Sdp::new(sdp).expect("a description"),
                proof: Proof::new(visible(Proof::MAX_BYTES)).expect("a proof"),
                ufrag: Ufrag::new("u".repeat(Ufrag::MAX_BYTES)).expect("a ufrag"),
                mid: Mid::new(visible(Mid::MAX_BYTES)).expect("a mid"),
                candidate: Candidate::new(visible(Candidate::MAX_BYTES)).expect("a candidate"),
                name: DisplayName::new(name).expect("a name"),
            }
        })
}

impl Longest {
    fn offer(&self) -> Offer {
        let offer_id = OfferId::from_bytes([1; 16]);
        Offer { offer_id, sdp: self.sdp.clone(), proof: Some(self.proof.clone()) }
    }

    fn answer(&self) -> Answer {
        let Offer { offer_id, sdp, proof } = self.offer();
        Answer { offer_id, sdp, proof }
    }

    /// As many as one message carries.
    fn candidates(&self) -> Candidates {
        let candidate = IceCandidate {
            ufrag: self.ufrag.clone(),
            mid: self.mid.clone(),
            candidate: self.candidate.clone(),
        };
        let mut many = vec![candidate; limits::CANDIDATES];
        Candidates::take_from(&mut many).expect("some candidates")
    }

    fn participant(&self, n: u8) -> Participant {
        let (user, device) = (UserId::from_bytes([n; 16]), DeviceId::from_bytes([n; 16]));
        Participant { user, device, name: self.name.clone() }
    }

    fn participants(&self) -> Vec<Participant> {
        (0..PEOPLE).map(|n| self.participant(n)).collect()
    }

    fn person(&self, n: u8) -> Person {
        let username = Username::new("x".repeat(Username::MAX_BYTES)).expect("a user name");
        Person { user: UserId::from_bytes([n; 16]), username, display_name: self.name.clone() }
    }

    fn record(&self) -> CallRecord {
        CallRecord {
            call_id: call(),
            conversation: conversation(),
            name: Some(self.name.clone()),
            media: Media::Voice,
            caller: self.participant(1).user,
            participants: (0..PEOPLE).map(|n| self.participant(n).user).collect(),
            started_at: NOW,
            answered_at: Some(NOW),
            ended_at: NOW,
            reason: EndReason::AnsweredElsewhere,
        }
    }

    fn conversation(&self) -> Conversation {
        Conversation {
            id: conversation(),
            kind: ConversationKind::Group,
            name: Some(self.name.clone()),
            members: (0..PEOPLE).map(|n| self.person(n)).collect(),
            owner: Some(self.person(1).user),
            invited: (0..PEOPLE).map(|n| self.person(n)).collect(),
            created_at: NOW,
            last_call: Some(self.record()),
        }
    }

    fn invitation(&self) -> GroupInvitation {
        GroupInvitation {
            conversation: conversation(),
            name: self.name.clone(),
            from: self.person(1),
            members: u32::MAX,
            created_at: NOW,
        }
    }

    fn contact(&self) -> Contact {
        Contact { person: self.person(1), state: ContactState::Accepted }
    }

    fn ringing(&self) -> LiveCall {
        LiveCall {
            call_id: call(),
            conversation: conversation(),
            media: Media::Voice,
            from: self.participant(1),
            state: LiveCallState::Ringing { offer: Some(self.offer()), expires_at: NOW },
            sent_at: NOW,
        }
    }

    fn live(&self) -> LiveCall {
        let state = LiveCallState::Live { participants: self.participants(), since: NOW };
        LiveCall { state, ..self.ringing() }
    }

    fn said_by_clients(&self) -> Vec<ClientMessage> {
        let call_id = call();
        let to = self.participant(1).device;
        let Offer { offer_id, sdp, proof } = self.offer();
        vec![
            ClientMessage::CallInitiate {
                call_id,
                conversation: conversation(),
                media: Media::Voice,
                offer: self.offer(),
            },
            ClientMessage::CallAnswer { call_id, media: Media::Voice, answer: self.answer() },
            ClientMessage::SdpOffer {
                call_id,
                to,
                offer_id,
                restart: false,
                sdp: sdp.clone(),
                proof: proof.clone(),
            },
            ClientMessage::SdpAnswer { call_id, to, offer_id, sdp, proof },
            ClientMessage::IceCandidates { call_id, to: Some(to), candidates: self.candidates() },
            ClientMessage::CallSync {
                call_id,
                claim: Some(CallClaim {
                    conversation: conversation(),
                    media: Media::Voice,
                    caller: self.participant(1),
                    participants: self.participants(),
                    sent_at: NOW,
                    since: NOW,
                }),
            },
        ]
    }

    /// Every message of the relay whose length somebody else decides. The rest is numbers.
    fn said_by_the_relay(&self) -> Vec<RelayMessage> {
        let call_id = call();
        let Offer { offer_id, sdp, proof } = self.offer();
        let from = self.participant(1).device;
        let me = self.person(1);
        let snapshots = [
            Snapshot { conversations: vec![self.conversation()], ..Snapshot::default() },
            Snapshot { invitations: vec![self.invitation()], ..Snapshot::default() },
            Snapshot { contacts: vec![self.contact()], ..Snapshot::default() },
            Snapshot { calls: vec![self.ringing()], ..Snapshot::default() },
            Snapshot { calls: vec![self.live()], ..Snapshot::default() },
        ];
        let mut said = vec![
            RelayMessage::ConversationInvited { invitation: self.invitation() },
            RelayMessage::CallIncoming {
                call_id,
                conversation: conversation(),
                from: self.participant(1),
                media: Media::Voice,
                offer: self.offer(),
                sent_at: NOW,
                expires_at: NOW,
            },
            RelayMessage::CallAccepted {
                call_id,
                by: self.participant(1),
                media: Media::Voice,
                answer: self.answer(),
            },
            RelayMessage::SdpOffer {
                call_id,
                from,
                offer_id,
                restart: false,
                sdp: sdp.clone(),
                proof: proof.clone(),
            },
            RelayMessage::SdpAnswer { call_id, from, offer_id, sdp, proof },
            RelayMessage::IceCandidates { call_id, from, candidates: self.candidates() },
            RelayMessage::PeerLeft {
                call_id,
                participant: self.participant(1),
                reason: EndReason::Lost,
            },
            RelayMessage::CallState {
                call_id,
                participants: self.participants(),
                since: Some(NOW),
                media_state: (0..PEOPLE)
                    .map(|n| ParticipantMedia {
                        device: self.participant(n).device,
                        n: NOW,
                        state: MediaState::default(),
                    })
                    .collect(),
            },
            RelayMessage::Peers { call_id, participants: self.participants() },
            RelayMessage::CallRecorded { record: self.record() },
            RelayMessage::ContactChanged { contact: self.contact() },
            RelayMessage::ConversationChanged { conversation: self.conversation() },
            RelayMessage::MeChanged {
                me: Me {
                    user: me.user,
                    device: from,
                    username: me.username,
                    display_name: me.display_name,
                    callable_by: CallableBy::Contacts,
                    administrator: false,
                },
            },
        ];
        said.extend(snapshots.into_iter().map(|part| RelayMessage::Snapshot(Box::new(part))));
        said
    }
}

fn call() -> CallId {
    CallId::from_bytes([1; 16])
}

fn conversation() -> ConversationId {
    ConversationId::from_bytes([2; 16])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_relay_takes_every_text_at_its_longest(texts in texts()) {
        for message in texts.said_by_clients() {
            let frame = ClientFrame { id: Some(u32::MAX), message };
            let text = encode(&frame);
            prop_assert!(text.len() <= ClientFrame::MAX_BYTES, "{} bytes", text.len());
            prop_assert_eq!(decode::<ClientFrame>(&text).expect("it is taken"), frame);
        }
    }

    #[test]
    fn a_client_takes_every_text_at_its_longest(texts in texts()) {
        for message in texts.said_by_the_relay() {
            let frame = RelayFrame { seq: u64::MAX, message };
            let text = encode(&frame);
            prop_assert!(text.len() <= RelayFrame::MAX_BYTES, "{} bytes", text.len());
            prop_assert_eq!(decode::<RelayFrame>(&text).expect("it is taken"), frame);
        }
    }

    /// The relay reads a text and writes it again: it never grows by that, however it was written.
    #[test]
    fn a_text_is_never_longer_for_having_been_read(text in any::<String>()) {
        let plain = encode(&text);
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let read: String = serde_json::from_str(&format!("\"{escaped}\"")).expect("a text");
        prop_assert_eq!(&read, &text);
        prop_assert!(encode(&read).len() <= escaped.len() + 2);
        prop_assert_eq!(encode(&read), plain);
    }

    #[test]
    fn what_a_description_holds_is_bounded_as_json_writes_it(text in any::<String>()) {
        if let Ok(sdp) = Sdp::new(text) {
            prop_assert!(encode(&sdp).len() <= Sdp::MAX_BYTES + 2);
        }
    }
}

#[test]
fn a_description_of_quotation_marks_is_refused_where_it_would_not_fit() {
    assert!(Sdp::new("\"".repeat(Sdp::MAX_BYTES / 2)).is_ok());
    assert!(Sdp::new("\"".repeat(Sdp::MAX_BYTES / 2 + 1)).is_err());
    for no_description in ["\0", "a\u{1}", "\u{7f}", "\u{85}"] {
        assert!(Sdp::new(no_description).is_err(), "{no_description:?}");
    }
    assert!(
        Sdp::new("v=0\r\ns=Gespr\u{e4}ch \"x\" \\\r\na=x:\t1\r\n").is_ok(),
        "RFC 8866 has these"
    );
    assert!(Candidate::new("candidate:1\u{0}").is_err() && Candidate::new("\u{e9}").is_err());
}

#[test]
fn candidates_come_at_least_one_and_at_most_a_frame_of_them() {
    let candidate = IceCandidate {
        ufrag: Ufrag::new("abcd").expect("a ufrag"),
        mid: Mid::new("0").expect("a mid"),
        candidate: Candidate::new("candidate:1").expect("a candidate"),
    };
    let json = encode(&candidate);
    assert_eq!(candidate.encoded_bytes(), json.len() + 1, "{json}");
    assert!(Candidates::new(Vec::new()).is_err());
    assert!(Candidates::new(vec![candidate.clone(); limits::CANDIDATES]).is_ok());
    assert!(Candidates::new(vec![candidate.clone(); limits::CANDIDATES + 1]).is_err());
    let long = Candidate::new("x".repeat(Candidate::MAX_BYTES)).expect("a candidate");
    let long = IceCandidate { candidate: long, ..candidate };
    assert!(Candidates::new(vec![long.clone(); limits::CANDIDATES]).is_err(), "by bytes");
    let mut many = vec![long; limits::CANDIDATES];
    let mut taken = 0;
    while let Some(some) = Candidates::take_from(&mut many) {
        taken += some.len();
        assert!(Candidates::new(some.into()).is_ok());
    }
    assert_eq!(taken, limits::CANDIDATES, "every one in one of the lists");
}
