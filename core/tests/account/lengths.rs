//! Long histories: what is drawn of them, and what one more message costs.

use bellwire_core::KeptChat;
use bellwire_core::api::{Entry, OpenConversation};
use bellwire_protocol::http::Calls;
use bellwire_protocol::{CallId, CallRecord, ChatId, ChatText, ConversationId, EndReason, Media};

use super::former::welcome;
use super::*;

const PLACE: ConversationId = ConversationId::from_bytes([3; 16]);

fn message(n: u64) -> Record {
    let id = ChatId::from_parts(n, [1; 10]);
    Record::Chat {
        conversation: PLACE,
        id,
        message: Some(KeptChat {
            id,
            from: UserId::from_bytes([9; 16]),
            text: ChatText::new(format!("message {n:06}")).unwrap(),
            at: UNIX - 10_000_000 + 2 * n,
            delivered: true,
        }),
    }
}

fn call(n: u64) -> CallRecord {
    CallRecord {
        call_id: CallId::from_parts(n, [1; 10]),
        conversation: PLACE,
        name: None,
        media: Media::Voice,
        caller: UserId::from_bytes([9; 16]),
        participants: vec![UserId::from_bytes([1; 16]), UserId::from_bytes([9; 16])],
        started_at: UNIX - 20_000_000 + n,
        answered_at: Some(UNIX - 20_000_000 + n),
        ended_at: UNIX - 20_000_000 + n + 1,
        reason: EndReason::Ended,
    }
}

impl Bench {
    /// Signed in, with a conversation open that has so many messages.
    fn with_messages(count: u64) -> Self {
        let mut records = vec![kept(UNIX + 3_600_000)];
        records.extend((0..count).map(message));
        let mut bench = Self::new(records);
        bench.input(Input::Link(LinkEvent::Opened));
        welcome(&mut bench);
        bench
    }

    /// The relay answers the newest question for calls: these, oldest first, and where it goes on.
    fn calls(&mut self, calls: std::ops::Range<u64>, next: Option<CallId>) {
        let page = Calls { calls: calls.rev().map(call).collect(), next };
        let found = self.requests.iter().rposition(|request| {
            request.url.contains("/calls?") && request.url.contains("conversation")
        });
        let request = self.requests.remove(found.expect("calls of the conversation are asked for"));
        let reply = HttpReply { id: request.id, result: Ok((200, encode(&page))) };
        self.input(Input::Http(reply));
    }

    fn write(&mut self, text: &str) {
        self.input(Input::Command(Command::SendChat { conversation: PLACE, text: text.into() }));
    }

    fn open(&self) -> &OpenConversation {
        let Account::SignedIn(home) = self.account() else { panic!("signed out") };
        home.open.as_ref().expect("a conversation is open")
    }

    fn shown(&self) -> usize {
        self.open().entries.len()
    }

    /// What crosses to the UI with a view.
    fn view_bytes(&self) -> usize {
        encode(self.view.as_ref().unwrap()).len()
    }
}

/// When an entry was.
fn at(entry: &Entry) -> u64 {
    match entry {
        Entry::Call { at, .. } | Entry::Message { at, .. } => *at,
    }
}

#[test]
fn a_message_costs_the_same_however_long_the_history_is() {
    let cost = |messages: u64, calls: u64| {
        let mut bench = Bench::with_messages(messages);
        bench.calls(0..calls, None);
        bench.write("one more");
        bench.view_bytes()
    };
    let short = cost(60, 0);
    for (messages, calls) in [(200, 0), (500, 0), (500, 200), (1, 2_000)] {
        let long = cost(messages, calls);
        // A list of 50 calls beside the conversation is drawn too.
        let calls = if calls == 0 { 0 } else { 50 * 300 };
        assert!(
            long < short + calls + short / 20,
            "{messages} messages and calls: {long} bytes cross, {short} with 60"
        );
    }
}

#[test]
fn the_newest_entries_are_shown_and_earlier_ones_when_they_are_asked_for() {
    let mut bench = Bench::with_messages(120);
    let last = CallId::from_parts(30, [1; 10]);
    bench.calls(30..80, Some(last));
    assert_eq!(bench.shown(), 50);
    assert!(bench.open().has_more);
    let asked = bench.requests.len();
    for shown in [100, 150] {
        bench.input(Input::Command(Command::LoadEarlier));
        assert_eq!(bench.shown(), shown, "they are here");
    }
    assert_eq!(bench.requests.len(), asked, "and the relay is not asked for them");

    bench.input(Input::Command(Command::LoadEarlier));
    assert!(bench.open().loading, "the 20 calls that are left do not fill the window");
    bench.calls(0..30, None);
    assert_eq!((bench.shown(), bench.open().has_more), (200, false));
    let times: Vec<u64> = bench.open().entries.iter().map(at).collect();
    assert!(times.is_sorted(), "oldest first");

    bench.input(Input::Command(Command::ShowNewest));
    assert_eq!((bench.shown(), bench.open().has_more), (50, true), "back at the end");
    assert_eq!(bench.open().entries.last().map(at), times.last().copied());
}

#[test]
fn whoever_reads_earlier_entries_keeps_them_while_messages_come() {
    let mut bench = Bench::with_messages(120);
    bench.input(Input::Command(Command::LoadEarlier));
    let oldest = bench.open().entries.first().map(at);
    for n in 0..20 {
        bench.write(&format!("new {n}"));
    }
    assert_eq!(bench.open().entries.first().map(at), oldest);
    assert_eq!(bench.shown(), 120);
    // Looking at the same conversation again, as a window does that gets the focus.
    bench.input(Input::Command(Command::OpenConversation { conversation: Some(PLACE) }));
    assert_eq!(bench.open().entries.first().map(at), oldest);
    bench.input(Input::Command(Command::OpenConversation { conversation: None }));
    bench.input(Input::Command(Command::OpenConversation { conversation: Some(PLACE) }));
    assert_eq!(bench.shown(), 50, "opened anew, it is at its end");
}

#[test]
fn the_list_of_all_calls_is_shown_in_part_too() {
    let mut bench = Bench::with_messages(0);
    bench.calls(0..180, None);
    bench.input(Input::Command(Command::OpenConversation { conversation: None }));
    let history = |bench: &Bench| {
        let Account::SignedIn(home) = bench.account() else { panic!("signed out") };
        (home.history.len(), home.history_has_more)
    };
    assert_eq!(history(&bench), (50, true));
    for shown in [(100, true), (150, true), (180, false)] {
        bench.input(Input::Command(Command::LoadEarlier));
        assert_eq!(history(&bench), shown);
    }
}
