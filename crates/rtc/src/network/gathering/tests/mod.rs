#![expect(clippy::disallowed_methods, reason = "an Instant to count from")]

mod hosts;
mod relays;
mod world;
