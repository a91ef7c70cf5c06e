//! The desktop host: a window, a tray, ringing, a keyring. Forwards commands to the core and shows
//! its views; decides nothing about calls.
//!
//! ```text
//!   window ── commands ──► Desk ── Command ──► Client (core, socket, records)
//!          ◄── events ────   │ ◄── View, Alert ──┘ │ PeerCommand ▲ PeerEvent
//!                            │                     ▼             │
//!                            │      the webview's RTCPeerConnection where there is one,
//!                            │      else crates/rtc
//!                            └──► Tray, Ringing
//! ```
//! Which of the two carries out peer connections is for the webview to say, never for the operating
//! system: a later WebKitGTK with WebRTC is used as it is.

mod app_wishes;
mod bindings;
mod commands;
mod desk;
mod events;
mod executor;
mod folders;
mod links;
mod media;
mod microphone_test;
mod outside;
mod permissions;
mod preferences;
mod ringing;
mod shortcut;
mod tray;
mod updates;
mod vault;
#[cfg(target_os = "linux")]
mod webkit;
mod window;
mod words;

use std::process::ExitCode;

use tauri::Manager as _;

pub use bindings::bindings;
use desk::Desk;
use folders::Folders;
use ringing::Ringing;
use tray::Tray;
use updates::Updates;

/// The argument that leaves the window closed: for starts with the system.
const HIDDEN: &str = "--hidden";

/// Starts the app and returns when it is quit.
pub fn run() -> ExitCode {
    trace();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "no runtime");
            return ExitCode::FAILURE;
        }
    };
    tauri::async_runtime::set(runtime.handle().clone());
    let bindings = bindings();
    let hidden = std::env::args().any(|argument| argument == HIDDEN);
    let context = tauri::generate_context!();
    let mut builder = tauri::Builder::default()
        .plugin(tauri_plugin_single_instance::init(|app, _, _| window::show(app)))
        .plugin(tauri_plugin_deep_link::init())
        .plugin(tauri_plugin_autostart::Builder::new().app_name("Bellwire").arg(HIDDEN).build())
        .plugin(window::remember())
        .on_permission_request(permissions::decide)
        .invoke_handler(bindings.invoke_handler())
        .setup(move |app| {
            bindings.mount_events(app);
            let folders = Folders::of(app)?;
            let kept = preferences::Preferences::read(&folders.preferences);
            app.manage(app_wishes::AppWishes::new(folders.preferences.clone()));
            app.manage(Tray::new(app.handle().clone()));
            app.manage(Updates::new(app.handle().clone()));
            app.manage(Ringing::start(app.handle().clone(), kept.ringing));
            app.manage(Desk::start(app.handle().clone(), folders));
            window::open(app.handle(), hidden)?;
            app.state::<Tray>().start();
            shortcut::restore(app.handle(), kept.mute_shortcut);
            app.state::<Updates>().begin();
            links::listen(app.handle());
            Ok(())
        })
        .on_window_event(window::on_event);
    if updates::are_wanted(context.config()) {
        builder = builder.plugin(tauri_plugin_updater::Builder::new().build());
    }
    let app = match builder.build(context) {
        Ok(app) => app,
        Err(error) => {
            tracing::error!(%error, "the app cannot be started");
            return ExitCode::FAILURE;
        }
    };
    app.run(|app, event| {
        if let tauri::RunEvent::Exit = event {
            app.state::<Desk>().stop();
        }
        // A click at the icon in the dock.
        #[cfg(target_os = "macos")]
        if let tauri::RunEvent::Reopen { .. } = event {
            window::show(app);
        }
    });
    ExitCode::SUCCESS
}

/// Traces to standard error, as `BELLWIRE_LOG` says. No token, text, name or address is traced.
fn trace() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("BELLWIRE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}
