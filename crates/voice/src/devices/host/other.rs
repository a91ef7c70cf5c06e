//! A system with one way to its devices (Windows: WASAPI, macOS: Core Audio).

use cpal::Host;

/// Finds who knows the devices.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {}

impl Hosts {
    /// The system, always.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as elsewhere")]
    pub(crate) fn find(&self) -> Option<Host> {
        Some(cpal::default_host())
    }
}

/// How many frames a microphone hands out at once, if it cannot do otherwise. Such a system buffers.
pub(crate) const fn fixed_chunk(_: &str) -> Option<u32> {
    None
}

/// Whether it is worth offering: what such a system lists is.
pub(super) const fn is_device(_: &Host, _: &str) -> bool {
    true
}
