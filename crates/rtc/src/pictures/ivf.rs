//! IVF: the container of VP8 films. A 32-byte header, then every frame behind 12 bytes that tell
//! its length and time.
//!
//! [`Reader`] streams a film from anything that can be read and sought, and says of a bad one what
//! is wrong and where. [`Writer`] records one, and keeps what it has when the disk is full.

mod reader;
mod writer;

pub use reader::{ReadError, Reader};
pub use writer::{WriteError, Writer};

/// Bytes of the file's header.
const FILE_HEADER: usize = 32;
/// Bytes before each frame.
const FRAME_HEADER: usize = 12;
/// What every file starts with.
const SIGNATURE: [u8; 4] = *b"DKIF";
/// The only codec read and written here.
const VP8: [u8; 4] = *b"VP80";

/// The longest frame that is read, in bytes: a 1080p key frame at the finest quality stays below
/// 2 MiB. Higher lets a corrupt length claim more memory.
pub const MAX_FRAME_BYTES: u32 = 4 * 1_024 * 1_024;

#[cfg(test)]
mod tests;
