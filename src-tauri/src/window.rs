//! The main window: closing it leaves the app in the tray.

use tauri::webview::{NewWindowResponse, WebviewWindowBuilder};
use tauri::{AppHandle, Manager as _, WebviewUrl, Window, WindowEvent};

use crate::permissions::is_ours;

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
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    #[cfg(target_os = "linux")]
    crate::webkit::prepare(&window)?;
    if !hidden {
        window.show()?;
    }
    Ok(())
}

/// Brings the window to the front.
pub(crate) fn show(app: &AppHandle) {
    let Some(window) = app.get_webview_window(MAIN) else { return };
    let shown = window.show().and_then(|()| window.unminimize()).and_then(|()| window.set_focus());
    if let Err(error) = shown {
        tracing::warn!(%error, "the window cannot be shown");
    }
}

/// Closing hides: calls still ring.
pub(crate) fn on_event(window: &Window, event: &WindowEvent) {
    if let (MAIN, WindowEvent::CloseRequested { api, .. }) = (window.label(), event) {
        api.prevent_close();
        if let Err(error) = window.hide() {
            tracing::warn!(%error, "the window cannot be hidden");
        }
    }
}
