//! What every store has to do. Another implementation is added by one more line at the end.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

#[path = "store/groups.rs"]
mod groups;
#[path = "store/resets.rs"]
mod resets;

use std::collections::BTreeSet;
use std::future::Future;

use bellwire_protocol::http::Registration;
use bellwire_protocol::{
    CallId, CallRecord, CallableBy, ContactState, ConversationId, ConversationKind, DeviceId,
    DisplayName, EndReason, Media, NoticeKind, Person, UserId, Username,
};
use bellwire_relay::store::sqlite::{SqliteOptions, SqliteStore};
use bellwire_relay::store::{
    Accounts, Admission, ContactRequest, CreateAccountError, EndedBy, NewAccount, NewDevice,
    NewPassword, NewRecord, RefreshLife, Rotation, Store, StoreError, StoredInvite,
};
use tempfile::TempDir;

const LIFE: RefreshLife = RefreshLife { idle_ms: 1_000_000, used: 32 };

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}
fn device(n: u8) -> DeviceId {
    DeviceId::from_bytes([n; 16])
}
fn place(n: u8) -> ConversationId {
    ConversationId::from_bytes([n; 16])
}

fn account(n: u8, admission: Admission) -> NewAccount {
    let person = Person {
        user: user(n),
        username: Username::new(format!("user{n}")).unwrap(),
        display_name: DisplayName::new(format!("User {n}")).unwrap(),
    };
    let password_hash = format!("hash{n}");
    NewAccount { person, password_hash, created_at: 1, admission, device: None }
}

async fn add(store: &dyn Store, n: u8) {
    store.create_account(account(n, Admission::Operator { administrator: false })).await.unwrap();
}

async fn befriend(store: &dyn Store, a: u8, b: u8) -> ConversationId {
    let name = Username::new(format!("user{b}")).unwrap();
    store.request_contact(user(a), &name, place(a), 5).await.unwrap();
    let mut id = [b; 16];
    id[0] = a;
    let id = ConversationId::from_bytes(id);
    let accepted = store.accept_contact(user(b), user(a), id, 6).await.unwrap();
    accepted.unwrap().conversation.unwrap()
}

fn record(n: u8, conversation: ConversationId, started_at: u64) -> NewRecord {
    NewRecord {
        record: CallRecord {
            call_id: CallId::from_bytes([n; 16]),
            conversation,
            name: None,
            media: Media::Voice,
            caller: user(1),
            participants: vec![user(1), user(2)],
            started_at,
            answered_at: Some(started_at + 1),
            ended_at: started_at + 10,
            reason: EndReason::Ended,
        },
        audience: vec![user(1), user(2)],
    }
}

async fn accounts_are_admitted_by_the_policy(store: &dyn Store) {
    let by = |policy, invite| Admission::Registering { policy, may_be_first: true, invite };
    let stranger =
        Admission::Registering { policy: Registration::Open, may_be_first: false, invite: None };
    assert!(!store.has_accounts().await.unwrap());
    let refused = store.create_account(account(1, stranger.clone())).await;
    assert!(matches!(refused, Err(CreateAccountError::SetupCodeRequired)));
    let name = Username::new("user1").unwrap();
    let refused = store.admits(&name, &stranger, 1).await;
    assert!(matches!(refused, Err(CreateAccountError::SetupCodeRequired)));
    let first = account(1, by(Registration::Closed, None));
    assert!(store.create_account(first).await.unwrap(), "the first administers");
    assert!(store.has_accounts().await.unwrap());
    assert!(
        !store.create_account(account(50, stranger)).await.unwrap(),
        "later it is the policy's"
    );
    store.remove_account(user(50)).await.unwrap();
    let closed = store.create_account(account(2, by(Registration::Closed, None))).await;
    assert!(matches!(closed, Err(CreateAccountError::Closed)));
    let code = [7; 32];
    let wanted = || account(2, by(Registration::Invite, Some(code)));
    let none = store.create_account(wanted()).await;
    assert!(matches!(none, Err(CreateAccountError::InviteRequired)));
    let invite = StoredInvite { id: [1; 16], code, expires_at: 10, used: false };
    store.add_invite(invite).await.unwrap();
    let taken = NewAccount {
        person: Person { user: user(9), ..account(1, by(Registration::Open, None)).person },
        ..wanted()
    };
    let taken = store.create_account(taken).await;
    assert!(matches!(taken, Err(CreateAccountError::Taken)));
    assert!(!store.create_account(wanted()).await.unwrap(), "the failed try did not spend it");
    let spent = store.create_account(account(3, by(Registration::Invite, Some(code)))).await;
    assert!(matches!(spent, Err(CreateAccountError::InviteRequired)));
    let old = StoredInvite { id: [2; 16], code: [8; 32], expires_at: 1, used: false };
    store.add_invite(old).await.unwrap();
    let expired = store.create_account(account(3, by(Registration::Invite, Some([8; 32])))).await;
    assert!(matches!(expired, Err(CreateAccountError::InviteRequired)));
    assert!(!store.create_account(account(3, by(Registration::Open, None))).await.unwrap());
    assert_eq!(store.accounts().await.unwrap().len(), 3);
}

async fn accounts_can_be_changed_and_found(store: &dyn Store) {
    add(store, 1).await;
    let name = DisplayName::new("Other").unwrap();
    store.patch_account(user(1), Some(&name), None).await.unwrap();
    store.patch_account(user(1), None, Some(CallableBy::Everyone)).await.unwrap();
    let newer =
        NewPassword { hash: "newer".into(), asked: None, by: EndedBy::Other, notice: None, at: 1 };
    assert_eq!(store.replace_password(user(1), newer.clone()).await.unwrap(), Some(vec![]));
    assert_eq!(store.replace_password(user(2), newer).await.unwrap(), None, "nobody");
    let by_name = store.account_by_name(&Username::new("user1").unwrap()).await.unwrap().unwrap();
    assert_eq!(by_name.person.display_name, name);
    assert_eq!(by_name.callable_by, CallableBy::Everyone);
    assert_eq!(by_name.password_hash, "newer");
    assert!(store.account(user(2)).await.unwrap().is_none());
}

fn sign_in(n: u8, of: u8) -> NewDevice {
    NewDevice {
        id: device(n),
        user: user(of),
        name: "name".into(),
        platform: "cli".into(),
        public_key: None,
        refresh: [n; 32],
        created_at: u64::from(n),
    }
}

/// Signs in.
async fn enter(store: &dyn Store, n: u8, of: u8) {
    let checked = format!("hash{of}");
    let added = store.add_device(sign_in(n, of), &checked, None, 100).await.unwrap();
    assert_eq!(added, Some(vec![]), "sign-in {n} of user {of}");
}

async fn rotate(store: &dyn Store, from: u8, to: u8, now: u64) -> Rotation {
    store.rotate_refresh([from; 32], [to; 32], now, LIFE).await.unwrap()
}

async fn refresh_tokens_rotate_and_remember(store: &dyn Store) {
    add(store, 1).await;
    enter(store, 1, 1).await;
    let (ada, first) = (user(1), device(1));
    assert_eq!(rotate(store, 9, 8, 1).await, Rotation::Unknown);
    assert_eq!(rotate(store, 1, 2, 100).await, Rotation::Rotated(ada, first));
    assert_eq!(rotate(store, 2, 3, 10_200).await, Rotation::Rotated(ada, first));
    assert_eq!(rotate(store, 1, 2, 10_201).await, Rotation::Reused(ada, first));
    assert!(!store.has_device(ada, first).await.unwrap(), "the whole family is gone");
    assert_eq!(
        rotate(store, 3, 4, 10_300).await,
        Rotation::Unknown,
        "which is not its owner's doing"
    );
    let notices = store.notices(ada).await.unwrap();
    assert_eq!(notices[0].notice.kind, NoticeKind::RefreshReused);
    store.remove_notices(ada, notices[0].key).await.unwrap();
    assert!(store.notices(ada).await.unwrap().is_empty());

    enter(store, 7, 1).await;
    assert_eq!(rotate(store, 7, 8, 1_000_008).await, Rotation::Unknown, "unused for too long");
}

async fn a_lost_reply_is_forgiven_until_the_successor_is_used(store: &dyn Store) {
    add(store, 1).await;
    enter(store, 1, 1).await;
    let repeated = Rotation::Repeated(user(1), device(1));
    assert_eq!(rotate(store, 1, 2, 100).await, Rotation::Rotated(user(1), device(1)));
    for now in [100, 11_000, 26_000, 900_000, 1_000_100] {
        assert_eq!(rotate(store, 1, 2, now).await, repeated, "no clock ends it, at {now}");
    }
    assert_eq!(rotate(store, 1, 3, 200).await, Rotation::Unknown, "the relay has another key");
    assert_eq!(rotate(store, 1, 2, 1_000_101).await, Rotation::Unknown, "unused for too long");
    assert!(store.has_device(user(1), device(1)).await.unwrap(), "and no alarm");
    assert!(store.notices(user(1)).await.unwrap().is_empty());
    assert_eq!(rotate(store, 2, 3, 200_000).await, Rotation::Rotated(user(1), device(1)));
    assert_eq!(rotate(store, 1, 2, 200_001).await, Rotation::Reused(user(1), device(1)));
}

async fn a_lost_reply_is_forgiven_until_it_arrived(store: &dyn Store) {
    add(store, 1).await;
    enter(store, 1, 1).await;
    store.refresh_arrived([1; 32]).await.unwrap();
    assert_eq!(rotate(store, 1, 2, 100).await, Rotation::Rotated(user(1), device(1)));
    for other in [1, 9] {
        store.refresh_arrived([other; 32]).await.unwrap();
        assert_eq!(rotate(store, 1, 2, 100).await, Rotation::Repeated(user(1), device(1)));
    }
    store.refresh_arrived([2; 32]).await.unwrap();
    assert_eq!(rotate(store, 1, 2, 100).await, Rotation::Reused(user(1), device(1)));
}

async fn an_ended_sign_in_is_told_from_an_unknown_one(store: &dyn Store) {
    add(store, 1).await;
    add(store, 2).await;
    for n in [10, 20, 30] {
        enter(store, n, 1).await;
        rotate(store, n, n + 1, 100).await;
        rotate(store, n + 1, n + 2, 200).await;
    }
    enter(store, 40, 2).await;
    assert!(store.end_device(user(1), device(10), 300).await.unwrap());
    let asked = Some(("hash1".to_owned(), device(20)));
    let new =
        NewPassword { hash: "newer".into(), asked, by: EndedBy::Owner, notice: None, at: 300 };
    assert_eq!(store.replace_password(user(1), new).await.unwrap(), Some(vec![device(30)]));
    store.close_account(user(2), "hash2", 300).await.unwrap().unwrap();
    for ended in [11, 12, 31, 32, 40] {
        assert!(store.knows_refresh([ended; 32]).await.unwrap());
        assert_eq!(rotate(store, ended, 99, 400).await, Rotation::Ended, "token {ended}");
    }
    for old in [10, 30] {
        assert_eq!(rotate(store, old, 99, 400).await, Rotation::Unknown, "nobody comes with {old}");
    }
    assert_eq!(rotate(store, 22, 23, 400).await, Rotation::Rotated(user(1), device(20)));
    let by_the_operator =
        NewPassword { hash: "new".into(), asked: None, by: EndedBy::Other, notice: None, at: 1 };
    store.replace_password(user(1), by_the_operator).await.unwrap();
    assert_eq!(rotate(store, 23, 24, 500).await, Rotation::Unknown, "not its owner");
    store.prune_sign_ins(301).await.unwrap();
    assert_eq!(rotate(store, 11, 99, 400).await, Rotation::Unknown, "not kept for ever");
}

async fn what_is_kept_of_ended_sign_ins_is_bounded(store: &dyn Store) {
    add(store, 1).await;
    add(store, 2).await;
    enter(store, 200, 2).await;
    assert!(store.end_device(user(2), device(200), 1).await.unwrap());
    for n in 1..=100 {
        enter(store, n, 1).await;
        // The clock is set back now and then.
        assert!(store.end_device(user(1), device(n), 1_000 - u64::from(n % 7)).await.unwrap());
    }
    let mut known = Vec::new();
    for n in 1..=200 {
        if store.knows_refresh([n; 32]).await.unwrap() {
            known.push(n);
        }
    }
    let kept: Vec<u8> = (37..=100).chain([200]).collect();
    assert_eq!(known, kept, "the newest of each account");
}

async fn used_refresh_tokens_are_bounded(store: &dyn Store) {
    add(store, 1).await;
    enter(store, 1, 1).await;
    for n in 1..=100 {
        // The clock is set back now and then.
        let now = 1_000 - u64::from(n % 7);
        assert_eq!(rotate(store, n, n + 1, now).await, Rotation::Rotated(user(1), device(1)));
    }
    let mut known = Vec::new();
    for n in 1..=101 {
        if store.knows_refresh([n; 32]).await.unwrap() {
            known.push(n);
        }
    }
    assert_eq!(known, (69..=101).collect::<Vec<_>>(), "the newest, and 32 that were used");
    assert_eq!(rotate(store, 68, 69, 2_000).await, Rotation::Unknown, "opens nothing");
    assert_eq!(rotate(store, 69, 70, 2_000).await, Rotation::Reused(user(1), device(1)));
}

async fn devices_belong_to_their_user(store: &dyn Store) {
    add(store, 1).await;
    add(store, 2).await;
    for n in 1..=3 {
        enter(store, n, 1).await;
    }
    enter(store, 4, 2).await;
    let listed = store.devices(user(1)).await.unwrap();
    assert_eq!(listed.iter().map(|d| d.id).collect::<Vec<_>>(), [device(3), device(2), device(1)]);
    assert!(!store.end_device(user(1), device(4), 9).await.unwrap(), "not theirs");
    assert!(!store.has_device(user(1), device(4)).await.unwrap());
    assert!(store.end_device(user(1), device(2), 9).await.unwrap());
    let missing = store.missing_devices(&[device(1), device(2), device(4)]).await.unwrap();
    assert_eq!(missing, [device(2)]);
    assert!(store.has_device(user(2), device(4)).await.unwrap());
}

async fn sign_ins_are_bounded_and_forgotten(store: &dyn Store) {
    add(store, 1).await;
    add(store, 2).await;
    for n in [1, 2, 3] {
        enter(store, n, 1).await;
    }
    enter(store, 4, 2).await;
    rotate(store, 1, 101, 50).await;
    let third = store.add_device(sign_in(5, 1), "hash1", None, 3).await.unwrap();
    assert_eq!(third, Some(vec![device(2)]), "the one that was not used for longest");
    assert_eq!(rotate(store, 2, 102, 60).await, Rotation::Unknown, "asked again, and not erased");
    let back = NewDevice { created_at: 0, ..sign_in(6, 1) };
    let over = store.add_device(back, "hash1", None, 1).await.unwrap().unwrap();
    assert_eq!(over.into_iter().collect::<BTreeSet<_>>(), [1, 3, 5].map(device).into());
    assert!(store.has_device(user(1), device(6)).await.unwrap(), "whatever its clock says");
    assert!(store.has_device(user(2), device(4)).await.unwrap(), "another's");

    rotate(store, 4, 104, 70).await;
    store.prune_sign_ins(70).await.unwrap();
    assert!(store.devices(user(1)).await.unwrap().is_empty(), "not used since");
    assert!(store.has_device(user(2), device(4)).await.unwrap());
}

async fn a_sign_in_needs_the_password_that_was_checked(store: &dyn Store) {
    add(store, 1).await;
    let refused = store.add_device(sign_in(1, 1), "older", Some("renewed"), 9).await.unwrap();
    assert_eq!(refused, None);
    assert_eq!(store.add_device(sign_in(1, 2), "hash1", None, 9).await.unwrap(), None, "nobody");
    assert!(store.devices(user(1)).await.unwrap().is_empty());
    assert_eq!(store.account(user(1)).await.unwrap().unwrap().password_hash, "hash1");
    let added = store.add_device(sign_in(1, 1), "hash1", Some("renewed"), 9).await.unwrap();
    assert_eq!(added, Some(vec![]));
    assert_eq!(store.account(user(1)).await.unwrap().unwrap().password_hash, "renewed");
    assert!(store.close_account(user(1), "hash1", 5).await.unwrap().is_none());
    assert!(store.account(user(1)).await.unwrap().is_some());
}

async fn a_new_password_is_all_or_nothing(store: &dyn Store) {
    add(store, 1).await;
    for n in [1, 2] {
        enter(store, n, 1).await;
    }
    let change = |checked: &str, asking| NewPassword {
        hash: "newer".into(),
        asked: Some((checked.to_owned(), device(asking))),
        by: EndedBy::Owner,
        notice: Some(NoticeKind::PasswordReset),
        at: 7,
    };
    for stale in [change("older", 1), change("hash1", 3)] {
        assert_eq!(store.replace_password(user(1), stale).await.unwrap(), None);
        assert_eq!(store.devices(user(1)).await.unwrap().len(), 2);
        assert_eq!(store.account(user(1)).await.unwrap().unwrap().password_hash, "hash1");
        assert!(store.notices(user(1)).await.unwrap().is_empty());
    }
    let changed = store.replace_password(user(1), change("hash1", 1)).await.unwrap();
    assert_eq!(changed, Some(vec![device(2)]));
    assert_eq!(store.account(user(1)).await.unwrap().unwrap().password_hash, "newer");
    let told = store.notices(user(1)).await.unwrap().remove(0).notice;
    assert_eq!((told.kind, told.at), (NoticeKind::PasswordReset, 7));
}

/// Whoever watches the number learns of each, also of what another process did.
async fn every_sign_in_that_goes_is_counted(store: &dyn Store) {
    for n in 1..=3 {
        add(store, n).await;
    }
    for n in 1..=6 {
        enter(store, n, 1).await;
    }
    enter(store, 7, 2).await;
    enter(store, 8, 3).await;
    let mut seen = store.removals().await.unwrap();
    let mut gone = async |what: &str| {
        let removals = store.removals().await.unwrap();
        assert_ne!(removals, seen, "{what}");
        seen = removals;
    };
    store.end_device(user(1), device(1), 9).await.unwrap();
    gone("a sign-out").await;
    rotate(store, 2, 102, 9).await;
    rotate(store, 102, 103, 9).await;
    assert_eq!(rotate(store, 2, 102, 9).await, Rotation::Reused(user(1), device(2)));
    gone("a reused token").await;
    store.add_device(sign_in(9, 1), "hash1", None, 4).await.unwrap();
    gone("one too many").await;
    store.prune_sign_ins(5).await.unwrap();
    gone("disuse").await;
    let asked = Some(("hash1".to_owned(), device(9)));
    let new = NewPassword { hash: "new".into(), asked, by: EndedBy::Owner, notice: None, at: 9 };
    store.replace_password(user(1), new).await.unwrap();
    gone("a new password").await;
    store.close_account(user(2), "hash2", 9).await.unwrap().unwrap();
    gone("the end of an account").await;
    store.remove_account(user(3)).await.unwrap();
    gone("the operator").await;
}

async fn notices_and_invitations_are_bounded(store: &dyn Store) {
    add(store, 1).await;
    for n in 1..=40 {
        store.add_notice(user(1), NoticeKind::PasswordChanged, n).await.unwrap();
        let id = [u8::try_from(n).unwrap(); 16];
        let invite = StoredInvite { id, code: [id[0]; 32], expires_at: n, used: n % 2 == 0 };
        store.add_invite(invite).await.unwrap();
    }
    let kept = store.notices(user(1)).await.unwrap();
    assert_eq!(
        kept.iter().map(|it| it.notice.at).collect::<Vec<_>>(),
        (25..=40).collect::<Vec<_>>()
    );
    store.prune_invites(39).await.unwrap();
    assert_eq!(store.invites().await.unwrap().len(), 2);
}

async fn contacts_and_their_conversation(store: &dyn Store) {
    for n in 1..=3 {
        add(store, n).await;
    }
    let name = |n: u8| Username::new(format!("user{n}")).unwrap();
    let own = store.request_contact(user(1), &name(1), place(1), 1).await.unwrap();
    assert!(matches!(own, ContactRequest::Yourself));
    let nobody = store.request_contact(user(1), &name(9), place(1), 1).await.unwrap();
    assert!(matches!(nobody, ContactRequest::NoSuchUser));
    let early = store.accept_contact(user(1), user(2), place(1), 1).await.unwrap();
    assert!(early.is_none(), "nobody asked");
    let direct = befriend(store, 1, 2).await;
    let seen = store.conversation(user(1), direct).await.unwrap().unwrap();
    assert_eq!((seen.kind, seen.members.len()), (ConversationKind::Direct, 2));
    assert!(store.conversation(user(3), direct).await.unwrap().is_none());
    assert_eq!(store.audience(user(1)).await.unwrap(), [user(2)]);
    store.add_record(record(1, direct, 100)).await.unwrap();

    let parting = store.remove_contact(user(1), user(2)).await.unwrap().unwrap();
    assert_eq!((parting.hidden, parting.gone_for), (Some(direct), vec![user(1), user(2)]));
    assert!(store.remove_contact(user(1), user(2)).await.unwrap().is_none());
    assert!(store.conversation(user(2), direct).await.unwrap().is_none(), "hidden from both");
    assert!(store.route(user(1), direct).await.unwrap().is_none());
    assert!(store.audience(user(2)).await.unwrap().is_empty());
    assert_eq!(befriend(store, 2, 1).await, direct, "the pair has one conversation for ever");
    let back = store.conversation(user(1), direct).await.unwrap().unwrap();
    assert!(back.last_call.is_some(), "with its history");
}

async fn blocks_keep_calls_and_presence_away(store: &dyn Store) {
    for n in 1..=2 {
        add(store, n).await;
    }
    let direct = befriend(store, 1, 2).await;
    assert!(store.route(user(1), direct).await.unwrap().unwrap().others[0].rings);
    store.block(user(2), user(1)).await.unwrap().unwrap();
    for caller in [1, 2] {
        let route = store.route(user(caller), direct).await.unwrap().unwrap();
        assert!(!route.others[0].rings, "in both directions");
        assert!(store.audience(user(caller)).await.unwrap().is_empty());
    }
    let state = |of: u8| async move { store.contacts(user(of)).await.unwrap()[0].state };
    assert_eq!(state(1).await, ContactState::Accepted, "who is blocked is not told");
    assert_eq!(state(2).await, ContactState::Blocked);
    store.unblock(user(2), user(1)).await.unwrap().unwrap();
    assert_eq!(state(2).await, ContactState::Accepted);
    assert!(store.unblock(user(2), user(1)).await.unwrap().is_none());
    assert!(store.block(user(1), user(9)).await.unwrap().is_none());
    assert!(store.block(user(1), user(1)).await.unwrap().is_none());
}

use groups::{
    a_call_is_called_as_its_group_was_then, a_group_has_room_for_so_many,
    a_shared_group_shows_no_presence, calls_in_a_group_ring_members_who_may_be_called,
    members_invite_their_contacts_and_take_it_back, nobody_is_in_a_group_before_they_accept,
    the_blocked_ask_and_are_not_heard, what_others_make_leaves_room_for_ones_own,
    whoever_is_longest_in_a_group_owns_it,
};
use resets::{
    a_code_goes_with_whatever_makes_it_pointless, a_code_of_a_wrong_clock_is_as_old_as_it_is,
    a_code_sets_the_password_of_one_person_once,
};

async fn history_is_paged_private_and_forgotten(store: &dyn Store) {
    for n in 1..=3 {
        add(store, n).await;
    }
    let direct = befriend(store, 1, 2).await;
    for n in 1..=4 {
        store.add_record(record(n, direct, u64::from(n) * 100)).await.unwrap();
    }
    assert!(!store.add_record(record(4, direct, 400)).await.unwrap(), "it is there");
    assert!(store.has_record(record(4, direct, 400).record.call_id).await.unwrap());
    assert!(!store.has_record(record(5, direct, 500).record.call_id).await.unwrap());
    let hidden = NewRecord { audience: vec![user(1)], ..record(5, direct, 500) };
    store.add_record(hidden).await.unwrap();
    let starts = |of: u8, before: Option<u8>, limit| async move {
        let before = before.map(|n| CallId::from_bytes([n; 16]));
        let page = store.records(user(of), None, before, limit).await.unwrap();
        page.into_iter().map(|record| record.started_at).collect::<Vec<_>>()
    };
    assert_eq!(starts(2, None, 10).await, [400, 300, 200, 100], "once, and not what was hidden");
    assert_eq!(starts(1, None, 2).await, [500, 400]);
    assert_eq!(starts(1, Some(4), 2).await, [300, 200]);
    assert!(starts(3, None, 10).await.is_empty());
    assert!(starts(2, Some(5), 10).await.is_empty(), "a page cannot start at a foreign call");
    let last = store.conversations(user(2)).await.unwrap().remove(0).last_call.unwrap();
    assert_eq!(last.started_at, 400);
    assert_eq!(last.participants.iter().collect::<BTreeSet<_>>().len(), 2);
    assert_eq!(store.prune_records(300).await.unwrap(), 2);
    assert_eq!(starts(2, None, 10).await, [400, 300]);
}

async fn a_removed_account_leaves_nothing(store: &dyn Store) {
    for n in 1..=2 {
        add(store, n).await;
    }
    let direct = befriend(store, 1, 2).await;
    enter(store, 1, 1).await;
    store.add_record(record(1, direct, 100)).await.unwrap();
    store.add_notice(user(1), NoticeKind::PasswordChanged, 1).await.unwrap();
    let departed = store.remove_account(user(1)).await.unwrap();
    assert_eq!(departed.devices, [device(1)]);
    assert_eq!(departed.contacts, [user(2)]);
    assert_eq!(departed.conversations, [(direct, user(2))]);
    assert!(store.account(user(1)).await.unwrap().is_none());
    assert!(store.contacts(user(2)).await.unwrap().is_empty());
    assert!(store.conversations(user(2)).await.unwrap().is_empty());
    assert!(store.records(user(1), None, None, 10).await.unwrap().is_empty());
    assert!(store.notices(user(1)).await.unwrap().is_empty());
    store.check().await.unwrap();
}

/// Whoever goes, before or after a call is written, takes only the own history along.
async fn one_deletion_takes_no_history_from_others(store: &dyn Store) {
    for gone in 1..=3 {
        for n in 1..=3 {
            add(store, n).await;
        }
        let direct = befriend(store, 1, 2).await;
        let group = place(9);
        let whole = |n, conversation| NewRecord {
            audience: vec![user(1), user(2), user(3)],
            ..record(n, conversation, 100 * u64::from(n))
        };
        store.add_record(whole(1, direct)).await.unwrap();
        store.add_record(whole(2, group)).await.unwrap();
        store.remove_account(user(gone)).await.unwrap();
        // The call went on while the account was deleted.
        assert!(store.add_record(whole(3, direct)).await.unwrap());
        assert!(store.add_record(whole(4, group)).await.unwrap());
        for left in (1..=3).filter(|left| *left != gone) {
            let records = store.records(user(left), None, None, 10).await.unwrap();
            let seen: Vec<_> = records.iter().map(|record| record.started_at).collect();
            assert_eq!(seen, [400, 300, 200, 100], "user {left} after {gone} went");
            for record in records {
                let who: BTreeSet<_> = record.participants.into_iter().collect();
                assert_eq!((record.caller, who), (user(1), [user(1), user(2)].into()));
            }
        }
        assert!(store.records(user(gone), None, None, 10).await.unwrap().is_empty());
        for n in 1..=3 {
            store.remove_account(user(n)).await.unwrap();
        }
        for n in 1..=4 {
            let kept = store.has_record(CallId::from_bytes([n; 16])).await.unwrap();
            assert!(!kept, "nobody is left to see call {n}");
        }
        assert!(store.add_record(whole(5, group)).await.unwrap(), "for nobody, which is no fault");
        assert!(!store.has_record(CallId::from_bytes([5; 16])).await.unwrap());
    }
}

async fn on_sqlite<'a, F: Future<Output = ()>>(run: impl FnOnce(&'a dyn Store) -> F) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    // Leaked so that the future may borrow it; a test process is short.
    run(Box::leak(Box::new(store))).await;
}

macro_rules! suite {
    ($module:ident, $with:path: $($name:ident),+ $(,)?) => {
        mod $module {
            $(#[tokio::test]
            async fn $name() {
                $with(super::$name).await;
            })+
        }
    };
}

suite! { sqlite, super::on_sqlite:
    accounts_are_admitted_by_the_policy,
    accounts_can_be_changed_and_found,
    refresh_tokens_rotate_and_remember,
    a_lost_reply_is_forgiven_until_it_arrived,
    a_lost_reply_is_forgiven_until_the_successor_is_used,
    an_ended_sign_in_is_told_from_an_unknown_one,
    used_refresh_tokens_are_bounded,
    what_is_kept_of_ended_sign_ins_is_bounded,
    devices_belong_to_their_user,
    sign_ins_are_bounded_and_forgotten,
    a_sign_in_needs_the_password_that_was_checked,
    a_new_password_is_all_or_nothing,
    a_code_sets_the_password_of_one_person_once,
    a_code_goes_with_whatever_makes_it_pointless,
    a_code_of_a_wrong_clock_is_as_old_as_it_is,
    every_sign_in_that_goes_is_counted,
    notices_and_invitations_are_bounded,
    contacts_and_their_conversation,
    blocks_keep_calls_and_presence_away,
    nobody_is_in_a_group_before_they_accept,
    a_call_is_called_as_its_group_was_then,
    calls_in_a_group_ring_members_who_may_be_called,
    a_shared_group_shows_no_presence,
    the_blocked_ask_and_are_not_heard,
    members_invite_their_contacts_and_take_it_back,
    whoever_is_longest_in_a_group_owns_it,
    what_others_make_leaves_room_for_ones_own,
    a_group_has_room_for_so_many,
    history_is_paged_private_and_forgotten,
    a_removed_account_leaves_nothing,
    one_deletion_takes_no_history_from_others,
}

#[tokio::test]
async fn a_full_disk_refuses_writes_and_goes_on_reading() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    let options = SqliteOptions { max_pages: Some(60) };
    let store = SqliteStore::open(&path, options).await.unwrap();
    add(&store, 1).await;
    let mut refused = None;
    for n in 2..=255 {
        let mut big = account(n, Admission::Operator { administrator: false });
        big.password_hash = "x".repeat(2_000);
        if let Err(error) = store.create_account(big).await {
            refused = Some(error);
            break;
        }
    }
    let Some(CreateAccountError::Store(StoreError::Full)) = refused else { panic!("{refused:?}") };
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_and_a_file_that_is_no_database_are_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("relay.db");
    SqliteStore::open(&path, SqliteOptions::default()).await.unwrap().close().await;
    SqliteStore::open(&path, SqliteOptions::default()).await.unwrap().close().await;
    // The version is the big-endian number at byte 60 (https://sqlite.org/fileformat.html 1.3).
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    std::fs::write(&path, &bytes).unwrap();
    let newer = SqliteStore::open(&path, SqliteOptions::default()).await;
    assert!(matches!(newer, Err(StoreError::Newer { found: 99, .. })), "{newer:?}");
    std::fs::write(&path, vec![b'x'; 8_192]).unwrap();
    let odd = SqliteStore::open(&path, SqliteOptions::default()).await;
    assert!(matches!(odd, Err(StoreError::Damaged(_))), "{odd:?}");
}

#[tokio::test]
async fn a_schema_that_was_cut_off_half_way_is_made_again() {
    let script = include_str!("../src/store/sqlite/migrations/0001.sql");
    let statements: Vec<&str> =
        script.split(';').map(str::trim).filter(|s| !s.is_empty()).collect();
    for applied in 0..statements.len() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("relay.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(sqlx::sqlite::SqliteJournalMode::Wal)
            // Pages reach the disk before the commit.
            .pragma("cache_size", "1")
            .pragma("cache_spill", "1");
        let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
        let mut begun = pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        for statement in &statements[..applied] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(*statement)).execute(&mut *begun).await.unwrap();
        }
        // What a crash at this moment leaves behind.
        let crashed = TempDir::new().unwrap();
        for name in ["relay.db", "relay.db-wal"] {
            std::fs::copy(folder.path().join(name), crashed.path().join(name)).unwrap();
        }
        let store =
            SqliteStore::open(&crashed.path().join("relay.db"), SqliteOptions::default()).await;
        let store = store.unwrap();
        add(&store, 1).await;
        assert_eq!(store.accounts().await.unwrap().len(), 1, "after {applied} statements");
    }
}
