//! What a device shows a relay that asks for the password again: that it was signed in before.

use bellwire_protocol::http::Login;

use super::*;

fn refuse(bench: &mut Bench, reason: ProblemReason) {
    bench.reply("/auth/refresh", Ok(problem(401, ErrorCode::Unauthenticated, Some(reason))));
}

/// A device whose sign-in the relay did not renew.
fn former(reason: ProblemReason) -> Bench {
    let mut bench = Bench::new(vec![kept(UNIX)]);
    refuse(&mut bench, reason);
    bench
}

/// Signs in, and gives what is shown to whom.
fn shown(bench: &mut Bench, username: &str) -> (String, Option<String>) {
    let (username, password) = (username.to_owned(), "correct horse".to_owned());
    bench.input(Input::Command(Command::SignIn { username, password }));
    let request = bench.requests.last().unwrap();
    let relay = request.url.strip_suffix("/api/v1/auth/login").unwrap().to_owned();
    let login: Login = serde_json::from_str(request.body.as_ref().unwrap()).unwrap();
    (relay, login.device_cookie.map(|cookie| cookie.as_str().to_owned()))
}

fn to_x(cookie: &str) -> (String, Option<String>) {
    ("https://x".to_owned(), Some(cookie.to_owned()))
}

#[test]
fn a_device_that_is_asked_for_the_password_again_shows_that_it_was_signed_in() {
    let mut bench = former(ProblemReason::TokenInvalid);
    assert_eq!(shown(&mut bench, " User1 "), to_x("cookie0"));
    let wrong = Some(ProblemReason::WrongCredentials);
    bench.reply("/auth/login", Ok(problem(401, ErrorCode::Unauthenticated, wrong)));
    assert_eq!(shown(&mut bench, "user1"), to_x("cookie0"), "a mistyped password changes nothing");
    let kept = bench.stored.iter().rfind(|record| matches!(record, Record::SignIn(_)));
    let mut later = Bench::new(vec![kept.unwrap().clone()]);
    assert_eq!(shown(&mut later, "user1"), to_x("cookie0"), "and so does a restart");
}

#[test]
fn the_newest_cookie_is_shown() {
    let mut bench = Bench::new(vec![kept(UNIX)]);
    bench.reply("/auth/refresh", Ok((200, signed_in(1))));
    bench.now = 480_000;
    bench.input(Input::Tick);
    refuse(&mut bench, ProblemReason::TokenInvalid);
    assert_eq!(shown(&mut bench, "user1"), to_x("cookie1"));
    bench.reply("/auth/login", Ok((200, signed_in(2))));
    bench.now = 960_000;
    bench.input(Input::Tick);
    refuse(&mut bench, ProblemReason::TokenInvalid);
    assert_eq!(shown(&mut bench, "user1"), to_x("cookie2"));
}

#[test]
fn it_is_shown_to_its_relay_with_its_account_only() {
    let mut bench = former(ProblemReason::TokenInvalid);
    assert_eq!(shown(&mut bench, "user2").1, None, "another account");
    let mut bench = former(ProblemReason::TokenInvalid);
    bench.input(Input::Command(Command::SetRelay { address: "elsewhere.example".into() }));
    assert_eq!(shown(&mut bench, "user1"), to_x("cookie0"), "a former sign-in stays where it was");
    let mut bench = former(ProblemReason::TokenInvalid);
    bench.input(Input::Command(Command::SignOut));
    bench.input(Input::Command(Command::SetRelay { address: "elsewhere.example".into() }));
    assert_eq!(shown(&mut bench, "user1"), ("https://elsewhere.example".to_owned(), None));
}

#[test]
fn nothing_of_it_is_left_by_whoever_signs_out_or_is_removed_by_the_owner() {
    let signed_out = {
        let mut bench = former(ProblemReason::TokenInvalid);
        bench.input(Input::Command(Command::SignOut));
        bench
    };
    let signed_in_and_out = {
        let mut bench = Bench::new(vec![kept(UNIX + 600_000)]);
        bench.input(Input::Command(Command::SignOut));
        bench
    };
    for mut bench in [signed_out, signed_in_and_out, former(ProblemReason::SignInEnded)] {
        assert!(bench.stored.contains(&Record::Erased));
        let erased = bench.stored.iter().rposition(|record| *record == Record::Erased).unwrap();
        assert!(!format!("{:?}", &bench.stored[erased..]).contains("SignIn(Some"));
        assert_eq!(shown(&mut bench, "user1").1, None);
    }
}
