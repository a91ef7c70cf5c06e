use super::*;
use proptest::prelude::*;

/// Something like speech: a harmonic sound that comes and goes, at a second.
fn speech(at: f32) -> f32 {
    let pitch = 0.8 * (at * 17.0).sin() + std::f32::consts::TAU * 120.0 * at;
    let harmonic = |number: u8| (pitch * f32::from(number)).sin() / (1.0 + f32::from(number));
    let loudness = 0.11 + 0.09 * (at * 25.0).sin();
    (1..20).map(harmonic).sum::<f32>() * loudness
}

fn frame(number: usize) -> [f32; FRAME] {
    std::array::from_fn(|i| speech((number * FRAME + i) as f32 / 48e3))
}

fn loudness(sound: &[f32]) -> f32 {
    (sound.iter().map(|sample| sample * sample).sum::<f32>() / sound.len() as f32).sqrt()
}

/// How much one sound is like another, at the best of some shifts; 1 if it is the same.
fn likeness(one: &[f32], other: &[f32]) -> f32 {
    let at = |shift: usize| {
        let product: f32 = one[shift..].iter().zip(other).map(|(a, b)| a * b).sum();
        product / (loudness(&one[shift..]) * loudness(other) * (one.len() - shift) as f32)
    };
    (0..40).map(at).fold(-1.0, f32::max)
}

#[test]
fn frames_are_of_one_size_whatever_is_said() {
    let mut encoder = Encoder::new().unwrap();
    for (bitrate, size) in [(48_000, 120), (32_000, 80), (24_000, 60), (64_000, 160)] {
        encoder.set_bitrate(bitrate).unwrap();
        for number in 0..50 {
            let sound = if number % 10 < 5 { frame(number) } else { [0.0; FRAME] };
            let payload = encoder.encode(&sound).unwrap();
            assert_eq!(payload.len(), size, "frame {number} at {bitrate}");
        }
    }
}

#[test]
fn the_bitrate_stays_where_speech_is_good() {
    let mut encoder = Encoder::new().unwrap();
    assert_eq!(encoder.bitrate(), BITRATE, "at first");
    assert_eq!(encoder.set_bitrate(1).unwrap(), LEAST_BITRATE, "not less");
    assert_eq!(encoder.set_bitrate(u32::MAX).unwrap(), MOST_BITRATE, "not more");
    assert_eq!(encoder.bitrate(), MOST_BITRATE, "and it is so");
    encoder.set_expected_loss(255).unwrap();
}

#[test]
fn the_copy_in_the_next_packet_is_nearer_to_the_sound_than_a_guess() {
    let mut encoder = Encoder::new().unwrap();
    let payloads: Vec<_> = (0..40).map(|number| encoder.encode(&frame(number)).unwrap()).collect();
    let mut whole = Decoder::new().unwrap();
    let (mut mended, mut guessed, mut cases) = (0.0, 0.0, 0);
    for (number, payload) in payloads.iter().enumerate() {
        let mut truth = Vec::new();
        whole.decode(payload, &mut truth).unwrap();
        let Some(next) = payloads.get(number + 1).filter(|_| number > 5) else { continue };
        let lossy = || {
            let mut decoder = Decoder::new().unwrap();
            let mut past = Vec::new();
            for before in &payloads[..number] {
                decoder.decode(before, &mut past).unwrap();
            }
            decoder
        };
        let (mut copy, mut guess) = (Vec::new(), Vec::new());
        if lossy().mend(next, &mut copy).is_err() {
            continue;
        }
        lossy().conceal(FRAME, &mut guess);
        assert_eq!((copy.len(), guess.len()), (FRAME, FRAME), "a frame of each");
        mended += likeness(&truth, &copy);
        guessed += likeness(&truth, &guess);
        cases += 1;
    }
    assert!(cases > 10, "the encoder makes copies: {cases}");
    let (mended, guessed) = (mended / cases as f32, guessed / cases as f32);
    assert!(mended > guessed + 0.02 && mended > 0.9, "likeness {mended} against {guessed}");
}

/// A packet of an encoder that is not ours.
fn foreign(channels: opus::Channels, application: opus::Application, samples: usize) -> Vec<u8> {
    let mut encoder = opus::Encoder::new(SAMPLE_RATE, channels, application).unwrap();
    let width = channels as usize;
    let sound: Vec<f32> = (0..samples * width).map(|i| speech((i / width) as f32 / 48e3)).collect();
    (0..10).map(|_| encoder.encode_vec_float(&sound, 4_000).unwrap()).last().unwrap()
}

#[test]
fn every_legal_packet_is_decoded() {
    for channels in [opus::Channels::Mono, opus::Channels::Stereo] {
        for application in [opus::Application::Voip, opus::Application::LowDelay] {
            for samples in [120, 240, 480, 960, 1_920, 2_880, 3_840, 4_800, 5_760] {
                let payload = foreign(channels, application, samples);
                let mut decoder = Decoder::new().unwrap();
                assert_eq!(decoder.duration(&payload), Ok(samples), "{channels:?} {application:?}");
                let mut sound = Vec::new();
                assert_eq!(decoder.decode(&payload, &mut sound), Ok(samples), "of {samples}");
                assert_eq!(sound.len(), samples, "one channel comes out");
            }
        }
    }
}

#[test]
fn stereo_becomes_mono_as_loud() {
    let mut encoder =
        opus::Encoder::new(SAMPLE_RATE, opus::Channels::Stereo, opus::Application::Audio).unwrap();
    let mut decoder = Decoder::new().unwrap();
    let mut sound = Vec::new();
    for number in 0..20 {
        let both: Vec<f32> = frame(number).iter().flat_map(|sample| [*sample, *sample]).collect();
        decoder.decode(&encoder.encode_vec_float(&both, 4_000).unwrap(), &mut sound).unwrap();
    }
    let said: Vec<f32> = (0..20).flat_map(frame).collect();
    let ratio = loudness(&sound[9_600..]) / loudness(&said[9_600..]);
    assert!((0.85..1.15).contains(&ratio), "as loud as it was, times {ratio}");
}

#[test]
fn only_speech_modes_carry_copies() {
    let decoder = Decoder::new().unwrap();
    let celt = foreign(opus::Channels::Mono, opus::Application::LowDelay, 960);
    assert_eq!(decoder.mends(&celt), 0, "CELT has none");
    assert_eq!(decoder.mends(&[]), 0, "nor has nothing");
    let mut sound = Vec::new();
    let mut decoder = Decoder::new().unwrap();
    assert_eq!(decoder.mend(&celt, &mut sound), Err(Undecodable), "and it is said so");
    assert!(sound.is_empty(), "nothing is made up in its stead");
}

#[test]
fn concealment_goes_on_and_dies_away() {
    let mut encoder = Encoder::new().unwrap();
    let mut decoder = Decoder::new().unwrap();
    let mut sound = Vec::new();
    for number in 0..13 {
        decoder.decode(&encoder.encode(&frame(number)).unwrap(), &mut sound).unwrap();
    }
    let before = loudness(&sound[sound.len() - 480..]);
    let mut made_up = Vec::new();
    decoder.conceal(48_000 + 7, &mut made_up);
    assert_eq!(made_up.len(), 48_007, "as much as was asked for");
    assert!(loudness(&made_up[..480]) > before / 4.0, "it goes on");
    assert!(loudness(&made_up[43_200..]) < before / 10.0, "and dies away");
}

proptest! {
    #[test]
    fn no_payload_does_harm(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 1..8),
    ) {
        let mut decoder = Decoder::new().unwrap();
        for payload in &payloads {
            let mut sound = Vec::new();
            let duration = decoder.duration(payload);
            let decoded = decoder.decode(payload, &mut sound);
            prop_assert_eq!(decoded.unwrap_or(0), sound.len(), "what is said is what came");
            if let Ok(samples) = decoded {
                prop_assert_eq!(Ok(samples), duration, "as long as was announced");
            }
            let _ = decoder.mend(payload, &mut sound);
            decoder.conceal(960, &mut sound);
            prop_assert!(sound.iter().all(|sample| sample.abs() <= 1.0), "within bounds");
            let _ = decoder.is_pause(payload);
        }
    }

    #[test]
    fn a_damaged_packet_does_no_harm(at in 0_usize..120, bits in any::<u8>(), cut in 1_usize..120) {
        let mut encoder = Encoder::new().unwrap();
        let mut decoder = Decoder::new().unwrap();
        let mut sound = Vec::new();
        for number in 0..4 {
            let mut payload = encoder.encode(&frame(number)).unwrap();
            payload[at] ^= bits;
            payload.truncate(cut);
            let _ = decoder.decode(&payload, &mut sound);
            let _ = decoder.mend(&payload, &mut sound);
        }
        prop_assert!(sound.iter().all(|sample| sample.abs() <= 1.0), "within bounds");
    }
}
