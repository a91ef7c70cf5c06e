//! One WebSocket on a task of its own, so that a stalled path never holds up the core.

use std::net::SocketAddr;
use std::time::Duration;

use bellwire_protocol::limits::RELAY_FRAME_BYTES;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{
    Connector, MaybeTlsStream, WebSocketStream, connect_async_tls_with_config,
};

use super::tls;

/// Frames that wait for a slow path. The core notices a dead one by its pings long before.
const WAITING: usize = 256;
/// How long a closing handshake may take before the connection is cut.
const GOODBYE: Duration = Duration::from_secs(1);

/// Longest message that is read at all, in bytes. One that is longer than a relay may send is read
/// and passed over, so that the connection goes on; this is what a hostile relay can make a client
/// hold for the moment.
const READ_BYTES: usize = 8 * RELAY_FRAME_BYTES;
/// What arrived and was not taken by the core yet. A relay that sends faster waits.
pub(super) const ARRIVALS: usize = 64;

type Stream = WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>;

/// What comes from a socket.
#[derive(Debug)]
pub(super) enum Arrival {
    Opened {
        /// Where it leads, where the system says.
        far: Option<SocketAddr>,
    },
    Text(String),
    /// A binary message, of which the protocol has none, or one that is too long to be read.
    Unusable,
    /// The last one.
    Closed {
        code: Option<u16>,
    },
}

/// A socket. Dropping it closes it.
#[derive(Debug)]
pub(super) struct Socket {
    number: u64,
    outgoing: mpsc::Sender<String>,
    task: tokio::task::JoinHandle<()>,
}

impl Socket {
    /// Opens a socket; everything that comes of it carries `number`.
    pub(super) fn connect(url: &str, number: u64, arrivals: mpsc::Sender<(u64, Arrival)>) -> Self {
        let (outgoing, waiting) = mpsc::channel(WAITING);
        let url = url.to_owned();
        let task = tokio::spawn(async move {
            let arrive = Arrive { number, arrivals };
            let code = match open(&url).await {
                Ok(stream) => {
                    let far = far_of(&stream);
                    arrive.with(Arrival::Opened { far }).await;
                    converse(stream, waiting, &arrive).await
                }
                Err(error) => {
                    tracing::debug!(error = kind_of(&error), "the socket could not be opened");
                    None
                }
            };
            arrive.with(Arrival::Closed { code }).await;
        });
        Self { number, outgoing, task }
    }

    /// Closes it, and returns when what was sent has left, or cannot leave soon.
    pub(super) async fn finish(self) {
        drop(self.outgoing);
        let _ = tokio::time::timeout(GOODBYE, self.task).await;
    }

    /// What everything that comes of it carries.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// Sends a frame; drops it if too many wait.
    pub(super) fn send(&self, frame: String) {
        if self.outgoing.try_send(frame).is_err() {
            tracing::warn!("a frame was dropped: the path is stalled or the socket is closed");
        }
    }
}

/// The way of one socket to the core.
struct Arrive {
    number: u64,
    arrivals: mpsc::Sender<(u64, Arrival)>,
}

impl Arrive {
    async fn with(&self, arrival: Arrival) {
        // The client was stopped meanwhile if this fails.
        let _ = self.arrivals.send((self.number, arrival)).await;
    }
}

async fn open(url: &str) -> Result<Stream, Error> {
    let mut request = url.into_client_request()?;
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(bellwire_protocol::SUBPROTOCOL));
    // The defaults hold 128 KiB a connection; a client reads small frames.
    let config = WebSocketConfig::default()
        .read_buffer_size(4 * 1024)
        .write_buffer_size(4 * 1024)
        .max_write_buffer_size(1024 * 1024)
        .max_message_size(Some(READ_BYTES))
        .max_frame_size(Some(READ_BYTES));
    let tls = Connector::Rustls(tls::config());
    let (stream, _) = connect_async_tls_with_config(request, Some(config), true, Some(tls)).await?;
    Ok(stream)
}

fn far_of(stream: &Stream) -> Option<SocketAddr> {
    match stream.get_ref() {
        MaybeTlsStream::Plain(stream) => stream.peer_addr().ok(),
        MaybeTlsStream::Rustls(stream) => stream.get_ref().0.peer_addr().ok(),
        // The enum is open: another kind of TLS, which is not built in.
        _ => None,
    }
}

/// Carries frames both ways until one side closes. Gives the far end's close code.
async fn converse(
    mut stream: Stream,
    mut waiting: mpsc::Receiver<String>,
    arrive: &Arrive,
) -> Option<u16> {
    loop {
        tokio::select! {
            frame = waiting.recv() => match frame {
                Some(frame) => {
                    if stream.send(Message::text(frame)).await.is_err() {
                        return None;
                    }
                }
                None => {
                    // Dropped by its owner; the far end may not answer.
                    let _ = tokio::time::timeout(GOODBYE, stream.close(None)).await;
                    return None;
                }
            },
            message = stream.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    arrive.with(Arrival::Text(text.as_str().to_owned())).await;
                }
                Some(Ok(Message::Binary(_))) => arrive.with(Arrival::Unusable).await,
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                // tungstenite answers pings by itself.
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(Error::Capacity(_))) => {
                    arrive.with(Arrival::Unusable).await;
                    return None;
                }
                Some(Err(_)) | None => return None,
            },
        }
    }
}

/// What kind of failure, without the address that its text may hold.
fn kind_of(error: &Error) -> &'static str {
    if tls::is_about_certificate(error) {
        return "certificate";
    }
    match error {
        Error::Io(_) => "unreachable",
        Error::Tls(_) => "tls",
        Error::Http(_) | Error::HttpFormat(_) | Error::Protocol(_) => "refused",
        Error::Url(_) => "address",
        Error::ConnectionClosed
        | Error::AlreadyClosed
        | Error::Capacity(_)
        | Error::WriteBufferFull(_)
        | Error::Utf8(_)
        | Error::AttackAttempt => "other",
    }
}

#[cfg(test)]
mod tests;
