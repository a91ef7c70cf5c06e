//! The metrics, by the names that `docs/protocol.md` promises. No label names a person or a call.

use std::sync::atomic::Ordering;

use bellwire_protocol::EndReason;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    r#type: &'static str,
    direction: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    call_setup_time: Histogram,
    ring_time: Histogram,
    /// Calls that ring or live.
    pub active_calls: Gauge,
    messages: Family<MessageLabels, Counter>,
    reconnects: Family<ResultLabel, Counter>,
    /// Open WebSockets.
    pub connections: Gauge,
    /// TURN allocations; none until TURN is part of the relay.
    pub turn_allocations: Gauge,
    /// TURN bytes.
    pub turn_bytes: Counter,
    auth: Family<ResultLabel, Counter>,
    /// Sockets closed with 4008.
    pub slow_readers: Counter,
    calls_ended: Family<ReasonLabel, Counter>,
    /// Connections that found no room.
    pub connections_refused: Counter,
    /// Ended calls that are not kept.
    pub records_refused: Counter,
    /// 1 where the system's clock is believed, else 0.
    pub clock_believed: Gauge,
    /// How often it was set while the relay ran, and dates were moved.
    pub clock_sets: Counter,
    /// Ended calls that wait for the store.
    pub records_waiting: Gauge,
    /// Attempts to write an ended call that will be repeated.
    pub record_retries: Counter,
    /// 1 where the store took the last write that asked whether it does, else 0.
    pub store_writable: Gauge,
    /// Lines of the log that were lost, as of the last look.
    log_lines_lost: Counter,
    /// Messages of a type that this build does not know.
    pub unknown_messages: Counter,
    /// Sockets that a page of another origin wanted.
    pub origins_refused: Counter,
}

/// An open WebSocket.
#[derive(Debug)]
pub struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let setup_buckets = [50., 100., 150., 250., 500., 1e3, 2e3, 4e3, 8e3, 15e3, 30e3];
        let ring_buckets = [500., 1e3, 2e3, 4e3, 8e3, 15e3, 30e3, 45e3, 60e3];
        let mut metrics = Self {
            registry: Registry::default(),
            call_setup_time: Histogram::new(setup_buckets),
            ring_time: Histogram::new(ring_buckets),
            active_calls: Gauge::default(),
            messages: Family::default(),
            reconnects: Family::default(),
            connections: Gauge::default(),
            turn_allocations: Gauge::default(),
            turn_bytes: Counter::default(),
            auth: Family::default(),
            slow_readers: Counter::default(),
            calls_ended: Family::default(),
            connections_refused: Counter::default(),
            records_refused: Counter::default(),
            clock_believed: Gauge::default(),
            clock_sets: Counter::default(),
            records_waiting: Gauge::default(),
            record_retries: Counter::default(),
            store_writable: Gauge::default(),
            log_lines_lost: Counter::default(),
            unknown_messages: Counter::default(),
            origins_refused: Counter::default(),
        };
        let setup = metrics.call_setup_time.clone();
        let r = &mut metrics.registry;
        r.register("call_setup_time_ms", "Answer to connected, as clients report it", setup);
        r.register("ring_time_ms", "How long answered calls rang", metrics.ring_time.clone());
        r.register("active_calls", "Calls that ring or live", metrics.active_calls.clone());
        r.register("signaling_messages", "WebSocket messages", metrics.messages.clone());
        r.register("reconnect_attempts", "Resumes by outcome", metrics.reconnects.clone());
        r.register("ws_connections", "Open WebSockets", metrics.connections.clone());
        r.register("turn_allocations", "TURN allocations", metrics.turn_allocations.clone());
        r.register("turn_bytes", "TURN bytes", metrics.turn_bytes.clone());
        r.register("auth", "Sign-ins and refreshes by outcome", metrics.auth.clone());
        r.register("slow_readers", "Sockets closed with 4008", metrics.slow_readers.clone());
        r.register("calls_ended", "Ended calls by reason", metrics.calls_ended.clone());
        r.register("connections_refused", "No room", metrics.connections_refused.clone());
        r.register("records_refused", "Calls not kept", metrics.records_refused.clone());
        r.register("clock_believed", "Whether the clock is", metrics.clock_believed.clone());
        r.register("clock_sets", "Jumps of the clock", metrics.clock_sets.clone());
        r.register("records_waiting", "Ended calls that wait", metrics.records_waiting.clone());
        r.register("record_retries", "Writes to repeat", metrics.record_retries.clone());
        r.register("store_writable", "Whether writing works", metrics.store_writable.clone());
        r.register("log_lines_lost", "Lines not logged", metrics.log_lines_lost.clone());
        r.register("unknown_messages", "Unknown types", metrics.unknown_messages.clone());
        r.register("origins_refused", "Pages refused", metrics.origins_refused.clone());
        // Shown at zero, so that a rule on them works before the first of them.
        for result in ["resumed", "fresh"] {
            let _ = metrics.reconnects.get_or_create(&ResultLabel { result });
        }
        for result in ["ok", "wrong", "limited", "refreshed", "reused", "unknown"] {
            let _ = metrics.auth.get_or_create(&ResultLabel { result });
        }
        metrics
    }

    /// One message of this type, `in` or `out`.
    pub fn message(&self, r#type: &'static str, direction: &'static str) {
        self.messages.get_or_create(&MessageLabels { r#type, direction }).inc();
    }

    /// One attempt to resume: `resumed` or `fresh`.
    pub fn reconnect(&self, result: &'static str) {
        self.reconnects.get_or_create(&ResultLabel { result }).inc();
    }

    /// One attempt to sign in or refresh.
    pub fn auth(&self, result: &'static str) {
        self.auth.get_or_create(&ResultLabel { result }).inc();
    }

    /// A call was answered after ringing this long.
    pub fn rang(&self, ms: u64) {
        let ms = u32::try_from(ms).unwrap_or(u32::MAX);
        self.ring_time.observe(f64::from(ms));
    }

    /// Media flowed this long after the answer.
    pub fn set_up(&self, ms: u32) {
        self.call_setup_time.observe(f64::from(ms));
    }

    /// A call ended.
    pub fn ended(&self, reason: EndReason) {
        let reason = match reason {
            EndReason::Ended => "ended",
            EndReason::Cancelled => "cancelled",
            EndReason::Declined => "declined",
            EndReason::Busy => "busy",
            EndReason::Dnd => "dnd",
            EndReason::NoAnswer => "no_answer",
            EndReason::AnsweredElsewhere => "answered_elsewhere",
            EndReason::DeclinedElsewhere => "declined_elsewhere",
            EndReason::Unreachable => "unreachable",
            EndReason::Lost => "lost",
            EndReason::WindowClosed => "window_closed",
            EndReason::TimeLimit => "time_limit",
            EndReason::Replaced => "replaced",
            EndReason::Failed => "failed",
            EndReason::Unknown => "unknown",
        };
        self.calls_ended.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// One more open WebSocket, until the guard is dropped: however its task ends.
    #[must_use]
    pub fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// Everything in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let lost = super::logging::lost_lines();
        self.log_lines_lost.inner().fetch_max(lost, Ordering::Relaxed);
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use super::*;

    #[test]
    fn a_socket_whose_task_panics_is_not_counted_any_more() {
        let metrics = Metrics::new();
        let panicked = std::panic::catch_unwind(AssertUnwindSafe(|| {
            let _connected = metrics.connected();
            assert_eq!(metrics.connections.get(), 0, "this one panics");
        }));
        assert!(panicked.is_err());
        assert_eq!(metrics.connections.get(), 0);
    }
}
