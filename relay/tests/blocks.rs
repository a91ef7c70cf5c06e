//! Blocking and removing somebody while a call rings or goes on, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::{
    ClientMessage, ConversationId, EndReason, ErrorCode, OfferId, RelayMessage, Sdp,
};
use serde_json::{Value, json};
use support::{Client, Person, TestRelay, answer, call_id, candidates, initiate};

#[derive(Debug, Clone, Copy)]
enum Way {
    Block,
    Remove,
}

const WAYS: [Way; 2] = [Way::Block, Way::Remove];

async fn part(relay: &TestRelay, way: Way, by: &Person, from: &Person) {
    let reply = match way {
        Way::Block => {
            let body = json!({ "user": from.user() });
            relay.http("POST", "/api/v1/blocks", Some(by.token()), &body).await
        }
        Way::Remove => {
            let path = format!("/api/v1/contacts/{}", from.user());
            relay.http("DELETE", &path, Some(by.token()), &Value::Null).await
        }
    };
    assert!(reply.status < 300, "{}", reply.text);
}

struct Two {
    relay: TestRelay,
    ada: Person,
    grace: Person,
    a: Client,
    b: Client,
    conversation: ConversationId,
}

async fn two() -> Two {
    let relay = TestRelay::with(|config| config.timing.ring_ms = 3_000);
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let a = relay.connect(&ada).await;
    let b = relay.connect(&grace).await;
    Two { relay, ada, grace, a, b, conversation }
}

fn about_the_call(message: &RelayMessage) -> bool {
    matches!(
        message,
        RelayMessage::CallRinging { .. }
            | RelayMessage::CallRejected { .. }
            | RelayMessage::CallEnded { .. }
            | RelayMessage::CallRecorded { .. }
    )
}

#[tokio::test]
async fn whoever_parts_from_the_caller_stops_ringing_and_the_caller_notices_nothing() {
    for way in WAYS {
        let mut it = two().await;
        let call = call_id();
        it.a.ask(initiate(call, it.conversation)).await.unwrap();
        let offer = it.b.incoming(call).await;
        it.a.drain().await;
        part(&it.relay, way, &it.grace, &it.ada).await;
        let reason = it.b.ended(call).await;
        assert_eq!(reason, EndReason::DeclinedElsewhere, "{way:?}: no missed call");
        let heard = it.a.drain().await;
        assert!(!heard.iter().any(about_the_call), "{way:?}: {heard:?}");

        let phone = it.relay.sign_in("grace").await;
        let mut p = it.relay.connect(&phone).await;
        assert!(p.snapshot.as_ref().unwrap().calls.is_empty(), "{way:?}: nor rings it elsewhere");
        let late = p.ask(answer(call, &offer)).await.unwrap_err().0;
        assert_eq!(late, ErrorCode::NotFound, "{way:?}");
        assert_eq!(it.a.ended(call).await, EndReason::NoAnswer, "{way:?}: it rings out");
        let heard = [it.b.drain().await, p.drain().await].concat();
        assert!(!heard.iter().any(about_the_call), "{way:?}: no line of history: {heard:?}");
    }
}

#[tokio::test]
async fn a_caller_who_parts_from_the_callee_rings_no_more() {
    for way in WAYS {
        let mut it = two().await;
        let call = call_id();
        it.a.ask(initiate(call, it.conversation)).await.unwrap();
        it.b.incoming(call).await;
        part(&it.relay, way, &it.ada, &it.grace).await;
        assert_eq!(it.b.ended(call).await, EndReason::Cancelled, "{way:?}");
        assert_eq!(it.a.ended(call).await, EndReason::Cancelled, "{way:?}");
    }
}

#[tokio::test]
async fn a_live_direct_call_ends_for_both_when_they_part() {
    for way in WAYS {
        for caller_parts in [true, false] {
            let mut it = two().await;
            let call = call_id();
            it.a.ask(initiate(call, it.conversation)).await.unwrap();
            let offer = it.b.incoming(call).await;
            it.b.ask(answer(call, &offer)).await.unwrap();
            let (by, from) = if caller_parts { (&it.ada, &it.grace) } else { (&it.grace, &it.ada) };
            part(&it.relay, way, by, from).await;
            assert_eq!(it.a.ended(call).await, EndReason::Ended, "{way:?}");
            assert_eq!(it.b.ended(call).await, EndReason::Ended, "{way:?}");
            it.b.drain().await;
            let (to, offer_id) = (it.grace.device(), OfferId::from_parts(1, [4; 10]));
            let sdp = Sdp::new("v=0").unwrap();
            let late = ClientMessage::SdpOffer {
                call_id: call,
                to,
                offer_id,
                restart: true,
                sdp,
                proof: None,
            };
            assert!(it.a.ask(late).await.is_err(), "{way:?}");
            let list = candidates(["candidate:1"]);
            let late =
                ClientMessage::IceCandidates { call_id: call, to: Some(to), candidates: list };
            assert!(it.a.ask(late).await.is_err(), "{way:?}");
            let heard = it.b.drain().await;
            let signal = |m: &RelayMessage| {
                matches!(m, RelayMessage::SdpOffer { .. } | RelayMessage::IceCandidates { .. })
            };
            assert!(!heard.iter().any(signal), "{way:?}: nothing arrives: {heard:?}");
        }
    }
}
