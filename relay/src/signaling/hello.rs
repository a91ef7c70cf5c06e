//! The first frames of a socket: who it is, and which session it gets.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bellwire_protocol::{
    ClientFrame, ClientMessage, ErrorCode, Me, Participant, RelayFrame, RelayMessage, Secret,
    limits,
};
use tokio::sync::oneshot;

use super::calls::Going;
use super::link::{Epoch, Link};
use super::mail::{Ended, Mail, Opening, Resuming};
use super::session::Close;
use super::socket::{End, MALFORMED, Seated, UNAUTHENTICATED};
use super::switchboard::words;
use crate::Relay;
use crate::store::StoreError;

/// An error to a socket that has no session yet.
async fn refuse(socket: &mut WebSocket, code: ErrorCode, close: Close) -> End {
    let message =
        RelayMessage::Error { re: None, code, message: words(code).into(), retry_after_ms: None };
    let text = bellwire_protocol::encode(&RelayFrame { seq: 1, message });
    match socket.send(Message::Text(text.into())).await {
        Ok(()) => End::Close(close),
        Err(_) => End::Gone(Going::Lost),
    }
}

pub(super) async fn begin(relay: &Arc<Relay>, socket: &mut WebSocket) -> Result<Seated, End> {
    let patience = Duration::from_millis(limits::HELLO_MS);
    let first = match tokio::time::timeout(patience, first_frame(socket)).await {
        Ok(first) => first?,
        Err(_) => return Err(End::Close(UNAUTHENTICATED)),
    };
    if first.len() > limits::HELLO_BYTES {
        return Err(refuse(socket, ErrorCode::TooLarge, MALFORMED).await);
    }
    let Ok(frame) = bellwire_protocol::decode::<ClientFrame>(&first) else {
        return Err(refuse(socket, ErrorCode::Malformed, MALFORMED).await);
    };
    drop(first);
    let ClientMessage::Hello { token, client: _, resume } = frame.message else {
        return Err(refuse(socket, ErrorCode::Unauthenticated, UNAUTHENTICATED).await);
    };
    let me = match relay.accounts.authenticate(&token).await {
        Ok(Some(me)) => me,
        Ok(None) => {
            return Err(refuse(socket, ErrorCode::Unauthenticated, UNAUTHENTICATED).await);
        }
        Err(error) => return Err(unavailable(socket, &error).await),
    };
    let person = relay.redaction.user(me.user);
    if let Some(resume) = resume {
        tracing::info!(user = person, "reconnect.attempt");
        match take_up(relay, &me, resume.session, resume.seq).await {
            Ok(Some((link, epoch))) => {
                tracing::info!(user = person, "reconnect.success");
                relay.metrics.reconnect("resumed");
                return Ok(Seated { me, link, epoch, notices: None });
            }
            Ok(None) => {
                tracing::info!(user = person, "reconnect.failure");
                relay.metrics.reconnect("fresh");
            }
            Err(error) => return Err(unavailable(socket, &error).await),
        }
    }
    match open(relay, me).await {
        Ok(Some(seated)) => {
            tracing::info!(user = person, "signaling.join");
            Ok(seated)
        }
        // The refresh that follows says what it was.
        Ok(None) => Err(End::Close(UNAUTHENTICATED)),
        Err(error) => Err(unavailable(socket, &error).await),
    }
}

async fn unavailable(socket: &mut WebSocket, error: &StoreError) -> End {
    tracing::error!(%error, "the store cannot be read");
    let close = Close { code: limits::close::GOING_AWAY, reason: "unavailable" };
    refuse(socket, ErrorCode::Unavailable, close).await
}

async fn first_frame(socket: &mut WebSocket) -> Result<Utf8Bytes, End> {
    loop {
        match socket.recv().await {
            Some(Ok(Message::Text(text))) => return Ok(text),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Binary(_)) | Err(_)) => return Err(End::Close(MALFORMED)),
            Some(Ok(Message::Close(_))) | None => return Err(End::Gone(Going::Lost)),
        }
    }
}

async fn take_up(
    relay: &Relay,
    me: &Me,
    token: Secret,
    seq: u64,
) -> Result<Option<(Arc<Link>, Epoch)>, StoreError> {
    let audience = relay.store.audience(me.user).await?;
    let next_token = crate::accounts::token::opaque();
    let (reply, answer) = oneshot::channel();
    let me = me.clone();
    let resuming = Resuming { me, token, seq, next_token, audience, reply };
    let _ = relay.switchboard.send(Mail::Resume(Box::new(resuming))).await;
    Ok(answer.await.ok().flatten())
}

/// Registers first and reads the store second, so that no change between the two is missed. `None`:
/// the sign-in was ended since it was checked.
async fn open(relay: &Relay, me: Me) -> Result<Option<Seated>, StoreError> {
    let link = Arc::new(Link::opening(relay.clock.steady().ms()));
    let who = Participant { user: me.user, device: me.device, name: me.display_name.clone() };
    let _ = relay.switchboard.send(Mail::Register { who, link: Arc::clone(&link) }).await;
    let read = async {
        if !relay.store.has_device(me.user, me.device).await? {
            return Ok(None);
        }
        let contacts = relay.store.contacts(me.user).await?;
        let conversations = relay.store.conversations(me.user).await?;
        let invitations = relay.store.invitations(me.user).await?;
        let notices = relay.store.notices(me.user).await?;
        let audience = relay.store.audience(me.user).await?;
        Ok(Some((contacts, conversations, invitations, notices, audience)))
    };
    let (contacts, conversations, invitations, notices, audience) = match read.await {
        Ok(Some(read)) => read,
        nothing @ (Ok(None) | Err(_)) => {
            let ended = Ended { heard_at: relay.clock.steady().ms(), going: Going::Lost };
            let gone = Mail::Gone { device: me.device, link, epoch: 0, ended };
            let _ = relay.switchboard.send(gone).await;
            return nothing.map(|_| None);
        }
    };
    let heard = notices.last().map(|notice| notice.key);
    let opening = Opening {
        me: me.clone(),
        link: Arc::clone(&link),
        token: crate::accounts::token::opaque(),
        contacts,
        conversations,
        invitations,
        notices,
        audience,
    };
    let _ = relay.switchboard.send(Mail::Open(Box::new(opening))).await;
    Ok(Some(Seated { me, link, epoch: 0, notices: heard }))
}
