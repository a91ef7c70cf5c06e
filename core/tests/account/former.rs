//! A sign-in that the relay does not renew: the password is asked for again, and what is kept waits.

use bellwire_core::KeptChat;
use bellwire_core::api::FormerSignIn;
use bellwire_protocol::{
    CallableBy, ChatId, ChatText, Conversation, ConversationId, ConversationKind, DisplayName,
    Limits, Me, Person, RelayFrame, RelayMessage, ResumeToken, Snapshot, Username, Welcome,
};

use super::*;

const PLACE: ConversationId = ConversationId::from_bytes([3; 16]);

fn chat() -> Record {
    Record::Chat {
        conversation: PLACE,
        id: ChatId::from_parts(1, [0; 10]),
        message: Some(KeptChat {
            id: ChatId::from_parts(1, [0; 10]),
            from: UserId::from_bytes([9; 16]),
            text: ChatText::new("the kept words").unwrap(),
            at: UNIX,
            delivered: true,
        }),
    }
}

fn refused(reason: ProblemReason) -> Result<(u16, String), HttpFailure> {
    Ok(problem(401, ErrorCode::Unauthenticated, Some(reason)))
}

/// Signed in with something kept, until the relay refused to renew it.
fn former() -> Bench {
    let mut bench = Bench::new(vec![kept(UNIX), chat()]);
    bench.reply("/auth/refresh", refused(ProblemReason::TokenInvalid));
    bench
}

fn names(bench: &Bench) -> Option<FormerSignIn> {
    match bench.account() {
        Account::SignedOut { former, .. } => former.clone(),
        other => panic!("{other:?}"),
    }
}

fn answer_of(user: u8) -> Result<(u16, String), HttpFailure> {
    let answer: SignedIn = serde_json::from_str(&signed_in(7)).unwrap();
    let user = UserId::from_bytes([user; 16]);
    Ok((200, encode(&SignedIn { user, ..answer })))
}

/// Opens the session and shows the conversation.
pub(super) fn welcome(bench: &mut Bench) {
    bench.input(Input::Link(LinkEvent::Opened));
    let person = |n: u8| Person {
        user: UserId::from_bytes([n; 16]),
        username: Username::new(format!("user{n}")).unwrap(),
        display_name: DisplayName::new(format!("User {n}")).unwrap(),
    };
    let me = Me {
        user: person(1).user,
        device: DeviceId::from_bytes([2; 16]),
        username: person(1).username,
        display_name: person(1).display_name,
        callable_by: CallableBy::Contacts,
        administrator: false,
    };
    let welcome = Welcome {
        session: ResumeToken::new("session").unwrap(),
        resumed: false,
        me,
        ice_servers: Vec::new(),
        limits: Limits::default(),
        features: Vec::new(),
        version: "0".into(),
        server_time: UNIX + bench.now,
    };
    let conversation = Conversation {
        id: PLACE,
        kind: ConversationKind::Direct,
        name: None,
        members: vec![person(1), person(9)],
        owner: None,
        invited: Vec::new(),
        created_at: UNIX,
        last_call: None,
    };
    let snapshot = Snapshot { conversations: vec![conversation], ..Snapshot::default() };
    for (seq, message) in [
        (1, RelayMessage::Welcome(Box::new(welcome))),
        (2, RelayMessage::Snapshot(Box::new(snapshot))),
    ] {
        bench.input(Input::Relay(RelayFrame { seq, message }));
    }
    bench.input(Input::Command(Command::OpenConversation { conversation: Some(PLACE) }));
}

fn shows_the_words(bench: &Bench) -> bool {
    format!("{:?}", bench.view).contains("the kept words")
}

#[test]
fn a_renewal_whose_reply_was_lost_is_repeated_at_once_with_the_same_token() {
    let mut bench = Bench::new(vec![kept(UNIX + 600_000)]);
    bench.now = 400_000;
    bench.input(Input::Tick);
    let mut pauses = Vec::new();
    for _ in 0..9 {
        let lost_at = bench.now;
        bench.reply("/auth/refresh", Err(HttpFailure::Unreachable));
        let again = |bench: &Bench| {
            bench.requests.iter().any(|request| {
                request.url.ends_with("/auth/refresh")
                    && request.body.as_ref().unwrap().contains("refresh0")
            })
        };
        while !again(&bench) {
            bench.wait(15_000);
        }
        pauses.push(bench.now - lost_at);
    }
    assert!(pauses[0] <= 500, "the relay may have changed the token already: {pauses:?}");
    assert!(pauses[1] <= 300, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= 12_000), "without end: {pauses:?}");
    assert!(pauses[8] >= 4_000, "and without a storm: {pauses:?}");
    assert!(bench.is_signed_in());
}

#[test]
fn a_relay_that_is_busy_is_left_alone_as_long_as_it_asks_but_no_longer_than_a_minute() {
    for (asked, least, most) in [(3_000, 3_000, 4_500), (u64::MAX, 60_000, 90_000)] {
        let mut bench = Bench::new(vec![kept(UNIX)]);
        let busy = Problem {
            status: 429,
            title: "no".into(),
            code: ErrorCode::RateLimited,
            reason: None,
            retry_after_ms: Some(asked),
        };
        bench.reply("/auth/refresh", Ok((429, encode(&busy))));
        let is_asked =
            |bench: &Bench| bench.requests.iter().any(|one| one.url.ends_with("/auth/refresh"));
        while !is_asked(&bench) {
            bench.wait(100_000);
        }
        assert!((least..=most).contains(&bench.now), "{} for {asked}", bench.now);
    }
}

#[test]
fn a_refused_sign_in_asks_for_the_password_and_keeps_everything() {
    let bench = former();
    let asked = FormerSignIn { username: "user1".into(), name: "User 1".into() };
    assert_eq!(names(&bench), Some(asked.clone()));
    assert!(!bench.stored.contains(&Record::Erased), "nothing is erased");
    assert_eq!(bench.links, [], "no connection is opened");
    let Some(Record::SignIn(Some(over))) =
        bench.stored.iter().rev().find(|record| matches!(record, Record::SignIn(_)))
    else {
        panic!("the sign-in is kept: {:?}", bench.stored)
    };
    let later = Bench::new(vec![Record::SignIn(Some(over.clone())), chat()]);
    assert_eq!(names(&later), Some(asked), "the same after a restart");
    assert!(!later.requests.iter().any(|request| request.url.contains("/auth/")));
    assert!(!later.stored.contains(&Record::Erased));
    assert!(!shows_the_words(&later), "and nobody reads it meanwhile");
}

#[test]
fn the_same_person_finds_what_was_kept() {
    let mut bench = former();
    bench.sign_in();
    bench.reply("/auth/login", refused(ProblemReason::WrongCredentials));
    assert!(names(&bench).is_some(), "a wrong password changes nothing");
    bench.sign_in();
    bench.reply("/auth/login", answer_of(1));
    assert!(bench.is_signed_in());
    assert!(!bench.stored.contains(&Record::Erased));
    welcome(&mut bench);
    assert!(shows_the_words(&bench));
}

#[test]
fn another_person_finds_nothing_of_it() {
    let mut bench = former();
    bench.sign_in();
    bench.reply("/auth/login", answer_of(4));
    assert!(bench.is_signed_in());
    let erased = bench.stored.iter().position(|record| *record == Record::Erased);
    let signed_in = bench.stored.iter().rposition(|record| matches!(record, Record::SignIn(_)));
    assert!(erased.is_some() && erased < signed_in, "erased, and then signed in");
    welcome(&mut bench);
    assert!(!shows_the_words(&bench));
}

#[test]
fn what_belongs_to_nobody_known_is_for_nobody() {
    let mut bench = Bench::new(vec![chat()]);
    bench.sign_in();
    bench.reply("/auth/login", answer_of(1));
    assert!(bench.stored.contains(&Record::Erased));
    welcome(&mut bench);
    assert!(!shows_the_words(&bench));
}

#[test]
fn signing_out_of_a_former_sign_in_erases_it() {
    let mut bench = former();
    bench.input(Input::Command(Command::SignOut));
    assert!(bench.stored.contains(&Record::Erased));
    assert_eq!(names(&bench), None);
    bench.sign_in();
    bench.reply("/auth/login", answer_of(1));
    welcome(&mut bench);
    assert!(!shows_the_words(&bench));
}

#[test]
fn a_former_sign_in_stays_with_its_relay() {
    let mut bench = former();
    bench.input(Input::Command(Command::SetRelay { address: "elsewhere.example".into() }));
    bench.sign_in();
    assert!(bench.requests.iter().all(|request| request.url.starts_with("https://x/")));
}

#[test]
fn only_the_owner_of_the_account_has_a_device_erased() {
    let reasons = [
        None,
        Some(ProblemReason::TokenInvalid),
        Some(ProblemReason::WrongCredentials),
        Some(ProblemReason::StoreUnavailable),
        Some(ProblemReason::SignInEnded),
    ];
    for status in [400, 401, 403, 404, 413, 418, 429, 500, 502, 503] {
        for reason in reasons {
            let mut bench = Bench::new(vec![kept(UNIX), chat()]);
            bench.reply("/auth/refresh", Ok(problem(status, ErrorCode::Unauthenticated, reason)));
            assert_eq!(
                bench.stored.contains(&Record::Erased),
                reason == Some(ProblemReason::SignInEnded),
                "{status} {reason:?}"
            );
        }
    }
    for code in 4_000..4_040 {
        let mut bench = Bench::new(vec![kept(UNIX + 600_000), chat()]);
        bench.input(Input::Link(LinkEvent::Opened));
        bench.input(Input::Link(LinkEvent::Closed { code: Some(code) }));
        assert_eq!(bench.stored.contains(&Record::Erased), code == 4_003, "{code}");
        if code == 4_003 {
            assert_eq!(bench.problem(), Some(SignInProblem::Revoked));
        }
    }
}
