//! Asks the system for its devices. Everything here may block while a sound server hangs.

use super::choice::is_monitor;
use super::{Device, Devices};
use cpal::Host;
use cpal::traits::{DeviceTrait, HostTrait};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
use linux::is_device;
#[cfg(target_os = "linux")]
pub(crate) use linux::{Hosts, fixed_chunk};

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
use other::is_device;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{Hosts, fixed_chunk};

/// Lists what the host has. None: it does not answer any more.
pub(crate) fn list(host: &Host) -> Option<Devices> {
    let microphone = host.default_input_device().and_then(|device| id(&device));
    let speaker = host.default_output_device().and_then(|device| id(&device));
    let mut devices = Devices::default();
    for device in host.devices().ok()? {
        let Some(id) = id(&device) else { continue };
        if device.supports_input() && is_device(host, &id) && !is_monitor(&id) {
            let default = microphone.as_ref() == Some(&id);
            devices.microphones.push(Device { id: id.clone(), name: name(&device), default });
        }
        if device.supports_output() && is_device(host, &id) {
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

fn id(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

fn name(device: &cpal::Device) -> String {
    device.description().map_or_else(|_error| String::new(), |it| it.name().to_owned())
}
