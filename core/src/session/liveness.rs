//! Whether a socket to the relay still lives: pings, and races against a fresh one.

use std::collections::VecDeque;

use bellwire_protocol::ClientMessage;
use bellwire_protocol::limits::{DEAD_MS, PING_MS};

use super::push;
use crate::allowance::Allowance;
use crate::random::Random;
use crate::{LinkCommand, Output, Time};

/// How long the relay may take to answer a ping that asks whether the socket still lives, in ms, before
/// it is dropped with everything that was tried beside it. Higher leaves people without the relay
/// for longer; lower drops sockets on slow networks, and their session has to be resumed.
pub(super) const PROBE_MS: u64 = 2_000;
/// Sockets that hints and doubts may open beside or in place of others: so many at once and so many
/// a minute. Higher lets an interface that flaps load the relay with handshakes; lower leaves somebody
/// who changes networks again and again with a socket that is dead.
const RACES: Allowance = Allowance::per_minute(4, 12);

/// The sockets that may be opened for a hint or a doubt.
#[derive(Debug, Clone)]
pub(super) struct Races {
    /// Where they lead.
    pub(super) url: String,
    left: Allowance,
}

impl Races {
    pub(super) const fn new() -> Self {
        Self { url: String::new(), left: RACES }
    }

    /// Takes a turn, if there is one.
    pub(super) fn take(&mut self, now: Time) -> bool {
        self.left.take(now)
    }
}

/// The signs of life of a socket that is up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Life {
    /// The last frame.
    heard: Time,
    /// When the next ping is due.
    ping_at: Time,
    /// When it last answered what it was asked then.
    answered: Time,
    probe: Option<Probe>,
}

/// A ping that asks whether the socket still lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Probe {
    /// What the ping said.
    t: u64,
    /// When it must be answered.
    until: Time,
    /// A fresh socket is being opened beside this one.
    racing: bool,
}

/// What the time that went by says of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Lives,
    Dead,
}

impl Life {
    /// It was welcomed.
    pub(super) fn new(now: Time, random: &mut Random) -> Self {
        let ping_at = now.after(random.around(PING_MS, 20));
        Self { heard: now, ping_at, answered: now, probe: None }
    }

    pub(super) fn deadline(&self) -> Time {
        let dead = self.heard.after(DEAD_MS);
        let next = self.ping_at.min(dead);
        self.probe.map_or(next, |probe| next.min(probe.until))
    }

    /// A frame arrived. It is no answer: it may have arrived before the network changed, and
    /// waited to be read.
    pub(super) const fn hear(&mut self, now: Time) {
        self.heard = now;
    }

    /// A ping was answered: the race is over.
    pub(super) fn answer(&mut self, t: u64, now: Time, out: &mut VecDeque<Output>) {
        if let Some(former) = self.probe.take_if(|probe| t >= probe.t) {
            self.answered = now;
            if former.racing {
                out.push_back(Output::Link(LinkCommand::CallOff));
            }
        }
    }

    /// Whether it answered a moment ago.
    pub(super) const fn is_sure(&self, now: Time) -> bool {
        now.since(self.answered) < PROBE_MS
    }

    /// It may be dead: asks it for a sign of life, and opens a fresh one beside it.
    pub(super) fn doubt(&mut self, now: Time, races: &mut Races, out: &mut VecDeque<Output>) {
        let asked = self.probe.get_or_insert_with(|| {
            push(out, None, ClientMessage::Ping { t: now.0 });
            Probe { t: now.0, until: now.after(PROBE_MS), racing: false }
        });
        if !asked.racing && races.take(now) {
            asked.racing = true;
            out.push_back(Output::Link(LinkCommand::Race { url: races.url.clone() }));
        }
    }

    /// A fresh socket is being opened beside it.
    pub(super) const fn is_racing(&self) -> bool {
        matches!(self.probe, Some(Probe { racing: true, .. }))
    }

    /// The fresh one could not be opened.
    pub(super) const fn lose_race(&mut self) {
        if let Some(probe) = &mut self.probe {
            probe.racing = false;
        }
    }

    /// Does what the deadline asks for. A machine that slept has heard nothing, and may still be
    /// connected: that is asked for.
    pub(super) fn elapsed(
        &mut self,
        now: Time,
        random: &mut Random,
        out: &mut VecDeque<Output>,
    ) -> Sign {
        if now.since(self.heard) >= DEAD_MS || self.probe.is_some_and(|probe| probe.until <= now) {
            return Sign::Dead;
        }
        if self.ping_at <= now {
            self.ping_at = now.after(random.around(PING_MS, 20));
            push(out, None, ClientMessage::Ping { t: now.0 });
        }
        Sign::Lives
    }
}
