//! While another process holds the database: people are told, and what needs no writing goes on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use std::time::{Duration, Instant};

use bellwire_protocol::http::{ProblemReason, Registration};
use bellwire_protocol::{ClientMessage, EndReason};
use bellwire_relay::accounts::password::Cost;
use serde_json::{Value, json};
use support::{PASSWORD, TestRelay, answer, call_id, initiate};

const REGISTER: &str = "/api/v1/auth/register";

fn applicant(name: &str) -> Value {
    json!({ "username": name, "display_name": name, "password": PASSWORD })
}

#[tokio::test]
async fn a_database_locked_by_another_process_stops_no_call() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let path = relay.folder.path().join("relay.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let holder = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let held = holder.begin_with("BEGIN IMMEDIATE").await.unwrap();

    let told = async {
        let reply = relay.http("POST", REGISTER, None, &applicant("eve")).await;
        assert_eq!(reply.status, 503, "{}", reply.text);
        assert_eq!(reply.problem().reason, Some(ProblemReason::StoreUnavailable));
    };
    let goes_on = async {
        let call = call_id();
        a.ask(initiate(call, conversation)).await.unwrap();
        let offer = g.incoming(call).await;
        g.ask(answer(call, &offer)).await.unwrap();
        a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
        assert_eq!(g.ended(call).await, EndReason::Ended);
        let since = Instant::now();
        let forged = json!({ "refresh_token": "made up" });
        let reply = relay.http("POST", "/api/v1/auth/refresh", None, &forged).await;
        assert_eq!(reply.status, 401, "{}", reply.text);
        // A statement that writes waits five seconds for the other process.
        assert!(since.elapsed() < Duration::from_secs(4), "it did not wait for the writer");
    };
    tokio::join!(told, goes_on);
    held.rollback().await.unwrap();
    let reply = relay.http("POST", REGISTER, None, &applicant("eve")).await;
    assert_eq!(reply.status, 201, "it takes accounts again: {}", reply.text);
}

#[tokio::test]
async fn whoever_is_not_let_in_costs_no_password_hash() {
    for (policy, name, reason) in [
        (Registration::Closed, "eve", ProblemReason::RegistrationClosed),
        (Registration::Invite, "eve", ProblemReason::InviteRequired),
        (Registration::Open, "ada", ProblemReason::UsernameTaken),
    ] {
        let relay = TestRelay::with(|config| {
            config.registration = Some(policy);
            config.password_cost = Cost { memory_kib: 32 * 1_024, passes: 12 };
        });
        // The first account of all is let in by every policy.
        let since = Instant::now();
        relay.sign_up("ada").await;
        let hashing = since.elapsed();
        let since = Instant::now();
        let reply = relay.http("POST", REGISTER, None, &applicant(name)).await;
        let refusing = since.elapsed();
        assert_eq!(reply.problem().reason, Some(reason));
        assert!(refusing < hashing / 2, "{refusing:?} to refuse, {hashing:?} to hash");
    }
}
