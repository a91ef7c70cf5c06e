//! How a sign-in lives and ends: what its client is told decides whether it keeps what it has.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::http::{Device, ProblemReason, SignedIn};
use bellwire_protocol::{Secret, limits};
use bellwire_relay::store::SignIns;
use bellwire_relay::store::sqlite::{SqliteOptions, SqliteStore};
use serde_json::{Value, json};
use support::{Client, PASSWORD, Person, Reply, SetTime, TestRelay};
use tempfile::TempDir;

const MINUTE: u64 = 60_000;
const DAY: u64 = 86_400_000;

async fn refresh(relay: &TestRelay, token: &Secret) -> Reply {
    let body = json!({ "refresh_token": token.as_str() });
    relay.http("POST", "/api/v1/auth/refresh", None, &body).await
}

async fn refused(relay: &TestRelay, token: &Secret) -> Option<ProblemReason> {
    let reply = refresh(relay, token).await;
    assert_eq!(reply.status, 401, "{}", reply.text);
    reply.problem().reason
}

async fn devices(relay: &TestRelay, person: &Person) -> Vec<Device> {
    relay.http("GET", "/api/v1/devices", Some(person.token()), &Value::Null).await.json()
}

#[tokio::test]
async fn a_lost_reply_is_forgiven_however_late_the_client_asks_again() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let ada = relay.sign_up("ada").await;
    let first = &ada.signed_in.refresh_token;
    let lost: SignedIn = refresh(&relay, first).await.json();
    for pause in [11_000, 26_000, 10 * MINUTE, DAY, 50 * DAY] {
        time.pass(pause);
        let again: SignedIn = refresh(&relay, first).await.json();
        assert_eq!(again.refresh_token, lost.refresh_token, "the same successor");
    }
    let _third: SignedIn = refresh(&relay, &lost.refresh_token).await.json();
    assert_eq!(
        refused(&relay, first).await,
        Some(ProblemReason::TokenInvalid),
        "the door is closed"
    );
    assert_eq!(refused(&relay, &lost.refresh_token).await, Some(ProblemReason::TokenInvalid));
}

#[tokio::test]
async fn a_repeat_is_forgiven_only_until_the_reply_is_in_use() {
    for over_http in [true, false] {
        let relay = TestRelay::start();
        let ada = relay.sign_up("ada").await;
        let other = relay.sign_in("ada").await;
        let first = &ada.signed_in.refresh_token;
        let second: SignedIn = refresh(&relay, first).await.json();
        let socket = relay.connect(&ada).await;
        assert_eq!(devices(&relay, &ada).await.len(), 2, "the older access token says nothing");
        let again: SignedIn = refresh(&relay, first).await.json();
        assert_eq!(again.refresh_token, second.refresh_token, "the reply may be lost");

        let arrived = Person { name: ada.name.clone(), signed_in: again };
        if over_http {
            devices(&relay, &arrived).await;
        } else {
            drop(relay.connect(&arrived).await);
        }
        for token in [first, &second.refresh_token] {
            let told = refused(&relay, token).await;
            assert_eq!(told, Some(ProblemReason::TokenInvalid), "over HTTP: {over_http}");
        }
        drop(socket);
        let told = relay.connect(&other).await.snapshot.unwrap().notices;
        assert_eq!(told.len(), 1, "two had the same token, over HTTP: {over_http}");
    }
}

#[tokio::test]
async fn a_sign_in_that_went_while_the_store_failed_is_closed_once_it_works() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let ada = relay.sign_up("ada").await;
    let mut socket = relay.connect(&ada).await;
    let sets = async || relay.metric("clock_sets_total").await;
    let believed = async || relay.metric("clock_believed").await == 1.0;
    support::until("it looks at the clock", believed).await;
    let path = relay.folder.path().join("relay.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let gone = "BEGIN IMMEDIATE; DELETE FROM devices; ALTER TABLE devices RENAME TO away; COMMIT";
    sqlx::raw_sql(gone).execute(&other).await.unwrap();
    // Each look takes the clock first and removals last: two looks at the clock have one between.
    let ahead = 3_600_000;
    time.set_by(ahead);
    support::until("one look", async || sets().await >= 1.0).await;
    time.set_by(-ahead);
    support::until("the next look", async || sets().await >= 2.0).await;
    sqlx::raw_sql("ALTER TABLE away RENAME TO devices").execute(&other).await.unwrap();
    assert_eq!(socket.closed().await, Some(limits::close::UNAUTHENTICATED));
}

/// Everything that ends a sign-in, and whether it is its owner's word.
#[tokio::test]
async fn only_the_owner_of_an_account_ends_a_sign_in_for_good() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let path = |of: &Person| format!("/api/v1/devices/{}", of.device());

    let laptop = relay.sign_in("ada").await;
    let mut socket = relay.connect(&laptop).await;
    relay.http("POST", "/api/v1/auth/logout", Some(laptop.token()), &Value::Null).await;
    assert_eq!(socket.closed().await, Some(limits::close::REVOKED));
    let told = refused(&relay, &laptop.signed_in.refresh_token).await;
    assert_eq!(told, Some(ProblemReason::SignInEnded), "signed out");

    let phone = relay.sign_in("ada").await;
    let lost = &phone.signed_in.refresh_token;
    let newest: SignedIn = refresh(&relay, lost).await.json();
    let mut socket = relay.connect(&phone).await;
    relay.http("DELETE", &path(&phone), Some(ada.token()), &Value::Null).await;
    assert_eq!(socket.closed().await, Some(limits::close::REVOKED));
    for token in [lost, &newest.refresh_token] {
        let told = refused(&relay, token).await;
        assert_eq!(told, Some(ProblemReason::SignInEnded), "removed, also while a reply is lost");
    }

    let tablet = relay.sign_in("ada").await;
    let change = json!({ "old_password": PASSWORD, "new_password": "another good one" });
    relay.http("POST", "/api/v1/me/password", Some(ada.token()), &change).await;
    let told = refused(&relay, &tablet.signed_in.refresh_token).await;
    assert_eq!(told, Some(ProblemReason::SignInEnded), "a new password");

    // Its access token is good, its sign-in is gone: the refresh says which it was.
    let mut socket = Client::open(relay.address).await;
    socket.hello(tablet.token(), None).await;
    assert_eq!(socket.closed().await, Some(limits::close::UNAUTHENTICATED));

    let right = json!({ "password": "another good one" });
    relay.http("DELETE", "/api/v1/me", Some(ada.token()), &right).await;
    let told = refused(&relay, &ada.signed_in.refresh_token).await;
    assert_eq!(told, Some(ProblemReason::SignInEnded), "a deleted account");
}

#[tokio::test]
async fn a_copied_token_ends_its_sign_in_and_asks_for_the_password() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let first = &ada.signed_in.refresh_token;
    let second: SignedIn = refresh(&relay, first).await.json();
    let third: SignedIn = refresh(&relay, &second.refresh_token).await.json();
    let mut socket = relay.connect(&ada).await;
    for token in [first, &second.refresh_token, &third.refresh_token] {
        assert_eq!(refused(&relay, token).await, Some(ProblemReason::TokenInvalid));
    }
    assert_eq!(socket.closed().await, Some(limits::close::UNAUTHENTICATED));
}

#[tokio::test]
async fn a_relay_from_an_older_backup_asks_for_the_password_and_raises_no_alarm() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let second: SignedIn = refresh(&relay, &ada.signed_in.refresh_token).await.json();
    let folder = relay.stop().await;
    let backup = TempDir::new().unwrap();
    for name in ["relay.db", "relay.key"] {
        std::fs::copy(folder.path().join(name), backup.path().join(name)).unwrap();
    }
    let relay = TestRelay::at(folder, |_| {});
    let third: SignedIn = refresh(&relay, &second.refresh_token).await.json();
    let fourth: SignedIn = refresh(&relay, &third.refresh_token).await.json();
    let later = relay.sign_in("ada").await;
    relay.stop().await;

    let relay = TestRelay::at(backup, |_| {});
    for token in [&third.refresh_token, &fourth.refresh_token, &later.signed_in.refresh_token] {
        assert_eq!(refused(&relay, token).await, Some(ProblemReason::TokenInvalid));
    }
    let mut socket = Client::open(relay.address).await;
    socket.hello(later.token(), None).await;
    assert_eq!(socket.closed().await, Some(limits::close::UNAUTHENTICATED));
    let back = relay.sign_in("ada").await;
    let socket = relay.connect(&back).await;
    assert!(socket.snapshot.unwrap().notices.is_empty(), "nobody copied anything");
}

#[tokio::test]
async fn a_sign_in_without_use_is_over_and_asks_for_the_password() {
    let time = SetTime::now();
    let folder = TempDir::new().unwrap();
    let relay = TestRelay::by(time.clock(), folder, |_| {});
    let ada = relay.sign_up("ada").await;
    let idle = relay.sign_in("ada").await;
    time.pass(40 * DAY);
    let _used: SignedIn = refresh(&relay, &ada.signed_in.refresh_token).await.json();
    time.pass(21 * DAY);
    let told = refused(&relay, &idle.signed_in.refresh_token).await;
    assert_eq!(told, Some(ProblemReason::TokenInvalid));
    // A relay forgets every hour of a clock that runs on: one that is far ahead at the start is not
    // believed. The store is asked, which no quota counts.
    let path = relay.folder.path().join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let mut listed = vec![];
    support::until("the dead one is not listed any more", async || {
        listed = store.devices(ada.user()).await.unwrap();
        listed.len() == 1
    })
    .await;
    assert_eq!(listed[0].id, ada.device());
    let told = refused(&relay, &idle.signed_in.refresh_token).await;
    assert_eq!(told, Some(ProblemReason::TokenInvalid));
}

#[tokio::test]
async fn an_account_has_a_bounded_number_of_sign_ins() {
    let time = SetTime::now();
    let relay = TestRelay::by(time.clock(), TempDir::new().unwrap(), |_| {});
    let ada = relay.sign_up("ada").await;
    let mut first = relay.connect(&ada).await;
    let mut last = None;
    for _ in 0..32 {
        time.pass(MINUTE);
        last = Some(relay.sign_in("ada").await);
    }
    assert_eq!(devices(&relay, last.as_ref().unwrap()).await.len(), 32);
    assert_eq!(first.closed().await, Some(limits::close::UNAUTHENTICATED));
    let told = refused(&relay, &ada.signed_in.refresh_token).await;
    assert_eq!(told, Some(ProblemReason::TokenInvalid), "it asks, and keeps what it has");
}

#[tokio::test]
async fn a_device_that_cannot_be_described_costs_neither_name_nor_invitation() {
    use bellwire_protocol::http::{Invite, Registration};
    let relay = TestRelay::with(|config| config.registration = Some(Registration::Invite));
    let ada = relay.sign_up("ada").await;
    let made = relay.http("POST", "/api/v1/invites", Some(ada.token()), &json!({})).await;
    let code = made.json::<Invite>().code.unwrap();
    let wanted = |device: Value| {
        json!({
            "username": "grace", "display_name": "Grace", "password": PASSWORD,
            "invite": code.as_str(), "device": device,
        })
    };
    let long = "x".repeat(65);
    for bad in [
        json!({ "name": "", "platform": "cli" }),
        json!({ "name": long, "platform": "cli" }),
        json!({ "name": "d", "platform": long }),
        json!({ "name": "d", "platform": "cli", "public_key": "x".repeat(513) }),
    ] {
        let reply = relay.http("POST", "/api/v1/auth/register", None, &wanted(bad.clone())).await;
        assert_eq!(reply.status, 400, "{bad}: {}", reply.text);
    }
    let good = wanted(json!({ "name": "d", "platform": "cli" }));
    let reply = relay.http("POST", "/api/v1/auth/register", None, &good).await;
    assert_eq!(reply.status, 201, "name and invitation are free: {}", reply.text);
}

/// The first of them renews the hash that the others were checked against.
#[tokio::test]
async fn a_right_password_is_right_for_everybody_at_once_after_a_change_of_the_hash_cost() {
    use bellwire_relay::accounts::password::Cost;
    for asked in ["login", "password", "delete"] {
        let relay = TestRelay::start();
        let ada = relay.sign_up("ada").await;
        let relay = TestRelay::at(relay.stop().await, |config| {
            config.password_cost = Cost { memory_kib: 1_024, passes: 3 };
        });
        let login = json!({
            "username": "ada", "password": PASSWORD,
            "device": { "name": "one of many", "platform": "cli" },
        });
        let change = json!({ "old_password": PASSWORD, "new_password": "another good one" });
        let entering = (0..4).map(|_| relay.http("POST", "/api/v1/auth/login", None, &login));
        let entering = futures_util::future::join_all(entering);
        let right = json!({ "password": PASSWORD });
        let (method, path, body) = match asked {
            "password" => ("POST", "/api/v1/me/password", &change),
            "delete" => ("DELETE", "/api/v1/me", &right),
            _ => ("GET", "/api/v1/me", &Value::Null),
        };
        let other = relay.http(method, path, Some(ada.token()), body);
        let (entered, other) = tokio::join!(entering, other);
        assert!(matches!(other.status, 200 | 204), "{asked}: {}", other.text);
        if asked == "login" {
            assert!(entered.iter().all(|reply| reply.status == 200), "{}", entered[3].text);
        }
    }
}

/// Four sign-ins and the change at once, eight times: the sign-ins with the old password are refused, or ended by the change.
#[tokio::test]
async fn no_sign_in_with_the_old_password_survives_its_change() {
    let relay = TestRelay::start();
    for round in 0..8 {
        let name = format!("person{round}");
        let person = relay.sign_up(&name).await;
        let login = json!({
            "username": name, "password": PASSWORD,
            "device": { "name": "late", "platform": "cli" },
        });
        let change = json!({ "old_password": PASSWORD, "new_password": "another good one" });
        let entering = (0..4).map(|_| relay.http("POST", "/api/v1/auth/login", None, &login));
        let entering = futures_util::future::join_all(entering);
        let changing = relay.http("POST", "/api/v1/me/password", Some(person.token()), &change);
        let (entered, changed) = tokio::join!(entering, changing);
        assert_eq!(changed.status, 204, "{}", changed.text);
        assert!(entered.iter().all(|reply| matches!(reply.status, 200 | 401)));
        let left = devices(&relay, &person).await;
        assert_eq!(left.len(), 1, "round {round}: only the one that changed it");
    }
}
