//! Over TURN servers.

use std::net::Ipv6Addr;
use std::time::Duration;

use bellwire_rtc::network::{Loopback, Network, NetworkEvent, Reason, Setup};
use str0m::CandidateKind;

use crate::coturn::{Coturn, Options, USER, limited, server};
use crate::direct::gather;
use crate::pair::{End, LIMIT, Pair};

fn relay_only(coturn: &Coturn, transport: &str) -> Setup {
    Setup {
        servers: vec![coturn.server(transport)],
        relay_only: true,
        loopback: Loopback::Only,
        roots: vec![coturn.root.clone()],
    }
}

async fn call_over(transport: &str) {
    let coturn = Coturn::start();
    let mut pair = Pair::open(relay_only(&coturn, transport), relay_only(&coturn, transport));
    pair.talk().await;
    for end in [&pair.a, &pair.b] {
        assert_eq!(end.kinds(), [CandidateKind::Relayed], "nothing but the relay is offered");
        assert!(end.troubles.is_empty(), "no trouble: {:?}", end.troubles);
    }
}

#[tokio::test]
async fn a_call_runs_over_a_relay_alone_over_udp() {
    call_over("udp").await;
}

#[tokio::test]
async fn a_call_runs_over_a_relay_alone_over_tcp() {
    call_over("tcp").await;
}

#[tokio::test]
async fn a_call_runs_over_a_relay_alone_over_tls() {
    call_over("tls").await;
}

#[tokio::test]
async fn a_call_outlives_its_credentials_with_fresh_ones() {
    // coturn asks for credentials only when an allocation begins, so its end is what shows that they
    // expired meanwhile.
    let lines = vec!["use-auth-secret", "max-allocate-lifetime=4"];
    let coturn = Coturn::start_with(Options { lines, ..Options::default() });
    let setup = |life| {
        let (username, credential) = limited(Duration::from_secs(life));
        let servers = vec![server(coturn.url("udp"), (&username, &credential))];
        Setup { servers, ..relay_only(&coturn, "udp") }
    };
    let (short, long) = (setup(3), setup(600));
    let mut pair = Pair::open(short.clone(), long);
    pair.talk().await;
    pair.until("the end of the allocation is seen", |pair| pair.a.gone == 1).await;
    pair.until("the expired credentials are refused", |pair| {
        pair.a.troubles == [Reason::Lost, Reason::CredentialsRefused]
    })
    .await;
    pair.restart(setup(600), setup(600));
    pair.pass(b"again from a", b"again from b").await;
}

#[tokio::test]
async fn a_restart_keeps_the_allocation_that_fits_and_says_it_again() {
    let coturn = Coturn::start();
    let setup = || relay_only(&coturn, "udp");
    let mut pair = Pair::open(setup(), setup());
    pair.talk().await;
    let before = pair.a.candidates[0].addr();
    pair.restart(setup(), setup());
    pair.pass(b"again from a", b"again from b").await;
    assert_eq!(pair.a.candidates[0].addr(), before, "it is the same allocation");
}

#[tokio::test]
async fn a_restart_with_other_credentials_leaves_the_old_allocation_in_use() {
    let lines = vec!["use-auth-secret"];
    let coturn = Coturn::start_with(Options { lines, ..Options::default() });
    let setup = |life| {
        let (username, credential) = limited(Duration::from_secs(life));
        let servers = vec![server(coturn.url("udp"), (&username, &credential))];
        Setup { servers, ..relay_only(&coturn, "udp") }
    };
    let mut pair = Pair::open(setup(60), setup(60));
    pair.talk().await;
    let before = pair.a.candidates[0].addr();
    pair.a.network.restart(setup(120));
    pair.pass(b"over the old", b"over the old too").await;
    pair.until("a new candidate comes", |pair| {
        pair.a.candidates.iter().any(|candidate| candidate.addr() != before)
    })
    .await;
    assert!(pair.a.troubles.is_empty(), "both stand side by side: {:?}", pair.a.troubles);
    assert_eq!(pair.a.gone, 0, "the old one is not taken away");
}

#[tokio::test]
async fn wrong_credentials_are_named_as_such_over_every_transport() {
    let coturn = Coturn::start();
    for transport in ["udp", "tcp", "tls"] {
        let servers = vec![server(coturn.url(transport), ("tester", "wrong"))];
        let mut network = Network::open(Setup { servers, ..relay_only(&coturn, transport) });
        assert_eq!(troubles(&mut network).await, [Reason::CredentialsRefused], "{transport}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_over_every_transport() {
    let coturn = Coturn::start();
    let gone = [coturn.url("udp"), coturn.url("tcp"), coturn.url("tls")];
    let setup = relay_only(&coturn, "udp");
    drop(coturn);
    for url in gone {
        let servers = vec![server(url, USER)];
        let mut network = Network::open(Setup { servers, ..setup.clone() });
        assert_eq!(troubles(&mut network).await, [Reason::Unreachable]);
    }
}

#[tokio::test]
async fn a_server_that_is_not_the_one_it_says_is_not_talked_to() {
    let coturn = Coturn::start();
    let mut network = Network::open(Setup { roots: Vec::new(), ..relay_only(&coturn, "tls") });
    assert_eq!(troubles(&mut network).await, [Reason::Tls], "its certificate is not trusted");
}

#[tokio::test]
async fn where_udp_is_blocked_the_call_runs_over_tcp() {
    let lines = vec!["no-udp"];
    let coturn = Coturn::start_with(Options { lines, ..Options::default() });
    let setup = || {
        let servers = vec![coturn.server("udp"), coturn.server("tcp")];
        Setup { servers, ..relay_only(&coturn, "udp") }
    };
    let mut pair = Pair::open(setup(), setup());
    pair.talk().await;
    assert_eq!(pair.a.kinds(), [CandidateKind::Relayed], "one way is left");
}

#[tokio::test]
async fn over_ipv6_alone_a_call_runs_over_every_transport() {
    let ip = Ipv6Addr::LOCALHOST.into();
    for transport in ["udp", "tcp", "tls"] {
        let options = Options { ip, relay_ips: vec![ip], ..Options::default() };
        let coturn = Coturn::start_with(options);
        let setup = || relay_only(&coturn, transport);
        let mut pair = Pair::open(setup(), setup());
        pair.talk().await;
        assert!(pair.a.candidates.iter().all(|it| it.addr().is_ipv6()), "over {transport}");
    }
}

#[tokio::test]
async fn a_relay_of_one_side_is_enough_for_both() {
    let coturn = Coturn::start();
    let direct = Setup { loopback: Loopback::Only, ..Setup::default() };
    let mut pair = Pair::open(relay_only(&coturn, "tcp"), direct);
    pair.talk().await;
}

#[tokio::test]
async fn a_server_that_starts_again_is_asked_again() {
    let coturn = Coturn::start();
    let ports = coturn.ports();
    let setup = relay_only(&coturn, "tcp");
    let mut end = End::open(setup);
    wait(&mut end, |end| end.candidates.len() == 1).await;
    drop(coturn);
    wait(&mut end, |end| end.gone == 1 && !end.troubles.is_empty()).await;
    assert_eq!(end.troubles, [Reason::Lost]);
    let _coturn = Coturn::start_on(Options::default(), ports);
    wait(&mut end, |end| end.candidates.len() == 1).await;
}

pub(crate) async fn wait(end: &mut End, done: impl Fn(&End) -> bool) {
    let waiting = async {
        while !done(end) {
            let event = end.network.next().await;
            end.take(event);
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.expect("it comes to pass");
}

async fn troubles(network: &mut Network) -> Vec<Reason> {
    let events = gather(network).await;
    let reason = |event: &NetworkEvent| {
        let NetworkEvent::Trouble(trouble) = event else { return None };
        Some(trouble.reason)
    };
    assert!(events.iter().all(|event| reason(event).is_some()), "only trouble: {events:?}");
    events.iter().filter_map(reason).collect()
}
