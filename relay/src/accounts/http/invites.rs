//! Invitations, for administrators.

use axum::extract::State;
use axum::http::StatusCode;
use bellwire_protocol::http::{Invite, NewInvite};
use bellwire_protocol::{CallId, ErrorCode};

use super::answer::{Administrator, Answer, Body, Named, Shared};
use crate::Relay;
use crate::accounts::token;
use crate::store::{StoreError, StoredInvite};

/// Hours that an invitation is good for where nothing else is said.
const INVITE_HOURS: u32 = 168;

/// Makes an invitation that is good for this many hours.
///
/// # Errors
/// [`StoreError`].
pub async fn invite(relay: &Relay, hours: u32) -> Result<Invite, StoreError> {
    invite_in(&*relay.store, relay.clock.wall().ms(), hours).await
}

/// The same without a running relay.
///
/// # Errors
/// [`StoreError`].
pub async fn invite_in(
    store: &dyn crate::store::Store,
    now: u64,
    hours: u32,
) -> Result<Invite, StoreError> {
    let code = token::opaque();
    let id = CallId::from_parts(now, token::random()).to_bytes();
    let expires_at = now + u64::from(hours) * 3_600_000;
    let stored = StoredInvite { id, code: token::hash(&code), expires_at, used: false };
    store.add_invite(stored).await?;
    Ok(Invite { id: CallId::from_bytes(id).to_string(), code: Some(code), expires_at, used: false })
}

pub(super) async fn create_invite(
    State(relay): Shared,
    Administrator(_): Administrator,
    Body(wanted): Body<NewInvite>,
) -> Answer<(StatusCode, axum::Json<Invite>)> {
    let hours = wanted.hours.unwrap_or(INVITE_HOURS);
    if !(1..=720).contains(&hours) {
        return Err(ErrorCode::Malformed.into());
    }
    Ok((StatusCode::CREATED, axum::Json(invite(&relay, hours).await?)))
}

pub(super) async fn invites(
    State(relay): Shared,
    Administrator(_): Administrator,
) -> Answer<axum::Json<Vec<Invite>>> {
    let invites = relay.store.invites().await?.into_iter().map(|stored| Invite {
        id: CallId::from_bytes(stored.id).to_string(),
        code: None,
        expires_at: stored.expires_at,
        used: stored.used,
    });
    Ok(axum::Json(invites.collect()))
}

pub(super) async fn remove_invite(
    State(relay): Shared,
    Administrator(_): Administrator,
    Named(id): Named<CallId>,
) -> Answer<StatusCode> {
    if relay.store.remove_invite(id.to_bytes()).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ErrorCode::NotFound.into())
    }
}
