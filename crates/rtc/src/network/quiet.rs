//! Silence for libraries that write addresses, user names or whole messages to the log.

use tracing::dispatcher::{Dispatch, with_default};

/// Runs `work` with nobody listening to what it traces. The STUN and TURN libraries trace the
/// addresses of servers and peers at every level, and no filter of a host may be what keeps them
/// out of a log.
pub(super) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    with_default(&Dispatch::none(), work)
}
