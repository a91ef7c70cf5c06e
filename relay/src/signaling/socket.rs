//! One task per WebSocket: first frame, session, then frames in both directions until it closes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use bellwire_protocol::{
    ClientFrame, ClientMessage, ErrorCode, Me, Participant, RelayMessage, limits,
};
use futures_util::SinkExt;
use tokio::time::Instant;
use tracing::Instrument as _;

use super::allowance::{Class, Verdict};
use super::calls::{Going, Input, Signal};
use super::claims;
use super::link::{Epoch, Link, Next};
use super::mail::{Claiming, Ended, Mail, Placing, Said};
use super::session::{Body, Close, Frame};
use super::switchboard::words;
use crate::Relay;
use crate::store::{Route, StoreError};

/// Longest wait for a close frame to leave.
const CLOSING: Duration = Duration::from_secs(2);
/// Frames written before the socket is flushed and the client is listened to again.
const BATCH: usize = 16;

/// Why a socket is not served any more.
pub(super) enum End {
    /// The other side is gone.
    Gone(Going),
    /// We say why.
    Close(Close),
}

impl From<axum::Error> for End {
    fn from(_: axum::Error) -> Self {
        Self::Gone(Going::Lost)
    }
}

pub(super) const MALFORMED: Close =
    Close { code: limits::close::MALFORMED, reason: "malformed frame" };
pub(super) const UNAUTHENTICATED: Close =
    Close { code: limits::close::UNAUTHENTICATED, reason: "not authenticated" };

/// A socket that said who it is.
pub(super) struct Seated {
    pub(super) me: Me,
    pub(super) link: Arc<Link>,
    pub(super) epoch: Epoch,
    /// Notices of the snapshot; forgotten once the client is heard, which shows that it got them.
    pub(super) notices: Option<i64>,
}

/// Serves a socket from its upgrade to its end.
pub async fn serve(relay: Arc<Relay>, mut socket: WebSocket, stranger: crate::server::Stranger) {
    let connected = relay.metrics.connected();
    // The first frames need much more room than all that follow: a box is freed after them.
    let handshake = tracing::info_span!("signaling.handshake");
    let begun = super::hello::begin(&relay, &mut socket).instrument(handshake);
    let begun = Box::pin(begun).await;
    match begun {
        Ok(mut seated) => {
            stranger.seat();
            let mut heard_at = relay.clock.steady().ms();
            let end = converse(&relay, &mut socket, &mut seated, &mut heard_at).await;
            let Seated { me, link, epoch, .. } = seated;
            let device = me.device;
            let going = match end {
                End::Gone(going) => going,
                // Whoever is sent away comes back.
                End::Close(_) => Going::Lost,
            };
            let gone = Mail::Gone { device, link, epoch, ended: Ended { heard_at, going } };
            let _ = relay.switchboard.send(gone).await;
            part(&mut socket, end).await;
        }
        Err(end) => {
            drop(stranger);
            part(&mut socket, end).await;
        }
    }
    drop(connected);
}

async fn part(socket: &mut WebSocket, end: End) {
    if let End::Close(Close { code, reason }) = end {
        let frame = CloseFrame { code, reason: reason.into() };
        let closing = async {
            let _ = socket.send(Message::Close(Some(frame))).await;
            // The client's own close frame, so that ours is not lost in a reset.
            while let Some(Ok(_)) = socket.recv().await {}
        };
        let _ = tokio::time::timeout(CLOSING, closing).await;
    }
}

async fn converse(
    relay: &Arc<Relay>,
    socket: &mut WebSocket,
    seated: &mut Seated,
    heard_at: &mut u64,
) -> End {
    let dead = Duration::from_millis(limits::DEAD_MS);
    // The timer's clock stands still while the machine sleeps, so it says nothing of `heard_at`.
    let mut dead_at = Instant::now() + dead;
    loop {
        let link = Arc::clone(&seated.link);
        let step = tokio::select! {
            next = link.next(seated.epoch) => match next {
                Next::Frame(frame) => write(relay, socket, &link, seated.epoch, frame).await,
                Next::Close(close) => Err(End::Close(close)),
            },
            message = socket.recv() => {
                if matches!(message, Some(Ok(_))) {
                    *heard_at = relay.clock.steady().ms();
                    dead_at = Instant::now() + dead;
                }
                listen(relay, seated, message).await
            }
            () = tokio::time::sleep_until(dead_at) => Err(End::Gone(Going::Lost)),
        };
        if let Err(end) = step {
            return end;
        }
    }
}

/// Writes what waits, a batch at a time; a reader that stops reading is left when its queue is
/// full.
async fn write(
    relay: &Relay,
    socket: &mut WebSocket,
    link: &Link,
    epoch: Epoch,
    first: Frame,
) -> Result<(), End> {
    let writing = async {
        feed(relay, socket, first).await?;
        for _ in 1..BATCH {
            match link.try_next(epoch) {
                Some(Next::Frame(frame)) => feed(relay, socket, frame).await?,
                // The next look finds it again.
                Some(Next::Close(_)) | None => break,
            }
        }
        socket.flush().await
    };
    tokio::select! {
        written = writing => Ok(written?),
        close = link.cut_off(epoch) => Err(End::Close(close)),
    }
}

async fn feed(relay: &Relay, socket: &mut WebSocket, frame: Frame) -> Result<(), axum::Error> {
    relay.metrics.message(frame.kind, "out");
    socket.feed(Message::Text(frame.text.into_string().into())).await
}

/// What the client's close frame says.
fn going(frame: Option<&CloseFrame>) -> Going {
    match frame.map(|frame| frame.code) {
        Some(limits::close::LEFT) => Going::Left,
        Some(_) | None => Going::Lost,
    }
}

async fn listen(
    relay: &Arc<Relay>,
    seated: &mut Seated,
    message: Option<Result<Message, axum::Error>>,
) -> Result<(), End> {
    let text = match message {
        Some(Ok(Message::Text(text))) => text,
        Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
        Some(Ok(Message::Binary(_))) => return Err(End::Close(MALFORMED)),
        Some(Ok(Message::Close(frame))) => return Err(End::Gone(going(frame.as_ref()))),
        None => return Err(End::Gone(Going::Lost)),
        Some(Err(error)) => return Err(broken(&error)),
    };
    let answer = |re, code, retry_after_ms| {
        let message = words(code).into();
        seated.link.push(&Body::new(&RelayMessage::Error { re, code, message, retry_after_ms }));
    };
    let decoded = bellwire_protocol::decode::<ClientFrame>(&text);
    // What cannot be read counts like what can.
    let class = decoded.as_ref().map_or(Class::Common, |frame| Class::of(&frame.message));
    match seated.link.hear(seated.epoch, relay.clock.steady().ms(), class) {
        Verdict::Allowed => {}
        Verdict::Refused(wait) => {
            answer(head(&text).and_then(|head| head.id), ErrorCode::RateLimited, Some(wait));
            return Ok(());
        }
        Verdict::Close => {
            let code = limits::close::RATE;
            return Err(End::Close(Close { code, reason: "too many messages" }));
        }
    }
    let frame = match decoded {
        Ok(frame) => frame,
        Err(_) => match head(&text) {
            // Another version could mean it; this one cannot.
            Some(head) => {
                answer(head.id, ErrorCode::Malformed, None);
                return Ok(());
            }
            None => {
                answer(None, ErrorCode::Malformed, None);
                return Err(End::Close(MALFORMED));
            }
        },
    };
    drop(text);
    if seated.link.is_told()
        && let Some(key) = seated.notices.take()
    {
        let forgotten = relay.store.remove_notices(seated.me.user, key).await;
        if let Err(error) = forgotten {
            tracing::warn!(%error, "a notice is delivered twice");
        }
    }
    if let Err((code, retry_after_ms)) =
        Box::pin(dispatch(relay, seated, frame.id, frame.message)).await
    {
        let re = frame.id;
        let message = words(code).into();
        seated.link.push(&Body::new(&RelayMessage::Error { re, code, message, retry_after_ms }));
    }
    Ok(())
}

fn broken(error: &axum::Error) -> End {
    let text = error.to_string();
    // The library gives its error as text only.
    if text.contains("too long") || text.contains("too big") || text.contains("utf-8") {
        End::Close(Close { code: limits::close::MALFORMED, reason: "frame over the limit" })
    } else {
        End::Gone(Going::Lost)
    }
}

/// What can be read of a frame that as a whole cannot.
#[derive(serde::Deserialize)]
struct Head {
    #[serde(rename = "type")]
    _kind: String,
    #[serde(default)]
    id: Option<u32>,
}

fn head(text: &str) -> Option<Head> {
    serde_json::from_str(text).ok()
}

pub(super) type Refused = (ErrorCode, Option<u64>);

async fn dispatch(
    relay: &Arc<Relay>,
    seated: &Seated,
    re: Option<u32>,
    message: ClientMessage,
) -> Result<(), Refused> {
    let device = seated.me.device;
    relay.metrics.message(kind(&message), "in");
    let input: Box<dyn FnOnce(Participant) -> Input + Send> = match message {
        ClientMessage::Hello { .. } => return Err((ErrorCode::Malformed, None)),
        ClientMessage::Unknown => {
            relay.metrics.unknown_messages.inc();
            // Only a frame with an id waits for an answer.
            return if re.is_some() { Err((ErrorCode::Malformed, None)) } else { Ok(()) };
        }
        ClientMessage::Ping { t } => {
            let server_time = relay.clock.wall().ms();
            let pong = RelayMessage::Pong { t, server_time };
            seated.link.push(&Body::new(&pong));
            if let Some(re) = re {
                seated.link.push(&Body::new(&RelayMessage::Ok { re }));
            }
            return Ok(());
        }
        ClientMessage::PresenceSet { status } => {
            let _ = relay.switchboard.send(Mail::Presence { device, status, re }).await;
            return Ok(());
        }
        ClientMessage::CallInitiate { call_id, conversation, media, offer } => {
            let read_at = relay.clock.steady().ms();
            let route = route(relay, seated, conversation).await?;
            tracing::info!(user = relay.redaction.user(seated.me.user), "signaling.offer");
            let call = Box::new(Placing { call_id, conversation, media, offer, route, read_at });
            let _ = relay.switchboard.send(Mail::Initiate { device, call, re }).await;
            return Ok(());
        }
        ClientMessage::CallSync { call_id, claim } => {
            let read_at = relay.clock.steady().ms();
            let claim = match claim {
                Some(claim) => claims::check(relay, seated, call_id, claim).await?,
                None => None,
            };
            if let Some(claim) = claim {
                let claiming = Box::new(Claiming { call_id, claim, read_at });
                let _ = relay.switchboard.send(Mail::Claim { device, claiming, re }).await;
                return Ok(());
            }
            Box::new(move |by| Input::Sync { by, call_id, claim: None })
        }
        ClientMessage::CallAnswer { call_id, media, answer } => {
            tracing::info!(user = relay.redaction.user(seated.me.user), "signaling.answer");
            let answer = Box::new(answer);
            Box::new(move |by| Input::Answer { by, call_id, media, answer })
        }
        ClientMessage::CallReject { call_id, reason } => {
            Box::new(move |by| Input::Reject { by, call_id, reason })
        }
        ClientMessage::CallCancel { call_id } => Box::new(move |by| Input::Cancel { by, call_id }),
        ClientMessage::CallLeave { call_id } => Box::new(move |by| Input::Leave { by, call_id }),
        ClientMessage::SdpOffer { call_id, to, offer_id, restart, sdp, proof } => {
            tracing::debug!(restart, "signaling.offer");
            let signal = Box::new(Signal::Offer { offer_id, restart, sdp, proof });
            Box::new(move |by| Input::Signal { by, call_id, to, signal })
        }
        ClientMessage::SdpAnswer { call_id, to, offer_id, sdp, proof } => {
            tracing::debug!("signaling.answer");
            let signal = Box::new(Signal::Answer { offer_id, sdp, proof });
            Box::new(move |by| Input::Signal { by, call_id, to, signal })
        }
        ClientMessage::IceCandidates { call_id, to, candidates } => {
            Box::new(move |by| Input::Trickle { by, call_id, to, candidates })
        }
        ClientMessage::MediaState { call_id, n, state } => {
            Box::new(move |by| Input::MediaState { by, call_id, n, state })
        }
        ClientMessage::PeerList { call_id } => Box::new(move |by| Input::PeerList { by, call_id }),
        ClientMessage::CallReport { call_id, setup_ms, flowing } => {
            let user = relay.redaction.user(seated.me.user);
            match setup_ms {
                Some(ms) => tracing::info!(user, setup_ms = ms, "peer.connected"),
                None => tracing::info!(user, flowing = flowing.is_some(), "ice.state"),
            }
            Box::new(move |by| Input::Report { by, call_id, setup_ms, flowing })
        }
    };
    let _ = relay.switchboard.send(Mail::Call { device, said: Said(input), re }).await;
    Ok(())
}

async fn route(
    relay: &Relay,
    seated: &Seated,
    conversation: bellwire_protocol::ConversationId,
) -> Result<Route, Refused> {
    match relay.store.route(seated.me.user, conversation).await {
        Ok(Some(route)) => Ok(route),
        Ok(None) => Err((ErrorCode::NotFound, None)),
        Err(error) => Err(unreadable(&error)),
    }
}

pub(super) fn unreadable(error: &StoreError) -> Refused {
    tracing::error!(%error, "the store cannot be read");
    (ErrorCode::Unavailable, None)
}

fn kind(message: &ClientMessage) -> &'static str {
    match message {
        ClientMessage::Hello { .. } => "hello",
        ClientMessage::Ping { .. } => "ping",
        ClientMessage::PresenceSet { .. } => "presence_set",
        ClientMessage::CallInitiate { .. } => "call_initiate",
        ClientMessage::CallAnswer { .. } => "call_answer",
        ClientMessage::CallReject { .. } => "call_reject",
        ClientMessage::CallCancel { .. } => "call_cancel",
        ClientMessage::CallLeave { .. } => "call_leave",
        ClientMessage::SdpOffer { .. } => "sdp_offer",
        ClientMessage::SdpAnswer { .. } => "sdp_answer",
        ClientMessage::IceCandidates { .. } => "ice_candidates",
        ClientMessage::MediaState { .. } => "media_state",
        ClientMessage::CallSync { .. } => "call_sync",
        ClientMessage::PeerList { .. } => "peer_list",
        ClientMessage::CallReport { .. } => "call_report",
        ClientMessage::Unknown => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of a connection's task beside its buffers. Every idle connection holds them, so more
    /// of them is a decision.
    const TASK_BYTES: usize = 2_048;

    const fn size_of_task<A, B, C, F: Future>(_: &impl FnOnce(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn an_idle_connection_is_small() {
        let bytes = size_of_task(&serve);
        assert!(bytes <= TASK_BYTES, "{bytes} bytes");
    }
}
