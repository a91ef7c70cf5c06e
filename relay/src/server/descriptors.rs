//! How many sockets the system lets this process have.

/// Kept for everything that is not somebody's connection: the store's files, the log, the
/// listeners, the operator's 64 connections, those who are told that there is no room.
pub(crate) const RESERVE: usize = 128;

/// Raises the soft limit to the hard one, and says how many connections that is enough for.
#[cfg(unix)]
pub(crate) fn raise() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    // Some systems say a number that they do not take.
    let _ = setrlimit(Resource::Nofile, raised);
    let current = getrlimit(Resource::Nofile).current;
    let descriptors = current.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
    descriptors.saturating_sub(RESERVE).max(descriptors / 4)
}

/// Nothing like it there.
#[cfg(not(unix))]
pub(crate) fn raise() -> usize {
    usize::MAX
}
