//! Notifications over D-Bus, by the Desktop Notifications Specification 1.2.
//!
//! One connection for as long as the app runs: some desktops take a notification away when the
//! connection that showed it ends, others tell nobody else what was pressed. A notification daemon
//! that starts late, or again, is given what still rings.

mod daemon;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::sync::mpsc;
use zbus::names::{OwnedUniqueName, UniqueName};
use zbus::proxy::OwnerChangedStream;
use zbus::zvariant::Value;

use self::daemon::{ActionInvokedStream, DaemonProxy, NotificationClosedStream};
use super::note::{Button, Key, Note};
use super::notifier::{Notifier, Press};

/// How long a daemon may take to answer. A longer one delays taking notifications of a daemon away
/// that hangs.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the message bus is.
#[derive(Debug, Clone)]
pub(super) enum Bus {
    /// Where the environment says.
    Session,
    /// There.
    #[cfg(test)]
    At(String),
}

/// Orders that may wait for a daemon that takes its time. A contact may ring ten times a minute; one
/// that waits behind so many tells of a call that is long over.
const ORDERS: usize = 256;

enum Order {
    Show(Key, Note),
    Clear(Key),
}

/// Notifications of a Linux desktop.
#[derive(Debug)]
pub(super) struct Desktop {
    orders: mpsc::Sender<Order>,
}

impl Desktop {
    /// Connects when there is first something to show, and anew when the connection was lost.
    pub(super) fn start(bus: Bus, presses: mpsc::Sender<Press>) -> Self {
        let (orders, ordered) = mpsc::channel(ORDERS);
        let board = Board { bus, orders: ordered, presses, notes: BTreeMap::new(), told: None };
        tauri::async_runtime::spawn(board.run());
        Self { orders }
    }
}

impl Desktop {
    fn order(&self, order: Order) {
        // Fails while the app ends, and while a daemon answers nothing, each time after its patience.
        let _ = self.orders.try_send(order);
    }
}

impl Notifier for Desktop {
    fn show(&mut self, key: Key, note: Note) {
        self.order(Order::Show(key, note));
    }

    fn clear(&mut self, key: Key) {
        self.order(Order::Clear(key));
    }
}

/// The task behind [`Desktop`]: all that should be seen, and what the daemon calls it.
struct Board {
    bus: Bus,
    orders: mpsc::Receiver<Order>,
    presses: mpsc::Sender<Press>,
    notes: BTreeMap<Key, Shown>,
    /// The last trouble that was traced: each is said once, not with every call.
    told: Option<String>,
}

struct Shown {
    note: Note,
    /// `None` while nobody shows it.
    place: Option<Place>,
}

/// Where a notification is.
struct Place {
    /// The daemon's number of it.
    id: u32,
    /// Which daemon: its own name on the bus, which no later one has.
    daemon: OwnedUniqueName,
}

impl Shown {
    fn id(&self) -> Option<u32> {
        self.place.as_ref().map(|place| place.id)
    }
}

/// A connection, and what comes over it.
struct Link {
    daemon: DaemonProxy<'static>,
    presses: ActionInvokedStream,
    closed: NotificationClosedStream,
    owners: OwnerChangedStream<'static>,
    /// What the daemon of the moment can do; `None` until it was asked.
    abilities: Option<Abilities>,
}

#[derive(Debug, Clone, Copy)]
struct Abilities {
    actions: bool,
    markup: bool,
}

impl Board {
    async fn run(mut self) {
        loop {
            // What should be seen and is not, is a reason to connect.
            if self.notes.is_empty() && !self.take_order().await {
                return;
            }
            match Link::open(&self.bus).await {
                Ok(mut link) => {
                    self.told = None;
                    if !self.serve(&mut link).await {
                        return;
                    }
                    self.tell(
                        "the connection to D-Bus was lost; it is made again with the next call",
                    );
                    self.forget_places(None);
                }
                Err(error) => self.tell(&format!(
                    "no D-Bus session bus, so no notifications: {error}; the ringing window and \
                     the sound still tell of calls"
                )),
            }
            if !self.take_order().await {
                return;
            }
        }
    }

    /// Waits for an order and notes it. False when the app ends.
    async fn take_order(&mut self) -> bool {
        match self.orders.recv().await {
            Some(Order::Show(key, note)) => {
                self.notes.insert(key, Shown { note, place: None });
                true
            }
            Some(Order::Clear(key)) => {
                self.notes.remove(&key);
                true
            }
            None => false,
        }
    }

    /// Serves until the connection is lost; false when the app ends.
    async fn serve(&mut self, link: &mut Link) -> bool {
        self.show_all(link).await;
        loop {
            tokio::select! {
                // What was pressed before what was closed: both come for one press.
                biased;
                press = link.presses.next() => {
                    let Some(press) = press else { return true };
                    if let Ok(press) = press.args() {
                        self.on_press(press.id, press.action_key);
                    }
                }
                closed = link.closed.next() => {
                    let Some(closed) = closed else { return true };
                    if let Ok(closed) = closed.args() {
                        self.notes.retain(|_, shown| shown.id() != Some(closed.id));
                    }
                }
                owner = link.owners.next() => {
                    let Some(owner) = owner else { return true };
                    link.abilities = None;
                    // One that was started by what it was asked to show has shown it already.
                    if let Some(owner) = owner {
                        self.forget_places(Some(owner));
                        self.show_all(link).await;
                    }
                }
                order = self.orders.recv() => match order {
                    Some(Order::Show(key, note)) => {
                        let place = self.notes.remove(&key).and_then(|shown| shown.place);
                        self.notes.insert(key, Shown { note, place });
                        self.show(link, key).await;
                    }
                    Some(Order::Clear(key)) => self.clear(link, key).await,
                    None => return false,
                },
            }
        }
    }

    fn on_press(&self, id: u32, action: &str) {
        let Some((key, _)) = self.notes.iter().find(|(_, shown)| shown.id() == Some(id)) else {
            return;
        };
        if let Some(button) = button(action) {
            // Fails only while the app ends.
            let _ = self.presses.try_send((*key, button));
        }
    }

    /// What another daemon than this one showed is gone, and what was news then is old.
    fn forget_places(&mut self, daemon: Option<UniqueName<'static>>) {
        let is_there = |place: &Place| Some(place.daemon.inner()) == daemon.as_ref();
        self.notes.retain(|_, shown| shown.note.rings || shown.place.as_ref().is_none_or(is_there));
        for shown in self.notes.values_mut() {
            shown.place = shown.place.take().filter(is_there);
        }
    }

    /// Shows all that nobody shows.
    async fn show_all(&mut self, link: &mut Link) {
        let unseen = self.notes.iter().filter(|(_, shown)| shown.place.is_none());
        let keys: Vec<Key> = unseen.map(|(key, _)| *key).collect();
        for key in keys {
            self.show(link, key).await;
        }
    }

    async fn show(&mut self, link: &mut Link, key: Key) {
        let Some(shown) = self.notes.get_mut(&key) else { return };
        match link.notify(&shown.note, shown.id().unwrap_or(0)).await {
            Ok(place) => {
                shown.place = Some(place);
                self.told = None;
            }
            // It stays on the board: a daemon that comes later shows it.
            Err(error) => self.tell(&format!(
                "no notification was shown: {error}; the ringing window and the sound still tell of \
                 calls"
            )),
        }
    }

    async fn clear(&mut self, link: &Link, key: Key) {
        let Some(id) = self.notes.remove(&key).and_then(|shown| shown.id()) else { return };
        // Daemons answer with an error when the person closed it first.
        if let Err(error) = within(link.daemon.close_notification(id)).await {
            tracing::debug!(%error, "a notification was not taken away");
        }
    }

    fn tell(&mut self, trouble: &str) {
        if self.told.as_deref() != Some(trouble) {
            tracing::warn!("{trouble}");
            self.told = Some(trouble.to_owned());
        }
    }
}

impl Link {
    async fn open(bus: &Bus) -> zbus::Result<Self> {
        let builder = match bus {
            Bus::Session => zbus::connection::Builder::session()?,
            #[cfg(test)]
            Bus::At(address) => zbus::connection::Builder::address(address.as_str())?,
        };
        let connection = within(builder.build()).await?;
        let daemon = DaemonProxy::new(&connection).await?;
        Ok(Self {
            presses: daemon.receive_action_invoked().await?,
            closed: daemon.receive_notification_closed().await?,
            owners: daemon.inner().receive_owner_changed().await?,
            daemon,
            abilities: None,
        })
    }

    async fn abilities(&mut self) -> zbus::Result<Abilities> {
        if let Some(abilities) = self.abilities {
            return Ok(abilities);
        }
        let said = within(self.daemon.get_capabilities()).await?;
        let has = |ability: &str| said.iter().any(|one| one == ability);
        let abilities = Abilities { actions: has("actions"), markup: has("body-markup") };
        if !abilities.actions {
            tracing::info!(
                "the notifications of this desktop have no buttons; calls are answered in the \
                 ringing window"
            );
        }
        self.abilities = Some(abilities);
        Ok(abilities)
    }

    async fn notify(&mut self, note: &Note, replaces: u32) -> zbus::Result<Place> {
        let Abilities { actions, markup } = self.abilities().await?;
        let buttons: Vec<&str> = if actions {
            note.buttons.iter().flat_map(|(button, words)| [action(*button), *words]).collect()
        } else {
            Vec::new()
        };
        let body = if markup { escaped(&note.body) } else { note.body.clone() };
        // The page rings, so that it stops at once.
        let mut hints = HashMap::from([
            ("desktop-entry", Value::from("Bellwire")),
            ("suppress-sound", Value::from(true)),
        ]);
        let (urgency, category) =
            if note.rings { (2_u8, "call.incoming") } else { (1, "im.received") };
        hints.insert("urgency", Value::from(urgency));
        hints.insert("category", Value::from(category));
        if note.rings {
            // Stays when a button is pressed: we take it away when the call says so.
            hints.insert("resident", Value::from(true));
        }
        // 0 never expires, -1 is as the daemon likes.
        let expires = if note.rings { 0 } else { -1 };
        let (app, icon) = ("Bellwire", "bellwire-desktop");
        let words = (app, replaces, icon, &note.title, body, buttons, hints, expires);
        let answer = within(self.daemon.inner().call_method("Notify", &words)).await?;
        let daemon = answer.header().sender().cloned().ok_or(zbus::Error::MissingField)?;
        Ok(Place { id: answer.body().deserialize()?, daemon: daemon.into() })
    }
}

async fn within<T>(answer: impl Future<Output = zbus::Result<T>>) -> zbus::Result<T> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(|_| {
        let late = std::io::Error::new(std::io::ErrorKind::TimedOut, "no answer in time");
        Err(zbus::Error::InputOutput(late.into()))
    })
}

const fn action(button: Button) -> &'static str {
    match button {
        Button::Open => "default",
        Button::Accept => "accept",
        Button::Decline => "decline",
    }
}

fn button(action: &str) -> Option<Button> {
    [Button::Open, Button::Accept, Button::Decline]
        .into_iter()
        .find(|one| self::action(*one) == action)
}

/// Text for a daemon that reads markup.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
#[path = "linux_tests.rs"]
mod tests;
