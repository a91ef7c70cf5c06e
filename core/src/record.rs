//! What a client keeps between its lives. Sealed by the host; never on the relay.

use std::collections::BTreeSet;

use bellwire_protocol::{
    CallClaim, CallId, ChatId, ChatText, ConversationId, DeviceId, Media, MediaState, Secret,
    UserId,
};
use serde::{Deserialize, Serialize};

use crate::api::Settings;

/// One thing that is kept, replaced as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", content = "value", rename_all = "snake_case")]
pub enum Record {
    /// The sign-in; `None` after signing out.
    SignIn(Option<SignIn>),
    /// What the person chose.
    Settings(Settings),
    /// The call that this device is in, so that a reload comes back into it.
    Call(Option<CallInProgress>),
    /// A message of a conversation; `None` once it is no longer kept. Each is a record of its own:
    /// one more costs what it is long, however many there are.
    Chat {
        /// Which conversation.
        conversation: ConversationId,
        /// Which message.
        id: ChatId,
        /// The message.
        message: Option<KeptChat>,
    },
    /// When the person last looked at a conversation, ms since 1970.
    Seen {
        /// Which conversation.
        conversation: ConversationId,
        /// Nothing before this is unread or freshly missed.
        at: u64,
    },
    /// Every other record is to be erased.
    Erased,
}

impl Record {
    /// How many messages of a conversation are kept. Each costs at most 4 KiB of storage and of
    /// memory, and time where the conversation is shown.
    pub const KEPT_CHATS: usize = 500;

    /// Names the record: a later one with the same key replaces it.
    #[must_use]
    pub fn key(&self) -> String {
        match self {
            Self::SignIn(_) => "sign_in".to_owned(),
            Self::Settings(_) => "settings".to_owned(),
            Self::Call(_) => "call".to_owned(),
            Self::Chat { conversation, id, .. } => format!("chat/{conversation}/{id}"),
            Self::Seen { conversation, .. } => format!("seen/{conversation}"),
            Self::Erased => "erased".to_owned(),
        }
    }
}

impl Record {
    /// What was kept under this key is not kept any more, and there is nothing in its place.
    #[must_use]
    pub const fn is_forgotten(&self) -> bool {
        matches!(self, Self::Chat { message: None, .. })
    }
}

/// A sign-in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignIn {
    /// The relay's base URL.
    pub relay: String,
    /// Good for one refresh.
    pub refresh_token: Secret,
    /// The last access token, so that a reload need not wait for a refresh.
    pub access_token: Secret,
    /// When the access token expires, ms since 1970.
    pub expires_at: u64,
    /// The account.
    pub user: UserId,
    /// The device.
    pub device: DeviceId,
    /// Shows the relay, where the password is needed again, that this device was signed in. It is
    /// sent to this relay with this account's name only.
    pub device_cookie: Secret,
    /// The name to sign in with, to ask for the password in words.
    pub username: String,
    /// The name that others see; the same until the relay said it.
    pub name: String,
    /// The relay refused to renew it: the password is needed again. Everything else that is kept
    /// waits for the same person.
    pub over: bool,
}

impl SignIn {
    /// Whether it is one of this account of this relay.
    pub(crate) fn is_of(&self, relay: &str, username: &str) -> bool {
        self.relay == relay && self.username == username
    }
}

/// A call that this device is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallInProgress {
    /// Which.
    pub call_id: CallId,
    /// When this device was last known to be in it, ms since 1970 by its own clock.
    pub at: u64,
    /// Where.
    pub conversation: ConversationId,
    /// What it started with.
    pub media: Media,
    /// The other people of the call that the person placed or accepted. The relay's word adds none:
    /// after a reload the microphone opens for these and nobody else.
    pub people: BTreeSet<UserId>,
    /// What this device sends, so that a muted person stays muted.
    pub sending: MediaState,
    /// What a relay that forgot the call is told of it, once it is answered.
    pub claim: Option<CallClaim>,
}

/// One kept chat message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptChat {
    /// Names it.
    pub id: ChatId,
    /// Who wrote it.
    pub from: UserId,
    /// What.
    pub text: ChatText,
    /// When, ms since 1970 by this device's corrected clock.
    pub at: u64,
    /// For own messages: whether the other side has it.
    pub delivered: bool,
}
