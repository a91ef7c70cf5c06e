//! The limits of the wire against each other, over real sockets: what one allows no other punishes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use std::time::Duration;

use bellwire_protocol::{
    ClientMessage, EndReason, ErrorCode, LiveCallState, Media, Offer, RejectReason, RelayMessage,
    Sdp, limits,
};
use futures_util::SinkExt;
use support::{Client, TestRelay, answer, call_id, candidates, initiate, until};
use tokio_tungstenite::tungstenite::Message;

/// Asks again when the relay says that it may.
async fn ask_in_time(client: &mut Client, message: ClientMessage) {
    while let Err(refused) = client.ask(message.clone()).await {
        let (ErrorCode::RateLimited, Some(wait)) = refused else { panic!("{refused:?}") };
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
}

/// Says nothing but pings until the relay refuses them.
async fn use_up_the_messages(client: &mut Client) {
    for t in 0..u64::from(limits::MESSAGE_BURST) + 20 {
        let ping = format!(r#"{{"type":"ping","t":{t}}}"#);
        client.socket.feed(Message::text(ping)).await.unwrap();
    }
    client.socket.flush().await.unwrap();
    let refused = |m: &RelayMessage| {
        matches!(m, RelayMessage::Error { code: ErrorCode::RateLimited, .. }).then_some(())
    };
    client.expect(refused).await;
}

#[tokio::test]
async fn what_ends_a_call_is_never_refused_for_rate() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;

    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    b.incoming(call).await;
    use_up_the_messages(&mut a).await;
    assert_eq!(a.ask(ClientMessage::CallCancel { call_id: call }).await, Ok(()));
    assert_eq!(b.ended(call).await, EndReason::Cancelled);

    let call = call_id();
    let mut other = relay.connect(&ada).await;
    ask_in_time(&mut other, initiate(call, conversation)).await;
    b.incoming(call).await;
    use_up_the_messages(&mut b).await;
    let reason = RejectReason::Declined;
    assert_eq!(b.ask(ClientMessage::CallReject { call_id: call, reason }).await, Ok(()));
    assert_eq!(other.ended(call).await, EndReason::Declined);
}

#[tokio::test]
async fn a_burst_of_candidates_arrives_whole_and_costs_no_messages() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let offer = b.incoming(call).await;
    // A machine with eleven addresses, by a client that does not put them together.
    for n in 0..76 {
        let line = format!("candidate:{n} 1 udp 1 192.0.2.1 {n} typ host");
        let candidates = candidates([line.as_str()]);
        a.say(ClientMessage::IceCandidates { call_id: call, to: None, candidates }).await;
    }
    assert!(a.drain().await.iter().all(|m| !matches!(m, RelayMessage::Error { .. })));
    b.ask(answer(call, &offer)).await.unwrap();
    let arrived = b.expect(|m| match m {
        RelayMessage::IceCandidates { candidates, .. } => Some(candidates.clone()),
        _ => None,
    });
    let arrived = arrived.await;
    assert_eq!(arrived.len(), 76);
    assert!(arrived.iter().last().unwrap().candidate.as_str().starts_with("candidate:75 "));
    assert_eq!(a.ask(ClientMessage::CallLeave { call_id: call }).await, Ok(()));
}

#[tokio::test]
async fn an_answer_brings_every_held_candidate_and_closes_nobody() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;
    for _ in 0..3 {
        let call = call_id();
        a.ask(initiate(call, conversation)).await.unwrap();
        let offer = b.incoming(call).await;
        let lines = vec!["candidate:1 1 udp 1 192.0.2.1 1 typ host"; limits::CANDIDATES];
        let full = candidates(lines);
        let held = ClientMessage::IceCandidates { call_id: call, to: None, candidates: full };
        ask_in_time(&mut a, held).await;
        let one = candidates(["candidate:2"]);
        let over = ClientMessage::IceCandidates { call_id: call, to: None, candidates: one };
        let refused = a.ask(over).await.unwrap_err().0;
        assert!(matches!(refused, ErrorCode::TooLarge | ErrorCode::RateLimited), "{refused:?}");
        b.ask(answer(call, &offer)).await.unwrap();
        let arrived = b.expect(|m| match m {
            RelayMessage::IceCandidates { candidates, .. } => Some(candidates.len()),
            _ => None,
        });
        assert_eq!(arrived.await, limits::CANDIDATES);
        b.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
        a.ended(call).await;
    }
    assert!(relay.metric("slow_readers_total").await < 1.0);
}

/// A call as large as the relay takes it.
fn large(
    call_id: bellwire_protocol::CallId,
    conversation: bellwire_protocol::ConversationId,
) -> ClientMessage {
    let sdp = Sdp::new("\"".repeat(Sdp::MAX_BYTES / 2)).unwrap();
    let offer = Offer { sdp, ..support::offer() };
    ClientMessage::CallInitiate { call_id, conversation, media: Media::Video, offer }
}

#[tokio::test]
async fn everything_that_rings_reaches_a_device_that_comes_back() {
    let relay = TestRelay::start();
    let grace = relay.sign_up("grace").await;
    let mut callers = Vec::new();
    for n in 0..8 {
        let person = relay.sign_up(&format!("caller{n}")).await;
        let conversation = relay.befriend(&person, &grace).await;
        callers.push((relay.connect(&person).await, conversation));
    }
    let mut b = relay.connect(&grace).await;
    b.drain().await;
    let (session, seq) = (b.welcome.clone(), b.seq);
    drop(b);
    until("it is gone", async || relay.metric("ws_connections").await < 8.5).await;
    let mut calls = Vec::new();
    for (caller, conversation) in &mut callers {
        let call = call_id();
        caller.ask(large(call, *conversation)).await.unwrap();
        calls.push(call);
    }
    let mut former = Client::open(relay.address).await;
    (former.welcome, former.seq) = (session, seq);
    let mut back = relay.resume(&grace, &former).await;
    assert!(back.welcome.as_ref().unwrap().resumed);
    for call in &calls {
        back.incoming(*call).await;
    }
    assert!(relay.metric("slow_readers_total").await < 1.0);

    // A fresh session learns the same from its snapshot.
    let mut fresh = relay.connect(&grace).await;
    let mut shown: Vec<_> = fresh.snapshot.as_ref().unwrap().calls.clone();
    let mut more = fresh.snapshot.as_ref().unwrap().more;
    while more {
        let part = fresh.expect(|m| match m {
            RelayMessage::Snapshot(part) => Some(part.clone()),
            _ => None,
        });
        let part = part.await;
        more = part.more;
        shown.extend(part.calls);
    }
    let rings = |live: &&bellwire_protocol::LiveCall| {
        matches!(live.state, LiveCallState::Ringing { offer: Some(_), .. })
    };
    assert_eq!(shown.iter().filter(rings).count(), calls.len());
    assert!(
        fresh.longest <= limits::RELAY_FRAME_BYTES && back.longest <= limits::RELAY_FRAME_BYTES
    );
}

#[tokio::test]
async fn a_description_that_would_not_fit_is_refused_at_the_senders_door() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;
    let marks = "\\\"".repeat(32_500);
    let (call, id) = (call_id(), support::offer().offer_id);
    a.send_text(format!(
        r#"{{"id":9,"type":"call_initiate","call_id":"{call}","conversation":"{conversation}","media":"voice","offer":{{"offer_id":"{id}","sdp":"{marks}"}}}}"#
    ))
    .await;
    let refused = a.expect(|m| match m {
        RelayMessage::Error { re: Some(9), code, .. } => Some(*code),
        _ => None,
    });
    assert_eq!(refused.await, ErrorCode::Malformed);
    assert!(b.drain().await.is_empty(), "nobody rings, and the callee is still there");
    let call = call_id();
    a.ask(large(call, conversation)).await.unwrap();
    b.incoming(call).await;
}
