//! The situations that people get into, by name.

use bellwire_core::api::{Alert, CallStage, Command, Slot};
use bellwire_protocol::{EndReason, Media};

use crate::world::World;

#[test]
fn a_call_is_placed_accepted_and_hung_up() {
    let mut world = World::new(1, &[1, 2]);
    world.place(0, Media::Video);
    assert!(matches!(world.stage(0), Some(CallStage::Dialling { ringing: false })));
    world.run(300);
    assert!(matches!(world.stage(0), Some(CallStage::Dialling { ringing: true })));
    assert!(world.nodes[1].executor.pcs.is_empty(), "nothing is opened while it rings");
    assert!(world.has_alert(1, |alert| matches!(alert, Alert::Ring { .. })));
    world.accept(1, Media::Video);
    world.run(1_000);
    assert!(world.is_connected(0) && world.is_connected(1));
    world.run(30_000);
    assert!(world.is_connected(0) && world.is_connected(1), "it stays so");
    world.hang_up(0);
    world.run(200);
    assert_eq!(world.ended(0), Some(EndReason::Ended));
    assert_eq!(world.ended(1), Some(EndReason::Ended));
    assert_eq!(world.relay.live_calls(), 0);
}
