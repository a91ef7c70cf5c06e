//! How a call ended, as an exit code.

use bellwire_protocol::EndReason;

/// Something failed before there was a call.
pub(crate) const ERROR: u8 = 1;
/// Nobody is signed in.
pub(crate) const SIGNED_OUT: u8 = 8;

/// The code of an ended call. A call that was answered and ended by somebody is a success, whoever
/// hung up.
pub(crate) const fn code(reason: EndReason) -> u8 {
    match reason {
        EndReason::Ended | EndReason::TimeLimit | EndReason::Cancelled => 0,
        EndReason::AnsweredElsewhere | EndReason::DeclinedElsewhere | EndReason::Replaced => 0,
        EndReason::Declined => 3,
        EndReason::Busy | EndReason::Dnd => 4,
        EndReason::NoAnswer | EndReason::Unreachable => 5,
        EndReason::Lost | EndReason::WindowClosed => 6,
        EndReason::Failed | EndReason::Unknown => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_call_that_somebody_ended_is_a_success() {
        assert_eq!(code(EndReason::Ended), 0, "hung up");
        for reason in [EndReason::Declined, EndReason::Busy, EndReason::NoAnswer, EndReason::Lost] {
            assert_ne!(code(reason), 0, "{reason:?} is none");
        }
    }
}
