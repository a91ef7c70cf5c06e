//! One microphone and its lines, in virtual time.
#![expect(clippy::disallowed_methods, reason = "where virtual time starts")]

use super::{Act, LINGER, Microphone};
use crate::devices::Device;
use crate::engine::binding::Bound;
use crate::engine::{LineId, MicrophoneState, Problem, Report};
use std::time::Instant;

const ONE: LineId = LineId(1);
const TWO: LineId = LineId(2);

/// What is to be done, in words.
fn acts(microphone: &mut Microphone) -> Vec<String> {
    let mut words = Vec::new();
    while let Some(act) = microphone.poll() {
        words.push(match act {
            Act::Open { opening, device } => {
                format!("open {opening} {}", device.as_deref().unwrap_or("default"))
            }
            Act::Drop => "drop".into(),
            Act::Feed(line, on) => format!("{} {}", if on { "feed" } else { "mute" }, line.0),
            Act::Report(Report::Microphone { line, state }) => match state {
                MicrophoneState::Off => format!("{} off", line.0),
                MicrophoneState::Live { label } => format!("{} live {label}", line.0),
                MicrophoneState::Unavailable { problem } => format!("{} {problem:?}", line.0),
            },
            Act::Report(report) => format!("{report:?}"),
        });
    }
    words
}

fn bound(id: &str) -> Result<Bound, Problem> {
    Ok(Bound { id: id.into(), label: id.into(), incarnation: 0 })
}

#[test]
fn every_line_is_answered_and_the_device_opened_once() {
    let (mut microphone, now) = (Microphone::new(), Instant::now());
    microphone.take(now, ONE, None);
    microphone.take(now, TWO, None);
    assert_eq!(acts(&mut microphone), ["open 1 default"], "nobody is fed yet");
    assert!(microphone.opened(now, 1, bound("built-in")), "it is waited for");
    let expected = ["feed 1", "1 live built-in", "feed 2", "2 live built-in"];
    assert_eq!(acts(&mut microphone), expected, "all at once");
    microphone.take(now, ONE, None);
    assert_eq!(acts(&mut microphone), ["feed 1", "1 live built-in"], "and again who asks again");
}

#[test]
fn it_lingers_unheard_and_is_closed_in_time() {
    let (mut microphone, now) = (Microphone::new(), Instant::now());
    microphone.take(now, ONE, None);
    microphone.opened(now, 1, bound("built-in"));
    acts(&mut microphone);
    microphone.leave(now, ONE);
    assert_eq!(acts(&mut microphone), ["mute 1", "1 off"], "muted at once, still open");
    microphone.tick(now + LINGER / 2);
    microphone.take(now + LINGER / 2, ONE, None);
    assert_eq!(acts(&mut microphone), ["feed 1", "1 live built-in"], "back at once");
    microphone.leave(now + LINGER, ONE);
    microphone.tick(now + LINGER * 2);
    assert_eq!(acts(&mut microphone), ["mute 1", "1 off", "drop"], "closed after a while");
    assert!(microphone.is_closed(), "for good");
}

#[test]
fn a_microphone_that_is_gone_is_muted_before_anything_else() {
    let (mut microphone, now) = (Microphone::new(), Instant::now());
    microphone.take(now, ONE, Some("headset".into()));
    microphone.opened(now, 1, bound("headset"));
    acts(&mut microphone);
    let left =
        Device { id: "built-in".into(), name: "built-in".into(), default: true, incarnation: 0 };
    microphone.listed(now, Some(std::slice::from_ref(&left)));
    let expected = ["drop", "mute 1", "1 Unplugged", "open 2 default"];
    assert_eq!(acts(&mut microphone), expected, "in this order");
    microphone.opened(now, 2, bound("built-in"));
    assert_eq!(acts(&mut microphone), ["feed 1", "1 live built-in"], "the default stands in");
}

#[test]
fn a_line_that_joins_while_it_is_lost_hears_so() {
    let (mut microphone, now) = (Microphone::new(), Instant::now());
    microphone.take(now, ONE, None);
    microphone.opened(now, 1, Err(Problem::Busy));
    assert_eq!(acts(&mut microphone), ["open 1 default", "mute 1", "1 Busy"], "it is busy");
    microphone.take(now, TWO, None);
    microphone.opened(now, 2, Err(Problem::Busy));
    assert_eq!(acts(&mut microphone), ["open 2 default", "mute 2", "2 Busy"], "once for each");
    microphone.leave(now, ONE);
    microphone.leave(now, TWO);
    assert_eq!(acts(&mut microphone).last().map(String::as_str), Some("drop"), "nobody waits");
    assert!(microphone.is_closed(), "nor is it tried again");
}
