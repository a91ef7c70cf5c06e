//! Whatever the far end sends: refused or understood, never a panic, never over the limits.

use bellwire_protocol::{
    Candidate, ChannelMessage, ClientFrame, ClientMessage, DisplayName, FrameError, RelayFrame,
    Sdp, Secret, Ufrag, Username, decode, limits,
};
use proptest::prelude::*;

#[test]
fn a_message_of_an_unknown_type_is_unknown_and_not_an_error() {
    let frame: ClientFrame = decode(r#"{"id":9,"type":"hologram","depth":[1,2]}"#).expect("read");
    assert_eq!(frame.id, Some(9), "the id is there for the answer");
    assert_eq!(frame.message, ClientMessage::Unknown);
    let channel: ChannelMessage = decode(r#"{"type":"hologram"}"#).expect("read");
    assert_eq!(channel, ChannelMessage::Unknown);
}

#[test]
fn unknown_fields_are_ignored_for_newer_far_ends() {
    let frame: ClientFrame = decode(r#"{"type":"ping","t":1,"colour":"red"}"#).expect("read");
    assert_eq!(frame.message, ClientMessage::Ping { t: 1 });
}

#[test]
fn frames_that_mean_nothing_are_malformed() {
    for text in [
        "",
        " ",
        "null",
        "[]",
        "1",
        "\"ping\"",
        "{",
        "{}",
        r#"{"type":1}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"ping","t":-1}"#,
        r#"{"type":"ping","t":1.5}"#,
        r#"{"type":"ping","t":"1"}"#,
        r#"{"id":-1,"type":"ping","t":1}"#,
        r#"{"type":"call_cancel","call_id":"x"}"#,
        r#"{"type":"ping","t":1}{"type":"ping","t":1}"#,
        "\u{0}",
    ] {
        assert!(
            matches!(decode::<ClientFrame>(text), Err(FrameError::Malformed)),
            "{text:?} was understood"
        );
    }
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert!(decode::<ClientFrame>(&deep).is_err(), "nesting is bounded");
    let nested =
        format!(r#"{{"type":"hologram","x":{}1{}}}"#, "[".repeat(20_000), "]".repeat(20_000));
    assert!(decode::<ClientFrame>(&nested).is_err(), "nesting inside unknown messages is bounded");
}

#[test]
fn a_frame_over_the_limit_is_refused_unread() {
    let long = " ".repeat(limits::FRAME_BYTES + 1);
    assert!(matches!(decode::<ClientFrame>(&long), Err(FrameError::TooLarge(_))));
}

#[test]
fn texts_keep_to_their_limits() {
    assert!(Username::new("ada").is_ok());
    for bad in ["a", "", "Ada", "ada lovelace", ".ada", "-ada", "ädä", "ada\n", &"a".repeat(33)] {
        assert!(Username::new(bad).is_err(), "{bad:?} is no user name");
    }
    for bad in ["", "   ", "a\u{202E}b", "a\u{200B}b", "a\0b", "a\nb", &"x".repeat(129)] {
        assert!(DisplayName::new(bad).is_err(), "{bad:?} is no display name");
    }
    assert!(DisplayName::new("Ada Λάβλεϊς 🎩").is_ok());
    assert!(Candidate::new("candidate:1\r\na=evil").is_err(), "one line only");
    assert!(Ufrag::new("a b").is_err());
    assert!(Sdp::new("x".repeat(Sdp::MAX_BYTES + 1)).is_err());
}

#[test]
fn debug_never_shows_what_opens_doors_or_names_people() {
    let shown = format!(
        "{:?} {:?} {:?} {:?} {:?}",
        Secret::new("hunter2hunter2").expect("a secret"),
        Sdp::new("v=0 hunter2").expect("a description"),
        Candidate::new("candidate:hunter2").expect("a candidate"),
        Username::new("hunter2").expect("a user name"),
        DisplayName::new("hunter2").expect("a display name"),
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}

proptest! {
    #[test]
    fn what_a_candidate_lets_through_is_one_bounded_line(text in "[ -~\\r\\n\\u{0}-\\u{ff}]{0,1200}") {
        if let Ok(candidate) = Candidate::new(text.clone()) {
            prop_assert!(candidate.as_str().len() <= Candidate::MAX_BYTES);
            prop_assert!(!candidate.as_str().contains(['\r', '\n']));
        }
        if let Ok(ufrag) = Ufrag::new(text) {
            prop_assert!(ufrag.as_str().is_ascii() && ufrag.as_str().len() <= Ufrag::MAX_BYTES);
        }
    }

    #[test]
    fn no_text_makes_a_parser_panic(text in any::<String>()) {
        let _ = decode::<ClientFrame>(&text);
        let _ = decode::<RelayFrame>(&text);
        let _ = decode::<ChannelMessage>(&text);
    }

    #[test]
    fn no_json_object_makes_a_parser_panic(
        kind in "[a-z_]{0,16}", key in "[a-z_]{0,12}", value in any::<String>(), number in any::<i64>()
    ) {
        let text = serde_json::json!({ "type": kind, "seq": number, key: value }).to_string();
        let _ = decode::<ClientFrame>(&text);
        let _ = decode::<RelayFrame>(&text);
    }

    #[test]
    fn what_was_read_can_be_written_and_read_again(n in any::<u64>(), t in any::<u64>()) {
        let text = serde_json::json!({ "type": "pong", "seq": n, "t": t, "server_time": 0 }).to_string();
        let frame: RelayFrame = decode(&text).expect("a pong");
        let again: RelayFrame = decode(&bellwire_protocol::encode(&frame)).expect("the same pong");
        prop_assert_eq!(frame, again);
    }
}
