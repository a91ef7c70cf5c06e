//! What the app remembers outside its sealed records, because it needs it before they can be read
//! and none of it is a secret.

use std::path::Path;
use std::{fs, io};

use serde::{Deserialize, Serialize};

/// Kept in `preferences.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Preferences {
    /// The relay that was asked for last, as a person wrote it; empty before the first.
    pub(crate) relay: String,
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

    /// Keeps these in place of what was kept.
    ///
    /// # Errors
    /// What the file system says.
    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
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
        let kept = Preferences { relay: "https://calls.example.org".to_owned() };
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
}
