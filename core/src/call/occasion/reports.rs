//! What executors report.

use super::*;
use crate::call::heard::Verdict;

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
                // What the first gathering finds is no change.
                if self.addresses.is_new(&candidate) && remote.link.was_restarted() {
                    pass.desk.session.doubt(now, pass.desk.out);
                }
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
                if let Some(
                    ChannelMessage::Heartbeat { n, state, unavailable }
                    | ChannelMessage::MediaState { n, state, unavailable },
                ) = self.read(index, &data, pass)
                {
                    // Everything else belongs on the other channel.
                    self.remotes[index].hear_unavailable(n, unavailable);
                    self.remotes[index].hear_sends(n, state);
                }
                return;
            }
            PeerEvent::Chat { data } => {
                self.hear(index, peer, pass);
                if let Some(message) = self.read(index, &data, pass)
                    && let Some(who) = self.remotes[index].who.clone()
                {
                    pass.reports.push(Report::Message(who, message));
                }
                return;
            }
            PeerEvent::Measured { estimate, sent } => {
                let speaks = self.local.sending().mic;
                if remote.newest() == Some(peer)
                    && remote.budget.measure(now, estimate, sent, speaks)
                {
                    let order = remote.budget.order();
                    pass.order(peer, order);
                    self.tell_narrow(pass.desk);
                }
                return;
            }
            PeerEvent::Slot { slot, state } => {
                let told = |local: &Local| (local.sending(), local.unavailable());
                let before = told(&self.local);
                self.local.report(slot, state);
                if told(&self.local) != before {
                    self.tell_media(pass.desk);
                }
                return;
            }
        };
        self.carry_out(index, moves, pass);
    }

    /// Reads a message of a channel. What is over the limit is dropped, and told once.
    fn read(
        &mut self,
        index: usize,
        data: &str,
        pass: &mut Pass<'_, '_>,
    ) -> Option<ChannelMessage> {
        let remote = &mut self.remotes[index];
        match remote.heard.hear(pass.desk.now, data) {
            Verdict::Taken(message) => Some(message),
            Verdict::Unreadable => None,
            Verdict::TooMuch { first } => {
                let who = remote.who.clone().filter(|_| first);
                pass.reports.extend(who.map(Report::Flooded));
                None
            }
        }
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
            PathState::Disconnected => {
                remote.link.doubt(now);
                pass.desk.session.suspect(now, pass.desk.out);
            }
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
