//! Records in files, each sealed under one key: AES-256-GCM with its name as additional data; nonce,
//! then ciphertext. Whoever holds the key says where it comes from. The messages of a conversation
//! share a file that grows at its end, so that one more costs what it is long.

mod chat_log;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bellwire_core::Record;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

use chat_log::ChatLog;

pub(super) const KEY_BYTES: usize = 32;
/// Names of conversations begin so.
const CHAT: &str = "chat/";

/// Why a vault could not be opened. Without it a client can run on
/// [`MemoryVault`](super::MemoryVault), and has to say that the sign-in will not last.
#[derive(Debug, thiserror::Error)]
pub enum OpenVaultError {
    /// The system has no keyring, or it is locked.
    #[error("the keyring cannot be used")]
    Keyring(#[from] keyring::Error),
    /// The folder cannot be made or read.
    #[error("the folder for records cannot be used")]
    Folder(#[from] io::Error),
    /// What is sealed there was sealed with another passphrase.
    #[error("the passphrase is not the one")]
    WrongPassphrase,
    /// The operating system gives no randomness.
    #[error("no randomness")]
    Randomness,
}

/// Files that only this key opens, each under its own name.
pub(super) struct SealedFolder {
    pub(super) path: PathBuf,
    pub(super) key: LessSafeKey,
    /// The files of conversations that were looked into in this run.
    logs: BTreeMap<String, ChatLog>,
}

impl SealedFolder {
    pub(super) const fn new(path: PathBuf, key: LessSafeKey) -> Self {
        Self { path, key, logs: BTreeMap::new() }
    }

    pub(super) fn load(&mut self) -> Vec<Record> {
        let mut records = Vec::new();
        for path in files_in(&self.path) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().replacen('.', "/", 1);
            if name.starts_with(CHAT) {
                records.extend(self.load_log(name, &path));
                continue;
            }
            match fs::read(&path).ok().and_then(|file| self.unseal(&name, &file)) {
                Some(record) => records.push(record),
                None => tracing::warn!("a record cannot be read"),
            }
        }
        records
    }

    pub(super) fn keep(&mut self, record: &Record) {
        if let Record::Chat { conversation, id, message } = record {
            let kept = self.append(format!("{CHAT}{conversation}"), record, *id, message.is_some());
            if let Err(error) = kept {
                tracing::warn!(kind = ?error.kind(), "a message was not written");
            }
            return;
        }
        let name = record.key();
        // Names are `settings` or `chat/<id>`: a dot keeps them in one folder.
        let path = self.path.join(name.replace('/', "."));
        let written = self
            .seal(&name, bellwire_protocol::encode(record))
            .ok_or_else(|| io::ErrorKind::Other.into())
            .and_then(|sealed| write_whole(&path, &sealed));
        if let Err(error) = written {
            tracing::warn!(kind = ?error.kind(), "a record was not written");
        }
    }

    /// Keeps a record. The one that erases all takes a new key too: what the disk may still hold
    /// cannot be read with that.
    pub(super) fn keep_or_erase(
        &mut self,
        record: &Record,
        new_key: impl FnOnce() -> Result<LessSafeKey, OpenVaultError>,
    ) {
        if !matches!(record, Record::Erased) {
            return self.keep(record);
        }
        self.clear();
        match new_key() {
            Ok(key) => self.key = key,
            Err(error) => tracing::warn!(%error, "the key of the records was not renewed"),
        }
    }

    pub(super) fn clear(&mut self) {
        self.logs.clear();
        for path in files_in(&self.path) {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(kind = ?error.kind(), "a record was not erased");
            }
        }
    }

    pub(super) fn seal(&self, name: &str, text: String) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).ok()?;
        let mut sealed = text.into_bytes();
        self.key
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name),
                &mut sealed,
            )
            .ok()?;
        Some([nonce.as_slice(), &sealed].concat())
    }

    fn unseal(&self, name: &str, file: &[u8]) -> Option<Record> {
        let (nonce, sealed) = file.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let text = self.key.open_in_place(nonce, Aad::from(name), &mut sealed).ok()?;
        serde_json::from_slice(text).ok()
    }
}

/// For the eyes of this user only.
fn private(options: &mut fs::OpenOptions) -> &mut fs::OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Replaces a file so that a crash leaves the old or the new one.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh =
        path.with_file_name(format!("~{}", path.file_name().unwrap_or_default().to_string_lossy()));
    let mut options = fs::OpenOptions::new();
    let mut file = private(options.write(true).create(true).truncate(true)).open(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| !path.file_name().unwrap_or_default().to_string_lossy().starts_with('~'));
    files.sort();
    files
}

/// A key that nobody ever had.
pub(super) fn fresh_secret() -> Result<[u8; KEY_BYTES], OpenVaultError> {
    let mut secret = [0; KEY_BYTES];
    getrandom::fill(&mut secret).map_err(|_| OpenVaultError::Randomness)?;
    Ok(secret)
}

pub(super) fn key_of(secret: &[u8]) -> Option<LessSafeKey> {
    UnboundKey::new(&AES_256_GCM, secret).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests;
