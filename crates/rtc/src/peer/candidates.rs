//! The candidates of one connection: where this side is reached, what of that was said, and where
//! the other side is reached.

use std::net::SocketAddr;

use bellwire_core::api::PeerEvent;
use bellwire_protocol::IceServer;
use str0m::{Candidate, CandidateKind};

use super::Output;

/// Remote candidates that are added to one connection. More cost a check each, for every local one.
const REMOTE_CANDIDATES: usize = 64;

#[derive(Debug)]
pub(super) struct Candidates {
    servers: Vec<IceServer>,
    relay_only: bool,
    /// Live ones of this side.
    local: Vec<Candidate>,
    /// Kinds and addresses of the other side's, for the figures.
    remote: Vec<(SocketAddr, CandidateKind)>,
    /// The generation whose candidates are said; none before the first description.
    said: Option<String>,
    gathered: bool,
}

impl Candidates {
    pub(super) const fn new(servers: Vec<IceServer>, relay_only: bool) -> Self {
        Self {
            servers,
            relay_only,
            local: Vec::new(),
            remote: Vec::new(),
            said: None,
            gathered: false,
        }
    }

    /// What the next [`Candidates::gather`] asks for.
    pub(super) fn configure(&mut self, servers: Vec<IceServer>, relay_only: bool) {
        self.servers = servers;
        self.relay_only = relay_only;
    }

    /// Begins to gather: the servers or addresses may be others by now.
    pub(super) fn gather(&mut self) -> Output {
        self.gathered = false;
        self.remote.clear();
        Output::Gather { servers: self.servers.clone(), relay_only: self.relay_only }
    }

    /// Takes a local candidate in. False where it is known.
    pub(super) fn add(&mut self, candidate: &Candidate) -> bool {
        let known = self.local.iter().any(|known| same(known, candidate));
        if !known {
            self.local.push(candidate.clone());
        }
        !known
    }

    /// A local candidate's address is gone.
    pub(super) fn remove(&mut self, candidate: &Candidate) {
        self.local.retain(|known| !same(known, candidate));
    }

    /// Takes a remote candidate in, as its line says it. What cannot be read is nothing.
    pub(super) fn add_remote(&mut self, line: &str) -> Option<Candidate> {
        if line.is_empty() || self.remote.len() >= REMOTE_CANDIDATES {
            return None;
        }
        let candidate = Candidate::from_sdp_string(line).ok()?;
        self.remote.push((candidate.addr(), candidate.kind()));
        Some(candidate)
    }

    /// Every local candidate that is known.
    pub(super) fn local(&self) -> &[Candidate] {
        &self.local
    }

    /// What this side is reached by, where it is reached at all.
    pub(super) fn permitted(&self) -> impl Iterator<Item = &Candidate> {
        self.local.iter().filter(|candidate| self.is_permitted(candidate))
    }

    pub(super) fn is_permitted(&self, candidate: &Candidate) -> bool {
        !self.relay_only || candidate.kind() == CandidateKind::Relayed
    }

    pub(super) fn local_kind(&self, address: SocketAddr) -> Option<CandidateKind> {
        self.local.iter().find(|known| known.addr() == address).map(Candidate::kind)
    }

    pub(super) fn remote_kind(&self, address: SocketAddr) -> Option<CandidateKind> {
        self.remote.iter().find(|(known, _)| *known == address).map(|(_, kind)| *kind)
    }

    pub(super) fn remote_count(&self) -> usize {
        self.remote.len()
    }

    /// A description of this generation was said: every candidate that is known follows it. Nothing
    /// where they have followed one.
    pub(super) fn say_all(&mut self, ufrag: String, mid: &str) -> Vec<PeerEvent> {
        if self.said.as_ref() == Some(&ufrag) {
            return Vec::new();
        }
        self.said = Some(ufrag);
        let said = self.permitted().filter_map(|candidate| self.say(candidate, mid));
        said.chain(self.say_end(mid)).collect()
    }

    /// Says one candidate, once a description was said.
    pub(super) fn say(&self, candidate: &Candidate, mid: &str) -> Option<PeerEvent> {
        let ufrag = self.said.clone()?;
        let mut candidate = candidate.clone();
        candidate.set_ufrag(&ufrag);
        let line = candidate.to_sdp_string();
        let line = line.strip_prefix("a=").unwrap_or(&line).trim_end().to_owned();
        Some(PeerEvent::Candidate { ufrag, mid: mid.to_owned(), candidate: line })
    }

    /// Every candidate of this generation was found. Says so, once a description was said.
    pub(super) fn on_gathered(&mut self, mid: &str) -> Option<PeerEvent> {
        self.gathered = true;
        self.say_end(mid)
    }

    fn say_end(&self, mid: &str) -> Option<PeerEvent> {
        let ufrag = self.said.clone().filter(|_| self.gathered)?;
        Some(PeerEvent::Candidate { ufrag, mid: mid.to_owned(), candidate: String::new() })
    }

    /// The description whose candidates were said is void.
    pub(super) fn unsay(&mut self) {
        self.said = None;
    }
}

/// Two names of one candidate: the generation does not count.
fn same(one: &Candidate, other: &Candidate) -> bool {
    one.addr() == other.addr()
        && one.kind() == other.kind()
        && one.proto() == other.proto()
        && one.local() == other.local()
}
