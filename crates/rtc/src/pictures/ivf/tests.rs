use std::io::{self, Cursor, Seek, SeekFrom, Write};

use proptest::prelude::*;

use super::*;
use crate::pictures::{Picture, sample};

fn picture(index: u8, key: bool, captured_us: u64) -> Picture {
    let data = if key { sample::key(64, 48, 90, index) } else { sample::delta(40, index) };
    Picture::read(data, captured_us).expect("a picture")
}

fn pictures(count: u8) -> Vec<Picture> {
    (0..count).map(|it| picture(it, it % 5 == 0, u64::from(it) * 33_333)).collect()
}

fn film(pictures: &[Picture]) -> Vec<u8> {
    let mut writer = Writer::new(Cursor::new(Vec::new()));
    for picture in pictures {
        writer.write(picture).expect("memory is not full");
    }
    writer.finish().expect("memory is not full").1.into_inner()
}

fn read_all(bytes: &[u8]) -> (Vec<Picture>, Option<ReadError>) {
    let mut reader = match Reader::open(Cursor::new(bytes)) {
        Ok(reader) => reader,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut pictures = Vec::new();
    loop {
        match reader.next_picture() {
            Ok(Some(picture)) => pictures.push(picture),
            Ok(None) => return (pictures, None),
            Err(error) => return (pictures, Some(error)),
        }
    }
}

#[test]
fn a_film_is_read_as_it_was_written() {
    let sent = pictures(12);
    let bytes = film(&sent);
    assert_eq!(bytes[24..28], 12_u32.to_le_bytes(), "the header counts the pictures");
    let mut reader = Reader::open(Cursor::new(&bytes)).expect("a film");
    assert_eq!(reader.size(), (64, 48), "the size of the first key frame");
    for picture in &sent {
        assert_eq!(reader.next_picture().expect("readable").as_ref(), Some(picture), "the same");
    }
    assert!(reader.next_picture().expect("readable").is_none(), "and then it ends");
}

#[test]
fn recording_starts_with_a_key_frame_at_time_zero() {
    let sent = [picture(1, false, 100), picture(2, true, 5_000), picture(3, false, 4_000)];
    let (read, error) = read_all(&film(&sent));
    assert!(error.is_none(), "a whole film: {error:?}");
    let times: Vec<_> = read.iter().map(|it| (it.key, it.captured_us)).collect();
    assert_eq!(
        times,
        [(true, 0), (false, 0)],
        "the delta before is left out, time does not go back"
    );
    let (frames, nothing) =
        Writer::new(Cursor::new(Vec::new())).finish().expect("nothing was written");
    assert_eq!((frames, nothing.into_inner().len()), (0, 0), "no pictures, no film");
}

#[test]
fn a_loop_goes_on_in_time() {
    let sent = pictures(3);
    let bytes = film(&sent);
    let mut reader = Reader::open(Cursor::new(&bytes)).expect("a film");
    let times: Vec<u64> =
        (0..7).map(|_| reader.next_looped().expect("for ever").captured_us).collect();
    assert_eq!(times, [0, 33_333, 66_666, 99_999, 133_332, 166_665, 199_998], "no jump");
}

#[test]
fn the_next_key_frame_is_found() {
    let bytes = film(&pictures(12));
    let mut reader = Reader::open(Cursor::new(&bytes)).expect("a film");
    let mut next = || reader.next_key().expect("readable").map(|it| it.captured_us / 33_333);
    assert_eq!([next(), next(), next(), next()], [Some(0), Some(5), Some(10), None], "every fifth");
}

#[test]
fn what_is_no_film_says_what_is_wrong_with_it() {
    let good = film(&pictures(2));
    let bad = |at: usize, bytes: &[u8]| {
        let mut film = good.clone();
        film[at..at + bytes.len()].copy_from_slice(bytes);
        read_all(&film).1.expect("refused").to_string()
    };
    assert_eq!(
        read_all(&good[..20]).1.expect("refused").to_string(),
        "no ivf film: 20 bytes are too few for a header"
    );
    assert_eq!(bad(0, b"RIFF"), "no ivf film: it starts with [52, 49, 46, 46]");
    assert_eq!(bad(4, &[9]), "ivf version 9 with a header of 32 bytes is unknown");
    assert_eq!(bad(6, &[40]), "ivf version 0 with a header of 40 bytes is unknown");
    assert_eq!(bad(8, b"AV01"), "the film is coded in \"AV01\"; only VP80 can be sent");
    assert_eq!(
        bad(8, &[0, 10, 0xff, b'x']),
        "the film is coded in \"\\\\x00\\\\n\\\\xffx\"; only VP80 can be sent"
    );
    assert_eq!(bad(16, &[0; 4]), "the film's unit of time is 1/0 s");
    assert_eq!(bad(20, &[0; 4]), "the film's unit of time is 0/1000000 s");
    assert_eq!(bad(32, &[0xff; 4]), "frame 0 at byte 32 claims 4294967295 bytes");
    assert_eq!(bad(47, &[0; 3]), "frame 0 at byte 32 is no vp8");
    assert_eq!(bad(44, &[0x11]), "the film does not start with a key frame");
    let header_only = &good[..32];
    let mut reader = Reader::open(Cursor::new(header_only)).expect("a header");
    assert_eq!(reader.next_looped().expect_err("nothing").to_string(), "the film has no frames");
}

#[test]
fn an_unfinished_film_is_read_up_to_its_end_and_the_cut_is_told() {
    let sent = pictures(3);
    let mut bytes = film(&sent);
    bytes[24..28].fill(0);
    let (read, error) = read_all(&bytes);
    assert_eq!((read.len(), error.is_none()), (3, true), "a missing count is harmless");
    let second = 32 + 12 + 90;
    for length in second + 1..second + 12 + 40 {
        let (read, error) = read_all(&bytes[..length]);
        assert_eq!(read, sent[..1], "what is whole is read");
        let error = error.expect("told").to_string();
        assert_eq!(error, format!("the film ends within frame 1 at byte {second}"), "and where");
    }
    let mut reader = Reader::open(Cursor::new(&bytes[..second + 5])).expect("a film");
    assert!(reader.next_picture().is_ok(), "the first is whole");
    for _ in 0..2 {
        assert!(reader.next_picture().is_err(), "the second is not, however often it is tried");
    }
    reader.rewind().expect("memory can be sought");
    assert!(reader.next_picture().is_ok_and(|it| it.is_some()), "the first can be read again");
}

#[test]
fn empty_frames_are_passed_over() {
    let mut bytes = film(&pictures(1));
    bytes.extend_from_slice(&[0; 12]);
    bytes.extend_from_slice(&film(&pictures(2))[32 + 12 + 90..]);
    let (read, error) = read_all(&bytes);
    assert_eq!((read.len(), error.is_none()), (2, true), "a dropped picture is no error");
}

/// A disk with room for so many bytes.
#[derive(Debug)]
struct Disk {
    file: Cursor<Vec<u8>>,
    room: u64,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let free = self.room.saturating_sub(self.file.position());
        if free == 0 {
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        let length = bytes.len().min(usize::try_from(free).unwrap_or(usize::MAX));
        self.file.write(&bytes[..length])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for Disk {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

#[test]
fn a_full_disk_is_told_once_and_keeps_the_film() {
    let sent = pictures(6);
    let whole = film(&sent).len() as u64;
    for room in 0..whole {
        let mut writer = Writer::new(Disk { file: Cursor::new(Vec::new()), room });
        let errors: Vec<WriteError> = sent.iter().filter_map(|it| writer.write(it).err()).collect();
        assert_eq!(errors.len(), 1, "told once, with room for {room} bytes");
        assert_eq!(errors[0].source.kind(), io::ErrorKind::StorageFull, "and why");
        assert!(writer.is_stopped(), "nothing more is tried");
        let (frames, disk) = writer.finish().expect("it was told already");
        assert_eq!(frames, errors[0].frames, "the same number both times");
        let (read, error) = read_all(disk.file.get_ref());
        assert_eq!(read, sent[..frames as usize], "every whole picture is kept");
        let complete = frames > 0 && error.is_none();
        assert!(complete || frames == 0, "and the film reads without error: {error:?}");
    }
}

proptest! {
    #[test]
    fn no_file_upsets_the_reader(
        junk in proptest::collection::vec(any::<u8>(), 0..300),
        places in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        length in any::<proptest::sample::Index>(),
    ) {
        let _ = read_all(&junk);
        let mut bytes = film(&pictures(8));
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(length.index(bytes.len() + 1));
        let (read, _) = read_all(&bytes);
        prop_assert!(read.len() <= 8, "no frames are invented");
        prop_assert!(read.is_sorted_by_key(|it| it.captured_us), "time never goes back");
        if let Ok(mut reader) = Reader::open(Cursor::new(&bytes)) {
            let mut last = 0;
            for _ in 0..30 {
                let Ok(picture) = reader.next_looped() else { break };
                prop_assert!(picture.captured_us >= last, "nor in a loop");
                last = picture.captured_us;
            }
        }
    }
}
