//! What WebKitGTK has to be told, and its crashes.
//!
//! Features that are off by default are switched on through WebKit's feature list, which the
//! bindings lack. The functions are looked up at run time: an older WebKit lacks them, and the page
//! detects for itself what is there.
#![expect(unsafe_code, reason = "WebKit's feature list has no safe binding")]

use std::ffi::{CStr, c_char, c_void};

use tauri::WebviewWindow;
use webkit2gtk::glib::object::ObjectType as _;
use webkit2gtk::{Settings, SettingsExt as _, WebViewExt as _};

/// Features by WebKit's names, and whether they are to be on.
const FEATURES: [(&str, bool); 4] = [
    // Pictures of a track, in a Worker.
    ("MediaStreamTrackProcessing", true),
    // Choosing a speaker.
    ("ExposeSpeakers", true),
    ("PerElementSpeakerSelection", true),
    // A hidden window rings on time.
    ("HiddenPageDOMTimerThrottling", false),
];

/// Whether the system has this library.
pub(crate) fn can_load(name: &str) -> bool {
    // SAFETY: asked of libraries of the desktop alone, which start nothing by being loaded.
    unsafe { libloading::Library::new(name) }.is_ok()
}

/// Prepares a window for calls, and loads it again when its process died: the core and the sound
/// live in this process, so the page comes back into the same call.
pub(crate) fn prepare(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| {
        let view = webview.inner();
        if let Some(settings) = view.settings() {
            settings.set_enable_media_stream(true);
            // Nothing today; peer connections of the webview's own once it is built with them.
            settings.set_enable_webrtc(true);
            settings.set_media_playback_requires_user_gesture(false);
            settings.set_enable_mock_capture_devices(has_fake_camera());
            switch_features(&settings);
        }
        view.connect_web_process_terminated(|view, reason| {
            tracing::warn!(?reason, "the web process ended and is started again");
            view.reload();
        });
    })
}

/// In builds for tests, unless the machine of a test has none.
fn has_fake_camera() -> bool {
    cfg!(feature = "fake-media") && std::env::var_os("BELLWIRE_NO_CAMERA").is_none()
}

fn switch_features(settings: &Settings) {
    // SAFETY: the library is loaded already, since this process shows a webview of it; loading it
    // again runs no initialiser.
    let library = match unsafe { libloading::Library::new("libwebkit2gtk-4.1.so.0") } {
        Ok(library) => library,
        Err(error) => return tracing::info!(%error, "WebKit's features stay as they are"),
    };
    // SAFETY: the functions have these types since WebKitGTK 2.42 (WebKitFeature.h); older ones
    // lack them, which is an error here.
    let switched = unsafe { FeatureList::new(&library) }.map(|list| {
        // SAFETY: `settings` is a live `WebKitSettings`.
        FEATURES.map(|(name, on)| unsafe { list.switch(settings.as_ptr().cast(), name, on) })
    });
    match switched {
        Ok(found) => tracing::debug!(?found, "WebKit's features"),
        Err(error) => tracing::info!(%error, "WebKit's features stay as they are"),
    }
}

/// `WebKitFeatureList`.
struct FeatureList<'lib> {
    list: *mut c_void,
    length: libloading::Symbol<'lib, unsafe extern "C" fn(*mut c_void) -> usize>,
    at: libloading::Symbol<'lib, unsafe extern "C" fn(*mut c_void, usize) -> *mut c_void>,
    name: libloading::Symbol<'lib, unsafe extern "C" fn(*mut c_void) -> *const c_char>,
    set: libloading::Symbol<'lib, unsafe extern "C" fn(*mut c_void, *mut c_void, i32)>,
    unref: libloading::Symbol<'lib, unsafe extern "C" fn(*mut c_void)>,
}

impl<'lib> FeatureList<'lib> {
    /// # Safety
    /// `library` is a WebKitGTK.
    unsafe fn new(library: &'lib libloading::Library) -> Result<Self, libloading::Error> {
        // SAFETY: types as in WebKitFeature.h and WebKitSettings.h.
        unsafe {
            let all = library.get::<unsafe extern "C" fn() -> *mut c_void>(
                b"webkit_settings_get_all_features",
            )?;
            let length = library.get(b"webkit_feature_list_get_length")?;
            let at = library.get(b"webkit_feature_list_get")?;
            let name = library.get(b"webkit_feature_get_identifier")?;
            let set = library.get(b"webkit_settings_set_feature_enabled")?;
            let unref = library.get(b"webkit_feature_list_unref")?;
            Ok(Self { list: all(), length, at, name, set, unref })
        }
    }

    /// Switches a feature; false if this WebKit has none of that name.
    ///
    /// # Safety
    /// `settings` is a live `WebKitSettings`.
    unsafe fn switch(&self, settings: *mut c_void, wanted: &str, on: bool) -> bool {
        // SAFETY: the list owns its features and their names, and lives as long as `self`.
        unsafe {
            for index in 0..(self.length)(self.list) {
                let feature = (self.at)(self.list, index);
                if CStr::from_ptr((self.name)(feature)).to_bytes() == wanted.as_bytes() {
                    (self.set)(settings, feature, i32::from(on));
                    return true;
                }
            }
        }
        false
    }
}

impl Drop for FeatureList<'_> {
    fn drop(&mut self) {
        // SAFETY: `webkit_settings_get_all_features` hands over one reference.
        unsafe { (self.unref)(self.list) }
    }
}
