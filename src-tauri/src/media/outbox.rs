//! What waits to cross to the page.

use std::collections::{BTreeSet, VecDeque};

use bellwire_core::api::{PeerId, Slot};
use bellwire_rtc::pictures::Picture;
use bellwire_rtc::pictures::pump::{Frame, ToPage, Way};

/// Pictures that may wait: two seconds of one peer. More shows more of the past once a page that
/// stood still goes on; fewer drops what a short pause would have let through.
const PICTURES: usize = 60;
/// What they may take.
const BYTES: usize = 2 << 20;
/// Orders that may wait. A page that reads none of so many is gone.
const ORDERS: usize = 512;

/// A message on its way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outgoing {
    Order(ToPage),
    Picture(PeerId, Slot, Vec<u8>),
}

/// What became of something put into an [`Outbox`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Put {
    /// It waits for its turn.
    Waits,
    /// It was left out: nothing of this slot can be decoded before a key frame.
    KeyWanted,
    /// The page reads nothing any more.
    Full,
}

/// First in, first out; pictures are left out when there are too many, orders never.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<Outgoing>,
    pictures: usize,
    bytes: usize,
    /// What can be decoded by who got everything that was put in.
    whole: BTreeSet<(PeerId, Slot)>,
}

impl Outbox {
    pub(super) fn order(&mut self, order: ToPage) -> Put {
        if self.queue.len() - self.pictures >= ORDERS {
            return Put::Full;
        }
        self.queue.push_back(Outgoing::Order(order));
        Put::Waits
    }

    pub(super) fn picture(&mut self, peer: PeerId, slot: Slot, picture: Picture) -> Put {
        let stream = (peer, slot);
        if !picture.key && !self.whole.contains(&stream) {
            return Put::KeyWanted;
        }
        if self.pictures >= PICTURES || self.bytes + picture.data.len() > BYTES {
            // What waits is the past, and of no use without what is left out here.
            self.forget(stream);
            if !picture.key || self.pictures >= PICTURES {
                return Put::KeyWanted;
            }
        }
        self.whole.insert(stream);
        let bytes = Frame { way: Way::Shown(peer), slot, picture }.write();
        self.pictures += 1;
        self.bytes += bytes.len();
        self.queue.push_back(Outgoing::Picture(peer, slot, bytes));
        Put::Waits
    }

    pub(super) fn pop(&mut self) -> Option<Outgoing> {
        let outgoing = self.queue.pop_front()?;
        if let Outgoing::Picture(_, _, bytes) = &outgoing {
            self.pictures -= 1;
            self.bytes -= bytes.len();
        }
        Some(outgoing)
    }

    /// Nothing more comes from this peer.
    pub(super) fn close(&mut self, peer: PeerId) {
        self.whole.retain(|(of, _)| *of != peer);
        self.drop_pictures(|of, _| of == peer);
    }

    /// Whoever took what was put in is gone: the next one starts from key frames.
    pub(super) fn begin_anew(&mut self) {
        *self = Self::default();
    }

    fn forget(&mut self, stream: (PeerId, Slot)) {
        self.whole.remove(&stream);
        self.drop_pictures(|peer, slot| (peer, slot) == stream);
    }

    fn drop_pictures(&mut self, which: impl Fn(PeerId, Slot) -> bool) {
        self.queue.retain(|outgoing| match outgoing {
            Outgoing::Picture(peer, slot, _) => !which(*peer, *slot),
            Outgoing::Order(_) => true,
        });
        let left = self.queue.iter().filter_map(|outgoing| match outgoing {
            Outgoing::Picture(_, _, bytes) => Some(bytes.len()),
            Outgoing::Order(_) => None,
        });
        (self.pictures, self.bytes) = left.fold((0, 0), |(n, sum), bytes| (n + 1, sum + bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: PeerId = PeerId(1);
    const TWO: PeerId = PeerId(2);

    fn picture(key: bool, bytes: usize) -> Picture {
        let mut data =
            if key { vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0] } else { vec![0x11, 0, 0] };
        data.resize(bytes, 0);
        Picture::read(data, 0).expect("it looks like VP8")
    }

    fn peers(outbox: &mut Outbox) -> Vec<PeerId> {
        std::iter::from_fn(|| outbox.pop())
            .filter_map(|outgoing| match outgoing {
                Outgoing::Picture(peer, _, _) => Some(peer),
                Outgoing::Order(_) => None,
            })
            .collect()
    }

    #[test]
    fn nothing_begins_without_a_key_frame() {
        let mut outbox = Outbox::default();
        assert_eq!(outbox.picture(ONE, Slot::Camera, picture(false, 50)), Put::KeyWanted);
        assert_eq!(outbox.picture(ONE, Slot::Camera, picture(true, 50)), Put::Waits);
        assert_eq!(outbox.picture(ONE, Slot::Camera, picture(false, 50)), Put::Waits);
        assert_eq!(
            outbox.picture(ONE, Slot::Screen, picture(false, 50)),
            Put::KeyWanted,
            "another"
        );
        assert_eq!(peers(&mut outbox), [ONE, ONE], "both of them, in their order");
    }

    #[test]
    fn a_slow_page_loses_what_is_old_until_the_next_key_frame() {
        let mut outbox = Outbox::default();
        outbox.picture(TWO, Slot::Camera, picture(true, 50));
        outbox.picture(ONE, Slot::Camera, picture(true, 50));
        while outbox.picture(ONE, Slot::Camera, picture(false, 50)) == Put::Waits {}
        assert_eq!(outbox.order(ToPage::Close { peer: TWO }), Put::Waits, "orders always fit");
        assert_eq!(outbox.picture(ONE, Slot::Camera, picture(false, 50)), Put::KeyWanted, "still");
        assert_eq!(outbox.picture(ONE, Slot::Camera, picture(true, 50)), Put::Waits, "a key frame");
        assert_eq!(outbox.picture(ONE, Slot::Camera, picture(false, 50)), Put::Waits, "goes on");
        assert_eq!(peers(&mut outbox), [TWO, ONE, ONE], "the other lost nothing");
        assert_eq!((outbox.pictures, outbox.bytes), (0, 0), "and nothing is counted any more");
    }

    #[test]
    fn memory_is_bounded_by_bytes_too() {
        let mut outbox = Outbox::default();
        let large = 700 << 10;
        assert_eq!(outbox.picture(ONE, Slot::Screen, picture(true, large)), Put::Waits);
        assert_eq!(outbox.picture(ONE, Slot::Screen, picture(false, large)), Put::Waits);
        assert_eq!(outbox.picture(ONE, Slot::Screen, picture(false, large)), Put::KeyWanted);
        assert_eq!(outbox.picture(ONE, Slot::Screen, picture(true, large)), Put::Waits);
        assert_eq!(peers(&mut outbox), [ONE], "only the newest key frame");
    }

    #[test]
    fn a_page_that_reads_nothing_is_given_up() {
        let mut outbox = Outbox::default();
        for _ in 0..ORDERS {
            assert_eq!(outbox.order(ToPage::Stop { slot: Slot::Camera }), Put::Waits);
        }
        assert_eq!(outbox.order(ToPage::Stop { slot: Slot::Camera }), Put::Full);
    }

    #[test]
    fn a_peer_that_left_is_shown_no_more() {
        let mut outbox = Outbox::default();
        outbox.picture(ONE, Slot::Camera, picture(true, 50));
        outbox.picture(TWO, Slot::Camera, picture(true, 50));
        outbox.close(ONE);
        assert_eq!(peers(&mut outbox), [TWO]);
        assert_eq!(outbox.picture(ONE, Slot::Camera, picture(false, 50)), Put::KeyWanted);
    }
}
