//! Calls between headless clients over a real relay process.

use bellwire_core::api::{
    Account, CallStage, Command, Delivery, Direction, Entry, Home, Outcome, RelayState, Slot,
};
use bellwire_protocol::{CallId, EndReason, Media};
use bellwire_tests::{Person, Relay, Wires};

async fn two(relay: &Relay, wires: &Wires) -> (Person, Person, bellwire_protocol::ConversationId) {
    let ada = Person::new(relay, wires, "ada").await;
    let grace = Person::new(relay, wires, "grace").await;
    let conversation = ada.befriend(&grace).await;
    (ada, grace, conversation)
}

async fn talking(
    relay: &Relay,
    wires: &Wires,
    media: Media,
) -> (Person, Person, bellwire_protocol::ConversationId, CallId) {
    let (ada, grace, conversation) = two(relay, wires).await;
    let call = ada.call(conversation, media).await;
    assert_eq!(grace.ringing().await, call, "the call that rings is the one that was placed");
    grace.dispatch(Command::AcceptCall { call, media });
    ada.connected().await;
    grace.connected().await;
    (ada, grace, conversation, call)
}

fn last_call(home: &Home) -> Option<(Direction, Outcome, Option<u32>)> {
    home.history.iter().find_map(|entry| match entry {
        Entry::Call { direction, outcome, length_s, .. } => Some((*direction, *outcome, *length_s)),
        Entry::Message { .. } => None,
    })
}

fn is_ended(stage: &CallStage, with: EndReason) -> bool {
    matches!(stage, CallStage::Ended { reason, .. } if *reason == with)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_rings_is_accepted_connects_and_is_in_both_histories() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, conversation) = two(&relay, &wires).await;

    let call = ada.call(conversation, Media::Voice).await;
    ada.until_call("that it rings there", |s| matches!(s, CallStage::Dialling { ringing: true }))
        .await;
    assert_eq!(grace.ringing().await, call, "the same call");
    assert_eq!(wires.open(), 1, "only the caller has a connection while it rings");
    grace.dispatch(Command::AcceptCall { call, media: Media::Voice });
    ada.connected().await;
    grace.connected().await;
    assert_eq!(wires.up(), 2, "both ends of one path");
    assert_eq!(wires.cameras_opened(), 0, "a voice call never opens a camera");

    grace.dispatch(Command::HangUp { call });
    ada.until_call("the end", |stage| is_ended(stage, EndReason::Ended)).await;
    let mine = ada.until_home("the history", |home| last_call(home).is_some()).await;
    let theirs = grace.until_home("the history", |home| last_call(home).is_some()).await;
    assert!(matches!(last_call(&mine), Some((Direction::Outgoing, Outcome::Answered, Some(_)))));
    assert!(matches!(last_call(&theirs), Some((Direction::Incoming, Outcome::Answered, Some(_)))));
    assert_eq!(wires.open(), 0, "nothing stays open after the call");
    assert!(relay.metrics().await.contains("signaling_messages_total"), "the relay counts");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declining_tells_the_caller_and_opens_nothing() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, conversation) = two(&relay, &wires).await;
    ada.call(conversation, Media::Video).await;
    let call = grace.ringing().await;
    grace.dispatch(Command::DeclineCall { call });
    ada.until_call("the refusal", |stage| is_ended(stage, EndReason::Declined)).await;
    let theirs = grace.until_home("the history", |home| last_call(home).is_some()).await;
    assert!(matches!(last_call(&theirs), Some((Direction::Incoming, Outcome::Declined, None))));
    assert_eq!(wires.open(), 0, "the caller closed, the callee never opened");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cancelling_stops_the_ring_and_counts_as_missed() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, conversation) = two(&relay, &wires).await;
    let call = ada.call(conversation, Media::Voice).await;
    grace.ringing().await;
    ada.dispatch(Command::HangUp { call });
    let home = grace
        .until_home("a missed call", |home| {
            home.rings.is_empty() && home.conversations.iter().any(|c| c.missed == 1)
        })
        .await;
    assert!(matches!(last_call(&home), Some((Direction::Incoming, Outcome::Missed, None))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_in_a_call_is_busy_and_the_call_is_not_disturbed() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, _, _) = talking(&relay, &wires, Media::Voice).await;
    let joan = Person::new(&relay, &wires, "joan").await;
    let with_grace = joan.befriend(&grace).await;
    joan.call(with_grace, Media::Voice).await;
    joan.until_call("busy", |stage| is_ended(stage, EndReason::Busy)).await;
    ada.connected().await;
    let home = grace.until_home("the missed call", |home| last_call(home).is_some()).await;
    assert!(home.rings.is_empty(), "it never rang");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_people_who_call_each_other_have_one_call_without_another_press() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, conversation) = two(&relay, &wires).await;
    ada.dispatch(Command::PlaceCall { conversation, media: Media::Voice });
    grace.dispatch(Command::PlaceCall { conversation, media: Media::Voice });
    let mine = ada.connected().await;
    let theirs = grace.connected().await;
    assert_eq!(mine.id, theirs.id, "one call");
    assert_eq!(wires.up(), 2, "one path");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_of_two_devices_takes_the_call_and_the_other_stops_ringing() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, conversation) = two(&relay, &wires).await;
    let tablet = Person::again(&relay, &wires, "grace").await;
    let call = ada.call(conversation, Media::Voice).await;
    grace.ringing().await;
    tablet.ringing().await;
    tablet.dispatch(Command::AcceptCall { call, media: Media::Voice });
    let home = grace.until_home("silence", |home| home.rings.is_empty()).await;
    assert!(home.call.is_none(), "the other device is not in the call");
    assert!(home.conversations.iter().all(|c| c.missed == 0), "and nothing was missed");
    ada.connected().await;
    tablet.connected().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mute_and_chat_reach_the_other_side() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, conversation, _) = talking(&relay, &wires, Media::Video).await;
    ada.dispatch(Command::SetSlot { slot: Slot::Audio, on: false });
    grace
        .until_home("that ada is muted", |home| {
            home.call
                .as_ref()
                .is_some_and(|c| c.remotes.iter().all(|r| !r.sends.mic && r.sends.camera))
        })
        .await;

    ada.dispatch(Command::SendChat { conversation, text: "tea?".to_owned() });
    grace.dispatch(Command::OpenConversation { conversation: Some(conversation) });
    ada.dispatch(Command::OpenConversation { conversation: Some(conversation) });
    let heard = |home: &Home| {
        home.open.as_ref().is_some_and(|open| {
            open.entries.iter().any(|e| matches!(e, Entry::Message { text, .. } if text == "tea?"))
        })
    };
    grace.until_home("the message", heard).await;
    ada.until_home("that it was delivered", |home| {
        home.open.as_ref().is_some_and(|open| {
            open.entries
                .iter()
                .any(|e| matches!(e, Entry::Message { delivery: Delivery::Delivered, .. }))
        })
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_comes_back_into_the_same_call_with_the_same_mute() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (mut ada, grace, _, call) = talking(&relay, &wires, Media::Voice).await;
    ada.dispatch(Command::SetSlot { slot: Slot::Audio, on: false });
    ada.until_home("the mute", |home| home.call.as_ref().is_some_and(|c| !c.local.audio.on)).await;
    ada.reload().await;
    let again = ada.connected().await;
    assert_eq!(again.id, call, "the same call");
    assert!(!again.local.audio.on, "still muted");
    assert_eq!(grace.connected().await.id, call, "at the other side too");
    ada.dispatch(Command::HangUp { call });
    grace.until_call("the end", |stage| is_ended(stage, EndReason::Ended)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_outlives_the_relay_and_is_recorded_by_the_next() {
    let (mut relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, _, call) = talking(&relay, &wires, Media::Voice).await;
    relay.kill().await;
    ada.until("that the relay is gone", |v| !matches!(v.relay, RelayState::Online)).await;
    ada.dispatch(Command::SetSlot { slot: Slot::Audio, on: false });
    grace
        .until_home("the mute, without any relay", |home| {
            home.call.as_ref().is_some_and(|c| c.remotes.iter().all(|r| !r.sends.mic))
        })
        .await;
    relay.revive().await;
    ada.until("the relay again", |v| matches!(v.relay, RelayState::Online)).await;
    grace.until("the relay again", |v| matches!(v.relay, RelayState::Online)).await;
    assert_eq!(ada.connected().await.id, call, "the same call");
    ada.dispatch(Command::HangUp { call });
    grace.until_call("the end", |stage| is_ended(stage, EndReason::Ended)).await;
    grace.until_home("the history", |home| last_call(home).is_some()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_who_signs_in_while_it_rings_can_answer() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, _grace, conversation) = two(&relay, &wires).await;
    let call = ada.call(conversation, Media::Voice).await;
    let phone = Person::again(&relay, &wires, "grace").await;
    assert_eq!(phone.ringing().await, call, "it rings on the new device too");
    phone.dispatch(Command::AcceptCall { call, media: Media::Voice });
    ada.connected().await;
    phone.connected().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hanging_up_while_the_relay_is_gone_ends_the_call_at_both_sides() {
    let (mut relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, _, call) = talking(&relay, &wires, Media::Voice).await;
    relay.kill().await;
    grace.until("that the relay is gone", |v| !matches!(v.relay, RelayState::Online)).await;
    ada.dispatch(Command::HangUp { call });
    grace.until_call("the end, without any relay", |stage| is_ended(stage, EndReason::Ended)).await;
    assert_eq!(wires.open(), 0, "nothing stays open");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_out_in_a_call_hangs_up_and_forgets_everything() {
    let (relay, wires) = (Relay::start().await, Wires::default());
    let (ada, grace, _, _) = talking(&relay, &wires, Media::Video).await;
    ada.dispatch(Command::SignOut);
    ada.until("the sign-in form", |v| matches!(v.account, Account::SignedOut { .. })).await;
    grace.until_call("the end", |stage| is_ended(stage, EndReason::Ended)).await;
    assert_eq!(wires.open(), 0, "nothing stays open");
}
