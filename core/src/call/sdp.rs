//! As much of a session description as the core must know, read with bounds: which ICE generation
//! it is, how many m-lines it has, and the text without candidates.
//!
//! Candidates never travel inside a description. libwebrtc gives up the selected pair of a running
//! connection when a restart's description brings candidates along, and a relay or peer must not
//! be able to slip in addresses before Accept.

use std::collections::BTreeSet;

use bellwire_protocol::{Sdp, Ufrag};

/// Most lines of a description. Four m-lines of a browser make about 250.
const MAX_LINES: usize = 2_000;
/// Most m-lines: the four slots and the data channels, with room for what comes.
const MAX_MEDIA: usize = 16;

/// Why a text is not a session description for this purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Too long, or too many lines or m-lines.
    #[error("the description is over a limit")]
    TooLarge,
    /// Not the shape of RFC 8866: `v=0` first, then lines of a letter, `=` and a value.
    #[error("the text is not a session description")]
    NotSdp,
    /// No m-line.
    #[error("the description has no media")]
    NoMedia,
    /// No `ice-ufrag`, or a malformed one.
    #[error("the description has no ICE credentials")]
    NoIce,
}

/// A session description without candidates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The text, lines ended as RFC 8866 wants them.
    pub sdp: Sdp,
    /// Its ICE generation. Everything is bundled, so there is one.
    pub ufrag: Ufrag,
    /// How many m-lines it has.
    pub media: usize,
    /// Whose it is: the certificates that the far end of DTLS may show (RFC 8122), sorted. A relay
    /// or peer that changes them within one connection puts somebody else in its place.
    pub fingerprints: BTreeSet<String>,
}

impl Description {
    /// Reads a description from an executor or from a participant.
    ///
    /// # Errors
    /// [`SdpError`] where an executor could not use it either, or should not.
    pub fn read(text: &str) -> Result<Self, SdpError> {
        // An executor's own text may hold candidates that make it longer than what is sent.
        if text.len() > 2 * Sdp::MAX_BYTES {
            return Err(SdpError::TooLarge);
        }
        let mut kept = String::with_capacity(text.len());
        let mut ufrag = None;
        let mut media = 0;
        let mut fingerprints = BTreeSet::new();
        for (number, line) in text.lines().enumerate() {
            if number >= MAX_LINES {
                return Err(SdpError::TooLarge);
            }
            if number == 0 && line != "v=0" {
                return Err(SdpError::NotSdp);
            }
            let Some((kind, value)) = line.split_once('=') else { return Err(SdpError::NotSdp) };
            if kind.len() != 1 || !kind.as_bytes()[0].is_ascii_lowercase() || value.contains('\r') {
                return Err(SdpError::NotSdp);
            }
            if kind == "m" {
                media += 1;
            } else if kind == "a" {
                if value.starts_with("candidate:") || value == "end-of-candidates" {
                    continue;
                }
                if let Some(fingerprint) = value.strip_prefix("fingerprint:") {
                    // Hash names and digits are the same in either case.
                    fingerprints.insert(fingerprint.trim().to_ascii_lowercase());
                }
                if let Some(fragment) = value.strip_prefix("ice-ufrag:")
                    && ufrag.is_none()
                {
                    ufrag = Some(Self::read_ufrag(fragment)?);
                }
            }
            kept.push_str(line);
            kept.push_str("\r\n");
        }
        if kept.is_empty() {
            return Err(SdpError::NotSdp);
        }
        if media == 0 {
            return Err(SdpError::NoMedia);
        }
        if media > MAX_MEDIA {
            return Err(SdpError::TooLarge);
        }
        let ufrag = ufrag.ok_or(SdpError::NoIce)?;
        let sdp = Sdp::new(kept).map_err(|_| SdpError::TooLarge)?;
        Ok(Self { sdp, ufrag, media, fingerprints })
    }

    fn read_ufrag(text: &str) -> Result<Ufrag, SdpError> {
        if text.len() < 4 {
            return Err(SdpError::NoIce);
        }
        Ufrag::new(text).map_err(|_| SdpError::NoIce)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BROWSER: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=candidate:1 1 udp 1 192.0.2.4 9 typ host\r\n\
        a=ice-ufrag:4ZcD\r\na=ice-pwd:2/1muCWoOi3uLifh0NuRHlnA\r\na=end-of-candidates\r\na=mid:0\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:4ZcD\r\na=mid:1\r\n";

    #[test]
    fn reads_generation_and_media_and_takes_candidates_out() {
        let read = Description::read(BROWSER).expect("a browser's description is read");
        assert_eq!(read.ufrag.as_str(), "4ZcD");
        assert_eq!(read.media, 2);
        assert!(!read.sdp.as_str().contains("candidate"), "no candidate travels in a description");
        assert!(read.sdp.as_str().contains("a=mid:1\r\n"), "everything else stays");
    }

    #[test]
    fn bare_line_feeds_become_what_the_standard_wants() {
        let read = Description::read(&BROWSER.replace("\r\n", "\n")).expect("read");
        assert_eq!(read, Description::read(BROWSER).expect("read"));
    }

    #[test]
    fn refuses_what_is_not_a_description() {
        for (text, error) in [
            ("", SdpError::NotSdp),
            ("hello", SdpError::NotSdp),
            ("{\"sdp\":\"v=0\"}", SdpError::NotSdp),
            ("v=1\r\nm=audio 9 x 0\r\na=ice-ufrag:4ZcD\r\n", SdpError::NotSdp),
            ("v=0\r\nM=audio\r\n", SdpError::NotSdp),
            ("v=0\r\na=ice-ufrag:4ZcD\r\n", SdpError::NoMedia),
            ("v=0\r\nm=audio 9 x 0\r\n", SdpError::NoIce),
            ("v=0\r\nm=audio 9 x 0\r\na=ice-ufrag:abc\r\n", SdpError::NoIce),
            ("v=0\r\nm=audio 9 x 0\r\na=ice-ufrag:ab c;\r\n", SdpError::NoIce),
        ] {
            assert_eq!(Description::read(text), Err(error), "{text:?}");
        }
    }

    #[test]
    fn refuses_what_is_over_a_limit() {
        let lines = format!("{BROWSER}{}", "a=x\r\n".repeat(MAX_LINES));
        assert_eq!(Description::read(&lines), Err(SdpError::TooLarge), "too many lines");
        let media = format!("{BROWSER}{}", "m=audio 9 x 0\r\n".repeat(MAX_MEDIA));
        assert_eq!(Description::read(&media), Err(SdpError::TooLarge), "too many m-lines");
        let long = format!("{BROWSER}a={}\r\n", "x".repeat(2 * Sdp::MAX_BYTES));
        assert_eq!(Description::read(&long), Err(SdpError::TooLarge), "too long");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,400}") {
            let _ = Description::read(&text);
        }

        #[test]
        fn what_was_read_reads_again_as_the_same(
            lines in prop::collection::vec("(a=candidate:[a-z0-9 ]{0,20}|a=end-of-candidates|a=ice-ufrag:[a-zA-Z0-9+/]{0,8}|m=audio [0-9]|[a-z]=[ -~]{0,30}|[ -~]{0,10})", 0..30),
        ) {
            let text = format!("v=0\r\n{}\r\n", lines.join("\r\n"));
            if let Ok(read) = Description::read(&text) {
                prop_assert!(!read.sdp.as_str().contains("a=candidate:"));
                prop_assert!(!read.sdp.as_str().contains("a=end-of-candidates"));
                prop_assert_eq!(Description::read(read.sdp.as_str()), Ok(read));
            }
        }
    }
}
