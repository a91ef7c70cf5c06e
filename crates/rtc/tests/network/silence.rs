//! Nothing about anybody is written to a log.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use bellwire_rtc::network::{Loopback, Network, Setup};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::coturn::{Coturn, USER, server};
use crate::direct::gather;

/// Takes every word of every span and event, of every library.
#[derive(Clone, Default)]
struct Ear(Arc<Mutex<String>>);

impl Ear {
    fn heard(&self) -> String {
        self.0.lock().expect("no panic while writing").clone()
    }
}

impl Visit for Ear {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let mut heard = self.0.lock().expect("no panic while writing");
        writeln!(heard, "{field}={value:?}").expect("a string takes everything");
    }
}

impl Subscriber for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        span.record(&mut self.clone());
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, values: &Record<'_>) {
        values.record(&mut self.clone());
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        event.record(&mut self.clone());
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[tokio::test]
async fn no_address_and_no_credential_is_ever_logged_or_shown() {
    let coturn = Coturn::start();
    let ear = Ear::default();
    let _guard = tracing::subscriber::set_default(ear.clone());
    tracing::trace!("the ear hears");
    assert!(ear.heard().contains("the ear hears"), "the lowest level too");
    let mut shown = String::new();
    for transport in ["udp", "tcp", "tls"] {
        for user in [USER, (USER.0, "hidden-and-wrong")] {
            let setup = Setup {
                servers: vec![server(coturn.url(transport), user)],
                relay_only: false,
                loopback: Loopback::Only,
                roots: vec![coturn.root.clone()],
            };
            write!(shown, "{setup:?}").expect("a string takes everything");
            let mut network = Network::open(setup.clone());
            let events = gather(&mut network).await;
            network.restart(setup);
            write!(shown, "{network:?} {events:?}").expect("a string takes everything");
        }
    }
    let ports = [coturn.port, coturn.tls_port].map(|port| port.to_string());
    let secrets = ["127.0.0.1", "::1", USER.0, "hidden", &ports[0], &ports[1]];
    for secret in secrets {
        for (place, text) in [("log", ear.heard()), ("Debug", shown.clone())] {
            assert!(!text.contains(secret), "{secret} stands in the {place}:\n{text}");
        }
    }
}
