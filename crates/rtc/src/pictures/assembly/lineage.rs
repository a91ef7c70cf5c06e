//! Which frame may be decoded after which: references, as far as descriptors tell them.

use crate::pictures::vp8::{Descriptor, PictureId};

/// After this many jumps of picture numbers in an unbroken sequence they are not believed any
/// more: the sender counts in its own way, and asking for key frames for ever would not change
/// it. Fewer mistrust senders that drop a frame now and then.
const STRIKES: u8 = 3;

/// What was decoded last, as far as later frames refer to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Lineage {
    picture_id: Option<PictureId>,
    /// The base layer's running number, of streams with temporal layers.
    base: Option<u8>,
    /// An upper layer has a gap: only frames that refer to the base can be decoded.
    upper_broken: bool,
    strikes: u8,
}

/// What to do with a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Its references are there.
    Decodable,
    /// They are not, but no later frame of the base layer needs it.
    Droppable,
    /// They are not, and everything after it needs it: only a key frame helps.
    Broken,
}

impl Lineage {
    /// The picture's number is the one after the last: of the `gap` packets that are missing
    /// between them, none was part of a picture. A number wraps only after more packets than that.
    pub(super) fn goes_on(&self, frame: &Descriptor, gap: u64) -> bool {
        match (self.trusted_id(), frame.picture_id) {
            (Some(last), Some(id)) => id.follows(last) && gap < u64::from(id.span(last)),
            (None, _) | (_, None) => false,
        }
    }

    /// What to do with a frame before which `gap` packets are missing.
    pub(super) fn judge(&self, frame: &Descriptor, key: bool, gap: u64) -> Verdict {
        if key {
            return Verdict::Decodable;
        }
        let numbered = self.trusted_id().is_some() && frame.picture_id.is_some();
        let complete = if numbered { self.goes_on(frame, gap) } else { gap == 0 };
        let layered = self.base.zip(frame.base).zip(frame.layer);
        match (complete, layered) {
            (true, Some((_, layer))) if layer > 0 && self.upper_broken && !frame.sync => {
                Verdict::Droppable
            }
            (true, _) => Verdict::Decodable,
            (false, Some(((last, base), 0))) if base == last.wrapping_add(1) => Verdict::Decodable,
            (false, Some(((last, base), layer))) if layer > 0 && base == last => {
                if frame.sync {
                    Verdict::Decodable
                } else {
                    Verdict::Droppable
                }
            }
            (false, _) => Verdict::Broken,
        }
    }

    /// The frame was delivered.
    pub(super) fn accept(&mut self, frame: &Descriptor, key: bool) {
        let base_layer = key || frame.layer.is_none_or(|layer| layer == 0);
        self.upper_broken &= !(base_layer || frame.sync);
        self.picture_id = frame.picture_id;
        if base_layer {
            self.base = frame.base;
        }
    }

    /// A whole frame of an upper layer was dropped.
    pub(super) const fn pass_over(&mut self, frame: &Descriptor) {
        self.upper_broken = true;
        self.picture_id = frame.picture_id;
    }

    /// A picture's number jumped though no packet was missing.
    pub(super) const fn strike(&mut self) {
        self.strikes = self.strikes.saturating_add(1);
    }

    /// Nothing is left to refer to.
    pub(super) fn forget(&mut self) {
        *self = Self { strikes: self.strikes, ..Self::default() };
    }

    fn trusted_id(&self) -> Option<PictureId> {
        self.picture_id.filter(|_| self.strikes < STRIKES)
    }
}
