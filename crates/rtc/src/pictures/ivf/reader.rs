//! Films from disk.

use std::io::{self, Read, Seek, SeekFrom};

use thiserror::Error;

use super::{FILE_HEADER, FRAME_HEADER, MAX_FRAME_BYTES, SIGNATURE, VP8};
use crate::pictures::Picture;
use crate::pictures::vp8::FrameError;

/// Why a film cannot be read (any further). Frames count from 0, places are bytes from the start.
/// What was read before is good.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file itself could not be read.
    #[error("film cannot be read at byte {at}")]
    Io {
        /// Where.
        at: u64,
        /// Why.
        source: io::Error,
    },
    /// It ends within its header.
    #[error("no ivf film: {length} bytes are too few for a header")]
    Short {
        /// Its length.
        length: usize,
    },
    /// It does not start with `DKIF`.
    #[error("no ivf film: it starts with {found:02x?}")]
    Signature {
        /// What it starts with.
        found: [u8; 4],
    },
    /// A version of the container that nobody has defined, or a header of another length.
    #[error("ivf version {version} with a header of {header} bytes is unknown")]
    Version {
        /// The version; 0 is known.
        version: u16,
        /// The header's length; 32 is known.
        header: u16,
    },
    /// A film in another codec than VP8.
    #[error("the film is coded in {found:?}; only VP80 can be sent")]
    Codec {
        /// Its four characters, unprintable ones replaced.
        found: String,
    },
    /// The unit of its times is zero or infinite.
    #[error("the film's unit of time is {scale}/{rate} s")]
    Unit {
        /// Ticks per second, times `scale`.
        rate: u32,
        /// See `rate`.
        scale: u32,
    },
    /// It ends within a frame.
    #[error("the film ends within frame {frame} at byte {at}")]
    Truncated {
        /// Which.
        frame: u64,
        /// Where this frame starts.
        at: u64,
    },
    /// A frame claims to be longer than [`MAX_FRAME_BYTES`].
    #[error("frame {frame} at byte {at} claims {bytes} bytes")]
    Long {
        /// Which.
        frame: u64,
        /// Where it starts.
        at: u64,
        /// What it claims.
        bytes: u32,
    },
    /// A frame is no VP8.
    #[error("frame {frame} at byte {at} is no vp8")]
    Frame {
        /// Which.
        frame: u64,
        /// Where it starts.
        at: u64,
        /// Why not.
        source: FrameError,
    },
    /// The first frame is not a key frame: nothing before the first one could be decoded.
    #[error("the film does not start with a key frame")]
    NoKey,
    /// A header and no frame.
    #[error("the film has no frames")]
    Empty,
}

/// Reads a film frame by frame; holds one frame at a time.
#[derive(Debug)]
pub struct Reader<R> {
    input: R,
    width: u16,
    height: u16,
    rate: u32,
    scale: u32,
    /// Frames as the header counts them; 0 when its writer could not finish.
    claimed: u64,
    frame: u64,
    at: u64,
    /// The newest time that was handed out, in µs.
    last_us: Option<u64>,
    /// What is added to the times of this round, in µs.
    shift_us: u64,
    /// The time between the last two frames, in µs: how long the last one is shown before a loop.
    step_us: u64,
}

impl<R: Read + Seek> Reader<R> {
    /// Reads and checks the header.
    ///
    /// # Errors
    ///
    /// When it is no film, or none that can be sent.
    pub fn open(mut input: R) -> Result<Self, ReadError> {
        let mut header = [0; FILE_HEADER];
        let length =
            fill(&mut input, &mut header).map_err(|source| ReadError::Io { at: 0, source })?;
        if length < FILE_HEADER {
            return Err(ReadError::Short { length });
        }
        let mut fields = Fields(&header);
        let found = fields.bytes();
        if found != SIGNATURE {
            return Err(ReadError::Signature { found });
        }
        let (version, size) = (fields.u16(), fields.u16());
        if version != 0 || usize::from(size) != FILE_HEADER {
            return Err(ReadError::Version { version, header: size });
        }
        let codec = fields.bytes();
        if codec != VP8 {
            return Err(ReadError::Codec { found: codec.escape_ascii().to_string() });
        }
        let (width, height) = (fields.u16(), fields.u16());
        let (rate, scale) = (fields.u32(), fields.u32());
        if rate == 0 || scale == 0 {
            return Err(ReadError::Unit { rate, scale });
        }
        let claimed = u64::from(fields.u32());
        Ok(Self {
            input,
            width,
            height,
            rate,
            scale,
            claimed,
            frame: 0,
            at: FILE_HEADER as u64,
            last_us: None,
            shift_us: 0,
            step_us: 0,
        })
    }

    /// Pixels across and down, as the header says; the key frames decide.
    #[must_use]
    pub const fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// The next frame; `None` after the last. Times never go backwards; frames without bytes,
    /// which stand for a dropped picture, are passed over. What follows the frames that the header
    /// counts is read as far as it is whole.
    ///
    /// # Errors
    ///
    /// See [`ReadError`]. Reading on gives the same error again; [`rewind`](Self::rewind) helps.
    pub fn next_picture(&mut self) -> Result<Option<Picture>, ReadError> {
        let complete = self.claimed > 0 && self.frame >= self.claimed;
        match self.read_picture() {
            Err(error) => {
                self.seek_to(self.at)?;
                let cut = matches!(error, ReadError::Truncated { .. } | ReadError::Long { .. });
                if complete && cut { Ok(None) } else { Err(error) }
            }
            read => read,
        }
    }

    /// The next key frame, the frames before it passed over; `None` when there is none up to the
    /// end.
    ///
    /// # Errors
    ///
    /// As [`next_picture`](Self::next_picture).
    pub fn next_key(&mut self) -> Result<Option<Picture>, ReadError> {
        while let Some(picture) = self.next_picture()? {
            if picture.key {
                return Ok(Some(picture));
            }
        }
        Ok(None)
    }

    /// The next frame; after the last the first again, with times that go on.
    ///
    /// # Errors
    ///
    /// As [`next_picture`](Self::next_picture), and when there is no frame at all.
    pub fn next_looped(&mut self) -> Result<Picture, ReadError> {
        if let Some(picture) = self.next_picture()? {
            return Ok(picture);
        }
        self.rewind()?;
        self.next_picture()?.ok_or(ReadError::Empty)
    }

    /// Goes back to the first frame; times go on from the last one.
    ///
    /// # Errors
    ///
    /// When the file cannot be sought.
    pub fn rewind(&mut self) -> Result<(), ReadError> {
        let start = FILE_HEADER as u64;
        self.seek_to(start)?;
        self.frame = 0;
        self.at = start;
        if let Some(last) = self.last_us {
            self.shift_us = last.saturating_add(self.step_us.max(1));
        }
        Ok(())
    }

    fn read_picture(&mut self) -> Result<Option<Picture>, ReadError> {
        loop {
            let Some((bytes, time)) = self.read_head()? else { return Ok(None) };
            let data = self.read_data(bytes)?;
            let (frame, at) = (self.frame, self.at);
            if !data.is_empty() {
                let captured_us = self.captured_us(time);
                let picture = Picture::read(data, captured_us)
                    .map_err(|source| ReadError::Frame { frame, at, source })?;
                if self.last_us.is_none() && !picture.key {
                    return Err(ReadError::NoKey);
                }
                self.step_us = self.last_us.map_or(0, |last| captured_us - last);
                self.last_us = Some(captured_us);
                self.step_over(bytes);
                return Ok(Some(picture));
            }
            self.step_over(bytes);
        }
    }

    /// Length and time of the next frame; `None` at the end.
    fn read_head(&mut self) -> Result<Option<(u32, u64)>, ReadError> {
        let (frame, at) = (self.frame, self.at);
        let mut head = [0; FRAME_HEADER];
        match fill(&mut self.input, &mut head).map_err(|source| ReadError::Io { at, source })? {
            0 => return Ok(None),
            FRAME_HEADER => {}
            _ => return Err(ReadError::Truncated { frame, at }),
        }
        let mut fields = Fields(&head);
        let (bytes, time) = (fields.u32(), fields.u64());
        if bytes > MAX_FRAME_BYTES {
            return Err(ReadError::Long { frame, at, bytes });
        }
        Ok(Some((bytes, time)))
    }

    /// Takes memory only for what is there, whatever the length claims.
    fn read_data(&mut self, bytes: u32) -> Result<Vec<u8>, ReadError> {
        let (frame, at) = (self.frame, self.at);
        let mut data = Vec::new();
        let taken = self.input.by_ref().take(u64::from(bytes)).read_to_end(&mut data);
        taken.map_err(|source| ReadError::Io { at, source })?;
        if data.len() as u64 == u64::from(bytes) {
            Ok(data)
        } else {
            Err(ReadError::Truncated { frame, at })
        }
    }

    fn step_over(&mut self, bytes: u32) {
        self.frame += 1;
        self.at += FRAME_HEADER as u64 + u64::from(bytes);
    }

    fn seek_to(&mut self, at: u64) -> Result<(), ReadError> {
        match self.input.seek(SeekFrom::Start(at)) {
            Ok(_) => Ok(()),
            Err(source) => Err(ReadError::Io { at, source }),
        }
    }

    fn captured_us(&self, time: u64) -> u64 {
        let us = u128::from(time) * u128::from(self.scale) * 1_000_000 / u128::from(self.rate);
        let us = u64::try_from(us).unwrap_or(u64::MAX).saturating_add(self.shift_us);
        us.max(self.last_us.unwrap_or(0))
    }
}

/// Reads until the buffer is full or the input ends.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while let Some(rest) = buffer.get_mut(length..).filter(|it| !it.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// Little-endian fields, one after the other. Zero beyond the end, which the headers' lengths
/// rule out.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let Some((field, rest)) = self.0.split_first_chunk() else { return [0; N] };
        self.0 = rest;
        *field
    }

    fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes())
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }
}
