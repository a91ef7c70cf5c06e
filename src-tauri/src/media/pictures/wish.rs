//! What a page is to do for one slot, kept for a page that comes later.

use bellwire_core::api::Slot;
use bellwire_rtc::control::Order;
use bellwire_rtc::pictures::pump::ToPage;

/// What is wished of a slot.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// Whether it shall be captured, and with which device.
    pub(super) capture: Option<Option<String>>,
    /// The page says that it is captured.
    pub(super) live: bool,
    /// A picture was left out: the next one has to be a key frame.
    pub(super) broken: bool,
    pub(super) bitrate: Option<u32>,
    pub(super) size: Option<(u16, u16)>,
    pub(super) frame_rate: Option<u8>,
    pub(super) hold: bool,
}

impl Wish {
    /// What makes a page do all that is wished.
    pub(super) fn orders(&self, slot: Slot) -> Vec<ToPage> {
        let set = [
            self.bitrate.map(|bitrate| ToPage::Bitrate { slot, bitrate }),
            self.size.map(|(width, height)| ToPage::Size { slot, width, height }),
            self.frame_rate.map(|frame_rate| ToPage::FrameRate { slot, frame_rate }),
            self.hold.then_some(ToPage::Hold { slot, on: true }),
            self.capture.clone().map(|device| ToPage::Capture { slot, device }),
        ];
        set.into_iter().flatten().collect()
    }

    /// An order of the controller, for a page that comes later too.
    pub(super) const fn keep(&mut self, order: Order) {
        match order {
            Order::Bitrate(bitrate) => self.bitrate = Some(bitrate),
            Order::Size { width, height } => self.size = Some((width, height)),
            Order::FrameRate(frame_rate) => self.frame_rate = Some(frame_rate),
            Order::Hold(on) => self.hold = on,
            // A page that comes begins with one.
            Order::Key => {}
        }
    }
}
