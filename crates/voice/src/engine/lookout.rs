//! The thread that lists devices, and when it is asked to.

use super::keeper::Event;
use crate::devices::host::Hosts;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How often devices are listed where nobody tells of changes. For so long a microphone that was
/// unplugged may stay one that the system put in its place; a listing takes 2 ms.
const LIST: Duration = Duration::from_millis(200);
/// How often they are where a sound server tells: names of devices change without news.
const LIST_WATCHED: Duration = Duration::from_secs(2);

/// The keeper's end of it.
pub(super) struct Lookout {
    ask: mpsc::SyncSender<()>,
    /// Nobody answered yet.
    asked: bool,
    listed: Option<Instant>,
    /// The last answer came from who tells of changes.
    watched: bool,
    news: bool,
}

impl Lookout {
    /// Starts the thread. It answers with [`Event::Listed`], tells [`Event::News`] meanwhile, and
    /// ends with this.
    pub(super) fn start(hosts: Hosts, events: mpsc::SyncSender<Event>) -> std::io::Result<Self> {
        let (ask, asked) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("devices-list".into())
            .spawn(move || answer(&hosts, &asked, &events))?;
        Ok(Self { ask, asked: false, listed: None, watched: false, news: false })
    }

    /// Asks, if it is time to.
    pub(super) fn look(&mut self, now: Instant) {
        let every = if self.watched { LIST_WATCHED } else { LIST };
        let due = self.listed.is_none_or(|at| now.saturating_duration_since(at) >= every);
        if (due || self.news) && !self.asked && self.ask.try_send(()).is_ok() {
            self.asked = true;
            self.news = false;
        }
    }

    /// Something changed: the next look asks.
    pub(super) const fn on_news(&mut self) {
        self.news = true;
    }

    /// It answered.
    pub(super) const fn on_listed(&mut self, now: Instant, watched: bool) {
        self.asked = false;
        self.listed = Some(now);
        self.watched = watched;
    }
}

fn answer(hosts: &Hosts, asked: &mpsc::Receiver<()>, events: &mpsc::SyncSender<Event>) {
    let mut lister = None;
    let mut watched = false;
    while asked.recv().is_ok() {
        if lister.is_none() {
            lister = hosts.find();
            let events = events.clone();
            // Without room the keeper lists again in its own time; the server must not wait for it.
            let tell = move || drop(events.try_send(Event::News));
            watched = lister.as_ref().is_some_and(|lister| lister.watch(tell));
        }
        let devices = lister.as_ref().and_then(|lister| lister.list());
        if devices.is_none() {
            (lister, watched) = (None, false);
        }
        if events.send(Event::Listed { devices, watched }).is_err() {
            return;
        }
    }
}
