//! The budget on paths of known width, in virtual time.

use super::*;

/// Headers of 50 packets of sound a second, in bit/s.
const HEADERS: u32 = 30_000;
/// What an encoder makes at least, in bit/s.
const LEAST_PICTURES: u32 = 40_000;

/// A path with a queue, and an estimate that grows with what is sent and falls with the queue, as
/// that of Chromium does (measured: some 5 kbit/s and 5 % a second, up to 1.5 times what is sent).
struct Path {
    width: u32,
    /// In ms.
    queue: f64,
    estimate: f64,
    budget: Budget,
    now: Time,
    random: u64,
    /// When within a second the executor measures, in ms.
    phase: u64,
    muted: bool,
    /// How long the far end's buffer lets packets wait, in ms: as the longest queue of the last seconds.
    buffer: f64,
    /// Sound that came later than that and had to be made up, in ms.
    made_up: f64,
}

impl Path {
    fn new(seed: u64) -> Self {
        Self {
            width: 2_000_000,
            queue: 0.0,
            estimate: 1_500_000.0,
            budget: Budget::new(Time(0)),
            now: Time(0),
            random: seed * 2 + 1,
            phase: seed % 10 * 100,
            muted: false,
            buffer: 60.0,
            made_up: 0.0,
        }
    }

    fn random(&mut self) -> f64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.random >> 40) as f64 / (1_u64 << 24) as f64
    }

    fn sent(&self) -> f64 {
        let PeerCommand::Spend { pictures, sound } = self.budget.order() else {
            panic!("no other order")
        };
        let sound = if self.muted { 0 } else { sound.unwrap_or(64_000) + HEADERS };
        let left = (self.estimate - f64::from(sound)).min(1_700_000.0);
        f64::from(sound)
            + match pictures {
                Pictures::Held => 0.0,
                Pictures::Small => left.clamp(LEAST_PICTURES.into(), 400_000.0),
                Pictures::Full => left.max(LEAST_PICTURES.into()),
            }
    }

    /// A tenth of a second.
    fn step(&mut self) {
        self.now = self.now.after(100);
        let (sent, width) = (self.sent(), f64::from(self.width));
        self.queue = (self.queue + (sent - width) / width * 100.0).clamp(0.0, 300.0);
        self.made_up += (self.queue - self.buffer).max(0.0);
        self.buffer = (self.buffer - 2.0).max(self.queue).max(60.0);
        if self.queue > 60.0 {
            self.estimate = self.estimate.min(width * (0.7 + 0.2 * self.random()));
        } else {
            let grown = self.estimate * (1.004 + 0.002 * self.random()) + 500.0;
            self.estimate = grown.min((sent * 1.5 + 10_000.0).max(self.estimate));
        }
        // Executors say it once a second, at a moment of their own.
        if self.now.0 % 1_000 == self.phase {
            self.budget.measure(self.now, self.estimate as u32, sent as u32, !self.muted);
        }
    }

    /// Gives the share of the sound that was made up.
    fn run(&mut self, ms: u64) -> f64 {
        self.made_up = 0.0;
        (0..ms / 100).for_each(|_| self.step());
        self.made_up / ms as f64
    }

    /// How long it takes until pictures are sent, in ms.
    fn pictures_after(&mut self) -> u64 {
        let start = self.now;
        while self.budget.is_narrow() && self.now.since(start) < 60_000 {
            self.step();
        }
        self.now.since(start)
    }
}

#[test]
fn a_wide_path_carries_everything() {
    for seed in 0..50 {
        let mut path = Path::new(seed);
        path.run(60_000);
        assert!(!path.budget.is_narrow(), "seed {seed}");
        assert!(!path.budget.measure(path.now, 400_000, 400_000, true), "nothing to order again");
    }
}

#[test]
fn below_what_pictures_need_they_are_held_within_two_seconds_and_the_sound_stays_whole() {
    for width in [50_000, 60_000, 70_000, 80_000] {
        for seed in 0..50 {
            let mut path = Path::new(seed);
            path.run(5_000);
            path.width = width;
            path.run(2_200);
            assert!(path.budget.is_narrow(), "seed {seed} at {width}");
            path.run(2_000);
            let made_up = path.run(60_000);
            let most = if width < 80_000 { 0.03 } else { 0.01 };
            assert!(made_up <= most, "seed {seed} at {width}: {made_up}");
        }
    }
}

#[test]
fn pictures_come_back_within_eight_seconds_of_better_times() {
    for (from, to) in [(50_000, 300_000), (80_000, 300_000), (80_000, 2_000_000)] {
        for seed in 0..50 {
            let mut path = Path::new(seed);
            path.run(5_000);
            path.width = from;
            path.run(30_000 + seed * 100);
            path.width = to;
            let after = path.pictures_after();
            assert!(after <= 8_000, "seed {seed}, {from} to {to}: {after} ms");
        }
    }
}

#[test]
fn pictures_that_had_to_go_again_need_more_room_the_next_time() {
    let mut budget = Budget::new(Time(0));
    assert!(budget.measure(Time(1_000), 60_000, 90_000, true), "held");
    assert!(budget.measure(Time(5_000), 70_000, 40_000, true), "tried");
    assert!(!budget.measure(Time(6_000), 80_000, 90_000, true), "too early to say");
    assert!(budget.measure(Time(7_000), 80_000, 90_000, true), "they come back");
    assert_eq!(budget.order(), PeerCommand::Spend { pictures: Pictures::Small, sound: None });
    assert!(budget.measure(Time(8_000), 60_000, 150_000, true), "held again");
    assert!(budget.measure(Time(12_000), 70_000, 40_000, true), "tried");
    let more = PeerCommand::Spend { pictures: Pictures::Held, sound: Some(SOUND_MORE) };
    assert_eq!(budget.order(), more);
    for second in 13..15 {
        assert!(!budget.measure(Time(second * 1_000), 80_000, 90_000, true), "as the last time");
    }
    assert!(!budget.measure(Time(15_000), 120_000, 120_000, true), "more passes");
    assert!(!budget.measure(Time(15_500), 120_000, 90_000, true), "in a pause nothing is learnt");
    assert!(budget.measure(Time(16_000), 120_000, 120_000, true), "for two seconds");
}

#[test]
fn a_trial_that_makes_a_queue_ends_at_once() {
    let mut budget = Budget::new(Time(0));
    budget.measure(Time(1_000), 60_000, 90_000, true);
    budget.measure(Time(5_000), 80_000, 40_000, true);
    assert!(budget.measure(Time(6_000), 68_000, 90_000, true), "it fell");
    let held = PeerCommand::Spend { pictures: Pictures::Held, sound: Some(SOUND_HELD) };
    assert_eq!(budget.order(), held);
}

#[test]
fn somebody_who_is_muted_gets_the_pictures_back_too() {
    let mut path = Path::new(7);
    path.width = 80_000;
    path.run(5_000);
    assert!(path.budget.is_narrow(), "held");
    path.muted = true;
    path.estimate = 20_000.0;
    path.width = 2_000_000;
    assert!(path.pictures_after() <= 8_000, "nothing else can tell what the path carries");
}
