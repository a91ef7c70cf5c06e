//! Ids: UUIDv7, made by whoever makes the thing, written as hyphenated lower-case hex.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The text is not a UUID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "bindings", derive(specta::Type), specta(transparent))]
        #[cfg_attr(
            feature = "schema",
            derive(schemars::JsonSchema),
            schemars(with = "String", extend("format" = "uuid", "pattern" = $crate::schema::UUID))
        )]
        #[serde(transparent)]
        pub struct $name(#[cfg_attr(feature = "bindings", specta(type = String))] uuid::Uuid);

        impl $name {
            /// A UUIDv7 of this moment (milliseconds since 1970) and these random bytes. Ids made
            /// later compare greater, to the millisecond.
            #[must_use]
            pub fn from_parts(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }

            /// The id's sixteen bytes, as stores keep it.
            #[must_use]
            pub const fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }

            /// The id that these sixteen bytes are.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(uuid::Uuid::from_bytes(bytes))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                uuid::Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }
    };
}

id! {
    /// An account.
    UserId
}
id! {
    /// One sign-in of a user. Messages are addressed to devices.
    DeviceId
}
id! {
    /// People who can call each other.
    ConversationId
}
id! {
    /// One occasion of talking, named by the caller's device. Of two crossing calls the smaller
    /// id lives.
    CallId
}
id! {
    /// One offer of one device. Greater ids are newer, across reloads as well, so an answer to a
    /// forgotten offer can be told from an answer to the present one.
    OfferId
}
id! {
    /// One chat message.
    ChatId
}
