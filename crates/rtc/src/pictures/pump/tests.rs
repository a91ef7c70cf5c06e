use std::path::PathBuf;

use bellwire_core::api::DeviceProblem;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::pictures::sample;

fn frame(way: Way, slot: Slot, data: Vec<u8>, captured_us: u64) -> Frame {
    Frame { way, slot, picture: Picture::read(data, captured_us).expect("it looks like VP8") }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What both ends have to agree about.
fn examples() -> Value {
    let frames = [
        frame(Way::Captured, Slot::Camera, sample::key(640, 480, 14, 1), 0),
        frame(Way::Captured, Slot::Screen, sample::delta(5, 2), 1_700_000_000_123_456),
        frame(Way::Shown(PeerId(1)), Slot::Camera, sample::key(1280, 720, 12, 3), 33_333),
        frame(Way::Shown(PeerId(0x0102_0304)), Slot::Screen, sample::delta(4, 4), 1 << 40),
    ];
    let slot = Slot::Camera;
    let to_page = [
        ToPage::Capture { slot, device: None },
        ToPage::Capture { slot: Slot::Screen, device: Some("a camera".into()) },
        ToPage::Stop { slot },
        ToPage::order(slot, Order::Bitrate(600_000)),
        ToPage::order(slot, Order::Size { width: 640, height: 360 }),
        ToPage::order(slot, Order::FrameRate(15)),
        ToPage::order(slot, Order::Hold(true)),
        ToPage::order(slot, Order::Key),
        ToPage::Open { peer: PeerId(7) },
        ToPage::Close { peer: PeerId(7) },
    ];
    let from_page = [
        FromPage::State { slot, state: SlotState::Live { label: "a camera".into() } },
        FromPage::State {
            slot: Slot::Screen,
            state: SlotState::Unavailable { problem: DeviceProblem::Dismissed },
        },
        FromPage::State { slot, state: SlotState::Off },
        FromPage::Undecodable { peer: PeerId(7), slot },
    ];
    json!({
        "frames": frames.map(|frame| json!({
            "way": match frame.way { Way::Captured => "captured", Way::Shown(_) => "shown" },
            "peer": match frame.way { Way::Captured => 0, Way::Shown(peer) => peer.0 },
            "slot": frame.slot,
            "key": frame.picture.key,
            "captured_us": frame.picture.captured_us,
            "data": hex(&frame.picture.data),
            "bytes": hex(&frame.write()),
        })),
        "to_page": to_page,
        "from_page": from_page,
    })
}

#[test]
fn both_ends_agree_about_the_committed_examples() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/pump.json");
    let made = serde_json::to_string_pretty(&examples()).expect("written") + "\n";
    if std::env::var_os("BELLWIRE_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, &made).expect("golden/ can be written");
    }
    let committed = std::fs::read_to_string(&path).expect("it is committed");
    assert!(committed == made, "the format changed: BELLWIRE_WRITE_GOLDEN=1 writes it anew");
    let committed: Value = serde_json::from_str(&committed).expect("JSON");
    for text in committed["from_page"].as_array().expect("a list") {
        FromPage::read(&text.to_string()).expect("what the page says is understood");
    }
}

#[test]
fn a_frame_comes_back_as_it_was_written() {
    for way in [Way::Captured, Way::Shown(PeerId(u32::MAX))] {
        for slot in [Slot::Camera, Slot::Screen] {
            for data in [sample::key(640, 480, 90, 1), sample::delta(30, 2)] {
                let frame = frame(way, slot, data, u64::MAX);
                assert_eq!(Frame::read(&frame.write()), Ok(frame), "both ways");
            }
        }
    }
}

#[test]
fn what_is_no_frame_is_refused() {
    let good = frame(Way::Captured, Slot::Camera, sample::key(64, 48, 40, 1), 5).write();
    let with = |index: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[index] = value;
        Frame::read(&bytes)
    };
    assert_eq!(Frame::read(&good[..15]), Err(RefusedMessage::Length(15)), "half a header");
    assert_eq!(with(0, 3), Err(RefusedMessage::Header), "no such kind");
    assert_eq!(with(1, 2), Err(RefusedMessage::Header), "no such flag");
    assert_eq!(with(2, 0), Err(RefusedMessage::Header), "sound has no frames");
    assert_eq!(with(3, 1), Err(RefusedMessage::Header), "nothing is there");
    assert_eq!(with(4, 1), Err(RefusedMessage::Header), "what was captured has no peer");
    assert_eq!(with(1, 0), Err(RefusedMessage::Key), "it is a key frame");
    assert!(matches!(Frame::read(&good[..16]), Err(RefusedMessage::Frame(_))), "nothing in it");
    let long = vec![1; MAX_MESSAGE_BYTES + 1];
    assert_eq!(Frame::read(&long), Err(RefusedMessage::Length(long.len())), "too long");
}

#[test]
fn what_is_no_message_is_refused() {
    for text in ["", "{}", "[]", r#"{"type":"state"}"#, r#"{"type":"capture","slot":"camera"}"#] {
        assert_eq!(FromPage::read(text), Err(RefusedMessage::Text), "{text}");
    }
    let long = format!(r#"{{"type":"state","x":"{}"}}"#, "x".repeat(MAX_TEXT_BYTES));
    assert_eq!(FromPage::read(&long), Err(RefusedMessage::Length(long.len())), "too long");
}

proptest! {
    #[test]
    fn whatever_arrives_is_a_frame_or_refused(
        kind in 0_u8..4,
        flags in 0_u8..3,
        slot in 0_u8..4,
        zero in 0_u8..2,
        rest in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let mut bytes = vec![kind, flags, slot, zero];
        bytes.extend(rest);
        if let Ok(frame) = Frame::read(&bytes) {
            prop_assert_eq!(frame.write(), bytes, "what was understood is what was said");
        }
    }

    #[test]
    fn whatever_is_said_is_a_message_or_refused(text in ".{0,200}") {
        if let Ok(message) = FromPage::read(&text) {
            let again = serde_json::to_string(&message).expect("written");
            prop_assert_eq!(FromPage::read(&again), Ok(message), "it means the same");
        }
    }
}
