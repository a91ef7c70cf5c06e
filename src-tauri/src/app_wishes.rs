//! What a person wants of this app on this device, as the settings ask for it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::AppHandle;
use tauri_plugin_autostart::ManagerExt as _;

use crate::preferences::{Preferences, RingPreferences};

/// What the settings show of it.
#[derive(Debug, Clone, Serialize, Deserialize, Type)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AppPreferences {
    /// How calls are shown.
    ringing: RingPreferences,
    /// The keys that mute from anywhere.
    mute_shortcut: Option<String>,
}

/// A wish could not be written down: it holds until the app is quit, or not at all.
#[derive(Debug, Clone, Serialize, Deserialize, Type, thiserror::Error)]
#[error("{cause}")]
pub(crate) struct NotKept {
    /// What the system says.
    cause: String,
}

impl NotKept {
    fn because(cause: impl std::fmt::Display) -> Self {
        tracing::warn!(%cause, "what was chosen for this app is not kept");
        Self { cause: cause.to_string() }
    }
}

/// Where these wishes are kept.
#[derive(Debug)]
pub(crate) struct AppWishes {
    path: PathBuf,
}

impl AppWishes {
    /// Keeps them in this file.
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// What is kept.
    pub(crate) fn preferences(&self) -> AppPreferences {
        let Preferences { ringing, mute_shortcut, relay: _ } = Preferences::read(&self.path);
        AppPreferences { ringing, mute_shortcut }
    }

    /// Changes what is kept.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn keep(&self, change: impl FnOnce(&mut Preferences)) -> Result<(), NotKept> {
        Preferences::change(&self.path, change).map_err(NotKept::because)
    }
}

/// Whether the app starts with the system; `None` where that cannot be found out.
pub(crate) fn autostart(app: &AppHandle) -> Option<bool> {
    app.autolaunch()
        .is_enabled()
        .inspect_err(
            |error| tracing::info!(%error, "whether the app starts with the system is unknown"),
        )
        .ok()
}

/// Makes the app start with the system, or no more.
///
/// # Errors
/// What the system says.
pub(crate) fn set_autostart(app: &AppHandle, on: bool) -> Result<(), NotKept> {
    let launch = app.autolaunch();
    if on { launch.enable() } else { launch.disable() }.map_err(NotKept::because)
}
