//! Opus to sound.

use super::{CodecError, Decode, SAMPLE_RATE, Undecodable};

/// The longest a packet can play, in samples: 120 ms (RFC 6716 section 3.2.5).
const LONGEST: usize = 5_760;
/// The shortest step of libopus, in samples: 2.5 ms.
const STEP: usize = 120;
/// Payloads up to this many bytes carry no sound: an encoder in a pause sends them (RFC 6716
/// section 2.1.9).
const PAUSE: usize = 2;

/// An Opus decoder for whatever a peer sends. Stereo comes out as mono.
pub struct Decoder {
    opus: opus::Decoder,
    scratch: Box<[f32; LONGEST]>,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}

impl Decoder {
    /// A decoder that has heard nothing yet.
    ///
    /// # Errors
    /// libopus is out of memory.
    pub fn new() -> Result<Self, CodecError> {
        let opus = opus::Decoder::new(SAMPLE_RATE, opus::Channels::Mono)?;
        Ok(Self { opus, scratch: Box::new([0.0; LONGEST]) })
    }

    /// Runs libopus and appends what came out, within -1..=1.
    fn run(
        &mut self,
        payload: &[u8],
        room: usize,
        mend: bool,
        sound: &mut Vec<f32>,
    ) -> Result<usize, Undecodable> {
        let room = self.scratch.get_mut(..room).ok_or(Undecodable)?;
        let samples = self.opus.decode_float(payload, room, mend).map_err(|_opus| Undecodable)?;
        let made = room.get(..samples).ok_or(Undecodable)?;
        sound.extend(made.iter().map(|sample| match sample.is_nan() {
            true => 0.0,
            false => sample.clamp(-1.0, 1.0),
        }));
        Ok(samples)
    }
}

impl Decode for Decoder {
    fn duration(&self, payload: &[u8]) -> Result<usize, Undecodable> {
        if payload.is_empty() {
            return Err(Undecodable);
        }
        let packet = opus::packet::parse(payload).map_err(|_opus| Undecodable)?;
        let frame = opus::packet::get_samples_per_frame(payload, SAMPLE_RATE)
            .map_err(|_opus| Undecodable)?;
        let samples = frame * packet.frames.len();
        if samples == 0 || samples > LONGEST { Err(Undecodable) } else { Ok(samples) }
    }

    fn mends(&self, payload: &[u8]) -> usize {
        if payload.is_empty() {
            return 0;
        }
        let (Ok(packet), Ok(samples)) = (
            opus::packet::parse(payload),
            opus::packet::get_samples_per_frame(payload, SAMPLE_RATE),
        ) else {
            return 0;
        };
        let Some(first) = packet.frames.first().and_then(|frame| frame.first()) else { return 0 };
        if carries_copy(packet.toc, samples, *first) { samples } else { 0 }
    }

    fn is_pause(&self, payload: &[u8]) -> bool {
        payload.len() <= PAUSE
    }

    fn decode(&mut self, payload: &[u8], sound: &mut Vec<f32>) -> Result<usize, Undecodable> {
        self.duration(payload)?;
        self.run(payload, LONGEST, false, sound)
    }

    fn mend(&mut self, next: &[u8], sound: &mut Vec<f32>) -> Result<usize, Undecodable> {
        match self.mends(next) {
            0 => Err(Undecodable),
            samples => self.run(next, samples, true, sound),
        }
    }

    fn conceal(&mut self, samples: usize, sound: &mut Vec<f32>) {
        let end = sound.len() + samples;
        while sound.len() < end {
            let room = (end - sound.len()).next_multiple_of(STEP).min(LONGEST);
            match self.run(&[], room, false, sound) {
                Ok(made) if made > 0 => {}
                Ok(_) | Err(Undecodable) => sound.resize(end, 0.0),
            }
        }
        sound.truncate(end);
    }
}

/// Whether a frame carries a low-bitrate copy of the one before it, told by its first byte
/// (RFC 6716 sections 3.1 and 4.2.3: a voice activity bit per SILK frame, then the LBRR bit, for
/// each channel).
const fn carries_copy(toc: u8, samples: usize, first: u8) -> bool {
    /// Configurations from here on are CELT, which has no copies.
    const CELT: u8 = 16;
    if toc >> 3 >= CELT {
        return false;
    }
    let silk_frames = match samples {
        0..=960 => 1,
        961..=1_920 => 2,
        _ => 3,
    };
    let middle = first >> (7 - silk_frames) & 1;
    let side = first >> (6 - 2 * silk_frames) & 1;
    let stereo = toc >> 2 & 1;
    middle == 1 || (stereo == 1 && side == 1)
}
