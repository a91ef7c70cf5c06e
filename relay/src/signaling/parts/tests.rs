#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use bellwire_protocol::{
    CallId, Contact, ContactState, Conversation, ConversationId, ConversationKind, DeviceId,
    DisplayName, GroupInvitation, LiveCall, LiveCallState, Media, Offer, OfferId, Participant,
    Person, Presence, PresenceStatus, Proof, RelayFrame, RelayMessage, Sdp, Snapshot, UserId,
    Username, decode, limits,
};
use proptest::prelude::*;

use super::cut;
use crate::signaling::session::Outbox;

fn name() -> DisplayName {
    DisplayName::new("\"".repeat(DisplayName::MAX_BYTES)).unwrap()
}

fn person() -> Person {
    let username = Username::new("x".repeat(Username::MAX_BYTES)).unwrap();
    Person { user: UserId::from_bytes([255; 16]), username, display_name: name() }
}

fn conversation() -> Conversation {
    Conversation {
        id: ConversationId::from_bytes([255; 16]),
        kind: ConversationKind::Group,
        name: Some(name()),
        members: vec![person(); 32],
        owner: Some(person().user),
        invited: vec![person(); 32],
        created_at: u64::MAX,
        last_call: None,
    }
}

fn invitation() -> GroupInvitation {
    GroupInvitation {
        conversation: ConversationId::from_bytes([255; 16]),
        name: name(),
        from: person(),
        members: u32::MAX,
        created_at: u64::MAX,
    }
}

fn ringing() -> LiveCall {
    let from =
        Participant { user: person().user, device: DeviceId::from_bytes([255; 16]), name: name() };
    let offer = Offer {
        offer_id: OfferId::from_bytes([255; 16]),
        sdp: Sdp::new("\"".repeat(Sdp::MAX_BYTES / 2)).unwrap(),
        proof: Some(Proof::new("\"".repeat(Proof::MAX_BYTES / 2)).unwrap()),
    };
    LiveCall {
        call_id: CallId::from_bytes([255; 16]),
        conversation: ConversationId::from_bytes([255; 16]),
        media: Media::Video,
        from,
        state: LiveCallState::Ringing { offer: Some(offer), expires_at: u64::MAX },
        sent_at: u64::MAX,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However much a person has, with every text at its longest, a client takes every part.
    #[test]
    fn every_part_of_a_snapshot_fits(
        contacts in 0_usize..300, conversations in 0_usize..20, invitations in 0_usize..60,
        presence in 0_usize..900, calls in 0_usize..10
    ) {
        let contact = Contact { person: person(), state: ContactState::Accepted };
        let seen = Presence { user: person().user, status: PresenceStatus::Online };
        let snapshot = Snapshot {
            contacts: vec![contact; contacts],
            conversations: vec![conversation(); conversations],
            invitations: vec![invitation(); invitations],
            presence: vec![seen; presence],
            calls: vec![ringing(); calls],
            notices: Vec::new(),
            more: false,
        };
        let mut outbox = Outbox::default();
        outbox.say_at_once(cut(snapshot));
        let (mut entries, mut more) = (0, true);
        while let Some(frame) = outbox.pop() {
            prop_assert!(frame.text.len() <= limits::RELAY_FRAME_BYTES - 20, "room for a number");
            let RelayFrame { message: RelayMessage::Snapshot(part), .. } =
                decode(&frame.text).unwrap()
            else {
                panic!("not a part")
            };
            prop_assert!(more, "nothing follows the last part");
            more = part.more;
            entries += part.contacts.len() + part.conversations.len();
            entries += part.invitations.len() + part.presence.len() + part.calls.len();
        }
        prop_assert!(!more);
        prop_assert_eq!(entries, contacts + conversations + invitations + presence + calls);
    }
}
