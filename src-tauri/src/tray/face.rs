//! What the tray shows of a view. Pure.

use bellwire_core::api::{Account, CallStage, RelayState, View};
use bellwire_protocol::{CallId, PresenceStatus};

use crate::words::Tongue;

/// What the tray shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Face {
    /// The first line of the menu, and the tooltip.
    pub(super) status: String,
    /// The call of this device.
    pub(super) call: Option<Talk>,
    /// Whether the person does not want to be disturbed; `None` while nobody is signed in.
    pub(super) dnd: Option<bool>,
    /// What the icon tells.
    pub(super) mark: Mark,
    /// The language of the menu.
    pub(super) tongue: Tongue,
}

/// The call of this device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Talk {
    /// Which.
    pub(super) call: CallId,
    /// The microphone is off.
    pub(super) muted: bool,
}

/// What the icon tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing.
    Plain,
    /// A call goes on.
    Call,
    /// Calls were missed.
    Missed,
}

impl Face {
    /// Reads a view. `languages` are the system's, for who did not choose one.
    pub(super) fn of(view: &View, languages: &[String]) -> Self {
        let tongue = Tongue::of(view.settings.language, languages);
        let words = tongue.words();
        let plain = |status: &str| Self {
            status: status.to_owned(),
            call: None,
            dnd: None,
            mark: Mark::Plain,
            tongue,
        };
        let home = match &view.account {
            Account::Loading => return plain(words.connecting),
            Account::SignedOut { .. } => return plain(words.signed_out),
            Account::SignedIn(home) => home,
        };
        let dnd = Some(home.status == PresenceStatus::Dnd);
        if let Some(call) = &home.call
            && !matches!(call.stage, CallStage::Ended { .. })
        {
            let talk = Talk { call: call.id, muted: !call.local.audio.on };
            let status = tongue.in_call(&call.name);
            return Self { call: Some(talk), dnd, mark: Mark::Call, ..plain(&status) };
        }
        let missed = home.conversations.iter().map(|conversation| conversation.missed).sum();
        if missed > 0 {
            return Self { dnd, mark: Mark::Missed, ..plain(&tongue.missed(missed)) };
        }
        let status = match (&view.relay, home.status) {
            (RelayState::Offline { .. }, _) => words.offline,
            (RelayState::Idle | RelayState::Connecting, _) => words.connecting,
            (RelayState::Online, PresenceStatus::Dnd) => words.do_not_disturb,
            (RelayState::Online, PresenceStatus::Away) => words.away,
            (RelayState::Online, PresenceStatus::Online | PresenceStatus::Offline) => words.online,
        };
        Self { dnd, ..plain(status) }
    }

    /// Before there is a view.
    pub(super) fn nothing_yet(languages: &[String]) -> Self {
        let tongue = Tongue::of(bellwire_core::api::Language::System, languages);
        let status = tongue.words().connecting.to_owned();
        Self { status, call: None, dnd: None, mark: Mark::Plain, tongue }
    }
}

/// Draws the mark into a square icon of RGBA: a dot in its lower right corner.
pub(super) fn draw(mark: Mark, rgba: &mut [u8], width: usize) {
    let colour = match mark {
        Mark::Plain => return,
        Mark::Call => [0x1f, 0x9d, 0x50, 0xff],
        Mark::Missed => [0xd1, 0x2c, 0x40, 0xff],
    };
    let radius = width * 2 / 9;
    let centre = width.saturating_sub(radius + 1);
    for (index, pixel) in rgba.chunks_exact_mut(4).enumerate() {
        let (x, y) = (index % width, index / width);
        if x.abs_diff(centre).pow(2) + y.abs_diff(centre).pow(2) <= radius.pow(2) {
            pixel.copy_from_slice(&colour);
        }
    }
}

#[cfg(test)]
#[path = "face_tests.rs"]
mod tests;
