//! Toasts of Windows.
//!
//! Windows shows those of an installed app only: its installer makes the entry in the start menu
//! that names it. What is pressed is heard while the app runs; it has no activator that would start
//! it.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use windows::Data::Xml::Dom::XmlDocument;
use windows::Foundation::TypedEventHandler;
use windows::UI::Notifications::{
    ToastActivatedEventArgs, ToastNotification, ToastNotificationManager,
};
use windows::core::{HSTRING, IInspectable, Interface as _, Ref};

use super::note::{Button, Key, Note};
use super::notifier::{Notifier, Press};
use super::toast;

/// The toasts of this app.
pub(super) struct Toasts {
    /// Names the app to Windows.
    app: HSTRING,
    presses: mpsc::Sender<Press>,
    /// Those that are shown: Windows forgets whom to tell when they are dropped.
    shown: BTreeMap<Key, ToastNotification>,
}

impl Toasts {
    /// `app` is the bundle identifier.
    pub(super) fn new(app: &str, presses: mpsc::Sender<Press>) -> Self {
        Self { app: HSTRING::from(app), presses, shown: BTreeMap::new() }
    }

    fn toast(&self, key: Key, note: &Note) -> windows::core::Result<ToastNotification> {
        let content = XmlDocument::new()?;
        content.LoadXml(&HSTRING::from(toast::xml(note)))?;
        let shown = ToastNotification::CreateToastNotification(&content)?;
        let (group, tag) = toast::place(key);
        shown.SetGroup(&HSTRING::from(group))?;
        shown.SetTag(&HSTRING::from(tag))?;
        let presses = self.presses.clone();
        shown.Activated(&TypedEventHandler::new(
            move |_: Ref<'_, ToastNotification>, pressed: Ref<'_, IInspectable>| {
                if let Some(button) = button(pressed.as_ref()) {
                    // Fails only while the app ends.
                    let _ = presses.try_send((key, button));
                }
                Ok(())
            },
        ))?;
        ToastNotificationManager::CreateToastNotifierWithId(&self.app)?.Show(&shown)?;
        Ok(shown)
    }
}

impl Notifier for Toasts {
    fn show(&mut self, key: Key, note: Note) {
        match self.toast(key, &note) {
            Ok(toast) => drop(self.shown.insert(key, toast)),
            Err(error) => tracing::warn!(
                %error,
                "no notification was shown; the ringing window and the sound still tell of calls"
            ),
        }
    }

    fn clear(&mut self, key: Key) {
        if self.shown.remove(&key).is_none() {
            return;
        }
        let (group, tag) = toast::place(key);
        let cleared = ToastNotificationManager::History().and_then(|history| {
            history.RemoveGroupedTagWithId(&HSTRING::from(tag), &HSTRING::from(group), &self.app)
        });
        if let Err(error) = cleared {
            tracing::debug!(%error, "a notification was not taken away");
        }
    }
}

/// What was pressed. The toast itself says nothing on some versions of Windows, and means open.
fn button(pressed: Option<&IInspectable>) -> Option<Button> {
    let said = pressed
        .and_then(|pressed| pressed.cast::<ToastActivatedEventArgs>().ok())
        .and_then(|pressed| pressed.Arguments().ok())
        .map(|said| said.to_string())
        .unwrap_or_default();
    if said.is_empty() { Some(Button::Open) } else { toast::button(&said) }
}
