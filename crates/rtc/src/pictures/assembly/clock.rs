//! Timestamps without wraps.

/// Ticks of a 32-bit timestamp.
const WRAP: u64 = 1 << 32;

/// Extends the 32-bit timestamps of a stream to 64 bits.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    last: Option<u64>,
    /// The source changed: its timestamps have nothing to do with the last one.
    anew: bool,
}

impl Clock {
    /// The timestamp nearest to the last one, in 64 bits. Starts one wrap up, so that the second
    /// frame may be older than the first; another source starts above the one before it.
    pub(super) fn extend(&mut self, sent: u32) -> u64 {
        let last = self.last.unwrap_or(0);
        let near = (!self.anew && self.last.is_some()).then(|| {
            let step = sent.wrapping_sub((last % WRAP) as u32).cast_signed();
            last.checked_add_signed(i64::from(step))
        });
        let above = (last / WRAP + 1).saturating_mul(WRAP).saturating_add(u64::from(sent));
        let extended = near.flatten().unwrap_or(above);
        *self = Self { last: Some(extended), anew: false };
        extended
    }

    /// The next timestamp is another source's.
    pub(super) const fn start_over(&mut self) {
        self.anew = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_go_on_over_their_wraps_in_both_directions() {
        let mut clock = Clock::default();
        let first = clock.extend(5);
        assert_eq!(first, WRAP + 5, "there is room below the first");
        assert_eq!(clock.extend(u32::MAX), first - 6, "an older one");
        assert_eq!(clock.extend(4), first - 1, "and on over the wrap");
    }

    #[test]
    fn another_source_is_always_later() {
        let mut clock = Clock::default();
        let first = clock.extend(4_000_000_000);
        clock.start_over();
        assert_eq!(clock.extend(3), first - 4_000_000_000 + WRAP + 3, "though its number is lower");
    }
}
