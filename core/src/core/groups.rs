//! What the person does about groups. The effect comes over the socket.

use bellwire_protocol::http::{
    NewConversation, NewGroupInvitation, PatchConversation, ProblemReason,
};
use bellwire_protocol::{ConversationId, DisplayName, UserId, encode};

use super::Core;
use super::requests::Purpose;
use crate::HttpMethod;
use crate::api::NoticeText;

impl Core {
    pub(super) fn refuse_name(&mut self) {
        let reason = Some(ProblemReason::DisplayNameInvalid);
        self.tell(NoticeText::Refused { reason });
    }

    pub(super) fn ask_create_group(&mut self, name: DisplayName, members: Vec<UserId>) {
        let body = encode(&NewConversation { name, members });
        self.ask_signed(Purpose::Other, HttpMethod::Post, "/conversations", Some(body));
    }

    pub(super) fn ask_invite_to_group(&mut self, conversation: ConversationId, user: UserId) {
        let path = format!("/conversations/{conversation}/invitations");
        let body = encode(&NewGroupInvitation { user });
        self.ask_signed(Purpose::Other, HttpMethod::Post, &path, Some(body));
    }

    pub(super) fn ask_withdraw_invitation(&mut self, conversation: ConversationId, user: UserId) {
        let path = format!("/conversations/{conversation}/invitations/{user}");
        self.ask_signed(Purpose::Other, HttpMethod::Delete, &path, None);
    }

    pub(super) fn ask_accept_group(&mut self, conversation: ConversationId) {
        let path = format!("/conversations/{conversation}/accept");
        self.ask_signed(Purpose::Other, HttpMethod::Post, &path, None);
    }

    pub(super) fn ask_decline_group(&mut self, conversation: ConversationId) {
        let path = format!("/conversations/{conversation}/decline");
        self.ask_signed(Purpose::Other, HttpMethod::Post, &path, None);
    }

    pub(super) fn ask_remove_member(&mut self, conversation: ConversationId, user: UserId) {
        let path = format!("/conversations/{conversation}/members/{user}");
        self.ask_signed(Purpose::Other, HttpMethod::Delete, &path, None);
    }

    pub(super) fn ask_rename_group(&mut self, conversation: ConversationId, name: DisplayName) {
        let path = format!("/conversations/{conversation}");
        let body = encode(&PatchConversation { name });
        self.ask_signed(Purpose::Other, HttpMethod::Patch, &path, Some(body));
    }
}
