//! Whether a Linux desktop shows icons in a tray: whether somebody watches for them on D-Bus. Some
//! desktops have nobody, and a panel can end at any time.

use futures_util::StreamExt as _;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};
use zbus::names::BusName;

/// Who is told of icons.
const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// Tells whether there is a tray, and every change, until the bus ends.
pub(super) async fn watch(tell: impl Fn(bool) + Send) {
    let lost = match follow(&tell).await {
        Ok(()) => "the connection to D-Bus was lost".to_owned(),
        Err(error) => format!("no D-Bus session bus: {error}"),
    };
    tracing::warn!("no tray ({lost}): closing the window minimises it, and calls still ring");
    tell(false);
}

async fn follow(tell: &(impl Fn(bool) + Send)) -> zbus::Result<()> {
    let connection = zbus::Connection::session().await?;
    let bus = DBusProxy::new(&connection).await?;
    let mut changes: NameOwnerChangedStream =
        bus.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    let there = bus.name_has_owner(BusName::try_from(WATCHER)?).await?;
    if !there {
        tracing::warn!(
            "no tray: nobody shows icons on this desktop; closing the window minimises it, and calls \
             still ring"
        );
    }
    tell(there);
    while let Some(change) = changes.next().await {
        let there = change.args()?.new_owner().is_some();
        tracing::info!(there, "the tray changed");
        tell(there);
    }
    Ok(())
}
