//! The requests on their way to a TURN server, so that a refusal can be told from anybody's noise,
//! and what each refusal means.

use std::collections::VecDeque;

use stun_proto::types::attribute::{AttributeStaticType as _, ErrorCode, MessageIntegrity};
use stun_proto::types::message::{Message, MessageClass, Method, TransactionId};
use turn_client_proto::types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};

use crate::network::quiet::quietly;
use crate::network::trouble::Reason;

/// Requests whose answers are waited for. The client never has as many.
const MAX_OPEN: usize = 64;

/// The requests on their way.
#[derive(Default)]
pub(super) struct Ledger {
    open: VecDeque<Asked>,
}

struct Asked {
    id: TransactionId,
    method: Method,
    /// It proved who asks.
    is_signed: bool,
}

/// What a message from the server refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing, or what the client deals with itself.
    None,
    /// An address of some family; another may do.
    Family(Reason),
    /// The way to one peer.
    Peer(Reason),
    /// The allocation.
    Allocation(Reason),
}

impl Ledger {
    /// Remembers `message` if it is a request.
    pub(super) fn note(&mut self, message: &[u8]) {
        let asked = quietly(|| {
            let message = Message::from_bytes(message).ok()?;
            message.has_class(MessageClass::Request).then(|| Asked {
                id: message.transaction_id(),
                method: message.method(),
                is_signed: message.has_attribute(MessageIntegrity::TYPE),
            })
        });
        // A repetition is no new request.
        if let Some(asked) = asked.filter(|asked| self.open.iter().all(|open| open.id != asked.id))
        {
            if self.open.len() == MAX_OPEN {
                self.open.pop_front();
            }
            self.open.push_back(asked);
        }
    }

    /// Strikes the request that `message` answers, and says what it refuses.
    pub(super) fn hear(&mut self, message: &[u8]) -> Refusal {
        let Some((id, code)) = read_response(message) else { return Refusal::None };
        let place = self.open.iter().position(|open| open.id == id);
        let asked = place.and_then(|place| self.open.remove(place));
        match (asked, code) {
            (Some(asked), Some(code)) => refusal(&asked, code),
            (Some(_) | None, Some(_) | None) => Refusal::None,
        }
    }
}

/// Transaction and error code of a response; no code in a success.
fn read_response(message: &[u8]) -> Option<(TransactionId, Option<u16>)> {
    // Most messages are media (RFC 7983 section 7).
    if *message.first()? > 3 {
        return None;
    }
    quietly(|| {
        let message = Message::from_bytes(message).ok()?;
        let code = match message.class() {
            MessageClass::Success => None,
            MessageClass::Error => {
                let code = message.attribute::<ErrorCode>();
                Some(code.map_or(ErrorCode::SERVER_ERROR, |code| code.code()))
            }
            MessageClass::Request | MessageClass::Indication => return None,
        };
        Some((message.transaction_id(), code))
    })
}

fn refusal(asked: &Asked, code: u16) -> Refusal {
    match (asked.method, code) {
        // It means to ask again with the new nonce.
        (_, ErrorCode::STALE_NONCE) => Refusal::None,
        (ALLOCATE, ErrorCode::UNAUTHORIZED) if !asked.is_signed => Refusal::None,
        // The client asks once more for IPv6 alone, or gives up.
        (ALLOCATE, ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED) => Refusal::Family(reason_of(code)),
        (ALLOCATE | REFRESH, _) => Refusal::Allocation(reason_of(code)),
        (CREATE_PERMISSION | CHANNEL_BIND, ErrorCode::ALLOCATION_MISMATCH) => {
            Refusal::Allocation(Reason::Lost)
        }
        (CREATE_PERMISSION | CHANNEL_BIND, _) => Refusal::Peer(reason_of(code)),
        (_, _) => Refusal::None,
    }
}

/// Codes of RFC 8656 section 19 and RFC 8489 section 14.8.
const fn reason_of(code: u16) -> Reason {
    match code {
        ErrorCode::UNAUTHORIZED | ErrorCode::WRONG_CREDENTIALS => Reason::CredentialsRefused,
        ErrorCode::FORBIDDEN => Reason::Forbidden,
        ErrorCode::ALLOCATION_MISMATCH => Reason::Lost,
        ErrorCode::ALLOCATION_QUOTA_REACHED => Reason::Quota,
        code => Reason::Refused(code),
    }
}
