//! A WAV file in place of a microphone.

use std::path::Path;

use bellwire_voice::engine::SampleSource;

/// What sound is made of everywhere, in Hz.
const RATE: u32 = 48_000;
/// The longest file that is read, in samples: ten minutes of mono take 115 MB.
const LONGEST: usize = 10 * 60 * RATE as usize;

/// A WAV file cannot be spoken.
#[derive(Debug, thiserror::Error)]
pub enum WaveError {
    /// It cannot be read, or is no WAV.
    #[error("{file} cannot be read as WAV: {source}")]
    Unreadable {
        /// Its name.
        file: String,
        /// Why.
        source: hound::Error,
    },
    /// It has another rate.
    #[error("{file} has {rate} Hz; convert it: sox {file} -r 48000 -c 1 speech.wav")]
    Rate {
        /// Its name.
        file: String,
        /// What it has.
        rate: u32,
    },
    /// It holds no sound.
    #[error("{file} holds no sound")]
    Empty {
        /// Its name.
        file: String,
    },
    /// It is longer than ten minutes.
    #[error("{file} is longer than ten minutes")]
    TooLong {
        /// Its name.
        file: String,
    },
}

/// Speaks a file again and again.
#[derive(Debug)]
pub struct Wave {
    label: String,
    samples: Vec<f32>,
    at: usize,
}

impl Wave {
    /// Reads a file of 48 kHz, mixing its channels into one.
    ///
    /// # Errors
    /// [`WaveError`] says what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, WaveError> {
        let file = path.display().to_string();
        let unreadable = |source| WaveError::Unreadable { file: file.clone(), source };
        let mut reader = hound::WavReader::open(path).map_err(unreadable)?;
        let spec = reader.spec();
        if spec.sample_rate != RATE {
            return Err(WaveError::Rate { file, rate: spec.sample_rate });
        }
        let channels = usize::from(spec.channels.max(1));
        if reader.len() as usize / channels > LONGEST {
            return Err(WaveError::TooLong { file });
        }
        let interleaved: Vec<f32> = match spec.sample_format {
            hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
            hound::SampleFormat::Int => {
                let full = (1_i64 << (spec.bits_per_sample.clamp(1, 32) - 1)) as f32;
                reader.samples::<i32>().map(|sample| sample.map(|s| s as f32 / full)).collect()
            }
        }
        .map_err(unreadable)?;
        let samples: Vec<f32> = interleaved
            .chunks(channels)
            .map(|frame| frame.iter().sum::<f32>() / frame.len() as f32)
            .map(|sample| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 })
            .collect();
        if samples.is_empty() {
            return Err(WaveError::Empty { file });
        }
        let label = path.file_name().map_or(file, |name| name.to_string_lossy().into_owned());
        Ok(Self { label, samples, at: 0 })
    }
}

impl SampleSource for Wave {
    fn label(&self) -> String {
        self.label.clone()
    }

    fn fill(&mut self, block: &mut [f32; 480]) -> bool {
        for sample in block {
            *sample = self.samples.get(self.at).copied().unwrap_or_default();
            self.at = (self.at + 1) % self.samples.len();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, rate: u32, channels: u16, samples: &[i16]) {
        let spec = hound::WavSpec {
            channels,
            sample_rate: rate,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(path, spec).expect("the folder can be written");
        for sample in samples {
            writer.write_sample(*sample).expect("it is a sample");
        }
        writer.finalize().expect("the file can be ended");
    }

    #[test]
    fn a_file_is_spoken_again_and_again_as_one_channel() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("speech.wav");
        write(&path, 48_000, 2, &[16_384, 0, -16_384, -16_384]);
        let mut wave = Wave::open(&path).expect("it is a WAV");
        let mut block = [0.0; 480];
        assert!(wave.fill(&mut block), "it never ends");
        assert_eq!(block[..4], [0.25, -0.5, 0.25, -0.5], "both channels in one, in a circle");
        assert_eq!(wave.label(), "speech.wav", "it is called as the file is");
    }

    #[test]
    fn what_cannot_be_spoken_says_why() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("a.wav");
        write(&path, 44_100, 1, &[1; 10]);
        assert!(matches!(Wave::open(&path), Err(WaveError::Rate { rate: 44_100, .. })), "its rate");
        write(&path, 48_000, 1, &[]);
        assert!(matches!(Wave::open(&path), Err(WaveError::Empty { .. })), "nothing in it");
        std::fs::write(&path, b"RIFFxxxxnonsense").expect("the folder can be written");
        assert!(matches!(Wave::open(&path), Err(WaveError::Unreadable { .. })), "no WAV");
    }
}
