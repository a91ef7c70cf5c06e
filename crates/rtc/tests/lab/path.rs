//! The way of datagrams from one end to the other: a bottleneck with a queue, then delay and loss.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::net::Transmit;
use str0m_netem::{
    Bitrate, DataSize, Input, Netem, NetemConfig, Output, Probability, RandomLoss, WithLen,
};

/// No two datagrams take the same time anywhere; the little that they differ here reorders none.
const JITTER: Duration = Duration::from_micros(100);

/// What a path is like, towards the receiver.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path {
    /// What the bottleneck carries, in bit/s.
    pub(crate) rate: u64,
    /// What its queue holds, in bytes.
    pub(crate) buffer: i64,
    /// One way.
    pub(crate) delay: Duration,
    /// The share of datagrams that vanish, both ways.
    pub(crate) loss: f32,
}

impl Path {
    pub(crate) const fn of(rate: u64) -> Self {
        Self { rate, buffer: 20_000, delay: Duration::from_millis(25), loss: 0.0 }
    }

    pub(crate) const fn loss(mut self, loss: f32) -> Self {
        self.loss = loss;
        self
    }

    pub(crate) const fn delay_ms(mut self, ms: u64) -> Self {
        self.delay = Duration::from_millis(ms);
        self
    }

    /// The way back is wide.
    pub(super) const fn back(mut self) -> Self {
        self.rate = 50_000_000;
        self.buffer = 1_000_000;
        self
    }

    fn bottleneck(self) -> NetemConfig {
        let rate = Bitrate::bps(self.rate);
        NetemConfig::new().link(rate, DataSize::bytes(self.buffer))
    }

    fn way(self, seed: u64) -> NetemConfig {
        let loss = RandomLoss::new(Probability::new(self.loss));
        NetemConfig::new().latency(self.delay).jitter(JITTER).loss(loss).seed(seed)
    }
}

#[derive(Debug, Clone)]
pub(super) struct Datagram {
    pub(super) source: SocketAddr,
    pub(super) destination: SocketAddr,
    pub(super) contents: Vec<u8>,
    sent: Instant,
}

impl WithLen for Datagram {
    fn len(&self) -> usize {
        // With what IP and UDP add.
        self.contents.len() + 28
    }
}

pub(crate) struct Route {
    seed: u64,
    bottleneck: Netem<Datagram>,
    way: Netem<Datagram>,
    arrived: VecDeque<Datagram>,
    pub(super) blackout: bool,
    /// The longest wait in the bottleneck since this was read last.
    delay: Duration,
    /// Bytes that passed the bottleneck.
    pub(super) through: usize,
}

impl Route {
    pub(super) fn new(seed: u64, path: Path) -> Self {
        Self {
            seed,
            bottleneck: Netem::new(path.bottleneck()),
            way: Netem::new(path.way(seed)),
            arrived: VecDeque::new(),
            blackout: false,
            delay: Duration::ZERO,
            through: 0,
        }
    }

    pub(super) fn set(&mut self, path: Path) {
        self.bottleneck.set_config(path.bottleneck());
        self.way.set_config(path.way(self.seed));
    }

    pub(super) fn send(&mut self, now: Instant, transmit: &Transmit) {
        if self.blackout {
            return;
        }
        let datagram = Datagram {
            source: transmit.source,
            destination: transmit.destination,
            contents: transmit.contents.to_vec(),
            sent: now,
        };
        self.bottleneck.handle_input(Input::Packet(now, datagram));
        self.advance(now);
    }

    pub(super) fn wake(&self) -> Option<Instant> {
        Some(self.bottleneck.poll_timeout().min(self.way.poll_timeout()))
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.bottleneck.handle_input(Input::Timeout(now));
        self.way.handle_input(Input::Timeout(now));
        self.advance(now);
    }

    pub(super) fn poll(&mut self) -> Option<Datagram> {
        self.arrived.pop_front().filter(|_| !self.blackout)
    }

    pub(super) const fn take_delay(&mut self) -> Duration {
        std::mem::replace(&mut self.delay, Duration::ZERO)
    }

    fn advance(&mut self, now: Instant) {
        while let Some(Output::Packet(datagram)) = self.bottleneck.poll_output() {
            self.delay = self.delay.max(now.saturating_duration_since(datagram.sent));
            self.through += datagram.len();
            self.way.handle_input(Input::Packet(now, datagram));
        }
        while let Some(Output::Packet(datagram)) = self.way.poll_output() {
            self.arrived.push_back(datagram);
        }
    }
}
