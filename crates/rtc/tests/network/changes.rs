//! Interfaces that come and go, and networks that lack something.

use bellwire_rtc::network::{Network, Reason, Setup};
use str0m::CandidateKind;

use crate::coturn::{Coturn, Options, USER, server};
use crate::direct::gather;
use crate::namespace::{Namespace, add, ip, remove};
use crate::pair::{End, Pair};
use crate::relayed::wait;

fn addresses(end: &End) -> Vec<String> {
    end.candidates.iter().map(|candidate| candidate.addr().ip().to_string()).collect()
}

#[tokio::test]
async fn a_call_moves_to_another_address_when_its_own_vanishes() {
    let _namespace = Namespace::with("moves", &["192.0.2.1/24"]);
    let mut pair = Pair::open(Setup::default(), Setup::default());
    pair.talk().await;
    assert_eq!(addresses(&pair.a), ["192.0.2.1"], "loopback is not offered");
    add("192.0.2.2/24");
    remove("192.0.2.1/24");
    // Removing the first address of a subnet takes the others with it.
    ip("addr replace 192.0.2.2/24 dev call");
    pair.until("both say the new address and take back the old one", |pair| {
        addresses(&pair.a) == ["192.0.2.2"] && addresses(&pair.b) == ["192.0.2.2"]
    })
    .await;
    assert_eq!((pair.a.gone, pair.a.changed), (1, 1), "one candidate gone, one hint");
    pair.pass(b"still here", b"me too").await;
}

#[tokio::test]
async fn a_relayed_call_gets_a_new_relay_from_the_new_address() {
    let near = Namespace::with("relay", &["192.0.2.1/24"]);
    let far = near.cross("192.0.2.254/24");
    let there = "192.0.2.254".parse().expect("an address");
    let options = || Options { ip: there, relay_ips: vec![there], ..Options::default() };
    let coturn = Coturn::start_with(options());
    near.come_back();
    let setup = || {
        let servers = vec![coturn.server("udp"), coturn.server("tcp")];
        Setup { servers, relay_only: true, ..Setup::default() }
    };
    let mut pair = Pair::open(setup(), setup());
    pair.talk().await;
    pair.until("both ways are there", |pair| pair.a.candidates.len() == 2).await;
    let before = pair.a.candidates.clone();
    assert!(before.iter().all(|it| it.local().ip().to_string() == "192.0.2.1"), "from here");
    add("192.0.2.2/32");
    remove("192.0.2.1/24");
    ip("addr replace 192.0.2.2/24 dev call");
    pair.until("both get other relays", |pair| {
        [&pair.a, &pair.b].iter().all(|end| end.gone == 2 && end.candidates.len() == 2)
    })
    .await;
    assert!(pair.a.candidates.iter().all(|it| !before.contains(it)), "they are others");
    assert!(pair.a.troubles.is_empty(), "which is no trouble: {:?}", pair.a.troubles);
    pair.pass(b"still here", b"me too").await;
    drop(far);
}

#[tokio::test]
async fn a_machine_without_any_address_waits_for_one() {
    let _namespace = Namespace::enter("none");
    let mut network = Network::open(Setup::default());
    assert!(gather(&mut network).await.is_empty(), "there is nothing to offer");
    let mut end = End::open(Setup::default());
    ip("link set lo up");
    wait(&mut end, |end| end.candidates.len() == 2).await;
    assert!(end.candidates.iter().all(|it| it.addr().ip().is_loopback()), "it can call itself");
}

#[tokio::test]
async fn a_network_of_ipv6_alone_is_enough() {
    let _namespace = Namespace::with("six", &["2001:db8::1/64"]);
    let mut pair = Pair::open(Setup::default(), Setup::default());
    pair.talk().await;
    assert_eq!(addresses(&pair.a), ["2001:db8::1"]);
}

#[tokio::test]
async fn link_local_addresses_carry_a_call_when_there_is_nothing_else() {
    let _namespace = Namespace::with("link", &["fe80::7/64"]);
    let mut pair = Pair::open(Setup::default(), Setup::default());
    pair.talk().await;
    assert!(addresses(&pair.a).contains(&"fe80::7".to_owned()), "{:?}", addresses(&pair.a));
}

#[tokio::test]
async fn without_a_route_a_server_is_unreachable_and_the_call_goes_on() {
    let _namespace = Namespace::with("route", &["192.0.2.1/24"]);
    let urls = ["udp", "tcp"].map(|it| format!("turn:198.51.100.1?transport={it}"));
    let servers = urls.map(|url| server(url, USER)).to_vec();
    let setup = || Setup { servers: servers.clone(), ..Setup::default() };
    let mut pair = Pair::open(setup(), setup());
    pair.talk().await;
    pair.until("both servers are in trouble", |pair| pair.a.troubles.len() >= 2).await;
    assert_eq!(pair.a.troubles, [Reason::Unreachable; 2]);
    assert_eq!(pair.a.kinds(), [CandidateKind::Host]);
}
