//! Strings from outside, each with the limit that it is parsed against.
//!
//! `Debug` of anything that could identify a person's device or open a door prints its length.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a string was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidText {
    /// Shorter than the type allows.
    #[error("too short")]
    TooShort,
    /// Longer than the type allows.
    #[error("too long")]
    TooLong,
    /// Holds a character that the type does not allow.
    #[error("holds a character that is not allowed")]
    Character,
}

/// Bytes that JSON writes for a text, without its quotation marks. No way of writing it is shorter,
/// so a text grows by nothing on its way from one frame into another.
pub(crate) fn encoded_bytes(text: &str) -> usize {
    let bytes = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        c => c.len_utf8(),
    };
    text.chars().map(bytes).sum()
}

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, min $min:expr, encoded $max:expr, $check:expr, debug $debug:ident) => {
        text!(@type encoded_bytes, "Longest value in bytes as JSON writes it.",
            $(#[$doc])* $name, min $min, max $max, $check, debug $debug);
    };
    ($(#[$doc:meta])* $name:ident, min $min:expr, max $max:expr, $check:expr, debug $debug:ident) => {
        text!(@type str::len, "Longest value in bytes.",
            $(#[$doc])* $name, min $min, max $max, $check, debug $debug);
    };
    (@type $measure:path, $longest:literal,
        $(#[$doc:meta])* $name:ident, min $min:expr, max $max:expr, $check:expr, debug $debug:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "bindings", derive(specta::Type), specta(transparent))]
        #[cfg_attr(
            feature = "schema",
            derive(schemars::JsonSchema),
            // Characters are never more than bytes, so the greatest length holds for both.
            schemars(extend("minLength" = $min, "maxLength" = $max, "x-maxBytes" = $max, "x-measure" = $longest))
        )]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            #[doc = $longest]
            pub const MAX_BYTES: usize = $max;

            /// Parses a string from outside.
            ///
            /// # Errors
            /// [`InvalidText`] says which limit the string broke.
            pub fn new(text: impl Into<String>) -> Result<Self, InvalidText> {
                let text = text.into();
                let lengths = $min..=$max;
                let measure: fn(&str) -> usize = $measure;
                if measure(&text) > *lengths.end() {
                    return Err(InvalidText::TooLong);
                }
                if text.len() < *lengths.start() {
                    return Err(InvalidText::TooShort);
                }
                let check: fn(&str) -> bool = $check;
                if !check(&text) {
                    return Err(InvalidText::Character);
                }
                Ok(Self(text))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidText;
            fn try_from(text: String) -> Result<Self, InvalidText> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.0
            }
        }

        text!(@debug $debug $name);
    };
    (@debug shown $name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }
    };
    (@debug hidden $name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({} bytes)"), self.0.len())
            }
        }
    };
}

/// Letters of any script, but nothing that can reorder or hide text (C0/C1 controls, bidirectional
/// overrides and isolates, zero-width characters but the two joiners, the byte-order mark). A relay
/// is stricter with names that are new; what it once let in is to be shown.
fn is_plain(text: &str) -> bool {
    !text.chars().any(|c| {
        c.is_control()
            || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
                | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
    })
}

text! {
    /// The name that people sign in and find each other with: 2 to 32 of `a-z 0-9 . _ -`, starting
    /// with a letter or digit.
    Username, min 2, max 32, |t| t.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && t.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b)), debug hidden
}
text! {
    /// The name that people see: 1 to 128 bytes, not blank, no control characters.
    DisplayName, min 1, max 128, |t| is_plain(t) && !t.trim().is_empty(), debug hidden
}
/// What a description is written with: RFC 8866 section 9 has lines of any bytes but NUL, in UTF-8;
/// of the control characters only those are in use that end lines and part fields.
fn is_sdp(text: &str) -> bool {
    text.chars().all(|c| !c.is_control() || matches!(c, '\r' | '\n' | '\t'))
}

text! {
    /// A session description. Opaque to the relay; parsed by the peer connection after Accept.
    Sdp, min 1, encoded 40_000, is_sdp, debug hidden
}
text! {
    /// One ICE candidate line (RFC 8839 section 5.1: visible ASCII and spaces), or empty: no more
    /// for this ufrag.
    Candidate, min 0, encoded 1_024, |t| t.bytes().all(|b| b == b' ' || b.is_ascii_graphic()), debug hidden
}
text! {
    /// An ICE username fragment: 4 to 256 `ice-char` (RFC 8839 section 5.4), or empty where the
    /// executor does not know it.
    Ufrag, min 0, max 256, |t| t.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/-_=".contains(&b)), debug hidden
}
text! {
    /// The `a=mid` of an m-line.
    Mid, min 0, encoded 32, |t| t.bytes().all(|b| b.is_ascii_graphic()), debug shown
}
text! {
    /// A signature over a description, by the device's identity key. Opaque to the relay.
    Proof, min 1, encoded 2_048, |t| t.bytes().all(|b| b.is_ascii_graphic()), debug hidden
}
text! {
    /// A token or password on its way. Never logged, never in a URL.
    Secret, min 1, max 4_096, |_| true, debug hidden
}
text! {
    /// One chat message, not blank. There is room for 4,000 characters of any script.
    ChatText, min 1, encoded 16_000, |t| !t.trim().is_empty() && !t.contains('\0'), debug hidden
}
