//! Hostile servers, for fuzzing.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::frames::pad;
use super::stun::read_reply;
use super::turn::{Allocation, Families};
use super::url::Transport;

/// Lets a TURN server say `script` to an allocation that asks for nothing but to live, and to the
/// reader of STUN answers. Does no IO; panics only by a mistake of ours or of a library.
///
/// The first byte chooses datagrams (even) or a stream. Then come messages: a length byte, a byte
/// whose lowest bit says whether to answer the latest request (its transaction id is put in) and
/// whose others say how many times 64 ms pass before, and the message itself.
pub fn withstand(now: Instant, script: &[u8]) {
    let Some((first, mut script)) = script.split_first() else { return };
    let transport = if first % 2 == 0 { Transport::Udp } else { Transport::Tcp };
    let place = |last, port| SocketAddr::new(Ipv4Addr::new(192, 0, 2, last).into(), port);
    let ways = (place(1, 4_000), place(2, 3_478));
    let mut allocation = Allocation::new(now, transport, ways, ("user", "word"), Families::Both);
    let (mut now, mut latest) = (now, Vec::new());
    while let [length, how, rest @ ..] = script {
        let (message, after) = rest.split_at(usize::from(*length).min(rest.len()));
        script = after;
        now += Duration::from_millis(64 * u64::from(how >> 1));
        let mut message = message.to_vec();
        if let (1, Some(id), Some(asked)) = (how & 1, message.get_mut(8..20), latest.get(8..20)) {
            id.copy_from_slice(asked);
        }
        let _ = read_reply(&message);
        if transport != Transport::Udp {
            pad(&mut message);
        }
        allocation.receive(now, &message);
        allocation.send(now, place(3, 9), &message);
        allocation.tick(now);
        while allocation.poll().is_some() {}
        while let Some(request) = allocation.poll_transmit() {
            latest = request;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        #[expect(clippy::disallowed_methods, reason = "an Instant to count from")]
        fn no_script_breaks_an_allocation(script in prop::collection::vec(any::<u8>(), 0..600)) {
            withstand(Instant::now(), &script);
        }

        #[test]
        #[expect(clippy::disallowed_methods, reason = "an Instant to count from")]
        fn nor_does_one_that_answers(
            answers in prop::collection::vec((0..4_u8, prop::collection::vec(any::<u8>(), 20..90)), 0..9),
        ) {
            let mut script = vec![0];
            for (kind, mut answer) in answers {
                // A response to an Allocate request whose length is right.
                let body = answer.len() - 20;
                answer[..2].copy_from_slice(&[1, if kind % 2 == 0 { 0x13 } else { 0x03 }]);
                answer[2..4].copy_from_slice(&[0, u8::try_from(body / 4 * 4).unwrap()]);
                answer[4..8].copy_from_slice(&[0x21, 0x12, 0xA4, 0x42]);
                answer.truncate(20 + body / 4 * 4);
                script.extend([u8::try_from(answer.len()).unwrap(), kind | 1]);
                script.extend(answer);
            }
            withstand(Instant::now(), &script);
        }
    }
}
