//! Offers, answers and candidates: what the core calls operations.

use std::time::Instant;

use bellwire_core::api::{PathState, PeerEvent};
use str0m::RtcError;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::DtlsCert;
use str0m::media::{Direction, MediaKind};

use super::channels::Channels;
use super::slots::{self, Slots};
use super::{Output, Peer, build, description};

/// An own offer that waits for its answer.
pub(super) struct Pending {
    token: SdpPendingOffer,
    sdp: String,
    slots: Slots,
    restart: bool,
}

impl Peer {
    /// Makes an offer.
    pub(super) fn offer(&mut self, now: Instant, operation: u32, restart: bool) {
        if restart {
            self.gather_again();
        }
        if !self.is_settled() {
            // Nothing was negotiated: the open offer, if there is one, still says it all.
            if self.pending.is_none() {
                self.first_offer();
            }
        } else {
            self.next_offer(restart);
        }
        let Some(sdp) = self.pending.as_ref().map(|pending| pending.sdp.clone()) else {
            return self.refuse(operation, "nothing to offer");
        };
        self.drain(now);
        self.described(operation, sdp);
    }

    /// Sets a remote offer and answers it.
    pub(super) fn answer(&mut self, now: Instant, operation: u32, sdp: &str) {
        if let Err(error) = description::check(sdp) {
            return self.refuse(operation, error);
        }
        let Ok(offer) = SdpOffer::from_sdp_string(sdp) else {
            return self.refuse(operation, description::Unusable::Unreadable);
        };
        self.pending = None;
        if !self.is_settled() {
            self.start_over(now);
        }
        let before = self.ufrag();
        match self.rtc.sdp_api().accept_offer(offer) {
            Ok(answer) => {
                self.channels.answer(&mut self.rtc);
                self.slots = Slots::of_lines(description::lines(sdp));
                let restarted = self.is_settled() && self.ufrag() != before;
                self.settle(sdp);
                if restarted {
                    self.gather_again();
                    self.renew_candidates();
                }
                self.drain(now);
                self.described(operation, answer.to_sdp_string());
            }
            Err(error) => {
                if !self.is_settled() {
                    self.start_over(now);
                }
                self.drain(now);
                self.refuse(operation, error);
            }
        }
    }

    /// Sets the remote answer to the own offer. One that is refused leaves the offer open for the
    /// right one, as in a webview, where the state stays `have-local-offer`.
    pub(super) fn apply(&mut self, now: Instant, operation: u32, sdp: &str) {
        if let Err(error) = description::check(sdp) {
            return self.refuse(operation, error);
        }
        let Ok(answer) = SdpAnswer::from_sdp_string(sdp) else {
            return self.refuse(operation, description::Unusable::Unreadable);
        };
        let Some(pending) = &self.pending else {
            return self.refuse(operation, "there is no offer to answer");
        };
        let (offer, restart, far) = (&pending.sdp, pending.restart, self.far.as_ref());
        if let Err(error) = description::check_answer(offer, restart, far, sdp) {
            return self.refuse(operation, error);
        }
        if let Err(error) = rehearse(now, &self.certificate, sdp) {
            return self.refuse(operation, error);
        }
        let Some(pending) = self.pending.take() else { return };
        match self.rtc.sdp_api().accept_answer(pending.token, answer) {
            Ok(()) => {
                self.slots = pending.slots;
                self.settle(sdp);
                if pending.restart {
                    self.renew_candidates();
                }
                self.drain(now);
                self.report(PeerEvent::Applied { operation });
            }
            Err(error) => {
                if !self.is_settled() {
                    self.start_over(now);
                }
                self.drain(now);
                self.refuse(operation, error);
            }
        }
    }

    /// Adds a remote candidate. What cannot be read is nothing.
    pub(super) fn add_candidate(&mut self, line: &str) {
        if let Some(candidate) = self.candidates.add_remote(line) {
            self.rtc.add_remote_candidate(candidate);
        }
    }

    fn first_offer(&mut self) {
        let mut changes = self.rtc.sdp_api();
        let mut lines = Vec::with_capacity(slots::SLOTS.len());
        for slot in slots::SLOTS {
            let sound = slots::is_sound(slot);
            let kind = if sound { MediaKind::Audio } else { MediaKind::Video };
            lines.push((sound, changes.add_media(kind, Direction::SendRecv, None, None, None)));
        }
        self.channels.offer(&mut changes);
        self.pending = changes.apply().map(|(offer, token)| Pending {
            token,
            sdp: offer.to_sdp_string(),
            slots: Slots::of_lines(lines),
            restart: false,
        });
    }

    fn next_offer(&mut self, restart: bool) {
        let mut changes = self.rtc.sdp_api();
        if restart {
            changes.ice_restart(true);
        } else if let Some(mid) = self.slots.mid(bellwire_core::api::Slot::ScreenAudio) {
            // An offer that changes nothing still has to be made, and str0m makes one only of a
            // change: the least used slot turns away and back.
            changes.set_direction(mid, Direction::RecvOnly);
            changes.set_direction(mid, Direction::SendRecv);
        }
        self.pending = changes.apply().map(|(offer, token)| Pending {
            token,
            sdp: offer.to_sdp_string(),
            slots: self.slots.clone(),
            restart,
        });
    }

    /// Forgets a connection on which nothing was negotiated.
    fn start_over(&mut self, now: Instant) {
        self.rtc = build(now, &self.certificate);
        self.channels = Channels::default();
        self.slots = Slots::default();
        self.candidates.unsay();
        for candidate in self.candidates.permitted() {
            self.rtc.add_local_candidate(candidate.clone());
        }
    }

    fn gather_again(&mut self) {
        self.out.push_back(self.candidates.gather());
    }

    /// After a restart str0m knows the candidates of before it; only what is permitted stays.
    fn renew_candidates(&mut self) {
        for candidate in self.candidates.local() {
            if self.candidates.is_permitted(candidate) {
                self.rtc.add_local_candidate(candidate.clone());
            } else {
                self.rtc.direct_api().invalidate_candidate(candidate);
            }
        }
    }

    /// The generation of what is said at present: the open offer's, else the connection's.
    fn ufrag(&mut self) -> String {
        let pending = self.pending.as_ref().and_then(|pending| description::ufrag(&pending.sdp));
        match pending {
            Some(ufrag) => ufrag.to_owned(),
            None => self.rtc.direct_api().local_ice_credentials().ufrag,
        }
    }

    /// Says the description, then every candidate of its generation that is known.
    fn described(&mut self, operation: u32, sdp: String) {
        self.report(PeerEvent::Described { operation, sdp });
        let ufrag = self.ufrag();
        let said = self.candidates.say_all(ufrag, &self.first_mid());
        self.out.extend(said.into_iter().map(Output::Event));
    }

    /// All m-lines are bundled on the first one's transport.
    pub(super) fn first_mid(&self) -> String {
        let slots = self.pending.as_ref().map_or(&self.slots, |pending| &pending.slots);
        slots.mid(bellwire_core::api::Slot::Audio).map(|mid| mid.to_string()).unwrap_or_default()
    }

    fn refuse(&mut self, operation: u32, error: impl std::fmt::Display) {
        let message = error.to_string();
        self.report(PeerEvent::OperationFailed { operation, message });
        if !self.rtc.is_alive() && self.path.state() != PathState::Failed {
            self.end();
        }
    }
}

/// Whether str0m reads a description without complaint. It finds most faults while it takes the
/// description in, so that happens first where nothing can be broken.
fn rehearse(now: Instant, certificate: &DtlsCert, sdp: &str) -> Result<(), RtcError> {
    let offer = SdpOffer::from_sdp_string(sdp)?;
    build(now, certificate).sdp_api().accept_offer(offer).map(|_| ())
}
