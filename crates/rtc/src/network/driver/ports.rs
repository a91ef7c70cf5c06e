//! UDP sockets: one for each address of this machine, and one for each allocation over UDP.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::task::{Context, Poll};

use tokio::io::ReadBuf;

use crate::network::gathering::LinkId;
use crate::network::interfaces::Address;

/// Longest datagram that is read. Peers send up to 1,500 bytes, a TURN server up to 36 more.
const LONGEST: usize = 4_096;
/// Datagrams taken from one socket before anything else gets its turn.
const BATCH: usize = 32;

/// All UDP sockets.
pub(super) struct Ports {
    ports: Vec<Port>,
    buffer: Box<[u8; LONGEST]>,
}

struct Port {
    kind: Kind,
    /// Without the scope of a link-local address: no candidate can carry it, and the socket is
    /// bound to its interface anyway.
    local: SocketAddr,
    /// Reads. Tokio's socket would refuse to send before the runtime saw that it may.
    socket: tokio::net::UdpSocket,
    /// Sends: the same socket.
    sender: UdpSocket,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Host,
    Link(LinkId),
}

/// What came in.
pub(super) enum Received {
    /// A datagram to an address of this machine.
    Host { local: SocketAddr, source: SocketAddr, contents: Vec<u8> },
    /// A datagram from a TURN server.
    Link { link: LinkId, contents: Vec<u8> },
    /// Nobody listens where the TURN server should be.
    Dead { link: LinkId },
}

/// What became of bytes for a TURN server.
pub(super) enum Written {
    /// They are on their way, or the kernel had no room.
    Sent,
    /// Nobody listens where the server should be.
    Dead,
    /// The link is no UDP socket.
    Elsewhere,
}

impl Default for Ports {
    fn default() -> Self {
        Self { ports: Vec::new(), buffer: Box::new([0; LONGEST]) }
    }
}

impl Ports {
    /// Opens a socket on `address`.
    pub(super) fn bind(&mut self, address: Address) -> Option<SocketAddr> {
        let bind = match address.ip {
            std::net::IpAddr::V4(ip) => SocketAddr::new(ip.into(), 0),
            std::net::IpAddr::V6(ip) => SocketAddrV6::new(ip, 0, 0, address.scope).into(),
        };
        self.add(Kind::Host, UdpSocket::bind(bind)).ok()
    }

    /// Opens a socket that talks to nobody but `server`; nothing when no route leads there.
    pub(super) fn connect(&mut self, link: LinkId, server: SocketAddr) -> Option<SocketAddr> {
        let anywhere: SocketAddr = match server {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let connect = |socket: UdpSocket| socket.connect(server).map(|()| socket);
        self.add(Kind::Link(link), UdpSocket::bind(anywhere).and_then(connect)).ok()
    }

    fn add(&mut self, kind: Kind, socket: io::Result<UdpSocket>) -> io::Result<SocketAddr> {
        let sender = socket?;
        sender.set_nonblocking(true)?;
        let local = without_scope(sender.local_addr()?);
        let socket = tokio::net::UdpSocket::from_std(sender.try_clone()?)?;
        self.ports.push(Port { kind, local, socket, sender });
        Ok(local)
    }

    pub(super) fn unbind(&mut self, local: SocketAddr) {
        self.ports.retain(|port| port.kind != Kind::Host || port.local != local);
    }

    pub(super) fn close(&mut self, link: LinkId) {
        self.ports.retain(|port| port.kind != Kind::Link(link));
    }

    /// Sends from the socket of this machine at `local`. False when there is none.
    pub(super) fn send(&self, local: SocketAddr, remote: SocketAddr, contents: &[u8]) -> bool {
        let port = self.ports.iter().find(|port| port.kind == Kind::Host && port.local == local);
        if let Some(port) = port {
            let _ = port.sender.send_to(contents, remote);
        }
        port.is_some()
    }

    /// Sends to the TURN server of `link`.
    pub(super) fn write(&self, link: LinkId, contents: &[u8]) -> Written {
        let port = self.ports.iter().find(|port| port.kind == Kind::Link(link));
        match port.map(|port| port.sender.send(contents)) {
            Some(Err(error)) if is_refusal(&error) => Written::Dead,
            Some(Ok(_) | Err(_)) => Written::Sent,
            None => Written::Elsewhere,
        }
    }

    /// Ready once something came in.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        received: &mut Vec<Received>,
    ) -> Poll<()> {
        let mut is_empty = true;
        for port in &self.ports {
            for taken in 0..BATCH {
                is_empty &= taken + 1 < BATCH;
                let mut buffer = ReadBuf::new(self.buffer.as_mut_slice());
                let Poll::Ready(read) = port.socket.poll_recv_from(context, &mut buffer) else {
                    break;
                };
                let contents = buffer.filled();
                received.extend(match (read, port.kind) {
                    (Ok(source), Kind::Host) => Some(Received::Host {
                        local: port.local,
                        source: without_scope(source),
                        contents: contents.to_vec(),
                    }),
                    (Ok(_), Kind::Link(link)) => {
                        Some(Received::Link { link, contents: contents.to_vec() })
                    }
                    (Err(error), Kind::Link(link)) if is_refusal(&error) => {
                        Some(Received::Dead { link })
                    }
                    // Of a peer that is not there, or of an interface on its way out.
                    (Err(_), Kind::Host | Kind::Link(_)) => None,
                });
            }
        }
        if received.is_empty() && is_empty { Poll::Pending } else { Poll::Ready(()) }
    }
}

fn is_refusal(error: &io::Error) -> bool {
    error.kind() == ErrorKind::ConnectionRefused
}

fn without_scope(mut address: SocketAddr) -> SocketAddr {
    if let SocketAddr::V6(address) = &mut address {
        address.set_scope_id(0);
        address.set_flowinfo(0);
    }
    address
}
