//! The loopback WebSocket that pictures take between this program and its window.
//!
//! Any program of this machine can knock, and any page that a browser shows. So a door is open for
//! one guest: whoever brings the token that the window was given by a command, comes from a page of
//! ours, and called this port by its address. Then, or when nobody waits for a guest any more, the
//! port is closed.

use std::collections::VecDeque;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bellwire_rtc::pictures::pump::MAX_MESSAGE_BYTES;
use serde::{Deserialize, Serialize};
use specta::Type;
use subtle::ConstantTimeEq as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::server::{
    Callback, ErrorResponse, Request, Response,
};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;

/// The subprotocol: the format of [`bellwire_rtc::pictures::pump`].
const PROTOCOL: &str = "bellwire.pictures.1";
/// How long a guest may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(5);
/// Guests that may be saying so at once; who came first has to go.
const KNOCKING: usize = 8;
/// What the system may hold on the way to the page. More makes a page that stood still show more of
/// the past; less makes a large key frame wait.
const SENT_BYTES: u32 = 256 << 10;
/// How long to wait where the system has no socket left.
const BREATH: Duration = Duration::from_millis(100);

/// A guest that was let in.
pub(super) type Guest = WebSocketStream<TcpStream>;

/// What the window brings to be let in, once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub(crate) struct Pass {
    /// Where to knock, on 127.0.0.1.
    pub(crate) port: u16,
    /// The subprotocols to offer: the format, then the secret.
    pub(crate) protocols: [String; 2],
}

/// Shows no token.
impl std::fmt::Debug for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pass").finish_non_exhaustive()
    }
}

/// No door can be opened: there are no pictures, and sound goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DoorError {
    /// The system gives no port.
    #[error("no port for pictures: {0}")]
    Port(#[from] io::Error),
    /// The system gives no random bytes.
    #[error("no randomness for a token")]
    Random,
}

/// A port that waits for its guest. Dropping it closes the port.
#[derive(Debug)]
pub(super) struct Door {
    listener: TcpListener,
    rules: Rules,
}

/// Who is let in.
#[derive(Clone)]
struct Rules {
    port: u16,
    secret: String,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rules")
    }
}

impl Door {
    /// Opens one, and makes the pass for it.
    ///
    /// # Errors
    /// [`DoorError`], when the system gives no port or no randomness.
    pub(super) fn open() -> Result<(Self, Pass), DoorError> {
        let mut secret = [0_u8; 32];
        getrandom::fill(&mut secret).map_err(|_| DoorError::Random)?;
        let secret: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let socket = TcpSocket::new_v4()?;
        // What is accepted inherits it.
        socket.set_send_buffer_size(SENT_BYTES)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let listener = socket.listen(KNOCKING as u32)?;
        let port = listener.local_addr()?.port();
        let pass = Pass { port, protocols: [PROTOCOL.to_owned(), secret.clone()] };
        Ok((Self { listener, rules: Rules { port, secret } }, pass))
    }

    /// Waits for the guest with the pass; everybody else is sent away with nothing.
    pub(super) async fn guest(self) -> Guest {
        let mut handshakes = JoinSet::new();
        let mut knocking = VecDeque::<AbortHandle>::new();
        loop {
            tokio::select! {
                Some(done) = handshakes.join_next() => {
                    if let Ok(Some(guest)) = done {
                        return guest;
                    }
                }
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let rules = self.rules.clone();
                        knocking.push_back(handshakes.spawn(shake_hands(stream, rules)));
                        if knocking.len() > KNOCKING
                            && let Some(first) = knocking.pop_front()
                        {
                            first.abort();
                        }
                    }
                    Err(error) => {
                        tracing::info!(kind = ?error.kind(), "nobody can be let in at the moment");
                        tokio::time::sleep(BREATH).await;
                    }
                },
            }
        }
    }
}

async fn shake_hands(stream: TcpStream, rules: Rules) -> Option<Guest> {
    stream.set_nodelay(true).ok()?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let shaking = tokio_tungstenite::accept_hdr_async_with_config(stream, rules, Some(config));
    match tokio::time::timeout(PATIENCE, shaking).await {
        Ok(Ok(guest)) => Some(guest),
        Ok(Err(_)) | Err(_) => {
            tracing::info!("somebody knocked where pictures go and was sent away");
            None
        }
    }
}

impl Callback for Rules {
    fn on_request(
        self,
        request: &Request,
        mut response: Response,
    ) -> Result<Response, ErrorResponse> {
        if self.is_welcome(request) {
            let protocol = HeaderValue::from_static(PROTOCOL);
            response.headers_mut().insert("sec-websocket-protocol", protocol);
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::FORBIDDEN;
        Err(refusal)
    }
}

impl Rules {
    fn is_welcome(&self, request: &Request) -> bool {
        let only = |name: &str| {
            let mut values = request.headers().get_all(name).iter();
            let value = values.next()?.to_str().ok()?;
            values.next().is_none().then_some(value)
        };
        let host = only("host").is_some_and(|host| host == format!("127.0.0.1:{}", self.port));
        let origin = only("origin").is_some_and(is_our_origin);
        let token =
            only("sec-websocket-protocol").and_then(|offered| offered.split_once(',')).is_some_and(
                |(protocol, secret)| protocol.trim() == PROTOCOL && self.is_secret(secret.trim()),
            );
        host && origin && token
    }

    /// In the same time however much of it is right.
    fn is_secret(&self, offered: &str) -> bool {
        self.secret.as_bytes().ct_eq(offered.as_bytes()).into()
    }
}

/// The origin of the app's pages, which differs between systems.
fn is_our_origin(origin: &str) -> bool {
    match origin {
        "tauri://localhost" | "http://tauri.localhost" => true,
        // The development server.
        "http://localhost:1420" => cfg!(dev),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
