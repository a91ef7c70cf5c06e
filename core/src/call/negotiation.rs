//! Offers and answers of one peer connection.
//!
//! ```text
//!              offer ordered         described                  answer arrives       applied
//!   Stable ───────────────► Offering ─────────► Offered ───────────────────► Applying ──────► Stable
//!     │ ▲                                         │ offer arrives, and this side is polite
//!     │ └──────────────── described ──────────────│──────────┐
//!     └── offer arrives ──────────────────────────┴──► Answering
//! ```
//! One operation is in flight; what arrives meanwhile waits. Of two crossing offers the impolite
//! side's lives: it ignores the other, which the polite side rolls back by answering. Every offer
//! has an id that grows, so that an answer to a forgotten offer is recognised, and a repeated
//! offer gets the same answer again. Candidates follow their generation's description, so a
//! restart makes the new path before it breaks the old one.

use std::collections::{BTreeSet, VecDeque};

use bellwire_protocol::{Answer, Candidate, IceCandidate, Mid, Offer, OfferId, Sdp, Ufrag};

use super::sdp::Description;
use crate::Time;

/// How long an executor may take for one operation, in ms, before it counts as failed.
pub(super) const OPERATION_MS: u64 = 10_000;
/// An unanswered offer is said again this often, in ms. The other side answers a repeated one from
/// memory, so this costs one message.
pub(super) const REPEAT_MS: u64 = 5_000;
/// Generations of the other side that are over and whose candidates are dropped.
const PAST_UFRAGS: usize = 8;

/// Offers and answers of one peer connection.
#[derive(Debug, Clone)]
pub(super) struct Negotiation {
    signaling: Signaling,
    /// Gives way when two offers cross.
    polite: bool,
    /// An exchange was completed, so a restart makes sense.
    settled: bool,
    /// The newest answer given, for an offer that is repeated.
    answered: Option<Answer>,
    /// A remote offer that came during an operation.
    waiting: Option<RemoteOffer>,
    /// A restart is wanted as soon as the operation is over.
    wanted: bool,
    /// The certificates of the other side; `None` before the first exchange. They stay the same for
    /// the connection: a restart makes a new path to the same device.
    remote_fingerprints: Option<BTreeSet<String>>,
    local_ufrag: Option<Ufrag>,
    remote_ufrag: Option<Ufrag>,
    past_ufrags: VecDeque<Ufrag>,
    /// Local candidates whose description was not said yet.
    unsaid: Vec<LocalCandidate>,
}

/// Where the exchange is.
#[derive(Debug, Clone)]
enum Signaling {
    /// Nothing is open.
    Stable,
    /// The executor makes an offer.
    Offering { operation: u32, restart: bool, until: Time },
    /// The offer was said.
    Offered { offer: Offer, restart: bool, repeat_at: Time },
    /// The executor applies a remote offer and makes the answer.
    Answering {
        operation: u32,
        offer_id: OfferId,
        ufrag: Ufrag,
        fingerprints: BTreeSet<String>,
        media: usize,
        until: Time,
    },
    /// The executor applies the remote answer.
    Applying { operation: u32, ufrag: Ufrag, fingerprints: BTreeSet<String>, until: Time },
}

/// An offer from the other side, read.
#[derive(Debug, Clone)]
pub(super) struct RemoteOffer {
    pub(super) id: OfferId,
    pub(super) description: Description,
}

/// A candidate of this side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LocalCandidate {
    pub(super) ufrag: Ufrag,
    pub(super) mid: Mid,
    pub(super) candidate: Candidate,
}

impl From<LocalCandidate> for IceCandidate {
    fn from(LocalCandidate { ufrag, mid, candidate }: LocalCandidate) -> Self {
        Self { ufrag, mid, candidate }
    }
}

/// What the exchange asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Move {
    /// Order [`crate::api::PeerCommand::Offer`].
    Offer { operation: u32, restart: bool },
    /// Order [`crate::api::PeerCommand::Answer`].
    Answer { operation: u32, sdp: Sdp },
    /// Order [`crate::api::PeerCommand::Apply`].
    Apply { operation: u32, sdp: Sdp },
    /// Tell the other side.
    SayOffer { offer: Offer, restart: bool },
    /// Tell the other side.
    SayAnswer(Answer),
    /// Tell the other side.
    SayCandidate(LocalCandidate),
    /// The remote description with this generation is set: its candidates may be added.
    Ready(Ufrag),
    /// An operation failed.
    Broken,
}

/// Whether candidates of a generation can be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit {
    /// Now.
    Now,
    /// When its description comes.
    Later,
    /// Never again.
    Past,
}

/// What becomes of a remote offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is handled.
    Taken,
    /// It lost against the own one, or is old.
    Ignored,
}

/// Numbers operations. One count for all connections.
#[derive(Debug, Clone, Default)]
pub(super) struct Operations(u32);

impl Operations {
    fn next(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

impl Negotiation {
    pub(super) const fn new(polite: bool) -> Self {
        Self {
            signaling: Signaling::Stable,
            polite,
            settled: false,
            answered: None,
            waiting: None,
            wanted: false,
            remote_fingerprints: None,
            local_ufrag: None,
            remote_ufrag: None,
            past_ufrags: VecDeque::new(),
            unsaid: Vec::new(),
        }
    }

    /// Known only after the other device answered a ring.
    pub(super) const fn be_polite(&mut self, polite: bool) {
        self.polite = polite;
    }

    /// An exchange was completed on this connection.
    pub(super) const fn is_settled(&self) -> bool {
        self.settled
    }

    /// The own offer is open, or being made.
    pub(super) const fn is_offering(&self) -> bool {
        matches!(self.signaling, Signaling::Offering { .. } | Signaling::Offered { .. })
    }

    /// The executor is carrying something out.
    pub(super) const fn is_busy(&self) -> bool {
        match self.signaling {
            Signaling::Stable | Signaling::Offered { .. } => false,
            Signaling::Offering { .. }
            | Signaling::Answering { .. }
            | Signaling::Applying { .. } => true,
        }
    }

    /// The candidates of this generation are the own ones at present.
    pub(super) fn is_present(&self, ufrag: &Ufrag) -> bool {
        self.local_ufrag.as_ref() == Some(ufrag)
    }

    pub(super) const fn deadline(&self) -> Option<Time> {
        match self.signaling {
            Signaling::Stable => None,
            Signaling::Offered { repeat_at, .. } => Some(repeat_at),
            Signaling::Offering { until, .. }
            | Signaling::Answering { until, .. }
            | Signaling::Applying { until, .. } => Some(until),
        }
    }

    /// Starts an offer, or a restart. During an operation it waits.
    pub(super) fn offer(
        &mut self,
        now: Time,
        restart: bool,
        ops: &mut Operations,
        out: &mut Vec<Move>,
    ) {
        match self.signaling {
            Signaling::Offering { .. }
            | Signaling::Answering { .. }
            | Signaling::Applying { .. } => {
                self.wanted = true;
            }
            Signaling::Stable | Signaling::Offered { .. } => {
                let operation = ops.next();
                self.wanted = false;
                self.signaling =
                    Signaling::Offering { operation, restart, until: now.after(OPERATION_MS) };
                out.push(Move::Offer { operation, restart });
            }
        }
    }

    /// The other side's offer.
    pub(super) fn receive_offer(
        &mut self,
        now: Time,
        offer: RemoteOffer,
        ops: &mut Operations,
        out: &mut Vec<Move>,
    ) -> Verdict {
        if let Some(answer) = &self.answered {
            if answer.offer_id == offer.id {
                out.push(Move::SayAnswer(answer.clone()));
                return Verdict::Ignored;
            }
            if answer.offer_id > offer.id {
                return Verdict::Ignored;
            }
        }
        if !self.is_same_device(&offer.description) {
            return Verdict::Ignored;
        }
        match &self.signaling {
            Signaling::Answering { offer_id, .. } if *offer_id >= offer.id => Verdict::Ignored,
            // Whether it crosses with the own offer shows when that is described.
            Signaling::Offering { .. } | Signaling::Offered { .. } if !self.polite => {
                Verdict::Ignored
            }
            Signaling::Offering { .. }
            | Signaling::Answering { .. }
            | Signaling::Applying { .. } => {
                if self.waiting.as_ref().is_none_or(|waiting| waiting.id < offer.id) {
                    self.waiting = Some(offer);
                }
                Verdict::Taken
            }
            Signaling::Stable | Signaling::Offered { .. } => {
                let operation = ops.next();
                self.signaling = Signaling::Answering {
                    operation,
                    offer_id: offer.id,
                    ufrag: offer.description.ufrag,
                    fingerprints: offer.description.fingerprints,
                    media: offer.description.media,
                    until: now.after(OPERATION_MS),
                };
                // Their restart serves both, and the own generation is rolled back.
                self.wanted = false;
                self.unsaid.clear();
                out.push(Move::Answer { operation, sdp: offer.description.sdp });
                Verdict::Taken
            }
        }
    }

    /// The other side's answer. Only the open offer's counts.
    pub(super) fn receive_answer(
        &mut self,
        now: Time,
        offer_id: OfferId,
        answer: Description,
        ops: &mut Operations,
        out: &mut Vec<Move>,
    ) {
        if let Signaling::Offered { offer, .. } = &self.signaling
            && offer.offer_id == offer_id
            && self.is_same_device(&answer)
        {
            let operation = ops.next();
            self.signaling = Signaling::Applying {
                operation,
                ufrag: answer.ufrag,
                fingerprints: answer.fingerprints,
                until: now.after(OPERATION_MS),
            };
            out.push(Move::Apply { operation, sdp: answer.sdp });
        }
    }

    /// The executor set a local description. `id` names it, if it is an offer.
    pub(super) fn described(
        &mut self,
        now: Time,
        operation: u32,
        sdp: &str,
        id: OfferId,
        ops: &mut Operations,
        out: &mut Vec<Move>,
    ) {
        let Ok(description) = Description::read(sdp) else {
            self.failed(now, operation, ops, out);
            return;
        };
        match &self.signaling {
            Signaling::Offering { operation: own, restart, .. } if *own == operation => {
                let (restart, offer) =
                    (*restart, Offer { offer_id: id, sdp: description.sdp, proof: None });
                self.signaling = Signaling::Offered {
                    offer: offer.clone(),
                    restart,
                    repeat_at: now.after(REPEAT_MS),
                };
                self.local_ufrag = Some(description.ufrag);
                out.push(Move::SayOffer { offer, restart });
            }
            Signaling::Answering {
                operation: own, offer_id, ufrag, fingerprints, media, ..
            } if *own == operation && *media == description.media => {
                let answer = Answer { offer_id: *offer_id, sdp: description.sdp, proof: None };
                let remote = ufrag.clone();
                self.remote_fingerprints = Some(fingerprints.clone());
                self.signaling = Signaling::Stable;
                self.settled = true;
                self.answered = Some(answer.clone());
                self.local_ufrag = Some(description.ufrag);
                out.push(Move::SayAnswer(answer));
                self.set_remote(remote, out);
            }
            Signaling::Answering { operation: own, .. } if *own == operation => {
                self.failed(now, operation, ops, out);
                return;
            }
            Signaling::Stable
            | Signaling::Offering { .. }
            | Signaling::Offered { .. }
            | Signaling::Answering { .. }
            | Signaling::Applying { .. } => return,
        }
        out.extend(self.unsaid.drain(..).map(Move::SayCandidate));
        self.proceed(now, ops, out);
    }

    /// The executor set the remote answer.
    pub(super) fn applied(
        &mut self,
        now: Time,
        operation: u32,
        ops: &mut Operations,
        out: &mut Vec<Move>,
    ) {
        if let Signaling::Applying { operation: own, ufrag, fingerprints, .. } = &self.signaling
            && *own == operation
        {
            let remote = ufrag.clone();
            self.remote_fingerprints = Some(fingerprints.clone());
            self.signaling = Signaling::Stable;
            self.settled = true;
            self.set_remote(remote, out);
            self.proceed(now, ops, out);
        }
    }

    /// The executor could not carry an operation out; the connection is as before it.
    pub(super) fn failed(
        &mut self,
        now: Time,
        operation: u32,
        ops: &mut Operations,
        out: &mut Vec<Move>,
    ) {
        let own = match &self.signaling {
            Signaling::Offering { operation, .. }
            | Signaling::Answering { operation, .. }
            | Signaling::Applying { operation, .. } => *operation,
            Signaling::Stable | Signaling::Offered { .. } => return,
        };
        if own == operation {
            self.signaling = Signaling::Stable;
            self.unsaid.clear();
            self.wanted = false;
            out.push(Move::Broken);
            self.proceed(now, ops, out);
        }
    }

    /// The executor has a candidate.
    pub(super) fn candidate(&mut self, mut candidate: LocalCandidate, out: &mut Vec<Move>) {
        match &self.signaling {
            Signaling::Offering { .. } | Signaling::Answering { .. } => {
                if self.unsaid.len() < super::HELD_CANDIDATES {
                    self.unsaid.push(candidate);
                }
                return;
            }
            Signaling::Stable | Signaling::Offered { .. } | Signaling::Applying { .. } => {}
        }
        if candidate.ufrag.as_str().is_empty()
            && let Some(ufrag) = &self.local_ufrag
        {
            candidate.ufrag = ufrag.clone();
        }
        out.push(Move::SayCandidate(candidate));
    }

    /// Whether the other side's candidates of a generation can be added.
    pub(super) fn fit(&self, ufrag: &Ufrag) -> Fit {
        if self
            .remote_ufrag
            .as_ref()
            .is_some_and(|present| present == ufrag || ufrag.as_str().is_empty())
        {
            // While a newer description is being set, the executor may be between the two.
            match self.signaling {
                Signaling::Answering { .. } | Signaling::Applying { .. } => Fit::Later,
                Signaling::Stable | Signaling::Offering { .. } | Signaling::Offered { .. } => {
                    Fit::Now
                }
            }
        } else if self.past_ufrags.contains(ufrag) {
            Fit::Past
        } else {
            Fit::Later
        }
    }

    /// Does what the deadline asks for.
    pub(super) fn elapsed(&mut self, now: Time, ops: &mut Operations, out: &mut Vec<Move>) {
        if self.deadline().is_none_or(|at| at > now) {
            return;
        }
        match &self.signaling {
            Signaling::Stable => {}
            Signaling::Offered { .. } => self.repeat(now, out),
            Signaling::Offering { operation, .. }
            | Signaling::Answering { operation, .. }
            | Signaling::Applying { operation, .. } => {
                let operation = *operation;
                self.failed(now, operation, ops, out);
            }
        }
    }

    /// Says the open offer again, if there is one.
    pub(super) fn repeat(&mut self, now: Time, out: &mut Vec<Move>) {
        if let Signaling::Offered { offer, restart, repeat_at } = &mut self.signaling {
            *repeat_at = now.after(REPEAT_MS);
            out.push(Move::SayOffer { offer: offer.clone(), restart: *restart });
        }
    }

    /// Whether a description can be of the device at the other end of this connection.
    fn is_same_device(&self, description: &Description) -> bool {
        self.remote_fingerprints.as_ref().is_none_or(|known| *known == description.fingerprints)
    }

    fn set_remote(&mut self, ufrag: Ufrag, out: &mut Vec<Move>) {
        if let Some(former) = self.remote_ufrag.replace(ufrag.clone())
            && former != ufrag
        {
            self.past_ufrags.push_back(former);
            if self.past_ufrags.len() > PAST_UFRAGS {
                self.past_ufrags.pop_front();
            }
        }
        out.push(Move::Ready(ufrag));
    }

    /// Takes up what waited for the operation.
    fn proceed(&mut self, now: Time, ops: &mut Operations, out: &mut Vec<Move>) {
        if let Some(offer) = self.waiting.take() {
            self.receive_offer(now, offer, ops, out);
        }
        if self.wanted && self.settled && matches!(self.signaling, Signaling::Stable) {
            self.offer(now, true, ops, out);
        }
    }
}

#[cfg(test)]
#[path = "negotiation_tests.rs"]
mod tests;
