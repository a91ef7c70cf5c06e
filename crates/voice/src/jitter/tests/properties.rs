//! What holds on any network.

use super::super::*;
use super::world::{Content, Heard, World};
use crate::codec::Decoder;
use proptest::prelude::*;

/// A network and a sender.
#[derive(Debug, Clone)]
struct Path {
    loss: f64,
    /// Chance that a loss follows a loss.
    stay: f64,
    duplicated: f64,
    /// In ms, evenly.
    jitter: f64,
    drift_ppm: f64,
    /// Samples in a packet.
    frame: u16,
    redundant: u32,
    mends: bool,
    quiet: bool,
    sequence: u16,
    timestamp: u32,
    /// When in 10 ms the pulls are.
    phase: f64,
    /// How far pulls are off their times, in ms.
    waver: f64,
}

fn path() -> impl Strategy<Value = Path> {
    let frame = prop::sample::select(vec![120_u16, 480, 960, 960, 960, 1_920, 2_880, 5_760]);
    let network = (0.0..0.3, 0.0..0.7, 0.0..0.2, 0.0..100.0, -300.0..300.0);
    let sender = (frame, 0_u32..3, any::<bool>(), any::<bool>(), any::<u16>(), any::<u32>());
    (network, sender, 0.0..10.0, 0.0..6.0).prop_map(|(network, sender, phase, waver)| {
        let (loss, stay, duplicated, jitter, drift_ppm) = network;
        let (frame, redundant, mends, quiet, sequence, timestamp) = sender;
        Path {
            loss,
            stay,
            duplicated,
            jitter,
            drift_ppm,
            frame,
            redundant,
            mends,
            quiet,
            sequence,
            timestamp,
            phase,
            waver,
        }
    })
}

/// Numbers from 0 to 1, from a seed (xorshift).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

impl Path {
    fn packet(&self, number: u32) -> Packet {
        let index = number * u32::from(self.frame);
        let content = Content { index, samples: self.frame, mends: self.mends, pause: false };
        Packet {
            sequence: self.sequence.wrapping_add(number as u16),
            timestamp: self.timestamp.wrapping_add(index),
            payload: content.payload(),
            redundant: false,
        }
    }

    fn frame_ms(&self) -> f64 {
        f64::from(self.frame) / 48.0
    }

    /// Puts so many seconds of packets on their way.
    fn send(&self, world: &mut World, seconds: f64, dice: &mut Dice) {
        let mut losing = false;
        for number in 0..(seconds * 1e3 / self.frame_ms()) as u32 {
            let enter = self.loss * (1.0 - self.stay);
            losing = dice.roll() < if losing { self.stay } else { enter };
            let sent = f64::from(number + 1) * self.frame_ms() * (1.0 + self.drift_ppm / 1e6);
            let copies = if dice.roll() < self.duplicated { 2 } else { 1 };
            for _ in 0..if losing { 0 } else { copies } {
                let at = sent + 20.0 + dice.roll() * self.jitter;
                for back in (1..=self.redundant.min(number)).rev() {
                    let copy = Packet { redundant: true, ..self.packet(number - back) };
                    world.deliver(at, copy);
                }
                world.deliver(at, self.packet(number));
            }
        }
    }

    /// What a frame is waited for at most, in ms, if all goes as it should.
    fn wait(&self) -> f64 {
        let mended = f64::from(self.redundant.max(u32::from(self.mends))) * self.frame_ms();
        self.jitter + mended
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn sound_is_in_order_in_time_and_unbroken_on_any_network(path in path(), seed in 1_u64..) {
        let scale = if path.quiet { 1e-13 } else { 1e-7 };
        let mut world = World::with_scale(scale);
        let mut dice = Dice(seed);
        path.send(&mut world, 20.0, &mut dice);
        let mut arrivals: Vec<f64> = world.under_way.iter().map(|(at, _)| *at).collect();
        arrivals.sort_by(f64::total_cmp);
        let arrived = |from: f64, to: f64| {
            arrivals.partition_point(|at| *at < to) > arrivals.partition_point(|at| *at < from)
        };

        let mut position = 0;
        let mut furthest = 0.0_f64;
        let mut delays = Vec::new();
        let mut began = false;
        for pull in 0..2_000 {
            world.now = path.phase + f64::from(pull) * 10.0 + dice.roll() * path.waver;
            world.run(world.now + 1.0);
            let at = world.now - 10.0;

            if let Some(playout) = world.jitter.playout() {
                prop_assert!(playout.extended >= position, "the position falls at {at} ms");
                position = playout.extended;
            }
            // Near made up sound, which fades, samples do not tell where they are from.
            let sound = world.played.iter().rev().take(4).all(|played| *played == Played::Sound);
            for sample in world.out.iter().filter(|_| sound && pull > 4) {
                let index = world.jitter.decoder.index(*sample);
                prop_assert!(index > furthest - 725.0, "backwards by more than a splice, at {at} ms");
                furthest = furthest.max(index);
            }

            let most = 400.0 + 250.0 + 200.0 + path.frame_ms() + 10.0;
            prop_assert!(world.delay_ms() <= most, "a delay of {} ms", world.delay_ms());
            if at > 10_000.0 && world.jitter.playout().is_some() {
                delays.push(world.delay_ms());
            }

            // Made up sound lasts for 200 ms, and what arrives is played within the target.
            let silence = world.played.last() == Some(&Played::Silence);
            let waited = world.target_ms().max(30.0) + path.frame_ms() + 20.0;
            let playable = arrived(at - 190.0, at - waited);
            prop_assert!(!(silence && began && playable), "silence at {at} ms without need");
            began |= !silence;
        }

        let mean = delays.iter().sum::<f64>() / delays.len().max(1) as f64;
        let most = path.wait() + path.frame_ms().max(20.0) + 45.0;
        prop_assert!(mean <= most, "a mean delay of {mean} ms where {most} should do");

        let order: Vec<u32> = world.heard().iter().filter_map(|heard| match heard {
            Heard::Frame(index) | Heard::Mended(index) => Some(*index),
            Heard::MadeUp => None,
        }).collect();
        let rising = order.windows(2).all(|pair| pair[0] < pair[1]);
        prop_assert!(rising, "a frame was played after a later one, or twice");
    }

    #[test]
    fn a_least_delay_is_kept_on_any_network_and_leaves_nothing_behind(
        path in path(),
        seed in 1_u64..,
        least in 0_u64..600,
        twice in any::<bool>(),
    ) {
        let scale = if path.quiet { 1e-13 } else { 1e-7 };
        let mut world = World::with_scale(scale);
        let mut dice = Dice(seed);
        path.send(&mut world, 46.0, &mut dice);
        let (mut position, mut furthest) = (0, 0.0_f64);
        let (mut held, mut after) = (Vec::new(), Vec::new());
        // A frame is stretched by one period of speech, however long it is: where frames are long,
        // and many are lost, the way takes longer.
        let until = if path.frame > 1_920 { 2_600 } else { 1_600 };
        for pull in 0..until + 2_000 {
            match pull {
                300 => world.jitter.set_least(Duration::from_millis(least)),
                // On its way it may turn round.
                500 if twice => world.jitter.set_least(Duration::ZERO),
                600 if twice => world.jitter.set_least(Duration::from_millis(least)),
                _ if pull == until => world.jitter.set_least(Duration::ZERO),
                _ => {}
            }
            world.now = path.phase + f64::from(pull) * 10.0 + dice.roll() * path.waver;
            world.run(world.now + 1.0);
            let Some(playout) = world.jitter.playout() else { continue };
            prop_assert!(playout.extended >= position, "the position falls at pull {pull}");
            position = playout.extended;
            prop_assert!(playout.asked <= playout.waited, "no more was asked for than is waited");
            let sound = world.played.iter().rev().take(4).all(|played| *played == Played::Sound);
            for sample in world.out.iter().filter(|_| sound && pull > 4) {
                let index = world.jitter.decoder.index(*sample);
                prop_assert!(index > furthest - 725.0, "backwards by more than a splice");
                furthest = furthest.max(index);
            }
            match pull {
                _ if (until - 300..until).contains(&pull) => held.push(world.delay_ms()),
                _ if pull >= until + 1_000 => after.push(world.delay_ms()),
                _ => {}
            }
        }
        let mean = |delays: &[f64]| delays.iter().sum::<f64>() / delays.len().max(1) as f64;
        let least = least.min(400) as f64;
        let needed = path.wait() + path.frame_ms().max(20.0) + 45.0;
        if held.len() == 300 {
            let held = mean(&held);
            prop_assert!(held >= least - 20.0, "{held} ms where {least} were asked for");
            prop_assert!(held <= least.max(needed) + 45.0, "{held} ms for {least}");
        }
        let after = mean(&after);
        prop_assert!(after <= needed, "{after} ms are left of {least}, {needed} should do");
    }

    #[test]
    fn arbitrary_packets_at_arbitrary_times_do_no_harm(
        packets in prop::collection::vec(
            (
                any::<u16>(),
                prop_oneof![any::<u32>(), 0_u32..100_000],
                prop::collection::vec(any::<u8>(), 0..80),
                any::<bool>(),
                -50.0..200.0_f64,
            ),
            1..200,
        ),
    ) {
        let world = World::new();
        let mut jitter = Jitter::new(Decoder::new().unwrap());
        let mut now = 1_000.0_f64;
        for (sequence, timestamp, payload, redundant, step) in packets {
            now = (now + step).max(0.0);
            let packet = Packet { sequence, timestamp, payload, redundant };
            jitter.insert(world.instant(now), packet);
            let mut out = [9.0; PULL];
            jitter.pull(world.instant(now), &mut out);
            prop_assert!(out.iter().all(|sample| sample.abs() <= 1.0), "sound is within bounds");
        }
    }
}
