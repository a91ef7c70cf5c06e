//! Asks the system for its devices. Everything here may block while a sound server hangs.

use super::choice::{is_card, is_monitor};
use super::{Device, Devices};
use cpal::traits::{DeviceTrait, HostTrait};
use cpal::{Host, HostId};
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

/// Lists what the host has. None: it does not answer any more.
pub(crate) fn list(host: &Host) -> Option<Devices> {
    let microphone = host.default_input_device().and_then(|device| id(&device));
    let speaker = host.default_output_device().and_then(|device| id(&device));
    let mut devices = Devices::default();
    for device in host.devices().ok()? {
        let Some(id) = id(&device) else { continue };
        if device.supports_input() && is_microphone(host, &id) {
            let default = microphone.as_ref() == Some(&id);
            devices.microphones.push(Device { id: id.clone(), name: name(&device), default });
        }
        if device.supports_output() && is_speaker(host, &id) {
            let default = speaker.as_ref() == Some(&id);
            devices.speakers.push(Device { id, name: name(&device), default });
        }
    }
    Some(devices)
}

/// The device behind an id, and what a person calls it.
pub(crate) fn find(host: &Host, wanted: &str) -> Option<cpal::Device> {
    host.devices().ok()?.find(|device| id(device).is_some_and(|id| id == wanted))
}

fn is_microphone(host: &Host, id: &str) -> bool {
    !is_monitor(id) && (host.id() != HostId::Alsa || is_card(id))
}

fn is_speaker(host: &Host, id: &str) -> bool {
    host.id() != HostId::Alsa || is_card(id)
}

fn id(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

fn name(device: &cpal::Device) -> String {
    device.description().map_or_else(|_error| String::new(), |it| it.name().to_owned())
}
