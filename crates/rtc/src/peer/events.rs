//! What str0m tells of a connection, and what follows from it.

use bellwire_core::api::{PathState, PeerEvent, Slot};
use str0m::Event;
use str0m::media::SenderFeedback;
use str0m::rtp::RtpPacket;
use str0m::stats::{MediaIngressStats, PeerStats};

use super::{Output, Peer, sound, stream};
use crate::control::Observation;
use crate::pictures::assembly;
use crate::pictures::playout::Report;

impl Peer {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "str0m's events grow with its versions; those of other modes never come"
    )]
    pub(super) fn on_event(&mut self, event: Event) {
        match event {
            Event::Connected => {
                let state = self.path.on_dtls();
                self.on_path(state);
            }
            Event::IceConnectionStateChange(ice) => {
                let state = self.path.on_ice(ice);
                self.on_path(state);
            }
            Event::ChannelOpen(id, _) if self.channels.on_open(id) => {
                self.report(PeerEvent::ChannelsOpen);
            }
            Event::ChannelClose(id) if self.channels.on_close(id) => {
                self.report(PeerEvent::ChannelsClosed);
            }
            Event::ChannelData(data) => {
                if let Some(event) = self.channels.on_data(data) {
                    self.report(event);
                }
            }
            Event::RtpPacket(packet) => self.on_packet(&packet),
            Event::KeyframeRequest(request) => {
                let now = self.seen;
                let slot = self.slots.slot(request.mid);
                if let Some(pictures) = slot.and_then(|slot| self.media.pictures(slot)) {
                    pictures.outgoing.observe(now, Observation::KeyRequested);
                }
            }
            Event::StreamPaused(paused) if paused.paused => {
                let slot = self.slots.slot(paused.mid);
                if let Some(pictures) = slot.and_then(|slot| self.media.pictures(slot)) {
                    pictures.incoming.handle_sent(false);
                }
            }
            Event::SenderFeedback(feedback) => self.on_report(&feedback),
            Event::MediaIngressStats(stats) => self.on_ingress(&stats),
            Event::PeerStats(stats) => self.on_stats(stats),
            Event::Closed => self.end(),
            _ => {}
        }
    }

    fn on_path(&mut self, state: Option<PathState>) {
        let Some(state) = state else { return };
        if state == PathState::Connected {
            self.media.on_path_back(self.seen);
        }
        self.report(PeerEvent::Path { state });
    }

    fn on_packet(&mut self, packet: &RtpPacket) {
        let ssrc = packet.header.ssrc;
        let Some(mid) = self.rtc.direct_api().stream_rx(&ssrc).map(|stream| stream.mid()) else {
            return;
        };
        let Some(slot) = self.slots.slot(mid) else { return };
        let Some((_, agreed)) = self.agreed(slot) else { return };
        let Some(pictures) = self.media.pictures(slot) else {
            for inner in sound::unwrap(packet, agreed) {
                let arrived = packet.timestamp;
                self.out.push_back(Output::Sound { slot, packet: inner, arrived });
            }
            return;
        };
        if packet.header.payload_type != agreed.pt {
            return;
        }
        pictures.incoming.handle_sent(true);
        pictures.incoming.handle_packet(assembly::Packet {
            source: *ssrc,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            payload: packet.payload.clone(),
            received: packet.timestamp,
        });
    }

    fn on_report(&mut self, feedback: &SenderFeedback) {
        let info = feedback.sender_info;
        // The RTP timestamp wraps on the wire; its lower half is what was sent.
        let timestamp = u32::try_from(info.rtp_time.numer() & u64::from(u32::MAX));
        let report = Report { wall: info.ntp_time, timestamp: timestamp.unwrap_or_default() };
        if let Some(slot) = self.slots.slot(feedback.mid) {
            self.media.on_report(slot, report);
        }
    }

    fn on_ingress(&mut self, stats: &MediaIngressStats) {
        if self.slots.slot(stats.mid) == Some(Slot::Audio) {
            self.jitter = f64::from(stats.jitter) / 48.0;
        }
    }

    fn on_stats(&mut self, stats: PeerStats) {
        let now = stats.timestamp;
        let loss = stats.egress_loss_fraction.unwrap_or(0.0);
        let estimate = stats.bwe_tx.map(|estimate| estimate.as_u64());
        let sound = self.media.audio.observe(now, loss, estimate);
        for (slot, pictures) in self.media.every() {
            let Some(mid) = self.slots.mid(slot) else { continue };
            let queue = stream::queue_age(&mut self.rtc, mid, now);
            let round_trip = stats.rtt;
            let path = Observation::Path { estimate, queue, loss, round_trip, sound };
            pictures.outgoing.observe(now, path);
            if let Some(round_trip) = round_trip {
                pictures.incoming.set_round_trip(round_trip);
            }
        }
        self.reader.observe(&stats);
        self.out.push_back(Output::Loss(self.media.audio.expected(loss)));
        self.stats = Some(stats);
    }
}
