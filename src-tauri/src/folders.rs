//! Where the app keeps what it keeps.

use std::path::PathBuf;

use tauri::{App, Manager as _};

/// Folders of one person on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Folders {
    /// Sealed records.
    pub(crate) records: PathBuf,
    /// What the keyring calls the key of these records.
    pub(crate) account: String,
    /// What is no secret: the relay's address, how the app starts.
    pub(crate) preferences: PathBuf,
}

impl Folders {
    /// The system's folders for this app.
    pub(crate) fn of(app: &App) -> tauri::Result<Self> {
        Ok(Self {
            records: app.path().app_local_data_dir()?.join("records"),
            account: "records".to_owned(),
            preferences: app.path().app_config_dir()?.join("preferences.json"),
        })
    }
}
