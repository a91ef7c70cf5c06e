//! The situations that people get into, by name.

use bellwire_core::api::{
    Alert, CallStage, Command, Delivery, Entry, NoticeText, PeerCommand, PeerEvent, Pictures, Slot,
    SlotState,
};
use bellwire_core::{Input, LinkEvent, Record};
use bellwire_protocol::limits::SEAT_LEFT_MS;
use bellwire_protocol::{
    ChannelMessage, ChatId, ChatText, ClientMessage, DeviceTrouble, EndReason, Media, MediaState,
    Offer, OfferId, PresenceStatus, RejectReason, RelayFrame, RelayMessage, Sdp, Unavailable,
    encode,
};

use crate::relay::EPOCH;
use crate::world::{World, user};

fn said(world: &World, node: usize, wanted: impl Fn(&ClientMessage) -> bool) -> usize {
    world.nodes[node].sent.iter().filter(|message| wanted(message)).count()
}

#[test]
fn a_call_is_placed_accepted_and_hung_up() {
    let mut world = World::new(1, &[1, 2]);
    world.place(0, Media::Video);
    assert!(matches!(world.stage(0), Some(CallStage::Dialling { ringing: false })));
    world.run(300);
    assert!(matches!(world.stage(0), Some(CallStage::Dialling { ringing: true })));
    assert!(world.nodes[1].executor.pcs.is_empty(), "nothing is opened while it rings");
    assert!(world.has_alert(1, |alert| matches!(alert, Alert::Ring { .. })));
    world.accept(1, Media::Video);
    world.run(1_000);
    assert!(world.is_connected(0) && world.is_connected(1));
    assert!(world.sends(0, Slot::Camera) && world.sends(1, Slot::Camera));
    world.run(30_000);
    assert!(world.is_connected(0) && world.is_connected(1), "it stays so");
    assert_eq!(world.nodes[0].executor.pcs.len(), 1, "on one connection");
    world.hang_up(0);
    world.run(200);
    assert_eq!(world.ended(0), Some(EndReason::Ended));
    assert_eq!(world.ended(1), Some(EndReason::Ended));
    assert_eq!(world.relay.live_calls(), 0);
}

#[test]
fn after_accept_the_path_needs_half_a_round_trip_and_the_executors() {
    let mut world = World::new(2, &[1, 2]);
    world.delay = 1;
    world.place(0, Media::Voice);
    world.run(100);
    world.accept(1, Media::Voice);
    world.run(100);
    assert!(world.is_connected(0) && world.is_connected(1), "nothing waits for a timer");
    let set_up =
        said(&world, 0, |m| matches!(m, ClientMessage::CallReport { setup_ms: Some(_), .. }));
    assert_eq!(set_up, 1, "the set-up time is reported once");
}

#[test]
fn a_declined_call_ends_as_declined() {
    let mut world = World::new(3, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.decline(1);
    world.run(300);
    assert_eq!(world.ended(0), Some(EndReason::Declined));
    assert!(world.home(1).rings.is_empty());
    assert!(
        !world.has_alert(1, |alert| matches!(alert, Alert::Missed { .. })),
        "refused is not missed"
    );
}

#[test]
fn a_cancelled_call_is_missed_by_the_other() {
    let mut world = World::new(4, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.hang_up(0);
    assert_eq!(world.ended(0), Some(EndReason::Cancelled));
    world.run(300);
    assert!(world.home(1).rings.is_empty());
    assert!(world.has_alert(1, |alert| matches!(alert, Alert::Missed { .. })));
    assert!(world.nodes[1].executor.pcs.is_empty());
}

#[test]
fn a_cancel_before_the_offer_is_made_rings_nobody() {
    let mut world = World::new(5, &[1, 2]);
    world.place(0, Media::Voice);
    world.hang_up(0);
    world.run(2_000);
    assert_eq!(world.ended(0), Some(EndReason::Cancelled));
    assert_eq!(said(&world, 0, |m| matches!(m, ClientMessage::CallInitiate { .. })), 0);
    assert!(world.nodes[1].alerts.is_empty());
}

#[test]
fn cancel_and_accept_that_cross_converge() {
    for seed in 0..100 {
        let mut world = World::new(seed, &[1, 2]);
        world.place(0, Media::Voice);
        world.run(300);
        world.hang_up(0);
        let wait = world.dice.roll(30);
        world.run(wait);
        world.accept(1, Media::Voice);
        world.run(2_000);
        assert!(world.ended(0).is_some() && !world.is_in_call(1), "seed {seed}");
        assert_eq!(world.relay.live_calls(), 0, "seed {seed}");
    }
}

#[test]
fn ringing_and_dialling_end_without_a_network() {
    let mut world = World::new(6, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.set_link(0, false);
    world.set_link(1, false);
    world.run(58_000);
    assert_eq!(world.home(1).rings.len(), 1, "it still rings");
    world.run(2_000);
    assert!(world.home(1).rings.is_empty(), "sixty seconds are over");
    assert!(world.has_alert(1, |alert| matches!(alert, Alert::Missed { .. })));
    world.run(5_000);
    assert_eq!(world.ended(0), Some(EndReason::NoAnswer));
}

#[test]
fn nobody_answers() {
    let mut world = World::new(7, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(61_000);
    assert_eq!(world.ended(0), Some(EndReason::NoAnswer));
    assert!(world.home(1).rings.is_empty());
}

#[test]
fn a_busy_person_is_not_disturbed() {
    let mut world = World::new(8, &[1, 2, 3]);
    world.connect(Media::Video);
    let conversation = world.third;
    world.command(2, Command::PlaceCall { conversation, media: Media::Voice });
    world.run(1_000);
    assert_eq!(world.ended(2), Some(EndReason::Busy));
    assert!(world.home(1).rings.is_empty() && world.is_connected(1));
    let rings =
        world.nodes[1].alerts.iter().filter(|alert| matches!(alert, Alert::Ring { .. })).count();
    assert_eq!(rings, 1, "only the first call rang");
}

#[test]
fn who_does_not_want_to_be_disturbed_is_not() {
    let mut world = World::new(9, &[1, 2]);
    world.command(1, Command::SetStatus { status: PresenceStatus::Dnd });
    world.place(0, Media::Voice);
    world.run(500);
    assert_eq!(world.ended(0), Some(EndReason::Dnd));
    assert!(world.nodes[1].alerts.is_empty());
    let dnd = |m: &ClientMessage| {
        matches!(m, ClientMessage::CallReject { reason: RejectReason::Dnd, .. })
    };
    assert_eq!(said(&world, 1, dnd), 1);
}

#[test]
fn of_two_devices_that_accept_in_the_same_tick_one_is_in_the_call() {
    for seed in 0..50 {
        let mut world = World::new(seed, &[1, 2, 2]);
        world.place(0, Media::Video);
        world.run(300);
        world.accept(1, Media::Video);
        world.accept(2, Media::Video);
        world.run(2_000);
        let connected = [1, 2].map(|node| world.is_connected(node));
        assert_eq!(connected.iter().filter(|is| **is).count(), 1, "seed {seed}");
        let loser = if connected[0] { 2 } else { 1 };
        assert!(
            !world.is_in_call(loser) && world.nodes[loser].executor.pcs.is_empty(),
            "seed {seed}"
        );
        let told = world.ended(loser) == Some(EndReason::AnsweredElsewhere)
            || world.nodes[loser]
                .view
                .as_ref()
                .unwrap()
                .notices
                .iter()
                .any(|n| n.text == NoticeText::CallGone);
        assert!(told, "the other device says why, seed {seed}");
    }
}

#[test]
fn answering_on_one_device_silences_the_other() {
    let mut world = World::new(10, &[1, 2, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.accept(1, Media::Voice);
    world.run(1_000);
    assert!(world.home(2).rings.is_empty() && world.call(2).is_none());
    assert!(!world.has_alert(2, |alert| matches!(alert, Alert::Missed { .. })));
}

#[test]
fn declining_on_one_device_silences_the_other() {
    let mut world = World::new(11, &[1, 2, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.decline(1);
    world.run(1_000);
    assert_eq!(world.ended(0), Some(EndReason::Declined));
    assert!(world.home(2).rings.is_empty());
    assert!(!world.has_alert(2, |alert| matches!(alert, Alert::Missed { .. })));
}

#[test]
fn two_who_call_each_other_at_once_have_one_call() {
    for seed in 0..200 {
        let mut world = World::new(seed, &[1, 2]);
        world.place(0, Media::Video);
        let wait = world.dice.roll(120);
        world.run(wait);
        world.place(1, Media::Voice);
        world.run(3_000);
        assert!(
            world.is_connected(0) && world.is_connected(1),
            "seed {seed}: {:?} {:?}",
            world.stage(0),
            world.stage(1)
        );
        assert_eq!(world.call(0).unwrap().id, world.call(1).unwrap().id, "seed {seed}");
        assert!(!world.sends(1, Slot::Camera), "who called by voice sends no picture, seed {seed}");
        assert!(world.sends(0, Slot::Camera), "who called by video does, seed {seed}");
        for node in 0..2 {
            assert_eq!(world.nodes[node].executor.pcs.len(), 1, "seed {seed}");
            assert!(
                !world.has_alert(node, |alert| matches!(alert, Alert::Missed { .. })),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn calling_back_while_it_rings_answers() {
    let mut world = World::new(12, &[1, 2]);
    world.place(0, Media::Video);
    world.run(300);
    world.place(1, Media::Voice);
    world.run(1_000);
    assert!(world.is_connected(0) && world.is_connected(1));
    assert_eq!(world.relay.live_calls(), 1);
}

#[test]
fn a_ring_older_than_a_minute_is_dropped() {
    let mut world = World::new(13, &[1, 2]);
    world.sleep(1, 61_000);
    world.place(0, Media::Voice);
    world.run(60_500);
    world.run(5_000);
    let rings =
        world.nodes[1].alerts.iter().filter(|alert| matches!(alert, Alert::Ring { .. })).count();
    assert_eq!(rings, 0, "it came too late");
    assert!(world.home(1).rings.is_empty() && world.nodes[1].executor.pcs.is_empty());
}

#[test]
fn every_message_twice_is_as_once() {
    for seed in 0..50 {
        let mut world = World::new(seed, &[1, 2, 2]);
        world.relay.duplicate = true;
        world.place(0, Media::Video);
        world.run(300);
        world.accept(1, Media::Video);
        world.run(1_500);
        assert!(world.is_connected(0) && world.is_connected(1), "seed {seed}");
        assert_eq!(world.nodes[0].executor.pcs.len(), 1, "seed {seed}");
        assert_eq!(
            said(&world, 1, |m| matches!(m, ClientMessage::CallAnswer { .. })),
            1,
            "seed {seed}"
        );
        world.hang_up(1);
        world.run(500);
        assert_eq!(world.ended(0), Some(EndReason::Ended), "seed {seed}");
    }
}

#[test]
fn the_relay_may_go_while_it_rings() {
    let mut world = World::new(14, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.set_link(1, false);
    world.run(3_000);
    assert_eq!(world.home(1).rings.len(), 1, "it rings on");
    world.accept(1, Media::Voice);
    assert!(world.is_in_call(1), "and can be accepted");
    world.run(1_000);
    world.set_link(1, true);
    world.run(12_000);
    assert!(world.is_connected(0) && world.is_connected(1));
}

#[test]
fn a_call_cancelled_while_the_callee_is_away_stops_ringing_with_the_relay() {
    let mut world = World::new(15, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.set_link(1, false);
    world.run(1_000);
    world.hang_up(0);
    world.run(1_000);
    world.set_link(1, true);
    world.run(10_000);
    assert!(world.home(1).rings.is_empty());
    assert!(world.has_alert(1, |alert| matches!(alert, Alert::Missed { .. })));
}

#[test]
fn on_a_narrow_path_pictures_are_held_and_both_sides_are_told_why() {
    let mut world = World::new(17, &[1, 2]);
    world.connect(Media::Video);
    let peer = world.call(0).unwrap().remotes[0].peer;
    world.input(0, Input::Peer(peer, PeerEvent::Measured { estimate: 60_000, sent: 90_000 }));
    world.run(200);
    let held = PeerCommand::Spend { pictures: Pictures::Held, sound: Some(16_000) };
    assert!(world.nodes[0].executor.orders.contains(&held));
    assert!(world.call(0).unwrap().local.narrow, "who is on it reads it");
    assert!(world.call(1).unwrap().remotes[0].sends.narrow, "so does the other side");
    assert!(world.call(1).unwrap().remotes[0].sends.camera, "the camera is still on");
    assert!(!world.call(1).unwrap().local.narrow, "the other direction is not narrow");
}

#[test]
fn media_mute_and_chat_go_on_without_the_relay() {
    let mut world = World::new(16, &[1, 2]);
    world.connect(Media::Video);
    world.set_link(0, false);
    world.set_link(1, false);
    world.run(5_000);
    assert!(world.is_connected(0) && world.is_connected(1));
    world.command(0, Command::SetSlot { slot: Slot::Audio, on: false });
    let conversation = world.conversation;
    world.command(0, Command::SendChat { conversation, text: "still here".into() });
    world.run(200);
    let sends = world.call(1).unwrap().remotes[0].sends;
    assert_eq!(sends, MediaState { mic: false, camera: true, screen: false, narrow: false });
    assert_eq!(world.home(1).conversations.iter().map(|c| c.unread).sum::<u32>(), 1);
    world.run(60_000);
    assert!(world.is_connected(0) && world.is_connected(1), "as long as there is a path");
    world.set_link(0, true);
    world.set_link(1, true);
    world.run(15_000);
    assert!(world.is_connected(0) && world.is_connected(1));
    world.hang_up(0);
    world.run(500);
    assert_eq!(world.ended(1), Some(EndReason::Ended));
}

#[test]
fn hanging_up_works_without_the_relay() {
    let mut world = World::new(17, &[1, 2]);
    world.connect(Media::Voice);
    world.set_link(0, false);
    world.set_link(1, false);
    world.run(1_000);
    world.hang_up(0);
    world.run(500);
    assert_eq!(world.ended(1), Some(EndReason::Ended), "told over the media path");
    world.set_link(0, true);
    world.set_link(1, true);
    world.run(15_000);
    assert_eq!(world.relay.live_calls(), 0);
}

#[test]
fn a_session_is_resumed_and_nothing_is_missed() {
    let mut world = World::new(18, &[1, 2]);
    world.set_link(1, false);
    world.run(500);
    world.place(0, Media::Voice);
    world.run(500);
    world.set_link(1, true);
    world.run(5_000);
    assert_eq!(world.home(1).rings.len(), 1, "the ring that came meanwhile");
    let resumes = said(&world, 1, |m| matches!(m, ClientMessage::Hello { resume: Some(_), .. }));
    assert!(resumes > 0);
}

#[test]
fn a_restarted_relay_takes_the_call_up_again() {
    let mut world = World::new(19, &[1, 2]);
    world.connect(Media::Voice);
    world.restart_relay(4_000);
    world.run(20_000);
    assert!(world.is_connected(0) && world.is_connected(1));
    assert_eq!(world.relay.live_calls(), 1, "it was told of the call");
    world.hang_up(1);
    world.run(500);
    assert_eq!(world.ended(0), Some(EndReason::Ended));
    assert_eq!(world.relay.live_calls(), 0);
}

#[test]
fn a_relay_restarted_while_ringing_rings_again() {
    let mut world = World::new(20, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.restart_relay(1_000);
    world.run(12_000);
    assert!(matches!(world.stage(0), Some(CallStage::Dialling { .. })), "{:?}", world.stage(0));
    world.hang_up(0);
    world.run(12_000);
    assert!(world.home(1).rings.is_empty());
    assert_eq!(world.relay.live_calls(), 0);
}

#[test]
fn a_reloaded_page_comes_back_into_its_call_as_it_was() {
    for node in [0, 1] {
        for seed in 0..20 {
            let mut world = World::new(seed, &[1, 2]);
            world.connect(Media::Video);
            world.command(node, Command::SetSlot { slot: Slot::Audio, on: false });
            world.run(200);
            world.reload(node);
            world.run(3_000);
            assert!(
                world.is_connected(0) && world.is_connected(1),
                "seed {seed}: {:?} {:?}",
                world.stage(0),
                world.stage(1)
            );
            assert!(!world.sends(node, Slot::Audio), "muted as before, seed {seed}");
            assert!(world.sends(node, Slot::Camera), "seed {seed}");
            assert!(
                !world.call(1 - node).unwrap().remotes[0].sends.mic,
                "and the other side sees it"
            );
            assert_eq!(world.nodes[1 - node].executor.pcs.len(), 1, "the old connection is closed");
            world.hang_up(1 - node);
            world.run(300);
            assert_eq!(world.ended(node), Some(EndReason::Ended));
        }
    }
}

#[test]
fn two_pages_reloaded_at_once_come_back_into_their_call() {
    for seed in 0..100 {
        let mut world = World::new(seed, &[1, 2]);
        world.connect(Media::Video);
        world.reload(0);
        let wait = world.dice.roll(200);
        world.run(wait);
        world.reload(1);
        world.run(8_000);
        assert!(
            world.is_connected(0) && world.is_connected(1),
            "seed {seed}: {:?} {:?}",
            world.stage(0),
            world.stage(1)
        );
    }
}

#[test]
fn a_page_reloaded_while_the_relay_restarts_comes_back_into_its_call() {
    for node in [0, 1] {
        for seed in 0..50 {
            let mut world = World::new(seed, &[1, 2]);
            world.connect(Media::Video);
            world.command(node, Command::SetSlot { slot: Slot::Audio, on: false });
            world.run(200);
            world.set_link(node, false);
            world.restart_relay(500);
            world.reload(node);
            // The other side claims the call meanwhile, or not.
            let wait = world.dice.roll(4_000);
            world.run(wait);
            world.set_link(node, true);
            world.run(30_000);
            assert!(
                world.is_connected(0) && world.is_connected(1),
                "seed {seed}: {:?} {:?}",
                world.stage(0),
                world.stage(1)
            );
            assert!(!world.sends(node, Slot::Audio), "muted as before, seed {seed}");
            world.hang_up(1 - node);
            world.run(300);
            assert_eq!(world.ended(node), Some(EndReason::Ended), "seed {seed}");
            assert_eq!(world.relay.live_calls(), 0, "seed {seed}");
        }
    }
}

#[test]
fn a_closed_page_is_known_at_once_and_the_call_ends_in_its_name() {
    for node in [0, 1] {
        for seed in 0..20 {
            let mut world = World::new(seed, &[1, 2]);
            world.connect(Media::Video);
            let other = 1 - node;
            let closed = |world: &World| world.call(other).unwrap().remotes[0].closed;
            assert!(!closed(&world));
            world.close_page(node);
            world.run(1_000);
            assert!(closed(&world), "seed {seed}: {:?}", world.call(other));
            world.run(SEAT_LEFT_MS - 3_000);
            assert!(world.is_in_call(other), "a reload may take as long, seed {seed}");
            world.run(3_000);
            assert_eq!(world.ended(other), Some(EndReason::WindowClosed), "seed {seed}");
        }
    }
}

#[test]
fn a_page_that_comes_back_is_not_called_closed() {
    for seed in 0..50 {
        let mut world = World::new(seed, &[1, 2]);
        world.connect(Media::Video);
        world.close_page(1);
        let wait = world.dice.roll(SEAT_LEFT_MS - 3_000);
        world.run(wait);
        // The other side may have lost its own session meanwhile, and with it what it was told.
        if world.dice.percent(30) {
            world.set_link(0, false);
            world.set_link(0, true);
        }
        world.reload(1);
        world.run(8_000);
        let call = world.call(0).unwrap();
        assert!(world.is_connected(0) && world.is_connected(1), "seed {seed}: {:?}", call.stage);
        assert!(!call.remotes[0].closed, "seed {seed}");
    }
}

#[test]
fn a_ring_ends_at_once_with_the_callers_page() {
    let mut world = World::new(21, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    assert_eq!(world.home(1).rings.len(), 1);
    world.close_page(0);
    world.run(300);
    assert!(world.home(1).rings.is_empty());
    assert!(world.has_alert(1, |alert| matches!(alert, Alert::Missed { .. })), "a missed call");
}

#[test]
fn a_page_reloaded_while_dialling_gives_the_call_up() {
    let mut world = World::new(21, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.reload(0);
    world.run(1_000);
    assert!(world.home(1).rings.is_empty(), "nobody is left to be answered");
    assert!(world.call(0).is_none());
}

#[test]
fn a_page_reloaded_while_it_rings_rings_again() {
    let mut world = World::new(22, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.reload(1);
    world.run(500);
    assert!(world.accept(1, Media::Voice));
    world.run(1_000);
    assert!(world.is_connected(0) && world.is_connected(1));
}

#[test]
fn a_call_that_ended_while_a_page_was_reloaded_is_forgotten() {
    let mut world = World::new(23, &[1, 2]);
    world.connect(Media::Voice);
    world.set_link(1, false);
    world.reload(1);
    world.hang_up(0);
    world.run(1_000);
    world.set_link(1, true);
    world.run(10_000);
    assert!(world.call(1).is_none());
    world.reload(1);
    world.run(2_000);
    assert!(world.call(1).is_none(), "for good");
}

#[test]
fn a_broken_path_is_restarted_within_seconds() {
    for seed in 0..20 {
        let mut world = World::new(seed, &[1, 2]);
        world.connect(Media::Voice);
        world.break_paths();
        world.run(2_200);
        let told = |node| matches!(world.stage(node), Some(CallStage::Reconnecting { .. }));
        assert!(told(0) && told(1), "people are told after two seconds");
        world.run(2_500);
        assert!(world.is_connected(0) && world.is_connected(1), "seed {seed}");
        assert_eq!(world.nodes[0].executor.pcs.len(), 1, "on the same connection, seed {seed}");
        world.run(20_000);
        assert!(world.is_connected(0) && world.is_connected(1), "and stays, seed {seed}");
    }
}

#[test]
fn a_network_change_restarts_at_once_and_breaks_nothing() {
    let mut world = World::new(24, &[1, 2]);
    world.connect(Media::Voice);
    world.input(0, Input::Link(LinkEvent::NetworkChanged));
    world.input(1, Input::Link(LinkEvent::NetworkChanged));
    world.run(1_000);
    for _ in 0..20 {
        world.run(500);
        assert!(world.is_connected(0) && world.is_connected(1), "never even shown as reconnecting");
    }
}

#[test]
fn the_ladder_goes_to_turn_and_to_a_new_connection_and_back() {
    let mut world = World::new(25, &[1, 2]);
    world.connect(Media::Voice);
    world.dark = true;
    world.run(35_000);
    assert!(matches!(world.stage(0), Some(CallStage::Reconnecting { .. })));
    world.dark = false;
    world.run(16_000);
    assert!(world.is_connected(0) && world.is_connected(1));
    assert_eq!(world.nodes[0].executor.pcs.len(), 1);
    assert_eq!(world.nodes[1].executor.pcs.len(), 1);
}

#[test]
fn without_path_and_relay_the_call_is_lost_after_45_seconds() {
    let mut world = World::new(26, &[1, 2]);
    world.connect(Media::Voice);
    world.dark = true;
    world.set_link(0, false);
    world.set_link(1, false);
    world.run(44_000);
    assert!(world.is_in_call(0) && world.is_in_call(1));
    world.run(3_000);
    assert_eq!(world.ended(0), Some(EndReason::Lost));
    assert_eq!(world.ended(1), Some(EndReason::Lost));
    world.set_link(0, true);
    world.set_link(1, true);
    world.run(60_000);
    assert_eq!(world.relay.live_calls(), 0);
    assert!(!world.is_in_call(0) && !world.is_in_call(1), "and nothing brings it back");
}

#[test]
fn a_participant_that_vanishes_loses_its_seat() {
    let mut world = World::new(27, &[1, 2]);
    world.connect(Media::Voice);
    world.sleep(1, 300_000);
    world.set_link(1, false);
    world.dark = true;
    world.run(100_000);
    assert_eq!(world.ended(0), Some(EndReason::Lost));
}

#[test]
fn a_machine_that_slept_a_moment_goes_on() {
    let mut world = World::new(28, &[1, 2]);
    world.connect(Media::Voice);
    world.sleep(1, 20_000);
    world.run(30_000);
    assert!(
        world.is_connected(0) && world.is_connected(1),
        "{:?} {:?}",
        world.stage(0),
        world.stage(1)
    );
}

#[test]
fn a_call_that_the_relay_took_from_nobody_ends_with_its_path() {
    let mut world = World::new(29, &[1, 2]);
    world.connect(Media::Voice);
    world.restart_relay(100);
    world.relay.forget_claims = true;
    world.run(5_000);
    assert!(world.is_connected(0) && world.is_connected(1), "media goes on");
    world.sleep(1, 300_000);
    world.run(5_000);
    assert_eq!(world.ended(0), Some(EndReason::Lost), "nobody can pass a restart on");
}

#[test]
fn a_path_that_never_comes_fails_the_call() {
    let mut world = World::new(29, &[1, 2]);
    world.dark = true;
    world.place(0, Media::Voice);
    world.run(300);
    world.accept(1, Media::Voice);
    world.run(31_000);
    for node in [0, 1] {
        assert!(
            matches!(world.ended(node), Some(EndReason::Failed | EndReason::Ended)),
            "{:?}",
            world.stage(node)
        );
        assert!(world.nodes[node].executor.pcs.is_empty());
    }
    assert_eq!(world.relay.live_calls(), 0);
}

#[test]
fn a_voice_call_never_opens_a_camera_and_video_can_be_answered_without() {
    let mut world = World::new(30, &[1, 2]);
    world.place(0, Media::Video);
    world.run(300);
    world.accept(1, Media::Voice);
    world.run(2_000);
    assert!(!world.sends(1, Slot::Camera) && world.sends(0, Slot::Camera));
    assert!(!world.call(0).unwrap().remotes[0].sends.camera, "the caller knows");
    world.command(1, Command::SetSlot { slot: Slot::Camera, on: true });
    world.run(100);
    assert!(world.sends(1, Slot::Camera));
    assert!(world.call(0).unwrap().remotes[0].sends.camera, "shown within a message");
}

#[test]
fn a_call_goes_on_without_any_device() {
    let mut world = World::new(31, &[1, 2]);
    world.nodes[1].executor.bare = true;
    world.connect(Media::Video);
    let local = &world.call(1).unwrap().local;
    assert!(matches!(local.audio.state, SlotState::Unavailable { .. }));
    assert!(matches!(local.camera.state, SlotState::Unavailable { .. }));
    let sends = world.call(0).unwrap().remotes[0].sends;
    assert_eq!(sends, MediaState::default(), "the other side knows that nothing comes");
    let missing = Some(DeviceTrouble::Missing);
    let unavailable = Unavailable { microphone: missing, camera: missing };
    assert_eq!(world.call(0).unwrap().remotes[0].unavailable, unavailable, "and that nobody muted");
    assert!(world.call(1).unwrap().remotes[0].unavailable.is_nothing());
    world.command(1, Command::SetSlot { slot: Slot::Audio, on: false });
    world.run(1_000);
    let unavailable = world.call(0).unwrap().remotes[0].unavailable;
    assert_eq!(unavailable, Unavailable { microphone: None, camera: missing }, "muted after all");
}

#[test]
fn remote_descriptions_never_widen_what_is_sent() {
    let mut world = World::new(32, &[1, 2]);
    world.connect(Media::Voice);
    world.command(1, Command::SetSlot { slot: Slot::Audio, on: false });
    world.run(200);
    let call_id = world.call(1).unwrap().id;
    let sdp = "v=0\r\nm=audio 9 X 0\r\na=sendrecv\r\na=ice-ufrag:hostile\r\nm=video 9 X 0\r\na=recvonly\r\n";
    for (n, restart) in [(0, true), (1, false), (2, true), (3, false)] {
        let message = RelayMessage::SdpOffer {
            call_id,
            from: world.nodes[0].device,
            offer_id: OfferId::from_parts(EPOCH + 1_000_000 + n, [9; 10]),
            restart,
            sdp: Sdp::new(sdp).unwrap(),
            proof: None,
        };
        world.input(1, Input::Relay(RelayFrame { seq: 1_000 + n, message }));
        world.run(100);
        assert!(!world.sends(1, Slot::Audio), "still muted");
        assert!(!world.sends(1, Slot::Camera), "and no picture");
    }
}

#[test]
fn what_does_not_belong_to_the_call_is_ignored() {
    let mut world = World::new(33, &[1, 2, 3]);
    world.place(0, Media::Voice);
    world.run(300);
    let ring = world.home(1).rings[0].clone();
    let offer = Offer {
        offer_id: OfferId::from_parts(EPOCH, [1; 10]),
        sdp: Sdp::new("v=0").unwrap(),
        proof: None,
    };
    let hostile = [
        RelayMessage::SdpOffer {
            call_id: ring.call,
            from: world.nodes[0].device,
            offer_id: offer.offer_id,
            restart: false,
            sdp: offer.sdp.clone(),
            proof: None,
        },
        RelayMessage::CallRinging { call_id: ring.call, user: user(1), devices: 1 },
        RelayMessage::CallAccepted {
            call_id: ring.call,
            by: bellwire_protocol::Participant {
                user: user(1),
                device: world.nodes[0].device,
                name: bellwire_protocol::DisplayName::new("x").unwrap(),
            },
            media: Media::Video,
            answer: bellwire_protocol::Answer {
                offer_id: offer.offer_id,
                sdp: offer.sdp.clone(),
                proof: None,
            },
        },
        RelayMessage::CallState {
            call_id: ring.call,
            participants: Vec::new(),
            since: Some(EPOCH),
            media_state: Vec::new(),
        },
    ];
    for (n, message) in hostile.into_iter().enumerate() {
        world.input(1, Input::Relay(RelayFrame { seq: 500 + n as u64, message }));
        world.run(50);
        assert!(world.nodes[1].executor.pcs.is_empty(), "nothing opens before Accept");
        assert_eq!(world.home(1).rings.len(), 1, "and it rings on");
    }
}

#[test]
fn a_call_that_rings_nowhere_any_more_does_not_say_that_it_rings() {
    let mut world = World::new(33, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    let call_id = world.home(1).rings[0].call;
    for (devices, ringing) in [(0, false), (2, true), (1, true), (0, false)] {
        // Somebody who was not called counts for nothing.
        for (user, devices) in [(user(2), devices), (user(9), 1 - devices.min(1))] {
            world.relay_says(0, RelayMessage::CallRinging { call_id, user, devices });
        }
        world.run(100);
        assert_eq!(world.stage(0), Some(&CallStage::Dialling { ringing }), "on {devices} devices");
    }
    world.accept(1, Media::Voice);
    world.run(1_000);
    assert!(world.is_connected(0), "it can still be answered");
}

#[test]
fn chat_waits_for_the_connection_and_arrives_once() {
    let mut world = World::new(34, &[1, 2]);
    let conversation = world.conversation;
    world.command(0, Command::SendChat { conversation, text: "before".into() });
    world.command(0, Command::OpenConversation { conversation: Some(conversation) });
    world.connect(Media::Voice);
    world.command(0, Command::SendChat { conversation, text: "during".into() });
    world.run(300);
    world.reload(0);
    world.run(3_000);
    world.command(0, Command::OpenConversation { conversation: Some(conversation) });
    world.command(1, Command::OpenConversation { conversation: Some(conversation) });
    let texts = |node: usize| -> Vec<(String, Delivery)> {
        world
            .home(node)
            .open
            .as_ref()
            .unwrap()
            .entries
            .iter()
            .filter_map(|entry| match entry {
                Entry::Message { text, delivery, .. } => Some((text.clone(), *delivery)),
                Entry::Call { .. } => None,
            })
            .collect()
    };
    let expected =
        [("before".to_owned(), Delivery::Delivered), ("during".to_owned(), Delivery::Delivered)];
    assert_eq!(texts(0), expected);
    assert_eq!(texts(1), expected);
    let alerts =
        world.nodes[1].alerts.iter().filter(|alert| matches!(alert, Alert::Message { .. })).count();
    assert_eq!(alerts, 2, "each once");
}

#[test]
fn a_newer_connection_of_the_same_device_takes_the_call_over() {
    let mut world = World::new(35, &[1, 2]);
    world.connect(Media::Voice);
    world.input(0, Input::Link(LinkEvent::Closed { code: Some(4009) }));
    assert!(
        world.call(0).is_none() && world.nodes[0].executor.pcs.is_empty(),
        "this window lets go"
    );
    world.run(1_000);
    assert!(world.is_in_call(1), "the call is not left");
    world.command(0, Command::Reconnect);
    world.run(5_000);
    assert!(world.is_connected(0) && world.is_connected(1), "and can be taken back");
}

#[test]
fn signing_out_ends_the_call_and_erases_everything() {
    let mut world = World::new(36, &[1, 2]);
    world.connect(Media::Voice);
    world.command(0, Command::SignOut);
    world.run(1_000);
    assert!(world.nodes[0].executor.pcs.is_empty());
    assert_eq!(world.ended(1), Some(EndReason::Ended));
    world.reload(0);
    world.run(200);
    let signed_out = matches!(
        world.nodes[0].view.as_ref().unwrap().account,
        bellwire_core::api::Account::SignedOut { .. }
    );
    assert!(signed_out, "for good");
}

#[test]
fn ring_here_off_shows_the_ring_and_makes_no_sound() {
    let mut world = World::new(37, &[1, 2]);
    let mut settings = world.nodes[1].view.as_ref().unwrap().settings.clone();
    settings.ring_here = false;
    world.command(1, Command::SaveSettings { settings });
    world.place(0, Media::Voice);
    world.run(300);
    assert!(!world.home(1).rings[0].audible);
    assert!(!world.has_alert(1, |alert| matches!(alert, Alert::Ring { .. })));
}

#[test]
fn accepting_what_is_gone_says_so() {
    let mut world = World::new(38, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    let call = world.home(1).rings[0].call;
    world.hang_up(0);
    world.run(300);
    world.command(1, Command::AcceptCall { call, media: Media::Voice });
    assert!(
        world.nodes[1]
            .view
            .as_ref()
            .unwrap()
            .notices
            .iter()
            .any(|n| n.text == NoticeText::CallGone)
    );
    assert!(world.nodes[1].executor.pcs.is_empty());
}

#[test]
fn what_is_chosen_reaches_the_executor() {
    // The order itself is checked: the fake devices have no names.
    let order = PeerCommand::Send { slot: Slot::Audio, on: true, device: Some("usb".into()) };
    let mut world = World::new(39, &[1, 2]);
    let mut settings = world.nodes[0].view.as_ref().unwrap().settings.clone();
    settings.microphone = Some("usb".into());
    world.command(0, Command::SaveSettings { settings });
    world.place(0, Media::Voice);
    assert!(world.nodes[0].executor.orders.contains(&order), "the chosen microphone is opened");
    assert!(
        world.nodes[0]
            .has_record(|record| matches!(record, Record::Settings(s) if s.microphone.is_some()))
    );
}

#[test]
fn a_burst_of_candidates_costs_a_few_messages_and_none_of_it_is_lost() {
    let mut world = World::new(50, &[1, 2]);
    world.nodes[0].executor.burst = 75;
    world.connect(Media::Voice);
    let lists: Vec<usize> = world.nodes[0]
        .sent
        .iter()
        .filter_map(|message| match message {
            ClientMessage::IceCandidates { candidates, .. } => Some(candidates.len()),
            _ => None,
        })
        .collect();
    assert_eq!(lists.iter().sum::<usize>(), 77, "all of them: {lists:?}");
    assert!(lists.len() <= 5, "in few messages: {lists:?}");
}

#[test]
fn a_cancel_that_the_relay_has_no_time_for_stops_the_ringing_a_moment_later() {
    let mut world = World::new(51, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    assert_eq!(world.home(1).rings.len(), 1);
    world.relay.out_of_turns = 3;
    world.hang_up(0);
    world.run(5_000);
    assert!(world.home(1).rings.is_empty(), "nobody is called any more");
}

#[test]
fn an_answer_that_the_relay_has_no_time_for_answers_a_moment_later() {
    let mut world = World::new(52, &[1, 2]);
    world.place(0, Media::Voice);
    world.run(300);
    world.relay.out_of_turns = 2;
    world.accept(1, Media::Voice);
    world.run(5_000);
    assert!(world.is_connected(0) && world.is_connected(1));
}

#[test]
fn a_partner_that_floods_the_chat_costs_what_it_may_say_and_is_named_once() {
    let mut world = World::new(53, &[1, 2]);
    world.connect(Media::Voice);
    let peer = *world.nodes[1].executor.pcs.first_key_value().unwrap().0;
    let before = world.nodes[1].written;
    for n in 0..3_000_u64 {
        let text = ChatText::new("x".repeat(4_000)).unwrap();
        let id = ChatId::from_parts(EPOCH + n, [9; 10]);
        let data = encode(&ChannelMessage::Chat { id, text, sent_at: EPOCH });
        world.input(1, Input::Peer(peer, PeerEvent::Chat { data }));
    }
    let written = world.nodes[1].written - before;
    assert!(written < 1_000_000, "{written} bytes");
    let view = world.nodes[1].view.as_ref().unwrap();
    let named = view
        .notices
        .iter()
        .filter(
            |notice| matches!(&notice.text, NoticeText::TooMuchSent { name } if name == "User 1"),
        )
        .count();
    assert_eq!(named, 1);
    world.run(2_000);
    assert!(world.is_connected(0) && world.is_connected(1), "the call goes on");
}

#[test]
fn a_long_backlog_of_messages_arrives_whole_without_being_too_much() {
    let mut world = World::new(54, &[1, 2]);
    let conversation = world.conversation;
    for n in 0..300 {
        let text = format!("message {n}");
        world.command(0, Command::SendChat { conversation, text });
    }
    world.connect(Media::Voice);
    world.run(40_000);
    let kept = |record: &Record| matches!(record, Record::Chat { message: Some(_), .. });
    assert_eq!(world.nodes[1].count_records(kept), 300);
    let delivered = |record: &Record| matches!(record, Record::Chat { message: Some(message), .. } if message.delivered);
    assert_eq!(world.nodes[0].count_records(delivered), 300, "and is known to have");
    assert!(world.nodes[1].view.as_ref().unwrap().notices.is_empty(), "nothing was too much");
}

#[test]
fn a_reload_late_in_a_long_call_comes_back_into_it() {
    let mut world = World::new(3, &[1, 2]);
    world.connect(Media::Video);
    world.run(1_800_000);
    world.reload(1);
    world.run(5_000);
    assert!(world.is_connected(0) && world.is_connected(1), "it was in it a moment ago");
}
