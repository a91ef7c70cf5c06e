//! Microphones and speakers: which there are, and which to take.
//!
//! Devices are those of the sound server (PulseAudio, or PipeWire that speaks its language). Only
//! where none answers they are those of the kernel (ALSA).
//!
//! What a speaker plays can be recorded from its *monitor*, which servers list beside microphones.
//! It is never one of ours: a call must not send what the computer plays.

mod choice;
pub(crate) mod host;

pub(crate) use choice::choose;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long a sound server may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// What there is at the moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Devices {
    /// What sound can come from. No monitors.
    pub microphones: Vec<Device>,
    /// What sound can go to.
    pub speakers: Vec<Device>,
}

/// A microphone or a speaker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Names it to the engine, and stays the same when the machine restarts.
    pub id: String,
    /// What a person calls it.
    pub name: String,
    /// The system takes it where nobody chose.
    pub default: bool,
    /// Which device of this id it is, where the system tells: one that was away and is back is
    /// another, and what was opened of the first is not it.
    pub(crate) incarnation: u32,
}

/// What there is at the moment. Empty where there is no sound at all.
///
/// Takes some ms, and 2 s where a sound server hangs.
#[must_use]
pub fn list() -> Devices {
    let (tell, told) = mpsc::sync_channel(1);
    let ask = move || {
        let lister = host::Hosts::default().find();
        // Fails after the patience is over.
        let _ = tell.send(lister.and_then(|lister| lister.list()));
    };
    let asking = thread::Builder::new().name("devices-list".into()).spawn(ask);
    asking.ok().and_then(|_| told.recv_timeout(PATIENCE).ok()?).unwrap_or_default()
}
