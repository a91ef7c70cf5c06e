//! How requests are read and how they are answered.

use std::sync::Arc;

use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bellwire_protocol::http::{Problem, ProblemReason};
use bellwire_protocol::{DisplayName, ErrorCode, Me, Secret};
use serde::de::DeserializeOwned;

use crate::Relay;
use crate::accounts::{Refused, names};
use crate::signaling::switchboard::words;
use crate::store::StoreError;

pub(super) type Shared = State<Arc<Relay>>;

/// A refusal as RFC 9457 writes it.
#[derive(Debug)]
pub(super) struct Rejection(Problem);

impl Rejection {
    pub(super) fn new(code: ErrorCode, reason: Option<ProblemReason>) -> Self {
        let status = status(code);
        let title = words(code).into();
        Self(Problem { status: status.as_u16(), title, code, reason, retry_after_ms: None })
    }
}

impl From<ErrorCode> for Rejection {
    fn from(code: ErrorCode) -> Self {
        Self::new(code, None)
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        Self::new(ErrorCode::Unavailable, Some(ProblemReason::StoreUnavailable))
    }
}

impl From<Refused> for Rejection {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Because(code, reason) => Self::new(code, reason),
            Refused::Wait(ms) => {
                let mut rejection = Self::from(ErrorCode::RateLimited);
                rejection.0.retry_after_ms = Some(ms);
                rejection
            }
            Refused::Store(error) => error.into(),
        }
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let Self(problem) = self;
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let body = bellwire_protocol::encode(&problem);
        let kind = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, kind)], body).into_response();
        if let Some(ms) = problem.retry_after_ms {
            let seconds = HeaderValue::from(ms.div_ceil(1_000));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

fn status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::Malformed => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Busy | ErrorCode::Stale => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Internal | ErrorCode::Unknown => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

pub(super) type Answer<T> = Result<T, Rejection>;

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Relay>> for Body<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &Arc<Relay>) -> Answer<Self> {
        match axum::Json::<T>::from_request(request, state).await {
            Ok(axum::Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(e))
                if e.status() == StatusCode::PAYLOAD_TOO_LARGE =>
            {
                Err(ErrorCode::TooLarge.into())
            }
            Err(_) => Err(ErrorCode::Malformed.into()),
        }
    }
}

/// The signed-in asker. Every request of one is counted here.
pub(super) struct Asker(pub(super) Me);

impl FromRequestParts<Arc<Relay>> for Asker {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, relay: &Arc<Relay>) -> Answer<Self> {
        let invalid =
            || Rejection::new(ErrorCode::Unauthenticated, Some(ProblemReason::TokenInvalid));
        let token = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .and_then(|token| Secret::new(token).ok())
            .ok_or_else(invalid)?;
        let me = relay.accounts.authenticate(&token).await?.ok_or_else(invalid)?;
        super::meter::count(relay, parts, me.user)?;
        Ok(Self(me))
    }
}

/// A signed-in administrator. Somebody else is refused before what they want is read.
pub(super) struct Administrator(pub(super) Me);

impl FromRequestParts<Arc<Relay>> for Administrator {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, relay: &Arc<Relay>) -> Answer<Self> {
        let Asker(me) = Asker::from_request_parts(parts, relay).await?;
        if me.administrator { Ok(Self(me)) } else { Err(ErrorCode::Forbidden.into()) }
    }
}

/// An id in the path. What is not one names nothing.
pub(super) struct Named<T>(pub(super) T);

impl<T: std::str::FromStr + Send> FromRequestParts<Arc<Relay>> for Named<T> {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, relay: &Arc<Relay>) -> Answer<Self> {
        let Path(text) = Path::<String>::from_request_parts(parts, relay)
            .await
            .map_err(|_| ErrorCode::NotFound)?;
        text.parse().map(Self).map_err(|_| ErrorCode::NotFound.into())
    }
}

/// Two ids in the path.
pub(super) struct NamedPair<A, B>(pub(super) A, pub(super) B);

impl<A, B> FromRequestParts<Arc<Relay>> for NamedPair<A, B>
where
    A: std::str::FromStr + Send,
    B: std::str::FromStr + Send,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, relay: &Arc<Relay>) -> Answer<Self> {
        let Path((first, second)) = Path::<(String, String)>::from_request_parts(parts, relay)
            .await
            .map_err(|_| ErrorCode::NotFound)?;
        let absent = || Rejection::from(ErrorCode::NotFound);
        Ok(Self(first.parse().map_err(|_| absent())?, second.parse().map_err(|_| absent())?))
    }
}

/// A name that is to be kept, in the form in which it is.
pub(super) fn new_name(typed: DisplayName) -> Answer<DisplayName> {
    let invalid = ProblemReason::DisplayNameInvalid;
    names::shown(typed.as_str()).ok_or_else(|| Rejection::new(ErrorCode::Malformed, Some(invalid)))
}
