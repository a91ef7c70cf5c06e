//! From what is wanted to the orders that make it so.

use super::Order;

/// What the encoder is told, or should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Settings {
    pub(super) bitrate: Option<u32>,
    pub(super) size: Option<(u16, u16)>,
    pub(super) frame_rate: Option<u8>,
    pub(super) hold: bool,
}

impl Settings {
    /// The next order that leads from here to `wanted`, and on the way a key frame where one is due:
    /// an encoder stops first, and goes on last.
    pub(super) fn follow(&mut self, wanted: Self, key: &mut bool) -> Option<Order> {
        if wanted.hold && !self.hold {
            self.hold = true;
            return Some(Order::Hold(true));
        }
        if let Some(rate) = wanted.frame_rate.filter(|_| wanted.frame_rate != self.frame_rate) {
            self.frame_rate = Some(rate);
            return Some(Order::FrameRate(rate));
        }
        if let Some((width, height)) = wanted.size.filter(|_| wanted.size != self.size) {
            self.size = wanted.size;
            return Some(Order::Size { width, height });
        }
        if let Some(bitrate) = wanted.bitrate.filter(|_| wanted.bitrate != self.bitrate) {
            self.bitrate = Some(bitrate);
            return Some(Order::Bitrate(bitrate));
        }
        if std::mem::take(key) {
            return Some(Order::Key);
        }
        if !wanted.hold && self.hold {
            self.hold = false;
            return Some(Order::Hold(false));
        }
        None
    }
}
