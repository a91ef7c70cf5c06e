//! Client to relay.

use serde::{Deserialize, Serialize};

use crate::{
    Answer, CallId, Candidates, ConversationId, DeviceId, Media, MediaState, Offer, OfferId,
    Participant, PresenceStatus, Proof, RejectReason, ResumeToken, Sdp, Secret,
};

/// One frame from a client. A frame with an `id` is answered by `ok` or `error`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientFrame {
    /// Repeated as `re` by the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
    /// What is said.
    #[serde(flatten)]
    pub message: ClientMessage,
}

/// Who speaks: for the operator's eyes, and to refuse a client that is too old.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClientInfo {
    /// `bellwire-web`, `bellwire-desktop`, `bellwire-cli`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// Operating system or browser.
    pub platform: String,
}

/// Where a lost session is taken up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resume {
    /// The token of the last `welcome`.
    pub session: ResumeToken,
    /// The last `seq` that the client handled.
    pub seq: u64,
}

/// What a participant says of a call that a restarted relay does not know any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallClaim {
    /// Where the call happens; the claimant must be a member.
    pub conversation: ConversationId,
    /// What it started with.
    pub media: Media,
    /// The calling device.
    pub caller: Participant,
    /// Every device in it. Those that do not claim it too within their seat time are gone.
    pub participants: Vec<Participant>,
    /// When it was placed, ms since 1970.
    pub sent_at: u64,
    /// When it was answered, ms since 1970.
    pub since: u64,
}

/// What a client can say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// The first frame.
    Hello {
        /// The access token.
        token: Secret,
        /// Who speaks.
        client: ClientInfo,
        /// Take up this session.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        resume: Option<Resume>,
    },
    /// Keeps the socket alive and measures it.
    Ping {
        /// Any number; comes back.
        t: u64,
    },
    /// Says how available the person is.
    PresenceSet {
        /// Not `offline`.
        status: PresenceStatus,
    },
    /// Places a call.
    CallInitiate {
        /// Made by this device.
        call_id: CallId,
        /// Who to ring.
        conversation: ConversationId,
        /// What it starts with.
        media: Media,
        /// Handed on unread, opened after Accept.
        offer: Offer,
    },
    /// Accepts a call that rings here.
    CallAnswer {
        /// Which.
        call_id: CallId,
        /// What this side starts with.
        media: Media,
        /// Accepts the caller's offer.
        answer: Answer,
    },
    /// Refuses a call that rings here.
    CallReject {
        /// Which.
        call_id: CallId,
        /// Why.
        reason: RejectReason,
    },
    /// Gives up a call that this device placed and nobody answered.
    CallCancel {
        /// Which.
        call_id: CallId,
    },
    /// Leaves a live call.
    CallLeave {
        /// Which.
        call_id: CallId,
    },
    /// Offers a new connection, or a restart, to a participant.
    SdpOffer {
        /// The call that both are in.
        call_id: CallId,
        /// The participant's device.
        to: DeviceId,
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
    /// Answers a participant's offer.
    SdpAnswer {
        /// The call that both are in.
        call_id: CallId,
        /// The participant's device.
        to: DeviceId,
        /// The offer that it answers.
        offer_id: OfferId,
        /// The description.
        sdp: Sdp,
        /// Signature, once identity lands.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        proof: Option<Proof>,
    },
    /// Candidates for a participant, or for whoever will answer.
    IceCandidates {
        /// The call.
        call_id: CallId,
        /// The participant's device; absent before the answer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<DeviceId>,
        /// In the order in which they were found.
        candidates: Candidates,
    },
    /// Tells the other participants what this one sends.
    MediaState {
        /// The call.
        call_id: CallId,
        /// Counts up; the greatest wins.
        n: u64,
        /// What is sent.
        #[serde(flatten)]
        state: MediaState,
    },
    /// Asks how a call stands, after a resume, or tells a restarted relay of it.
    CallSync {
        /// Which.
        call_id: CallId,
        /// What this participant knows, for a relay that forgot.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claim: Option<CallClaim>,
    },
    /// Asks who is in a call.
    PeerList {
        /// Which.
        call_id: CallId,
    },
    /// Reports, once per call and peer, how long media took to flow after the answer, and from
    /// then on, every 15 s while the peer's session is gone, that it still flows.
    CallReport {
        /// Which.
        call_id: CallId,
        /// Answer to connected in ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        setup_ms: Option<u32>,
        /// Media flows with this participant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flowing: Option<DeviceId>,
    },
    /// A message that this build does not know. Never sent.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}
