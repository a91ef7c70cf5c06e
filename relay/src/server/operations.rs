//! The operator's pages: health, metrics, who is connected, which calls there are.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bellwire_protocol::CallId;
use tokio::sync::oneshot;

use super::healthy;
use crate::relay::{Relay, Shutdown};
use crate::signaling::mail::{Mail, Overview};

pub(super) fn routes(relay: Arc<Relay>) -> Router {
    Router::new()
        .route("/healthz", get(healthy))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/admin/connections", get(connections))
        .route("/admin/calls", get(calls))
        .route("/admin/calls/{id}", get(call))
        .with_state(relay)
}

async fn ready(State(relay): State<Arc<Relay>>) -> Response {
    if *relay.shutdown.borrow() != Shutdown::Running {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    match relay.readiness.trouble().await {
        None => "ready\n".into_response(),
        Some(trouble) => (StatusCode::SERVICE_UNAVAILABLE, format!("{trouble}\n")).into_response(),
    }
}

async fn metrics(State(relay): State<Arc<Relay>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let kind: (HeaderName, &str) = (header::CONTENT_TYPE, kind);
    ([kind], relay.metrics.text()).into_response()
}

async fn overview(relay: &Relay) -> Result<Overview, StatusCode> {
    let (reply, answer) = oneshot::channel();
    let _ = relay.switchboard.send(Mail::Overview(reply)).await;
    answer.await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)
}

/// One session, for the operator.
#[derive(Debug, serde::Serialize)]
struct ConnectionLine {
    user: String,
    connected: bool,
}

/// One call, for the operator.
#[derive(Debug, serde::Serialize)]
struct CallLine {
    call_id: CallId,
    state: &'static str,
    devices: usize,
    candidates: u32,
    created_at: u64,
    updated_at: u64,
}

async fn connections(
    State(relay): State<Arc<Relay>>,
) -> Result<axum::Json<Vec<ConnectionLine>>, StatusCode> {
    let sessions = overview(&relay).await?.sessions.into_iter();
    let lines = sessions
        .map(|(user, connected)| ConnectionLine { user: relay.redaction.user(user), connected });
    Ok(axum::Json(lines.collect()))
}

async fn call_lines(relay: &Relay) -> Result<Vec<CallLine>, StatusCode> {
    let calls = overview(relay).await?.calls.into_iter();
    let lines = calls.map(|standing| CallLine {
        call_id: standing.call_id,
        state: if standing.live { "live" } else { "ringing" },
        devices: standing.devices,
        candidates: standing.candidates,
        created_at: standing.created_at,
        updated_at: standing.updated_at,
    });
    Ok(lines.collect())
}

async fn calls(State(relay): State<Arc<Relay>>) -> Result<axum::Json<Vec<CallLine>>, StatusCode> {
    Ok(axum::Json(call_lines(&relay).await?))
}

async fn call(
    State(relay): State<Arc<Relay>>,
    Path(id): Path<String>,
) -> Result<axum::Json<CallLine>, StatusCode> {
    let id: CallId = id.parse().map_err(|_| StatusCode::NOT_FOUND)?;
    let line = call_lines(&relay).await?.into_iter().find(|line| line.call_id == id);
    line.map(axum::Json).ok_or(StatusCode::NOT_FOUND)
}
