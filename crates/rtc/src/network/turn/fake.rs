//! A TURN server without sockets and without a will: it answers as the test says.

use std::collections::VecDeque;
use std::net::SocketAddr;

use stun_proto::types::attribute::{AttributeStaticType as _, AttributeWrite};
use stun_proto::types::attribute::{ErrorCode, MessageIntegrity, Nonce, Realm, XorMappedAddress};
use stun_proto::types::message::{
    BINDING, IntegrityAlgorithm, LongTermKeyCredentials, Message, MessageClass,
    MessageIntegrityCredentials, MessageType, MessageWrite as _, MessageWriteExt as _,
    MessageWriteVec, Method, TransactionId,
};
use turn_client_proto::types::attribute::{
    ChannelNumber, Data, Lifetime, XorPeerAddress, XorRelayedAddress,
};
use turn_client_proto::types::message::{
    ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, DATA, REFRESH, SEND,
};

pub(in crate::network) const USER: (&str, &str) = ("hidden-user", "hidden-word");
const REALM: &str = "test.example";

/// The server.
pub(in crate::network) struct Fake {
    /// What it gives.
    pub(in crate::network) relayed: Vec<SocketAddr>,
    /// In seconds.
    pub(in crate::network) lifetime: u32,
    pub(in crate::network) nonce: String,
    /// Answers to requests of this method, before any good one: an error code each.
    pub(in crate::network) refusals: VecDeque<(Method, u16)>,
    /// Every request, and whether it was signed.
    pub(in crate::network) heard: Vec<(Method, bool)>,
    /// Every packet to a peer.
    pub(in crate::network) passed: Vec<(SocketAddr, Vec<u8>)>,
    pub(in crate::network) channel: Option<(u16, SocketAddr)>,
}

impl Fake {
    pub(in crate::network) fn new() -> Self {
        Self {
            relayed: vec!["198.51.100.1:50000".parse().unwrap()],
            lifetime: 1_800,
            nonce: "first".to_owned(),
            refusals: VecDeque::new(),
            heard: Vec::new(),
            passed: Vec::new(),
            channel: None,
        }
    }

    /// How often a method was asked for, signed.
    pub(in crate::network) fn count(&self, method: Method) -> usize {
        self.heard.iter().filter(|heard| **heard == (method, true)).count()
    }

    /// The answer to one message.
    pub(in crate::network) fn hear(&mut self, message: &[u8], from: SocketAddr) -> Option<Vec<u8>> {
        if message[0] >> 6 == 1 {
            let (number, peer) = self.channel.expect("a channel is bound");
            assert_eq!(message[..2], number.to_be_bytes(), "the channel of the peer");
            let length = usize::from(u16::from_be_bytes([message[2], message[3]]));
            self.passed.push((peer, message[4..4 + length].to_vec()));
            return None;
        }
        let message = Message::from_bytes(message).expect("a stun message");
        if message.method() == SEND {
            let peer = message.attribute::<XorPeerAddress>().expect("to a peer");
            let data = message.attribute::<Data<'_>>().expect("with data");
            self.passed.push((peer.addr(message.transaction_id()), data.data().to_vec()));
            return None;
        }
        let is_signed = message.has_attribute(MessageIntegrity::TYPE);
        self.heard.push((message.method(), is_signed));
        if message.method() == BINDING {
            assert!(message.has_class(MessageClass::Indication), "nobody asks over a link");
            return None;
        }
        if !is_signed {
            return Some(self.error(&message, ErrorCode::UNAUTHORIZED));
        }
        if let Some((method, code)) = self.refusals.front().copied()
            && method == message.method()
        {
            self.refusals.pop_front();
            if code == ErrorCode::STALE_NONCE {
                self.nonce.push('+');
            }
            return Some(self.error(&message, code));
        }
        let id = message.transaction_id();
        let mut answer = Message::builder_success(&message, MessageWriteVec::new());
        let mut add = |attribute: &dyn AttributeWrite| {
            answer.add_attribute(attribute).expect("there is room");
        };
        match message.method() {
            ALLOCATE => {
                self.relayed.iter().for_each(|it| add(&XorRelayedAddress::new(*it, id)));
                add(&XorMappedAddress::new(from, id));
                add(&Lifetime::new(self.lifetime));
            }
            REFRESH => {
                let asked = message.attribute::<Lifetime>().expect("with a lifetime").seconds();
                add(&Lifetime::new(asked.min(self.lifetime)));
            }
            CHANNEL_BIND => {
                let number = message.attribute::<ChannelNumber>().expect("with a number");
                let peer = message.attribute::<XorPeerAddress>().expect("for a peer");
                self.channel = Some((number.channel(), peer.addr(id)));
            }
            CREATE_PERMISSION => {}
            other => panic!("{other} is not asked for"),
        }
        answer.add_message_integrity(&credentials(), IntegrityAlgorithm::Sha1).unwrap();
        Some(answer.finish())
    }

    /// A packet from a peer, as the server passes it on.
    pub(in crate::network) fn pass(&self, peer: SocketAddr, contents: &[u8]) -> Vec<u8> {
        if let Some((number, _)) = self.channel.filter(|(_, bound)| *bound == peer) {
            let length = u16::try_from(contents.len()).unwrap();
            let header = [number.to_be_bytes(), length.to_be_bytes()].concat();
            return [&header, contents].concat();
        }
        let id = TransactionId::generate();
        let kind = MessageType::from_class_method(MessageClass::Indication, DATA);
        let mut message = Message::builder(kind, id, MessageWriteVec::new());
        message.add_attribute(&XorPeerAddress::new(peer, id)).unwrap();
        message.add_attribute(&Data::new(contents)).unwrap();
        message.finish()
    }

    fn error(&self, request: &Message<'_>, code: u16) -> Vec<u8> {
        let mut answer = Message::builder_error(request, MessageWriteVec::new());
        let code = ErrorCode::builder(code).reason("no").build().unwrap();
        answer.add_attribute(&code).unwrap();
        answer.add_attribute(&Realm::new(REALM).unwrap()).unwrap();
        answer.add_attribute(&Nonce::new(&self.nonce).unwrap()).unwrap();
        if request.has_attribute(MessageIntegrity::TYPE)
            && code.code() != ErrorCode::UNAUTHORIZED
            && request.has_class(MessageClass::Request)
        {
            answer.add_message_integrity(&credentials(), IntegrityAlgorithm::Sha1).unwrap();
        }
        answer.finish()
    }
}

fn credentials() -> MessageIntegrityCredentials {
    let (username, credential) = (USER.0.to_owned(), USER.1.to_owned());
    LongTermKeyCredentials::new(username, credential, REALM.to_owned()).into()
}
