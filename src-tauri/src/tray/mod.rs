//! The icon in the tray: what goes on, and the few things that need no window.
//!
//! Where there is no tray, closing the window must not hide the app for ever: see
//! [`Tray::is_there`].

mod face;
#[cfg(target_os = "linux")]
mod watcher;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bellwire_core::api::{Command, Slot, View};
use bellwire_protocol::PresenceStatus;
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, Menu, MenuBuilder, MenuItem};
use tauri::tray::TrayIconBuilder;
use tauri::{AppHandle, Manager as _};

use self::face::{Face, Mark, Talk};
use crate::desk::Desk;
use crate::words::system_languages;

/// What the app calls its icon.
const ICON: &str = "main";

const MUTE: &str = "mute";
const HANG_UP: &str = "hang_up";
const DND: &str = "dnd";
const OPEN: &str = "open";
const QUIT: &str = "quit";

/// The handle of the tray.
#[derive(Debug)]
pub(crate) struct Tray {
    app: AppHandle,
    there: AtomicBool,
    face: Mutex<Face>,
    languages: Vec<String>,
}

impl Tray {
    /// Nothing is shown yet.
    pub(crate) fn new(app: AppHandle) -> Self {
        let languages = system_languages();
        let face = Mutex::new(Face::nothing_yet(&languages));
        Self { app, there: AtomicBool::new(false), face, languages }
    }

    /// Shows the icon, if that can be done here. On the main thread.
    pub(crate) fn start(&self) {
        match self.make() {
            Ok(()) => self.watch(),
            Err(error) => {
                tracing::warn!(%error, "no tray: closing the window minimises it, and quits never");
                self.set_there(false);
            }
        }
    }

    /// Whether a person has the icon before them. If not, the window must stay within reach.
    pub(crate) fn is_there(&self) -> bool {
        self.there.load(Ordering::Relaxed)
    }

    /// The newest view.
    pub(crate) fn see(&self, view: &View) {
        let face = Face::of(view, &self.languages);
        {
            let mut shown = self.face.lock().unwrap_or_else(PoisonError::into_inner);
            if *shown == face {
                return;
            }
            *shown = face;
        }
        let app = self.app.clone();
        let drawn = self.app.run_on_main_thread(move || app.state::<Self>().draw());
        if let Err(error) = drawn {
            tracing::debug!(%error, "the tray is not drawn anew");
        }
    }

    /// Whether this device is in a call.
    pub(crate) fn in_call(&self) -> bool {
        self.face().call.is_some()
    }

    /// Mutes or unmutes the call of this device, if there is one.
    pub(crate) fn toggle_mute(&self) {
        if let Some(Talk { muted, .. }) = self.face().call {
            self.dispatch(Command::SetSlot { slot: Slot::Audio, on: muted });
        }
    }

    /// Whether somebody can see the icon.
    fn set_there(&self, there: bool) {
        self.there.store(there, Ordering::Relaxed);
        if !there {
            crate::window::keep_within_reach(&self.app);
        }
    }

    #[cfg(target_os = "linux")]
    fn watch(&self) {
        let app = self.app.clone();
        tauri::async_runtime::spawn(watcher::watch(move |there| {
            app.state::<Self>().set_there(there)
        }));
    }

    #[cfg(not(target_os = "linux"))]
    fn watch(&self) {
        self.set_there(true);
    }

    fn face(&self) -> Face {
        self.face.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn make(&self) -> Result<(), NoTray> {
        // Without it the library that loads it would end the program.
        #[cfg(target_os = "linux")]
        if !INDICATORS.iter().any(|library| crate::webkit::can_load(library)) {
            return Err(NoTray::Library);
        }
        let face = self.face();
        TrayIconBuilder::with_id(ICON)
            .icon(self.icon(face.mark)?)
            .tooltip(tooltip(&face))
            .menu(&self.menu(&face)?)
            .show_menu_on_left_click(!cfg!(windows))
            .on_menu_event(|app, event| app.state::<Self>().on_item(event.id().as_ref()))
            .on_tray_icon_event(|icon, event| {
                if let tauri::tray::TrayIconEvent::DoubleClick { .. } = event {
                    crate::window::show(icon.app_handle());
                }
            })
            .build(&self.app)?;
        Ok(())
    }

    fn draw(&self) {
        let Some(icon) = self.app.tray_by_id(ICON) else { return };
        let face = self.face();
        let drawn = self
            .menu(&face)
            .and_then(|menu| icon.set_menu(Some(menu)))
            .and_then(|()| icon.set_tooltip(Some(tooltip(&face))))
            .and_then(|()| icon.set_icon(Some(self.icon(face.mark)?)));
        if let Err(error) = drawn {
            tracing::warn!(%error, "the tray shows what was before");
        }
    }

    fn menu(&self, face: &Face) -> tauri::Result<Menu<tauri::Wry>> {
        let (app, words) = (&self.app, face.tongue.words());
        let status = MenuItem::new(app, &face.status, false, None::<&str>)?;
        let mut menu = MenuBuilder::new(app).item(&status).separator();
        if let Some(Talk { muted, .. }) = face.call {
            let mute = if muted { words.unmute } else { words.mute };
            menu = menu.text(MUTE, mute).text(HANG_UP, words.hang_up).separator();
        }
        if let Some(dnd) = face.dnd {
            let words = words.do_not_disturb;
            menu = menu.item(&CheckMenuItem::with_id(app, DND, words, true, dnd, None::<&str>)?);
        }
        menu.text(OPEN, words.open_app).text(QUIT, words.quit).build()
    }

    fn on_item(&self, item: &str) {
        let face = self.face();
        match (item, face.call, face.dnd) {
            (MUTE, _, _) => self.toggle_mute(),
            (HANG_UP, Some(Talk { call, .. }), _) => self.dispatch(Command::HangUp { call }),
            (DND, _, Some(dnd)) => {
                let status = if dnd { PresenceStatus::Online } else { PresenceStatus::Dnd };
                self.dispatch(Command::SetStatus { status });
            }
            (OPEN, _, _) => crate::window::show(&self.app),
            (QUIT, _, _) => self.app.exit(0),
            // Pressed a moment after the call or the sign-in ended.
            _ => {}
        }
    }

    fn dispatch(&self, command: Command) {
        self.app.state::<Desk>().dispatch(command);
    }

    fn icon(&self, mark: Mark) -> tauri::Result<Image<'static>> {
        let icon = self
            .app
            .default_window_icon()
            .ok_or(tauri::Error::InvalidIcon(std::io::Error::from(std::io::ErrorKind::NotFound)))?;
        let mut rgba = icon.rgba().to_vec();
        face::draw(mark, &mut rgba, icon.width() as usize);
        Ok(Image::new_owned(rgba, icon.width(), icon.height()))
    }
}

fn tooltip(face: &Face) -> String {
    format!("Bellwire: {}", face.status)
}

/// What shows icons in the tray of a Linux desktop; one is enough.
#[cfg(target_os = "linux")]
const INDICATORS: [&str; 2] = ["libayatana-appindicator3.so.1", "libappindicator3.so.1"];

/// Why there is no icon.
#[derive(Debug, thiserror::Error)]
enum NoTray {
    /// Nothing shows icons.
    #[cfg(target_os = "linux")]
    #[error("neither libayatana-appindicator3 nor libappindicator3 is installed")]
    Library,
    /// The system refuses.
    #[error(transparent)]
    Tauri(#[from] tauri::Error),
}
