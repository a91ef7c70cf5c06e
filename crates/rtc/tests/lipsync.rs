//! Sound and pictures of one sender, each over its own path, through the jitter buffer and the
//! playout of pictures in virtual time: they belong together where the late one is waited for.
#![expect(clippy::disallowed_methods, reason = "where virtual time starts")]
#![expect(clippy::unwrap_used, reason = "a test")]

use std::time::{Duration, Instant, SystemTime};

use bellwire_rtc::pictures::Picture;
use bellwire_rtc::pictures::assembly::Frame;
use bellwire_rtc::pictures::playout::{Audible, Playout, Report};
use bellwire_voice::codec::{Decoder, Encoder, FRAME};
use bellwire_voice::jitter::{Jitter, PULL};
use bellwire_voice::packet::Packet;
use proptest::prelude::*;

/// From a pull to the ear.
const SPEAKER: Duration = Duration::from_millis(25);
const FRAME_US: u64 = 33_333;

/// Delays in µs of what is captured then.
struct Paths<S, P> {
    sound: S,
    pictures: P,
}

/// A picture that was shown.
#[derive(Debug)]
struct Shown {
    captured_us: u64,
    /// How much later than its sound; negative: sooner.
    behind_us: Option<i64>,
    /// How long the sound that is heard then waited in the buffer.
    waited: Duration,
}

/// The frames of a voice that speaks and pauses: the first second of it, again and again.
fn voice() -> Vec<Vec<u8>> {
    let mut encoder = Encoder::new().unwrap();
    let sample = |at: usize| {
        let at = at as f32 / 48e3;
        let loudness = (at * 12.0).sin().max(0.0) * if at % 1.0 < 0.7 { 0.2 } else { 0.001 };
        (1_u8..12).map(|n| (at * 880.0 * f32::from(n)).sin() / f32::from(n)).sum::<f32>() * loudness
    };
    let frame =
        |number: usize| -> [f32; FRAME] { std::array::from_fn(|i| sample(number * FRAME + i)) };
    (0..50).map(|number| encoder.encode(&frame(number)).unwrap()).collect()
}

impl<S: Fn(u64) -> u64, P: Fn(u64) -> u64> Paths<S, P> {
    fn play(&self, seconds: u64) -> Vec<Shown> {
        let epoch = Instant::now();
        let at = |us: u64| epoch + Duration::from_micros(us);
        let voice = voice();
        let mut jitter = Jitter::new(Decoder::new().unwrap());
        let mut playout = Playout::new();
        let mut sounds: Vec<(u64, u64)> = (0..seconds * 50)
            .map(|number| ((number + 1) * 20_000 + (self.sound)(number * 20_000), number))
            .collect();
        sounds.sort_unstable();
        let mut pictures: Vec<(u64, u64)> = (0..seconds * 30)
            .map(|number| number * FRAME_US)
            .map(|captured| (captured + (self.pictures)(captured), captured))
            .collect();
        pictures.sort_unstable_by_key(|(_, captured)| *captured);
        let (mut sounds, mut pictures) =
            (sounds.into_iter().peekable(), pictures.into_iter().peekable());
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        playout.set_report(Report { wall, timestamp: 0 });
        playout.set_sound_report(Report { wall, timestamp: 0 });
        let mut heard = None;
        let mut shown = Vec::new();
        for now_us in (0..seconds * 1_000_000).step_by(1_000) {
            let now = at(now_us);
            while let Some((_, number)) = sounds.next_if(|(arrives, _)| *arrives <= now_us) {
                let packet = Packet {
                    sequence: number as u16,
                    timestamp: number as u32 * 960,
                    payload: voice[number as usize % voice.len()].clone(),
                    redundant: false,
                };
                jitter.insert(now, packet);
            }
            if now_us % 10_000 == 0 {
                jitter.pull(now, &mut [0.0; PULL]);
                heard = jitter.playout();
            }
            if now_us % 100_000 == 0 {
                playout.set_sound(heard.map(|heard| Audible {
                    timestamp: heard.timestamp,
                    at: heard.at + SPEAKER,
                    waited: heard.waited,
                    asked: heard.asked,
                }));
                if let Some(least) = playout.sound_delay(now) {
                    jitter.set_least(least);
                }
            }
            while let Some((_, captured_us)) = pictures.next_if(|(arrives, _)| *arrives <= now_us) {
                let picture =
                    Picture { data: vec![0; 100], key: true, captured_us, width: 0, height: 0 };
                let timestamp = captured_us * 9 / 100;
                playout.handle(now, Frame { picture, timestamp, received: now });
            }
            while let Some(picture) = playout.poll(now) {
                let behind_us = heard.map(|heard| {
                    let ago =
                        (now + Duration::from_secs(1) - (heard.at + SPEAKER)).as_micros() as i64;
                    i64::from(heard.timestamp) * 1_000 / 48 + ago
                        - 1_000_000
                        - picture.captured_us as i64
                });
                let waited = heard.map_or(Duration::ZERO, |heard| heard.waited);
                shown.push(Shown { captured_us: picture.captured_us, behind_us, waited });
            }
        }
        shown
    }
}

fn noise(seed: u64, at: u64) -> u64 {
    let mut x = seed ^ at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_voice_waits_for_its_picture_and_no_longer(
        seed in any::<u64>(),
        late_ms in 0_u64..380,
        picture_jitter_ms in 1_u64..40,
        sound_jitter_ms in 1_u64..40,
    ) {
        let sound = |at| 20_000 + noise(seed, at) % (sound_jitter_ms * 1_000);
        // Late at first, in time from the 16th second on.
        let pictures = |at: u64| {
            let late = if at < 16_000_000 { late_ms * 1_000 } else { 0 };
            40_000 + late + noise(seed ^ 1, at) % (picture_jitter_ms * 1_000)
        };
        let shown = Paths { sound, pictures }.play(32);
        let (mut outside, mut all) = (0, 0);
        for picture in shown.iter().filter(|it| it.captured_us > 8_000_000) {
            let Some(behind) = picture.behind_us else { continue };
            all += 1;
            outside += u32::from(!(-60_000..=40_000).contains(&behind));
        }
        prop_assert!(all > 600, "there is sound with {} pictures", all);
        prop_assert!(outside * 50 <= all, "{} of {} are outside the window", outside, all);
        let last = shown.last().unwrap();
        let most = Duration::from_millis(40 + picture_jitter_ms + sound_jitter_ms + 30);
        prop_assert!(last.waited <= most, "{:?} are left of {} ms", last.waited, late_ms);
    }
}
