#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for one event among many")]

use std::collections::BTreeSet;
use std::time::Duration;

use bellwire_core::api::{PeerCommand, PeerEvent, PeerId};
use bellwire_voice::engine::{Input, Options as Sound, Output};
use tokio::sync::mpsc;

use super::{NoPictures, Options, Peers, Report};
use crate::network::Loopback;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

#[tokio::test]
async fn no_two_connections_of_a_device_have_the_same_fingerprint() {
    let sound = Sound { input: Input::Device, output: Output::Nowhere, processing: false };
    let options = Options { sound, loopback: Loopback::Only, roots: Vec::new() };
    let (told, mut described) = mpsc::channel(3);
    let report = move |_, report| {
        if let Report::Event(PeerEvent::Described { sdp, .. }) = report {
            // The test ended if this fails.
            let _ = told.try_send(sdp);
        }
    };
    let peers = Peers::start(options, NoPictures, report).unwrap();
    // Two at once, and a third after one of them ended, of the same person.
    for id in [1, 2, 1] {
        let open = PeerCommand::Open { ice_servers: Vec::new(), relay_only: false };
        peers.carry_out(PeerId(id), PeerCommand::Close);
        peers.carry_out(PeerId(id), open);
        peers.carry_out(PeerId(id), PeerCommand::Offer { operation: 1, restart: false });
    }
    let mut fingerprints = BTreeSet::new();
    for _ in 0..3 {
        let sdp = tokio::time::timeout(PATIENCE, described.recv()).await.expect("it is described");
        let sdp = sdp.expect("the executor lives");
        let line = sdp.lines().find(|line| line.starts_with("a=fingerprint:"));
        let fingerprint = line.expect("a description proves its connection").to_owned();
        assert!(fingerprints.insert(fingerprint), "a fingerprint came twice");
    }
}
