//! Who is reachable, and who may know. Pure.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_protocol::{DeviceId, Presence, PresenceStatus, UserId};

/// How long a user without a connected device is still shown as before, in ms: a page that
/// reloads should not flicker at everybody's.
pub const GRACE_MS: u64 = 5_000;

#[derive(Debug, Default)]
struct Available {
    /// Away or not, as each device says.
    devices: BTreeMap<DeviceId, bool>,
    /// The person's word, on whichever device it was said last.
    dnd: bool,
    /// Who sees this user and is seen.
    audience: BTreeSet<UserId>,
}

impl Available {
    fn status(&self) -> PresenceStatus {
        if self.devices.is_empty() {
            PresenceStatus::Offline
        } else if self.dnd {
            PresenceStatus::Dnd
        } else if self.devices.values().all(|away| *away) {
            PresenceStatus::Away
        } else {
            PresenceStatus::Online
        }
    }
}

/// A change and who is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changed.
    pub presence: Presence,
    /// Whom to tell.
    pub audience: Vec<UserId>,
}

/// Everybody who has a device here.
#[derive(Debug, Default)]
pub struct Directory {
    users: BTreeMap<UserId, Available>,
}

impl Directory {
    /// A device of the user is there; `audience` is everybody who may know.
    pub fn connect(
        &mut self,
        user: UserId,
        device: DeviceId,
        audience: impl IntoIterator<Item = UserId>,
    ) -> Option<Change> {
        self.change(user, |available| {
            available.devices.entry(device).or_insert(false);
            available.audience = audience.into_iter().collect();
        })
    }

    /// A device of the user is gone for good.
    pub fn disconnect(&mut self, user: UserId, device: DeviceId) -> Option<Change> {
        let change = self.change(user, |available| {
            available.devices.remove(&device);
        });
        if self.users.get(&user).is_some_and(|available| available.devices.is_empty()) {
            self.users.remove(&user);
        }
        change
    }

    /// The person says how available they are. `dnd` holds until any device says `online`.
    pub fn set(
        &mut self,
        user: UserId,
        device: DeviceId,
        status: PresenceStatus,
    ) -> Option<Change> {
        self.change(user, |available| {
            let Some(away) = available.devices.get_mut(&device) else { return };
            match status {
                PresenceStatus::Online => {
                    *away = false;
                    available.dnd = false;
                }
                PresenceStatus::Away => *away = true,
                PresenceStatus::Dnd => {
                    *away = false;
                    available.dnd = true;
                }
                PresenceStatus::Offline => {}
            }
        })
    }

    /// From here on the two may, or may not, see each other. Says what each is to be told of the
    /// other.
    pub fn relate(&mut self, a: UserId, b: UserId, visible: bool) -> Vec<Change> {
        let mut told = Vec::new();
        for (viewed, viewer) in [(a, b), (b, a)] {
            let Some(available) = self.users.get_mut(&viewed) else { continue };
            let changed = if visible {
                available.audience.insert(viewer)
            } else {
                available.audience.remove(&viewer)
            };
            if changed {
                let status = if visible { available.status() } else { PresenceStatus::Offline };
                let presence = Presence { user: viewed, status };
                told.push(Change { presence, audience: vec![viewer] });
            }
        }
        told
    }

    /// How available the user is.
    #[must_use]
    pub fn status(&self, user: UserId) -> PresenceStatus {
        self.users.get(&user).map_or(PresenceStatus::Offline, Available::status)
    }

    /// Everybody whom this user sees and who is there, and themself.
    #[must_use]
    pub fn seen_by(&self, user: UserId) -> Vec<Presence> {
        let Some(available) = self.users.get(&user) else { return Vec::new() };
        std::iter::once(&user)
            .chain(&available.audience)
            .map(|seen| Presence { user: *seen, status: self.status(*seen) })
            .filter(|presence| presence.status != PresenceStatus::Offline)
            .collect()
    }

    fn change(&mut self, user: UserId, apply: impl FnOnce(&mut Available)) -> Option<Change> {
        let available = self.users.entry(user).or_default();
        let before = available.status();
        apply(available);
        let status = available.status();
        if status == before {
            return None;
        }
        let audience = available.audience.iter().copied().chain([user]).collect();
        Some(Change { presence: Presence { user, status }, audience })
    }
}

#[cfg(test)]
mod tests;
