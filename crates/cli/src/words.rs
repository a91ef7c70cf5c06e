//! What is printed: words for people, or one JSON object a line.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is what it is for")]

use std::io::{IsTerminal as _, Write as _};

use bellwire_core::api::SlotState;
use bellwire_protocol::EndReason;
use bellwire_rtc::figures::{Figures, Route};
use bellwire_voice::devices::Devices;
use serde_json::json;

/// Prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) json: bool,
}

/// Says what went wrong.
pub(crate) fn complain(text: &str) {
    eprintln!("bellwire-cli: {text}");
}

/// Lists what there is to speak into and to hear with.
pub(crate) fn devices(devices: &Devices) {
    for (title, list) in [("Microphones", &devices.microphones), ("Speakers", &devices.speakers)] {
        println!("{title}:");
        for device in list {
            let mark = if device.default { "*" } else { " " };
            println!("  {mark} {}  ({})", device.name, device.id);
        }
        if list.is_empty() {
            println!("    none");
        }
    }
}

impl Words {
    /// One event, in words and in JSON.
    pub(crate) fn say(self, text: &str, json: &serde_json::Value) {
        if self.json {
            println!("{}", timed(json.clone()));
        } else if std::io::stderr().is_terminal() {
            // Over the live line.
            eprintln!("\r\x1b[K{text}");
        } else {
            eprintln!("{text}");
        }
    }

    /// A line on the standard output, whatever else is printed.
    pub(crate) fn list(self, text: &str, json: &serde_json::Value) {
        if self.json { println!("{}", timed(json.clone())) } else { println!("{text}") }
    }

    /// How the call goes, once a second.
    pub(crate) fn live(self, seconds: u64, figures: &Figures, level_in: f32, level_out: f32) {
        if self.json {
            let mut json = serde_json::to_value(figures).unwrap_or_default();
            json["type"] = "figures".into();
            json["levelIn"] = finite(level_in).into();
            json["levelOut"] = finite(level_out).into();
            println!("{}", timed(json));
            return;
        }
        let line = line(seconds, figures, level_in, level_out);
        if std::io::stderr().is_terminal() {
            eprint!("\r\x1b[K{line}");
            // The line is shown a second later if this fails.
            let _ = std::io::stderr().flush();
        } else {
            eprintln!("{line}");
        }
    }

    /// What this device sends changed.
    pub(crate) fn slot(self, slot: &str, state: &SlotState) {
        let text = match state {
            SlotState::Off => format!("{slot}: off"),
            SlotState::Live { label } => format!("{slot}: {label}"),
            SlotState::Unavailable { problem } => {
                format!("{slot}: {}; the call goes on without it", explain(*problem))
            }
        };
        self.say(&text, &json!({ "type": "slot", "slot": slot, "state": state }));
    }

    /// The call is over.
    pub(crate) fn ended(self, reason: EndReason, length_s: Option<u32>) {
        let length = length_s.map(|s| format!(" after {}:{:02}", s / 60, s % 60));
        let text = format!("{}{}", reason_text(reason), length.unwrap_or_default());
        self.say(&text, &json!({ "type": "ended", "reason": reason, "length_s": length_s }));
    }
}

/// With the moment, in ms since 1970.
fn timed(mut json: serde_json::Value) -> serde_json::Value {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    json["at"] = since.map_or(0.0, |since| since.as_secs_f64() * 1_000.0).into();
    json
}

fn line(seconds: u64, figures: &Figures, level_in: f32, level_out: f32) -> String {
    let round_trip =
        figures.round_trip.map_or_else(|| "-".to_owned(), |time| format!("{time:.0} ms"));
    let path = match figures.path {
        Route::Direct => "direct",
        Route::Relayed => "relayed",
        Route::RelayedTcp => "relayed over TCP",
        Route::Unknown => "no path",
    };
    format!(
        "{}:{:02}  round trip {round_trip}  loss {:.1} % up, {:.1} % down  {:.0} kbit/s up, {:.0} down  \
         level {:.0} dB in, {:.0} dB out  {:.0} fps  {path}",
        seconds / 60,
        seconds % 60,
        figures.loss_up * 100.0,
        figures.loss_down * 100.0,
        figures.bitrate_up / 1_000.0,
        figures.bitrate_down / 1_000.0,
        finite(level_in),
        finite(level_out),
        figures.frames_per_second,
    )
}

/// Silence has no level; -90 dB is less than any microphone's noise.
fn finite(level: f32) -> f32 {
    if level.is_finite() { level.max(-90.0) } else { -90.0 }
}

const fn explain(problem: bellwire_core::api::DeviceProblem) -> &'static str {
    use bellwire_core::api::DeviceProblem;
    match problem {
        DeviceProblem::Denied => "the system does not allow it",
        DeviceProblem::Missing => "there is none",
        DeviceProblem::Busy => "another program has it",
        DeviceProblem::Unplugged => "it was taken away, and is muted",
        DeviceProblem::Hung => "it does not answer",
        DeviceProblem::Dismissed => "nothing was chosen",
        DeviceProblem::Other => "it cannot be used",
    }
}

const fn reason_text(reason: EndReason) -> &'static str {
    match reason {
        EndReason::Ended => "ended",
        EndReason::Cancelled => "cancelled",
        EndReason::Declined => "declined",
        EndReason::Busy => "busy",
        EndReason::Dnd => "does not want to be disturbed",
        EndReason::NoAnswer => "no answer",
        EndReason::AnsweredElsewhere => "answered on another device",
        EndReason::DeclinedElsewhere => "declined on another device",
        EndReason::Unreachable => "not reachable; they will see a missed call",
        EndReason::Lost => "the connection was lost",
        EndReason::WindowClosed => "the other side's window was closed",
        EndReason::TimeLimit => "the relay's time limit was reached",
        EndReason::Replaced => "they called at the same moment",
        EndReason::Failed => "media could not be set up",
        EndReason::Unknown => "ended for a reason that this version does not know",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_line_has_every_figure() {
        let figures = Figures {
            bitrate_up: 512_300.0,
            bitrate_down: 48_000.0,
            loss_up: 0.021,
            loss_down: 0.0,
            round_trip: Some(12.4),
            jitter: 1.0,
            frames_per_second: 29.7,
            frame_width: 640,
            frame_height: 480,
            path: Route::RelayedTcp,
        };
        assert_eq!(
            line(61, &figures, -23.2, f32::NEG_INFINITY),
            "1:01  round trip 12 ms  loss 2.1 % up, 0.0 % down  512 kbit/s up, 48 down  \
             level -23 dB in, -90 dB out  30 fps  relayed over TCP"
        );
    }
}
