//! Whether the relay can do its work: the store is asked by reading and by writing.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::observe::Metrics;
use crate::store::Store;

/// How long an answer is good for. Each costs an fsync, so that somebody who asks all the time
/// must not make the disk busy.
const FRESH: Duration = Duration::from_secs(1);
/// Longest wait for an answer. Whoever asks gives up after a few seconds, 10 at most.
const PATIENCE: Duration = Duration::from_secs(3);
/// Time between two answers that nobody asked for, while all is well. Each costs an fsync.
const ROUTINE: Duration = Duration::from_secs(60);

/// What keeps the relay from its work, in words for the operator.
type Trouble = Option<String>;

/// Asks the store, and remembers what it said.
pub(crate) struct Readiness {
    store: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    last: Mutex<Option<(Instant, Trouble)>>,
}

impl Readiness {
    pub(crate) fn new(store: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { store, metrics, last: Mutex::new(None) }
    }

    /// What is wrong, as of a moment ago.
    pub(crate) async fn trouble(&self) -> Trouble {
        let asking = async {
            let mut last = self.last.lock().await;
            if let Some((at, trouble)) = &*last
                && at.elapsed() < FRESH
            {
                return trouble.clone();
            }
            let trouble = match tokio::time::timeout(PATIENCE, self.ask()).await {
                Ok(trouble) => trouble,
                Err(_) => Some("the store takes too long; does another program hold it?".into()),
            };
            let before = last.as_ref().and_then(|(_, before)| before.as_ref());
            match (before, &trouble) {
                (None, Some(trouble)) => tracing::error!(trouble, "not ready"),
                (Some(_), None) => tracing::info!("ready again"),
                (None, None) | (Some(_), Some(_)) => {}
            }
            self.metrics.store_writable.set(i64::from(trouble.is_none()));
            *last = Some((Instant::now(), trouble.clone()));
            trouble
        };
        // Behind others who ask.
        match tokio::time::timeout(PATIENCE * 2, asking).await {
            Ok(trouble) => trouble,
            Err(_) => Some("the store takes too long".into()),
        }
    }

    async fn ask(&self) -> Trouble {
        if let Err(error) = self.store.check().await {
            return Some(format!("the store cannot be read: {error}"));
        }
        let error = self.store.check_writing().await.err()?;
        Some(format!("nothing can be written: {error}"))
    }

    /// Asks where something went wrong, until it is right again, and now and then otherwise. What
    /// was replaced or is held up is found out and mended on the way.
    pub(crate) async fn watch(&self) {
        let due = match &*self.last.lock().await {
            None => true,
            Some((at, trouble)) => {
                trouble.is_some() || self.store.is_suspect() || at.elapsed() >= ROUTINE
            }
        };
        if due {
            self.trouble().await;
        }
    }
}
