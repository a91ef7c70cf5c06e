//! A relay and participants that say anything at any time. Nothing panics, and nothing that they say
//! opens a connection, a microphone or a camera.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_core::api::{Account, CallStage, CallView, Command, Home, PeerCommand, PeerId, View};
use bellwire_core::{
    CallInProgress, Core, HttpFailure, HttpReply, Input, LinkCommand, LinkEvent, Output, Record,
    SignIn, Start, Time,
};
use bellwire_protocol::http::{Problem, ProblemReason, SignedIn};
use bellwire_protocol::limits::close;
use bellwire_protocol::*;

use crate::invention::{CODES, Inventor};
use crate::relay::EPOCH;
use crate::world::{Dice, World, conversation, person};

/// An honest relay stands behind; somebody else speaks in between, closes sockets and claims that
/// the network changed. The world checks what is open after every input.
#[test]
fn hostile_messages_open_nothing_and_break_nothing() {
    for seed in 0..1_000 {
        let mut world = World::new(seed, &[1, 2]);
        match world.dice.roll(3) {
            0 => {}
            1 => world.place(0, Media::Voice),
            _ => world.connect(Media::Voice),
        }
        let mut seq = 10_000;
        for _ in 0..40 {
            let pause = world.dice.roll(200);
            world.run(pause);
            let node = usize::try_from(world.dice.roll(2)).unwrap();
            if !matches!(world.nodes[node].view.as_ref().unwrap().account, Account::SignedIn(_)) {
                continue;
            }
            let home = world.home(node);
            let calls = home
                .call
                .iter()
                .map(|call| call.id)
                .chain(home.rings.iter().map(|ring| ring.call))
                .collect();
            let mut inventor = Inventor {
                dice: Dice(world.dice.roll(u64::MAX)),
                now: EPOCH + world.now,
                people: world
                    .nodes
                    .iter()
                    .map(|node| participant(node.user, node.device))
                    .collect(),
                calls,
                conversations: vec![conversation(1, &[1, 2])],
            };
            let input = match world.dice.roll(10) {
                0..=5 => {
                    seq += 1;
                    Input::Relay(RelayFrame { seq, message: inventor.message() })
                }
                6 => Input::Link(inventor.link()),
                _ => {
                    let peer = PeerId(u32::try_from(world.dice.roll(3)).unwrap());
                    Input::Peer(peer, inventor.event())
                }
            };
            world.input(node, input);
            assert!(
                !world.sends(node, bellwire_core::api::Slot::Camera),
                "nobody asked for a picture, seed {seed}"
            );
        }
    }
}

fn participant(user: UserId, device: DeviceId) -> Participant {
    Participant { user, device, name: DisplayName::new("Somebody").unwrap() }
}

/// One device whose relay is an enemy from its first word on.
pub(crate) struct Prey {
    core: Core,
    inventor: Inventor,
    pub(crate) now: u64,
    seq: u64,
    /// A socket was asked for; it is open; `hello` was said on it.
    pub(crate) wanted: bool,
    pub(crate) open: bool,
    pub(crate) greeted: bool,
    /// Sockets that were asked for.
    pub(crate) connects: usize,
    /// Those that were asked for beside an open one.
    pub(crate) races: usize,
    /// One of them is on its way.
    racing: bool,
    /// A ping waits for its answer.
    pub(crate) pinged: bool,
    requests: Vec<(u32, String)>,
    pub(crate) view: Option<Box<View>>,
    /// Connections that are open.
    peers: BTreeSet<PeerId>,
    /// Everything that an executor was ever told.
    orders: usize,
}

const ME: u8 = 1;
const FRIEND: u8 = 2;
const STRANGER: u8 = 3;

fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

impl Prey {
    pub(crate) fn new(seed: u64, kept: Option<CallInProgress>) -> Self {
        let mut seeds = [0; 32];
        seeds[..8].copy_from_slice(&seed.to_le_bytes());
        let core = Core::new(Start {
            seed: seeds,
            unix_ms: EPOCH,
            client: ClientInfo { name: "t".into(), version: "0".into(), platform: "t".into() },
            device_name: "Test".into(),
            platform: "cli".into(),
            relay: "https://relay".into(),
            page_origin: None,
        });
        let people =
            [ME, FRIEND, STRANGER].map(|n| participant(person(n).user, device(n))).to_vec();
        let conversations = vec![conversation(1, &[ME, FRIEND]), conversation(2, &[ME, STRANGER])];
        let calls = kept.iter().map(|kept| kept.call_id).collect();
        let inventor = Inventor { dice: Dice(seed), now: EPOCH, people, calls, conversations };
        let mut prey = Self {
            core,
            inventor,
            now: 0,
            seq: 0,
            wanted: false,
            open: false,
            greeted: false,
            connects: 0,
            races: 0,
            racing: false,
            pinged: false,
            requests: Vec::new(),
            view: None,
            peers: BTreeSet::new(),
            orders: 0,
        };
        let sign_in = SignIn {
            relay: "https://relay".into(),
            refresh_token: Secret::new("refresh").unwrap(),
            access_token: Secret::new("access").unwrap(),
            expires_at: EPOCH + 3_600_000,
            user: person(ME).user,
            device: device(ME),
            device_cookie: Secret::new("cookie").unwrap(),
            username: "user1".into(),
            name: "User 1".into(),
            over: false,
        };
        prey.input(Input::Loaded(vec![Record::SignIn(Some(sign_in)), Record::Call(kept)]));
        prey
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.core.handle(Time(self.now), input);
        while let Some(output) = self.core.poll() {
            match output {
                Output::Link(LinkCommand::Connect { .. }) => {
                    self.connects += 1;
                    (self.wanted, self.open, self.greeted) = (true, false, false);
                }
                Output::Link(LinkCommand::Race { .. }) => {
                    self.races += 1;
                    self.racing = true;
                }
                Output::Link(LinkCommand::CallOff) => self.racing = false,
                Output::Link(LinkCommand::Disconnect) => {
                    self.racing = false;
                    (self.wanted, self.open, self.greeted) = (false, false, false);
                }
                Output::Relay(frame) => match frame.message {
                    ClientMessage::Hello { .. } => self.greeted = true,
                    ClientMessage::Ping { .. } => self.pinged = true,
                    ClientMessage::CallInitiate { call_id, .. } => {
                        self.inventor.calls.push(call_id)
                    }
                    _ => {}
                },
                Output::Http(request) => self.requests.push((request.id, request.url)),
                Output::Peer(peer, command) => {
                    self.orders += 1;
                    match command {
                        PeerCommand::Open { .. } => assert!(self.peers.insert(peer)),
                        PeerCommand::Close => assert!(self.peers.remove(&peer)),
                        _ => assert!(self.peers.contains(&peer), "{command:?} for nothing open"),
                    }
                }
                Output::View(view) => self.view = Some(view),
                Output::Store(_) | Output::Alert(_) => {}
            }
        }
    }

    pub(crate) fn relay(&mut self, message: RelayMessage) {
        self.seq += 1;
        self.input(Input::Relay(RelayFrame { seq: self.seq, message }));
    }

    pub(crate) fn welcome(&mut self, resumed: bool) {
        let welcome = Welcome {
            session: ResumeToken::new("session").unwrap(),
            resumed,
            me: Me {
                user: person(ME).user,
                device: device(ME),
                username: person(ME).username,
                display_name: person(ME).display_name,
                callable_by: CallableBy::Contacts,
                administrator: false,
            },
            ice_servers: Vec::new(),
            limits: Limits::default(),
            features: Vec::new(),
            version: "0".into(),
            server_time: EPOCH + self.now,
        };
        self.relay(RelayMessage::Welcome(Box::new(welcome)));
    }

    pub(crate) fn home(&self) -> Option<&Home> {
        match &self.view.as_ref()?.account {
            Account::SignedIn(home) => Some(home),
            Account::Loading | Account::SignedOut { .. } => None,
        }
    }

    fn call(&self) -> Option<&CallView> {
        self.home()?.call.as_ref()
    }

    fn is_in_call(&self) -> bool {
        self.call().is_some_and(|call| !matches!(call.stage, CallStage::Ended { .. }))
    }

    /// Goes along with what the device asks of the network, so that it comes back online.
    pub(crate) fn serve(&mut self) {
        if std::mem::take(&mut self.racing) {
            self.input(Input::Link(LinkEvent::Opened));
        } else if self.wanted && !self.open {
            self.open = true;
            self.input(Input::Link(LinkEvent::Opened));
        } else if self.greeted {
            self.greeted = false;
            let resumed = self.inventor.dice.percent(30);
            self.welcome(resumed);
            if !resumed {
                let snapshot = self.inventor.snapshot();
                self.relay(RelayMessage::Snapshot(Box::new(snapshot)));
            }
        } else if let Some((id, url)) = self.requests.pop() {
            let result = if url.contains("/auth/") {
                match self.inventor.dice.roll(4) {
                    0 => Err(HttpFailure::Unreachable),
                    1 => {
                        let problem = Problem {
                            status: 401,
                            title: String::new(),
                            code: ErrorCode::Unauthenticated,
                            reason: Some(ProblemReason::TokenInvalid),
                            retry_after_ms: None,
                        };
                        Ok((401, encode(&problem)))
                    }
                    _ => {
                        let answer = SignedIn {
                            access_token: Secret::new("access").unwrap(),
                            expires_in: 600,
                            refresh_token: Secret::new("refresh").unwrap(),
                            user: person(ME).user,
                            device: device(ME),
                            device_cookie: Secret::new("cookie").unwrap(),
                        };
                        Ok((200, encode(&answer)))
                    }
                }
            } else {
                Ok((200, "{}".to_owned()))
            };
            self.input(Input::Http(HttpReply { id, result }));
        } else {
            self.tick();
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.core.deadline().map(|due| due.0)
    }

    fn tick(&mut self) {
        if let Some(due) = self.core.deadline() {
            // A relay may ask to be left alone for as long as it likes.
            self.now = self.now.max(due.0.min(self.now + 120_000));
            self.inventor.now = EPOCH + self.now;
            self.input(Input::Tick);
        }
    }

    /// The enemy's turn.
    fn suffer(&mut self) {
        match self.inventor.dice.roll(10) {
            0..=5 => {
                let message = self.inventor.message();
                self.relay(message);
            }
            6 => {
                let event = self.inventor.link();
                self.input(Input::Link(event));
            }
            7 => {
                let peer = PeerId(u32::try_from(self.inventor.dice.roll(3)).unwrap());
                let event = self.inventor.event();
                self.input(Input::Peer(peer, event));
            }
            _ => self.tick(),
        }
    }

    /// The person does anything but place or accept a call.
    fn fidget(&mut self) {
        let ring = self.home().and_then(|home| home.rings.first()).map(|ring| ring.call);
        let call = self.call().map(|call| call.id);
        let command = match (self.inventor.dice.roll(4), ring, call) {
            (0, Some(call), _) => Command::DeclineCall { call },
            (1, _, Some(call)) => Command::HangUp { call },
            (2, _, Some(call)) => Command::DismissCall { call },
            _ if self.home().is_none() => {
                Command::SignIn { username: "user1".into(), password: "correct horse".into() }
            }
            _ => Command::Reconnect,
        };
        self.input(Input::Command(command));
    }
}

#[test]
fn before_accept_or_dial_no_relay_opens_a_connection_or_a_device_or_has_a_description_read() {
    let mut rang = 0;
    for seed in 0..600 {
        let mut prey = Prey::new(seed, None);
        for _ in 0..150 {
            match prey.inventor.dice.roll(10) {
                0..=4 => prey.serve(),
                5..=8 => prey.suffer(),
                _ => prey.fidget(),
            }
            rang += usize::from(prey.home().is_some_and(|home| !home.rings.is_empty()));
            assert_eq!(prey.orders, 0, "an executor was told something, seed {seed}");
            assert!(prey.call().is_none(), "and there is no call, seed {seed}");
        }
    }
    assert!(rang > 1_000, "it did ring");
}

#[test]
fn a_connection_exists_only_for_a_call_that_the_person_placed_or_accepted_and_with_its_people() {
    let mut opened = 0;
    for seed in 0..600 {
        let mut prey = Prey::new(seed, None);
        // Whom the person agreed to talk to, by the conversation.
        let mut agreed: BTreeMap<ConversationId, BTreeSet<UserId>> = BTreeMap::new();
        for _ in 0..150 {
            match prey.inventor.dice.roll(12) {
                0..=4 => prey.serve(),
                5..=8 => prey.suffer(),
                9 => prey.fidget(),
                _ => {
                    let before = prey.is_in_call();
                    let ring = prey.home().and_then(|home| home.rings.first().cloned());
                    let command = match &ring {
                        Some(ring) if prey.inventor.dice.percent(50) => {
                            Command::AcceptCall { call: ring.call, media: Media::Voice }
                        }
                        _ => Command::PlaceCall {
                            conversation: prey.inventor.conversations[0].id,
                            media: Media::Voice,
                        },
                    };
                    prey.input(Input::Command(command));
                    if !before && let Some(call) = prey.call() {
                        let members = prey
                            .inventor
                            .conversations
                            .iter()
                            .filter(|known| known.id == call.conversation)
                            .flat_map(|known| known.members.iter().map(|person| person.user));
                        let people = agreed.entry(call.conversation).or_default();
                        people.extend(members);
                        people.extend(ring.map(|ring| ring.user));
                    }
                }
            }
            if prey.peers.is_empty() {
                continue;
            }
            opened += 1;
            let call = prey.call().unwrap_or_else(|| panic!("a connection, no call, seed {seed}"));
            assert!(prey.is_in_call(), "a connection for an ended call, seed {seed}");
            let people = agreed.get(&call.conversation);
            for remote in &call.remotes {
                assert!(
                    people.is_some_and(|people| people.contains(&remote.user)),
                    "nobody agreed to talk to {:?}, seed {seed}",
                    remote.user
                );
            }
            assert!(!call.local.camera.on, "nobody asked for a picture, seed {seed}");
        }
    }
    assert!(opened > 1_000, "there were calls");
}

fn kept() -> CallInProgress {
    CallInProgress {
        call_id: CallId::from_parts(EPOCH, [1; 10]),
        at: EPOCH,
        conversation: conversation(1, &[ME, FRIEND]).id,
        media: Media::Voice,
        people: BTreeSet::from([person(FRIEND).user]),
        sending: MediaState { mic: true, camera: false, screen: false, narrow: false },
        claim: Some(CallClaim {
            conversation: conversation(1, &[ME, FRIEND]).id,
            media: Media::Voice,
            caller: participant(person(FRIEND).user, device(FRIEND)),
            participants: [ME, FRIEND].map(|n| participant(person(n).user, device(n))).to_vec(),
            sent_at: EPOCH,
            since: EPOCH,
        }),
    }
}

#[test]
fn a_device_comes_back_only_into_the_call_that_it_kept_with_the_people_that_it_kept() {
    let mut returned = 0;
    for seed in 0..3_000 {
        let mut prey = Prey::new(seed, Some(kept()));
        for _ in 0..40 {
            match prey.inventor.dice.roll(10) {
                0..=5 => prey.serve(),
                6..=8 => prey.suffer(),
                _ => prey.fidget(),
            }
            if prey.peers.is_empty() {
                continue;
            }
            returned += 1;
            let call = prey.call().unwrap_or_else(|| panic!("a connection, no call, seed {seed}"));
            assert_eq!(call.id, kept().call_id, "another call, seed {seed}");
            assert_eq!(call.conversation, kept().conversation, "another place, seed {seed}");
            for remote in &call.remotes {
                assert_eq!(remote.user, person(FRIEND).user, "a stranger, seed {seed}");
            }
            assert!(!call.local.camera.on, "the camera was off, seed {seed}");
        }
    }
    assert!(returned > 100, "some came back: {returned}");
}

fn live(prey: &Prey, call_id: CallId, other: u8) -> Snapshot {
    let who = prey.inventor.people.clone();
    let participants = vec![who[usize::from(ME) - 1].clone(), who[usize::from(other) - 1].clone()];
    let call = LiveCall {
        call_id,
        conversation: prey.inventor.conversations[0].id,
        media: Media::Video,
        from: participants[1].clone(),
        state: LiveCallState::Live { participants, since: EPOCH },
        sent_at: EPOCH,
    };
    let conversations = prey.inventor.conversations.clone();
    Snapshot { conversations, calls: vec![call], ..Snapshot::default() }
}

#[test]
fn after_any_end_of_a_socket_an_invented_live_call_opens_nothing() {
    let invented = CallId::from_parts(EPOCH, [9; 10]);
    for code in CODES {
        let mut prey = Prey::new(1, None);
        for _ in 0..2 {
            prey.serve();
        }
        let snapshot = live(&prey, invented, FRIEND);
        prey.relay(RelayMessage::Snapshot(Box::new(snapshot)));
        prey.input(Input::Link(LinkEvent::Closed { code }));
        prey.input(Input::Link(LinkEvent::NetworkChanged));
        if code == Some(close::REPLACED) {
            assert!(!prey.wanted || prey.open, "only the person takes the device back");
            prey.input(Input::Command(Command::Reconnect));
        }
        for _ in 0..20 {
            prey.serve();
            let snapshot = live(&prey, invented, FRIEND);
            prey.relay(RelayMessage::Snapshot(Box::new(snapshot)));
        }
        assert_eq!(prey.orders, 0, "closed with {code:?}");
    }
}

#[test]
fn a_kept_call_with_somebody_else_in_it_is_left() {
    for (other, returns) in [(FRIEND, true), (STRANGER, false)] {
        let mut prey = Prey::new(1, Some(kept()));
        prey.serve();
        prey.welcome(false);
        let snapshot = live(&prey, kept().call_id, other);
        prey.relay(RelayMessage::Snapshot(Box::new(snapshot)));
        assert_eq!(!prey.peers.is_empty(), returns, "with {other}");
    }
}

#[test]
fn a_call_that_was_kept_for_too_long_is_not_taken_up_whatever_the_relay_says() {
    // A relay keeps a seat for 90 s after media was last reported.
    for (age_ms, returns) in [(0, true), (90_000, true), (151_000, false), (u64::MAX, false)] {
        for offline_ms in [0, 151_000] {
            let at = EPOCH.saturating_sub(age_ms);
            let mut prey = Prey::new(1, Some(CallInProgress { at, ..kept() }));
            // The relay is found so much later, and says that no time has passed.
            prey.now = offline_ms;
            prey.input(Input::Tick);
            while !prey.wanted {
                prey.tick();
            }
            prey.serve();
            prey.welcome(false);
            prey.relay(RelayMessage::Pong { t: 0, server_time: at });
            let snapshot = live(&prey, kept().call_id, FRIEND);
            prey.relay(RelayMessage::Snapshot(Box::new(snapshot)));
            let returns = returns && offline_ms == 0;
            assert_eq!(!prey.peers.is_empty(), returns, "{age_ms} ms old, {offline_ms} ms offline");
            if !returns {
                let participants = prey.inventor.people[..2].to_vec();
                let (call_id, since) = (kept().call_id, Some(EPOCH));
                let media_state = Vec::new();
                prey.relay(RelayMessage::CallState { call_id, participants, since, media_state });
                assert!(prey.peers.is_empty(), "nor by an answer that nobody asked for");
            }
        }
    }
}
