#![expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]

use proptest::prelude::*;

use super::*;

const TICK: Duration = Duration::from_millis(100);

/// A controller with everything that it ordered.
struct Desk {
    start: Instant,
    now: Instant,
    controller: Controller,
    orders: Vec<(Duration, Order)>,
}

impl Desk {
    fn new(content: Content) -> Self {
        let start = Instant::now();
        let controller = Controller::new(start, content);
        Self { start, now: start, controller, orders: Vec::new() }
    }

    fn started(content: Content) -> Self {
        let mut desk = Self::new(content);
        desk.controller.start(desk.now);
        desk.drain();
        desk
    }

    fn drain(&mut self) -> Vec<Order> {
        let mut orders = Vec::new();
        while let Some(order) = self.controller.poll() {
            self.orders.push((self.now - self.start, order));
            orders.push(order);
            assert!(orders.len() < 10, "a drain ends: {orders:?}");
        }
        orders
    }

    fn see(&mut self, observation: Observation) -> Vec<Order> {
        self.controller.handle(self.now, observation);
        self.drain()
    }

    /// Goes on, with the timeouts that are due on the way.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        let mut steps = 0;
        while let Some(at) = self.controller.deadline().filter(|at| *at <= until) {
            self.now = at.max(self.now);
            self.controller.handle_timeout(self.now);
            self.drain();
            steps += 1;
            assert!(steps < 1_000, "time stands still");
        }
        self.now = until;
    }

    fn path(&mut self, estimate: u64, queue_ms: u64, loss: f32) -> Vec<Order> {
        self.pass(TICK);
        self.see(Observation::Path {
            estimate: Some(estimate),
            queue: Duration::from_millis(queue_ms),
            loss,
            round_trip: Some(Duration::from_millis(50)),
            sound: 50_000,
        })
    }

    fn frame(&mut self, bytes: usize, key: bool, width: u16, height: u16) -> Vec<Order> {
        self.see(Observation::Frame { bytes, key, width, height })
    }

    fn bitrate(&self) -> Option<u32> {
        self.orders.iter().rev().find_map(|(_, order)| match order {
            Order::Bitrate(bitrate) => Some(*bitrate),
            Order::Size { .. } | Order::FrameRate(_) | Order::Hold(_) | Order::Key => None,
        })
    }

    fn held(&self) -> bool {
        self.orders
            .iter()
            .rev()
            .find_map(|(_, order)| match order {
                Order::Hold(hold) => Some(*hold),
                Order::Bitrate(_) | Order::Size { .. } | Order::FrameRate(_) | Order::Key => None,
            })
            .unwrap_or(false)
    }

    fn sizes(&self) -> Vec<(u16, u16)> {
        self.orders
            .iter()
            .filter_map(|(_, order)| match order {
                Order::Size { width, height } => Some((*width, *height)),
                Order::Bitrate(_) | Order::FrameRate(_) | Order::Hold(_) | Order::Key => None,
            })
            .collect()
    }

    fn keys(&self) -> Vec<Duration> {
        let keys = self.orders.iter().filter(|(_, order)| *order == Order::Key);
        keys.map(|(at, _)| *at).collect()
    }
}

#[test]
fn a_start_tells_bitrate_and_rate_and_asks_for_a_key_frame() {
    let mut desk = Desk::new(Content::Camera);
    assert!(desk.path(1_000_000, 0, 0.0).is_empty(), "nothing before the start");
    desk.controller.start(desk.now);
    let orders = desk.drain();
    assert!(orders.contains(&Order::Key), "the other side knows nothing yet: {orders:?}");
    assert!(orders.contains(&Order::FrameRate(30)), "{orders:?}");
    assert!(desk.bitrate().is_some_and(|it| it > 700_000), "the path was known: {orders:?}");
    desk.controller.stop();
    assert!(desk.path(100_000, 500, 0.5).is_empty(), "nothing after the stop");
    assert_eq!(desk.controller.deadline(), None, "and nothing is waited for");
}

#[test]
fn requests_share_one_key_frame_every_300_ms() {
    let mut desk = Desk::started(Content::Camera);
    for _ in 0..100 {
        desk.pass(Duration::from_millis(10));
        desk.see(Observation::KeyRequested);
        desk.see(Observation::PathBack);
    }
    let keys = desk.keys();
    assert!((3..=4).contains(&keys.len()), "one every 300 ms in a second: {keys:?}");
}

#[test]
fn a_request_is_answered_by_the_key_frame_that_is_coming_anyway() {
    let mut desk = Desk::started(Content::Camera);
    desk.pass(Duration::from_millis(50));
    desk.see(Observation::KeyRequested);
    desk.frame(9_000, true, 640, 480);
    desk.pass(Duration::from_secs(3));
    assert_eq!(desk.keys().len(), 1, "the first order served both");
}

#[test]
fn an_order_that_no_key_frame_follows_is_repeated() {
    let mut desk = Desk::started(Content::Camera);
    desk.pass(Duration::from_millis(2_500));
    assert_eq!(desk.keys().len(), 3, "every second: {:?}", desk.keys());
}

#[test]
fn a_collapse_holds_lowers_and_comes_back_smaller_with_a_key_frame() {
    let mut desk = Desk::started(Content::Camera);
    desk.path(1_500_000, 0, 0.0);
    desk.frame(30_000, true, 1_280, 720);
    for _ in 0..20 {
        desk.path(1_500_000, 0, 0.0);
    }
    assert!(!desk.held(), "all is well");
    let orders = desk.path(340_000, 250, 0.2);
    assert!(desk.bitrate().is_some_and(|it| it <= 290_000), "at once: {orders:?}");
    let before = desk.sizes().len();
    for _ in 0..7 {
        desk.path(340_000, 10, 0.2);
    }
    assert!(!desk.held(), "the queue is empty again");
    assert!(desk.sizes().len() > before, "720p is too much for that");
    assert!(desk.sizes().last().is_some_and(|(width, _)| *width <= 640), "{:?}", desk.sizes());
}

#[test]
fn a_narrow_path_is_left_to_sound_until_it_is_wide_again() {
    let mut desk = Desk::started(Content::Camera);
    desk.path(600_000, 0, 0.0);
    for _ in 0..100 {
        desk.path(80_000, 0, 0.0);
    }
    assert!(desk.held(), "sound goes first");
    for _ in 0..10 {
        desk.path(300_000, 0, 0.0);
    }
    assert!(!desk.held(), "there is room again");
    desk.path(80_000, 0, 0.0);
    assert!(desk.held(), "and again too little");
    desk.pass(Duration::from_secs(10));
    assert!(!desk.held(), "an old estimate holds nothing");
}

#[test]
fn an_outage_that_is_over_gets_a_key_frame_unasked() {
    let mut desk = Desk::started(Content::Camera);
    desk.frame(9_000, true, 640, 480);
    for _ in 0..10 {
        desk.path(1_000_000, 0, 0.0);
    }
    let before = desk.keys().len();
    for _ in 0..10 {
        desk.path(1_000_000, 0, 0.6);
    }
    for _ in 0..10 {
        desk.path(1_000_000, 0, 0.0);
    }
    assert!(desk.keys().len() > before, "Chromium would ask four seconds later");
}

#[test]
fn a_round_trip_that_grows_holds_before_the_estimate_falls() {
    let mut desk = Desk::started(Content::Camera);
    let path = |desk: &mut Desk, round_trip: u64| {
        desk.pass(TICK);
        desk.see(Observation::Path {
            estimate: Some(1_500_000),
            queue: Duration::ZERO,
            loss: 0.0,
            round_trip: Some(Duration::from_micros(round_trip)),
            sound: 50_000,
        })
    };
    for step in 0..20 {
        path(&mut desk, 60_000 + step);
        for _ in 0..3 {
            desk.frame(5_500, false, 0, 0);
        }
    }
    assert!(!desk.held(), "all is well");
    let orders = path(&mut desk, 140_000);
    assert_eq!(orders.first(), Some(&Order::Hold(true)), "at once");
    assert!(desk.bitrate().is_some_and(|it| it < 700_000), "and then far less: {orders:?}");
    desk.pass(Duration::from_millis(600));
    assert!(!desk.held(), "for as long as the queue needs");
}

#[test]
fn reports_that_come_again_get_a_key_frame_unasked() {
    let mut desk = Desk::started(Content::Camera);
    desk.frame(9_000, true, 640, 480);
    let see = |desk: &mut Desk, round_trip: u64| {
        desk.pass(TICK);
        desk.see(Observation::Path {
            estimate: Some(1_000_000),
            queue: Duration::ZERO,
            loss: 0.0,
            round_trip: Some(Duration::from_micros(round_trip)),
            sound: 50_000,
        })
    };
    for step in 0..15 {
        see(&mut desk, 60_000 + step * 7);
    }
    let before = desk.keys().len();
    for _ in 0..15 {
        see(&mut desk, 60_500);
    }
    assert_eq!(desk.keys().len(), before, "nobody would get it");
    see(&mut desk, 61_000);
    assert_eq!(desk.keys().len(), before + 1, "the path is back");
}

#[test]
fn a_slot_that_was_stopped_while_held_starts_again() {
    let mut desk = Desk::started(Content::Camera);
    desk.path(80_000, 0, 0.0);
    assert!(desk.held(), "narrow");
    desk.controller.stop();
    desk.drain();
    desk.path(800_000, 0, 0.0);
    desk.controller.start(desk.now);
    desk.drain();
    assert!(!desk.held(), "the hold does not outlive the slot");
}

#[derive(Debug, Clone)]
enum Seen {
    Path { estimate: Option<u64>, queue: u16, loss: f32, sound: u32 },
    Frame { bytes: u32, key: bool, size: (u16, u16) },
    Key,
    Back,
    Wait(u16),
    Stop,
    Start,
}

fn seen() -> impl Strategy<Value = Seen> {
    let size = prop_oneof![Just((0, 0)), Just((640, 480)), Just((1_280, 720)), any::<(u16, u16)>()];
    prop_oneof![
        8 => (
            proptest::option::weighted(0.9, prop_oneof![0..4_000_000_u64, any::<u64>()]),
            prop_oneof![Just(0_u16), 0..2_000_u16],
            prop_oneof![Just(0.0_f32), 0.0..1.0_f32],
            prop_oneof![Just(0_u32), 0..100_000_u32, any::<u32>()],
        ).prop_map(|(estimate, queue, loss, sound)| Seen::Path { estimate, queue, loss, sound }),
        8 => (0..100_000_u32, any::<bool>(), size)
            .prop_map(|(bytes, key, size)| Seen::Frame { bytes, key, size }),
        2 => Just(Seen::Key),
        1 => Just(Seen::Back),
        4 => (0..1_500_u16).prop_map(Seen::Wait),
        1 => Just(Seen::Stop),
        1 => Just(Seen::Start),
    ]
}

fn play(desk: &mut Desk, seen: &Seen) -> Vec<Order> {
    let from = desk.orders.len();
    match *seen {
        Seen::Path { estimate, queue, loss, sound } => {
            desk.pass(TICK);
            desk.see(Observation::Path {
                estimate,
                queue: Duration::from_millis(queue.into()),
                loss,
                round_trip: None,
                sound,
            });
        }
        Seen::Frame { bytes, key, size: (width, height) } => {
            desk.pass(Duration::from_millis(33));
            let bytes = bytes as usize;
            desk.see(Observation::Frame { bytes, key, width, height });
        }
        Seen::Key => drop(desk.see(Observation::KeyRequested)),
        Seen::Back => drop(desk.see(Observation::PathBack)),
        Seen::Wait(ms) => desk.pass(Duration::from_millis(ms.into())),
        Seen::Stop => {
            desk.controller.stop();
            desk.drain();
        }
        Seen::Start => {
            desk.controller.start(desk.now);
            desk.drain();
        }
    }
    desk.orders[from..].iter().map(|(_, order)| *order).collect()
}

proptest! {
    #[test]
    fn orders_stay_within_limits_whatever_is_seen(
        screen: bool,
        story in proptest::collection::vec(seen(), 1..200),
    ) {
        let content = if screen { Content::Screen } else { Content::Camera };
        let most = if screen { 2_500_000 } else { 1_700_000 };
        let mut desk = Desk::started(content);
        let mut captured = (0_u16, 0_u16);
        for step in &story {
            if let Seen::Frame { size: (width, height), .. } = step {
                captured = (captured.0.max(*width), captured.1.max(*height));
            }
            for order in play(&mut desk, step) {
                match order {
                    Order::Bitrate(bitrate) => {
                        prop_assert!((30_000..=most).contains(&bitrate), "{bitrate}");
                    }
                    Order::Size { width, height } => {
                        prop_assert!(width <= captured.0 && height <= captured.1, "{order:?}");
                        prop_assert!(width % 2 == 0 && height % 2 == 0, "{order:?} is even");
                        prop_assert!(width > 0 && height > 0, "{order:?} has pixels");
                    }
                    Order::FrameRate(rate) => prop_assert!((1..=30).contains(&rate), "{rate}"),
                    Order::Hold(_) | Order::Key => {}
                }
            }
        }
    }

    #[test]
    fn key_frames_are_ordered_at_most_every_300_ms(
        story in proptest::collection::vec(seen(), 1..200),
    ) {
        let mut desk = Desk::started(Content::Camera);
        for step in &story {
            // A new start is a new encoder.
            if matches!(step, Seen::Stop) {
                continue;
            }
            play(&mut desk, step);
        }
        for pair in desk.keys().windows(2) {
            prop_assert!(pair[1] - pair[0] >= Duration::from_millis(300), "{pair:?}");
        }
    }

    #[test]
    fn a_hold_always_ends(story in proptest::collection::vec(seen(), 1..100)) {
        let mut desk = Desk::started(Content::Camera);
        for step in &story {
            if !matches!(step, Seen::Stop) {
                play(&mut desk, step);
            }
            if desk.held() {
                let due = desk.controller.deadline();
                prop_assert!(
                    due.is_some_and(|at| at <= desk.now + Duration::from_secs(3)),
                    "a hold has a deadline"
                );
            }
        }
        // Nobody says anything any more.
        desk.pass(Duration::from_secs(8));
        prop_assert!(!desk.held(), "silence ends it");
    }

    #[test]
    fn the_bitrate_follows_an_estimate_that_fell_at_once(
        story in proptest::collection::vec(seen(), 0..60),
        high in 500_000..3_000_000_u64,
        low in 150_000..400_000_u64,
        sound in 0..60_000_u32,
    ) {
        let mut desk = Desk::started(Content::Camera);
        for step in &story {
            if !matches!(step, Seen::Stop) {
                play(&mut desk, step);
            }
        }
        for estimate in [high, high, low] {
            play(&mut desk, &Seen::Path { estimate: Some(estimate), queue: 0, loss: 0.0, sound });
        }
        let most = low - u64::from(sound);
        prop_assert!(
            desk.bitrate().is_some_and(|it| u64::from(it) <= most),
            "{:?} of {most}", desk.bitrate()
        );
    }

    #[test]
    fn a_fluttering_estimate_does_not_flutter_the_size(
        level in 150_000..1_500_000_u64,
        flutter in proptest::collection::vec(0.93..1.07_f64, 200),
    ) {
        let mut desk = Desk::started(Content::Camera);
        desk.path(level, 0, 0.0);
        desk.frame(20_000, true, 1_280, 720);
        for factor in flutter {
            desk.path((level as f64 * factor) as u64, 0, 0.0);
        }
        let sizes = desk.sizes();
        // The way down, and perhaps one step that the middle of the flutter decides.
        prop_assert!(sizes.len() <= 4, "{sizes:?} in 20 s");
        let mut sorted = sizes.clone();
        sorted.sort_unstable_by(|a, b| b.cmp(a));
        let mut rising = sizes.clone();
        rising.sort_unstable();
        prop_assert!(sizes == sorted || sizes[1..] == rising[1..], "never to and fro: {sizes:?}");
    }
}
