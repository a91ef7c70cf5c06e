//! What executors report.

use super::*;

impl Occasion {
    /// An executor reports.
    pub(in crate::call) fn handle_peer(
        &mut self,
        peer: PeerId,
        event: PeerEvent,
        pass: &mut Pass<'_, '_>,
    ) {
        let Some(index) = self.remotes.iter().position(|remote| remote.has(peer)) else { return };
        let now = pass.desk.now;
        let remote = &mut self.remotes[index];
        let ops = &mut pass.numbers.ops;
        let moves = match event {
            PeerEvent::Described { operation, sdp } => {
                let id = OfferId::from_parts(pass.desk.unix, pass.desk.random.id());
                remote.on_peer(peer, |exchange, out| {
                    exchange.described(now, operation, &sdp, id, ops, out)
                })
            }
            PeerEvent::Applied { operation } => {
                let moves = remote
                    .on_peer(peer, |exchange, out| exchange.applied(now, operation, ops, out));
                remote.settle();
                moves
            }
            PeerEvent::OperationFailed { operation, message: _ } => {
                remote.on_peer(peer, |exchange, out| exchange.failed(now, operation, ops, out))
            }
            PeerEvent::Candidate { ufrag, mid, candidate } => {
                let parsed = (Ufrag::new(ufrag), Mid::new(mid), Candidate::new(candidate));
                let (Ok(ufrag), Ok(mid), Ok(candidate)) = parsed else { return };
                let candidate = LocalCandidate { ufrag, mid, candidate };
                remote.on_peer(peer, |exchange, out| exchange.candidate(candidate, out))
            }
            PeerEvent::Path { state } => {
                self.on_path(index, peer, state, pass);
                return;
            }
            PeerEvent::ChannelsOpen => {
                remote.set_channels(peer, true);
                if remote.newest() == Some(peer) {
                    remote.link.listen(now, true);
                }
                self.beat_at = now;
                pass.reports.push(Report::ChatOpen);
                return;
            }
            PeerEvent::ChannelsClosed => {
                remote.set_channels(peer, false);
                if remote.newest() == Some(peer) {
                    remote.link.listen(now, false);
                }
                return;
            }
            PeerEvent::Control { data } => {
                self.hear(index, peer, pass);
                match bellwire_protocol::decode::<ChannelMessage>(&data) {
                    Ok(
                        ChannelMessage::Heartbeat { n, state }
                        | ChannelMessage::MediaState { n, state },
                    ) => self.remotes[index].hear_sends(n, state),
                    // Everything else belongs on the other channel.
                    Ok(
                        ChannelMessage::Chat { .. }
                        | ChannelMessage::ChatReceived { .. }
                        | ChannelMessage::SdpOffer { .. }
                        | ChannelMessage::SdpAnswer { .. }
                        | ChannelMessage::IceCandidate { .. }
                        | ChannelMessage::Leave
                        | ChannelMessage::Unknown,
                    )
                    | Err(_) => {}
                }
                return;
            }
            PeerEvent::Chat { data } => {
                self.hear(index, peer, pass);
                if let Some(who) = self.remotes[index].who.clone()
                    && let Ok(message) = bellwire_protocol::decode(&data)
                {
                    pass.reports.push(Report::Message(who, message));
                }
                return;
            }
            PeerEvent::Slot { slot, state } => {
                let before = self.local.sending();
                self.local.report(slot, state);
                if self.local.sending() != before {
                    self.tell_media(pass.desk);
                }
                return;
            }
        };
        self.carry_out(index, moves, pass);
    }

    pub(super) fn on_path(
        &mut self,
        index: usize,
        peer: PeerId,
        state: PathState,
        pass: &mut Pass<'_, '_>,
    ) {
        let now = pass.desk.now;
        let remote = &mut self.remotes[index];
        remote.set_path(peer, state);
        if remote.newest() != Some(peer) {
            return;
        }
        match state {
            PathState::Connecting => {}
            PathState::Connected => {
                for former in remote.take_former() {
                    pass.order(former, PeerCommand::Close);
                }
                self.hear(index, peer, pass);
            }
            PathState::Disconnected => remote.link.doubt(now),
            PathState::Failed => {
                let device = remote.device();
                if remote.link.fail()
                    && let Some(device) = device
                {
                    pass.report(Event::PathDown { device });
                }
                self.climb(index, pass);
            }
        }
    }

    /// A sign of life on the newest connection.
    pub(super) fn hear(&mut self, index: usize, peer: PeerId, pass: &mut Pass<'_, '_>) {
        let remote = &mut self.remotes[index];
        if remote.newest() != Some(peer) {
            return;
        }
        let is_back = remote.link.hear(pass.desk.now);
        let Some(device) = remote.device() else { return };
        if is_back {
            pass.report(Event::PathUp { device });
            if !remote.reported {
                remote.reported = true;
                let setup = pass.desk.now.since(self.answered);
                let report = ClientMessage::CallReport {
                    call_id: self.call.id,
                    setup_ms: Some(u32::try_from(setup).unwrap_or(u32::MAX)),
                    flowing: Some(device),
                };
                pass.desk.session.say(pass.desk.out, report);
                self.flowing_at = pass.desk.now.after(FLOWING_MS);
            }
            self.tell_media(pass.desk);
        }
    }
}
