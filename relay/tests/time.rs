//! The system's clock is wrong, is set, or stands still with the machine: calls keep their time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::{ClientMessage, EndReason, RelayMessage};
use support::{SetTime, TestRelay, answer, call_id, initiate};
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
