//! All that crosses between the core and a UI: [`Command`] in, [`View`] and [`Alert`] out, and
//! [`PeerCommand`] and [`PeerEvent`] to and from whatever carries out peer connections.
//!
//! The TypeScript types in `ui/src/lib/bindings.ts` are made from this module.

mod alert;
mod call;
mod command;
mod link;
mod notice;
mod peer;
mod settings;
mod view;

pub use alert::Alert;
pub use call::{CallStage, CallView, LocalSlot, LocalView, RemoteView, RingView};
pub use command::Command;
pub use link::Link;
pub use notice::{Notice, NoticeText};
pub use peer::{
    DeviceProblem, ENOUGH, PathState, PeerCommand, PeerEvent, PeerId, Pictures, Slot, SlotState,
};
pub use settings::{Appearance, Language, Settings};
pub use view::{
    Account, ContactView, ConversationView, Delivery, Direction, Entry, FormerSignIn, GroupView,
    Home, InvitationView, MemberView, OfflineCause, OpenConversation, Outcome, RelayState,
    ResetFor, SignInProblem, View,
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
