//! A network of its own for the thread of one test.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::Command;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

/// A network namespace that the thread is in; removed when dropped.
pub(crate) struct Namespace(String);

impl Namespace {
    /// Moves this thread, and what it starts from here on, into a network without anything but a
    /// loopback interface that is down.
    pub(crate) fn enter(name: &str) -> Self {
        let namespace = Self(format!("bellwire-{name}-{}", std::process::id()));
        ip(&format!("netns add {}", namespace.0));
        namespace.come_back();
        namespace
    }

    /// The same with loopback, and an interface `call` with these addresses whose cable ends in the
    /// interface `other`.
    pub(crate) fn with(name: &str, addresses: &[&str]) -> Self {
        let namespace = Self::enter(name);
        ip("link set lo up");
        ip("link add call type veth peer name other");
        ip("link set call up");
        ip("link set other up");
        addresses.iter().for_each(|address| add(address));
        namespace
    }

    /// Moves this thread on to another network, where the cable of `call` ends with this address.
    pub(crate) fn cross(&self, address: &str) -> Self {
        let far = Self(format!("{}-far", self.0));
        ip(&format!("netns add {}", far.0));
        ip(&format!("link set other netns {}", far.0));
        far.come_back();
        ip("link set lo up");
        ip("link set other up");
        ip(&format!("addr add {address} dev other"));
        far
    }

    /// Moves this thread into this network again.
    pub(crate) fn come_back(&self) {
        let place = File::open(format!("/run/netns/{}", self.0)).expect("it was added");
        move_into_link_name_space(place.as_fd(), Some(LinkNameSpaceType::Network))
            .expect("a thread of root may move");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["netns", "del", &self.0]).status();
    }
}

/// Gives an address with its prefix to the interface `call`.
pub(crate) fn add(address: &str) {
    // Else an IPv6 address could not be used for a second.
    let flags = if address.contains(':') { "nodad" } else { "" };
    ip(&format!("addr add {address} dev call {flags}"));
}

pub(crate) fn remove(address: &str) {
    ip(&format!("addr del {address} dev call"));
}

/// Runs `ip`, which needs root and the Debian package iproute2.
pub(crate) fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split_whitespace()).output();
    let output = output.expect("the Debian package iproute2 is installed");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ip {arguments}, which needs root: {errors}");
}
