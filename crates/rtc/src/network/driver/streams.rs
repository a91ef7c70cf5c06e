//! TCP and TLS to TURN servers: a task for each, which reports what it reads.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::tls::Tls;
use crate::network::gathering::{LinkId, ServerId};
use crate::network::trouble::Reason;
use crate::network::url::{Host, Transport};

/// Longest wait for a connection, TLS included. Longer helps nobody: a call has failed by then.
const CONNECT: Duration = Duration::from_secs(8);
/// Packets that wait for a stream; what comes on top is dropped. Each is some 25 ms at 400 kbit/s:
/// more hides a full stream from congestion control, less loses packets of a burst.
const QUEUE: usize = 24;
/// Bytes that the kernel may hold which it has not sent yet, for the same reason.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 16 * 1_024;
/// Bytes read at a time.
const READ: usize = 16 * 1_024;

/// What a task has to say.
pub(super) enum Report {
    /// A name was looked up; no address when it was not found.
    Resolved { server: ServerId, found: Vec<SocketAddr> },
    /// A stream is there, from this address.
    Connected { link: LinkId, local: SocketAddr },
    /// It was read from.
    Bytes { link: LinkId, bytes: Vec<u8> },
    /// It could not be made, or ended.
    Closed { link: LinkId, reason: Reason },
}

/// All streams.
pub(super) struct Streams {
    tasks: JoinSet<()>,
    streams: Vec<Stream>,
    reporter: mpsc::Sender<Report>,
    tls: Arc<Tls>,
}

struct Stream {
    link: LinkId,
    queue: mpsc::Sender<Vec<u8>>,
    task: AbortHandle,
}

impl Streams {
    pub(super) fn new(reporter: mpsc::Sender<Report>, tls: Arc<Tls>) -> Self {
        Self { tasks: JoinSet::new(), streams: Vec::new(), reporter, tls }
    }

    /// Streams that are made from here on are checked against these certificates.
    pub(super) fn trust(&mut self, tls: Arc<Tls>) {
        self.tls = tls;
    }

    pub(super) fn connect(
        &mut self,
        link: LinkId,
        server: SocketAddr,
        transport: Transport,
        host: Host,
    ) {
        while self.tasks.try_join_next().is_some() {}
        let (queue, outgoing) = mpsc::channel(QUEUE);
        let reporter = self.reporter.clone();
        let tls = (transport == Transport::Tls).then(|| (Arc::clone(&self.tls), host));
        let task = self.tasks.spawn(async move {
            let reason = run(link, server, tls, outgoing, &reporter).await;
            let _ = reporter.send(Report::Closed { link, reason }).await;
        });
        self.streams.push(Stream { link, queue, task });
    }

    /// Puts a message into the queue of `link`, if there is room.
    pub(super) fn write(&self, link: LinkId, contents: Vec<u8>) {
        if let Some(stream) = self.streams.iter().find(|stream| stream.link == link) {
            let _ = stream.queue.try_send(contents);
        }
    }

    pub(super) fn close(&mut self, link: LinkId) {
        self.streams.retain(|stream| {
            if stream.link == link {
                stream.task.abort();
            }
            stream.link != link
        });
    }
}

/// Serves one stream to its end, and says why it ended.
async fn run(
    link: LinkId,
    server: SocketAddr,
    tls: Option<(Arc<Tls>, Host)>,
    outgoing: mpsc::Receiver<Vec<u8>>,
    reporter: &mpsc::Sender<Report>,
) -> Reason {
    let deadline = tokio::time::Instant::now() + CONNECT;
    let connected = tokio::time::timeout_at(deadline, TcpStream::connect(server)).await;
    let (stream, local) = match connected.map(|stream| stream.and_then(prepare)) {
        Ok(Ok(prepared)) => prepared,
        Ok(Err(error)) if error.kind() == ErrorKind::TimedOut => return Reason::Timeout,
        Ok(Err(_)) => return Reason::Unreachable,
        Err(_) => return Reason::Timeout,
    };
    let Some((tls, host)) = tls else {
        let _ = reporter.send(Report::Connected { link, local }).await;
        return copy(link, stream, outgoing, reporter).await;
    };
    match tokio::time::timeout_at(deadline, tls.connect(&host, stream)).await {
        Ok(Some(stream)) => {
            let _ = reporter.send(Report::Connected { link, local }).await;
            copy(link, stream, outgoing, reporter).await
        }
        Ok(None) => Reason::Tls,
        Err(_) => Reason::Timeout,
    }
}

fn prepare(stream: TcpStream) -> std::io::Result<(TcpStream, SocketAddr)> {
    stream.set_nodelay(true)?;
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT)?;
    let local = stream.local_addr()?;
    Ok((stream, local))
}

/// Reads and writes until one of the two ends. Neither waits for the other: a server that does not
/// read may still send.
async fn copy(
    link: LinkId,
    stream: impl AsyncRead + AsyncWrite,
    outgoing: mpsc::Receiver<Vec<u8>>,
    reporter: &mpsc::Sender<Report>,
) -> Reason {
    let (reader, writer) = tokio::io::split(stream);
    tokio::select! {
        () = read(link, reader, reporter) => {}
        () = write(writer, outgoing) => {}
    }
    Reason::Unreachable
}

async fn read(link: LinkId, mut reader: impl AsyncRead + Unpin, reporter: &mpsc::Sender<Report>) {
    let mut buffer = vec![0; READ];
    while let Ok(length @ 1..) = reader.read(&mut buffer).await {
        let bytes = buffer[..length].to_vec();
        if reporter.send(Report::Bytes { link, bytes }).await.is_err() {
            return;
        }
    }
}

/// Writes what waits in one piece: a TLS record and a segment for several packets.
async fn write(mut writer: impl AsyncWrite + Unpin, mut outgoing: mpsc::Receiver<Vec<u8>>) {
    let mut messages = Vec::with_capacity(QUEUE);
    while outgoing.recv_many(&mut messages, QUEUE).await > 0 {
        let piece = messages.concat();
        messages.clear();
        if writer.write_all(&piece).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
}
