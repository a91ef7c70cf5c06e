//! What a page may use. Nothing, unless the page is ours and the person is in a call or tests a
//! device.

use tauri::webview::{PermissionKind, PermissionResponse};
use tauri::{Manager as _, Url, Webview, Wry};

use crate::desk::Desk;

/// Answers a page that asks for a device.
pub(crate) fn decide(webview: Webview<Wry>, kind: PermissionKind) -> PermissionResponse {
    let ours =
        webview.label() == crate::window::MAIN && webview.url().is_ok_and(|url| is_ours(&url));
    let media = matches!(
        kind,
        PermissionKind::Microphone | PermissionKind::Camera | PermissionKind::DisplayCapture
    );
    let wanted = media && webview.state::<Desk>().expects_media();
    if ours && wanted { PermissionResponse::Allow } else { PermissionResponse::Deny }
}

/// Whether a page is part of the app. Its origin differs between systems.
pub(crate) fn is_ours(url: &Url) -> bool {
    match (url.scheme(), url.host_str(), url.port()) {
        ("tauri", Some("localhost"), None) | ("http", Some("tauri.localhost"), None) => true,
        // The development server.
        ("http", Some("localhost"), Some(1420)) => cfg!(dev),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_origin_is_ours() {
        for (address, ours) in [
            ("tauri://localhost/index.html", true),
            ("http://tauri.localhost/", true),
            ("tauri://localhost.example.org/", false),
            ("https://tauri.localhost/", false),
            ("http://tauri.localhost:8080/", false),
            ("tauri://example.org/", false),
            ("http://localhost/", false),
            ("https://example.org/", false),
            ("data:text/html,x", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(is_ours(&address.parse().expect("a URL")), ours, "{address}");
        }
    }
}
