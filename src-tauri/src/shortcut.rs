//! Keys that mute and unmute from anywhere, for who wants that.
//!
//! Systems let one program have a combination of keys. On Wayland none can have any by itself, so
//! there it is refused, and not registered with an X server that never hears of most keys.

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_global_shortcut::{GlobalShortcutExt as _, Shortcut, ShortcutState};

use crate::app_wishes::AppWishes;
use crate::tray::Tray;

/// Why keys do not mute from anywhere.
#[derive(Debug, Clone, Serialize, Deserialize, Type, thiserror::Error)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum ShortcutProblem {
    /// This is no combination of keys, or one without Ctrl, Alt or Super.
    #[error("not a combination of keys with a modifier")]
    NotKeys,
    /// This window system lets no program have keys.
    #[error("this window system lets no program have keys of its own")]
    Unsupported,
    /// Another program has these keys, or the system keeps them for itself.
    #[error("the system refuses these keys: {cause}")]
    Refused {
        /// What it says.
        cause: String,
    },
    /// They work until the app is quit.
    #[error("the keys work, but are not kept: {cause}")]
    NotKept {
        /// What the file system says.
        cause: String,
    },
}

/// Takes the keys that are kept, if any. What fails is traced and shown when the settings are opened
/// and the keys are chosen anew.
pub(crate) fn restore(app: &AppHandle, keys: Option<String>) {
    let Some(keys) = keys else { return };
    if let Err(problem) = take(app, &keys) {
        tracing::warn!(%problem, "the keys to mute do not work; muting in the window and the tray does");
    }
}

/// Takes these keys in place of the former ones, and keeps them.
///
/// # Errors
/// [`ShortcutProblem`] says what; unless they are only not kept, no keys mute any more.
pub(crate) fn change(app: &AppHandle, keys: Option<String>) -> Result<(), ShortcutProblem> {
    let taken = match &keys {
        Some(keys) => take(app, keys),
        None => {
            let_go(app);
            Ok(())
        }
    };
    let kept = keys.filter(|_| taken.is_ok());
    let kept = app.state::<AppWishes>().keep(|wishes| wishes.mute_shortcut = kept);
    taken?;
    kept.map_err(|error| ShortcutProblem::NotKept { cause: error.to_string() })
}

fn take(app: &AppHandle, keys: &str) -> Result<(), ShortcutProblem> {
    let shortcut = read(keys)?;
    if !has_keys() {
        return Err(ShortcutProblem::Unsupported);
    }
    let refused =
        |error: &dyn std::fmt::Display| ShortcutProblem::Refused { cause: error.to_string() };
    if app.try_state::<Started>().is_none() {
        app.plugin(tauri_plugin_global_shortcut::Builder::new().build())
            .map_err(|error| refused(&error))?;
        app.manage(Started);
    }
    let_go(app);
    app.global_shortcut()
        .on_shortcut(shortcut, |app, _, event| {
            if event.state == ShortcutState::Pressed {
                app.state::<Tray>().toggle_mute();
            }
        })
        .map_err(|error| refused(&error))
}

/// The plugin is there: it is started with the first keys.
struct Started;

fn let_go(app: &AppHandle) {
    if app.try_state::<Started>().is_some()
        && let Err(error) = app.global_shortcut().unregister_all()
    {
        tracing::warn!(%error, "former keys to mute may still do so");
    }
}

/// A key by itself would be taken from every other program.
fn read(keys: &str) -> Result<Shortcut, ShortcutProblem> {
    use tauri_plugin_global_shortcut::Modifiers;
    let shortcut: Shortcut = keys.parse().map_err(|_| ShortcutProblem::NotKeys)?;
    let strong = Modifiers::CONTROL | Modifiers::ALT | Modifiers::SUPER;
    if shortcut.mods.intersects(strong) { Ok(shortcut) } else { Err(ShortcutProblem::NotKeys) }
}

/// Whether the window system lets programs have keys.
fn has_keys() -> bool {
    if cfg!(target_os = "linux") {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        // Without a display the registration would be taken and never heard.
        is_set("DISPLAY") && !is_set("WAYLAND_DISPLAY")
    } else {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_need_a_modifier_that_typing_does_not_use() {
        for (keys, fine) in [
            ("Ctrl+Shift+M", true),
            ("Alt+F9", true),
            ("Super+M", true),
            ("M", false),
            ("Shift+M", false),
            ("Ctrl+", false),
            ("Ctrl+Shift", false),
            ("", false),
            ("rm -rf", false),
        ] {
            assert_eq!(read(keys).is_ok(), fine, "{keys:?}");
        }
    }
}
