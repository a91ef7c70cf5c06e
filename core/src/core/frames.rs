//! What the socket brings.

use bellwire_protocol::{
    ClientMessage, ErrorCode, NoticeKind, PresenceStatus, RelayFrame, RelayMessage, SecurityNotice,
    Snapshot, Welcome,
};

use super::Core;
use super::replies::seconds;
use crate::LinkEvent;
use crate::api::NoticeText;
use crate::call::Calls;
use crate::people::People;
use crate::session::{Line, News, Refused, Told};

impl Core {
    pub(super) fn handle_link(&mut self, event: &LinkEvent) {
        let hello = self
            .account
            .tokens()
            .map(|tokens| (tokens.kept.access_token.clone(), self.client.clone()));
        let mut line = Line { now: self.now, random: &mut self.random, out: &mut self.outputs };
        let news = self.session.handle_link(event, hello, &mut line);
        if *event == LinkEvent::NetworkChanged {
            self.with_calls(|calls, desk| calls.network_changed(desk));
        }
        self.on_news(news);
    }

    pub(super) fn handle_frame(&mut self, frame: RelayFrame) {
        if let RelayMessage::Pong { server_time, .. } = frame.message {
            self.clock.set(self.now, server_time);
        }
        let mut line = Line { now: self.now, random: &mut self.random, out: &mut self.outputs };
        let news = self.session.handle_frame(frame, &mut line);
        self.on_news(news);
    }

    pub(super) fn on_news(&mut self, news: Option<News>) {
        match news {
            None => {}
            Some(News::Welcomed(welcome)) => self.on_welcome(*welcome),
            Some(News::Snapshot(told)) => self.on_snapshot(*told),
            Some(News::Said(message)) => self.on_message(*message),
            Some(News::Answered { asked, refused, put_off }) => {
                self.on_answered(&asked, refused, put_off);
            }
            Some(News::Unauthenticated) => {
                if let Some(tokens) = self.account.tokens_mut() {
                    tokens.spoil();
                }
            }
            Some(News::Revoked) => self.be_revoked(),
            Some(News::NotOpened) => self.look_for_page(),
            Some(News::Replaced) => self.with_calls(Calls::be_displaced),
        }
    }

    fn on_welcome(&mut self, welcome: Welcome) {
        self.page.accept();
        self.clock.set(self.now, welcome.server_time);
        self.set_me(welcome.me);
        if welcome.resumed {
            self.session.repeat(&mut self.outputs);
        }
        if !welcome.resumed && self.status != PresenceStatus::Online {
            let status = self.status;
            self.session.retract(|asked| matches!(asked, ClientMessage::PresenceSet { .. }));
            self.session.ask(&mut self.outputs, ClientMessage::PresenceSet { status });
        }
        let raced = self.session.take_raced();
        self.with_calls(|calls, desk| calls.relay_is_back(raced, desk));
    }

    fn on_snapshot(&mut self, told: Told) {
        let Told { snapshot, whole } = told;
        if !whole {
            self.tell(NoticeText::ListsIncomplete);
        }
        for record in
            snapshot.conversations.iter().filter_map(|conversation| conversation.last_call.clone())
        {
            self.history.add(record);
        }
        let Snapshot { contacts, conversations, invitations, presence, .. } = snapshot;
        if whole {
            self.people = People::default();
        }
        self.people.take_in(contacts, conversations, invitations, presence);
        self.ready = true;
        for notice in snapshot.notices {
            self.on_notice(notice);
        }
        let reasons = self.history.reasons();
        self.with_calls(|calls, desk| calls.handle_snapshot(snapshot.calls, whole, &reasons, desk));
        self.session.repeat(&mut self.outputs);
        self.load_calls(None, false);
        if self.open.is_some() {
            self.load_calls(self.open, false);
        }
    }

    fn on_message(&mut self, message: RelayMessage) {
        match message {
            RelayMessage::Presence(presence) => self.people.set_presence(&presence),
            RelayMessage::ContactChanged { contact } => self.people.set_contact(contact),
            RelayMessage::ContactRemoved { user } => self.people.remove_contact(user),
            RelayMessage::ConversationChanged { conversation } => {
                if let Some(record) = conversation.last_call.clone() {
                    self.history.add(record);
                }
                self.people.set_conversation(conversation);
            }
            RelayMessage::ConversationInvited { invitation } => {
                self.people.set_invitation(invitation);
            }
            RelayMessage::ConversationRemoved { conversation } => {
                self.people.remove_conversation(conversation);
                if self.open == Some(conversation) {
                    self.open = None;
                }
            }
            RelayMessage::MeChanged { me } => self.set_me(me),
            RelayMessage::Notice(notice) => self.on_notice(notice),
            RelayMessage::CallRecorded { mut record } => {
                let name = self.people.group_name(record.conversation);
                record.name = record.name.or_else(|| name.cloned());
                self.history.add(record);
            }
            RelayMessage::CallIncoming { .. }
            | RelayMessage::CallRinging { .. }
            | RelayMessage::CallAccepted { .. }
            | RelayMessage::CallRejected { .. }
            | RelayMessage::CallEnded { .. }
            | RelayMessage::PeerLeft { .. }
            | RelayMessage::PeerClosed { .. }
            | RelayMessage::PeerReturned { .. }
            | RelayMessage::SdpOffer { .. }
            | RelayMessage::SdpAnswer { .. }
            | RelayMessage::IceCandidates { .. }
            | RelayMessage::MediaState { .. }
            | RelayMessage::CallState { .. }
            | RelayMessage::Peers { .. } => {
                self.with_calls(|calls, desk| calls.handle_relay(message, desk));
            }
            RelayMessage::Welcome(_)
            | RelayMessage::Snapshot(_)
            | RelayMessage::Ok { .. }
            | RelayMessage::Error { .. }
            | RelayMessage::Pong { .. }
            | RelayMessage::GoingAway { .. }
            | RelayMessage::IceServers { .. }
            | RelayMessage::Unknown => {}
        }
    }

    fn on_notice(&mut self, notice: SecurityNotice) {
        match notice.kind {
            NoticeKind::RefreshReused => self.tell(NoticeText::SignInCopied { at: notice.at }),
            NoticeKind::PasswordChanged => {
                self.tell(NoticeText::PasswordChangedElsewhere { at: notice.at })
            }
            NoticeKind::PasswordReset => self.tell(NoticeText::PasswordReset { at: notice.at }),
            NoticeKind::Unknown => {}
        }
    }

    fn on_answered(&mut self, asked: &ClientMessage, refused: Option<Refused>, put_off: bool) {
        if let (ClientMessage::CallInitiate { .. }, Some(refused)) = (asked, refused) {
            self.tell(match refused.code {
                ErrorCode::RateLimited => {
                    NoticeText::RateLimited { retry_after_s: seconds(refused.retry_after_ms) }
                }
                ErrorCode::Busy => NoticeText::AlreadyInCall,
                ErrorCode::Malformed
                | ErrorCode::Unauthenticated
                | ErrorCode::Forbidden
                | ErrorCode::NotFound
                | ErrorCode::Stale
                | ErrorCode::TooLarge
                | ErrorCode::Unavailable
                | ErrorCode::Internal
                | ErrorCode::Unknown => NoticeText::Refused { reason: None },
            });
        }
        self.with_calls(|calls, desk| calls.handle_answer(asked, refused, put_off, desk));
    }
}
