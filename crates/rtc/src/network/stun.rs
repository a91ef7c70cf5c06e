//! One question to a STUN server: how does the world see this socket?
//!
//! The question is a Binding request (RFC 8489 section 2) without credentials, asked again until an
//! answer comes or nobody seems to be there.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use stun_proto::types::attribute::XorMappedAddress;
use stun_proto::types::message::{
    BINDING, Message, MessageClass, MessageWrite, MessageWriteVec, TransactionId,
};

use super::quiet::quietly;

/// How long the first answer may take before the question is asked again. RFC 8489 section 6.2.1
/// asks for 500 ms where nothing is known of the path; a call that waits for its first path takes
/// one more small packet to lose less time after a loss. Doubles with every repetition.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// How often one question is asked. With [`FIRST_WAIT`] it is given up after 7.75 s; fewer give up
/// on slow mobile networks, more delay the word that a server is dead.
const TIMES: u32 = 5;

/// A question that waits for its answer.
pub(super) struct Binding {
    id: TransactionId,
    /// The socket that asks.
    pub(super) local: SocketAddr,
    /// Who is asked. An answer from anywhere else is none.
    pub(super) server: SocketAddr,
    asked: u32,
    /// When to ask again or to give up.
    next: Instant,
}

/// What to do about a question at this moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send these bytes.
    Ask(Vec<u8>),
    /// Nothing before the deadline.
    Wait,
    /// Nobody answers.
    GiveUp,
}

impl Binding {
    pub(super) fn new(now: Instant, local: SocketAddr, server: SocketAddr) -> Self {
        Self { id: TransactionId::generate(), local, server, asked: 0, next: now }
    }

    pub(super) const fn deadline(&self) -> Instant {
        self.next
    }

    pub(super) fn step(&mut self, now: Instant) -> Step {
        if now < self.next {
            return Step::Wait;
        }
        if self.asked == TIMES {
            return Step::GiveUp;
        }
        self.next = now + FIRST_WAIT * 2_u32.pow(self.asked);
        self.asked += 1;
        Step::Ask(quietly(|| {
            let kind = stun_proto::types::message::MessageType::from_class_method(
                MessageClass::Request,
                BINDING,
            );
            Message::builder(kind, self.id, MessageWriteVec::new()).finish()
        }))
    }

    /// Whether `reply`, which `source` sent to `local`, answers this question.
    pub(super) fn is_answered_by(
        &self,
        local: SocketAddr,
        source: SocketAddr,
        reply: &Reply,
    ) -> bool {
        self.local == local && self.server == source && self.id == reply.id
    }
}

/// An answer to some Binding request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply {
    id: TransactionId,
    /// The asking socket as the server sees it; nothing when the server refuses.
    pub mapped: Option<SocketAddr>,
}

/// Reads a datagram as the answer to a Binding request. Anything else, and an answer with an address
/// that no packet can be sent to, is nothing.
pub fn read_reply(datagram: &[u8]) -> Option<Reply> {
    // Most datagrams are media; RFC 7983 section 7 tells STUN from them by the first byte.
    if *datagram.first()? > 3 {
        return None;
    }
    quietly(|| {
        let message = Message::from_bytes(datagram).ok()?;
        if message.method() != BINDING {
            return None;
        }
        let id = message.transaction_id();
        match message.class() {
            MessageClass::Success => {
                let mapped = message.attribute::<XorMappedAddress>().ok()?.addr(id);
                is_sendable(mapped).then_some(Reply { id, mapped: Some(mapped) })
            }
            MessageClass::Error => Some(Reply { id, mapped: None }),
            MessageClass::Request | MessageClass::Indication => None,
        }
    })
}

fn is_sendable(address: SocketAddr) -> bool {
    let ip = address.ip();
    address.port() != 0 && !ip.is_unspecified() && !ip.is_multicast()
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "an Instant to count from")]
pub(super) mod tests {
    use stun_proto::types::message::MessageWriteExt as _;

    use super::*;

    pub(in crate::network) fn reply_to(request: &[u8], mapped: SocketAddr) -> Vec<u8> {
        let request = Message::from_bytes(request).unwrap();
        let mut reply = Message::builder_success(&request, MessageWriteVec::new());
        reply.add_attribute(&XorMappedAddress::new(mapped, request.transaction_id())).unwrap();
        reply.finish()
    }

    fn local() -> SocketAddr {
        "192.0.2.2:4000".parse().unwrap()
    }

    fn server() -> SocketAddr {
        "198.51.100.1:3478".parse().unwrap()
    }

    #[test]
    fn a_question_is_repeated_with_doubling_gaps_and_then_given_up() {
        let start = Instant::now();
        let mut binding = Binding::new(start, local(), server());
        let (mut asked, mut ids) = (Vec::new(), Vec::new());
        loop {
            let now = binding.deadline();
            match binding.step(now) {
                Step::Ask(request) => {
                    asked.push((now - start).as_millis());
                    ids.push(Message::from_bytes(&request).unwrap().transaction_id());
                    assert_eq!(binding.step(now), Step::Wait, "asked once at a time");
                }
                Step::Wait => panic!("its deadline has come"),
                Step::GiveUp => {
                    asked.push((now - start).as_millis());
                    break;
                }
            }
        }
        assert_eq!(asked, [0, 250, 750, 1_750, 3_750, 7_750]);
        assert!(ids.windows(2).all(|two| two[0] == two[1]), "it is one question");
    }

    #[test]
    fn only_the_server_that_was_asked_can_answer_and_only_this_question() {
        let now = Instant::now();
        let mut binding = Binding::new(now, local(), server());
        let Step::Ask(request) = binding.step(now) else { panic!("asks at once") };
        let mapped = "203.0.113.9:777".parse().unwrap();
        let reply = read_reply(&reply_to(&request, mapped)).expect("it is a reply");
        assert_eq!(reply.mapped, Some(mapped));
        assert!(binding.is_answered_by(local(), server(), &reply), "the true answer");
        let other = "198.51.100.2:3478".parse().unwrap();
        assert!(!binding.is_answered_by(local(), other, &reply), "not from elsewhere");
        assert!(!binding.is_answered_by(other, server(), &reply), "not on another socket");
        let mut second = Binding::new(now, local(), server());
        let Step::Ask(_) = second.step(now) else { panic!("asks at once") };
        assert!(!second.is_answered_by(local(), server(), &reply), "not to another question");
    }

    #[test]
    fn what_is_no_answer_is_ignored() {
        let now = Instant::now();
        let Step::Ask(request) = Binding::new(now, local(), server()).step(now) else {
            panic!("asks at once")
        };
        assert_eq!(read_reply(&request), None, "our own question");
        assert_eq!(read_reply(b""), None, "an empty datagram");
        assert_eq!(read_reply(&[0x80; 100]), None, "media");
        for nowhere in ["0.0.0.0:1", "203.0.113.9:0", "224.0.0.1:9"] {
            let reply = reply_to(&request, nowhere.parse().unwrap());
            assert_eq!(read_reply(&reply), None, "{nowhere} cannot be sent to");
        }
        let reply = reply_to(&request, "203.0.113.9:777".parse().unwrap());
        for length in 0..reply.len() {
            assert_eq!(read_reply(&reply[..length]), None, "cut to {length} bytes");
        }
    }
}
