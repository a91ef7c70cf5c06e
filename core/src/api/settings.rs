//! What a person chose on this device.

use serde::{Deserialize, Serialize};

/// Light or dark.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Appearance {
    /// As the system.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// The language of the UI.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Language {
    /// As the system, else English.
    #[default]
    System,
    /// English.
    En,
    /// German.
    De,
}

/// What a person chose on this device. Devices are the executor's ids; `None` is the system's
/// choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(default)]
pub struct Settings {
    /// Which microphone.
    pub microphone: Option<String>,
    /// Which speaker.
    pub speaker: Option<String>,
    /// Which camera.
    pub camera: Option<String>,
    /// Whether calls ring on this device.
    pub ring_here: bool,
    /// Hide the address from the other side: media only through TURN.
    pub always_relay: bool,
    /// Whether hidden windows show notifications.
    pub notifications: bool,
    /// Light or dark.
    pub appearance: Appearance,
    /// The language of the UI.
    pub language: Language,
    /// Whether the check of microphone, speaker and camera was done or skipped.
    pub devices_checked: bool,
    /// Whether single letters and Space act in a call (WCAG 2.1.4).
    pub single_keys: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            microphone: None,
            speaker: None,
            camera: None,
            ring_here: true,
            always_relay: false,
            notifications: true,
            appearance: Appearance::System,
            language: Language::System,
            devices_checked: false,
            single_keys: true,
        }
    }
}
