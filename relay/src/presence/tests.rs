use bellwire_protocol::{DeviceId, PresenceStatus, UserId};

use super::Directory;

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}

#[test]
fn a_user_is_online_from_the_first_device_to_the_last() {
    let mut it = Directory::default();
    let change = it.connect(user(1), device(1), [user(2)]);
    let change = change.map(|c| (c.presence.status, c.audience));
    assert_eq!(change, Some((PresenceStatus::Online, vec![user(2), user(1)])));
    assert_eq!(it.connect(user(1), device(2), [user(2)]), None, "a second device is no news");
    assert_eq!(it.disconnect(user(1), device(1)), None);
    let change = it.disconnect(user(1), device(2)).map(|c| c.presence.status);
    assert_eq!(change, Some(PresenceStatus::Offline));
    assert!(it.users.is_empty(), "nobody is kept");
}

#[test]
fn away_needs_every_device_and_dnd_holds_until_online() {
    let mut it = Directory::default();
    it.connect(user(1), device(1), []);
    it.connect(user(1), device(2), []);
    assert_eq!(it.set(user(1), device(1), PresenceStatus::Away), None, "the other is there");
    it.set(user(1), device(2), PresenceStatus::Away);
    assert_eq!(it.status(user(1)), PresenceStatus::Away);
    it.set(user(1), device(1), PresenceStatus::Dnd);
    it.set(user(1), device(2), PresenceStatus::Away);
    assert_eq!(it.status(user(1)), PresenceStatus::Dnd, "an idle device does not end it");
    it.set(user(1), device(2), PresenceStatus::Online);
    assert_eq!(it.status(user(1)), PresenceStatus::Online);
    it.set(user(1), device(9), PresenceStatus::Dnd);
    assert_eq!(it.status(user(1)), PresenceStatus::Online, "a device that is not there is unheard");
}

#[test]
fn a_block_looks_like_going_offline_to_both() {
    let mut it = Directory::default();
    it.connect(user(1), device(1), [user(2)]);
    it.connect(user(2), device(2), [user(1)]);
    let told = it.relate(user(1), user(2), false);
    assert!(told.iter().all(|change| change.presence.status == PresenceStatus::Offline));
    assert_eq!(told.len(), 2);
    let seen = it.seen_by(user(2));
    assert_eq!(seen.len(), 1, "only themself");
    assert!(it.relate(user(1), user(2), false).is_empty(), "twice is no news");
    let told = it.relate(user(1), user(2), true);
    assert!(told.iter().all(|change| change.presence.status == PresenceStatus::Online));
}
