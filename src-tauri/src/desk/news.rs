//! What the client shows, carried to whoever shall hear it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bellwire_client::native::Client;
use bellwire_core::api::{Account, Alert, CallStage, View};
use bellwire_protocol::CallId;
use bellwire_voice::engine::Engine;
use tauri::{AppHandle, Manager as _};
use tokio::sync::{broadcast, watch};

use super::Expectations;
use crate::events::{Alerted, Shown};
use crate::media::PagePictures;
use crate::ringing::Ringing;
use crate::tray::Tray;

/// At least so long between two views: each costs the window's main thread a script.
const PAUSE: Duration = Duration::from_millis(30);

/// Carries the news of one client until it ends.
pub(super) struct News {
    app: AppHandle,
    expectations: Arc<Expectations>,
    /// Where this program carries out calls.
    native: Option<(Engine, PagePictures)>,
    views: watch::Receiver<View>,
    alerts: broadcast::Receiver<Alert>,
    speaker: Option<String>,
}

impl News {
    pub(super) fn new(
        app: AppHandle,
        expectations: Arc<Expectations>,
        native: Option<(Engine, PagePictures)>,
        client: &Client,
    ) -> Self {
        let (views, alerts) = (client.views(), client.alerts());
        Self { app, expectations, native, views, alerts, speaker: None }
    }

    pub(super) async fn run(mut self) {
        self.views.mark_changed();
        loop {
            tokio::select! {
                changed = self.views.changed() => match changed {
                    Ok(()) => {
                        self.on_view();
                        tokio::time::sleep(PAUSE).await;
                    }
                    Err(_) => return,
                },
                alert = self.alerts.recv() => match alert {
                    Ok(alert) => self.on_alert(alert),
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                },
            }
        }
    }

    fn on_view(&mut self) {
        let view = self.views.borrow_and_update().clone();
        let in_call = open_call(&view).is_some();
        self.expectations.call.store(in_call, Ordering::Relaxed);
        if let Some((engine, pictures)) = &self.native {
            if self.speaker != view.settings.speaker {
                self.speaker.clone_from(&view.settings.speaker);
                engine.listen(self.speaker.clone());
            }
            pictures.expect(rings(&view) || in_call);
        }
        self.app.state::<Ringing>().see(&view);
        self.app.state::<Tray>().see(&view);
        tell(&self.app, &Shown(view));
    }

    fn on_alert(&self, alert: Alert) {
        self.app.state::<Ringing>().hear(alert.clone());
        tell(&self.app, &Alerted(alert));
    }
}

/// The call that this device is in, or places or accepts.
pub(super) fn open_call(view: &View) -> Option<CallId> {
    match &view.account {
        Account::SignedIn(home) => {
            let call = home.call.as_ref()?;
            (!matches!(call.stage, CallStage::Ended { .. })).then_some(call.id)
        }
        Account::Loading | Account::SignedOut { .. } => None,
    }
}

/// Whether a call rings here.
fn rings(view: &View) -> bool {
    matches!(&view.account, Account::SignedIn(home) if !home.rings.is_empty())
}

/// Tells every window.
pub(crate) fn tell<E>(app: &AppHandle, event: &E)
where
    E: tauri_specta::Event + serde::Serialize + Clone,
{
    if let Err(error) = event.emit(app) {
        tracing::warn!(%error, "an event did not reach the windows");
    }
}
