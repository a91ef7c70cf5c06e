//! A connection's socket together with its place in the crowd. It shows when something moves, ends
//! when its place is taken, and parts in a way that lets the last answer arrive.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::crowd::{Pulse, Visit};

/// How long the other end may go on sending after the last answer. Closing with something unread
/// resets a connection, and what was not read at the other end by then is lost (RFC 9112, section
/// 9.6).
const FAREWELL: Duration = Duration::from_secs(5);
/// Bytes that are read and thrown away in that time. A client that sends more than this behind a
/// refused request may lose the answer.
const FAREWELL_BYTES: u64 = 16 * 1_024 * 1_024;

/// See the module.
#[derive(Debug)]
pub(super) struct Held {
    /// Absent only while it is dropped.
    stream: Option<TcpStream>,
    visit: Arc<Visit>,
    begun: Instant,
    /// The other end has nothing more to say, or is gone.
    silent: bool,
}

/// The time of a crowd, in ms.
pub(super) fn now(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}

fn place_taken() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "its place was taken")
}

impl Held {
    pub(super) fn new(stream: TcpStream, visit: Arc<Visit>, begun: Instant) -> Self {
        Self { stream: Some(stream), visit, begun, silent: false }
    }

    /// The first bytes, which stay to be read.
    pub(super) async fn peek(&self, first: &mut [u8]) -> io::Result<usize> {
        let Some(stream) = &self.stream else { return Ok(0) };
        tokio::select! {
            peeked = stream.peek(first) => peeked,
            () = self.pulse().ended() => Err(place_taken()),
        }
    }

    fn pulse(&self) -> &Pulse {
        &self.visit.pulse
    }

    /// The socket, unless its place was taken.
    fn poll_stream(&mut self, cx: &Context<'_>) -> io::Result<Pin<&mut TcpStream>> {
        self.visit.pulse.waker.register(cx.waker());
        if self.visit.pulse.is_over() {
            return Err(place_taken());
        }
        self.stream.as_mut().map(Pin::new).ok_or_else(place_taken)
    }

    fn wrote(&mut self, polled: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        let now = now(self.begun);
        match &polled {
            Poll::Ready(Ok(_)) => self.pulse().taken(now),
            Poll::Ready(Err(_)) => self.silent = true,
            Poll::Pending => self.pulse().unread(now),
        }
        polled
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (before, room) = (buf.filled().len(), buf.remaining());
        let polled = self.poll_stream(cx)?.poll_read(cx, buf);
        match &polled {
            Poll::Ready(Ok(())) if buf.filled().len() > before => {
                self.pulse().moved(now(self.begun));
            }
            Poll::Ready(Ok(())) => self.silent |= room > 0,
            Poll::Ready(Err(_)) => self.silent = true,
            Poll::Pending => {}
        }
        polled
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = self.poll_stream(cx)?.poll_write(cx, buf);
        self.wrote(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_stream(cx)?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_stream(cx)?.poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = self.poll_stream(cx)?.poll_write_vectored(cx, bufs);
        self.wrote(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }
}

impl Drop for Held {
    /// However a connection ends, the other end may still be sending.
    fn drop(&mut self) {
        let (Some(stream), Ok(runtime)) =
            (self.stream.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        if self.silent || self.visit.pulse.is_over() {
            return;
        }
        let visit = Arc::clone(&self.visit);
        runtime.spawn(async move {
            tokio::select! {
                () = part(stream, FAREWELL) => {}
                () = visit.pulse.ended() => {}
            }
        });
    }
}

/// Ends our half, and reads on until the other end has ended its own.
async fn part(mut stream: TcpStream, patience: Duration) {
    let parting = async {
        stream.shutdown().await?;
        let mut unread = stream.take(FAREWELL_BYTES);
        let mut scrap = [0; 4_096];
        while unread.read(&mut scrap).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = tokio::time::timeout(patience, parting).await;
}

/// Says that there is no room. `parting` counts those who are being told.
pub(super) fn turn_away(stream: TcpStream, parting: &Arc<AtomicU64>) {
    const WORDS: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\n\
        content-type: text/plain\r\ncontent-length: 34\r\nconnection: close\r\n\r\n\
        this relay has no room at present\n";
    /// At once; they have descriptors of the reserve.
    const AT_ONCE: u64 = 32;
    // A new socket takes so few bytes at once.
    if stream.try_write(WORDS).is_err() || parting.load(Ordering::Relaxed) >= AT_ONCE {
        return;
    }
    parting.fetch_add(1, Ordering::Relaxed);
    let parting = Arc::clone(parting);
    tokio::spawn(async move {
        part(stream, Duration::from_millis(500)).await;
        parting.fetch_sub(1, Ordering::Relaxed);
    });
}

#[cfg(test)]
mod tests;
