//! Commands and events, and their TypeScript.

use tauri_specta::{Builder, ErrorHandlingMode, collect_commands, collect_events};

use crate::{commands, events};

/// All that crosses between the windows and this program. `tests/bindings.rs` exports it.
pub fn bindings() -> Builder<tauri::Wry> {
    Builder::new()
        .commands(collect_commands![
            commands::attach,
            commands::dispatch,
            commands::peer_event,
            commands::unlock,
            commands::keep_in_memory,
            commands::test_devices,
            commands::test_microphone,
            commands::read_microphone,
            commands::end_microphone_test,
            commands::figures,
            commands::sound_devices,
            commands::open_door,
            commands::ring_accept,
            commands::ring_decline,
            commands::ring_open,
            commands::app_preferences,
            commands::set_ring_preferences,
            commands::autostart,
            commands::set_autostart,
            commands::set_mute_shortcut,
            commands::update_state,
            commands::look_for_update,
            commands::install_update,
        ])
        .events(collect_events![
            events::Shown,
            events::Alerted,
            events::Ordered,
            events::LetGo,
            events::PicturesWanted,
            events::Kept,
            events::Linked,
            events::Opened,
            events::UpdateTold,
        ])
        .typ::<crate::ringing::Card>()
        .error_handling(ErrorHandlingMode::Throw)
}
