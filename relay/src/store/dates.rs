//! What the store knows of the clock that its dates are from.

use async_trait::async_trait;

use super::StoreError;

/// A stretch of dates that a wrong clock gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misdated {
    /// The first of them, ms since 1970.
    pub from: u64,
    /// The last of them, ms since 1970.
    pub to: u64,
    /// By how much they are wrong, in ms.
    pub by: i64,
    /// [`Dates::newest_call`] when that clock began: calls before it are not meant.
    pub after: i64,
}

/// The clock that dates are from.
#[async_trait]
pub trait Dates: Send + Sync {
    /// When the clock was last believed, ms since 1970; where that was never said, the newest date
    /// that there is. `None`: there is none.
    async fn clock_believed(&self) -> Result<Option<u64>, StoreError>;
    /// The clock is believed, and says this: ms since 1970.
    async fn believe_clock(&self, now: u64) -> Result<(), StoreError>;
    /// A number that grows with every call in the history.
    async fn newest_call(&self) -> Result<i64, StoreError>;
    /// Moves what was dated by a wrong clock: invitations, sign-ins and their tokens, notices, calls.
    async fn redate(&self, misdated: Misdated) -> Result<(), StoreError>;
}
