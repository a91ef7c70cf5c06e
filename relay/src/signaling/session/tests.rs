#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use bellwire_protocol::{RelayFrame, RelayMessage, Secret, limits};
use proptest::prelude::*;

use super::{Body, Frame, Names, Outbox};

fn ok(re: u32) -> Body {
    Body::new(&RelayMessage::Ok { re })
}

fn read(frame: &Frame) -> (u64, RelayMessage) {
    let frame: RelayFrame = bellwire_protocol::decode(&frame.text).unwrap();
    (frame.seq, frame.message)
}

#[test]
fn frames_are_numbered_from_one() {
    let mut outbox = Outbox::default();
    outbox.push(&ok(7));
    outbox.push(&Body::new(&RelayMessage::GoingAway { retry_after_ms: 5 }));
    assert_eq!(read(&outbox.pop().unwrap()), (1, RelayMessage::Ok { re: 7 }));
    let away = RelayMessage::GoingAway { retry_after_ms: 5 };
    assert_eq!(read(&outbox.pop().unwrap()), (2, away));
    assert_eq!(outbox.pop(), None);
}

#[test]
fn a_resume_repeats_exactly_what_was_not_handled() {
    let mut outbox = Outbox::default();
    for re in 1..=5 {
        outbox.push(&ok(re));
    }
    for _ in 0..4 {
        outbox.pop();
    }
    assert!(outbox.can_resume(2) && outbox.can_resume(5) && !outbox.can_resume(6));
    outbox.resume(2, &ok(99));
    let seqs: Vec<u64> = std::iter::from_fn(|| outbox.pop()).map(|f| read(&f).0).collect();
    assert_eq!(seqs, [2, 3, 4, 5], "the welcome repeats 2, then what was missed");
    outbox.push(&ok(6));
    assert_eq!(read(&outbox.pop().unwrap()).0, 6);
    assert!(!outbox.can_resume(1), "what was handled is forgotten");
}

#[test]
fn more_than_the_ring_cannot_be_resumed() {
    let mut outbox = Outbox::default();
    for re in 0..=limits::RESUME_FRAMES as u32 {
        outbox.push(&ok(re));
        outbox.pop();
    }
    assert!(!outbox.can_resume(0) && outbox.can_resume(1));
    let mut away = Outbox::default();
    for re in 0..=limits::RESUME_FRAMES as u32 {
        away.push(&ok(re));
    }
    assert!(!away.can_resume(1), "a frame that was never written is lost");
}

#[test]
fn a_reader_is_slow_by_frames_and_by_bytes() {
    let mut outbox = Outbox::default();
    for re in 0..limits::QUEUE_FRAMES as u32 {
        outbox.push(&ok(re));
    }
    assert!(!outbox.is_overfull());
    outbox.push(&ok(0));
    assert!(outbox.is_overfull());
    outbox.pop();
    assert!(!outbox.is_overfull());
    let mut outbox = Outbox::default();
    let message = "x".repeat(limits::QUEUE_BYTES / 4);
    let code = bellwire_protocol::ErrorCode::Internal;
    let large = Body::new(&RelayMessage::Error { re: None, code, message, retry_after_ms: None });
    for _ in 0..4 {
        outbox.push(&large);
    }
    assert!(outbox.is_overfull(), "four frames, too many bytes");
}

#[test]
fn an_opening_larger_than_the_queue_is_numbered_as_it_drains() {
    let message = "x".repeat(30_000);
    let code = bellwire_protocol::ErrorCode::Internal;
    let part = Body::new(&RelayMessage::Error { re: None, code, message, retry_after_ms: None });
    let mut outbox = Outbox::default();
    outbox.say_at_once(vec![part; 300]);
    outbox.push(&ok(7));
    assert!(!outbox.is_overfull() && outbox.is_opening(), "300 parts are nobody's slowness");
    for seq in 1..=300 {
        assert_eq!(read(&outbox.pop().unwrap()).0, seq);
    }
    assert!(!outbox.is_opening());
    assert_eq!(
        read(&outbox.pop().unwrap()),
        (301, RelayMessage::Ok { re: 7 }),
        "and then the rest"
    );
    assert!(!outbox.has_waiting());
    assert!(!outbox.can_resume(280) && outbox.can_resume(290), "parts are frames of the ring");
}

#[test]
fn a_reader_is_slow_behind_its_opening_too() {
    let mut outbox = Outbox::default();
    outbox.say_at_once(vec![ok(0); 300]);
    for re in 0..limits::QUEUE_FRAMES as u32 {
        outbox.push(&ok(re));
    }
    assert!(outbox.is_overfull());
    for re in 0..2 * limits::RESUME_FRAMES as u32 {
        outbox.push(&ok(re));
    }
    assert!(!outbox.can_resume(0), "what is said to somebody who is away has an end");
}

#[test]
fn a_repetition_is_not_slowness() {
    let mut outbox = Outbox::default();
    for re in 0..limits::RESUME_FRAMES as u32 {
        outbox.push(&ok(re));
    }
    outbox.resume(0, &ok(0));
    outbox.push(&ok(0));
    assert!(!outbox.is_overfull());
}

fn large(bytes: usize) -> Body {
    let (message, code) = ("x".repeat(bytes), bellwire_protocol::ErrorCode::Internal);
    Body::new(&RelayMessage::Error { re: None, code, message, retry_after_ms: None })
}

#[test]
fn what_is_kept_for_a_resume_is_bounded_in_bytes() {
    let most = 2 * limits::RESUME_BYTES;
    let mut reads = Outbox::default();
    for _ in 0..limits::RESUME_FRAMES {
        reads.push(&large(40_000));
        reads.pop();
        assert!(reads.kept_bytes() <= limits::RESUME_BYTES, "{}", reads.kept_bytes());
    }
    assert!(reads.can_resume(limits::RESUME_FRAMES as u64 - 5), "the newest are there");
    let mut away = Outbox::default();
    for _ in 0..limits::RESUME_FRAMES {
        away.push(&large(40_000));
        assert!(away.kept_bytes() <= most, "{}", away.kept_bytes());
    }
    assert_eq!(away.kept_bytes(), 0, "what cannot be resumed is not kept");
    let mut comes_back = Outbox::default();
    for _ in 0..20 {
        for _ in 0..5 {
            comes_back.push(&large(40_000));
        }
        if comes_back.can_resume(0) {
            comes_back.resume(0, &ok(0));
        }
        assert!(comes_back.kept_bytes() <= most, "{}", comes_back.kept_bytes());
    }
}

#[test]
fn a_slow_reader_that_is_closed_can_resume() {
    let mut outbox = Outbox::default();
    while !outbox.is_overfull() {
        outbox.push(&large(40_000));
    }
    assert!(outbox.can_resume(0), "by bytes");
    let mut outbox = Outbox::default();
    outbox.push(&large(limits::QUEUE_BYTES - 100));
    outbox.push(&large(limits::RELAY_FRAME_BYTES - 200));
    assert!(outbox.is_overfull() && outbox.can_resume(0), "by the longest frame");
}

#[test]
fn what_is_said_at_once_makes_nobody_slow() {
    let mut outbox = Outbox::default();
    outbox.push(&ok(0));
    outbox.say_at_once(vec![large(45_000); 20]);
    assert!(!outbox.is_overfull() && outbox.is_opening());
    for seq in 1..=21 {
        assert_eq!(read(&outbox.pop().unwrap()).0, seq);
    }
    outbox.say_at_once(vec![large(45_000); 20]);
    for _ in 0..20 {
        outbox.say_at_once(vec![large(45_000); 2]);
    }
    assert!(outbox.is_overfull(), "more behind it is the reader's slowness");
}

#[test]
fn a_welcome_that_was_lost_is_repeated_until_it_is_used() {
    let name = |text: &str| Secret::new(text).unwrap();
    let mut names = Names::new(name("one"));
    assert!(!names.has(&name("two")));
    assert_eq!(names.offer(&name("one"), name("two")), name("two"));
    assert_eq!(names.offer(&name("one"), name("three")), name("two"), "the same again");
    assert!(names.has(&name("one")) && names.has(&name("two")));
    assert_eq!(names.offer(&name("two"), name("three")), name("three"), "the welcome arrived");
    assert!(!names.has(&name("one")), "so the one before it is over");
    assert_eq!(names.offer(&name("two"), name("four")), name("three"));
    names.confirm();
    assert!(names.has(&name("three")) && !names.has(&name("two")));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever the relay says at once, however much, makes no slow reader of a client that took
    /// what was said before.
    #[test]
    fn a_client_that_reads_is_never_too_slow(
        steps in proptest::collection::vec(proptest::collection::vec(1_usize..60_000, 1..80), 1..8)
    ) {
        let mut outbox = Outbox::default();
        let mut seen = 0;
        for step in steps {
            let bodies: Vec<Body> = step.iter().map(|bytes| large(*bytes)).collect();
            // The answer to a request goes before what it causes.
            outbox.push(&ok(1));
            outbox.say_at_once(bodies);
            prop_assert!(!outbox.is_overfull());
            while let Some(frame) = outbox.pop() {
                seen += 1;
                prop_assert_eq!(read(&frame).0, seen);
                prop_assert!(!outbox.is_overfull());
            }
            prop_assert!(outbox.can_resume(seen));
        }
    }
}

proptest! {
    /// However frames are pushed, written and lost, a client that resumes sees every number once
    /// and in order.
    #[test]
    fn a_client_sees_every_number_once(
        first in 0_u32..200,
        steps in proptest::collection::vec((0_u8..3, 1_usize..40), 1..60)
    ) {
        let mut outbox = Outbox::default();
        let (mut pushed, mut seen) = (first, 0_u64);
        outbox.say_at_once((0..first).map(ok));
        for (step, amount) in steps {
            match step {
                0 => {
                    for _ in 0..amount {
                        outbox.push(&ok(pushed));
                        pushed += 1;
                    }
                    if !outbox.can_resume(seen) {
                        return Ok(());
                    }
                }
                1 => for _ in 0..amount {
                    let Some(frame) = outbox.pop() else { break };
                    let (seq, message) = read(&frame);
                    if seq == seen {
                        continue;
                    }
                    prop_assert_eq!(seq, seen + 1);
                    let re = u32::try_from(seq - 1).unwrap();
                    prop_assert_eq!(message, RelayMessage::Ok { re });
                    seen = seq;
                },
                _ => {
                    // The last frames that the socket got were lost with it.
                    let handled = seen.saturating_sub(amount as u64 % 5);
                    if outbox.can_resume(handled) {
                        outbox.resume(handled, &ok(0));
                        seen = handled;
                    } else if !outbox.can_resume(seen) {
                        return Ok(());
                    }
                }
            }
        }
    }
}
