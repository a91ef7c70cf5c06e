//! The certificate that a connection proves itself with, and the crypto behind it.

use str0m::config::DtlsCert;

/// Makes a certificate for [`Peer::new`](super::Peer::new), good for one connection: whoever carries
/// descriptions could tell from a fingerprint that came twice which calls were made by the same device.
///
/// # Errors
/// The crypto of this build makes none.
pub fn certificate() -> Result<DtlsCert, NoCertificate> {
    provider().dtls_provider.generate_certificate().ok_or(NoCertificate)
}

/// This build can make no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no certificate can be made")]
pub struct NoCertificate;

pub(super) fn provider() -> std::sync::Arc<str0m::config::CryptoProvider> {
    static PROVIDER: std::sync::OnceLock<std::sync::Arc<str0m::config::CryptoProvider>> =
        std::sync::OnceLock::new();
    PROVIDER.get_or_init(|| std::sync::Arc::new(str0m::crypto::from_feature_flags())).clone()
}
