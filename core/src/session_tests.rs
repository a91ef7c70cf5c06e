use bellwire_protocol::limits::{DEAD_MS, PING_MS};
use bellwire_protocol::{
    CallId, CallableBy, DeviceId, DisplayName, ErrorCode, Me, Presence, PresenceStatus, Snapshot,
    UserId, Username,
};

use super::liveness::PROBE_MS;
use super::*;

struct Bench {
    session: Session,
    random: Random,
    out: VecDeque<Output>,
    now: Time,
    seq: u64,
}

fn welcome(resumed: bool) -> RelayMessage {
    RelayMessage::Welcome(Box::new(Welcome {
        session: Secret::new("token").expect("secret"),
        resumed,
        me: Me {
            user: UserId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            username: Username::new("ada").expect("name"),
            display_name: DisplayName::new("Ada").expect("name"),
            callable_by: CallableBy::Contacts,
            administrator: false,
        },
        ice_servers: Vec::new(),
        limits: Limits::default(),
        features: Vec::new(),
        version: "0.1.0".into(),
        server_time: 0,
    }))
}

impl Bench {
    fn new() -> Self {
        let mut session = Session::new();
        session.start(Time(0));
        Self { session, random: Random::new([7; 32]), out: VecDeque::new(), now: Time(0), seq: 0 }
    }

    fn with<T>(&mut self, act: impl FnOnce(&mut Session, &mut Line<'_>) -> T) -> T {
        let mut line = Line { now: self.now, random: &mut self.random, out: &mut self.out };
        act(&mut self.session, &mut line)
    }

    fn hello() -> Option<(Secret, ClientInfo)> {
        let client = ClientInfo { name: "t".into(), version: "0".into(), platform: "t".into() };
        Some((Secret::new("access").expect("secret"), client))
    }

    /// Opens and greets; gives back what `hello` asked to resume.
    fn connect(&mut self, resumed: bool) -> Option<Resume> {
        self.with(|session, line| session.open("wss://x/ws".into(), line));
        self.with(|session, line| session.handle_link(&LinkEvent::Opened, Self::hello(), line));
        let resume = match self.out.pop_back() {
            Some(Output::Relay(ClientFrame {
                message: ClientMessage::Hello { resume, .. },
                ..
            })) => resume,
            other => panic!("hello is the first frame, not {other:?}"),
        };
        self.frame(welcome(resumed));
        assert!(self.session.is_online());
        resume
    }

    /// The same, and with everything that a session starts with.
    fn begin(&mut self) -> Option<Resume> {
        let resume = self.connect(false);
        assert!(matches!(self.frame(part(false)), Some(News::Snapshot(told)) if told.whole));
        resume
    }

    fn malformed(&mut self) -> Option<News> {
        self.with(|session, line| session.handle_link(&LinkEvent::Malformed, None, line))
    }

    /// Lets time pass; gives what came of it.
    fn wait(&mut self, ms: u64) -> Option<News> {
        self.now = self.now.after(ms);
        self.with(|session, line| session.elapsed(line))
    }

    fn frame(&mut self, message: RelayMessage) -> Option<News> {
        self.seq += 1;
        let frame = RelayFrame { seq: self.seq, message };
        self.with(|session, line| session.handle_frame(frame, line))
    }

    /// The network changed, it is said.
    fn hint(&mut self) {
        self.with(|session, line| session.handle_link(&LinkEvent::NetworkChanged, None, line));
    }

    /// Where sockets were asked for beside the open one.
    fn races(&self) -> Vec<&str> {
        self.out
            .iter()
            .filter_map(|out| {
                if let Output::Link(LinkCommand::Race { url }) = out {
                    Some(url.as_str())
                } else {
                    None
                }
            })
            .collect()
    }

    fn close(&mut self, code: Option<u16>) -> Option<News> {
        self.with(|session, line| session.handle_link(&LinkEvent::Closed { code }, None, line))
    }

    /// How long the session waits for its next try.
    fn pause(&mut self) -> u64 {
        let State::Waiting { until } = self.session.state else {
            panic!("{:?}", self.session.state)
        };
        let pause = until.since(self.now);
        self.now = until;
        self.with(|session, line| session.elapsed(line));
        assert!(self.session.is_wanting(), "then it tries again");
        pause
    }
}

fn part(more: bool) -> RelayMessage {
    let (user, status) = (UserId::from_bytes([1; 16]), PresenceStatus::Online);
    let presence = vec![Presence { user, status }];
    RelayMessage::Snapshot(Box::new(Snapshot { presence, more, ..Snapshot::default() }))
}

fn ring() -> RelayMessage {
    let call_id = CallId::from_bytes([1; 16]);
    RelayMessage::CallRinging { call_id, user: UserId::from_bytes([1; 16]), devices: 1 }
}

#[test]
fn pauses_grow_are_jittered_and_never_end() {
    let mut bench = Bench::new();
    let mut pauses = Vec::new();
    for _ in 0..10 {
        bench.with(|session, line| session.open("wss://x/ws".into(), line));
        bench.close(None);
        pauses.push(bench.pause());
    }
    let expected = [150, 400, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000];
    assert!(pauses[0] <= 500, "the first is short");
    for (pause, around) in pauses[1..].iter().zip(expected) {
        assert!((around / 2..=around * 3 / 2).contains(pause), "{pause} for {around}");
    }
    assert!(pauses[6..].windows(2).any(|pair| pair[0] != pair[1]), "jittered");
}

#[test]
fn a_connection_that_does_not_last_does_not_reset_the_pauses() {
    let mut bench = Bench::new();
    for _ in 0..4 {
        bench.begin();
        bench.close(None);
        bench.pause();
    }
    bench.begin();
    bench.close(None);
    assert!(bench.pause() >= 1_000, "a relay that closes at once is not hammered");
    bench.begin();
    bench.now = bench.now.after(STEADY_MS);
    bench.close(None);
    assert!(bench.pause() <= 500, "after a good while it starts over");
}

#[test]
fn a_lost_session_is_resumed_where_it_was() {
    let mut bench = Bench::new();
    assert_eq!(bench.begin(), None);
    bench.frame(ring());
    bench.frame(ring());
    bench.close(Some(close::SLOW_READER));
    bench.pause();
    let resume = bench.connect(true).expect("a resume is asked for");
    assert_eq!((resume.session.as_str(), resume.seq), ("token", 4));
    bench.seq = 4;
    assert!(
        bench.frame(ring()).is_some(),
        "the missed frames follow, whatever the welcome's number"
    );
}

#[test]
fn a_repeated_frame_is_handled_once() {
    let mut bench = Bench::new();
    bench.begin();
    assert!(bench.frame(ring()).is_some());
    bench.seq -= 1;
    assert!(bench.frame(ring()).is_none());
}

#[test]
fn what_was_not_answered_is_said_again() {
    let mut bench = Bench::new();
    bench.begin();
    let leave = ClientMessage::CallLeave { call_id: CallId::from_bytes([1; 16]) };
    bench.with(|session, line| session.ask(line.out, leave.clone()));
    bench.out.clear();
    bench.with(|session, line| session.repeat(line.out));
    let Some(Output::Relay(ClientFrame { id: Some(id), message })) = bench.out.pop_front() else {
        panic!()
    };
    assert_eq!(message, leave);
    assert!(matches!(
        bench.frame(RelayMessage::Ok { re: id }),
        Some(News::Answered { refused: None, .. })
    ));
    assert!(bench.frame(RelayMessage::Ok { re: id }).is_none(), "answered once");
    bench.with(|session, line| session.repeat(line.out));
    assert!(bench.out.is_empty());
}

#[test]
fn every_close_code_is_handled_as_the_wire_says() {
    let open = || {
        let mut bench = Bench::new();
        bench.begin();
        bench
    };
    assert!(matches!(open().close(Some(close::UNAUTHENTICATED)), Some(News::Unauthenticated)));
    assert!(matches!(open().close(Some(close::REVOKED)), Some(News::Revoked)));
    let mut replaced = open();
    assert!(matches!(replaced.close(Some(close::REPLACED)), Some(News::Replaced)));
    assert_eq!(replaced.session.deadline(Time(0)), None, "it stays away");
    assert_eq!(replaced.session.reach(Time(9_000)), Reach::Offline(None));
    let change = LinkEvent::NetworkChanged;
    replaced.with(|session, line| session.handle_link(&change, None, line));
    assert!(!replaced.session.is_wanting(), "another network is no reason to take over");
    replaced.with(Session::hurry);
    assert!(replaced.session.is_wanting(), "until the person asks");
    let mut malformed = open();
    malformed.close(Some(close::MALFORMED));
    malformed.pause();
    assert_eq!(malformed.begin(), None, "with a fresh session");
    let mut going = open();
    going.frame(RelayMessage::GoingAway { retry_after_ms: 3_000 });
    going.close(Some(close::GOING_AWAY));
    assert!((3_000..=4_500).contains(&going.pause()), "as long as it asked");
    let mut rate = open();
    rate.close(Some(close::RATE));
    assert!(rate.pause() >= 5_000);
    let mut slow = open();
    slow.close(Some(close::SLOW_READER));
    assert!(slow.pause() <= 500);
}

#[test]
fn a_refusal_of_one_frame_delays_no_later_connection() {
    let mut bench = Bench::new();
    bench.begin();
    let refusal = RelayMessage::Error {
        re: None,
        code: ErrorCode::RateLimited,
        message: String::new(),
        retry_after_ms: Some(60_000),
    };
    assert!(bench.frame(refusal).is_none());
    bench.now = bench.now.after(3_600_000);
    bench.close(None);
    assert!(bench.pause() <= 500, "it was about a frame of an hour ago");
}

#[test]
fn a_silent_socket_is_pinged_and_dropped() {
    let mut bench = Bench::new();
    bench.begin();
    bench.out.clear();
    let ping_at = bench.session.deadline(bench.now).expect("a ping is due");
    assert!((16_000..=24_000).contains(&ping_at.0));
    bench.now = ping_at;
    bench.with(|session, line| session.elapsed(line));
    assert!(matches!(
        bench.out.pop_front(),
        Some(Output::Relay(ClientFrame { message: ClientMessage::Ping { .. }, .. }))
    ));
    bench.now = Time(DEAD_MS);
    bench.with(|session, line| session.elapsed(line));
    assert!(matches!(bench.out.pop_front(), Some(Output::Link(LinkCommand::Disconnect))));
    assert!(!bench.session.is_online());
}

#[test]
fn a_network_change_asks_for_a_sign_of_life() {
    let mut bench = Bench::new();
    bench.begin();
    bench.out.clear();
    bench.with(|session, line| session.handle_link(&LinkEvent::NetworkChanged, None, line));
    assert!(matches!(
        bench.out.pop_front(),
        Some(Output::Relay(ClientFrame { message: ClientMessage::Ping { .. }, .. }))
    ));
    bench.now = Time(PROBE_MS);
    bench.with(|session, line| session.elapsed(line));
    assert!(!bench.session.is_online(), "a dead socket is left within seconds");
    bench.hint();
    assert!(bench.session.is_wanting(), "and the next hint is followed at once");
}

#[test]
fn a_fresh_socket_that_opens_before_the_answer_takes_over_and_resumes() {
    let mut bench = Bench::new();
    bench.begin();
    bench.out.clear();
    bench.hint();
    assert_eq!(bench.races(), ["wss://x/ws"], "beside the ping");
    bench.frame(ring());
    assert!(bench.session.is_racing(), "what arrived before the change is no answer");
    bench.with(|session, line| session.handle_link(&LinkEvent::Opened, Bench::hello(), line));
    let hello = bench.out.pop_back();
    let Some(Output::Relay(ClientFrame { message: ClientMessage::Hello { resume, .. }, .. })) =
        hello
    else {
        panic!("{hello:?}")
    };
    assert_eq!(resume.map(|resume| resume.seq), Some(bench.seq), "it goes on where it was");
    bench.frame(welcome(true));
    assert!(bench.session.is_online() && bench.session.take_raced() && !bench.session.take_raced());
}

#[test]
fn a_socket_that_answers_calls_the_race_off() {
    let mut bench = Bench::new();
    bench.begin();
    bench.now = Time(1_000);
    bench.hint();
    bench.out.clear();
    let answered = |bench: &mut Bench, t| {
        bench.frame(RelayMessage::Pong { t, server_time: 0 });
        bench.out.drain(..).any(|out| matches!(out, Output::Link(LinkCommand::CallOff)))
    };
    assert!(!answered(&mut bench, 999), "an answer to an older ping says nothing");
    assert!(answered(&mut bench, 1_000));
    bench.with(|session, line| session.handle_link(&LinkEvent::Opened, Bench::hello(), line));
    assert!(bench.session.is_online() && bench.out.is_empty(), "too late");
}

#[test]
fn a_socket_that_closes_during_the_race_is_not_waited_for() {
    let mut bench = Bench::new();
    bench.begin();
    bench.hint();
    bench.close(None);
    assert!(matches!(bench.session.state, State::Opening { .. }), "the fresh one is on its way");
    bench.with(|session, line| session.handle_link(&LinkEvent::RaceLost, None, line));
    assert!(bench.pause() <= 500, "or the ladder goes on");
    let mut revoked = Bench::new();
    revoked.begin();
    revoked.hint();
    assert!(matches!(revoked.close(Some(close::REVOKED)), Some(News::Revoked)));
    assert!(matches!(revoked.out.pop_back(), Some(Output::Link(LinkCommand::CallOff))));
}

#[test]
fn a_hint_restarts_what_is_being_opened_from_an_address_that_may_be_gone() {
    let mut bench = Bench::new();
    bench.with(|session, line| session.open("wss://x/ws".into(), line));
    bench.hint();
    assert!(bench.session.is_wanting(), "at once");
    bench.with(|session, line| session.open("wss://x/ws".into(), line));
    bench.with(|session, line| session.handle_link(&LinkEvent::Opened, Bench::hello(), line));
    bench.hint();
    assert!(bench.session.is_wanting(), "also where a greeting waits");
}

#[test]
fn hints_without_end_are_followed_four_times_at_once_and_twelve_times_a_minute() {
    let mut bench = Bench::new();
    let mut tries = 0;
    for now in 0..60_000 {
        bench.now = Time(now);
        if bench.session.is_wanting() {
            tries += 1;
            bench.with(|session, line| session.open("wss://x/ws".into(), line));
        }
        bench.hint();
    }
    assert!((12..=17).contains(&tries), "{tries}");
}

#[test]
fn a_short_loss_is_not_shown() {
    let mut bench = Bench::new();
    bench.begin();
    bench.now = Time(10_000);
    bench.close(None);
    assert_eq!(bench.session.reach(bench.now), Reach::Connecting);
    assert!(bench.session.deadline(bench.now).is_some());
    assert!(matches!(bench.session.reach(bench.now.after(SHOWN_MS)), Reach::Offline(Some(_))));
}

#[test]
fn a_greeting_that_is_not_answered_is_given_up() {
    let mut bench = Bench::new();
    bench.with(|session, line| session.open("wss://x/ws".into(), line));
    bench.with(|session, line| session.handle_link(&LinkEvent::Opened, Bench::hello(), line));
    bench.now = Time(OPEN_MS);
    bench.with(|session, line| session.elapsed(line));
    assert!(matches!(bench.session.state, State::Waiting { .. }));
}

#[test]
fn a_welcome_that_cannot_be_read_fails_the_try_at_once_and_is_not_resumed() {
    let mut bench = Bench::new();
    bench.begin();
    bench.close(None);
    bench.pause();
    let mut pauses = Vec::new();
    for _ in 0..6 {
        bench.with(|session, line| session.open("wss://x/ws".into(), line));
        bench.with(|session, line| session.handle_link(&LinkEvent::Opened, Bench::hello(), line));
        bench.out.clear();
        bench.malformed();
        assert!(matches!(bench.out.pop_front(), Some(Output::Link(LinkCommand::Disconnect))));
        pauses.push(bench.pause());
    }
    assert!(pauses[4] >= 2_000 && pauses[5] >= 4_000, "by the ladder: {pauses:?}");
    assert_eq!(bench.begin(), None, "with a fresh session");
}

#[test]
fn a_frame_that_cannot_be_taken_is_skipped_and_counted_and_ends_nothing() {
    let mut bench = Bench::new();
    bench.begin();
    bench.out.clear();
    for count in 1..=1_000 {
        bench.malformed();
        assert_eq!(bench.session.skipped(), count);
        assert!(bench.session.is_online(), "the connection stays");
        assert!(bench.out.is_empty(), "nothing is sent or closed: {:?}", bench.out);
    }
    assert!(matches!(bench.frame(ring()), Some(News::Said(_))), "what follows is taken");
}

#[test]
fn a_frame_that_ends_the_socket_is_not_asked_for_again() {
    let mut bench = Bench::new();
    bench.begin();
    bench.frame(ring());
    bench.malformed();
    bench.close(None);
    bench.pause();
    assert_eq!(bench.begin(), None, "a fresh session, not a resume up to that frame");
    bench.malformed();
    bench.frame(ring());
    bench.close(None);
    bench.pause();
    assert!(bench.connect(true).is_some(), "one that was passed by spoils nothing");
}

#[test]
fn what_must_arrive_is_said_again_when_the_relay_had_no_time_for_it() {
    let call_id = CallId::from_bytes([1; 16]);
    for (asked, least, most) in [
        (Some(3_000), 3_000, 3_000),
        (None, 1_000, 1_000),
        (Some(0), 100, 100),
        (Some(u64::MAX), 60_000, 60_000),
    ] {
        let mut bench = Bench::new();
        bench.begin();
        let cancel = ClientMessage::CallCancel { call_id };
        bench.with(|session, line| session.ask(line.out, cancel.clone()));
        for round in 0..3 {
            let Some(Output::Relay(ClientFrame { id: Some(re), message })) = bench.out.pop_back()
            else {
                panic!("said, round {round}")
            };
            assert_eq!(message, cancel);
            bench.out.clear();
            let refusal = RelayMessage::Error {
                re: Some(re),
                code: ErrorCode::RateLimited,
                message: String::new(),
                retry_after_ms: asked,
            };
            let refused_at = bench.now;
            assert!(bench.frame(refusal).is_none(), "a refusal for its rate is no answer");
            while !bench
                .out
                .iter()
                .any(|output| matches!(output, Output::Relay(ClientFrame { id: Some(_), .. })))
            {
                bench.now = bench.session.deadline(bench.now).expect("it is waited for");
                // The relay lives.
                bench.frame(ring());
                bench.with(|session, line| session.elapsed(line));
            }
            let pause = bench.now.since(refused_at);
            assert!((least..=most).contains(&pause), "{pause} for {asked:?}");
        }
    }
}

#[test]
fn what_the_relay_had_no_time_for_can_be_taken_back() {
    let call_id = CallId::from_bytes([1; 16]);
    let mut bench = Bench::new();
    bench.begin();
    let sync = ClientMessage::CallSync { call_id, claim: None };
    bench.with(|session, line| session.ask(line.out, sync));
    let Some(Output::Relay(ClientFrame { id: Some(re), .. })) = bench.out.pop_back() else {
        panic!("said")
    };
    let is_sync = |asked: &ClientMessage| matches!(asked, ClientMessage::CallSync { .. });
    bench.session.retract_waiting(is_sync);
    let refusal = RelayMessage::Error {
        re: Some(re),
        code: ErrorCode::RateLimited,
        message: String::new(),
        retry_after_ms: Some(1_000),
    };
    bench.frame(refusal);
    bench.session.retract_waiting(is_sync);
    bench.out.clear();
    bench.with(|session, line| session.repeat(line.out));
    assert!(bench.out.is_empty(), "under way it stays, put off it goes");
}

#[test]
fn an_unreadable_part_of_the_snapshot_is_asked_for_once_more_and_then_lived_with() {
    let mut bench = Bench::new();
    bench.connect(false);
    bench.frame(part(true));
    bench.out.clear();
    assert!(bench.malformed().is_none());
    assert!(matches!(bench.out.pop_front(), Some(Output::Link(LinkCommand::Disconnect))));
    assert!(bench.pause() <= 500, "at once");
    assert_eq!(bench.connect(false), None, "a fresh session, not the same frames again");
    bench.frame(part(true));
    bench.malformed();
    assert!(bench.session.is_online(), "it would not be better the next time either");
    let Some(News::Snapshot(told)) = bench.frame(part(false)) else { panic!("all that came") };
    assert_eq!(told.snapshot.presence.len(), 2);
    assert!(!told.whole, "and it is said that something is missing");
    assert_eq!(bench.session.skipped(), 2);
    assert!(bench.wait(PING_MS / 2).is_none());
    assert!(bench.session.is_online(), "nothing is waited for any more");
}

#[test]
fn a_snapshot_without_its_end_is_asked_for_twice_more_and_then_taken_as_it_is() {
    for is_torn in [false, true] {
        let mut bench = Bench::new();
        for attempt in 0..2 {
            assert_eq!(bench.connect(false), None, "attempt {attempt}");
            bench.frame(part(true));
            if is_torn {
                bench.malformed();
            }
            if bench.session.is_online() {
                assert!(bench.wait(awaited::PART_MS - 1).is_none());
                assert!(bench.session.is_online(), "attempt {attempt}");
                bench.wait(1);
            }
            assert!(!bench.session.is_online(), "attempt {attempt} is given up");
            bench.pause();
        }
        bench.connect(false);
        bench.frame(part(true));
        let Some(News::Snapshot(told)) = bench.wait(awaited::PART_MS) else {
            panic!("the person sees what came")
        };
        assert_eq!((told.snapshot.presence.len(), told.whole), (1, false));
        assert!(bench.session.is_online());
    }
}

#[test]
fn a_snapshot_that_is_slow_but_comes_is_waited_for() {
    let mut bench = Bench::new();
    bench.connect(false);
    for _ in 0..20 {
        assert!(bench.wait(awaited::PART_MS - 1).is_none());
        bench.frame(part(true));
        assert!(bench.session.is_online());
    }
    assert!(matches!(bench.frame(part(false)), Some(News::Snapshot(told)) if told.whole));
}

#[test]
fn a_session_that_was_lost_within_its_snapshot_gets_the_rest_of_it() {
    let mut bench = Bench::new();
    bench.connect(false);
    bench.frame(part(true));
    bench.wait(awaited::PART_MS - 1);
    bench.close(None);
    bench.pause();
    assert!(bench.connect(true).is_some());
    bench.seq = 2;
    let Some(News::Snapshot(told)) = bench.frame(part(false)) else { panic!("the whole") };
    assert_eq!((told.snapshot.presence.len(), told.whole), (2, true));
}

#[test]
fn a_connection_that_brought_no_snapshot_does_not_reset_the_pauses() {
    let mut bench = Bench::new();
    let mut pauses = Vec::new();
    for _ in 0..8 {
        bench.connect(false);
        bench.frame(part(true));
        bench.wait(STEADY_MS);
        bench.close(None);
        pauses.push(bench.pause());
    }
    assert!(pauses[6] >= 4_000 && pauses[7] >= 4_000, "by the ladder: {pauses:?}");
}
