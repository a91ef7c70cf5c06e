//! A snapshot that arrives in parts, because a frame has a longest length and lists have none.

use bellwire_protocol::Snapshot;

/// Most entries of one list that a client takes in. A relay that sends more is not a relay that
/// people use; what is over it is left out.
const MOST: usize = 20_000;

/// What arrived of a snapshot so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts(Snapshot);

impl Parts {
    /// Adds a part; gives the whole with the last one.
    pub(crate) fn add(&mut self, part: Snapshot) -> Option<Snapshot> {
        let Snapshot { contacts, conversations, invitations, presence, calls, notices, more } =
            part;
        take_in(&mut self.0.contacts, contacts);
        take_in(&mut self.0.conversations, conversations);
        take_in(&mut self.0.invitations, invitations);
        take_in(&mut self.0.presence, presence);
        take_in(&mut self.0.calls, calls);
        take_in(&mut self.0.notices, notices);
        (!more).then(|| std::mem::take(&mut self.0))
    }
}

fn take_in<T>(list: &mut Vec<T>, more: Vec<T>) {
    let room = MOST.saturating_sub(list.len());
    list.extend(more.into_iter().take(room));
}

#[cfg(test)]
mod tests {
    use bellwire_protocol::{Presence, PresenceStatus, UserId};

    use super::*;

    fn part(user: u8, more: bool) -> Snapshot {
        let user = UserId::from_parts(0, [user; 10]);
        let presence = vec![Presence { user, status: PresenceStatus::Online }];
        Snapshot { presence, more, ..Snapshot::default() }
    }

    #[test]
    fn parts_add_up_and_the_next_snapshot_starts_afresh() {
        let mut parts = Parts::default();
        assert_eq!(parts.add(part(1, true)), None, "more follows");
        let whole = parts.add(part(2, false)).expect("that was the last");
        assert_eq!(whole.presence.len(), 2, "both parts are in it");
        assert!(!whole.more, "a whole one");
        let next = parts.add(part(3, false)).expect("a snapshot in one part");
        assert_eq!(next.presence.len(), 1, "nothing is left of the former");
    }

    #[test]
    fn a_relay_that_never_stops_fills_no_memory() {
        let mut parts = Parts::default();
        for _ in 0..3 {
            let endless = Snapshot {
                presence: vec![part(1, true).presence[0].clone(); MOST],
                more: true,
                ..Snapshot::default()
            };
            assert_eq!(parts.add(endless), None);
        }
        assert_eq!(parts.0.presence.len(), MOST);
    }
}
