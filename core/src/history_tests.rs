use bellwire_protocol::Media;

use super::*;

fn me() -> UserId {
    UserId::from_bytes([1; 16])
}

fn other() -> UserId {
    UserId::from_bytes([2; 16])
}

fn conversation() -> ConversationId {
    ConversationId::from_bytes([3; 16])
}

fn record(at: u64, caller: UserId, answered: bool, reason: EndReason) -> CallRecord {
    CallRecord {
        call_id: CallId::from_parts(at, [0; 10]),
        conversation: conversation(),
        name: None,
        media: Media::Voice,
        caller,
        participants: if answered { vec![me(), other()] } else { vec![caller] },
        started_at: at,
        answered_at: answered.then_some(at + 1_000),
        ended_at: at + 61_000,
        reason,
    }
}

#[test]
fn every_way_a_call_can_end_has_its_word_on_both_sides() {
    use EndReason as R;
    use Outcome as O;
    // reason, answered, outgoing and unanswered, incoming and unanswered
    let table = [
        (R::Ended, O::Answered, O::Cancelled, O::Missed),
        (R::Cancelled, O::Answered, O::Cancelled, O::Missed),
        (R::Declined, O::Answered, O::Declined, O::Declined),
        (R::Busy, O::Answered, O::Busy, O::Busy),
        (R::Dnd, O::Answered, O::Dnd, O::Missed),
        (R::NoAnswer, O::Answered, O::NoAnswer, O::Missed),
        (R::AnsweredElsewhere, O::Answered, O::Cancelled, O::Missed),
        (R::DeclinedElsewhere, O::Answered, O::Cancelled, O::Missed),
        (R::Unreachable, O::Answered, O::Unreachable, O::Missed),
        (R::Lost, O::Lost, O::Failed, O::Missed),
        (R::WindowClosed, O::Answered, O::Cancelled, O::Missed),
        (R::TimeLimit, O::TimeLimit, O::Failed, O::Missed),
        (R::Replaced, O::Answered, O::Cancelled, O::Missed),
        (R::Failed, O::Failed, O::Failed, O::Missed),
        (R::Unknown, O::Answered, O::Cancelled, O::Missed),
    ];
    for (reason, answered, outgoing, incoming) in table {
        assert_eq!(
            outcome(&record(1, other(), true, reason), me()),
            answered,
            "{reason:?} answered"
        );
        assert_eq!(outcome(&record(1, me(), false, reason), me()), outgoing, "{reason:?} outgoing");
        assert_eq!(
            outcome(&record(1, other(), false, reason), me()),
            incoming,
            "{reason:?} incoming"
        );
    }
}

#[test]
fn a_group_call_that_others_had_was_missed() {
    let mut call = record(1, other(), true, EndReason::Ended);
    call.participants = vec![other()];
    assert_eq!(outcome(&call, me()), Outcome::Missed);
}

#[test]
fn missed_calls_count_from_the_last_look() {
    let mut history = History::default();
    history.add(record(100, other(), false, EndReason::NoAnswer));
    history.add(record(200, other(), false, EndReason::Busy));
    history.add(record(300, other(), true, EndReason::Ended));
    history.add(record(400, me(), false, EndReason::Busy));
    assert_eq!(history.missed(conversation(), me(), 0), 2);
    assert_eq!(history.missed(conversation(), me(), 100), 1);
    assert_eq!(history.missed(conversation(), me(), 200), 0);
}

#[test]
fn the_length_is_counted_from_the_answer() {
    let Entry::Call { length_s, direction, .. } =
        entry(&record(0, me(), true, EndReason::Ended), me(), String::new())
    else {
        panic!("a call makes a call's line")
    };
    assert_eq!((length_s, direction), (Some(60), Direction::Outgoing));
}

#[test]
fn pages_follow_each_other_and_show_no_gap() {
    let mut history = History::default();
    history.add(record(1, other(), true, EndReason::Ended));
    assert_eq!(history.start(None, false), Some(None));
    assert_eq!(history.start(None, false), None, "it is on its way");
    let next = CallId::from_parts(5, [0; 10]);
    history.add_page(
        None,
        vec![record(9, me(), true, EndReason::Ended), record(5, me(), true, EndReason::Ended)],
        Some(next),
    );
    let shown: Vec<u64> = history.all().map(|call| call.started_at).collect();
    assert_eq!(shown, [9, 5], "what is older comes with its page");
    assert!(history.has_more(None));
    assert_eq!(history.start(None, true), Some(Some(next)));
    history.add_page(None, vec![record(1, other(), true, EndReason::Ended)], None);
    assert_eq!(history.all().count(), 3);
    assert_eq!(history.start(None, true), None, "there is nothing older");
}
