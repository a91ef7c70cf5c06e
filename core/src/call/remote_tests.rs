use super::*;

fn described(ufrag: &str) -> String {
    format!("v=0\r\nm=audio 9 X 0\r\na=ice-ufrag:{ufrag}\r\n")
}

fn read(ufrag: &str) -> Description {
    Description::read(&described(ufrag)).expect("sdp")
}

fn id(n: u64) -> OfferId {
    OfferId::from_parts(n, [0; 10])
}

/// The impolite side of a connection on which one exchange was completed: operations 1 and 2.
fn settled(ops: &mut Operations) -> Remote {
    let mut remote = Remote::new(None, Media::Voice, Time(0));
    remote.add_peer(PeerId(1), false);
    exchange(&mut remote, 10, 1, false, ops);
    assert!(remote.is_settled());
    remote
}

/// An own offer, answered.
fn exchange(remote: &mut Remote, n: u64, operation: u32, restart: bool, ops: &mut Operations) {
    open(remote, n, operation, restart, ops);
    close(remote, n, operation + 1, ops);
}

/// An own offer.
fn open(remote: &mut Remote, n: u64, operation: u32, restart: bool, ops: &mut Operations) {
    remote.offer(Time(0), restart, ops);
    remote.on_peer(PeerId(1), |negotiation, out| {
        let sdp = described(&format!("own{n}"));
        negotiation.described(Time(0), operation, &sdp, id(n), ops, out);
    });
}

/// The answer to it.
fn close(remote: &mut Remote, n: u64, operation: u32, ops: &mut Operations) {
    remote.receive_answer(Time(0), id(n), read(&format!("far{n}")), ops);
    remote.on_peer(PeerId(1), |negotiation, out| {
        negotiation.applied(Time(0), operation, ops, out);
    });
    remote.settle();
}

fn receive(remote: &mut Remote, n: u64, restart: bool, ops: &mut Operations) -> Moves {
    remote.receive_offer(Time(0), id(n), read(&format!("far{n}")), restart, ops)
}

#[test]
fn a_late_copy_of_an_offer_that_had_lost_is_not_taken() {
    for restart in [true, false] {
        let mut ops = Operations::default();
        let mut remote = settled(&mut ops);
        open(&mut remote, 20, 3, true, &mut ops);
        assert_eq!(receive(&mut remote, 21, restart, &mut ops), [], "the own offer stands");
        close(&mut remote, 20, 4, &mut ops);
        assert!(!remote.needs_new_peer(id(21), restart), "nothing is made for it");
        assert_eq!(receive(&mut remote, 21, restart, &mut ops), [], "its maker rolled it back");
        assert!(remote.is_settled() && !remote.is_busy(), "nothing is under way");
        let newer = receive(&mut remote, 22, true, &mut ops);
        assert!(matches!(newer[..], [(PeerId(1), Move::Answer { .. })]), "{newer:?}");
    }
}

#[test]
fn a_copy_that_comes_before_the_own_offer_succeeded_changes_nothing() {
    let mut ops = Operations::default();
    let mut remote = settled(&mut ops);
    open(&mut remote, 20, 3, true, &mut ops);
    for _ in 0..2 {
        assert_eq!(receive(&mut remote, 21, true, &mut ops), []);
    }
    close(&mut remote, 20, 4, &mut ops);
    assert!(remote.is_settled() && !remote.is_busy());
}

#[test]
fn a_second_copy_of_an_offer_that_was_taken_is_answered_alike_and_carried_out_once() {
    let mut ops = Operations::default();
    let mut remote = settled(&mut ops);
    let first = receive(&mut remote, 20, true, &mut ops);
    assert!(matches!(first[..], [(_, Move::Answer { operation: 3, .. })]), "{first:?}");
    assert_eq!(receive(&mut remote, 20, true, &mut ops), [], "it is being carried out");
    remote.on_peer(PeerId(1), |negotiation, out| {
        negotiation.described(Time(0), 3, &described("own20"), id(0), &mut ops, out);
    });
    let late = receive(&mut remote, 20, true, &mut ops);
    assert!(matches!(&late[..], [(_, Move::SayAnswer(answer))] if answer.offer_id == id(20)));
}

#[test]
fn a_second_copy_of_an_answer_is_not_applied_again() {
    let mut ops = Operations::default();
    let mut remote = settled(&mut ops);
    exchange(&mut remote, 20, 3, true, &mut ops);
    assert_eq!(remote.receive_answer(Time(0), id(20), read("far20"), &mut ops), []);
    assert!(!remote.is_busy());
}
