//! Keeps what arrives: pictures as IVF, the sound as WAV.
//!
//! One thread writes, since disks wait and calls must not. A full disk stops the file that it
//! happened to, is told once, and ends no call.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use bellwire_core::api::{PeerId, Slot};
use bellwire_rtc::pictures::Picture;
use bellwire_rtc::pictures::ivf;

/// Pieces that may wait for the disk: about ten seconds of a call. What comes above is left out.
const WAITING: usize = 1_024;

/// A recording cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be made: {source}", folder.display())]
pub struct RecordError {
    folder: PathBuf,
    source: std::io::Error,
}

enum Piece {
    Picture(PeerId, Slot, Picture),
    Sound(Vec<f32>),
}

/// Keeps what it is given until it is dropped or finished.
#[derive(Debug)]
pub struct Recorder {
    pieces: mpsc::SyncSender<Piece>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// The way into a [`Recorder`].
#[derive(Debug, Clone)]
pub struct Inlet(mpsc::SyncSender<Piece>);

impl Inlet {
    /// Keeps a picture. Never blocks.
    pub fn picture(&self, peer: PeerId, slot: Slot, picture: Picture) {
        // Fails while the disk cannot follow: a recording with a hole is better than a stuck call.
        let _ = self.0.try_send(Piece::Picture(peer, slot, picture));
    }

    /// Keeps 10 ms of sound. Never blocks.
    pub fn sound(&self, block: &[f32]) {
        let _ = self.0.try_send(Piece::Sound(block.to_vec()));
    }
}

impl Recorder {
    /// Writes into `folder`, which is made where it is missing: `camera.ivf`, `screen.ivf` and
    /// `sound.wav`; a second connection of a call writes `camera-2.ivf` and so on. `tell` hears of
    /// what could not be kept.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn start(
        folder: &Path,
        tell: impl Fn(String) + Send + 'static,
    ) -> Result<Self, RecordError> {
        let failed = |source| RecordError { folder: folder.to_owned(), source };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let (pieces, waiting) = mpsc::sync_channel(WAITING);
        let mut desk = Desk::new(folder.to_owned(), Box::new(tell));
        let thread = std::thread::Builder::new()
            .name("record".into())
            .spawn(move || {
                while let Ok(piece) = waiting.recv() {
                    desk.keep(piece);
                }
                desk.finish();
            })
            .map_err(failed)?;
        Ok(Self { pieces, thread: Some(thread) })
    }

    /// The way in.
    #[must_use]
    pub fn inlet(&self) -> Inlet {
        Inlet(self.pieces.clone())
    }

    /// Waits until everything is written. Every [`Inlet`] has to be gone by then.
    pub fn finish(mut self) {
        let thread = self.thread.take();
        drop(self);
        if let Some(thread) = thread {
            // Its panic was printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

type Film = ivf::Writer<BufWriter<File>>;

struct Desk {
    folder: PathBuf,
    tell: Box<dyn Fn(String) + Send>,
    films: BTreeMap<(PeerId, &'static str), Option<Film>>,
    sound: Sound,
}

enum Sound {
    None,
    Open(hound::WavWriter<BufWriter<File>>),
    Stopped,
}

impl Desk {
    fn new(folder: PathBuf, tell: Box<dyn Fn(String) + Send>) -> Self {
        Self { folder, tell, films: BTreeMap::new(), sound: Sound::None }
    }

    fn keep(&mut self, piece: Piece) {
        match piece {
            Piece::Picture(peer, slot, picture) => self.picture(peer, slot, &picture),
            Piece::Sound(block) => self.block(&block),
        }
    }

    fn picture(&mut self, peer: PeerId, slot: Slot, picture: &Picture) {
        let name = match slot {
            Slot::Screen => "screen",
            Slot::Camera | Slot::Audio | Slot::ScreenAudio => "camera",
        };
        let same = self.films.keys().filter(|(_, other)| *other == name).count();
        let film = self.films.entry((peer, name)).or_insert_with(|| {
            let file =
                if same == 0 { format!("{name}.ivf") } else { format!("{name}-{}.ivf", same + 1) };
            match File::create(self.folder.join(&file)) {
                Ok(created) => Some(ivf::Writer::new(BufWriter::new(created))),
                Err(error) => {
                    (self.tell)(format!("{file} cannot be written: {error}; the call goes on"));
                    None
                }
            }
        });
        if let Some(open) = film
            && let Err(error) = open.write(picture)
        {
            (self.tell)(format!("{name} is recorded no further: {error}; the call goes on"));
        }
    }

    fn block(&mut self, block: &[f32]) {
        if matches!(self.sound, Sound::None) {
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 48_000,
                bits_per_sample: 16,
                sample_format: hound::SampleFormat::Int,
            };
            self.sound = match hound::WavWriter::create(self.folder.join("sound.wav"), spec) {
                Ok(writer) => Sound::Open(writer),
                Err(error) => {
                    (self.tell)(format!("sound.wav cannot be written: {error}; the call goes on"));
                    Sound::Stopped
                }
            };
        }
        let Sound::Open(writer) = &mut self.sound else { return };
        for sample in block {
            let scaled = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)).round() as i16;
            if let Err(error) = writer.write_sample(scaled) {
                (self.tell)(format!("sound is recorded no further: {error}; the call goes on"));
                self.sound = Sound::Stopped;
                return;
            }
        }
    }

    fn finish(self) {
        for ((_, name), film) in self.films {
            if let Some(Err(error)) = film.map(Film::finish) {
                (self.tell)(format!("the end of {name} could not be written: {error}"));
            }
        }
        if let Sound::Open(writer) = self.sound
            && let Err(error) = writer.finalize()
        {
            (self.tell)(format!("the end of the sound could not be written: {error}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn picture(key: bool) -> Picture {
        let head: &[u8] = if key {
            &[0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00]
        } else {
            &[0x11, 0, 0]
        };
        Picture::read(head.iter().copied().chain([7; 40]).collect(), 0).expect("a VP8 frame")
    }

    #[test]
    fn what_arrives_can_be_read_again() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let recorder = Recorder::start(folder.path(), |text| panic!("{text}")).expect("it starts");
        let inlet = recorder.inlet();
        for at in 0..3_u64 {
            let picture = Picture { captured_us: at * 33_333, ..picture(at == 0) };
            inlet.picture(PeerId(1), Slot::Camera, picture);
            inlet.sound(&[0.5; 480]);
        }
        drop(inlet);
        recorder.finish();
        let file = File::open(folder.path().join("camera.ivf")).expect("it was made");
        let mut film = ivf::Reader::open(file).expect("it is IVF");
        let mut frames = 0;
        while film.next_picture().expect("it is whole").is_some() {
            frames += 1;
        }
        assert_eq!(frames, 3, "every picture is kept");
        let sound = hound::WavReader::open(folder.path().join("sound.wav")).expect("it is WAV");
        assert_eq!(sound.len(), 3 * 480, "every sample is kept");
    }

    #[test]
    fn a_full_disk_is_told_once_and_ends_nothing() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = told.clone();
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["camera.ivf", "sound.wav"] {
            std::os::unix::fs::symlink("/dev/full", folder.path().join(name)).expect("links exist");
        }
        let recorder = Recorder::start(folder.path(), move |text| {
            heard.lock().expect("nobody panicked").push(text);
        })
        .expect("it starts");
        let inlet = recorder.inlet();
        for at in 0..400 {
            inlet.picture(PeerId(1), Slot::Camera, picture(at == 0));
            inlet.sound(&[0.5; 480]);
        }
        drop(inlet);
        recorder.finish();
        let told = told.lock().expect("nobody panicked");
        assert!(told.iter().any(|text| text.contains("the call goes on")), "{told:?}");
        assert!(told.len() <= 4, "not for every picture: {told:?}");
    }
}
