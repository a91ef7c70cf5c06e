//! A certificate for each connection.
//!
//! Its fingerprint is in the description: one that came twice would tell whoever carries descriptions
//! which calls were made by the same device.

use str0m::config::DtlsCert;
use tokio::sync::oneshot;

use crate::peer::{NoCertificate, certificate};

/// Keeps the next one ready, so that an answer does not wait for a key pair.
pub(super) struct Certificates(oneshot::Receiver<Result<DtlsCert, NoCertificate>>);

impl Certificates {
    /// With one that is ready.
    pub(super) fn start() -> Result<Self, NoCertificate> {
        let (made, coming) = oneshot::channel();
        let first = certificate()?;
        // The other end is here.
        let _ = made.send(Ok(first));
        Ok(Self(coming))
    }

    /// One that nobody else is given. It is there unless another was taken just before.
    pub(super) fn take(&mut self) -> Coming {
        Coming(std::mem::replace(&mut self.0, make()))
    }
}

/// A certificate that is there or is being made.
pub(super) struct Coming(oneshot::Receiver<Result<DtlsCert, NoCertificate>>);

impl Coming {
    pub(super) async fn wait(self) -> Result<DtlsCert, NoCertificate> {
        // Nothing is said where the thread ended first.
        self.0.await.unwrap_or(Err(NoCertificate))
    }
}

/// On a thread of its own: the hub and the connections go on meanwhile.
fn make() -> oneshot::Receiver<Result<DtlsCert, NoCertificate>> {
    let (made, coming) = oneshot::channel();
    tokio::task::spawn_blocking(move || {
        // Fails only after the executor was dropped.
        let _ = made.send(certificate());
    });
    coming
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Longer than a key pair takes on a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn the_next_certificate_is_ready_before_it_is_asked_for() {
        let mut certificates = Certificates::start().unwrap();
        for _ in 0..3 {
            let ready = async {
                while certificates.0.is_empty() {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(PATIENCE, ready).await.expect("nobody had to ask for it");
            let taken = certificates.take().0.try_recv();
            assert!(matches!(taken, Ok(Ok(_))), "there without waiting");
        }
    }

    #[tokio::test]
    async fn connections_that_open_at_once_are_given_different_certificates() {
        let mut certificates = Certificates::start().unwrap();
        let coming: Vec<Coming> = (0..8).map(|_| certificates.take()).collect();
        let mut given = std::collections::BTreeSet::new();
        for coming in coming {
            assert!(given.insert(coming.wait().await.unwrap().certificate), "given twice");
        }
    }
}
