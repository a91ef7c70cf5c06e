//! Without any server.

use bellwire_protocol::IceServer;
use bellwire_rtc::network::{Loopback, Network, NetworkEvent, Reason, Setup, Transport};
use str0m::CandidateKind;

use crate::pair::{LIMIT, Pair};

fn loopback() -> Setup {
    Setup { loopback: Loopback::Only, ..Setup::default() }
}

/// Everything up to the end of the gathering.
pub(crate) async fn gather(network: &mut Network) -> Vec<NetworkEvent> {
    let mut events = Vec::new();
    let gathering = async {
        loop {
            let event = network.next().await;
            if matches!(event, NetworkEvent::Gathered) {
                break;
            }
            events.push(event);
        }
    };
    tokio::time::timeout(LIMIT, gathering).await.expect("gathering ends");
    events
}

#[tokio::test]
async fn two_connections_on_one_machine_find_each_other() {
    let mut pair = Pair::open(loopback(), loopback());
    pair.talk().await;
    assert!(pair.a.kinds().iter().all(|kind| *kind == CandidateKind::Host), "without servers");
    let families = |ipv4| pair.a.candidates.iter().any(|it| it.addr().is_ipv4() == ipv4);
    assert!(families(true) && families(false), "both families are offered");
}

#[tokio::test]
async fn every_address_is_a_socket_with_its_own_candidate() {
    let mut network = Network::open(Setup { loopback: Loopback::Always, ..Setup::default() });
    let events = gather(&mut network).await;
    let address = |event: &NetworkEvent| {
        let NetworkEvent::Candidate(candidate) = event else { return None };
        Some(candidate.addr())
    };
    let addresses: Vec<_> = events.iter().filter_map(address).collect();
    assert_eq!(addresses.len(), events.len(), "nothing but candidates: {events:?}");
    assert!(addresses.iter().all(|address| address.port() != 0), "each is bound");
    let taken = std::net::UdpSocket::bind(addresses[0]);
    assert!(taken.is_err(), "to a socket of ours");
}

#[tokio::test]
async fn relay_only_without_a_server_offers_nothing_and_says_so() {
    let mut network = Network::open(Setup { relay_only: true, ..loopback() });
    assert!(gather(&mut network).await.is_empty(), "no candidate");
}

#[tokio::test]
async fn a_server_that_cannot_be_is_named_as_trouble() {
    let urls = ["stun:", "stuns:127.0.0.1", "turn:127.0.0.1:9?transport=tcp"];
    let urls = urls.map(str::to_owned).to_vec();
    let servers = vec![IceServer { urls, username: None, credential: None }];
    let mut network = Network::open(Setup { servers, ..loopback() });
    let events = gather(&mut network).await;
    let trouble = |event: &NetworkEvent| {
        let NetworkEvent::Trouble(trouble) = event else { return None };
        Some((trouble.transport, trouble.reason))
    };
    let troubles: Vec<_> = events.iter().filter_map(trouble).collect();
    let expected = [
        (Transport::Udp, Reason::BadUrl),
        (Transport::Udp, Reason::BadUrl),
        (Transport::Tcp, Reason::NoCredentials),
    ];
    assert_eq!(troubles, expected);
}
