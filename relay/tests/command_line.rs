//! What the command line changes beside a running relay reaches people as if it had been done over
//! HTTP: the real binary, and the store that the two share.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bellwire_protocol::{ConversationId, EndReason, RelayMessage, Snapshot, UserId, limits};
use serde_json::{Value, json};
use support::{Client, PASSWORD, Person, TestRelay, answer, call_id, initiate};
use tempfile::TempDir;

/// What an account's removal may take to reach people.
const SOON: Duration = Duration::from_secs(2);

/// Runs the command line on a relay's folder.
async fn run(folder: &TempDir, arguments: &[&str], input: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwire-relay"));
    command.env_clear().env("BELLWIRE_DATA_DIR", folder.path()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let input = input.to_owned();
    let ended = tokio::task::spawn_blocking(move || {
        let mut child = command.spawn().unwrap();
        // One that ends without reading is judged by what it says.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    });
    let output = ended.await.unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// How an account is removed.
#[derive(Debug, Clone, Copy)]
enum By {
    CommandLine,
    Http,
}

async fn remove(relay: &TestRelay, person: &Person, by: By) {
    match by {
        By::CommandLine => run(&relay.folder, &["user", "remove", &person.name], "").await,
        By::Http => {
            let body = json!({ "password": PASSWORD });
            let reply = relay.http("DELETE", "/api/v1/me", Some(person.token()), &body).await;
            assert_eq!(reply.status, 204, "{}", reply.text);
        }
    }
}

async fn hears_of_removal(client: &mut Client, gone: UserId, direct: ConversationId) {
    client
        .expect(|m| {
            matches!(m, RelayMessage::ContactRemoved { user } if *user == gone).then_some(())
        })
        .await;
    client
        .expect(|m| match m {
            RelayMessage::ConversationRemoved { conversation } if *conversation == direct => {
                Some(())
            }
            _ => None,
        })
        .await;
}

#[tokio::test]
async fn a_removed_account_rings_no_more_and_leaves_every_list_whoever_removed_it() {
    for by in [By::CommandLine, By::Http] {
        let relay = TestRelay::start();
        let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
        let direct = relay.befriend(&ada, &grace).await;
        let mut a = relay.connect(&ada).await;
        let mut g = relay.connect(&grace).await;
        let call = call_id();
        a.ask(initiate(call, direct)).await.unwrap();
        g.incoming(call).await;
        remove(&relay, &grace, by).await;
        let since = Instant::now();
        // What a client keeps is its owner's to give up.
        let code = match by {
            By::CommandLine => limits::close::UNAUTHENTICATED,
            By::Http => limits::close::REVOKED,
        };
        assert_eq!(g.closed().await, Some(code), "{by:?}");
        assert_eq!(a.ended(call).await, EndReason::Unreachable, "{by:?}");
        hears_of_removal(&mut a, grace.user(), direct).await;
        assert!(since.elapsed() < SOON, "{by:?}: {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn the_calls_of_a_removed_account_end_whoever_removed_it() {
    for by in [By::CommandLine, By::Http] {
        let relay = TestRelay::start();
        let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
        let lin = relay.sign_up("lin").await;
        let with_grace = relay.befriend(&ada, &grace).await;
        let with_lin = relay.befriend(&lin, &grace).await;
        let mut a = relay.connect(&ada).await;
        let mut g = relay.connect(&grace).await;
        let mut l = relay.connect(&lin).await;
        let live = call_id();
        a.ask(initiate(live, with_grace)).await.unwrap();
        let offer = g.incoming(live).await;
        g.ask(answer(live, &offer)).await.unwrap();
        // Somebody else rings, whom nobody will answer.
        let ringing = call_id();
        l.ask(initiate(ringing, with_lin)).await.unwrap();
        remove(&relay, &grace, by).await;
        let since = Instant::now();
        assert_eq!(a.ended(live).await, EndReason::Ended, "{by:?}");
        assert_eq!(l.ended(ringing).await, EndReason::Unreachable, "{by:?}");
        hears_of_removal(&mut a, grace.user(), with_grace).await;
        hears_of_removal(&mut l, grace.user(), with_lin).await;
        assert!(since.elapsed() < SOON, "{by:?}: {:?}", since.elapsed());
    }
}

#[tokio::test]
async fn a_removed_account_that_was_not_connected_rings_no_more_either() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let direct = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let call = call_id();
    a.ask(initiate(call, direct)).await.unwrap();
    remove(&relay, &grace, By::CommandLine).await;
    assert_eq!(a.ended(call).await, EndReason::Unreachable);
    hears_of_removal(&mut a, grace.user(), direct).await;
}

#[tokio::test]
async fn a_group_goes_on_without_its_removed_member_whoever_removed_it() {
    for by in [By::CommandLine, By::Http] {
        let relay = TestRelay::start();
        let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
        let lin = relay.sign_up("lin").await;
        relay.befriend(&ada, &grace).await;
        relay.befriend(&ada, &lin).await;
        let group = relay.gather(&ada, &[&grace, &lin]).await;
        // Lin knows Grace from the group only.
        let mut l = relay.connect(&lin).await;
        remove(&relay, &grace, by).await;
        let since = Instant::now();
        let changed = l.expect(|m| match m {
            RelayMessage::ConversationChanged { conversation } if conversation.id == group => {
                Some(conversation.clone())
            }
            _ => None,
        });
        let members: BTreeSet<UserId> = changed.await.members.iter().map(|m| m.user).collect();
        assert_eq!(members, BTreeSet::from([ada.user(), lin.user()]), "{by:?}");
        assert!(since.elapsed() < SOON, "{by:?}: {:?}", since.elapsed());
    }
}

/// People and conversations as somebody's lists show them.
fn lists(snapshot: &Snapshot) -> (BTreeSet<UserId>, BTreeSet<ConversationId>) {
    let people = snapshot.contacts.iter().map(|contact| contact.person.user).collect();
    (people, snapshot.conversations.iter().map(|conversation| conversation.id).collect())
}

#[tokio::test]
async fn after_every_command_a_connected_person_sees_what_a_new_window_would_show() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    for name in ["grace", "lin"] {
        let person = relay.sign_up(name).await;
        relay.befriend(&ada, &person).await;
    }
    let mut client = relay.connect(&ada).await;
    let (mut people, mut conversations) = lists(client.snapshot.as_ref().unwrap());
    assert_eq!((people.len(), conversations.len()), (2, 2));
    for (arguments, input, heard) in [
        (&["user", "add", "hedy", "--password-stdin"][..], PASSWORD, 0),
        (&["invite", "create"], "", 0),
        (&["user", "list"], "", 0),
        (&["user", "remove", "grace"], "", 2),
        (&["user", "remove", "hedy"], "", 0),
        (&["user", "remove", "lin"], "", 2),
    ] {
        run(&relay.folder, arguments, input).await;
        for _ in 0..heard {
            let gone = client.expect(|m| match m {
                RelayMessage::ContactRemoved { .. } | RelayMessage::ConversationRemoved { .. } => {
                    Some(m.clone())
                }
                _ => None,
            });
            match gone.await {
                RelayMessage::ContactRemoved { user } => assert!(people.remove(&user)),
                RelayMessage::ConversationRemoved { conversation } => {
                    assert!(conversations.remove(&conversation));
                }
                other => panic!("{other:?}"),
            }
        }
        let list = async |path: &str| -> Value {
            relay.http("GET", path, Some(ada.token()), &Value::Null).await.json()
        };
        let now = list("/api/v1/contacts").await.as_array().unwrap().len();
        assert_eq!(people.len(), now, "{arguments:?}");
        let now = list("/api/v1/conversations").await["conversations"].as_array().unwrap().len();
        assert_eq!(conversations.len(), now, "{arguments:?}");
    }
}

#[tokio::test]
async fn what_was_removed_while_no_relay_ran_is_told_once_and_forgotten() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    relay.befriend(&ada, &grace).await;
    let folder = relay.stop().await;
    run(&folder, &["user", "remove", "grace"], "").await;
    let relay = TestRelay::at(folder, |_| {});
    let mut a = relay.connect(&ada).await;
    assert!(a.snapshot.as_ref().unwrap().contacts.is_empty());
    // A second removal comes behind the first one.
    let lin = relay.sign_up("lin").await;
    let direct = relay.befriend(&ada, &lin).await;
    remove(&relay, &lin, By::Http).await;
    hears_of_removal(&mut a, lin.user(), direct).await;
    let again = a.drain().await;
    let told = |m: &RelayMessage| matches!(m, RelayMessage::ContactRemoved { user } if *user == lin.user());
    assert!(!again.iter().any(told), "once");
}
