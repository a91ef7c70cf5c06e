//! What ringing needs of a view.

use bellwire_core::api::{Account, Appearance, CallStage, View};
use bellwire_protocol::{CallId, Media, PresenceStatus, UserId};

use crate::words::Tongue;

/// What ringing needs of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Situation {
    /// Calls that ring here, oldest first.
    pub(super) rings: Vec<Ring>,
    /// The settings let calls ring here.
    pub(super) ring_here: bool,
    /// The person does not want to be disturbed.
    pub(super) dnd: bool,
    /// This device shares its screen.
    pub(super) sharing: bool,
    /// The settings allow notifications.
    pub(super) notifications: bool,
    /// Light or dark.
    pub(super) appearance: Appearance,
    /// What notifications speak.
    pub(super) tongue: Tongue,
}

/// A call that rings here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ring {
    /// Which.
    pub(super) call: CallId,
    /// Who calls.
    pub(super) name: String,
    /// Who calls.
    pub(super) user: UserId,
    /// Voice or video.
    pub(super) media: Media,
}

impl Default for Situation {
    /// Nobody is signed in.
    fn default() -> Self {
        Self {
            rings: Vec::new(),
            ring_here: false,
            dnd: false,
            sharing: false,
            notifications: false,
            appearance: Appearance::System,
            tongue: Tongue::En,
        }
    }
}

impl Situation {
    /// Reads a view. `languages` are the system's, for who did not choose one.
    pub(super) fn of(view: &View, languages: &[String]) -> Self {
        let settings = &view.settings;
        let told = Self {
            ring_here: settings.ring_here,
            notifications: settings.notifications,
            appearance: settings.appearance,
            tongue: Tongue::of(settings.language, languages),
            ..Self::default()
        };
        let Account::SignedIn(home) = &view.account else { return told };
        let call = home.call.as_ref();
        let sharing = call.is_some_and(|call| {
            call.local.screen.on && !matches!(call.stage, CallStage::Ended { .. })
        });
        let rings = home.rings.iter().map(|ring| Ring {
            call: ring.call,
            name: ring.name.clone(),
            user: ring.user,
            media: ring.media,
        });
        Self { rings: rings.collect(), dnd: home.status == PresenceStatus::Dnd, sharing, ..told }
    }
}
