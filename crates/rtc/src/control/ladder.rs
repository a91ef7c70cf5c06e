//! Which size and frame rate suit a bitrate.

use super::Content;

/// The shares of the captured size, largest first.
const RUNGS: [(u32, u32); 5] = [(1, 1), (3, 4), (1, 2), (3, 8), (1, 4)];
/// Bits per pixel of a moving camera picture at 30 frames a second below which VP8 in real time
/// shows blocks rather than a smaller picture's blur. Higher gives up resolution earlier.
const CAMERA_BITS: f32 = 0.027;
/// The same for a screen: most of it stands still, and text cannot be read once it is scaled.
const SCREEN_BITS: f32 = 0.006;
/// Frames a second that the bits above are meant for.
const FULL_RATE: u8 = 30;
/// A larger size is taken only where the bitrate is this much above what it needs: a change costs a
/// key frame, and must not be undone by the next flutter of the estimate.
const UP: f32 = 1.25;
/// A smaller one is taken only where the bitrate is this much below what the present one needs.
const DOWN: f32 = 0.85;
/// No picture is made narrower or lower than this: nothing could be seen in it.
const LEAST: u16 = 90;

/// The sizes that one captured size allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ladder {
    content: Content,
    width: u16,
    height: u16,
}

/// A place on the ladder: 0 is the captured size.
pub(super) type Rung = usize;

impl Ladder {
    pub(super) const fn new(content: Content, width: u16, height: u16) -> Self {
        Self { content, width, height }
    }

    /// The size at a rung, in even numbers, as chroma has half of them.
    pub(super) fn size(self, rung: Rung) -> (u16, u16) {
        let (part, of) = RUNGS[rung.min(RUNGS.len() - 1)];
        let scaled = |side: u16| {
            let scaled = u32::from(side) * part / of;
            u16::try_from((scaled & !1).max(2)).unwrap_or(side)
        };
        (scaled(self.width), scaled(self.height))
    }

    /// The rung for a bitrate in bit/s when `present` is shown.
    pub(super) fn rung(self, present: Rung, bitrate: u32) -> Rung {
        let bitrate = bitrate as f32;
        if bitrate < self.need(present) * DOWN {
            return self.fitting(bitrate).max(present);
        }
        // One after the other: each shows whether the estimate holds under a larger load.
        match present.checked_sub(1) {
            Some(larger) if bitrate >= self.need(larger) * UP => larger,
            Some(_) | None => present,
        }
    }

    /// The largest size that the bitrate feeds.
    pub(super) fn fitting(self, bitrate: f32) -> Rung {
        let mut rung = 0;
        while rung < self.last() && bitrate < self.need(rung) {
            rung += 1;
        }
        rung
    }

    /// What a rung needs to look right, in bit/s.
    pub(super) fn need(self, rung: Rung) -> f32 {
        let (width, height) = self.size(rung);
        let bits = match self.content {
            Content::Camera => CAMERA_BITS,
            Content::Screen => SCREEN_BITS,
        };
        f32::from(width) * f32::from(height) * f32::from(FULL_RATE) * bits
    }

    /// The smallest rung in which something can be seen.
    fn last(self) -> Rung {
        let seen = |rung: &Rung| {
            let (width, height) = self.size(*rung);
            width.min(height) >= LEAST
        };
        (0..RUNGS.len()).rev().find(seen).unwrap_or(0)
    }
}

/// Frames a second for a bitrate: `present` stays unless another is clearly due.
pub(super) fn frame_rate(content: Content, present: u8, bitrate: u32) -> u8 {
    let steps: &[(u32, u8)] = match content {
        // Motion is what a camera is for: it goes last.
        Content::Camera => &[(110_000, 30), (60_000, 20), (0, 12)],
        Content::Screen => &[(900_000, 30), (350_000, 15), (120_000, 10), (0, 5)],
    };
    let fits = |bitrate: u32| {
        steps.iter().find(|(from, _)| bitrate >= *from).map_or(FULL_RATE, |(_, rate)| *rate)
    };
    let (now, safe) = (fits(bitrate), fits(bitrate / 5 * 4));
    if now < present { now } else { present.max(safe) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HD: Ladder = Ladder::new(Content::Camera, 1_280, 720);

    #[test]
    fn sizes_are_even_shares_of_what_was_captured() {
        let sizes: Vec<_> = (0..5).map(|rung| HD.size(rung)).collect();
        assert_eq!(
            sizes,
            [(1_280, 720), (960, 540), (640, 360), (480, 270), (320, 180)],
            "1, 3/4, 1/2, 3/8 and 1/4"
        );
        let odd = Ladder::new(Content::Camera, 1_279, 719);
        for rung in 0..5 {
            let (width, height) = odd.size(rung);
            assert_eq!((width % 2, height % 2), (0, 0), "rung {rung} is even");
        }
    }

    #[test]
    fn a_size_is_neither_taken_nor_left_at_the_same_bitrate() {
        let mut rung = 0;
        for _ in 0..5 {
            rung = HD.rung(rung, 300_000);
        }
        assert_eq!(HD.size(rung), (640, 360), "what 300 kbit/s feed");
        for bitrate in (200_000..500_000).step_by(10_000) {
            let up = HD.rung(rung, bitrate);
            if up < rung {
                assert_eq!(HD.rung(up, bitrate), up, "{bitrate} does not lead back");
            }
        }
    }

    #[test]
    fn nothing_is_made_too_small_to_see() {
        let small = Ladder::new(Content::Camera, 320, 240);
        assert_eq!(small.size(small.rung(0, 1)), (120, 90), "3/8 is the last of a small camera");
        assert_eq!(Ladder::new(Content::Camera, 64, 64).rung(0, 1), 0, "a tiny one stays whole");
    }

    #[test]
    fn a_screen_keeps_its_size_where_a_camera_shrinks() {
        let screen = Ladder::new(Content::Screen, 1_280, 720);
        assert_eq!(screen.rung(0, 300_000), 0, "text stays readable");
        assert!(HD.rung(0, 300_000) > 0, "a face becomes smaller");
        assert!(frame_rate(Content::Screen, 30, 300_000) < 30, "a screen moves less often");
        assert_eq!(frame_rate(Content::Camera, 30, 300_000), 30, "a face goes on moving");
    }

    #[test]
    fn a_frame_rate_comes_back_later_than_it_went() {
        let low = frame_rate(Content::Camera, 30, 100_000);
        assert_eq!(low, 20, "too little for 30");
        assert_eq!(frame_rate(Content::Camera, low, 115_000), 20, "not at once");
        assert_eq!(frame_rate(Content::Camera, low, 140_000), 30, "with room to spare");
    }
}
