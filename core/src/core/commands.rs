//! What the person wants.

use bellwire_protocol::http::{PatchMe, ProblemReason};
use bellwire_protocol::{ChatText, ClientMessage, ConversationId, PresenceStatus, Secret};

use super::{Core, display_name};
use crate::account::{Account, SignedOut};
use crate::api::{Command, NoticeText, Settings, SignInProblem, Slot};
use crate::machine::Event;
use crate::session::Line;
use crate::window::Window;
use crate::{Output, Record, SignIn};

impl Core {
    pub(super) fn handle_command(&mut self, command: Command) {
        match &self.account {
            Account::Loading | Account::Renewing(_) => {
                if let Command::SaveSettings { settings } = command {
                    self.save_settings(settings);
                }
            }
            Account::SignedOut(_) => self.handle_signed_out(command),
            Account::SignedIn(_) => self.handle_signed_in(command),
        }
    }

    fn handle_signed_out(&mut self, command: Command) {
        match command {
            Command::CreateAccount { username, display_name, password, invite } => {
                let username = fold(&username);
                let name = display_name.trim();
                let name = if name.is_empty() { username.clone() } else { name.to_owned() };
                let Some(password) = self.start_sign_in(password) else { return };
                let invite = invite.and_then(|invite| Secret::new(invite.trim()).ok());
                self.ask_register(username, name, password, invite);
            }
            Command::SignIn { username, password } => {
                let Some(password) = self.start_sign_in(password) else { return };
                self.ask_sign_in(fold(&username), password);
            }
            Command::CheckReset { code } => self.check_reset(&code),
            Command::ResetPassword { password } => self.reset_password(password),
            Command::ForgetReset => self.forget_reset(),
            // A former sign-in belongs to its relay.
            Command::SetRelay { .. } if self.former().is_some() => {}
            Command::SetRelay { address } => {
                self.relay = relay_url(&address);
                self.pending.clear();
                self.be_signed_out(SignedOut::default());
            }
            Command::Reconnect => self.look_at = Some(self.now),
            Command::SaveSettings { settings } => self.save_settings(settings),
            Command::SignOut => {
                if self.former().is_some() {
                    self.pending.clear();
                    self.notices.clear();
                    self.forget_person(SignedOut::default());
                }
            }
            Command::DismissNotice { .. }
            | Command::AddContact { .. }
            | Command::AcceptContact { .. }
            | Command::RemoveContact { .. }
            | Command::BlockPerson { .. }
            | Command::UnblockPerson { .. }
            | Command::CreateGroup { .. }
            | Command::InviteToGroup { .. }
            | Command::WithdrawInvitation { .. }
            | Command::AcceptGroup { .. }
            | Command::DeclineGroup { .. }
            | Command::LeaveGroup { .. }
            | Command::RemoveMember { .. }
            | Command::RenameGroup { .. }
            | Command::SetStatus { .. }
            | Command::OpenConversation { .. }
            | Command::LoadEarlier
            | Command::ShowNewest
            | Command::PlaceCall { .. }
            | Command::AcceptCall { .. }
            | Command::DeclineCall { .. }
            | Command::HangUp { .. }
            | Command::DismissCall { .. }
            | Command::SetSlot { .. }
            | Command::SendChat { .. }
            | Command::MarkSeen { .. }
            | Command::ChangeDisplayName { .. }
            | Command::ChangeCallableBy { .. }
            | Command::ChangePassword { .. }
            | Command::LoadDevices
            | Command::RemoveDevice { .. }
            | Command::DeleteAccount { .. } => {}
        }
    }

    /// Whether calls of this person may go through a server only, and there is none: each would be
    /// tried for a while in vain.
    fn nothing_hides(&self) -> bool {
        self.settings.always_relay && !self.session.has_turn()
    }

    /// Who was signed in until the relay refused it.
    pub(super) fn former(&self) -> Option<&SignIn> {
        match &self.account {
            Account::SignedOut(out) => out.former.as_deref(),
            Account::Loading | Account::Renewing(_) | Account::SignedIn(_) => None,
        }
    }

    /// Checks what a form can get wrong, and shows that a request is on its way.
    pub(super) fn start_sign_in(&mut self, password: String) -> Option<Secret> {
        let out = self.account.signed_out_mut()?;
        if out.busy {
            return None;
        }
        let Ok(password) = Secret::new(password) else {
            let reason = ProblemReason::PasswordLength;
            out.problem = Some(SignInProblem::Refused { reason });
            return None;
        };
        out.busy = true;
        out.problem = None;
        Some(password)
    }

    fn handle_signed_in(&mut self, command: Command) {
        match command {
            Command::CreateAccount { .. }
            | Command::SignIn { .. }
            | Command::CheckReset { .. }
            | Command::ResetPassword { .. }
            | Command::ForgetReset
            | Command::SetRelay { .. } => {}
            Command::SignOut => self.sign_out(),
            Command::Reconnect => {
                self.page.ask_anew();
                let mut line =
                    Line { now: self.now, random: &mut self.random, out: &mut self.outputs };
                self.session.hurry(&mut line);
            }
            Command::DismissNotice { notice } => self.notices.retain(|shown| shown.id != notice),
            Command::AddContact { username } => self.ask_add_contact(fold(&username)),
            Command::AcceptContact { user } => self.ask_accept_contact(user),
            Command::RemoveContact { user } => self.ask_remove_contact(user),
            Command::BlockPerson { user } => self.ask_block(user),
            Command::UnblockPerson { user } => self.ask_unblock(user),
            Command::CreateGroup { name, members } => match display_name(&name) {
                Some(name) => self.ask_create_group(name, members),
                None => self.refuse_name(),
            },
            Command::InviteToGroup { conversation, user } => {
                self.ask_invite_to_group(conversation, user);
            }
            Command::WithdrawInvitation { conversation, user } => {
                self.ask_withdraw_invitation(conversation, user);
            }
            Command::AcceptGroup { conversation } => self.ask_accept_group(conversation),
            Command::DeclineGroup { conversation } => self.ask_decline_group(conversation),
            Command::LeaveGroup { conversation } => {
                if let Some(me) = self.me.as_ref().map(|me| me.user) {
                    self.ask_remove_member(conversation, me);
                }
            }
            Command::RemoveMember { conversation, user } => {
                self.ask_remove_member(conversation, user);
            }
            Command::RenameGroup { conversation, name } => match display_name(&name) {
                Some(name) => self.ask_rename_group(conversation, name),
                None => self.refuse_name(),
            },
            Command::SetStatus { status } => self.set_status(status),
            Command::OpenConversation { conversation } => self.open_conversation(conversation),
            Command::LoadEarlier => self.show_earlier(),
            Command::ShowNewest => self.open_window = Window::default(),
            Command::PlaceCall { conversation, media } => {
                if !self.session.is_online() {
                    self.tell(NoticeText::NotConnected);
                } else if self.nothing_hides() {
                    self.tell(NoticeText::NothingHides);
                } else if self.people.conversation(conversation).is_some() {
                    self.with_calls(|calls, desk| calls.place(conversation, media, desk));
                }
            }
            Command::AcceptCall { .. } if self.session.is_online() && self.nothing_hides() => {
                self.tell(NoticeText::NothingHides);
            }
            Command::AcceptCall { call, media } => {
                self.with_calls(|calls, desk| calls.handle(Event::Accept { call, media }, desk));
            }
            Command::DeclineCall { call } => {
                self.with_calls(|calls, desk| calls.handle(Event::Decline { call }, desk));
            }
            Command::HangUp { call } => {
                self.with_calls(|calls, desk| calls.handle(Event::HangUp { call }, desk));
            }
            Command::DismissCall { call } => {
                self.with_calls(|calls, desk| calls.handle(Event::Dismiss { call }, desk));
            }
            Command::SetSlot { slot, on } => self.with_calls(|calls, desk| {
                calls.switch(slot, on, desk);
                Vec::new()
            }),
            Command::SendChat { conversation, text } => match ChatText::new(text.trim()) {
                Ok(text) if self.people.conversation(conversation).is_some() => {
                    self.write_chat(conversation, text);
                }
                Ok(_) | Err(_) => self.tell(NoticeText::MessageRefused),
            },
            Command::MarkSeen { conversation } => self.see(conversation),
            Command::SaveSettings { settings } => self.save_settings(settings),
            Command::ChangeDisplayName { display_name: text } => match display_name(&text) {
                Some(name) => {
                    self.ask_change_me(&PatchMe { display_name: Some(name), callable_by: None });
                }
                None => self
                    .tell(NoticeText::Refused { reason: Some(ProblemReason::DisplayNameInvalid) }),
            },
            Command::ChangeCallableBy { callable_by } => {
                self.ask_change_me(&PatchMe { display_name: None, callable_by: Some(callable_by) });
            }
            Command::ChangePassword { old_password, new_password } => {
                match (Secret::new(old_password), Secret::new(new_password)) {
                    (Ok(old), Ok(new)) => self.ask_change_password(old, new),
                    (Err(_), _) => self.tell(NoticeText::Refused {
                        reason: Some(ProblemReason::WrongCredentials),
                    }),
                    (Ok(_), Err(_)) => self
                        .tell(NoticeText::Refused { reason: Some(ProblemReason::PasswordLength) }),
                }
            }
            Command::LoadDevices => self.ask_devices(),
            Command::RemoveDevice { device } => self.ask_remove_device(device),
            Command::DeleteAccount { password } => match Secret::new(password) {
                Ok(password) => self.ask_delete_account(password),
                Err(_) => {
                    self.tell(NoticeText::Refused { reason: Some(ProblemReason::WrongCredentials) })
                }
            },
        }
    }

    fn sign_out(&mut self) {
        self.with_calls(|calls, desk| match calls.open_call() {
            Some(call) => calls.handle(Event::HangUp { call }, desk),
            None => Vec::new(),
        });
        self.ask_sign_out();
        self.notices.clear();
        self.forget_person(SignedOut::default());
    }

    fn set_status(&mut self, status: PresenceStatus) {
        if status == PresenceStatus::Offline {
            return;
        }
        self.status = status;
        self.session.retract(|asked| matches!(asked, ClientMessage::PresenceSet { .. }));
        self.session.ask(&mut self.outputs, ClientMessage::PresenceSet { status });
    }

    fn open_conversation(&mut self, conversation: Option<ConversationId>) {
        if self.open != conversation {
            self.open_window = Window::default();
        }
        self.open = conversation;
        if let Some(conversation) = conversation {
            self.see(conversation);
            if self.history.is_unread(Some(conversation)) {
                self.load_calls(Some(conversation), false);
            }
        }
    }

    /// What is here first; the relay is asked where that does not fill the window.
    fn show_earlier(&mut self) {
        let known = match self.open {
            Some(conversation) => self.known_entries(conversation),
            None => self.history.all().count(),
        };
        let window = match self.open {
            Some(_) => &mut self.open_window,
            None => &mut self.history_window,
        };
        window.widen(known);
        if known < window.entries() {
            self.load_calls(self.open, true);
        }
    }

    pub(super) fn load_calls(&mut self, scope: Option<ConversationId>, earlier: bool) {
        if let Some(before) = self.history.start(scope, earlier) {
            self.ask_calls(scope, before);
        }
    }

    fn see(&mut self, conversation: ConversationId) {
        let at = self.unix();
        let record = self.chats.see(conversation, at);
        self.outputs.extend(record.map(Output::Store));
    }

    fn save_settings(&mut self, settings: Settings) {
        let former = std::mem::replace(&mut self.settings, settings);
        if former == self.settings {
            return;
        }
        self.outputs.push_back(Output::Store(Record::Settings(self.settings.clone())));
        let microphone = former.microphone != self.settings.microphone;
        let camera = former.camera != self.settings.camera;
        self.with_calls(|calls, desk| {
            if microphone {
                calls.order_again(Slot::Audio, desk);
            }
            if camera {
                calls.order_again(Slot::Camera, desk);
            }
            Vec::new()
        });
    }
}

/// User names are written in lower case, without blanks around them.
fn fold(username: &str) -> String {
    username.trim().to_lowercase()
}

/// The base URL of a relay whose address was written by a person; empty if nothing was.
#[must_use]
pub fn relay_url(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    if address.is_empty() {
        String::new()
    } else if address.starts_with("https://") || address.starts_with("http://") {
        address.to_owned()
    } else {
        format!("https://{address}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_people_write_them() {
        for (written, meant) in [
            ("calls.example.org", "https://calls.example.org"),
            (" https://calls.example.org/ ", "https://calls.example.org"),
            ("http://localhost:8470", "http://localhost:8470"),
            (" ", ""),
        ] {
            assert_eq!(relay_url(written), meant);
        }
    }
}
