//! What notifications and the ringing window say.

use bellwire_core::api::Appearance;
use bellwire_protocol::{CallId, ConversationId, Media};
use serde::{Deserialize, Serialize};
use specta::Type;

use super::situation::Ring;
use crate::words::Tongue;

/// What a notification is about. There is one at most of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// A call that rings.
    Ring(CallId),
    /// What happened in a conversation.
    Conversation(ConversationId),
}

/// What a person presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Button {
    /// Accept the call, with its media.
    Accept,
    /// Decline it.
    Decline,
    /// Show what it is about.
    Open,
}

/// A notification, in the person's language. Text, never markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    /// Its first line.
    pub(super) title: String,
    /// The rest.
    pub(super) body: String,
    /// What can be done, first what a press on the notification itself does.
    pub(super) buttons: Vec<(Button, &'static str)>,
    /// A call, which stays until it stops, and above everything; else it leaves by itself.
    pub(super) rings: bool,
}

impl Note {
    pub(super) fn ring(tongue: Tongue, ring: &Ring) -> Self {
        let words = tongue.words();
        Self {
            title: tongue.is_calling(&ring.name),
            body: words.call(ring.media).to_owned(),
            buttons: vec![
                (Button::Open, words.open),
                (Button::Accept, words.accept),
                (Button::Decline, words.decline),
            ],
            rings: true,
        }
    }

    pub(super) fn missed(tongue: Tongue, name: &str, media: Media) -> Self {
        let words = tongue.words();
        Self {
            title: words.missed(media).to_owned(),
            body: tongue.from(name),
            buttons: vec![(Button::Open, words.open)],
            rings: false,
        }
    }

    pub(super) fn message(tongue: Tongue, name: String, text: String) -> Self {
        let buttons = vec![(Button::Open, tongue.words().open)];
        Self { title: name, body: text, buttons, rings: false }
    }
}

/// What the ringing window shows. It shows texts as texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub(crate) struct Card {
    /// Which call; what its buttons name.
    pub(crate) call: CallId,
    /// Who calls.
    name: String,
    /// What the colour of their picture is made from.
    seed: String,
    /// Voice or video, in words.
    kind: String,
    /// The window's title.
    title: String,
    /// On the buttons.
    accept: String,
    decline: String,
    open: String,
    /// The language of all these.
    language: String,
    /// Light or dark.
    appearance: Appearance,
}

impl Card {
    pub(super) fn of(tongue: Tongue, appearance: Appearance, ring: &Ring) -> Self {
        let words = tongue.words();
        Self {
            call: ring.call,
            name: ring.name.clone(),
            seed: ring.user.to_string(),
            kind: words.call(ring.media).to_owned(),
            title: words.incoming_call.to_owned(),
            accept: words.accept.to_owned(),
            decline: words.decline.to_owned(),
            open: words.open.to_owned(),
            language: tongue.tag().to_owned(),
            appearance,
        }
    }

    /// The window's title.
    pub(super) fn title(&self) -> &str {
        &self.title
    }
}
