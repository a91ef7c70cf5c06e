//! Decides which signs of a call are shown, and which notifications. Pure: time is an argument.
//!
//! A ring is *signed* by a notification and by the ringing window, as far as the person wants them,
//! while the main window is not in front. The sound of it is the page's.
//!
//! ```text
//!            view has it, and nothing speaks against it
//!  unsigned ───────────────────────────────────────────► signed
//!     ▲                                                    │ gone from the view · stopped · answered
//!     └────────────────────────────────────────────────────┘ in front · do not disturb
//! ```

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use bellwire_core::api::{Alert, Command};
use bellwire_protocol::{CallId, ConversationId};

use super::note::{Button, Card, Key, Note};
use super::situation::{Ring, Situation};
use crate::preferences::RingPreferences;

/// How long the main window must have left the front before its signs are shown elsewhere. Window
/// systems take the focus away for moments; less than this flickers, more rings late.
const SETTLE: Duration = Duration::from_millis(300);

/// Everything that matters to ringing.
#[derive(Debug, Clone)]
pub(super) enum Input {
    /// The newest view.
    Situation(Situation),
    /// What the core wants noticed.
    Alert(Alert),
    /// How the person wants calls shown.
    Preferences(RingPreferences),
    /// Whether the main window is in front, with the focus.
    Front(bool),
    /// A button of a notification or of the ringing window.
    Pressed(Key, Button),
    /// Time passed.
    Tick,
}

/// Everything that ringing does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Output {
    /// Show a notification, in place of the one with the same key.
    Note(Key, Note),
    /// Take a notification away.
    Clear(Key),
    /// Show this ring in the ringing window, in place of another.
    Card(Card),
    /// Close the ringing window.
    ClearCard,
    /// For the core.
    Command(Command),
    /// Bring the main window to the front.
    ShowApp,
    /// Show a conversation in the main window.
    Visit(ConversationId),
}

/// Where the main window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Front {
    /// It is in front.
    Yes,
    /// It left the front, at this moment it counts as gone.
    Leaving(Duration),
    /// It is not in front.
    No,
}

/// The state of all signs.
#[derive(Debug)]
pub(super) struct Machine {
    situation: Situation,
    preferences: RingPreferences,
    front: Front,
    /// Rings that stopped or were answered here, until the view has them no more: an older view may
    /// still come.
    over: BTreeSet<CallId>,
    /// Rings with a notification.
    noted: BTreeSet<CallId>,
    /// Conversations with a notification.
    news: BTreeSet<ConversationId>,
    /// What the ringing window shows.
    card: Option<Card>,
    outputs: VecDeque<Output>,
}

impl Machine {
    pub(super) fn new(preferences: RingPreferences) -> Self {
        Self {
            situation: Situation::default(),
            preferences,
            front: Front::No,
            over: BTreeSet::new(),
            noted: BTreeSet::new(),
            news: BTreeSet::new(),
            card: None,
            outputs: VecDeque::new(),
        }
    }

    /// Applies one input. `now` never goes back.
    pub(super) fn handle(&mut self, now: Duration, input: Input) {
        if let Front::Leaving(at) = self.front
            && now >= at
        {
            self.front = Front::No;
        }
        match input {
            Input::Situation(situation) => self.on_situation(situation),
            Input::Alert(alert) => self.on_alert(alert),
            Input::Preferences(preferences) => self.preferences = preferences,
            Input::Front(front) => self.on_front(now, front),
            Input::Pressed(key, button) => self.on_pressed(key, button),
            Input::Tick => {}
        }
        self.settle();
    }

    /// What is to be done, in this order.
    pub(super) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to say [`Input::Tick`], if nothing happens sooner.
    pub(super) const fn deadline(&self) -> Option<Duration> {
        match self.front {
            Front::Leaving(at) => Some(at),
            Front::Yes | Front::No => None,
        }
    }

    fn on_situation(&mut self, situation: Situation) {
        self.over.retain(|call| situation.rings.iter().any(|ring| ring.call == *call));
        self.situation = situation;
    }

    fn on_alert(&mut self, alert: Alert) {
        match alert {
            // The view has the ring, and more of it.
            Alert::Ring { .. } => {}
            Alert::RingStopped { call } => {
                if self.ring(call).is_some() {
                    self.over.insert(call);
                }
            }
            Alert::Missed { conversation, name, media } => {
                let note = Note::missed(self.situation.tongue, &name, media);
                self.note_news(conversation, note);
            }
            Alert::Message { conversation, name, text } => {
                let note = Note::message(self.situation.tongue, name, text);
                self.note_news(conversation, note);
            }
        }
    }

    fn note_news(&mut self, conversation: ConversationId, note: Note) {
        let Situation { notifications, dnd, .. } = self.situation;
        if notifications && !dnd && self.front == Front::No {
            self.news.insert(conversation);
            self.outputs.push_back(Output::Note(Key::Conversation(conversation), note));
        }
    }

    fn on_front(&mut self, now: Duration, front: bool) {
        self.front = match (front, self.front) {
            (true, _) => Front::Yes,
            (false, Front::Yes) => Front::Leaving(now + SETTLE),
            (false, left) => left,
        };
        if front {
            for conversation in std::mem::take(&mut self.news) {
                self.outputs.push_back(Output::Clear(Key::Conversation(conversation)));
            }
        }
    }

    fn on_pressed(&mut self, key: Key, button: Button) {
        match (key, button) {
            (Key::Conversation(conversation), Button::Open) => {
                self.news.remove(&conversation);
                self.outputs.extend([
                    Output::Clear(key),
                    Output::ShowApp,
                    Output::Visit(conversation),
                ]);
            }
            (Key::Conversation(_), Button::Accept | Button::Decline) => {}
            (Key::Ring(call), Button::Accept) => {
                // A press that comes too late finds a call that nobody can answer any more: the
                // window says what became of it.
                if let Some(media) = self.living(call).map(|ring| ring.media) {
                    self.over.insert(call);
                    self.outputs.push_back(Output::Command(Command::AcceptCall { call, media }));
                }
                self.outputs.push_back(Output::ShowApp);
            }
            (Key::Ring(call), Button::Decline) => {
                if self.living(call).is_some() {
                    self.over.insert(call);
                    self.outputs.push_back(Output::Command(Command::DeclineCall { call }));
                }
            }
            (Key::Ring(_), Button::Open) => self.outputs.push_back(Output::ShowApp),
        }
    }

    fn ring(&self, call: CallId) -> Option<&Ring> {
        self.situation.rings.iter().find(|ring| ring.call == call)
    }

    /// A ring that can still be answered.
    fn living(&self, call: CallId) -> Option<&Ring> {
        self.ring(call).filter(|_| !self.over.contains(&call))
    }

    /// Whether anything speaks against showing calls outside the main window.
    fn is_quiet(&self) -> bool {
        let Situation { ring_here, dnd, sharing, .. } = self.situation;
        !ring_here
            || dnd
            || sharing && self.preferences.quiet_while_sharing
            || self.front != Front::No
    }

    /// Makes the signs those of the present state.
    fn settle(&mut self) {
        let signed: Vec<Ring> = if self.is_quiet() {
            Vec::new()
        } else {
            let rings = self.situation.rings.iter();
            rings.filter(|ring| !self.over.contains(&ring.call)).cloned().collect()
        };
        let tongue = self.situation.tongue;
        let noted: BTreeSet<CallId> = if self.situation.notifications {
            signed.iter().map(|ring| ring.call).collect()
        } else {
            BTreeSet::new()
        };
        for call in self.noted.difference(&noted) {
            self.outputs.push_back(Output::Clear(Key::Ring(*call)));
        }
        for ring in signed.iter().filter(|ring| noted.contains(&ring.call)) {
            if !self.noted.contains(&ring.call) {
                self.outputs
                    .push_back(Output::Note(Key::Ring(ring.call), Note::ring(tongue, ring)));
            }
        }
        self.noted = noted;
        // The oldest: it has waited longest.
        let card = signed
            .first()
            .filter(|_| self.preferences.window)
            .map(|ring| Card::of(tongue, self.situation.appearance, ring));
        if card != self.card {
            self.outputs.push_back(card.clone().map_or(Output::ClearCard, Output::Card));
            self.card = card;
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
