//! Listening: connections, upgrades, who may connect from where, and the operator's pages.

mod crowd;
mod descriptors;
mod held;
mod http2;
mod operations;
mod quiet;
mod strangers;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bellwire_protocol::limits;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use crowd::{Crowd, Room, Visit};
use held::Held;
pub use strangers::{Stranger, Strangers};

use crate::relay::{Relay, Shutdown};
use crate::run_error::RunError;

/// Time for a whole request of the interface.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// The operator's connections at once. They are his own, so that he sees a full house.
const OPS_CONNECTIONS: usize = 64;
/// How often those that leave an answer unread are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// Pause after a connection that could not be accepted: out of descriptors, most likely, and the
/// next ones may be free in a moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Bytes read at once from a WebSocket. The library's default of 128 KiB is held by every idle
/// connection; a larger message is put together from several reads.
const READ_BUFFER: usize = 4 * 1_024;
/// Bytes written at once.
const WRITE_BUFFER: usize = 4 * 1_024;

/// The sockets to accept on.
#[derive(Debug)]
pub struct Listeners {
    main: TcpListener,
    ops: Option<TcpListener>,
}

impl Listeners {
    /// Binds both.
    ///
    /// # Errors
    /// [`RunError::Listen`].
    pub fn bind(main: SocketAddr, ops: SocketAddr) -> Result<Self, RunError> {
        let bind = |address| listen(address).map_err(|cause| RunError::Listen { address, cause });
        Ok(Self { main: bind(main)?, ops: Some(bind(ops)?) })
    }

    /// Where people connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        // A bound socket has an address.
        self.main.local_addr().unwrap_or_else(|_| SocketAddr::from(([0, 0, 0, 0], 0)))
    }

    /// Where the operator looks.
    #[must_use]
    pub fn ops_address(&self) -> Option<SocketAddr> {
        self.ops.as_ref()?.local_addr().ok()
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1_024)
}

/// One of the two listeners' doors.
#[derive(Debug, Clone)]
struct Door {
    crowd: Arc<Crowd>,
    begun: Instant,
    /// Those who are told that there is no room.
    parting: Arc<AtomicU64>,
}

impl Door {
    fn new(room: Room) -> Self {
        Self { crowd: Crowd::new(room), begun: Instant::now(), parting: Arc::default() }
    }

    fn now(&self) -> u64 {
        held::now(self.begun)
    }
}

/// Accepts until the shutdown begins.
pub async fn serve(relay: Arc<Relay>, listeners: Listeners, shutdown: watch::Receiver<Shutdown>) {
    let room = Room::of(relay.config.max_connections.unwrap_or_else(descriptors::raise));
    tracing::info!(
        devices = room.all,
        "so many devices can be connected at once; the limit on open files (ulimit -n) decides"
    );
    let people = Door::new(room);
    let operators = Door::new(Room::of(OPS_CONNECTIONS));
    let ops = operations::routes(Arc::clone(&relay));
    let main = main_routes(Arc::clone(&relay)).layer(axum::middleware::from_fn_with_state(
        (Arc::clone(&relay), Arc::clone(&people.crowd)),
        see_through,
    ));
    let sweeping = async {
        loop {
            tokio::time::sleep(SWEEP).await;
            for door in [&people, &operators] {
                door.crowd.sweep(door.now());
            }
        }
    };
    let Listeners { main: main_listener, ops: ops_listener } = listeners;
    let ops = async {
        match ops_listener {
            Some(listener) => {
                accept(&relay, listener, &ops, &operators, &shutdown).await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = accept(&relay, main_listener, &main, &people, &shutdown) => {}
        () = ops => {}
        () = sweeping => {}
        () = begun(shutdown.clone()) => {}
    }
}

/// Waits for a shutdown to begin.
async fn begun(mut shutdown: watch::Receiver<Shutdown>) {
    // Without a sender nobody can shut down any more, which is a shutdown as well.
    let _ = shutdown.wait_for(|phase| *phase != Shutdown::Running).await;
}

async fn accept(
    relay: &Arc<Relay>,
    listener: TcpListener,
    routes: &Router,
    door: &Door,
    shutdown: &watch::Receiver<Shutdown>,
) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let peer = peer.ip().to_canonical();
                // Behind these is everybody.
                let shared = peer.is_loopback() || relay.config.trusted_proxies.trust(peer);
                match door.crowd.admit(door.now(), (!shared).then_some(peer)) {
                    Some(visit) => {
                        let visit = Arc::new(visit);
                        let stream = Held::new(stream, Arc::clone(&visit), door.begun);
                        let (relay, shutdown) = (Arc::clone(relay), shutdown.clone());
                        let routes = routes.clone().layer(axum::Extension(visit));
                        tokio::spawn(connection(relay, stream, peer, routes, shutdown));
                    }
                    None => {
                        relay.metrics.connections_refused.inc();
                        held::turn_away(stream, &door.parting);
                        if let Some(left_out) = relay.hints.full.due() {
                            let remedy = "raise the limit on open files where it is too small";
                            tracing::warn!(left_out, "connection.refused: no room. {remedy}");
                        }
                    }
                }
            }
            Err(error) => {
                relay.metrics.connections_refused.inc();
                door.crowd.make_room(door.now());
                if let Some(left_out) = relay.hints.accept.due() {
                    tracing::warn!(left_out, %error, "a connection cannot be accepted");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(
    relay: Arc<Relay>,
    stream: Held,
    peer: IpAddr,
    routes: Router,
    shutdown: watch::Receiver<Shutdown>,
) {
    let mut first = [0; 16];
    match tokio::time::timeout(quiet::HEAD, stream.peek(&mut first)).await {
        Ok(Ok(length)) if http2::is_preface(first.get(..length).unwrap_or_default()) => {
            if let Some(left_out) = relay.hints.http2.due() {
                let remedy = "set the proxy's upstream to HTTP/1.1";
                tracing::warn!(left_out, "http2.refused: somebody speaks HTTP/2 (h2c). {remedy}");
            }
            return http2::refuse(stream).await;
        }
        Ok(Ok(1..)) => {}
        // It is gone, or has nothing to say.
        Ok(Ok(0) | Err(_)) | Err(_) => return,
    }
    let (stream, timer) = quiet::watch(stream);
    let routes = routes.layer(axum::Extension(Peer(peer)));
    let service = TowerToHyperService::new(routes);
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(timer)
        .header_read_timeout(quiet::idle())
        .max_buf_size(16 * 1_024)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = &mut connection => served,
        () = begun(shutdown) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Who is asking: the other end of the connection, or whom a trusted proxy speaks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Names the client behind a trusted proxy, whose connections are the proxy's: what is counted for
/// the client is what it asks for at once.
async fn see_through(
    State((relay, crowd)): State<(Arc<Relay>, Arc<Crowd>)>,
    mut request: Request,
    next: axum::middleware::Next,
) -> Response {
    let Some(Peer(peer)) = request.extensions().get::<Peer>().copied() else {
        return next.run(request).await;
    };
    let proxies = &relay.config.trusted_proxies;
    if let Some(block) = proxies.unheard(peer, request.headers())
        && relay.hints.proxy.due().is_some()
    {
        tracing::warn!(
            "proxy.untrusted: X-Forwarded-For of a proxy in {block} is not believed, so that \
             everybody behind it counts as one address. Name the proxy in \
             BELLWIRE_TRUSTED_PROXIES"
        );
    }
    let client = proxies.client(peer, request.headers());
    request.extensions_mut().insert(Peer(client));
    if client == peer || client.is_loopback() {
        return next.run(request).await;
    }
    let Some(asking) = crowd.request(client) else {
        let again = [(header::RETRY_AFTER, HeaderValue::from_static("5"))];
        return (StatusCode::TOO_MANY_REQUESTS, again).into_response();
    };
    let response = next.run(request).await;
    // Until the last byte of it was handed on.
    response.map(|body| {
        use http_body_util::BodyExt as _;
        axum::body::Body::new(body.map_frame(move |frame| {
            let _held = &asking;
            frame
        }))
    })
}

fn main_routes(relay: Arc<Relay>) -> Router {
    let api = crate::accounts::http::routes()
        .layer(axum::middleware::from_fn(in_time))
        .layer(axum::middleware::map_response(never_stored));
    Router::new()
        .route("/ws", get(upgrade))
        .route("/healthz", get(healthy))
        .nest("/api/v1", api)
        .fallback(crate::web::serve)
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&relay),
            crate::web::security_headers,
        ))
        .with_state(relay)
}

async fn in_time(request: Request, next: axum::middleware::Next) -> Response {
    match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

async fn never_stored(mut response: Response) -> Response {
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    response
}

async fn upgrade(State(relay): State<Arc<Relay>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    if let Err(refusal) = relay.origins.admit(&parts.headers) {
        relay.metrics.origins_refused.inc();
        if let Some(left_out) = relay.hints.origin.due() {
            tracing::warn!(left_out, "origin.refused: {refusal}");
        }
        let words = "pages of this address may not connect to this relay";
        return (StatusCode::FORBIDDEN, words).into_response();
    }
    if *relay.shutdown.borrow() != Shutdown::Running {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let peer = parts.extensions.get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0);
    let visit = parts.extensions.get::<Arc<Visit>>().cloned();
    let upgrade = match WebSocketUpgrade::from_request_parts(&mut parts, &relay).await {
        Ok(upgrade) => upgrade,
        Err(rejection) => return rejection.into_response(),
    };
    let upgrade = upgrade.protocols([bellwire_protocol::SUBPROTOCOL]);
    if upgrade.selected_protocol().is_none() {
        return (StatusCode::BAD_REQUEST, "the subprotocol bellwire.v1 is required")
            .into_response();
    }
    let Some(stranger) = relay.strangers.admit(peer) else {
        return StatusCode::TOO_MANY_REQUESTS.into_response();
    };
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(limits::QUEUE_BYTES)
        .max_message_size(limits::FRAME_BYTES)
        .max_frame_size(limits::FRAME_BYTES)
        .on_upgrade(move |socket| {
            crate::signaling::socket::serve(relay, socket, stranger.on(visit))
        })
}

async fn healthy() -> &'static str {
    "ok\n"
}
