//! Messages of a chat: written, sent, received.

use bellwire_protocol::{ChannelMessage, ChatId, ChatText, ConversationId, Participant};

use super::Core;
use crate::Output;
use crate::api::Alert;

impl Core {
    pub(super) fn on_channel_message(
        &mut self,
        from: &Participant,
        conversation: ConversationId,
        message: ChannelMessage,
    ) {
        let records = match message {
            ChannelMessage::Chat { id, text, sent_at: _ } => {
                let at = self.unix();
                let words = text.as_str().to_owned();
                let records = self.chats.receive(conversation, id, from.user, text, at);
                let receipt = ChannelMessage::ChatReceived { id };
                self.calls.send_chat(conversation, &receipt, &mut self.outputs);
                if !records.is_empty() {
                    self.follow(conversation);
                    let name = from.name.as_str().to_owned();
                    self.outputs.push_back(Output::Alert(Alert::Message {
                        conversation,
                        name,
                        text: words,
                    }));
                }
                records
            }
            ChannelMessage::ChatReceived { id } => {
                self.chats.delivered(conversation, id).into_iter().collect()
            }
            ChannelMessage::Heartbeat { .. }
            | ChannelMessage::MediaState { .. }
            | ChannelMessage::SdpOffer { .. }
            | ChannelMessage::SdpAnswer { .. }
            | ChannelMessage::IceCandidate { .. }
            | ChannelMessage::Leave
            | ChannelMessage::Unknown => Vec::new(),
        };
        self.outputs.extend(records.into_iter().map(Output::Store));
    }

    /// Sends what waits in a conversation, as far as its pace allows.
    pub(super) fn deliver(&mut self, conversation: ConversationId) {
        let Some(me) = self.me.as_ref().map(|me| me.user) else { return };
        if !self.calls.can_send_chat(conversation) {
            self.chats.pause();
            return;
        }
        for message in self.chats.outgoing(self.now, conversation, me) {
            self.calls.send_chat(conversation, &message, &mut self.outputs);
        }
    }

    /// A message came at the end of a conversation.
    fn follow(&mut self, conversation: ConversationId) {
        if self.open == Some(conversation) {
            self.open_window.follow();
        }
    }

    pub(super) fn write_chat(&mut self, conversation: ConversationId, text: ChatText) {
        let Some(me) = self.me.as_ref().map(|me| me.user) else { return };
        let at = self.unix();
        let id = ChatId::from_parts(at, self.random.id());
        let records = self.chats.write(conversation, id, me, text, at);
        self.follow(conversation);
        self.outputs.extend(records.into_iter().map(Output::Store));
        self.deliver(conversation);
    }
}
