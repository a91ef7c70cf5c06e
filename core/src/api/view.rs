//! The whole state that the UI draws. The UI adds nothing but where the person looks.
//!
//! Times are milliseconds since 1970 by the relay's clock, so that they fit a JavaScript number.

use bellwire_protocol::http::{Device, ProblemReason, Registration};
use bellwire_protocol::{
    CallId, ChatId, ContactState, ConversationId, ConversationKind, Me, Media, PresenceStatus,
    UserId,
};
use serde::{Deserialize, Serialize};

use super::{CallView, Notice, RingView, Settings};

/// The whole state that the UI draws.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct View {
    /// Who is signed in, and everything of theirs.
    pub account: Account,
    /// The relay's address, without scheme, as people write it.
    pub relay_address: String,
    /// How the relay is reached.
    pub relay: RelayState,
    /// How far this device's clock is ahead of the relay's, in ms, to the second. Whoever counts from
    /// one of the times here to the present takes it off what the device says.
    #[cfg_attr(feature = "bindings", specta(type = i32))]
    pub clock_ahead: i64,
    /// Frames of the relay that this client could not take, in this run. Something may be missing.
    pub skipped_frames: u32,
    /// What the person should read, oldest first.
    pub notices: Vec<Notice>,
    /// What the person chose.
    pub settings: Settings,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Account {
    /// What was kept is not read yet, or a kept sign-in is being renewed. Lasts moments.
    Loading,
    /// Nobody.
    SignedOut {
        /// A request is on its way.
        busy: bool,
        /// Why the last one failed, or why the sign-in ended.
        problem: Option<SignInProblem>,
        /// Who may make an account here; `None` while the relay has not said so.
        registration: Option<Registration>,
        /// The relay's version; `None` while it was not reached.
        relay_version: Option<String>,
        /// Who was signed in until the relay asked for the password again. What is kept of them
        /// waits on this device; `sign_out` erases it, and so does signing in as somebody else.
        former: Option<FormerSignIn>,
        /// Whose password the code sets that was looked at: `reset_password` is waited for.
        reset: Option<ResetFor>,
    },
    /// Somebody. What is shown may be older than the connection.
    SignedIn(Box<Home>),
}

/// Somebody who was signed in on this device and is asked for the password again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct FormerSignIn {
    /// The name to sign in with.
    pub username: String,
    /// The name that others see.
    pub name: String,
}

/// Whose password a code sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ResetFor {
    /// The name to sign in with.
    pub username: String,
    /// The name that others see.
    pub name: String,
}

/// Why nobody is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SignInProblem {
    /// The relay refused, and said why.
    Refused {
        /// Why.
        reason: ProblemReason,
    },
    /// Too many tries.
    RateLimited {
        /// Seconds until the next makes sense.
        retry_after_s: u32,
    },
    /// The relay cannot be reached.
    Unreachable,
    /// Its certificate is not trusted.
    Certificate,
    /// What answers there is not a Bellwire relay, or of a version that this client does not know.
    NotBellwire,
    /// The relay accepts no connection of the page at this address.
    OriginRefused {
        /// Where the relay wants to be opened, where its operator set that.
        address: Option<String>,
    },
    /// The link for a new password is of another relay. Nothing was sent.
    OtherRelay {
        /// Which, without scheme.
        address: String,
    },
    /// The code for a new password is another person's than the former sign-in, which is kept here.
    OtherPerson {
        /// Whose former sign-in it is.
        name: String,
    },
    /// The owner of the account ended this sign-in, from another device or through the operator.
    Revoked,
    /// The relay has a fault.
    Internal,
}

/// How the relay is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum RelayState {
    /// Signed out.
    Idle,
    /// Being reached, for the first time or after a loss of less than 2 s.
    Connecting,
    /// Reached.
    Online,
    /// Not reached for 2 s or more. Calls go on; new ones cannot be made.
    Offline {
        /// When the next try starts; in the past while one goes on. 0: not by itself, because another
        /// window of this device took over; `reconnect` takes back.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        retry_at: u64,
        /// Why, as far as it is known.
        cause: OfflineCause,
    },
}

/// Why the relay is not reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum OfflineCause {
    /// It does not answer, or the network is away.
    Unreachable,
    /// It accepts no connection of the page at this address.
    OriginRefused {
        /// Where the relay wants to be opened, where its operator set that.
        address: Option<String>,
    },
}

/// Everything of a signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Home {
    /// Who; `None` until the first connection of this run.
    pub me: Option<Me>,
    /// False until the first snapshot of this run: show skeletons.
    pub ready: bool,
    /// What this person says of their availability.
    pub status: PresenceStatus,
    /// Requests both ways, contacts and blocks, by name.
    pub contacts: Vec<ContactView>,
    /// Groups that this person is asked into, oldest first.
    pub invitations: Vec<InvitationView>,
    /// By last activity, newest first.
    pub conversations: Vec<ConversationView>,
    /// The one on the screen.
    pub open: Option<OpenConversation>,
    /// The newest calls of all conversations, newest first: as many as were asked for.
    pub history: Vec<Entry>,
    /// Whether there are earlier ones.
    pub history_has_more: bool,
    /// Calls that ring here, oldest first.
    pub rings: Vec<RingView>,
    /// The call of this device, or the one that just ended.
    pub call: Option<CallView>,
    /// The account's devices; `None` until asked for.
    pub devices: Option<Vec<Device>>,
}

/// One person in the contact list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ContactView {
    /// Who.
    pub user: UserId,
    /// The name to find them with.
    pub username: String,
    /// The name to show.
    pub name: String,
    /// How things stand.
    pub state: ContactState,
}

/// Somebody asks this person into a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct InvitationView {
    /// Which group; for `accept_group` and `decline_group`.
    pub conversation: ConversationId,
    /// The group's name.
    pub name: String,
    /// Who asks.
    pub from: String,
    /// The name to find them with.
    pub from_username: String,
    /// How many are in it.
    pub members: u32,
}

/// Who is in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct GroupView {
    /// This person may rename it and remove others.
    pub owned: bool,
    /// Everybody in it, this person included, by name.
    pub members: Vec<MemberView>,
    /// Whom this person invited and who has not answered.
    pub invited: Vec<MemberView>,
}

/// Somebody in a group, or asked into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct MemberView {
    /// Who.
    pub user: UserId,
    /// The name to find them with.
    pub username: String,
    /// The name to show.
    pub name: String,
    /// May rename the group and remove others: whoever has been in it longest.
    pub owner: bool,
}

/// One line of the list of conversations.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct ConversationView {
    /// Which.
    pub id: ConversationId,
    /// Two people or more.
    pub kind: ConversationKind,
    /// The other person's name, or the group's.
    pub name: String,
    /// The other person of a direct one.
    pub user: Option<UserId>,
    /// Their user name.
    pub username: Option<String>,
    /// Who is in a group.
    pub group: Option<GroupView>,
    /// Their availability, or the best of the contacts in a group.
    pub presence: PresenceStatus,
    /// Missed calls since it was last looked at.
    pub missed: u32,
    /// Messages since it was last looked at.
    pub unread: u32,
    /// The newest call or message.
    pub last: Option<Entry>,
    /// When something last happened.
    #[cfg_attr(feature = "bindings", specta(type = u32))]
    pub at: u64,
}

/// The conversation on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct OpenConversation {
    /// Which.
    pub id: ConversationId,
    /// The newest calls and kept messages, oldest first: as many as were asked for.
    pub entries: Vec<Entry>,
    /// Whether there are earlier ones.
    pub has_more: bool,
    /// Older ones are on their way.
    pub loading: bool,
}

/// One line of a timeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Entry {
    /// A call that ended.
    Call {
        /// Which.
        id: CallId,
        /// Where.
        conversation: ConversationId,
        /// Name of the conversation.
        name: String,
        /// Who called.
        direction: Direction,
        /// What it started with.
        media: Media,
        /// How it went, seen from here.
        outcome: Outcome,
        /// When it was placed.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        at: u64,
        /// Length in seconds, where it was answered.
        length_s: Option<u32>,
    },
    /// A chat message.
    Message {
        /// Which.
        id: ChatId,
        /// `None` when this person wrote it; else the writer's name.
        from: Option<String>,
        /// What.
        text: String,
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        at: u64,
        /// For own messages.
        delivery: Delivery,
    },
}

/// Whether the other side has a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// Waits for the connection of a call.
    Waiting,
    /// The other side has it.
    Delivered,
}

/// Who called, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Somebody else.
    Incoming,
    /// This person.
    Outgoing,
}

/// How a call went, seen from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Both talked and somebody hung up.
    Answered,
    /// Both talked and the connection was lost.
    Lost,
    /// Both talked up to the operator's limit.
    TimeLimit,
    /// Incoming: nobody of this person's devices answered.
    Missed,
    /// Incoming: this person refused. Outgoing: the other did.
    Declined,
    /// Outgoing: the other was in a call. Incoming: this person was, and missed it.
    Busy,
    /// Outgoing: the other does not want to be disturbed.
    Dnd,
    /// Outgoing: this person gave up.
    Cancelled,
    /// Outgoing: it rang for its whole time.
    NoAnswer,
    /// Outgoing: no device of the other was connected.
    Unreachable,
    /// The media could not be set up.
    Failed,
}
