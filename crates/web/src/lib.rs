//! The browser host: the client as WebAssembly. `build.sh` makes `ui/src/lib/wasm` of it.
//!
//! [`Client`] passes calls of `ui/src/lib/host/` to [`bellwire_client::web::Driver`], and the
//! driver's wishes to the page's `Hands`. Strings are JSON of `bellwire_core::api`.

use bellwire_client::web::{Driver, Hands};
use bellwire_core::api::PeerId;
use bellwire_core::{HttpFailure, HttpMethod, HttpReply, HttpRequest, Input, LinkEvent, Start};
use bellwire_protocol::{ClientInfo, Secret};
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// `ui/src/lib/host/hands.ts`.
    pub type PageHands;

    #[wasm_bindgen(method)]
    fn monotonic(this: &PageHands) -> f64;
    #[wasm_bindgen(method)]
    fn wall(this: &PageHands) -> f64;
    #[wasm_bindgen(method)]
    fn connect(this: &PageHands, url: &str);
    #[wasm_bindgen(method)]
    fn race(this: &PageHands, url: &str);
    #[wasm_bindgen(method, js_name = callOff)]
    fn call_off(this: &PageHands);
    #[wasm_bindgen(method)]
    fn disconnect(this: &PageHands);
    #[wasm_bindgen(method)]
    fn send(this: &PageHands, frame: &str);
    #[wasm_bindgen(method)]
    fn fetch(
        this: &PageHands,
        id: u32,
        method: &str,
        url: &str,
        bearer: Option<&str>,
        body: Option<&str>,
    );
    #[wasm_bindgen(method)]
    fn wake(this: &PageHands, in_ms: f64);
    #[wasm_bindgen(method)]
    fn keep(this: &PageHands, key: &str, record: &str);
    #[wasm_bindgen(method)]
    fn forget(this: &PageHands, key: &str);
    #[wasm_bindgen(method)]
    fn erase(this: &PageHands);
    #[wasm_bindgen(method)]
    fn peer(this: &PageHands, peer: u32, command: &str);
    #[wasm_bindgen(method)]
    fn alert(this: &PageHands, alert: &str);
    #[wasm_bindgen(method)]
    fn view(this: &PageHands, view: &str);

    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn complain(message: &str);
}

impl Hands for PageHands {
    fn clocks(&self) -> (f64, f64) {
        (self.monotonic(), self.wall())
    }
    fn connect(&self, url: &str) {
        self.connect(url);
    }
    fn race(&self, url: &str) {
        self.race(url);
    }
    fn call_off(&self) {
        self.call_off();
    }
    fn disconnect(&self) {
        self.disconnect();
    }
    fn send(&self, frame: &str) {
        self.send(frame);
    }
    fn fetch(&self, request: &HttpRequest) {
        let method = match request.method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Delete => "DELETE",
        };
        let bearer = request.bearer.as_ref().map(Secret::as_str);
        self.fetch(request.id, method, &request.url, bearer, request.body.as_deref());
    }
    #[expect(clippy::cast_precision_loss, reason = "timers are far below 2^53 ms")]
    fn wake(&self, in_ms: u64) {
        self.wake(in_ms as f64);
    }
    fn keep(&self, key: &str, record: &str) {
        self.keep(key, record);
    }
    fn forget(&self, key: &str) {
        self.forget(key);
    }
    fn erase(&self) {
        self.erase();
    }
    fn peer(&self, peer: PeerId, command: &str) {
        self.peer(peer.0, command);
    }
    fn alert(&self, alert: &str) {
        self.alert(alert);
    }
    fn view(&self, view: &str) {
        self.view(view);
    }
}

/// The client of one page.
#[wasm_bindgen]
pub struct Client(Driver<PageHands>);

#[wasm_bindgen]
impl Client {
    /// `seed` is 32 random bytes, `relay` the page's origin, `device` a name for the list of
    /// sign-ins as in "Firefox on Linux".
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &[u8], relay: String, device: String, hands: PageHands) -> Self {
        std::panic::set_hook(Box::new(|panic| {
            // The place only: what a panic says may hold what people wrote. The trap that follows
            // reaches the page as an exception.
            if let Some(place) = panic.location() {
                complain(&format!("bellwire failed at {}:{}", place.file(), place.line()));
            }
        }));
        let mut start = Start {
            seed: [0; 32],
            unix_ms: hands.wall() as u64,
            client: ClientInfo {
                name: "bellwire-web".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                platform: "web".to_owned(),
            },
            device_name: device,
            platform: "web".to_owned(),
            page_origin: Some(relay.clone()),
            relay,
        };
        for (to, from) in start.seed.iter_mut().zip(seed) {
            *to = *from;
        }
        Self(Driver::new(start, hands))
    }

    /// Everything that was kept. The first call, once.
    pub fn loaded(&self, records: Vec<String>) {
        self.0.loaded(records.iter().map(String::as_str));
    }

    /// A `Command`. False if it is none.
    pub fn dispatch(&self, command: &str) -> bool {
        self.0.dispatch(command)
    }

    /// A `PeerEvent`. False if it is none.
    #[wasm_bindgen(js_name = peerEvent)]
    pub fn peer_event(&self, peer: u32, event: &str) -> bool {
        self.0.peer_event(PeerId(peer), event)
    }

    /// The timer.
    pub fn tick(&self) {
        self.0.tick();
    }

    /// The socket is open.
    pub fn opened(&self) {
        self.0.link(LinkEvent::Opened);
    }

    /// The socket closed, or could not be opened.
    pub fn closed(&self, code: Option<u16>) {
        self.0.link(LinkEvent::Closed { code });
    }

    /// The second socket could not be opened.
    #[wasm_bindgen(js_name = raceLost)]
    pub fn race_lost(&self) {
        self.0.link(LinkEvent::RaceLost);
    }

    /// A text frame came.
    pub fn frame(&self, text: &str) {
        self.0.frame(text);
    }

    /// A frame came that is no text.
    pub fn malformed(&self) {
        self.0.link(LinkEvent::Malformed);
    }

    /// The network changed, went away or came back.
    #[wasm_bindgen(js_name = networkChanged)]
    pub fn network_changed(&self) {
        self.0.link(LinkEvent::NetworkChanged);
    }

    /// A request was answered.
    pub fn replied(&self, id: u32, status: u16, body: String) {
        self.0.handle(Input::Http(HttpReply { id, result: Ok((status, body)) }));
    }

    /// A request got no answer.
    pub fn unreachable(&self, id: u32) {
        self.0.handle(Input::Http(HttpReply { id, result: Err(HttpFailure::Unreachable) }));
    }
}
