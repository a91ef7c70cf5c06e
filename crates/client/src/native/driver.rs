//! The loop: outputs out, one input in.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bellwire_core::api::{Alert, Command, View};
use bellwire_core::{Core, HttpReply, Input, LinkCommand, LinkEvent, Output, Record, Start, Time};
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use super::executor::{Executor, PeerEventQueue};
use super::http::{REPLIES, Requests};
use super::lookout::{LOOK, Lookout};
use super::socket::{ARRIVALS, Arrival, Socket};
use super::vault::{Keeper, Vault};
use crate::Clock;
use crate::clock::NAP_MS;
use crate::frame::input_of;

const NAP: Duration = Duration::from_millis(NAP_MS);

/// What the owner of a client asks of its driver.
#[derive(Debug)]
pub(super) enum Wish {
    /// For the core.
    Command(Command),
    /// For the core.
    Link(LinkEvent),
    /// End, and say so when everything is written.
    Stop(oneshot::Sender<()>),
}

/// Runs one core.
pub(super) struct Driver<E> {
    core: Core,
    clock: Timekeeper,
    keeper: Keeper,
    executor: E,
    view: watch::Sender<View>,
    alerts: broadcast::Sender<Alert>,
    socket: Option<Socket>,
    /// The one that is being opened beside it.
    racing: Option<Socket>,
    sockets: u64,
    lookout: Lookout,
    arrivals: mpsc::Sender<(u64, Arrival)>,
    arrived: mpsc::Receiver<(u64, Arrival)>,
    requests: Requests,
    replies: mpsc::Receiver<HttpReply>,
}

impl<E: Executor> Driver<E> {
    pub(super) fn new(
        start: Start,
        vault: impl Vault,
        executor: E,
        view: watch::Sender<View>,
        alerts: broadcast::Sender<Alert>,
    ) -> Self {
        let (arrivals, arrived) = mpsc::channel(ARRIVALS);
        let (replied, replies) = mpsc::channel(REPLIES);
        Self {
            core: Core::new(start),
            clock: Timekeeper::start(),
            keeper: Keeper::start(vault),
            executor,
            view,
            alerts,
            socket: None,
            racing: None,
            sockets: 0,
            lookout: Lookout::default(),
            arrivals,
            arrived,
            requests: Requests::new(replied),
            replies,
        }
    }

    pub(super) async fn run(
        mut self,
        leave_call: bool,
        mut wishes: mpsc::Receiver<Wish>,
        mut peers: PeerEventQueue,
    ) {
        let mut records = self.keeper.load().await;
        if leave_call {
            records.retain(|record| !matches!(record, Record::Call(_)));
            self.keeper.keep(Record::Call(None));
        }
        let now = self.clock.now();
        self.core.handle(now, Input::Loaded(records));
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while let Some(output) = self.core.poll() {
                self.perform(output);
            }
            let nap = self.nap();
            let input = tokio::select! {
                Some((socket, arrival)) = self.arrived.recv() => self.on_arrival(socket, arrival),
                Some(reply) = self.replies.recv() => Some(Input::Http(reply)),
                Some((peer, event)) = peers.recv() => Some(Input::Peer(peer, event)),
                wish = wishes.recv() => match wish {
                    Some(Wish::Command(command)) => Some(Input::Command(command)),
                    Some(Wish::Link(event)) => Some(Input::Link(event)),
                    Some(Wish::Stop(stopped)) => {
                        // A hang-up may be the last thing that was said, and the program may end now.
                        if let Some(socket) = self.socket.take() {
                            socket.finish().await;
                        }
                        self.keeper.finish().await;
                        // Nobody waits any more if this fails.
                        let _ = stopped.send(());
                        return;
                    }
                    None => return,
                },
                _ = looks.tick() => {
                    self.lookout.look().then_some(Input::Link(LinkEvent::NetworkChanged))
                }
                () = tokio::time::sleep(nap) => self.on_nap(),
            };
            if let Some(input) = input {
                let now = self.clock.now();
                self.core.handle(now, input);
            }
        }
    }

    fn perform(&mut self, output: Output) {
        match output {
            Output::Relay(frame) => {
                if let Some(socket) = &self.socket {
                    socket.send(bellwire_protocol::encode(&frame));
                }
            }
            Output::Link(LinkCommand::Connect { url }) => {
                self.racing = None;
                self.socket = Some(self.open(&url));
            }
            Output::Link(LinkCommand::Race { url }) => self.racing = Some(self.open(&url)),
            Output::Link(LinkCommand::CallOff) => self.racing = None,
            Output::Link(LinkCommand::Disconnect) => {
                self.racing = None;
                self.socket = None;
            }
            Output::Http(request) => self.requests.make(request),
            Output::Peer(peer, command) => self.executor.carry_out(peer, command),
            Output::Store(record) => self.keeper.keep(record),
            Output::Alert(alert) => {
                // Nobody listens if this fails.
                let _ = self.alerts.send(alert);
            }
            Output::View(view) => {
                self.view.send_replace(*view);
            }
        }
    }

    fn open(&mut self, url: &str) -> Socket {
        self.sockets += 1;
        Socket::connect(url, self.sockets, self.arrivals.clone())
    }

    /// What arrived on a socket that was dropped meanwhile is dropped too.
    fn on_arrival(&mut self, number: u64, arrival: Arrival) -> Option<Input> {
        let is = |socket: &Option<Socket>| socket.as_ref().is_some_and(|it| it.number() == number);
        if is(&self.racing) {
            return match arrival {
                Arrival::Opened { far } => {
                    self.lookout.watch(far);
                    self.socket = self.racing.take();
                    Some(Input::Link(LinkEvent::Opened))
                }
                Arrival::Closed { .. } => {
                    self.racing = None;
                    Some(Input::Link(LinkEvent::RaceLost))
                }
                // Not before it is open.
                Arrival::Text(_) | Arrival::Unusable => None,
            };
        }
        if !is(&self.socket) {
            return None;
        }
        Some(match arrival {
            Arrival::Opened { far } => {
                self.lookout.watch(far);
                Input::Link(LinkEvent::Opened)
            }
            Arrival::Text(text) => input_of(&text),
            Arrival::Unusable => Input::Link(LinkEvent::Malformed),
            Arrival::Closed { code } => {
                self.socket = None;
                Input::Link(LinkEvent::Closed { code })
            }
        })
    }

    fn nap(&mut self) -> Duration {
        let now = self.clock.now();
        self.core
            .deadline()
            .map_or(NAP, |deadline| Duration::from_millis(deadline.since(now)).min(NAP))
    }

    fn on_nap(&mut self) -> Option<Input> {
        let now = self.clock.now();
        self.core.deadline().filter(|deadline| *deadline <= now).map(|_| Input::Tick)
    }
}

/// [`Clock`] on the clocks of the operating system.
struct Timekeeper {
    started: Instant,
    clock: Clock,
}

impl Timekeeper {
    fn start() -> Self {
        Self { started: Instant::now(), clock: Clock::new(0.0, wall_ms()) }
    }

    fn now(&mut self) -> Time {
        self.clock.at(self.started.elapsed().as_secs_f64() * 1_000.0, wall_ms())
    }
}

fn wall_ms() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1_000.0)
}
