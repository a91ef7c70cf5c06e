use std::sync::Arc;

use proptest::prelude::*;

use super::hole::PATIENCE_EXTRA;
use super::*;
use crate::pictures::sample;
use crate::pictures::vp8::Packetizer;

const SOURCE: u32 = 7;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A sender's frames and their packets, 30 frames a second.
struct Film {
    origin: Instant,
    frames: Vec<Vec<u8>>,
    packets: Vec<Packet>,
}

impl Film {
    /// `keys` says which frames are key frames; each frame is cut into about `pieces` packets.
    fn new(keys: &[bool], pieces: usize, sequence: u64, timestamp: u32, picture_id: u16) -> Self {
        let origin = sample::origin();
        let mut packetizer = Packetizer::new(picture_id);
        let (mut frames, mut packets) = (Vec::new(), Vec::new());
        for (index, key) in keys.iter().enumerate() {
            let bytes = 100 * pieces - 4 * pieces;
            let seed = (index % 251) as u8;
            let frame =
                if *key { sample::key(64, 48, bytes, seed) } else { sample::delta(bytes, seed) };
            for payload in packetizer.packetize(&frame, 100) {
                packets.push(Packet {
                    source: SOURCE,
                    sequence: sequence + packets.len() as u64,
                    timestamp: timestamp.wrapping_add(3_000 * index as u32),
                    marker: payload.marker,
                    payload: payload.bytes.into(),
                    received: origin + ms(33) * index as u32,
                });
            }
            frames.push(frame);
        }
        Self { origin, frames, packets }
    }

    fn simple(keys: &[bool]) -> Self {
        Self::new(keys, 2, 1_000, 90_000, 40)
    }

    fn packet(&self, index: usize, at: Duration) -> Packet {
        Packet { received: self.origin + at, ..self.packets[index].clone() }
    }

    /// Which frames were delivered; panics if any is not what was sent.
    fn indices(&self, frames: &[Frame]) -> Vec<usize> {
        frames
            .iter()
            .map(|frame| {
                let sent = |it: &&Vec<u8>| **it == frame.picture.data;
                let found = self.frames.iter().enumerate().filter(|(_, it)| sent(it));
                // Frames repeat their filling after 251.
                found.map(|(index, _)| index).next().expect("delivered bit for bit as it was sent")
            })
            .collect()
    }
}

fn drain(assembly: &mut Assembly, now: Instant) -> Vec<Frame> {
    std::iter::from_fn(|| assembly.poll(now)).collect()
}

fn feed(assembly: &mut Assembly, film: &Film, order: &[usize], at: Duration) -> Vec<usize> {
    let mut frames = Vec::new();
    for &index in order {
        assembly.handle(film.packet(index, at));
        frames.extend(drain(assembly, film.origin + at));
    }
    film.indices(&frames)
}

#[test]
fn frames_come_out_as_soon_as_they_are_whole() {
    let film = Film::simple(&[true, false, false]);
    let mut assembly = Assembly::new();
    assert_eq!(feed(&mut assembly, &film, &[0], ms(0)), [] as [usize; 0], "half a frame is none");
    assert_eq!(feed(&mut assembly, &film, &[1], ms(1)), [0], "whole with its second packet");
    assert_eq!(feed(&mut assembly, &film, &[3, 2, 5], ms(2)), [1], "order does not matter");
    assert_eq!(feed(&mut assembly, &film, &[4, 4, 1], ms(3)), [2], "nor do repetitions");
    assert_eq!(assembly.counts().stale, 2, "which are counted");
    assert_eq!(assembly.deadline(), None, "nothing is awaited");
    assert_eq!(assembly.wants_key(film.origin + ms(9_999)), None, "so no key frame is wanted");
}

#[test]
fn a_hole_is_given_the_time_of_two_round_trips_and_then_wants_a_key_frame() {
    let film = Film::simple(&[true, false, false, true, false]);
    let mut assembly = Assembly::new();
    assembly.set_round_trip(ms(40));
    feed(&mut assembly, &film, &[0, 1], ms(0));
    assert_eq!(feed(&mut assembly, &film, &[3, 4, 5], ms(33)), [] as [usize; 0], "2 is missing");
    let deadline = assembly.deadline().expect("the hole has a deadline");
    assert_eq!(
        deadline,
        film.origin + ms(33 + 80) + PATIENCE_EXTRA,
        "two round trips and the extra"
    );
    assert_eq!(assembly.wants_key(deadline - ms(1)), None, "it may still come");
    assert_eq!(drain(&mut assembly, deadline), [], "nothing can be decoded without it");
    assert_eq!(assembly.wants_key(deadline), Some(Want::Hole), "but time is up");
    assert_eq!(assembly.deadline(), None, "and time alone changes nothing more");
    assert_eq!(feed(&mut assembly, &film, &[6, 7], ms(300)), [3], "the key frame helps");
    assert_eq!(assembly.wants_key(film.origin + ms(300)), None, "none is wanted any more");
    assert_eq!(feed(&mut assembly, &film, &[8, 9, 2], ms(310)), [4], "the old one is stale");
    assert_eq!(assembly.counts().skips, 1, "one hole was skipped");
}

#[test]
fn a_late_packet_still_mends_the_picture_before_the_key_frame_comes() {
    let film = Film::simple(&[true, false, false]);
    let mut assembly = Assembly::new();
    feed(&mut assembly, &film, &[0, 1, 3, 4, 5], ms(0));
    let late = ms(900);
    assert_eq!(drain(&mut assembly, film.origin + late), [], "the hole is open");
    assert_eq!(assembly.wants_key(film.origin + late), Some(Want::Hole), "and overdue");
    assert_eq!(feed(&mut assembly, &film, &[2], late), [1, 2], "all is well again");
    assert_eq!(assembly.wants_key(film.origin + late), None, "no key frame is needed");
}

#[test]
fn a_stream_that_starts_with_a_delta_wants_a_key_frame_at_once() {
    let film = Film::simple(&[false, false, true, false]);
    let mut assembly = Assembly::new();
    assert_eq!(assembly.wants_key(film.origin), None, "nothing is known of an idle stream");
    assert_eq!(feed(&mut assembly, &film, &[0, 1], ms(0)), [] as [usize; 0], "undecodable");
    assert_eq!(assembly.deadline(), Some(film.origin + START_GRACE), "it may be reordered");
    assert_eq!(assembly.wants_key(film.origin + START_GRACE), Some(Want::Start), "it was not");
    assert_eq!(feed(&mut assembly, &film, &[4], ms(50)), [] as [usize; 0], "half a key frame");
    assert_eq!(assembly.wants_key(film.origin + ms(50)), None, "is on its way");
    assert_eq!(feed(&mut assembly, &film, &[5, 6, 7], ms(51)), [2, 3], "and all goes on");
}

#[test]
fn lost_padding_holds_nothing_up() {
    let mut film = Film::simple(&[true, false]);
    for packet in &mut film.packets[2..] {
        packet.sequence += 3;
    }
    let mut assembly = Assembly::new();
    feed(&mut assembly, &film, &[0, 1], ms(0));
    let padding = Packet { payload: Arc::new([]), sequence: 1_003, ..film.packet(1, ms(1)) };
    assembly.handle(padding);
    assert_eq!(drain(&mut assembly, film.origin), [], "padding is no frame");
    assert_eq!(assembly.deadline(), None, "and no reason to worry");
    let after = feed(&mut assembly, &film, &[2, 3], ms(33));
    assert_eq!(after, [1], "the picture numbers show that nothing is missing");
}

#[test]
fn a_frame_dropped_by_its_sender_is_noticed_by_the_picture_numbers() {
    let mut film = Film::simple(&[true, false, false, true]);
    film.packets.drain(2..4);
    for (index, packet) in film.packets.iter_mut().enumerate() {
        packet.sequence = 1_000 + index as u64;
    }
    let mut assembly = Assembly::new();
    assert_eq!(feed(&mut assembly, &film, &[0, 1, 2, 3], ms(0)), [0], "frame 2 lacks frame 1");
    assert_eq!(
        assembly.wants_key(film.origin),
        Some(Want::Broken),
        "at once: nothing will mend it"
    );
    assert_eq!(feed(&mut assembly, &film, &[4, 5], ms(5)), [3], "until the key frame");
}

#[test]
fn senders_that_count_pictures_in_their_own_way_are_believed_by_their_sequence() {
    let keys = [true, false, true, false, true, false, true, false, false];
    let mut film = Film::simple(&keys);
    for packet in &mut film.packets {
        let mut payload = packet.payload.to_vec();
        let id = u16::from_be_bytes([payload[2], payload[3]]).wrapping_mul(2) | 0x8000;
        payload[2..4].copy_from_slice(&id.to_be_bytes());
        packet.payload = payload.into();
    }
    let mut assembly = Assembly::new();
    let all: Vec<usize> = (0..film.packets.len()).collect();
    let delivered = feed(&mut assembly, &film, &all, ms(0));
    assert_eq!(delivered, [0, 2, 4, 6, 7, 8], "three strikes, then the sequence alone counts");
}

#[test]
fn upper_layers_may_be_missing() {
    // Layers 0 1 0 1 0; the second frame is taken out as a forwarder would.
    let (base, mut film) = ([1, 1, 2, 2, 3], Film::simple(&[true, false, false, false, false]));
    for (index, packet) in film.packets.iter_mut().enumerate() {
        let frame = index / 2;
        let mut payload = packet.payload.to_vec();
        payload[1] = 0xe0;
        let layer = if frame % 2 == 1 { 0x40 } else { 0 };
        payload.splice(4..4, [base[frame], layer]);
        packet.payload = payload.into();
    }
    let mut assembly = Assembly::new();
    feed(&mut assembly, &film, &[0, 1], ms(0));
    assert_eq!(feed(&mut assembly, &film, &[4, 5], ms(66)), [] as [usize; 0], "2 and 3 may come");
    assert_eq!(drain(&mut assembly, film.origin + ms(900)).len(), 1, "or be done without");
    assert_eq!(assembly.wants_key(film.origin + ms(900)), None, "no key frame is needed");
    assert_eq!(feed(&mut assembly, &film, &[6, 7, 8, 9], ms(910)), [3, 4], "the rest follows");
}

#[test]
fn frames_of_a_sender_without_markers_end_where_the_next_begins() {
    let mut film = Film::simple(&[true, false, false]);
    film.packets.iter_mut().for_each(|it| it.marker = false);
    let mut assembly = Assembly::new();
    assert_eq!(feed(&mut assembly, &film, &[0, 1], ms(0)), [] as [usize; 0], "more may come");
    assert_eq!(feed(&mut assembly, &film, &[2, 3, 4], ms(1)), [0, 1], "the next has begun");
}

#[test]
fn another_source_starts_anew_and_the_former_one_is_not_heard_again() {
    let film = Film::new(&[true, false], 2, 5_000_000, u32::MAX - 10, 0);
    let other = Film::new(&[true], 2, 3, 5, 0);
    let mut assembly = Assembly::new();
    feed(&mut assembly, &film, &[0, 1], ms(0));
    for index in 0..2 {
        assembly.handle(Packet { source: 8, ..other.packet(index, ms(50)) });
    }
    let frames = drain(&mut assembly, film.origin);
    assert_eq!(frames.len(), 1, "its numbers are its own");
    assert!(frames[0].timestamp > u64::from(u32::MAX) + u64::from(u32::MAX - 10), "time goes on");
    assert_eq!(feed(&mut assembly, &film, &[2, 3], ms(60)), [] as [usize; 0], "stragglers");
    assert_eq!(assembly.counts().stale, 2, "are counted");
}

#[test]
fn a_frame_that_is_no_vp8_wants_a_key_frame() {
    let mut film = Film::simple(&[true, true]);
    film.packets[0].payload = {
        let mut payload = film.packets[0].payload.to_vec();
        payload[7] = 0;
        payload.into()
    };
    let mut assembly = Assembly::new();
    for index in 0..2 {
        assembly.handle(film.packet(index, ms(0)));
    }
    assert_eq!(drain(&mut assembly, film.origin), [], "no start code");
    assert_eq!(assembly.wants_key(film.origin), Some(Want::Broken), "another is needed");
    assert_eq!(assembly.held_packets(), 0, "and it is not kept");
}

#[test]
fn a_flood_behind_a_hole_is_bounded_and_ends_with_the_next_key_frame() {
    let mut keys = vec![false; 800];
    keys[0] = true;
    keys[799] = true;
    let film = Film::simple(&keys);
    let mut assembly = Assembly::new();
    feed(&mut assembly, &film, &[0, 1], ms(0));
    for index in 3..film.packets.len() {
        assembly.handle(film.packet(index, ms(40)));
        assert!(assembly.held_packets() <= MAX_PACKETS, "bounded");
    }
    let frames = drain(&mut assembly, film.origin + ms(40));
    assert_eq!(frames.len(), 1, "the key frame at the end needs nothing else");
    assert!(frames[0].picture.key, "it is that one");
    assert_eq!(assembly.held_packets(), 0, "nothing is kept behind it");
}

/// What the network does to one packet.
#[derive(Debug, Clone, Copy)]
struct Fate {
    /// Lost for good, or mended after this many ms.
    lost: Option<Option<u16>>,
    delay_ms: u16,
    again_ms: Option<u16>,
}

fn fate(mended: bool) -> impl Strategy<Value = Fate> {
    let mend = if mended { (0_u16..80).prop_map(Some).boxed() } else { Just(None).boxed() };
    let lost = prop_oneof![12 => Just(None), 1 => mend.prop_map(Some)];
    let again = prop_oneof![8 => Just(None), 1 => (0_u16..300).prop_map(Some)];
    (lost, 0_u16..60, again).prop_map(|(lost, delay_ms, again_ms)| Fate {
        lost,
        delay_ms,
        again_ms,
    })
}

/// All arrivals in order of time, then of sequence.
fn arrivals(film: &Film, fates: &[Fate]) -> Vec<Packet> {
    let mut arrivals = Vec::new();
    for (packet, fate) in film.packets.iter().zip(fates) {
        let mut arrive = |delay| {
            let received = packet.received + ms(delay);
            arrivals.push(Packet { received, ..packet.clone() });
        };
        let delay = u64::from(fate.delay_ms);
        match fate.lost {
            None => arrive(delay),
            Some(Some(mend)) => arrive(delay + u64::from(mend)),
            Some(None) => {}
        }
        if let Some(again) = fate.again_ms.filter(|_| fate.lost != Some(None)) {
            arrive(delay + 80 + u64::from(again));
        }
    }
    arrivals.sort_by_key(|it| it.received);
    arrivals
}

/// Plays the arrivals with the assembly's own deadlines between them.
fn play(
    assembly: &mut Assembly,
    arrivals: Vec<Packet>,
    end: Duration,
    origin: Instant,
) -> Vec<Frame> {
    let mut frames = Vec::new();
    for packet in arrivals {
        while let Some(at) = assembly.deadline().filter(|at| *at < packet.received) {
            frames.extend(drain(assembly, at));
        }
        let now = packet.received;
        assembly.handle(packet);
        frames.extend(drain(assembly, now));
    }
    frames.extend(drain(assembly, origin + end));
    frames
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn reordered_repeated_and_mended_packets_give_every_frame_bit_for_bit(
        keys in proptest::collection::vec(any::<bool>(), 1..60),
        pieces in 1_usize..5,
        sequence in prop_oneof![0_u64..3, 65_530_u64..65_545],
        timestamp in prop_oneof![Just(u32::MAX - 20_000), any::<u32>()],
        picture_id in prop_oneof![Just(0x7ff0_u16), any::<u16>()],
        fates in proptest::collection::vec(fate(true), 300),
    ) {
        let mut keys = keys;
        keys[0] = true;
        let film = Film::new(&keys, pieces, sequence, timestamp, picture_id);
        let mut assembly = Assembly::new();
        // Were the first frame overtaken by another key frame, it would be left out.
        let prompt = Fate { lost: None, delay_ms: 0, again_ms: None };
        let mut fates = fates;
        fates[..pieces].fill(prompt);
        let arrivals = arrivals(&film, &fates);
        let frames = play(&mut assembly, arrivals, ms(9_000), film.origin);
        let expected: Vec<usize> = (0..keys.len()).collect();
        prop_assert_eq!(film.indices(&frames), expected, "each once and in order");
        for (index, frame) in frames.iter().enumerate() {
            let sent = timestamp.wrapping_add(3_000 * index as u32);
            prop_assert_eq!(frame.timestamp as u32, sent, "its own time");
        }
        let steps = frames.windows(2).all(|it| it[1].timestamp - it[0].timestamp == 3_000);
        prop_assert!(steps, "timestamps wrap without a jump");
        prop_assert_eq!(assembly.held_bytes(), 0, "nothing is left");
    }

    #[test]
    fn whatever_is_lost_only_whole_decodable_frames_come_out_in_order(
        keys in proptest::collection::vec(proptest::bool::weighted(0.1), 1..80),
        pieces in 1_usize..5,
        picture_id in any::<u16>(),
        numbered in any::<bool>(),
        calm in any::<bool>(),
        fates in proptest::collection::vec(fate(false), 400),
    ) {
        let mut film = Film::new(&keys, pieces, 65_500, u32::MAX - 60_000, picture_id);
        if !numbered {
            for packet in &mut film.packets {
                let begins = packet.payload[0] & 0x10;
                packet.payload = [&[begins], &packet.payload[4..]].concat().into();
            }
        }
        let mut fates = fates;
        if calm {
            fates.iter_mut().for_each(|it| it.delay_ms = 0);
        }
        let mut assembly = Assembly::new();
        let arrivals = arrivals(&film, &fates);
        let frames = play(&mut assembly, arrivals, ms(20_000), film.origin);
        let delivered = film.indices(&frames);
        let mut before = None;
        for &index in &delivered {
            prop_assert!(before.is_none_or(|it| index > it), "in order: {:?}", delivered);
            let follows = before.is_some_and(|it| index == it + 1);
            prop_assert!(keys[index] || follows, "{} lacks its reference: {:?}", index, delivered);
            before = Some(index);
        }
        // A frame whose packets all came in order, with all since its key frame, has no excuse.
        let whole = |frame: usize| {
            fates[frame * pieces..(frame + 1) * pieces].iter().all(|it| it.lost.is_none())
        };
        let mut decodable = false;
        for (index, &key) in keys.iter().enumerate() {
            decodable = whole(index) && (key || decodable);
            let missed = calm && decodable && !delivered.contains(&index);
            prop_assert!(!missed, "{} of {:?}", index, delivered);
        }
    }

    #[test]
    fn hostile_packets_never_panic_and_never_fill_the_memory(
        packets in proptest::collection::vec(
            (
                prop_oneof![0_u64..40, any::<u64>()],
                prop_oneof![0_u32..4, any::<u32>()],
                any::<bool>(),
                prop_oneof![
                    proptest::collection::vec(any::<u8>(), 0..12),
                    Just(vec![0x10, 0x10, 0, 0, 0x9d, 1, 0x2a, 8, 0, 8, 0]),
                    Just(vec![0x10, 0x11, 0, 0]),
                    Just(vec![0x00, 0x11, 0, 0]),
                ],
                0_u64..200,
                0_u32..3,
            ),
            1..200,
        ),
        round_trip in any::<u64>(),
    ) {
        let origin = sample::origin();
        let mut assembly = Assembly::new();
        assembly.set_round_trip(Duration::from_millis(round_trip));
        let mut now = origin;
        for (sequence, timestamp, marker, payload, after, source) in packets {
            now += ms(after);
            let payload = payload.into();
            let source = source / 2;
            assembly.handle(Packet { source, sequence, timestamp, marker, payload, received: now });
            for frame in drain(&mut assembly, now) {
                let again = Picture::read(frame.picture.data.clone(), frame.picture.captured_us);
                prop_assert_eq!(again, Ok(frame.picture), "what comes out is VP8");
            }
            prop_assert!(assembly.held_packets() <= MAX_PACKETS, "bounded");
            prop_assert!(assembly.held_bytes() <= MAX_BYTES, "in bytes too");
            if let Some(deadline) = assembly.deadline() {
                prop_assert!(deadline > now, "a deadline is ahead, or it would be polled for ever");
            }
        }
    }
}
