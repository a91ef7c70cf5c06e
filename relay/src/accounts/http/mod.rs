//! The HTTP interface under `/api/v1`.

mod answer;
mod calls;
mod coalesce;
mod groups;
mod invites;
mod meter;
mod people;
mod quotas;
mod resets;
mod sign_in;

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use bellwire_protocol::ErrorCode;
use tracing::Instrument;

use crate::Relay;
use answer::Rejection;
pub use invites::{invite, invite_in};
pub use meter::Meter;
pub use quotas::{CLASSES, Class, class_of};

/// Longest request body in bytes; a registration with every field at its limit is under it.
const BODY_BYTES: usize = 16 * 1_024;

/// Every path under `/api/v1`.
pub fn routes() -> Router<Arc<Relay>> {
    Router::new()
        .route("/relay", get(sign_in::relay_info))
        .route("/auth/register", post(sign_in::register))
        .route("/auth/login", post(sign_in::login))
        .route("/auth/refresh", post(sign_in::refresh))
        .route("/auth/reset", post(resets::reset_password))
        .route("/auth/reset/check", post(resets::check_reset))
        .route("/auth/logout", post(sign_in::logout))
        .route("/me", get(sign_in::show_me).patch(sign_in::patch_me).delete(sign_in::delete_me))
        .route("/me/password", post(sign_in::change_password))
        .route("/devices", get(sign_in::devices))
        .route("/devices/{id}", delete(sign_in::remove_device))
        .route("/users", get(people::find_user))
        .route("/contacts", get(people::contacts).post(people::add_contact))
        .route("/contacts/{user}/accept", post(people::accept_contact))
        .route("/contacts/{user}", delete(people::remove_contact))
        .route("/blocks", post(people::block))
        .route("/blocks/{user}", delete(people::unblock))
        .route("/conversations", get(people::conversations).post(groups::create))
        .route("/conversations/{id}", get(people::conversation).patch(groups::rename))
        .route("/conversations/{id}/accept", post(groups::accept))
        .route("/conversations/{id}/decline", post(groups::decline))
        .route("/conversations/{id}/invitations", post(groups::invite))
        .route("/conversations/{id}/invitations/{user}", delete(groups::withdraw))
        .route("/conversations/{id}/members/{user}", delete(groups::remove_member))
        .route("/calls", get(calls::calls))
        .route("/calls/{id}/connection", get(calls::connection))
        .route("/invites", get(invites::invites).post(invites::create_invite))
        .route("/invites/{id}", delete(invites::remove_invite))
        .route("/resets", post(resets::create_reset))
        .fallback(|| async { Rejection::from(ErrorCode::NotFound) })
        .method_not_allowed_fallback(|| async { Rejection::from(ErrorCode::NotFound) })
        .layer(from_fn(to_its_end))
        .layer(axum::extract::DefaultBodyLimit::max(BODY_BYTES))
}

/// Carries out what may write in a task of its own. Whoever hangs up, or waits too long, drops the
/// answer and not the rest of the work: what was committed is also published.
async fn to_its_end(request: Request, next: Next) -> Response {
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let work = next.run(request).instrument(tracing::Span::current());
    match tokio::spawn(work).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "a request was not carried out to its end");
            Rejection::from(ErrorCode::Internal).into_response()
        }
    }
}

#[cfg(test)]
mod tests;
