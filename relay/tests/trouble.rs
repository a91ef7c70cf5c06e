//! When the disk is full, the database is locked, or clients talk nonsense: calls go on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::http::ProblemReason;
use bellwire_protocol::{ClientMessage, EndReason, ErrorCode, RelayMessage};
use bellwire_relay::store::StoreError;
use bellwire_relay::store::sqlite::{SqliteOptions, SqliteStore};
use futures_util::SinkExt;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config as ProptestConfig, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;
use support::{PASSWORD, TestRelay, answer, call_id, initiate, ready, until};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn on_a_full_disk_calls_go_on_and_their_history_waits_for_room() {
    let relay = TestRelay::with(|config| {
        config.max_database_pages = Some(64);
        config.rings.per_person = 10_000;
        config.rings.per_minute = 10_000;
    });
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut refused = None;
    for n in 0..800 {
        let body = json!({
            "username": format!("filler{n}"), "display_name": "x".repeat(128),
            "password": PASSWORD,
        });
        let reply = relay.http("POST", "/api/v1/auth/register", None, &body).await;
        if reply.status != 201 {
            refused = Some(reply);
            break;
        }
    }
    let problem = refused.unwrap().problem();
    assert_eq!((problem.status, problem.code), (503, ErrorCode::Unavailable));
    assert_eq!(problem.reason, Some(ProblemReason::StoreUnavailable));

    let applicant = json!({ "username": "eve", "display_name": "Eve", "password": PASSWORD });
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let mut kept = 0;
    // A few rows may still fit into pages that are there.
    while relay.metric("records_waiting").await < 1.0 {
        let call = call_id();
        a.ask(initiate(call, conversation)).await.unwrap();
        let offer = g.incoming(call).await;
        g.ask(answer(call, &offer)).await.unwrap();
        a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
        assert_eq!(g.ended(call).await, EndReason::Ended, "the call itself goes on");
        kept += 1;
        assert!(kept < 500, "the disk is full at last");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let shown =
        a.drain().await.iter().filter(|m| matches!(m, RelayMessage::CallRecorded { .. })).count();
    assert!(shown < kept, "what was not kept is not shown");
    assert!(ready(relay.ops).await.1.contains("the disk is full"), "readiness says so");

    // Somebody makes room.
    let path = relay.folder.path().join("relay.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).foreign_keys(true);
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    sqlx::query("DELETE FROM users WHERE username LIKE 'filler%'").execute(&other).await.unwrap();
    until("what waited is written", || async { relay.metric("records_waiting").await == 0.0 })
        .await;
    let late = a.drain().await;
    let late = late.iter().filter(|m| matches!(m, RelayMessage::CallRecorded { .. })).count();
    assert_eq!(shown + late, kept, "and shown, all of it");
    let reply = relay.http("POST", "/api/v1/auth/register", None, &applicant).await;
    assert_eq!(reply.status, 201, "accounts are made again: {}", reply.text);
    until("readiness says so", || async { ready(relay.ops).await.0 == 200 }).await;
}

#[tokio::test]
async fn a_locked_database_stops_the_start_with_the_cause() {
    let folder = tempfile::TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let holder = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let _held = holder.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let refused = SqliteStore::open(&path, SqliteOptions::default()).await;
    assert!(matches!(refused, Err(StoreError::Locked)), "{refused:?}");
    bellwire_relay::store::Store::check(&store).await.expect("reading goes on");
}

/// Frames that are nearly right: a good one with a piece cut out, doubled or replaced.
fn mangled(frame: &str, runner: &mut TestRunner) -> String {
    let strategy = (0..frame.len(), 0..frame.len(), "\\PC{0,12}", 0..3_u8);
    let (from, to, text, how) = strategy.new_tree(runner).unwrap().current();
    let (from, to) = (from.min(to), from.max(to));
    let (Some(head), Some(middle), Some(tail)) =
        (frame.get(..from), frame.get(from..to), frame.get(to..))
    else {
        return text;
    };
    match how {
        0 => format!("{head}{tail}"),
        1 => format!("{head}{middle}{middle}{tail}"),
        _ => format!("{head}{text}{tail}"),
    }
}

#[tokio::test]
async fn whatever_is_sent_the_relay_and_other_peoples_calls_go_on() {
    let relay = TestRelay::start();
    let (ada, grace, eve) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("eve").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let offer = g.incoming(call).await;
    g.ask(answer(call, &offer)).await.unwrap();

    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let good = [
        bellwire_protocol::encode(&bellwire_protocol::ClientFrame {
            id: Some(1),
            message: initiate(call, conversation),
        }),
        bellwire_protocol::encode(&bellwire_protocol::ClientFrame {
            id: Some(2),
            message: answer(call, &offer),
        }),
        format!(r#"{{"type":"call_leave","id":3,"call_id":"{call}"}}"#),
        format!(r#"{{"type":"media_state","call_id":"{call}","n":1,"mic":true}}"#),
    ];
    for _ in 0..60 {
        let mut e = relay.connect(&eve).await;
        for n in 0..8 {
            let text = mangled(&good[n % good.len()], &mut runner);
            if e.socket.send(Message::text(text)).await.is_err() {
                break;
            }
        }
    }
    assert_eq!(g.ask(ClientMessage::PeerList { call_id: call }).await, Ok(()), "still in it");
    a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    assert_eq!(g.ended(call).await, EndReason::Ended);
}
