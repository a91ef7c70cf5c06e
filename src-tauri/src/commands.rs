//! What the windows can ask for. Each command is a few lines: who may call it is said in
//! `capabilities/`, what it does in [`Desk`].

use bellwire_core::api::{Command, PeerEvent, PeerId};
use bellwire_protocol::CallId;
use tauri::{AppHandle, State};

use crate::app_wishes::{AppPreferences, AppWishes, NotKept};
use crate::desk::Desk;
use crate::media::{Pass, PeerFigures, SoundDevices};
use crate::microphone_test::MicrophoneReading;
use crate::preferences::RingPreferences;
use crate::ringing::{Button, Ringing};
use crate::shortcut::ShortcutProblem;
use crate::updates::{UpdateState, Updates};

/// The webview is there, anew after it was loaded anew. `webrtc`: it has peer connections of its own.
#[tauri::command]
#[specta::specta]
pub(crate) fn attach(desk: State<'_, Desk>, webrtc: bool) {
    desk.attach(webrtc);
}

/// What the person wants.
#[tauri::command]
#[specta::specta]
pub(crate) fn dispatch(desk: State<'_, Desk>, command: Command) {
    desk.dispatch(command);
}

/// What the webview's peer connections report.
#[tauri::command]
#[specta::specta]
pub(crate) fn peer_event(desk: State<'_, Desk>, peer: PeerId, event: PeerEvent) {
    desk.peer_event(peer, event);
}

/// Opens the records with a passphrase, or starts new ones under it. False if it is the wrong one.
#[tauri::command]
#[specta::specta]
pub(crate) async fn unlock(desk: State<'_, Desk>, passphrase: String) -> Result<bool, ()> {
    Ok(desk.unlock(passphrase).await)
}

/// Keeps everything in memory until the app is quit.
#[tauri::command]
#[specta::specta]
pub(crate) fn keep_in_memory(desk: State<'_, Desk>) {
    desk.keep_in_memory();
}

/// The person tests devices in the settings, or stopped.
#[tauri::command]
#[specta::specta]
pub(crate) fn test_devices(desk: State<'_, Desk>, on: bool) {
    desk.test_devices(on);
}

/// Opens a microphone of the sound engine for a test in place of the one before. False if it cannot.
#[tauri::command]
#[specta::specta]
pub(crate) fn test_microphone(desk: State<'_, Desk>, device: Option<String>) -> bool {
    desk.test_microphone(device)
}

/// What the microphone under test hears.
#[tauri::command]
#[specta::specta]
pub(crate) fn read_microphone(desk: State<'_, Desk>) -> Option<MicrophoneReading> {
    desk.read_microphone()
}

/// Closes the microphone under test.
#[tauri::command]
#[specta::specta]
pub(crate) fn end_microphone_test(desk: State<'_, Desk>) {
    desk.end_microphone_test();
}

/// The newest figures of a connection that this program carries out.
#[tauri::command]
#[specta::specta]
pub(crate) async fn figures(
    desk: State<'_, Desk>,
    peer: PeerId,
) -> Result<Option<PeerFigures>, ()> {
    Ok(desk.figures(peer).await)
}

/// The microphones and speakers of the sound engine; none where the webview does the sound.
#[tauri::command]
#[specta::specta]
pub(crate) async fn sound_devices() -> SoundDevices {
    crate::media::sound_devices().await
}

/// A way for pictures between this window and a call that this program carries out; none without
/// such a call. The one before leads nowhere from here on.
#[tauri::command]
#[specta::specta]
pub(crate) async fn open_door(desk: State<'_, Desk>) -> Result<Option<Pass>, ()> {
    Ok(desk.open_door().await)
}

/// Accepts the call of the ringing window, with its media.
#[tauri::command]
#[specta::specta]
pub(crate) fn ring_accept(ringing: State<'_, Ringing>, call: CallId) {
    ringing.press(call, Button::Accept);
}

/// Declines the call of the ringing window.
#[tauri::command]
#[specta::specta]
pub(crate) fn ring_decline(ringing: State<'_, Ringing>, call: CallId) {
    ringing.press(call, Button::Decline);
}

/// Shows the main window, where the call rings as well.
#[tauri::command]
#[specta::specta]
pub(crate) fn ring_open(ringing: State<'_, Ringing>, call: CallId) {
    ringing.press(call, Button::Open);
}

/// How calls are shown on this device, and the keys that mute.
#[tauri::command]
#[specta::specta]
pub(crate) fn app_preferences(wishes: State<'_, AppWishes>) -> AppPreferences {
    wishes.preferences()
}

/// Changes how calls are shown on this device.
#[tauri::command]
#[specta::specta]
pub(crate) fn set_ring_preferences(
    wishes: State<'_, AppWishes>,
    ringing: State<'_, Ringing>,
    preferences: RingPreferences,
) -> Result<(), NotKept> {
    ringing.prefer(preferences);
    wishes.keep(|kept| kept.ringing = preferences)
}

/// Whether the app starts with the system, hidden.
#[tauri::command]
#[specta::specta]
pub(crate) fn autostart(app: AppHandle) -> Option<bool> {
    crate::app_wishes::autostart(&app)
}

/// Makes the app start with the system, hidden, or no more.
#[tauri::command]
#[specta::specta]
pub(crate) fn set_autostart(app: AppHandle, on: bool) -> Result<(), NotKept> {
    crate::app_wishes::set_autostart(&app, on)
}

/// Sets the keys that mute and unmute from anywhere, as in `Ctrl+Shift+M`; null takes them back.
#[tauri::command]
#[specta::specta]
pub(crate) fn set_mute_shortcut(
    app: AppHandle,
    keys: Option<String>,
) -> Result<(), ShortcutProblem> {
    crate::shortcut::change(&app, keys)
}

/// What is known of newer versions of the app.
#[tauri::command]
#[specta::specta]
pub(crate) fn update_state(updates: State<'_, Updates>) -> UpdateState {
    updates.state()
}

/// Looks for a newer version now.
#[tauri::command]
#[specta::specta]
pub(crate) async fn look_for_update(updates: State<'_, Updates>) -> Result<(), ()> {
    updates.look().await;
    Ok(())
}

/// Installs the newer version and starts the app anew, between two calls.
#[tauri::command]
#[specta::specta]
pub(crate) async fn install_update(updates: State<'_, Updates>) -> Result<(), ()> {
    updates.install().await;
    Ok(())
}
