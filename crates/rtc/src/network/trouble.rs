//! What can be wrong with a server, in words that name neither it nor its address.

use super::url::{ServerKind, Transport};

/// A server that could not be used, or not any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind:?} over {transport:?}: {reason}")]
pub struct ServerTrouble {
    /// What the server was wanted for.
    pub kind: ServerKind,
    /// How it was to be reached.
    pub transport: Transport,
    /// What went wrong.
    pub reason: Reason,
}

/// Why a server could not be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// Its URL names nothing that can be used; somebody has to correct the configuration.
    #[error("the url cannot be used")]
    BadUrl,
    /// More servers were named than are ever asked.
    #[error("more servers than are used")]
    TooMany,
    /// A TURN server without user name or credential, or with a name longer than 508 bytes.
    #[error("no credentials that can be used")]
    NoCredentials,
    /// Its name could not be looked up.
    #[error("the name cannot be resolved")]
    Unresolved,
    /// No way leads there: no route, or the machine refuses.
    #[error("unreachable")]
    Unreachable,
    /// It does not answer. A network that blocks the transport looks the same.
    #[error("no answer")]
    Timeout,
    /// TLS failed: a certificate that is not trusted, or a far end that does not speak it.
    #[error("tls failed")]
    Tls,
    /// User name or credential are wrong or expired. Fresh ones may help.
    #[error("credentials refused")]
    CredentialsRefused,
    /// The account has as many allocations as it may have.
    #[error("quota reached")]
    Quota,
    /// The server does not pass packets on to an address that was asked for, or to this machine.
    #[error("forbidden")]
    Forbidden,
    /// The allocation ended: not refreshed in time, forgotten by the server, or its stream closed.
    #[error("the allocation is lost")]
    Lost,
    /// Any other refusal, with the code of the STUN error response.
    #[error("refused with code {0}")]
    Refused(u16),
    /// It says what no server may say.
    #[error("the server breaks the protocol")]
    Protocol,
}
