//! One reading of a connection, in the shape that the webview's executor gives.

use std::net::SocketAddr;
use std::time::Instant;

use serde::Serialize;
use str0m::CandidateKind;
use str0m::stats::PeerStats;

/// One reading of a connection. Rates in bit/s, times in ms, loss as a share of 0 to 1. The fields
/// are those of `Figures` in `ui/src/lib/rtc/peers.ts`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// What is sent.
    pub bitrate_up: f64,
    /// What arrives.
    pub bitrate_down: f64,
    /// The share of what is sent that does not arrive.
    pub loss_up: f64,
    /// The share of what the other side sends that does not arrive.
    pub loss_down: f64,
    /// `None` until something was answered.
    pub round_trip: Option<f64>,
    /// How unevenly sound arrives.
    pub jitter: f64,
    /// Pictures that arrive.
    pub frames_per_second: f64,
    /// Of what arrives.
    pub frame_width: u32,
    /// Of what arrives.
    pub frame_height: u32,
    /// How the media travels.
    pub path: Route,
}

/// How media travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Route {
    /// From device to device.
    Direct,
    /// Through TURN, reached by UDP.
    Relayed,
    /// Through TURN, reached by TCP or TLS.
    RelayedTcp,
    /// Nothing was chosen yet.
    Unknown,
}

/// The picture that arrives, since the reading before.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Seen {
    pub(crate) frames: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// Makes readings of counters.
#[derive(Debug)]
pub(crate) struct Reader {
    at: Instant,
    up: u64,
    down: u64,
    frames: u64,
    lost: f64,
    losses: u32,
}

impl Reader {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { at: now, up: 0, down: 0, frames: 0, lost: 0.0, losses: 0 }
    }

    /// A look at the ingress loss, of which a reading is the mean.
    pub(crate) fn observe(&mut self, stats: &PeerStats) {
        if let Some(loss) = stats.ingress_loss_fraction {
            self.lost += f64::from(loss);
            self.losses += 1;
        }
    }

    /// The figures since the reading before.
    pub(crate) fn read(
        &mut self,
        now: Instant,
        stats: &PeerStats,
        jitter: f64,
        seen: Seen,
        path: Route,
    ) -> Figures {
        let seconds = now.duration_since(self.at).as_secs_f64();
        let rate = |bytes: u64, before: u64| {
            if seconds > 0.0 { bytes.saturating_sub(before) as f64 * 8.0 / seconds } else { 0.0 }
        };
        let pair = stats.selected_candidate_pair.as_ref();
        let round_trip = pair.and_then(|pair| pair.current_round_trip_time).or(stats.rtt);
        let frames = seen.frames.saturating_sub(self.frames) as f64;
        let figures = Figures {
            bitrate_up: rate(stats.peer_bytes_tx, self.up),
            bitrate_down: rate(stats.peer_bytes_rx, self.down),
            loss_up: f64::from(stats.egress_loss_fraction.unwrap_or(0.0)).clamp(0.0, 1.0),
            loss_down: (self.lost / f64::from(self.losses.max(1))).clamp(0.0, 1.0),
            round_trip: round_trip.map(|time| time.as_secs_f64() * 1_000.0),
            jitter,
            frames_per_second: if seconds > 0.0 { frames / seconds } else { 0.0 },
            frame_width: seen.width,
            frame_height: seen.height,
            path,
        };
        *self = Self {
            at: now,
            up: stats.peer_bytes_tx,
            down: stats.peer_bytes_rx,
            frames: seen.frames,
            lost: 0.0,
            losses: 0,
        };
        figures
    }
}

/// How media travels between these two addresses, as far as candidates tell.
pub(crate) fn route(
    stats: &PeerStats,
    local: impl Fn(SocketAddr) -> Option<(CandidateKind, bool)>,
    remote: impl Fn(SocketAddr) -> Option<CandidateKind>,
) -> Route {
    let Some(pair) = &stats.selected_candidate_pair else { return Route::Unknown };
    match local(pair.local.addr) {
        Some((CandidateKind::Relayed, true)) => Route::RelayedTcp,
        Some((CandidateKind::Relayed, false)) => Route::Relayed,
        Some(_) if remote(pair.remote.addr) == Some(CandidateKind::Relayed) => Route::Relayed,
        Some(_) => Route::Direct,
        None => Route::Unknown,
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "virtual time starts somewhere")]
mod tests {
    use std::time::Duration;

    use super::*;

    fn stats(now: Instant, tx: u64, rx: u64, loss: Option<f32>) -> PeerStats {
        PeerStats {
            peer_bytes_rx: rx,
            peer_bytes_tx: tx,
            bytes_rx: 0,
            bytes_tx: 0,
            timestamp: now,
            bwe_tx: None,
            egress_loss_fraction: Some(0.02),
            ingress_loss_fraction: loss,
            rtt: Some(Duration::from_millis(40)),
            selected_candidate_pair: None,
        }
    }

    #[test]
    fn rates_and_loss_are_of_the_time_since_the_reading_before() {
        let start = Instant::now();
        let mut reader = Reader::new(start);
        reader.observe(&stats(start, 0, 0, Some(0.1)));
        reader.observe(&stats(start, 0, 0, Some(0.3)));
        let now = start + Duration::from_secs(2);
        let seen = Seen { frames: 60, width: 640, height: 480 };
        let first = reader.read(now, &stats(now, 50_000, 100_000, None), 4.0, seen, Route::Direct);
        assert_eq!((first.bitrate_up, first.bitrate_down), (200_000.0, 400_000.0), "bits a second");
        assert!((first.loss_down - 0.2).abs() < 1e-6, "the mean of what was seen");
        assert_eq!(first.round_trip, Some(40.0), "in ms");
        assert_eq!(first.frames_per_second, 30.0, "of what came since");
        let later = now + Duration::from_secs(1);
        let second = reader.read(later, &stats(later, 1_000, 0, None), 0.0, seen, Route::Direct);
        assert_eq!(second.bitrate_up, 0.0, "counters that start again give no negative rate");
        assert_eq!(second.frames_per_second, 0.0, "nothing came");
    }

    #[test]
    fn the_figures_have_the_names_of_the_webviews() {
        let now = Instant::now();
        let figures = Reader::new(now).read(
            now,
            &stats(now, 0, 0, None),
            0.0,
            Seen::default(),
            Route::RelayedTcp,
        );
        let json = serde_json::to_value(figures).expect("figures are JSON");
        assert_eq!(json["path"], "relayed-tcp", "as in the UI");
        assert!(json.get("framesPerSecond").is_some(), "as in the UI");
    }
}
