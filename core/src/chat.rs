//! Chat, kept on this device with its conversation.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_protocol::{ChannelMessage, ChatId, ChatText, ConversationId, UserId};

use crate::{KeptChat, Record};

/// Chat of all conversations.
#[derive(Debug, Default)]
pub(crate) struct Chats {
    messages: BTreeMap<ConversationId, Vec<KeptChat>>,
    /// When each conversation was last looked at, ms since 1970.
    seen: BTreeMap<ConversationId, u64>,
    known: BTreeSet<ChatId>,
}

impl Chats {
    /// What was kept.
    pub(crate) fn restore(&mut self, conversation: ConversationId, messages: Vec<KeptChat>) {
        self.known.extend(messages.iter().map(|message| message.id));
        self.messages.insert(conversation, messages);
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
    ) -> Record {
        self.add(conversation, KeptChat { id, from: me, text, at, delivered: false })
    }

    /// Somebody wrote. `None` if it was here already.
    pub(crate) fn receive(
        &mut self,
        conversation: ConversationId,
        id: ChatId,
        from: UserId,
        text: ChatText,
        at: u64,
    ) -> Option<Record> {
        (!self.known.contains(&id))
            .then(|| self.add(conversation, KeptChat { id, from, text, at, delivered: true }))
    }

    /// The other side has a message. `None` if that was known.
    pub(crate) fn delivered(&mut self, conversation: ConversationId, id: ChatId) -> Option<Record> {
        let messages = self.messages.get_mut(&conversation)?;
        let message = messages.iter_mut().find(|message| message.id == id && !message.delivered)?;
        message.delivered = true;
        Some(Record::Chat { conversation, messages: messages.clone() })
    }

    /// What the other side does not have yet, oldest first.
    pub(crate) fn waiting(&self, conversation: ConversationId, me: UserId) -> Vec<ChannelMessage> {
        self.messages(conversation)
            .iter()
            .filter(|message| message.from == me && !message.delivered)
            .map(channel_message)
            .collect()
    }

    fn add(&mut self, conversation: ConversationId, message: KeptChat) -> Record {
        self.known.insert(message.id);
        let messages = self.messages.entry(conversation).or_default();
        messages.push(message);
        if messages.len() > Record::KEPT_CHATS {
            let forgotten = messages.remove(0);
            self.known.remove(&forgotten.id);
        }
        Record::Chat { conversation, messages: messages.clone() }
    }
}

/// How a kept message travels.
pub(crate) fn channel_message(message: &KeptChat) -> ChannelMessage {
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
        assert!(chats.receive(PLACE, id(1), OTHER, text(), 10).is_some());
        assert!(chats.receive(PLACE, id(1), OTHER, text(), 11).is_none());
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
        assert_eq!(chats.waiting(PLACE, ME).len(), 2);
        assert!(chats.delivered(PLACE, id(1)).is_some());
        assert!(chats.delivered(PLACE, id(1)).is_none(), "once");
        assert_eq!(chats.waiting(PLACE, ME).len(), 1);
        assert_eq!(chats.unread(PLACE, ME), 0);
    }

    #[test]
    fn what_was_kept_is_known_again() {
        let mut chats = Chats::default();
        let Some(Record::Chat { messages, .. }) = chats.receive(PLACE, id(1), OTHER, text(), 10)
        else {
            panic!("a record is kept")
        };
        let mut later = Chats::default();
        later.restore(PLACE, messages);
        assert!(later.receive(PLACE, id(1), OTHER, text(), 20).is_none());
    }

    #[test]
    fn only_the_newest_are_kept() {
        let mut chats = Chats::default();
        for n in 0..600 {
            chats.receive(PLACE, id(n), OTHER, text(), n);
        }
        assert_eq!(chats.messages(PLACE).len(), Record::KEPT_CHATS);
        assert_eq!(chats.messages(PLACE)[0].id, id(100));
    }
}
