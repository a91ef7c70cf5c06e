//! How fast and how well the encoder follows the path, as JSON lines: `metric`, `unit`, `ours_p50`,
//! `ours_p95`, `peer` (nobody else was measured), `target`, `met` (`null` without a target).
//!
//! Virtual time over emulated paths; the first argument is the number of seeds, 20 unless said.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

#[path = "../tests/lab/mod.rs"]
mod lab;

use std::time::Duration;

use lab::percentile;
use lab::scenes::{self, Steady, Step};

/// A run in which it never happened counts as this long.
const NEVER: Duration = Duration::from_secs(60);

/// Which side of the target is good.
#[derive(Clone, Copy)]
enum Target {
    /// The middle run has to be at most this.
    AtMost(f64),
    /// The middle run has to be at least this.
    AtLeast(f64),
    /// Only a figure.
    None,
}

fn print(metric: &str, unit: &str, values: impl IntoIterator<Item = f64>, target: Target) {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    // The worse end is where the 95th percentile of trouble lies.
    let tail = if matches!(target, Target::AtLeast(_)) { 0.05 } else { 0.95 };
    let middle = percentile(&sorted, 0.5).unwrap_or(f64::NAN);
    let worse = percentile(&sorted, tail).unwrap_or(f64::NAN);
    let (target, met) = match target {
        Target::AtMost(most) => (Some(most), Some(middle <= most)),
        Target::AtLeast(least) => (Some(least), Some(middle >= least)),
        Target::None => (None, None),
    };
    let line = serde_json::json!({
        "metric": metric,
        "unit": unit,
        "ours_p50": rounded(middle),
        "ours_p95": rounded(worse),
        "peer": null,
        "target": target,
        "met": met,
    });
    println!("{line}");
}

fn rounded(value: f64) -> f64 {
    (value * 1_000.0).round() / 1_000.0
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn drop_and_return(steps: &[Step]) {
    let or_never = |it: Option<Duration>| ms(it.unwrap_or(NEVER));
    let print = |metric: &str, unit: &str, value: &dyn Fn(&Step) -> f64, target: Target| {
        print(&format!("sudden_drop.{metric}"), unit, steps.iter().map(value), target);
    };
    print("picture_moves_again", "ms", &|it| or_never(it.moves_after), Target::AtMost(1_500.0));
    print("frozen_in_18_s", "ms", &|it| ms(it.frozen), Target::AtMost(2_600.0));
    print("queue_p95_after_1_s", "ms", &|it| ms(it.queue_p95), Target::AtMost(100.0));
    print("longest_over_100_ms_after_1_s", "ms", &|it| ms(it.standing), Target::None);
    print("used", "share", &|it| it.used, Target::AtLeast(0.75));
    print("found_1500_kbit_again", "ms", &|it| or_never(it.found_after), Target::AtMost(8_000.0));
    print("ordered_it_again", "ms", &|it| or_never(it.ordered_after), Target::AtMost(8_000.0));
}

fn steady(name: &str, runs: &[Steady], used: Target) {
    let print = |metric: &str, unit: &str, value: &dyn Fn(&Steady) -> f64, target: Target| {
        print(&format!("{name}.{metric}"), unit, runs.iter().map(value), target);
    };
    print("used", "share", &|it| it.used, used);
    print("queue_p95", "ms", &|it| ms(it.queue_p95), Target::AtMost(100.0));
    print("longest_over_100_ms", "ms", &|it| ms(it.standing), Target::None);
    print("frozen_in_20_s", "ms", &|it| ms(it.frozen), Target::None);
    print("key_frames_in_20_s", "count", &|it| it.keys as f64, Target::None);
    print("sizes_in_20_s", "count", &|it| it.sizes as f64, Target::None);
    print("capture_to_decodable_p95", "ms", &|it| ms(it.late_p95), Target::None);
}

fn main() {
    let seeds = std::env::args().nth(1).and_then(|it| it.parse().ok()).unwrap_or(20);
    let seeds = || 1..=seeds;
    drop_and_return(&seeds().map(scenes::sudden_drop).collect::<Vec<_>>());
    for (name, rate) in [
        ("steady_400_kbit", 400_000),
        ("steady_1500_kbit", 1_500_000),
        ("steady_3_mbit", 3_000_000),
    ] {
        let runs: Vec<_> = seeds().map(|seed| scenes::steady(seed, rate, 0.0)).collect();
        steady(name, &runs, Target::AtLeast(0.75));
    }
    // 5 % are mended and take nothing; of 20 % more than str0m sends again is missing.
    for (name, loss, used) in [("loss_5_percent", 0.05, 0.75), ("loss_20_percent", 0.2, 0.25)] {
        let runs: Vec<_> = seeds().map(|seed| scenes::steady(seed, 3_000_000, loss)).collect();
        steady(name, &runs, Target::AtLeast(used));
    }
    let runs: Vec<_> = seeds().map(scenes::blackout).collect();
    let keys = runs.iter().map(|it| ms(it.key_after.unwrap_or(NEVER)));
    print("blackout_1500_ms.key_frame_unasked", "ms", keys, Target::AtMost(400.0));
    let moves = runs.iter().map(|it| ms(it.moves_after.unwrap_or(NEVER)));
    print("blackout_1500_ms.picture_moves_again", "ms", moves, Target::None);
    let runs: Vec<_> = seeds().map(scenes::narrow).collect();
    print("narrow_90_kbit.heard", "share", runs.iter().map(|it| it.heard), Target::AtLeast(0.9));
    print("narrow_90_kbit.held", "share", runs.iter().map(|it| it.held), Target::AtLeast(0.9));
    let back = runs.iter().map(|it| ms(it.back_after.unwrap_or(NEVER)));
    print("narrow_90_kbit.picture_back", "ms", back, Target::None);
}
