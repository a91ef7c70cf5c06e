//! Pictures over the window: it captures, encodes, decodes and shows; this program does the rest.
//!
//! ```text
//!  no call ── rings, or first peer ──► wanted ── admit ──► a door waits ── guest ──► a page is there
//!     ▲                                         ▲                                        │
//!     └──── rings no more, last peer closes ──  └──── the page was loaded anew, or died ─┘
//! ```
//! A page that comes while it rings makes its codecs ready; it captures nothing before the call was
//! accepted.
//!
//! While no page is there, what is wished is kept, and nothing is live. A page that comes is ordered
//! all that is wished.

mod wish;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwire_core::api::{DeviceProblem, PeerId, Slot, SlotState};
use bellwire_rtc::control::Order;
use bellwire_rtc::peers::{Pictures, Studio};
use bellwire_rtc::pictures::Picture;
use bellwire_rtc::pictures::pump::{Frame, FromPage, ToPage, Way};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::Notify;
use tokio::task::AbortHandle;
use tokio_tungstenite::tungstenite::Message;

use super::door::{Door, DoorError, Guest, Pass};
use super::outbox::{Outbox, Outgoing, Put};
use wish::Wish;

/// The window's pictures. Clones are the same one.
#[derive(Clone)]
pub(crate) struct PagePictures {
    inner: Arc<Inner>,
}

struct Inner {
    /// Tells the window that pictures are wanted.
    wanted: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
}

struct State {
    /// Nobody before the executor runs.
    studio: Option<Studio>,
    /// A call rings or lives, whether it has peers yet or not.
    expected: bool,
    peers: BTreeSet<PeerId>,
    slots: BTreeMap<Slot, Wish>,
    outbox: Outbox,
    /// The page that is there.
    page: Option<Arc<Page>>,
    /// A door that waits for its guest.
    door: Option<AbortHandle>,
}

/// How the task of a page is woken; each page has its own.
#[derive(Default)]
struct Page {
    /// Something waits for it.
    ready: Notify,
    /// It is let go.
    gone: Notify,
}

impl std::fmt::Debug for PagePictures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PagePictures").finish_non_exhaustive()
    }
}

impl PagePictures {
    /// `wanted` is called when a call begins: the window then asks for a pass.
    pub(crate) fn new(wanted: impl Fn() + Send + Sync + 'static) -> Self {
        let state = State {
            studio: None,
            expected: false,
            peers: BTreeSet::new(),
            slots: BTreeMap::new(),
            outbox: Outbox::default(),
            page: None,
            door: None,
        };
        Self { inner: Arc::new(Inner { wanted: Box::new(wanted), state: Mutex::new(state) }) }
    }

    /// The same, reporting to this executor.
    pub(crate) fn with(&self, studio: Studio) -> Self {
        self.state().studio = Some(studio);
        self.clone()
    }

    /// A call rings or lives, or none does any more. Calls are answered faster where the page was
    /// made ready before.
    pub(crate) fn expect(&self, on: bool) {
        let mut state = self.state();
        let idle = state.is_idle();
        state.expected = on;
        match (idle, state.is_idle()) {
            (true, false) => {
                drop(state);
                (self.inner.wanted)();
            }
            (false, true) => state.end(),
            (true, true) | (false, false) => {}
        }
    }

    /// A connection begins.
    pub(crate) fn open(&self, peer: PeerId) {
        let mut state = self.state();
        let idle = state.is_idle();
        state.peers.insert(peer);
        state.tell(ToPage::Open { peer });
        drop(state);
        if idle {
            (self.inner.wanted)();
        }
    }

    /// Opens a door for the window; nothing while there is no call. The pass before is worth
    /// nothing from here on; a page that is there stays until the guest comes.
    ///
    /// # Errors
    /// [`DoorError`], when the system gives no port or no randomness: there are no pictures then,
    /// and sound goes on.
    pub(crate) fn admit(&self) -> Result<Option<Pass>, DoorError> {
        let mut state = self.state();
        if state.is_idle() {
            return Ok(None);
        }
        let (door, pass) = Door::open()?;
        let this = self.clone();
        let waiting = tokio::spawn(async move {
            let guest = door.guest().await;
            this.welcome(guest);
        });
        if let Some(before) = state.door.replace(waiting.abort_handle()) {
            before.abort();
        }
        Ok(Some(pass))
    }

    /// Nothing is wished any more, and the page is let go.
    pub(crate) fn shut(&self) {
        let mut state = self.state();
        state.expected = false;
        state.peers.clear();
        state.end();
    }

    fn welcome(&self, guest: Guest) {
        let page = Arc::<Page>::default();
        let mut state = self.state();
        if state.is_idle() {
            return;
        }
        // The new page takes the place of the old one, whose tracks are gone with it.
        state.let_go();
        state.door = None;
        state.page = Some(page.clone());
        let opened = state.peers.iter().map(|peer| ToPage::Open { peer: *peer });
        let wished = state.slots.iter().flat_map(|(slot, wish)| wish.orders(*slot));
        let orders: Vec<ToPage> = opened.chain(wished).collect();
        for order in orders {
            state.tell(order);
        }
        drop(state);
        tokio::spawn(self.clone().serve(guest, page));
    }

    async fn serve(self, guest: Guest, page: Arc<Page>) {
        let (mut sink, mut stream) = guest.split();
        let sending = async {
            while let Some(outgoing) = self.next(&page).await {
                let message = match outgoing {
                    Outgoing::Order(order) => Message::text(order.write()),
                    Outgoing::Picture(_, _, bytes) => Message::binary(bytes),
                };
                if sink.send(message).await.is_err() {
                    return;
                }
            }
        };
        let hearing = async {
            while let Some(Ok(message)) = stream.next().await {
                match message {
                    Message::Binary(bytes) => self.on_frame(&page, &bytes),
                    Message::Text(text) => self.on_text(&page, &text),
                    Message::Close(_) => return,
                    Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => {}
                }
            }
        };
        tokio::select! {
            () = sending => {}
            () = hearing => {}
            () = page.gone.notified() => {}
        }
        let mut state = self.state();
        if state.is_of(&page) {
            state.let_go();
        }
    }

    /// What comes next for this page; nothing when it is let go.
    async fn next(&self, page: &Arc<Page>) -> Option<Outgoing> {
        loop {
            {
                let mut state = self.state();
                if !state.is_of(page) {
                    return None;
                }
                if let Some(outgoing) = state.outbox.pop() {
                    return Some(outgoing);
                }
            }
            page.ready.notified().await;
        }
    }

    fn on_frame(&self, page: &Arc<Page>, bytes: &[u8]) {
        let mut state = self.state();
        if !state.is_of(page) {
            return;
        }
        match Frame::read(bytes) {
            Ok(Frame { way: Way::Captured, slot, picture }) => {
                let Some(wish) = state.slots.get_mut(&slot) else { return };
                if !wish.live || (wish.broken && !picture.key) {
                    return;
                }
                wish.broken = false;
                state.tell_studio(|studio| studio.picture(slot, picture));
            }
            Ok(Frame { way: Way::Shown(_), .. }) | Err(_) => {
                tracing::info!("the window sent what is no picture; a key frame is asked for");
                let slots: Vec<Slot> = state.slots.keys().copied().collect();
                for slot in slots {
                    if let Some(wish) = state.slots.get_mut(&slot) {
                        wish.broken = true;
                    }
                    state.tell(ToPage::Key { slot });
                }
            }
        }
    }

    fn on_text(&self, page: &Arc<Page>, text: &str) {
        let mut state = self.state();
        if !state.is_of(page) {
            return;
        }
        match FromPage::read(text) {
            Ok(FromPage::State { slot, state: said }) => {
                let Some(wish) = state.slots.get_mut(&slot) else { return };
                if wish.capture.is_none() {
                    return;
                }
                wish.live = matches!(said, SlotState::Live { .. });
                if said == SlotState::Off {
                    // It ended by itself, as a screen does that the person stops sharing.
                    wish.capture = None;
                }
                state.tell_studio(|studio| studio.state(slot, said));
            }
            Ok(FromPage::Undecodable { peer, slot }) => {
                state.tell_studio(|studio| studio.undecodable(peer, slot));
            }
            Err(error) => tracing::info!(%error, "the window said what is not understood"),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pictures for PagePictures {
    fn capture(&self, slot: Slot, on: bool, device: Option<&str>) {
        let mut state = self.state();
        let wish = state.slots.entry(slot).or_default();
        if on {
            let device = device.map(str::to_owned);
            // What the encoder made before says nothing to who takes it from here on.
            wish.broken |= wish.capture.is_none();
            wish.capture = Some(device.clone());
            state.tell(ToPage::Capture { slot, device });
        } else {
            wish.capture = None;
            wish.live = false;
            state.tell(ToPage::Stop { slot });
            state.tell_studio(|studio| studio.state(slot, SlotState::Off));
        }
    }

    fn order(&self, slot: Slot, order: Order) {
        let mut state = self.state();
        let wish = state.slots.entry(slot).or_default();
        wish.keep(order);
        state.tell(ToPage::order(slot, order));
    }

    fn show(&self, peer: PeerId, slot: Slot, picture: Picture) {
        let mut state = self.state();
        let put = state.outbox.picture(peer, slot, picture);
        state.wake();
        // Without a page a key frame would only be missed again.
        if put == Put::KeyWanted && state.page.is_some() {
            state.tell_studio(|studio| studio.undecodable(peer, slot));
        }
    }

    fn close(&self, peer: PeerId) {
        let mut state = self.state();
        state.outbox.close(peer);
        state.tell(ToPage::Close { peer });
        if state.peers.remove(&peer) && state.peers.is_empty() {
            state.end();
            // What was ordered for this call means nothing to the next, which rings already.
            if state.expected {
                drop(state);
                (self.inner.wanted)();
            }
        }
    }
}

impl State {
    /// Nothing is for a page to do.
    fn is_idle(&self) -> bool {
        !self.expected && self.peers.is_empty()
    }

    fn is_of(&self, page: &Arc<Page>) -> bool {
        self.page.as_ref().is_some_and(|there| Arc::ptr_eq(there, page))
    }

    fn tell_studio(&self, tell: impl FnOnce(&Studio)) {
        if let Some(studio) = &self.studio {
            tell(studio);
        }
    }

    /// Tells the page, if one is there: one that comes later is told what is wished then.
    fn tell(&mut self, order: ToPage) {
        if self.page.is_none() {
            return;
        }
        if self.outbox.order(order) == Put::Full {
            tracing::warn!("the window takes no pictures any more and is let go; sound goes on");
            self.let_go();
        } else {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(page) = &self.page {
            page.ready.notify_one();
        }
    }

    /// The page that is there, if one is, is gone from here on, and every capture with it.
    fn let_go(&mut self) {
        let Some(page) = self.page.take() else { return };
        page.gone.notify_one();
        self.outbox.begin_anew();
        for (slot, wish) in &mut self.slots {
            wish.live = false;
            wish.broken = true;
            if let (Some(_), Some(studio)) = (&wish.capture, &self.studio) {
                let problem = DeviceProblem::Hung;
                studio.state(*slot, SlotState::Unavailable { problem });
            }
        }
    }

    /// The last peer is gone.
    fn end(&mut self) {
        if let Some(door) = self.door.take() {
            door.abort();
        }
        self.slots.clear();
        self.outbox.begin_anew();
        self.let_go();
    }
}

#[cfg(test)]
mod tests;
