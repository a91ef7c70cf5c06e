//! The system's clock is wrong, is set, or stands still with the machine: calls keep their time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::http::{Calls, Invite, Registration};
use bellwire_protocol::{ClientMessage, EndReason, RelayMessage, limits};
use serde_json::{Value, json};
use support::{PASSWORD, Person, SetTime, TestRelay, answer, call_id, initiate, until};
use tempfile::TempDir;

const MINUTE: u64 = 60_000;
const HOUR: i64 = 3_600_000;

#[tokio::test]
async fn a_clock_that_is_set_ends_no_call_and_the_history_has_its_true_length() {
    for set_by in [HOUR, -HOUR] {
        let time = SetTime::now();
        let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |config| {
            config.timing.max_call_ms = Some(10 * MINUTE);
        });
        let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
        let conversation = relay.befriend(&ada, &grace).await;
        let (mut a, mut g) = (relay.connect(&ada).await, relay.connect(&grace).await);
        let call = call_id();
        a.ask(initiate(call, conversation)).await.unwrap();
        let offer = g.incoming(call).await;
        g.ask(answer(call, &offer)).await.unwrap();
        time.set_by(set_by);
        time.pass(9 * MINUTE);
        assert_eq!(a.ask(ClientMessage::PeerList { call_id: call }).await, Ok(()), "it lives");
        time.pass(MINUTE);
        assert_eq!(g.ended(call).await, EndReason::TimeLimit);
        let record = g.expect(|message| match message {
            RelayMessage::CallRecorded { record } => Some(record.clone()),
            _ => None,
        });
        let record = record.await;
        assert_eq!(record.ended_at, time.wall_ms(), "dates are those of the clock as it is");
        assert_eq!(record.ended_at - record.answered_at.unwrap(), 10 * MINUTE);
    }
}

#[tokio::test]
async fn a_ring_ends_though_the_machine_slept_over_its_end() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let (mut a, mut g) = (relay.connect(&ada).await, relay.connect(&grace).await);
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let (sent_at, expires_at) = g
        .expect(|message| match message {
            RelayMessage::CallIncoming { sent_at, expires_at, .. } => Some((*sent_at, *expires_at)),
            _ => None,
        })
        .await;
    assert_eq!((sent_at, expires_at), (time.wall_ms(), time.wall_ms() + MINUTE));
    // The runtime's own timers know nothing of it.
    time.pass(MINUTE);
    assert_eq!(g.ended(call).await, EndReason::NoAnswer);
}

#[tokio::test]
async fn a_lost_call_ends_where_somebody_was_last_heard_though_the_machine_slept_since() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let (mut a, mut g) = (relay.connect(&ada).await, relay.connect(&grace).await);
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let offer = g.incoming(call).await;
    g.ask(answer(call, &offer)).await.unwrap();
    time.pass(MINUTE);
    assert_eq!(g.ask(ClientMessage::PeerList { call_id: call }).await, Ok(()));
    let heard_at = time.wall_ms();
    // The runtime's timers stand still meanwhile: only the clock knows.
    time.pass(30 * MINUTE);
    drop(g);
    until("she is gone", async || relay.metric("ws_connections").await == 1.0).await;
    assert_eq!(a.ask(ClientMessage::PeerList { call_id: call }).await, Ok(()), "her seat is kept");
    time.pass(limits::SEAT_MS);
    assert_eq!(a.ended(call).await, EndReason::Lost);
    let record = a.expect(|message| match message {
        RelayMessage::CallRecorded { record } => Some(record.clone()),
        _ => None,
    });
    let record = record.await;
    assert_eq!(record.ended_at, heard_at, "{} ms too long", record.ended_at - heard_at);
}

#[tokio::test]
async fn a_clock_that_was_wrong_at_the_start_is_followed_once_it_is_right() {
    let time = SetTime::now();
    time.set_by(-1_000 * HOUR);
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let ada = relay.sign_up("ada").await;
    let mut a = relay.connect(&ada).await;
    time.set_by(1_000 * HOUR);
    a.say(ClientMessage::Ping { t: 1 }).await;
    let server_time = a.expect(|message| match message {
        RelayMessage::Pong { server_time, .. } => Some(*server_time),
        _ => None,
    });
    assert_eq!(server_time.await, time.wall_ms());
}

const DAY: u64 = 86_400_000;
const DAYS: i64 = 86_400_000;

async fn history(relay: &TestRelay, of: &Person) -> Calls {
    relay.http("GET", "/api/v1/calls", Some(of.token()), &Value::Null).await.json()
}

#[tokio::test]
async fn a_start_far_ahead_forgets_nothing_and_believes_the_clock_when_it_is_right() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    a.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    a.expect(|m| matches!(m, RelayMessage::CallRecorded { .. }).then_some(())).await;
    until("it believes a clock", async || relay.metric("clock_believed").await == 1.0).await;
    let mut folder = relay.stop().await;
    time.set_by(100 * DAYS);
    // A service that is started again and again by such a clock gets no further.
    for _ in 0..2 {
        let relay = TestRelay::by(time.clock(), folder, |_| {});
        // Asked once a round, after what is old is forgotten.
        until("it went round", async || relay.metric("store_writable").await == 1.0).await;
        let again = relay.sign_in("ada").await;
        assert_eq!(history(&relay, &again).await.calls.len(), 1, "no call is forgotten");
        assert_eq!(relay.metric("clock_believed").await, 0.0);
        folder = relay.stop().await;
    }
    let relay = TestRelay::by(time.clock(), folder, |_| {});
    relay.sign_in("ada").await;
    time.set_by(-100 * DAYS);
    until("the clock is right", async || relay.metric("clock_believed").await == 1.0).await;
    let again = relay.sign_in("ada").await;
    assert_eq!(history(&relay, &again).await.calls.len(), 1, "nor later");
    let here = relay.http("GET", "/api/v1/me", Some(ada.token()), &Value::Null).await;
    assert_eq!(here.status, 200, "nor a sign-in: {}", here.text);
    // Time that passes is another matter.
    time.pass(31 * DAY);
    let again = relay.sign_in("ada").await;
    until("an old call is forgotten", async || history(&relay, &again).await.calls.is_empty())
        .await;
}

#[tokio::test]
async fn what_a_wrong_clock_dated_is_right_once_the_clock_is() {
    for wrong_by in [-20_000 * DAYS, -100 * DAYS, 100 * DAYS] {
        let time = SetTime::now();
        time.set_by(wrong_by);
        let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |config| {
            config.registration = Some(Registration::Invite);
        });
        let ada = relay.sign_up("ada").await;
        until("it looked", async || relay.metric("clock_believed").await == 1.0).await;
        let hour = json!({ "hours": 24 });
        let invite = relay.http("POST", "/api/v1/invites", Some(ada.token()), &hour).await;
        let invite: Invite = invite.json();
        time.set_by(-wrong_by);
        until("the clock is followed", async || relay.metric("clock_sets_total").await == 1.0)
            .await;
        let used = json!({ "refresh_token": ada.signed_in.refresh_token });
        let refreshed = relay.http("POST", "/api/v1/auth/refresh", None, &used).await;
        assert_eq!(refreshed.status, 200, "{wrong_by}: {}", refreshed.text);
        let ada = Person { name: "ada".into(), signed_in: refreshed.json() };
        let listed = relay.http("GET", "/api/v1/invites", Some(ada.token()), &Value::Null).await;
        let listed: Vec<Invite> = listed.json();
        assert_eq!(listed[0].expires_at, time.wall_ms() + DAY, "good for a day from here on");
        let body = json!({
            "username": "grace", "display_name": "Grace", "password": PASSWORD,
            "invite": invite.code,
        });
        let reply = relay.http("POST", "/api/v1/auth/register", None, &body).await;
        assert_eq!(reply.status, 201, "{wrong_by}: {}", reply.text);
    }
}

#[tokio::test]
async fn what_a_right_clock_dated_stays_though_it_is_set_wrong_once_or_the_machine_stood_still() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    until("it believes a clock", async || relay.metric("clock_believed").await == 1.0).await;
    let relay = TestRelay::by(time.clock(), relay.stop().await, |_| {});
    until("it looked", async || relay.metric("clock_believed").await == 1.0).await;
    let ada = relay.sign_in("ada").await;
    let mut a = relay.connect(&ada).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    a.ask(ClientMessage::CallCancel { call_id: call }).await.unwrap();
    a.expect(|m| matches!(m, RelayMessage::CallRecorded { .. }).then_some(())).await;
    let before = history(&relay, &ada).await;
    assert_eq!(before.calls.len(), 1);
    for (sets, by) in [(1.0, 40 * DAYS), (2.0, -40 * DAYS), (3.0, 8 * HOUR)] {
        time.set_by(by);
        until("the clock is followed", async || relay.metric("clock_sets_total").await == sets)
            .await;
        let again = relay.sign_in("ada").await;
        assert_eq!(history(&relay, &again).await, before, "set by {by}");
    }
}
