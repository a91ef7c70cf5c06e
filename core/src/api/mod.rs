//! All that crosses between the core and a UI: [`Command`] in, [`View`] and [`Alert`] out, and
//! [`PeerCommand`] and [`PeerEvent`] to and from whatever carries out peer connections.
//!
//! The TypeScript types in `ui/src/lib/bindings.ts` are made from this module.

mod alert;
mod command;
mod link;
mod peer;
mod settings;
mod view;

pub use alert::Alert;
pub use command::Command;
pub use link::Link;
pub use peer::{DeviceProblem, PathState, PeerCommand, PeerEvent, PeerId, Slot, SlotState};
pub use settings::{Appearance, Language, Settings};
pub use view::{
    Account, CallStage, CallView, ContactView, ConversationView, Delivery, Direction, Entry,
    FormerSignIn, GroupView, Home, InvitationView, LocalSlot, LocalView, MemberView, Notice,
    NoticeText, OfflineCause, OpenConversation, Outcome, RelayState, RemoteView, ResetFor,
    RingView, SignInProblem, View,
};

/// The TypeScript declarations of everything in this module.
///
/// # Errors
/// What specta says of a type that TypeScript cannot express.
#[cfg(feature = "bindings")]
pub fn typescript() -> Result<String, Box<dyn std::error::Error>> {
    bindings::typescript()
}

#[cfg(feature = "bindings")]
mod bindings;
