//! Who may say what of whose call: every message of the protocol from every kind of sender.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::{
    CallClaim, CallId, ClientMessage, ConversationId, DeviceId, DisplayName, ErrorCode, Media,
    MediaState, Participant, RejectReason, RelayMessage, UserId,
};
use support::{Client, Person, TestRelay, answer, call_id, candidates, initiate, now_ms, offer};

/// Every message that is about a call.
fn messages(
    call_id: CallId,
    conversation: ConversationId,
    me: Participant,
    other: Participant,
) -> Vec<(&'static str, ClientMessage)> {
    let to = other.device;
    let offer = offer();
    let (offer_id, sdp) = (offer.offer_id, offer.sdp.clone());
    let candidate = |to| {
        let candidates = candidates(["candidate:1"]);
        ClientMessage::IceCandidates { call_id, to, candidates }
    };
    // The first of them is the caller.
    let claim = |participants: Vec<Participant>| {
        let caller = participants[0].clone();
        let (sent_at, since) = (now_ms() - 2_000, now_ms() - 1_000);
        let claim =
            CallClaim { conversation, media: Media::Voice, caller, participants, sent_at, since };
        ClientMessage::CallSync { call_id, claim: Some(claim) }
    };
    let listed = vec![
        ("call_initiate", initiate(call_id, conversation)),
        ("call_answer", answer(call_id, &offer)),
        ("call_reject", ClientMessage::CallReject { call_id, reason: RejectReason::Declined }),
        ("call_cancel", ClientMessage::CallCancel { call_id }),
        ("call_leave", ClientMessage::CallLeave { call_id }),
        (
            "sdp_offer",
            ClientMessage::SdpOffer {
                call_id,
                to,
                offer_id,
                restart: false,
                sdp: sdp.clone(),
                proof: None,
            },
        ),
        ("sdp_answer", ClientMessage::SdpAnswer { call_id, to, offer_id, sdp, proof: None }),
        ("ice_candidates", candidate(Some(to))),
        ("ice_candidates without to", candidate(None)),
        ("media_state", ClientMessage::MediaState { call_id, n: 1, state: MediaState::default() }),
        ("call_sync", ClientMessage::CallSync { call_id, claim: None }),
        ("call_sync with a claim", claim(vec![me.clone(), other.clone()])),
        ("call_sync with another's claim", claim(vec![other, me])),
        ("peer_list", ClientMessage::PeerList { call_id }),
        (
            "call_report",
            ClientMessage::CallReport { call_id, setup_ms: Some(1), flowing: Some(to) },
        ),
    ];
    listed
}

/// The kinds of message that ask nothing about a call.
const ABOUT_NO_CALL: [&str; 3] = ["hello", "ping", "presence_set"];

/// The wire's name of a message.
fn kind(value: &serde_json::Value) -> String {
    value["type"].as_str().unwrap().to_owned()
}

#[test]
fn the_matrix_has_every_message_of_the_protocol() {
    let golden = include_str!("../../crates/protocol/golden/client.json");
    let golden: std::collections::BTreeMap<String, serde_json::Value> =
        serde_json::from_str(golden).unwrap();
    let mut wanted: std::collections::BTreeSet<String> = golden.values().map(kind).collect();
    for not_listed in ABOUT_NO_CALL {
        assert!(wanted.remove(not_listed), "{not_listed} is a message");
    }
    let nowhere = ConversationId::from_parts(0, [0; 10]);
    let nobody = || seat(UserId::from_parts(0, [0; 10]), DeviceId::from_parts(0, [0; 10]));
    let listed = messages(call_id(), nowhere, nobody(), nobody());
    let listed = listed.iter().map(|(_, message)| kind(&serde_json::to_value(message).unwrap()));
    assert_eq!(listed.collect::<std::collections::BTreeSet<_>>(), wanted);
}

fn seat(user: UserId, device: DeviceId) -> Participant {
    Participant { user, device, name: DisplayName::new("somebody").unwrap() }
}

fn of(person: &Person) -> Participant {
    seat(person.user(), person.device())
}

async fn refusals(
    client: &mut Client,
    call: CallId,
    conversation: ConversationId,
    other: &Person,
) -> Vec<(&'static str, Option<ErrorCode>)> {
    let mut answers = Vec::new();
    let me = &client.welcome.as_ref().unwrap().me;
    let me = seat(me.user, me.device);
    for (name, message) in messages(call, conversation, me, of(other)) {
        answers.push((name, client.ask(message).await.err().map(|(code, _)| code)));
    }
    answers
}

#[tokio::test]
async fn strangers_and_the_blocked_cannot_tell_a_call_from_nothing() {
    let relay = TestRelay::start();
    let (ada, grace, eve, mallory) = (
        relay.sign_up("ada").await,
        relay.sign_up("grace").await,
        relay.sign_up("eve").await,
        relay.sign_up("mallory").await,
    );
    let conversation = relay.befriend(&ada, &grace).await;
    relay.befriend(&mallory, &ada).await;
    let block = serde_json::json!({ "user": mallory.user() });
    relay.http("POST", "/api/v1/blocks", Some(ada.token()), &block).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    for live in [false, true] {
        let call = call_id();
        a.ask(initiate(call, conversation)).await.unwrap();
        let rung = g.incoming(call).await;
        if live {
            g.ask(answer(call, &rung)).await.unwrap();
        }
        a.drain().await;
        g.drain().await;
        for outsider in [&eve, &mallory] {
            let mut client = relay.connect(outsider).await;
            for (name, code) in refusals(&mut client, call, conversation, &ada).await {
                assert_eq!(code, Some(ErrorCode::NotFound), "{name}, live: {live}");
            }
            let nothing = refusals(&mut client, call_id(), conversation, &ada).await;
            assert!(
                nothing.iter().all(|(_, code)| *code == Some(ErrorCode::NotFound)),
                "what is not there is answered the same: {nothing:?}"
            );
        }
        let heard = (a.drain().await, g.drain().await);
        assert!(heard.0.is_empty() && heard.1.is_empty(), "nobody noticed: {heard:?}");
        a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
        g.ended(call).await;
        for client in [&mut a, &mut g] {
            let recorded =
                |m: &RelayMessage| matches!(m, RelayMessage::CallRecorded { .. }).then_some(());
            client.expect(recorded).await;
            client.drain().await;
        }
    }
}

/// What somebody may say who is in the conversation and not in the call. No answer tells a block.
#[tokio::test]
async fn a_blocked_member_cannot_tell_a_call_from_nothing() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let block = serde_json::json!({ "user": grace.user() });
    let reply = relay.http("POST", "/api/v1/blocks", Some(ada.token()), &block).await;
    assert!(reply.status < 300, "{}", reply.text);
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    a.drain().await;
    // The blocked member places a call: for the caller it is there, for nobody else.
    let call = call_id();
    assert_eq!(g.ask(initiate(call, conversation)).await, Ok(()));
    for (name, code) in refusals(&mut a, call, conversation, &grace).await {
        let own = name == "call_initiate";
        assert!(code == Some(ErrorCode::NotFound) || own && code.is_some(), "{name}: {code:?}");
    }
    g.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    for (name, message) in messages(call_id(), conversation, of(&grace), of(&ada)) {
        if name != "call_initiate" {
            let code = g.ask(message).await.err().map(|(code, _)| code);
            assert_eq!(code, Some(ErrorCode::NotFound), "{name} of a blocked member");
        }
    }
    let heard = a.drain().await;
    let about_a_call = heard.iter().filter(|m| {
        matches!(
            m,
            RelayMessage::CallIncoming { .. }
                | RelayMessage::CallEnded { .. }
                | RelayMessage::CallRecorded { .. }
                | RelayMessage::IceCandidates { .. }
                | RelayMessage::SdpOffer { .. }
        )
    });
    assert_eq!(about_a_call.count(), 0, "nothing reached the one who blocked: {heard:?}");
}

/// The owner of a ringing and of a live call: everything that has a place there is taken.
#[tokio::test]
async fn the_owner_is_refused_only_what_is_out_of_turn() {
    let relay = TestRelay::with(|config| {
        config.rings.per_minute = 1_000;
        config.rings.per_person = 1_000;
    });
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    for (name, _) in messages(call_id(), conversation, of(&ada), of(&grace)) {
        let call = call_id();
        a.ask(initiate(call, conversation)).await.unwrap();
        let rung = g.incoming(call).await;
        let live = !matches!(name, "call_cancel" | "call_reject" | "call_answer");
        if live {
            g.ask(answer(call, &rung)).await.unwrap();
        }
        let mut said = messages(call, conversation, of(&ada), of(&grace)).into_iter();
        let (_, message) = said.find(|(listed, _)| *listed == name).unwrap();
        let code = a.ask(message).await.err().map(|(code, _)| code);
        // A call is answered and declined by those who are called, and placed once.
        let theirs = matches!(name, "call_answer" | "call_reject");
        let expected = theirs.then_some(ErrorCode::NotFound);
        assert_eq!(code, expected, "{name} of the owner");
        let _ = a.ask(ClientMessage::CallLeave { call_id: call }).await;
        let _ = a.ask(ClientMessage::CallCancel { call_id: call }).await;
        g.ended(call).await;
    }
}

#[tokio::test]
async fn a_members_other_device_is_not_a_participant() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let phone = relay.sign_in("grace").await;
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let mut p = relay.connect(&phone).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let rung = g.incoming(call).await;
    g.ask(answer(call, &rung)).await.unwrap();
    p.ended(call).await;
    a.drain().await;
    for (name, code) in refusals(&mut p, call, conversation, &ada).await {
        let stale = matches!(
            name,
            "call_answer"
                | "call_reject"
                | "call_leave"
                | "call_sync"
                | "call_sync with a claim"
                | "call_sync with another's claim"
                | "peer_list"
        );
        let expected = if stale { ErrorCode::Stale } else { ErrorCode::NotFound };
        assert_eq!(code, Some(expected), "{name} from the device that did not answer");
    }
    assert!(a.drain().await.is_empty(), "nothing of it reached the call");
    assert_eq!(g.ask(ClientMessage::PeerList { call_id: call }).await, Ok(()));
}

#[tokio::test]
async fn the_signed_out_say_nothing() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let grace = relay.sign_up("grace").await;
    let conversation = relay.befriend(&ada, &grace).await;
    for (name, message) in messages(call_id(), conversation, of(&grace), of(&ada)) {
        let mut client = Client::open(relay.address).await;
        client.say(message).await;
        let code = client.expect(|m| match m {
            RelayMessage::Error { code, .. } => Some(*code),
            _ => None,
        });
        let code = code.await;
        assert!(
            matches!(code, ErrorCode::Unauthenticated | ErrorCode::TooLarge),
            "{name}: {code:?}"
        );
        let closed = client.closed().await;
        assert_eq!(closed, Some(bellwire_protocol::limits::close::UNAUTHENTICATED), "{name}");
    }
}
