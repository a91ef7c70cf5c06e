//! Updates: looked for after the start and once a day, installed when the person says so. Only builds
//! that were told where to look (`plugins.updater` of the configuration, which the release workflow
//! adds) have any of it.
//!
//! A manifest is believed only as far as its signature goes: the package is signed together with its
//! version, and neither an older version nor an older package under a newer number is taken.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use specta::Type;
use tauri::{AppHandle, Manager as _};
use tauri_plugin_updater::{Update, UpdaterExt as _};

use crate::desk::tell;
use crate::events::UpdateTold;
use crate::tray::Tray;

/// Between two looks.
const EVERY: Duration = Duration::from_hours(24);
/// How long until a look whether a call is over.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is known of newer versions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum UpdateState {
    /// This build has nowhere to look: it is updated the way it was installed.
    Elsewhere,
    /// An answer is awaited.
    Looking,
    /// There is no newer one.
    Newest,
    /// There is one.
    Found {
        /// Its number.
        version: String,
    },
    /// It is being fetched and installed; the app starts again by itself then.
    Installing {
        /// Its number.
        version: String,
    },
    /// The look or the installation failed; this version goes on.
    Failed {
        /// What the system or the other side says.
        cause: String,
    },
}

/// The owner of all of it.
#[derive(Debug)]
pub(crate) struct Updates {
    app: AppHandle,
    state: Mutex<UpdateState>,
    found: Mutex<Option<Found>>,
}

struct Found(Update);

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Found").field(&self.0.version).finish()
    }
}

/// Whether a build with this configuration has somewhere to look.
pub(crate) fn are_wanted(config: &tauri::Config) -> bool {
    config.plugins.0.contains_key("updater")
}

impl Updates {
    /// Nothing is known yet.
    pub(crate) fn new(app: AppHandle) -> Self {
        let wanted = are_wanted(app.config());
        let state = if wanted { UpdateState::Looking } else { UpdateState::Elsewhere };
        Self { app, state: Mutex::new(state), found: Mutex::new(None) }
    }

    /// Looks from here on, if there is somewhere to. The app manages this already.
    pub(crate) fn begin(&self) {
        if !are_wanted(self.app.config()) {
            return;
        }
        let app = self.app.clone();
        tauri::async_runtime::spawn(async move {
            loop {
                app.state::<Self>().look().await;
                tokio::time::sleep(EVERY).await;
            }
        });
    }

    /// What is known.
    pub(crate) fn state(&self) -> UpdateState {
        self.locked().clone()
    }

    /// Looks now. What was found earlier can be installed meanwhile, and until there is an answer.
    pub(crate) async fn look(&self) {
        match self.state() {
            UpdateState::Elsewhere | UpdateState::Installing { .. } => return,
            UpdateState::Found { .. } => {}
            UpdateState::Looking | UpdateState::Newest | UpdateState::Failed { .. } => {
                self.become_known(UpdateState::Looking);
            }
        }
        let answer = self.ask().await;
        let state = match (self.state(), answer) {
            (UpdateState::Installing { .. }, _) => return,
            (_, Ok(Some(update))) => {
                let version = update.version.clone();
                *self.found.lock().unwrap_or_else(PoisonError::into_inner) = Some(Found(update));
                UpdateState::Found { version }
            }
            (_, Ok(None)) => UpdateState::Newest,
            (UpdateState::Found { version }, Err(error)) => {
                tracing::warn!(%error, "no word of updates");
                UpdateState::Found { version }
            }
            (_, Err(error)) => failed("no word of updates", &error),
        };
        self.become_known(state);
    }

    /// Installs what was found and starts the app anew, once: between two calls, because installing
    /// ends the app on some systems, and starting anew does on all.
    pub(crate) async fn install(&self) {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(Found(update)) = found else { return };
        self.become_known(UpdateState::Installing { version: update.version.clone() });
        match self.fetch_and_install(update).await {
            Ok(()) => {
                self.between_calls().await;
                self.app.request_restart();
            }
            Err(error) => self.become_known(failed("an update was not installed", &error)),
        }
    }

    async fn fetch_and_install(&self, update: Update) -> tauri_plugin_updater::Result<()> {
        let package = update.download(|_, _| {}, || {}).await?;
        self.between_calls().await;
        // The system may ask the person for a password.
        tauri::async_runtime::spawn_blocking(move || update.install(package)).await?
    }

    /// Returns once this device is in no call.
    async fn between_calls(&self) {
        while self.app.state::<Tray>().in_call() {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn ask(&self) -> tauri_plugin_updater::Result<Option<Update>> {
        let builder = self.app.updater_builder().timeout(PATIENCE);
        let mut update = builder.build()?.check().await?;
        if let Some(update) = &mut update {
            // A package takes as long as it takes.
            update.timeout = None;
        }
        Ok(update)
    }

    fn become_known(&self, state: UpdateState) {
        *self.locked() = state.clone();
        tell(&self.app, &UpdateTold(state));
    }

    fn locked(&self) -> MutexGuard<'_, UpdateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn failed(what: &str, error: &tauri_plugin_updater::Error) -> UpdateState {
    tracing::warn!(%error, "{what}");
    UpdateState::Failed { cause: error.to_string() }
}
