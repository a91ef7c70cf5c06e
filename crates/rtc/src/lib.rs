//! A peer connection in Rust, for webviews that have no `RTCPeerConnection` and for clients without
//! a window: carries out [`bellwire_core::api::PeerCommand`]s with str0m.

pub mod control;
pub mod figures;
pub mod network;
pub mod peer;
pub mod peers;
pub mod pictures;
