//! How often a signed-in person may ask: one row for every request of the interface. Pure.
//!
//! A request without a row is refused where its asker is made out, which all of them pass, so that a
//! new one cannot be forgotten.

use std::collections::HashMap;

use bellwire_protocol::UserId;

/// Requests that share a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Needs no token. Counted by network, with the sign-ins.
    Open,
    /// Reads what is the asker's own.
    Read,
    /// Names somebody by their user name, as a guess at names would.
    Find,
    /// Changes what lies between two people; each tells both of them.
    People,
    /// Changes a group; each tells its members.
    Groups,
    /// Changes what others see of the asker; each tells all of them, though at most once in
    /// `coalesce::INTERVAL_MS`.
    Profile,
    /// Asks for the password, which costs a hash.
    Password,
    /// Ends a sign-in.
    Devices,
    /// Administrators' invitations, and their codes for new passwords.
    Invites,
}

/// Every class with a budget.
pub const CLASSES: [Class; 8] = [
    Class::Read,
    Class::Find,
    Class::People,
    Class::Groups,
    Class::Profile,
    Class::Password,
    Class::Devices,
    Class::Invites,
];

const MINUTE_MS: u64 = 60_000;

impl Class {
    /// How many, and in how many ms. A person who uses every device of theirs at once stays far
    /// under it; what is over it is a program that went wrong, or one that means ill. Raising a
    /// number raises how many frames one account can make others' devices receive.
    #[must_use]
    pub const fn budget(self) -> (u32, u64) {
        match self {
            Self::Open => (u32::MAX, MINUTE_MS),
            Self::Read => (300, MINUTE_MS),
            Self::Find => (30, MINUTE_MS),
            Self::People | Self::Groups | Self::Devices | Self::Invites => (60, 10 * MINUTE_MS),
            Self::Profile | Self::Password => (20, 10 * MINUTE_MS),
        }
    }
}

/// Every request under `/api/v1` and what it is counted as.
pub(super) const TABLE: &[(&str, &str, Class)] = &[
    ("GET", "/relay", Class::Open),
    ("POST", "/auth/register", Class::Open),
    ("POST", "/auth/login", Class::Open),
    ("POST", "/auth/refresh", Class::Open),
    ("POST", "/auth/reset", Class::Open),
    ("POST", "/auth/reset/check", Class::Open),
    ("POST", "/auth/logout", Class::Devices),
    ("GET", "/me", Class::Read),
    ("PATCH", "/me", Class::Profile),
    ("DELETE", "/me", Class::Password),
    ("POST", "/me/password", Class::Password),
    ("GET", "/devices", Class::Read),
    ("DELETE", "/devices/{id}", Class::Devices),
    ("GET", "/users", Class::Find),
    ("GET", "/contacts", Class::Read),
    ("POST", "/contacts", Class::Find),
    ("POST", "/contacts/{user}/accept", Class::People),
    ("DELETE", "/contacts/{user}", Class::People),
    ("POST", "/blocks", Class::People),
    ("DELETE", "/blocks/{user}", Class::People),
    ("GET", "/conversations", Class::Read),
    ("POST", "/conversations", Class::Groups),
    ("GET", "/conversations/{id}", Class::Read),
    ("PATCH", "/conversations/{id}", Class::Groups),
    ("POST", "/conversations/{id}/accept", Class::Groups),
    ("POST", "/conversations/{id}/decline", Class::Groups),
    ("POST", "/conversations/{id}/invitations", Class::Groups),
    ("DELETE", "/conversations/{id}/invitations/{user}", Class::Groups),
    ("DELETE", "/conversations/{id}/members/{user}", Class::Groups),
    ("GET", "/calls", Class::Read),
    ("GET", "/calls/{id}/connection", Class::Read),
    ("POST", "/invites", Class::Invites),
    ("GET", "/invites", Class::Invites),
    ("DELETE", "/invites/{id}", Class::Invites),
    ("POST", "/resets", Class::Invites),
];

/// What a request is counted as. `HEAD` is answered as `GET` is.
#[must_use]
pub fn class_of(method: &str, path: &str) -> Option<Class> {
    let method = if method == "HEAD" { "GET" } else { method };
    let row = TABLE.iter().find(|(asked, at, _)| *asked == method && *at == path);
    row.map(|(_, _, class)| *class)
}

/// What each person used of their budgets.
#[derive(Debug, Default)]
pub(super) struct Quotas(HashMap<(UserId, Class), Window>);

#[derive(Debug, Clone, Copy)]
struct Window {
    since: u64,
    used: u32,
}

/// Windows kept at most; at this many, those that are over are forgotten. About 4 MB.
const WINDOWS: usize = 50_000;

impl Quotas {
    /// Takes one request. The same moments in every call are of one clock, in ms.
    ///
    /// # Errors
    /// How long to wait, in ms.
    pub(super) fn take(&mut self, now: u64, user: UserId, class: Class) -> Result<(), u64> {
        let (most, window_ms) = class.budget();
        if self.0.len() >= WINDOWS && !self.0.contains_key(&(user, class)) {
            self.0.retain(|(_, class), window| now < window.since + class.budget().1);
        }
        let window = self.0.entry((user, class)).or_insert(Window { since: now, used: 0 });
        if now >= window.since + window_ms {
            *window = Window { since: now, used: 0 };
        }
        if window.used >= most {
            return Err((window.since + window_ms).saturating_sub(now).max(1));
        }
        window.used += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bellwire_protocol::http::{Access, ROUTES};

    use super::*;

    #[test]
    fn every_request_of_the_interface_has_a_budget_and_nothing_else_has() {
        let listed: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
        let counted: BTreeSet<_> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
        assert_eq!(counted, listed);
        assert_eq!(counted.len(), TABLE.len(), "each once");
        for route in ROUTES {
            let open = class_of(route.method, route.path) == Some(Class::Open);
            assert_eq!(open, route.access == Access::Anybody, "{} {}", route.method, route.path);
        }
    }

    #[test]
    fn a_budget_is_ones_own_and_comes_back() {
        let (ada, eve) = (UserId::from_bytes([1; 16]), UserId::from_bytes([2; 16]));
        let mut quotas = Quotas::default();
        let (most, window) = Class::Profile.budget();
        for n in 0..u64::from(most) {
            assert_eq!(quotas.take(1_000 + n, ada, Class::Profile), Ok(()));
        }
        assert_eq!(quotas.take(2_000, ada, Class::Profile), Err(window - 1_000));
        assert_eq!(quotas.take(2_000, ada, Class::Read), Ok(()), "another class");
        assert_eq!(quotas.take(2_000, eve, Class::Profile), Ok(()), "another person");
        assert_eq!(quotas.take(1_000 + window, ada, Class::Profile), Ok(()));
    }

    #[test]
    fn windows_that_are_over_are_forgotten() {
        let mut quotas = Quotas::default();
        for n in 0..u128::try_from(WINDOWS).unwrap_or_default() {
            let _ = quotas.take(0, UserId::from_bytes(n.to_be_bytes()), Class::Read);
        }
        let _ = quotas.take(60_000, UserId::from_bytes([255; 16]), Class::Read);
        assert_eq!(quotas.0.len(), 1);
    }
}
