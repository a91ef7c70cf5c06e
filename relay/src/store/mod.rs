//! What outlives the process: accounts, devices, contacts, conversations, the history of calls.
//!
//! The traits are the seam. [`sqlite`] is the embedded implementation; `tests/store.rs` is the one
//! suite that every implementation has to pass. Whatever a method acknowledged survives a crash
//! of the process and of the machine.

mod dates;
pub mod groups;
mod resets;
pub mod sqlite;

pub use dates::{Dates, Misdated};

use async_trait::async_trait;
use bellwire_protocol::http::{Device, Registration};
use bellwire_protocol::{
    CallId, CallRecord, CallableBy, Contact, Conversation, ConversationId, ConversationKind,
    DeviceId, DisplayName, NoticeKind, Person, SecurityNotice, UserId, Username,
};
use serde::{Deserialize, Serialize};

pub use groups::{GroupChange, GroupNews, Groups};
pub use resets::{Redemption, Resets};

/// Why the store could not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk, or the quota of the database, is full. Reading goes on.
    #[error("the disk is full")]
    Full,
    /// The file may be read and not written. Reading goes on.
    #[error("the database is read-only: {0}")]
    ReadOnly(String),
    /// The disk reports an error other than being full.
    #[error("the disk reports an error: {0}")]
    Disk(String),
    /// Another process holds the database for longer than the busy timeout.
    #[error("the database is locked by another process")]
    Locked,
    /// The database file fails its integrity check or is not a database.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// A newer version of the relay wrote this database.
    #[error("the database has schema {found}, this relay knows up to {known}")]
    Newer {
        /// What the file says.
        found: i64,
        /// What this build can read.
        known: i64,
    },
    /// The file cannot be opened or made.
    #[error("the file cannot be opened: {0}")]
    Unopened(std::io::Error),
    /// What was to be written breaks a rule of the schema, and would again. Nothing was written.
    #[error("the database does not take it: {0}")]
    Unfit(String),
    /// Anything else that the database reports.
    #[error("the database failed: {0}")]
    Fault(String),
}

/// SHA-256 of a token. The tokens themselves are never stored.
pub type TokenHash = [u8; 32];

/// One account with its password hash.
#[derive(Debug, Clone)]
pub struct Account {
    /// Who.
    pub person: Person,
    /// Argon2id, PHC string.
    pub password_hash: String,
    /// Who may ring.
    pub callable_by: CallableBy,
    /// May invite people, and make codes for new passwords.
    pub administrator: bool,
}

/// An account to be made.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Who.
    pub person: Person,
    /// Argon2id, PHC string.
    pub password_hash: String,
    /// ms since 1970.
    pub created_at: u64,
    /// What lets this account in.
    pub admission: Admission,
    /// Its first sign-in, made in the same transaction.
    pub device: Option<NewDevice>,
}

/// What lets a new account in.
#[derive(Debug, Clone)]
pub enum Admission {
    /// Somebody registers. The first account of all is let in by every policy and administers, if
    /// it may be the first.
    Registering {
        /// The operator's policy.
        policy: Registration,
        /// Whether this may be the first.
        may_be_first: bool,
        /// Hash of the invitation's code, where one was given.
        invite: Option<TokenHash>,
    },
    /// The operator adds it on the command line.
    Operator {
        /// Whether it administers.
        administrator: bool,
    },
}

/// Why an account was not made.
#[derive(Debug, thiserror::Error)]
pub enum CreateAccountError {
    /// The name is somebody's.
    #[error("the user name is taken")]
    Taken,
    /// The name is easily taken for somebody's (UTS 39).
    #[error("the user name looks like another")]
    Similar,
    /// The policy asks for an invitation and this one is missing, used or expired.
    #[error("an invitation is required")]
    InviteRequired,
    /// There is no account, and this one may not be the first.
    #[error("the first account needs the setup code")]
    SetupCodeRequired,
    /// The policy lets nobody in.
    #[error("registration is closed")]
    Closed,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A sign-in to be made.
#[derive(Debug, Clone)]
pub struct NewDevice {
    /// Names it.
    pub id: DeviceId,
    /// Whose.
    pub user: UserId,
    /// What it calls itself.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// Its identity key.
    pub public_key: Option<String>,
    /// Hash of its first refresh token.
    pub refresh: TokenHash,
    /// ms since 1970.
    pub created_at: u64,
}

/// Who ended a sign-in. What its client may keep depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum EndedBy {
    /// The owner of the account: the client removes what it keeps.
    Owner,
    /// Anybody and anything else: the client asks for the password again and keeps what it has.
    #[default]
    Other,
}

/// What became of a presented refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// It was good; its successor is stored.
    Rotated(UserId, DeviceId),
    /// It was used, its successor was not and did not arrive: the reply was lost. Nothing changed.
    Repeated(UserId, DeviceId),
    /// It was used before, and its successor was used or arrived. The sign-in is gone and a notice is stored.
    Reused(UserId, DeviceId),
    /// The owner of the account ended its sign-in.
    Ended,
    /// No sign-in has it, or it is too old.
    Unknown,
}

/// How long refresh tokens are good.
#[derive(Debug, Clone, Copy)]
pub struct RefreshLife {
    /// An unused token dies after this long, in ms.
    pub idle_ms: u64,
    /// Used tokens kept for each sign-in, to notice their reuse.
    pub used: u32,
}

/// A new password for an account.
#[derive(Debug, Clone)]
pub struct NewPassword {
    /// Argon2id, PHC string.
    pub hash: String,
    /// The hash that the old password was checked against and the sign-in that asks; none where
    /// neither counts.
    pub asked: Option<(String, DeviceId)>,
    /// Who wants it.
    pub by: EndedBy,
    /// What the person is told at the next sign-in.
    pub notice: Option<NoticeKind>,
    /// ms since 1970.
    pub at: u64,
}

/// A notice with the key to remove it by.
#[derive(Debug, Clone)]
pub struct StoredNotice {
    /// Grows with every notice.
    pub key: i64,
    /// What the person must hear.
    pub notice: SecurityNotice,
}

/// What a request for contact became.
#[derive(Debug, Clone)]
pub enum ContactRequest {
    /// Nobody has that name.
    NoSuchUser,
    /// The user asked for themself.
    Yourself,
    /// It is stored.
    Asked(ContactPair),
    /// It was so before: asked, or contacts already.
    Same(Contact),
    /// The other had asked before: they are contacts.
    Accepted(ContactPair, ConversationId),
}

/// One relation seen from both ends.
#[derive(Debug, Clone)]
pub struct ContactPair {
    /// As the acting user sees it.
    pub mine: Contact,
    /// As the other sees it; absent where the other must not hear of it.
    pub theirs: Option<Contact>,
}

/// A request that was accepted.
#[derive(Debug, Clone)]
pub struct Befriended {
    /// The two contacts.
    pub pair: ContactPair,
    /// Their conversation, if they were no contacts before.
    pub conversation: Option<ConversationId>,
}

/// What the end of a contact or request changed.
#[derive(Debug, Clone)]
pub struct Separation {
    /// From whose list the other is gone. Where a block is left, the blocked person stays listed.
    pub gone_for: Vec<UserId>,
    /// The direct conversation that is hidden from here on.
    pub hidden: Option<ConversationId>,
    /// Invitations between the two that are gone with it.
    pub groups: Vec<(ConversationId, GroupNews)>,
}

/// What a block or its end changed.
#[derive(Debug, Clone)]
pub struct BlockChange {
    /// As the acting user sees it; absent when nothing is left between the two.
    pub mine: Option<Contact>,
    /// False: it was so before.
    pub changed: bool,
    /// Invitations between the two that are gone, or back.
    pub groups: Vec<(ConversationId, GroupNews)>,
}

/// Who a call in a conversation reaches.
#[derive(Debug, Clone)]
pub struct Route {
    /// Two people or more.
    pub kind: ConversationKind,
    /// Who calls.
    pub caller: Person,
    /// Everybody else in it.
    pub others: Vec<RouteMember>,
}

/// One member as a possible callee.
#[derive(Debug, Clone)]
pub struct RouteMember {
    /// Who.
    pub person: Person,
    /// False where a block or the person's choice keeps the call away. The caller must not be able
    /// to tell it from absence.
    pub rings: bool,
}

/// A finished call and who may see it.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// The line.
    pub record: CallRecord,
    /// Whose history it is in.
    pub audience: Vec<UserId>,
}

/// An invitation as it is stored.
#[derive(Debug, Clone)]
pub struct StoredInvite {
    /// Names it.
    pub id: [u8; 16],
    /// Hash of its code.
    pub code: TokenHash,
    /// ms since 1970.
    pub expires_at: u64,
    /// Whether somebody used it.
    pub used: bool,
}

/// A removed account of which people have to be told.
#[derive(Debug, Clone)]
pub struct Departure {
    /// Grows with every removal.
    pub key: i64,
    /// Whose account it was.
    pub user: UserId,
    /// Whom it concerns.
    pub departed: Departed,
}

/// What was there when an account went.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Departed {
    /// Its sign-ins.
    pub devices: Vec<DeviceId>,
    /// Who ended them.
    pub by: EndedBy,
    /// Users that had it in their list: as a contact, asked, were asked, or blocked it.
    pub contacts: Vec<UserId>,
    /// Direct conversations that went with it, with the other member.
    pub conversations: Vec<(ConversationId, UserId)>,
    /// Groups that it was in or asked into.
    #[serde(default)]
    pub groups: Vec<(ConversationId, GroupNews)>,
}

/// Accounts, invitations, notices.
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Whether an account of that name would be made now. Writes nothing, promises nothing.
    async fn admits(
        &self,
        name: &Username,
        admission: &Admission,
        now: u64,
    ) -> Result<(), CreateAccountError>;
    /// Makes an account; spends the invitation in the same transaction. True: it administers.
    async fn create_account(&self, new: NewAccount) -> Result<bool, CreateAccountError>;
    /// The account of that name.
    async fn account_by_name(&self, name: &Username) -> Result<Option<Account>, StoreError>;
    /// The account.
    async fn account(&self, user: UserId) -> Result<Option<Account>, StoreError>;
    /// Whether there is any account.
    async fn has_accounts(&self) -> Result<bool, StoreError>;
    /// Every account, by name.
    async fn accounts(&self) -> Result<Vec<Account>, StoreError>;
    /// Changes what is given.
    async fn patch_account(
        &self,
        user: UserId,
        display_name: Option<&DisplayName>,
        callable_by: Option<CallableBy>,
    ) -> Result<(), StoreError>;
    /// Replaces the password, ends every sign-in but the one that asks, and forgets a code for a new
    /// password, in one transaction. `None`: the password is not the checked one any more, or who
    /// asks is gone. Nothing was written.
    async fn replace_password(
        &self,
        user: UserId,
        new: NewPassword,
    ) -> Result<Option<Vec<DeviceId>>, StoreError>;
    /// Removes the account for its owner, while `checked` is the hash of the password. `None`: it is not any
    /// more. Nothing was written.
    async fn close_account(
        &self,
        user: UserId,
        checked: &str,
        now: u64,
    ) -> Result<Option<Departed>, StoreError>;
    /// Removes the account and everything of it. Others keep their history of calls with it, where
    /// its id is all that is left. In the same transaction it becomes a departure.
    async fn remove_account(&self, user: UserId) -> Result<Departed, StoreError>;
    /// The oldest departures behind this key, whichever process removed the accounts.
    async fn departures(&self, after: i64) -> Result<Vec<Departure>, StoreError>;
    /// Forgets those up to this key: everybody was told.
    async fn forget_departures(&self, up_to: i64) -> Result<(), StoreError>;

    /// Stores an invitation.
    async fn add_invite(&self, invite: StoredInvite) -> Result<(), StoreError>;
    /// Every invitation, newest first.
    async fn invites(&self) -> Result<Vec<StoredInvite>, StoreError>;
    /// Takes one back. False: there is none.
    async fn remove_invite(&self, id: [u8; 16]) -> Result<bool, StoreError>;

    /// Forgets invitations that expired before this time.
    async fn prune_invites(&self, expired_before: u64) -> Result<(), StoreError>;

    /// Stores a notice until it is delivered. Of many the newest are kept.
    async fn add_notice(&self, user: UserId, kind: NoticeKind, at: u64) -> Result<(), StoreError>;
    /// What the user has not heard yet.
    async fn notices(&self, user: UserId) -> Result<Vec<StoredNotice>, StoreError>;
    /// Forgets delivered notices up to this key.
    async fn remove_notices(&self, user: UserId, up_to: i64) -> Result<(), StoreError>;
}

/// Sign-ins and their refresh tokens.
#[async_trait]
pub trait SignIns: Send + Sync {
    /// Stores a sign-in, while `checked` is the hash of the account's password; replaces that by
    /// `renewed`. Says which sign-ins went because the account has `most` at most. `None`: the
    /// password is not the checked one any more. Nothing was written.
    async fn add_device(
        &self,
        new: NewDevice,
        checked: &str,
        renewed: Option<&str>,
        most: u32,
    ) -> Result<Option<Vec<DeviceId>>, StoreError>;
    /// Whether this sign-in of this user exists.
    async fn has_device(&self, user: UserId, device: DeviceId) -> Result<bool, StoreError>;
    /// The user's sign-ins, newest first. `this` is false on all.
    async fn devices(&self, user: UserId) -> Result<Vec<Device>, StoreError>;
    /// Ends a sign-in of this user, for its owner. False: there is none.
    async fn end_device(
        &self,
        user: UserId,
        device: DeviceId,
        now: u64,
    ) -> Result<bool, StoreError>;
    /// Of these sign-ins, those that do not exist (any more).
    async fn missing_devices(&self, devices: &[DeviceId]) -> Result<Vec<DeviceId>, StoreError>;
    /// A number that changes with every sign-in that goes, whoever removed it and why.
    async fn removals(&self) -> Result<i64, StoreError>;
    /// Forgets sign-ins that were not used since this time, and what is kept of ended ones.
    async fn prune_sign_ins(&self, unused_since: u64) -> Result<(), StoreError>;
    /// Whether a sign-in has or had this refresh token. Does not wait for those who write.
    async fn knows_refresh(&self, presented: TokenHash) -> Result<bool, StoreError>;
    /// Whoever asked for this refresh token has it. Writes only where that is news of a successor.
    async fn refresh_arrived(&self, refresh: TokenHash) -> Result<(), StoreError>;
    /// Exchanges a refresh token for its successor, in one transaction.
    async fn rotate_refresh(
        &self,
        presented: TokenHash,
        successor: TokenHash,
        now: u64,
        life: RefreshLife,
    ) -> Result<Rotation, StoreError>;
}

/// Contacts, blocks, conversations.
#[async_trait]
pub trait People: Send + Sync {
    /// The user's contact list.
    async fn contacts(&self, user: UserId) -> Result<Vec<Contact>, StoreError>;
    /// Asks for contact; accepts where the other asked before.
    async fn request_contact(
        &self,
        user: UserId,
        name: &Username,
        conversation: ConversationId,
        now: u64,
    ) -> Result<ContactRequest, StoreError>;
    /// Accepts a request. `None`: nobody asked.
    async fn accept_contact(
        &self,
        user: UserId,
        other: UserId,
        conversation: ConversationId,
        now: u64,
    ) -> Result<Option<Befriended>, StoreError>;
    /// Removes a contact or request on both sides. `None`: there was nothing.
    async fn remove_contact(
        &self,
        user: UserId,
        other: UserId,
    ) -> Result<Option<Separation>, StoreError>;
    /// Blocks. `None`: no such user.
    async fn block(&self, user: UserId, other: UserId) -> Result<Option<BlockChange>, StoreError>;
    /// Takes a block back. `None`: there was none.
    async fn unblock(&self, user: UserId, other: UserId)
    -> Result<Option<BlockChange>, StoreError>;

    /// The user's conversations with their newest call.
    async fn conversations(&self, user: UserId) -> Result<Vec<Conversation>, StoreError>;
    /// One of them. `None`: absent, or not the user's.
    async fn conversation(
        &self,
        user: UserId,
        id: ConversationId,
    ) -> Result<Option<Conversation>, StoreError>;
    /// The user's contacts, who see their presence and the reverse: blocks count in both
    /// directions. A group that two people share shows neither to the other.
    async fn audience(&self, user: UserId) -> Result<Vec<UserId>, StoreError>;
    /// Everybody whom the user blocked or who blocked the user.
    async fn blocks_around(&self, user: UserId) -> Result<Vec<UserId>, StoreError>;
    /// Whom a call reaches. `None`: no such conversation of this user.
    async fn route(
        &self,
        user: UserId,
        conversation: ConversationId,
    ) -> Result<Option<Route>, StoreError>;
}

/// The history of calls.
#[async_trait]
pub trait History: Send + Sync {
    /// Stores a finished call. False: it was stored before, and stays as it was. Whoever is gone by
    /// then keeps nobody else from having it.
    async fn add_record(&self, new: NewRecord) -> Result<bool, StoreError>;
    /// Whether the call is in anybody's history.
    async fn has_record(&self, call: CallId) -> Result<bool, StoreError>;
    /// The user's calls, newest first, those placed before `before` if it is given.
    async fn records(
        &self,
        user: UserId,
        conversation: Option<ConversationId>,
        before: Option<CallId>,
        limit: u32,
    ) -> Result<Vec<CallRecord>, StoreError>;
    /// Forgets calls that ended before this time. Says how many.
    async fn prune_records(&self, ended_before: u64) -> Result<u64, StoreError>;
}

/// Everything that a relay keeps.
#[async_trait]
pub trait Store: Accounts + Resets + SignIns + People + Groups + History + Dates {
    /// Whether the store can be read.
    async fn check(&self) -> Result<(), StoreError>;
    /// Writes something of the size of a few rows, and forgets it: whether a write would be taken
    /// now. Where it is not, it also mends what can be mended, so that the next one may be.
    async fn check_writing(&self) -> Result<(), StoreError>;
    /// Whether something failed since the last [`Store::check_writing`] that went well.
    fn is_suspect(&self) -> bool;
    /// Flushes and closes. Nothing can be asked afterwards.
    async fn close(&self);
}
