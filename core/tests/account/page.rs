//! A relay that accepts no sockets of the page: what the page says, and when it asks.

use bellwire_core::api::{OfflineCause, RelayState};

use super::*;

const QUESTION: &str = "/api/v1/relay?origin=https%3A%2F%2Fx";
const ADDRESS: &str = "https://calls.example.org";

fn in_page(records: Vec<Record>) -> Bench {
    Bench::of_page(Some("https://x"), records)
}

fn answer(origin_accepted: bool) -> Result<(u16, String), HttpFailure> {
    let info = RelayInfo {
        name: "bellwire".into(),
        version: "0.1.0".into(),
        protocols: vec![SUBPROTOCOL.into()],
        registration: Registration::Open,
        origin_accepted: Some(origin_accepted),
        address: Some(ADDRESS.into()),
    };
    Ok((200, encode(&info)))
}

impl Bench {
    fn questions(&self) -> usize {
        self.requests.iter().filter(|request| request.url.contains("/relay")).count()
    }

    /// A try to open a socket fails, as far as a page sees.
    fn refuse_socket(&mut self) {
        while self.links.is_empty() {
            self.wait(13_000);
        }
        self.links.clear();
        self.input(Input::Link(LinkEvent::Closed { code: Some(1006) }));
    }

    fn cause(&self) -> Option<OfflineCause> {
        match &self.view.as_ref().unwrap().relay {
            RelayState::Offline { cause, .. } => Some(cause.clone()),
            RelayState::Idle | RelayState::Connecting | RelayState::Online => None,
        }
    }
}

#[test]
fn a_page_that_the_relay_refuses_says_so_before_anybody_signs_in() {
    let refused = Some(SignInProblem::OriginRefused { address: Some(ADDRESS.into()) });
    let mut bench = in_page(Vec::new());
    bench.reply(QUESTION, answer(false));
    assert_eq!(bench.problem(), refused);
    bench.sign_in();
    let wrong = Some(ProblemReason::WrongCredentials);
    bench.reply("/auth/login", Ok(problem(401, ErrorCode::Unauthenticated, wrong)));
    bench.wait(60_000);
    bench.reply(QUESTION, answer(false));
    assert!(
        matches!(bench.problem(), Some(SignInProblem::Refused { .. })),
        "the newest word stays"
    );
    bench.sign_in();
    bench.reply("/auth/login", Err(HttpFailure::Unreachable));
    bench.wait(60_000);
    bench.reply(QUESTION, answer(false));
    assert_eq!(bench.problem(), refused);
    bench.wait(60_000);
    bench.reply(QUESTION, answer(true));
    assert_eq!(bench.problem(), None, "somebody mended the relay");
}

#[test]
fn a_signed_in_page_asks_why_its_socket_does_not_open_and_says_it() {
    let mut bench = in_page(vec![kept(UNIX + 600_000)]);
    assert_eq!(bench.questions(), 0, "nothing is wrong yet");
    bench.refuse_socket();
    bench.reply(QUESTION, answer(false));
    for _ in 0..8 {
        bench.refuse_socket();
    }
    assert_eq!(bench.cause(), Some(OfflineCause::OriginRefused { address: Some(ADDRESS.into()) }));
    assert_eq!(bench.questions(), 0, "an answer holds for a while");
    bench.input(Input::Command(Command::Reconnect));
    bench.refuse_socket();
    bench.reply(QUESTION, answer(true));
    assert_eq!(bench.cause(), Some(OfflineCause::Unreachable), "the person asked again");
}

#[test]
fn a_relay_that_is_away_is_asked_once_a_try_and_no_native_client_asks() {
    let mut bench = in_page(vec![kept(UNIX + 600_000)]);
    for _ in 0..8 {
        bench.refuse_socket();
        assert_eq!(bench.questions(), 1, "one at a time");
    }
    bench.reply(QUESTION, Err(HttpFailure::Unreachable));
    assert_eq!(bench.cause(), Some(OfflineCause::Unreachable));
    bench.refuse_socket();
    assert_eq!(bench.questions(), 1, "and again, as it did not answer");
    let mut native = Bench::new(vec![kept(UNIX + 600_000)]);
    for _ in 0..8 {
        native.refuse_socket();
    }
    assert_eq!(native.questions(), 0);
}
