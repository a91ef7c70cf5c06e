//! Everything between a connection and the wire: sockets, candidates, STUN and TURN.
//!
//! A [`Network`] finds the ways that lead to this machine and says them as candidates: its own
//! addresses, what they look like from outside (STUN, RFC 8489), and addresses on TURN servers
//! (RFC 8656) over UDP, TCP or TLS. It carries the connection's packets over all of them, watches
//! the machine's addresses while a call runs, and says which server could not be used and why.
//!
//! What decides anything is pure and takes the time as an argument: `gathering` is the machine,
//! `turn` one allocation, `stun` one question. The driver moves bytes.
//!
//! Nothing here logs, and nothing that can be printed with `Debug` or `Display` shows an address, a
//! server's name or a credential.

mod driver;
mod event;
mod frames;
mod gathering;
mod interfaces;
mod quiet;
mod setup;
mod stun;
mod trouble;
mod turn;
mod url;
mod withstand;

pub use self::driver::Network;
pub use self::event::NetworkEvent;
pub use self::frames::{Broken, Frames};
pub use self::interfaces::Loopback;
pub use self::setup::Setup;
pub use self::stun::{Reply, read_reply};
pub use self::trouble::{Reason, ServerTrouble};
pub use self::url::{Host, InvalidUrl, ServerKind, ServerUrl, Transport};
pub use self::withstand::withstand;
