//! A network between two engines: loses evenly, and delays each packet by itself.

use bellwire_voice::engine::{Engine, LineId, Stream};
use bellwire_voice::packet::{Frame, Packet};
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// How a network is.
pub(crate) struct Network {
    /// Share of packets that are lost.
    pub(crate) loss: f64,
    /// What a packet is delayed by at most.
    pub(crate) jitter: Duration,
}

/// The sender's end of it.
pub(crate) struct Path(SyncSender<Frame>);

impl Path {
    pub(crate) fn start(network: &Network, to: Engine, line: LineId) -> std::io::Result<Self> {
        let (sender, frames) = sync_channel(1_024);
        let (loss, jitter) = (network.loss, network.jitter);
        std::thread::Builder::new()
            .name("network".into())
            .spawn(move || carry(loss, jitter, &frames, &to, line))?;
        Ok(Self(sender))
    }

    pub(crate) fn send(&self, frame: Frame) {
        // Fails only when the measurement is over.
        let _ = self.0.send(frame);
    }
}

fn carry(loss: f64, jitter: Duration, frames: &Receiver<Frame>, to: &Engine, line: LineId) {
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 40) as f64 / (1_u64 << 24) as f64
    };
    let mut waiting: BTreeMap<(Instant, u16), Packet> = BTreeMap::new();
    let mut sequence = 0_u16;
    loop {
        let now = Instant::now();
        while let Some(entry) = waiting.first_entry()
            && entry.key().0 <= now
        {
            to.receive(line, Stream::Voice, entry.remove(), now);
        }
        let wait = waiting
            .first_key_value()
            .map_or(Duration::from_secs(1), |((due, _), _)| due.saturating_duration_since(now));
        match frames.recv_timeout(wait) {
            Ok(frame) => {
                if next() >= loss {
                    let packet = Packet {
                        sequence,
                        timestamp: frame.timestamp,
                        payload: frame.payload,
                        redundant: false,
                    };
                    let due = Instant::now() + jitter.mul_f64(next());
                    waiting.insert((due, sequence), packet);
                }
                sequence = sequence.wrapping_add(1);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
