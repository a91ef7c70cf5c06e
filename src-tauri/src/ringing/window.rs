//! The ringing window: small, above everything, never with the focus. It is made when it rings and
//! destroyed with the ring; its page has three commands and hears nothing.

use tauri::webview::{NewWindowResponse, WebviewWindowBuilder};
use tauri::{
    AppHandle, LogicalSize, Manager as _, PhysicalPosition, UserAttentionType, WebviewUrl,
    WebviewWindow,
};

use super::note::Card;
use crate::permissions::is_ours;

/// Its label, as `capabilities/ring.json` names it.
pub(crate) const RING: &str = "ring";

/// In logical pixels.
const SIZE: LogicalSize<f64> = LogicalSize::new(360.0, 120.0);
/// From the right edge of the screen, in logical pixels.
const MARGIN: f64 = 16.0;
/// From the upper edge, in logical pixels: below where many systems show notifications.
const TOP: f64 = 128.0;

/// Shows a call, in place of another.
pub(super) fn open(app: &AppHandle, card: &Card) {
    close(app);
    if let Err(error) = make(app, card) {
        tracing::warn!(
            %error,
            "the ringing window cannot be shown; the notification and the sound still tell of the call"
        );
    }
}

/// Closes it, if it is there.
pub(super) fn close(app: &AppHandle) {
    if let Some(window) = app.get_webview_window(RING)
        && let Err(error) = window.destroy()
    {
        tracing::warn!(%error, "the ringing window cannot be closed");
    }
}

fn make(app: &AppHandle, card: &Card) -> tauri::Result<()> {
    let window = WebviewWindowBuilder::new(app, RING, WebviewUrl::App("ring.html".into()))
        .title(card.title())
        // JSON is JavaScript, and this reaches the page before its own code: no markup is made of it.
        .initialization_script(format!("globalThis.ringing = {};", serde_json::to_string(card)?))
        // Fixed by its bounds: one that cannot be resized takes the page's natural size on Linux.
        .inner_size(SIZE.width, SIZE.height)
        .min_inner_size(SIZE.width, SIZE.height)
        .max_inner_size(SIZE.width, SIZE.height)
        .decorations(false)
        .maximizable(false)
        .minimizable(false)
        .closable(false)
        .always_on_top(true)
        .visible_on_all_workspaces(true)
        .skip_taskbar(true)
        .focused(false)
        .focusable(false)
        .accept_first_mouse(true)
        .visible(false)
        .disable_drag_drop_handler()
        .on_navigation(is_ours)
        .on_new_window(|_, _| NewWindowResponse::Deny)
        .build()?;
    place(&window)?;
    window.show()?;
    // Where a window can neither be above the others nor placed, such as on Wayland, the taskbar
    // tells as well.
    if let Some(main) = app.get_webview_window(crate::window::MAIN) {
        main.request_user_attention(Some(UserAttentionType::Critical))?;
    }
    Ok(())
}

/// Top right of where the person works, else of the first screen.
fn place(window: &WebviewWindow) -> tauri::Result<()> {
    let Some(monitor) = window.primary_monitor()?.or(window.current_monitor()?) else {
        return Ok(());
    };
    let (area, scale) = (monitor.work_area(), monitor.scale_factor());
    let size = SIZE.to_physical::<i32>(scale);
    let (margin, top) = ((MARGIN * scale) as i32, (TOP * scale) as i32);
    let right = area.position.x + area.size.width as i32;
    window.set_position(PhysicalPosition::new(right - size.width - margin, area.position.y + top))
}
