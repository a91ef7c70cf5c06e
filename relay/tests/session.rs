//! Sessions over real sockets: the first frame, limits, close codes, resume, slow readers.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use bellwire_protocol::http::RelayInfo;
use bellwire_protocol::{
    ClientMessage, ConversationId, DisplayName, ErrorCode, LiveCallState, Media, Person,
    RelayMessage, Sdp, Snapshot, UserId, Username, limits,
};
use bellwire_relay::Shutdown;
use bellwire_relay::origin::Origin;
use bellwire_relay::store::sqlite::{SqliteOptions, SqliteStore};
use bellwire_relay::store::{Accounts, Admission, NewAccount, People};
use futures_util::SinkExt;
use serde_json::Value;
use support::{Client, TestRelay, answer, call_id, initiate, upgrade};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};

fn error(message: &RelayMessage) -> Option<ErrorCode> {
    match message {
        RelayMessage::Error { code, .. } => Some(*code),
        _ => None,
    }
}

#[tokio::test]
async fn a_socket_that_says_nothing_is_closed_after_five_seconds() {
    let relay = TestRelay::start();
    let mut client = Client::open(relay.address).await;
    let since = Instant::now();
    assert_eq!(client.closed().await, Some(limits::close::UNAUTHENTICATED));
    assert!(since.elapsed() >= Duration::from_millis(limits::HELLO_MS - 500));
}

#[tokio::test]
async fn without_a_good_token_there_is_no_session() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let forged = format!("{}x", ada.token());
    for token in ["x", "a.b.c", forged.as_str()] {
        let mut client = Client::open(relay.address).await;
        client.hello(token, None).await;
        assert_eq!(client.expect(error).await, ErrorCode::Unauthenticated);
        assert_eq!(client.closed().await, Some(limits::close::UNAUTHENTICATED));
    }
    let mut client = Client::open(relay.address).await;
    client.say(ClientMessage::Ping { t: 1 }).await;
    assert_eq!(client.closed().await, Some(limits::close::UNAUTHENTICATED), "hello comes first");
}

#[tokio::test]
async fn a_first_frame_is_small_and_whole() {
    let relay = TestRelay::start();
    let mut client = Client::open(relay.address).await;
    client.hello(&"x".repeat(limits::HELLO_BYTES), None).await;
    assert_eq!(client.expect(error).await, ErrorCode::TooLarge);
    assert_eq!(client.closed().await, Some(limits::close::MALFORMED));
    let mut client = Client::open(relay.address).await;
    client.send_text("{").await;
    assert_eq!(client.closed().await, Some(limits::close::MALFORMED));
}

#[tokio::test]
async fn frames_that_nobody_can_mean_close_and_frames_of_others_do_not() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    for nonsense in ["", "{", "[]", "7", r#"{"id":1}"#, r#"{"type":7}"#] {
        let mut client = relay.connect(&ada).await;
        client.send_text(nonsense).await;
        assert_eq!(client.closed().await, Some(limits::close::MALFORMED), "{nonsense}");
    }
    let mut client = relay.connect(&ada).await;
    client.socket.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(client.closed().await, Some(limits::close::MALFORMED), "binary");

    let mut client = relay.connect(&ada).await;
    for other in [
        r#"{"type":"call_cancel","id":5}"#,
        r#"{"type":"call_cancel","id":5,"call_id":"not an id"}"#,
        r#"{"type":"hello","id":5,"token":"t","client":{"name":"","version":"","platform":""}}"#,
        r#"{"type":"something_newer","id":5,"with":{"more":[1]}}"#,
    ] {
        client.send_text(other).await;
        let answered = client.expect(|m| match m {
            RelayMessage::Error { re: Some(5), code, .. } => Some(*code),
            _ => None,
        });
        assert_eq!(answered.await, ErrorCode::Malformed, "{other}");
    }
    client.send_text(r#"{"type":"something_newer"}"#).await;
    assert!(client.drain().await.is_empty(), "without an id it is only counted");
    assert!(relay.metric("unknown_messages_total").await >= 2.0);
}

#[tokio::test]
async fn a_frame_over_the_limit_closes_the_socket() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let mut client = relay.connect(&ada).await;
    let _ = client.socket.send(Message::text("x".repeat(limits::FRAME_BYTES + 1))).await;
    let code = client.closed().await;
    assert!(matches!(code, Some(limits::close::MALFORMED) | None), "{code:?}");
    let mut client = relay.connect(&ada).await;
    assert!(client.drain().await.is_empty(), "the relay goes on");
}

#[tokio::test]
async fn too_many_messages_are_refused_and_then_closed() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let mut client = relay.connect(&ada).await;
    for t in 0..200 {
        client.socket.feed(Message::text(format!(r#"{{"type":"ping","t":{t}}}"#))).await.unwrap();
    }
    let _ = client.socket.flush().await;
    let wait = client.expect(|m| match m {
        RelayMessage::Error { code: ErrorCode::RateLimited, retry_after_ms, .. } => {
            Some(*retry_after_ms)
        }
        _ => None,
    });
    assert!(wait.await.is_some_and(|ms| (1..=50).contains(&ms)));
    assert_eq!(client.closed().await, Some(limits::close::RATE));
}

/// How many of a burst of 200 are answered before the socket is closed for it.
async fn pongs(client: &mut Client) -> usize {
    for t in 0..200 {
        let ping = Message::text(format!(r#"{{"type":"ping","t":{t}}}"#));
        if client.socket.feed(ping).await.is_err() {
            break;
        }
    }
    let _ = client.socket.flush().await;
    let mut pongs = 0;
    while let Ok(message) = client.next().await {
        pongs += usize::from(matches!(message, RelayMessage::Pong { .. }));
    }
    pongs
}

#[tokio::test]
async fn a_new_socket_is_no_new_allowance() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let mut client = relay.connect(&ada).await;
    let begun = Instant::now();
    let first = pongs(&mut client).await;
    let mut resumed = relay.resume(&ada, &client).await;
    assert!(resumed.welcome.as_ref().unwrap().resumed);
    let second = pongs(&mut resumed).await;
    let third = pongs(&mut relay.connect(&ada).await).await;
    let refilled = begun.elapsed().as_secs_f64() * f64::from(limits::MESSAGES_PER_SECOND);
    let all = u32::try_from(first + second + third).unwrap();
    assert!(first >= limits::MESSAGE_BURST as usize, "{first}");
    assert!(
        f64::from(all) <= f64::from(limits::MESSAGE_BURST) + refilled,
        "{first} {second} {third}"
    );
}

#[tokio::test]
async fn a_sign_in_that_ends_while_it_connects_has_no_session() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    for _ in 0..20 {
        let second = relay.sign_in("ada").await;
        let path = format!("/api/v1/devices/{}", second.device());
        let mut client = Client::open(relay.address).await;
        let (removed, ()) = tokio::join!(
            relay.http("DELETE", &path, Some(ada.token()), &Value::Null),
            client.hello(second.token(), None),
        );
        assert_eq!(removed.status, 204, "{}", removed.text);
        let code = client.closed().await;
        let ended = [limits::close::UNAUTHENTICATED, limits::close::REVOKED];
        assert!(code.is_some_and(|code| ended.contains(&code)), "{code:?}");
    }
}

#[tokio::test]
async fn a_lost_socket_is_resumed_without_a_gap() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;
    b.drain().await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    // What arrives on the old socket is never read, as if it was lost on its way.
    let mut resumed = relay.resume(&grace, &b).await;
    assert!(resumed.welcome.as_ref().unwrap().resumed);
    let offer = resumed.incoming(call).await;
    assert_ne!(
        resumed.welcome.as_ref().unwrap().session,
        b.welcome.as_ref().unwrap().session,
        "a name is good until the next one was used"
    );
    resumed.ask(answer(call, &offer)).await.unwrap();
    assert_eq!(b.closed().await, Some(limits::close::REPLACED));

    let again = relay.resume(&grace, &b).await;
    assert!(!again.welcome.as_ref().unwrap().resumed, "the old token opens a fresh session");
    assert_eq!(again.snapshot.as_ref().unwrap().calls[0].call_id, call, "which shows the call");
    assert!(relay.metric("reconnect_attempts_total{result=\"resumed\"}").await >= 1.0);
}

#[tokio::test]
async fn somebody_elses_session_cannot_be_resumed() {
    let relay = TestRelay::start();
    let (ada, eve) = (relay.sign_up("ada").await, relay.sign_up("eve").await);
    let a = relay.connect(&ada).await;
    let e = relay.resume(&eve, &a).await;
    assert!(!e.welcome.as_ref().unwrap().resumed);
    assert_eq!(e.welcome.as_ref().unwrap().me.user, eve.user());
}

#[tokio::test]
async fn a_newer_connection_of_a_device_replaces_the_older() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let mut first = relay.connect(&ada).await;
    let mut second = relay.connect(&ada).await;
    assert_eq!(first.closed().await, Some(limits::close::REPLACED));
    assert!(second.drain().await.is_empty());
}

#[tokio::test]
async fn a_reader_that_stops_is_closed_and_can_resume() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let offer = b.incoming(call).await;
    b.ask(answer(call, &offer)).await.unwrap();
    // Descriptions of 39 KB at the allowed rate, until the sockets' buffers and the queue are full.
    let sdp = bellwire_protocol::Sdp::new("x".repeat(39_000)).unwrap();
    let deadline = Instant::now() + support::PATIENCE * 3;
    while relay.metric("slow_readers_total").await < 1.0 {
        assert!(Instant::now() < deadline, "the queue has an end");
        let (offer_id, to) = (offer.offer_id, grace.device());
        let (call_id, sdp) = (call, sdp.clone());
        let offered =
            ClientMessage::SdpOffer { call_id, to, offer_id, restart: false, sdp, proof: None };
        if let Err((ErrorCode::RateLimited, Some(wait))) = a.ask(offered).await {
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
    }
    let seen = b.seq;
    assert_eq!(b.closed().await, Some(limits::close::SLOW_READER));
    assert!(b.seq > seen, "what was on its way still arrived, without a gap");
    let back = relay.resume(&grace, &b).await;
    assert!(back.welcome.is_some(), "the client is welcome again");
}

#[tokio::test]
async fn a_long_contact_list_arrives_in_parts() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let path = relay.folder.path().join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    for n in 0..600_u64 {
        let user = UserId::from_parts(n, support::random());
        let username = Username::new(format!("friend{n}")).unwrap();
        let display_name = DisplayName::new("\"".repeat(DisplayName::MAX_BYTES)).unwrap();
        let person = Person { user, username: username.clone(), display_name };
        let admission = Admission::Operator { administrator: false };
        let password_hash = String::new();
        let account = NewAccount { person, password_hash, created_at: 1, admission, device: None };
        store.create_account(account).await.unwrap();
        let id = ConversationId::from_parts(n, support::random());
        store.request_contact(grace.user(), &username, id, 1).await.unwrap();
        store.accept_contact(user, grace.user(), id, 1).await.unwrap().unwrap();
    }
    let mut a = relay.connect(&ada).await;
    let call = call_id();
    let mut offer = support::offer();
    offer.sdp = Sdp::new("\r\n".repeat(Sdp::MAX_BYTES / 4)).unwrap();
    let media = Media::Video;
    a.ask(ClientMessage::CallInitiate { call_id: call, conversation, media, offer: offer.clone() })
        .await
        .unwrap();

    let mut g = Client::open(relay.address).await;
    g.hello(grace.token(), None).await;
    assert!(matches!(g.receive().await, RelayMessage::Welcome(_)));
    let mut whole = Snapshot::default();
    let mut parts = 0;
    loop {
        let RelayMessage::Snapshot(part) = g.receive().await else { panic!("parts are together") };
        whole.contacts.extend(part.contacts);
        whole.conversations.extend(part.conversations);
        whole.calls.extend(part.calls);
        parts += 1;
        if !part.more {
            break;
        }
        // Said in the middle of the parts, it is answered behind them.
        if parts == 1 {
            g.say(ClientMessage::Ping { t: 1 }).await;
        }
    }
    let bytes = bellwire_protocol::encode(&whole).len();
    assert!(bytes > limits::QUEUE_BYTES, "larger than the queue: {bytes}");
    assert!(parts > 8 && g.longest <= limits::FRAME_BYTES, "{parts} parts, longest {}", g.longest);
    assert_eq!((whole.contacts.len(), whole.conversations.len()), (601, 601));
    let people: BTreeSet<UserId> = whole.contacts.iter().map(|c| c.person.user).collect();
    assert_eq!(people.len(), 601, "everybody once");
    assert_eq!(whole.calls.len(), 1);
    let LiveCallState::Ringing { offer: Some(rings), .. } = &whole.calls[0].state else {
        panic!("it rings")
    };
    assert_eq!(rings, &offer);
    g.ask(answer(call, &offer)).await.unwrap();
    a.expect(|m| matches!(m, RelayMessage::CallAccepted { .. }).then_some(())).await;
    assert_eq!(relay.metric("slow_readers_total").await, 0.0);
}

#[tokio::test]
async fn only_known_pages_may_open_a_socket() {
    let relay = TestRelay::start();
    let own = format!("http://{}", relay.address);
    for origin in [own.as_str(), "tauri://localhost", "http://tauri.localhost"] {
        upgrade(relay.address, Some("bellwire.v1"), Some(origin)).await.expect(origin);
    }
    let (suffix, user, port) = (
        format!("{own}.evil.example"),
        format!("http://{}@evil.example", relay.address),
        "http://127.0.0.1:1".to_owned(),
    );
    for origin in ["null", "http://evil.example", "file://", "", &suffix, &user, &port] {
        let refused = upgrade(relay.address, Some("bellwire.v1"), Some(origin)).await;
        let Err(WsError::Http(response)) = refused else { panic!("{origin:?} got in") };
        assert_eq!(response.status().as_u16(), 403, "{origin:?}");
    }
    assert_eq!(relay.metric("origins_refused_total").await, 7.0);
    for protocol in [None, Some("bellwire.v2")] {
        let refused = upgrade(relay.address, protocol, None).await;
        let Err(WsError::Http(response)) = refused else { panic!("{protocol:?} got in") };
        assert_eq!(response.status().as_u16(), 400, "{protocol:?}");
    }
}

#[tokio::test]
async fn a_public_url_is_the_only_origin_of_its_own_in_whatever_form_it_is_set() {
    let relay = TestRelay::with(|config| {
        let environment =
            [("BELLWIRE_PUBLIC_URL".to_owned(), "https://Calls.example:443/".to_owned())].into();
        let loaded = bellwire_relay::config::Config::load(None, &environment).unwrap();
        config.public_url = loaded.public_url;
    });
    let good = Some("https://calls.example");
    upgrade(relay.address, Some("bellwire.v1"), good).await.unwrap();
    let own = format!("http://{}", relay.address);
    assert!(upgrade(relay.address, Some("bellwire.v1"), Some(&own)).await.is_err());
}

#[tokio::test]
async fn a_page_learns_whether_it_may_connect_and_where_it_could() {
    let ask = async |relay: &TestRelay, query: &str| {
        let path = format!("/api/v1/relay{query}");
        let reply = relay.http("GET", &path, None, &Value::Null).await;
        let info: RelayInfo = reply.json();
        (info.origin_accepted, info.address)
    };
    let relay = TestRelay::start();
    assert_eq!(ask(&relay, "").await, (None, None), "nobody asked");
    let own = format!("?origin=http://{}", relay.address);
    assert_eq!(ask(&relay, &own).await, (Some(true), None));
    let encoded = format!("?origin=http%3A%2F%2F{}", relay.address);
    assert_eq!(ask(&relay, &encoded).await, (Some(true), None));
    assert_eq!(ask(&relay, "?origin=https://other.example").await, (Some(false), None));
    assert_eq!(ask(&relay, "?origin=").await, (Some(false), None));
    let relay = TestRelay::with(|config| {
        config.public_url = Some(Origin::parse_typed("https://calls.example:443").unwrap());
    });
    let address = Some("https://calls.example".to_owned());
    let own = format!("?origin=http://{}", relay.address);
    assert_eq!(ask(&relay, &own).await, (Some(false), address.clone()));
    assert_eq!(ask(&relay, "?origin=https://calls.example").await, (Some(true), address));
}

#[tokio::test]
async fn a_drain_tells_everybody_to_come_back() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let mut client = relay.connect(&ada).await;
    relay.shutdown.send_replace(Shutdown::Draining);
    let wait = client.expect(|m| match m {
        RelayMessage::GoingAway { retry_after_ms } => Some(*retry_after_ms),
        _ => None,
    });
    assert!(wait.await > 0);
    assert_eq!(client.closed().await, Some(limits::close::GOING_AWAY));
    relay.stop().await;
}

#[tokio::test]
async fn an_ended_sign_in_is_closed_within_two_seconds() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let other = relay.sign_in("ada").await;
    let mut client = relay.connect(&other).await;
    let path = format!("/api/v1/devices/{}", other.device());
    let since = Instant::now();
    let removed = relay.http("DELETE", &path, Some(ada.token()), &Value::Null).await;
    assert_eq!(removed.status, 204);
    assert_eq!(client.closed().await, Some(limits::close::REVOKED));
    assert!(since.elapsed() < Duration::from_secs(2));
    let mut client = Client::open(relay.address).await;
    client.hello(other.token(), None).await;
    assert_eq!(client.closed().await, Some(limits::close::UNAUTHENTICATED));
}
