//! What goes into the core and what comes out of it.

use bellwire_protocol::{ClientFrame, ClientInfo, RelayFrame, Secret};

use crate::Record;
use crate::api::{Alert, Command, PeerCommand, PeerEvent, PeerId, View};

/// Milliseconds since the host started, time asleep included. Never goes backwards.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub u64);

impl Time {
    /// This much later.
    #[must_use]
    pub const fn after(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this, 0 if it is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// What a core is born with.
#[derive(Debug, Clone)]
pub struct Start {
    /// The only source of randomness. From the operating system, except in tests.
    pub seed: [u8; 32],
    /// Milliseconds since 1970 when [`Time`] was 0. Corrected by the relay's clock later on.
    pub unix_ms: u64,
    /// Names this client to the relay.
    pub client: ClientInfo,
    /// Names this device in the list of sign-ins, as in "Firefox on Linux".
    pub device_name: String,
    /// `web`, `windows`, `macos`, `linux`, `cli`.
    pub platform: String,
    /// The relay's base URL without a slash at its end, as in `https://calls.example.org`. The
    /// browser client passes its own origin.
    pub relay: String,
    /// The origin of the page that the client runs in, as browsers send it; `None` outside of one.
    pub page_origin: Option<String>,
}

/// Everything that can happen to a client.
#[derive(Debug, Clone)]
pub enum Input {
    /// Everything that [`Output::Store`] kept. The first input, exactly once.
    Loaded(Vec<Record>),
    /// The person wants something.
    Command(Command),
    /// The relay said something.
    Relay(RelayFrame),
    /// The socket or the network changed.
    Link(LinkEvent),
    /// An HTTP request ended.
    Http(HttpReply),
    /// A peer connection reports.
    Peer(PeerId, PeerEvent),
    /// [`crate::Core::deadline`] has come.
    Tick,
}

/// Everything a client can ask of its host.
#[derive(Debug, Clone)]
pub enum Output {
    /// Send this on the open socket; drop it if there is none.
    Relay(ClientFrame),
    /// Open or close the socket.
    Link(LinkCommand),
    /// Make a request and answer with [`Input::Http`].
    Http(HttpRequest),
    /// Pass to the executor of peer connections.
    Peer(PeerId, PeerCommand),
    /// Keep this, in place of the record with the same [`Record::key`], sealed.
    Store(Record),
    /// Tell the person, even if the window is hidden.
    Alert(Alert),
    /// Draw this in place of the former.
    View(Box<View>),
}

/// What to do with the socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkCommand {
    /// Open a WebSocket to this URL with the subprotocol; report [`LinkEvent::Opened`] or
    /// [`LinkEvent::Closed`]. An open one is dropped first.
    Connect {
        /// `ws:` or `wss:`.
        url: String,
    },
    /// Open a second WebSocket to this URL beside the first, which goes on. Where the second opens
    /// it takes the place of the first, which is closed: report [`LinkEvent::Opened`]. Where it does
    /// not open, report [`LinkEvent::RaceLost`]. One at a time: one that is under way is dropped.
    Race {
        /// `ws:` or `wss:`.
        url: String,
    },
    /// Drop the second one, if it did not open yet. Not reported.
    CallOff,
    /// Close both, if there are any. Not reported.
    Disconnect,
}

/// What became of the socket, and hints about the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// The socket is open; nothing was said yet.
    Opened,
    /// The socket closed or could not be opened.
    Closed {
        /// The close code, where the far end gave one.
        code: Option<u16>,
    },
    /// The second socket could not be opened; the first goes on.
    RaceLost,
    /// A frame arrived that no version of the protocol can mean, or that is longer than a relay's
    /// may be. It was not taken; the socket goes on.
    Malformed,
    /// The operating system says that the network changed, went away or came back.
    NetworkChanged,
}

/// One HTTP request. `body` is JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Repeated by the reply.
    pub id: u32,
    /// The method.
    pub method: HttpMethod,
    /// Absolute URL.
    pub url: String,
    /// Goes into the `Authorization` header.
    pub bearer: Option<Secret>,
    /// Sent as `application/json`.
    pub body: Option<String>,
}

/// HTTP methods in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    /// Reads.
    Get,
    /// Makes.
    Post,
    /// Changes.
    Patch,
    /// Removes.
    Delete,
}

/// How a request ended. At most 1 MiB of body; hosts time out after 15 s.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The request's.
    pub id: u32,
    /// Status and body, or why there is none.
    pub result: Result<(u16, String), HttpFailure>,
}

/// Why there was no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFailure {
    /// No connection, or it broke, or it took too long.
    Unreachable,
    /// The server's certificate is not trusted. Browsers cannot tell this from `Unreachable`.
    Certificate,
}
