//! What the person should read.

use bellwire_protocol::http::ProblemReason;
use serde::{Deserialize, Serialize};

/// Something that the person should read once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
pub struct Notice {
    /// For `dismiss_notice`.
    pub id: u32,
    /// What.
    pub text: NoticeText,
}

/// What a notice says; the UI has the words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NoticeText {
    /// That needs the relay, which cannot be reached.
    NotConnected,
    /// The relay refused what was asked.
    Refused {
        /// Why, where it said so.
        reason: Option<ProblemReason>,
    },
    /// Too often.
    RateLimited {
        /// Seconds until it works again.
        retry_after_s: u32,
    },
    /// The person hides the own address, and the relay names no server that could carry a call for
    /// them: it was neither placed nor answered.
    NothingHides,
    /// One call at a time.
    AlreadyInCall,
    /// The call that was to be accepted is over or was answered elsewhere.
    CallGone,
    /// A request to be a contact was sent.
    ContactRequested {
        /// To whom.
        username: String,
    },
    /// The password was changed; other devices were signed out.
    PasswordChanged,
    /// Somebody used a copy of a sign-in of this account; that sign-in was ended.
    SignInCopied {
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        at: u64,
    },
    /// The password was changed on another device.
    PasswordChangedElsewhere {
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        at: u64,
    },
    /// The operator, or a code of an administrator, set a new password.
    PasswordReset {
        /// When.
        #[cfg_attr(feature = "bindings", specta(type = u32))]
        at: u64,
    },
    /// The relay's lists came with gaps: this client could not read all of them.
    ListsIncomplete,
    /// A message was too long or empty.
    MessageRefused,
    /// A device in the call sends more than a person can; what is too much is dropped.
    TooMuchSent {
        /// Whose.
        name: String,
    },
}

impl NoticeText {
    /// Whether it warns of what became of the person's sign-ins.
    #[must_use]
    pub const fn is_about_sign_ins(&self) -> bool {
        match self {
            Self::SignInCopied { .. }
            | Self::PasswordChangedElsewhere { .. }
            | Self::PasswordReset { .. } => true,
            Self::NotConnected
            | Self::Refused { .. }
            | Self::RateLimited { .. }
            | Self::NothingHides
            | Self::AlreadyInCall
            | Self::CallGone
            | Self::ContactRequested { .. }
            | Self::PasswordChanged
            | Self::MessageRefused
            | Self::ListsIncomplete
            | Self::TooMuchSent { .. } => false,
        }
    }
}
