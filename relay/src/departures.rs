//! Tells people of accounts that were removed: over HTTP, or by the command line, which is another
//! process. Both leave word in the store, and this task is the one that reads it.

use std::sync::Arc;
use std::time::Duration;

use bellwire_protocol::RelayMessage;
use tokio::sync::Notify;

use crate::accounts::telling;
use crate::bus::{Bus, Event};
use crate::store::{Departure, Store, StoreError};

/// How often the store is asked for what the command line left. People are told within 2 s; asking
/// costs one look-up by key.
const LOOK: Duration = Duration::from_millis(500);

/// Tells, for as long as the relay runs. `removed` is notified by whoever removes in this process.
pub(crate) async fn tell(store: Arc<dyn Store>, bus: Arc<dyn Bus>, removed: Arc<Notify>) {
    let mut told = 0;
    loop {
        if let Err(error) = tell_new(&*store, &*bus, &mut told).await {
            tracing::debug!(%error, "removed accounts are told of later");
        }
        let _ = tokio::time::timeout(LOOK, removed.notified()).await;
    }
}

/// What was told once is not told again, also while the disk takes no writes.
async fn tell_new(store: &dyn Store, bus: &dyn Bus, told: &mut i64) -> Result<(), StoreError> {
    loop {
        let departures = store.departures(*told).await?;
        let Some(last) = departures.last().map(|departure| departure.key) else { return Ok(()) };
        for departure in departures {
            publish(store, bus, departure).await;
        }
        *told = last;
        store.forget_departures(last).await?;
    }
}

async fn publish(store: &dyn Store, bus: &dyn Bus, departure: Departure) {
    let Departure { key: _, user, departed } = departure;
    bus.publish(Event::Revoked { devices: departed.devices, by: departed.by }).await;
    bus.publish(Event::Departed { user }).await;
    let message = Box::new(RelayMessage::ContactRemoved { user });
    bus.publish(Event::Tell { users: departed.contacts, except: None, message }).await;
    for (conversation, other) in departed.conversations {
        let message = Box::new(RelayMessage::ConversationRemoved { conversation });
        bus.publish(Event::Tell { users: vec![other], except: None, message }).await;
        bus.publish(Event::Related { a: user, b: other, visible: false }).await;
    }
    for (group, news) in departed.groups {
        // Whoever is not told sees it with the next snapshot; telling the others twice is worse.
        if let Err(error) = telling::of_group(store, bus, group, &news).await {
            tracing::warn!(%error, "a group is not shown without its removed member");
        }
    }
}
