use bellwire_protocol::UserId;

use super::{RingLimits, Rings};

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

#[test]
fn three_rings_to_one_person_in_five_minutes() {
    let mut rings = Rings::new(RingLimits::default());
    for at in [0, 1_000, 2_000] {
        assert_eq!(rings.ring(at, user(1), &[user(2)]), Ok(()));
    }
    assert_eq!(rings.ring(3_000, user(1), &[user(2)]), Err(297_000), "until the first is old");
    assert_eq!(rings.ring(3_000, user(1), &[user(3)]), Ok(()), "somebody else may be called");
    assert_eq!(rings.ring(3_000, user(2), &[user(1)]), Ok(()), "and may call back");
    assert_eq!(rings.ring(300_000, user(1), &[user(2)]), Ok(()));
}

#[test]
fn six_rings_of_one_caller_in_a_minute() {
    let mut rings = Rings::new(RingLimits::default());
    for n in 2..8 {
        assert_eq!(rings.ring(0, user(1), &[user(n)]), Ok(()));
    }
    assert_eq!(rings.ring(10_000, user(1), &[user(9)]), Err(50_000));
    assert_eq!(rings.ring(60_000, user(1), &[user(9)]), Ok(()));
}

#[test]
fn people_who_answer_may_be_called_again() {
    let mut rings = Rings::new(RingLimits::default());
    for at in 0..100 {
        assert_eq!(rings.ring(at, user(1), &[user(2)]), Ok(()));
        rings.answered(user(1), user(2));
    }
}
