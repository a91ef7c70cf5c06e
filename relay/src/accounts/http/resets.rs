//! New passwords for those who forgot theirs.

use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use bellwire_protocol::http::{
    CheckReset, NewReset, ProblemReason, Reset, ResetPassword, SignedIn,
};
use bellwire_protocol::{ErrorCode, Person, Username};

use super::answer::{Administrator, Answer, Body, Rejection, Shared};
use crate::accounts::Described;
use crate::accounts::resets::make_reset;
use crate::server::Peer;

/// Makes a code. For administrators, themselves among them, only the command line does: a session of
/// one that is left open or stolen sets no password that opens more than it.
pub(super) async fn create_reset(
    State(relay): Shared,
    Administrator(me): Administrator,
    Body(wanted): Body<NewReset>,
) -> Answer<(StatusCode, axum::Json<Reset>)> {
    let absent = || Rejection::new(ErrorCode::NotFound, Some(ProblemReason::NoSuchUser));
    let name = Username::new(wanted.username).map_err(|_| absent())?;
    let account = relay.store.account_by_name(&name).await?.ok_or_else(absent)?;
    if account.administrator {
        return Err(ErrorCode::Forbidden.into());
    }
    let now = relay.clock.wall().ms();
    let reset = make_reset(&*relay.store, now, account.person).await?.ok_or_else(absent)?;
    let (user, by) = (relay.redaction.user(reset.person.user), relay.redaction.user(me.user));
    tracing::info!(user, by, "reset.made");
    Ok((StatusCode::CREATED, axum::Json(reset)))
}

pub(super) async fn check_reset(
    State(relay): Shared,
    Extension(Peer(address)): Extension<Peer>,
    Body(CheckReset { code }): Body<CheckReset>,
) -> Answer<axum::Json<Person>> {
    relay.accounts.enter(address)?;
    Ok(axum::Json(relay.accounts.check_reset(&code, address).await?))
}

pub(super) async fn reset_password(
    State(relay): Shared,
    Extension(Peer(address)): Extension<Peer>,
    Body(reset): Body<ResetPassword>,
) -> Answer<axum::Json<SignedIn>> {
    relay.accounts.enter(address)?;
    let ResetPassword { code, new_password, device } = reset;
    let device = Described::new(device)?;
    let redeemed = relay.accounts.redeem_reset(&code, &new_password, device, address).await;
    let signed_in = redeemed?;
    tracing::info!(user = relay.redaction.user(signed_in.user), "reset.used");
    Ok(axum::Json(signed_in))
}
