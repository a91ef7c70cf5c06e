//! Several changes of one name are told as one: at once, and then at most once in an interval,
//! with the last value. Pure.

use std::collections::HashMap;

use bellwire_protocol::{ConversationId, UserId};

/// Shortest time between two tellings of one name, in ms. Longer spares everybody's devices, and
/// shows a second correction later.
pub(super) const INTERVAL_MS: u64 = 5_000;

/// Whose name changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Named {
    /// A person's, told to everybody who has them in a list.
    Person(UserId),
    /// A group's, told to its members and to whom it asks.
    Group(ConversationId),
}

/// When a change is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// At once.
    Now,
    /// At this moment, in ms, as things are then.
    At(u64),
    /// With what is told soon anyway.
    Soon,
}

/// Names that were told a moment ago.
#[derive(Debug, Default)]
pub(super) struct Coalescer(HashMap<Named, u64>);

impl Coalescer {
    /// A name changed. Moments are of one clock, in ms.
    pub(super) fn changed(&mut self, now: u64, named: Named) -> Telling {
        // What is told at or before `now` limits nothing any more once its interval is over.
        self.0.retain(|_, told| now < *told + INTERVAL_MS);
        match self.0.get_mut(&named) {
            None => {
                self.0.insert(named, now);
                Telling::Now
            }
            Some(told) if *told > now => Telling::Soon,
            Some(told) => {
                *told += INTERVAL_MS;
                Telling::At(*told)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Named = Named::Person(UserId::from_bytes([1; 16]));

    #[test]
    fn a_burst_is_told_twice_at_once_and_at_its_end() {
        let mut it = Coalescer::default();
        assert_eq!(it.changed(10_000, ADA), Telling::Now);
        assert_eq!(it.changed(10_001, ADA), Telling::At(15_000));
        assert_eq!(it.changed(10_002, ADA), Telling::Soon);
        let group = Named::Group(ConversationId::from_bytes([1; 16]));
        assert_eq!(it.changed(10_003, group), Telling::Now, "another name");
        assert_eq!(it.changed(15_000, ADA), Telling::At(20_000), "still at most once in between");
        assert_eq!(it.changed(30_000, ADA), Telling::Now);
        assert_eq!(it.0.len(), 1, "what is over is forgotten");
    }
}
