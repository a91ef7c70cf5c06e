//! How a device comes to its place at the switchboard, comes back to it, and loses it.

use std::sync::Arc;

use bellwire_protocol::{
    DeviceId, Limits, Me, Participant, RelayMessage, Secret, Snapshot, Welcome, limits,
};

use super::super::calls::Input;
use super::super::dates::Dated as _;
use super::super::link::{Epoch, Link};
use super::super::mail::{Ended, Opening, Resuming};
use super::super::parts;
use super::super::session::{Body, Close};
use super::{Place, Switchboard, Timer};
use crate::presence::GRACE_MS;
use crate::store::EndedBy;

impl Switchboard {
    pub(super) fn register(&mut self, who: Participant, link: Arc<Link>) {
        let (device, user) = (who.device, who.user);
        if let Some(place) = self.places.get(&device) {
            let code = limits::close::REPLACED;
            place.link.close(Close { code, reason: "a newer connection took over" });
            link.inherit(&place.link);
        }
        self.clear_timers(device);
        let place = Place { who, link, open: false, attached: true, absent: true };
        self.places.insert(device, place);
        self.by_user.entry(user).or_default().insert(device);
    }

    pub(super) fn open(&mut self, now: u64, opening: Opening) {
        let Opening { me, link, token, contacts, conversations, invitations, notices, audience } =
            opening;
        let Some(place) = self.places.get_mut(&me.device) else { return };
        if !Arc::ptr_eq(&place.link, &link) {
            return;
        }
        place.who.name = me.display_name.clone();
        place.open = true;
        place.absent = false;
        let who = place.who.clone();
        let change = self.presence.connect(who.user, who.device, audience);
        let _ = self.calls.handle(now, Input::Connected { device: who.clone(), fresh: true });
        let mut calls = self.calls.snapshot(&who);
        let relation = self.setup.clock.relation();
        calls.iter_mut().for_each(|call| call.date(relation));
        let snapshot = Snapshot {
            contacts,
            conversations,
            invitations,
            presence: self.presence.seen_by(who.user),
            calls,
            notices: notices.into_iter().map(|stored| stored.notice).collect(),
            more: false,
        };
        let welcome = self.welcome(me, token.clone(), false);
        link.open(token, [Body::new(&welcome)].into_iter().chain(parts::cut(snapshot)));
        if let Some(change) = change {
            self.tell_presence(&change, Some(who.device));
        }
        self.perform();
    }

    fn welcome(&self, me: Me, session: Secret, resumed: bool) -> RelayMessage {
        let timing = self.setup.timing;
        RelayMessage::Welcome(Box::new(Welcome {
            session,
            resumed,
            me,
            ice_servers: self.setup.ice_servers.clone(),
            limits: Limits {
                ring_ms: u32::try_from(timing.ring_ms).unwrap_or(u32::MAX),
                max_call_ms: timing.max_call_ms,
                ..Limits::default()
            },
            features: Vec::new(),
            version: env!("CARGO_PKG_VERSION").into(),
            server_time: self.setup.clock.wall().ms(),
        }))
    }

    pub(super) fn resume(&mut self, now: u64, resuming: Resuming) {
        let Resuming { me, token, seq, next_token, audience, reply } = resuming;
        let device = me.device;
        let place = self.places.get(&device).filter(|place| place.open);
        let resumed = place.and_then(|place| {
            let welcome = |name| self.welcome(me, name, true);
            place.link.resume(seq, &token, next_token, welcome)
        });
        let (Some(epoch), Some(place)) = (resumed, self.places.get_mut(&device)) else {
            let _ = reply.send(None);
            return;
        };
        place.attached = true;
        let was_absent = std::mem::replace(&mut place.absent, false);
        let link = Arc::clone(&place.link);
        let who = place.who.clone();
        self.clear_timers(device);
        if was_absent && let Some(change) = self.presence.connect(who.user, who.device, audience) {
            self.tell_presence(&change, None);
        }
        let _ = reply.send(Some((link, epoch)));
        self.apply(now, Input::Connected { device: who, fresh: false });
    }

    pub(super) fn gone(
        &mut self,
        now: u64,
        device: DeviceId,
        link: &Arc<Link>,
        epoch: Epoch,
        Ended { heard_at, going }: Ended,
    ) {
        if !link.detach(epoch) {
            return;
        }
        let Some(place) = self.places.get_mut(&device) else { return };
        if !Arc::ptr_eq(&place.link, link) {
            return;
        }
        place.attached = false;
        let (who, open) = (place.who.clone(), place.open);
        if !open {
            self.forget(device);
            self.apply(now, Input::Disconnected { device: who, heard_at, going });
            return;
        }
        self.timers.insert((now + GRACE_MS, device, Timer::Absent), ());
        self.timers.insert((now + limits::RESUME_MS, device, Timer::Forget), ());
        self.apply(now, Input::Disconnected { device: who, heard_at, going });
    }

    pub(super) fn absent(&mut self, device: DeviceId) {
        let Some(place) = self.places.get_mut(&device) else { return };
        place.absent = true;
        let user = place.who.user;
        if let Some(change) = self.presence.disconnect(user, device) {
            self.tell_presence(&change, None);
        }
    }

    pub(super) fn forget(&mut self, device: DeviceId) {
        let Some(place) = self.places.remove(&device) else { return };
        self.clear_timers(device);
        let user = place.who.user;
        if let Some(devices) = self.by_user.get_mut(&user) {
            devices.remove(&device);
            if devices.is_empty() {
                self.by_user.remove(&user);
            }
        }
        if let Some(change) = self.presence.disconnect(user, device) {
            self.tell_presence(&change, None);
        }
    }

    fn clear_timers(&mut self, device: DeviceId) {
        self.timers.retain(|(_, timed, _), ()| *timed != device);
    }

    pub(super) fn revoke(&mut self, now: u64, device: DeviceId, by: EndedBy) {
        let Some(place) = self.places.get(&device) else { return };
        let code = match by {
            EndedBy::Owner => limits::close::REVOKED,
            // The refresh that follows says what it was.
            EndedBy::Other => limits::close::UNAUTHENTICATED,
        };
        place.link.close(Close { code, reason: "this sign-in was ended" });
        let who = place.who.clone();
        self.apply(now, Input::SignedOut { device: who });
        self.forget(device);
    }
}
