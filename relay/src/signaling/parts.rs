//! A snapshot cut into frames: a frame has a longest length, a list of contacts has none.

use bellwire_protocol::{RelayMessage, Snapshot, encode};
use serde::Serialize;

use super::session::Body;

/// Longest part in bytes, as far as it is not one entry alone. Half a frame: an entry more than it
/// should be still fits, and several parts fit into the queue of a session.
const PART_BYTES: usize = 32 * 1024;
/// A part without any entry, with its number, in bytes.
const EMPTY_BYTES: usize = 256;

/// Cuts a snapshot into the frames that carry it. Lists come first; calls and notices end it.
#[must_use]
pub(super) fn cut(snapshot: Snapshot) -> Vec<Body> {
    let Snapshot { contacts, conversations, invitations, presence, calls, notices, more: _ } =
        snapshot;
    let mut parts = Parts { done: Vec::new(), open: Snapshot::default(), bytes: EMPTY_BYTES };
    parts.add(contacts, |part| &mut part.contacts);
    parts.add(conversations, |part| &mut part.conversations);
    parts.add(invitations, |part| &mut part.invitations);
    parts.add(presence, |part| &mut part.presence);
    parts.add(calls, |part| &mut part.calls);
    parts.add(notices, |part| &mut part.notices);
    parts.finish(false);
    parts.done
}

struct Parts {
    done: Vec<Body>,
    open: Snapshot,
    bytes: usize,
}

impl Parts {
    fn add<T: Serialize>(&mut self, entries: Vec<T>, list: impl Fn(&mut Snapshot) -> &mut Vec<T>) {
        for entry in entries {
            let bytes = encode(&entry).len() + 1;
            if self.bytes + bytes > PART_BYTES && self.bytes > EMPTY_BYTES {
                self.finish(true);
            }
            self.bytes += bytes;
            list(&mut self.open).push(entry);
        }
    }

    fn finish(&mut self, more: bool) {
        let part = Snapshot { more, ..std::mem::take(&mut self.open) };
        self.done.push(Body::new(&RelayMessage::Snapshot(Box::new(part))));
        self.bytes = EMPTY_BYTES;
    }
}

#[cfg(test)]
mod tests;
