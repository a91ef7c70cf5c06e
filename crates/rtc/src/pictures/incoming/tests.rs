use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::pictures::sample;
use crate::pictures::vp8::Packetizer;

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Something without pattern that is the same every time.
const fn noise(seed: u64, at: u64) -> u64 {
    let mut x = seed ^ at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A picture that was shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    number: usize,
    at: u64,
}

/// An encoder that makes a key frame when asked, a path that loses packets and sends them again,
/// and a decoder that checks its references. Time in ms.
struct Call {
    seed: u64,
    round_trip: u64,
    loss_percent: u64,
    /// Nothing passes in this time.
    dark: std::ops::Range<u64>,
    until: u64,
    /// The decoder stumbles over the first picture after this time.
    stumble: Option<u64>,
}

struct Played {
    shown: Vec<Shown>,
    asked: Vec<(u64, Reason)>,
    keys: usize,
    /// Key frames that came through whole: which, and when the last packet was there.
    whole: Vec<(usize, u64)>,
}

impl Played {
    /// Asserts that a key frame that came through is shown, or something later than it, and that one
    /// is asked for as long as nothing is shown. What nothing arrives of is not missed.
    fn goes_on(&self, call: &Call) {
        let until = call.until;
        for (key, at) in self.whole.iter().filter(|(_, at)| at + PLAYED_MS < until) {
            let shown = self.shown.iter().any(|it| it.number >= *key && it.at <= at + PLAYED_MS);
            assert!(shown, "frame {key} was whole at {at} ms: {:?}", self.shown.last());
        }
        let mut signs: Vec<u64> = self.shown.iter().map(|it| it.at).collect();
        signs.extend(self.asked.iter().map(|(at, _)| at));
        signs.push(until);
        signs.sort_unstable();
        for pair in signs.windows(2) {
            let quiet = pair[1] - pair[0];
            let dark = call.dark.start < pair[1] && pair[0] < call.dark.end + call.round_trip;
            let unseen = if dark { call.dark.end - call.dark.start + call.round_trip } else { 0 };
            assert!(quiet <= QUIET_MS + unseen, "nothing for {quiet} ms from {} ms", pair[0]);
        }
    }
}

/// How long a whole key frame may wait to be shown: [`super::super::playout::HOLD_MAX`].
const PLAYED_MS: u64 = 1_000;
/// How long there may be neither a picture nor a request: the longest wait between two of them, and
/// the longest patience with a hole.
const QUIET_MS: u64 = 1_000 + 600;

impl Call {
    fn lost(&self, now: u64, salt: u64) -> bool {
        self.dark.contains(&now) || noise(self.seed, salt) % 100 < self.loss_percent
    }

    fn play(&self) -> Played {
        let origin = sample::origin();
        let mut incoming = Incoming::new();
        incoming.handle_sent(true);
        incoming.set_round_trip(ms(self.round_trip));
        let mut packetizer = Packetizer::new(0x7ff0);
        let mut sequence = 65_000;
        let (mut frames, mut keys) = (Vec::new(), Vec::new());
        let mut arrivals: BTreeMap<(u64, u64), Packet> = BTreeMap::new();
        let (mut key_at, mut stumble) = (Some(0), self.stumble);
        let mut played = Played { shown: Vec::new(), asked: Vec::new(), keys: 0, whole: vec![] };
        let mut salt = 0;
        for now in 0..self.until {
            if now % 33 == 0 {
                let number = frames.len();
                let key = key_at.is_some_and(|at| at <= now);
                let frame = if key {
                    key_at = None;
                    sample::key(64, 48, 9_000, (number % 251) as u8)
                } else {
                    sample::delta(2_000, (number % 251) as u8)
                };
                let mut whole = Some(now);
                for payload in packetizer.packetize(&frame, 1_150) {
                    let mut sent = now;
                    let mut arrival = None;
                    // Sent, and again after a round trip, five times at most.
                    for _ in 0..6 {
                        salt += 1;
                        if !self.lost(sent, salt) {
                            let at = sent + self.round_trip / 2 + noise(self.seed, salt) % 15;
                            let packet = Packet {
                                source: 1,
                                sequence,
                                timestamp: (now as u32).wrapping_mul(90).wrapping_sub(45_000),
                                marker: payload.marker,
                                payload: payload.bytes.clone().into(),
                                received: origin + ms(at),
                            };
                            arrivals.insert((at, salt), packet);
                            arrival = Some(at);
                            break;
                        }
                        sent += self.round_trip + 38;
                    }
                    sequence += 1;
                    whole = whole.zip(arrival).map(|(one, other)| one.max(other));
                }
                if let Some(at) = whole.filter(|_| key) {
                    played.whole.push((number, at));
                }
                frames.push(frame);
                keys.push(key);
            }
            while let Some(first) = arrivals.first_entry().filter(|it| it.key().0 <= now) {
                incoming.handle_packet(first.remove());
            }
            let time = origin + ms(now);
            while let Some(output) = incoming.poll(time) {
                match output {
                    Output::Picture(picture) => {
                        let after = played.shown.last().map_or(0, |it: &Shown| it.number + 1);
                        let found = frames.iter().skip(after).position(|it| *it == picture.data);
                        let number = after + found.expect("a frame that was sent, after the last");
                        assert!(number == after || keys[number], "{number} lacks its reference");
                        played.shown.push(Shown { number, at: now });
                        if stumble.is_some_and(|at| now >= at) {
                            stumble = None;
                            incoming.handle_decoder_error();
                        }
                    }
                    Output::AskKey(reason) => {
                        played.asked.push((now, reason));
                        salt += 1;
                        if !self.lost(now, salt) {
                            key_at = Some(key_at.unwrap_or(now + self.round_trip / 2));
                        }
                    }
                }
            }
            assert!(incoming.deadline().is_none_or(|at| at > time), "all that is due was done");
        }
        played.keys = keys.iter().filter(|key| **key).count();
        played
    }
}

const CALM: Call =
    Call { seed: 1, round_trip: 50, loss_percent: 0, dark: 0..0, until: 6_000, stumble: None };

#[test]
fn a_call_without_trouble_shows_every_picture_and_asks_for_nothing() {
    let played = CALM.play();
    assert_eq!(played.asked, [], "the stream starts with a key frame");
    assert!(played.shown.len() >= 178, "all that can have come: {}", played.shown.len());
    let latest = played.shown.iter().map(|it| it.at - it.number as u64 * 33).max();
    assert!(latest <= Some(25 + 15 + 2), "within the path and its jitter: {latest:?} ms");
}

#[test]
fn losses_that_are_sent_again_cost_no_key_frame() {
    let played = Call { loss_percent: 3, until: 20_000, ..CALM }.play();
    assert_eq!(played.asked, [], "each came back in time");
    assert!(played.shown.len() >= 595, "and was shown: {}", played.shown.len());
}

#[test]
fn after_a_dark_second_pictures_move_again_with_one_key_frame() {
    let played = Call { dark: 3_000..4_500, until: 8_000, ..CALM }.play();
    let back = played.shown.iter().find(|it| it.at > 4_500).expect("pictures come back");
    assert!(back.at <= 4_500 + 650, "soon: at {} ms", back.at);
    assert!(played.keys <= 2, "the first and one more: {}", played.keys);
    let last = played.shown.last().expect("shown");
    assert!(last.at - last.number as u64 * 33 < 120, "and no delay stays");
}

#[test]
fn a_decoder_that_stumbles_gets_a_key_frame() {
    let played = Call { stumble: Some(2_000), ..CALM }.play();
    let (at, reason) = *played.asked.first().expect("asked");
    assert_eq!(reason, Reason::Decoder, "on behalf of the decoder");
    assert!(at < 2_050, "at once: {at} ms");
    assert_eq!((played.asked.len(), played.keys), (1, 2), "once");
}

/// Requests got lost one after the other: pictures stood still for long, and came back.
#[test]
fn a_path_that_swallows_requests_is_asked_again_until_pictures_move() {
    let seed = 13_660_314_484_695_971_450;
    let call = Call { seed, round_trip: 356, loss_percent: 17, dark: 3_466..5_380, ..CALM };
    let call = Call { until: 12_000, ..call };
    let played = call.play();
    played.goes_on(&call);
    let last = played.shown.last().map_or(0, |it| it.at);
    assert!(last > 11_000, "pictures are back: the last at {last} ms");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn on_any_path_only_decodable_pictures_are_shown_and_requests_keep_their_distance(
        seed in any::<u64>(),
        round_trip in 1_u64..400,
        loss_percent in 0_u64..25,
        dark in (2_000_u64..4_000, 0_u64..2_000),
    ) {
        let dark = dark.0..dark.0 + dark.1;
        let call = Call { seed, round_trip, loss_percent, dark, until: 9_000, stumble: None };
        // The decoder inside checks every reference.
        let played = call.play();
        let close = played.asked.windows(2).any(|it| it[1].0 - it[0].0 < 300);
        prop_assert!(!close, "never closer than 300 ms: {:?}", played.asked);
        played.goes_on(&call);
    }
}
