//! Claims of calls after a restart of the relay, over real sockets: whom they reach, and whom not.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::{
    CallClaim, CallId, ClientMessage, ConversationId, DeviceId, ErrorCode, Media, MediaState,
    OfferId, Participant, RelayMessage, Sdp, UserId,
};
use serde_json::{Value, json};
use support::{Client, Person, TestRelay, call_id, candidates, now_ms};

fn seat(user: UserId, device: DeviceId) -> Participant {
    let name = bellwire_protocol::DisplayName::new("somebody").unwrap();
    Participant { user, device, name }
}

fn of(person: &Person) -> Participant {
    seat(person.user(), person.device())
}

/// A call that the claimant placed and that was answered ten seconds ago.
fn claim(conversation: ConversationId, participants: Vec<Participant>) -> CallClaim {
    CallClaim {
        conversation,
        media: Media::Voice,
        caller: participants[0].clone(),
        participants,
        sent_at: now_ms() - 15_000,
        since: now_ms() - 10_000,
    }
}

async fn claims(client: &mut Client, call_id: CallId, claim: CallClaim) -> Option<ErrorCode> {
    let sync = ClientMessage::CallSync { call_id, claim: Some(claim) };
    client.ask(sync).await.err().map(|(code, _)| code)
}

/// Everything that a participant can send to another.
fn addressed(call_id: CallId, to: DeviceId) -> Vec<ClientMessage> {
    let (offer_id, sdp) = (OfferId::from_parts(1, [4; 10]), Sdp::new("v=0").unwrap());
    let candidates = candidates(["candidate:1"]);
    vec![
        ClientMessage::SdpOffer {
            call_id,
            to,
            offer_id,
            restart: true,
            sdp: sdp.clone(),
            proof: None,
        },
        ClientMessage::SdpAnswer { call_id, to, offer_id, sdp, proof: None },
        ClientMessage::IceCandidates { call_id, to: Some(to), candidates: candidates.clone() },
        ClientMessage::IceCandidates { call_id, to: None, candidates },
        ClientMessage::MediaState { call_id, n: 1, state: MediaState::default() },
    ]
}

fn about_calls(heard: &[RelayMessage]) -> Vec<&RelayMessage> {
    let about = |m: &&RelayMessage| {
        matches!(
            m,
            RelayMessage::CallIncoming { .. }
                | RelayMessage::CallEnded { .. }
                | RelayMessage::CallRecorded { .. }
                | RelayMessage::CallState { .. }
                | RelayMessage::PeerLeft { .. }
                | RelayMessage::SdpOffer { .. }
                | RelayMessage::SdpAnswer { .. }
                | RelayMessage::IceCandidates { .. }
                | RelayMessage::MediaState { .. }
        )
    };
    heard.iter().filter(about).collect()
}

async fn block(relay: &TestRelay, by: &Person, whom: &Person) {
    let body = json!({ "user": whom.user() });
    let reply = relay.http("POST", "/api/v1/blocks", Some(by.token()), &body).await;
    assert!(reply.status < 300, "{}", reply.text);
}

#[tokio::test]
async fn a_claim_reaches_no_device_that_is_not_theirs() {
    let relay = TestRelay::start();
    let (ada, grace, eve) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("eve").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut e = relay.connect(&eve).await;
    e.drain().await;
    let invented = DeviceId::from_parts(1, [7; 10]);
    for device in [eve.device(), invented, ada.device()] {
        let call = call_id();
        let named = vec![of(&ada), seat(grace.user(), device)];
        let refused = claims(&mut a, call, claim(conversation, named)).await;
        assert_eq!(refused, Some(ErrorCode::NotFound), "{device} is not Grace's");
        for message in addressed(call, device) {
            assert_eq!(a.ask(message).await.unwrap_err().0, ErrorCode::NotFound);
        }
    }
    let mut borrowed = claim(conversation, vec![of(&ada), of(&grace)]);
    borrowed.caller = seat(grace.user(), eve.device());
    assert_eq!(claims(&mut a, call_id(), borrowed).await, Some(ErrorCode::NotFound));
    assert!(about_calls(&e.drain().await).is_empty(), "a stranger hears nothing");
}

#[tokio::test]
async fn a_seat_of_a_claim_is_told_nothing_before_its_own_device_confirms_it() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;
    b.drain().await;
    let both = || claim(conversation, vec![of(&ada), of(&grace)]);

    let invented = call_id();
    assert_eq!(claims(&mut a, invented, both()).await, None);
    for message in addressed(invented, grace.device()) {
        let _ = a.ask(message).await;
    }
    let mut b = {
        assert!(about_calls(&b.drain().await).is_empty(), "she never said that she is in it");
        relay.connect(&grace).await
    };
    assert!(b.snapshot.as_ref().unwrap().calls.is_empty(), "and does not find herself in it");
    a.ask(ClientMessage::CallLeave { call_id: invented }).await.unwrap();
    assert!(about_calls(&b.drain().await).is_empty(), "nor hears of its end");

    let call = call_id();
    assert_eq!(claims(&mut a, call, both()).await, None);
    assert_eq!(claims(&mut b, call, both()).await, None);
    a.drain().await;
    b.drain().await;
    for message in addressed(call, grace.device()) {
        assert_eq!(a.ask(message).await, Ok(()));
    }
    assert_eq!(about_calls(&b.drain().await).len(), 5, "everything arrives from then on");
    a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    b.ended(call).await;
}

#[tokio::test]
async fn nobody_claims_a_call_with_somebody_who_blocked_or_removed_them() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let (blocker, remover, third) =
        (relay.sign_up("bea").await, relay.sign_up("cleo").await, relay.sign_up("dora").await);
    let with_blocker = relay.befriend(&ada, &blocker).await;
    let with_remover = relay.befriend(&ada, &remover).await;
    relay.befriend(&ada, &third).await;
    relay.befriend(&blocker, &third).await;
    let friends = relay.gather(&ada, &[&blocker, &third]).await;
    block(&relay, &blocker, &ada).await;
    let path = format!("/api/v1/contacts/{}", ada.user());
    relay.http("DELETE", &path, Some(remover.token()), &Value::Null).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&blocker).await;
    let mut r = relay.connect(&remover).await;
    b.drain().await;
    r.drain().await;
    for (conversation, other) in [(with_blocker, &blocker), (with_remover, &remover)] {
        for caller in [of(&ada), of(other)] {
            let named = claim(conversation, vec![of(&ada), of(other)]);
            let refused = claims(&mut a, call_id(), CallClaim { caller, ..named }).await;
            assert_eq!(refused, Some(ErrorCode::NotFound), "with {}", other.name);
        }
    }
    // In a group whose caller is somebody else, and may ring both.
    let named = claim(friends, vec![of(&third), of(&ada), of(&blocker)]);
    let call = call_id();
    let refused = claims(
        &mut a,
        call,
        CallClaim { participants: vec![of(&ada), of(&blocker)], ..named.clone() },
    )
    .await;
    assert_eq!(refused, Some(ErrorCode::NotFound), "the two alone are in no call");
    assert_eq!(claims(&mut a, call, named.clone()).await, None, "with a third they are");
    assert_eq!(claims(&mut b, call, named).await, None);
    b.drain().await;
    for message in addressed(call, blocker.device()) {
        assert_eq!(a.ask(message).await, Ok(()), "who is blocked is not told");
    }
    assert!(about_calls(&b.drain().await).is_empty(), "nothing from the one who is blocked");
    assert!(about_calls(&r.drain().await).is_empty());
}

#[tokio::test]
async fn a_claim_of_a_call_that_cannot_go_on_is_refused() {
    const DAY: u64 = 86_400_000;
    for limit in [None, Some(3_600_000)] {
        let relay = TestRelay::with(|config| config.timing.max_call_ms = limit);
        let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
        let conversation = relay.befriend(&ada, &grace).await;
        let mut a = relay.connect(&ada).await;
        let longest = limit.unwrap_or(DAY);
        for age in [2 * DAY, longest + 1_000] {
            let began = now_ms() - age;
            let named = claim(conversation, vec![of(&ada), of(&grace)]);
            let old = CallClaim { sent_at: began - 5_000, since: began, ..named };
            assert_eq!(claims(&mut a, call_id(), old).await, Some(ErrorCode::Stale), "{age} ms");
        }
        let began = now_ms() - longest + 60_000;
        let named = claim(conversation, vec![of(&ada), of(&grace)]);
        let young = CallClaim { sent_at: began - 5_000, since: began, ..named };
        assert_eq!(claims(&mut a, call_id(), young).await, None, "it can go on");
    }
}

#[tokio::test]
async fn a_claim_is_counted_by_what_it_asks_of_the_store_before_it_is_looked_at() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let invented = |n: u8| seat(grace.user(), DeviceId::from_parts(u64::from(n), [7; 10]));
    let many: Vec<_> = [of(&ada)].into_iter().chain((1..32).map(invented)).collect();
    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(claims(&mut a, call_id(), claim(conversation, many.clone())).await);
    }
    assert_eq!(answers[0], Some(ErrorCode::NotFound), "it is nobody's");
    assert_eq!(answers[2], Some(ErrorCode::RateLimited), "{answers:?}");
    assert_eq!(a.ask(ClientMessage::CallLeave { call_id: call_id() }).await.unwrap_err().0, {
        ErrorCode::NotFound
    });
}

#[tokio::test]
async fn a_claim_that_names_a_device_twice_or_more_devices_than_members_is_nobodys() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let (phone, third) = (relay.sign_in("grace").await, relay.sign_up("third").await);
    let pair = relay.befriend(&ada, &grace).await;
    relay.befriend(&ada, &third).await;
    let group = relay.gather(&ada, &[&grace, &third]).await;
    let mut a = relay.connect(&ada).await;
    let many = vec![of(&ada), of(&grace), of(&phone)];
    let twice = vec![of(&ada), of(&grace), of(&grace)];
    for (conversation, named) in [(pair, many), (group, twice)] {
        let refused = claims(&mut a, call_id(), claim(conversation, named)).await;
        assert_eq!(refused, Some(ErrorCode::NotFound));
    }
    let named = vec![of(&ada), of(&phone)];
    assert_eq!(claims(&mut a, call_id(), claim(pair, named)).await, None);
}
