//! At most one opens a device at a time: who opens one of a sound server that hangs does not return,
//! and must not be joined by another every few seconds. Pure.

use std::collections::BTreeSet;

/// A device to be opened: with which number, and the wanted id.
pub(super) type Opening = (u64, Option<String>);

/// Who is opening, by the wanted device.
#[derive(Debug, Default)]
pub(super) struct Openers {
    busy: BTreeSet<Option<String>>,
    /// What is opened as soon as who has that device returns.
    next: Option<Opening>,
}

impl Openers {
    /// A device is to be opened, and nothing that was to be before. Some: now.
    pub(super) fn ask(&mut self, opening: u64, device: Option<String>) -> Option<Opening> {
        self.next = None;
        if self.busy.insert(device.clone()) {
            return Some((opening, device));
        }
        self.next = Some((opening, device));
        None
    }

    /// Who opened this returned. Some: it is to be opened again now.
    pub(super) fn returned(&mut self, device: &Option<String>) -> Option<Opening> {
        self.busy.remove(device);
        let (opening, device) = self.next.take_if(|(_, next)| next == device)?;
        self.ask(opening, device)
    }

    /// Nothing is to be opened any more.
    pub(super) fn forget(&mut self) {
        self.next = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Option<String> {
        Some(name.into())
    }

    #[test]
    fn a_device_that_hangs_is_tried_again_only_when_its_opener_returned() {
        let mut openers = Openers::default();
        assert_eq!(openers.ask(1, None), Some((1, None)), "the first time at once");
        for opening in 2..50 {
            assert_eq!(openers.ask(opening, None), None, "it hangs");
        }
        assert_eq!(openers.returned(&None), Some((49, None)), "the last word holds");
        assert_eq!(openers.returned(&None), None, "nobody asked again");
        assert_eq!(openers.ask(50, None), Some((50, None)), "it is free");
    }

    #[test]
    fn another_device_does_not_wait_for_one_that_hangs() {
        let mut openers = Openers::default();
        openers.ask(1, named("headset"));
        assert_eq!(openers.ask(2, named("headset")), None, "it hangs");
        let other = Some((3, named("built-in")));
        assert_eq!(openers.ask(3, named("built-in")), other, "the other does not");
        assert_eq!(openers.returned(&named("headset")), None, "nobody wants it any more");
    }

    #[test]
    fn what_was_let_go_of_is_not_opened_later() {
        let mut openers = Openers::default();
        openers.ask(1, None);
        openers.ask(2, None);
        openers.forget();
        assert_eq!(openers.returned(&None), None, "nobody waits for it");
    }
}
