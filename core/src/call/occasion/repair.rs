//! What is done when paths fall silent, networks change, and time goes by.

use super::*;
use crate::call::link::Rung;

impl Occasion {
    /// The relay is reached again. `raced` says that the former socket was dead and nobody said so:
    /// most likely its address is gone.
    pub(in crate::call) fn relay_is_back(&mut self, raced: bool, pass: &mut Pass<'_, '_>) {
        self.said(pass.desk);
        self.tell_media(pass.desk);
        for index in 0..self.remotes.len() {
            if self.remotes[index].is_offering() {
                // Another restart would take the place of this one, with what it gathered already.
                let moves = self.remotes[index].repeat(pass.desk.now);
                self.carry_out(index, moves, pass);
                if matches!(self.opening, Opening::Done) {
                    self.repeat_candidates(index, pass);
                }
            } else if self.remotes[index].link.under_way(pass.desk.now).is_some() {
                // It was described over the call itself, and its candidates may have needed the relay.
                self.repeat_candidates(index, pass);
            } else if raced || !self.remotes[index].link.is_flowing() {
                self.restart_for_hint(index, pass);
            }
        }
    }

    /// The network changed, or may have.
    pub(in crate::call) fn network_changed(&mut self, pass: &mut Pass<'_, '_>) {
        for index in 0..self.remotes.len() {
            self.restart_for_hint(index, pass);
        }
    }

    pub(super) fn restart_for_hint(&mut self, index: usize, pass: &mut Pass<'_, '_>) {
        let remote = &mut self.remotes[index];
        if remote.is_settled()
            // What is being described has the new addresses already.
            && !remote.is_busy()
            && remote.link.restart_for_hint(pass.desk.now)
        {
            self.restart(index, false, pass);
        }
    }

    pub(in crate::call) fn deadline(
        &self,
        desk_lost: Option<Time>,
        is_polite_to: impl Fn(DeviceId) -> bool,
    ) -> Option<Time> {
        let live = self.since.is_some() && !self.remotes.is_empty();
        let beat = live.then_some(self.beat_at);
        let flowing = live.then_some(self.flowing_at);
        self.remotes
            .iter()
            .flat_map(|remote| {
                let device = remote.device();
                let link = device
                    .filter(|_| live)
                    .and_then(|device| remote.link.deadline(is_polite_to(device)));
                let lost = desk_lost
                    .filter(|_| live)
                    .map(|lost| lost.max(remote.link.heard_at()).after(crate::call::LOST_MS));
                [link, lost, remote.negotiation_deadline(), remote.trickle.deadline()]
            })
            .chain([beat, flowing])
            .flatten()
            .min()
    }

    /// Does what the deadlines ask for. `slept` says that this machine was asleep.
    pub(in crate::call) fn elapsed(&mut self, slept: bool, pass: &mut Pass<'_, '_>) {
        let now = pass.desk.now;
        for index in 0..self.remotes.len() {
            let moves = self.remotes[index].elapsed(now, &mut pass.numbers.ops);
            self.carry_out(index, moves, pass);
            for candidates in self.remotes[index].trickle.elapsed(now) {
                self.say_candidates(index, candidates, pass);
            }
        }
        if self.since.is_none() {
            return;
        }
        for index in 0..self.remotes.len() {
            if slept {
                self.remotes[index].link.wake(now);
            }
            self.climb(index, pass);
            let remote = &self.remotes[index];
            if let Some(lost) = pass.desk.session.lost_since()
                && !remote.link.is_flowing()
                && now >= lost.max(remote.link.heard_at()).after(crate::call::LOST_MS)
                && let Some(device) = remote.device()
            {
                pass.report(Event::GaveUp { device });
            }
        }
        if self.beat_at <= now {
            self.beat_at = now.after(BEAT_MS);
            self.beat(pass.desk);
        }
        if self.flowing_at <= now {
            self.flowing_at = now.after(FLOWING_MS);
            for device in self
                .remotes
                .iter()
                .filter(|remote| remote.link.is_flowing())
                .filter_map(Remote::device)
            {
                let call_id = self.call.id;
                let report =
                    ClientMessage::CallReport { call_id, setup_ms: None, flowing: Some(device) };
                pass.desk.session.say(pass.desk.out, report);
            }
        }
    }

    pub(super) fn beat(&mut self, desk: &mut Desk<'_>) {
        let message = ChannelMessage::Heartbeat {
            n: self.local.count(),
            state: self.local.sending(),
            unavailable: self.local.unavailable(),
        };
        for (peer, command) in self.remotes.iter().flat_map(|remote| remote.control(&message)) {
            desk.out.push_back(Output::Peer(peer, command));
        }
    }

    /// Climbs the ladder of one participant, as far as it is time.
    pub(super) fn climb(&mut self, index: usize, pass: &mut Pass<'_, '_>) {
        let Some(device) = self.remotes[index].device() else { return };
        let polite = pass.desk.is_polite_to(device);
        while let Some(rung) = self.remotes[index].link.climb(pass.desk.now, polite) {
            // What took the path may have taken the socket to the relay, over which it is repaired.
            pass.desk.session.suspect(pass.desk.now, pass.desk.out);
            match rung {
                Rung::Probe => self.beat(pass.desk),
                Rung::TellDown => pass.report(Event::PathDown { device }),
                Rung::Restart => self.restart(index, false, pass),
                Rung::RelayOnly => self.restart(index, true, pass),
                Rung::Rebuild => self.rebuild(index, pass),
            }
        }
    }

    pub(super) fn restart(&mut self, index: usize, relay_only: bool, pass: &mut Pass<'_, '_>) {
        let remote = &self.remotes[index];
        if !remote.is_settled() {
            // Its first exchange is still open, and is repeated by itself; or it failed.
            if !remote.is_offering() && remote.negotiation_deadline().is_none() {
                self.rebuild(index, pass);
            }
            return;
        }
        if let Some(peer) = remote.newest() {
            let relay_only =
                relay_only && pass.desk.session.has_turn() || pass.desk.settings.always_relay;
            let ice_servers = pass.desk.session.ice_servers.clone();
            pass.order(peer, PeerCommand::Configure { ice_servers, relay_only });
            self.offer(index, true, pass);
        }
    }

    pub(super) fn rebuild(&mut self, index: usize, pass: &mut Pass<'_, '_>) {
        self.open_peer(index, false, pass);
        self.offer(index, false, pass);
    }
}
