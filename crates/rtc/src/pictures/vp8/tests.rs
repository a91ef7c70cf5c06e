use proptest::prelude::*;

use super::*;
use crate::pictures::sample;

fn read(payload: &[u8]) -> Descriptor {
    Descriptor::read(payload).expect("a descriptor")
}

#[test]
fn every_optional_field_is_understood() {
    let bare = read(&[0x10, 1]);
    assert_eq!((bare.begins, bare.length, bare.picture_id), (true, 1, None), "one byte of head");
    assert!(!read(&[0x11, 1]).begins, "a later partition does not begin a frame");
    assert!(!read(&[0x00, 1]).begins, "a continuation does not either");
    assert!(read(&[0x30, 1]).discardable, "N says that nothing refers to it");

    let short = read(&[0x90, 0x80, 0x42, 1]);
    assert_eq!((short.picture_id, short.length), (Some(PictureId::Short(0x42)), 3), "7 bits");
    let all = read(&[0x90, 0xf0, 0x92, 0x34, 0x55, 0xa7, 9]);
    assert_eq!(all.picture_id, Some(PictureId::Long(0x1234)), "15 bits");
    assert_eq!((all.base, all.layer, all.sync), (Some(0x55), Some(2), true), "layers");
    assert_eq!(all.length, 6, "the frame starts after the head");
    let key_index = read(&[0x80, 0x10, 0xff, 9]);
    assert_eq!((key_index.layer, key_index.sync), (None, false), "K alone names no layer");
    let base_alone = read(&[0x80, 0x40, 7, 9]);
    assert_eq!((base_alone.base, base_alone.layer), (Some(7), None), "L without T is harmless");
}

#[test]
fn a_payload_that_ends_in_its_head_is_refused() {
    let whole = [0x90, 0xf0, 0x92, 0x34, 0x55, 0xa7, 9];
    for length in 0..whole.len() {
        assert_eq!(
            Descriptor::read(&whole[..length]),
            Err(DescriptorError::Short),
            "{length} bytes are too few"
        );
    }
}

#[test]
fn picture_numbers_wrap_and_may_change_their_width() {
    use PictureId::{Long, Short};
    assert!(Long(5).follows(Long(4)), "the next");
    assert!(Long(0).follows(Long(0x7fff)), "15 bits wrap");
    assert!(Short(0).follows(Short(0x7f)), "7 bits wrap");
    assert!(Long(0x80).follows(Short(0x7f)), "grew past 7 bits");
    assert!(!Long(6).follows(Long(4)) && !Long(4).follows(Long(4)), "neither a gap nor itself");
}

#[test]
fn a_frame_says_whether_it_is_a_key_frame_and_how_large() {
    let key = FrameHeader::read(&sample::key(640, 360, 10, 0)).expect("10 bytes are enough");
    assert_eq!((key.key, key.width, key.height), (true, 640, 360), "said by a key frame");
    let scaled = FrameHeader::read(&sample::key(0x4000 | 320, 0xc000 | 180, 10, 0));
    assert_eq!(scaled.map(|it| (it.width, it.height)), Ok((320, 180)), "scaling is no size");
    let delta = FrameHeader::read(&[0x11, 0, 0]).expect("3 bytes are enough");
    assert_eq!((delta.key, delta.shown), (false, true), "a delta that is shown");
    assert_eq!(FrameHeader::read(&[0x11, 0]), Err(FrameError::Short), "a delta cut short");
    let whole = sample::key(640, 360, 10, 0);
    assert_eq!(FrameHeader::read(&whole[..9]), Err(FrameError::Short), "a key frame cut short");
    let mut other = whole.clone();
    other[4] = 2;
    assert_eq!(FrameHeader::read(&other), Err(FrameError::StartCode), "some other codec");
    assert_eq!(FrameHeader::read(&sample::key(0, 9, 10, 0)), Err(FrameError::NoSize), "no pixels");
}

proptest! {
    #[test]
    fn fragments_are_even_within_the_limit_and_join_to_the_frame(
        length in 1_usize..20_000,
        max_bytes in 5_usize..1_500,
        first in any::<u16>(),
    ) {
        let frame = sample::delta(length.max(3), 3);
        let mut packetizer = Packetizer::new(first);
        for number in 0..2_u16 {
            let payloads = packetizer.packetize(&frame, max_bytes);
            let mut joined = Vec::new();
            let expected = PictureId::Long(first.wrapping_add(number) & 0x7fff);
            for (index, payload) in payloads.iter().enumerate() {
                prop_assert!(payload.bytes.len() <= max_bytes, "within the limit");
                let descriptor = read(&payload.bytes);
                prop_assert_eq!(descriptor.begins, index == 0, "begins once");
                prop_assert_eq!(payload.marker, index + 1 == payloads.len(), "ends once");
                prop_assert_eq!(descriptor.picture_id, Some(expected), "counted in 15 bits");
                joined.extend_from_slice(&payload.bytes[descriptor.length..]);
            }
            prop_assert_eq!(&joined, &frame, "no byte is lost or added");
            let sizes = || payloads.iter().map(|it| it.bytes.len());
            let spread = sizes().max().unwrap_or(0) - sizes().min().unwrap_or(0);
            prop_assert!(spread <= 1, "sizes differ by {}", spread);
            let least = frame.len().div_ceil(max_bytes - 4);
            prop_assert_eq!(payloads.len(), least, "no more packets than needed");
        }
    }

    #[test]
    fn no_bytes_upset_the_readers(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(descriptor) = Descriptor::read(&bytes) {
            prop_assert!(descriptor.length < bytes.len(), "something is left of the payload");
        }
        if let Ok(header) = FrameHeader::read(&bytes) {
            prop_assert_eq!(header.key, header.width > 0, "key frames and only they have a size");
        }
    }
}
