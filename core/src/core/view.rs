//! What the UI draws.

use bellwire_protocol::{Conversation, ConversationId, UserId};

use super::Core;
use crate::KeptChat;
use crate::account::Account as Who;
use crate::api::{
    Account, ConversationView, Delivery, Entry, FormerSignIn, Home, OfflineCause, OpenConversation,
    RelayState, ResetFor, RingView, View,
};
use crate::history;
use crate::people::People;
use crate::session::Reach;

impl Core {
    pub(super) fn view(&self) -> View {
        View {
            account: self.account_view(),
            relay_address: address(&self.relay).to_owned(),
            relay: match self.session.reach(self.now) {
                Reach::Idle => RelayState::Idle,
                Reach::Connecting => RelayState::Connecting,
                Reach::Online => RelayState::Online,
                Reach::Offline(retry) => {
                    let retry_at = retry.map_or(0, |at| self.clock.unix_of(at));
                    RelayState::Offline { retry_at, cause: self.offline_cause() }
                }
            },
            clock_ahead: self.clock.ahead(),
            skipped_frames: self.session.skipped(),
            notices: self.notices.iter().cloned().collect(),
            settings: self.settings.clone(),
        }
    }

    fn offline_cause(&self) -> OfflineCause {
        match self.page.refusal() {
            Some(refusal) => OfflineCause::OriginRefused { address: refusal.address.clone() },
            None => OfflineCause::Unreachable,
        }
    }

    fn account_view(&self) -> Account {
        match &self.account {
            Who::Loading | Who::Renewing(_) => Account::Loading,
            Who::SignedOut(out) => Account::SignedOut {
                busy: out.busy,
                problem: out.problem.clone(),
                registration: out.registration,
                relay_version: out.version.clone(),
                former: out.former.as_ref().map(|former| FormerSignIn {
                    username: former.username.clone(),
                    name: former.name.clone(),
                }),
                reset: out.reset.as_ref().map(|known| ResetFor {
                    username: known.person.username.as_str().to_owned(),
                    name: known.person.display_name.as_str().to_owned(),
                }),
            },
            Who::SignedIn(tokens) => Account::SignedIn(Box::new(self.home(tokens.kept.user))),
        }
    }

    fn home(&self, me: UserId) -> Home {
        let mut conversations: Vec<ConversationView> = self
            .people
            .conversations()
            .map(|conversation| self.conversation_view(conversation, me))
            .collect();
        conversations.sort_by_key(|view| (std::cmp::Reverse(view.at), view.id));
        let name = |conversation| self.people.name(conversation, Some(me));
        Home {
            me: self.me.clone(),
            ready: self.ready,
            status: self.status,
            contacts: self.people.contacts(),
            invitations: self.people.invitations(),
            conversations,
            open: self.open_view(me),
            history: self
                .history
                .all()
                .take(self.history_window.entries())
                .map(|record| history::entry(record, me, name(record.conversation)))
                .collect(),
            history_has_more: self.history.has_more(None)
                || self.history.all().nth(self.history_window.entries()).is_some(),
            rings: self.ring_views(),
            call: self.calls.view(),
            devices: self.devices.clone(),
        }
    }

    fn ring_views(&self) -> Vec<RingView> {
        let audible = self.settings.ring_here && !self.calls.is_busy();
        self.calls
            .heard_rings()
            .map(|(call, rung)| RingView {
                call,
                conversation: rung.conversation,
                name: rung.from.name.as_str().to_owned(),
                user: rung.from.user,
                media: rung.media,
                audible,
            })
            .collect()
    }

    fn conversation_view(&self, conversation: &Conversation, me: UserId) -> ConversationView {
        let id = conversation.id;
        let name = self.people.name(id, Some(me));
        let other = People::other(conversation, Some(me));
        let call = self.history.of(id).next().or(conversation.last_call.as_ref());
        let message = self.chats.messages(id).last();
        let call_at = call.map_or(0, |record| record.started_at);
        let message_at = message.map_or(0, |message| message.at);
        let last = if message_at > call_at {
            message.map(|message| self.message_entry(message, conversation, me))
        } else {
            call.map(|record| history::entry(record, me, name.clone()))
        };
        ConversationView {
            id,
            kind: conversation.kind,
            name,
            user: other.map(|person| person.user),
            username: other.map(|person| person.username.as_str().to_owned()),
            group: People::group(conversation, Some(me)),
            presence: self.people.availability(conversation, Some(me)),
            missed: self.history.missed(id, me, self.chats.seen_at(id)),
            unread: self.chats.unread(id, me),
            last,
            at: conversation.created_at.max(call_at).max(message_at),
        }
    }

    fn open_view(&self, me: UserId) -> Option<OpenConversation> {
        let id = self.open?;
        let conversation = self.people.conversation(id)?;
        let name = self.people.name(id, Some(me));
        let most = self.open_window.entries();
        // The newest of both are among the newest of each.
        let calls = self
            .history
            .of(id)
            .take(most)
            .map(|record| (record.started_at, history::entry(record, me, name.clone())));
        let messages = self
            .chats
            .messages(id)
            .iter()
            .rev()
            .take(most)
            .map(|message| (message.at, self.message_entry(message, conversation, me)));
        let mut entries: Vec<(u64, Entry)> = messages.chain(calls).collect();
        entries.reverse();
        entries.sort_by_key(|(at, _)| *at);
        let entries = entries.split_off(entries.len().saturating_sub(most));
        Some(OpenConversation {
            id,
            entries: entries.into_iter().map(|(_, entry)| entry).collect(),
            has_more: self.history.has_more(Some(id)) || self.known_entries(id) > most,
            loading: self.history.is_loading(Some(id)),
        })
    }

    /// How many calls and messages of a conversation are here.
    pub(super) fn known_entries(&self, conversation: ConversationId) -> usize {
        self.history.of(conversation).count() + self.chats.messages(conversation).len()
    }

    fn message_entry(&self, message: &KeptChat, conversation: &Conversation, me: UserId) -> Entry {
        let from = (message.from != me)
            .then(|| self.people.member(conversation.id, message.from).unwrap_or_default());
        Entry::Message {
            id: message.id,
            from,
            text: message.text.as_str().to_owned(),
            at: message.at,
            delivery: if message.delivered { Delivery::Delivered } else { Delivery::Waiting },
        }
    }
}

/// A relay's address without its scheme.
pub(super) fn address(relay: &str) -> &str {
    relay.strip_prefix("https://").or_else(|| relay.strip_prefix("http://")).unwrap_or(relay)
}
