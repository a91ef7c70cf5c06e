//! Notices when the network changed: when the way to the relay starts at another address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// How often the system is asked. Higher notices a new network later, after the call fell silent;
/// lower costs system calls: three a look, and no packet.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// Where the way to the relay starts.
#[derive(Debug, Default)]
pub(super) struct Lookout {
    /// The relay, since a socket to it opened.
    far: Option<SocketAddr>,
    /// The own address on the way there; `None` where there is no way.
    near: Option<IpAddr>,
}

impl Lookout {
    /// A socket to the relay is open, and leads there.
    pub(super) fn watch(&mut self, far: Option<SocketAddr>) {
        self.far = far;
        self.near = far.and_then(source);
    }

    /// Whether the way starts elsewhere than at the last look, or there is none, or one again.
    pub(super) fn look(&mut self) -> bool {
        let Some(far) = self.far else { return false };
        self.see(source(far))
    }

    fn see(&mut self, near: Option<IpAddr>) -> bool {
        std::mem::replace(&mut self.near, near) != near
    }
}

/// The address that a socket to this one would have. Connecting a datagram socket asks the routing
/// table and sends nothing.
fn source(far: SocketAddr) -> Option<IpAddr> {
    let any = match far {
        SocketAddr::V4(_) => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::from(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(far).ok()?;
    socket.local_addr().ok().map(|near| near.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_that_stays_is_no_change() {
        let mut lookout = Lookout::default();
        assert!(!lookout.look(), "before there was a socket there is nothing to look at");
        lookout.watch(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))));
        assert_eq!(lookout.near, Some(IpAddr::from(Ipv4Addr::LOCALHOST)), "it is found");
        assert!(!lookout.look() && !lookout.look());
    }

    #[test]
    fn another_address_none_and_one_again_are_a_change_each() {
        let mut lookout = Lookout::default();
        lookout.watch(Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9))));
        let wifi = Some(IpAddr::from(Ipv4Addr::new(192, 0, 2, 7)));
        assert!(lookout.see(wifi), "another one");
        assert!(!lookout.see(wifi), "once");
        assert!(lookout.see(None), "none");
        assert!(lookout.see(wifi), "one again");
    }
}
