//! Where records are kept: the system's keyring if there is one, else a passphrase or, if the
//! person wants that, memory until the app is quit. Never a file in the clear.

use bellwire_client::native::{KeyringVault, MemoryVault, OpenVaultError, PassphraseVault, Vault};
use serde::{Deserialize, Serialize};
use specta::Type;

use crate::folders::Folders;

/// What keyrings call the key.
const SERVICE: &str = "Bellwire";

/// Where secrets are kept, or what is in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Keeping {
    /// The keyring is asked; the person may be asked by it.
    Opening,
    /// Under a key in the system's keyring.
    Keyring,
    /// Under a passphrase.
    Passphrase,
    /// Nowhere: the sign-in ends with the app.
    Memory,
    /// There is no keyring, or it is locked. A passphrase is wanted, or leave to keep nothing.
    Locked {
        /// A passphrase was chosen before.
        sealed: bool,
    },
}

/// A vault, and what it is.
pub(crate) type Opened = (Box<dyn Vault>, Keeping);

/// Opens the records as far as that needs nobody. `None`: a passphrase is needed. May block on the
/// person unlocking the keyring.
pub(crate) fn open(folders: &Folders) -> Result<Opened, Keeping> {
    if PassphraseVault::exists(&passphrase_folder(folders)) {
        return Err(Keeping::Locked { sealed: true });
    }
    match KeyringVault::open(folders.records.join("keyring"), SERVICE, &folders.account) {
        Ok(vault) => Ok((Box::new(vault), Keeping::Keyring)),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "no keyring");
            Err(Keeping::Locked { sealed: false })
        }
    }
}

/// Opens the records with a passphrase, or starts new ones under it.
pub(crate) fn unlock(folders: &Folders, passphrase: &str) -> Result<Opened, OpenVaultError> {
    let vault = PassphraseVault::open(passphrase_folder(folders), passphrase)?;
    Ok((Box::new(vault), Keeping::Passphrase))
}

/// Keeps nothing.
pub(crate) fn forget() -> Opened {
    (Box::new(MemoryVault::default()), Keeping::Memory)
}

fn passphrase_folder(folders: &Folders) -> std::path::PathBuf {
    folders.records.join("passphrase")
}
