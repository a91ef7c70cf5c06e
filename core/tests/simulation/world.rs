//! Devices with real cores, joined by the relay and by media paths, in virtual time.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bellwire_core::api::{
    Account, Alert, CallStage, CallView, Command, Home, PathState, PeerEvent, PeerId, Slot, View,
};
use bellwire_core::{Core, Input, LinkCommand, LinkEvent, Output, Record, SignIn, Start, Time};
use bellwire_protocol::*;

use crate::executor::{Done, Executor, Name};
use crate::relay::{Act, EPOCH, Relay, Socket};

/// A small generator, so that a run follows from its seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(pub u64);

impl Dice {
    pub(crate) fn roll(&mut self, below: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below.max(1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.roll(100) < chance
    }
}

/// What is under way.
#[derive(Debug)]
enum Happening {
    ToRelay(Socket, ClientFrame),
    ToClient(Socket, RelayFrame),
    Opened(usize, Socket),
    Closed(Socket, Option<u16>),
    Http(usize, u64, bellwire_core::HttpReply),
    Done(usize, u64, PeerId, Done),
    LocalCandidate(usize, u64, PeerId, String, bool),
    Paired(Name, Name),
    Control(Name, Name, String),
    Chat(Name, Name, String),
    RelayUp,
}

/// One device with its person.
#[derive(Debug)]
pub(crate) struct Node {
    core: Core,
    pub device: DeviceId,
    pub user: UserId,
    records: BTreeMap<String, Record>,
    pub executor: Executor,
    socket: Option<Socket>,
    /// The second one that is being opened beside it.
    racing: Option<Socket>,
    /// Counts lives: what belongs to a former one is dropped.
    life: u64,
    born: u64,
    /// The relay can be reached.
    pub relay_ok: bool,
    asleep_until: u64,
    held: VecDeque<Input>,
    pub view: Option<Box<View>>,
    pub alerts: Vec<Alert>,
    /// The call that the person placed or accepted and did not hang up.
    consent: bool,
    pub sent: Vec<ClientMessage>,
    /// Bytes of records that were written.
    pub written: usize,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct World {
    pub now: u64,
    order: u64,
    queue: BTreeMap<(u64, u64), Happening>,
    pub dice: Dice,
    pub relay: Relay,
    relay_down: bool,
    pub nodes: Vec<Node>,
    sockets: BTreeMap<Socket, (usize, u64, u64)>,
    next_socket: Socket,
    pub conversation: ConversationId,
    pub third: ConversationId,
    /// Messages take up to this long, in ms.
    pub delay: u64,
    /// Datagrams that are lost or come twice, in percent.
    pub loss: u64,
    /// No media passes at all.
    pub dark: bool,
    /// Sockets that are dead, which nobody was told.
    stranded: BTreeSet<Socket>,
    /// Second sockets that were asked for.
    pub races: usize,
    trace: bool,
}

impl Node {
    pub(crate) fn count_records(&self, wanted: impl Fn(&Record) -> bool) -> usize {
        self.records.values().filter(|record| wanted(record)).count()
    }

    pub(crate) fn has_record(&self, wanted: impl Fn(&Record) -> bool) -> bool {
        self.records.values().any(wanted)
    }
}

fn id(kind: u8, n: u8) -> [u8; 16] {
    let mut bytes = [kind; 16];
    bytes[15] = n;
    bytes
}

pub(crate) fn user(n: u8) -> UserId {
    UserId::from_bytes(id(1, n))
}

pub(crate) fn person(n: u8) -> Person {
    Person {
        user: user(n),
        username: Username::new(format!("user{n}")).unwrap(),
        display_name: DisplayName::new(format!("User {n}")).unwrap(),
    }
}

pub(crate) fn conversation(n: u8, members: &[u8]) -> Conversation {
    Conversation {
        id: ConversationId::from_bytes(id(2, n)),
        kind: ConversationKind::Direct,
        name: None,
        members: members.iter().map(|n| person(*n)).collect(),
        owner: None,
        invited: Vec::new(),
        created_at: EPOCH,
        last_call: None,
    }
}

impl World {
    /// Devices of the given users, all signed in. Users 1 and 2 have a conversation, and 3 with each.
    pub(crate) fn new(seed: u64, users: &[u8]) -> Self {
        let mut relay = Relay::default();
        relay.conversations =
            vec![conversation(1, &[1, 2]), conversation(2, &[1, 3]), conversation(3, &[2, 3])];
        let mut world = Self {
            now: 0,
            order: 0,
            queue: BTreeMap::new(),
            dice: Dice(seed),
            conversation: relay.conversations[0].id,
            third: relay.conversations[2].id,
            relay,
            relay_down: false,
            nodes: Vec::new(),
            sockets: BTreeMap::new(),
            next_socket: 1,
            delay: 20,
            loss: 0,
            dark: false,
            stranded: BTreeSet::new(),
            races: 0,
            trace: std::env::var_os("BELLWIRE_TRACE").is_some(),
        };
        for (index, n) in users.iter().enumerate() {
            let device = DeviceId::from_bytes(id(3, u8::try_from(index).unwrap()));
            world.relay.devices.insert(device, person(*n));
            let sign_in = SignIn {
                relay: "https://relay".into(),
                refresh_token: Secret::new("refresh").unwrap(),
                access_token: Relay::token(device),
                expires_at: EPOCH + 3_600_000_000,
                user: user(*n),
                device,
                device_cookie: Secret::new("cookie").unwrap(),
                username: "user1".into(),
                name: "User 1".into(),
                over: false,
            };
            let record = Record::SignIn(Some(sign_in));
            let core = world.birth(index, 0);
            world.nodes.push(Node {
                core,
                device,
                user: user(*n),
                records: BTreeMap::from([(record.key(), record)]),
                executor: Executor::default(),
                socket: None,
                life: 0,
                born: 0,
                racing: None,
                relay_ok: true,
                asleep_until: 0,
                held: VecDeque::new(),
                view: None,
                alerts: Vec::new(),
                consent: false,
                sent: Vec::new(),
                written: 0,
            });
            world.load(index);
        }
        world.run(500);
        for node in 0..world.nodes.len() {
            assert!(world.home(node).ready, "device {node} is signed in");
        }
        world
    }

    fn birth(&mut self, index: usize, life: u64) -> Core {
        let mut seed = [0; 32];
        for byte in &mut seed {
            *byte = u8::try_from(self.dice.roll(256)).unwrap();
        }
        seed[0] = u8::try_from(index).unwrap();
        // The device's own clock is wrong by some seconds; the relay's corrects it.
        let skew = self.dice.roll(20_000);
        Core::new(Start {
            seed,
            unix_ms: EPOCH + self.now + skew - 10_000 + life % 2,
            client: ClientInfo {
                name: "sim".into(),
                version: "0.1.0".into(),
                platform: "sim".into(),
            },
            device_name: "Simulation".into(),
            platform: "cli".into(),
            relay: "https://relay".into(),
            page_origin: None,
        })
    }

    fn load(&mut self, index: usize) {
        let records = self.nodes[index].records.values().cloned().collect();
        self.input(index, Input::Loaded(records));
    }

    pub(crate) fn home(&self, node: usize) -> &Home {
        match &self.nodes[node].view.as_ref().expect("a view").account {
            Account::SignedIn(home) => home,
            other => panic!("device {node} is not signed in: {other:?}"),
        }
    }

    pub(crate) fn call(&self, node: usize) -> Option<&CallView> {
        self.home(node).call.as_ref()
    }

    pub(crate) fn stage(&self, node: usize) -> Option<&CallStage> {
        self.call(node).map(|call| &call.stage)
    }

    pub(crate) fn ended(&self, node: usize) -> Option<EndReason> {
        match self.stage(node)? {
            CallStage::Ended { reason, .. } => Some(*reason),
            CallStage::Dialling { .. }
            | CallStage::Connecting
            | CallStage::Connected { .. }
            | CallStage::Reconnecting { .. } => None,
        }
    }

    pub(crate) fn is_connected(&self, node: usize) -> bool {
        matches!(self.stage(node), Some(CallStage::Connected { .. }))
    }

    pub(crate) fn is_in_call(&self, node: usize) -> bool {
        self.stage(node).is_some() && self.ended(node).is_none()
    }

    pub(crate) fn command(&mut self, node: usize, command: Command) {
        if self.nodes[node].asleep_until > self.now {
            // Nobody can press anything on a sleeping machine.
            return;
        }
        match &command {
            Command::PlaceCall { .. } => self.nodes[node].consent = true,
            Command::AcceptCall { call, .. }
                if self.home(node).rings.iter().any(|ring| ring.call == *call) =>
            {
                self.nodes[node].consent = true;
            }
            _ => {}
        }
        self.input(node, Input::Command(command));
    }

    pub(crate) fn place(&mut self, node: usize, media: Media) {
        let conversation = self.conversation;
        self.command(node, Command::PlaceCall { conversation, media });
    }

    /// Accepts the oldest ring, if any.
    pub(crate) fn accept(&mut self, node: usize, media: Media) -> bool {
        let Some(call) = self.home(node).rings.first().map(|ring| ring.call) else { return false };
        self.command(node, Command::AcceptCall { call, media });
        true
    }

    pub(crate) fn decline(&mut self, node: usize) {
        if let Some(call) = self.home(node).rings.first().map(|ring| ring.call) {
            self.command(node, Command::DeclineCall { call });
        }
    }

    pub(crate) fn hang_up(&mut self, node: usize) {
        if let Some(call) = self.call(node).map(|call| call.id) {
            self.command(node, Command::HangUp { call });
        }
    }

    /// Places, accepts and waits until media flows between devices 0 and 1.
    pub(crate) fn connect(&mut self, media: Media) {
        self.place(0, media);
        self.run(300);
        assert!(self.accept(1, media), "device 1 rings");
        self.run(1_500);
        assert!(
            self.is_connected(0) && self.is_connected(1),
            "media flows: {:?} {:?}",
            self.stage(0),
            self.stage(1)
        );
    }

    /// The page is closed, and nothing of it is left.
    pub(crate) fn close_page(&mut self, node: usize) {
        if let Some(socket) = self.nodes[node].socket.take() {
            self.relay.leave_page(socket, self.now);
            self.sockets.remove(&socket);
            self.flush_relay();
        }
        self.nodes[node].asleep_until = u64::MAX;
    }

    /// The page is loaded again.
    pub(crate) fn reload(&mut self, node: usize) {
        self.close_page(node);
        let life = self.nodes[node].life + 1;
        let core = self.birth(node, life);
        let present = &mut self.nodes[node];
        present.core = core;
        present.life = life;
        present.born = self.now;
        present.held.clear();
        present.asleep_until = 0;
        present.view = None;
        let Executor { bare, burst, .. } = present.executor;
        present.executor = Executor { bare, burst, life, ..Executor::default() };
        present.consent =
            present.records.values().any(|record| matches!(record, Record::Call(Some(_))));
        self.load(node);
    }

    pub(crate) fn sleep(&mut self, node: usize, ms: u64) {
        self.nodes[node].asleep_until = self.now + ms;
    }

    /// The relay cannot be reached from here, or can again.
    pub(crate) fn set_link(&mut self, node: usize, ok: bool) {
        self.nodes[node].relay_ok = ok;
        if !ok && let Some(socket) = self.nodes[node].socket.take() {
            self.drop_socket(socket, true);
        }
    }

    /// A device's new sockets do not open, while the one that it has may stay.
    pub(crate) fn refuse_sockets(&mut self, node: usize, refuse: bool) {
        self.nodes[node].relay_ok = !refuse;
    }

    /// How many sockets of a device opened so far.
    pub(crate) fn opened(&self, node: usize) -> usize {
        self.nodes[node]
            .sent
            .iter()
            .filter(|message| matches!(message, ClientMessage::Hello { .. }))
            .count()
    }

    /// The address that a device's socket is bound to is gone: nothing gets through, and neither end
    /// is told.
    pub(crate) fn strand(&mut self, node: usize) {
        self.stranded.extend(self.nodes[node].socket);
    }

    /// The relay's process ends and a new one starts; everybody's socket closes.
    pub(crate) fn restart_relay(&mut self, down_ms: u64) {
        for socket in self.relay.restart() {
            self.drop_socket(socket, true);
        }
        self.relay_down = true;
        self.push(down_ms, Happening::RelayUp);
    }

    /// The person at one device blocks the person at the other, or removes the contact.
    pub(crate) fn part(&mut self, by: usize, other: usize) {
        let (by, other) = (self.nodes[by].user, self.nodes[other].user);
        self.relay.part(by, other, self.now);
        self.flush_relay();
    }

    /// Every media path dies and comes back only by a restart.
    pub(crate) fn break_paths(&mut self) {
        for node in &mut self.nodes {
            for pc in node.executor.pcs.values_mut() {
                pc.paired = None;
                pc.candidates.clear();
            }
        }
    }

    pub(crate) fn input(&mut self, node: usize, input: Input) {
        if self.nodes[node].asleep_until > self.now {
            self.nodes[node].held.push_back(input);
            return;
        }
        let Node { core, born, .. } = &mut self.nodes[node];
        if self.trace {
            eprintln!("{:>7} {node} <- {}", self.now, brief(&format!("{input:?}")));
        }
        core.handle(Time(self.now - *born), input);
        let mut outputs = Vec::new();
        while let Some(output) = core.poll() {
            outputs.push(output);
        }
        for output in outputs {
            if self.trace && !matches!(output, Output::View(_)) {
                eprintln!("{:>7} {node} -> {}", self.now, brief(&format!("{output:?}")));
            }
            self.output(node, output);
        }
        self.check(node);
    }

    fn output(&mut self, node: usize, output: Output) {
        let life = self.nodes[node].life;
        match output {
            Output::Relay(frame) => {
                self.nodes[node].sent.push(frame.message.clone());
                if let Some(socket) = self.nodes[node].socket {
                    let at = self.in_order(socket, true);
                    self.push_at(at, Happening::ToRelay(socket, frame));
                }
            }
            Output::Link(LinkCommand::Connect { .. }) => {
                if let Some(socket) = self.nodes[node].socket.take() {
                    self.drop_socket(socket, false);
                }
                self.nodes[node].racing = None;
                let wait = self.wait();
                self.nodes[node].socket = Some(self.open_socket(node, wait));
            }
            Output::Link(LinkCommand::Race { .. }) => {
                self.races += 1;
                // Two round trips at least, and what is being asked answers within one.
                let wait = 4 * self.delay;
                self.nodes[node].racing = Some(self.open_socket(node, wait));
            }
            Output::Link(LinkCommand::CallOff) => self.nodes[node].racing = None,
            Output::Link(LinkCommand::Disconnect) => {
                self.nodes[node].racing = None;
                if let Some(socket) = self.nodes[node].socket.take() {
                    // What was said before still arrives.
                    let at = self.in_order(socket, true);
                    self.push_at(at, Happening::Closed(socket, None));
                }
            }
            Output::Http(request) => {
                let device = self.nodes[node].device;
                let ok = self.nodes[node].relay_ok && !self.relay_down;
                let reply = if ok {
                    self.relay.http(device, request.id, &request.url)
                } else {
                    let result = Err(bellwire_core::HttpFailure::Unreachable);
                    bellwire_core::HttpReply { id: request.id, result }
                };
                let wait = self.wait() * 2;
                self.push(wait, Happening::Http(node, life, reply));
            }
            Output::Peer(peer, command) => {
                if let Some(done) = self.nodes[node].executor.order(node, peer, command) {
                    let wait = match done {
                        Done::Control(_) | Done::Chat(_) => 0,
                        Done::Described { .. }
                        | Done::Applied { .. }
                        | Done::Failed { .. }
                        | Done::Slot(..) => 1 + self.dice.roll(20),
                    };
                    if wait == 0 {
                        self.done(node, peer, done);
                    } else {
                        self.push(wait, Happening::Done(node, life, peer, done));
                    }
                }
            }
            Output::Store(Record::Erased) => self.nodes[node].records.clear(),
            Output::Store(record) if record.is_forgotten() => {
                self.nodes[node].records.remove(&record.key());
            }
            Output::Store(record) => {
                self.nodes[node].written += encode(&record).len();
                self.nodes[node].records.insert(record.key(), record);
            }
            Output::Alert(alert) => self.nodes[node].alerts.push(alert),
            Output::View(view) => self.nodes[node].view = Some(view),
        }
    }

    /// What must hold after every input.
    fn check(&mut self, node: usize) {
        let in_call = match self.nodes[node].view.as_ref().map(|view| &view.account) {
            Some(Account::SignedIn(_)) => self.is_in_call(node),
            Some(Account::Loading | Account::SignedOut { .. }) | None => false,
        };
        let present = &mut self.nodes[node];
        let open = !present.executor.pcs.is_empty();
        assert!(
            !open || present.consent,
            "device {node} has a connection and nobody placed or accepted"
        );
        assert!(!open || in_call, "device {node} has a connection and no call");
        assert!(
            !present.executor.mic() || in_call,
            "device {node} has an open microphone and no call"
        );
        if present.executor.camera() {
            let wanted = match &present.view.as_ref().unwrap().account {
                Account::SignedIn(home) => {
                    home.call.as_ref().is_some_and(|call| call.local.camera.on)
                }
                Account::Loading | Account::SignedOut { .. } => false,
            };
            assert!(wanted, "device {node} has an open camera that nobody asked for");
        }
        // A call that is kept for a reload was placed or accepted.
        if !in_call && !present.has_record(|record| matches!(record, Record::Call(Some(_)))) {
            present.consent = false;
        }
    }

    fn done(&mut self, node: usize, peer: PeerId, done: Done) {
        let life = self.nodes[node].life;
        let Some(pc) = self.nodes[node].executor.pcs.get_mut(&peer) else { return };
        match done {
            Done::Described { operation, sdp, ufrag } => {
                if pc.busy != Some(operation) {
                    return;
                }
                pc.busy = None;
                self.input(node, Input::Peer(peer, PeerEvent::Described { operation, sdp }));
                let burst = self.nodes[node].executor.burst;
                for (n, end) in (0..burst).map(|_| (5, false)).chain([(5, false), (10, true)]) {
                    let wait = n + self.dice.roll(10);
                    self.push(
                        wait,
                        Happening::LocalCandidate(node, life, peer, ufrag.clone(), end),
                    );
                }
            }
            Done::Applied { operation } => {
                pc.busy = None;
                self.input(node, Input::Peer(peer, PeerEvent::Applied { operation }));
            }
            Done::Failed { operation } => {
                pc.busy = None;
                let message = "wrong state".to_owned();
                self.input(
                    node,
                    Input::Peer(peer, PeerEvent::OperationFailed { operation, message }),
                );
            }
            Done::Slot(slot, state) => {
                self.input(node, Input::Peer(peer, PeerEvent::Slot { slot, state }))
            }
            Done::Control(data) => {
                if let Some(far) = pc.paired {
                    for _ in 0..1 + u8::from(self.dice.percent(self.loss)) {
                        if !self.dice.percent(self.loss) {
                            let wait = self.wait();
                            self.push(wait, Happening::Control((node, peer), far, data.clone()));
                        }
                    }
                }
            }
            Done::Chat(data) => {
                if let Some(far) = pc.paired {
                    // In order: the channel is as slow as the slowest message.
                    let wait = self.delay;
                    self.push(wait, Happening::Chat((node, peer), far, data));
                }
            }
        }
        self.pair(node, peer);
    }

    /// Sees whether a connection has a path by now.
    fn pair(&mut self, node: usize, peer: PeerId) {
        if self.dark {
            return;
        }
        for far in (0..self.nodes.len()).filter(|far| *far != node) {
            if let Some(found) = self.nodes[node].executor.reaches(peer, &self.nodes[far].executor)
            {
                let near = (node, peer);
                let Some(pc) = self.nodes[node].executor.pcs.get(&peer) else { return };
                if pc.paired != Some((far, found)) {
                    let wait = self.wait();
                    self.push(wait, Happening::Paired(near, (far, found)));
                }
            }
        }
    }

    fn paired(&mut self, near: Name, far: Name) {
        let reaches =
            self.nodes[near.0].executor.reaches(near.1, &self.nodes[far.0].executor) == Some(far.1);
        if !reaches || self.dark {
            return;
        }
        for (one, other) in [(near, far), (far, near)] {
            let Some(pc) = self.nodes[one.0].executor.pcs.get_mut(&one.1) else { continue };
            if pc.paired == Some(other) {
                continue;
            }
            pc.paired = Some(other);
            let first = !std::mem::replace(&mut pc.channels, true);
            self.input(one.0, Input::Peer(one.1, PeerEvent::Path { state: PathState::Connected }));
            if first {
                self.input(one.0, Input::Peer(one.1, PeerEvent::ChannelsOpen));
            }
        }
    }

    fn drop_socket(&mut self, socket: Socket, tell: bool) {
        self.relay.close(socket, self.now);
        if tell {
            if let Some((node, ..)) = self.sockets.get(&socket) {
                self.nodes[*node].socket = Some(socket);
            }
            let wait = self.wait();
            self.push(wait, Happening::Closed(socket, None));
        } else {
            self.sockets.remove(&socket);
        }
    }

    /// A socket on its way: it opens after a while, or does not.
    fn open_socket(&mut self, node: usize, wait: u64) -> Socket {
        let socket = self.next_socket;
        self.next_socket += 1;
        self.sockets.insert(socket, (node, 0, 0));
        if self.nodes[node].relay_ok && !self.relay_down {
            self.push(wait, Happening::Opened(node, socket));
        } else {
            self.push(wait, Happening::Closed(socket, None));
        }
        socket
    }

    fn wait(&mut self) -> u64 {
        1 + self.dice.roll(self.delay)
    }

    /// When the next frame of a socket arrives: never before the one that went before it.
    fn in_order(&mut self, socket: Socket, up: bool) -> u64 {
        let at = self.now + self.wait();
        let Some((_, ups, downs)) = self.sockets.get_mut(&socket) else { return at };
        let last = if up { ups } else { downs };
        *last = at.max(*last);
        *last
    }

    fn push(&mut self, wait: u64, happening: Happening) {
        self.push_at(self.now + wait, happening);
    }

    fn push_at(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.queue.insert((at, self.order), happening);
    }

    /// The relay says this to one node, beside what its rules say.
    pub(crate) fn relay_says(&mut self, node: usize, message: RelayMessage) {
        self.relay.say(self.nodes[node].device, message);
        self.flush_relay();
    }

    fn flush_relay(&mut self) {
        for act in std::mem::take(&mut self.relay.acts) {
            match act {
                Act::Send(socket, frame) => {
                    let at = self.in_order(socket, false);
                    self.push_at(at, Happening::ToClient(socket, *frame));
                }
                Act::Close(socket, code) => {
                    let at = self.in_order(socket, false);
                    self.push_at(at, Happening::Closed(socket, Some(code)));
                }
            }
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::ToRelay(socket, frame) => {
                let now = self.now;
                if self.stranded.contains(&socket) {
                    return;
                }
                if self.trace {
                    eprintln!("{now:>7} R <- {}", brief(&format!("{frame:?}")));
                }
                self.relay.receive(socket, frame, now);
                self.flush_relay();
            }
            Happening::ToClient(socket, frame) => {
                if self.stranded.contains(&socket) {
                    return;
                }
                if let Some(node) = self.node_of(socket) {
                    self.input(node, Input::Relay(frame));
                }
            }
            Happening::Opened(node, socket) => {
                let raced = self.nodes[node].racing == Some(socket);
                if !raced && self.nodes[node].socket != Some(socket) {
                    return;
                }
                if raced {
                    self.nodes[node].racing = None;
                    if let Some(former) = self.nodes[node].socket.replace(socket)
                        && !self.stranded.contains(&former)
                    {
                        self.drop_socket(former, false);
                    }
                }
                if self.nodes[node].relay_ok && !self.relay_down {
                    self.relay.open(socket);
                    self.input(node, Input::Link(LinkEvent::Opened));
                } else {
                    self.drop_socket(socket, true);
                }
            }
            Happening::Closed(socket, code) => {
                if self.stranded.contains(&socket) {
                    return;
                }
                let node = self.sockets.get(&socket).map(|(node, ..)| *node);
                self.relay.close(socket, self.now);
                self.sockets.remove(&socket);
                if let Some(node) = node
                    && self.nodes[node].racing == Some(socket)
                {
                    self.nodes[node].racing = None;
                    self.input(node, Input::Link(LinkEvent::RaceLost));
                } else if let Some(node) = node
                    && self.nodes[node].socket == Some(socket)
                {
                    self.nodes[node].socket = None;
                    self.input(node, Input::Link(LinkEvent::Closed { code }));
                }
            }
            Happening::Http(node, life, reply) => {
                if self.nodes[node].life == life {
                    self.input(node, Input::Http(reply));
                }
            }
            Happening::Done(node, life, peer, done) => {
                if self.nodes[node].life == life {
                    self.done(node, peer, done);
                }
            }
            Happening::LocalCandidate(node, life, peer, ufrag, end) => {
                if self.nodes[node].life == life
                    && self.nodes[node].executor.pcs.contains_key(&peer)
                {
                    let candidate =
                        if end { "" } else { "candidate:1 1 udp 1 192.0.2.1 1 typ host" };
                    let event = PeerEvent::Candidate {
                        ufrag,
                        mid: "0".into(),
                        candidate: candidate.into(),
                    };
                    self.input(node, Input::Peer(peer, event));
                }
            }
            Happening::Paired(near, far) => self.paired(near, far),
            Happening::Control(near, far, data) => {
                if self.carries(near, far) {
                    self.input(far.0, Input::Peer(far.1, PeerEvent::Control { data }));
                }
            }
            Happening::Chat(near, far, data) => {
                let hears = self.nodes[far.0]
                    .executor
                    .pcs
                    .get(&far.1)
                    .is_some_and(|pc| pc.paired == Some(near));
                if hears && !self.dark {
                    self.input(far.0, Input::Peer(far.1, PeerEvent::Chat { data }));
                } else if self.nodes[near.0].executor.pcs.contains_key(&near.1)
                    && self.nodes[far.0].executor.pcs.contains_key(&far.1)
                {
                    // Reliable: it is sent again while the connection stands.
                    self.push(200, Happening::Chat(near, far, data));
                }
            }
            Happening::RelayUp => self.relay_down = false,
        }
    }

    fn carries(&self, near: Name, far: Name) -> bool {
        let leads = |one: Name, other: Name| {
            self.nodes[one.0].executor.pcs.get(&one.1).is_some_and(|pc| pc.paired == Some(other))
        };
        !self.dark && leads(near, far) && leads(far, near)
    }

    fn node_of(&self, socket: Socket) -> Option<usize> {
        let node = self.sockets.get(&socket)?.0;
        (self.nodes[node].socket == Some(socket)).then_some(node)
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, ms: u64) {
        let until = self.now + ms;
        let mut steps = 0;
        loop {
            steps += 1;
            assert!(steps < 400_000, "time stands still at {}", self.now);
            let queued = self.queue.first_key_value().map(|((at, _), _)| *at);
            let ticks = self.nodes.iter().enumerate().filter_map(|(index, node)| {
                let due = node.core.deadline()?.0.saturating_add(node.born);
                Some((due.max(node.asleep_until).max(self.now), index))
            });
            let tick = ticks.min();
            let woken = self
                .nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| !node.held.is_empty())
                .map(|(index, node)| (node.asleep_until.max(self.now), index))
                .min();
            let relay = self.relay.deadline().map(|at| at.max(self.now));
            let next =
                [queued, tick.map(|t| t.0), relay, woken.map(|w| w.0)].into_iter().flatten().min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = next.max(self.now);
            if let Some((_, node)) = woken.filter(|(at, _)| *at == next) {
                // Timers run before what the network brought meanwhile, as after a real sleep.
                self.input(node, Input::Tick);
                while let Some(input) = self.nodes[node].held.pop_front() {
                    self.input(node, input);
                }
            } else if queued == Some(next) {
                if let Some((_, happening)) = self.queue.pop_first() {
                    self.happen(happening);
                }
            } else if relay == Some(next) && !self.relay_down {
                self.relay.tick(self.now);
                self.flush_relay();
            } else if let Some((_, node)) = tick.filter(|(at, _)| *at == next) {
                self.input(node, Input::Tick);
            } else {
                self.now += 1;
            }
            // A candidate that was just added may complete a path.
            self.pair_all();
        }
        self.now = until;
    }

    fn pair_all(&mut self) {
        let names: Vec<Name> = self
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(index, node)| {
                node.executor
                    .pcs
                    .iter()
                    .filter(|(_, pc)| pc.paired.is_none())
                    .map(move |(peer, _)| (index, *peer))
            })
            .collect();
        for (node, peer) in names {
            self.pair(node, peer);
        }
    }

    pub(crate) fn has_alert(&self, node: usize, wanted: impl Fn(&Alert) -> bool) -> bool {
        self.nodes[node].alerts.iter().any(wanted)
    }

    pub(crate) fn is_awake(&self, node: usize) -> bool {
        self.nodes[node].asleep_until <= self.now
    }

    pub(crate) fn sends(&self, node: usize, slot: Slot) -> bool {
        self.nodes[node].executor.pcs.values().any(|pc| pc.sends.contains(&slot))
    }
}

fn brief(text: &str) -> String {
    text.chars().take(220).collect()
}
