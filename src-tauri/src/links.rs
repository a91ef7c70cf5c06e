//! Links that other programs open. The system may start the app with one, or hand it to the app that
//! runs; both come here.

use tauri::{AppHandle, Manager as _};
use tauri_plugin_deep_link::DeepLinkExt as _;

use crate::desk::Desk;

/// Hands every link to the desk, the one that the app was started with too.
pub(crate) fn listen(app: &AppHandle) {
    let desk = app.clone();
    app.deep_link().on_open_url(move |event| {
        for url in event.urls() {
            desk.state::<Desk>().open_link(url.as_str());
        }
    });
    match app.deep_link().get_current() {
        Ok(urls) => {
            for url in urls.into_iter().flatten() {
                app.state::<Desk>().open_link(url.as_str());
            }
        }
        Err(error) => tracing::info!(%error, "whether there was a link is unknown"),
    }
}
