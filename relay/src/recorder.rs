//! Ended calls on their way into the history. What the store cannot take at present waits here.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bellwire_protocol::RelayMessage;
use tokio::sync::mpsc;

use crate::bus::{Bus, Event};
use crate::observe::Metrics;
use crate::store::{NewRecord, Store, StoreError};

/// Ended calls that wait at most, about 300 bytes each: the calls of a busy hour. One more is
/// counted and not kept.
const WAITING: usize = 1_024;
/// Between two attempts at a store that takes nothing. A shorter wait costs a busy store more, a
/// longer one shows a call later in the history.
const RETRY: Duration = Duration::from_secs(1);

/// What became of one attempt.
enum Attempt {
    /// It is in the history, from here or from before.
    Kept,
    /// It never can be.
    Unfit,
    /// Not at present.
    Later(StoreError),
}

/// The driver's parts.
pub(crate) struct Recorder {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) metrics: Arc<Metrics>,
}

impl Recorder {
    /// Writes ended calls and shows them to their people, until there are no more.
    pub(crate) async fn run(self, mut records: mpsc::Receiver<NewRecord>) {
        let mut waiting = VecDeque::new();
        let mut held_up = false;
        loop {
            let Some(next) = waiting.front().cloned() else {
                match records.recv().await {
                    Some(new) => self.add(&mut waiting, new),
                    None => return,
                }
                continue;
            };
            match self.meanwhile(&mut records, &mut waiting, self.attempt(next)).await {
                Attempt::Kept => {
                    waiting.pop_front();
                    if std::mem::take(&mut held_up) {
                        tracing::info!("ended calls are written again");
                    }
                }
                Attempt::Unfit => {
                    waiting.pop_front();
                    self.metrics.records_refused.inc();
                }
                Attempt::Later(error) => {
                    self.metrics.record_retries.inc();
                    if !std::mem::replace(&mut held_up, true) {
                        tracing::error!(%error, "ended calls wait for the store");
                    }
                    // The others do not wait for the one that is in the way, if it is one.
                    waiting.rotate_left(1);
                    let pause = tokio::time::sleep(RETRY);
                    self.meanwhile(&mut records, &mut waiting, pause).await;
                }
            }
            self.count(&waiting);
        }
    }

    /// Takes new ones in until something is done.
    async fn meanwhile<T>(
        &self,
        records: &mut mpsc::Receiver<NewRecord>,
        waiting: &mut VecDeque<NewRecord>,
        doing: impl Future<Output = T>,
    ) -> T {
        let mut doing = std::pin::pin!(doing);
        loop {
            tokio::select! {
                biased;
                done = &mut doing => return done,
                Some(new) = records.recv() => self.add(waiting, new),
            }
        }
    }

    fn add(&self, waiting: &mut VecDeque<NewRecord>, new: NewRecord) {
        if waiting.len() < WAITING {
            waiting.push_back(new);
        } else {
            self.metrics.records_refused.inc();
            tracing::error!("a call is not kept in the history: too many wait for the store");
        }
        self.count(waiting);
    }

    fn count(&self, waiting: &VecDeque<NewRecord>) {
        self.metrics.records_waiting.set(i64::try_from(waiting.len()).unwrap_or(i64::MAX));
    }

    async fn attempt(&self, new: NewRecord) -> Attempt {
        let (record, users) = (new.record.clone(), new.audience.clone());
        match self.store.add_record(new).await {
            Ok(true) => {
                let message = Box::new(RelayMessage::CallRecorded { record });
                self.bus.publish(Event::Tell { users, except: None, message }).await;
                Attempt::Kept
            }
            // Nobody is told another story about a call that is in the history.
            Ok(false) => {
                tracing::warn!("a call that is in the history ended again");
                Attempt::Kept
            }
            Err(error @ StoreError::Unfit(_)) => {
                tracing::error!(%error, "a call is not kept in the history");
                Attempt::Unfit
            }
            Err(
                error @ (StoreError::Full
                | StoreError::ReadOnly(_)
                | StoreError::Disk(_)
                | StoreError::Locked
                | StoreError::Damaged(_)
                | StoreError::Newer { .. }
                | StoreError::Unopened(_)
                | StoreError::Fault(_)),
            ) => Attempt::Later(error),
        }
    }
}
