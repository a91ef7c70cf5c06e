//! The snapshot that a fresh session starts with: it arrives in parts, because a frame has a longest
//! length and lists have none, and a part may be one that this client cannot read.
//!
//! ```text
//!  fresh welcome ──► Awaited ──last part──► told, whole or with gaps
//!                       │ first unreadable frame, or 10 s without a part:
//!                       │ a fresh session is asked for, twice at most
//!                       └──► after that it is lived with: what arrived is told as it is
//! ```

use bellwire_protocol::Snapshot;

use crate::Time;

/// Most entries of one list that a client takes in. A relay that sends more is not a relay that
/// people use; what is over it is left out.
const MOST: usize = 20_000;
/// How long the next part may take, in ms. A part is half a frame: lower cuts off whoever has less
/// than 30 kbit/s, higher lets a person wait longer in front of empty lists.
pub(super) const PART_MS: u64 = 10_000;
/// Sessions in a row that are given up for an unreadable frame before the snapshot came.
const AGAIN_FOR_GAPS: u8 = 1;
/// Sessions in a row that are given up because the snapshot does not come to its end.
const AGAIN_FOR_SILENCE: u8 = 2;

/// A snapshot, as far as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    /// All parts together.
    pub(crate) snapshot: Snapshot,
    /// Nothing of it is known to be missing.
    pub(crate) whole: bool,
}

/// What becomes of a session whose snapshot does not come as it should.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes on.
    GoesOn,
    /// A fresh one may get a better snapshot.
    Again,
    /// No other did: it goes on with this.
    LivedWith(Box<Told>),
}

/// The snapshot of a session.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    parts: Snapshot,
    /// When the next part is late; `None` while nothing is waited for.
    due: Option<Time>,
    /// Something that could not be read came before its end.
    has_gaps: bool,
    /// Sessions in a row that were given up for their snapshot.
    given_up: u8,
}

impl Awaited {
    /// A fresh session is on.
    pub(super) fn begin(&mut self, now: Time) {
        let given_up = self.given_up;
        *self = Self { due: Some(now.after(PART_MS)), given_up, ..Self::default() };
    }

    /// The session was taken up again; what is missing follows.
    pub(super) fn resume(&mut self, now: Time) {
        if self.is_due() {
            self.due = Some(now.after(PART_MS));
        }
    }

    /// The snapshot is not complete.
    pub(super) const fn is_due(&self) -> bool {
        self.due.is_some()
    }

    pub(super) const fn deadline(&self) -> Option<Time> {
        self.due
    }

    /// A part came. Gives all of them with the last one.
    pub(super) fn add(&mut self, now: Time, part: Snapshot) -> Option<Told> {
        let Snapshot { contacts, conversations, invitations, presence, calls, notices, more } =
            part;
        take_in(&mut self.parts.contacts, contacts);
        take_in(&mut self.parts.conversations, conversations);
        take_in(&mut self.parts.invitations, invitations);
        take_in(&mut self.parts.presence, presence);
        take_in(&mut self.parts.calls, calls);
        take_in(&mut self.parts.notices, notices);
        if more {
            self.resume(now);
            return None;
        }
        let whole = !std::mem::take(&mut self.has_gaps);
        if whole {
            self.given_up = 0;
        }
        self.due = None;
        Some(Told { snapshot: std::mem::take(&mut self.parts), whole })
    }

    /// A frame came that cannot be read.
    pub(super) fn miss(&mut self, now: Time) -> Verdict {
        if !self.is_due() {
            return Verdict::GoesOn;
        }
        self.has_gaps = true;
        self.resume(now);
        self.try_again(AGAIN_FOR_GAPS)
    }

    /// Looks at the time.
    pub(super) fn elapsed(&mut self, now: Time) -> Verdict {
        if self.due.is_none_or(|due| due > now) {
            return Verdict::GoesOn;
        }
        match self.try_again(AGAIN_FOR_SILENCE) {
            Verdict::GoesOn => {
                self.due = None;
                // Parts that are late after all add to these.
                let snapshot = self.parts.clone();
                Verdict::LivedWith(Box::new(Told { snapshot, whole: false }))
            }
            verdict @ (Verdict::Again | Verdict::LivedWith(_)) => verdict,
        }
    }

    fn try_again(&mut self, most: u8) -> Verdict {
        if self.given_up >= most {
            return Verdict::GoesOn;
        }
        self.given_up += 1;
        Verdict::Again
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
        let mut awaited = Awaited::default();
        assert_eq!(awaited.add(Time(0), part(1, true)), None, "more follows");
        let told = awaited.add(Time(0), part(2, false)).expect("that was the last");
        assert_eq!(told.snapshot.presence.len(), 2, "both parts are in it");
        assert!(told.whole && !told.snapshot.more, "a whole one");
        let next = awaited.add(Time(0), part(3, false)).expect("a snapshot in one part");
        assert_eq!(next.snapshot.presence.len(), 1, "nothing is left of the former");
    }

    #[test]
    fn a_relay_that_never_stops_fills_no_memory() {
        let mut awaited = Awaited::default();
        for _ in 0..3 {
            let endless = Snapshot {
                presence: vec![part(1, true).presence[0].clone(); MOST],
                more: true,
                ..Snapshot::default()
            };
            assert_eq!(awaited.add(Time(0), endless), None);
        }
        assert_eq!(awaited.parts.presence.len(), MOST);
    }

    #[test]
    fn what_comes_after_it_was_lived_with_still_counts() {
        let mut awaited = Awaited { given_up: AGAIN_FOR_SILENCE, ..Awaited::default() };
        awaited.begin(Time(0));
        assert_eq!(awaited.add(Time(0), part(1, true)), None);
        let Verdict::LivedWith(told) = awaited.elapsed(Time(PART_MS)) else {
            panic!("no other came to its end")
        };
        assert_eq!((told.snapshot.presence.len(), told.whole), (1, false));
        assert_eq!(awaited.elapsed(Time(PART_MS * 9)), Verdict::GoesOn, "said once");
        let told = awaited.add(Time(PART_MS * 9), part(2, false)).expect("the last part");
        assert_eq!((told.snapshot.presence.len(), told.whole), (2, true), "it was only late");
    }
}
