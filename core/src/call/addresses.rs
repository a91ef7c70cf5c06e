//! The addresses of this device that were seen in a call. One that is new says that the network
//! changed, also where nobody else does.

use std::collections::VecDeque;
use std::net::IpAddr;

use bellwire_protocol::Candidate;

/// Addresses that are kept; the oldest gives way. A machine has some for each of its interfaces.
/// Fewer takes an address that came back for a new one, which costs a ping; more costs memory.
const KEPT: usize = 32;

/// The addresses of this device that were seen in a call.
#[derive(Debug, Default)]
pub(super) struct Addresses(VecDeque<IpAddr>);

impl Addresses {
    /// Notes the address of an own candidate, and says whether it is new. Names that stand for an
    /// address say nothing, and neither does the address of a TURN server.
    pub(super) fn is_new(&mut self, candidate: &Candidate) -> bool {
        let Some(address) = address_of(candidate.as_str()) else { return false };
        if self.0.contains(&address) {
            return false;
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(address);
        true
    }
}

/// `candidate:FOUNDATION COMPONENT TRANSPORT PRIORITY ADDRESS PORT typ TYPE ...`
fn address_of(candidate: &str) -> Option<IpAddr> {
    let mut words = candidate.split_ascii_whitespace();
    let address = words.nth(4)?.parse().ok()?;
    (words.nth(2)? != "relay").then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_new(addresses: &mut Addresses, address: &str, kind: &str) -> bool {
        let text = format!("candidate:1 1 udp 2113937151 {address} 5000 typ {kind} generation 0");
        addresses.is_new(&Candidate::new(text).expect("a candidate"))
    }

    #[test]
    fn an_address_is_new_once() {
        let mut addresses = Addresses::default();
        for address in ["192.0.2.1", "2001:db8::1", "192.0.2.2"] {
            assert!(is_new(&mut addresses, address, "host"), "{address}");
            assert!(!is_new(&mut addresses, address, "srflx"), "{address}");
        }
    }

    #[test]
    fn a_server_that_carries_media_and_a_name_are_no_own_address() {
        let mut addresses = Addresses::default();
        assert!(!is_new(&mut addresses, "198.51.100.1", "relay"));
        assert!(!is_new(&mut addresses, "0d3c2f3a-aaaa-4bbb-8ccc-000000000000.local", "host"));
        assert!(!addresses.is_new(&Candidate::new("").expect("the end of the candidates")));
    }

    #[test]
    fn no_more_are_kept_than_a_machine_has() {
        let mut addresses = Addresses::default();
        for n in 0..200 {
            is_new(&mut addresses, &format!("192.0.2.{n}"), "host");
        }
        assert_eq!(addresses.0.len(), KEPT);
    }
}
