//! Records in files, sealed under a key in the system's keyring.
//!
//! Keyrings hold small things (2.5 KiB on Windows), so the keyring holds one key and the records
//! are files beside it.

use std::fmt;
use std::fs;
use std::path::PathBuf;

use bellwire_core::Record;
use ring::aead::LessSafeKey;

use super::sealed::{OpenVaultError, SealedFolder, fresh_secret, key_of};
use super::vault::Vault;

/// Keeps records in a folder, under a key in the system's keyring.
pub struct KeyringVault {
    folder: SealedFolder,
    entry: keyring::Entry,
}

impl fmt::Debug for KeyringVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringVault").finish_non_exhaustive()
    }
}

impl KeyringVault {
    /// Opens the records in `folder` under the key that the keyring keeps as `service` and
    /// `account`. Makes what is missing. May block on the person unlocking the keyring.
    ///
    /// # Errors
    /// [`OpenVaultError`] says what is in the way.
    pub fn open(
        folder: impl Into<PathBuf>,
        service: &str,
        account: &str,
    ) -> Result<Self, OpenVaultError> {
        let path = folder.into();
        fs::create_dir_all(&path)?;
        let entry = keyring::Entry::new(service, account)?;
        let kept = match entry.get_secret() {
            Ok(secret) => key_of(&secret),
            Err(keyring::Error::NoEntry) => None,
            Err(error) => return Err(error.into()),
        };
        let key = match kept {
            Some(key) => key,
            None => new_key(&entry)?,
        };
        Ok(Self { folder: SealedFolder::new(path, key), entry })
    }
}

impl Vault for KeyringVault {
    fn load(&mut self) -> Vec<Record> {
        self.folder.load()
    }

    fn keep(&mut self, record: Record) {
        self.folder.keep_or_erase(&record, || new_key(&self.entry));
    }
}

fn new_key(entry: &keyring::Entry) -> Result<LessSafeKey, OpenVaultError> {
    let secret = fresh_secret()?;
    entry.set_secret(&secret)?;
    key_of(&secret).ok_or(OpenVaultError::Randomness)
}
