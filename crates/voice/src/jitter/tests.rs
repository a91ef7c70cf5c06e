use super::*;
use crate::codec::{Decoder, Encoder, FRAME};

#[test]
fn speech_comes_through_a_perfect_network_unharmed() {
    let mut encoder = Encoder::new().unwrap();
    let mut jitter = Jitter::new(Decoder::new().unwrap());
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    let start = Instant::now();
    let mut out = [0.0; PULL];
    for pull in 0..200_u32 {
        let now = start + Duration::from_millis(10) * pull;
        if pull % 2 == 0 {
            let number = pull / 2;
            let tone: Vec<f32> = (0..FRAME).map(|i| (i as f32 * 0.05).sin() * 0.3).collect();
            let payload = encoder.encode(&tone.try_into().unwrap()).unwrap();
            let packet = Packet {
                sequence: u16::MAX.wrapping_add(number as u16),
                timestamp: u32::MAX.wrapping_add(number * 960),
                payload,
                redundant: false,
            };
            jitter.insert(now, packet);
        }
        jitter.pull(now, &mut out);
    }
    let figures = jitter.figures();
    assert_eq!(figures.concealed_samples, 0, "nothing was missing");
    assert_eq!(figures.lost, 0, "nothing was lost");
    assert!(figures.delay <= Duration::from_millis(30), "the delay is {:?}", figures.delay);
    assert!(out.iter().any(|sample| sample.abs() > 0.1), "the tone is heard");
}
