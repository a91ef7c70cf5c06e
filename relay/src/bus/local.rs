//! The bus of a relay that is alone.

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Bus, Event};

/// Events that wait at most; a publisher waits beyond it.
const QUEUE: usize = 256;

/// Hands events to the one switchboard.
#[derive(Debug, Clone)]
pub struct LocalBus(mpsc::Sender<Event>);

impl LocalBus {
    /// The bus and the end that the switchboard reads.
    #[must_use]
    pub fn new() -> (Self, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }
}

#[async_trait]
impl Bus for LocalBus {
    async fn publish(&self, event: Event) {
        // The switchboard outlives its publishers except at the very end, when nobody listens.
        let _ = self.0.send(event).await;
    }
}
