//! The main window: closing it leaves the app in the tray.

use tauri::plugin::TauriPlugin;
use tauri::webview::{NewWindowResponse, WebviewWindowBuilder};
use tauri::{AppHandle, Manager as _, WebviewUrl, Window, WindowEvent, Wry};
use tauri_plugin_window_state::StateFlags;

use crate::permissions::is_ours;
use crate::ringing::{RING, Ringing};
use crate::tray::Tray;

/// Its label, as `capabilities/main.json` names it.
pub(crate) const MAIN: &str = "main";

/// Makes the window; `hidden` leaves it unseen until somebody wants it.
pub(crate) fn open(app: &AppHandle, hidden: bool) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, MAIN, WebviewUrl::App("index.html".into()))
        .title("Bellwire")
        .inner_size(1100.0, 740.0)
        .min_inner_size(360.0, 520.0)
        .visible(false)
        .disable_drag_drop_handler()
        .background_throttling(tauri::utils::config::BackgroundThrottlingPolicy::Disabled)
        .on_navigation(is_ours)
        .on_new_window(|address, _| {
            crate::outside::open(&address);
            NewWindowResponse::Deny
        })
        .build()?;
    #[cfg(target_os = "linux")]
    crate::webkit::prepare(&window)?;
    if !hidden {
        window.show()?;
    }
    Ok(())
}

/// Whether the person can have the window before them.
pub(crate) fn is_seen(app: &AppHandle) -> bool {
    app.get_webview_window(MAIN).is_some_and(|window| {
        window.is_visible().unwrap_or(false) && !window.is_minimized().unwrap_or(false)
    })
}

/// Brings the window to the front.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window cannot be shown");
    }
}

/// Remembers where the main window was. Whether it was open is for the next start to say.
pub(crate) fn remember() -> TauriPlugin<Wry> {
    tauri_plugin_window_state::Builder::new()
        .with_state_flags(StateFlags::POSITION | StateFlags::SIZE | StateFlags::MAXIMIZED)
        .with_denylist(&[RING])
        .build()
}

/// There is no tray: a window that nobody sees comes back, but out of the way.
pub(crate) fn keep_within_reach(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let kept = match window.is_visible() {
        Ok(true) => Ok(()),
        Ok(false) => window.minimize().and_then(|()| window.show()),
        Err(error) => Err(error),
    };
    if let Err(error) = kept {
        tracing::warn!(%error, "the window cannot be brought back; start the app again to see it");
    }
}

/// Closing hides: calls still ring. Without a tray it minimises, so that the window is found again.
pub(crate) fn on_event(window: &Window, event: &WindowEvent) {
    if window.label() != MAIN {
        return;
    }
    if let WindowEvent::Focused(focused) = event {
        window.state::<Ringing>().front(*focused);
    }
    if let WindowEvent::CloseRequested { api, .. } = event {
        api.prevent_close();
        window.state::<Ringing>().front(false);
        let tray = window.state::<Tray>().is_there();
        if let Err(error) = if tray { window.hide() } else { window.minimize() } {
            tracing::warn!(%error, "the window stays as it is");
        }
    }
}
