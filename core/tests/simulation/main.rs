//! Whole calls between real cores, joined by an in-memory relay and in-memory media, in virtual
//! time. `BELLWIRE_TRACE=1` prints everything that happens.

mod executor;
mod interleavings;
mod relay;
mod scenarios;
mod world;
