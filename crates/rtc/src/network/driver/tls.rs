//! TLS to TURN servers, with the certificates that the operating system trusts.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::network::url::Host;

/// Whom to trust.
pub(super) struct Tls {
    roots: Vec<CertificateDer<'static>>,
    config: OnceLock<Option<Arc<ClientConfig>>>,
}

impl Tls {
    /// Trusts `roots` beside the system's certificates, which are read when the first stream needs
    /// them.
    pub(super) const fn new(roots: Vec<CertificateDer<'static>>) -> Self {
        Self { roots, config: OnceLock::new() }
    }

    /// Speaks TLS with `host`; nothing when it is not the one that it should be.
    pub(super) async fn connect(
        self: Arc<Self>,
        host: &Host,
        stream: TcpStream,
    ) -> Option<TlsStream<TcpStream>> {
        let name = match host {
            Host::Name(name) => ServerName::try_from(name.clone()).ok()?,
            Host::Ip(ip) => ServerName::from(*ip),
        };
        // Some 30 ms for the system's certificates, once a process.
        let config = tokio::task::spawn_blocking(move || self.config()).await.ok()??;
        TlsConnector::from(config).connect(name, stream).await.ok()
    }

    fn config(&self) -> Option<Arc<ClientConfig>> {
        self.config.get_or_init(|| build(&self.roots)).clone()
    }
}

fn build(extra: &[CertificateDer<'static>]) -> Option<Arc<ClientConfig>> {
    static SYSTEM: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    let system = SYSTEM.get_or_init(|| rustls_native_certs::load_native_certs().certs);
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system.iter().chain(extra).cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Some(Arc::new(config))
}
