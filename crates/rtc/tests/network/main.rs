//! The network on real sockets: over the loopback of this machine, against coturn, and in network
//! namespaces whose interfaces come and go. Needs the Debian packages `coturn` and `iproute2`, and
//! for the namespaces the rights of root; what is missing fails the test.
#![expect(clippy::disallowed_methods, reason = "sockets live in real time")]

mod changes;
mod coturn;
mod direct;
mod namespace;
mod pair;
mod relayed;
mod silence;
