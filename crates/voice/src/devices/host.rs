//! Asks the system for its devices. Everything here may block while a sound server hangs.

use super::{Device, Devices};
use cpal::Host;
use cpal::traits::{DeviceTrait, HostTrait};

#[cfg(target_os = "linux")]
mod linux;
#[cfg(target_os = "linux")]
pub(crate) use linux::{Hosts, Lister};

#[cfg(not(target_os = "linux"))]
mod other;
#[cfg(not(target_os = "linux"))]
pub(crate) use other::{Hosts, Lister};

/// Lists what cpal's host has, of what is worth offering. None: it does not answer any more.
fn list(host: &Host, is_device: impl Fn(&str) -> bool) -> Option<Devices> {
    let microphone = host.default_input_device().and_then(|device| id(&device));
    let speaker = host.default_output_device().and_then(|device| id(&device));
    let mut devices = Devices::default();
    for device in host.devices().ok()? {
        let Some(id) = id(&device).filter(|id| is_device(id)) else { continue };
        let found = |default: Option<&String>| Device {
            id: id.clone(),
            name: name(&device),
            default: default == Some(&id),
            incarnation: 0,
        };
        if device.supports_input() {
            devices.microphones.push(found(microphone.as_ref()));
        }
        if device.supports_output() {
            devices.speakers.push(found(speaker.as_ref()));
        }
    }
    Some(devices)
}

fn find(host: &Host, wanted: &str) -> Option<cpal::Device> {
    host.devices().ok()?.find(|device| id(device).is_some_and(|id| id == wanted))
}

fn id(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

fn name(device: &cpal::Device) -> String {
    device.description().map_or_else(|_error| String::new(), |it| it.name().to_owned())
}
