use std::time::SystemTime;

use proptest::prelude::*;

use super::*;
use crate::pictures::sample;

const FRAME_US: u64 = 33_333;
/// How long a sound waits that is not asked to.
const NEEDED: Duration = ms(30);

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// One picture that was shown: its number, and when it was captured, decodable and shown, in µs.
#[derive(Debug, Clone, Copy)]
struct Shown {
    captured_us: u64,
    ready_us: u64,
    at_us: u64,
    /// The sound that is heard then was captured then.
    sound_us: Option<u64>,
}

impl Shown {
    fn waited_us(&self) -> u64 {
        self.at_us - self.ready_us
    }

    /// How much later than its sound it was shown.
    fn behind_us(&self) -> Option<i64> {
        self.sound_us.map(|sound| sound.cast_signed() - self.captured_us.cast_signed())
    }
}

/// A sender, a path and a speaker, in virtual time.
struct Stage<P, S> {
    frames: u64,
    /// From capture to decodable, in µs, of a frame captured then.
    path: P,
    /// From capture to the ear, in µs, of what is heard then; `None`: silence.
    sound: S,
    /// The sender's clock runs faster by this.
    ppm: i64,
    /// The sound waits as long as it is asked to, and gets there by 10 % of the time.
    obey: bool,
}

impl<P: Fn(u64) -> u64, S: Fn(u64) -> Option<u64>> Stage<P, S> {
    fn play(&self, playout: &mut Playout) -> Vec<Shown> {
        let epoch = sample::origin();
        let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let sender = |us: u64| us.saturating_add_signed(us.cast_signed() * self.ppm / 1_000_000);
        let local = |us: u64| epoch + Duration::from_micros(us);
        let (pictures_start, sound_start) = (u32::MAX - 900_000, u32::MAX - 480_000);
        let (mut shown, mut ready) = (Vec::new(), Vec::new());
        let (mut next, mut ready_us, mut asked_us, mut extra_us) = (0, 0, 0, 0_u64);
        let end = self.frames * FRAME_US + 4_000_000;
        for now_us in (0..end).step_by(1_000) {
            let now = local(now_us);
            let sound_us =
                (self.sound)(now_us).and_then(|delay| now_us.checked_sub(delay + extra_us));
            if now_us % 10_000 == 0 {
                let timestamp =
                    sound_us.map(|at| sound_start.wrapping_add((sender(at) * 48 / 1_000) as u32));
                let asked = Duration::from_micros(extra_us);
                let waited = NEEDED + asked;
                playout.set_sound(timestamp.map(|timestamp| Audible {
                    timestamp,
                    at: now,
                    waited,
                    asked,
                }));
                extra_us = asked_us.clamp(extra_us.saturating_sub(1_000), extra_us + 1_000);
            }
            if now_us % 1_000_000 == 0 {
                let wall = wall + Duration::from_micros(sender(now_us));
                let at =
                    |start: u32, hz: u64| start.wrapping_add((sender(now_us) * hz / 1_000) as u32);
                playout.set_report(Report { wall, timestamp: at(pictures_start, 90) });
                playout.set_sound_report(Report { wall, timestamp: at(sound_start, 48) });
            }
            if self.obey
                && now_us % 100_000 == 0
                && let Some(least) = playout.sound_delay(now)
            {
                asked_us = least.saturating_sub(NEEDED).as_micros() as u64;
            }
            while next < self.frames {
                let captured_us = next * FRAME_US;
                // What is decoded in order cannot come before what was sent before.
                ready_us = ready_us.max(captured_us + (self.path)(captured_us));
                if ready_us > now_us {
                    break;
                }
                let timestamp = u64::from(pictures_start) + sender(captured_us) * 9 / 100;
                let picture = Picture {
                    data: vec![0; 100],
                    key: next == 0,
                    captured_us: timestamp * 100 / 9,
                    width: 0,
                    height: 0,
                };
                playout.handle(now, Frame { picture, timestamp, received: now });
                ready.push((captured_us, now_us));
                next += 1;
            }
            while let Some(picture) = playout.poll(now) {
                let (captured_us, ready_us) = ready[shown.len()];
                let sent = u64::from(pictures_start) * 100 / 9 + sender(captured_us);
                let rounding = picture.captured_us.abs_diff(sent);
                assert!(rounding < 50, "in the order in which they were taken ({rounding} µs)");
                shown.push(Shown { captured_us, ready_us, at_us: now_us, sound_us });
            }
        }
        assert_eq!(shown.len() as u64, self.frames, "every frame comes out");
        assert_eq!(playout.deadline(), None, "nothing is left");
        shown
    }
}

fn no_sound(_: u64) -> Option<u64> {
    None
}

/// Something without pattern that is the same every time.
const fn noise(seed: u64, at: u64) -> u64 {
    let mut x = seed ^ at.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The differences between the times from picture to picture at capture and when shown, in µs.
fn unevenness(shown: &[Shown]) -> Vec<u64> {
    let pairs = shown.windows(2);
    pairs
        .map(|pair| {
            let captured = pair[1].captured_us - pair[0].captured_us;
            (pair[1].at_us - pair[0].at_us).abs_diff(captured)
        })
        .collect()
}

#[test]
fn a_path_without_jitter_adds_no_delay() {
    let stage = Stage { frames: 300, path: |_| 40_000, sound: no_sound, ppm: 0, obey: false };
    let mut playout = Playout::new();
    let shown = stage.play(&mut playout);
    let most = shown.iter().map(Shown::waited_us).max();
    assert!(most <= Some(2_000), "a picture is shown when it is there: {most:?} µs");
}

#[test]
fn a_large_first_frame_does_not_delay_the_others() {
    let path = |at: u64| if at == 0 { 190_000 } else { 40_000 };
    let stage = Stage { frames: 90, path, sound: no_sound, ppm: 0, obey: false };
    let shown = stage.play(&mut Playout::new());
    assert_eq!(shown[0].waited_us(), 0, "the first picture is shown at once");
    let settled = &shown[30..];
    let most = settled.iter().map(Shown::waited_us).max();
    assert!(most <= Some(2_000), "a second later nothing waits: {most:?} µs");
}

#[test]
fn jitter_is_smoothed_by_waiting_no_longer_than_it_asks_for() {
    let path = |at: u64| 40_000 + noise(1, at) % 60_000;
    let stage = Stage { frames: 900, path, sound: no_sound, ppm: 0, obey: false };
    let mut playout = Playout::new();
    let shown = stage.play(&mut playout);
    let settled = &shown[300..];
    let mut uneven = unevenness(settled);
    uneven.sort_unstable();
    let p90 = uneven[uneven.len() * 9 / 10];
    assert!(p90 <= 4_000, "nine of ten are even to 4 ms: {p90} µs");
    let most = settled.iter().map(|it| it.at_us - it.captured_us).max();
    assert!(most <= Some(102_000), "none is later than the slowest packet: {most:?} µs");
    let figures = playout.figures(sample::origin());
    assert!(figures.late < 900 / 8, "few are late: {}", figures.late);
    assert_eq!(figures.behind_sound_us, None, "there is no sound");
}

#[test]
fn a_path_that_becomes_longer_is_followed_and_one_that_becomes_shorter_too() {
    let path = |at: u64| if (5_000_000..15_000_000).contains(&at) { 340_000 } else { 40_000 };
    let stage = Stage { frames: 1_200, path, sound: no_sound, ppm: 0, obey: false };
    let shown = stage.play(&mut Playout::new());
    let at = |s: u64| &shown[usize::try_from(s * 30).expect("small")..][..30];
    assert!(unevenness(at(8)).iter().all(|it| *it <= 3_000), "even again on the longer path");
    let last = shown[1_190].waited_us();
    assert!(last <= 3_000, "no delay stays from it: {last} µs");
    let back = shown.iter().filter(|it| it.captured_us > 15_500_000);
    assert!(back.clone().all(|it| it.waited_us() <= 400_000), "nor more than it was");
}

#[test]
fn a_longer_path_is_smoothed_again_after_two_seconds_of_late_pictures() {
    let path = |at: u64| {
        let longer = if at >= 5_000_000 { 300_000 } else { 0 };
        40_000 + longer + noise(3, at) % 30_000
    };
    let stage = Stage { frames: 400, path, sound: no_sound, ppm: 0, obey: false };
    let shown = stage.play(&mut Playout::new());
    let mut uneven = unevenness(&shown[240..300]);
    uneven.sort_unstable();
    let p90 = uneven[uneven.len() * 9 / 10];
    assert!(p90 <= 6_000, "even from the eighth second on, where 5 % is not there yet: {p90} µs");
}

#[test]
fn a_queue_that_empties_leaves_no_delay() {
    // 1.2 s of standstill, then everything at once.
    let path =
        |at: u64| 40_000_u64.max(6_200_000_u64.saturating_sub(at) * u64::from(at > 5_000_000));
    let stage = Stage { frames: 300, path, sound: no_sound, ppm: 0, obey: false };
    let shown = stage.play(&mut Playout::new());
    let most = shown.iter().filter(|it| it.captured_us > 6_300_000).map(Shown::waited_us).max();
    assert!(most <= Some(150_000), "a call is not a second behind after that: {most:?} µs");
}

#[test]
fn clocks_that_drift_apart_are_followed() {
    for ppm in [-300, 300] {
        let path = |at: u64| 40_000 + noise(2, at) % 20_000;
        let stage = Stage { frames: 4_000, path, sound: no_sound, ppm, obey: false };
        let shown = stage.play(&mut Playout::new());
        let most = shown[60..].iter().map(|it| it.at_us - it.captured_us).max();
        // The capture times here are those of a true clock.
        assert!(most <= Some(68_000), "at {ppm} ppm none is later than {most:?} µs");
    }
}

#[test]
fn pictures_wait_for_their_sound_and_get_there_without_a_jump() {
    let sound = |at: u64| (at > 3_000_000).then_some(200_000);
    let stage = Stage { frames: 600, path: |_| 40_000, sound, ppm: 100, obey: false };
    let mut playout = Playout::new();
    let shown = stage.play(&mut playout);
    let most = unevenness(&shown[40..]).into_iter().max();
    assert!(most <= Some(4_000), "5 % of 33 ms, and two roundings to 1 ms: {most:?} µs");
    for picture in &shown[300..] {
        let behind = picture.behind_us().expect("there is sound");
        assert!(behind.abs() <= 10_000, "with its sound, {behind} µs");
    }
}

#[test]
fn sound_that_is_too_early_is_asked_to_wait() {
    let stage =
        Stage { frames: 600, path: |_| 240_000, sound: |_| Some(80_000), ppm: 0, obey: true };
    let mut playout = Playout::new();
    let shown = stage.play(&mut playout);
    for picture in &shown[120..] {
        let behind = picture.behind_us().expect("there is sound");
        assert!(behind.abs() <= 40_000, "together when the sound obeys, {behind} µs");
        assert!(picture.waited_us() <= 3_000, "pictures are not delayed for that");
    }
}

#[test]
fn sound_waits_only_as_long_as_its_pictures_are_late() {
    // Late between the fifth second and the fifteenth, by more than sound waits anyway.
    let path = |at: u64| {
        let late = (5_000_000..15_000_000).contains(&at);
        if late { 300_000 } else { 40_000 }
    };
    let stage = Stage { frames: 1_200, path, sound: |_| Some(80_000), ppm: 0, obey: true };
    let shown = stage.play(&mut Playout::new());
    let delay = |it: &Shown| it.at_us - it.sound_us.expect("there is sound");
    let early: Vec<u64> = shown[60..140].iter().map(delay).collect();
    assert!(early.iter().all(|it| *it <= 82_000), "the sound is not delayed at first: {early:?}");
    // The line rises after two seconds of late pictures, and the sound after that.
    for picture in &shown[330..440] {
        let behind = picture.behind_us().expect("there is sound");
        assert!((-60_000..=40_000).contains(&behind), "together when all are late: {behind} µs");
    }
    for picture in &shown[460..] {
        let behind = picture.behind_us().expect("there is sound");
        assert!((-60_000..=40_000).contains(&behind), "together on the way back: {behind} µs");
    }
    let late: Vec<u64> = shown[900..].iter().map(delay).collect();
    assert!(late.iter().all(|it| *it <= 82_000), "nor in the end: {:?}", late.last());
}

#[test]
fn sound_without_pictures_does_not_wait_for_them() {
    let stage =
        Stage { frames: 300, path: |_| 240_000, sound: |_| Some(80_000), ppm: 0, obey: true };
    let mut playout = Playout::new();
    let shown = stage.play(&mut playout);
    let last = shown[299];
    assert!(last.at_us - last.sound_us.expect("there is sound") >= 200_000, "it waits for them");
    // The sound goes on for four seconds after the last picture.
    let end = sample::origin() + Duration::from_micros(300 * FRAME_US + 4_000_000);
    assert_eq!(playout.sound_delay(end), Some(Duration::ZERO), "not for ever");
}

#[test]
fn a_sound_that_nobody_hears_is_left_as_it_is() {
    let pause = |at: u64| (!(8_000_000..8_900_000).contains(&at)).then_some(80_000);
    let stage = Stage { frames: 600, path: |_| 240_000, sound: pause, ppm: 0, obey: true };
    let shown = stage.play(&mut Playout::new());
    let after = shown.iter().filter(|it| it.at_us > 9_000_000);
    for picture in after {
        let behind = picture.behind_us().expect("there is sound again");
        assert!((-60_000..=40_000).contains(&behind), "as before the pause: {behind} µs");
    }
}

#[test]
fn no_sound_and_strange_sound_hold_nothing_up() {
    let quiet_after = |at: u64| (at < 6_000_000).then_some(300_000);
    let stage = Stage { frames: 600, path: |_| 40_000, sound: quiet_after, ppm: 0, obey: false };
    let shown = stage.play(&mut Playout::new());
    assert!(shown[170].waited_us() > 100_000, "waits while there is sound");
    assert!(shown[590].waited_us() <= 3_000, "and no longer than that");
    for delay in [1_500_000, 20_000_000] {
        let stage =
            Stage { frames: 900, path: |_| 40_000, sound: |_| Some(delay), ppm: 0, obey: false };
        let most = stage.play(&mut Playout::new()).iter().map(Shown::waited_us).max();
        assert!(most <= Some(2_000), "sound that is {delay} µs late is not waited for: {most:?}");
    }
}

#[test]
fn another_clock_hands_out_what_waits_and_starts_anew() {
    let origin = sample::origin();
    let frame = |captured_us: u64| {
        let picture = Picture { data: vec![0; 9], key: true, captured_us, width: 1, height: 1 };
        Frame { picture, timestamp: captured_us * 9 / 100, received: origin }
    };
    let mut playout = Playout::new();
    for at in 0..40 {
        playout.handle(origin + ms(at * 33), frame(1_000_000 + at * 33_000));
        assert!(playout.poll(origin + ms(at * 33)).is_some(), "at once");
    }
    let later = origin + ms(40 * 33);
    playout.handle(later, frame(2_820_000));
    assert!(playout.poll(later).is_none(), "half a second early");
    playout.handle(later, frame(90_000_000));
    assert!(playout.poll(later).is_some(), "what waited is out");
    assert!(playout.poll(later).is_some(), "and the first of the new clock at once");
    playout.handle(later + ms(35), frame(500));
    let back = playout.poll(later + ms(35)).expect("late, so at once");
    assert_eq!(back.captured_us, 90_000_000, "times never go back");
}

#[test]
fn a_flood_is_handed_out_rather_than_kept() {
    let origin = sample::origin();
    let mut playout = Playout::new();
    let mut out = 0;
    for index in 0..1_000_u64 {
        let captured_us = index * 1_000;
        let picture =
            Picture { data: vec![0; 50_000], key: true, captured_us, width: 1, height: 1 };
        playout.handle(origin, Frame { picture, timestamp: captured_us, received: origin });
        while playout.poll(origin).is_some() {
            out += 1;
        }
        assert!(playout.waiting.len() <= FRAMES_MAX, "bounded in number");
        assert!(playout.bytes <= BYTES_MAX, "and in size");
    }
    assert!(out >= 1_000 - FRAMES_MAX, "{out} were handed out");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_the_path_pictures_come_in_order_bounded_and_with_their_sound(
        seed in any::<u64>(),
        jitter_ms in 0_u64..120,
        spike_percent in 0_u64..4,
        sound_ms in 0_u64..500,
        wobble_ms in 0_u64..15,
        ppm in -300_i64..300,
        silent in any::<bool>(),
    ) {
        let path = |at: u64| {
            let spike = if noise(seed, at + 7) % 100 < spike_percent { 250_000 } else { 0 };
            30_000 + noise(seed, at) % (jitter_ms * 1_000 + 1) + spike
        };
        // A sound whose buffer breathes, and stops for a while.
        let sound = |at: u64| {
            let pause = silent && (8_000_000..12_000_000).contains(&at);
            let wobble = noise(seed, at / 1_500_000) % (wobble_ms * 1_000 + 1);
            (!pause).then_some(30_000 + sound_ms * 1_000 + wobble)
        };
        let stage = Stage { frames: 900, path, sound, ppm, obey: true };
        let mut playout = Playout::new();
        let shown = stage.play(&mut playout);
        for picture in &shown {
            prop_assert!(picture.waited_us() <= 1_001_000, "waits at most HOLD_MAX");
        }
        // Ten seconds to move by half a second at 5 %, and as many after a pause. What a standstill
        // held up cannot be in time.
        let usual = 30_000 + jitter_ms * 1_000 + 1_000;
        let settled = shown
            .iter()
            .filter(|it| it.captured_us > 25_000_000 && it.ready_us - it.captured_us <= usual);
        let (mut outside, mut all) = (0, 0);
        for picture in settled {
            let Some(behind) = picture.behind_us() else { continue };
            all += 1;
            outside += u32::from(!(-40_000..=40_000).contains(&behind));
        }
        prop_assert!(outside * 33 <= all, "{} of {} outside the window", outside, all);
    }

    #[test]
    fn no_clocks_upset_it(
        frames in proptest::collection::vec(
            (any::<u64>(), prop_oneof![any::<u64>(), 0_u64..9_000_000], 0_u64..3_000),
            1..60,
        ),
        reports in proptest::collection::vec((any::<u32>(), any::<u32>(), any::<u32>()), 60),
    ) {
        let origin = sample::origin();
        let (mut playout, mut now, mut out, mut last) = (Playout::new(), origin, 0, 0);
        let count = frames.len();
        for ((timestamp, captured_us, after), (wall, one, other)) in frames.into_iter().zip(reports) {
            now += ms(after);
            let wall = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(wall));
            playout.set_report(Report { wall, timestamp: one });
            playout.set_sound_report(Report { wall: SystemTime::UNIX_EPOCH, timestamp: other });
            let waited = Duration::from_millis(u64::from(other));
            let asked = Duration::from_millis(u64::from(one));
            playout.set_sound(Some(Audible { timestamp: one, at: now, waited, asked }));
            let picture = Picture { data: vec![1], key: true, captured_us, width: 1, height: 1 };
            playout.handle(now, Frame { picture, timestamp, received: now });
            while let Some(picture) = playout.poll(now) {
                prop_assert!(picture.captured_us >= last, "never backwards");
                (last, out) = (picture.captured_us, out + 1);
            }
            if let Some(deadline) = playout.deadline() {
                prop_assert!(deadline > now, "a deadline is ahead");
                prop_assert!(deadline <= now + HOLD_MAX, "and not far");
            }
            let _ = (playout.figures(now), playout.sound_delay(now));
        }
        out += std::iter::from_fn(|| playout.poll(now + HOLD_MAX)).count();
        prop_assert_eq!(out, count, "every frame comes out");
    }
}
