//! Calls over real sockets: one test or more for every row of the protocol's table of calls.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::{ClientMessage, EndReason, ErrorCode, RejectReason, RelayMessage};
use support::{Client, Person, TestRelay, answer, call_id, candidates, initiate};

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
    ClientMessage::IceCandidates { call_id, to: None, candidates: candidates([text]) }
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
        RelayMessage::IceCandidates { from, candidates, .. } => {
            Some((*from, candidates.iter().next()?.candidate.as_str().to_owned()))
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

async fn live(it: &mut Two) -> bellwire_protocol::CallId {
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    let offer = it.b.incoming(call).await;
    it.b.ask(answer(call, &offer)).await.unwrap();
    it.a.expect(|m| matches!(m, RelayMessage::CallAccepted { .. }).then_some(())).await;
    call
}

async fn two_with(change: impl FnOnce(&mut bellwire_relay::config::Config)) -> Two {
    let relay = TestRelay::with(change);
    let ada = relay.sign_up("ada").await;
    let grace = relay.sign_up("grace").await;
    let conversation = relay.befriend(&ada, &grace).await;
    let a = relay.connect(&ada).await;
    let b = relay.connect(&grace).await;
    Two { relay, ada, grace, a, b, conversation }
}

#[tokio::test]
async fn a_cancelled_call_stops_ringing_and_is_missed() {
    let mut it = two().await;
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    it.b.incoming(call).await;
    it.a.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    assert_eq!(it.b.ended(call).await, EndReason::Cancelled);
    let record = it.b.expect(|m| match m {
        RelayMessage::CallRecorded { record } => Some(record.clone()),
        _ => None,
    });
    let record = record.await;
    assert_eq!((record.reason, record.answered_at), (EndReason::Cancelled, None));
    assert_eq!(record.participants, [it.ada.user()], "nobody else took part");
    let path = format!("/api/v1/calls?conversation={}&limit=1", it.conversation);
    let reply = it.relay.http("GET", &path, Some(it.grace.token()), &serde_json::Value::Null);
    let calls: bellwire_protocol::http::Calls = reply.await.json();
    assert_eq!(calls.calls[0].call_id, call, "kept in the history");
}

#[tokio::test]
async fn somebody_offline_is_unreachable_after_the_ring_time_and_has_a_missed_call() {
    let mut it = two_with(|config| config.timing.ring_ms = 300).await;
    drop(it.b);
    it.a.expect(|m| match m {
        RelayMessage::Presence(p) if p.user == it.grace.user() => {
            (p.status == bellwire_protocol::PresenceStatus::Offline).then_some(())
        }
        _ => None,
    })
    .await;
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    assert_eq!(it.a.ended(call).await, EndReason::Unreachable);
    it.a.expect(|m| matches!(m, RelayMessage::CallRecorded { .. }).then_some(())).await;
    let back = it.relay.sign_in("grace").await;
    let back = it.relay.connect(&back).await;
    let conversations = &back.snapshot.as_ref().unwrap().conversations;
    let missed = conversations[0].last_call.as_ref().unwrap();
    assert_eq!((missed.call_id, missed.reason), (call, EndReason::Unreachable));
}

#[tokio::test]
async fn nobody_answering_ends_by_itself() {
    let mut it = two_with(|config| config.timing.ring_ms = 300).await;
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    it.b.incoming(call).await;
    assert_eq!(it.a.ended(call).await, EndReason::NoAnswer);
    assert_eq!(it.b.ended(call).await, EndReason::NoAnswer);
}

#[tokio::test]
async fn a_blocked_caller_cannot_tell_it_from_absence() {
    let mut it = two_with(|config| config.timing.ring_ms = 300).await;
    let block = serde_json::json!({ "user": it.ada.user() });
    let blocked = it.relay.http("POST", "/api/v1/blocks", Some(it.grace.token()), &block).await;
    assert_eq!(blocked.status, 204);
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    assert_eq!(it.a.ended(call).await, EndReason::Unreachable);
    let told = it.a.drain().await;
    assert!(!told.iter().any(|m| matches!(m, RelayMessage::CallRinging { .. })));
    let offline = told.iter().any(|m| {
        matches!(m, RelayMessage::Presence(p)
            if p.user == it.grace.user() && p.status == bellwire_protocol::PresenceStatus::Offline)
    });
    assert!(offline, "who blocks looks offline: {told:?}");
    let heard = it.b.drain().await;
    let of_the_call = heard.iter().any(|m| {
        matches!(m, RelayMessage::CallIncoming { .. } | RelayMessage::CallRecorded { .. })
    });
    assert!(!of_the_call, "who blocked hears nothing: {heard:?}");
}

#[tokio::test]
async fn do_not_disturb_is_the_relays_business() {
    let mut it = two().await;
    let status = bellwire_protocol::PresenceStatus::Dnd;
    it.b.ask(ClientMessage::PresenceSet { status }).await.unwrap();
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    assert_eq!(it.a.ended(call).await, EndReason::Dnd);
    let heard = it.b.drain().await;
    assert!(!heard.iter().any(|m| matches!(m, RelayMessage::CallIncoming { .. })), "no ring");
    let offline = bellwire_protocol::PresenceStatus::Offline;
    let lie = it.b.ask(ClientMessage::PresenceSet { status: offline }).await;
    assert_eq!(lie, Err((ErrorCode::Malformed, None)), "offline is the relay's word");
}

#[tokio::test]
async fn a_busy_callee_ends_the_call() {
    let mut it = two().await;
    let call = call_id();
    it.a.ask(initiate(call, it.conversation)).await.unwrap();
    it.b.incoming(call).await;
    let busy = ClientMessage::CallReject { call_id: call, reason: RejectReason::Busy };
    it.b.ask(busy).await.unwrap();
    assert_eq!(it.a.ended(call).await, EndReason::Busy);
}

#[tokio::test]
async fn crossing_calls_become_the_smaller_one() {
    let mut it = two().await;
    let (small, large) = (call_id(), call_id());
    let (small, large) = if small < large { (small, large) } else { (large, small) };
    it.a.ask(initiate(large, it.conversation)).await.unwrap();
    it.b.incoming(large).await;
    it.b.ask(initiate(small, it.conversation)).await.unwrap();
    let offer = it.a.incoming(small).await;
    assert_eq!(it.a.ended(large).await, EndReason::Replaced);
    assert_eq!(it.b.ended(large).await, EndReason::Replaced);
    it.a.ask(answer(small, &offer)).await.unwrap();
    it.b.expect(|m| matches!(m, RelayMessage::CallAccepted { .. }).then_some(())).await;
}

#[tokio::test]
async fn signals_reach_the_participant_that_they_are_for() {
    let mut it = two().await;
    let call = live(&mut it).await;
    let (ada, grace) = (it.ada.device(), it.grace.device());
    let offer = support::offer();
    it.a.ask(ClientMessage::SdpOffer {
        call_id: call,
        to: grace,
        offer_id: offer.offer_id,
        restart: true,
        sdp: offer.sdp.clone(),
        proof: None,
    })
    .await
    .unwrap();
    let got = it.b.expect(|m| match m {
        RelayMessage::SdpOffer { from, restart, offer_id, .. } => {
            Some((*from, *restart, *offer_id))
        }
        _ => None,
    });
    assert_eq!(got.await, (ada, true, offer.offer_id));
    it.b.ask(ClientMessage::SdpAnswer {
        call_id: call,
        to: ada,
        offer_id: offer.offer_id,
        sdp: offer.sdp,
        proof: None,
    })
    .await
    .unwrap();
    it.a.expect(|m| matches!(m, RelayMessage::SdpAnswer { .. }).then_some(())).await;

    let state =
        bellwire_protocol::MediaState { mic: false, camera: true, screen: false, narrow: false };
    it.a.ask(ClientMessage::MediaState { call_id: call, n: 4, state }).await.unwrap();
    let got = it.b.expect(|m| match m {
        RelayMessage::MediaState { from, n, state, .. } => Some((*from, *n, *state)),
        _ => None,
    });
    assert_eq!(got.await, (ada, 4, state));

    it.b.ask(ClientMessage::PeerList { call_id: call }).await.unwrap();
    let peers = it.b.expect(|m| match m {
        RelayMessage::Peers { participants, .. } => Some(participants.len()),
        _ => None,
    });
    assert_eq!(peers.await, 2);
    it.b.ask(ClientMessage::CallSync { call_id: call, claim: None }).await.unwrap();
    let stands = it.b.expect(|m| match m {
        RelayMessage::CallState { since, media_state, .. } => Some((*since, media_state.len())),
        _ => None,
    });
    let (since, states) = stands.await;
    assert!(since.is_some());
    assert_eq!(states, 1);

    it.a.ask(ClientMessage::CallReport { call_id: call, setup_ms: Some(120), flowing: None })
        .await
        .unwrap();
    assert!(it.relay.metric("call_setup_time_ms_count").await >= 1.0);
    assert!(it.relay.metric("active_calls").await >= 1.0);
    let path = format!("/api/v1/calls/{call}/connection");
    let reply = it.relay.http("GET", &path, Some(it.ada.token()), &serde_json::Value::Null).await;
    let connection: bellwire_protocol::http::CallConnection = reply.json();
    assert_eq!(connection.state, "live");
}

#[tokio::test]
async fn a_participant_that_is_gone_keeps_its_seat_and_then_loses_it() {
    let mut it = two_with(|config| config.timing.seat_ms = 500).await;
    let call = live(&mut it).await;
    drop(it.b);
    let mut back = it.relay.connect(&it.grace).await;
    let shown = &back.snapshot.as_ref().unwrap().calls;
    assert_eq!(shown[0].call_id, call, "a reloaded page finds its call");
    back.ask(ClientMessage::CallSync { call_id: call, claim: None }).await.unwrap();
    drop(back);
    let left = it.a.expect(|m| match m {
        RelayMessage::PeerLeft { participant, reason, .. } => Some((participant.device, *reason)),
        _ => None,
    });
    assert_eq!(left.await, (it.grace.device(), EndReason::Lost));
    assert_eq!(it.a.ended(call).await, EndReason::Lost);
}

#[tokio::test]
async fn a_page_that_goes_away_is_told_at_once_and_one_that_just_breaks_off_is_not() {
    let mut it = two().await;
    let call = live(&mut it).await;
    it.b.leave().await;
    let closed = it.a.expect(|m| match m {
        RelayMessage::PeerClosed { call_id, from } => Some((*call_id, *from)),
        _ => None,
    });
    assert_eq!(closed.await, (call, it.grace.device()));
    let b = it.relay.connect(&it.grace).await;
    let returned = it.a.expect(|m| match m {
        RelayMessage::PeerReturned { call_id, from } => Some((*call_id, *from)),
        RelayMessage::PeerClosed { .. } => panic!("told twice"),
        _ => None,
    });
    assert_eq!(returned.await, (call, it.grace.device()));
    drop(b);
    it.b = it.relay.connect(&it.grace).await;
    it.b.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    it.a.expect(|m| match m {
        RelayMessage::PeerClosed { .. } => panic!("a broken connection says nothing of a window"),
        RelayMessage::CallEnded { reason, .. } => Some(*reason),
        _ => None,
    })
    .await;
}

#[tokio::test]
async fn a_lost_call_is_as_long_as_both_were_in_it() {
    let mut it = two_with(|config| config.timing.seat_ms = 1_500).await;
    let call = live(&mut it).await;
    let gone_at = support::now_ms();
    drop(it.b);
    assert_eq!(it.a.ended(call).await, EndReason::Lost);
    let record = recorded(&mut it.a).await;
    assert_eq!((record.call_id, record.reason), (call, EndReason::Lost));
    assert!(support::now_ms() >= gone_at + 1_500, "the seat was kept");
    // Two clocks are read one after the other.
    assert!(record.ended_at <= gone_at + 100, "{} ms too long", record.ended_at - gone_at);
}

#[tokio::test]
async fn a_restarted_relay_learns_a_live_call_from_its_participants() {
    let mut it = two().await;
    let call = live(&mut it).await;
    let participant = |person: &Person, name: &str| bellwire_protocol::Participant {
        user: person.user(),
        device: person.device(),
        name: bellwire_protocol::DisplayName::new(name).unwrap(),
    };
    let now = support::now_ms();
    let claim = |conversation| bellwire_protocol::CallClaim {
        conversation,
        media: bellwire_protocol::Media::Video,
        caller: participant(&it.ada, "not my name"),
        participants: vec![participant(&it.ada, "x"), participant(&it.grace, "y")],
        sent_at: now - 70_000,
        since: now - 60_000,
    };
    let claim = claim(it.conversation);
    let folder = it.relay.stop().await;
    let relay = TestRelay::at(folder, |_| {});
    let mut a = relay.connect(&it.ada).await;
    let mut b = relay.connect(&it.grace).await;
    let forgotten = a.ask(ClientMessage::CallSync { call_id: call, claim: None }).await;
    assert_eq!(forgotten, Err((ErrorCode::NotFound, None)));
    let sync = ClientMessage::CallSync { call_id: call, claim: Some(claim.clone()) };
    a.ask(sync.clone()).await.unwrap();
    b.ask(sync).await.unwrap();
    let names = b.expect(|m| match m {
        RelayMessage::CallState { participants, .. } => {
            Some(participants.iter().map(|p| p.name.as_str().to_owned()).collect::<Vec<_>>())
        }
        _ => None,
    });
    assert_eq!(names.await, ["ADA", "GRACE"], "names are the store's, not the claim's");

    let eve = relay.sign_up("eve").await;
    let mut e = relay.connect(&eve).await;
    let sync = ClientMessage::CallSync { call_id: call_id(), claim: Some(claim) };
    assert_eq!(e.ask(sync).await, Err((ErrorCode::NotFound, None)), "not her conversation");

    a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    assert_eq!(b.ended(call).await, EndReason::Ended);
    for client in [&mut a, &mut b] {
        let record = recorded(client).await;
        assert_eq!((record.call_id, record.participants.len()), (call, 2), "one record for both");
        let times = (record.started_at, record.answered_at);
        assert_eq!(times, (now - 70_000, Some(now - 60_000)), "as the claim says");
        let heard = client.drain().await;
        let again = heard.iter().any(|m| matches!(m, RelayMessage::CallRecorded { .. }));
        assert!(!again, "once: {heard:?}");
    }
}

async fn recorded(client: &mut Client) -> bellwire_protocol::CallRecord {
    let record = client.expect(|m| match m {
        RelayMessage::CallRecorded { record } => Some(record.clone()),
        _ => None,
    });
    record.await
}

fn claim_of(it: &Two) -> bellwire_protocol::CallClaim {
    let participant = |person: &Person| bellwire_protocol::Participant {
        user: person.user(),
        device: person.device(),
        name: bellwire_protocol::DisplayName::new(&person.name).unwrap(),
    };
    bellwire_protocol::CallClaim {
        conversation: it.conversation,
        media: bellwire_protocol::Media::Video,
        caller: participant(&it.ada),
        participants: vec![participant(&it.ada), participant(&it.grace)],
        sent_at: support::now_ms() - 2_000,
        since: support::now_ms() - 1_000,
    }
}

#[tokio::test]
async fn a_forged_claim_writes_no_history() {
    let mut it = two().await;
    let claim = Some(claim_of(&it));
    // Nobody but its inventor says that it happened.
    let call = call_id();
    it.a.ask(ClientMessage::CallSync { call_id: call, claim: claim.clone() }).await.unwrap();
    it.a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    // It happened, and is over: another relay would say the same.
    let over = live(&mut it).await;
    it.a.ask(ClientMessage::CallLeave { call_id: over }).await.unwrap();
    for client in [&mut it.a, &mut it.b] {
        assert_eq!(recorded(client).await.call_id, over, "the invented one is not recorded");
    }
    let folder = it.relay.stop().await;
    it.relay = TestRelay::at(folder, |_| {});
    it.a = it.relay.connect(&it.ada).await;
    it.b = it.relay.connect(&it.grace).await;
    for client in [&mut it.a, &mut it.b] {
        let sync = ClientMessage::CallSync { call_id: over, claim: claim.clone() };
        assert_eq!(client.ask(sync).await, Err((ErrorCode::NotFound, None)), "it is history");
    }
    // Somebody blocked is nobody who could be in a call.
    let block = serde_json::json!({ "user": it.ada.user() });
    let blocked = it.relay.http("POST", "/api/v1/blocks", Some(it.grace.token()), &block).await;
    assert_eq!(blocked.status, 204, "{}", blocked.text);
    let call = call_id();
    let sync = ClientMessage::CallSync { call_id: call, claim };
    for client in [&mut it.a, &mut it.b] {
        assert_eq!(client.ask(sync.clone()).await, Err((ErrorCode::NotFound, None)));
    }
    let history =
        it.relay.http("GET", "/api/v1/calls", Some(it.grace.token()), &serde_json::Value::Null);
    let history: bellwire_protocol::http::Calls = history.await.json();
    assert_eq!(history.calls.len(), 1);
}

#[tokio::test]
async fn the_fourth_ring_at_one_person_has_to_wait() {
    let mut it = two().await;
    for _ in 0..3 {
        let call = call_id();
        it.a.ask(initiate(call, it.conversation)).await.unwrap();
        it.a.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    }
    let refused = it.a.ask(initiate(call_id(), it.conversation)).await;
    let Err((ErrorCode::RateLimited, Some(wait))) = refused else { panic!("{refused:?}") };
    assert!(wait > 200_000, "until the first is five minutes old: {wait}");
    for _ in 0..5 {
        let call = call_id();
        it.b.ask(initiate(call, it.conversation)).await.unwrap_or(());
    }
}

#[tokio::test]
async fn groups_are_no_way_around_the_limit_of_rings() {
    let mut it = two().await;
    let mut places = vec![it.conversation];
    for _ in 0..3 {
        places.push(it.relay.gather(&it.ada, &[&it.grace]).await);
    }
    for place in &places[..3] {
        let call = call_id();
        it.a.ask(initiate(call, *place)).await.unwrap();
        it.a.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    }
    let refused = it.a.ask(initiate(call_id(), places[3])).await;
    assert!(matches!(refused, Err((ErrorCode::RateLimited, Some(_)))), "{refused:?}");

    let crowd: Vec<_> = (0..32).map(|_| call_id()).collect();
    let crowd = serde_json::json!({ "name": "Crowd", "members": crowd });
    let made = it.relay.http("POST", "/api/v1/conversations", Some(it.ada.token()), &crowd).await;
    assert_eq!(made.problem().code, ErrorCode::TooLarge, "so many ring at once at most");
}

#[tokio::test]
async fn the_operators_limit_ends_a_call_for_both() {
    let mut it = two_with(|config| config.timing.max_call_ms = Some(1_000)).await;
    assert_eq!(it.a.welcome.as_ref().unwrap().limits.max_call_ms, Some(1_000));
    let call = live(&mut it).await;
    assert_eq!(it.a.ended(call).await, EndReason::TimeLimit);
    assert_eq!(it.b.ended(call).await, EndReason::TimeLimit);
}

#[tokio::test]
async fn a_group_rings_everybody_who_may_be_called() {
    let relay = TestRelay::start();
    let (ada, grace, alan) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("alan").await);
    relay.befriend(&ada, &grace).await;
    relay.befriend(&ada, &alan).await;
    let group = relay.gather(&ada, &[&grace, &alan]).await;
    let (mut a, mut g, mut n) =
        (relay.connect(&ada).await, relay.connect(&grace).await, relay.connect(&alan).await);
    let call = call_id();
    a.ask(initiate(call, group)).await.unwrap();
    g.incoming(call).await;
    let offer = n.incoming(call).await;
    n.ask(answer(call, &offer)).await.unwrap();
    assert_eq!(g.ended(call).await, EndReason::AnsweredElsewhere);
    n.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();

    // Grace and Alan know each other from the group only, and Alan takes calls of contacts only.
    let call = call_id();
    g.ask(initiate(call, group)).await.unwrap();
    a.incoming(call).await;
    let heard = n.drain().await;
    let rang = heard
        .iter()
        .any(|m| matches!(m, RelayMessage::CallIncoming { call_id, .. } if *call_id == call));
    assert!(!rang, "not a contact");
    g.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    let open = serde_json::json!({ "callable_by": "everyone" });
    relay.http("PATCH", "/api/v1/me", Some(alan.token()), &open).await;
    let call = call_id();
    g.ask(initiate(call, group)).await.unwrap();
    n.incoming(call).await;
}
