//! Groups: nobody is in one without having said yes, and everybody can go.

use bellwire_protocol::{CallableBy, DisplayName, UserId};
use bellwire_relay::store::groups::{MOST_MADE, MOST_MEMBERS, MOST_OPEN};
use bellwire_relay::store::{GroupChange, GroupNews, Store};

use super::{add, befriend, place, record, user};

fn name(text: &str) -> DisplayName {
    DisplayName::new(text).unwrap()
}

fn news(changed: &[u8], invited: &[u8], gone: &[u8]) -> GroupChange {
    let users = |list: &[u8]| list.iter().map(|n| user(*n)).collect();
    GroupChange::Done(GroupNews {
        changed: users(changed),
        invited: users(invited),
        gone: users(gone),
    })
}

async fn make(store: &dyn Store, owner: u8, group: u8, invited: &[u8]) -> GroupChange {
    let invited: Vec<UserId> = invited.iter().map(|n| user(*n)).collect();
    let team = name("Team");
    store.create_group(user(owner), place(group), &team, &invited, 9).await.unwrap()
}

async fn join(store: &dyn Store, group: u8, who: u8) {
    let joined = store.accept_group(user(who), place(group)).await.unwrap();
    assert!(matches!(joined, GroupChange::Done(_)), "{who} joins: {joined:?}");
}

async fn members(store: &dyn Store, seen_by: u8, group: u8) -> Vec<UserId> {
    let conversation = store.conversation(user(seen_by), place(group)).await.unwrap();
    let mut members: Vec<_> =
        conversation.into_iter().flat_map(|c| c.members).map(|person| person.user).collect();
    members.sort();
    members
}

async fn owner(store: &dyn Store, seen_by: u8, group: u8) -> Option<UserId> {
    store.conversation(user(seen_by), place(group)).await.unwrap().unwrap().owner
}

async fn is_asked(store: &dyn Store, who: u8) -> bool {
    !store.invitations(user(who)).await.unwrap().is_empty()
}

pub(super) async fn nobody_is_in_a_group_before_they_accept(store: &dyn Store) {
    for n in 1..=4 {
        add(store, n).await;
    }
    for n in 2..=3 {
        befriend(store, 1, n).await;
    }
    assert_eq!(make(store, 1, 8, &[2, 4]).await, GroupChange::NoContact, "4 is a stranger");
    assert_eq!(members(store, 1, 8).await, [], "nothing was written");
    assert_eq!(make(store, 1, 8, &[2, 3]).await, news(&[1], &[2, 3], &[]));

    let seen = store.conversation(user(1), place(8)).await.unwrap().unwrap();
    assert_eq!(seen.members.len(), 1, "only who made it");
    assert_eq!(seen.invited.len(), 2, "who invited sees whom");
    assert!(store.conversation(user(2), place(8)).await.unwrap().is_none());
    assert!(store.route(user(2), place(8)).await.unwrap().is_none());
    assert!(store.route(user(1), place(8)).await.unwrap().unwrap().others.is_empty());
    let asked = store.invitation(user(2), place(8)).await.unwrap().unwrap();
    assert_eq!((asked.from.user, asked.members, asked.name), (user(1), 1, name("Team")));

    assert_eq!(store.accept_group(user(4), place(8)).await.unwrap(), GroupChange::NotFound);
    assert_eq!(store.accept_group(user(2), place(8)).await.unwrap(), news(&[1, 2], &[], &[]));
    assert_eq!(store.accept_group(user(2), place(8)).await.unwrap(), GroupChange::Same);
    assert!(!is_asked(store, 2).await);
    assert_eq!(members(store, 2, 8).await, [user(1), user(2)]);
    let seen = store.conversation(user(2), place(8)).await.unwrap().unwrap();
    assert!(seen.invited.is_empty(), "whom somebody else asked is not shown");
    assert_eq!(store.decline_group(user(3), place(8)).await.unwrap(), news(&[1], &[], &[3]));
    assert_eq!(store.decline_group(user(3), place(8)).await.unwrap(), GroupChange::NotFound);
    assert_eq!(store.accept_group(user(3), place(8)).await.unwrap(), GroupChange::NotFound);
    assert_eq!(members(store, 1, 8).await, [user(1), user(2)]);
}

pub(super) async fn calls_in_a_group_ring_members_who_may_be_called(store: &dyn Store) {
    for n in 1..=3 {
        add(store, n).await;
    }
    befriend(store, 1, 2).await;
    befriend(store, 1, 3).await;
    make(store, 1, 8, &[2, 3]).await;
    join(store, 8, 2).await;
    join(store, 8, 3).await;
    let route = store.route(user(2), place(8)).await.unwrap().unwrap();
    let rings: Vec<_> = route.others.iter().map(|m| (m.person.user, m.rings)).collect();
    assert_eq!(rings, [(user(1), true), (user(3), false)], "3 takes calls of contacts only");
    store.patch_account(user(3), None, Some(CallableBy::Everyone)).await.unwrap();
    assert!(store.route(user(2), place(8)).await.unwrap().unwrap().others[1].rings);
    store.block(user(3), user(2)).await.unwrap().unwrap();
    for (caller, other) in [(2, 1), (3, 1)] {
        let route = store.route(user(caller), place(8)).await.unwrap().unwrap();
        assert!(!route.others[other].rings, "no ring between them, in the group either");
    }
}

pub(super) async fn a_shared_group_shows_no_presence(store: &dyn Store) {
    for n in 1..=3 {
        add(store, n).await;
    }
    befriend(store, 1, 2).await;
    befriend(store, 1, 3).await;
    make(store, 1, 8, &[2, 3]).await;
    join(store, 8, 2).await;
    join(store, 8, 3).await;
    assert_eq!(store.audience(user(2)).await.unwrap(), [user(1)], "not 3, who is no contact");
    assert_eq!(store.audience(user(3)).await.unwrap(), [user(1)]);
    assert_eq!(store.audience(user(1)).await.unwrap(), [user(2), user(3)]);
    store.remove_contact(user(1), user(2)).await.unwrap().unwrap();
    assert_eq!(store.audience(user(2)).await.unwrap(), [], "members still, contacts no more");
    assert_eq!(members(store, 2, 8).await, [user(1), user(2), user(3)]);
}

pub(super) async fn the_blocked_ask_and_are_not_heard(store: &dyn Store) {
    for n in 1..=3 {
        add(store, n).await;
    }
    befriend(store, 1, 2).await;
    befriend(store, 1, 3).await;
    store.block(user(1), user(3)).await.unwrap();
    assert_eq!(make(store, 1, 7, &[3]).await, GroupChange::NoContact, "an own block");
    store.unblock(user(1), user(3)).await.unwrap();

    store.block(user(2), user(1)).await.unwrap();
    assert_eq!(make(store, 1, 8, &[2, 3]).await, news(&[1], &[3], &[]), "as if nothing was");
    let seen = store.conversation(user(1), place(8)).await.unwrap().unwrap();
    assert_eq!(seen.invited.len(), 2, "the blocked person cannot tell");
    assert!(!is_asked(store, 2).await, "who blocked is not asked");
    assert_eq!(store.accept_group(user(2), place(8)).await.unwrap(), GroupChange::NotFound);
    assert_eq!(store.decline_group(user(2), place(8)).await.unwrap(), GroupChange::NotFound);
    let back = store.unblock(user(2), user(1)).await.unwrap().unwrap();
    assert_eq!(
        back.groups,
        [(place(8), GroupNews { invited: vec![user(2)], ..GroupNews::default() })]
    );
    assert!(is_asked(store, 2).await);

    let hidden = store.block(user(2), user(1)).await.unwrap().unwrap();
    assert_eq!(
        hidden.groups,
        [(place(8), GroupNews { gone: vec![user(2)], ..GroupNews::default() })]
    );
    assert!(!store.block(user(2), user(1)).await.unwrap().unwrap().changed, "twice is once");
    let parted = store.remove_contact(user(1), user(2)).await.unwrap().unwrap();
    assert_eq!(
        parted.groups,
        [(place(8), GroupNews { changed: vec![user(1)], ..GroupNews::default() })]
    );
    let withdrawn = store.block(user(1), user(3)).await.unwrap().unwrap();
    let expected =
        GroupNews { changed: vec![user(1)], gone: vec![user(3)], ..GroupNews::default() };
    assert_eq!(withdrawn.groups, [(place(8), expected)], "who blocks asks no more");
}

pub(super) async fn members_invite_their_contacts_and_take_it_back(store: &dyn Store) {
    for n in 1..=4 {
        add(store, n).await;
    }
    befriend(store, 1, 2).await;
    befriend(store, 1, 4).await;
    befriend(store, 2, 3).await;
    befriend(store, 2, 4).await;
    make(store, 1, 8, &[2]).await;
    let invite = |by: u8, who: u8| async move {
        store.invite(user(by), place(8), user(who), 10).await.unwrap()
    };
    assert_eq!(invite(2, 3).await, GroupChange::NotFound, "not a member yet");
    join(store, 8, 2).await;
    assert_eq!(invite(1, 3).await, GroupChange::NoContact);
    assert_eq!(invite(2, 3).await, news(&[2], &[3], &[]));
    assert_eq!(invite(2, 3).await, GroupChange::Same);
    assert_eq!(invite(2, 1).await, GroupChange::Same, "a member");
    // Two members ask the same person, who is told once and answers both.
    assert_eq!(invite(1, 4).await, news(&[1], &[4], &[]));
    assert_eq!(invite(2, 4).await, news(&[2], &[], &[]));
    assert_eq!(store.invitations(user(4)).await.unwrap().len(), 1);
    let withdraw = |by: u8, who: u8| async move {
        store.withdraw(user(by), place(8), user(who)).await.unwrap()
    };
    assert_eq!(withdraw(1, 4).await, news(&[1], &[4], &[]), "the other one is left");
    assert_eq!(store.invitations(user(4)).await.unwrap()[0].from.user, user(2));
    assert_eq!(withdraw(1, 4).await, GroupChange::NotFound);
    assert_eq!(withdraw(1, 3).await, GroupChange::NotFound, "not his own");
    assert_eq!(withdraw(2, 4).await, news(&[2], &[], &[4]));
    assert!(!is_asked(store, 4).await);
    let direct = store.conversations(user(1)).await.unwrap().remove(0).id;
    let refused = store.invite(user(1), direct, user(4), 10).await.unwrap();
    assert_eq!(refused, GroupChange::NotFound, "two people stay two");
}

pub(super) async fn whoever_is_longest_in_a_group_owns_it(store: &dyn Store) {
    for n in 1..=5 {
        add(store, n).await;
    }
    for n in 1..=5 {
        for other in n + 1..=5 {
            befriend(store, n, other).await;
        }
    }
    make(store, 3, 8, &[1, 2, 4]).await;
    for who in [4, 1, 2] {
        join(store, 8, who).await;
    }
    assert_eq!(owner(store, 1, 8).await, Some(user(3)));
    let remove = |by: u8, who: u8| async move {
        store.remove_member(user(by), place(8), user(who)).await.unwrap()
    };
    let rename = |by: u8, to: &'static str| async move {
        store.rename_group(user(by), place(8), &name(to)).await.unwrap()
    };
    assert_eq!(remove(4, 2).await, GroupChange::Forbidden);
    assert_eq!(rename(4, "Mine").await, GroupChange::Forbidden);
    assert_eq!(remove(5, 2).await, GroupChange::NotFound, "a stranger");
    assert_eq!(rename(5, "Mine").await, GroupChange::NotFound);
    assert_eq!(remove(3, 5).await, GroupChange::NotFound, "no member");
    assert_eq!(rename(3, "Crew").await, news(&[3, 4, 1, 2], &[], &[]));
    assert_eq!(rename(3, "Crew").await, GroupChange::Same);
    store.invite(user(2), place(8), user(5), 10).await.unwrap();
    assert_eq!(remove(3, 2).await, news(&[3, 4, 1], &[], &[5, 2]), "with what 2 had begun");
    assert!(store.route(user(2), place(8)).await.unwrap().is_none());
    assert_eq!(remove(3, 3).await, news(&[4, 1], &[], &[3]), "the owner leaves");
    assert_eq!(owner(store, 1, 8).await, Some(user(4)), "who came first of those who are left");
    store.invite(user(4), place(8), user(3), 10).await.unwrap();
    join(store, 8, 3).await;
    let departed = store.remove_account(user(4)).await.unwrap();
    let changed = vec![user(1), user(3)];
    assert_eq!(departed.groups, [(place(8), GroupNews { changed, ..GroupNews::default() })]);
    assert_eq!(owner(store, 3, 8).await, Some(user(1)), "who comes back comes last");
    store.invite(user(1), place(8), user(2), 10).await.unwrap();
    remove(3, 3).await;
    assert_eq!(remove(1, 1).await, news(&[], &[], &[2, 1]), "the last one takes it along");
    assert!(!is_asked(store, 2).await);
}

pub(super) async fn what_others_make_leaves_room_for_ones_own(store: &dyn Store) {
    for n in 1..=2 {
        add(store, n).await;
    }
    befriend(store, 1, 2).await;
    for group in 0..MOST_OPEN {
        let made = make(store, 1, 100 + u8::try_from(group).unwrap(), &[2]).await;
        assert!(matches!(made, GroupChange::Done(_)), "{made:?}");
    }
    assert_eq!(make(store, 1, 200, &[2]).await, GroupChange::Full, "so many questions at once");
    let mut made = MOST_OPEN;
    for group in 0..u8::try_from(MOST_MADE).unwrap() {
        store.accept_group(user(2), place(100 + group)).await.unwrap();
        if made < MOST_MADE {
            made += 1;
            let next = 100 + u8::try_from(made - 1).unwrap();
            assert!(matches!(make(store, 1, next, &[2]).await, GroupChange::Done(_)));
        }
    }
    assert_eq!(store.conversations(user(2)).await.unwrap().len(), 1 + MOST_MADE);
    assert_eq!(make(store, 1, 200, &[]).await, GroupChange::Full, "64 of one's own");
    assert!(matches!(make(store, 2, 201, &[1]).await, GroupChange::Done(_)), "none of them hers");
    store.remove_member(user(1), place(100), user(1)).await.unwrap();
    assert!(matches!(make(store, 1, 200, &[]).await, GroupChange::Done(_)), "one left, one made");
}

pub(super) async fn a_group_has_room_for_so_many(store: &dyn Store) {
    add(store, 1).await;
    let others: Vec<u8> = (2..=u8::try_from(MOST_MEMBERS).unwrap() + 1).collect();
    for n in &others {
        add(store, *n).await;
        befriend(store, 1, *n).await;
    }
    assert_eq!(make(store, 1, 200, &others).await, GroupChange::Full);
    let (last, fit) = others.split_last().unwrap();
    assert!(matches!(make(store, 1, 200, fit).await, GroupChange::Done(_)));
    let one_more = store.invite(user(1), place(200), user(*last), 9).await.unwrap();
    assert_eq!(one_more, GroupChange::Full);
    store.decline_group(user(fit[0]), place(200)).await.unwrap();
    let room = store.invite(user(1), place(200), user(*last), 9).await.unwrap();
    assert!(matches!(room, GroupChange::Done(_)), "a place came free");
}

pub(super) async fn a_call_is_called_as_its_group_was_then(store: &dyn Store) {
    add(store, 1).await;
    add(store, 2).await;
    let direct = befriend(store, 1, 2).await;
    make(store, 1, 8, &[2]).await;
    join(store, 8, 2).await;
    store.add_record(record(1, place(8), 100)).await.unwrap();
    store.rename_group(user(1), place(8), &name("Renamed")).await.unwrap();
    store.add_record(record(2, place(8), 200)).await.unwrap();
    store.add_record(record(3, direct, 300)).await.unwrap();
    store.remove_member(user(2), place(8), user(2)).await.unwrap();
    store.rename_group(user(1), place(8), &name("Behind their back")).await.unwrap();
    for who in [1, 2] {
        let records = store.records(user(who), None, None, 10).await.unwrap();
        let names: Vec<Option<DisplayName>> =
            records.into_iter().map(|record| record.name).collect();
        assert_eq!(names, [None, Some(name("Renamed")), Some(name("Team"))], "{who}");
    }
}
