//! Whoever parted while a call was on its way to the switchboard: what the sender read from the
//! store may be older than a block that the switchboard carried out already. Pure.

use std::collections::VecDeque;

use bellwire_protocol::{ConversationId, UserId};

use super::calls::{CheckedClaim, Parting};
use crate::bus::Event;

/// How long what was read from the store is good for a call, in ms. Longer than any read and any
/// wait in the mailbox; it bounds how many partings are kept, a few dozen bytes each.
pub const READ_KEEPS_MS: u64 = 60_000;

#[derive(Debug)]
enum Step {
    Parted { a: UserId, b: UserId, parting: Parting },
    Left { user: UserId, conversation: ConversationId },
    Departed { user: UserId },
}

/// The partings of the last minute.
#[derive(Debug, Default)]
pub struct Partings(VecDeque<(u64, Step)>);

impl Partings {
    /// Keeps what the event says of people who part.
    pub fn heed(&mut self, now: u64, event: &Event) {
        while self.0.front().is_some_and(|(at, _)| now.saturating_sub(*at) > READ_KEEPS_MS) {
            self.0.pop_front();
        }
        let step = match *event {
            Event::Parted { by, other, parting } => Step::Parted { a: by, b: other, parting },
            Event::LeftGroup { user, conversation } => Step::Left { user, conversation },
            Event::Departed { user } => Step::Departed { user },
            Event::Tell { .. }
            | Event::MeChanged { .. }
            | Event::Renamed { .. }
            | Event::Revoked { .. }
            | Event::Related { .. } => return,
        };
        self.0.push_back((now, step));
    }

    fn since(&self, read_at: u64) -> impl Iterator<Item = &Step> {
        self.0.iter().filter(move |(at, _)| *at >= read_at).map(|(_, step)| step)
    }

    /// Whether the user is not in the conversation any more, since the store was read.
    #[must_use]
    pub fn is_out(&self, read_at: u64, user: UserId, conversation: ConversationId) -> bool {
        self.since(read_at).any(|step| match step {
            Step::Parted { .. } => false,
            Step::Left { user: left, conversation: of } => *left == user && *of == conversation,
            Step::Departed { user: departed } => *departed == user,
        })
    }

    /// Whether a call of one does not ring at the other any more, since the store was read.
    #[must_use]
    pub fn keeps_apart(&self, read_at: u64, one: UserId, other: UserId, direct: bool) -> bool {
        self.since(read_at).any(|step| match step {
            Step::Parted { a, b, parting } => {
                touches(*parting, direct) && [(one, other), (other, one)].contains(&(*a, *b))
            }
            Step::Left { .. } | Step::Departed { .. } => false,
        })
    }

    /// The claim as the store would bear it out after these partings.
    pub fn amend(&self, read_at: u64, claim: &mut CheckedClaim) {
        let caller = claim.caller.user;
        for step in self.since(read_at) {
            let out = match step {
                Step::Parted { parting, .. } if !touches(*parting, claim.direct) => None,
                Step::Parted { a, b, .. } => {
                    claim.apart.add(*a, *b);
                    // Whom the caller may not ring is not in the conversation for this call.
                    if *a == caller { Some(*b) } else { Some(*a).filter(|_| *b == caller) }
                }
                Step::Left { user, conversation } => {
                    Some(*user).filter(|_| *conversation == claim.conversation)
                }
                Step::Departed { user } => Some(*user),
            };
            claim.audience.retain(|user| Some(*user) != out);
        }
    }
}

/// A removed contact stays in the groups that both are in.
fn touches(parting: Parting, direct: bool) -> bool {
    match parting {
        Parting::Blocked => true,
        Parting::Removed => direct,
    }
}
