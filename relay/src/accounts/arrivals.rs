//! Which replies to a refresh evidently reached their client. Pure.

use std::collections::HashMap;

use super::attempts::{KEYS, forget_older_half};
use crate::store::TokenHash;

/// Refresh tokens whose access token was used, so that only its first use asks the store. What is
/// forgotten here costs one more look there.
#[derive(Debug, Default)]
pub(super) struct Arrivals(HashMap<TokenHash, u64>);

impl Arrivals {
    /// The access token that came with it was used. True: for the first time, as far as is known.
    pub(super) fn note(&mut self, now: u64, refresh: TokenHash) -> bool {
        if self.0.len() >= KEYS {
            forget_older_half(&mut self.0, |at| *at);
        }
        self.0.insert(refresh, now).is_none()
    }

    pub(super) fn has(&self, refresh: TokenHash) -> bool {
        self.0.contains_key(&refresh)
    }
}
