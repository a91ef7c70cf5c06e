//! Calls over real sockets: one test or more for every row of the protocol's table of calls.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::{
    Candidate, ClientMessage, EndReason, ErrorCode, Mid, RejectReason, RelayMessage, Ufrag,
};
use support::{Client, Person, TestRelay, answer, call_id, initiate};

struct Two {
    relay: TestRelay,
    ada: Person,
    grace: Person,
    a: Client,
    b: Client,
    conversation: bellwire_protocol::ConversationId,
}

async fn two() -> Two {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let grace = relay.sign_up("grace").await;
    let conversation = relay.befriend(&ada, &grace).await;
    let a = relay.connect(&ada).await;
    let b = relay.connect(&grace).await;
    Two { relay, ada, grace, a, b, conversation }
}

fn candidate(call_id: bellwire_protocol::CallId, text: &str) -> ClientMessage {
    ClientMessage::IceCandidate {
        call_id,
        to: None,
        ufrag: Ufrag::new("abcd").unwrap(),
        mid: Mid::new("0").unwrap(),
        candidate: Candidate::new(text).unwrap(),
    }
}

#[tokio::test]
async fn a_call_is_placed_answered_and_hung_up() {
    let mut it = two().await;
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    let rang = it.a.expect(|m| match m {
        RelayMessage::CallRinging { user, devices, .. } => Some((*user, *devices)),
        _ => None,
    });
    assert_eq!(rang.await, (it.grace.user(), 1), "the caller hears where it rings");
    let offer = it.b.incoming(call).await;

    it.a.ask(candidate(call, "candidate:1")).await.unwrap();
    it.b.ask(answer(call, &offer)).await.unwrap();
    let by = it.a.expect(|m| match m {
        RelayMessage::CallAccepted { by, .. } => Some(by.clone()),
        _ => None,
    });
    assert_eq!(by.await.device, it.grace.device());
    let held = it.b.expect(|m| match m {
        RelayMessage::IceCandidate { from, candidate, .. } => {
            Some((*from, candidate.as_str().to_owned()))
        }
        _ => None,
    });
    assert_eq!(held.await, (it.ada.device(), "candidate:1".to_owned()), "held until the answer");

    it.b.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    assert_eq!(it.a.ended(call).await, EndReason::Ended);
    for client in [&mut it.a, &mut it.b] {
        let record = client.expect(|m| match m {
            RelayMessage::CallRecorded { record } => Some(record.clone()),
            _ => None,
        });
        let record = record.await;
        assert_eq!(record.reason, EndReason::Ended);
        assert!(record.answered_at.is_some(), "an answered call says when");
        assert_eq!(record.participants.len(), 2, "both took part");
    }
    it.relay.stop().await;
}

#[tokio::test]
async fn a_declined_call_ends_for_everybody() {
    let mut it = two().await;
    let second = it.relay.sign_in("grace").await;
    let mut phone = it.relay.connect(&second).await;
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    it.b.incoming(call).await;
    phone.incoming(call).await;
    let decline = ClientMessage::CallReject { call_id: call, reason: RejectReason::Declined };
    it.b.ask(decline.clone()).await.unwrap();
    assert_eq!(it.a.ended(call).await, EndReason::Declined);
    assert_eq!(phone.ended(call).await, EndReason::DeclinedElsewhere);
    let again = it.b.ask(decline).await;
    assert_eq!(again, Err((ErrorCode::Stale, None)), "twice is too late");
}
