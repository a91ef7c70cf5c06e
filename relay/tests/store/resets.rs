//! Codes for new passwords: good for one person, once, and all or nothing.

use bellwire_protocol::{DeviceId, NoticeKind};
use bellwire_relay::store::{EndedBy, Misdated, NewDevice, NewPassword, Redemption, Store};

use super::{add, device, enter, user};

fn code(n: u8) -> [u8; 32] {
    [100 + n; 32]
}

fn redemption(who: u8, with: u8, made_since: u64) -> Redemption {
    let device = NewDevice {
        id: DeviceId::from_bytes([200; 16]),
        user: user(who),
        name: "device".into(),
        platform: "cli".into(),
        public_key: None,
        refresh: [201; 32],
        created_at: 20,
    };
    let (code, password_hash) = (code(with), "newer".to_owned());
    Redemption { code, made_since, password_hash, device, notice: NoticeKind::PasswordReset }
}

async fn whose(store: &dyn Store, n: u8, made_since: u64) -> Option<String> {
    let found = store.reset_of(code(n), made_since).await.unwrap();
    found.map(|person| person.username.as_str().to_owned())
}

pub(super) async fn a_code_sets_the_password_of_one_person_once(store: &dyn Store) {
    for n in [1, 2] {
        add(store, n).await;
        enter(store, n, n).await;
        assert!(store.put_reset(user(n), code(n), 10).await.unwrap());
    }
    assert!(!store.put_reset(user(9), code(9), 10).await.unwrap(), "nobody has it");
    assert_eq!(whose(store, 1, 10).await.as_deref(), Some("user1"));
    assert_eq!(whose(store, 1, 11).await, None, "too old");
    assert_eq!(whose(store, 9, 0).await, None);
    // Somebody else's, one that is too old, one that never was.
    for refused in [redemption(1, 2, 0), redemption(1, 1, 11), redemption(1, 9, 0)] {
        assert_eq!(store.redeem_reset(refused).await.unwrap(), None);
        assert_eq!(store.account(user(1)).await.unwrap().unwrap().password_hash, "hash1");
        assert_eq!(store.devices(user(1)).await.unwrap()[0].id, device(1));
        assert!(store.notices(user(1)).await.unwrap().is_empty());
    }
    let ended = store.redeem_reset(redemption(1, 1, 10)).await.unwrap();
    assert_eq!(ended, Some(vec![device(1)]));
    assert_eq!(store.account(user(1)).await.unwrap().unwrap().password_hash, "newer");
    let left: Vec<_> = store.devices(user(1)).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(left, [DeviceId::from_bytes([200; 16])]);
    assert_eq!(store.notices(user(1)).await.unwrap()[0].notice.kind, NoticeKind::PasswordReset);
    assert_eq!(store.redeem_reset(redemption(1, 1, 10)).await.unwrap(), None, "it is spent");
    assert_eq!(whose(store, 2, 10).await.as_deref(), Some("user2"), "others keep theirs");
}

pub(super) async fn a_code_goes_with_whatever_makes_it_pointless(store: &dyn Store) {
    for n in 1..=4 {
        add(store, n).await;
        store.put_reset(user(n), code(n), 10).await.unwrap();
    }
    store.put_reset(user(1), code(9), 10).await.unwrap();
    assert_eq!(whose(store, 1, 0).await, None, "replaced");
    assert_eq!(whose(store, 9, 0).await.as_deref(), Some("user1"));
    let (hash, by) = ("newer".to_owned(), EndedBy::Other);
    let new = NewPassword { hash, asked: None, by, notice: None, at: 11 };
    store.replace_password(user(2), new).await.unwrap();
    assert_eq!(whose(store, 2, 0).await, None, "there is another password");
    store.remove_account(user(3)).await.unwrap();
    assert_eq!(whose(store, 3, 0).await, None, "there is no account");
    store.prune_resets(10).await.unwrap();
    assert_eq!(whose(store, 4, 0).await.as_deref(), Some("user4"), "not older");
    store.prune_resets(11).await.unwrap();
    assert_eq!(whose(store, 4, 0).await, None, "forgotten");
}

pub(super) async fn a_code_of_a_wrong_clock_is_as_old_as_it_is(store: &dyn Store) {
    for n in [1, 2] {
        add(store, n).await;
    }
    store.put_reset(user(1), code(1), 1_000).await.unwrap();
    store.put_reset(user(2), code(2), 2_000).await.unwrap();
    store.redate(Misdated { from: 900, to: 1_100, by: -500, after: 0 }).await.unwrap();
    assert_eq!(whose(store, 1, 500).await.as_deref(), Some("user1"));
    assert_eq!(whose(store, 1, 501).await, None);
    assert_eq!(whose(store, 2, 2_000).await.as_deref(), Some("user2"), "of another time");
}
