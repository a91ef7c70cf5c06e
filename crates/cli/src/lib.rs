//! What a client without a window has in place of a camera, a screen and a loudspeaker: films and
//! sounds in files, both ways. `main.rs` is the command line; the tests use these pieces too.
//!
//! - [`film`] plays IVF films as a camera would, obeying the encoder's orders;
//! - [`record`] keeps what arrives, as IVF and WAV;
//! - [`wave`] speaks a WAV file as a microphone would.

pub mod film;
pub mod record;
pub mod wave;
