//! The driver for hosts that call: the browser owns every loop, so the core runs inside its
//! callbacks.
//!
//! Sockets, requests, timers and storage stay in TypeScript, behind [`Hands`]: the glue of one
//! callback is smaller in a download than the bindings of one browser interface. What to do with
//! them is decided by the core.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use bellwire_core::api::{Command, PeerEvent, PeerId};
use bellwire_core::{
    Core, HttpRequest, Input, LinkCommand, LinkEvent, Output, Record, Start, Time,
};

use crate::Clock;
use crate::clock::NAP_MS;
use crate::frame::input_of;

/// What the host does on behalf of the core. JSON texts are those of `bellwire_core::api`.
pub trait Hands {
    /// The monotonic clock and the wall clock, in ms.
    fn clocks(&self) -> (f64, f64);
    /// Open a WebSocket with the subprotocol, dropping the one before.
    fn connect(&self, url: &str);
    /// Open a second WebSocket beside the first, as [`LinkCommand::Race`] says.
    fn race(&self, url: &str);
    /// Drop the second WebSocket, if it did not open yet.
    fn call_off(&self);
    /// Close the WebSockets without telling.
    fn disconnect(&self);
    /// Send a text frame, if the WebSocket is open.
    fn send(&self, frame: &str);
    /// Make a request; the reply is an [`Input::Http`].
    fn fetch(&self, request: &HttpRequest);
    /// Call [`Driver::tick`] in so many ms, in place of what was asked before.
    fn wake(&self, in_ms: u64);
    /// Keep this text under this key, sealed.
    fn keep(&self, key: &str, record: &str);
    /// What was kept under this key is not kept any more.
    fn forget(&self, key: &str);
    /// Erase everything that is kept.
    fn erase(&self);
    /// Carry out a `PeerCommand`.
    fn peer(&self, peer: PeerId, command: &str);
    /// Show an `Alert`.
    fn alert(&self, alert: &str);
    /// Draw a `View`.
    fn view(&self, view: &str);
}

/// A core and its hands. Every method may be called from within a callback of [`Hands`]: what it
/// brings is handled after what is being handled.
#[derive(Debug)]
pub struct Driver<H> {
    hands: H,
    core: RefCell<Core>,
    clock: RefCell<Clock>,
    /// What callbacks bring while something is being handled: empty before control goes back to the page.
    inbox: RefCell<VecDeque<Input>>,
    running: Cell<bool>,
    armed: Cell<Option<Time>>,
}

impl<H: Hands> Driver<H> {
    /// A core that waits for [`Driver::loaded`].
    pub fn new(start: Start, hands: H) -> Self {
        let (monotonic, wall) = hands.clocks();
        Self {
            hands,
            core: RefCell::new(Core::new(start)),
            clock: RefCell::new(Clock::new(monotonic, wall)),
            inbox: RefCell::default(),
            running: Cell::new(false),
            armed: Cell::new(None),
        }
    }

    /// Everything that [`Hands::keep`] kept. The first call, once. What this build cannot read is
    /// dropped: it was written by a newer one.
    pub fn loaded<'a>(&self, records: impl IntoIterator<Item = &'a str>) {
        let records =
            records.into_iter().filter_map(|json| serde_json::from_str::<Record>(json).ok());
        self.handle(Input::Loaded(records.collect()));
    }

    /// A `Command`. False if the text is none.
    pub fn dispatch(&self, command: &str) -> bool {
        serde_json::from_str::<Command>(command)
            .map(|command| self.handle(Input::Command(command)))
            .is_ok()
    }

    /// A `PeerEvent`. False if the text is none.
    pub fn peer_event(&self, peer: PeerId, event: &str) -> bool {
        serde_json::from_str::<PeerEvent>(event)
            .map(|event| self.handle(Input::Peer(peer, event)))
            .is_ok()
    }

    /// A text frame of the WebSocket.
    pub fn frame(&self, text: &str) {
        self.handle(input_of(text));
    }

    /// The timer of [`Hands::wake`]. Reaches the core when its deadline has come: the timer may be
    /// early, or one of the naps in between.
    pub fn tick(&self) {
        self.armed.set(None);
        let now = self.now();
        let deadline = self.core.borrow().deadline();
        if deadline.is_some_and(|deadline| deadline <= now) {
            self.handle(Input::Tick);
        } else {
            self.arm();
        }
    }

    /// The socket or the network changed.
    pub fn link(&self, event: LinkEvent) {
        self.handle(Input::Link(event));
    }

    /// Anything else.
    pub fn handle(&self, input: Input) {
        self.inbox.borrow_mut().push_back(input);
        if self.running.replace(true) {
            return;
        }
        // Only the last view is drawn: nobody sees the ones between.
        let mut view = None;
        loop {
            let next = self.inbox.borrow_mut().pop_front();
            if let Some(input) = next {
                let now = self.now();
                self.core.borrow_mut().handle(now, input);
            } else if let Some(view) = view.take() {
                self.hands.view(&bellwire_protocol::encode(&view));
                continue;
            } else {
                break;
            }
            loop {
                let output = self.core.borrow_mut().poll();
                match output {
                    Some(Output::View(latest)) => view = Some(latest),
                    Some(output) => self.perform(output),
                    None => break,
                }
            }
        }
        self.running.set(false);
        self.arm();
    }

    fn perform(&self, output: Output) {
        match output {
            Output::Relay(frame) => self.hands.send(&bellwire_protocol::encode(&frame)),
            Output::Link(LinkCommand::Connect { url }) => self.hands.connect(&url),
            Output::Link(LinkCommand::Race { url }) => self.hands.race(&url),
            Output::Link(LinkCommand::CallOff) => self.hands.call_off(),
            Output::Link(LinkCommand::Disconnect) => self.hands.disconnect(),
            Output::Http(request) => self.hands.fetch(&request),
            Output::Peer(peer, command) => {
                self.hands.peer(peer, &bellwire_protocol::encode(&command))
            }
            Output::Store(Record::Erased) => self.hands.erase(),
            Output::Store(record) if record.is_forgotten() => self.hands.forget(&record.key()),
            Output::Store(record) => {
                self.hands.keep(&record.key(), &bellwire_protocol::encode(&record))
            }
            Output::Alert(alert) => self.hands.alert(&bellwire_protocol::encode(&alert)),
            Output::View(view) => self.hands.view(&bellwire_protocol::encode(&view)),
        }
    }

    fn arm(&self) {
        let Some(deadline) = self.core.borrow().deadline() else { return };
        if self.armed.replace(Some(deadline)) != Some(deadline) {
            self.hands.wake(deadline.since(self.now()).min(NAP_MS));
        }
    }

    fn now(&self) -> Time {
        let (monotonic, wall) = self.hands.clocks();
        self.clock.borrow_mut().at(monotonic, wall)
    }
}

#[cfg(test)]
mod tests;
