//! How much a device may say. Pure.

use bellwire_protocol::{ClientMessage, limits};

use super::calls::CLAIM_PARTICIPANTS;

/// What a message counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// One message of many.
    Common,
    /// So many candidates. They come in bursts that nobody chooses.
    Candidates(u32),
    /// A claim of so many devices. It counts as one message, and one more for each of them: whose
    /// each is has to be looked up.
    Claim(u32),
    /// Ends a call. It is never refused: nobody is there to say it again, and the other side would
    /// ring on.
    Ending,
}

impl Class {
    /// Of this message.
    #[must_use]
    pub fn of(message: &ClientMessage) -> Self {
        match message {
            ClientMessage::IceCandidates { candidates, .. } => {
                Self::Candidates(u32::try_from(candidates.len()).unwrap_or(u32::MAX))
            }
            ClientMessage::CallSync { claim: Some(claim), .. } => {
                let named = claim.participants.len().min(CLAIM_PARTICIPANTS);
                Self::Claim(u32::try_from(named).unwrap_or(u32::MAX))
            }
            ClientMessage::CallReject { .. }
            | ClientMessage::CallCancel { .. }
            | ClientMessage::CallLeave { .. } => Self::Ending,
            ClientMessage::Hello { .. }
            | ClientMessage::Ping { .. }
            | ClientMessage::PresenceSet { .. }
            | ClientMessage::CallInitiate { .. }
            | ClientMessage::CallAnswer { .. }
            | ClientMessage::SdpOffer { .. }
            | ClientMessage::SdpAnswer { .. }
            | ClientMessage::MediaState { .. }
            | ClientMessage::CallSync { claim: None, .. }
            | ClientMessage::PeerList { .. }
            | ClientMessage::CallReport { .. }
            | ClientMessage::Unknown => Self::Common,
        }
    }
}

/// What becomes of one more message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Allowed,
    /// Not carried out; it would be after this long, in ms.
    Refused(u64),
    /// The client does not slow down.
    Close,
}

/// Refusals in a row after which a session is closed: a second burst beyond the first.
const REFUSALS: u32 = limits::MESSAGE_BURST;

/// How much a device may say, whatever socket and session it says it on: an allowance for each
/// [`Class`], so that none uses up another's.
#[derive(Debug, Clone)]
pub struct Allowance {
    common: Bucket,
    candidates: Bucket,
    endings: Bucket,
    refused: u32,
}

impl Allowance {
    /// A full allowance.
    #[must_use]
    pub fn new(now: u64) -> Self {
        let messages = Bucket::full(now, limits::MESSAGES_PER_SECOND, limits::MESSAGE_BURST);
        let candidates = Bucket::full(now, limits::CANDIDATES_PER_SECOND, limits::CANDIDATE_BURST);
        Self { common: messages.clone(), candidates, endings: messages, refused: 0 }
    }

    /// Goes on, on another socket: it has as much as before, and hears its refusals anew.
    pub fn resume(&mut self) {
        self.refused = 0;
    }

    /// Takes one message off.
    pub fn take(&mut self, now: u64, class: Class) -> Verdict {
        let taken = match class {
            Class::Common => self.common.take(now, 1),
            Class::Claim(devices) => self.common.take(now, devices.saturating_add(1)),
            Class::Candidates(many) => self.candidates.take(now, many),
            // A device is in one call and rings in a few: this many ends are an attack.
            Class::Ending => match self.endings.take(now, 1) {
                Ok(()) => Ok(()),
                Err(_) => return Verdict::Close,
            },
        };
        let Err(wait) = taken else {
            self.refused = 0;
            return Verdict::Allowed;
        };
        self.refused += 1;
        if self.refused > REFUSALS { Verdict::Close } else { Verdict::Refused(wait) }
    }
}

/// So many per second on the long run, and a burst at once.
#[derive(Debug, Clone)]
struct Bucket {
    /// In thousandths.
    tokens: u64,
    refilled_at: u64,
    per_second: u32,
    burst: u32,
}

impl Bucket {
    fn full(now: u64, per_second: u32, burst: u32) -> Self {
        Self { tokens: u64::from(burst) * 1_000, refilled_at: now, per_second, burst }
    }

    /// Takes so many, or says how long to wait for them, in ms.
    fn take(&mut self, now: u64, many: u32) -> Result<(), u64> {
        let elapsed = now.saturating_sub(self.refilled_at);
        // A rate per second is a rate in thousandths per ms.
        let refill = elapsed.saturating_mul(u64::from(self.per_second));
        self.tokens = self.tokens.saturating_add(refill).min(u64::from(self.burst) * 1_000);
        self.refilled_at = now;
        let wanted = u64::from(many) * 1_000;
        match self.tokens.checked_sub(wanted) {
            Some(left) => {
                self.tokens = left;
                Ok(())
            }
            None => Err((wanted - self.tokens).div_ceil(u64::from(self.per_second))),
        }
    }
}

#[cfg(test)]
mod tests;
