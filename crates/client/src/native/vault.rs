//! Where records are kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use bellwire_core::Record;
use tokio::sync::oneshot;

/// Keeps records between the lives of a client, sealed. May block: it lives on a thread of its own.
pub trait Vault: Send + 'static {
    /// Everything that is kept. What cannot be read is left out.
    fn load(&mut self) -> Vec<Record>;
    /// Keeps a record in place of the one with the same key, or nothing in its place where it
    /// [is forgotten](Record::is_forgotten); [`Record::Erased`] erases all.
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
        } else if record.is_forgotten() {
            records.remove(&record.key());
        } else {
            records.insert(record.key(), record);
        }
    }
}

/// Records that wait for the disk. Each waits once, in its newest form; new messages of a chat beyond
/// this are kept in memory only, until the disk is back. Raising it raises what a peer can make wait.
const WAITING: usize = 1_024;

/// What a vault's thread has to do.
#[derive(Default)]
struct Work {
    /// Everything kept before is to be erased, before anything else.
    erase: bool,
    /// What is to be written, by when it was first asked for.
    records: BTreeMap<u64, Record>,
    /// Where the record with a key is among those.
    places: BTreeMap<String, u64>,
    next_place: u64,
    /// Who waits until everything before is written.
    loads: Vec<oneshot::Sender<Vec<Record>>>,
    finishes: Vec<oneshot::Sender<()>>,
    /// Nobody asks any more.
    over: bool,
}

impl Work {
    fn put(&mut self, record: Record) {
        if matches!(record, Record::Erased) {
            self.records.clear();
            self.places.clear();
            self.erase = true;
            return;
        }
        let key = record.key();
        if let Some(place) = self.places.get(&key) {
            self.records.insert(*place, record);
        } else if self.records.len() < WAITING || !matches!(record, Record::Chat { .. }) {
            self.places.insert(key, self.next_place);
            self.records.insert(self.next_place, record);
            self.next_place += 1;
        } else {
            tracing::warn!("a message is not kept: the disk is too slow");
        }
    }

    fn is_none(&self) -> bool {
        !self.erase && self.records.is_empty() && self.loads.is_empty() && self.finishes.is_empty()
    }
}

/// Where a client leaves work for its vault's thread.
#[derive(Clone)]
struct Desk(Arc<(Mutex<Work>, Condvar)>);

impl Desk {
    fn ask(&self, change: impl FnOnce(&mut Work)) {
        change(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.1.notify_one();
    }

    /// Everything that is to be done, once there is something; `None` when nobody asks any more.
    fn take(&self) -> Option<Work> {
        let work = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut work = self
            .0
            .1
            .wait_while(work, |work| work.is_none() && !work.over)
            .unwrap_or_else(PoisonError::into_inner);
        if work.is_none() {
            return None;
        }
        let over = work.over;
        Some(std::mem::replace(&mut *work, Work { over, ..Work::default() }))
    }
}

/// A vault's thread. It ends, with everything written, when this is dropped.
pub(super) struct Keeper(Desk);

impl Keeper {
    pub(super) fn start(mut vault: impl Vault) -> Self {
        let desk = Desk(Arc::default());
        let asked = desk.clone();
        std::thread::spawn(move || {
            while let Some(work) = asked.take() {
                if work.erase {
                    vault.keep(Record::Erased);
                }
                for record in work.records.into_values() {
                    vault.keep(record);
                }
                for reply in work.loads {
                    // The client was stopped meanwhile if this fails.
                    let _ = reply.send(vault.load());
                }
                for reply in work.finishes {
                    let _ = reply.send(());
                }
            }
        });
        Self(desk)
    }

    pub(super) async fn load(&self) -> Vec<Record> {
        let (reply, records) = oneshot::channel();
        self.0.ask(|work| work.loads.push(reply));
        // Fails only if the vault panicked: nothing is kept then.
        records.await.unwrap_or_default()
    }

    pub(super) fn keep(&self, record: Record) {
        self.0.ask(|work| work.put(record));
    }

    /// Returns when everything is written.
    pub(super) async fn finish(&self) {
        let (reply, finished) = oneshot::channel();
        self.0.ask(|work| work.finishes.push(reply));
        let _ = finished.await;
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.ask(|work| work.over = true);
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

    /// A disk that stands still until it is told to go on, and counts what it writes.
    struct Stalled(Arc<(Mutex<bool>, Condvar)>, Arc<Mutex<Vec<Record>>>);

    impl Vault for Stalled {
        fn load(&mut self) -> Vec<Record> {
            Vec::new()
        }

        fn keep(&mut self, record: Record) {
            let stands = self.0.0.lock().expect("not poisoned");
            drop(self.0.1.wait_while(stands, |stands| *stands).expect("not poisoned"));
            self.1.lock().expect("not poisoned").push(record);
        }
    }

    fn chat(n: u64) -> Record {
        let conversation = bellwire_protocol::ConversationId::from_bytes([1; 16]);
        let id = bellwire_protocol::ChatId::from_parts(n, [0; 10]);
        Record::Chat { conversation, id, message: None }
    }

    #[tokio::test]
    async fn a_record_waits_once_for_a_slow_disk_and_what_waits_is_bounded() {
        let stands = Arc::new((Mutex::new(true), Condvar::new()));
        let written = Arc::new(Mutex::new(Vec::new()));
        let keeper = Keeper::start(Stalled(stands.clone(), written.clone()));
        let settings = |ring_here| Record::Settings(Settings { ring_here, ..Settings::default() });
        for n in 0..10_000 {
            keeper.keep(settings(n % 2 == 0));
            keeper.keep(chat(n));
        }
        keeper.keep(settings(false));
        *stands.0.lock().expect("not poisoned") = false;
        stands.1.notify_all();
        keeper.finish().await;
        let written = written.lock().expect("not poisoned");
        // One round may have been on its way when the disk stopped.
        assert!(written.len() <= 2 * (WAITING + 1), "{} records", written.len());
        let last = written.iter().rfind(|record| matches!(record, Record::Settings(_)));
        assert_eq!(last, Some(&settings(false)), "the newest form counts");
    }

    #[tokio::test]
    async fn what_was_to_be_kept_before_erasing_is_not_written_after_it() {
        let vault = MemoryVault::default();
        let keeper = Keeper::start(vault.clone());
        for n in 0..100 {
            keeper.keep(Record::Seen {
                conversation: bellwire_protocol::ConversationId::from_bytes([n; 16]),
                at: 1,
            });
        }
        keeper.keep(Record::Erased);
        let settings = Record::Settings(Settings::default());
        keeper.keep(settings.clone());
        assert_eq!(keeper.load().await, [settings]);
    }
}
