//! What the path to one participant is spent on, so that sound goes first.
//!
//! Pure: an executor says about once a second what it believes the path carries, and this says what
//! may be sent. A path that nothing is sent on cannot be judged, and pictures that come too early
//! cost sound: so the sound is tried with more bits first. They make it better where they fit, and
//! where they do not the estimate falls before a queue delays anybody.
//!
//! ```text
//!           too little for sound and pictures              rested, and there may be room
//!  Wide ──────────────────────────────────────► Held ──────────────────────────────────► Trying
//!   ▲                                            ▲ ▲          the estimate falls           │ │
//!   │ there is plenty                            │ └───────────────────────────────────────┘ │
//!   └────────────────────────────────── Small ───┘                                           │
//!                                         ▲            more sound passes                     │
//!                                         └──────────────────────────────────────────────────┘
//! ```
//! Somebody who is muted has no sound to try with, and none to lose: pictures are tried at once.

use crate::Time;
use crate::api::{PeerCommand, Pictures};

/// The estimate below which pictures are held, in bit/s: sound with its headers takes 45 to 100 kbit/s,
/// and no encoder makes pictures of less than 30. Lower takes the sound's share for pictures that
/// nobody can make out.
const NARROW: u32 = 100_000;
/// The estimate below which nothing more is tried, in bit/s: the little sound that is sent then takes
/// 45 kbit/s. Higher finds a path that widened later, for the estimate grows by some 5 kbit/s a second.
const ROOM_TO_TRY: u32 = 45_000;
/// The estimate that the tried sound needs at least, in bit/s. With its headers it takes 88 kbit/s; an
/// estimate that did not fall under that load only needs time to grow. Higher is not reached within a
/// trial that began at [`ROOM_TO_TRY`]: pictures came back after 10 s with 75 kbit/s.
const PASSES: u32 = 62_000;
/// What is sent in a second that counts as load, in bit/s. Encoders take less in pauses of speech.
const LOAD: u32 = 68_000;
/// How many such seconds the estimate has to bear without falling. A queue is seen within one; fewer
/// bring pictures back on paths that they do not fit, more bring them back later.
const LOADED: u32 = 2;
/// The estimate from which pictures are sent in full size, in bit/s.
const PLENTY: u32 = 300_000;
/// An estimate that falls below this share of the one before fell because of a queue or losses.
const FELL: f32 = 0.9;
/// How long pictures are held before more is tried, in ms. Shorter delays the sound of a narrow path
/// more often; with the trial and a key frame's way it is what pictures need to come back, which
/// should be less than 8 s.
const REST_MS: u64 = 3_700;
/// How long a trial takes at most, in ms: whoever listens in silence makes little load, and an estimate
/// that grew all the same is enough then.
const TRY_MS: u64 = 4_800;
/// Pictures that are held again within this time, in ms, came back to a path that is too narrow.
const RELAPSE_MS: u64 = 8_000;

/// What sound takes while pictures are held, in bit/s: intelligible, and with headers it fits 50
/// kbit/s. Chromium sends no copies (RED) at this rate.
const SOUND_HELD: u32 = 16_000;
/// What is tried, in bit/s: with headers a tenth more than the 80 kbit/s that have to carry sound alone.
/// More delays the sound of such a path by more, less passes where no picture does.
const SOUND_TRIED: u32 = 58_000;
/// What is tried where that passed, but not the pictures after it.
const SOUND_MORE: u32 = 96_000;

/// What may be sent to one participant. See the module's head.
#[derive(Debug)]
pub(super) struct Budget {
    step: Step,
    since: Time,
    /// The estimate before.
    last: u32,
    /// What is tried the next time.
    tries: u32,
    /// The seconds of load in this trial.
    loaded: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Everything is sent.
    Wide,
    /// Pictures are sent small, as they just came back.
    Small,
    /// Pictures are held, and the sound is small.
    Held,
    /// Pictures are held, and the sound takes more.
    Trying,
}

impl Budget {
    pub(super) const fn new(now: Time) -> Self {
        Self { step: Step::Wide, since: now, last: 0, tries: SOUND_TRIED, loaded: 0 }
    }

    /// Pictures are held, because the path is too narrow for them.
    pub(super) const fn is_narrow(&self) -> bool {
        match self.step {
            Step::Held | Step::Trying => true,
            Step::Wide | Step::Small => false,
        }
    }

    /// What the path is believed to carry and what is sent on it, in bit/s. `speaks` says whether sound
    /// is. True when something else may be sent from here on.
    pub(super) fn measure(&mut self, now: Time, estimate: u32, sent: u32, speaks: bool) -> bool {
        let (age, last) = (now.since(self.since), std::mem::replace(&mut self.last, estimate));
        let more = self.tries - SOUND_TRIED;
        self.loaded += u32::from(self.step == Step::Trying && sent >= LOAD + more);
        let next = match self.step {
            Step::Wide | Step::Small if estimate < NARROW => Step::Held,
            Step::Small if estimate >= PLENTY => Step::Wide,
            Step::Wide | Step::Small => return false,
            Step::Held if age < REST_MS || estimate < ROOM_TO_TRY && speaks => return false,
            Step::Held if speaks => Step::Trying,
            Step::Held => Step::Small,
            Step::Trying if (estimate as f32) < last as f32 * FELL => Step::Held,
            Step::Trying if self.loaded >= LOADED && estimate >= PASSES + more => Step::Small,
            Step::Trying if age >= TRY_MS && estimate >= NARROW + more => Step::Small,
            Step::Trying if age >= TRY_MS => Step::Held,
            Step::Trying => return false,
        };
        self.tries = match (self.step, next) {
            (Step::Small, Step::Held) if age < RELAPSE_MS => SOUND_MORE,
            (_, Step::Wide) => SOUND_TRIED,
            (Step::Wide | Step::Small | Step::Held | Step::Trying, _) => self.tries,
        };
        self.step = next;
        self.loaded = 0;
        self.since = now;
        true
    }

    /// The order that carries it out.
    pub(super) const fn order(&self) -> PeerCommand {
        let (pictures, sound) = match self.step {
            Step::Wide => (Pictures::Full, None),
            Step::Small => (Pictures::Small, None),
            Step::Held => (Pictures::Held, Some(SOUND_HELD)),
            Step::Trying => (Pictures::Held, Some(self.tries)),
        };
        PeerCommand::Spend { pictures, sound }
    }
}

#[cfg(test)]
mod tests;
