//! Films from anybody: every frame that is read lies in the file, and time goes on, in loops too.
#![no_main]

use std::io::Cursor;

use bellwire_rtc::pictures::ivf::{Reader, Writer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(mut reader) = Reader::open(Cursor::new(data)) else { return };
    let (mut pictures, mut bytes) = (Vec::new(), 32);
    while let Ok(Some(picture)) = reader.next_picture() {
        bytes += 12 + picture.data.len();
        assert!(bytes <= data.len(), "no frame is invented");
        assert!(pictures.is_empty() <= picture.key, "it starts with a key frame");
        pictures.push(picture);
    }
    assert!(pictures.is_sorted_by_key(|it| it.captured_us));
    let mut last_us = pictures.last().map_or(0, |it| it.captured_us);
    for _ in 0..16 {
        let Ok(picture) = reader.next_looped() else { break };
        assert!(picture.captured_us >= last_us, "time goes on");
        last_us = picture.captured_us;
    }

    let mut writer = Writer::new(Cursor::new(Vec::new()));
    for picture in &pictures {
        writer.write(picture).expect("memory is not full");
    }
    let (count, film) = writer.finish().expect("memory is not full");
    assert_eq!(count as usize, pictures.len());
    if pictures.is_empty() {
        return;
    }
    let mut again = Reader::open(Cursor::new(film.into_inner())).expect("a film that we wrote");
    let first_us = pictures[0].captured_us;
    for picture in &mut pictures {
        picture.captured_us -= first_us;
        assert_eq!(again.next_picture().expect("readable").as_ref(), Some(&*picture));
    }
});
