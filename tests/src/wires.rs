//! An executor without WebRTC, for tests of everything around it.
//!
//! All clients of one [`Wires`] share one imaginary network. A description names its maker by its
//! ufrag; two connections whose descriptions name each other, with a candidate from both sides,
//! have a path, and then their channels carry messages. So a test that loses an offer, mixes up an
//! answer or forgets a candidate has no path, as in the real world.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bellwire_client::native::{Executor, PeerEvents};
use bellwire_core::api::{PathState, PeerCommand, PeerEvent, PeerId, Slot, SlotState};

/// The network that some clients share.
#[derive(Clone, Default)]
pub struct Wires(Arc<Mutex<Network>>);

#[derive(Default)]
struct Network {
    next: u32,
    ends: BTreeMap<u32, End>,
    captured: usize,
}

/// One connection of one client.
struct End {
    client: u32,
    peer: PeerId,
    events: PeerEvents,
    /// Own generation; each restart makes a new one.
    local: Option<u32>,
    /// The far side's, from its description.
    remote: Option<u32>,
    /// Generations that the far side sent a candidate for.
    candidates: Vec<u32>,
    up: bool,
}

impl Wires {
    /// An executor for one client.
    pub fn executor(&self, events: PeerEvents) -> impl Executor + use<> {
        let client = self.lock().number();
        let wires = self.clone();
        move |peer, command| wires.lock().carry_out(client, &events, peer, command)
    }

    /// How many connections are open, over all clients.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lock().ends.len()
    }

    /// How many paths are up, counted from both ends.
    #[must_use]
    pub fn up(&self) -> usize {
        self.lock().ends.values().filter(|end| end.up).count()
    }

    /// How often any client was asked to send on the camera's slot.
    #[must_use]
    pub fn cameras_opened(&self) -> usize {
        self.lock().captured
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Network> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Network {
    fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    fn key_of(&self, client: u32, peer: PeerId) -> Option<u32> {
        self.ends
            .iter()
            .find(|(_, end)| end.client == client && end.peer == peer)
            .map(|(key, _)| *key)
    }

    fn carry_out(&mut self, client: u32, events: &PeerEvents, peer: PeerId, command: PeerCommand) {
        if matches!(command, PeerCommand::Open { .. }) {
            let key = self.number();
            let end = End {
                client,
                peer,
                events: events.clone(),
                local: None,
                remote: None,
                candidates: Vec::new(),
                up: false,
            };
            self.ends.insert(key, end);
            return;
        }
        let Some(key) = self.key_of(client, peer) else { return };
        match command {
            PeerCommand::Open { .. }
            | PeerCommand::Configure { .. }
            | PeerCommand::Spend { .. } => {}
            PeerCommand::Offer { operation, .. } => self.describe(key, operation),
            PeerCommand::Answer { operation, sdp } => {
                self.hear(key, &sdp);
                self.describe(key, operation);
            }
            PeerCommand::Apply { operation, sdp } => {
                self.hear(key, &sdp);
                self.report(key, PeerEvent::Applied { operation });
            }
            PeerCommand::AddCandidate { ufrag, candidate, .. } => {
                if let (false, Some(generation)) = (candidate.is_empty(), generation(&ufrag))
                    && let Some(end) = self.ends.get_mut(&key)
                {
                    end.candidates.push(generation);
                }
            }
            PeerCommand::Send { slot, on, .. } => {
                if on && slot == Slot::Camera {
                    self.captured += 1;
                }
                let state = if on {
                    SlotState::Live { label: "imaginary".to_owned() }
                } else {
                    SlotState::Off
                };
                self.report(key, PeerEvent::Slot { slot, state });
            }
            PeerCommand::Control { data } => self.carry(key, PeerEvent::Control { data }),
            PeerCommand::Chat { data } => self.carry(key, PeerEvent::Chat { data }),
            PeerCommand::Close => {
                self.ends.remove(&key);
            }
        }
        self.meet();
    }

    fn describe(&mut self, key: u32, operation: u32) {
        let generation = self.number();
        let Some(end) = self.ends.get_mut(&key) else { return };
        end.local = Some(generation);
        let ufrag = format!("wire{generation}");
        let media: String = ["audio", "video", "video", "audio"]
            .iter()
            .enumerate()
            .map(|(mid, kind)| {
                format!("m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\na=ice-ufrag:{ufrag}\r\na=mid:{mid}\r\n")
            })
            .collect();
        let sdp = format!("v=0\r\no=- {generation} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{media}");
        self.report(key, PeerEvent::Described { operation, sdp });
        for candidate in ["candidate:1 1 udp 1 192.0.2.1 9 typ host", ""] {
            self.report(
                key,
                PeerEvent::Candidate {
                    ufrag: ufrag.clone(),
                    mid: "0".to_owned(),
                    candidate: candidate.to_owned(),
                },
            );
        }
    }

    fn hear(&mut self, key: u32, sdp: &str) {
        let heard = sdp.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:"));
        if let Some(end) = self.ends.get_mut(&key) {
            end.remote = heard.and_then(generation);
        }
    }

    /// Brings up the paths of ends that name each other.
    fn meet(&mut self) {
        let pairs: Vec<u32> = self
            .ends
            .iter()
            .filter(|(key, end)| !end.up && self.far(**key).is_some() && self.is_reachable(end))
            .map(|(key, _)| *key)
            .collect();
        for key in pairs {
            if let Some(end) = self.ends.get_mut(&key) {
                end.up = true;
            }
            self.report(key, PeerEvent::Path { state: PathState::Connected });
            self.report(key, PeerEvent::ChannelsOpen);
        }
    }

    fn is_reachable(&self, end: &End) -> bool {
        end.remote.is_some_and(|remote| end.candidates.contains(&remote))
    }

    /// The end that names this one and is named by it.
    fn far(&self, key: u32) -> Option<u32> {
        let near = self.ends.get(&key)?;
        self.ends
            .iter()
            .find(|(_, far)| {
                far.local.is_some() && far.local == near.remote && far.remote == near.local
            })
            .map(|(key, _)| *key)
    }

    fn carry(&self, key: u32, event: PeerEvent) {
        if let Some(far) = self.far(key).filter(|far| self.ends[far].up) {
            self.report(far, event);
        }
    }

    fn report(&self, key: u32, event: PeerEvent) {
        if let Some(end) = self.ends.get(&key) {
            end.events.report(end.peer, event);
        }
    }
}

/// The generation that a ufrag names.
fn generation(ufrag: &str) -> Option<u32> {
    ufrag.strip_prefix("wire")?.parse().ok()
}
