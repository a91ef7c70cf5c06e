//! One example of every message, with ids and texts that are the same in every run.

pub(crate) mod http;

use bellwire_protocol::{
    Answer, CallClaim, CallId, CallRecord, CallableBy, Candidate, Candidates, ChannelMessage,
    ChatId, ChatText, ClientFrame, ClientInfo, ClientMessage, Contact, ContactState, Conversation,
    ConversationId, ConversationKind, DeviceId, DeviceTrouble, DisplayName, EndReason, ErrorCode,
    GroupInvitation, IceCandidate, IceServer, Limits, LiveCall, LiveCallState, Me, Media,
    MediaState, Mid, NoticeKind, Offer, OfferId, Participant, ParticipantMedia, Person, Presence,
    PresenceStatus, RejectReason, RelayFrame, RelayMessage, Resume, Sdp, Secret, SecurityNotice,
    Snapshot, Ufrag, Unavailable, UserId, Username, Welcome,
};

const AT: u64 = 1_790_000_000_000;

/// Types of [`ClientMessage`], `Unknown` left out. `client_type` fails to compile when one is new.
pub(crate) const CLIENT_TYPES: &[&str] = &[
    "hello",
    "ping",
    "presence_set",
    "call_initiate",
    "call_answer",
    "call_reject",
    "call_cancel",
    "call_leave",
    "sdp_offer",
    "sdp_answer",
    "ice_candidates",
    "media_state",
    "call_sync",
    "peer_list",
    "call_report",
];

/// Types of [`RelayMessage`].
pub(crate) const RELAY_TYPES: &[&str] = &[
    "welcome",
    "snapshot",
    "ok",
    "error",
    "pong",
    "going_away",
    "ice_servers",
    "presence",
    "contact_changed",
    "contact_removed",
    "conversation_changed",
    "conversation_invited",
    "conversation_removed",
    "me_changed",
    "notice",
    "call_recorded",
    "call_incoming",
    "call_ringing",
    "call_accepted",
    "call_rejected",
    "call_ended",
    "peer_left",
    "sdp_offer",
    "sdp_answer",
    "ice_candidates",
    "media_state",
    "call_state",
    "peers",
];

/// Types of [`ChannelMessage`].
pub(crate) const CHANNEL_TYPES: &[&str] = &[
    "heartbeat",
    "media_state",
    "chat",
    "chat_received",
    "sdp_offer",
    "sdp_answer",
    "ice_candidate",
    "leave",
];

#[allow(dead_code, reason = "a reminder for the compiler to give")]
fn client_type(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Hello { .. } => "hello",
        ClientMessage::Ping { .. } => "ping",
        ClientMessage::PresenceSet { .. } => "presence_set",
        ClientMessage::CallInitiate { .. } => "call_initiate",
        ClientMessage::CallAnswer { .. } => "call_answer",
        ClientMessage::CallReject { .. } => "call_reject",
        ClientMessage::CallCancel { .. } => "call_cancel",
        ClientMessage::CallLeave { .. } => "call_leave",
        ClientMessage::SdpOffer { .. } => "sdp_offer",
        ClientMessage::SdpAnswer { .. } => "sdp_answer",
        ClientMessage::IceCandidates { .. } => "ice_candidates",
        ClientMessage::MediaState { .. } => "media_state",
        ClientMessage::CallSync { .. } => "call_sync",
        ClientMessage::PeerList { .. } => "peer_list",
        ClientMessage::CallReport { .. } => "call_report",
        ClientMessage::Unknown => "unknown",
    }
}

#[allow(dead_code, reason = "a reminder for the compiler to give")]
fn relay_type(message: &RelayMessage) -> &'static str {
    match message {
        RelayMessage::Welcome(_) => "welcome",
        RelayMessage::Snapshot(_) => "snapshot",
        RelayMessage::Ok { .. } => "ok",
        RelayMessage::Error { .. } => "error",
        RelayMessage::Pong { .. } => "pong",
        RelayMessage::GoingAway { .. } => "going_away",
        RelayMessage::IceServers { .. } => "ice_servers",
        RelayMessage::Presence(_) => "presence",
        RelayMessage::ContactChanged { .. } => "contact_changed",
        RelayMessage::ContactRemoved { .. } => "contact_removed",
        RelayMessage::ConversationChanged { .. } => "conversation_changed",
        RelayMessage::ConversationInvited { .. } => "conversation_invited",
        RelayMessage::ConversationRemoved { .. } => "conversation_removed",
        RelayMessage::MeChanged { .. } => "me_changed",
        RelayMessage::Notice(_) => "notice",
        RelayMessage::CallRecorded { .. } => "call_recorded",
        RelayMessage::CallIncoming { .. } => "call_incoming",
        RelayMessage::CallRinging { .. } => "call_ringing",
        RelayMessage::CallAccepted { .. } => "call_accepted",
        RelayMessage::CallRejected { .. } => "call_rejected",
        RelayMessage::CallEnded { .. } => "call_ended",
        RelayMessage::PeerLeft { .. } => "peer_left",
        RelayMessage::PeerClosed { .. } => "peer_closed",
        RelayMessage::PeerReturned { .. } => "peer_returned",
        RelayMessage::SdpOffer { .. } => "sdp_offer",
        RelayMessage::SdpAnswer { .. } => "sdp_answer",
        RelayMessage::IceCandidates { .. } => "ice_candidates",
        RelayMessage::MediaState { .. } => "media_state",
        RelayMessage::CallState { .. } => "call_state",
        RelayMessage::Peers { .. } => "peers",
        RelayMessage::Unknown => "unknown",
    }
}

#[allow(dead_code, reason = "a reminder for the compiler to give")]
fn channel_type(message: &ChannelMessage) -> &'static str {
    match message {
        ChannelMessage::Heartbeat { .. } => "heartbeat",
        ChannelMessage::MediaState { .. } => "media_state",
        ChannelMessage::Chat { .. } => "chat",
        ChannelMessage::ChatReceived { .. } => "chat_received",
        ChannelMessage::SdpOffer { .. } => "sdp_offer",
        ChannelMessage::SdpAnswer { .. } => "sdp_answer",
        ChannelMessage::IceCandidate { .. } => "ice_candidate",
        ChannelMessage::Leave => "leave",
        ChannelMessage::Unknown => "unknown",
    }
}

fn call_id() -> CallId {
    CallId::from_parts(AT, [1; 10])
}
fn conversation() -> ConversationId {
    ConversationId::from_parts(AT, [2; 10])
}
fn offer_id() -> OfferId {
    OfferId::from_parts(AT, [3; 10])
}
fn ada() -> UserId {
    UserId::from_parts(AT, [4; 10])
}
fn grace() -> UserId {
    UserId::from_parts(AT, [5; 10])
}
fn adas_device() -> DeviceId {
    DeviceId::from_parts(AT, [6; 10])
}
fn graces_device() -> DeviceId {
    DeviceId::from_parts(AT, [7; 10])
}
fn name(text: &str) -> DisplayName {
    DisplayName::new(text).expect("a display name")
}
fn sdp() -> Sdp {
    Sdp::new("v=0\r\n…").expect("a description")
}
fn secret(text: &str) -> Secret {
    Secret::new(text).expect("a secret")
}
fn ufrag() -> Ufrag {
    Ufrag::new("4ZcD").expect("a ufrag")
}
fn mid() -> Mid {
    Mid::new("0").expect("a mid")
}
fn candidate() -> Candidate {
    Candidate::new("candidate:1 1 udp 2122260223 192.0.2.4 46154 typ host").expect("a candidate")
}
fn ice_candidate(candidate: Candidate) -> IceCandidate {
    IceCandidate { ufrag: ufrag(), mid: mid(), candidate }
}
fn candidates() -> Candidates {
    let end = Candidate::new("").expect("the end of candidates");
    Candidates::new(vec![ice_candidate(candidate()), ice_candidate(end)]).expect("two candidates")
}
fn offer() -> Offer {
    Offer { offer_id: offer_id(), sdp: sdp(), proof: None }
}
fn answer() -> Answer {
    Answer { offer_id: offer_id(), sdp: sdp(), proof: None }
}
fn ada_here() -> Participant {
    Participant { user: ada(), device: adas_device(), name: name("Ada Lovelace") }
}
fn grace_here() -> Participant {
    Participant { user: grace(), device: graces_device(), name: name("Grace Hopper") }
}
fn person(user: UserId, username: &str, display: &str) -> Person {
    Person {
        user,
        username: Username::new(username).expect("a user name"),
        display_name: name(display),
    }
}
fn sending() -> MediaState {
    MediaState { mic: true, camera: true, screen: false, narrow: true }
}
fn record() -> CallRecord {
    CallRecord {
        call_id: call_id(),
        conversation: conversation(),
        name: None,
        media: Media::Video,
        caller: ada(),
        participants: vec![ada(), grace()],
        started_at: AT,
        answered_at: Some(AT + 4_000),
        ended_at: AT + 64_000,
        reason: EndReason::Ended,
    }
}
fn contact() -> Contact {
    Contact { person: person(grace(), "grace", "Grace Hopper"), state: ContactState::Accepted }
}
fn direct() -> Conversation {
    Conversation {
        id: conversation(),
        kind: ConversationKind::Direct,
        name: None,
        members: vec![
            person(ada(), "ada", "Ada Lovelace"),
            person(grace(), "grace", "Grace Hopper"),
        ],
        owner: None,
        invited: Vec::new(),
        created_at: AT,
        last_call: Some(record()),
    }
}
fn group() -> ConversationId {
    ConversationId::from_parts(AT, [9; 10])
}
/// As its owner sees it.
fn team() -> Conversation {
    Conversation {
        id: group(),
        kind: ConversationKind::Group,
        name: Some(name("Analytical engine")),
        members: vec![person(ada(), "ada", "Ada Lovelace")],
        owner: Some(ada()),
        invited: vec![person(grace(), "grace", "Grace Hopper")],
        created_at: AT,
        last_call: None,
    }
}
fn invitation() -> GroupInvitation {
    GroupInvitation {
        conversation: group(),
        name: name("Analytical engine"),
        from: person(grace(), "grace", "Grace Hopper"),
        members: 3,
        created_at: AT,
    }
}
fn me() -> Me {
    Me {
        user: ada(),
        device: adas_device(),
        username: Username::new("ada").expect("a user name"),
        display_name: name("Ada Lovelace"),
        callable_by: CallableBy::Contacts,
        administrator: true,
    }
}
fn ice_servers() -> Vec<IceServer> {
    vec![IceServer {
        urls: vec!["turn:turn.example.org:3478?transport=udp".to_owned()],
        username: Some(secret("1790003600:ada")),
        credential: Some(secret("c2VjcmV0")),
    }]
}

pub(crate) fn client() -> Vec<ClientFrame> {
    let asked = |id, message| ClientFrame { id: Some(id), message };
    let told = |message| ClientFrame { id: None, message };
    vec![
        asked(
            1,
            ClientMessage::Hello {
                token: secret("eyJhbGciOiJFZERTQSJ9.e30.c2ln"),
                client: ClientInfo {
                    name: "bellwire-web".to_owned(),
                    version: "0.1.0".to_owned(),
                    platform: "Firefox on Linux".to_owned(),
                },
                resume: Some(Resume { session: secret("b3BhcXVl"), seq: 41 }),
            },
        ),
        told(ClientMessage::Ping { t: 7 }),
        asked(2, ClientMessage::PresenceSet { status: PresenceStatus::Away }),
        asked(
            3,
            ClientMessage::CallInitiate {
                call_id: call_id(),
                conversation: conversation(),
                media: Media::Video,
                offer: offer(),
            },
        ),
        asked(
            4,
            ClientMessage::CallAnswer { call_id: call_id(), media: Media::Voice, answer: answer() },
        ),
        asked(5, ClientMessage::CallReject { call_id: call_id(), reason: RejectReason::Declined }),
        asked(6, ClientMessage::CallCancel { call_id: call_id() }),
        asked(7, ClientMessage::CallLeave { call_id: call_id() }),
        asked(
            8,
            ClientMessage::SdpOffer {
                call_id: call_id(),
                to: graces_device(),
                offer_id: offer_id(),
                restart: true,
                sdp: sdp(),
                proof: None,
            },
        ),
        asked(
            9,
            ClientMessage::SdpAnswer {
                call_id: call_id(),
                to: adas_device(),
                offer_id: offer_id(),
                sdp: sdp(),
                proof: None,
            },
        ),
        told(ClientMessage::IceCandidates {
            call_id: call_id(),
            to: None,
            candidates: ice_candidate(candidate()).into(),
        }),
        told(ClientMessage::IceCandidates {
            call_id: call_id(),
            to: Some(graces_device()),
            candidates: candidates(),
        }),
        told(ClientMessage::MediaState { call_id: call_id(), n: 3, state: sending() }),
        asked(
            10,
            ClientMessage::CallSync {
                call_id: call_id(),
                claim: Some(CallClaim {
                    conversation: conversation(),
                    media: Media::Video,
                    caller: ada_here(),
                    participants: vec![ada_here(), grace_here()],
                    sent_at: AT,
                    since: AT + 4_000,
                }),
            },
        ),
        asked(11, ClientMessage::PeerList { call_id: call_id() }),
        told(ClientMessage::CallReport { call_id: call_id(), setup_ms: Some(180), flowing: None }),
    ]
}

pub(crate) fn relay() -> Vec<RelayFrame> {
    let messages = vec![
        RelayMessage::Welcome(Box::new(Welcome {
            session: secret("b3BhcXVl"),
            resumed: false,
            me: me(),
            ice_servers: ice_servers(),
            limits: Limits::default(),
            features: vec!["call_sync".to_owned()],
            version: "0.1.0".to_owned(),
            server_time: AT,
        })),
        RelayMessage::Snapshot(Box::new(Snapshot {
            contacts: vec![contact()],
            conversations: vec![direct()],
            invitations: vec![invitation()],
            presence: vec![Presence { user: grace(), status: PresenceStatus::Online }],
            calls: vec![LiveCall {
                call_id: call_id(),
                conversation: conversation(),
                media: Media::Video,
                from: grace_here(),
                state: LiveCallState::Ringing { offer: Some(offer()), expires_at: AT + 60_000 },
                sent_at: AT,
            }],
            notices: vec![SecurityNotice { kind: NoticeKind::RefreshReused, at: AT }],
            more: false,
        })),
        RelayMessage::Ok { re: 3 },
        RelayMessage::Error {
            re: Some(3),
            code: ErrorCode::RateLimited,
            message: "too many calls to this person".to_owned(),
            retry_after_ms: Some(60_000),
        },
        RelayMessage::Pong { t: 7, server_time: AT },
        RelayMessage::GoingAway { retry_after_ms: 1_500 },
        RelayMessage::IceServers { ice_servers: ice_servers() },
        RelayMessage::Presence(Presence { user: grace(), status: PresenceStatus::Dnd }),
        RelayMessage::ContactChanged { contact: contact() },
        RelayMessage::ContactRemoved { user: grace() },
        RelayMessage::ConversationChanged { conversation: direct() },
        RelayMessage::ConversationChanged { conversation: team() },
        RelayMessage::ConversationInvited { invitation: invitation() },
        RelayMessage::ConversationRemoved { conversation: conversation() },
        RelayMessage::MeChanged { me: me() },
        RelayMessage::Notice(SecurityNotice { kind: NoticeKind::PasswordChanged, at: AT }),
        RelayMessage::CallRecorded { record: record() },
        RelayMessage::CallIncoming {
            call_id: call_id(),
            conversation: conversation(),
            from: ada_here(),
            media: Media::Video,
            offer: offer(),
            sent_at: AT,
            expires_at: AT + 60_000,
        },
        RelayMessage::CallRinging { call_id: call_id(), user: grace(), devices: 2 },
        RelayMessage::CallAccepted {
            call_id: call_id(),
            by: grace_here(),
            media: Media::Video,
            answer: answer(),
        },
        RelayMessage::CallRejected {
            call_id: call_id(),
            by: grace_here(),
            reason: RejectReason::Busy,
        },
        RelayMessage::CallEnded { call_id: call_id(), reason: EndReason::AnsweredElsewhere },
        RelayMessage::PeerLeft {
            call_id: call_id(),
            participant: grace_here(),
            reason: EndReason::Lost,
        },
        RelayMessage::PeerClosed { call_id: call_id(), from: graces_device() },
        RelayMessage::PeerReturned { call_id: call_id(), from: graces_device() },
        RelayMessage::SdpOffer {
            call_id: call_id(),
            from: adas_device(),
            offer_id: offer_id(),
            restart: true,
            sdp: sdp(),
            proof: None,
        },
        RelayMessage::SdpAnswer {
            call_id: call_id(),
            from: graces_device(),
            offer_id: offer_id(),
            sdp: sdp(),
            proof: None,
        },
        RelayMessage::IceCandidates {
            call_id: call_id(),
            from: adas_device(),
            candidates: candidates(),
        },
        RelayMessage::MediaState {
            call_id: call_id(),
            from: graces_device(),
            n: 3,
            state: sending(),
        },
        RelayMessage::CallState {
            call_id: call_id(),
            participants: vec![ada_here(), grace_here()],
            since: Some(AT + 4_000),
            media_state: vec![ParticipantMedia { device: graces_device(), n: 3, state: sending() }],
        },
        RelayMessage::Peers { call_id: call_id(), participants: vec![ada_here(), grace_here()] },
    ];
    (1..).zip(messages).map(|(seq, message)| RelayFrame { seq, message }).collect()
}

pub(crate) fn channel() -> Vec<ChannelMessage> {
    vec![
        ChannelMessage::Heartbeat { n: 4, state: sending(), unavailable: Unavailable::default() },
        ChannelMessage::MediaState {
            n: 5,
            state: MediaState::default(),
            unavailable: Unavailable {
                microphone: Some(DeviceTrouble::Missing),
                camera: Some(DeviceTrouble::NotAllowed),
            },
        },
        ChannelMessage::Chat {
            id: ChatId::from_parts(AT, [8; 10]),
            text: ChatText::new("The tea is ready").expect("a chat text"),
            sent_at: AT,
        },
        ChannelMessage::ChatReceived { id: ChatId::from_parts(AT, [8; 10]) },
        ChannelMessage::SdpOffer { offer_id: offer_id(), restart: true, sdp: sdp() },
        ChannelMessage::SdpAnswer { offer_id: offer_id(), sdp: sdp() },
        ChannelMessage::IceCandidate { ufrag: ufrag(), mid: mid(), candidate: candidate() },
        ChannelMessage::Leave,
    ]
}
