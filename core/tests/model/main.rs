//! The call state machine that ships, checked on a network that loses, repeats and reorders, with
//! people who press anything at any time. The invariants are numbered as in the project's list of
//! what a call must never do; each `always` has a `sometimes` that shows it is not empty.

#![allow(clippy::wildcard_enum_match_arm, reason = "most events are none of the model's business")]

mod parting;
mod relay;
mod world;

use bellwire_core::machine::{Effect, Event, Path, Stage, Timer};
use bellwire_protocol::{CallId, EndReason};
use stateright::{Checker, Model, Property};

use crate::relay::{Call, Parting};
use crate::world::{Action, Bounds, Device, World, call, call_of, foreign};

impl Model for Bounds {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self)]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        world.actions(self, actions);
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        world.next(action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(
                "I1 connections and devices only between the person's yes and no",
                |_, world: &World| world.devices.iter().all(is_wanted),
            ),
            Property::always("I2 a call that is over stays over", |_, world: &World| {
                world.devices.iter().all(|device| !device.revived)
            }),
            Property::always(
                "I4 at most one device of a person is in a call",
                |_, world: &World| {
                    !(is_live(world, 1).is_some() && is_live(world, 1) == is_live(world, 2))
                },
            ),
            Property::always("I5 of crossing calls one lives", |_, world: &World| {
                let live =
                    world.relay.calls.values().filter(|call| matches!(call, Call::Live { .. }));
                live.count() <= 1 || !is_quiet(world)
            }),
            Property::always("I6 a message twice is as once", |_, world: &World| {
                handles_twice_as_once(world)
            }),
            Property::always(
                "I8 nothing widens what the person chose to send",
                |_, world: &World| {
                    world.devices.iter().all(|device| {
                        device
                            .machine
                            .open_call()
                            .is_none_or(|open| is_chosen(device, open.id, open.media))
                    })
                },
            ),
            Property::always("I10 whatever waits has its own deadline", |_, world: &World| {
                world.devices.iter().all(has_deadlines)
            }),
            Property::always("I3, I13 when all is delivered, all agree", |_, world: &World| {
                agrees(world) || !is_quiet(world)
            }),
            Property::always("I14 who is in a call is not disturbed", |_, world: &World| {
                is_undisturbed(world)
            }),
            Property::always("I15 no message opens a call twice", |_, world: &World| {
                world.devices.iter().all(|device| !device.reopened)
            }),
            Property::sometimes("two devices are connected", |_, world: &World| {
                world.devices.iter().filter(|device| is_connected(device)).count() == 2
            }),
            Property::sometimes("a call ends and both say so", |_, world: &World| {
                let ended = |device: &&Device| {
                    matches!(device.machine.stage(), Stage::Ended { reason: EndReason::Ended, .. })
                };
                world.devices.iter().filter(ended).count() == 2
            }),
            Property::sometimes("cancel and accept cross", |_, world: &World| {
                let cancelled = matches!(
                    world.devices[0].machine.stage(),
                    Stage::Ended { reason: EndReason::Cancelled, .. }
                );
                cancelled
                    && world.relay.calls.values().any(|call| matches!(call, Call::Live { .. }))
            }),
            Property::sometimes("all is delivered", |_, world: &World| {
                !world.relay.calls.is_empty() && is_quiet(world)
            }),
        ];
        if self.callees == 2 {
            properties.push(Property::sometimes(
                "two devices accept at once",
                |_, world: &World| {
                    world.devices[1..].iter().all(|device| {
                        matches!(device.machine.stage(), Stage::Answering { said: true, .. })
                    })
                },
            ));
            properties.push(Property::sometimes(
                "one is told that it was too late",
                |_, world: &World| {
                    world.down.iter().any(|(_, message)| matches!(message.0, Event::TooLate { .. }))
                },
            ));
        }
        if self.calls.len() > 1 {
            properties.push(Property::sometimes("the replaced caller answers by itself", |_, world: &World| {
                world.devices.iter().any(|device| {
                    matches!(device.machine.stage(), Stage::Answering { call, .. } if !device.wanted.contains_key(&call.id))
                })
            }));
            properties.push(Property::sometimes("the winner is waited for", |_, world: &World| {
                world
                    .devices
                    .iter()
                    .any(|device| matches!(device.machine.stage(), Stage::Crossed { .. }))
            }));
        }
        if self.stranger {
            properties.push(Property::sometimes("a stranger is told busy", |_, world: &World| {
                world.up.iter().any(|(_, say)| matches!(say, bellwire_core::machine::Say::Reject(call, _) if call == &foreign()))
            }));
        }
        properties.extend(parting::always());
        for parting in &self.partings {
            properties.extend(parting::sometimes(*parting));
        }
        if self.reloads > 0 {
            properties.push(Property::sometimes(
                "a reloaded page comes back into its call",
                |bounds: &Self, world: &World| {
                    world.reloads < bounds.reloads && world.devices.iter().all(is_connected)
                },
            ));
        }
        properties
    }
}

fn is_live(world: &World, place: usize) -> Option<CallId> {
    match world.devices.get(place)?.machine.stage() {
        Stage::Live { call, .. } => Some(call.id),
        Stage::Idle
        | Stage::Dialling { .. }
        | Stage::Crossed { .. }
        | Stage::Answering { .. }
        | Stage::Ended { .. } => None,
    }
}

fn is_connected(device: &Device) -> bool {
    matches!(device.machine.stage(), Stage::Live { others, .. } if others.values().all(|path| *path == Path::Connected))
}

/// What is open was placed or accepted here and not hung up; or it is the call that the placed one
/// gave way to.
fn is_wanted(device: &Device) -> bool {
    device.open.iter().all(|open| {
        let yes = device.wanted.contains_key(open) || !device.wanted.is_empty();
        yes && !device.unwanted.contains(open)
            && device.machine.open_call().is_some_and(|call| call.id == *open)
    })
}

fn is_chosen(device: &Device, call: CallId, media: bellwire_protocol::Media) -> bool {
    match device.wanted.get(&call) {
        Some(chosen) => *chosen == media || call_of(call).media == media,
        None => device.wanted.values().any(|chosen| *chosen == media),
    }
}

fn has_deadlines(device: &Device) -> bool {
    let stage = match device.machine.stage() {
        Stage::Idle | Stage::Ended { .. } => true,
        Stage::Dialling { .. } => device.timers.contains(&Timer::Dial),
        Stage::Crossed { .. } => device.timers.contains(&Timer::Successor),
        Stage::Answering { .. } => device.timers.contains(&Timer::Answer),
        Stage::Live { others, .. } => {
            others.values().any(|path| *path != Path::Connecting)
                || device.timers.contains(&Timer::Connect)
        }
    };
    let rings =
        device.machine.rings().keys().all(|call| device.timers.contains(&Timer::Ring(*call)));
    stage
        && rings
        && device.timers.iter().all(|timer| match timer {
            Timer::Ring(call) => device.machine.rings().contains_key(call),
            Timer::Dial | Timer::Successor | Timer::Answer | Timer::Connect => {
                device.machine.open_call().is_some()
            }
        })
}

/// The second time changes nothing and leads to nothing but the same words to the relay.
fn handles_twice_as_once(world: &World) -> bool {
    world.down.iter().all(|(to, message)| {
        let Some(device) = world.devices.get(*to) else { return true };
        let mut machine = device.machine.clone();
        let first = machine.handle(message.0.clone());
        let once = machine.clone();
        let second = machine.handle(message.0.clone());
        let is_said = |effect: &Effect| matches!(effect, Effect::Say(_));
        machine == once && second.iter().all(|effect| is_said(effect) || first.contains(effect))
    })
}

fn is_undisturbed(world: &World) -> bool {
    world.down.iter().all(|(to, message)| {
        let is_stranger = matches!(message.0, Event::Incoming { call, .. } if call == foreign());
        let Some(device) = world.devices.get(*to) else { return true };
        let before = &device.machine;
        if !is_stranger || before.open_call().is_none() {
            return true;
        }
        let mut after = before.clone();
        after.handle(message.0.clone());
        after.stage() == before.stage() && after.rings() == before.rings()
    })
}

/// Every message was delivered, and nothing but people and timers can change anything.
fn is_quiet(world: &World) -> bool {
    let described = world.devices.iter().all(|device| device.describing.is_empty());
    described
        && world.up.iter().all(|(from, say)| world.next(Action::Up(*from, *say)).is_none())
        && world
            .down
            .iter()
            .filter(|(to, _)| *to < world.devices.len())
            .all(|(to, message)| world.next(Action::Down(*to, message.0.clone())).is_none())
}

fn agrees(world: &World) -> bool {
    world.devices.iter().enumerate().all(|(place, device)| match device.machine.stage() {
        Stage::Live { call, .. } => {
            matches!(world.relay.calls.get(&call.id), Some(Call::Live { inside }) if inside.contains(&place))
        }
        Stage::Dialling { call, .. } => !matches!(world.relay.calls.get(&call.id), Some(Call::Over { .. } | Call::Live { .. })),
        Stage::Idle | Stage::Crossed { .. } | Stage::Answering { .. } | Stage::Ended { .. } => true,
    }) && world.relay.calls.iter().all(|(call, state)| match state {
        Call::Live { inside } => inside.iter().all(|place| is_live(world, *place) == Some(*call)),
        Call::Ringing { .. } | Call::Over { .. } => true,
    })
}

/// What is explored, and how many states that were when it was last looked at.
fn explored() -> Vec<(&'static str, Bounds, usize)> {
    let plain = Bounds {
        calls: vec![call(0, 2)],
        callees: 2,
        reloads: 0,
        syncs: 0,
        stranger: false,
        failures: true,
        partings: Vec::new(),
        patient: false,
    };
    let crossing = |rank| Bounds {
        calls: vec![call(0, 2), call(1, rank)],
        callees: 1,
        failures: false,
        patient: true,
        ..plain.clone()
    };
    vec![
        ("one call, two callee devices", plain.clone(), 8_043),
        ("two crossing calls, the callee's wins", crossing(1), 21_488),
        ("two crossing calls, the caller's wins", crossing(3), 21_488),
        ("a stranger calls in between", Bounds { stranger: true, ..plain.clone() }, 116_664),
        ("a page is reloaded", Bounds { callees: 1, reloads: 2, ..plain.clone() }, 3_634),
        (
            "two people part",
            Bounds { partings: vec![Parting::Apart], failures: false, ..plain.clone() },
            35_172,
        ),
        (
            "somebody leaves the group",
            Bounds { partings: vec![Parting::LeftGroup], failures: false, ..plain.clone() },
            33_437,
        ),
        (
            "two people part and a page is reloaded",
            Bounds { partings: vec![Parting::Apart], callees: 1, reloads: 1, ..plain.clone() },
            6_732,
        ),
        ("a session is taken up afresh", Bounds { syncs: 2, ..plain.clone() }, 196_785),
    ]
}

#[test]
#[expect(clippy::print_stdout, reason = "how much was explored belongs into the test's output")]
fn the_call_state_machine_keeps_its_invariants() {
    let mut shrunk = Vec::new();
    let only = std::env::var("BELLWIRE_MODEL").ok();
    for (name, bounds, committed) in explored() {
        if only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        let checker = bounds.checker().threads(2).spawn_bfs().join();
        let states = checker.unique_state_count();
        println!("{name}: {states} unique states");
        checker.assert_properties();
        if states * 10 < committed * 9 {
            shrunk.push(format!("{name}: {states} states, {committed} before"));
        }
    }
    assert!(shrunk.is_empty(), "the model explores less than it did: {shrunk:?}");
}
