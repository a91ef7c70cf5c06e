//! What holds once the two people of the model parted: one blocked the other, removed the contact, or
//! left the group.

use bellwire_core::machine::{Effect, Event, Stage};
use bellwire_protocol::EndReason;
use stateright::Property;

use crate::is_quiet;
use crate::relay::{Call, Parting};
use crate::world::{Bounds, World, foreign};

/// What always holds.
pub(crate) fn always() -> Vec<Property<Bounds>> {
    vec![
        Property::always(
            "I16 after two parted nothing reaches one from the other",
            |_, world: &World| !world.leaked,
        ),
        Property::always(
            "I17 when all is delivered, who parted rings for nobody and is in no call",
            |_, world: &World| world.relay.parted.is_none() || !is_quiet(world) || are_apart(world),
        ),
        Property::always("I18 ringing that stops for a parting is silent", |_, world: &World| {
            stops_silently(world)
        }),
    ]
}

/// What a parting has to meet, so that what always holds says something.
pub(crate) fn sometimes(parting: Parting) -> Vec<Property<Bounds>> {
    match parting {
        Parting::Apart => vec![
            Property::sometimes("a block meets a live call", |_, world: &World| {
                by_callee(world) && is_ended_everywhere(world, EndReason::Ended)
            }),
            Property::sometimes("a caller notices nothing of a block", |_, world: &World| {
                let dials = matches!(world.devices[0].machine.stage(), Stage::Dialling { .. });
                dials && by_callee(world) && rings_silently(world) && is_quiet(world)
            }),
            Property::sometimes("a caller who blocks gives up", |_, world: &World| {
                !by_callee(world) && is_ended_everywhere(world, EndReason::Cancelled)
            }),
            Property::sometimes("an accept crosses a block", |_, world: &World| {
                let is_late = |message: &Event| matches!(message, Event::TooLate { .. });
                rings_silently(world) && world.down.iter().any(|(_, it)| is_late(&it.0))
            }),
        ],
        Parting::LeftGroup => vec![
            Property::sometimes("leaving a group meets a live call", |_, world: &World| {
                by_callee(world) && is_ended_everywhere(world, EndReason::Ended)
            }),
            Property::sometimes("leaving a group ends its ringing", |_, world: &World| {
                by_callee(world) && is_ended_everywhere(world, EndReason::Unreachable)
            }),
            Property::sometimes("nobody calls a group that they left", |_, world: &World| {
                let is_refused = |message: &Event| matches!(message, Event::PlaceRefused { .. });
                world.down.iter().any(|(_, it)| is_refused(&it.0))
            }),
        ],
    }
}

fn by_callee(world: &World) -> bool {
    matches!(world.relay.parted, Some((1, _)))
}

/// Every device that has a call on its screen says that it ended so, and one has.
fn is_ended_everywhere(world: &World, wanted: EndReason) -> bool {
    let mut stages = world.devices.iter().map(|device| device.machine.stage());
    let is_ended =
        |stage: &Stage| matches!(stage, Stage::Ended { reason, .. } if *reason == wanted);
    stages.clone().any(is_ended)
        && stages.all(|stage| is_ended(stage) || matches!(stage, Stage::Idle))
}

fn rings_silently(world: &World) -> bool {
    world.relay.calls.values().any(|call| matches!(call, Call::Ringing { silent: true, .. }))
}

/// Nobody is in a call with the other. A caller who does not know dials on, and whoever waits has a
/// deadline of their own.
fn are_apart(world: &World) -> bool {
    world.devices.iter().all(|device| {
        let stage = match device.machine.stage() {
            Stage::Idle | Stage::Dialling { .. } | Stage::Crossed { .. } | Stage::Ended { .. } => {
                true
            }
            Stage::Answering { .. } | Stage::Live { .. } => false,
        };
        stage && device.machine.rings().keys().all(|call| *call == foreign())
    })
}

/// Whoever parted from a caller has missed no call, and their device says nothing.
fn stops_silently(world: &World) -> bool {
    world.down.iter().all(|(to, message)| {
        let Some(device) = world.devices.get(*to) else { return true };
        let Event::Ended { call, reason: EndReason::DeclinedElsewhere } = message.0 else {
            return true;
        };
        if !device.machine.rings().contains_key(&call) {
            return true;
        }
        let mut machine = device.machine.clone();
        let effects = machine.handle(message.0.clone());
        let is_loud = |effect: &Effect| {
            matches!(
                effect,
                Effect::RingStopped { missed: true, .. } | Effect::Tell(_) | Effect::Say(_)
            )
        };
        !machine.rings().contains_key(&call) && !effects.iter().any(is_loud)
    })
}
