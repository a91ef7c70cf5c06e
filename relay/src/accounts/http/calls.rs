//! The history of calls and how a call stands.

use axum::extract::{Query, State};
use bellwire_protocol::http::{CallConnection, Calls};
use bellwire_protocol::{CallId, ConversationId, ErrorCode};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::answer::{Answer, Asker, Named, Shared};
use crate::signaling::mail::Mail;

#[derive(Deserialize)]
pub(super) struct Page {
    conversation: Option<ConversationId>,
    before: Option<CallId>,
    limit: Option<u32>,
}

pub(super) async fn calls(
    State(relay): Shared,
    Asker(me): Asker,
    query: Result<Query<Page>, axum::extract::rejection::QueryRejection>,
) -> Answer<axum::Json<Calls>> {
    let Query(Page { conversation, before, limit }) = query.map_err(|_| ErrorCode::Malformed)?;
    let limit = limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        return Err(ErrorCode::Malformed.into());
    }
    if let Some(id) = conversation
        && relay.store.conversation(me.user, id).await?.is_none()
    {
        return Err(ErrorCode::NotFound.into());
    }
    let mut calls = relay.store.records(me.user, conversation, before, limit + 1).await?;
    let more = calls.len() > limit as usize;
    calls.truncate(limit as usize);
    let next = calls.last().filter(|_| more).map(|record| record.call_id);
    Ok(axum::Json(Calls { calls, next }))
}

pub(super) async fn connection(
    State(relay): Shared,
    Asker(me): Asker,
    Named(call_id): Named<CallId>,
) -> Answer<axum::Json<CallConnection>> {
    let (reply, answer) = oneshot::channel();
    let user = me.user;
    let _ = relay.switchboard.send(Mail::Standing { user, call_id, reply }).await;
    let standing = answer.await.ok().flatten().ok_or(ErrorCode::NotFound)?;
    Ok(axum::Json(CallConnection {
        call_id,
        state: if standing.live { "live" } else { "ringing" }.into(),
        candidates: standing.candidates,
        created_at: standing.created_at,
        updated_at: standing.updated_at,
    }))
}
