use bellwire_protocol::limits;

use super::super::calls::CLAIM_PARTICIPANTS;
use super::{Allowance, Class, Verdict};

#[test]
fn a_burst_is_allowed_and_then_the_rate() {
    let mut allowance = Allowance::new(0);
    for _ in 0..limits::MESSAGE_BURST {
        assert_eq!(allowance.take(0, Class::Common), Verdict::Allowed);
    }
    assert_eq!(allowance.take(0, Class::Common), Verdict::Refused(50), "one message in 50 ms");
    assert_eq!(allowance.take(50, Class::Common), Verdict::Allowed);
    assert_eq!(
        allowance.take(1_050, Class::Common),
        Verdict::Allowed,
        "twenty more after a second"
    );
    for _ in 0..limits::MESSAGE_BURST + 19 {
        allowance.take(1_050, Class::Common);
    }
    assert_eq!(allowance.take(1_050, Class::Common), Verdict::Close, "it does not slow down");
}

#[test]
fn a_burst_of_candidates_keeps_nobody_from_hanging_up() {
    let mut allowance = Allowance::new(0);
    for _ in 0..2 {
        let burst = Class::Candidates(limits::CANDIDATE_BURST / 2);
        assert_eq!(allowance.take(0, burst), Verdict::Allowed);
    }
    assert_eq!(allowance.take(0, Class::Candidates(1)), Verdict::Refused(20));
    for _ in 0..limits::MESSAGE_BURST {
        assert_eq!(allowance.take(0, Class::Common), Verdict::Allowed, "they are no messages");
    }
    assert_eq!(allowance.take(0, Class::Common), Verdict::Refused(50));
    for _ in 0..limits::MESSAGE_BURST {
        assert_eq!(allowance.take(0, Class::Ending), Verdict::Allowed);
    }
    assert_eq!(allowance.take(0, Class::Ending), Verdict::Close, "never refused");
}

#[test]
fn a_whole_list_of_candidates_fits_into_the_burst() {
    let most = u32::try_from(limits::CANDIDATES).unwrap_or(u32::MAX);
    let mut allowance = Allowance::new(0);
    assert_eq!(allowance.take(0, Class::Candidates(most)), Verdict::Allowed);
}

#[test]
fn a_claim_counts_as_much_as_it_asks_of_the_store() {
    let most = u32::try_from(CLAIM_PARTICIPANTS).unwrap_or(u32::MAX);
    let mut allowance = Allowance::new(0);
    assert_eq!(allowance.take(0, Class::Claim(most)), Verdict::Allowed, "the largest fits");
    for _ in 0..limits::MESSAGE_BURST - most - 1 {
        assert_eq!(allowance.take(0, Class::Common), Verdict::Allowed);
    }
    let wait = u64::from(3 * 1_000 / limits::MESSAGES_PER_SECOND);
    assert_eq!(allowance.take(0, Class::Claim(2)), Verdict::Refused(wait));
    assert_eq!(allowance.take(wait, Class::Claim(2)), Verdict::Allowed);
}
