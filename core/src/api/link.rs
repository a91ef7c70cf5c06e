//! Links that other programs and pages can open: `bellwire://call/NAME`, `bellwire://relay/HOST`.
//!
//! Anybody can write one, so a link is a wish and nothing more: it opens a screen that asks, and
//! never dials, answers or changes a relay by itself.

use bellwire_protocol::Username;
use serde::{Deserialize, Serialize};

/// How long a link may be, in bytes: a host name has at most 253.
const LONGEST: usize = 300;

/// What a link asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "bindings", derive(specta::Type))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Link {
    /// Call somebody.
    Call {
        /// The name that they are found with.
        username: String,
    },
    /// Use a relay.
    Relay {
        /// Its host, and a port where it is not the usual one. Always reached with TLS.
        address: String,
    },
}

impl Link {
    /// Reads a link. Nothing that is not exactly one is taken for one.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        // Browsers add a slash to what they take for a host, and may change its case.
        let (scheme, rest) = text.split_once("://")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (what, argument) = rest.split_once('/')?;
        if !scheme.eq_ignore_ascii_case("bellwire") {
            return None;
        }
        match what.to_ascii_lowercase().as_str() {
            "call" => {
                let username = Username::new(argument.to_ascii_lowercase()).ok()?;
                Some(Self::Call { username: username.as_str().to_owned() })
            }
            "relay" => {
                is_address(argument).then(|| Self::Relay { address: argument.to_ascii_lowercase() })
            }
            _ => None,
        }
    }
}

/// Whether this is a host name or an IPv4 address, perhaps with a port, and nothing else: no name of
/// a user, no path, no query.
fn is_address(text: &str) -> bool {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let port_is_one = port.is_none_or(|port| {
        port.bytes().all(|byte| byte.is_ascii_digit())
            && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    host.len() <= 253 && host.split('.').all(is_label) && port_is_one
}

/// RFC 1123, section 2.1.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !label.starts_with('-')
        && !label.ends_with('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn call(username: &str) -> Option<Link> {
        Some(Link::Call { username: username.to_owned() })
    }

    fn relay(address: &str) -> Option<Link> {
        Some(Link::Relay { address: address.to_owned() })
    }

    #[test]
    fn links_are_read() {
        for (text, link) in [
            ("bellwire://call/ada", call("ada")),
            ("bellwire://call/ada/", call("ada")),
            ("BELLWIRE://CALL/Ada.Lovelace", call("ada.lovelace")),
            ("bellwire://relay/calls.example.org", relay("calls.example.org")),
            ("bellwire://relay/Calls.Example.org:8443/", relay("calls.example.org:8443")),
            ("bellwire://relay/192.0.2.7", relay("192.0.2.7")),
        ] {
            assert_eq!(Link::read(text), link, "{text}");
        }
    }

    #[test]
    fn what_is_hostile_or_broken_is_no_link() {
        let long = format!("bellwire://relay/{}", "a.".repeat(200));
        for text in [
            "",
            "bellwire:",
            "bellwire://",
            "bellwire://call",
            "bellwire://call/",
            "bellwire://call//",
            "bellwire://call/a",
            "bellwire://call/ada/accept",
            "bellwire://call/ada?media=video&auto=1",
            "bellwire://call/ada#now",
            "bellwire://call/ada%20",
            "bellwire://call/ada ",
            " bellwire://call/ada",
            "bellwire://call/ada\n",
            "bellwire://call/ada\0",
            "bellwire://call/../relay/evil.example",
            "bellwire://call/\u{430}da",
            "bellwire://call/<img src=x onerror=alert(1)>",
            "bellwire://call/--relay=evil",
            "bellwire://user@call/ada",
            "bellwire://answer/ada",
            "bellwire://sign_out/",
            "bellwire://relay/",
            "bellwire://relay/ada@evil.example",
            "bellwire://relay/http://evil.example",
            "bellwire://relay/https:%2f%2fevil.example",
            "bellwire://relay/evil.example/path",
            "bellwire://relay/evil.example?x",
            "bellwire://relay/evil.example:0",
            "bellwire://relay/evil.example:65536",
            "bellwire://relay/evil.example:+443",
            "bellwire://relay/evil.example:",
            "bellwire://relay/evil..example",
            "bellwire://relay/-evil.example",
            "bellwire://relay/[::1]",
            "bellwire://relay/evil.example\u{202e}gro",
            "http://call/ada",
            "javascript://call/ada",
            "file://relay/etc/passwd",
            &long,
        ] {
            assert_eq!(Link::read(text), None, "{text:?}");
        }
    }

    proptest! {
        /// Whatever was written: what comes out is a plain name or a plain address.
        #[test]
        fn nothing_but_names_and_addresses_comes_out(text in "\\PC{0,320}", argument in "\\PC{0,80}") {
            for text in [text, format!("bellwire://call/{argument}"), format!("bellwire://relay/{argument}")] {
                match Link::read(&text) {
                    None => {}
                    Some(Link::Call { username }) => prop_assert!(Username::new(username).is_ok()),
                    Some(Link::Relay { address }) => prop_assert!(
                        address.bytes().all(|byte| byte.is_ascii_lowercase()
                            || byte.is_ascii_digit() || b".:-".contains(&byte)),
                    ),
                }
            }
        }
    }
}
