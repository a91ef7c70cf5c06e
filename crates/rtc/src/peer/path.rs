//! ICE and DTLS together, as the core hears of them.

use bellwire_core::api::PathState;
use str0m::IceConnectionState;

/// ```text
/// Connecting ──pair and DTLS──► Connected ◄──pair──► Disconnected
///      └────────────────────── error ─────────────────────┴──► Failed
/// ```
/// A restart keeps the old pair alive, so checking is no news while something is connected.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path {
    ice: bool,
    dtls: bool,
    state: PathState,
}

impl Path {
    pub(crate) const fn new() -> Self {
        Self { ice: false, dtls: false, state: PathState::Connecting }
    }

    pub(crate) const fn state(&self) -> PathState {
        self.state
    }

    /// ICE changed its state. Gives the new state of the path, if that changed.
    pub(crate) fn on_ice(&mut self, ice: IceConnectionState) -> Option<PathState> {
        match ice {
            IceConnectionState::New | IceConnectionState::Checking => return None,
            IceConnectionState::Connected | IceConnectionState::Completed => self.ice = true,
            IceConnectionState::Disconnected => self.ice = false,
        }
        self.settle()
    }

    /// DTLS is done.
    pub(crate) fn on_dtls(&mut self) -> Option<PathState> {
        self.dtls = true;
        self.settle()
    }

    /// Nothing will come of this connection.
    pub(crate) fn on_end(&mut self) -> Option<PathState> {
        self.enter(PathState::Failed)
    }

    fn settle(&mut self) -> Option<PathState> {
        if self.ice && self.dtls {
            self.enter(PathState::Connected)
        } else if self.state == PathState::Connected {
            self.enter(PathState::Disconnected)
        } else {
            None
        }
    }

    fn enter(&mut self, state: PathState) -> Option<PathState> {
        let changed = self.state != state && self.state != PathState::Failed;
        if changed {
            self.state = state;
        }
        changed.then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connected_means_a_pair_and_dtls() {
        let mut path = Path::new();
        assert_eq!(path.on_ice(IceConnectionState::Checking), None, "nothing yet");
        assert_eq!(path.on_ice(IceConnectionState::Connected), None, "nothing can flow");
        assert_eq!(path.on_dtls(), Some(PathState::Connected), "now it can");
    }

    #[test]
    fn before_the_first_pair_there_is_nothing_to_lose() {
        let mut path = Path::new();
        assert_eq!(path.on_ice(IceConnectionState::Disconnected), None, "still connecting");
    }

    #[test]
    fn a_restart_is_no_news_and_a_lost_pair_is() {
        let mut path = Path::new();
        path.on_dtls();
        path.on_ice(IceConnectionState::Completed);
        assert_eq!(path.on_ice(IceConnectionState::Checking), None, "the old pair lives");
        assert_eq!(
            path.on_ice(IceConnectionState::Disconnected),
            Some(PathState::Disconnected),
            "it does not any more"
        );
        assert_eq!(path.on_ice(IceConnectionState::Checking), None, "looking for another");
        assert_eq!(path.on_ice(IceConnectionState::Connected), Some(PathState::Connected), "found");
    }

    #[test]
    fn the_end_is_final() {
        let mut path = Path::new();
        assert_eq!(path.on_end(), Some(PathState::Failed), "said once");
        assert_eq!(path.on_end(), None, "not twice");
        path.on_dtls();
        assert_eq!(path.on_ice(IceConnectionState::Connected), None, "and nothing after it");
    }
}
