//! What a description says before anything is done with it.

use str0m::change::SdpOffer;
use str0m::media::Mid;

/// Why a remote description is refused before it could change anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("the description cannot be read")]
    Unreadable,
    #[error("the description has no ICE credentials")]
    NoCredentials,
    #[error("the description has no certificate's fingerprint")]
    NoFingerprint,
    #[error("the description has no media")]
    NoMedia,
}

/// Checks what must be there. str0m reads the rest, and lets go of the whole connection where one
/// of these is missing; the core expects a failed operation to leave it as it was.
pub(crate) fn check(sdp: &str) -> Result<(), Unusable> {
    let has = |start: &str| sdp.lines().any(|line| line.starts_with(start));
    if !has("v=0") {
        return Err(Unusable::Unreadable);
    }
    if !has("m=") {
        return Err(Unusable::NoMedia);
    }
    if !has("a=ice-ufrag:") || !has("a=ice-pwd:") {
        return Err(Unusable::NoCredentials);
    }
    if !has("a=fingerprint:") {
        return Err(Unusable::NoFingerprint);
    }
    SdpOffer::from_sdp_string(sdp).map(|_| ()).map_err(|_| Unusable::Unreadable)
}

/// The ICE generation that a description belongs to.
pub(crate) fn ufrag(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).map(str::trim)
}

/// The media lines in order: whether it is sound, and its name.
pub(crate) fn lines(sdp: &str) -> Vec<(bool, Mid)> {
    let mut lines = Vec::new();
    let mut kind = None;
    for line in sdp.lines() {
        if let Some(media) = line.strip_prefix("m=") {
            kind = match media.split(' ').next() {
                Some("audio") => Some(true),
                Some("video") => Some(false),
                Some(_) | None => None,
            };
        } else if let (Some(sound), Some(mid)) = (kind, line.strip_prefix("a=mid:")) {
            lines.push((sound, Mid::from(mid.trim())));
            kind = None;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const OFFER: &str = "v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\n\
        a=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=rtcp-mux\r\na=sendrecv\r\n\
        a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n\
        a=rtpmap:111 opus/48000/2\r\na=x-nobody-knows:this\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\na=sctp-port:5000\r\n";

    #[test]
    fn unknown_lines_are_no_reason_to_refuse() {
        assert_eq!(check(OFFER), Ok(()), "everything needed is there");
        assert_eq!(lines(OFFER), [(true, Mid::from("0"))], "channels are not media");
    }

    #[test]
    fn what_is_missing_is_named() {
        let without = |part: &str| -> String {
            OFFER.lines().filter(|line| !line.contains(part)).map(|l| format!("{l}\r\n")).collect()
        };
        assert_eq!(check("garbage"), Err(Unusable::Unreadable), "not a description");
        assert_eq!(check(&without("ice-pwd")), Err(Unusable::NoCredentials), "no password");
        assert_eq!(check(&without("fingerprint")), Err(Unusable::NoFingerprint), "no certificate");
        assert_eq!(check("v=0\r\ns=-\r\n"), Err(Unusable::NoMedia), "nothing to talk with");
    }
}
