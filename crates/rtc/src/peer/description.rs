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
    #[error("the answer is to another offer")]
    OtherLines,
    #[error("the answer restarts ICE, and the offer does not")]
    Restart,
    #[error("the answer has another transport for the channels")]
    OtherChannels,
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

/// Checks that an answer is one to this offer: the same lines in the same order (RFC 9429 section
/// 5.10). `far` is what the other side said before, where this is not the first exchange. str0m
/// checks the same while it takes the answer in, and gives the offer up where it is not so.
pub(crate) fn check_answer(
    offer: &str,
    restart: bool,
    far: Option<&Far>,
    answer: &str,
) -> Result<(), Unusable> {
    if every_line(offer) != every_line(answer) {
        return Err(Unusable::OtherLines);
    }
    let (Some(before), now) = (far, Far::of(answer)) else { return Ok(()) };
    if !restart && before.credentials != now.credentials {
        return Err(Unusable::Restart);
    }
    if before.channels.is_some() && before.channels != now.channels {
        return Err(Unusable::OtherChannels);
    }
    Ok(())
}

/// What a side says of its transport, and keeps to: all lines share one.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Far {
    /// ICE's, until a restart.
    credentials: Option<(String, String)>,
    /// The channels' first words, where they are said in descriptions (draft-hancke-tsvwg-snap).
    channels: Option<String>,
}

impl Far {
    pub(crate) fn of(sdp: &str) -> Self {
        let said = |section: &str, start: &str| {
            section.lines().find_map(|line| line.strip_prefix(start)).map(|it| it.trim().to_owned())
        };
        let credentials = sdp
            .split("\nm=")
            .find_map(|section| said(section, "a=ice-ufrag:").zip(said(section, "a=ice-pwd:")));
        Self { credentials, channels: said(sdp, "a=sctp-init:") }
    }
}

/// Every line of media or channels: what it is, and its name.
fn every_line(sdp: &str) -> Vec<(&str, Option<&str>)> {
    sdp.split("\nm=")
        .skip(1)
        .map(|section| {
            let name = section.lines().find_map(|line| line.strip_prefix("a=mid:"));
            (section.split(' ').next().unwrap_or_default(), name.map(str::trim))
        })
        .collect()
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
    fn an_answer_has_the_offers_lines_and_keeps_to_what_was_said() {
        let far = Far::of(OFFER);
        let check = |answer: &str| check_answer(OFFER, false, Some(&far), answer);
        assert_eq!(check(OFFER), Ok(()), "the same lines");
        assert_eq!(
            check(&OFFER.replace("a=mid:1", "a=mid:2")),
            Err(Unusable::OtherLines),
            "a line of another name"
        );
        let restarted = OFFER.replace("a=ice-pwd:0", "a=ice-pwd:1");
        assert_eq!(check(&restarted), Err(Unusable::Restart), "nobody asked for that");
        assert_eq!(check_answer(OFFER, true, Some(&far), &restarted), Ok(()), "somebody did");
        assert_eq!(check_answer(OFFER, false, None, &restarted), Ok(()), "nothing was said before");
        let far = Far::of(&format!("{OFFER}a=sctp-init:AQAA\r\n"));
        assert_eq!(
            check_answer(OFFER, false, Some(&far), OFFER),
            Err(Unusable::OtherChannels),
            "the channels are there already"
        );
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
