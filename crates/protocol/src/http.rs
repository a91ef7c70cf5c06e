//! Bodies of the HTTP interface under `/api/v1`. Errors are RFC 9457 problems: [`Problem`].

mod routes;

use serde::{Deserialize, Serialize};

pub use routes::{Access, ROUTES, Route, Shape};

use crate::{
    CallId, CallRecord, CallableBy, DeviceId, DisplayName, ErrorCode, Person, Secret, UserId,
};

/// `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// A short English sentence.
    pub title: String,
    /// What the client branches on.
    pub code: ErrorCode,
    /// What exactly was wrong, where a client can tell the person more than `code` does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<ProblemReason>,
    /// When it may work, for `rate_limited`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
}

/// What exactly was wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum ProblemReason {
    /// The user name breaks its rules.
    UsernameInvalid,
    /// The user name is taken.
    UsernameTaken,
    /// The user name is free, but is easily taken for one that is not.
    UsernameSimilar,
    /// The display name breaks its rules.
    DisplayNameInvalid,
    /// The password has under ten characters or over 256 bytes.
    PasswordLength,
    /// The password is among the 10,000 commonest.
    PasswordCommon,
    /// User name or password is wrong; which one is not said.
    WrongCredentials,
    /// Accounts are made by invitation, and this one is missing, used or expired.
    InviteRequired,
    /// There is no account yet, and this is not the code that the relay printed when it started.
    SetupCodeRequired,
    /// The operator does not allow new accounts.
    RegistrationClosed,
    /// The code to set a new password is wrong, used or expired.
    ResetCodeInvalid,
    /// The token is expired, unknown, forged or was used before. A client that hears it of its
    /// refresh token asks for the password again and keeps what it has.
    TokenInvalid,
    /// Of a refresh token only: the owner of the account ended this sign-in, by signing it out, by
    /// removing it, with a new password or with the account. A client removes what it keeps.
    SignInEnded,
    /// There is no such user, or they cannot be asked.
    NoSuchUser,
    /// That is this user's own name.
    Yourself,
    /// The store refuses to write (disk full, database locked). Calls go on.
    StoreUnavailable,
    /// A reason that this build does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// `POST /auth/register`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Register {
    /// The wanted name. A plain string, so that a bad one gets a reason.
    pub username: String,
    /// The name that others see.
    pub display_name: String,
    /// The password.
    pub password: Secret,
    /// Where the relay wants one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invite: Option<Secret>,
    /// With a device the answer signs in at once, as [`SignedIn`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceInfo>,
}

/// What a sign-in says of its device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeviceInfo {
    /// Shown in the list of devices, 1 to 64 characters.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 64)))]
    pub name: String,
    /// `web`, `windows`, `macos`, `linux`, `cli`, or another word of up to 32 bytes.
    #[cfg_attr(feature = "schema", schemars(length(max = 32)))]
    pub platform: String,
    /// The device's identity key, base64url, up to 512 bytes, once identity lands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(length(max = 512)))]
    pub public_key: Option<String>,
}

/// `POST /auth/login`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Login {
    /// The account. A plain string: what cannot be a name is simply wrong.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// What signs in.
    pub device: DeviceInfo,
    /// The cookie of the last [`SignedIn`] of this device to this account, if it has one: its tries
    /// of the password are then counted apart from everybody else's. A wrong one is ignored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_cookie: Option<Secret>,
}

/// Answer to `login`, `register` with a device, `refresh` and `reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignedIn {
    /// JWT, EdDSA.
    pub access_token: Secret,
    /// Its life in seconds.
    pub expires_in: u32,
    /// Opaque; good for one refresh.
    pub refresh_token: Secret,
    /// The account.
    pub user: UserId,
    /// This sign-in.
    pub device: DeviceId,
    /// Shows at a later sign-in that this device was signed in to the account. Opaque; it opens
    /// nothing. Kept with the tokens, and no longer than what else is kept of the account.
    pub device_cookie: Secret,
}

/// `POST /auth/refresh`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refresh {
    /// The token of the last [`SignedIn`].
    pub refresh_token: Secret,
}

/// `PATCH /me`; absent fields stay.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PatchMe {
    /// The name that others see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<DisplayName>,
    /// Who may ring.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callable_by: Option<CallableBy>,
}

/// `POST /me/password`. Signs out every other device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangePassword {
    /// The present one.
    pub old_password: Secret,
    /// The new one.
    pub new_password: Secret,
}

/// `DELETE /me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DeleteMe {
    /// Deleting asks for it again.
    pub password: Secret,
}

/// `POST /contacts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AddContact {
    /// Exact name.
    pub username: String,
}

/// `POST /blocks`; `DELETE /blocks/{user}` takes it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Block {
    /// Who.
    pub user: UserId,
}

/// `POST /conversations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewConversation {
    /// The group's name.
    pub name: DisplayName,
    /// Who is invited: 1 to 31 accepted contacts.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 31)))]
    pub members: Vec<UserId>,
}

/// `PATCH /conversations/{id}`, by a group's owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PatchConversation {
    /// The group's new name.
    pub name: DisplayName,
}

/// `POST /conversations/{id}/invitations`, by a member of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewGroupInvitation {
    /// An accepted contact.
    pub user: UserId,
}

/// One line of `GET /devices`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Device {
    /// The sign-in.
    pub id: DeviceId,
    /// What it calls itself.
    pub name: String,
    /// Its platform.
    pub platform: String,
    /// When it signed in, ms since 1970.
    #[cfg_attr(feature = "bindings", specta(type = u32))]
    pub created_at: u64,
    /// When it was last connected, ms since 1970.
    #[cfg_attr(feature = "bindings", specta(type = u32))]
    pub last_seen_at: u64,
    /// Whether it is the asking one.
    pub this: bool,
}

/// Answer of `GET /calls`, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Calls {
    /// At most `limit` (1 to 100, default 50) lines.
    pub calls: Vec<CallRecord>,
    /// For `before` of the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<CallId>,
}

/// Answer of `GET /calls/{id}/connection`, for participants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CallConnection {
    /// Which.
    pub call_id: CallId,
    /// `ringing` or `live`.
    pub state: String,
    /// Candidates passed on so far.
    pub candidates: u32,
    /// ms since 1970.
    pub created_at: u64,
    /// ms since 1970.
    pub updated_at: u64,
}

/// `POST /invites`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewInvite {
    /// Hours until it expires, 1 to 720; 168 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 720)))]
    pub hours: Option<u32>,
}

/// An invitation. `code` is only in the answer to `POST /invites`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invite {
    /// Names it for `DELETE`.
    pub id: String,
    /// What the invited person enters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Secret>,
    /// ms since 1970.
    pub expires_at: u64,
    /// Whether somebody used it.
    pub used: bool,
}

/// `POST /resets`, by an administrator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NewReset {
    /// Exact name of who forgot the password.
    pub username: String,
}

/// A code with which one person sets a new password, once. The only answer with it: the relay keeps
/// its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reset {
    /// What the person gets as a link, `ADDRESS/#reset=CODE`: behind the `#` it is in no log.
    pub code: Secret,
    /// Whose password it sets.
    pub person: Person,
    /// ms since 1970.
    pub expires_at: u64,
}

/// `POST /auth/reset/check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CheckReset {
    /// What the person was given.
    pub code: Secret,
}

/// `POST /auth/reset`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResetPassword {
    /// What the person was given.
    pub code: Secret,
    /// The new one.
    pub new_password: Secret,
    /// What signs in.
    pub device: DeviceInfo,
}

/// `GET /relay`, without a token: what a client asks before it signs in. A page that wants to know
/// whether it may connect adds `?origin=`, its own: browsers leave `Origin` out of such a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RelayInfo {
    /// `bellwire`.
    pub name: String,
    /// Semantic version of the relay.
    pub version: String,
    /// WebSocket subprotocols it speaks.
    pub protocols: Vec<String>,
    /// Whether new accounts can be made.
    pub registration: Registration,
    /// Whether pages of the origin that was asked about may open a socket here; absent where none
    /// was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin_accepted: Option<bool>,
    /// The address that people type, where the operator set one. Pages are accepted there only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Anybody who reaches the relay.
    Open,
    /// Whoever has an invitation. The first account needs none.
    Invite,
    /// Nobody; the operator adds accounts on the command line.
    Closed,
}

/// Answer of `GET /conversations`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Conversations {
    /// All that the user is in.
    pub conversations: Vec<crate::Conversation>,
    /// Groups that the user is asked into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invitations: Vec<crate::GroupInvitation>,
}
