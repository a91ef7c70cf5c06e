//! Two peers over an emulated network, in virtual time: set-up, loss, restarts, lost paths.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among many")]

mod pair;

use std::net::SocketAddr;
use std::time::Duration;

use bellwire_core::api::{PathState, PeerCommand, PeerEvent, Slot, SlotState};
use bellwire_rtc::pictures::playout::Audible;
use pair::Pair;
use str0m_netem::{NetemConfig, Probability, RandomLoss};

const SECOND: Duration = Duration::from_secs(1);

fn delayed(ms: u64) -> impl Fn(NetemConfig) -> NetemConfig {
    move |config| config.latency(Duration::from_millis(ms))
}

fn lossy(ms: u64, loss: f32) -> impl Fn(NetemConfig) -> NetemConfig {
    move |config| {
        config
            .latency(Duration::from_millis(ms))
            .jitter(Duration::from_millis(ms / 3))
            .loss(RandomLoss::new(Probability::new(loss)))
    }
}

/// Sends 20 ms of sound from both ends, `frames` times.
fn talk(pair: &mut Pair, from: u32, frames: u32) {
    for frame in from..from + frames {
        pair.sound(0, frame * 960);
        pair.sound(1, frame * 960);
        pair.run(Duration::from_millis(20));
    }
}

fn unmute(pair: &mut Pair) {
    let now = pair.now;
    for end in &mut pair.ends {
        end.peer.handle_sending(now, Slot::Audio, true);
    }
}

#[test]
fn two_peers_connect_and_talk() {
    let mut pair = Pair::new(1, delayed(10));
    let took = pair.connect();
    assert!(took < Duration::from_millis(400), "20 ms round trips connect in {took:?}");
    unmute(&mut pair);
    talk(&mut pair, 0, 50);
    pair.run(SECOND / 5);
    for end in &pair.ends {
        assert_eq!(end.heard().len(), 50, "every frame arrives");
        assert!(end.sounds.iter().all(|(_, slot, _)| *slot == Slot::Audio), "on its slot");
    }
    pair.command(0, PeerCommand::Control { data: "{\"c\":1}".into() });
    pair.command(1, PeerCommand::Chat { data: "{\"t\":1}".into() });
    pair.run(SECOND / 5);
    assert!(
        pair.ends[1]
            .events
            .iter()
            .any(|(_, e)| *e == PeerEvent::Control { data: "{\"c\":1}".into() }),
        "control arrives"
    );
    assert!(
        pair.ends[0].events.iter().any(|(_, e)| *e == PeerEvent::Chat { data: "{\"t\":1}".into() }),
        "chat arrives"
    );
}

#[test]
fn a_muted_peer_sends_no_sound() {
    let mut pair = Pair::new(2, delayed(10));
    pair.connect();
    talk(&mut pair, 0, 10);
    pair.run(SECOND / 5);
    assert!(pair.ends.iter().all(|end| end.sounds.is_empty()), "nobody asked for sound");
}

#[test]
fn loss_delay_and_reordering_do_not_keep_peers_apart() {
    for (seed, loss) in [(3, 0.02), (4, 0.05), (5, 0.1), (6, 0.2)] {
        let mut pair = Pair::new(seed, lossy(40, loss));
        let took = pair.connect();
        assert!(took < 15 * SECOND, "{loss} loss connects in {took:?}");
        unmute(&mut pair);
        talk(&mut pair, 0, 250);
        pair.run(SECOND);
        let late: Vec<u32> = pair.ends[1].heard().into_iter().filter(|t| *t >= 125 * 960).collect();
        let least = if loss > 0.1 { 108 } else { 115 };
        assert!(
            late.len() >= least,
            "with copies {} of 125 frames arrive at {loss} loss",
            late.len()
        );
    }
}

#[test]
fn a_restart_keeps_sound_flowing() {
    let mut pair = Pair::new(7, delayed(30));
    pair.connect();
    unmute(&mut pair);
    for (round, end) in [0, 1, 0].into_iter().enumerate() {
        let before = pair.ends[1].heard().len();
        pair.offer(end, true);
        talk(&mut pair, 100 * round as u32, 100);
        let heard = pair.ends[1].heard().len() - before;
        assert!(heard >= 98, "{heard} of 100 frames arrive during restart {round}");
        assert_eq!(pair.ends[0].path(), Some(PathState::Connected), "nobody is told of a loss");
    }
}

#[test]
fn an_offer_without_a_restart_changes_nothing() {
    let mut pair = Pair::new(14, delayed(30));
    pair.connect();
    unmute(&mut pair);
    for end in [0, 1] {
        let before = pair.ends[1].heard().len();
        pair.offer(end, false);
        talk(&mut pair, 100 * end as u32, 100);
        let heard = pair.ends[1].heard().len() - before;
        assert!(heard >= 98, "{heard} of 100 frames arrive around the offer of {end}");
    }
    let failed = |(_, event): &(_, PeerEvent)| matches!(event, PeerEvent::OperationFailed { .. });
    assert!(
        pair.ends.iter().all(|end| !end.events.iter().any(failed)),
        "every operation is carried out: {:?}",
        pair.story()
    );
}

#[test]
fn a_moved_address_is_found_again_by_a_restart() {
    let mut pair = Pair::new(8, delayed(30));
    pair.connect();
    unmute(&mut pair);
    pair.move_address(0, SocketAddr::from(([10, 0, 1, 1], 6_000)));
    pair.offer(0, true);
    let before = pair.ends[1].heard().len();
    let mut frame = 1_000;
    let mut waited = Duration::ZERO;
    while pair.ends[1].heard().len() < before + 10 {
        talk(&mut pair, frame, 1);
        frame += 1;
        waited += Duration::from_millis(20);
        assert!(waited < 3 * SECOND, "sound is back within 3 s: {:?}", pair.story());
    }
}

#[test]
fn a_blackhole_is_noticed_and_healed_by_a_restart() {
    let mut pair = Pair::new(9, delayed(30));
    pair.connect();
    unmute(&mut pair);
    pair.blackhole = true;
    pair.until(40 * SECOND, "the loss of the path", |pair| {
        pair.ends.iter().all(|end| end.path() == Some(PathState::Disconnected))
    });
    pair.blackhole = false;
    pair.offer(1, true);
    pair.until(5 * SECOND, "the path back", |pair| {
        pair.ends.iter().all(|end| end.path() == Some(PathState::Connected))
    });
    talk(&mut pair, 0, 20);
    pair.run(SECOND / 5);
    assert!(pair.ends[0].heard().len() >= 19, "and sound flows");
}

#[test]
fn of_crossing_offers_the_one_that_is_answered_lives() {
    let mut pair = Pair::new(10, delayed(10));
    // End 1 makes an offer that nobody hears of, then answers end 0's.
    let operation = pair.next_operation();
    let now = pair.now;
    pair.ends[1].peer.handle_command(now, PeerCommand::Offer { operation, restart: false });
    while pair.ends[1].peer.poll().is_some() {}
    pair.ends[1].peer.handle_candidate(now, pair::candidate(pair.ends[1].address));
    pair.ends[1].peer.handle_gathered();
    pair.connect();
}

#[test]
fn garbage_leaves_a_connection_as_it_was() {
    let mut pair = Pair::new(11, delayed(10));
    for end in [0, 1] {
        let operation = pair.next_operation();
        pair.command(end, PeerCommand::Answer { operation, sdp: "v=0\r\ngarbage".into() });
        let failed = pair.ends[end].events.iter().any(
            |(_, event)| matches!(event, PeerEvent::OperationFailed { operation: o, .. } if *o == operation),
        );
        assert!(failed, "the core hears of it");
    }
    pair.connect();
    unmute(&mut pair);
    let operation = pair.next_operation();
    pair.command(0, PeerCommand::Apply { operation, sdp: "v=0\r\nm=audio".into() });
    pair.command(0, PeerCommand::Answer { operation, sdp: String::new() });
    pair.command(
        0,
        PeerCommand::AddCandidate {
            ufrag: "x".into(),
            mid: "0".into(),
            candidate: "candidate:nonsense".into(),
        },
    );
    let now = pair.now;
    for junk in
        [&[0_u8; 3][..], &[22; 200], &[128; 60], &[0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]]
    {
        let address = pair.ends[0].address;
        let from = SocketAddr::from(([10, 9, 9, 9], 9));
        pair.ends[0].peer.handle_datagram(now, str0m::net::Protocol::Udp, from, address, junk);
    }
    talk(&mut pair, 0, 20);
    pair.run(SECOND / 5);
    assert_eq!(pair.ends[1].heard().len(), 20, "sound goes on");
}

fn refusals(pair: &Pair, end: usize) -> Vec<String> {
    let refusal = |event: &PeerEvent| match event {
        PeerEvent::OperationFailed { message, .. } => Some(message.clone()),
        _ => None,
    };
    pair.ends[end].events.iter().filter_map(|(_, event)| refusal(event)).collect()
}

/// Whole descriptions, each of which answers another offer than the one that was made, or none.
const ANSWERS_TO_NOTHING: [fn(&str) -> String; 5] = [
    // Another name for the first line.
    |sdp| {
        let mid = sdp.split("a=mid:").nth(1).and_then(|it| it.split("\r\n").next());
        let mid = mid.expect("the first line has a name");
        sdp.replacen(&format!("a=mid:{mid}\r\n"), "a=mid:xyz\r\n", 1).replacen(
            &format!("a=group:BUNDLE {mid} "),
            "a=group:BUNDLE xyz ",
            1,
        )
    },
    // One line too few.
    |sdp| sdp.rsplit_once("m=application").map_or_else(String::new, |(media, _)| media.to_owned()),
    // One line of another kind.
    |sdp| sdp.replacen("m=video", "m=audio", 1),
    // Nothing says that the lines belong together.
    |sdp| {
        sdp.lines()
            .filter(|line| !line.starts_with("a=group"))
            .map(|line| format!("{line}\r\n"))
            .collect()
    },
    // A codec with two meanings.
    |sdp| {
        let codec = sdp.lines().find(|line| line.starts_with("a=rtpmap:")).expect("there is one");
        sdp.replacen(codec, &format!("{codec}\r\n{codec}"), 1)
    },
];

#[test]
fn an_answer_that_is_refused_leaves_the_offer_open_for_the_right_one() {
    for spoil in ANSWERS_TO_NOTHING {
        let mut pair = Pair::new(15, delayed(10));
        pair.spoil = vec![spoil];
        pair.connect();
        assert_eq!(refusals(&pair, 0).len(), 1, "the wrong one: {:?}", refusals(&pair, 0));
    }
    let mut pair = Pair::new(15, delayed(10));
    pair.spoil = ANSWERS_TO_NOTHING.to_vec();
    pair.connect();
    assert_eq!(refusals(&pair, 0).len(), ANSWERS_TO_NOTHING.len(), "and all of them in a row");
}

#[test]
fn a_connection_goes_on_as_it_was_after_an_answer_that_is_refused() {
    let mut pair = Pair::new(16, delayed(10));
    pair.connect();
    unmute(&mut pair);
    pair.spoil = ANSWERS_TO_NOTHING.to_vec();
    // ICE is restarted by offers.
    pair.spoil.push(|sdp| sdp.replace("a=ice-ufrag:", "a=ice-ufrag:x"));
    // The channels are what they are.
    pair.spoil.push(|sdp| {
        sdp.lines()
            .filter(|line| !line.starts_with("a=sctp-init"))
            .map(|line| format!("{line}\r\n"))
            .collect()
    });
    pair.offer(0, false);
    pair.run(SECOND);
    assert_eq!(refusals(&pair, 0).len(), pair.spoil.len(), "{:?}", refusals(&pair, 0));
    let applied = |pair: &Pair| {
        let applied = |(_, event): &&(_, _)| matches!(event, PeerEvent::Applied { .. });
        pair.ends[0].events.iter().filter(applied).count()
    };
    assert_eq!(applied(&pair), 2, "the right answers were taken");
    pair.spoil = ANSWERS_TO_NOTHING.to_vec();
    pair.offer(0, true);
    pair.run(SECOND);
    assert_eq!(applied(&pair), 3, "and that to a restart");
    talk(&mut pair, 0, 20);
    pair.run(SECOND / 5);
    assert_eq!(pair.ends[1].heard().len(), 20, "sound goes on");
}

#[test]
fn a_closed_peer_says_its_last_word_and_nothing_more() {
    let mut pair = Pair::new(12, delayed(10));
    pair.connect();
    pair.command(0, PeerCommand::Chat { data: "{\"leave\":true}".into() });
    pair.command(0, PeerCommand::Close);
    let told = pair.ends[0].events.len();
    pair.run(SECOND);
    assert!(pair.ends[0].peer.is_over(), "it ends by itself");
    assert_eq!(pair.ends[0].events.len(), told, "nothing is reported after Close");
    assert!(
        pair.ends[1].events.iter().any(|(_, e)| matches!(e, PeerEvent::Chat { .. })),
        "the last word arrived"
    );
    assert!(!pair.ends[1].has_channels(), "and the other side sees the end");
}

#[test]
fn only_relayed_candidates_are_said_where_turn_is_all_that_is_allowed() {
    let mut pair = Pair::new(13, delayed(10));
    let now = pair.now;
    let certificate = bellwire_rtc::peer::certificate().expect("aws-lc makes certificates");
    let mut peer = bellwire_rtc::peer::Peer::new(now, certificate, Vec::new(), true);
    peer.handle_candidate(now, pair::candidate(pair.ends[0].address));
    peer.handle_command(now, PeerCommand::Offer { operation: 1, restart: false });
    peer.handle_gathered();
    let mut candidates = 0;
    while let Some(output) = peer.poll() {
        if let bellwire_rtc::peer::Output::Event(event) = output {
            match event {
                PeerEvent::Candidate { candidate, .. } => {
                    candidates += usize::from(!candidate.is_empty())
                }
                PeerEvent::Described { sdp, .. } => {
                    assert!(!sdp.contains("a=candidate"), "nor does the description tell");
                }
                _ => {}
            }
        }
    }
    assert_eq!(candidates, 0, "the own address is not told");
    pair.run(SECOND / 10);
}

/// Films from end 0 to end 1 for a time, with sound.
fn film(pair: &mut Pair, from: u32, frames: u32) {
    for frame in from..from + frames {
        pair.film(0, frame);
        pair.run(Duration::from_micros(33_333));
    }
}

fn unhide(pair: &mut Pair) {
    let now = pair.now;
    pair.ends[0].peer.handle_sending(now, Slot::Camera, true);
    pair.settle();
}

/// Whoever makes pictures is held while they can be sent to nobody, and stays so unless told.
#[test]
fn a_camera_that_works_for_nothing_is_told_so_and_told_again_when_it_is_of_use() {
    const CAMERA: Slot = Slot::Camera;
    let mut pair = Pair::new(23, delayed(15));
    unhide(&mut pair);
    film(&mut pair, 0, 3);
    assert_eq!(pair.ends[0].waits, [(CAMERA, true)], "once");
    // It goes, and comes back, as one that was unplugged does.
    let now = pair.now;
    pair.ends[0].peer.handle_sending(now, CAMERA, false);
    pair.settle();
    assert_eq!(pair.ends[0].waits.pop(), Some((CAMERA, false)), "it may try again");
    unhide(&mut pair);
    pair.connect();
    assert_eq!(pair.ends[0].waits, [(CAMERA, true)], "nothing was tried since");
    film(&mut pair, 3, 30);
    assert!(pair.ends[1].pictures.len() > 20, "its pictures are seen");

    let mut pair = Pair::new(24, delayed(15));
    unhide(&mut pair);
    film(&mut pair, 0, 3);
    pair.connect();
    assert_eq!(pair.ends[0].waits, [(CAMERA, true), (CAMERA, false)], "when something can be sent");
}

#[test]
fn pictures_arrive_whole_in_order_and_bit_for_bit() {
    let mut pair = Pair::new(20, delayed(15));
    pair.connect();
    unhide(&mut pair);
    film(&mut pair, 0, 90);
    pair.run(SECOND);
    let pictures = &pair.ends[1].pictures;
    assert!(pictures.len() >= 88, "{} of 90 frames are shown", pictures.len());
    assert!(pictures[0].2.key, "a film starts with a key frame");
    for (one, next) in pictures.iter().zip(&pictures[1..]) {
        assert!(one.2.captured_us < next.2.captured_us, "in the order of their capture");
    }
    for (_, slot, picture) in pictures {
        assert_eq!(*slot, Slot::Camera, "on its slot");
        let fill = picture.data[20];
        assert!(picture.data[20..].iter().all(|byte| *byte == fill), "nothing is mixed");
    }
}

#[test]
fn a_film_that_began_before_the_path_is_seen_with_the_path() {
    for (seed, ms) in [(25, 1), (26, 20), (27, 90)] {
        let mut pair = Pair::new(seed, delayed(ms));
        unhide(&mut pair);
        film(&mut pair, 0, 3);
        pair.offer(0, false);
        let mut frame = 3;
        while !pair.is_connected(0) {
            assert!(frame < 120, "they connect");
            film(&mut pair, frame, 1);
            frame += 1;
        }
        let connected = pair.elapsed();
        film(&mut pair, frame, 30);
        let (first, _, picture) = pair.ends[1].pictures.first().expect("a picture is shown");
        let waited = first.saturating_sub(connected);
        assert!(picture.key, "a film starts with a key frame");
        let most = Duration::from_millis(ms) + Duration::from_millis(80);
        assert!(waited <= most, "{ms} ms away it is seen {waited:?} after the path");
    }
}

#[test]
fn lost_packets_of_pictures_are_sent_again() {
    for (seed, loss) in [(21, 0.05), (22, 0.1)] {
        let mut pair = Pair::new(seed, lossy(25, loss));
        pair.connect();
        unhide(&mut pair);
        film(&mut pair, 0, 300);
        pair.run(SECOND);
        let shown = pair.ends[1].pictures.len();
        assert!(shown >= 280, "{shown} of 300 frames are shown at {loss} loss");
    }
}

#[test]
fn after_a_blackout_a_key_frame_comes_without_the_core() {
    let mut pair = Pair::new(23, delayed(25));
    pair.connect();
    unhide(&mut pair);
    film(&mut pair, 0, 90);
    pair.blackhole = true;
    film(&mut pair, 90, 45);
    pair.blackhole = false;
    let back = pair.elapsed();
    film(&mut pair, 135, 60);
    let first = pair.ends[1].pictures.iter().find(|(at, _, _)| *at > back).map(|(at, _, _)| *at);
    let waited = first.expect("the film goes on") - back;
    assert!(waited < Duration::from_millis(1_000), "it goes on after {waited:?}");
}

#[test]
fn a_muted_camera_sends_nothing_and_starts_with_a_key_frame_again() {
    let mut pair = Pair::new(24, delayed(10));
    pair.connect();
    unhide(&mut pair);
    film(&mut pair, 0, 30);
    let now = pair.now;
    pair.ends[0].peer.handle_sending(now, Slot::Camera, false);
    pair.run(SECOND / 2);
    let shown = pair.ends[1].pictures.len();
    film(&mut pair, 30, 30);
    assert_eq!(pair.ends[1].pictures.len(), shown, "nobody sees what is not sent");
    unhide(&mut pair);
    film(&mut pair, 60, 30);
    assert!(pair.ends[1].pictures[shown].2.key, "the picture comes back whole");
}

#[test]
fn a_voice_that_is_heard_before_its_picture_is_asked_to_wait_while_there_is_one() {
    let mut pair = Pair::new(25, delayed(10));
    pair.connect();
    unmute(&mut pair);
    unhide(&mut pair);
    let waited = Duration::from_millis(30);
    // What was sent last was heard so long ago.
    let hear = |pair: &mut Pair, seconds: u32, films: bool, ago: Duration| {
        for tick in 0..seconds * 50 {
            pair.sound(0, (pair.elapsed().as_millis() / 20) as u32 * 960);
            if films && tick % 2 == 0 {
                pair.film(0, (pair.elapsed().as_micros() / 33_333) as u32);
            }
            pair.run(Duration::from_millis(20));
            let heard = pair.ends[1].sounds.last().map(|(_, _, packet)| packet.timestamp);
            let audible = heard.map(|timestamp| Audible {
                timestamp,
                at: pair.now - ago,
                waited,
                asked: Duration::ZERO,
            });
            if tick % 5 == 0 {
                pair.ends[1].peer.handle_audible(pair.now, audible);
                pair.settle();
            }
        }
        std::mem::take(&mut pair.ends[1].delays)
    };
    hear(&mut pair, 4, true, Duration::ZERO);
    let told = hear(&mut pair, 4, true, Duration::from_millis(200));
    let (_, least) = *told.last().expect("the voice is early");
    let off = least.abs_diff(waited + Duration::from_millis(180));
    assert!(off < Duration::from_millis(45), "by as much as it is early: {least:?}");
    assert!(told.len() < 30, "and not told more often than it changes: {}", told.len());
    let told = hear(&mut pair, 4, false, Duration::from_millis(200));
    assert_eq!(told.last().map(|(_, least)| *least), Some(Duration::ZERO), "no picture, no wait");
}

#[test]
fn a_peer_without_vp8_or_opus_still_gets_the_other() {
    for (codec, slot) in [("VP8", Slot::Camera), ("opus", Slot::Audio)] {
        let mut pair = Pair::new(25, delayed(10));
        pair.refuse = Some(codec);
        pair.connect();
        unmute(&mut pair);
        unhide(&mut pair);
        for frame in 0..30 {
            pair.film(0, frame);
            pair.sound(0, frame * 960);
            pair.run(Duration::from_millis(20));
        }
        pair.run(SECOND);
        let end = &pair.ends[1];
        assert_eq!(end.pictures.is_empty(), slot == Slot::Camera, "pictures without {codec}");
        assert_eq!(end.sounds.is_empty(), slot == Slot::Audio, "sound without {codec}");
        let told = pair.ends[0].events.iter().any(|(_, event)| {
            matches!(event, PeerEvent::Slot { slot: of, state: SlotState::Unavailable { .. } } if *of == slot)
        });
        assert!(told, "and it is said of the {codec} slot");
    }
}
