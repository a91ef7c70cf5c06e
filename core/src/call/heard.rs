//! What a participant may send over the channels of a connection: as much as a person and a client of
//! ours can, and not what brings a device down.

use bellwire_protocol::ChannelMessage;
use bellwire_protocol::limits::CHANNEL_MESSAGE_BYTES;

use crate::Time;
use crate::allowance::Allowance;

/// How much more a participant may send. Each kind has its own, so that a flood of one does not drop
/// another.
#[derive(Debug)]
pub(super) struct Heard {
    /// Words: what is kept on the disk. A client of ours sends 100 at once and 8 a second.
    words: Allowance,
    /// Receipts for the own words.
    receipts: Allowance,
    /// Descriptions and candidates, where the relay is away. A device with many addresses has 76
    /// candidates at once.
    signaling: Allowance,
    /// Heartbeats and what is sent: two a second.
    control: Allowance,
    told: bool,
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    Taken(ChannelMessage),
    /// It means nothing to this build.
    Unreadable,
    /// Over the limit: dropped. `first` says that the person was not told yet.
    TooMuch {
        first: bool,
    },
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            words: Allowance::new(200, 10),
            receipts: Allowance::new(200, 10),
            signaling: Allowance::new(300, 20),
            control: Allowance::new(100, 20),
            told: false,
        }
    }
}

impl Heard {
    /// A text arrived on a channel.
    pub(super) fn hear(&mut self, now: Time, data: &str) -> Verdict {
        if data.len() > CHANNEL_MESSAGE_BYTES {
            return Verdict::Unreadable;
        }
        let Ok(message) = bellwire_protocol::decode::<ChannelMessage>(data) else {
            return self.spend_on_noise(now);
        };
        let allowance = match &message {
            ChannelMessage::Chat { .. } => &mut self.words,
            ChannelMessage::ChatReceived { .. } => &mut self.receipts,
            ChannelMessage::SdpOffer { .. }
            | ChannelMessage::SdpAnswer { .. }
            | ChannelMessage::IceCandidate { .. } => &mut self.signaling,
            // Said once, and it is the end.
            ChannelMessage::Leave => return Verdict::Taken(message),
            ChannelMessage::Heartbeat { .. }
            | ChannelMessage::MediaState { .. }
            | ChannelMessage::Unknown => &mut self.control,
        };
        if allowance.take(now) { Verdict::Taken(message) } else { self.too_much() }
    }

    fn spend_on_noise(&mut self, now: Time) -> Verdict {
        if self.control.take(now) { Verdict::Unreadable } else { self.too_much() }
    }

    const fn too_much(&mut self) -> Verdict {
        let first = !self.told;
        self.told = true;
        Verdict::TooMuch { first }
    }
}

#[cfg(test)]
mod tests {
    use bellwire_protocol::{ChatId, ChatText, MediaState, Unavailable, encode};

    use super::*;

    fn words(n: u64) -> String {
        let text = ChatText::new("x".repeat(4_000)).expect("text");
        encode(&ChannelMessage::Chat { id: ChatId::from_parts(n, [0; 10]), text, sent_at: 0 })
    }

    fn beat(n: u64) -> String {
        let state = MediaState { mic: true, camera: false, screen: false, narrow: false };
        encode(&ChannelMessage::Heartbeat { n, state, unavailable: Unavailable::default() })
    }

    #[test]
    fn a_flood_is_dropped_and_told_once_and_drops_nothing_else() {
        let mut heard = Heard::default();
        let mut taken = 0;
        let mut told = 0;
        for n in 0..6_000 {
            let now = Time(n * 10);
            match heard.hear(now, &words(n)) {
                Verdict::Taken(_) => taken += 1,
                Verdict::TooMuch { first } => told += usize::from(first),
                Verdict::Unreadable => panic!("readable"),
            }
            if n % 50 == 0 {
                assert!(matches!(heard.hear(now, &beat(n)), Verdict::Taken(_)), "at {n}");
            }
        }
        assert!((790..=800).contains(&taken), "200 and ten a second for a minute: {taken}");
        assert_eq!(told, 1);
        let leave = encode(&ChannelMessage::Leave);
        assert!(matches!(heard.hear(Time(60_000), &leave), Verdict::Taken(_)));
    }

    #[test]
    fn what_means_nothing_is_bounded_too() {
        let mut heard = Heard::default();
        let dropped = (0..1_000)
            .filter(|_| matches!(heard.hear(Time(0), "{"), Verdict::TooMuch { .. }))
            .count();
        assert_eq!(dropped, 900);
        let long = " ".repeat(CHANNEL_MESSAGE_BYTES + 1);
        assert_eq!(heard.hear(Time(0), &long), Verdict::Unreadable, "not even read");
    }
}
