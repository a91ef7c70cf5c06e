//! Which device to take. Pure.

use super::Device;

/// The wanted one; where it is not there, the system's default; where that is none of ours, any.
pub(crate) fn choose<'a>(devices: &'a [Device], wanted: Option<&str>) -> Option<&'a Device> {
    let wanted = wanted.and_then(|id| devices.iter().find(|device| device.id == id));
    wanted.or_else(|| devices.iter().find(|device| device.default)).or_else(|| devices.first())
}

/// Whether a sound server's source is what a speaker plays. It says of which sink; where it does
/// not, names tell: PulseAudio names every monitor after its sink, with this ending (`pa_sink_new`),
/// and PipeWire does so too.
#[cfg(any(target_os = "linux", test))]
pub(super) fn is_monitor(id: &str, of: Option<u32>) -> bool {
    of.is_some() || id.ends_with(".monitor")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, default: bool) -> Device {
        Device { id: id.into(), name: id.into(), default, incarnation: 0 }
    }

    #[test]
    fn the_wanted_device_comes_before_the_default_and_that_before_any() {
        let devices = [device("a", false), device("b", true), device("c", false)];
        let id = |chosen: Option<&Device>| chosen.map(|device| device.id.clone());
        assert_eq!(id(choose(&devices, Some("c"))), Some("c".into()), "it is there");
        assert_eq!(id(choose(&devices, Some("gone"))), Some("b".into()), "it is not there");
        assert_eq!(id(choose(&devices, None)), Some("b".into()), "nobody chose");
        assert_eq!(id(choose(&devices[..1], None)), Some("a".into()), "the default is no device");
        assert_eq!(choose(&[], Some("a")), None, "there is none");
    }

    #[test]
    fn monitors_are_no_microphones() {
        let named = "pulseaudio:alsa_output.pci.analog-stereo.monitor";
        assert!(is_monitor(named, None), "its name says so");
        assert!(is_monitor("pulseaudio:what-you-hear", Some(3)), "the server says so");
        let other = "pulseaudio:alsa_input.usb-monitor-9000.mono";
        assert!(!is_monitor(other, None), "a name is no ending");
    }
}
