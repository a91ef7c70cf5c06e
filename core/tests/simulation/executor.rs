//! In-memory peer connections: descriptions, ICE generations, candidates, paths and devices as far
//! as the core can tell them apart from real ones. Strict: an order that a real stack would refuse,
//! or that breaks the law of `core::api`, panics.

use std::collections::{BTreeMap, BTreeSet};

use bellwire_core::api::{DeviceProblem, PeerCommand, PeerId, Slot, SlotState};

/// A connection, named across all devices: the device's number and its own name for it.
pub(crate) type Name = (usize, PeerId);

/// One connection.
#[derive(Debug, Default)]
pub(crate) struct Pc {
    generation: u32,
    pub local: Option<String>,
    pub remote: Option<String>,
    open_offer: Option<(String, Option<String>)>,
    /// Candidates of the other side, by generation.
    pub candidates: BTreeSet<String>,
    pub busy: Option<u32>,
    pub sends: BTreeSet<Slot>,
    /// The connection that media flows with, and whether channels were reported open.
    pub paired: Option<Name>,
    pub channels: bool,
}

/// What happens after an order, a moment later.
#[derive(Debug, Clone)]
pub(crate) enum Done {
    Described { operation: u32, sdp: String, ufrag: String },
    Applied { operation: u32 },
    Failed { operation: u32 },
    Slot(Slot, SlotState),
    Control(String),
    Chat(String),
}

/// The connections of one device.
#[derive(Debug, Default)]
pub(crate) struct Executor {
    pub pcs: BTreeMap<PeerId, Pc>,
    pub closed: BTreeSet<PeerId>,
    pub orders: Vec<PeerCommand>,
    /// Which life of the page this is, so that generations differ from the former one's.
    pub life: u64,
    /// There is no microphone and no camera.
    pub bare: bool,
    /// Candidates that are found at once, beside the one that is always there.
    pub burst: u64,
}

fn description(ufrag: &str) -> String {
    let mut sdp = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n".to_owned();
    for mid in 0..5 {
        sdp.push_str(&format!("m=audio 9 X 0\r\na=mid:{mid}\r\na=ice-ufrag:{ufrag}\r\n"));
        sdp.push_str("a=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\na=end-of-candidates\r\n");
    }
    sdp
}

fn ufrag_of(sdp: &str) -> String {
    let is_candidate =
        |line: &str| line.starts_with("a=candidate:") || line == "a=end-of-candidates";
    assert!(!sdp.lines().any(is_candidate), "no description brings candidates along");
    sdp.lines()
        .find_map(|line| line.strip_prefix("a=ice-ufrag:"))
        .expect("a description has a ufrag")
        .to_owned()
}

impl Executor {
    pub(crate) fn mic(&self) -> bool {
        self.pcs.values().any(|pc| pc.sends.contains(&Slot::Audio))
    }

    pub(crate) fn camera(&self) -> bool {
        self.pcs.values().any(|pc| pc.sends.contains(&Slot::Camera))
    }

    /// Carries out an order; what it leads to happens later.
    pub(crate) fn order(
        &mut self,
        device: usize,
        id: PeerId,
        command: PeerCommand,
    ) -> Option<Done> {
        if let PeerCommand::Send { .. } | PeerCommand::Spend { .. } = command {
            self.orders.push(command.clone());
        }
        if let PeerCommand::Open { .. } = command {
            assert!(!self.closed.contains(&id), "{id:?} is used twice");
            assert!(self.pcs.insert(id, Pc::default()).is_none(), "{id:?} is opened twice");
            return None;
        }
        if let PeerCommand::Close = command {
            assert!(self.pcs.remove(&id).is_some(), "{id:?} is closed and was not open");
            self.closed.insert(id);
            return None;
        }
        let (bare, life) = (self.bare, self.life);
        let pc = self
            .pcs
            .get_mut(&id)
            .unwrap_or_else(|| panic!("{command:?} for {id:?}, which is not open"));
        match command {
            PeerCommand::Open { .. }
            | PeerCommand::Close
            | PeerCommand::Configure { .. }
            | PeerCommand::Spend { .. } => None,
            PeerCommand::Offer { operation, restart } => {
                assert_eq!(pc.busy.replace(operation), None, "one operation at a time");
                assert!(!restart || pc.remote.is_some(), "a restart needs a connection");
                pc.generation += 1;
                let ufrag = format!("{device:02}{life:02}{:04}{:04}", id.0, pc.generation);
                let former = pc.open_offer.take().map_or(pc.local.clone(), |(_, former)| former);
                pc.open_offer = Some((ufrag.clone(), former));
                Some(Done::Described { operation, sdp: description(&ufrag), ufrag })
            }
            PeerCommand::Answer { operation, sdp } => {
                assert_eq!(pc.busy.replace(operation), None, "one operation at a time");
                pc.open_offer = None;
                let remote = ufrag_of(&sdp);
                pc.generation += 1;
                let ufrag = format!("{device:02}{life:02}{:04}{:04}", id.0, pc.generation);
                pc.local = Some(ufrag.clone());
                pc.remote = Some(remote);
                Some(Done::Described { operation, sdp: description(&ufrag), ufrag })
            }
            PeerCommand::Apply { operation, sdp } => {
                assert_eq!(pc.busy.replace(operation), None, "one operation at a time");
                let Some((ufrag, _)) = pc.open_offer.take() else {
                    return Some(Done::Failed { operation });
                };
                pc.local = Some(ufrag);
                pc.remote = Some(ufrag_of(&sdp));
                Some(Done::Applied { operation })
            }
            PeerCommand::AddCandidate { ufrag, .. } => {
                // Without a name it belongs to the newest description.
                assert!(
                    ufrag.is_empty() && pc.remote.is_some() || pc.remote.as_ref() == Some(&ufrag),
                    "a candidate of the remote description's generation"
                );
                pc.candidates.insert(ufrag);
                None
            }
            PeerCommand::Send { slot, on: true, .. } if bare => {
                Some(Done::Slot(slot, SlotState::Unavailable { problem: DeviceProblem::Missing }))
            }
            PeerCommand::Send { slot, on: true, .. } => {
                pc.sends.insert(slot);
                Some(Done::Slot(slot, SlotState::Live { label: "fake".into() }))
            }
            PeerCommand::Send { slot, on: false, .. } => {
                pc.sends.remove(&slot);
                Some(Done::Slot(slot, SlotState::Off))
            }
            PeerCommand::Control { data } => Some(Done::Control(data)),
            PeerCommand::Chat { data } => Some(Done::Chat(data)),
        }
    }

    /// Which connection of another device this one has a path with, by their descriptions and
    /// candidates.
    pub(crate) fn reaches(&self, id: PeerId, other: &Self) -> Option<PeerId> {
        let pc = self.pcs.get(&id)?;
        let (local, remote) = (pc.local.as_ref()?, pc.remote.as_ref()?);
        other
            .pcs
            .iter()
            .find(|(_, far)| {
                far.local.as_ref() == Some(remote)
                    && far.remote.as_ref() == Some(local)
                    && pc.candidates.contains(remote)
                    && far.candidates.contains(local)
            })
            .map(|(id, _)| *id)
    }
}
