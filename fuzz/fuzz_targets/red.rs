//! Sound with copies (RFC 2198) from anybody: what is unwrapped lay in the packet, copies first.
#![no_main]

use bellwire_rtc::peer::unwrap_red;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u16, u32, &[u8])| {
    let (pt, sequence, timestamp, payload) = input;
    let packets = unwrap_red(pt & 0x7f, sequence, timestamp, payload);
    let bytes: usize = packets.iter().map(|it| it.payload.len()).sum();
    assert!(bytes <= payload.len(), "no sound is invented");
    assert!(packets.iter().all(|it| !it.payload.is_empty()));
    assert!(packets.is_sorted_by_key(|it| !it.redundant), "copies come first");
    let own = packets.iter().filter(|it| !it.redundant).count();
    assert!(own <= 1, "one packet is one packet");
    for packet in &packets {
        let back = sequence.wrapping_sub(packet.sequence);
        assert!(back <= 32, "copies are of packets shortly before");
        assert!(packet.redundant || (packet.sequence, packet.timestamp) == (sequence, timestamp));
        assert!(timestamp.wrapping_sub(packet.timestamp) < 1 << 14);
    }
});
