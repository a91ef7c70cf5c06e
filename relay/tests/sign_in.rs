//! Signing in over real sockets: what its answer, its time and its limits give away.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod support;

use std::time::{Duration, Instant};

use bellwire_protocol::http::Registration;
use bellwire_protocol::limits;
use bellwire_relay::accounts::keys::Keys;
use bellwire_relay::accounts::password::Cost;
use bellwire_relay::accounts::token::{ACCESS_S, Bearer, Tokens};
use bellwire_relay::proxies::Proxies;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde_json::{Value, json};
use support::{Client, PASSWORD, Reply, TestRelay, http, now_ms};

const LOGIN: &str = "/api/v1/auth/login";

fn login(name: &str) -> Value {
    let device = json!({ "name": "d", "platform": "cli" });
    json!({ "username": name, "password": "not the password", "device": device })
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The hash takes most of the time here. Without it for unknown names the two would differ by far
/// more than the factor that a busy machine is allowed.
#[tokio::test]
async fn a_wrong_password_takes_as_long_as_an_unknown_name() {
    let relay = TestRelay::with(|config| {
        config.password_cost = Cost { memory_kib: 8 * 1_024, passes: 3 };
    });
    let (mut wrong, mut unknown) = (Vec::new(), Vec::new());
    let mut answers = std::collections::BTreeSet::new();
    for n in 0..5 {
        let known = format!("known{n}");
        relay.sign_up(&known).await;
        for m in 0..4 {
            for (name, times) in [
                (known.clone(), &mut wrong),
                // Longer names are limited one by one as well, so each is tried once.
                (format!("other{n}{m}"), &mut unknown),
            ] {
                let since = Instant::now();
                let reply = relay.http("POST", LOGIN, None, &login(&name)).await;
                times.push(since.elapsed());
                assert_eq!(reply.status, 401, "{}", reply.text);
                answers.insert(reply.text);
            }
        }
    }
    assert_eq!(answers.len(), 1, "the answer is the same: {answers:?}");
    let (wrong, unknown) = (median(wrong), median(unknown));
    assert!(wrong < unknown * 3 && unknown < wrong * 3, "{wrong:?} and {unknown:?}");
}

#[tokio::test]
async fn an_expired_token_opens_nothing() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let keys = Keys::open(relay.folder.path()).unwrap();
    let tokens = Tokens::new(keys.draw("access tokens"), keys.draw("refresh tokens"));
    let life = u64::from(ACCESS_S) * 1_000;
    for (age, good) in [(life - 60_000, true), (life + 1_000, false)] {
        let bearer = Bearer { user: ada.user(), device: ada.device(), refresh: [0; 32] };
        let token = tokens.issue(bearer, now_ms() - age).unwrap();
        let me = relay.http("GET", "/api/v1/me", Some(token.as_str()), &Value::Null).await;
        assert_eq!(me.status, if good { 200 } else { 401 }, "over HTTP at {age} ms");
        let mut client = Client::open(relay.address).await;
        client.hello(token.as_str(), None).await;
        if good {
            client.next().await.unwrap();
        } else {
            assert_eq!(client.closed().await, Some(limits::close::UNAUTHENTICATED));
        }
    }
}

async fn enter(relay: &TestRelay, forwarded: &str, n: u32) -> Reply {
    let body = login(&format!("nobody{n}"));
    http(relay.address, "POST", LOGIN, None, &body, &[("X-Forwarded-For", forwarded)]).await
}

#[tokio::test]
async fn behind_a_trusted_proxy_every_client_has_its_own_limit() {
    let relay = TestRelay::with(|config| {
        config.trusted_proxies = Proxies::parse("127.0.0.0/8").unwrap();
    });
    let mut limited = 0;
    for n in 0..70 {
        // The client writes whatever it likes in front of what the proxy adds.
        let reply = enter(&relay, &format!("127.0.0.1, 192.0.2.{n}, 203.0.113.9"), n).await;
        limited += u32::from(reply.status == 429);
    }
    assert_eq!(limited, 10, "sixty in ten minutes from one network");
    assert_eq!(enter(&relay, "203.0.114.9", 70).await.status, 401, "another is not limited");
    assert_eq!(enter(&relay, "203.0.113.10", 71).await.status, 429, "a neighbour is of the same");
}

#[tokio::test]
async fn without_a_trusted_proxy_nobody_is_limited_for_what_a_header_says() {
    let relay = TestRelay::start();
    for n in 0..62 {
        assert_eq!(enter(&relay, "203.0.113.9", n).await.status, 401, "a header is anybody's");
    }
}

#[tokio::test]
async fn made_up_refresh_tokens_are_limited_by_network() {
    let relay = TestRelay::with(|config| {
        config.trusted_proxies = Proxies::parse("127.0.0.0/8").unwrap();
    });
    let refresh = async |forwarded: &str, n: u32| {
        let body = json!({ "refresh_token": format!("made up {n}") });
        let from = [("X-Forwarded-For", forwarded)];
        http(relay.address, "POST", "/api/v1/auth/refresh", None, &body, &from).await.status
    };
    let mut limited = 0;
    for n in 0..610 {
        limited += u32::from(refresh("203.0.113.9", n).await == 429);
    }
    assert_eq!(limited, 10, "six hundred in ten minutes");
    assert_eq!(refresh("203.0.113.10", 0).await, 429, "a neighbour is of the same network");
    assert_eq!(refresh("203.0.114.9", 0).await, 401, "another is not limited");
}

/// The status that an upgrade is answered with, and the connection that holds its place.
async fn stranger(relay: &TestRelay, from: &str) -> (String, tokio::net::TcpStream) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(relay.address).await.unwrap();
    let request = format!(
        "GET /ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         sec-websocket-protocol: bellwire.v1\r\nx-forwarded-for: {from}\r\n\r\n",
        relay.address
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    (String::from_utf8_lossy(&status[9..]).into_owned(), stream)
}

#[tokio::test]
async fn silent_sockets_of_one_network_leave_room_for_others() {
    let relay = TestRelay::with(|config| {
        config.trusted_proxies = Proxies::parse("127.0.0.0/8").unwrap();
    });
    let mut silent = Vec::new();
    for n in 0..20 {
        let (status, stream) = stranger(&relay, &format!("203.0.113.{n}")).await;
        assert_eq!(status, "101");
        silent.push(stream);
    }
    assert_eq!(stranger(&relay, "203.0.113.200").await.0, "429");
    assert_eq!(stranger(&relay, "203.0.114.1").await.0, "101", "another network");
    let healthy = http(relay.ops, "GET", "/healthz", None, &Value::Null, &[]).await;
    assert_eq!(healthy.status, 200);
}

fn behind_a_proxy(change: impl FnOnce(&mut bellwire_relay::config::Config)) -> TestRelay {
    TestRelay::with(|config| {
        config.trusted_proxies = Proxies::parse("127.0.0.0/8").unwrap();
        config.registration = Some(Registration::Open);
        change(config);
    })
}

/// Signs in from an address.
async fn try_from(relay: &TestRelay, address: &str, name: &str, password: &str) -> u16 {
    let device = json!({ "name": "d", "platform": "cli" });
    let body = json!({ "username": name, "password": password, "device": device });
    let from = [("X-Forwarded-For", address)];
    http(relay.address, "POST", LOGIN, None, &body, &from).await.status
}

#[tokio::test]
async fn guesses_at_one_moment_are_counted_and_leave_the_owner_alone() {
    let relay = behind_a_proxy(|_| {});
    relay.sign_up("ada").await;
    // Sixty at once from one network, each from another address of it.
    let guesses = (0..60).map(|n| {
        let relay = &relay;
        async move { try_from(relay, &format!("198.51.100.{n}"), "ada", "not the password").await }
    });
    let answers = futures_util::future::join_all(guesses).await;
    let looked_at = answers.iter().filter(|status| **status == 401).count();
    assert_eq!(looked_at, 5, "{answers:?}");
    assert!(answers.iter().all(|status| matches!(status, 401 | 429)));
    for address in ["203.0.113.9", "2001:db8::1"] {
        assert_eq!(try_from(&relay, address, "ada", PASSWORD).await, 200, "from {address}");
    }
    let same = try_from(&relay, "198.51.100.200", "ada", PASSWORD).await;
    assert_eq!(same, 429, "a guesser's network waits, whichever of its addresses it takes");
}

#[tokio::test]
async fn guesses_from_many_networks_leave_known_ones_alone() {
    let relay = behind_a_proxy(|_| {});
    relay.sign_up("ada").await;
    assert_eq!(try_from(&relay, "203.0.113.9", "ada", PASSWORD).await, 200);
    let guesses = (0..80).map(|n| {
        let relay = &relay;
        async move { try_from(relay, &format!("198.18.{n}.1"), "ada", "not the password").await }
    });
    let answers = futures_util::future::join_all(guesses).await;
    assert!(answers.iter().all(|status| matches!(status, 401 | 429)), "{answers:?}");
    // What did not get a place for its hash was no guess.
    let mut more = 0;
    while try_from(&relay, &format!("198.19.{more}.1"), "ada", "not the password").await == 401 {
        more += 1;
    }
    assert!(more < 50, "all networks together have a budget");
    assert_eq!(try_from(&relay, "198.51.100.1", "ada", PASSWORD).await, 429, "from somewhere new");
    assert_eq!(try_from(&relay, "203.0.113.77", "ada", PASSWORD).await, 200, "from home");
}

#[tokio::test]
async fn a_flood_of_invented_names_starves_nobody() {
    let relay = behind_a_proxy(|config| {
        config.password_cost = Cost { memory_kib: 8 * 1_024, passes: 3 };
    });
    for n in 0..8 {
        relay.sign_up(&format!("person{n}")).await;
        let home = format!("203.0.{n}.9");
        assert_eq!(try_from(&relay, &home, &format!("person{n}"), PASSWORD).await, 200);
    }
    let flood = (0..200).map(|n| {
        let (relay, name) = (&relay, format!("invented{n}"));
        async move { try_from(relay, &format!("198.18.{}.1", n % 60), &name, "x").await }
    });
    let people = (0..8).map(|n| {
        let (relay, name) = (&relay, format!("person{n}"));
        async move { try_from(relay, &format!("203.0.{n}.9"), &name, PASSWORD).await }
    });
    let people = futures_util::future::join_all(people);
    let (_, people) = tokio::join!(futures_util::future::join_all(flood), people);
    assert_eq!(people, [200; 8], "each gets in");
}

/// A right password is given its try back, so that only the places in the queue hold these back.
#[tokio::test]
async fn one_signed_in_person_keeps_nobody_from_changing_a_password() {
    let relay = behind_a_proxy(|config| {
        config.password_cost = Cost { memory_kib: 8 * 1_024, passes: 3 };
    });
    let (eve, ada) = (relay.sign_up("eve").await, relay.sign_up("ada").await);
    let change = async |token: &str, from: &str, new: &str| {
        let body = json!({ "old_password": PASSWORD, "new_password": new });
        let from = [("X-Forwarded-For", from)];
        let path = "/api/v1/me/password";
        http(relay.address, "POST", path, Some(token), &body, &from).await.status
    };
    // Tries of one device are few, so she has several.
    let mut devices = vec![eve];
    for _ in 0..3 {
        devices.push(relay.sign_in("eve").await);
    }
    let mut flood: FuturesUnordered<_> =
        (0..16).map(|n: usize| change(devices[n % 4].token(), "198.51.100.1", PASSWORD)).collect();
    while flood.next().await != Some(429) {
        assert!(!flood.is_empty(), "the queue is full for eve");
    }
    let others = async {
        let reply = change(ada.token(), "203.0.113.9", "another good one").await;
        let right = json!({ "password": "another good one" });
        let from = [("X-Forwarded-For", "203.0.113.9")];
        let gone = http(relay.address, "DELETE", "/api/v1/me", Some(ada.token()), &right, &from);
        (reply, gone.await.status)
    };
    let (_, others) = tokio::join!(flood.collect::<Vec<_>>(), others);
    assert_eq!(others, (204, 204), "ada's own network has places");
}
