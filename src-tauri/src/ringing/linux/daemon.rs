//! `org.freedesktop.Notifications`, of the Desktop Notifications Specification 1.2.
#![allow(missing_docs, reason = "what the macro makes has none")]

/// What the notification daemon does; `Notify` is called where it is to be known who answers.
#[zbus::proxy(
    interface = "org.freedesktop.Notifications",
    default_service = "org.freedesktop.Notifications",
    default_path = "/org/freedesktop/Notifications",
    gen_blocking = false
)]
pub(crate) trait Daemon {
    /// Its abilities, such as `actions` and `body-markup`.
    fn get_capabilities(&self) -> zbus::Result<Vec<String>>;

    /// Takes one away.
    fn close_notification(&self, id: u32) -> zbus::Result<()>;

    /// Somebody pressed something.
    #[zbus(signal)]
    fn action_invoked(&self, id: u32, action_key: &str) -> zbus::Result<()>;

    /// One is gone: 1 it expired, 2 the person closed it, 3 we did, 4 it is not known.
    #[zbus(signal)]
    fn notification_closed(&self, id: u32, reason: u32) -> zbus::Result<()>;
}
