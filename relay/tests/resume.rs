//! Sessions that lose their sockets at the worst moments, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::{ClientMessage, OfferId, RelayMessage, Resume, Sdp, limits};
use support::{Client, Person, TestRelay, answer, call_id, initiate};

/// Takes the session up on a socket whose welcome nobody reads. The former socket shows that the
/// relay did so.
async fn lose_a_welcome(
    relay: &TestRelay,
    person: &Person,
    former: &mut Client,
    resume: &Resume,
) -> Client {
    let mut lost = Client::open(relay.address).await;
    lost.seq = resume.seq;
    lost.hello(person.token(), Some(resume.clone())).await;
    assert_eq!(former.closed().await, Some(limits::close::REPLACED), "it was taken up");
    lost
}

#[tokio::test]
async fn a_resume_can_be_repeated_until_its_welcome_is_used() {
    let relay = TestRelay::start();
    let (ada, grace) = (relay.sign_up("ada").await, relay.sign_up("grace").await);
    let conversation = relay.befriend(&ada, &grace).await;
    let mut a = relay.connect(&ada).await;
    let mut b = relay.connect(&grace).await;
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let offer = b.incoming(call).await;
    a.drain().await;

    // What follows waits for a caller whose sockets die before it reads anything.
    let resume = Resume { session: a.welcome.as_ref().unwrap().session.clone(), seq: a.seq };
    b.ask(answer(call, &offer)).await.unwrap();
    let mut former = lose_a_welcome(&relay, &ada, &mut a, &resume).await;
    let (to, offer_id) = (ada.device(), OfferId::from_parts(1, [9; 10]));
    let sdp = Sdp::new("v=0 restart").unwrap();
    let restart =
        ClientMessage::SdpOffer { call_id: call, to, offer_id, restart: true, sdp, proof: None };
    b.ask(restart).await.unwrap();
    for _ in 0..3 {
        former = lose_a_welcome(&relay, &ada, &mut former, &resume).await;
    }

    let mut back = Client::open(relay.address).await;
    back.seq = resume.seq;
    back.hello(ada.token(), Some(resume.clone())).await;
    let RelayMessage::Welcome(welcome) = back.receive().await else { panic!("no welcome") };
    assert!(welcome.resumed, "the fifth attempt is as good as the first");
    back.expect(|m| matches!(m, RelayMessage::CallAccepted { .. }).then_some(())).await;
    back.expect(|m| matches!(m, RelayMessage::SdpOffer { .. }).then_some(())).await;

    // It is heard, so it has the new name: the former one is over.
    back.drain().await;
    let again = Resume { session: welcome.session.clone(), seq: back.seq };
    let mut stale = Client::open(relay.address).await;
    stale.hello(ada.token(), Some(resume)).await;
    let RelayMessage::Welcome(fresh) = stale.receive().await else { panic!("no welcome") };
    assert!(!fresh.resumed, "a name that was followed by another is over");
    let mut gone = Client::open(relay.address).await;
    gone.hello(ada.token(), Some(again)).await;
    let RelayMessage::Welcome(fresh) = gone.receive().await else { panic!("no welcome") };
    assert!(!fresh.resumed, "and the session that was replaced with it");
}

#[tokio::test]
async fn a_client_that_got_its_welcome_and_was_not_heard_resumes_with_the_new_name() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    let a = relay.connect(&ada).await;
    let second = relay.resume(&ada, &a).await;
    let third = relay.resume(&ada, &second).await;
    assert!(third.welcome.as_ref().unwrap().resumed);
    let stale = relay.resume(&ada, &a).await;
    assert!(!stale.welcome.as_ref().unwrap().resumed, "the first name was followed by two");
}
