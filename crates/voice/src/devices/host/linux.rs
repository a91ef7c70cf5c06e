//! A sound server, or the kernel.

use super::super::choice::is_monitor;
use super::super::{Device, Devices};
use cpal::{Host, HostId};
use futures_executor::block_on;
use pulseaudio::protocol::{
    SourceFlags, SourceInfo, SubscriptionEvent, SubscriptionEventFacility, SubscriptionEventType,
    SubscriptionMask,
};
use pulseaudio::{Client, ClientError};
use std::ffi::{CStr, CString};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What cpal calls devices of a sound server.
const PREFIX: &str = "pulseaudio:";

/// Finds who knows the devices. Clones know the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    /// A sound server answered once. While it restarts, nobody else may take its cards.
    served: Arc<AtomicBool>,
}

/// Who knows the devices. cpal lists those of a sound server, too, but does not tell which are
/// monitors, which came back under the same name, and when they change.
pub(crate) enum Lister {
    Server(Client),
    Kernel(Host),
}

impl Hosts {
    /// The sound server, or the kernel where there never was one.
    pub(crate) fn find(&self) -> Option<Lister> {
        if let Ok(client) = Client::from_env(c"devices") {
            self.served.store(true, Ordering::Relaxed);
            return Some(Lister::Server(client));
        }
        let served = self.served.load(Ordering::Relaxed);
        if served { None } else { cpal::host_from_id(HostId::Alsa).ok().map(Lister::Kernel) }
    }
}

impl Lister {
    /// Lists what there is. None: nobody answers any more.
    pub(crate) fn list(&self) -> Option<Devices> {
        match self {
            Self::Server(client) => block_on(ask(client)).ok(),
            Self::Kernel(host) => super::list(host, is_card),
        }
    }

    /// Calls back whenever another list may differ, on a thread that must not be kept waiting.
    /// False: nobody tells.
    pub(crate) fn watch(&self, changed: impl Fn() + Send + 'static) -> bool {
        let Self::Server(client) = self else { return false };
        let mask = SubscriptionMask::SINK | SubscriptionMask::SOURCE | SubscriptionMask::SERVER;
        let heard = move |event| {
            if is_news(event) {
                changed();
            }
        };
        block_on(client.subscribe(mask, heard)).is_ok()
    }

    /// The device behind an id, to be opened.
    pub(crate) fn device(&self, id: &str) -> Option<cpal::Device> {
        match self {
            Self::Server(_) => super::find(&cpal::host_from_id(HostId::PulseAudio).ok()?, id),
            Self::Kernel(host) => super::find(host, id),
        }
    }

    /// How many frames a microphone hands out at once, at most, if it cannot do otherwise
    /// (Bluetooth, cards of virtual machines). None: it does as streams want.
    ///
    /// cpal gives a stream room for one period, and PulseAudio drops what does not fit as a whole
    /// (`pa_memblockq_push`): with a shorter period nothing ever comes, and starting blocks for ever.
    pub(crate) fn fixed_chunk(&self, id: &str) -> Option<u32> {
        let Self::Server(client) = self else { return None };
        let name = CString::new(id.strip_prefix(PREFIX)?).ok()?;
        let source = block_on(client.source_info_by_name(name)).ok()?;
        if source.flags.contains(SourceFlags::DYNAMIC_LATENCY) {
            return None;
        }
        u32::try_from(source.configured_latency.saturating_mul(48) / 1_000).ok()
    }
}

async fn ask(client: &Client) -> Result<Devices, ClientError> {
    let server = client.server_info().await?;
    let (sinks, sources) = (client.list_sinks().await?, client.list_sources().await?);
    let device = |index, name: &CStr, description: Option<&CString>, default: Option<&CString>| {
        let called = description.map_or(name, CString::as_c_str);
        Device {
            id: format!("{PREFIX}{}", name.to_string_lossy()),
            name: called.to_string_lossy().into_owned(),
            default: default.is_some_and(|default| default.as_c_str() == name),
            incarnation: index,
        }
    };
    let source = |it: &SourceInfo| {
        let default = server.default_source_name.as_ref();
        let device = device(it.index, &it.name, it.description.as_ref(), default);
        (!is_monitor(&device.id, it.monitor_of_sink_index)).then_some(device)
    };
    let default = server.default_sink_name.as_ref();
    Ok(Devices {
        microphones: sources.iter().filter_map(source).collect(),
        speakers: sinks
            .iter()
            .map(|it| device(it.index, &it.name, it.description.as_ref(), default))
            .collect(),
    })
}

/// Whether devices come or go, or the default becomes another. Volumes change, too, and states.
fn is_news(event: SubscriptionEvent) -> bool {
    event.event_facility == SubscriptionEventFacility::Server
        || event.event_type != SubscriptionEventType::Changed
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

    #[test]
    fn a_volume_is_no_news_and_a_device_that_goes_is() {
        let event = |event_facility, event_type| SubscriptionEvent {
            event_facility,
            event_type,
            index: Some(1),
        };
        use SubscriptionEventFacility::{Server, Sink, Source};
        use SubscriptionEventType::{Changed, New, Removed};
        assert!(!is_news(event(Sink, Changed)) && !is_news(event(Source, Changed)), "a volume");
        assert!(is_news(event(Source, Removed)) && is_news(event(Sink, New)), "a device");
        assert!(is_news(event(Server, Changed)), "the default");
    }
}
