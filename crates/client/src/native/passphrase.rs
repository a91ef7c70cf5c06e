//! Records in files, sealed under a key that a passphrase opens: for systems without a keyring.
//!
//! The key of the records is random and kept beside them in `lock`, itself sealed under what
//! Argon2id makes of the passphrase. So a wrong passphrase is noticed, and nothing on the disk can
//! be read without the right one.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use bellwire_core::Record;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use super::sealed::{KEY_BYTES, OpenVaultError, SealedFolder, fresh_secret, key_of, write_whole};
use super::vault::Vault;

/// The file with the key, beside the folder with the records.
const LOCK: &str = "lock";
/// First byte of a lock: how it was made.
const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
/// KiB, passes and lanes of Argon2id: the second choice of RFC 9106, section 4.
const COST: (u32, u32, u32) = (64 * 1024, 3, 4);

/// Keeps records in a folder, under a passphrase.
pub struct PassphraseVault {
    folder: SealedFolder,
    lock: PathBuf,
    salt: [u8; SALT_BYTES],
    opener: LessSafeKey,
}

impl fmt::Debug for PassphraseVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PassphraseVault").finish_non_exhaustive()
    }
}

impl PassphraseVault {
    /// Whether there are records in this folder that a passphrase opens.
    #[must_use]
    pub fn exists(folder: &Path) -> bool {
        folder.join(LOCK).exists()
    }

    /// Opens the records in `folder`, or starts new ones under this passphrase. Takes some 100 ms
    /// and 64 MiB, on purpose.
    ///
    /// # Errors
    /// [`OpenVaultError::WrongPassphrase`], or what else is in the way.
    pub fn open(folder: impl Into<PathBuf>, passphrase: &str) -> Result<Self, OpenVaultError> {
        let base: PathBuf = folder.into();
        let records = base.join("records");
        fs::create_dir_all(&records)?;
        let lock = base.join(LOCK);
        let kept = match fs::read(&lock) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let salt = match kept.as_deref().map(salt_of) {
            Some(salt) => salt.ok_or(OpenVaultError::WrongPassphrase)?,
            None => fresh_salt()?,
        };
        let opener = opener(passphrase, &salt)?;
        let key = match kept {
            Some(bytes) => unlock(&opener, &bytes).ok_or(OpenVaultError::WrongPassphrase)?,
            None => new_key(&lock, &salt, &opener)?,
        };
        Ok(Self { folder: SealedFolder::new(records, key), lock, salt, opener })
    }
}

impl Vault for PassphraseVault {
    fn load(&mut self) -> Vec<Record> {
        self.folder.load()
    }

    fn keep(&mut self, record: Record) {
        let Self { folder, lock, salt, opener } = self;
        folder.keep_or_erase(&record, || new_key(lock, salt, opener));
    }
}

fn fresh_salt() -> Result<[u8; SALT_BYTES], OpenVaultError> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt).map_err(|_| OpenVaultError::Randomness)?;
    Ok(salt)
}

fn salt_of(lock: &[u8]) -> Option<[u8; SALT_BYTES]> {
    let (version, rest) = lock.split_first()?;
    if *version != VERSION {
        return None;
    }
    rest.first_chunk().copied()
}

/// What a passphrase opens.
fn opener(passphrase: &str, salt: &[u8]) -> Result<LessSafeKey, OpenVaultError> {
    let (memory, passes, lanes) = COST;
    let mut secret = [0; KEY_BYTES];
    // Neither fails: the costs are constants, and 64 MiB are there.
    Params::new(memory, passes, lanes, Some(KEY_BYTES))
        .and_then(|params| {
            Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password_into(
                passphrase.as_bytes(),
                salt,
                &mut secret,
            )
        })
        .map_err(|_| OpenVaultError::WrongPassphrase)?;
    UnboundKey::new(&AES_256_GCM, &secret)
        .map(LessSafeKey::new)
        .map_err(|_| OpenVaultError::Randomness)
}

fn unlock(opener: &LessSafeKey, lock: &[u8]) -> Option<LessSafeKey> {
    let (head, sealed) = lock.split_at_checked(1 + SALT_BYTES)?;
    let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut sealed = sealed.to_vec();
    key_of(opener.open_in_place(nonce, Aad::from(head), &mut sealed).ok()?)
}

/// Makes a key, and keeps it in the lock.
fn new_key(
    path: &Path,
    salt: &[u8; SALT_BYTES],
    opener: &LessSafeKey,
) -> Result<LessSafeKey, OpenVaultError> {
    let secret = fresh_secret()?;
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut nonce).map_err(|_| OpenVaultError::Randomness)?;
    let head = [&[VERSION], salt.as_slice()].concat();
    let mut sealed = secret.to_vec();
    opener
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(&head),
            &mut sealed,
        )
        .map_err(|_| OpenVaultError::Randomness)?;
    write_whole(path, &[head, nonce.to_vec(), sealed].concat())?;
    key_of(&secret).ok_or(OpenVaultError::Randomness)
}

#[cfg(test)]
mod tests {
    use bellwire_core::api::Settings;

    use super::*;

    #[test]
    fn the_passphrase_opens_what_was_kept_and_another_does_not() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(!PassphraseVault::exists(folder.path()));
        let record = Record::Settings(Settings::default());
        PassphraseVault::open(folder.path(), "three green bells")
            .expect("new")
            .keep(record.clone());
        assert!(PassphraseVault::exists(folder.path()));
        let mut again =
            PassphraseVault::open(folder.path(), "three green bells").expect("the same");
        assert_eq!(again.load(), [record]);
        let wrong = PassphraseVault::open(folder.path(), "three green belts");
        assert!(matches!(wrong, Err(OpenVaultError::WrongPassphrase)), "{wrong:?}");
    }

    #[test]
    fn after_erasing_the_old_key_is_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut vault = PassphraseVault::open(folder.path(), "three green bells").expect("new");
        vault.keep(Record::Settings(Settings::default()));
        let kept = fs::read(folder.path().join("records/settings")).expect("written");
        vault.keep(Record::Erased);
        fs::write(folder.path().join("records/settings"), kept).expect("as from a backup");
        let mut again =
            PassphraseVault::open(folder.path(), "three green bells").expect("the same");
        assert_eq!(again.load(), [], "what was erased stays erased");
    }

    #[test]
    fn a_broken_lock_opens_nothing_and_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        for broken in [&b""[..], b"\x01short", b"\x07from a later version of this"] {
            fs::write(folder.path().join(LOCK), broken).expect("written");
            let opened = PassphraseVault::open(folder.path(), "three green bells");
            assert!(matches!(opened, Err(OpenVaultError::WrongPassphrase)), "{opened:?}");
            let kept = fs::read(folder.path().join(LOCK)).expect("still there");
            assert_eq!(kept, broken);
        }
    }
}
