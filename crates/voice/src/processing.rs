//! What is done to the captured sound: echo out, noise down, loudness even.
//!
//! Blocks of what is played and of what is captured go in, in strict turns. The delay between the
//! two is found by the canceller itself; it must only stay. [`Alternation`] sees to both.

mod alternation;
mod pairing;

#[cfg(test)]
mod tests;

pub use alternation::Alternation;

use sonora::config::{
    EchoCanceller, GainController2, HighPassFilter, MaxProcessingRate, NoiseSuppression, Pipeline,
};
use sonora::{AudioProcessing, Config, StreamConfig};

/// Samples in a block: 10 ms, mono at 48 kHz.
pub const BLOCK: usize = 480;

/// Processes captured sound.
pub trait Processing: Send {
    /// Hears a block that is played.
    fn render(&mut self, block: &[f32; BLOCK]);

    /// Processes the block that was captured meanwhile, in place.
    fn capture(&mut self, block: &mut [f32; BLOCK]);
}

/// Leaves everything as it is.
#[derive(Debug, Clone, Copy, Default)]
pub struct PassThrough;

impl Processing for PassThrough {
    fn render(&mut self, _: &[f32; BLOCK]) {}

    fn capture(&mut self, _: &mut [f32; BLOCK]) {}
}

/// Echo cancellation, noise suppression and gain by `sonora`, a translation of WebRTC's.
pub struct Sonora {
    inner: AudioProcessing,
    failed: bool,
}

impl std::fmt::Debug for Sonora {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sonora").finish_non_exhaustive()
    }
}

/// What [`Sonora`] does beside cancelling echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extras {
    /// Suppress noise.
    pub noise: bool,
    /// Even out loudness.
    pub gain: bool,
}

impl Sonora {
    /// Processing that has heard nothing yet.
    #[must_use]
    pub fn new(extras: Extras) -> Self {
        let config = Config {
            // By default the band above 16 kHz is cut.
            pipeline: Pipeline {
                maximum_internal_processing_rate: MaxProcessingRate::Rate48kHz,
                multi_channel_render: false,
                multi_channel_capture: false,
                ..Pipeline::default()
            },
            high_pass_filter: Some(HighPassFilter::default()),
            echo_canceller: Some(EchoCanceller::default()),
            noise_suppression: extras.noise.then(NoiseSuppression::default),
            gain_controller2: extras.gain.then(|| GainController2 {
                adaptive_digital: Some(sonora::config::AdaptiveDigital::default()),
                ..GainController2::default()
            }),
            ..Config::default()
        };
        let stream = StreamConfig::new(crate::codec::SAMPLE_RATE, 1);
        let inner = AudioProcessing::builder()
            .config(config)
            .capture_config(stream)
            .render_config(stream)
            .build();
        Self { inner, failed: false }
    }

    fn note(&mut self, result: Result<(), sonora::Error>) {
        if let Err(error) = result
            && !std::mem::replace(&mut self.failed, true)
        {
            tracing::error!(?error, "sound goes out unprocessed");
        }
    }
}

impl Default for Sonora {
    /// With everything.
    fn default() -> Self {
        Self::new(Extras { noise: true, gain: true })
    }
}

impl Processing for Sonora {
    fn render(&mut self, block: &[f32; BLOCK]) {
        let mut unused = [0.0; BLOCK];
        let result = self.inner.process_render_f32(&[block], &mut [&mut unused]);
        self.note(result);
    }

    fn capture(&mut self, block: &mut [f32; BLOCK]) {
        let mut processed = [0.0; BLOCK];
        let result = self.inner.process_capture_f32(&[&*block], &mut [&mut processed]);
        if result.is_ok() {
            *block = processed;
        }
        self.note(result);
    }
}
