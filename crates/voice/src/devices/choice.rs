//! Which device to take. Pure.

use super::Device;

/// The wanted one; where it is not there, the system's default; where that is none of ours, any.
pub(crate) fn choose<'a>(devices: &'a [Device], wanted: Option<&str>) -> Option<&'a Device> {
    let wanted = wanted.and_then(|id| devices.iter().find(|device| device.id == id));
    wanted.or_else(|| devices.iter().find(|device| device.default)).or_else(|| devices.first())
}

/// Whether a sound server's source is what a speaker plays. PulseAudio names every monitor after
/// its sink, with this ending (`pa_sink_new`); PipeWire does so too.
pub(crate) fn is_monitor(id: &str) -> bool {
    id.ends_with(".monitor")
}

/// Whether ALSA's device is a card. The others are plugins: some wait for servers that do not
/// answer, and each claims to be a microphone and a speaker.
pub(crate) fn is_card(id: &str) -> bool {
    id.strip_prefix("alsa:").is_some_and(|id| id.starts_with("plughw:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device(id: &str, default: bool) -> Device {
        Device { id: id.into(), name: id.into(), default }
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
    fn monitors_and_plugins_are_no_microphones() {
        assert!(is_monitor("pulseaudio:alsa_output.pci.analog-stereo.monitor"), "a monitor");
        assert!(!is_monitor("pulseaudio:alsa_input.usb-monitor-9000.mono"), "a name is no ending");
        assert!(is_card("alsa:plughw:CARD=PCH,DEV=0"), "a card");
        assert!(!is_card("alsa:pulse") && !is_card("alsa:default"), "plugins");
    }
}
