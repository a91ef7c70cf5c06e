//! A system with one way to its devices (Windows: WASAPI, macOS: Core Audio).

use super::super::Devices;
use cpal::Host;

/// Finds who knows the devices.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {}

/// Who knows the devices.
pub(crate) struct Lister(Host);

impl Hosts {
    /// The system, always.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as elsewhere")]
    pub(crate) fn find(&self) -> Option<Lister> {
        Some(Lister(cpal::default_host()))
    }
}

impl Lister {
    /// Lists what there is. None: the system does not answer.
    pub(crate) fn list(&self) -> Option<Devices> {
        super::list(&self.0, |_| true)
    }

    /// Such a system is asked again and again.
    #[expect(clippy::unused_self, reason = "as elsewhere")]
    pub(crate) fn watch(&self, _: impl Fn() + Send + 'static) -> bool {
        false
    }

    /// The device behind an id, to be opened.
    pub(crate) fn device(&self, id: &str) -> Option<cpal::Device> {
        super::find(&self.0, id)
    }

    /// How many frames a microphone hands out at once, if it cannot do otherwise. Such a system
    /// buffers.
    #[expect(clippy::unused_self, reason = "as elsewhere")]
    pub(crate) const fn fixed_chunk(&self, _: &str) -> Option<u32> {
        None
    }
}
