//! What everybody's requests used, and which names were told a moment ago.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use bellwire_protocol::{ErrorCode, UserId};

use super::answer::{Answer, Rejection};
use super::coalesce::{Coalescer, Named, Telling};
use super::quotas::{Quotas, class_of};
use crate::Relay;
use crate::accounts::Refused;

/// What everybody's requests used.
#[derive(Debug, Default)]
pub struct Meter {
    quotas: Mutex<Quotas>,
    names: Mutex<Coalescer>,
}

/// Counts one request of a signed-in person. One that has no row in the table is refused.
pub(super) fn count(relay: &Relay, parts: &Parts, user: UserId) -> Answer<()> {
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let Some(class) = class_of(parts.method.as_str(), path) else {
        tracing::error!(path, "a request without a budget is refused");
        return Err(ErrorCode::Internal.into());
    };
    let now = relay.clock.steady().ms();
    let mut quotas = relay.meter.quotas.lock().unwrap_or_else(PoisonError::into_inner);
    quotas.take(now, user, class).map_err(|ms| Rejection::from(Refused::Wait(ms)))
}

/// Tells others of a changed name: at once, or, where it was told a moment ago, once a little later
/// with the name that it has then.
pub(super) async fn tell_soon<F>(
    relay: &Arc<Relay>,
    named: Named,
    tell: impl FnOnce(Arc<Relay>) -> F,
) -> Answer<()>
where
    F: Future<Output = Answer<()>> + Send + 'static,
{
    let now = relay.clock.steady().ms();
    let telling = {
        let mut names = relay.meter.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.changed(now, named)
    };
    match telling {
        Telling::Now => tell(Arc::clone(relay)).await,
        Telling::Soon => Ok(()),
        Telling::At(at) => {
            let told = tell(Arc::clone(relay));
            let mut shutdown = relay.shutdown.clone();
            let wait = Duration::from_millis(at.saturating_sub(now));
            tokio::spawn(async move {
                // A relay that goes away has nobody left to tell.
                tokio::select! {
                    () = tokio::time::sleep(wait) => {
                        if told.await.is_err() {
                            tracing::warn!("a changed name is not told before the next snapshot");
                        }
                    }
                    _ = shutdown.changed() => {}
                }
            });
            Ok(())
        }
    }
}
