//! The network on real sockets: moves what the machine wants out, and what came in.
#![expect(clippy::disallowed_methods, reason = "a driver: it brings the time")]

mod ports;
mod streams;
mod tls;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::net::{Protocol, Transmit};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Sleep;

use self::ports::{Ports, Received, Written};
use self::streams::{Report, Streams};
use self::tls::Tls;
use super::event::NetworkEvent;
use super::gathering::{Gathering, Output, ServerId};
use super::interfaces::Address;
use super::setup::Setup;
use super::trouble::Reason;
use super::url::Transport;

/// Longest wait for a name. The system's resolver may try for half a minute, and no call waits that
/// long.
const LOOKUP: Duration = Duration::from_secs(5);
/// Reports of lookups and streams that wait to be taken. When it is full, streams are not read.
const REPORTS: usize = 64;

/// The sockets of one connection, its candidates, and its servers.
///
/// Owned by one task, which calls [`Network::next`] in a loop, hands [`NetworkEvent::Datagram`]s to
/// its connection and what the connection sends to [`Network::send`]. Dropping it closes every
/// socket and gives every allocation back.
pub struct Network {
    machine: Gathering,
    ports: Ports,
    streams: Streams,
    lookups: JoinSet<()>,
    reports: mpsc::Receiver<Report>,
    reporter: mpsc::Sender<Report>,
    /// What one look at the sockets brought: they are read again when all of it was taken.
    events: VecDeque<NetworkEvent>,
    received: Vec<Received>,
    timer: Pin<Box<Sleep>>,
    armed: Instant,
}

impl Network {
    /// Binds a socket for every address of this machine and begins to ask the servers, for none of
    /// which it waits. Must be called in a tokio runtime with IO and time.
    #[must_use]
    pub fn open(setup: Setup) -> Self {
        let now = Instant::now();
        let (reporter, reports) = mpsc::channel(REPORTS);
        let machine = Gathering::new(now, &setup);
        let streams = Streams::new(reporter.clone(), Arc::new(Tls::new(setup.roots)));
        let mut this = Self {
            machine,
            ports: Ports::default(),
            streams,
            lookups: JoinSet::new(),
            reports,
            reporter,
            events: VecDeque::new(),
            received: Vec::new(),
            timer: Box::pin(tokio::time::sleep_until(now.into())),
            armed: now,
        };
        this.pump(now);
        this
    }

    /// The next thing that happens. May be dropped at any time without losing anything.
    pub async fn next(&mut self) -> NetworkEvent {
        loop {
            if let Some(event) = self.events.pop_front() {
                return event;
            }
            let deadline = self.machine.deadline();
            if deadline != self.armed {
                self.armed = deadline;
                self.timer.as_mut().reset(deadline.into());
            }
            let report = tokio::select! {
                () = std::future::poll_fn(|cx| self.ports.poll(cx, &mut self.received)) => None,
                report = self.reports.recv() => report,
                () = &mut self.timer => None,
            };
            let now = Instant::now();
            self.take_received(now);
            if let Some(report) = report {
                self.take_report(now, report);
            }
            if self.machine.deadline() <= now {
                self.machine.tick(now);
            }
            self.pump(now);
        }
    }

    /// Sends a packet from the base of the local candidate that `transmit` names: a socket of this
    /// machine or an address on a TURN server. Never waits; what the kernel or a stream has no room
    /// for is dropped, as any network may.
    pub fn send(&mut self, transmit: &Transmit) {
        if self.ports.send(transmit.source, transmit.destination, &transmit.contents) {
            return;
        }
        let now = Instant::now();
        let way = (transmit.source, transmit.destination);
        self.machine.relay(now, way, &transmit.contents);
        self.pump(now);
    }

    /// Whether a relayed candidate's TURN server is reached over TCP or TLS.
    #[must_use]
    pub fn is_over_stream(&self, relayed: std::net::SocketAddr) -> bool {
        self.machine.is_over_stream(relayed)
    }

    /// Gathers anew, for an ICE restart. Sockets stay, and so do allocations whose server and
    /// credentials are in `setup`; every candidate is said again. Other allocations carry what is
    /// sent over them for another 30 s. Candidates that were not handed out yet are forgotten.
    pub fn restart(&mut self, setup: Setup) {
        let now = Instant::now();
        self.events.retain(|event| match event {
            NetworkEvent::Candidate(_) | NetworkEvent::Gathered => false,
            NetworkEvent::Gone(_)
            | NetworkEvent::Datagram { .. }
            | NetworkEvent::Changed
            | NetworkEvent::Trouble(_) => true,
        });
        self.machine.restart(now, &setup);
        self.streams.trust(Arc::new(Tls::new(setup.roots)));
        self.pump(now);
    }

    fn take_received(&mut self, now: Instant) {
        for received in std::mem::take(&mut self.received) {
            match received {
                Received::Host { local, source, contents } => {
                    if self.machine.hear(now, (local, source), &contents) == Some(false) {
                        self.events.push_back(NetworkEvent::Datagram {
                            received: now,
                            protocol: Protocol::Udp,
                            source,
                            destination: local,
                            contents,
                        });
                    }
                }
                Received::Link { link, contents } => self.machine.hear_link(now, link, &contents),
                Received::Dead { link } => self.machine.closed(now, link, Reason::Unreachable),
            }
        }
    }

    fn take_report(&mut self, now: Instant, report: Report) {
        match report {
            Report::Resolved { server, found } => self.machine.resolved(now, server, found),
            Report::Connected { link, local } => self.machine.connected(now, link, local),
            Report::Bytes { link, bytes } => self.machine.hear_link(now, link, &bytes),
            Report::Closed { link, reason } => self.machine.closed(now, link, reason),
        }
    }

    /// Does everything that the machine wants.
    fn pump(&mut self, now: Instant) {
        while let Some(output) = self.machine.poll() {
            match output {
                Output::Look => self.machine.look(now, addresses()),
                Output::Bind(address) => {
                    let local = self.ports.bind(address);
                    self.machine.bound(now, address, local);
                }
                Output::Unbind(local) => self.ports.unbind(local),
                Output::Resolve { server, name, port } => self.look_up(server, name, port),
                Output::Connect { link, server, transport: Transport::Udp, .. } => {
                    match self.ports.connect(link, server) {
                        Some(local) => self.machine.connected(now, link, local),
                        None => self.machine.closed(now, link, Reason::Unreachable),
                    }
                }
                Output::Connect { link, server, transport, host } => {
                    self.streams.connect(link, server, transport, host);
                }
                Output::Close(link) => {
                    self.ports.close(link);
                    self.streams.close(link);
                }
                Output::Send { local, remote, contents } => {
                    self.ports.send(local, remote, &contents);
                }
                Output::Write { link, contents } => match self.ports.write(link, &contents) {
                    Written::Sent => {}
                    Written::Dead => self.machine.closed(now, link, Reason::Unreachable),
                    Written::Elsewhere => self.streams.write(link, contents),
                },
                Output::Event(event) => self.events.push_back(event),
            }
        }
    }

    fn look_up(&mut self, server: ServerId, name: String, port: u16) {
        while self.lookups.try_join_next().is_some() {}
        let reporter = self.reporter.clone();
        self.lookups.spawn(async move {
            let found = tokio::time::timeout(LOOKUP, tokio::net::lookup_host((name, port))).await;
            let found: Vec<SocketAddr> = match found {
                Ok(Ok(found)) => found.collect(),
                Ok(Err(_)) | Err(_) => Vec::new(),
            };
            let _ = reporter.send(Report::Resolved { server, found }).await;
        });
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.machine.shut(Instant::now());
        while let Some(output) = self.machine.poll() {
            if let Output::Write { link, contents } = output {
                self.ports.write(link, &contents);
            }
        }
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Network").finish_non_exhaustive()
    }
}

/// The addresses of all interfaces that are up.
fn addresses() -> Option<Vec<Address>> {
    let interfaces = if_addrs::get_if_addrs().ok()?;
    let up = interfaces.iter().filter(|interface| interface.is_oper_up());
    let address = |interface: &if_addrs::Interface| {
        let ip = interface.ip();
        let needs_scope = interface.is_link_local() && ip.is_ipv6();
        Address { ip, scope: interface.index.filter(|_| needs_scope).unwrap_or(0) }
    };
    Some(up.map(address).collect())
}
