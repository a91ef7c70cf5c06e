//! Groups over real sockets: who is asked, who hears of what, who may do what.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::http::Conversations;
use bellwire_protocol::{
    Contact, ContactState, Conversation, ConversationId, EndReason, ErrorCode, RelayMessage, UserId,
};
use serde_json::{Value, json};
use support::{Client, PASSWORD, Person, Reply, TestRelay, initiate};

async fn ask(relay: &TestRelay, who: &Person, method: &str, path: &str, body: Value) -> Reply {
    relay.http(method, &format!("/api/v1{path}"), Some(who.token()), &body).await
}

async fn make(relay: &TestRelay, owner: &Person, invited: &[&Person]) -> ConversationId {
    let members: Vec<_> = invited.iter().map(|who| who.user()).collect();
    let wanted = json!({ "name": "Team", "members": members });
    let made = ask(relay, owner, "POST", "/conversations", wanted).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json::<Conversation>().id
}

/// What a client hears of conversations and presence, in words.
async fn hears(client: &mut Client) -> Vec<String> {
    let said = client.drain().await;
    let word = |message: RelayMessage| match message {
        RelayMessage::ConversationInvited { invitation } => {
            Some(format!("asked by {}", invitation.from.username.as_str()))
        }
        RelayMessage::ConversationChanged { conversation } => {
            let names = |people: &[bellwire_protocol::Person]| {
                let names: Vec<_> = people.iter().map(|p| p.username.as_str()).collect();
                names.join("+")
            };
            let name = conversation.name.map(|name| name.as_str().to_owned());
            let asked = match names(&conversation.invited).as_str() {
                "" => String::new(),
                asked => format!(", asked {asked}"),
            };
            Some(format!("{} {}{asked}", name.unwrap_or_default(), names(&conversation.members)))
        }
        RelayMessage::ConversationRemoved { .. } => Some("gone".into()),
        RelayMessage::Presence(_) => Some("presence".into()),
        RelayMessage::ContactChanged { .. } => Some("contact".into()),
        RelayMessage::ContactRemoved { .. } => Some("contact gone".into()),
        _ => None,
    };
    said.into_iter().filter_map(word).collect()
}

#[tokio::test]
async fn somebody_who_is_asked_shows_nothing_before_they_accept() {
    let relay = TestRelay::start();
    let (ada, grace, eve) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("eve").await);
    relay.befriend(&ada, &grace).await;
    relay.befriend(&ada, &eve).await;
    let (mut a, mut g, mut e) =
        (relay.connect(&ada).await, relay.connect(&grace).await, relay.connect(&eve).await);
    for client in [&mut a, &mut g, &mut e] {
        client.drain().await;
    }
    let team = make(&relay, &ada, &[&grace, &eve]).await;
    assert_eq!(hears(&mut a).await, ["Team ada, asked eve+grace"]);
    assert_eq!(hears(&mut g).await, ["asked by ada"]);
    assert_eq!(hears(&mut e).await, ["asked by ada"]);
    let call = support::call_id();
    a.ask(initiate(call, team)).await.unwrap();
    a.ask(bellwire_protocol::ClientMessage::CallCancel { call_id: call }).await.unwrap();
    assert!(g.drain().await.is_empty(), "nobody is rung before they accept");

    // Grace says yes. Eve, whom she does not know, hears nothing of her, and she nothing of Eve.
    let accept = format!("/conversations/{team}/accept");
    let joined: Conversation = ask(&relay, &grace, "POST", &accept, json!(null)).await.json();
    assert_eq!((joined.members.len(), joined.owner), (2, Some(ada.user())));
    assert_eq!(hears(&mut a).await, ["Team ada+grace, asked eve"]);
    assert_eq!(hears(&mut g).await, ["Team ada+grace"]);
    assert!(e.drain().await.is_empty(), "it is none of hers");
    let late = relay.connect(&eve).await;
    let snapshot = late.snapshot.as_ref().unwrap();
    assert_eq!(snapshot.invitations.len(), 1);
    assert_eq!(snapshot.conversations.len(), 1, "the direct one");
    let shown = serde_json::to_string(&snapshot).unwrap();
    assert!(!shown.contains(&grace.user().to_string()), "no member is named: {shown}");
    let mut e = late;

    let declined = format!("/conversations/{team}/decline");
    assert_eq!(ask(&relay, &eve, "POST", &declined, json!(null)).await.status, 204);
    assert_eq!(hears(&mut e).await, ["gone"]);
    assert_eq!(hears(&mut a).await, ["Team ada+grace"]);
    assert!(g.drain().await.is_empty(), "who was asked by somebody else is not hers to know");
}

#[tokio::test]
async fn members_of_a_group_see_each_others_presence_only_as_contacts() {
    let relay = TestRelay::start();
    let (ada, grace, eve) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("eve").await);
    relay.befriend(&ada, &grace).await;
    relay.befriend(&ada, &eve).await;
    relay.gather(&ada, &[&grace, &eve]).await;
    let mut g = relay.connect(&grace).await;
    g.drain().await;
    let e = relay.connect(&eve).await;
    let presence = &e.snapshot.as_ref().unwrap().presence;
    assert_eq!(presence.iter().map(|p| p.user).collect::<Vec<_>>(), [eve.user()]);
    assert!(g.drain().await.is_empty(), "eve is no contact of grace");
}

#[tokio::test]
async fn a_group_is_left_and_renamed_in_front_of_its_members() {
    let relay = TestRelay::start();
    let (ada, grace, eve) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("eve").await);
    relay.befriend(&ada, &grace).await;
    relay.befriend(&ada, &eve).await;
    let team = relay.gather(&ada, &[&grace, &eve]).await;
    let (mut a, mut g, mut e) =
        (relay.connect(&ada).await, relay.connect(&grace).await, relay.connect(&eve).await);
    for client in [&mut a, &mut g, &mut e] {
        client.drain().await;
    }
    let path = format!("/conversations/{team}");
    let crew = || json!({ "name": "Crew" });
    assert_eq!(ask(&relay, &grace, "PATCH", &path, crew()).await.status, 403, "not the owner");
    assert_eq!(ask(&relay, &ada, "PATCH", &path, crew()).await.status, 200);
    assert_eq!(ask(&relay, &ada, "PATCH", &path, crew()).await.status, 200);
    for client in [&mut a, &mut g, &mut e] {
        assert_eq!(hears(client).await, ["Crew ada+eve+grace"], "once: the second changed nothing");
    }
    let leave = format!("/conversations/{team}/members/{}", ada.user());
    assert_eq!(ask(&relay, &ada, "DELETE", &leave, json!(null)).await.status, 204);
    assert_eq!(hears(&mut a).await, ["gone"]);
    assert_eq!(hears(&mut e).await, ["Crew eve+grace"]);
    let seen: Conversation = ask(&relay, &eve, "GET", &path, json!(null)).await.json();
    assert_eq!(seen.owner, Some(grace.user()), "she came before eve");

    // An account that goes leaves its groups.
    g.drain().await;
    let gone = json!({ "password": PASSWORD });
    assert_eq!(ask(&relay, &grace, "DELETE", "/me", gone).await.status, 204);
    let changed = |message: &RelayMessage| match message {
        RelayMessage::ConversationChanged { conversation } => Some(conversation.owner),
        _ => None,
    };
    assert_eq!(e.expect(changed).await, Some(eve.user()));
}

#[tokio::test]
async fn who_may_do_what_in_a_group() {
    // Each row on a group of its own: what owner, member, asked, contact, stranger and blocked get.
    let rows: [(&str, &str, Value, [u16; 6]); 8] = [
        ("GET", "", json!(null), [200, 200, 404, 404, 404, 404]),
        ("PATCH", "", json!({ "name": "New" }), [200, 403, 404, 404, 404, 404]),
        ("POST", "/accept", json!(null), [200, 200, 200, 404, 404, 404]),
        ("POST", "/decline", json!(null), [404, 404, 204, 404, 404, 404]),
        ("POST", "/invitations", json!({ "user": "contact" }), [200, 200, 404, 404, 404, 404]),
        ("DELETE", "/invitations/asked", json!(null), [204, 404, 404, 404, 404, 404]),
        ("DELETE", "/members/other", json!(null), [204, 403, 404, 404, 404, 404]),
        ("DELETE", "/members/self", json!(null), [204, 204, 404, 404, 404, 404]),
    ];
    for (method, path, body, expected) in rows {
        let relay = TestRelay::start();
        let (owner, member) = (relay.sign_up("owner").await, relay.sign_up("member").await);
        let (asked, other) = (relay.sign_up("asked").await, relay.sign_up("other").await);
        let (contact, stranger) = (relay.sign_up("contact").await, relay.sign_up("stranger").await);
        let blocked = relay.sign_up("blocked").await;
        for who in [&member, &asked, &other, &contact, &blocked] {
            relay.befriend(&owner, who).await;
        }
        relay.befriend(&member, &contact).await;
        let block = json!({ "user": blocked.user() });
        assert_eq!(ask(&relay, &owner, "POST", "/blocks", block).await.status, 204);
        let body = match &body["user"] {
            Value::String(_) => json!({ "user": contact.user() }),
            _ => body,
        };
        let people = [&owner, &member, &asked, &contact, &stranger, &blocked];
        for (who, status) in people.into_iter().zip(expected) {
            let group = relay.gather(&owner, &[&member, &other]).await;
            let wanted = json!({ "user": asked.user() });
            let invitations = format!("/conversations/{group}/invitations");
            assert_eq!(ask(&relay, &owner, "POST", &invitations, wanted).await.status, 200);
            let path = path
                .replace("asked", &asked.user().to_string())
                .replace("other", &other.user().to_string())
                .replace("self", &who.user().to_string());
            let path = format!("/conversations/{group}{path}");
            let signed_out = relay.http(method, &format!("/api/v1{path}"), None, &body).await;
            assert_eq!(signed_out.status, 401, "{method} {path} signed out");
            let reply = ask(&relay, who, method, &path, body.clone()).await;
            assert_eq!(reply.status, status, "{method} {path} of {}: {}", who.name, reply.text);
            if status == 404 {
                let nowhere = support::call_id().to_string();
                let absent = path.replace(&group.to_string(), &nowhere);
                let nothing = ask(&relay, who, method, &absent, body.clone()).await;
                assert_eq!(nothing.text, reply.text, "as if there were no such group");
            }
            let leave = format!("/conversations/{group}/members/{}", owner.user());
            ask(&relay, &owner, "DELETE", &leave, json!(null)).await;
            let withdraw = format!("{invitations}/{}", asked.user());
            ask(&relay, &owner, "DELETE", &withdraw, json!(null)).await;
        }
    }
}

async fn contacts(relay: &TestRelay, who: &Person) -> Vec<(UserId, ContactState)> {
    let listed: Vec<Contact> = ask(relay, who, "GET", "/contacts", json!(null)).await.json();
    listed.into_iter().map(|contact| (contact.person.user, contact.state)).collect()
}

/// Whoever blocked keeps the block in the list, whatever the blocked person does.
#[tokio::test]
async fn a_blocked_person_cannot_disappear_from_who_blocked_them() {
    let relay = TestRelay::start();
    let (ada, eve) = (relay.sign_up("ada").await, relay.sign_up("eve").await);
    relay.befriend(&ada, &eve).await;
    let mut a = relay.connect(&ada).await;
    let block = json!({ "user": eve.user() });
    ask(&relay, &ada, "POST", "/blocks", block).await;
    a.drain().await;
    let remove = format!("/contacts/{}", ada.user());
    assert_eq!(ask(&relay, &eve, "DELETE", &remove, json!(null)).await.status, 204);
    assert_eq!(hears(&mut a).await, ["gone"], "the conversation, not the blocked person");
    assert_eq!(contacts(&relay, &ada).await, [(eve.user(), ContactState::Blocked)]);
    assert!(contacts(&relay, &eve).await.is_empty());
    // She asks again and is neither heard nor seen to ask.
    ask(&relay, &eve, "POST", "/contacts", json!({ "username": "ada" })).await;
    ask(&relay, &eve, "DELETE", &remove, json!(null)).await;
    assert!(hears(&mut a).await.is_empty());
    let unblock = format!("/blocks/{}", eve.user());
    assert_eq!(ask(&relay, &ada, "DELETE", &unblock, json!(null)).await.status, 204);
    assert_eq!(hears(&mut a).await, ["contact gone"]);
    assert!(contacts(&relay, &ada).await.is_empty(), "nothing is left between the two");

    // The blocked account that goes is gone from the list of who blocked it, contact or not.
    let block = json!({ "user": eve.user() });
    ask(&relay, &ada, "POST", "/blocks", block).await;
    a.drain().await;
    ask(&relay, &eve, "DELETE", "/me", json!({ "password": PASSWORD })).await;
    let gone = |message: &RelayMessage| match message {
        RelayMessage::ContactRemoved { user } => Some(*user),
        _ => None,
    };
    assert_eq!(a.expect(gone).await, eve.user());
}

#[tokio::test]
async fn a_blocked_person_invites_and_is_not_heard() {
    let relay = TestRelay::start();
    let (ada, eve) = (relay.sign_up("ada").await, relay.sign_up("eve").await);
    relay.befriend(&ada, &eve).await;
    let mut a = relay.connect(&ada).await;
    let block = json!({ "user": eve.user() });
    ask(&relay, &ada, "POST", "/blocks", block).await;
    a.drain().await;
    let team = make(&relay, &eve, &[&ada]).await;
    assert!(a.drain().await.is_empty(), "nothing reaches who blocked");
    let listed: Conversations =
        ask(&relay, &ada, "GET", "/conversations", json!(null)).await.json();
    assert!(listed.invitations.is_empty());
    let accept = format!("/conversations/{team}/accept");
    assert_eq!(ask(&relay, &ada, "POST", &accept, json!(null)).await.status, 404);
    let seen: Conversation =
        ask(&relay, &eve, "GET", &format!("/conversations/{team}"), json!(null)).await.json();
    assert_eq!(seen.invited.len(), 1, "no answer tells the block");
}

/// Whoever goes out of a group goes out of its calls.
#[tokio::test]
async fn calls_of_a_group_end_for_whoever_is_not_in_it_any_more() {
    let relay = TestRelay::start();
    let (ada, grace, eve) =
        (relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("eve").await);
    relay.befriend(&ada, &grace).await;
    relay.befriend(&ada, &eve).await;
    let team = relay.gather(&ada, &[&grace, &eve]).await;
    let (mut a, mut g, mut e) =
        (relay.connect(&ada).await, relay.connect(&grace).await, relay.connect(&eve).await);
    let call = support::call_id();
    a.ask(initiate(call, team)).await.unwrap();
    g.incoming(call).await;
    let offer = e.incoming(call).await;
    let out = |who: &Person| format!("/conversations/{team}/members/{}", who.user());
    assert_eq!(ask(&relay, &ada, "DELETE", &out(&grace), json!(null)).await.status, 204);
    assert_eq!(g.ended(call).await, EndReason::Cancelled, "it rings no longer");
    e.ask(support::answer(call, &offer)).await.unwrap();
    let again = g.ask(support::answer(call, &offer)).await;
    assert!(again.is_err(), "and cannot be answered: {again:?}");
    assert_eq!(ask(&relay, &eve, "DELETE", &out(&eve), json!(null)).await.status, 204);
    assert_eq!(e.ended(call).await, EndReason::Ended, "who left is not in the call");
    assert_eq!(a.ended(call).await, EndReason::Ended, "and nobody else is");
    let refused = e.ask(initiate(support::call_id(), team)).await;
    assert_eq!(refused, Err((ErrorCode::NotFound, None)));
}
