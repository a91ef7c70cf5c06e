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
        let unread = self.messages(conversation).iter().filter(|message| message.from != me && message.at > seen);
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
