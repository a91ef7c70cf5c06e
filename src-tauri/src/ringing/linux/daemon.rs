//! `org.freedesktop.Notifications`, of the Desktop Notifications Specification 1.2.
#![allow(missing_docs, reason = "what the macro makes has none")]

use std::collections::HashMap;

use zbus::zvariant::Value;

/// What the notification daemon does.
#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
pub(crate) trait Daemon {
    /// Its abilities, such as `actions` and `body-markup`.
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    /// Shows a notification and returns its number. `actions` holds keys and words in turn.
    #[expect(clippy::too_many_arguments, reason = "as specified")]
    fn notify(
        &self,
        app_name: &str,
        replaces_id: u32,
        app_icon: &str,
        summary: &str,
        body: &str,
        actions: &[&str],
        hints: HashMap<&str, Value<'_>>,
        expire_timeout: i32,
    ) -> zbus::Result<u32>;

    /// Takes one away.
    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    /// Somebody pressed something.
    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: &str) -> zbus::Result<()>;

    /// One is gone: 1 it expired, 2 the person closed it, 3 we did, 4 it is not known.
    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}
