//! A new password by a code: whose it is, before it is used, and what becomes of what is kept.

use bellwire_core::api::ResetFor;
use bellwire_protocol::{
    DisplayName, NoticeKind, Person, RelayFrame, RelayMessage, SecurityNotice, Username,
};

use super::*;

const LINK: &str = "https://x/#reset=Zm9yZ290dGVu";

fn person(n: u8) -> (u16, String) {
    let username = Username::new(format!("user{n}")).unwrap();
    let display_name = DisplayName::new(format!("User {n}")).unwrap();
    (200, encode(&Person { user: UserId::from_bytes([n; 16]), username, display_name }))
}

fn over() -> (u16, String) {
    problem(403, ErrorCode::Forbidden, Some(ProblemReason::ResetCodeInvalid))
}

fn known(bench: &Bench) -> Option<ResetFor> {
    match bench.account() {
        Account::SignedOut { reset, .. } => reset.clone(),
        other => panic!("{other:?}"),
    }
}

fn check(bench: &mut Bench, code: &str) {
    bench.input(Input::Command(Command::CheckReset { code: code.into() }));
}

fn set(bench: &mut Bench, password: &str) {
    bench.input(Input::Command(Command::ResetPassword { password: password.into() }));
}

fn asked(bench: &Bench, path: &str) -> Option<String> {
    let request = bench.requests.iter().rev().find(|request| request.url.ends_with(path))?;
    request.body.clone()
}

fn invalid() -> Option<SignInProblem> {
    Some(SignInProblem::Refused { reason: ProblemReason::ResetCodeInvalid })
}

/// Signed in, until the relay refused to renew it.
fn refused() -> Bench {
    let mut bench = Bench::new(vec![kept(UNIX)]);
    let ended = problem(401, ErrorCode::Unauthenticated, Some(ProblemReason::TokenInvalid));
    bench.reply("/auth/refresh", Ok(ended));
    bench
}

#[test]
fn a_link_says_whose_password_it_sets_and_the_new_one_signs_in() {
    let mut bench = Bench::new(Vec::new());
    check(&mut bench, LINK);
    assert!(matches!(bench.account(), Account::SignedOut { busy: true, .. }));
    let body = asked(&bench, "/auth/reset/check").unwrap();
    assert!(body.contains("\"Zm9yZ290dGVu\"") && !body.contains("https"), "the code alone: {body}");
    bench.reply("/auth/reset/check", Ok(person(1)));
    let whose = ResetFor { username: "user1".into(), name: "User 1".into() };
    assert_eq!(known(&bench), Some(whose));
    assert!(!format!("{:?}", bench.view).contains("Zm9y"), "the UI has no use for the code");
    assert_eq!(asked(&bench, "/auth/reset"), None, "nothing is set yet");

    set(&mut bench, "");
    let reason = ProblemReason::PasswordLength;
    assert_eq!(bench.problem(), Some(SignInProblem::Refused { reason }));
    set(&mut bench, "four loud geese");
    let body = asked(&bench, "/auth/reset").unwrap();
    assert!(body.contains("\"Zm9yZ290dGVu\"") && body.contains("\"four loud geese\""), "{body}");
    bench.reply("/auth/reset", Ok((200, signed_in(1))));
    assert!(bench.is_signed_in());
    let kept = bench.stored.iter().rev().find_map(|record| match record {
        Record::SignIn(Some(kept)) => Some(kept.username.clone()),
        _ => None,
    });
    assert_eq!(kept.as_deref(), Some("user1"));
}

#[test]
fn a_code_that_is_refused_is_asked_for_again_and_a_weak_password_is_not_the_codes_fault() {
    let mut bench = Bench::new(Vec::new());
    check(&mut bench, "made up");
    bench.reply("/auth/reset/check", Ok(over()));
    assert_eq!((bench.problem(), known(&bench)), (invalid(), None));
    check(&mut bench, LINK);
    assert_eq!(bench.problem(), None, "another try");
    bench.reply("/auth/reset/check", Ok(person(1)));
    set(&mut bench, "password123");
    let weak = problem(400, ErrorCode::Malformed, Some(ProblemReason::PasswordCommon));
    bench.reply("/auth/reset", Ok(weak));
    assert!(known(&bench).is_some(), "another password is tried with the same code");
    set(&mut bench, "four loud geese");
    bench.reply("/auth/reset", Err(HttpFailure::Unreachable));
    assert!(known(&bench).is_some(), "and when the relay is back");
    set(&mut bench, "four loud geese");
    bench.reply("/auth/reset", Ok(over()));
    assert_eq!((bench.problem(), known(&bench)), (invalid(), None), "expired meanwhile");
}

#[test]
fn a_link_of_another_relay_is_not_shown_to_this_one() {
    let mut bench = Bench::new(Vec::new());
    check(&mut bench, "https://elsewhere.example/#reset=Zm9yZ290dGVu");
    let address = "elsewhere.example".to_owned();
    assert_eq!(bench.problem(), Some(SignInProblem::OtherRelay { address }));
    assert_eq!(asked(&bench, "/auth/reset/check"), None);
    assert!(matches!(bench.account(), Account::SignedOut { busy: false, .. }));
}

#[test]
fn a_code_that_was_put_away_is_not_used() {
    let mut bench = Bench::new(Vec::new());
    check(&mut bench, LINK);
    bench.input(Input::Command(Command::ForgetReset));
    assert!(matches!(bench.account(), Account::SignedOut { busy: false, problem: None, .. }));
    bench.reply("/auth/reset/check", Ok(person(1)));
    assert_eq!(known(&bench), None, "its answer comes too late");
    check(&mut bench, LINK);
    bench.reply("/auth/reset/check", Ok(person(1)));
    bench.input(Input::Command(Command::ForgetReset));
    set(&mut bench, "four loud geese");
    assert_eq!(asked(&bench, "/auth/reset"), None);
}

#[test]
fn the_same_person_finds_what_was_kept_and_anothers_code_erases_nothing() {
    let mut bench = refused();
    check(&mut bench, LINK);
    bench.reply("/auth/reset/check", Ok(person(4)));
    let name = "User 1".to_owned();
    assert_eq!(bench.problem(), Some(SignInProblem::OtherPerson { name }));
    set(&mut bench, "four loud geese");
    assert_eq!(asked(&bench, "/auth/reset"), None, "it is not known here");
    check(&mut bench, LINK);
    bench.reply("/auth/reset/check", Ok(person(1)));
    set(&mut bench, "four loud geese");
    bench.reply("/auth/reset", Ok((200, signed_in(1))));
    assert!(bench.is_signed_in());
    assert!(!bench.stored.contains(&Record::Erased));
}

#[test]
fn a_link_does_nothing_to_whoever_is_signed_in() {
    let mut bench = Bench::new(vec![kept(UNIX + 600_000)]);
    bench.requests.clear();
    check(&mut bench, LINK);
    set(&mut bench, "four loud geese");
    assert!(bench.is_signed_in() && bench.requests.is_empty(), "{:?}", bench.requests);
}

/// Whoever's password was changed reads so on the devices that lose their sign-in by it.
#[test]
fn why_a_sign_in_ends_stays_readable_for_that_person_alone() {
    let kinds = [NoticeKind::PasswordReset, NoticeKind::PasswordChanged, NoticeKind::RefreshReused];
    for kind in kinds {
        for reason in [ProblemReason::TokenInvalid, ProblemReason::SignInEnded] {
            let mut bench = Bench::new(vec![kept(UNIX + 600_000)]);
            former::welcome(&mut bench);
            let notice = RelayMessage::Notice(SecurityNotice { kind, at: UNIX });
            bench.input(Input::Relay(RelayFrame { seq: 3, message: notice }));
            bench.input(Input::Link(LinkEvent::Closed { code: Some(4_001) }));
            while asked(&bench, "/auth/refresh").is_none() {
                bench.wait(10_000);
            }
            let ended = || Ok(problem(401, ErrorCode::Unauthenticated, Some(reason)));
            bench.reply("/auth/refresh", ended());
            let told = |bench: &Bench| bench.view.as_ref().unwrap().notices.len();
            assert!(!bench.is_signed_in());
            assert_eq!(told(&bench), 1, "{kind:?}, {reason:?}");
            bench.sign_in();
            let answer: SignedIn = serde_json::from_str(&signed_in(7)).unwrap();
            let other = SignedIn { user: UserId::from_bytes([4; 16]), ..answer };
            bench.reply("/auth/login", Ok((200, encode(&other))));
            assert_eq!(told(&bench), 0, "nothing of it for somebody else");
        }
    }
}
