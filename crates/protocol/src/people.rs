//! Users, contacts, conversations, presence.

use serde::{Deserialize, Serialize};

use crate::{CallRecord, ConversationId, DeviceId, DisplayName, UserId, Username};

/// A user as others see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Person {
    /// The account.
    pub user: UserId,
    /// The name to find them with.
    pub username: Username,
    /// The name to show.
    pub display_name: DisplayName,
}

/// The signed-in user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Me {
    /// The account.
    pub user: UserId,
    /// The sign-in.
    pub device: DeviceId,
    /// The name to sign in with.
    pub username: Username,
    /// The name that others see.
    pub display_name: DisplayName,
    /// Who may ring this user.
    pub callable_by: CallableBy,
    /// May invite people, and make codes with which others set a new password.
    pub administrator: bool,
}

/// Who may ring a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum CallableBy {
    /// Only accepted contacts.
    Contacts,
    /// Everyone on this relay.
    Everyone,
}

/// One entry of the contact list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Contact {
    /// Who.
    #[serde(flatten)]
    pub person: Person,
    /// How things stand between the two.
    pub state: ContactState,
}

/// How things stand between two users, seen from one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ContactState {
    /// Both want it; a direct conversation exists.
    Accepted,
    /// The other person asked; waiting for this user.
    Incoming,
    /// This user asked; waiting for the other.
    Outgoing,
    /// This user blocked the other, who is not told.
    Blocked,
}

/// People who can call each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Conversation {
    /// The conversation.
    pub id: ConversationId,
    /// Two people or more.
    pub kind: ConversationKind,
    /// A group's name; `None` for a direct one, which is called by the other person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<DisplayName>,
    /// Everyone in it, the asking user included. Of a group only those who accepted.
    pub members: Vec<Person>,
    /// Who may rename a group and remove others from it: whoever has been in it longest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Whom the asking user invited to a group and who has not answered. Nobody else sees them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invited: Vec<Person>,
    /// When it was made, ms since 1970.
    pub created_at: u64,
    /// The newest call in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<CallRecord>,
}

/// Somebody asks this user into a group. Until they accept they are no member: nobody in the group
/// but the inviter hears of them, and they see no more of it than this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupInvitation {
    /// The group.
    pub conversation: ConversationId,
    /// Its name.
    pub name: DisplayName,
    /// The contact who invites.
    pub from: Person,
    /// How many are in it.
    pub members: u32,
    /// When the invitation was made, ms since 1970.
    pub created_at: u64,
}

/// Two people or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ConversationKind {
    /// Exactly two people, made when a contact is accepted.
    Direct,
    /// Named, with members who each accepted an invitation.
    Group,
}

/// What a user says of their availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum PresenceStatus {
    /// At least one device is connected.
    Online,
    /// Connected, but the person said or showed that they are away.
    Away,
    /// Do not disturb: calls are refused as `dnd` without ringing.
    Dnd,
    /// No device is connected. Only ever sent by the relay.
    Offline,
}

/// One user's availability.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Presence {
    /// Who.
    pub user: UserId,
    /// What they are.
    pub status: PresenceStatus,
}

/// Something about the account's safety that the person must hear of once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SecurityNotice {
    /// What happened.
    pub kind: NoticeKind,
    /// When, ms since 1970.
    pub at: u64,
}

/// What happened to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// A refresh token was used twice: somebody may have copied it. That sign-in was ended.
    RefreshReused,
    /// The password was changed on another device.
    PasswordChanged,
    /// The operator, or a code of an administrator, set a new password.
    PasswordReset,
    /// A kind that this build does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}
