//! Films in place of a camera and a screen.
//!
//! A film was encoded long ago, so orders are obeyed as far as a file can: `Key` jumps to the next
//! key frame, `Bitrate` changes to the rendition that fits, also at a key frame, and `Hold` stops
//! the film. Size and frame rate are those of the renditions.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bellwire_core::api::{DeviceProblem, PeerId, Slot, SlotState};
use bellwire_rtc::control::Order;
use bellwire_rtc::peers::{Pictures, Studio};
use bellwire_rtc::pictures::Picture;
use bellwire_rtc::pictures::ivf;

/// A film's pace where its own times make no sense.
const PACE: Duration = Duration::from_millis(33);
/// What a time between two pictures may be.
const PACES: std::ops::RangeInclusive<u64> = 5_000..=500_000;

/// A film cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// The file cannot be opened.
    #[error("{} cannot be opened: {source}", file.display())]
    Unopened {
        /// Its name.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no IVF film of VP8.
    #[error("{}: {source}", file.display())]
    Unreadable {
        /// Its name.
        file: PathBuf,
        /// What is wrong, and where.
        source: ivf::ReadError,
    },
    /// No film was named.
    #[error("no film was named")]
    None,
}

type Reader = ivf::Reader<BufReader<File>>;

/// One film in one or more renditions, the smallest first.
pub struct Film {
    label: String,
    renditions: Vec<Rendition>,
}

struct Rendition {
    reader: Reader,
    /// Bit/s over the whole film.
    bitrate: u64,
}

impl std::fmt::Debug for Film {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Film").field("renditions", &self.renditions.len()).finish_non_exhaustive()
    }
}

impl Film {
    /// Opens the renditions of one film and reads each once to its end.
    ///
    /// # Errors
    /// [`FilmError`] says which file is no film, and why.
    pub fn open(files: &[PathBuf]) -> Result<Self, FilmError> {
        let first = files.first().ok_or(FilmError::None)?;
        let label = first
            .file_name()
            .map_or_else(|| "film".to_owned(), |name| name.to_string_lossy().into_owned());
        let mut renditions = files.iter().map(|file| open(file)).collect::<Result<Vec<_>, _>>()?;
        renditions.sort_by_key(|rendition| rendition.bitrate);
        Ok(Self { label, renditions })
    }
}

fn open(file: &Path) -> Result<Rendition, FilmError> {
    let unreadable = |source| FilmError::Unreadable { file: file.to_owned(), source };
    let opened =
        File::open(file).map_err(|source| FilmError::Unopened { file: file.to_owned(), source })?;
    let mut reader = ivf::Reader::open(BufReader::new(opened)).map_err(unreadable)?;
    let (mut bytes, mut first, mut last) = (0_u64, None, 0);
    while let Some(picture) = reader.next_picture().map_err(unreadable)? {
        bytes += picture.data.len() as u64;
        first.get_or_insert(picture.captured_us);
        last = picture.captured_us;
    }
    reader.rewind().map_err(unreadable)?;
    let us = last.saturating_sub(first.unwrap_or_default()).max(PACE.as_micros() as u64);
    Ok(Rendition { reader, bitrate: bytes * 8 * 1_000_000 / us })
}

/// Cues that may wait. The thread takes each at once: for one that stands still more are of no use.
const CUES: usize = 256;

/// What the thread of the film hears.
enum Cue {
    Roll(Slot),
    Cut(Slot),
    Order(Slot, Order),
}

/// Shows what arrives, and the film in place of the camera and of the screen.
pub struct FilmPictures {
    cues: mpsc::SyncSender<Cue>,
    studio: Studio,
    label: String,
    show: Box<dyn Fn(PeerId, Slot, Picture) + Send + Sync>,
}

impl std::fmt::Debug for FilmPictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilmPictures").finish_non_exhaustive()
    }
}

impl FilmPictures {
    /// Shows `film`; hands what arrives to `show`, which must not block. `None` is a client without
    /// a camera.
    pub fn new(
        film: Option<Film>,
        studio: Studio,
        show: impl Fn(PeerId, Slot, Picture) + Send + Sync + 'static,
    ) -> Self {
        let (cues, heard) = mpsc::sync_channel(CUES);
        let label = film.as_ref().map(|film| film.label.clone()).unwrap_or_default();
        let mut this = Self { cues, studio: studio.clone(), label, show: Box::new(show) };
        let projector = film.map(|film| Projector::new(film, studio));
        let started = projector.is_some_and(|projector| {
            let thread = std::thread::Builder::new().name("film".into());
            thread.spawn(move || projector.run(&heard)).is_ok()
        });
        if !started {
            this.label.clear();
        }
        this
    }
}

impl Pictures for FilmPictures {
    fn capture(&self, slot: Slot, on: bool, _: Option<&str>) {
        let problem = DeviceProblem::Missing;
        let state = match (on, self.label.is_empty()) {
            (false, _) => SlotState::Off,
            (true, true) => SlotState::Unavailable { problem },
            (true, false) => SlotState::Live { label: self.label.clone() },
        };
        // Fails where there is no film.
        let _ = self.cues.try_send(if on { Cue::Roll(slot) } else { Cue::Cut(slot) });
        self.studio.state(slot, state);
    }

    fn order(&self, slot: Slot, order: Order) {
        let _ = self.cues.try_send(Cue::Order(slot, order));
    }

    fn show(&self, peer: PeerId, slot: Slot, picture: Picture) {
        (self.show)(peer, slot, picture);
    }

    fn close(&self, _: PeerId) {}
}

/// The thread of a film.
struct Projector {
    film: Film,
    studio: Studio,
    slot: Option<Slot>,
    rendition: usize,
    held: bool,
    /// The next picture has to be a key frame.
    key: bool,
    started: Instant,
    /// The last picture's own time, for the pace.
    last_us: Option<u64>,
    due: Instant,
}

impl Projector {
    fn new(film: Film, studio: Studio) -> Self {
        let now = Instant::now();
        Self {
            film,
            studio,
            slot: None,
            rendition: 0,
            held: false,
            key: true,
            started: now,
            last_us: None,
            due: now,
        }
    }

    fn run(mut self, cues: &mpsc::Receiver<Cue>) {
        loop {
            let rolls = self.slot.is_some() && !self.held;
            let wait = if rolls {
                self.due.saturating_duration_since(Instant::now())
            } else {
                Duration::from_secs(3_600)
            };
            match cues.recv_timeout(wait) {
                Ok(cue) => self.on_cue(&cue),
                Err(mpsc::RecvTimeoutError::Timeout) if rolls => self.project(),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn on_cue(&mut self, cue: &Cue) {
        match cue {
            Cue::Roll(slot) => {
                if self.slot != Some(*slot) {
                    self.slot = Some(*slot);
                    self.key = true;
                    self.held = false;
                    self.due = Instant::now();
                }
            }
            Cue::Cut(slot) => self.slot = self.slot.filter(|rolling| rolling != slot),
            Cue::Order(slot, order) if self.slot == Some(*slot) => self.obey(*order),
            Cue::Order(..) => {}
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Key => self.key = true,
            Order::Hold(held) => {
                self.held = held;
                self.due = self.due.max(Instant::now());
            }
            Order::Bitrate(bitrate) => {
                let fits = |rendition: &Rendition| rendition.bitrate <= u64::from(bitrate);
                let best = self.film.renditions.iter().rposition(fits).unwrap_or(0);
                if best != self.rendition {
                    self.rendition = best;
                    self.key = true;
                }
            }
            Order::Size { .. } | Order::FrameRate(_) => {}
        }
    }

    fn project(&mut self) {
        let Some(slot) = self.slot else { return };
        let Some(rendition) = self.film.renditions.get_mut(self.rendition) else { return };
        let key = std::mem::take(&mut self.key);
        let read =
            if key { next_key(&mut rendition.reader) } else { rendition.reader.next_looped() };
        let mut picture = match read {
            Ok(picture) => picture,
            Err(error) => {
                tracing::warn!(%error, "the film cannot go on; the call does");
                self.slot = None;
                let problem = DeviceProblem::Other;
                return self.studio.state(slot, SlotState::Unavailable { problem });
            }
        };
        let pace = self
            .last_us
            .and_then(|last| picture.captured_us.checked_sub(last))
            .filter(|us| PACES.contains(us) && !key)
            .map_or(PACE, Duration::from_micros);
        self.last_us = Some(picture.captured_us);
        picture.captured_us = u64::try_from(self.started.elapsed().as_micros()).unwrap_or_default();
        self.studio.picture(slot, picture);
        // A thread that was late does not hurry: that would be a burst.
        self.due = (self.due + pace).max(Instant::now());
    }
}

/// The next key frame, from the start again where the film ends before one.
fn next_key(reader: &mut Reader) -> Result<Picture, ivf::ReadError> {
    if let Some(picture) = reader.next_key()? {
        return Ok(picture);
    }
    reader.rewind()?;
    match reader.next_key()? {
        Some(picture) => Ok(picture),
        None => reader.next_looped(),
    }
}
