//! Sound: capture, echo cancellation, Opus, jitter buffer, playback.
//!
//! Knows nothing of calls or networks: encoded frames come out of one end, packets as they arrived
//! go into the other.
//! - [`codec`] is Opus; [`jitter`] turns packets in any order into an unbroken sound. Both are pure.
//! - [`drift`] brings two clocks into step, [`processing`] takes the echo out. Pure, too.
//! - [`devices`] and [`engine`] are the microphone, the speaker and the one thread between them.

pub mod codec;
pub mod devices;
pub mod drift;
pub mod engine;
pub mod jitter;
pub mod packet;
pub mod processing;
