//! How much of a long list is drawn.

/// Entries that are drawn without being asked for, and how many more each time. Every one is sent
/// to the UI and drawn with each change: raising it makes every message dearer, lowering it makes
/// people who read back wait more often. A screen has room for about 15.
pub(crate) const PAGE: usize = 50;

/// The newest end of a list, and as much before it as the person asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    entries: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { entries: PAGE }
    }
}

impl Window {
    /// How many of the newest are drawn.
    pub(crate) const fn entries(self) -> usize {
        self.entries
    }

    /// The person wants to see earlier ones of a list with `known` entries.
    pub(crate) fn widen(&mut self, known: usize) {
        self.entries = self.entries.min(known) + PAGE;
    }

    /// One came at the end. Whoever reads earlier ones keeps what they read.
    pub(crate) const fn follow(&mut self) {
        if self.entries > PAGE {
            self.entries += 1;
        }
    }
}
