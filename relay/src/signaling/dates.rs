//! Dates at the door of the calls. Inside they are moments of the steady time, which no correction
//! of the clock moves; what people read, and what is kept, is the calendar's date of them.

use bellwire_protocol::{CallClaim, CallRecord, LiveCall, LiveCallState, RelayMessage};

use super::calls::Standing;
use crate::clock::{Relation, Steady, Wall};

fn date(moment: &mut u64, relation: Relation) {
    *moment = relation.wall(Steady::from_ms(*moment)).ms();
}

/// Something with moments in it.
pub(super) trait Dated {
    /// Makes dates of its moments.
    fn date(&mut self, relation: Relation);
}

impl Dated for RelayMessage {
    fn date(&mut self, relation: Relation) {
        match self {
            Self::CallIncoming { sent_at, expires_at, .. } => {
                date(sent_at, relation);
                date(expires_at, relation);
            }
            Self::CallState { since: Some(since), .. } => date(since, relation),
            Self::CallState { since: None, .. }
            | Self::Welcome(_)
            | Self::Snapshot(_)
            | Self::Ok { .. }
            | Self::Error { .. }
            | Self::Pong { .. }
            | Self::GoingAway { .. }
            | Self::IceServers { .. }
            | Self::Presence(_)
            | Self::ContactChanged { .. }
            | Self::ContactRemoved { .. }
            | Self::ConversationChanged { .. }
            | Self::ConversationInvited { .. }
            | Self::ConversationRemoved { .. }
            | Self::MeChanged { .. }
            | Self::Notice(_)
            | Self::CallRecorded { .. }
            | Self::CallRinging { .. }
            | Self::CallAccepted { .. }
            | Self::CallRejected { .. }
            | Self::CallEnded { .. }
            | Self::PeerLeft { .. }
            | Self::PeerClosed { .. }
            | Self::PeerReturned { .. }
            | Self::SdpOffer { .. }
            | Self::SdpAnswer { .. }
            | Self::IceCandidates { .. }
            | Self::MediaState { .. }
            | Self::Peers { .. }
            | Self::Unknown => {}
        }
    }
}

impl Dated for LiveCall {
    fn date(&mut self, relation: Relation) {
        date(&mut self.sent_at, relation);
        match &mut self.state {
            LiveCallState::Ringing { expires_at, .. } => date(expires_at, relation),
            LiveCallState::Live { since, .. } => date(since, relation),
        }
    }
}

impl Dated for CallRecord {
    fn date(&mut self, relation: Relation) {
        date(&mut self.started_at, relation);
        date(&mut self.ended_at, relation);
        if let Some(answered_at) = &mut self.answered_at {
            date(answered_at, relation);
        }
    }
}

impl Dated for Standing {
    fn date(&mut self, relation: Relation) {
        date(&mut self.created_at, relation);
        date(&mut self.updated_at, relation);
    }
}

/// The moments of a claim, whose sender knows their dates.
pub(super) fn undate(claim: &mut CallClaim, relation: Relation) {
    for date in [&mut claim.sent_at, &mut claim.since] {
        *date = relation.steady(Wall::from_ms(*date)).ms();
    }
}
