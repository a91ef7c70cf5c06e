//! What the app remembers outside its sealed records, because it needs it before they can be read
//! and none of it is a secret.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::{fs, io};

use serde::{Deserialize, Serialize};
use specta::Type;

/// One change of the file at a time: each reads it, changes a part and writes all of it.
static CHANGING: Mutex<()> = Mutex::new(());

/// Kept in `preferences.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preferences {
    /// The relay that was asked for last, as a person wrote it; empty before the first.
    pub(crate) relay: String,
    /// How calls are shown.
    pub(crate) ringing: RingPreferences,
    /// The keys that mute and unmute from anywhere; `None` where the person wants none.
    pub(crate) mute_shortcut: Option<String>,
}

/// How calls are shown on this device, beside what the core's settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(default)]
pub(crate) struct RingPreferences {
    /// Show a small window when somebody calls.
    pub(crate) window: bool,
    /// Neither window nor notification while this device shares its screen.
    pub(crate) quiet_while_sharing: bool,
}

impl Default for RingPreferences {
    fn default() -> Self {
        Self { window: true, quiet_while_sharing: true }
    }
}

impl Preferences {
    /// What was kept. A file that is missing or broken is as none.
    pub(crate) fn read(path: &Path) -> Self {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Self::default(),
            Err(error) => {
                tracing::warn!(kind = ?error.kind(), "preferences cannot be read");
                return Self::default();
            }
        };
        serde_json::from_str(&text).unwrap_or_else(|_| {
            tracing::warn!("preferences are broken and start anew");
            Self::default()
        })
    }

    /// Changes what is kept.
    ///
    /// # Errors
    /// What the file system says; then the former ones are kept.
    pub(crate) fn change(path: &Path, change: impl FnOnce(&mut Self)) -> io::Result<()> {
        let _one_at_a_time = CHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut kept = Self::read(path);
        change(&mut kept);
        kept.write(path)
    }

    /// Keeps these in place of what was kept.
    ///
    /// # Errors
    /// What the file system says.
    fn write(&self, path: &Path) -> io::Result<()> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let fresh = path.with_extension("new");
        fs::write(&fresh, serde_json::to_vec_pretty(self)?)?;
        fs::rename(fresh, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("below").join("preferences.json");
        assert_eq!(Preferences::read(&path), Preferences::default(), "nothing is kept yet");
        let kept = Preferences {
            relay: "https://calls.example.org".to_owned(),
            ringing: RingPreferences { window: false, quiet_while_sharing: true },
            mute_shortcut: Some("Ctrl+Shift+M".to_owned()),
        };
        kept.write(&path).expect("written");
        assert_eq!(Preferences::read(&path), kept);
    }

    #[test]
    fn a_broken_file_is_as_none() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("preferences.json");
        fs::write(&path, "{\"relay\": 7").expect("written");
        assert_eq!(Preferences::read(&path), Preferences::default());
    }

    #[test]
    fn a_change_leaves_the_rest_as_it_was_and_what_is_missing_has_its_default() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("preferences.json");
        fs::write(&path, r#"{"relay": "https://calls.example.org"}"#).expect("written");
        Preferences::change(&path, |kept| kept.ringing.window = false).expect("changed");
        let kept = Preferences::read(&path);
        assert_eq!(kept.relay, "https://calls.example.org");
        assert_eq!(kept.ringing, RingPreferences { window: false, quiet_while_sharing: true });
    }
}
