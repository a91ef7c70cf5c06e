//! Films to disk.

use std::io::{self, Seek, SeekFrom, Write};

use thiserror::Error;

use super::{FILE_HEADER, SIGNATURE, VP8};
use crate::pictures::Picture;

/// Ticks per second of the times in the file: µs, so that they are kept as they came.
const RATE: u32 = 1_000_000;

/// Why recording stopped, for example because the disk is full.
#[derive(Debug, Error)]
#[error("recording stopped after {frames} pictures")]
pub struct WriteError {
    /// Pictures that are whole in the file.
    pub frames: u32,
    /// What the file system said.
    #[source]
    pub source: io::Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Until the first key frame, nothing could be decoded, and the size is unknown.
    Waiting,
    Recording,
    /// An error was reported: the file ends with the last whole picture.
    Stopped,
}

/// Records pictures as a film. A crash at any time leaves a film that can be played up to there;
/// [`finish`](Self::finish) only adds the number of pictures.
#[derive(Debug)]
pub struct Writer<W> {
    output: W,
    step: Step,
    frames: u32,
    first_us: u64,
    last_us: u64,
}

impl<W: Write + Seek> Writer<W> {
    /// A film in `output`, from its start.
    pub const fn new(output: W) -> Self {
        Self { output, step: Step::Waiting, frames: 0, first_us: 0, last_us: 0 }
    }

    /// Pictures in the film so far.
    #[must_use]
    pub const fn frames(&self) -> u32 {
        self.frames
    }

    /// Recording stopped with an error that was reported.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self.step, Step::Stopped)
    }

    /// Adds a picture. Pictures before the first key frame are left out, and times that go back
    /// are held.
    ///
    /// # Errors
    ///
    /// Once, when the file cannot take it: tell the person. From then on nothing is written and
    /// nothing fails, so that the rest of the program goes on without looking.
    pub fn write(&mut self, picture: &Picture) -> Result<(), WriteError> {
        match self.step {
            Step::Stopped => return Ok(()),
            Step::Waiting if !picture.key => return Ok(()),
            Step::Waiting | Step::Recording => {}
        }
        self.try_write(picture).map_err(|source| {
            self.step = Step::Stopped;
            // The count is in a block that the file has already, so it fits on a full disk; a
            // file that cannot take it is read up to its end.
            let _ = self.write_count();
            WriteError { frames: self.frames, source }
        })
    }

    /// Completes the film and gives the number of pictures. Call it when the call is over; without
    /// it the film can be played too.
    ///
    /// # Errors
    ///
    /// When the file cannot take the last bytes; never after [`write`](Self::write) failed, which
    /// was reported already.
    pub fn finish(mut self) -> Result<(u32, W), WriteError> {
        let frames = self.frames;
        match self.step {
            Step::Waiting | Step::Stopped => {}
            Step::Recording => {
                self.write_count().map_err(|source| WriteError { frames, source })?;
            }
        }
        Ok((frames, self.output))
    }

    fn try_write(&mut self, picture: &Picture) -> io::Result<()> {
        if self.step == Step::Waiting {
            self.output.write_all(&header(picture.width, picture.height))?;
            self.first_us = picture.captured_us;
            self.step = Step::Recording;
        }
        let bytes = u32::try_from(picture.data.len())
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "picture of over 4 GiB"))?;
        let time = picture.captured_us.saturating_sub(self.first_us).max(self.last_us);
        let mut head = [0; super::FRAME_HEADER];
        let (length, stamp) = head.split_at_mut(4);
        length.copy_from_slice(&bytes.to_le_bytes());
        stamp.copy_from_slice(&time.to_le_bytes());
        self.output.write_all(&head)?;
        self.output.write_all(&picture.data)?;
        self.last_us = time;
        self.frames = self.frames.saturating_add(1);
        Ok(())
    }

    fn write_count(&mut self) -> io::Result<()> {
        self.output.seek(SeekFrom::Start(24))?;
        self.output.write_all(&self.frames.to_le_bytes())?;
        self.output.seek(SeekFrom::End(0))?;
        self.output.flush()
    }
}

fn header(width: u16, height: u16) -> Vec<u8> {
    let mut header = Vec::with_capacity(FILE_HEADER);
    header.extend_from_slice(&SIGNATURE);
    header.extend_from_slice(&0_u16.to_le_bytes());
    header.extend_from_slice(&(FILE_HEADER as u16).to_le_bytes());
    header.extend_from_slice(&VP8);
    header.extend_from_slice(&width.to_le_bytes());
    header.extend_from_slice(&height.to_le_bytes());
    header.extend_from_slice(&RATE.to_le_bytes());
    header.extend_from_slice(&1_u32.to_le_bytes());
    // The number of pictures, and four bytes without use.
    header.extend_from_slice(&[0; 8]);
    header
}
