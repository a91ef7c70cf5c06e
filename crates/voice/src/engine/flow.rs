//! Notices that a device moves less sound than time goes by, and how much it moves at once. Pure.
//!
//! A sound server moves as much at a time as the device wants, but never more than a stream of ours
//! has room for. Where the device's own period is longer than that (Bluetooth, old USB: 20 ms and
//! more), the rest is played as silence, or what was captured is lost, and the server calls that no
//! error. Such a device needs a longer period.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The share of the time that must be moved. Clocks are off by 0.1 %; more takes a busy machine for
/// such a device sooner, less lets one go that misses a frame in so many.
const LEAST: f64 = 0.985;
/// How much may be missing. Less takes a hiccup for such a device, more is heard for longer.
const MOST_MISSING: Duration = Duration::from_millis(400);
/// Who does not look for so long slept, and knows nothing.
const ASLEEP: Duration = Duration::from_secs(1);
/// How long a burst is prepared for at least; at most twice as long. Longer keeps the delay of one
/// late callback for longer, shorter has a hole for each burst that comes as rarely.
const BURSTS: Duration = Duration::from_secs(5);
/// How long a slow device is remembered, first and at most. Shorter tries a device in vain more
/// often, which is a second of bad sound each time; longer keeps the delay of one busy moment.
const MEMORY: Duration = Duration::from_secs(10 * 60);
const LONGEST_MEMORY: Duration = Duration::from_secs(4 * 60 * 60);

/// Compares a device's count of frames with the time.
#[derive(Debug)]
pub(super) struct Flow {
    looked: Instant,
    moved: u64,
    /// What is missing, and since when, with how much moved by then.
    missing: Duration,
    since: (Instant, u64),
}

impl Flow {
    pub(super) const fn new(now: Instant) -> Self {
        Self { looked: now, moved: 0, missing: Duration::ZERO, since: (now, 0) }
    }

    /// Takes how many frames were moved since the stream began. Some: that is too few; the share of
    /// those that should have been, 0..1.
    pub(super) fn look(&mut self, now: Instant, moved: u64) -> Option<f64> {
        let passed = now.saturating_duration_since(self.looked);
        let news = duration_of(moved.saturating_sub(self.moved));
        // What has not begun to move does not move too little yet.
        let begins = self.moved == 0;
        (self.looked, self.moved) = (now, moved);
        self.missing = (self.missing + passed.mul_f64(LEAST)).saturating_sub(news);
        if news.is_zero() {
            // It stands still, which a longer period does not help: the watchdog's business. A slow
            // device moves something all the time.
            self.missing = self.missing.saturating_sub(passed.mul_f64(LEAST));
            return None;
        }
        if begins || passed >= ASLEEP || self.missing.is_zero() {
            self.missing = Duration::ZERO;
            self.since = (now, moved);
            return None;
        }
        (self.missing >= MOST_MISSING).then(|| {
            let (since, before) = self.since;
            let took = now.saturating_duration_since(since);
            duration_of(moved - before).div_duration_f64(took).clamp(0.0, 1.0)
        })
    }
}

/// The most that a device moved at once lately.
#[derive(Debug, Default)]
pub(super) struct Bursts {
    /// When the present window began, the most in it, and the most in the one before.
    began: Option<Instant>,
    most: u64,
    before: u64,
}

impl Bursts {
    /// Takes the most that was moved at once since the last note; says what to be prepared for.
    pub(super) fn note(&mut self, now: Instant, most: u64) -> u64 {
        let began = *self.began.get_or_insert(now);
        if now.saturating_duration_since(began) >= BURSTS {
            *self = Self { began: Some(now), most: 0, before: self.most };
        }
        self.most = self.most.max(most);
        self.most.max(self.before)
    }
}

/// The least periods of devices that were too slow with shorter ones, by id.
///
/// A busy machine looks like a slow device, so a period is forgotten when it sufficed for long
/// enough, and the next opening tries the shortest again; one that is found slow again is remembered
/// for twice as long each time. What is open stays as it is: opening again is a hole in the sound.
#[derive(Debug, Clone, Default)]
pub(super) struct Periods(BTreeMap<String, Remembered>);

/// A device that was too slow.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    period: u32,
    since: Instant,
    how_long: Duration,
}

impl Periods {
    /// With less than this period it is too slow.
    pub(super) fn insert(&mut self, now: Instant, id: &str, period: u32) {
        let before = self.0.get(id).copied();
        let how_long = match before {
            // One search is one finding, however many periods it tries.
            Some(slow) if slow.is_known(now) => slow.how_long,
            Some(slow) => slow.how_long.saturating_mul(2).min(LONGEST_MEMORY),
            None => MEMORY,
        };
        self.0.insert(id.to_owned(), Remembered { period, since: now, how_long });
    }

    /// The period to begin with, 0 for any.
    pub(super) fn least(&self, now: Instant, id: &str) -> u32 {
        self.0.get(id).filter(|slow| slow.is_known(now)).map_or(0, |slow| slow.period)
    }
}

impl Remembered {
    fn is_known(self, now: Instant) -> bool {
        now.saturating_duration_since(self.since) < self.how_long
    }
}

fn duration_of(frames: u64) -> Duration {
    Duration::from_nanos(frames.saturating_mul(1_000_000) / 48)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "where virtual time starts")]
mod tests {
    use super::*;

    /// A device that moves `frames` every `every` ms, watched each 100 ms for a minute; when and
    /// with which share it is found to be slow.
    fn watch(frames: u64, every: f64, stalls: impl Fn(u64) -> bool) -> Option<(u64, f64)> {
        let start = Instant::now();
        let mut flow = Flow::new(start);
        let (mut moved, mut turns) = (0, 0.0);
        for ms in (0..60_000).step_by(10) {
            while turns * every <= ms as f64 {
                moved += if stalls(ms) { 0 } else { frames };
                turns += 1.0;
            }
            if ms % 100 == 0
                && let Some(share) = flow.look(start + Duration::from_millis(ms), moved)
            {
                return Some((ms, share));
            }
        }
        None
    }

    #[test]
    fn a_device_that_keeps_up_is_left_alone_whatever_its_bursts() {
        let well = |_| false;
        assert_eq!(watch(240, 5.0, well), None, "even");
        assert_eq!(watch(240, 5.005, well), None, "1000 ppm slow");
        assert_eq!(watch(9_600, 200.0, well), None, "in bursts of 200 ms");
        assert_eq!(watch(240, 5.0, |ms| ms < 2_000), None, "it began late");
        let hiccups = |ms| ms % 10_000 < 100;
        assert_eq!(watch(240, 5.0, hiccups), None, "a hiccup of 100 ms every 10 s");
    }

    #[test]
    fn a_device_that_stands_still_for_a_while_is_not_taken_for_a_slow_one() {
        let begins = |ms| (20..900).contains(&ms);
        assert_eq!(watch(240, 5.0, begins), None, "filled once, and started later");
        let hangs = |ms| (30_000..32_500).contains(&ms);
        assert_eq!(watch(240, 5.0, hangs), None, "its server hung");
    }

    #[test]
    fn a_device_that_takes_little_in_long_turns_is_noticed() {
        let (when, _) = watch(480, 200.0, |_| false).expect("480 of 9600 frames");
        assert!(when <= 2_000, "{when} ms");
    }

    #[test]
    fn a_device_that_takes_half_is_noticed_within_a_second() {
        let (when, share) = watch(480, 1_024.0 / 48.0, |_| false).expect("480 of 1024 frames");
        assert!(when <= 1_000, "{when} ms");
        assert!((share - 0.47).abs() < 0.05, "{share}");
    }

    #[test]
    fn a_device_that_takes_nearly_everything_is_noticed_too() {
        let (when, share) = watch(960, 1_024.0 / 48.0, |_| false).expect("960 of 1024 frames");
        assert!(when <= 10_000, "{when} ms");
        assert!((share - 0.94).abs() < 0.02, "{share}");
    }

    #[test]
    fn a_machine_that_slept_is_not_taken_for_a_slow_device() {
        let start = Instant::now();
        let mut flow = Flow::new(start);
        assert_eq!(flow.look(start + Duration::from_millis(100), 4_800), None, "it begins");
        assert_eq!(flow.look(start + Duration::from_secs(60), 5_000), None, "it slept");
        assert_eq!(flow.look(start + Duration::from_millis(60_100), 9_800), None, "and is well");
    }

    #[test]
    fn one_late_callback_is_prepared_for_a_while_and_not_for_ever() {
        let start = Instant::now();
        let mut bursts = Bursts::default();
        let mut note = |ms: u64, most| bursts.note(start + Duration::from_millis(ms), most);
        assert_eq!(note(0, 240), 240, "as usual");
        assert_eq!(note(10, 480), 480, "one was late");
        for ms in (20..5_000).step_by(10) {
            assert_eq!(note(ms, 240), 480, "another may be, {ms} ms");
        }
        let forgotten = (5_000..10_020).step_by(10).find(|ms| note(*ms, 240) == 240);
        assert!(forgotten.is_some(), "none was for a while");
    }

    #[test]
    fn bursts_that_come_again_are_never_forgotten() {
        let start = Instant::now();
        let mut bursts = Bursts::default();
        for ms in (0..120_000).step_by(10) {
            let most = if ms % 4_000 == 0 { 1_024 } else { 240 };
            let prepared = bursts.note(start + Duration::from_millis(ms), most);
            assert_eq!(prepared, 1_024, "{ms} ms");
        }
    }

    #[test]
    fn a_slow_device_is_forgotten_and_one_that_is_so_again_remembered_for_longer() {
        let start = Instant::now();
        let mut periods = Periods::default();
        let mut now = start;
        let mut held = Vec::new();
        for _ in 0..8 {
            periods.insert(now, "headset", 480);
            periods.insert(now + Duration::from_secs(1), "headset", 960);
            assert_eq!(periods.least(now + Duration::from_secs(2), "headset"), 960, "the longer");
            assert_eq!(periods.least(now, "built-in"), 0, "others are not slow for that");
            let began = now;
            while periods.least(now, "headset") != 0 {
                now += Duration::from_secs(30);
            }
            held.push(now - began);
        }
        assert!(held[0] <= MEMORY + Duration::from_secs(60), "at first soon: {held:?}");
        assert!(held[1] >= held[0] * 19 / 10, "then later: {held:?}");
        assert!(held[7] <= LONGEST_MEMORY + Duration::from_secs(60), "but not never: {held:?}");
    }
}
