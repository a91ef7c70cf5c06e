//! Opus, both ways: [`Encoder`] for what is sent, [`Decoder`] for whatever arrives.
//!
//! Sound is mono at 48 kHz as `f32` in -1..=1 everywhere. What is sent comes in frames of 20 ms at a
//! constant bitrate, because the sizes of variable frames tell an eavesdropper what is said
//! (White et al., "Phonotactic Reconstruction of Encrypted VoIP Conversations", 2011). What arrives
//! may be any legal Opus: 2.5 to 120 ms, mono or stereo, any mode.
//!
//! The jitter buffer knows the decoder by the trait [`Decode`] only.

mod decoder;
mod encoder;

pub use decoder::Decoder;
pub use encoder::{BITRATE, Encoder, LEAST_BITRATE, MOST_BITRATE};

#[cfg(test)]
mod tests;

/// Samples in a second.
pub const SAMPLE_RATE: u32 = 48_000;
/// Samples in what the encoder takes at a time: 20 ms. Shorter frames cost bandwidth in headers,
/// longer ones delay.
pub const FRAME: usize = 960;

/// Opus could not be set up: out of memory, or an argument that libopus does not take.
#[derive(Debug, thiserror::Error)]
#[error("opus: {0}")]
pub struct CodecError(#[from] opus::Error);

/// The payload is not Opus. The decoder is as it was before; conceal in its stead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the payload is not opus")]
pub struct Undecodable;

/// A decoder as the jitter buffer uses it. Methods append mono samples to `sound`.
pub trait Decode {
    /// How long the payload plays, in samples. Looks at the payload only.
    ///
    /// # Errors
    /// [`Undecodable`] if the payload is no legal packet.
    fn duration(&self, payload: &[u8]) -> Result<usize, Undecodable>;

    /// How much of what came directly before this payload can be had from it, in samples: a whole
    /// frame, or zero.
    fn mends(&self, payload: &[u8]) -> usize;

    /// The payload stands for a pause (DTX): nothing is missing until the next packet.
    fn is_pause(&self, payload: &[u8]) -> bool;

    /// Plays the payload; says how many samples it appended.
    ///
    /// # Errors
    /// [`Undecodable`]; nothing is appended.
    fn decode(&mut self, payload: &[u8], sound: &mut Vec<f32>) -> Result<usize, Undecodable>;

    /// Plays the frame that came directly before `next`, from the copy in it; says how many samples
    /// it appended.
    ///
    /// # Errors
    /// [`Undecodable`] also if there is no copy in it; nothing is appended.
    fn mend(&mut self, next: &[u8], sound: &mut Vec<f32>) -> Result<usize, Undecodable>;

    /// Makes up `samples` samples that go on as the sound went, and fade when that lasts.
    fn conceal(&mut self, samples: usize, sound: &mut Vec<f32>);
}
