//! Who sends what: one device serves every connection that sends its slot.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_core::api::{PeerId, SlotState};

use crate::control::Order;

/// A slot of pictures and the peers that it is sent to.
#[derive(Debug, Default)]
pub(super) struct Takers {
    peers: BTreeSet<PeerId>,
    device: Option<String>,
    /// What the device does, while somebody takes.
    state: Option<SlotState>,
    wishes: BTreeMap<PeerId, Wish>,
    /// The encoder was told to hold.
    held: bool,
}

/// What the path to one peer allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Wish {
    bitrate: Option<u32>,
    size: Option<(u16, u16)>,
    frame_rate: Option<u8>,
    hold: bool,
    /// Nothing can be sent to this peer yet.
    waits: bool,
}

impl Wish {
    /// The orders that lead from another wish to this one, for what this one has an opinion on.
    fn since(self, before: Self) -> Vec<Order> {
        let size = self.size.map(|(width, height)| Order::Size { width, height });
        [
            self.bitrate.filter(|_| self.bitrate != before.bitrate).map(Order::Bitrate),
            size.filter(|_| self.size != before.size),
            self.frame_rate.filter(|_| self.frame_rate != before.frame_rate).map(Order::FrameRate),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What a change asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// Open the device.
    Capture { device: Option<String> },
    /// Close it.
    Stop,
    /// Nothing to do with the device; tell the peer what it does.
    Tell(SlotState),
}

impl Takers {
    /// A peer is sent the slot from here on. `None` while the device is being opened.
    pub(super) fn take(&mut self, peer: PeerId, device: Option<String>) -> Option<Change> {
        let first = self.peers.is_empty();
        self.peers.insert(peer);
        let broken = matches!(self.state, Some(SlotState::Unavailable { .. }));
        if first || broken || device != self.device {
            self.device.clone_from(&device);
            self.state = None;
            return Some(Change::Capture { device });
        }
        self.state.clone().map(Change::Tell)
    }

    /// A peer is not sent the slot any more. What its path held back, the encoder may do for the
    /// others from here on.
    pub(super) fn leave(&mut self, peer: PeerId) -> (Change, Vec<Order>) {
        let before = self.common();
        self.wishes.remove(&peer);
        if self.peers.remove(&peer) && self.peers.is_empty() {
            self.state = None;
            (Change::Stop, Vec::new())
        } else {
            let mut orders = self.common().since(before);
            orders.extend(self.hold());
            (Change::Tell(SlotState::Off), orders)
        }
    }

    /// The device changed its state; who has to hear of it.
    pub(super) fn on_state(&mut self, state: &SlotState) -> Vec<PeerId> {
        let peers: Vec<PeerId> = self.peers.iter().copied().collect();
        if *state == SlotState::Off {
            // The device ended by itself, as a screen does that the person stops sharing.
            *self = Self { held: self.held, ..Self::default() };
        } else if !peers.is_empty() {
            self.state = Some(state.clone());
        }
        peers
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> + '_ {
        self.peers.iter().copied()
    }

    /// What the path to one peer allows; what the one encoder is to do about it, so that it suits
    /// every peer.
    pub(super) fn order(&mut self, peer: PeerId, order: Order) -> Option<Order> {
        let before = self.common();
        let wish = self.wishes.entry(peer).or_default();
        match order {
            Order::Key => return Some(Order::Key),
            Order::Bitrate(bitrate) => wish.bitrate = Some(bitrate),
            Order::Size { width, height } => wish.size = Some((width, height)),
            Order::FrameRate(frame_rate) => wish.frame_rate = Some(frame_rate),
            Order::Hold(hold) => {
                wish.hold = hold;
                return self.hold();
            }
        }
        let after = self.common();
        if after == before && self.wishes.len() > 1 {
            return None;
        }
        Some(match order {
            Order::Key | Order::Hold(_) => order,
            Order::Bitrate(bitrate) => Order::Bitrate(after.bitrate.unwrap_or(bitrate)),
            Order::Size { width, height } => {
                let (width, height) = after.size.unwrap_or((width, height));
                Order::Size { width, height }
            }
            Order::FrameRate(frame_rate) => {
                Order::FrameRate(after.frame_rate.unwrap_or(frame_rate))
            }
        })
    }

    /// Nothing can be sent to a peer yet, or can be from here on. An encoder that every peer waits
    /// for would work for nothing; where one does not, the others see what it sees.
    pub(super) fn wait(&mut self, peer: PeerId, on: bool) -> Option<Order> {
        if !self.peers.contains(&peer) {
            return None;
        }
        self.wishes.entry(peer).or_default().waits = on;
        self.hold()
    }

    /// What the encoder is to be told after whoever takes changed: to hold, or to go on.
    pub(super) fn hold(&mut self) -> Option<Order> {
        let hold = self.common().hold;
        (std::mem::replace(&mut self.held, hold) != hold).then_some(Order::Hold(hold))
    }

    /// The least of all wishes.
    fn common(&self) -> Wish {
        let waits = !self.peers.is_empty()
            && self.peers.iter().all(|peer| self.wishes.get(peer).is_some_and(|wish| wish.waits));
        Wish {
            bitrate: self.wishes.values().filter_map(|wish| wish.bitrate).min(),
            size: self.wishes.values().filter_map(|wish| wish.size).min(),
            frame_rate: self.wishes.values().filter_map(|wish| wish.frame_rate).min(),
            hold: waits || self.wishes.values().any(|wish| wish.hold),
            waits,
        }
    }
}

#[cfg(test)]
mod tests {
    use bellwire_core::api::DeviceProblem;

    use super::*;

    const ONE: PeerId = PeerId(1);
    const TWO: PeerId = PeerId(2);

    fn live() -> SlotState {
        SlotState::Live { label: "film".into() }
    }

    #[test]
    fn a_device_is_opened_once_and_closed_after_the_last_peer() {
        let mut takers = Takers::default();
        assert_eq!(takers.take(ONE, None), Some(Change::Capture { device: None }), "the first");
        assert_eq!(takers.take(TWO, None), None, "it is being opened");
        assert_eq!(takers.on_state(&live()), [ONE, TWO], "both hear of it");
        assert_eq!(takers.take(TWO, None), Some(Change::Tell(live())), "asked again");
        let stays = (Change::Tell(SlotState::Off), Vec::new());
        assert_eq!(takers.leave(ONE), stays, "the other still sends");
        assert_eq!(takers.leave(TWO), (Change::Stop, Vec::new()), "nobody does");
    }

    #[test]
    fn asking_again_tries_a_device_with_a_problem_again() {
        let mut takers = Takers::default();
        takers.take(ONE, None);
        takers.on_state(&SlotState::Unavailable { problem: DeviceProblem::Busy });
        assert_eq!(takers.take(ONE, None), Some(Change::Capture { device: None }), "once more");
    }

    #[test]
    fn a_device_that_ends_by_itself_is_off_for_everybody() {
        let mut takers = Takers::default();
        takers.take(ONE, None);
        takers.on_state(&live());
        assert_eq!(takers.on_state(&SlotState::Off), [ONE], "told");
        assert_eq!(takers.peers().count(), 0, "and nobody sends");
    }

    #[test]
    fn one_encoder_suits_the_narrowest_path() {
        let mut takers = Takers::default();
        takers.take(ONE, None);
        takers.take(TWO, None);
        assert_eq!(takers.order(ONE, Order::Bitrate(900_000)), Some(Order::Bitrate(900_000)));
        assert_eq!(takers.order(TWO, Order::Bitrate(300_000)), Some(Order::Bitrate(300_000)));
        assert_eq!(takers.order(ONE, Order::Bitrate(950_000)), None, "the other is narrower");
        assert_eq!(takers.order(ONE, Order::Key), Some(Order::Key), "a key frame serves both");
    }

    #[test]
    fn an_encoder_that_all_wait_for_is_held_and_one_that_serves_somebody_is_not() {
        let mut takers = Takers::default();
        takers.take(ONE, None);
        assert_eq!(takers.wait(ONE, true), Some(Order::Hold(true)), "nobody can be sent to");
        assert_eq!(takers.order(ONE, Order::Hold(false)), None, "its path may be fine");
        takers.take(TWO, None);
        assert_eq!(takers.hold(), Some(Order::Hold(false)), "the next may be sent to");
        assert_eq!(takers.wait(TWO, true), Some(Order::Hold(true)), "nobody");
        assert_eq!(takers.wait(ONE, false), Some(Order::Hold(false)), "one can");
        assert_eq!(takers.wait(ONE, true), Some(Order::Hold(true)), "its path is down");
        let (_, orders) = takers.leave(ONE);
        assert_eq!(orders, [], "the other waits as well");
        assert_eq!(takers.wait(ONE, false), None, "and who left says nothing");
        assert_eq!(takers.wait(TWO, false), Some(Order::Hold(false)), "there it is");
    }

    #[test]
    fn who_left_while_it_waited_is_not_held_when_it_comes_back() {
        let mut takers = Takers::default();
        takers.take(ONE, None);
        takers.wait(ONE, true);
        assert_eq!(takers.leave(ONE), (Change::Stop, vec![]), "the camera is switched off");
        takers.take(ONE, None);
        assert_eq!(takers.hold(), Some(Order::Hold(false)), "and on again");
    }

    #[test]
    fn who_held_the_encoder_and_leaves_lets_it_go_on_for_the_others() {
        let mut takers = Takers::default();
        takers.take(ONE, None);
        takers.take(TWO, None);
        takers.order(ONE, Order::Bitrate(900_000));
        takers.order(ONE, Order::Hold(false));
        takers.order(TWO, Order::Bitrate(60_000));
        takers.order(TWO, Order::Hold(true));
        let (change, orders) = takers.leave(TWO);
        assert_eq!(change, Change::Tell(SlotState::Off));
        assert_eq!(orders, [Order::Bitrate(900_000), Order::Hold(false)], "as the other's path is");
        let (change, orders) = takers.leave(ONE);
        assert_eq!((change, orders), (Change::Stop, vec![]), "nothing is left to encode for");
    }
}
