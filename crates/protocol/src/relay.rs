//! Relay to client.

use serde::{Deserialize, Serialize};

use crate::{
    Answer, CallId, CallRecord, Candidates, Contact, Conversation, ConversationId, DeviceId,
    EndReason, GroupInvitation, Limits, LiveCall, Me, Media, MediaState, Offer, OfferId,
    Participant, Presence, Proof, RejectReason, Sdp, Secret, SecurityNotice, UserId,
};

/// Names a session for a later resume. As secret as a token while the session lives.
pub type ResumeToken = Secret;

/// One frame from the relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RelayFrame {
    /// 1, 2, 3 … per session, going on across resumes.
    pub seq: u64,
    /// What is said.
    #[serde(flatten)]
    pub message: RelayMessage,
}

/// One STUN or TURN server, in the shape that `RTCConfiguration` takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct IceServer {
    /// `stun:` and `turn:` URLs.
    pub urls: Vec<String>,
    /// TURN only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Secret>,
    /// TURN only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<Secret>,
}

/// The first frame of a session or of its resumption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Welcome {
    /// For the next resume. The former one is over once the relay heard the client after this.
    pub session: ResumeToken,
    /// Whether the missed frames follow; else a `snapshot` does.
    pub resumed: bool,
    /// Who this is.
    pub me: Me,
    /// For every call of this session.
    pub ice_servers: Vec<IceServer>,
    /// What the relay accepts.
    pub limits: Limits,
    /// What the relay can do beyond the basics.
    pub features: Vec<String>,
    /// The relay's software version.
    pub version: String,
    /// ms since 1970 by the relay's clock.
    pub server_time: u64,
}

/// Everything that a fresh session starts from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Snapshot {
    /// Contacts, requests and blocks.
    pub contacts: Vec<Contact>,
    /// Conversations with their newest call.
    pub conversations: Vec<Conversation>,
    /// Groups that this user is asked into and did not answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invitations: Vec<GroupInvitation>,
    /// Availability of the contacts. Whoever is missing is offline.
    pub presence: Vec<Presence>,
    /// Calls that ring for this user or have this device in them.
    pub calls: Vec<LiveCall>,
    /// What the person must hear of once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<SecurityNotice>,
    /// Another `snapshot` follows that adds to this one: a frame has a longest length, a list of
    /// contacts has none. Calls and notices come at the end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub more: bool,
}

/// Why a request was refused. A code exists only where somebody branches on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The request cannot be understood.
    Malformed,
    /// No valid token.
    Unauthenticated,
    /// Understood and refused.
    Forbidden,
    /// Not there, or not yours: the two are not told apart.
    NotFound,
    /// Too often; `retry_after_ms` says when again.
    RateLimited,
    /// Already in a call, or the name is taken.
    Busy,
    /// Too late: answered, ended, replaced.
    Stale,
    /// Over a size limit.
    TooLarge,
    /// The relay cannot do it at present (disk full, draining); calls go on.
    Unavailable,
    /// A fault of the relay.
    Internal,
    /// A code that this build does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What the relay can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RelayMessage {
    /// The session is on.
    Welcome(Box<Welcome>),
    /// Everything, for a session that was not resumed.
    Snapshot(Box<Snapshot>),
    /// The frame with this id was carried out.
    Ok {
        /// Its id.
        re: u32,
    },
    /// The frame with this id was refused; without `re`, one that had no id.
    Error {
        /// Its id.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        re: Option<u32>,
        /// Why.
        code: ErrorCode,
        /// For people who read logs.
        message: String,
        /// When it may work, for `rate_limited`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
    /// Answers `ping`.
    Pong {
        /// The client's number.
        t: u64,
        /// ms since 1970 by the relay's clock.
        server_time: u64,
    },
    /// The relay will close with 4010.
    GoingAway {
        /// Come back after this long.
        retry_after_ms: u64,
    },
    /// New TURN credentials.
    IceServers {
        /// They replace the former ones.
        ice_servers: Vec<crate::IceServer>,
    },
    /// Somebody's availability changed.
    Presence(Presence),
    /// A contact is new or changed.
    ContactChanged {
        /// As it is from here on.
        contact: Contact,
    },
    /// A contact or request is gone.
    ContactRemoved {
        /// Who.
        user: UserId,
    },
    /// A conversation is new or changed.
    ConversationChanged {
        /// As it is from here on.
        conversation: Conversation,
    },
    /// Somebody asks this user into a group, or what they ask changed.
    ConversationInvited {
        /// As it is from here on.
        invitation: GroupInvitation,
    },
    /// A conversation, or an invitation to one, is gone.
    ConversationRemoved {
        /// Which.
        conversation: ConversationId,
    },
    /// This account changed.
    MeChanged {
        /// As it is from here on.
        me: Me,
    },
    /// Something about the account's safety.
    Notice(SecurityNotice),
    /// A call ended and is kept in the history.
    CallRecorded {
        /// The new line.
        record: CallRecord,
    },
    /// Somebody calls.
    CallIncoming {
        /// Which call.
        call_id: CallId,
        /// Where.
        conversation: ConversationId,
        /// The calling device.
        from: Participant,
        /// What it starts with.
        media: Media,
        /// Unopened until Accept.
        offer: Offer,
        /// When it was placed, ms since 1970 by the relay's clock.
        sent_at: u64,
        /// When it stops ringing.
        expires_at: u64,
    },
    /// To the caller: it rings there.
    CallRinging {
        /// Which call.
        call_id: CallId,
        /// At whom.
        user: UserId,
        /// On how many devices.
        devices: u32,
    },
    /// To the caller: answered.
    CallAccepted {
        /// Which call.
        call_id: CallId,
        /// The device that answered.
        by: Participant,
        /// What that side starts with.
        media: Media,
        /// Accepts the offer of `call_initiate`.
        answer: Answer,
    },
    /// To the caller: refused by one callee. In a direct call `call_ended` follows.
    CallRejected {
        /// Which call.
        call_id: CallId,
        /// The device that refused.
        by: Participant,
        /// Why.
        reason: RejectReason,
    },
    /// The call ended, at least for this device.
    CallEnded {
        /// Which call.
        call_id: CallId,
        /// Why.
        reason: EndReason,
    },
    /// A participant left a call that goes on.
    PeerLeft {
        /// Which call.
        call_id: CallId,
        /// Who.
        participant: Participant,
        /// Why: `ended`, `lost` or `window_closed`.
        reason: EndReason,
    },
    /// The window or program with which a participant was in the call is closed. It may come back:
    /// a reload is the same. Otherwise the call ends with `window_closed`.
    PeerClosed {
        /// Which call.
        call_id: CallId,
        /// The participant's device.
        from: DeviceId,
    },
    /// It is back. Its offer of a new connection follows.
    PeerReturned {
        /// Which call.
        call_id: CallId,
        /// The participant's device.
        from: DeviceId,
    },
    /// A participant offers a new connection or a restart.
    SdpOffer {
        /// The call.
        call_id: CallId,
        /// The participant's device.
        from: DeviceId,
        /// Names the offer.
        offer_id: OfferId,
        /// An ICE restart of the connection; else a new connection.
        restart: bool,
        /// The description.
        sdp: Sdp,
        /// Signature, once identity lands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    /// A participant answers an offer of this device.
    SdpAnswer {
        /// The call.
        call_id: CallId,
        /// The participant's device.
        from: DeviceId,
        /// The offer that it answers.
        offer_id: OfferId,
        /// The description.
        sdp: Sdp,
        /// Signature, once identity lands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    /// A participant's candidates.
    IceCandidates {
        /// The call.
        call_id: CallId,
        /// The participant's device.
        from: DeviceId,
        /// In the order in which they were found.
        candidates: Candidates,
    },
    /// What a participant sends.
    MediaState {
        /// The call.
        call_id: CallId,
        /// The participant's device.
        from: DeviceId,
        /// The greatest wins.
        n: u64,
        /// What is sent.
        #[serde(flatten)]
        state: MediaState,
    },
    /// How a call stands.
    CallState {
        /// Which.
        call_id: CallId,
        /// Every device in it.
        participants: Vec<Participant>,
        /// When it was answered, ms since 1970; absent while it rings.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<u64>,
        /// What each device sends, as far as it said so.
        media_state: Vec<ParticipantMedia>,
    },
    /// Who is in a call.
    Peers {
        /// Which.
        call_id: CallId,
        /// Every device in it.
        participants: Vec<Participant>,
    },
    /// A message that this build does not know. Never sent.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What one device of a call sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParticipantMedia {
    /// The device.
    pub device: DeviceId,
    /// Its newest count.
    pub n: u64,
    /// What it sends.
    #[serde(flatten)]
    pub state: MediaState,
}
