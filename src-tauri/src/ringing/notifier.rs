//! Notifications of the system: one trait, a backend for each system.

use tauri::AppHandle;
use tokio::sync::mpsc;

use super::note::{Button, Key, Note};

/// What a person pressed on a notification.
pub(super) type Press = (Key, Button);

/// Shows notifications. None of this waits, and what fails is traced: the ringing window and the
/// page ring as well.
pub(super) trait Notifier: Send {
    /// Shows a notification, in place of the one with the same key.
    fn show(&mut self, key: Key, note: Note);
    /// Takes a notification away, if it is there.
    fn clear(&mut self, key: Key);
}

/// That of this system. What is pressed goes to `presses`.
#[cfg(target_os = "linux")]
pub(super) fn of_system(_: &AppHandle, presses: mpsc::Sender<Press>) -> Box<dyn Notifier> {
    Box::new(super::linux::Desktop::start(super::linux::Bus::Session, presses))
}

/// That of this system. What is pressed goes to `presses`.
#[cfg(windows)]
pub(super) fn of_system(app: &AppHandle, presses: mpsc::Sender<Press>) -> Box<dyn Notifier> {
    Box::new(super::windows::Toasts::new(&app.config().identifier, presses))
}

/// That of this system. What is pressed goes to `presses`.
#[cfg(target_os = "macos")]
pub(super) fn of_system(app: &AppHandle, presses: mpsc::Sender<Press>) -> Box<dyn Notifier> {
    Box::new(super::macos::Center::start(app.clone(), presses))
}
