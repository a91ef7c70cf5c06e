//! Chat, kept on this device with its conversation.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_protocol::{ChannelMessage, ChatId, ChatText, ConversationId, UserId};

use crate::allowance::Allowance;
use crate::{KeptChat, Record, Time};

/// Messages that go out at once, and a second after that. Under what [`crate::call`] lets a peer
/// send, so that no client of ours is over it; higher delivers a long backlog sooner.
const SENT_AT_ONCE: u64 = 100;
const SENT_PER_SECOND: u64 = 8;

/// Chat of all conversations.
#[derive(Debug)]
pub(crate) struct Chats {
    messages: BTreeMap<ConversationId, Vec<KeptChat>>,
    /// When each conversation was last looked at, ms since 1970.
    seen: BTreeMap<ConversationId, u64>,
    known: BTreeSet<ChatId>,
    /// What went out on the channel that is open, whether it was received or not.
    sent: BTreeSet<ChatId>,
    pace: Allowance,
    /// More waits to go out then.
    next_at: Option<Time>,
}

impl Default for Chats {
    fn default() -> Self {
        Self {
            messages: BTreeMap::new(),
            seen: BTreeMap::new(),
            known: BTreeSet::new(),
            sent: BTreeSet::new(),
            pace: Allowance::new(SENT_AT_ONCE, SENT_PER_SECOND),
            next_at: None,
        }
    }
}

impl Chats {
    /// What was kept, in any order, until [`Self::restored`].
    pub(crate) fn restore(&mut self, conversation: ConversationId, message: KeptChat) {
        if self.known.insert(message.id) {
            self.messages.entry(conversation).or_default().push(message);
        }
    }

    /// Everything that was kept is there. Gives what is too old to be kept on.
    pub(crate) fn restored(&mut self) -> Vec<Record> {
        let mut forgotten = Vec::new();
        for (conversation, messages) in &mut self.messages {
            messages.sort_by_key(|message| (message.at, message.id));
            let over = messages.len().saturating_sub(Record::KEPT_CHATS);
            for message in messages.drain(..over) {
                self.known.remove(&message.id);
                forgotten.push(forget(*conversation, message.id));
            }
        }
        forgotten
    }

    /// What was kept.
    pub(crate) fn restore_seen(&mut self, conversation: ConversationId, at: u64) {
        self.seen.insert(conversation, at);
    }

    /// Nothing is kept of anybody.
    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.seen.is_empty()
    }

    pub(crate) fn messages(&self, conversation: ConversationId) -> &[KeptChat] {
        self.messages.get(&conversation).map_or(&[], Vec::as_slice)
    }

    /// When a conversation was last looked at.
    pub(crate) fn seen_at(&self, conversation: ConversationId) -> u64 {
        self.seen.get(&conversation).copied().unwrap_or_default()
    }

    /// The person looks at a conversation. `None` if that changes nothing that is kept.
    pub(crate) fn see(&mut self, conversation: ConversationId, at: u64) -> Option<Record> {
        let seen = self.seen.entry(conversation).or_default();
        if *seen >= at {
            return None;
        }
        *seen = at;
        Some(Record::Seen { conversation, at })
    }

    /// Messages of others that came since the conversation was last looked at.
    pub(crate) fn unread(&self, conversation: ConversationId, me: UserId) -> u32 {
        let seen = self.seen_at(conversation);
        let unread = self
            .messages(conversation)
            .iter()
            .filter(|message| message.from != me && message.at > seen);
        u32::try_from(unread.count()).unwrap_or(u32::MAX)
    }

    /// This person wrote something.
    pub(crate) fn write(
        &mut self,
        conversation: ConversationId,
        id: ChatId,
        me: UserId,
        text: ChatText,
        at: u64,
    ) -> Vec<Record> {
        self.add(conversation, KeptChat { id, from: me, text, at, delivered: false })
    }

    /// Somebody wrote. Nothing to keep if it was here already.
    pub(crate) fn receive(
        &mut self,
        conversation: ConversationId,
        id: ChatId,
        from: UserId,
        text: ChatText,
        at: u64,
    ) -> Vec<Record> {
        if self.known.contains(&id) {
            return Vec::new();
        }
        self.add(conversation, KeptChat { id, from, text, at, delivered: true })
    }

    /// The other side has a message. `None` if that was known.
    pub(crate) fn delivered(&mut self, conversation: ConversationId, id: ChatId) -> Option<Record> {
        let messages = self.messages.get_mut(&conversation)?;
        let message = messages.iter_mut().find(|message| message.id == id && !message.delivered)?;
        message.delivered = true;
        Some(Record::Chat { conversation, id, message: Some(message.clone()) })
    }

    /// A channel opened: what the other side does not have goes out, and again what went out on a
    /// former one.
    pub(crate) fn open(&mut self) {
        self.sent.clear();
    }

    /// What goes out now of what the other side does not have, oldest first. The rest follows at
    /// [`Self::deadline`].
    pub(crate) fn outgoing(
        &mut self,
        now: Time,
        conversation: ConversationId,
        me: UserId,
    ) -> Vec<ChannelMessage> {
        self.next_at = None;
        let mut out = Vec::new();
        let messages = self.messages.get(&conversation).map_or(&[][..], Vec::as_slice);
        let waits = |message: &&KeptChat| message.from == me && !message.delivered;
        for message in messages.iter().filter(waits) {
            if self.sent.contains(&message.id) {
                continue;
            }
            if !self.pace.take(now) {
                self.next_at = Some(self.pace.next());
                break;
            }
            self.sent.insert(message.id);
            out.push(channel_message(message));
        }
        out
    }

    /// Nobody is there to send to; [`Self::open`] starts anew.
    pub(crate) const fn pause(&mut self) {
        self.next_at = None;
    }

    /// When more goes out.
    pub(crate) const fn deadline(&self) -> Option<Time> {
        self.next_at
    }

    fn add(&mut self, conversation: ConversationId, message: KeptChat) -> Vec<Record> {
        let id = message.id;
        self.known.insert(id);
        let messages = self.messages.entry(conversation).or_default();
        messages.push(message.clone());
        let mut records = vec![Record::Chat { conversation, id, message: Some(message) }];
        if messages.len() > Record::KEPT_CHATS {
            let forgotten = messages.remove(0);
            self.known.remove(&forgotten.id);
            self.sent.remove(&forgotten.id);
            records.push(forget(conversation, forgotten.id));
        }
        records
    }
}

const fn forget(conversation: ConversationId, id: ChatId) -> Record {
    Record::Chat { conversation, id, message: None }
}

/// How a kept message travels.
fn channel_message(message: &KeptChat) -> ChannelMessage {
    ChannelMessage::Chat { id: message.id, text: message.text.clone(), sent_at: message.at }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u64) -> ChatId {
        ChatId::from_parts(n, [0; 10])
    }

    fn text() -> ChatText {
        ChatText::new("hello").expect("text")
    }

    const ME: UserId = UserId::from_bytes([1; 16]);
    const OTHER: UserId = UserId::from_bytes([2; 16]);
    const PLACE: ConversationId = ConversationId::from_bytes([3; 16]);

    #[test]
    fn a_message_is_kept_once_however_often_it_comes() {
        let mut chats = Chats::default();
        assert_eq!(chats.receive(PLACE, id(1), OTHER, text(), 10).len(), 1);
        assert!(chats.receive(PLACE, id(1), OTHER, text(), 11).is_empty());
        assert_eq!(chats.unread(PLACE, ME), 1);
        assert!(chats.see(PLACE, 10).is_some());
        assert_eq!(chats.unread(PLACE, ME), 0);
        assert!(chats.see(PLACE, 9).is_none(), "time does not go back");
    }

    #[test]
    fn an_own_message_waits_until_it_was_received_and_is_never_unread() {
        let mut chats = Chats::default();
        chats.write(PLACE, id(1), ME, text(), 10);
        chats.write(PLACE, id(2), ME, text(), 11);
        assert_eq!(chats.outgoing(Time(0), PLACE, ME).len(), 2);
        assert!(chats.outgoing(Time(0), PLACE, ME).is_empty(), "once a channel");
        assert!(chats.delivered(PLACE, id(1)).is_some());
        assert!(chats.delivered(PLACE, id(1)).is_none(), "once");
        chats.open();
        assert_eq!(chats.outgoing(Time(0), PLACE, ME).len(), 1);
        assert_eq!(chats.unread(PLACE, ME), 0);
    }

    #[test]
    fn a_long_backlog_goes_out_at_a_pace_and_in_its_order() {
        let mut chats = Chats::default();
        for n in 0..400 {
            chats.write(PLACE, id(n), ME, text(), n);
        }
        let mut now = Time(5);
        let mut out = chats.outgoing(now, PLACE, ME);
        assert_eq!(out.len(), 100);
        while let Some(next) = chats.deadline() {
            assert!(next > now, "time passes");
            now = next;
            out.extend(chats.outgoing(now, PLACE, ME));
        }
        let expected =
            (0..400).map(|n| ChannelMessage::Chat { id: id(n), text: text(), sent_at: n });
        assert!(out.into_iter().eq(expected), "all of it");
        assert!((37_000..39_000).contains(&now.0), "{now:?}");
    }

    #[test]
    fn what_was_kept_is_known_again() {
        let mut later = Chats::default();
        for n in [2, 1] {
            let mut chats = Chats::default();
            let records = chats.receive(PLACE, id(n), OTHER, text(), n);
            let [Record::Chat { message: Some(message), .. }] = &records[..] else {
                panic!("a record is kept: {records:?}")
            };
            later.restore(PLACE, message.clone());
        }
        assert!(later.restored().is_empty());
        assert!(later.receive(PLACE, id(1), OTHER, text(), 20).is_empty());
        let order: Vec<ChatId> = later.messages(PLACE).iter().map(|one| one.id).collect();
        assert_eq!(order, [id(1), id(2)], "in the order in which they came");
    }

    #[test]
    fn only_the_newest_are_kept_and_each_costs_what_it_is_long() {
        let mut chats = Chats::default();
        let mut written = 0;
        let long = ChatText::new("x".repeat(4_000)).expect("text");
        for n in 0..600 {
            let records = chats.receive(PLACE, id(n), OTHER, long.clone(), n);
            written +=
                records.iter().map(|one| bellwire_protocol::encode(one).len()).sum::<usize>();
            assert_eq!(records.len(), 1 + usize::from(n >= 500), "and an old one is forgotten");
        }
        assert_eq!(chats.messages(PLACE).len(), Record::KEPT_CHATS);
        assert_eq!(chats.messages(PLACE)[0].id, id(100));
        assert!(written < 600 * 4_500, "{written} bytes for 600 messages of 4,000");
    }
}
