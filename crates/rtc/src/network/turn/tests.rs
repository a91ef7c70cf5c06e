#![expect(clippy::disallowed_methods, reason = "an Instant to count from")]

use proptest::prelude::*;
use stun_proto::types::message::Method;
use turn_client_proto::types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use super::fake::{Fake, USER};
use super::*;

const CHECK: &[u8] = &[0, 1, 2, 3];
const MEDIA: &[u8] = &[0x80, 1, 2, 3, 4];

/// An allocation and its server, in virtual time without delay.
struct World {
    now: Instant,
    start: Instant,
    server: Fake,
    allocation: Allocation,
    news: Vec<String>,
    packets: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    /// Answers of the server get lost.
    is_deaf: bool,
    /// Bytes of a stream that arrive at once.
    cut: usize,
}

fn local() -> SocketAddr {
    "192.0.2.2:4000".parse().unwrap()
}

fn peer() -> SocketAddr {
    "203.0.113.9:777".parse().unwrap()
}

impl World {
    fn new(transport: Transport, server: Fake) -> Self {
        let now = Instant::now();
        let ways = (local(), "198.51.100.1:3478".parse().unwrap());
        let allocation = Allocation::new(now, transport, ways, USER, Families::Both);
        let mut world = Self {
            now,
            start: now,
            server,
            allocation,
            news: Vec::new(),
            packets: Vec::new(),
            is_deaf: false,
            cut: usize::MAX,
        };
        world.settle();
        world
    }

    fn alive(transport: Transport) -> Self {
        let mut world = Self::new(transport, Fake::new());
        assert_eq!(world.take_news(), ["allocated 198.51.100.1:50000"]);
        world.server.heard.clear();
        world
    }

    /// Carries messages until nobody has anything to say at this moment.
    fn settle(&mut self) {
        loop {
            while let Some(news) = self.allocation.poll() {
                match news {
                    News::Allocated(relayed) => self.news.push(format!("allocated {relayed}")),
                    News::Gone(relayed) => self.news.push(format!("gone {relayed}")),
                    News::Over(reason) => self.news.push(format!("over: {reason}")),
                    News::PeerRefused(reason) => self.news.push(format!("peer: {reason}")),
                    News::Packet { peer, relayed, contents } => {
                        self.packets.push((peer, relayed, contents));
                    }
                }
            }
            let Some(message) = self.allocation.poll_transmit() else { return };
            if self.allocation.frames.is_some() {
                assert!(message.len().is_multiple_of(4), "padded in a stream");
            }
            if let Some(answer) = self.server.hear(&message, local())
                && !self.is_deaf
            {
                self.deliver(answer);
            }
        }
    }

    fn deliver(&mut self, mut message: Vec<u8>) {
        if self.allocation.frames.is_some() {
            pad(&mut message);
            for piece in message.chunks(self.cut.min(message.len())) {
                self.allocation.receive(self.now, piece);
            }
        } else {
            self.allocation.receive(self.now, &message);
        }
    }

    /// Lets time pass, deadline by deadline.
    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        let mut ticks = 0;
        while let Some(deadline) = self.allocation.deadline().filter(|deadline| *deadline <= end) {
            ticks += 1;
            assert!(ticks < 1_000, "the clock spins");
            self.now = self.now.max(deadline);
            self.allocation.tick(self.now);
            self.settle();
        }
        self.now = end;
    }

    fn send(&mut self, contents: &[u8]) {
        self.allocation.send(self.now, peer(), contents);
        self.settle();
    }

    fn take_news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }
}

fn refusing(refusals: &[(Method, u16)]) -> Fake {
    let mut server = Fake::new();
    server.refusals.extend(refusals.iter().copied());
    server
}

#[test]
fn an_allocation_stands_after_two_round_trips_without_any_wait() {
    let world = World::new(Transport::Udp, Fake::new());
    assert_eq!(world.news, ["allocated 198.51.100.1:50000"]);
    assert_eq!(world.server.heard, [(ALLOCATE, false), (ALLOCATE, true)]);
    assert_eq!(world.now, world.start, "no time passed");
}

#[test]
fn one_allocation_may_have_an_address_of_each_family() {
    let mut server = Fake::new();
    server.relayed.push("[2001:db8::1]:50001".parse().unwrap());
    let mut world = World::new(Transport::Udp, server);
    let expected = ["allocated 198.51.100.1:50000", "allocated [2001:db8::1]:50001"];
    assert_eq!(world.take_news(), expected);
    let peer = "[2001:db8::9]:777".parse().unwrap();
    world.allocation.send(world.now, peer, CHECK);
    world.settle();
    assert_eq!(world.server.passed, [(peer, CHECK.to_vec())]);
    world.deliver(world.server.pass(peer, MEDIA));
    world.settle();
    let relayed = "[2001:db8::1]:50001".parse().unwrap();
    assert_eq!(world.packets, [(peer, relayed, MEDIA.to_vec())], "to the address of its family");
}

#[test]
fn every_refusal_has_its_reason() {
    let cases = [
        (401, "over: credentials refused"),
        (441, "over: credentials refused"),
        (403, "over: forbidden"),
        (437, "over: the allocation is lost"),
        (486, "over: quota reached"),
        (508, "over: refused with code 508"),
    ];
    for (code, reason) in cases {
        let world = World::new(Transport::Udp, refusing(&[(ALLOCATE, code)]));
        assert_eq!(world.news, [reason], "for {code}");
        assert_eq!(world.allocation.deadline(), None, "and that is all");
    }
}

#[test]
fn a_server_without_ipv4_is_asked_for_ipv6() {
    let mut server = refusing(&[(ALLOCATE, 440)]);
    server.relayed = vec!["[2001:db8::1]:50001".parse().unwrap()];
    let mut world = World::new(Transport::Udp, server);
    world.pass(Duration::from_secs(1));
    assert_eq!(world.news, ["allocated [2001:db8::1]:50001"]);
    let mut world = World::new(Transport::Udp, refusing(&[(ALLOCATE, 440), (ALLOCATE, 440)]));
    world.pass(Duration::from_secs(1));
    assert_eq!(world.news, ["over: refused with code 440"], "neither");
}

#[test]
fn a_silent_server_is_given_up_after_five_seconds_and_not_sooner() {
    let mut world = World::new(Transport::Udp, Fake::new());
    world.allocation = {
        let ways = (local(), "198.51.100.1:3478".parse().unwrap());
        Allocation::new(world.now, Transport::Udp, ways, USER, Families::Both)
    };
    world.news.clear();
    world.server.heard.clear();
    world.is_deaf = true;
    world.settle();
    world.pass(Duration::from_millis(4_500));
    assert!(world.news.is_empty(), "still hopeful");
    assert_eq!(world.server.heard, [(ALLOCATE, false); 5], "asked again and again");
    world.pass(Duration::from_secs(2));
    assert_eq!(world.news, ["over: no answer"]);
}

#[test]
fn a_lost_answer_is_made_up_for() {
    for lost in 1..=3 {
        let mut world = World::alive(Transport::Udp);
        world.is_deaf = true;
        world.send(CHECK);
        world.pass(Duration::from_millis(200 * lost));
        world.is_deaf = false;
        world.pass(Duration::from_secs(2));
        let first = world.server.passed.first().expect("the check is passed on");
        assert_eq!(*first, (peer(), CHECK.to_vec()), "after {lost} losses");
    }
}

#[test]
fn a_stale_nonce_costs_a_round_trip_and_nothing_else() {
    let mut world = World::new(Transport::Udp, refusing(&[(ALLOCATE, 438)]));
    assert_eq!(world.take_news(), ["allocated 198.51.100.1:50000"]);
    world.server.refusals.extend([(CREATE_PERMISSION, 438), (CHANNEL_BIND, 438), (REFRESH, 438)]);
    world.send(CHECK);
    world.send(MEDIA);
    assert_eq!(world.server.passed[0], (peer(), CHECK.to_vec()));
    assert!(world.server.channel.is_some(), "the channel is there");
    world.pass(Duration::from_secs(1_790));
    assert!(world.server.refusals.is_empty(), "the refresh was asked for twice");
    world.pass(Duration::from_secs(600));
    assert!(world.take_news().is_empty(), "and the allocation lives");
}

#[test]
fn permissions_channels_and_the_allocation_are_kept_for_hours() {
    let mut world = World::alive(Transport::Udp);
    world.send(CHECK);
    world.send(MEDIA);
    world.pass(Duration::from_secs(3 * 3_600));
    assert!(world.take_news().is_empty(), "nothing is lost");
    world.send(MEDIA);
    assert_eq!(world.server.passed.last(), Some(&(peer(), MEDIA.to_vec())));
    let refreshes = world.server.count(REFRESH);
    assert!((6..=8).contains(&refreshes), "{refreshes} refreshes in three hours of 30 min each");
    let channels = world.server.count(CHANNEL_BIND);
    assert!((20..=25).contains(&channels), "{channels} binds in three hours of 9 min each");
}

#[test]
fn a_relay_at_rest_is_kept_open_through_a_nat() {
    let mut world = World::alive(Transport::Udp);
    world.pass(Duration::from_secs(100));
    assert_eq!(world.server.heard, [(BINDING, false); 5], "one in 20 s, without an answer");
    world.send(CHECK);
    world.server.heard.clear();
    for _ in 0..100 {
        world.send(MEDIA);
        world.pass(Duration::from_secs(1));
    }
    let murmurs = world.server.heard.iter().filter(|heard| heard.0 == BINDING).count();
    assert_eq!(murmurs, 0, "media does it too");
}

#[test]
fn refused_fresh_credentials_end_the_allocation_at_once() {
    let mut world = World::alive(Transport::Udp);
    world.server.refusals.push_back((REFRESH, 401));
    world.pass(Duration::from_secs(1_745));
    let expected = ["gone 198.51.100.1:50000", "over: credentials refused"];
    assert_eq!(world.take_news(), expected, "a minute before the server forgets it");
    world.send(MEDIA);
    assert!(world.server.passed.is_empty(), "nothing is sent any more");
}

#[test]
fn an_allocation_that_cannot_be_refreshed_ends_with_its_life() {
    let mut world = World::alive(Transport::Udp);
    world.is_deaf = true;
    world.pass(Duration::from_secs(1_795));
    assert!(world.news.is_empty(), "it still lives");
    world.pass(Duration::from_secs(10));
    assert_eq!(world.take_news(), ["gone 198.51.100.1:50000", "over: the allocation is lost"]);
}

#[test]
fn a_server_that_forgot_the_allocation_says_so_with_the_next_peer() {
    let mut world = World::alive(Transport::Udp);
    world.server.refusals.push_back((CREATE_PERMISSION, 437));
    world.send(CHECK);
    assert_eq!(world.take_news(), ["gone 198.51.100.1:50000", "over: the allocation is lost"]);
}

#[test]
fn a_refused_peer_is_said_and_others_are_served() {
    let mut world = World::alive(Transport::Udp);
    world.server.refusals.push_back((CREATE_PERMISSION, 403));
    world.send(CHECK);
    assert_eq!(world.take_news(), ["peer: forbidden"]);
    world.send(CHECK);
    assert_eq!(world.server.count(CREATE_PERMISSION), 1, "not asked for again at once");
    let other = "203.0.113.10:777".parse().unwrap();
    world.allocation.send(world.now, other, CHECK);
    world.settle();
    assert_eq!(world.server.passed, [(other, CHECK.to_vec())]);
}

#[test]
fn a_peer_with_payload_gets_a_channel_which_carries_both_ways() {
    for (transport, cut) in [(Transport::Udp, usize::MAX), (Transport::Tcp, 3), (Transport::Tls, 1)]
    {
        let mut world = World::alive(transport);
        world.cut = cut;
        world.send(CHECK);
        assert_eq!(world.server.channel, None, "not for checks");
        world.send(MEDIA);
        world.send(MEDIA);
        let (_, bound) = world.server.channel.expect("for payload");
        assert_eq!(bound, peer());
        let sent = [CHECK, MEDIA, MEDIA].map(|contents| (peer(), contents.to_vec()));
        assert_eq!(world.server.passed, sent, "all in order over {transport:?}");
        world.deliver(world.server.pass(peer(), MEDIA));
        world.deliver(world.server.pass(peer(), CHECK));
        world.settle();
        let relayed = "198.51.100.1:50000".parse().unwrap();
        let heard = [MEDIA, CHECK].map(|contents| (peer(), relayed, contents.to_vec()));
        assert_eq!(world.packets, heard, "over {transport:?}");
    }
}

#[test]
fn a_refused_channel_costs_bytes_and_no_packet() {
    let mut world = World::alive(Transport::Udp);
    world.server.refusals.push_back((CHANNEL_BIND, 508));
    world.send(CHECK);
    world.send(MEDIA);
    world.send(MEDIA);
    assert_eq!(world.server.passed.len(), 3, "all are passed on");
    assert_eq!(world.server.count(CHANNEL_BIND), 1, "it is not asked for with every packet");
}

#[test]
fn a_forged_refusal_is_ignored() {
    let mut world = World::alive(Transport::Udp);
    let mut other = World::new(Transport::Udp, Fake::new());
    other.is_deaf = true;
    other.allocation.send(other.now, peer(), CHECK);
    let request = other.allocation.poll_transmit().expect("it asks for a permission");
    other.server.refusals.push_back((CREATE_PERMISSION, 437));
    let forged = other.server.hear(&request, local()).expect("a refusal of another's request");
    world.deliver(forged);
    world.settle();
    world.send(CHECK);
    assert!(world.take_news().is_empty(), "the allocation lives");
    assert_eq!(world.server.passed.len(), 1, "and serves");
}

#[test]
fn a_closed_stream_ends_the_allocation() {
    let mut world = World::alive(Transport::Tcp);
    world.allocation.close(Reason::Lost);
    world.settle();
    assert_eq!(world.take_news(), ["gone 198.51.100.1:50000", "over: the allocation is lost"]);
    let mut world = World::alive(Transport::Tcp);
    world.allocation.receive(world.now, &[0xFF; 8]);
    world.settle();
    let expected = ["gone 198.51.100.1:50000", "over: the server breaks the protocol"];
    assert_eq!(world.take_news(), expected);
}

#[test]
fn an_allocation_is_given_back() {
    let mut world = World::alive(Transport::Udp);
    world.send(MEDIA);
    world.allocation.delete(world.now);
    world.settle();
    assert_eq!(world.server.heard.last(), Some(&(REFRESH, true)));
    assert_eq!(world.allocation.deadline(), None);
}

proptest! {
    #[test]
    fn whatever_a_server_sends_nothing_breaks(
        steps in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..80), 0..5_000_u64), 0..40),
        is_stream in any::<bool>(),
    ) {
        let transport = if is_stream { Transport::Tcp } else { Transport::Udp };
        let mut world = World::new(transport, Fake::new());
        for (is_mangled, bytes, wait) in steps {
            let message = if is_mangled {
                // An answer of the server with some bytes changed.
                let mut message = world.server.pass(peer(), &bytes);
                for (place, byte) in bytes.iter().enumerate() {
                    if let Some(place) = message.get_mut(usize::from(*byte) + place) {
                        *place ^= byte;
                    }
                }
                message
            } else {
                bytes
            };
            world.allocation.receive(world.now, &message);
            world.settle();
            world.send(&message);
            world.pass(Duration::from_millis(wait));
        }
    }
}
