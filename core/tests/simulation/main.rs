//! Whole calls between real cores, joined by an in-memory relay and in-memory media, in virtual
//! time. `BELLWIRE_TRACE=1` prints everything that happens.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "most variants are none of the world's business"
)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod executor;
mod hostile;
mod interleavings;
mod invention;
mod moving;
mod parting;
mod relay;
mod scenarios;
mod torn;
mod world;
