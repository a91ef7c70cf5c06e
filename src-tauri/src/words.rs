//! The few words that this program says itself: in notifications, the tray and the ringing window.
//! Where the page says the same, it says it in the same words; a test holds them together.

use bellwire_core::api::Language;
use bellwire_protocol::Media;

/// A language that we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    /// English.
    En,
    /// German.
    De,
}

impl Tongue {
    /// The chosen one, else the first of the system's that we have, else English.
    pub(crate) fn of(chosen: Language, system: &[String]) -> Self {
        match chosen {
            Language::En => Self::En,
            Language::De => Self::De,
            Language::System => {
                system.iter().find_map(|wanted| Self::read(wanted)).unwrap_or(Self::En)
            }
        }
    }

    /// As HTML names it.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
        }
    }

    /// All fixed words.
    pub(crate) const fn words(self) -> &'static Words {
        match self {
            Self::En => &EN,
            Self::De => &DE,
        }
    }

    /// Title of a ringing call.
    pub(crate) fn is_calling(self, name: &str) -> String {
        match self {
            Self::En => format!("{name} is calling"),
            Self::De => format!("{name} ruft an"),
        }
    }

    /// Who called.
    pub(crate) fn from(self, name: &str) -> String {
        match self {
            Self::En => format!("from {name}"),
            Self::De => format!("von {name}"),
        }
    }

    /// State of a call.
    pub(crate) fn in_call(self, name: &str) -> String {
        match self {
            Self::En => format!("In call with {name}"),
            Self::De => format!("Im Anruf mit {name}"),
        }
    }

    /// How many calls were missed; none is never said.
    pub(crate) fn missed(self, count: u32) -> String {
        match (self, count) {
            (Self::En, 1) => "1 missed call".to_owned(),
            (Self::En, _) => format!("{count} missed calls"),
            (Self::De, 1) => "1 verpasster Anruf".to_owned(),
            (Self::De, _) => format!("{count} verpasste Anrufe"),
        }
    }

    /// Reads `de`, `de-AT`, `de_DE.UTF-8`.
    fn read(locale: &str) -> Option<Self> {
        match locale.split(['-', '_', '.', '@']).next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::En),
            "de" => Some(Self::De),
            _ => None,
        }
    }
}

/// Words without a name in them.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) accept: &'static str,
    pub(crate) decline: &'static str,
    pub(crate) open: &'static str,
    pub(crate) voice_call: &'static str,
    pub(crate) video_call: &'static str,
    pub(crate) missed_voice: &'static str,
    pub(crate) missed_video: &'static str,
    pub(crate) incoming_call: &'static str,
    pub(crate) mute: &'static str,
    pub(crate) unmute: &'static str,
    pub(crate) hang_up: &'static str,
    pub(crate) do_not_disturb: &'static str,
    pub(crate) open_app: &'static str,
    pub(crate) quit: &'static str,
    pub(crate) signed_out: &'static str,
    pub(crate) connecting: &'static str,
    pub(crate) offline: &'static str,
    pub(crate) online: &'static str,
    pub(crate) away: &'static str,
}

impl Words {
    /// What kind of call rings.
    pub(crate) const fn call(&self, media: Media) -> &'static str {
        match media {
            Media::Voice => self.voice_call,
            Media::Video => self.video_call,
        }
    }

    /// What kind of call was missed.
    pub(crate) const fn missed(&self, media: Media) -> &'static str {
        match media {
            Media::Voice => self.missed_voice,
            Media::Video => self.missed_video,
        }
    }
}

static EN: Words = Words {
    accept: "Accept",
    decline: "Decline",
    open: "Open",
    voice_call: "Voice call",
    video_call: "Video call",
    missed_voice: "Missed call",
    missed_video: "Missed video call",
    incoming_call: "Incoming call",
    mute: "Mute",
    unmute: "Unmute",
    hang_up: "Hang up",
    do_not_disturb: "Do not disturb",
    open_app: "Open Bellwire",
    quit: "Quit Bellwire",
    signed_out: "Signed out",
    connecting: "Connecting…",
    offline: "The relay cannot be reached",
    online: "Online",
    away: "Away",
};

static DE: Words = Words {
    accept: "Annehmen",
    decline: "Ablehnen",
    open: "Öffnen",
    voice_call: "Sprachanruf",
    video_call: "Videoanruf",
    missed_voice: "Verpasster Anruf",
    missed_video: "Verpasster Videoanruf",
    incoming_call: "Eingehender Anruf",
    mute: "Stumm",
    unmute: "Stummschaltung aufheben",
    hang_up: "Auflegen",
    do_not_disturb: "Nicht stören",
    open_app: "Bellwire öffnen",
    quit: "Bellwire beenden",
    signed_out: "Abgemeldet",
    connecting: "Verbindung wird aufgebaut …",
    offline: "Das Relay ist nicht erreichbar",
    online: "Online",
    away: "Abwesend",
};

/// The person's languages as the system has them, the best first; none where it does not say.
#[cfg(not(any(windows, target_os = "macos")))]
pub(crate) fn system_languages() -> Vec<String> {
    // LANGUAGE is a list and stands above the others, setlocale(3).
    let list = std::env::var("LANGUAGE").unwrap_or_default();
    let others = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    list.split(':').filter(|part| !part.is_empty()).map(str::to_owned).chain(others).collect()
}

/// The person's languages as the system has them, the best first; none where it does not say.
#[cfg(windows)]
pub(crate) fn system_languages() -> Vec<String> {
    match windows::System::UserProfile::GlobalizationPreferences::Languages() {
        Ok(languages) => languages.into_iter().map(|language| language.to_string()).collect(),
        Err(error) => {
            tracing::info!(%error, "the system does not say its languages");
            Vec::new()
        }
    }
}

/// The person's languages as the system has them, the best first; none where it does not say.
#[cfg(target_os = "macos")]
pub(crate) fn system_languages() -> Vec<String> {
    objc2_foundation::NSLocale::preferredLanguages().iter().map(|name| name.to_string()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn page(language: &str) -> BTreeMap<String, serde_json::Value> {
        let path = format!("{}/../ui/messages/{language}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).expect("the messages of the page");
        serde_json::from_str(&text).expect("messages")
    }

    #[test]
    fn the_page_says_the_same_in_the_same_words() {
        for tongue in [Tongue::En, Tongue::De] {
            let page = page(tongue.tag());
            let words = tongue.words();
            for (key, said) in [
                ("accept", words.accept),
                ("decline", words.decline),
                ("incoming_call", words.incoming_call),
                ("incoming_voice", words.voice_call),
                ("incoming_video", words.video_call),
                ("call_missed_voice", words.missed_voice),
                ("call_missed_video", words.missed_video),
                ("mute", words.mute),
                ("hang_up", words.hang_up),
                ("presence_online", words.online),
                ("presence_away", words.away),
                ("presence_dnd", words.do_not_disturb),
            ] {
                assert_eq!(page[key], said, "{key} in {}", tongue.tag());
            }
            for (key, said) in [
                ("title_ringing", tongue.is_calling("{name}")),
                ("incoming_from", tongue.from("{name}")),
                ("title_in_call", tongue.in_call("{name}")),
            ] {
                assert_eq!(page[key], said, "{key} in {}", tongue.tag());
            }
        }
    }

    #[test]
    fn the_chosen_language_goes_before_the_systems() {
        let german = ["fr_FR.UTF-8".to_owned(), "de_AT.UTF-8".to_owned()];
        assert_eq!(Tongue::of(Language::En, &german), Tongue::En);
        assert_eq!(Tongue::of(Language::System, &german), Tongue::De, "the first that we have");
        assert_eq!(Tongue::of(Language::System, &["C".to_owned()]), Tongue::En);
        assert_eq!(Tongue::of(Language::De, &[]), Tongue::De);
    }
}
