//! Groups: what the person asks, what the relay answers, and what is shown of what it says.

use bellwire_core::HttpMethod;
use bellwire_core::api::{Entry, GroupView, Home};
use bellwire_protocol::http::Calls;
use bellwire_protocol::{
    CallId, CallRecord, CallableBy, Conversation, ConversationId, ConversationKind, DisplayName,
    EndReason, GroupInvitation, Limits, Me, Media, Person, RelayFrame, RelayMessage, ResumeToken,
    Snapshot, Username, Welcome,
};
use proptest::prelude::*;

use super::*;

pub(super) const GROUP: ConversationId = ConversationId::from_bytes([3; 16]);
const ME: u8 = 1;

pub(super) fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

fn person(n: u8) -> Person {
    Person {
        user: user(n),
        username: Username::new(format!("user{n}")).unwrap(),
        display_name: DisplayName::new(format!("User {n}")).unwrap(),
    }
}

pub(super) fn group(
    id: ConversationId,
    name: &str,
    owner: u8,
    members: &[u8],
    invited: &[u8],
) -> Conversation {
    let people = |people: &[u8]| people.iter().map(|n| person(*n)).collect();
    Conversation {
        id,
        kind: ConversationKind::Group,
        name: Some(DisplayName::new(name).unwrap()),
        members: people(members),
        owner: Some(user(owner)),
        invited: people(invited),
        created_at: UNIX,
        last_call: None,
    }
}

fn invitation(conversation: ConversationId) -> GroupInvitation {
    let name = DisplayName::new("Engine").unwrap();
    GroupInvitation { conversation, name, from: person(2), members: 2, created_at: UNIX }
}

pub(super) struct Groups {
    pub(super) bench: Bench,
    seq: u64,
}

impl Groups {
    /// Signed in and online.
    pub(super) fn new() -> Self {
        let mut it = Self { bench: Bench::new(vec![kept(UNIX + 3_600_000)]), seq: 0 };
        it.bench.input(Input::Link(LinkEvent::Opened));
        let welcome = Welcome {
            session: ResumeToken::new("session").unwrap(),
            resumed: false,
            me: Me {
                user: user(ME),
                device: DeviceId::from_bytes([2; 16]),
                username: person(ME).username,
                display_name: person(ME).display_name,
                callable_by: CallableBy::Contacts,
                administrator: false,
            },
            ice_servers: Vec::new(),
            limits: Limits::default(),
            features: Vec::new(),
            version: "0".into(),
            server_time: UNIX,
        };
        it.say(RelayMessage::Welcome(Box::new(welcome)));
        it.say(RelayMessage::Snapshot(Box::default()));
        assert!(it.home().ready);
        let page = Calls { calls: Vec::new(), next: None };
        it.bench.reply("/calls?limit=50", Ok((200, encode(&page))));
        it.bench.requests.clear();
        it
    }

    pub(super) fn say(&mut self, message: RelayMessage) {
        self.seq += 1;
        self.bench.input(Input::Relay(RelayFrame { seq: self.seq, message }));
    }

    pub(super) fn want(&mut self, command: Command) {
        self.bench.input(Input::Command(command));
    }

    pub(super) fn home(&self) -> &Home {
        match self.bench.account() {
            Account::SignedIn(home) => home,
            other => panic!("{other:?}"),
        }
    }

    fn shown(&self, id: ConversationId) -> Option<(String, GroupView)> {
        let view = self.home().conversations.iter().find(|view| view.id == id)?;
        Some((view.name.clone(), view.group.clone()?))
    }

    pub(super) fn notices(&self) -> Vec<NoticeText> {
        let notices = &self.bench.view.as_ref().unwrap().notices;
        notices.iter().map(|notice| notice.text.clone()).collect()
    }

    fn answer(&mut self, result: Result<(u16, String), HttpFailure>) {
        let request = self.bench.requests.remove(0);
        self.bench.input(Input::Http(HttpReply { id: request.id, result }));
    }
}

/// Everything that a person can do about groups, and the request that it is.
fn commands() -> Vec<(Command, HttpMethod, String, Option<String>)> {
    use HttpMethod::{Delete, Patch, Post};
    let (conversation, name) = (GROUP, " Engine ".to_owned());
    let place = format!("/conversations/{GROUP}");
    let (me, grace) = (user(ME), user(2));
    vec![
        (
            Command::CreateGroup { name: name.clone(), members: vec![grace] },
            Post,
            "/conversations".into(),
            Some(format!("{{\"name\":\"Engine\",\"members\":[\"{grace}\"]}}")),
        ),
        (
            Command::InviteToGroup { conversation, user: grace },
            Post,
            format!("{place}/invitations"),
            Some(format!("{{\"user\":\"{grace}\"}}")),
        ),
        (
            Command::WithdrawInvitation { conversation, user: grace },
            Delete,
            format!("{place}/invitations/{grace}"),
            None,
        ),
        (Command::AcceptGroup { conversation }, Post, format!("{place}/accept"), None),
        (Command::DeclineGroup { conversation }, Post, format!("{place}/decline"), None),
        (Command::LeaveGroup { conversation }, Delete, format!("{place}/members/{me}"), None),
        (
            Command::RemoveMember { conversation, user: grace },
            Delete,
            format!("{place}/members/{grace}"),
            None,
        ),
        (
            Command::RenameGroup { conversation, name },
            Patch,
            place,
            Some("{\"name\":\"Engine\"}".into()),
        ),
    ]
}

#[test]
fn whatever_is_done_about_groups_is_one_request_in_the_persons_name() {
    for (command, method, path, body) in commands() {
        let mut it = Groups::new();
        it.want(command.clone());
        let [request] = it.bench.requests.as_slice() else {
            panic!("{command:?}: {:?}", it.bench.requests)
        };
        assert_eq!(request.url, format!("https://x/api/v1{path}"), "{command:?}");
        assert_eq!((request.method, &request.body), (method, &body), "{command:?}");
        let bearer = request.bearer.as_ref().map(|token| token.as_str());
        assert_eq!(bearer, Some("access0"), "{command:?}");
        // The effect comes over the socket, whatever the answer says.
        let hostile = encode(&group(GROUP, "Pirates", 9, &[9, ME], &[]));
        it.answer(Ok((200, hostile)));
        assert_eq!(it.notices(), [], "{command:?}");
        assert!(it.home().conversations.is_empty() && it.home().invitations.is_empty());
        assert!(it.bench.requests.is_empty(), "and it is asked once: {command:?}");
    }
}

#[test]
fn a_refusal_about_a_group_is_told_in_words_and_changes_nothing() {
    let refused = |reason| NoticeText::Refused { reason };
    let not_yours = Some(ProblemReason::Yourself);
    for (command, ..) in commands() {
        for (result, told) in [
            (Ok(problem(403, ErrorCode::Forbidden, not_yours)), refused(not_yours)),
            (Ok(problem(404, ErrorCode::NotFound, None)), refused(None)),
            (
                Ok(problem(429, ErrorCode::RateLimited, None)),
                NoticeText::RateLimited { retry_after_s: 30 },
            ),
            (Ok((500, "<html>".into())), refused(None)),
            (Err(HttpFailure::Unreachable), NoticeText::NotConnected),
            (Err(HttpFailure::Certificate), NoticeText::NotConnected),
        ] {
            let mut it = Groups::new();
            it.say(RelayMessage::ConversationChanged {
                conversation: group(GROUP, "Engine", ME, &[ME, 2], &[3]),
            });
            let before = it.shown(GROUP);
            it.want(command.clone());
            it.answer(result);
            assert_eq!(it.notices(), [told], "{command:?}");
            assert_eq!(it.shown(GROUP), before, "{command:?}");
            assert!(it.bench.requests.is_empty(), "the person decides about another: {command:?}");
        }
    }
}

#[test]
fn a_request_about_a_group_is_repeated_once_with_a_new_token() {
    for (command, method, path, body) in commands() {
        let mut it = Groups::new();
        it.want(command.clone());
        let invalid = || Ok(problem(401, ErrorCode::Unauthenticated, None));
        it.answer(invalid());
        it.bench.reply("/auth/refresh", Ok((200, signed_in(5))));
        let again: Vec<&HttpRequest> =
            it.bench.requests.iter().filter(|request| request.url.ends_with(&path)).collect();
        let [request] = again.as_slice() else { panic!("{command:?}: {again:?}") };
        assert_eq!((request.method, &request.body), (method, &body), "the same: {command:?}");
        assert_eq!(request.bearer.as_ref().map(|token| token.as_str()), Some("access5"));
        it.bench.reply(&path, invalid());
        assert_eq!(it.notices(), [NoticeText::Refused { reason: None }], "{command:?}");
        assert!(!it.bench.requests.iter().any(|request| request.url.ends_with(&path)), "no loop");
    }
}

#[test]
fn a_name_that_is_none_is_refused_here() {
    let told = NoticeText::Refused { reason: Some(ProblemReason::DisplayNameInvalid) };
    for name in ["", "  ", "\u{200b}", "\n", &"x".repeat(1_000)] {
        for command in [
            Command::CreateGroup { name: name.into(), members: vec![user(2)] },
            Command::RenameGroup { conversation: GROUP, name: name.into() },
        ] {
            let mut it = Groups::new();
            it.want(command);
            assert!(it.bench.requests.is_empty(), "nothing is asked for {name:?}");
            assert_eq!(it.notices(), std::slice::from_ref(&told), "{name:?}");
        }
    }
}

#[test]
fn nobody_does_anything_about_groups_who_is_not_signed_in() {
    for (command, ..) in commands() {
        let mut bench = Bench::new(Vec::new());
        let before = bench.requests.len();
        bench.input(Input::Command(command));
        assert_eq!(bench.requests.len(), before);
    }
}

#[test]
fn what_the_relay_says_of_a_group_is_what_is_shown() {
    let mut it = Groups::new();
    it.say(RelayMessage::ConversationInvited { invitation: invitation(GROUP) });
    let [asked] = it.home().invitations.as_slice() else { panic!("{:?}", it.home().invitations) };
    assert_eq!((asked.name.as_str(), asked.from.as_str(), asked.members), ("Engine", "User 2", 2));
    assert!(it.shown(GROUP).is_none(), "nobody is in it before they accept");

    it.say(RelayMessage::ConversationRemoved { conversation: GROUP });
    assert!(it.home().invitations.is_empty(), "withdrawn, or declined on another device");

    it.say(RelayMessage::ConversationInvited { invitation: invitation(GROUP) });
    let accepted = group(GROUP, "Engine", 2, &[ME, 2], &[3]);
    it.say(RelayMessage::ConversationChanged { conversation: accepted });
    assert!(it.home().invitations.is_empty(), "accepted");
    let (name, view) = it.shown(GROUP).unwrap();
    let users = |members: &[bellwire_core::api::MemberView]| -> Vec<UserId> {
        members.iter().map(|member| member.user).collect()
    };
    assert_eq!((name.as_str(), view.owned), ("Engine", false));
    assert_eq!(users(&view.members), [user(ME), user(2)]);
    assert_eq!(users(&view.invited), [user(3)]);
    assert!(view.members.iter().all(|member| member.owner == (member.user == user(2))));

    it.want(Command::OpenConversation { conversation: Some(GROUP) });
    let changed = group(GROUP, "Difference", ME, &[ME, 3], &[]);
    it.say(RelayMessage::ConversationChanged { conversation: changed });
    let (name, view) = it.shown(GROUP).unwrap();
    assert_eq!((name.as_str(), view.owned), ("Difference", true), "renamed, and handed over");
    assert_eq!(users(&view.members), [user(ME), user(3)], "one left, one came");
    assert!(it.home().open.is_some());

    it.say(RelayMessage::ConversationRemoved { conversation: GROUP });
    assert!(it.shown(GROUP).is_none() && it.home().open.is_none(), "left, or removed from it");
    it.say(RelayMessage::ConversationInvited { invitation: invitation(GROUP) });
    assert_eq!(it.home().invitations.len(), 1, "and asked again");
    assert!(it.home().open.is_none());
}

#[test]
fn a_call_of_a_group_that_was_left_is_called_as_the_group_was() {
    let record = |n: u8, name: Option<&str>| CallRecord {
        call_id: CallId::from_parts(UNIX + u64::from(n), [n; 10]),
        conversation: ConversationId::from_bytes([2 + n; 16]),
        name: name.map(|name| DisplayName::new(name).unwrap()),
        media: Media::Voice,
        caller: user(2),
        participants: vec![user(ME), user(2)],
        started_at: UNIX,
        answered_at: Some(UNIX),
        ended_at: UNIX + 1,
        reason: EndReason::Ended,
    };
    let mut it = Groups::new();
    it.say(RelayMessage::Snapshot(Box::default()));
    let page = Calls { calls: vec![record(2, Some("Before my time"))], next: None };
    it.bench.reply("/calls?limit=50", Ok((200, encode(&page))));
    let conversation = group(GROUP, "Engine", 2, &[ME, 2], &[]);
    it.say(RelayMessage::ConversationChanged { conversation });
    it.say(RelayMessage::CallRecorded { record: record(1, None) });
    it.say(RelayMessage::ConversationRemoved { conversation: GROUP });
    let names: Vec<&str> = it
        .home()
        .history
        .iter()
        .map(|entry| match entry {
            Entry::Call { name, .. } => name.as_str(),
            Entry::Message { .. } => panic!("a message among the calls"),
        })
        .collect();
    assert_eq!(names, ["Before my time", "Engine"]);
}

/// Anything that a relay can say of two groups, in sense or nonsense.
fn any_message() -> impl Strategy<Value = RelayMessage> {
    let id = || (3_u8..5).prop_map(|n| ConversationId::from_bytes([n; 16]));
    let people = || prop::collection::vec(1_u8..4, 0..4);
    let any_group = move || {
        (id(), 1_u8..4, people(), people())
            .prop_map(|(id, owner, members, invited)| group(id, "Any", owner, &members, &invited))
    };
    prop_oneof![
        id().prop_map(|id| RelayMessage::ConversationInvited { invitation: invitation(id) }),
        any_group().prop_map(|conversation| RelayMessage::ConversationChanged { conversation }),
        id().prop_map(|conversation| RelayMessage::ConversationRemoved { conversation }),
        (prop::collection::vec(any_group(), 0..3), prop::collection::vec(id(), 0..3)).prop_map(
            |(conversations, asked)| {
                let invitations = asked.into_iter().map(invitation).collect();
                let snapshot = Snapshot { conversations, invitations, ..Snapshot::default() };
                RelayMessage::Snapshot(Box::new(snapshot))
            }
        ),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nobody_is_asked_into_a_group_that_they_are_in_and_nothing_is_open_that_is_not_there(
        messages in prop::collection::vec((any_message(), any::<bool>()), 1..30)
    ) {
        let mut it = Groups::new();
        for (message, opens) in messages {
            it.say(message.clone());
            if opens {
                it.want(Command::OpenConversation { conversation: Some(GROUP) });
            }
            let home = it.home();
            let in_list = |id| home.conversations.iter().any(|view| view.id == id);
            for asked in &home.invitations {
                prop_assert!(!in_list(asked.conversation), "both, after {message:?}");
            }
            if let Some(open) = &home.open {
                prop_assert!(in_list(open.id), "open and nowhere, after {message:?}");
            }
            let before = home.clone();
            it.say(message.clone());
            prop_assert_eq!(&before, it.home(), "twice is once");
        }
    }
}
