#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use std::net::Ipv4Addr;

use super::*;

const ROOM: Room = Room { all: 12, all_of_one: 9, plain: 8, plain_of_one: 3 };

/// An address of the n-th network.
fn of(n: u32) -> Option<IpAddr> {
    Some(Ipv4Addr::from_bits(0x0b00_0007 + (n << 8)).into())
}

#[test]
fn there_is_room_for_others_where_one_network_takes_all_that_it_can() {
    let crowd = Crowd::new(ROOM);
    let inside: Vec<_> = (0..3).map(|_| crowd.admit(0, of(1)).unwrap()).collect();
    assert!(crowd.admit(500, of(1)).is_none(), "nobody is quiet yet");
    inside[0].pulse.moved(900);
    inside[2].pulse.moved(800);
    let fourth = crowd.admit(QUIET_MS, of(1)).unwrap();
    let over: Vec<bool> = inside.iter().map(|visit| visit.pulse.is_over()).collect();
    assert_eq!(over, [false, true, false], "the quietest of its own network makes room");
    assert!(crowd.admit(QUIET_MS, of(2)).is_some() && !fourth.pulse.is_over());
    drop((inside, fourth));
    assert!(crowd.state().entries.is_empty() && crowd.state().all_of.is_empty());
    assert!(crowd.state().plain_of.is_empty() && crowd.state().plain == 0);
}

#[test]
fn a_full_house_is_left_by_the_quietest_of_the_largest_network_and_by_nobody_who_is_seated() {
    let crowd = Crowd::new(ROOM);
    let proxied: Vec<_> = (0..2).map(|_| crowd.admit(0, None).unwrap()).collect();
    let seated: Vec<_> =
        (0..4).map(|_| crowd.admit(0, of(9)).unwrap()).inspect(Visit::seat).collect();
    let large: Vec<_> = (0..3).map(|_| crowd.admit(100, of(1)).unwrap()).collect();
    let small: Vec<_> = (0..3).map(|n| crowd.admit(50, of(2 + n)).unwrap()).collect();
    assert_eq!(crowd.state().entries.len(), ROOM.all);
    let newcomer = crowd.admit(5_000, of(7));
    assert!(newcomer.is_some() && large[0].pulse.is_over());
    for visit in proxied.iter().chain(&seated).chain(&large[1..]).chain(&small) {
        assert!(!visit.pulse.is_over());
    }
    let house = Crowd::new(ROOM);
    let all: Vec<_> =
        (0..12).map(|n| house.admit(0, of(n)).unwrap()).inspect(Visit::seat).collect();
    assert!(house.admit(9_000, of(20)).is_none(), "devices that are signed in stay");
    assert!(all.iter().all(|visit| !visit.pulse.is_over()));
}

#[test]
fn busy_connections_of_few_networks_keep_nobody_else_out_and_equals_do_not_end_each_other() {
    let crowd = Crowd::new(ROOM);
    let busy: Vec<_> =
        [1, 1, 1, 2, 2, 2, 3, 3].into_iter().map(|n| crowd.admit(0, of(n)).unwrap()).collect();
    busy.iter().for_each(|visit| visit.pulse.moved(5_000));
    let first = crowd.admit(5_000, of(7)).unwrap();
    let second = crowd.admit(5_000, of(7)).unwrap();
    assert!(crowd.admit(5_000, of(7)).is_none(), "each has two by then");
    let left =
        [0..3, 3..6, 6..8].map(|of| busy[of].iter().filter(|it| !it.pulse.is_over()).count());
    assert_eq!(left, [2, 2, 2]);
    assert!(!first.pulse.is_over() && !second.pulse.is_over());
    assert!(crowd.admit(5_000, None).is_some(), "those behind a proxy had none");
}

#[test]
fn who_is_busy_behind_a_proxy_makes_room_for_nobody() {
    let crowd = Crowd::new(ROOM);
    let everybody: Vec<_> = (0..8).map(|_| crowd.admit(0, None).unwrap()).collect();
    assert!(crowd.admit(QUIET_MS - 1, of(1)).is_none());
    assert!(crowd.admit(QUIET_MS, of(1)).is_some());
    assert_eq!(everybody.iter().filter(|visit| visit.pulse.is_over()).count(), 1);
}

#[test]
fn seats_of_one_network_leave_places_for_others() {
    let crowd = Crowd::new(ROOM);
    let office: Vec<_> =
        (0..ROOM.all_of_one).map(|_| crowd.admit(0, of(1)).unwrap()).inspect(Visit::seat).collect();
    assert!(crowd.admit(9_000, of(1)).is_none());
    assert!(crowd.admit(9_000, of(2)).is_some());
    drop(office);
    assert!(crowd.admit(9_000, of(1)).is_some());
}

#[test]
fn whoever_leaves_an_answer_unread_is_ended_and_whoever_reads_slowly_is_not() {
    let crowd = Crowd::new(ROOM);
    let (never, slow, seated) = (
        crowd.admit(0, None).unwrap(),
        crowd.admit(0, of(1)).unwrap(),
        crowd.admit(0, None).unwrap(),
    );
    seated.seat();
    for visit in [&never, &slow, &seated] {
        visit.pulse.unread(10);
        visit.pulse.unread(UNREAD_MS - 1);
    }
    slow.pulse.taken(UNREAD_MS - 5);
    slow.pulse.unread(UNREAD_MS - 4);
    crowd.sweep(UNREAD_MS + 9);
    assert!(!never.pulse.is_over(), "not a moment sooner");
    crowd.sweep(UNREAD_MS + 10);
    let over = [&never, &slow, &seated].map(|visit| visit.pulse.is_over());
    assert_eq!(over, [true, false, false], "a session has its own end for slow readers");
}

#[test]
fn requests_behind_a_proxy_are_counted_for_those_who_ask() {
    let crowd = Crowd::new(ROOM);
    let at = |n| IpAddr::from([203, 0, 113, n]);
    let asking: Vec<_> = (0..3).map(|n| crowd.request(at(n)).unwrap()).collect();
    assert!(crowd.request(at(77)).is_none());
    assert!(crowd.request(IpAddr::from([203, 0, 114, 1])).is_some());
    drop(asking);
    assert!(crowd.request(at(77)).is_some() && crowd.state().requests_of.is_empty());
}

#[test]
fn the_shares_fit_into_each_other_whatever_the_machine_allows() {
    for descriptors in [0, 16, 64, 128, 900, 4_096, 19_000, 1 << 20] {
        let room = Room::of(descriptors);
        assert!(room.plain_of_one <= room.plain && room.plain < room.all, "{room:?}");
        assert!(room.all_of_one < room.all && room.plain_of_one < room.all_of_one, "{room:?}");
    }
}
