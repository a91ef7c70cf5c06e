//! What a peer can send, taken apart: whatever it is, it is refused or read, and never believed
//! beyond its length. The fuzz targets hold the same against inputs that look for trouble.

use std::io::Cursor;

use bellwire_rtc::peer::unwrap_red;
use bellwire_rtc::pictures::ivf::Reader;
use proptest::prelude::*;

/// A RED payload as a sender would make it, or nearly: headers whose lengths may lie.
fn red() -> impl Strategy<Value = Vec<u8>> {
    let block = (0_u16..0x4000, 0_u16..60, prop_oneof![9 => Just(0_i16), 1 => -20_i16..20]);
    (
        proptest::collection::vec(block, 0..40),
        proptest::collection::vec(any::<u8>(), 0..80),
        any::<bool>(),
    )
        .prop_map(|(blocks, own, ends)| {
            let (mut heads, mut bodies) = (Vec::new(), Vec::new());
            for (offset, length, lie) in blocks {
                let told = length.saturating_add_signed(lie).min(0x3ff);
                let [high, low] = told.to_be_bytes();
                let (upper, lower) = ((offset >> 6) as u8, ((offset & 0x3f) << 2) as u8);
                heads.extend_from_slice(&[0x80 | 111, upper, lower | high, low]);
                bodies.extend(std::iter::repeat_n(7, usize::from(length)));
            }
            heads.push(if ends { 111 } else { 0x80 | 111 });
            [heads, bodies, own].concat()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn sound_with_copies_holds_no_more_than_its_packet(
        payload in prop_oneof![red(), proptest::collection::vec(any::<u8>(), 0..200)],
        sequence in any::<u16>(),
        timestamp in any::<u32>(),
    ) {
        let packets = unwrap_red(111, sequence, timestamp, &payload);
        let bytes: usize = packets.iter().map(|it| it.payload.len()).sum();
        prop_assert!(bytes <= payload.len(), "no sound is invented");
        prop_assert!(packets.is_sorted_by_key(|it| !it.redundant), "copies come first");
        prop_assert!(packets.iter().filter(|it| !it.redundant).count() <= 1, "one packet is one");
        for packet in &packets {
            prop_assert!(!packet.payload.is_empty(), "nothing is no sound");
            let back = sequence.wrapping_sub(packet.sequence);
            prop_assert!(back <= 32, "copies are of packets shortly before, not {}", back);
            let age = timestamp.wrapping_sub(packet.timestamp);
            prop_assert!(age < 1 << 14, "and of a time that can be told, not {}", age);
        }
    }

    #[test]
    fn a_film_of_any_bytes_is_refused_or_ends(
        head in proptest::collection::vec(any::<u8>(), 12..24),
        rest in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut film = b"DKIF\0\0\x20\0VP80".to_vec();
        film.extend_from_slice(&head);
        film.extend_from_slice(&rest);
        let Ok(mut reader) = Reader::open(Cursor::new(&film)) else { return Ok(()) };
        let mut bytes = 0;
        while let Ok(Some(picture)) = reader.next_picture() {
            bytes += picture.data.len();
            prop_assert!(bytes <= film.len(), "no picture is invented");
        }
    }
}
