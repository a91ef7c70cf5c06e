//! Groups: nobody is in one without having said yes, and everybody can go.

use async_trait::async_trait;
use bellwire_protocol::{ConversationId, DisplayName, GroupInvitation, UserId};
use serde::{Deserialize, Serialize};

use super::StoreError;

/// Members and open invitations of one group. With names at their longest the conversation fits
/// into a frame, and a call in it rings at so many and no more.
pub const MOST_MEMBERS: usize = 32;
/// Groups that somebody made, is in, and can still make another. What others made is not counted:
/// it must not keep anybody from making their own.
pub const MOST_MADE: usize = 64;
/// Groups that somebody can be in and still join another. All of them are in every snapshot.
pub const MOST_JOINED: usize = 256;
/// Open invitations from one person to another. More of them would fill a list that somebody else
/// has to read.
pub const MOST_OPEN: usize = 8;

/// Whom a change of a group concerns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupNews {
    /// Members who see the group differently.
    pub changed: Vec<UserId>,
    /// Who has an invitation that is new or changed.
    pub invited: Vec<UserId>,
    /// For whom the group, or the invitation to it, is gone.
    pub gone: Vec<UserId>,
}

/// What became of a wanted change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupChange {
    /// It is done.
    Done(GroupNews),
    /// It was so before.
    Same,
    /// There is no such group, member or invitation, as far as this user may know.
    NotFound,
    /// The user sees it and may not do that.
    Forbidden,
    /// The other person is no contact of the user, or the user blocked them.
    NoContact,
    /// One of the limits above is reached.
    Full,
}

/// Groups and invitations to them.
#[async_trait]
pub trait Groups: Send + Sync {
    /// Makes a group with this user as its first member, and invites accepted contacts. Nothing is
    /// written unless all of them can be invited.
    async fn create_group(
        &self,
        user: UserId,
        id: ConversationId,
        name: &DisplayName,
        invited: &[UserId],
        now: u64,
    ) -> Result<GroupChange, StoreError>;
    /// Invitations that wait for this user, oldest first.
    async fn invitations(&self, user: UserId) -> Result<Vec<GroupInvitation>, StoreError>;
    /// One of them.
    async fn invitation(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<GroupInvitation>, StoreError>;
    /// A member invites a contact. Whether that person blocked the member cannot be told.
    async fn invite(
        &self,
        user: UserId,
        id: ConversationId,
        other: UserId,
        now: u64,
    ) -> Result<GroupChange, StoreError>;
    /// A member takes an own invitation back.
    async fn withdraw(
        &self,
        user: UserId,
        id: ConversationId,
        other: UserId,
    ) -> Result<GroupChange, StoreError>;
    /// The user becomes a member.
    async fn accept_group(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<GroupChange, StoreError>;
    /// The user does not want to.
    async fn decline_group(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<GroupChange, StoreError>;
    /// The user leaves, or, as the owner, removes another member.
    async fn remove_member(
        &self,
        user: UserId,
        id: ConversationId,
        member: UserId,
    ) -> Result<GroupChange, StoreError>;
    /// The owner gives it another name.
    async fn rename_group(
        &self,
        user: UserId,
        id: ConversationId,
        name: &DisplayName,
    ) -> Result<GroupChange, StoreError>;
}
