//! Packets of pictures from anybody: nothing but VP8 comes out, in bounded memory, and no deadline
//! stands still.
#![no_main]

use std::time::{Duration, Instant};

use bellwire_rtc::pictures::Picture;
use bellwire_rtc::pictures::assembly::{Assembly, MAX_BYTES, MAX_PACKETS, Packet};
use bellwire_rtc::pictures::incoming::{Incoming, Output};
use libfuzzer_sys::fuzz_target;

/// Cuts one packet off the input: two bytes of sequence, one each of timestamp, flags, pause and
/// length, then the payload.
fn cut(rest: &mut &[u8], now: &mut Instant) -> Option<Packet> {
    let (&[high, low, timestamp, flags, pause, length], payload) = rest.split_first_chunk()?;
    let (payload, after) = payload.split_at(usize::from(length).min(payload.len()));
    *rest = after;
    *now += Duration::from_millis(u64::from(pause));
    let sequence = u64::from(u16::from_be_bytes([high, low]));
    Some(Packet {
        source: u32::from(flags & 0x02),
        sequence: if flags & 0x04 == 0 { sequence } else { u64::MAX - sequence },
        timestamp: u32::from(timestamp).wrapping_mul(if flags & 0x08 == 0 {
            3_000
        } else {
            u32::MAX / 3
        }),
        marker: flags & 0x01 != 0,
        payload: payload.into(),
        received: *now,
    })
}

fuzz_target!(|data: &[u8]| {
    let mut now = Instant::now();
    let (mut rest, mut assembly, mut incoming) = (data, Assembly::new(), Incoming::new());
    incoming.handle_sent(true);
    let mut last_us = 0;
    while let Some(packet) = cut(&mut rest, &mut now) {
        assembly.handle(packet.clone());
        assert!(assembly.held_packets() <= MAX_PACKETS && assembly.held_bytes() <= MAX_BYTES);
        while let Some(frame) = assembly.poll(now) {
            let picture = frame.picture;
            let again = Picture::read(picture.data.clone(), picture.captured_us);
            assert_eq!(again.as_ref(), Ok(&picture), "what comes out is VP8");
        }
        assert!(assembly.deadline().is_none_or(|at| at > now));
        incoming.handle_packet(packet);
        while let Some(output) = incoming.poll(now) {
            if let Output::Picture(picture) = output {
                assert!(picture.captured_us >= last_us, "time goes on");
                last_us = picture.captured_us;
            }
        }
        assert!(incoming.deadline().is_none_or(|at| at > now));
    }
});
