//! Where records are kept.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};

use bellwire_core::Record;
use tokio::sync::oneshot;

/// Keeps records between the lives of a client, sealed. May block: it lives on a thread of its own.
pub trait Vault: Send + 'static {
    /// Everything that is kept. What cannot be read is left out.
    fn load(&mut self) -> Vec<Record>;
    /// Keeps a record in place of the one with the same key; [`Record::Erased`] erases all.
    fn keep(&mut self, record: Record);
}

impl<V: Vault + ?Sized> Vault for Box<V> {
    fn load(&mut self) -> Vec<Record> {
        (**self).load()
    }

    fn keep(&mut self, record: Record) {
        (**self).keep(record);
    }
}

/// Keeps records as long as somebody has a clone of it: for tests, and for clients that shall not
/// leave a trace.
#[derive(Debug, Clone, Default)]
pub struct MemoryVault(Arc<Mutex<BTreeMap<String, Record>>>);

impl Vault for MemoryVault {
    fn load(&mut self) -> Vec<Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn keep(&mut self, record: Record) {
        let mut records = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(record, Record::Erased) {
            records.clear();
        } else {
            records.insert(record.key(), record);
        }
    }
}

enum Order {
    Load(oneshot::Sender<Vec<Record>>),
    Keep(Record),
    Finish(oneshot::Sender<()>),
}

/// A vault's thread. It ends, with everything written, when this is dropped.
#[derive(Debug)]
pub(super) struct Keeper(mpsc::Sender<Order>);

impl Keeper {
    pub(super) fn start(mut vault: impl Vault) -> Self {
        let (orders, ordered) = mpsc::channel();
        std::thread::spawn(move || {
            for order in ordered {
                match order {
                    Order::Load(reply) => drop(reply.send(vault.load())),
                    Order::Keep(record) => vault.keep(record),
                    Order::Finish(reply) => drop(reply.send(())),
                }
            }
        });
        Self(orders)
    }

    pub(super) async fn load(&self) -> Vec<Record> {
        let (reply, records) = oneshot::channel();
        // Sending fails only if the vault panicked: nothing is kept then.
        let _ = self.0.send(Order::Load(reply));
        records.await.unwrap_or_default()
    }

    pub(super) fn keep(&self, record: Record) {
        let _ = self.0.send(Order::Keep(record));
    }

    /// Returns when everything is written.
    pub(super) async fn finish(&self) {
        let (reply, finished) = oneshot::channel();
        let _ = self.0.send(Order::Finish(reply));
        let _ = finished.await;
    }
}

#[cfg(test)]
mod tests {
    use bellwire_core::api::Settings;

    use super::*;

    #[tokio::test]
    async fn a_client_started_again_finds_what_the_one_before_kept() {
        let vault = MemoryVault::default();
        let first = Keeper::start(vault.clone());
        first.keep(Record::Settings(Settings { ring_here: true, ..Settings::default() }));
        first.keep(Record::Settings(Settings { ring_here: false, ..Settings::default() }));
        first.finish().await;
        let records = Keeper::start(vault).load().await;
        let newest = Record::Settings(Settings { ring_here: false, ..Settings::default() });
        assert_eq!(records, [newest], "the later record replaces the one with the same key");
    }

    #[tokio::test]
    async fn erasing_leaves_nothing() {
        let keeper = Keeper::start(MemoryVault::default());
        keeper.keep(Record::Settings(Settings::default()));
        keeper.keep(Record::Erased);
        assert_eq!(keeper.load().await, [], "nothing is kept after erasing");
    }
}
