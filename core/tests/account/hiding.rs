//! "Hide my address" where the relay has no server that could carry a call.

use bellwire_core::api::Settings;
use bellwire_protocol::{
    CallId, DisplayName, IceServer, Media, Offer, OfferId, Participant, RelayMessage, Sdp,
};

use super::groups::{GROUP, Groups, group, user};
use super::*;

const RING: CallId = CallId::from_bytes([9; 16]);

/// Somebody who hides the own address, with one group and a call from it that rings.
fn hiding() -> Groups {
    let mut it = Groups::new();
    let conversation = group(GROUP, "Engine", 2, &[1, 2], &[]);
    it.say(RelayMessage::ConversationChanged { conversation });
    let settings = Settings { always_relay: true, ..Settings::default() };
    it.want(Command::SaveSettings { settings });
    it.say(RelayMessage::CallIncoming {
        call_id: RING,
        conversation: GROUP,
        from: Participant {
            user: user(2),
            device: DeviceId::from_bytes([5; 16]),
            name: DisplayName::new("User 2").unwrap(),
        },
        media: Media::Voice,
        offer: Offer {
            offer_id: OfferId::from_bytes([6; 16]),
            sdp: Sdp::new("v=0").unwrap(),
            proof: None,
        },
        sent_at: UNIX,
        expires_at: UNIX + 60_000,
    });
    assert_eq!(it.home().rings.len(), 1);
    it
}

#[test]
fn a_call_is_neither_placed_nor_answered_and_the_person_reads_why_at_once() {
    let place = Command::PlaceCall { conversation: GROUP, media: Media::Voice };
    let accept = Command::AcceptCall { call: RING, media: Media::Voice };
    for command in [place, accept] {
        let mut it = hiding();
        it.want(command);
        assert_eq!(it.notices(), [NoticeText::NothingHides]);
        assert!(it.home().call.is_none(), "no half minute of trying");
        assert_eq!(it.home().rings.len(), 1, "the caller is not hung up on");
    }
}

#[test]
fn a_server_that_carries_media_and_an_address_that_is_not_hidden_let_calls_through() {
    let turn =
        IceServer { urls: vec!["turn:turn.example.org".into()], username: None, credential: None };
    let stun = IceServer { urls: vec!["stun:stun.example.org".into()], ..turn.clone() };
    for (server, hides, placed) in
        [(stun.clone(), true, false), (turn, true, true), (stun, false, true)]
    {
        let mut it = hiding();
        it.say(RelayMessage::IceServers { ice_servers: vec![server] });
        let settings = Settings { always_relay: hides, ..Settings::default() };
        it.want(Command::SaveSettings { settings });
        it.want(Command::PlaceCall { conversation: GROUP, media: Media::Voice });
        assert_eq!(it.home().call.is_some(), placed);
    }
}
