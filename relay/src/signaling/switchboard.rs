//! The one task that owns every call, every session's place and everybody's presence.
//!
//! It decides nothing about calls (that is [`Calls`]) and awaits nothing but its mail: what needs
//! the store is looked up by the sender before the mail is sent, and what has to be written is
//! handed to the recorder.

mod places;
mod placing;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bellwire_protocol::{
    DeviceId, ErrorCode, IceServer, Me, Participant, PresenceStatus, RelayMessage, UserId, limits,
};
use tokio::sync::mpsc;

use super::calls::{Calls, Input, Measure, Output, Timing};
use super::dates::Dated as _;
use super::link::Link;
use super::mail::{Mail, Overview, Said};
use super::partings::Partings;
use super::rings::{RingLimits, Rings};
use super::session::{Body, Close};
use crate::bus::Event;
use crate::clock::Clock;
use crate::observe::Metrics;
use crate::presence::{Change, Directory};
use crate::store::NewRecord;

/// Longest sleep before the next deadline. The runtime's timers stand still while the machine
/// sleeps, so this is how late a deadline is noticed that passed meanwhile. A shorter one wakes an
/// idle relay with calls more often.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// What the switchboard is started with.
#[derive(Debug)]
pub struct Setup {
    /// The time.
    pub clock: Clock,
    /// Deadlines of calls.
    pub timing: Timing,
    /// How often somebody may ring.
    pub rings: RingLimits,
    /// For every welcome.
    pub ice_servers: Vec<IceServer>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Where ended calls go.
    pub recorder: mpsc::Sender<NewRecord>,
}

#[derive(Debug)]
struct Place {
    who: Participant,
    link: Arc<Link>,
    /// A snapshot was written: the device takes part.
    open: bool,
    attached: bool,
    /// Whether its going was made known.
    absent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    /// Others learn that the device is gone.
    Absent,
    /// The session cannot be resumed any more.
    Forget,
}

#[derive(Debug)]
struct Switchboard {
    setup: Setup,
    calls: Calls,
    rings: Rings,
    partings: Partings,
    presence: Directory,
    places: HashMap<DeviceId, Place>,
    by_user: HashMap<UserId, BTreeSet<DeviceId>>,
    timers: BTreeMap<(u64, DeviceId, Timer), ()>,
}

/// Runs until every sender of mail is gone.
pub async fn run(setup: Setup, mut mail: mpsc::Receiver<Mail>, mut events: mpsc::Receiver<Event>) {
    let clock = setup.clock.clone();
    let mut board = Switchboard::new(setup);
    loop {
        let now = clock.steady().ms();
        let wait = board.deadline().map(|at| Duration::from_millis(at.saturating_sub(now)));
        tokio::select! {
            received = mail.recv() => match received {
                Some(received) => board.handle(clock.steady().ms(), received),
                None => return,
            },
            Some(event) = events.recv() => {
                if matches!(event, Event::Revoked { .. }) {
                    // Whoever came before the revocation has a place for it to take away.
                    for _ in 0..mail.len() {
                        if let Ok(received) = mail.try_recv() {
                            board.handle(clock.steady().ms(), received);
                        }
                    }
                }
                board.handle_event(clock.steady().ms(), event);
            }
            () = sleep(wait) => board.tick(clock.steady().ms()),
        }
    }
}

async fn sleep(wait: Option<Duration>) {
    match wait {
        Some(wait) => tokio::time::sleep(wait.min(LONGEST_SLEEP)).await,
        None => std::future::pending().await,
    }
}

impl Switchboard {
    fn new(setup: Setup) -> Self {
        Self {
            calls: Calls::new(setup.timing),
            rings: Rings::new(setup.rings),
            partings: Partings::default(),
            presence: Directory::default(),
            places: HashMap::new(),
            by_user: HashMap::new(),
            timers: BTreeMap::new(),
            setup,
        }
    }

    fn deadline(&self) -> Option<u64> {
        let timer = self.timers.keys().next().map(|(at, _, _)| *at);
        [timer, self.calls.deadline()].into_iter().flatten().min()
    }

    fn tick(&mut self, now: u64) {
        while let Some((at, device, timer)) = self.timers.keys().next().copied() {
            if at > now {
                break;
            }
            self.timers.remove(&(at, device, timer));
            match timer {
                Timer::Absent => self.absent(device),
                Timer::Forget => self.forget(device),
            }
        }
        self.apply(now, Input::Tick);
    }

    fn handle(&mut self, now: u64, mail: Mail) {
        match mail {
            Mail::Register { who, link } => self.register(who, link),
            Mail::Open(opening) => self.open(now, *opening),
            Mail::Resume(resuming) => self.resume(now, *resuming),
            Mail::Gone { device, link, epoch, ended } => {
                self.gone(now, device, &link, epoch, ended);
            }
            Mail::Presence { device, status, re } => self.set_presence(device, status, re),
            Mail::Call { device, said: Said(input), re } => {
                let Some(by) = self.places.get(&device).map(|place| place.who.clone()) else {
                    return;
                };
                let outcome = self.calls.handle(now, input(by));
                self.answer(device, re, outcome.map_err(|it| (it.code(), it.retry_after_ms())));
                self.perform();
            }
            Mail::Initiate { device, call, re } => self.initiate(now, device, *call, re),
            Mail::Claim { device, claiming, re } => self.claim(now, device, *claiming, re),
            Mail::Standing { user, call_id, reply } => {
                let mut standing = self.calls.standing_for(user, call_id);
                if let Some(standing) = &mut standing {
                    standing.date(self.setup.clock.relation());
                }
                let _ = reply.send(standing);
            }
            Mail::Overview(reply) => {
                let places = self.places.values();
                let sessions = places.map(|place| (place.who.user, place.attached)).collect();
                let mut calls: Vec<_> = self.calls.standings().collect();
                let relation = self.setup.clock.relation();
                calls.iter_mut().for_each(|standing| standing.date(relation));
                let _ = reply.send(Overview { sessions, calls });
            }
            Mail::Devices(reply) => {
                let _ = reply.send(self.places.keys().copied().collect());
            }
            Mail::Drain => self.drain(),
            Mail::Force => {
                for place in self.places.values() {
                    let code = limits::close::GOING_AWAY;
                    place.link.close(Close { code, reason: "the relay stops" });
                }
            }
        }
    }

    fn handle_event(&mut self, now: u64, event: Event) {
        self.partings.heed(now, &event);
        match event {
            Event::Tell { users, except, message } => {
                self.push_to_users(&users, except, &Body::new(&message));
            }
            Event::MeChanged { me } => {
                for device in self.by_user.get(&me.user).into_iter().flatten() {
                    let me = Me { device: *device, ..(*me).clone() };
                    self.push(*device, &Body::new(&RelayMessage::MeChanged { me }));
                }
            }
            Event::Renamed { user, name } => {
                for device in self.by_user.get(&user).into_iter().flatten() {
                    if let Some(place) = self.places.get_mut(device) {
                        place.who.name = name.clone();
                    }
                }
            }
            Event::Revoked { devices, by } => {
                for device in devices {
                    self.revoke(now, device, by);
                }
            }
            Event::Departed { user } => self.apply(now, Input::Departed { user }),
            Event::Parted { by, other, parting } => {
                self.apply(now, Input::Parted { by, other, parting });
            }
            Event::LeftGroup { user, conversation } => {
                self.apply(now, Input::LeftGroup { user, conversation });
            }
            Event::Related { a, b, visible } => {
                for change in self.presence.relate(a, b, visible) {
                    self.tell_presence(&change, None);
                }
            }
        }
    }

    fn set_presence(&mut self, device: DeviceId, status: PresenceStatus, re: Option<u32>) {
        let Some(place) = self.places.get(&device) else { return };
        let user = place.who.user;
        if status == PresenceStatus::Offline {
            self.answer(device, re, Err((ErrorCode::Malformed, None)));
            return;
        }
        let change = self.presence.set(user, device, status);
        self.answer(device, re, Ok(()));
        if let Some(change) = change {
            self.tell_presence(&change, None);
        }
    }

    fn answer(
        &self,
        device: DeviceId,
        re: Option<u32>,
        outcome: Result<(), (ErrorCode, Option<u64>)>,
    ) {
        let message = match (outcome, re) {
            (Ok(()), Some(re)) => RelayMessage::Ok { re },
            (Ok(()), None) => return,
            (Err((code, retry_after_ms)), re) => {
                RelayMessage::Error { re, code, message: words(code).into(), retry_after_ms }
            }
        };
        self.push(device, &Body::new(&message));
    }

    fn apply(&mut self, now: u64, input: Input) {
        // These inputs are facts; none of them can be refused.
        let _ = self.calls.handle(now, input);
        self.perform();
    }

    fn perform(&mut self) {
        let relation = self.setup.clock.relation();
        let mut said: BTreeMap<DeviceId, Vec<Body>> = BTreeMap::new();
        while let Some(output) = self.calls.poll() {
            match output {
                Output::Send { to, mut message } => {
                    message.date(relation);
                    said.entry(to).or_default().push(Body::new(&message));
                }
                Output::Record(mut record) => {
                    record.record.date(relation);
                    if self.setup.recorder.try_send(record).is_err() {
                        self.setup.metrics.records_refused.inc();
                        tracing::error!("a call is not kept: the store is too slow");
                    }
                }
                Output::Measured(measure) => self.measure(measure),
            }
        }
        for (device, bodies) in said {
            self.push_all(device, &bodies);
        }
        let calls = i64::try_from(self.calls.len()).unwrap_or(i64::MAX);
        self.setup.metrics.active_calls.set(calls);
    }

    fn measure(&mut self, measure: Measure) {
        match measure {
            Measure::Rang { caller, callee, ms } => {
                self.rings.answered(caller, callee);
                self.setup.metrics.rang(ms);
            }
            Measure::SetUp { ms } => self.setup.metrics.set_up(ms),
            Measure::Ended { reason } => self.setup.metrics.ended(reason),
        }
    }

    fn push(&self, device: DeviceId, body: &Body) {
        self.push_all(device, std::slice::from_ref(body));
    }

    fn push_all(&self, device: DeviceId, bodies: &[Body]) {
        if let Some(place) = self.places.get(&device)
            && place.link.push_all(bodies)
        {
            self.setup.metrics.slow_readers.inc();
        }
    }

    fn push_to_users(&self, users: &[UserId], except: Option<DeviceId>, body: &Body) {
        for user in users {
            for device in self.by_user.get(user).into_iter().flatten() {
                if Some(*device) != except {
                    self.push(*device, body);
                }
            }
        }
    }

    fn tell_presence(&self, change: &Change, except: Option<DeviceId>) {
        let body = Body::new(&RelayMessage::Presence(change.presence.clone()));
        self.push_to_users(&change.audience, except, &body);
    }

    fn drain(&mut self) {
        for (place, n) in self.places.values().filter(|place| place.attached).zip(0_u64..) {
            // Spread over two seconds so that the next relay is not met by everybody at once.
            let retry_after_ms = 200 + n.wrapping_mul(619) % 2_000;
            place.link.push(&Body::new(&RelayMessage::GoingAway { retry_after_ms }));
            let code = limits::close::GOING_AWAY;
            place.link.close(Close { code, reason: "the relay goes away" });
        }
    }
}

/// What a log says of a code.
#[must_use]
pub fn words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Malformed => "the request cannot be understood",
        ErrorCode::Unauthenticated => "no valid token",
        ErrorCode::Forbidden => "not allowed",
        ErrorCode::NotFound => "not found",
        ErrorCode::RateLimited => "too often",
        ErrorCode::Busy => "busy",
        ErrorCode::Stale => "too late",
        ErrorCode::TooLarge => "too large",
        ErrorCode::Unavailable => "the relay cannot do it at present",
        ErrorCode::Internal => "a fault of the relay",
        ErrorCode::Unknown => "unknown",
    }
}
