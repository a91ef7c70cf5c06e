//! A device that was signed in before gets in, whoever else guesses, and so does nobody else.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod support;

use bellwire_protocol::http::{ProblemReason, SignedIn};
use bellwire_relay::proxies::Proxies;
use futures_util::StreamExt;
use serde_json::{Value, json};
use support::{PASSWORD, Person, Reply, TestRelay, http};
use tempfile::TempDir;

const LOGIN: &str = "/api/v1/auth/login";
/// Where the owner is when others guess: in no network that the account was signed in to.
const AWAY: &str = "192.0.2.7";

fn behind_a_proxy(folder: TempDir) -> TestRelay {
    TestRelay::at(folder, |config| {
        config.trusted_proxies = Proxies::parse("127.0.0.0/8").unwrap();
    })
}

async fn ask(
    relay: &TestRelay,
    path: &str,
    token: Option<&str>,
    from: &str,
    body: &Value,
) -> Reply {
    let method = if path.contains("/devices/") { "DELETE" } else { "POST" };
    http(relay.address, method, path, token, body, &[("X-Forwarded-For", from)]).await
}

async fn sign_in(relay: &TestRelay, from: &str, password: &str, cookie: Option<&str>) -> Reply {
    let device = json!({ "name": "d", "platform": "cli" });
    let mut body = json!({ "username": "ada", "password": password, "device": device });
    if let Some(cookie) = cookie {
        body["device_cookie"] = cookie.into();
    }
    ask(relay, LOGIN, None, from, &body).await
}

fn cookie_of(person: &Person) -> &str {
    person.signed_in.device_cookie.as_str()
}

async fn refresh(relay: &TestRelay, person: &Person) -> SignedIn {
    let body = json!({ "refresh_token": person.signed_in.refresh_token });
    ask(relay, "/api/v1/auth/refresh", None, "203.0.113.9", &body).await.json()
}

/// A thousand guesses from many networks, and as many from the owner's as it has entries.
async fn guess(relay: &TestRelay) {
    let from = (0..1_000_u32).map(|n| format!("198.{}.{}.1", 18 + n / 250, n % 250));
    let from = from.chain((0..62).map(|n| format!("192.0.2.{n}")));
    let guesses =
        from.map(|from| async move { sign_in(relay, &from, "not it", None).await.status });
    let answers: Vec<u16> = futures_util::stream::iter(guesses).buffer_unordered(8).collect().await;
    assert!(answers.iter().all(|status| matches!(status, 401 | 429)), "nobody got in");
    // What found no place for its hash was no guess: one after another they are all looked at.
    let mut n = 0;
    while sign_in(relay, &format!("198.30.{n}.1"), "not it", None).await.status == 401 {
        n += 1;
    }
    for from in [AWAY, "100.65.0.1"] {
        let stranger = sign_in(relay, from, PASSWORD, None).await;
        assert_eq!(stranger.status, 429, "who shows nothing shares what strangers have");
    }
}

#[tokio::test]
async fn a_device_that_was_signed_in_before_gets_in_at_once_whoever_guesses_also_after_a_restart() {
    let relay = behind_a_proxy(TempDir::new().unwrap());
    let ada = relay.sign_up("ada").await;
    guess(&relay).await;
    let again = sign_in(&relay, AWAY, PASSWORD, Some(cookie_of(&ada))).await;
    assert_eq!(again.status, 200, "{}", again.text);
    let again: SignedIn = again.json();

    let relay = behind_a_proxy(relay.stop().await);
    guess(&relay).await;
    for cookie in [cookie_of(&ada), again.device_cookie.as_str()] {
        let mistyped = sign_in(&relay, AWAY, "mistyped", Some(cookie)).await;
        assert_eq!(mistyped.problem().reason, Some(ProblemReason::WrongCredentials));
        let right = sign_in(&relay, AWAY, PASSWORD, Some(cookie)).await;
        assert_eq!(right.status, 200, "{}", right.text);
    }
}

#[tokio::test]
async fn a_cookie_that_is_not_of_this_account_is_ignored() {
    let relay = behind_a_proxy(TempDir::new().unwrap());
    let ada = relay.sign_up("ada").await;
    let eve = {
        let wanted = json!({
            "username": "eve", "display_name": "Eve", "password": PASSWORD,
            "device": { "name": "d", "platform": "cli" }, "invite": invitation(&relay, &ada).await,
        });
        let reply = ask(&relay, "/api/v1/auth/register", None, "203.0.113.9", &wanted).await;
        reply.json::<SignedIn>().device_cookie
    };
    let elsewhere = TestRelay::start();
    let elsewhere = elsewhere.sign_up("ada").await;
    let good = cookie_of(&ada);
    let forged = format!("{}AAAA", &good[..good.len() - 4]);
    let wrong = [eve.as_str(), cookie_of(&elsewhere), &forged, &good[1..], "made up"];
    let mut answers = std::collections::BTreeSet::new();
    for (n, cookie) in wrong.into_iter().enumerate() {
        let from = format!("203.0.{n}.1");
        answers.insert(sign_in(&relay, &from, "not it", Some(cookie)).await.text);
        answers.insert(sign_in(&relay, &from, "not it", None).await.text);
    }
    assert_eq!(answers.len(), 1, "neither the answer tells: {answers:?}");
    guess(&relay).await;
    for cookie in wrong {
        assert_eq!(sign_in(&relay, AWAY, PASSWORD, Some(cookie)).await.status, 429, "nor a budget");
    }
    assert_eq!(sign_in(&relay, AWAY, PASSWORD, Some(good)).await.status, 200);
}

async fn invitation(relay: &TestRelay, ada: &Person) -> Value {
    let reply = ask(relay, "/api/v1/invites", Some(ada.token()), AWAY, &json!({})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json::<Value>()["code"].clone()
}

#[tokio::test]
async fn who_stole_a_cookie_has_few_guesses_and_keeps_nobody_out() {
    let relay = behind_a_proxy(TempDir::new().unwrap());
    let ada = relay.sign_up("ada").await;
    let other: SignedIn = sign_in(&relay, "203.0.113.9", PASSWORD, None).await.json();
    guess(&relay).await;
    let mut looked_at = 0;
    for n in 0..200 {
        let from = format!("198.51.{n}.1");
        let reply = sign_in(&relay, &from, "not it", Some(cookie_of(&ada))).await;
        looked_at += u32::from(reply.status == 401);
    }
    assert_eq!(looked_at, 5, "as many as one network has, on however many");
    let other = other.device_cookie.as_str();
    assert_eq!(sign_in(&relay, AWAY, PASSWORD, Some(other)).await.status, 200, "another device");
    for cookie in [None, Some(cookie_of(&ada))] {
        let home = sign_in(&relay, "203.0.113.50", PASSWORD, cookie).await;
        assert_eq!(home.status, 200, "a known network, also with the stolen cookie");
    }
    for token in [cookie_of(&ada), other] {
        let me = relay.http("GET", "/api/v1/me", Some(token), &Value::Null).await;
        assert_eq!(me.status, 401, "it opens nothing");
        let body = json!({ "refresh_token": token });
        assert_eq!(ask(&relay, "/api/v1/auth/refresh", None, AWAY, &body).await.status, 401);
    }
}

#[tokio::test]
async fn a_cookie_outlives_its_sign_in_and_a_backup_but_no_new_password() {
    let relay = behind_a_proxy(TempDir::new().unwrap());
    let mut ada = relay.sign_up("ada").await;
    let folder = relay.stop().await;
    let backup = TempDir::new().unwrap();
    for name in ["relay.db", "relay.key"] {
        std::fs::copy(folder.path().join(name), backup.path().join(name)).unwrap();
    }
    let relay = behind_a_proxy(folder);
    let removed = relay.sign_in("ada").await;
    let unknown_to_the_backup = relay.sign_in("ada").await;
    let path = format!("/api/v1/devices/{}", removed.device());
    assert_eq!(ask(&relay, &path, Some(ada.token()), AWAY, &Value::Null).await.status, 204);
    guess(&relay).await;
    let back = sign_in(&relay, AWAY, PASSWORD, Some(cookie_of(&removed))).await;
    assert_eq!(back.status, 200, "a removed device has its tries as well: {}", back.text);

    let restored = behind_a_proxy(backup);
    guess(&restored).await;
    let cookie = cookie_of(&unknown_to_the_backup);
    assert_eq!(sign_in(&restored, AWAY, PASSWORD, Some(cookie)).await.status, 200);

    let new = "another good one";
    let body = json!({ "old_password": PASSWORD, "new_password": new });
    let changed = ask(&relay, "/api/v1/me/password", Some(ada.token()), AWAY, &body).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    let formers = [cookie_of(&ada), cookie_of(&removed), cookie];
    for former in formers {
        let reply = sign_in(&relay, AWAY, new, Some(former)).await;
        assert_eq!(reply.status, 429, "collected with the former password");
    }
    ada.signed_in = refresh(&relay, &ada).await;
    let relay = behind_a_proxy(relay.stop().await);
    guess(&relay).await;
    let renewed = sign_in(&relay, AWAY, new, Some(cookie_of(&ada))).await;
    assert_eq!(renewed.status, 200, "the device that changed it has a new one: {}", renewed.text);
}
