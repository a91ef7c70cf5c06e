//! How a call comes to the switchboard.

use bellwire_protocol::{ConversationKind, DeviceId, ErrorCode, PresenceStatus, UserId};

use super::super::calls::{Callee, Input};
use super::super::mail::{Claiming, Placing};
use super::super::partings::READ_KEEPS_MS;
use super::Switchboard;

impl Switchboard {
    pub(super) fn initiate(
        &mut self,
        now: u64,
        device: DeviceId,
        placing: Placing,
        re: Option<u32>,
    ) {
        let Some(by) = self.places.get(&device).map(|place| place.who.clone()) else { return };
        let Placing { call_id, conversation, media, offer, mut route, read_at } = placing;
        if now.saturating_sub(read_at) > READ_KEEPS_MS {
            self.answer(device, re, Err((ErrorCode::Unavailable, None)));
            return;
        }
        let is_out = |user| self.partings.is_out(read_at, user, conversation);
        if is_out(by.user) {
            self.answer(device, re, Err((ErrorCode::NotFound, None)));
            return;
        }
        route.others.retain(|member| !is_out(member.person.user));
        let direct = route.kind == ConversationKind::Direct;
        for member in &mut route.others {
            let other = member.person.user;
            member.rings &= !self.partings.keeps_apart(read_at, by.user, other, direct);
        }
        let known = self.calls.standing_for(by.user, call_id).is_some();
        if !known {
            let people: Vec<UserId> = route.others.iter().map(|m| m.person.user).collect();
            if let Err(wait) = self.rings.ring(now, by.user, &people) {
                self.answer(device, re, Err((ErrorCode::RateLimited, Some(wait))));
                return;
            }
        }
        let callees = route.others.into_iter().map(|member| {
            let user = member.person.user;
            Callee {
                user,
                name: member.person.display_name,
                rings: member.rings,
                dnd: self.presence.status(user) == PresenceStatus::Dnd,
                devices: self.attached_devices(user),
            }
        });
        let input = Input::Initiate {
            by,
            call_id,
            conversation,
            direct,
            media,
            offer: Box::new(offer),
            callees: callees.collect(),
        };
        let outcome = self.calls.handle(now, input);
        self.answer(device, re, outcome.map_err(|it| (it.code(), it.retry_after_ms())));
        self.perform();
    }

    pub(super) fn claim(
        &mut self,
        now: u64,
        device: DeviceId,
        claiming: Claiming,
        re: Option<u32>,
    ) {
        let Some(by) = self.places.get(&device).map(|place| place.who.clone()) else { return };
        let Claiming { call_id, mut claim, read_at } = claiming;
        if now.saturating_sub(read_at) > READ_KEEPS_MS {
            self.answer(device, re, Err((ErrorCode::Unavailable, None)));
            return;
        }
        self.partings.amend(read_at, &mut claim);
        let outcome =
            self.calls.handle(now, Input::Sync { by, call_id, claim: Some(Box::new(claim)) });
        self.answer(device, re, outcome.map_err(|it| (it.code(), it.retry_after_ms())));
        self.perform();
    }

    fn attached_devices(&self, user: UserId) -> Vec<DeviceId> {
        let devices = self.by_user.get(&user).into_iter().flatten();
        let attached = |device: &&DeviceId| {
            self.places.get(device).is_some_and(|place| place.attached && place.open)
        };
        devices.filter(attached).copied().collect()
    }
}
