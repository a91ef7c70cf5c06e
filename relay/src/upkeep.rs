//! What the relay does beside its people: it forgets what is old, watches the clock, the store and
//! the log, and notices what the command line removed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::bus::Event;
use crate::calendar::{Calendar, Look, Set};
use crate::clock::Steady;
use crate::observe::logging::lost_lines;
use crate::relay::Relay;
use crate::signaling::mail::Mail;
use crate::store::{EndedBy, Misdated, StoreError};

/// How often the store is asked whether sign-ins went. Their sockets have to close within 2 s.
const LOOK: Duration = Duration::from_secs(1);
/// How often old history is forgotten, in ms.
const PRUNE_MS: u64 = 3_600_000;

/// Looks after everything, until it is aborted.
pub(crate) async fn keep_up(relay: Arc<Relay>) {
    let mut upkeep = Upkeep {
        removals: relay.store.removals().await.ok(),
        relay,
        calendar: None,
        newest_call: 0,
        begins: false,
        misdated: VecDeque::new(),
        pruned: None,
        lost_lines: 0,
    };
    loop {
        upkeep.look_at_the_clock().await;
        upkeep.prune().await;
        upkeep.relay.readiness.watch().await;
        upkeep.look_at_the_log();
        upkeep.look_for_removals().await;
        tokio::time::sleep(LOOK).await;
    }
}

struct Upkeep {
    relay: Arc<Relay>,
    /// Absent until the store said when the clock was last believed.
    calendar: Option<Calendar>,
    /// The newest call that is from before the clock as it is.
    newest_call: i64,
    /// A stretch of dates began, and the store did not say yet which call is the newest before it.
    begins: bool,
    /// Dates that the store has still to move: one for each time that somebody set the clock.
    misdated: VecDeque<Misdated>,
    pruned: Option<Steady>,
    lost_lines: u64,
    removals: Option<i64>,
}

impl Upkeep {
    async fn look_at_the_clock(&mut self) {
        let (wall, steady) = (self.relay.clock.wall(), self.relay.clock.steady());
        let look = match &mut self.calendar {
            Some(calendar) => calendar.look(wall, steady),
            None => {
                let store = &self.relay.store;
                let known =
                    async { Ok((store.clock_believed().await?, store.newest_call().await?)) };
                let known: Result<_, StoreError> = known.await;
                let Ok((believed, newest_call)) = known else { return };
                let believed = believed.map(crate::clock::Wall::from_ms);
                let (calendar, look) = Calendar::new(believed, wall, steady);
                self.calendar = Some(calendar);
                self.newest_call = newest_call;
                look
            }
        };
        self.heed(&look);
        while let Some(misdated) = self.misdated.front().copied() {
            if let Err(error) = self.relay.store.redate(misdated).await {
                tracing::warn!(%error, "dates of a clock that was wrong are not moved yet");
                return;
            }
            self.misdated.pop_front();
            self.relay.metrics.clock_sets.inc();
        }
        if self.begins
            && let Ok(newest_call) = self.relay.store.newest_call().await
        {
            self.newest_call = newest_call;
            self.begins = false;
        }
    }

    fn heed(&mut self, look: &Look) {
        if let Some(Set { from, to, by }) = look.misdated {
            let (from, to, after) = (from.ms(), to.ms(), self.newest_call);
            self.misdated.push_back(Misdated { from, to, by, after });
            let by_s = by / 1_000;
            tracing::warn!(by_s, "the system's clock was set; what it had dated is moved");
        } else if let Some(by) = look.set {
            self.relay.metrics.clock_sets.inc();
            let by_s = by / 1_000;
            tracing::warn!(by_s, "the system's clock was set; what it had dated stays as it is");
        }
        self.begins |= look.begins;
        if let Some(ahead_ms) = look.doubted {
            let days = ahead_ms / 86_400_000;
            tracing::warn!(
                days,
                "the system's clock is so many days ahead of when the relay last ran: nothing is \
                 forgotten by its date until it has run on for a day. Where it is wrong, set it: \
                 what it dates meanwhile follows"
            );
        }
        if look.settled {
            tracing::info!("the system's clock is believed again");
        }
        let believed = self.calendar.as_ref().is_some_and(Calendar::is_believed);
        self.relay.metrics.clock_believed.set(i64::from(believed));
    }

    async fn prune(&mut self) {
        let (wall, steady) = (self.relay.clock.wall(), self.relay.clock.steady());
        let due = |at: Steady| steady.ms().saturating_sub(at.ms()) >= PRUNE_MS;
        let Some(calendar) = self.calendar.as_mut().filter(|calendar| calendar.is_believed())
        else {
            return;
        };
        if !self.pruned.is_none_or(due) || !self.misdated.is_empty() {
            return;
        }
        self.pruned = Some(steady);
        let kept = u64::from(self.relay.config.history_days) * 86_400_000;
        let before = wall.ms().saturating_sub(kept);
        if let Err(error) = self.relay.store.prune_records(before).await {
            tracing::warn!(%error, "old history is not forgotten yet");
        }
        if let Err(error) = self.relay.accounts.prune().await {
            tracing::warn!(%error, "old sign-ins are not forgotten yet");
        }
        if let Some(believed) = calendar.believe(wall, steady)
            && let Err(error) = self.relay.store.believe_clock(believed.ms()).await
        {
            tracing::warn!(%error, "that the clock is right is not remembered yet");
        }
    }

    fn look_at_the_log(&mut self) {
        let lost = lost_lines();
        if lost > self.lost_lines {
            tracing::warn!(lines = lost - self.lost_lines, "lines of the log were lost");
            self.lost_lines = lost;
        }
    }

    async fn look_for_removals(&mut self) {
        // Seen only once it is done: what fails is tried again at the next look.
        let Ok(removals) = self.relay.store.removals().await else { return };
        if self.removals != Some(removals) && revoke_missing(&self.relay).await.is_ok() {
            self.removals = Some(removals);
        }
    }
}

async fn revoke_missing(relay: &Relay) -> Result<(), StoreError> {
    let (reply, connected) = tokio::sync::oneshot::channel();
    let _ = relay.switchboard.send(Mail::Devices(reply)).await;
    // Without a switchboard nobody is connected.
    let Ok(connected) = connected.await else { return Ok(()) };
    let devices = relay.store.missing_devices(&connected).await?;
    // Whose wish it was, the refresh of the client tells.
    relay.bus.publish(Event::Revoked { devices, by: EndedBy::Other }).await;
    Ok(())
}
