//! The HTTP interface over real sockets: sign-up, sign-in, tokens, devices, people.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::http::{
    Calls, Conversations, Device, Invite, ProblemReason, Registration, RelayInfo, SignedIn,
};
use bellwire_protocol::{
    Contact, ContactState, ErrorCode, Me, NoticeKind, PresenceStatus, RelayMessage, limits,
};
use serde_json::{Value, json};
use support::{PASSWORD, Person, TestRelay};

fn registration(name: &str, password: &str) -> Value {
    json!({ "username": name, "display_name": "Somebody", "password": password })
}

async fn register(relay: &TestRelay, body: &Value) -> support::Reply {
    relay.http("POST", "/api/v1/auth/register", None, body).await
}

async fn refresh(relay: &TestRelay, token: &str) -> support::Reply {
    let body = json!({ "refresh_token": token });
    relay.http("POST", "/api/v1/auth/refresh", None, &body).await
}

#[tokio::test]
async fn the_first_account_administers_and_later_ones_follow_the_policy() {
    for (policy, expected) in [
        (Registration::Open, None),
        (Registration::Invite, Some(ProblemReason::InviteRequired)),
        (Registration::Closed, Some(ProblemReason::RegistrationClosed)),
    ] {
        let relay = TestRelay::with(|config| config.registration = Some(policy));
        let info = relay.http("GET", "/api/v1/relay", None, &Value::Null).await;
        assert_eq!(info.json::<RelayInfo>().registration, policy);
        let ada = relay.sign_up("ada").await;
        let me = relay.http("GET", "/api/v1/me", Some(ada.token()), &Value::Null).await;
        assert!(me.json::<Me>().administrator, "the first one");
        let second = register(&relay, &registration("grace", PASSWORD)).await;
        match expected {
            None => assert_eq!(second.status, 201),
            Some(reason) => {
                assert_eq!(second.status, 403);
                assert_eq!(second.problem().reason, Some(reason));
            }
        }
    }
}

#[tokio::test]
async fn an_invitation_lets_one_person_in() {
    let relay = TestRelay::with(|config| config.registration = Some(Registration::Invite));
    let ada = relay.sign_up("ada").await;
    let made = relay.http("POST", "/api/v1/invites", Some(ada.token()), &json!({})).await;
    assert_eq!(made.status, 201);
    let invite: Invite = made.json();
    let mut wanted = registration("grace", PASSWORD);
    wanted["invite"] = json!(invite.code.clone().unwrap().as_str());
    wanted["device"] = json!({ "name": "d", "platform": "cli" });
    let grace: SignedIn = register(&relay, &wanted).await.json();
    let token = grace.access_token.as_str();
    wanted["username"] = json!("alan");
    let again = register(&relay, &wanted).await;
    assert_eq!(again.problem().reason, Some(ProblemReason::InviteRequired), "it is spent");

    let listed = relay.http("GET", "/api/v1/invites", Some(ada.token()), &Value::Null).await;
    let listed: Vec<Invite> = listed.json();
    assert!(listed[0].used && listed[0].code.is_none(), "a code is shown once");
    for (method, path, body) in [
        ("POST", "/api/v1/invites".to_owned(), json!({})),
        ("GET", "/api/v1/invites".to_owned(), Value::Null),
        ("DELETE", format!("/api/v1/invites/{}", invite.id), Value::Null),
    ] {
        let refused = relay.http(method, &path, Some(token), &body).await;
        assert_eq!(refused.status, 403, "{method} is for administrators");
    }
    let path = format!("/api/v1/invites/{}", invite.id);
    let removed = relay.http("DELETE", &path, Some(ada.token()), &Value::Null).await;
    assert_eq!(removed.status, 204);
    let removed = relay.http("DELETE", &path, Some(ada.token()), &Value::Null).await;
    assert_eq!(removed.status, 404);
}

#[tokio::test]
async fn every_bad_registration_has_its_reason() {
    let relay = TestRelay::start();
    for name in ["ada", "paul", "tom"] {
        relay.sign_up(name).await;
    }
    for (body, reason) in [
        (registration("ada", PASSWORD), ProblemReason::UsernameTaken),
        (registration("Ada Lovelace", PASSWORD), ProblemReason::UsernameInvalid),
        (registration("pau1", PASSWORD), ProblemReason::UsernameSimilar),
        (registration("torn", PASSWORD), ProblemReason::UsernameSimilar),
        (
            json!({ "username": "grace", "display_name": "\u{3164}", "password": PASSWORD }),
            ProblemReason::DisplayNameInvalid,
        ),
        (registration("grace", "short"), ProblemReason::PasswordLength),
        (registration("grace", "password123"), ProblemReason::PasswordCommon),
        (
            json!({ "username": "grace", "display_name": "\u{202e}", "password": PASSWORD }),
            ProblemReason::DisplayNameInvalid,
        ),
    ] {
        let refused = register(&relay, &body).await;
        assert!((400..=409).contains(&refused.status), "{}", refused.text);
        assert_eq!(refused.problem().reason, Some(reason));
    }
    for body in [json!({}), json!([]), json!({ "username": 7 })] {
        let refused = register(&relay, &body).await;
        assert_eq!((refused.status, refused.problem().code), (400, ErrorCode::Malformed));
    }
    let large = registration("grace", &"x".repeat(20_000));
    let refused = register(&relay, &large).await;
    assert_eq!((refused.status, refused.problem().code), (413, ErrorCode::TooLarge));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_are_the_same_answer() {
    let relay = TestRelay::start();
    relay.sign_up("ada").await;
    let device = json!({ "name": "d", "platform": "cli" });
    let try_with = |name: &str, password: &str| {
        let body = json!({ "username": name, "password": password, "device": device });
        let relay = &relay;
        async move { relay.http("POST", "/api/v1/auth/login", None, &body).await }
    };
    let wrong = try_with("ada", "not the password").await;
    let unknown = try_with("nobody", "not the password").await;
    let impossible = try_with("No Such Name!", "not the password").await;
    assert_eq!(wrong.status, 401);
    assert_eq!((wrong.status, &wrong.text), (unknown.status, &unknown.text));
    assert_eq!((wrong.status, &wrong.text), (impossible.status, &impossible.text));
    assert_eq!(wrong.problem().reason, Some(ProblemReason::WrongCredentials));
    for name in ["ada", "nobody"] {
        for _ in 0..4 {
            try_with(name, "not the password").await;
        }
        let limited = try_with(name, PASSWORD).await;
        assert_eq!(limited.status, 429, "{name} is tried too often");
        assert!(limited.header("retry-after").is_some());
        assert!(limited.problem().retry_after_ms.is_some());
    }
}

#[tokio::test]
async fn a_refresh_token_rotates_and_a_lost_reply_is_forgiven() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let first = ada.signed_in.refresh_token.as_str();
    let second: SignedIn = refresh(&relay, first).await.json();
    assert_ne!(second.refresh_token.as_str(), first);
    let repeated: SignedIn = refresh(&relay, first).await.json();
    assert_eq!(repeated.refresh_token, second.refresh_token, "the lost reply again");
    let me = relay.http("GET", "/api/v1/me", Some(second.access_token.as_str()), &Value::Null);
    assert_eq!(me.await.json::<Me>().device, ada.device());
    let third: SignedIn = refresh(&relay, second.refresh_token.as_str()).await.json();
    assert_ne!(third.refresh_token, second.refresh_token);
}

#[tokio::test]
async fn a_reused_refresh_token_ends_the_sign_in_and_the_person_is_told() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let other = relay.sign_in("ada").await;
    let mut stolen = relay.connect(&ada).await;
    let mut watching = relay.connect(&other).await;
    let first = ada.signed_in.refresh_token.as_str();
    let second: SignedIn = refresh(&relay, first).await.json();
    let _third: SignedIn = refresh(&relay, second.refresh_token.as_str()).await.json();
    let refused = refresh(&relay, first).await;
    assert_eq!(refused.status, 401);
    assert_eq!(refused.problem().reason, Some(ProblemReason::TokenInvalid));
    assert_eq!(stolen.closed().await, Some(limits::close::UNAUTHENTICATED));
    let notice = watching.expect(|m| match m {
        RelayMessage::Notice(notice) => Some(notice.kind),
        _ => None,
    });
    assert_eq!(notice.await, NoticeKind::RefreshReused);
    let me = relay.http("GET", "/api/v1/me", Some(ada.token()), &Value::Null).await;
    assert_eq!(me.status, 401, "its access token is dead as well");

    let back = relay.sign_in("ada").await;
    let mut client = relay.connect(&back).await;
    let notices = &client.snapshot.as_ref().unwrap().notices;
    assert_eq!(notices[0].kind, NoticeKind::RefreshReused, "kept until it is delivered");
    client.drain().await;
    let again = relay.connect(&back).await;
    assert!(again.snapshot.as_ref().unwrap().notices.is_empty(), "once");
    for nonsense in ["x", first, ada.token()] {
        assert_eq!(refresh(&relay, nonsense).await.status, 401);
    }
}

#[tokio::test]
async fn signing_out_and_removing_devices() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let other = relay.sign_in("ada").await;
    let eve = relay.sign_up("eve").await;
    let list = relay.http("GET", "/api/v1/devices", Some(ada.token()), &Value::Null).await;
    let list: Vec<Device> = list.json();
    assert_eq!(
        list.iter().map(|d| (d.id, d.this)).collect::<Vec<_>>(),
        [(other.device(), false), (ada.device(), true)]
    );
    let path = format!("/api/v1/devices/{}", ada.device());
    let foreign = relay.http("DELETE", &path, Some(eve.token()), &Value::Null).await;
    assert_eq!(foreign.status, 404, "not hers");
    let out = relay.http("POST", "/api/v1/auth/logout", Some(other.token()), &Value::Null).await;
    assert_eq!(out.status, 204);
    assert_eq!(refresh(&relay, other.signed_in.refresh_token.as_str()).await.status, 401);
    let list = relay.http("GET", "/api/v1/devices", Some(ada.token()), &Value::Null).await;
    assert_eq!(list.json::<Vec<Device>>().len(), 1);
}

#[tokio::test]
async fn a_new_password_signs_out_every_other_device() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let other = relay.sign_in("ada").await;
    let mut elsewhere = relay.connect(&other).await;
    let change = |old: &str, new: &str| json!({ "old_password": old, "new_password": new });
    let path = "/api/v1/me/password";
    let wrong =
        relay.http("POST", path, Some(ada.token()), &change("wrong one", "another good one")).await;
    assert_eq!(wrong.problem().reason, Some(ProblemReason::WrongCredentials));
    assert_eq!(wrong.status, 403, "401 would mean that the token is bad");
    let weak = relay.http("POST", path, Some(ada.token()), &change(PASSWORD, "short")).await;
    assert_eq!(weak.problem().reason, Some(ProblemReason::PasswordLength));
    let done =
        relay.http("POST", path, Some(ada.token()), &change(PASSWORD, "another good one")).await;
    assert_eq!(done.status, 204);
    let notice = elsewhere.expect(|m| match m {
        RelayMessage::Notice(notice) => Some(notice.kind),
        _ => None,
    });
    assert_eq!(notice.await, NoticeKind::PasswordChanged);
    assert_eq!(elsewhere.closed().await, Some(limits::close::REVOKED));
    let me = relay.http("GET", "/api/v1/me", Some(ada.token()), &Value::Null).await;
    assert_eq!(me.status, 200, "this device stays");
}

#[tokio::test]
async fn a_deleted_account_leaves_nothing() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let wrong = json!({ "password": "not the password" });
    let refused = relay.http("DELETE", "/api/v1/me", Some(ada.token()), &wrong).await;
    assert_eq!(refused.status, 403);
    let right = json!({ "password": PASSWORD });
    let done = relay.http("DELETE", "/api/v1/me", Some(ada.token()), &right).await;
    assert_eq!(done.status, 204);
    assert_eq!(a.closed().await, Some(limits::close::REVOKED));
    let gone = g.expect(|m| match m {
        RelayMessage::ContactRemoved { user } => Some(*user),
        _ => None,
    });
    assert_eq!(gone.await, ada.user());
    let gone = g.expect(|m| match m {
        RelayMessage::ConversationRemoved { conversation } => Some(*conversation),
        _ => None,
    });
    assert_eq!(gone.await, conversation);
    let calls = relay.http("GET", "/api/v1/calls", Some(grace.token()), &Value::Null).await;
    assert!(calls.json::<Calls>().calls.is_empty());
    relay.sign_up("ada").await;
}

async fn contacts(relay: &TestRelay, person: &Person) -> Vec<(String, ContactState)> {
    let reply = relay.http("GET", "/api/v1/contacts", Some(person.token()), &Value::Null).await;
    let contacts: Vec<Contact> = reply.json();
    let pairs = contacts.into_iter().map(|c| (c.person.username.as_str().to_owned(), c.state));
    pairs.collect()
}

#[tokio::test]
async fn a_request_becomes_a_contact_with_a_conversation() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let ask = json!({ "username": "grace" });
    let asked = relay.http("POST", "/api/v1/contacts", Some(ada.token()), &ask).await;
    assert_eq!(asked.json::<Contact>().state, ContactState::Outgoing);
    let request = g.expect(|m| match m {
        RelayMessage::ContactChanged { contact } => Some(contact.clone()),
        _ => None,
    });
    let request = request.await;
    assert_eq!((request.person.user, request.state), (ada.user(), ContactState::Incoming));
    let not_theirs = format!("/api/v1/contacts/{}/accept", grace.user());
    let own = relay.http("POST", &not_theirs, Some(ada.token()), &Value::Null).await;
    assert_eq!(own.status, 404, "one cannot accept one's own request");
    let path = format!("/api/v1/contacts/{}/accept", ada.user());
    let accepted = relay.http("POST", &path, Some(grace.token()), &Value::Null).await;
    assert_eq!(accepted.json::<Contact>().state, ContactState::Accepted);
    for client in [&mut a, &mut g] {
        client
            .expect(|m| match m {
                RelayMessage::ConversationChanged { conversation } => {
                    (conversation.members.len() == 2).then_some(())
                }
                _ => None,
            })
            .await;
        client
            .expect(|m| match m {
                RelayMessage::Presence(p) => (p.status == PresenceStatus::Online).then_some(()),
                _ => None,
            })
            .await;
    }
    let path = format!("/api/v1/contacts/{}", ada.user());
    let removed = relay.http("DELETE", &path, Some(grace.token()), &Value::Null).await;
    assert_eq!(removed.status, 204);
    for client in [&mut a, &mut g] {
        let gone =
            |m: &RelayMessage| matches!(m, RelayMessage::ConversationRemoved { .. }).then_some(());
        client.expect(gone).await;
    }
    let list = relay.http("GET", "/api/v1/conversations", Some(ada.token()), &Value::Null).await;
    assert!(list.json::<Conversations>().conversations.is_empty());
    assert!(contacts(&relay, &ada).await.is_empty());
}

#[tokio::test]
async fn asking_for_nobody_for_oneself_and_for_each_other() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    for (name, reason) in [
        ("nobody", ProblemReason::NoSuchUser),
        ("Not A Name", ProblemReason::NoSuchUser),
        ("ada", ProblemReason::Yourself),
    ] {
        let ask = json!({ "username": name });
        let refused = relay.http("POST", "/api/v1/contacts", Some(ada.token()), &ask).await;
        assert_eq!(refused.problem().reason, Some(reason), "{name}");
    }
    for (asking, asked) in [(&ada, "grace"), (&grace, "ada")] {
        let ask = json!({ "username": asked });
        relay.http("POST", "/api/v1/contacts", Some(asking.token()), &ask).await;
    }
    assert_eq!(contacts(&relay, &ada).await, [("grace".to_owned(), ContactState::Accepted)]);
}

#[tokio::test]
async fn a_blocked_person_asks_and_hears_nothing() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let block = json!({ "user": ada.user() });
    let done = relay.http("POST", "/api/v1/blocks", Some(grace.token()), &block).await;
    assert_eq!(done.status, 204);
    let mut g = relay.connect(&grace).await;
    let ask = json!({ "username": "grace" });
    let asked = relay.http("POST", "/api/v1/contacts", Some(ada.token()), &ask).await;
    assert_eq!(asked.json::<Contact>().state, ContactState::Outgoing, "as if nothing was");
    assert!(g.drain().await.is_empty(), "the request does not reach who blocked");
    assert_eq!(contacts(&relay, &grace).await, [("ada".to_owned(), ContactState::Blocked)]);
    let path = format!("/api/v1/blocks/{}", ada.user());
    let undone = relay.http("DELETE", &path, Some(grace.token()), &Value::Null).await;
    assert_eq!(undone.status, 204);
    assert_eq!(contacts(&relay, &grace).await, [("ada".to_owned(), ContactState::Incoming)]);
    let twice = relay.http("DELETE", &path, Some(grace.token()), &Value::Null).await;
    assert_eq!(twice.status, 404);
}

#[tokio::test]
async fn people_are_found_by_their_exact_name_and_not_in_bulk() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let find = |query: &'static str| {
        let (relay, token) = (&relay, ada.token());
        async move { relay.http("GET", query, Some(token), &Value::Null).await }
    };
    let found = find("/api/v1/users?username=grace").await;
    assert_eq!(found.json::<bellwire_protocol::Person>().user, grace.user());
    for absent in ["/api/v1/users?username=grac", "/api/v1/users?username=GRACE"] {
        assert_eq!(find(absent).await.status, 404, "{absent}");
    }
    assert_eq!(find("/api/v1/users").await.status, 400);
    let mut last = 404;
    for _ in 0..40 {
        last = find("/api/v1/users?username=nobody").await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn a_changed_name_reaches_everybody_who_sees_it() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut g = relay.connect(&grace).await;
    let patch = json!({ "display_name": "Countess", "callable_by": "everyone" });
    let done = relay.http("PATCH", "/api/v1/me", Some(ada.token()), &patch).await;
    assert_eq!(done.json::<Me>().display_name.as_str(), "Countess");
    let me = a.expect(|m| match m {
        RelayMessage::MeChanged { me } => Some(me.clone()),
        _ => None,
    });
    assert_eq!(me.await.device, ada.device());
    let name = g.expect(|m| match m {
        RelayMessage::ContactChanged { contact } => Some(contact.person.display_name.clone()),
        _ => None,
    });
    assert_eq!(name.await.as_str(), "Countess");
    let bad = json!({ "display_name": "" });
    let refused = relay.http("PATCH", "/api/v1/me", Some(ada.token()), &bad).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn everything_under_the_interface_wants_a_token_and_hides_what_is_not_yours() {
    let relay = TestRelay::start();
    let (ada, grace, eve) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("eve").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let id = conversation.to_string();
    let absent = support::call_id().to_string();
    let requests = [
        ("POST", "/api/v1/auth/logout".to_owned(), Value::Null, None),
        ("GET", "/api/v1/me".into(), Value::Null, None),
        ("PATCH", "/api/v1/me".into(), json!({}), None),
        ("DELETE", "/api/v1/me".into(), json!({ "password": "x" }), None),
        ("POST", "/api/v1/me/password".into(), json!({}), None),
        ("GET", "/api/v1/devices".into(), Value::Null, None),
        ("DELETE", format!("/api/v1/devices/{}", ada.device()), Value::Null, Some(404)),
        ("GET", "/api/v1/users?username=ada".into(), Value::Null, None),
        ("GET", "/api/v1/contacts".into(), Value::Null, None),
        ("POST", "/api/v1/contacts".into(), json!({ "username": "ada" }), None),
        ("POST", format!("/api/v1/contacts/{}/accept", ada.user()), Value::Null, Some(404)),
        ("DELETE", format!("/api/v1/contacts/{}", ada.user()), Value::Null, Some(404)),
        ("POST", "/api/v1/blocks".into(), json!({ "user": absent }), Some(404)),
        ("DELETE", format!("/api/v1/blocks/{}", ada.user()), Value::Null, Some(404)),
        ("GET", "/api/v1/conversations".into(), Value::Null, None),
        ("GET", format!("/api/v1/conversations/{id}"), Value::Null, Some(404)),
        ("GET", format!("/api/v1/conversations/{absent}"), Value::Null, Some(404)),
        ("GET", format!("/api/v1/calls?conversation={id}"), Value::Null, Some(404)),
        ("GET", format!("/api/v1/calls/{absent}/connection"), Value::Null, Some(404)),
        ("GET", "/api/v1/invites".into(), Value::Null, Some(403)),
        ("DELETE", format!("/api/v1/invites/{absent}"), Value::Null, Some(403)),
    ];
    for (method, path, body, stranger) in requests {
        for token in [None, Some("a.b.c"), Some("")] {
            let reply = relay.http(method, &path, token, &body).await;
            assert_eq!(reply.status, 401, "{method} {path} without a token: {}", reply.text);
            assert_eq!(reply.problem().code, ErrorCode::Unauthenticated);
        }
        if let Some(status) = stranger {
            let reply = relay.http(method, &path, Some(eve.token()), &body).await;
            assert_eq!(reply.status, status, "{method} {path} of a stranger: {}", reply.text);
        }
    }
    let foreign = format!("/api/v1/conversations/{id}");
    let known = relay.http("GET", &foreign, Some(eve.token()), &Value::Null).await.text;
    let nothing = format!("/api/v1/conversations/{absent}");
    let unknown = relay.http("GET", &nothing, Some(eve.token()), &Value::Null).await.text;
    assert_eq!(known, unknown, "what is not hers looks like what is not there");
    let odd = relay.http("GET", "/api/v1/nothing", None, &Value::Null).await;
    assert_eq!((odd.status, odd.problem().code), (404, ErrorCode::NotFound));
}

#[tokio::test]
async fn history_comes_in_pages() {
    let relay = TestRelay::with(|config| config.rings.per_person = 100);
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    for _ in 0..5 {
        let call_id = support::call_id();
        a.ask(support::initiate(call_id, conversation)).await.unwrap();
        a.ask(bellwire_protocol::ClientMessage::CallCancel { call_id }).await.unwrap();
        a.expect(|m| matches!(m, RelayMessage::CallRecorded { .. }).then_some(())).await;
    }
    let mut seen = Vec::new();
    let mut path = "/api/v1/calls?limit=2".to_owned();
    loop {
        let page: Calls = relay.http("GET", &path, Some(ada.token()), &Value::Null).await.json();
        assert!(page.calls.len() <= 2);
        seen.extend(page.calls.iter().map(|record| record.started_at));
        let Some(next) = page.next else { break };
        path = format!("/api/v1/calls?limit=2&before={next}");
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|a, b| a >= b), "newest first");
    for bad in ["limit=0", "limit=101", "limit=x", "before=x"] {
        let path = format!("/api/v1/calls?{bad}");
        let reply = relay.http("GET", &path, Some(ada.token()), &Value::Null).await;
        assert_eq!(reply.status, 400, "{bad}");
    }
}

/// Wherever a name comes in: it is kept in one form, and is none where it shows nothing.
#[tokio::test]
async fn every_name_that_people_see_goes_by_the_same_tables() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    relay.befriend(&ada, &grace).await;
    for (typed, kept) in [
        ("Zoe\u{308}\u{3000}\u{a0}K", Some("Zo\u{eb} K")),
        ("\u{639}\u{644}\u{6cc}\u{200c}\u{631}\u{636}\u{627}", None),
        ("\u{3164}", Some("")),
        ("\u{2800}", Some("")),
        ("a\u{2028}b", Some("")),
        ("a\u{200c}", Some("")),
    ] {
        // None: as it was typed. Empty: refused.
        let kept = kept.unwrap_or(typed);
        let device = json!({
            "username": "ada", "password": PASSWORD,
            "device": { "name": typed, "platform": "cli" },
        });
        let group = json!({ "name": typed, "members": [grace.user()] });
        let patch = json!({ "display_name": typed });
        for (method, path, body, field) in [
            ("PATCH", "/api/v1/me", &patch, Some("display_name")),
            ("POST", "/api/v1/conversations", &group, Some("name")),
            ("POST", "/api/v1/auth/login", &device, None),
        ] {
            let reply = relay.http(method, path, Some(ada.token()), body).await;
            let shown = typed.escape_unicode();
            if kept.is_empty() {
                assert_eq!(reply.status, 400, "{method} {path} {shown}: {}", reply.text);
            } else {
                assert!(reply.status < 300, "{method} {path} {shown}: {}", reply.text);
                if let Some(field) = field {
                    assert_eq!(reply.json::<Value>()[field], kept, "{method} {path} {shown}");
                }
            }
        }
    }
}
