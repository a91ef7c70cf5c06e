//! Signing in, staying signed in, being signed out: what goes over HTTP.
#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test says where it cannot go on"
)]

mod cookie;
mod former;
mod groups;
mod hiding;
mod lengths;
mod page;
mod resets;

use bellwire_core::api::{Account, Command, NoticeText, SignInProblem, View};
use bellwire_core::{
    Core, HttpFailure, HttpReply, HttpRequest, Input, LinkCommand, LinkEvent, Output, Record,
    SignIn, Start, Time,
};
use bellwire_protocol::http::{Problem, ProblemReason, Registration, RelayInfo, SignedIn};
use bellwire_protocol::{ClientInfo, DeviceId, ErrorCode, SUBPROTOCOL, Secret, UserId, encode};

const UNIX: u64 = 1_790_000_000_000;

struct Bench {
    core: Core,
    now: u64,
    requests: Vec<HttpRequest>,
    stored: Vec<Record>,
    links: Vec<LinkCommand>,
    view: Option<Box<View>>,
}

fn signed_in(n: u32) -> String {
    encode(&SignedIn {
        access_token: Secret::new(format!("access{n}")).unwrap(),
        expires_in: 600,
        refresh_token: Secret::new(format!("refresh{n}")).unwrap(),
        user: UserId::from_bytes([1; 16]),
        device: DeviceId::from_bytes([2; 16]),
        device_cookie: Secret::new(format!("cookie{n}")).unwrap(),
    })
}

fn problem(status: u16, code: ErrorCode, reason: Option<ProblemReason>) -> (u16, String) {
    (
        status,
        encode(&Problem { status, title: "no".into(), code, reason, retry_after_ms: Some(30_000) }),
    )
}

fn kept(expires_at: u64) -> Record {
    Record::SignIn(Some(SignIn {
        relay: "https://x".into(),
        refresh_token: Secret::new("refresh0").unwrap(),
        access_token: Secret::new("access0").unwrap(),
        expires_at,
        user: UserId::from_bytes([1; 16]),
        device: DeviceId::from_bytes([2; 16]),
        device_cookie: Secret::new("cookie0").unwrap(),
        username: "user1".into(),
        name: "User 1".into(),
        over: false,
    }))
}

impl Bench {
    fn new(records: Vec<Record>) -> Self {
        Self::of_page(None, records)
    }

    /// A client in a page of this origin.
    fn of_page(origin: Option<&str>, records: Vec<Record>) -> Self {
        let core = Core::new(Start {
            seed: [5; 32],
            unix_ms: UNIX,
            client: ClientInfo { name: "t".into(), version: "0".into(), platform: "t".into() },
            device_name: "Test".into(),
            platform: "cli".into(),
            relay: "https://x".into(),
            page_origin: origin.map(str::to_owned),
        });
        let (requests, stored, links) = (Vec::new(), Vec::new(), Vec::new());
        let mut bench = Self { core, now: 0, requests, stored, links, view: None };
        bench.input(Input::Loaded(records));
        bench
    }

    fn input(&mut self, input: Input) {
        self.core.handle(Time(self.now), input);
        while let Some(output) = self.core.poll() {
            match output {
                Output::Http(request) => self.requests.push(request),
                Output::Store(record) => self.stored.push(record),
                Output::Link(link) => self.links.push(link),
                Output::View(view) => self.view = Some(view),
                Output::Relay(_) | Output::Peer(..) | Output::Alert(_) => {}
            }
        }
    }

    /// Lets time pass up to the next deadline, which must come within `ms`.
    fn wait(&mut self, ms: u64) {
        let due = self.core.deadline().expect("something is waited for").0;
        assert!(due <= self.now + ms, "due at {due}, now {}", self.now);
        self.now = self.now.max(due);
        self.input(Input::Tick);
    }

    /// Answers the newest request to a path.
    fn reply(&mut self, path: &str, result: Result<(u16, String), HttpFailure>) {
        let found = self.requests.iter().rposition(|request| request.url.ends_with(path));
        let request = self
            .requests
            .remove(found.unwrap_or_else(|| panic!("no request to {path}: {:?}", self.requests)));
        self.input(Input::Http(HttpReply { id: request.id, result }));
    }

    fn account(&self) -> &Account {
        &self.view.as_ref().unwrap().account
    }

    fn problem(&self) -> Option<SignInProblem> {
        match self.account() {
            Account::SignedOut { problem, .. } => problem.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn is_signed_in(&self) -> bool {
        matches!(self.account(), Account::SignedIn(_))
    }

    fn sign_in(&mut self) {
        let command =
            Command::SignIn { username: " Ada ".into(), password: "correct horse".into() };
        self.input(Input::Command(command));
    }
}

#[test]
fn a_new_device_asks_the_relay_who_may_register_until_it_answers() {
    let mut bench = Bench::new(Vec::new());
    bench.reply("/api/v1/relay", Err(HttpFailure::Unreachable));
    assert_eq!(bench.problem(), Some(SignInProblem::Unreachable));
    bench.wait(5_000);
    let info = RelayInfo {
        name: "bellwire".into(),
        version: "0.1.0".into(),
        protocols: vec![SUBPROTOCOL.into()],
        registration: Registration::Invite,
        origin_accepted: None,
        address: None,
    };
    bench.reply("/api/v1/relay", Ok((200, encode(&info))));
    assert!(matches!(
        bench.account(),
        Account::SignedOut { registration: Some(Registration::Invite), problem: None, .. }
    ));
    bench.wait(60_000);
    let info = RelayInfo { protocols: vec!["bellwire.v9".into()], ..info };
    bench.reply("/api/v1/relay", Ok((200, encode(&info))));
    assert_eq!(bench.problem(), Some(SignInProblem::NotBellwire));
}

#[test]
fn signing_in_keeps_the_tokens_and_connects() {
    let mut bench = Bench::new(Vec::new());
    bench.sign_in();
    assert!(matches!(bench.account(), Account::SignedOut { busy: true, .. }));
    let body = bench.requests.last().unwrap().body.clone().unwrap();
    assert!(body.contains("\"ada\""), "the name is folded: {body}");
    bench.reply("/auth/login", Ok((200, signed_in(1))));
    assert!(bench.is_signed_in());
    assert!(bench.stored.iter().any(|record| matches!(record, Record::SignIn(Some(_)))));
    assert_eq!(bench.links, [LinkCommand::Connect { url: "wss://x/ws".into() }]);
}

#[test]
fn every_refusal_to_sign_in_has_its_problem() {
    let refused = |reason| SignInProblem::Refused { reason };
    for (result, expected) in [
        (
            Ok(problem(401, ErrorCode::Unauthenticated, Some(ProblemReason::WrongCredentials))),
            refused(ProblemReason::WrongCredentials),
        ),
        (
            Ok(problem(409, ErrorCode::Busy, Some(ProblemReason::UsernameTaken))),
            refused(ProblemReason::UsernameTaken),
        ),
        (
            Ok(problem(429, ErrorCode::RateLimited, None)),
            SignInProblem::RateLimited { retry_after_s: 30 },
        ),
        (Ok(problem(500, ErrorCode::Internal, None)), SignInProblem::Internal),
        (Ok((502, "<html>".into())), SignInProblem::NotBellwire),
        (Ok((200, "<html>".into())), SignInProblem::NotBellwire),
        (Err(HttpFailure::Unreachable), SignInProblem::Unreachable),
        (Err(HttpFailure::Certificate), SignInProblem::Certificate),
    ] {
        let mut bench = Bench::new(Vec::new());
        bench.sign_in();
        bench.reply("/auth/login", result);
        assert_eq!(bench.problem(), Some(expected));
    }
}

#[test]
fn a_token_is_renewed_at_four_fifths_of_its_life() {
    let mut bench = Bench::new(Vec::new());
    bench.sign_in();
    bench.reply("/auth/login", Ok((200, signed_in(1))));
    bench.requests.clear();
    bench.now = 479_000;
    bench.input(Input::Tick);
    assert!(!bench.requests.iter().any(|request| request.url.ends_with("/auth/refresh")));
    bench.now = 480_000;
    bench.input(Input::Tick);
    bench.reply("/auth/refresh", Ok((200, signed_in(2))));
    let newest = bench.stored.iter().rev().find_map(|record| match record {
        Record::SignIn(Some(kept)) => Some(kept.refresh_token.as_str().to_owned()),
        _ => None,
    });
    assert_eq!(newest.as_deref(), Some("refresh2"));
}

#[test]
fn an_expired_token_is_renewed_before_connecting() {
    let mut bench = Bench::new(vec![kept(UNIX)]);
    assert_eq!(*bench.account(), Account::Loading);
    assert!(bench.links.is_empty());
    bench.reply("/auth/refresh", Ok((200, signed_in(1))));
    assert_eq!(bench.links.len(), 1);
}

#[test]
fn an_unreachable_relay_signs_nobody_out() {
    let mut bench = Bench::new(vec![kept(UNIX)]);
    bench.reply("/auth/refresh", Err(HttpFailure::Unreachable));
    assert!(bench.is_signed_in());
    bench.wait(10_000);
    bench.reply("/auth/refresh", Ok((200, signed_in(1))));
    while bench.links.is_empty() {
        bench.wait(10_000);
    }
}

#[test]
fn a_request_refused_for_its_token_is_repeated_once_with_a_new_one() {
    let mut bench = Bench::new(vec![kept(UNIX + 600_000)]);
    bench.input(Input::Command(Command::LoadDevices));
    let expired =
        || Ok(problem(401, ErrorCode::Unauthenticated, Some(ProblemReason::TokenInvalid)));
    bench.reply("/devices", expired());
    bench.reply("/auth/refresh", Ok((200, signed_in(1))));
    let again = bench.requests.iter().find(|request| request.url.ends_with("/devices")).unwrap();
    assert_eq!(again.bearer, Some(Secret::new("access1").unwrap()));
    bench.reply("/devices", expired());
    assert!(!bench.requests.iter().any(|request| request.url.ends_with("/devices")), "once");
    let notices = &bench.view.as_ref().unwrap().notices;
    assert!(
        matches!(notices[..], [ref notice] if matches!(notice.text, NoticeText::Refused { .. }))
    );
}

#[test]
fn a_wrong_password_while_changing_it_is_not_an_expired_token() {
    let mut bench = Bench::new(vec![kept(UNIX + 600_000)]);
    let command = Command::ChangePassword {
        old_password: "wrong".into(),
        new_password: "a new long one".into(),
    };
    bench.input(Input::Command(command));
    bench.reply(
        "/me/password",
        Ok(problem(401, ErrorCode::Unauthenticated, Some(ProblemReason::WrongCredentials))),
    );
    assert!(!bench.requests.iter().any(|request| request.url.ends_with("/auth/refresh")));
    assert_eq!(
        bench.view.as_ref().unwrap().notices[0].text,
        NoticeText::Refused { reason: Some(ProblemReason::WrongCredentials) }
    );
}
