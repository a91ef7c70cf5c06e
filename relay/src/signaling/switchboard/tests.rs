#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::sync::Arc;

use bellwire_protocol::{
    CallId, CallableBy, ConversationId, ConversationKind, DeviceId, DisplayName, Me, Media, Offer,
    OfferId, Participant, Person, Sdp, Secret, UserId, Username,
};
use tokio::sync::mpsc;

use super::super::calls::{Apart, CheckedClaim, Parting, Timing};
use super::super::link::{Link, Next};
use super::super::mail::{Claiming, Mail, Opening, Placing};
use super::super::rings::RingLimits;
use super::{Setup, Switchboard};
use crate::bus::Event;
use crate::clock::Clock;
use crate::observe::Metrics;
use crate::store::{NewRecord, Route, RouteMember};

struct Bench {
    board: Switchboard,
    links: Vec<Arc<Link>>,
    now: u64,
    _records: mpsc::Receiver<NewRecord>,
}

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

fn person(n: u8) -> Person {
    let (username, display_name) = (format!("user{n}"), format!("User {n}"));
    Person {
        user: user(n),
        username: Username::new(username).unwrap(),
        display_name: DisplayName::new(display_name).unwrap(),
    }
}

fn seat(n: u8) -> Participant {
    let device = DeviceId::from_bytes([n; 16]);
    Participant { user: user(n), device, name: person(n).display_name }
}

const CALL: CallId = CallId::from_bytes([9; 16]);
const CONVERSATION: ConversationId = ConversationId::from_bytes([7; 16]);

impl Bench {
    /// Users 1 and 2 with a device each.
    fn new() -> Self {
        let (recorder, records) = mpsc::channel(8);
        let clock = Clock::start();
        let now = clock.steady().ms();
        let setup = Setup {
            clock,
            timing: Timing::default(),
            rings: RingLimits::default(),
            ice_servers: Vec::new(),
            metrics: Arc::new(Metrics::new()),
            recorder,
        };
        let mut it =
            Self { board: Switchboard::new(setup), links: Vec::new(), now, _records: records };
        for n in [1, 2] {
            it.connect(n);
        }
        it
    }

    fn connect(&mut self, n: u8) {
        let link = Arc::new(Link::opening(self.now));
        let register = Mail::Register { who: seat(n), link: Arc::clone(&link) };
        self.board.handle(self.now, register);
        let Person { user, username, display_name } = person(n);
        let device = seat(n).device;
        let callable_by = CallableBy::Everyone;
        let administrator = false;
        let me = Me { user, device, username, display_name, callable_by, administrator };
        let opening = Opening {
            me,
            link: Arc::clone(&link),
            token: Secret::new(format!("session-{n}-0123456789abcdef0123456789")).unwrap(),
            contacts: Vec::new(),
            conversations: Vec::new(),
            invitations: Vec::new(),
            notices: Vec::new(),
            audience: Vec::new(),
        };
        self.board.handle(self.now, Mail::Open(Box::new(opening)));
        self.links.push(link);
    }

    fn later(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn happens(&mut self, event: Event) {
        let now = self.later();
        self.board.handle_event(now, event);
    }

    /// User 1 calls user 2, by what the store said at `read_at`.
    fn places(&mut self, kind: ConversationKind, read_at: u64) {
        let others = vec![RouteMember { person: person(2), rings: true }];
        let offer_id = OfferId::from_bytes([1; 16]);
        let placing = Placing {
            call_id: CALL,
            conversation: CONVERSATION,
            media: Media::Voice,
            offer: Offer { offer_id, sdp: Sdp::new("offer").unwrap(), proof: None },
            route: Route { kind, caller: person(1), others },
            read_at,
        };
        let now = self.later();
        let device = seat(1).device;
        self.board.handle(now, Mail::Initiate { device, call: Box::new(placing), re: Some(5) });
    }

    /// User 1 says that it is in a call with user 2, as the store bore out at `read_at`.
    fn claims(&mut self, kind: ConversationKind, read_at: u64) {
        let now = self.later();
        let claim = CheckedClaim {
            conversation: CONVERSATION,
            direct: kind == ConversationKind::Direct,
            media: Media::Voice,
            caller: seat(1),
            participants: vec![seat(1), seat(2)],
            apart: Apart::default(),
            audience: vec![user(1), user(2)],
            sent_at: now,
            since: now,
        };
        let claiming = Box::new(Claiming { call_id: CALL, claim, read_at });
        let device = seat(1).device;
        self.board.handle(now, Mail::Claim { device, claiming, re: Some(5) });
    }

    /// The types of what the user's device was told since the last look.
    fn told(&self, n: usize) -> Vec<&'static str> {
        let frames = std::iter::from_fn(|| match self.links[n - 1].try_next(0) {
            Some(Next::Frame(frame)) => Some(frame.kind),
            Some(Next::Close(_)) | None => None,
        });
        frames.collect()
    }
}

fn partings(kind: ConversationKind) -> Vec<Event> {
    let parted = |by, other, parting| Event::Parted { by: user(by), other: user(other), parting };
    let left = |n| Event::LeftGroup { user: user(n), conversation: CONVERSATION };
    let blocked = [parted(1, 2, Parting::Blocked), parted(2, 1, Parting::Blocked)];
    let rest = match kind {
        ConversationKind::Direct => {
            [parted(1, 2, Parting::Removed), parted(2, 1, Parting::Removed)]
        }
        ConversationKind::Group => [left(1), left(2)],
    };
    let departed = Event::Departed { user: user(2) };
    blocked.into_iter().chain(rest).chain([departed]).collect()
}

#[test]
fn a_call_that_was_on_its_way_when_two_parted_does_not_ring() {
    for kind in [ConversationKind::Direct, ConversationKind::Group] {
        for event in partings(kind) {
            let mut it = Bench::new();
            it.told(2);
            let read_at = it.now;
            it.happens(event.clone());
            it.places(kind, read_at);
            assert_eq!(it.told(2), [""; 0], "{event:?}");
        }
    }
}

#[test]
fn a_claim_that_was_on_its_way_when_two_parted_is_refused() {
    for kind in [ConversationKind::Direct, ConversationKind::Group] {
        for event in partings(kind) {
            let mut it = Bench::new();
            it.told(1);
            let read_at = it.now;
            it.happens(event.clone());
            it.claims(kind, read_at);
            assert_eq!(it.told(1), ["error"], "{event:?}");
            assert!(it.board.calls.is_empty(), "{event:?}");
        }
    }
}

#[test]
fn who_came_together_again_rings_and_claims_at_once() {
    for kind in [ConversationKind::Direct, ConversationKind::Group] {
        for event in partings(kind) {
            let mut it = Bench::new();
            it.told(2);
            it.happens(event.clone());
            let read_at = it.later();
            it.places(kind, read_at);
            assert_eq!(it.told(2), ["call_incoming"], "{event:?}");

            let mut it = Bench::new();
            it.happens(event.clone());
            let read_at = it.later();
            it.claims(kind, read_at);
            assert!(!it.board.calls.is_empty(), "{event:?}");
        }
    }
}

#[test]
fn what_was_read_long_ago_places_no_call() {
    let mut it = Bench::new();
    it.told(2);
    let read_at = it.now;
    it.now += super::super::partings::READ_KEEPS_MS;
    it.places(ConversationKind::Direct, read_at);
    it.claims(ConversationKind::Direct, read_at);
    assert_eq!(it.told(2), [""; 0]);
    assert!(it.board.calls.is_empty());
}
