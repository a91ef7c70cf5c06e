//! A relay and participants that say anything at any time. Nothing panics, and nothing that they say
//! opens a connection, a microphone or a camera: the world checks that after every input.

use bellwire_core::Input;
use bellwire_core::api::{PathState, PeerEvent, PeerId};
use bellwire_protocol::*;

use crate::relay::EPOCH;
use crate::world::{World, user};

fn text(world: &mut World) -> String {
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
    (0..1 + world.dice.roll(3))
        .map(|_| words[usize::try_from(world.dice.roll(words.len() as u64)).unwrap()])
        .collect()
}

fn participant(world: &mut World) -> Participant {
    let node = usize::try_from(world.dice.roll(world.nodes.len() as u64)).unwrap();
    let node = &world.nodes[node];
    Participant {
        user: node.user,
        device: node.device,
        name: DisplayName::new("Somebody").unwrap(),
    }
}

fn call_id(world: &mut World, node: usize) -> CallId {
    let home = world.home(node);
    let known = home.call.as_ref().map(|call| call.id).or(home.rings.first().map(|ring| ring.call));
    let random = CallId::from_parts(EPOCH + world.dice.roll(5), [7; 10]);
    if world.dice.percent(75) { known.unwrap_or(random) } else { random }
}

fn sdp(world: &mut World) -> Sdp {
    let text = text(world);
    Sdp::new(text).unwrap_or_else(|_| Sdp::new("x").unwrap())
}

fn message(world: &mut World, node: usize) -> RelayMessage {
    let call_id = call_id(world, node);
    let from = participant(world);
    let offer_id = OfferId::from_parts(EPOCH + world.dice.roll(10_000_000), [3; 10]);
    let sdp = sdp(world);
    let media = if world.dice.percent(50) { Media::Voice } else { Media::Video };
    let reasons = [
        EndReason::Ended,
        EndReason::Cancelled,
        EndReason::Replaced,
        EndReason::Lost,
        EndReason::Unknown,
        EndReason::AnsweredElsewhere,
        EndReason::TimeLimit,
    ];
    let reason = reasons[usize::try_from(world.dice.roll(7)).unwrap()];
    let time = if world.dice.percent(50) { EPOCH + world.now } else { world.dice.roll(u64::MAX) };
    let state = MediaState { mic: true, camera: true, screen: true };
    let n = world.dice.roll(u64::MAX);
    let restart = world.dice.percent(50);
    let conversation = world.conversation;
    let offer = Offer { offer_id, sdp: sdp.clone(), proof: None };
    let device = from.device;
    match world.dice.roll(16) {
        0 => RelayMessage::CallIncoming {
            call_id,
            conversation,
            from,
            media,
            offer,
            sent_at: time,
            expires_at: time.saturating_add(60_000),
        },
        1 => RelayMessage::CallAccepted {
            call_id,
            by: from,
            media,
            answer: Answer { offer_id, sdp, proof: None },
        },
        2 => RelayMessage::CallEnded { call_id, reason },
        3 => RelayMessage::PeerLeft { call_id, participant: from, reason },
        4 | 5 => {
            RelayMessage::SdpOffer { call_id, from: device, offer_id, restart, sdp, proof: None }
        }
        6 => RelayMessage::SdpAnswer { call_id, from: device, offer_id, sdp, proof: None },
        7 => RelayMessage::IceCandidate {
            call_id,
            from: device,
            ufrag: Ufrag::new("abcd").unwrap(),
            mid: Mid::new("0").unwrap(),
            candidate: Candidate::new("candidate:1").unwrap(),
        },
        8 => RelayMessage::MediaState { call_id, from: device, n, state },
        9 => RelayMessage::CallState {
            call_id,
            participants: vec![from],
            since: Some(time),
            media_state: Vec::new(),
        },
        10 => RelayMessage::Peers { call_id, participants: vec![from] },
        11 => RelayMessage::Ok { re: u32::try_from(world.dice.roll(8)).unwrap() },
        12 => RelayMessage::Error {
            re: Some(u32::try_from(world.dice.roll(8)).unwrap()),
            code: ErrorCode::Stale,
            message: String::new(),
            retry_after_ms: Some(n),
        },
        13 => RelayMessage::CallRinging { call_id, user: user(1), devices: 0 },
        14 => {
            let live = LiveCallState::Live { participants: vec![from.clone()], since: time };
            let call = LiveCall { call_id, conversation, media, from, state: live, sent_at: time };
            RelayMessage::Snapshot(Box::new(Snapshot { calls: vec![call], ..Snapshot::default() }))
        }
        _ => RelayMessage::Pong { t: n, server_time: time },
    }
}

fn event(world: &mut World) -> PeerEvent {
    let operation = u32::try_from(world.dice.roll(6)).unwrap();
    let data = text(world);
    match world.dice.roll(7) {
        0 => PeerEvent::Described { operation, sdp: data },
        1 => PeerEvent::OperationFailed { operation: 1_000, message: data },
        2 => PeerEvent::Candidate { ufrag: data.clone(), mid: data.clone(), candidate: data },
        3 => PeerEvent::Path { state: PathState::Failed },
        4 => PeerEvent::Path { state: PathState::Disconnected },
        5 => PeerEvent::Control { data },
        _ => PeerEvent::Chat { data },
    }
}

#[test]
fn hostile_messages_open_nothing_and_break_nothing() {
    for seed in 0..1_000 {
        let mut world = World::new(seed, &[1, 2]);
        match world.dice.roll(3) {
            0 => {}
            1 => world.place(0, Media::Voice),
            _ => world.connect(Media::Voice),
        }
        let mut seq = 10_000;
        for _ in 0..40 {
            let pause = world.dice.roll(200);
            world.run(pause);
            let node = usize::try_from(world.dice.roll(2)).unwrap();
            if world.dice.percent(60) {
                seq += 1;
                let message = message(&mut world, node);
                world.input(node, Input::Relay(RelayFrame { seq, message }));
            } else {
                let event = event(&mut world);
                let peer = PeerId(u32::try_from(world.dice.roll(3)).unwrap());
                world.input(node, Input::Peer(peer, event));
            }
            assert!(
                !world.sends(node, bellwire_core::api::Slot::Camera),
                "nobody asked for a picture, seed {seed}"
            );
        }
    }
}
