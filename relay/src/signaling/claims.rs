//! Claims of calls, checked against the store: whom a call can be with, and on which devices.

use std::collections::BTreeSet;

use bellwire_protocol::{CallClaim, CallId, ConversationKind, Participant};

use super::calls::{Apart, CLAIM_PARTICIPANTS, CheckedClaim};
use super::dates::undate;
use super::socket::{Refused, Seated, unreadable};
use crate::Relay;
use crate::store::{Route, StoreError};

/// A claim is believed as far as its caller may ring its people now. Their names are the store's,
/// and a device that is not theirs is not in the call. What is in the history is over.
pub(super) async fn check(
    relay: &Relay,
    seated: &Seated,
    call_id: CallId,
    mut claim: CallClaim,
) -> Result<Option<CheckedClaim>, Refused> {
    if claim.participants.len() > CLAIM_PARTICIPANTS {
        return Ok(None);
    }
    undate(&mut claim, relay.clock.relation());
    let checked = async {
        if relay.store.has_record(call_id).await? {
            return Ok(None);
        }
        let route = relay.store.route(claim.caller.user, claim.conversation).await?;
        match route.and_then(|route| believe(seated, claim, route)) {
            Some(claim) => confirm(relay, claim).await,
            None => Ok(None),
        }
    };
    checked.await.map_err(|error| unreadable(&error))
}

/// The claim by what the store says of its conversation.
fn believe(seated: &Seated, claim: CallClaim, route: Route) -> Option<CheckedClaim> {
    let rings = route.others.iter().filter(|member| member.rings);
    let members: Vec<_> = rings.map(|member| &member.person).chain([&route.caller]).collect();
    if !members.iter().any(|person| person.user == seated.me.user) {
        return None;
    }
    // Everybody is in a call with one device. Each that is named is looked up.
    let devices: BTreeSet<_> = claim.participants.iter().map(|named| named.device).collect();
    if devices.len() != claim.participants.len() || devices.len() > members.len() {
        return None;
    }
    let named = |said: Participant| {
        let person = members.iter().find(|person| person.user == said.user)?;
        Some(Participant { name: person.display_name.clone(), ..said })
    };
    Some(CheckedClaim {
        conversation: claim.conversation,
        direct: route.kind == ConversationKind::Direct,
        media: claim.media,
        caller: named(claim.caller)?,
        participants: claim.participants.into_iter().map(named).collect::<Option<Vec<_>>>()?,
        apart: Apart::default(),
        audience: members.iter().map(|person| person.user).collect(),
        sent_at: claim.sent_at,
        since: claim.since,
    })
}

/// The claim with the devices that are whose it says, and with the pairs that get nothing from each
/// other.
async fn confirm(relay: &Relay, claim: CheckedClaim) -> Result<Option<CheckedClaim>, StoreError> {
    if !relay.store.has_device(claim.caller.user, claim.caller.device).await? {
        return Ok(None);
    }
    let mut participants: Vec<Participant> = Vec::new();
    let mut apart = Apart::default();
    for participant in claim.participants {
        let (user, device) = (participant.user, participant.device);
        if !relay.store.has_device(user, device).await? {
            continue;
        }
        for other in relay.store.blocks_around(user).await? {
            apart.add(user, other);
        }
        participants.push(participant);
    }
    Ok(Some(CheckedClaim { participants, apart, ..claim }))
}
