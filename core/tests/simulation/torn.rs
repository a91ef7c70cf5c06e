//! A relay whose snapshots cannot be read to their end: the person sees what there is and is told so,
//! and nobody comes back in a loop.

use bellwire_core::api::NoticeText;
use bellwire_core::{Input, LinkEvent};
use bellwire_protocol::{RelayMessage, Snapshot};

use crate::hostile::Prey;
use crate::world::{Dice, conversation};

const HOUR_MS: u64 = 3_600_000;

/// What is wrong with every snapshot.
#[derive(Debug, Clone, Copy)]
enum Tear {
    FirstUnreadable,
    MiddleUnreadable,
    LastUnreadable,
    /// The end never comes, and nothing else is wrong.
    NoEnd,
    /// It says that the session is resumed, whatever was asked.
    NoneAtAll,
    /// Any of these, anew every time.
    Any,
}

const TEARS: [Tear; 6] = [
    Tear::FirstUnreadable,
    Tear::MiddleUnreadable,
    Tear::LastUnreadable,
    Tear::NoEnd,
    Tear::NoneAtAll,
    Tear::Any,
];

fn part(n: u8, more: bool) -> RelayMessage {
    let conversations = vec![conversation(n, &[1, n + 1])];
    RelayMessage::Snapshot(Box::new(Snapshot { conversations, more, ..Snapshot::default() }))
}

fn greet(prey: &mut Prey, tear: Tear, dice: &mut Dice) {
    let tear = match tear {
        Tear::Any => TEARS[usize::try_from(dice.roll(5)).unwrap()],
        one => one,
    };
    prey.welcome(matches!(tear, Tear::NoneAtAll));
    for n in 1..=3 {
        let is_readable = !matches!(
            (tear, n),
            (Tear::FirstUnreadable, 1) | (Tear::MiddleUnreadable, 2) | (Tear::LastUnreadable, 3)
        );
        if matches!((tear, n), (Tear::NoEnd, 3) | (Tear::NoneAtAll, _)) {
            continue;
        }
        if !prey.open {
            return;
        }
        if is_readable {
            prey.relay(part(n, n < 3));
        } else {
            prey.input(Input::Link(LinkEvent::Malformed));
        }
    }
}

/// An hour with such a relay, which closes every socket after `closes_ms`.
fn hour(seed: u64, tear: Tear, closes_ms: Option<u64>) -> Prey {
    let mut prey = Prey::new(seed, None);
    let mut dice = Dice(seed);
    let mut closes_at = None;
    while prey.now < HOUR_MS {
        if prey.wanted && !prey.open {
            prey.open = true;
            prey.input(Input::Link(LinkEvent::Opened));
        } else if prey.greeted {
            prey.greeted = false;
            closes_at = closes_ms.map(|ms| prey.now + ms);
            greet(&mut prey, tear, &mut dice);
        } else if std::mem::take(&mut prey.pinged) {
            prey.relay(RelayMessage::Pong { t: 0, server_time: crate::relay::EPOCH + prey.now });
        } else if prey.open && closes_at.is_some_and(|at| at <= prey.now) {
            (prey.wanted, prey.open, closes_at) = (false, false, None);
            prey.input(Input::Link(LinkEvent::Closed { code: None }));
        } else {
            let due = prey.deadline().into_iter().chain(closes_at.filter(|_| prey.open)).min();
            prey.now = due.unwrap_or(HOUR_MS).clamp(prey.now, HOUR_MS);
            prey.input(Input::Tick);
        }
    }
    prey
}

fn says_so(prey: &Prey) -> bool {
    let notices = &prey.view.as_ref().unwrap().notices;
    notices.iter().any(|notice| notice.text == NoticeText::ListsIncomplete)
}

#[test]
fn a_relay_whose_snapshots_are_torn_is_asked_three_times_and_the_person_is_told_what_is_missing() {
    for tear in TEARS {
        for seed in 0..20 {
            let prey = hour(seed, tear, None);
            assert!(prey.connects <= 3, "{} sockets, {tear:?}, seed {seed}", prey.connects);
            assert!(prey.connects >= 2, "it may have been an accident, {tear:?}, seed {seed}");
            let home = prey.home().unwrap();
            assert!(home.ready, "the person sees what there is, {tear:?}, seed {seed}");
            assert!(says_so(&prey), "and that it is not all, {tear:?}, seed {seed}");
            let seen = home.conversations.len();
            let readable = match tear {
                Tear::FirstUnreadable
                | Tear::MiddleUnreadable
                | Tear::LastUnreadable
                | Tear::NoEnd => 2..=2,
                Tear::NoneAtAll => 0..=0,
                Tear::Any => 0..=3,
            };
            assert!(readable.contains(&seen), "{seen} conversations, {tear:?}, seed {seed}");
        }
    }
}

#[test]
fn no_relay_that_tears_snapshots_and_closes_sockets_is_met_at_full_speed() {
    // The pauses go up to 8 s, or the connection lasted for 5 s: 720 in an hour, and what jitter adds.
    for closes_ms in [0, 1, 4_999, 5_000, 9_999, 10_000, 10_001, 30_000] {
        for tear in TEARS {
            let prey = hour(closes_ms, tear, Some(closes_ms));
            assert!(
                prey.connects <= 800,
                "{} sockets in an hour, {tear:?}, closed after {closes_ms} ms",
                prey.connects
            );
        }
    }
}
