//! How a call is noticed while nobody looks at the main window: a notification of the system and a
//! small window. The sound is the page's, which rings hidden as well.
//!
//! ```text
//!   View, Alert ──► Machine ──► Notifier (D-Bus · toasts · UserNotifications)
//!  focus, wishes ──►   ▲   └──► ringing window
//!                      └─────── what was pressed
//! ```
//! The machine decides; all else here carries its outputs out.

#[cfg(target_os = "linux")]
mod linux;
mod machine;
#[cfg(target_os = "macos")]
mod macos;
mod note;
mod notifier;
mod situation;
#[cfg(any(windows, test))]
mod toast;
mod window;
#[cfg(windows)]
mod windows;

use std::time::Instant;

use bellwire_core::api::{Alert, View};
use bellwire_protocol::CallId;
use tauri::{AppHandle, Manager as _};
use tokio::sync::{mpsc, watch};

use self::machine::{Input, Machine, Output};
use self::notifier::Notifier;
use self::situation::Situation;
use crate::desk::Desk;
use crate::events::Opened;
use crate::preferences::RingPreferences;
use crate::words::system_languages;

pub(crate) use note::{Button, Card, Key};
pub(crate) use window::RING;

/// What may wait for the machine: alerts, of which the core has a few for each call, and what a person
/// presses. More waits only for an app that stands still.
const INPUTS: usize = 256;

/// The handle that desk, windows and commands hold. None of it waits.
#[derive(Debug)]
pub(crate) struct Ringing {
    inputs: mpsc::Sender<Input>,
    /// Only the newest matters.
    situation: watch::Sender<Situation>,
    languages: Vec<String>,
}

impl Ringing {
    /// Starts with nobody signed in.
    pub(crate) fn start(app: AppHandle, preferences: RingPreferences) -> Self {
        let (inputs, received) = mpsc::channel(INPUTS);
        let (situation, situations) = watch::channel(Situation::default());
        tauri::async_runtime::spawn(drive(app, Machine::new(preferences), received, situations));
        Self { inputs, situation, languages: system_languages() }
    }

    /// The newest view.
    pub(crate) fn see(&self, view: &View) {
        self.situation.send_replace(Situation::of(view, &self.languages));
    }

    /// There is no view any more: its client ended.
    pub(crate) fn see_nothing(&self) {
        self.situation.send_replace(Situation::default());
    }

    /// What the core wants noticed.
    pub(crate) fn hear(&self, alert: Alert) {
        self.input(Input::Alert(alert));
    }

    /// Whether the main window is in front, with the focus.
    pub(crate) fn front(&self, front: bool) {
        self.input(Input::Front(front));
    }

    /// How the person wants calls shown.
    pub(crate) fn prefer(&self, preferences: RingPreferences) {
        self.input(Input::Preferences(preferences));
    }

    /// A button of the ringing window.
    pub(crate) fn press(&self, call: CallId, button: Button) {
        self.input(Input::Pressed(Key::Ring(call), button));
    }

    fn input(&self, input: Input) {
        // Closed while the app ends.
        if let Err(mpsc::error::TrySendError::Full(_)) = self.inputs.try_send(input) {
            tracing::error!("what shows calls stands still; something was left out");
        }
    }
}

async fn drive(
    app: AppHandle,
    mut machine: Machine,
    mut inputs: mpsc::Receiver<Input>,
    mut situations: watch::Receiver<Situation>,
) {
    let (presses, mut pressed) = mpsc::channel(INPUTS);
    let mut notifier = notifier::of_system(&app, presses);
    let start = Instant::now();
    loop {
        while let Some(output) = machine.poll() {
            perform(&app, &mut *notifier, output);
        }
        let deadline =
            machine.deadline().map(|deadline| tokio::time::Instant::from_std(start + deadline));
        let input = tokio::select! {
            // The calls that there are before what is said of them.
            biased;
            Ok(()) = situations.changed() => {
                Input::Situation(situations.borrow_and_update().clone())
            }
            input = inputs.recv() => match input {
                Some(input) => input,
                None => return,
            },
            Some((key, button)) = pressed.recv() => Input::Pressed(key, button),
            () = sleep_until(deadline) => Input::Tick,
        };
        machine.handle(start.elapsed(), input);
    }
}

async fn sleep_until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn perform(app: &AppHandle, notifier: &mut dyn Notifier, output: Output) {
    match output {
        Output::Note(key, note) => notifier.show(key, note),
        Output::Clear(key) => notifier.clear(key),
        Output::Card(card) => window::open(app, &card),
        Output::ClearCard => window::close(app),
        Output::Command(command) => app.state::<Desk>().dispatch(command),
        Output::ShowApp => crate::window::show(app),
        Output::Visit(conversation) => crate::desk::tell(app, &Opened(conversation)),
    }
}
