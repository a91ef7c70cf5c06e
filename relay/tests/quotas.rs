//! What a signed-in person may ask for, how often, and what others hear of it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::http::ROUTES;
use bellwire_protocol::{ErrorCode, RelayMessage};
use bellwire_relay::accounts::http::{CLASSES, Class, class_of};
use serde_json::{Value, json};
use support::{Client, Person, TestRelay};

async fn status(relay: &TestRelay, who: &Person, method: &str, path: &str, body: &Value) -> u16 {
    relay.http(method, &format!("/api/v1{path}"), Some(who.token()), body).await.status
}

fn filled(path: &str) -> String {
    let id = support::call_id().to_string();
    path.replace("{id}", &id).replace("{user}", &id)
}

/// Every request that the page lists, whatever it is: over its budget it is refused with a time.
#[tokio::test]
async fn every_request_of_a_signed_in_person_has_an_end() {
    let relay = TestRelay::start();
    for class in CLASSES {
        let who = relay.sign_up(&format!("{class:?}").to_lowercase()).await;
        let routes: Vec<_> =
            ROUTES.iter().filter(|r| class_of(r.method, r.path) == Some(class)).collect();
        // Nothing here is anything: it is counted all the same.
        let (most, _) = class.budget();
        let cheap = routes.iter().find(|route| route.path.contains('{')).unwrap_or(&routes[0]);
        for n in 0..most {
            let status = status(&relay, &who, cheap.method, &filled(cheap.path), &json!({})).await;
            assert!(
                status != 429 && status != 500,
                "{} {}: {n}: {status}",
                cheap.method,
                cheap.path
            );
        }
        for route in routes {
            let path = format!("/api/v1{}", filled(route.path));
            let reply = relay.http(route.method, &path, Some(who.token()), &json!({})).await;
            assert_eq!(reply.status, 429, "{} {}: {}", route.method, route.path, reply.text);
            assert_eq!(reply.problem().code, ErrorCode::RateLimited);
            assert!(reply.problem().retry_after_ms.is_some_and(|ms| ms > 0));
            assert!(reply.header("retry-after").is_some());
        }
        let other =
            if class == Class::Read { ("GET", "/users?username=x") } else { ("GET", "/me") };
        let free = status(&relay, &who, other.0, other.1, &Value::Null).await;
        assert_ne!(free, 429, "a budget is of one class");
    }
}

fn concerns_people(message: &RelayMessage) -> bool {
    matches!(
        message,
        RelayMessage::ContactChanged { .. }
            | RelayMessage::ContactRemoved { .. }
            | RelayMessage::ConversationChanged { .. }
            | RelayMessage::ConversationRemoved { .. }
            | RelayMessage::ConversationInvited { .. }
            | RelayMessage::MeChanged { .. }
            | RelayMessage::Presence(_)
    )
}

async fn frames(client: &mut Client) -> usize {
    client.drain().await.iter().filter(|message| concerns_people(message)).count()
}

#[tokio::test]
async fn what_changes_nothing_is_told_to_nobody() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let eve = relay.sign_up("eve").await;
    relay.befriend(&ada, &grace).await;
    let team = relay.gather(&ada, &[&grace]).await;
    let ask = json!({ "username": "eve" });
    status(&relay, &ada, "POST", "/contacts", &ask).await;
    status(&relay, &ada, "POST", "/blocks", &json!({ "user": eve.user() })).await;
    let name = json!({ "display_name": "ADA", "callable_by": "contacts" });
    let accept = format!("/contacts/{}/accept", grace.user());
    let join = format!("/conversations/{team}/accept");
    let rename = format!("/conversations/{team}");
    let (mut a, mut g, mut e) =
        (relay.connect(&ada).await, relay.connect(&grace).await, relay.connect(&eve).await);
    for client in [&mut a, &mut g, &mut e] {
        client.drain().await;
    }
    for (method, path, body) in [
        ("POST", accept.as_str(), &Value::Null),
        ("POST", "/contacts", &json!({ "username": "grace" })),
        ("POST", "/contacts", &ask),
        ("POST", "/blocks", &json!({ "user": eve.user() })),
        ("PATCH", "/me", &name),
        ("PATCH", "/me", &json!({})),
        ("POST", join.as_str(), &Value::Null),
        ("PATCH", rename.as_str(), &json!({ "name": "Team" })),
    ] {
        for _ in 0..2 {
            let status = status(&relay, &ada, method, path, body).await;
            assert!(status < 300, "{method} {path}: {status}");
        }
        let heard = [frames(&mut a).await, frames(&mut g).await, frames(&mut e).await];
        assert_eq!(heard, [0, 0, 0], "{method} {path}");
    }
}

/// Eighteen names, each new: one is told at once, and the last of them a little later.
#[tokio::test]
async fn a_burst_of_names_is_told_at_once_and_at_its_end() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    relay.befriend(&ada, &grace).await;
    let team = relay.gather(&ada, &[&grace]).await;
    let mut g = relay.connect(&grace).await;
    g.drain().await;
    for n in 1..=18 {
        let name = json!({ "display_name": format!("Ada {n}") });
        assert_eq!(status(&relay, &ada, "PATCH", "/me", &name).await, 200);
        let name = json!({ "name": format!("Team {n}") });
        let path = format!("/conversations/{team}");
        assert_eq!(status(&relay, &ada, "PATCH", &path, &name).await, 200);
    }
    let mut told = 0;
    let (mut person, mut group) = (false, false);
    while !(person && group) {
        let message = g.receive().await;
        told += usize::from(concerns_people(&message));
        match &message {
            RelayMessage::ContactChanged { contact } => {
                person |= contact.person.display_name.as_str() == "Ada 18";
            }
            RelayMessage::ConversationChanged { conversation } => {
                group |= conversation.name.as_ref().is_some_and(|n| n.as_str() == "Team 18");
            }
            _ => {}
        }
    }
    // Each telling of her name is a contact and two conversations, of the group's name one; two or
    // three tellings of each, as long as the requests took.
    assert!(told <= 3 * 4, "{told} frames for 36 changes");
}
