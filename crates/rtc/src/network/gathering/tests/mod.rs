#![expect(clippy::disallowed_methods, reason = "an Instant to count from")]

mod hosts;
mod properties;
mod relays;
mod world;
