//! Tauri's build script: its configuration, and which commands a window may be allowed.

use tauri_build::{AppManifest, Attributes};

/// Every command of `src/commands.rs`; each needs its permission in a file of `capabilities/`.
const COMMANDS: &[&str] = &[
    "attach",
    "dispatch",
    "peer_event",
    "unlock",
    "keep_in_memory",
    "test_devices",
    "test_microphone",
    "read_microphone",
    "end_microphone_test",
    "figures",
    "sound_devices",
    "open_door",
    "ring_accept",
    "ring_decline",
    "ring_open",
    "app_preferences",
    "set_ring_preferences",
    "autostart",
    "set_autostart",
    "set_mute_shortcut",
    "update_state",
    "look_for_update",
    "install_update",
];

fn main() {
    let attributes = Attributes::new().app_manifest(AppManifest::new().commands(COMMANDS));
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}
