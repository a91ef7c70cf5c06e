//! How long a connection may be quiet: for seconds within the head of a request, for minutes
//! between two requests.
//!
//! A proxy keeps connections open and sends the next request over one of them. If the relay closed
//! it at that moment the request would be lost and the person would read 502, so the relay has to
//! be the one that waits longer. A head that has begun is another matter: whoever sends it by the
//! byte is no browser and no proxy. hyper has one time for both, which starts when it begins to
//! wait; the timer here ends it sooner, once a first byte is there.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper::rt::{Sleep, Timer};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Time for the head of a request, and for the first one to begin; a peer that is slower is not a
/// person's.
pub(super) const HEAD: Duration = Duration::from_secs(5);
/// A connection between two requests is closed after this time and up to [`JITTER`] more. Longer
/// than proxies keep idle ones: nginx 60 s, Traefik 90 s, Caddy 120 s, Google 600 s, Cloudflare
/// 900 s. Browsers close theirs after 5 minutes. Lower, and proxies meet a closed connection now
/// and then (502); higher costs a descriptor for longer where a peer is gone without a word.
pub(super) const IDLE: Duration = Duration::from_secs(960);
/// Connections that fell idle together are not closed together.
pub(super) const JITTER: Duration = Duration::from_secs(60);

/// What the stream and the timer of one connection know of each other.
#[derive(Debug)]
struct Quiet {
    /// When the head that is waited for began: with its first byte, or, on a new connection, with
    /// the connection.
    begun: Option<Instant>,
    /// Whether a head was waited for before.
    opened: bool,
}

impl Quiet {
    fn new(now: Instant) -> Self {
        Self { begun: Some(now), opened: false }
    }

    /// The connection waits for a head.
    fn wait(&mut self) {
        if std::mem::replace(&mut self.opened, true) {
            self.begun = None;
        }
    }

    fn heard(&mut self, now: Instant) {
        self.begun.get_or_insert(now);
    }

    fn deadline(&self, idle: Instant) -> Instant {
        self.begun.map_or(idle, |begun| idle.min(begun + HEAD))
    }
}

#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Quiet>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut Quiet) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A stream that notices when something comes, and the timer for hyper's
/// `header_read_timeout`, which has to be [`idle`].
pub(super) fn watch<S>(stream: S) -> (Watched<S>, HeadTimer) {
    let shared = Shared(Arc::new(Mutex::new(Quiet::new(now()))));
    (Watched { stream, shared: shared.clone() }, HeadTimer(shared))
}

/// How long this connection may be idle.
pub(super) fn idle() -> Duration {
    let mut byte = [0];
    // Without randomness the time is the shortest.
    let _ = getrandom::fill(&mut byte);
    IDLE + JITTER * u32::from(byte[0]) / 256
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// See [`watch`].
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    shared: Shared,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        if buf.filled().len() > before {
            self.shared.with(|quiet| quiet.heard(now()));
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// See [`watch`]. hyper asks it for a sleep whenever it begins to wait for a head.
#[derive(Debug)]
pub(super) struct HeadTimer(Shared);

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        self.0.with(Quiet::wait);
        let inner = Box::pin(tokio::time::sleep_until(deadline.into()));
        Box::pin(HeadSleep { shared: self.0.clone(), idle: deadline, inner })
    }

    fn now(&self) -> Instant {
        now()
    }
}

#[derive(Debug)]
struct HeadSleep {
    shared: Shared,
    idle: Instant,
    inner: Pin<Box<tokio::time::Sleep>>,
}

impl Future for HeadSleep {
    type Output = ();

    // hyper polls it after every read that did not end the head.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let idle = self.idle;
        let deadline = self.shared.with(|quiet| quiet.deadline(idle)).into();
        if self.inner.deadline() != deadline {
            self.inner.as_mut().reset(deadline);
        }
        self.inner.as_mut().poll(cx)
    }
}

impl Sleep for HeadSleep {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_has_seconds_from_its_first_byte_and_a_connection_minutes_between_two() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut quiet = Quiet::new(start);
        quiet.wait();
        assert_eq!(quiet.deadline(at(960)), start + HEAD, "a new connection begins to speak");
        quiet.heard(at(4));
        assert_eq!(quiet.deadline(at(960)), start + HEAD, "and ends its head in the same time");
        // The body of the first request.
        quiet.heard(at(30));
        quiet.wait();
        assert_eq!(quiet.deadline(at(990)), at(990), "it waits for the next request");
        quiet.heard(at(700));
        quiet.heard(at(703));
        assert_eq!(quiet.deadline(at(990)), at(700) + HEAD, "which has begun");
    }

    #[test]
    fn idle_connections_outlast_those_of_common_proxies_and_do_not_end_together() {
        let times: std::collections::BTreeSet<Duration> = (0..64).map(|_| idle()).collect();
        assert!(times.len() > 8, "{times:?}");
        let longest_of_a_proxy = Duration::from_secs(900);
        assert!(times.iter().all(|idle| *idle > longest_of_a_proxy && *idle < IDLE + JITTER));
    }
}
