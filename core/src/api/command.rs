//! What a person can want.

use bellwire_protocol::{
    CallId, CallableBy, ConversationId, DeviceId, Media, PresenceStatus, UserId,
};
use serde::{Deserialize, Serialize};

use super::{Settings, Slot};

/// What a person can want. A refused one shows as a notice in the view, or, while signing in, as a
/// problem beside the form.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Command {
    /// Make an account and sign in with it.
    CreateAccount {
        /// 2 to 32 of `a-z 0-9 . _ -`; upper case is folded, blanks around it dropped.
        username: String,
        /// What others see; the user name where empty.
        display_name: String,
        /// Ten characters or more.
        password: String,
        /// Where the relay wants one.
        invite: Option<String>,
    },
    /// Sign in.
    SignIn {
        /// As in `create_account`.
        username: String,
        /// The password.
        password: String,
    },
    /// Look whose password a code sets, which somebody who runs the relay made. Only signed out.
    CheckReset {
        /// The code, or the link that brings it, as a person pastes it.
        code: String,
    },
    /// Set a new password by the code that was looked at, and sign in with it.
    ResetPassword {
        /// Ten characters or more.
        password: String,
    },
    /// Put the code away, and what was said of it: it is not used.
    ForgetReset,
    /// Sign out, erase what is kept here, revoke this device. Ends a call first.
    SignOut,
    /// Use another relay. Only signed out.
    SetRelay {
        /// As a person writes it; `https://` is added where missing.
        address: String,
    },
    /// Try to reach the relay at once.
    Reconnect,
    /// The person read a notice.
    DismissNotice {
        /// Its number.
        notice: u32,
    },
    /// Ask somebody to be a contact.
    AddContact {
        /// Exact user name.
        username: String,
    },
    /// Accept somebody's request.
    AcceptContact {
        /// Who.
        user: UserId,
    },
    /// Refuse a request, take one back, or end a contact.
    RemoveContact {
        /// Who.
        user: UserId,
    },
    /// Never hear of somebody again. They are not told.
    BlockPerson {
        /// Who.
        user: UserId,
    },
    /// Take a block back.
    UnblockPerson {
        /// Who.
        user: UserId,
    },
    /// Make a group and invite contacts to it. They are in it once they accept.
    CreateGroup {
        /// What it is called.
        name: String,
        /// Accepted contacts, at least one.
        members: Vec<UserId>,
    },
    /// Invite a contact to a group.
    InviteToGroup {
        /// Which.
        conversation: ConversationId,
        /// Who.
        user: UserId,
    },
    /// Take an own invitation to a group back.
    WithdrawInvitation {
        /// Which group.
        conversation: ConversationId,
        /// Who was invited.
        user: UserId,
    },
    /// Join a group that somebody asked this person into.
    AcceptGroup {
        /// Which.
        conversation: ConversationId,
    },
    /// Do not join it. Only who invited hears of it.
    DeclineGroup {
        /// Which.
        conversation: ConversationId,
    },
    /// Leave a group. Whoever has been in it longest owns it from then on.
    LeaveGroup {
        /// Which.
        conversation: ConversationId,
    },
    /// Remove somebody from a group that this person owns.
    RemoveMember {
        /// Which.
        conversation: ConversationId,
        /// Who.
        user: UserId,
    },
    /// Give a group that this person owns another name.
    RenameGroup {
        /// Which.
        conversation: ConversationId,
        /// The new name.
        name: String,
    },
    /// Say how available this person is.
    SetStatus {
        /// Not `offline`.
        status: PresenceStatus,
    },
    /// Show a conversation; its missed calls and unread messages count as seen. `None` shows none.
    OpenConversation {
        /// Which.
        conversation: Option<ConversationId>,
    },
    /// Show earlier entries of the open conversation, or of the whole history where none is open.
    LoadEarlier,
    /// Show the newest entries of the open conversation alone: the person is back at its end.
    ShowNewest,
    /// Call everybody in a conversation.
    PlaceCall {
        /// Where.
        conversation: ConversationId,
        /// Voice never opens the camera.
        media: Media,
    },
    /// Accept a call that rings here.
    AcceptCall {
        /// Which.
        call: CallId,
        /// `voice` answers a video call without the own picture.
        media: Media,
    },
    /// Refuse a call that rings here.
    DeclineCall {
        /// Which.
        call: CallId,
    },
    /// Give up a call that nobody answered, or leave a live one.
    HangUp {
        /// Which.
        call: CallId,
    },
    /// Put the ended call away.
    DismissCall {
        /// Which.
        call: CallId,
    },
    /// Switch what this device sends: `audio` is mute, `camera`, `screen`. Asking again for one
    /// that is on but has a problem tries the device again.
    SetSlot {
        /// Which.
        slot: Slot,
        /// Send or not.
        on: bool,
    },
    /// Write to the other side. Kept, and delivered when a call connects the two.
    SendChat {
        /// Where.
        conversation: ConversationId,
        /// What.
        text: String,
    },
    /// Everything in this conversation was seen.
    MarkSeen {
        /// Which.
        conversation: ConversationId,
    },
    /// Keep these settings; devices change in a running call at once.
    SaveSettings {
        /// All of them.
        settings: Settings,
    },
    /// Change the name that others see.
    ChangeDisplayName {
        /// The new one.
        display_name: String,
    },
    /// Change who may ring.
    ChangeCallableBy {
        /// The new choice.
        callable_by: CallableBy,
    },
    /// Change the password; signs out every other device.
    ChangePassword {
        /// The present one.
        old_password: String,
        /// The new one.
        new_password: String,
    },
    /// Load the list of this account's devices into the view.
    LoadDevices,
    /// Sign out another device.
    RemoveDevice {
        /// Which.
        device: DeviceId,
    },
    /// Remove the account and everything of it from the relay and from here.
    DeleteAccount {
        /// Asked for again.
        password: String,
    },
}

impl std::fmt::Debug for Command {
    /// The name only: commands carry passwords and what people write.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let json = serde_json::to_value(self).unwrap_or_default();
        let name = json.get("type").and_then(serde_json::Value::as_str).unwrap_or("?");
        write!(f, "Command::{name}")
    }
}
