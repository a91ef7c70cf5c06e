//! Devices that come and go, in virtual time.
#![expect(clippy::disallowed_methods, reason = "where virtual time starts")]

use super::{Binding, Bound, End, LAST_RETRY, OPENING, Order, State};
use crate::devices::Device;
use crate::engine::Problem;
use std::time::{Duration, Instant};

/// A binding, the time, and the orders so far.
struct Bench {
    binding: Binding,
    now: Instant,
    opening: u64,
    /// Of every device that is there.
    incarnation: u32,
}

impl Bench {
    fn new() -> Self {
        Self { binding: Binding::new(), now: Instant::now(), opening: 0, incarnation: 0 }
    }

    /// Everything that is ordered, in words.
    fn orders(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(order) = self.binding.poll() {
            words.push(match order {
                Order::Open { opening, device } => {
                    self.opening = opening;
                    format!("open {}", device.as_deref().unwrap_or("default"))
                }
                Order::Drop => "drop".into(),
                Order::Tell(State::Closed) => "closed".into(),
                Order::Tell(State::Live { label }) => format!("live {label}"),
                Order::Tell(State::Lost(problem)) => format!("lost {problem:?}"),
            });
        }
        words
    }

    fn want(&mut self, device: Option<&str>) -> Vec<String> {
        self.binding.want(self.now, device.map(Into::into));
        self.orders()
    }

    fn open(&mut self, id: &str) -> Vec<String> {
        let bound = Bound { id: id.into(), label: id.into(), incarnation: self.incarnation };
        assert!(self.binding.opened(self.now, self.opening, Ok(bound)), "it is waited for");
        self.orders()
    }

    fn fail(&mut self, problem: Problem) -> Vec<String> {
        assert!(!self.binding.opened(self.now, self.opening, Err(problem)), "nothing is held");
        self.orders()
    }

    fn end(&mut self, end: End) -> Vec<String> {
        self.binding.ended(self.now, self.opening, end);
        self.orders()
    }

    /// These are there; the first is the default.
    fn list(&mut self, ids: &[&str]) -> Vec<String> {
        let device = |(at, id): (usize, &&str)| Device {
            id: (*id).into(),
            name: (*id).into(),
            default: at == 0,
            incarnation: self.incarnation,
        };
        let devices: Vec<Device> = ids.iter().enumerate().map(device).collect();
        self.binding.listed(self.now, Some(&devices));
        self.orders()
    }

    fn wait(&mut self, time: Duration) -> Vec<String> {
        self.now += time;
        self.binding.tick(self.now);
        self.orders()
    }
}

#[test]
fn a_device_that_is_gone_is_dropped_and_told_before_the_default_is_tried_once() {
    let mut bench = Bench::new();
    assert_eq!(bench.want(Some("headset")), ["open headset"], "as wished");
    assert_eq!(bench.open("headset"), ["live headset"], "it is there");
    assert_eq!(bench.list(&["built-in", "headset"]), [""; 0], "all is well");
    let gone = bench.list(&["built-in", "webcam"]);
    assert_eq!(gone, ["drop", "lost Unplugged", "open default"], "in this order");
    assert_eq!(bench.open("built-in"), ["live built-in"], "its name is told");
    assert_eq!(bench.list(&["webcam"]), ["drop", "lost Unplugged"], "only once");
    let came = bench.list(&["webcam", "headset"]);
    assert_eq!(came, ["open headset"], "until something comes: then as wished");
}

#[test]
fn a_device_that_was_away_between_two_lists_is_gone_all_the_same() {
    let mut bench = Bench::new();
    bench.want(Some("headset"));
    bench.open("headset");
    assert_eq!(bench.list(&["built-in", "headset"]), [""; 0], "all is well");
    bench.incarnation = 7;
    let gone = bench.list(&["built-in", "headset"]);
    assert_eq!(gone, ["drop", "lost Unplugged", "open default"], "what was opened is not there");
    bench.open("built-in");
    assert_eq!(bench.list(&["built-in", "headset"]), [""; 0], "the new one is not gone");
}

#[test]
fn where_only_monitors_are_left_it_stays_unplugged() {
    let mut bench = Bench::new();
    bench.want(None);
    bench.open("microphone");
    bench.list(&["microphone"]);
    assert_eq!(bench.list(&[]), ["drop", "lost Unplugged", "open default"], "gone");
    assert_eq!(bench.fail(Problem::Missing), [""; 0], "it is not told again as missing");
    assert_eq!(bench.list(&["new"]), ["open default"], "one that comes is opened");
}

#[test]
fn a_missing_device_is_opened_when_it_comes() {
    let mut bench = Bench::new();
    bench.want(None);
    assert_eq!(bench.fail(Problem::Missing), ["lost Missing"], "there is none");
    assert_eq!(bench.list(&[]), ["open default"], "the first list may be news");
    assert_eq!(bench.fail(Problem::Missing), [""; 0], "it is none");
    assert_eq!(bench.list(&["microphone"]), ["open default"], "this is");
    assert_eq!(bench.open("microphone"), ["live microphone"], "and so it is live");
}

#[test]
fn a_server_that_dies_is_tried_again_ever_more_rarely() {
    let mut bench = Bench::new();
    bench.want(None);
    bench.open("microphone");
    let died = bench.end(End::Failed(Problem::Unplugged));
    assert_eq!(died, ["drop", "lost Unplugged"], "at once");
    let mut waits = Vec::new();
    for _ in 0..6 {
        let mut waited = Duration::ZERO;
        while bench.wait(Duration::from_millis(50)).is_empty() {
            waited += Duration::from_millis(50);
            assert!(waited <= LAST_RETRY, "it never gives up");
        }
        waits.push(waited);
        bench.fail(Problem::Unplugged);
    }
    assert!(waits.is_sorted() && waits[5] > waits[0] * 4, "it waits longer: {waits:?}");
}

#[test]
fn silence_is_mended_unheard_once_and_told_when_it_stays() {
    let mut bench = Bench::new();
    bench.want(Some("headset"));
    bench.open("headset");
    assert_eq!(bench.end(End::Silent), ["drop", "open headset"], "it may be a hiccup");
    assert_eq!(bench.open("headset"), [""; 0], "nobody noticed");
    assert_eq!(bench.end(End::Silent), ["drop", "lost Hung"], "twice in a row is none");
}

#[test]
fn a_slow_device_is_opened_again_without_a_word() {
    let mut bench = Bench::new();
    bench.want(None);
    bench.open("headset");
    for _ in 0..3 {
        assert_eq!(bench.end(End::Slow), ["drop", "open default"], "it will be opened differently");
        assert_eq!(bench.open("headset"), [""; 0], "it was never lost");
    }
}

#[test]
fn opening_that_takes_for_ever_is_given_up_and_its_late_answer_closed() {
    let mut bench = Bench::new();
    bench.want(None);
    assert_eq!(bench.wait(OPENING), ["lost Hung"], "enough");
    let bound = Bound { id: "late".into(), label: "late".into(), incarnation: 0 };
    assert!(!bench.binding.opened(bench.now, bench.opening, Ok(bound)), "it comes too late");
}

#[test]
fn another_wish_closes_the_old_device_first() {
    let mut bench = Bench::new();
    bench.want(Some("headset"));
    bench.open("headset");
    assert_eq!(bench.want(Some("headset")), [""; 0], "that is what there is");
    assert_eq!(bench.want(Some("built-in")), ["drop", "open built-in"], "never two at once");
    bench.open("built-in");
    bench.binding.release();
    assert_eq!(bench.orders(), ["drop", "closed"], "and none in the end");
}

#[test]
fn who_wished_for_the_default_follows_it() {
    let mut bench = Bench::new();
    bench.want(None);
    bench.open("built-in");
    bench.list(&["built-in", "headset"]);
    let changed = bench.list(&["headset", "built-in"]);
    assert_eq!(changed, ["drop", "open default"], "the default is another");
    bench.open("headset");
    bench.want(Some("headset"));
    bench.open("headset");
    assert_eq!(bench.list(&["built-in", "headset"]), [""; 0], "who chose keeps to it");
}

#[test]
fn the_default_is_followed_again_after_it_was_unplugged() {
    let mut bench = Bench::new();
    bench.want(None);
    bench.open("headset");
    bench.list(&["headset", "built-in"]);
    assert_eq!(bench.list(&["built-in"]), ["drop", "lost Unplugged", "open default"], "gone");
    assert_eq!(bench.open("built-in"), ["live built-in"], "the other is the default");
    assert_eq!(bench.list(&["headset", "built-in"]), ["drop", "open default"], "it is back");
    bench.open("headset");
    let gone = bench.list(&["built-in"]);
    assert_eq!(gone, ["drop", "lost Unplugged", "open default"], "and replaced as the first time");
}

#[test]
fn who_is_refused_asks_only_when_the_person_does() {
    let mut bench = Bench::new();
    bench.want(None);
    assert_eq!(bench.fail(Problem::Denied), ["lost Denied"], "it is told");
    assert_eq!(bench.wait(Duration::from_secs(60)), [""; 0], "and not asked again");
    assert_eq!(bench.want(None), ["open default"], "but on a wish");
}
