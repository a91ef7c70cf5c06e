use bellwire_core::api::{
    CallView, ConversationView, Home, Language, LocalSlot, LocalView, OfflineCause, Settings,
    SlotState,
};
use bellwire_protocol::{ConversationId, ConversationKind, EndReason, Media};

use super::*;

fn home() -> Home {
    Home {
        me: None,
        ready: true,
        status: PresenceStatus::Online,
        contacts: Vec::new(),
        invitations: Vec::new(),
        conversations: Vec::new(),
        open: None,
        history: Vec::new(),
        history_has_more: false,
        rings: Vec::new(),
        call: None,
        devices: None,
    }
}

fn face(home: Home, relay: RelayState) -> Face {
    let view = View {
        account: Account::SignedIn(Box::new(home)),
        relay_address: "calls.example.org".to_owned(),
        relay,
        clock_ahead: 0,
        skipped_frames: 0,
        notices: Vec::new(),
        settings: Settings { language: Language::En, ..Settings::default() },
    };
    Face::of(&view, &[])
}

fn call(stage: CallStage, audible: bool) -> CallView {
    let slot = |on| LocalSlot { on, state: SlotState::Off };
    CallView {
        id: CallId::from_bytes([7; 16]),
        conversation: ConversationId::from_bytes([7; 16]),
        name: "Ada".to_owned(),
        media: Media::Voice,
        outgoing: false,
        stage,
        local: LocalView {
            audio: slot(audible),
            camera: slot(false),
            screen: slot(false),
            narrow: false,
        },
        remotes: Vec::new(),
        chat_open: false,
    }
}

fn conversation(missed: u32) -> ConversationView {
    ConversationView {
        id: ConversationId::from_bytes([1; 16]),
        kind: ConversationKind::Direct,
        name: "Ada".to_owned(),
        user: None,
        username: None,
        group: None,
        presence: PresenceStatus::Online,
        missed,
        unread: 3,
        last: None,
        at: 0,
    }
}

#[test]
fn a_call_can_be_muted_and_hung_up_until_it_ends() {
    for (audible, muted) in [(true, false), (false, true)] {
        let talking = call(CallStage::Connected { since: 0 }, audible);
        let face = face(Home { call: Some(talking), ..home() }, RelayState::Online);
        assert_eq!(face.call, Some(Talk { call: CallId::from_bytes([7; 16]), muted }));
        assert_eq!((&*face.status, face.mark), ("In call with Ada", Mark::Call));
    }
    let over = call(CallStage::Ended { reason: EndReason::Ended, length_s: None }, true);
    let face = face(Home { call: Some(over), ..home() }, RelayState::Online);
    assert_eq!((face.call, face.mark), (None, Mark::Plain));
}

#[test]
fn missed_calls_are_counted_over_all_conversations() {
    let conversations = vec![conversation(1), conversation(0), conversation(2)];
    let face = face(Home { conversations, ..home() }, RelayState::Online);
    assert_eq!((&*face.status, face.mark), ("3 missed calls", Mark::Missed));
}

#[test]
fn the_status_is_that_of_the_person_where_the_relay_is_reached() {
    for (relay, status, said, dnd) in [
        (RelayState::Online, PresenceStatus::Online, "Online", false),
        (RelayState::Online, PresenceStatus::Dnd, "Do not disturb", true),
        (RelayState::Connecting, PresenceStatus::Away, "Connecting…", false),
        (
            RelayState::Offline { retry_at: 0, cause: OfflineCause::Unreachable },
            PresenceStatus::Dnd,
            "The relay cannot be reached",
            true,
        ),
    ] {
        let face = face(Home { status, ..home() }, relay);
        assert_eq!((&*face.status, face.dnd), (said, Some(dnd)));
    }
}

#[test]
fn a_mark_is_a_dot_in_the_corner_and_leaves_the_rest() {
    let width = 32;
    let plain = vec![9_u8; width * width * 4];
    for mark in [Mark::Call, Mark::Missed] {
        let mut marked = plain.clone();
        draw(mark, &mut marked, width);
        let changed: Vec<usize> =
            (0..width * width).filter(|at| marked[at * 4..][..4] != plain[at * 4..][..4]).collect();
        assert!((100..200).contains(&changed.len()), "{} pixels", changed.len());
        assert!(changed.iter().all(|at| at % width > width / 2 && at / width > width / 2));
    }
    let mut unmarked = plain.clone();
    draw(Mark::Plain, &mut unmarked, width);
    assert_eq!(unmarked, plain);
}
