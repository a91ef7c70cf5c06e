//! The client of this device, and all who have to do with it: windows, tray, ringing.

mod day;
mod news;
mod shared_vault;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bellwire_core::api::{Command, Link, PeerEvent, PeerId};
use tauri::AppHandle;
use tokio::sync::{mpsc, oneshot};

use crate::folders::Folders;
use crate::media::{Pass, PeerFigures};
use crate::microphone_test::{MicrophoneReading, MicrophoneTest};
use day::{Day, Wish};
pub(crate) use news::tell;

/// How long quitting waits until what is kept is written.
const FAREWELL: Duration = Duration::from_secs(3);

/// Wishes that may wait: what a person presses and what a page reports of its connections in many
/// seconds. The task stands still only while the records are opened. More keeps more of the past.
const WISHES: usize = 1_024;

/// The handle that windows and tray hold. Everything happens on one task, in the order in which it
/// was wished.
#[derive(Debug)]
pub(crate) struct Desk {
    wishes: mpsc::Sender<Wish>,
    expectations: Arc<Expectations>,
    microphone: Mutex<Option<MicrophoneTest>>,
    /// It was said that too much waits.
    said_full: AtomicBool,
}

/// Why a page may open a camera or a microphone.
#[derive(Debug, Default)]
struct Expectations {
    /// A call of this device lives.
    call: AtomicBool,
    /// The person tests devices.
    test: AtomicBool,
}

impl Desk {
    /// Opens the records and waits for a window.
    pub(crate) fn start(app: AppHandle, folders: Folders) -> Self {
        let (wishes, wished) = mpsc::channel(WISHES);
        let expectations = Arc::<Expectations>::default();
        let day = Day::new(app, folders, expectations.clone(), wishes.downgrade());
        tauri::async_runtime::spawn(day.run(wished));
        let microphone = Mutex::new(None);
        Self { wishes, expectations, microphone, said_full: AtomicBool::new(false) }
    }

    /// A page is there. `webrtc`: its webview has peer connections of its own.
    pub(crate) fn attach(&self, webrtc: bool) {
        self.test_devices(false);
        self.wish(Wish::Attach { webrtc });
    }

    /// What the person wants.
    pub(crate) fn dispatch(&self, command: Command) {
        self.wish(Wish::Command(command));
    }

    /// A link was opened: the window asks the person. What is no link of ours is left out.
    pub(crate) fn open_link(&self, text: &str) {
        match Link::read(text) {
            Some(link) => self.wish(Wish::Link(link)),
            None => tracing::info!("a link was not understood and is left out"),
        }
    }

    /// What the webview's peer connections report.
    pub(crate) fn peer_event(&self, peer: PeerId, event: PeerEvent) {
        // What participants say without end comes this way too: half of the places are not for it.
        if self.wishes.capacity() > WISHES / 2 {
            self.wish(Wish::PeerEvent(peer, event));
        } else {
            self.complain();
        }
    }

    /// The person tests devices, or stopped.
    pub(crate) fn test_devices(&self, on: bool) {
        self.expectations.test.store(on, Ordering::Relaxed);
        if !on {
            self.end_microphone_test();
        }
    }

    /// Opens a microphone for a test in place of the one before.
    pub(crate) fn test_microphone(&self, device: Option<String>) -> bool {
        // Two at once would fight for a device that only one can have.
        self.end_microphone_test();
        let test = MicrophoneTest::start(device);
        let started = test.is_some();
        *self.microphone() = test;
        started
    }

    /// What the microphone under test hears.
    pub(crate) fn read_microphone(&self) -> Option<MicrophoneReading> {
        self.microphone().as_ref().map(MicrophoneTest::read)
    }

    /// Closes the microphone under test.
    pub(crate) fn end_microphone_test(&self) {
        *self.microphone() = None;
    }

    fn microphone(&self) -> std::sync::MutexGuard<'_, Option<MicrophoneTest>> {
        self.microphone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a page may open a camera or a microphone.
    pub(crate) fn expects_media(&self) -> bool {
        let Expectations { call, test } = &*self.expectations;
        call.load(Ordering::Relaxed) || test.load(Ordering::Relaxed)
    }

    /// Opens the records with a passphrase, or starts new ones under it. False if it is wrong.
    pub(crate) async fn unlock(&self, passphrase: String) -> bool {
        let (reply, answer) = oneshot::channel();
        self.wish(Wish::Unlock { passphrase, reply });
        answer.await.unwrap_or(false)
    }

    /// Keeps everything in memory until the app is quit.
    pub(crate) fn keep_in_memory(&self) {
        self.wish(Wish::KeepInMemory);
    }

    /// The newest figures of a connection that this program carries out.
    pub(crate) async fn figures(&self, peer: PeerId) -> Option<PeerFigures> {
        let (reply, figures) = oneshot::channel();
        self.wish(Wish::Figures { peer, reply });
        figures.await.ok().flatten()
    }

    /// A way for pictures between the window and a call that this program carries out.
    pub(crate) async fn open_door(&self) -> Option<Pass> {
        let (reply, pass) = oneshot::channel();
        self.wish(Wish::Door(reply));
        pass.await.ok().flatten()
    }

    /// Returns when everything is written, or after some seconds.
    pub(crate) fn stop(&self) {
        let (stopped, done) = std::sync::mpsc::sync_channel(1);
        self.wish(Wish::Stop(stopped));
        if done.recv_timeout(FAREWELL).is_err() {
            tracing::warn!("not everything may be written");
        }
    }

    fn wish(&self, wish: Wish) {
        // Closed only after `stop`.
        if let Err(mpsc::error::TrySendError::Full(_)) = self.wishes.try_send(wish) {
            self.complain();
        }
    }

    fn complain(&self) {
        if !self.said_full.swap(true, Ordering::Relaxed) {
            tracing::error!(
                "more is asked of the app than it can do at the moment; what comes on top is left \
                 out"
            );
        }
    }
}
