//! A sound server, or the kernel.

use cpal::{Host, HostId};
use futures_executor::block_on;
use pulseaudio::protocol::SourceFlags;
use std::ffi::CString;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Finds who knows the devices. Clones know the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    /// A sound server answered once. While it restarts, nobody else may take its cards.
    served: Arc<AtomicBool>,
}

impl Hosts {
    /// The sound server, or the kernel where there never was one.
    pub(crate) fn find(&self) -> Option<Host> {
        if let Ok(host) = cpal::host_from_id(HostId::PulseAudio) {
            self.served.store(true, Ordering::Relaxed);
            return Some(host);
        }
        let served = self.served.load(Ordering::Relaxed);
        if served { None } else { cpal::host_from_id(HostId::Alsa).ok() }
    }
}

/// How many frames a microphone hands out at once, at most, if it cannot do otherwise (Bluetooth,
/// cards of virtual machines). None: it does as streams want.
///
/// cpal gives a stream room for one period, and PulseAudio drops what does not fit as a whole
/// (`pa_memblockq_push`): with a shorter period nothing ever comes, and starting blocks for ever.
pub(crate) fn fixed_chunk(id: &str) -> Option<u32> {
    let name = CString::new(id.strip_prefix("pulseaudio:")?).ok()?;
    let client = pulseaudio::Client::from_env(c"devices").ok()?;
    let source = block_on(client.source_info_by_name(name)).ok()?;
    if source.flags.contains(SourceFlags::DYNAMIC_LATENCY) {
        return None;
    }
    u32::try_from(source.configured_latency.saturating_mul(48) / 1_000).ok()
}

/// Whether it is worth offering.
pub(super) fn is_device(host: &Host, id: &str) -> bool {
    host.id() != HostId::Alsa || is_card(id)
}

/// Whether ALSA's device is a card. The others are plugins: some wait for servers that do not
/// answer, and each claims to be a microphone and a speaker.
fn is_card(id: &str) -> bool {
    id.strip_prefix("alsa:").is_some_and(|id| id.starts_with("plughw:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plugins_are_no_cards() {
        assert!(is_card("alsa:plughw:CARD=PCH,DEV=0"), "a card");
        assert!(!is_card("alsa:pulse") && !is_card("alsa:default"), "plugins");
    }
}
