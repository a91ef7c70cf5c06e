//! Records in files, each sealed under one key: AES-256-GCM with its name as additional data; nonce,
//! then ciphertext. Whoever holds the key says where it comes from. The messages of a conversation
//! share a file that grows at its end, so that one more costs what it is long.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bellwire_core::Record;
use bellwire_protocol::ChatId;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};

pub(super) const KEY_BYTES: usize = 32;
/// Names of conversations begin so.
const CHAT: &str = "chat/";
/// So many replaced and forgotten messages, beyond as many as are kept, and a conversation is written
/// anew. Lower writes more often, higher leaves more of what was forgotten on the disk.
const SPARE_ENTRIES: usize = 256;

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

    /// The messages of one conversation. What a crash cut off at its end is cut off for good.
    fn load_log(&mut self, name: String, path: &Path) -> Vec<Record> {
        let Ok(file) = fs::read(path) else {
            tracing::warn!("a conversation cannot be read");
            return Vec::new();
        };
        let (entries, whole) = entries_of(&file);
        let count = entries.len();
        let mut messages = BTreeMap::new();
        for entry in entries {
            match self.unseal(&name, entry) {
                Some(Record::Chat { id, message: None, .. }) => drop(messages.remove(&id)),
                Some(record @ Record::Chat { id, .. }) => drop(messages.insert(id, record)),
                Some(_) | None => tracing::warn!("a message cannot be read"),
            }
        }
        if whole < file.len() {
            tracing::warn!("the end of a conversation was not written");
            let cut = fs::OpenOptions::new()
                .write(true)
                .open(path)
                .and_then(|file| file.set_len(u64::try_from(whole).unwrap_or_default()));
            if let Err(error) = cut {
                tracing::warn!(kind = ?error.kind(), "it could not be mended");
            }
        }
        let ids = messages.keys().copied().collect();
        self.logs.insert(name, ChatLog { entries: count, ids });
        messages.into_values().collect()
    }

    fn append(&mut self, name: String, record: &Record, id: ChatId, lives: bool) -> io::Result<()> {
        let path = self.path.join(name.replace('/', "."));
        if !self.logs.contains_key(&name) {
            if path.exists() {
                self.load_log(name.clone(), &path);
            } else {
                self.logs.insert(name.clone(), ChatLog::default());
            }
        }
        let entry = self.entry(&name, record)?;
        let mut file = private(fs::OpenOptions::new().append(true).create(true)).open(&path)?;
        file.write_all(&entry)?;
        file.sync_data()?;
        let Some(log) = self.logs.get_mut(&name) else { return Ok(()) };
        log.entries += 1;
        if lives {
            log.ids.insert(id);
        } else {
            log.ids.remove(&id);
        }
        if log.entries >= 2 * log.ids.len() + SPARE_ENTRIES {
            self.compact(name, &path)
        } else {
            Ok(())
        }
    }

    /// Writes a conversation anew, without what was replaced or forgotten.
    fn compact(&mut self, name: String, path: &Path) -> io::Result<()> {
        let mut whole = Vec::new();
        for record in self.load_log(name.clone(), path) {
            whole.extend(self.entry(&name, &record)?);
        }
        write_whole(path, &whole)?;
        if let Some(log) = self.logs.get_mut(&name) {
            log.entries = log.ids.len();
        }
        Ok(())
    }

    /// One message as it is in the file: its length, then what is sealed.
    fn entry(&self, name: &str, record: &Record) -> io::Result<Vec<u8>> {
        let sealed = self
            .seal(name, bellwire_protocol::encode(record))
            .ok_or_else(|| io::Error::from(io::ErrorKind::Other))?;
        let length = u32::try_from(sealed.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        Ok([length.to_le_bytes().as_slice(), &sealed].concat())
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

/// What a file of a conversation holds.
#[derive(Default)]
struct ChatLog {
    entries: usize,
    /// The messages that are still kept.
    ids: BTreeSet<ChatId>,
}

/// What is whole in a file of a conversation, and how long that is in bytes.
fn entries_of(file: &[u8]) -> (Vec<&[u8]>, usize) {
    let mut entries = Vec::new();
    let mut rest = file;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*length) as usize;
        let Some((entry, after)) = after.split_at_checked(length) else { break };
        entries.push(entry);
        rest = after;
    }
    (entries, file.len() - rest.len())
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
mod tests {
    use bellwire_core::KeptChat;
    use bellwire_core::api::Settings;
    use bellwire_protocol::{ChatText, ConversationId, UserId};

    use super::*;

    fn folder(path: &Path, key: u8) -> SealedFolder {
        SealedFolder::new(path.to_owned(), key_of(&[key; KEY_BYTES]).expect("32 bytes"))
    }

    fn records() -> [Record; 2] {
        let conversation = ConversationId::from_bytes([7; 16]);
        [Record::Seen { conversation, at: 1 }, Record::Settings(Settings::default())]
    }

    #[test]
    fn what_is_kept_is_found_again_and_cannot_be_read_on_the_disk() {
        let path = tempfile::tempdir().expect("a folder");
        for record in &records() {
            folder(path.path(), 1).keep(record);
        }
        assert_eq!(folder(path.path(), 1).load(), records());
        for file in files_in(path.path()) {
            let bytes = fs::read(file).expect("readable");
            assert!(!bytes.windows(6).any(|six| six == b"record"), "no field name is legible");
        }
    }

    #[test]
    fn another_key_opens_nothing() {
        let path = tempfile::tempdir().expect("a folder");
        folder(path.path(), 1).keep(&records()[0]);
        assert_eq!(folder(path.path(), 2).load(), []);
    }

    #[test]
    fn a_record_under_another_name_does_not_open() {
        let path = tempfile::tempdir().expect("a folder");
        folder(path.path(), 1).keep(&records()[1]);
        fs::rename(path.path().join("settings"), path.path().join("sign_in")).expect("renamed");
        assert_eq!(folder(path.path(), 1).load(), [], "the name is sealed in");
    }

    #[test]
    fn clearing_leaves_nothing() {
        let path = tempfile::tempdir().expect("a folder");
        folder(path.path(), 1).keep(&records()[0]);
        folder(path.path(), 1).clear();
        assert_eq!(files_in(path.path()), Vec::<PathBuf>::new());
    }

    const PLACE: ConversationId = ConversationId::from_bytes([8; 16]);

    fn chat(n: u64, text: &str) -> Record {
        let id = ChatId::from_parts(n, [0; 10]);
        let message = KeptChat {
            id,
            from: UserId::from_bytes([1; 16]),
            text: ChatText::new(text).expect("text"),
            at: n,
            delivered: false,
        };
        Record::Chat { conversation: PLACE, id, message: Some(message) }
    }

    fn forgotten(n: u64) -> Record {
        let id = ChatId::from_parts(n, [0; 10]);
        Record::Chat { conversation: PLACE, id, message: None }
    }

    fn log_of(path: &Path) -> PathBuf {
        path.join(format!("chat.{PLACE}"))
    }

    #[test]
    fn a_message_costs_what_it_is_long_however_many_there_are() {
        let path = tempfile::tempdir().expect("a folder");
        let mut sealed = folder(path.path(), 1);
        let mut before = 0;
        for n in 0..300 {
            sealed.keep(&chat(n, &"x".repeat(4_000)));
            let length = fs::metadata(log_of(path.path())).expect("there").len();
            assert!(length - before < 4_400, "message {n} cost {} bytes", length - before);
            before = length;
        }
        let found = folder(path.path(), 1).load();
        assert_eq!(found.len(), 300);
    }

    #[test]
    fn messages_are_replaced_and_forgotten_and_the_file_stays_small() {
        let path = tempfile::tempdir().expect("a folder");
        let mut sealed = folder(path.path(), 1);
        for n in 0..1_000 {
            sealed.keep(&chat(n, "first"));
            sealed.keep(&chat(n, "second"));
            if n >= 10 {
                sealed.keep(&forgotten(n - 10));
            }
        }
        let expected: Vec<Record> = (990..1_000).map(|n| chat(n, "second")).collect();
        assert_eq!(sealed.load(), expected);
        assert_eq!(folder(path.path(), 1).load(), expected, "in the next life as well");
        let length = fs::metadata(log_of(path.path())).expect("there").len();
        assert!(length < 300 * 400, "{length} bytes for ten messages");
    }

    #[test]
    fn a_crash_within_a_message_costs_that_message_and_nothing_after_it() {
        let path = tempfile::tempdir().expect("a folder");
        let mut sealed = folder(path.path(), 1);
        sealed.keep(&chat(1, "one"));
        let whole = fs::metadata(log_of(path.path())).expect("there").len();
        sealed.keep(&chat(2, "two"));
        let all = fs::metadata(log_of(path.path())).expect("there").len();
        for cut in whole + 1..all {
            let file = fs::OpenOptions::new().write(true).open(log_of(path.path()));
            file.and_then(|file| file.set_len(cut)).expect("cut");
            let mut next = folder(path.path(), 1);
            next.keep(&chat(2, "two"));
            assert_eq!(folder(path.path(), 1).load(), [chat(1, "one"), chat(2, "two")], "at {cut}");
        }
    }

    #[test]
    fn messages_cannot_be_read_on_the_disk_and_not_under_another_conversation() {
        let path = tempfile::tempdir().expect("a folder");
        folder(path.path(), 1).keep(&chat(1, "analytical"));
        let bytes = fs::read(log_of(path.path())).expect("there");
        assert!(!bytes.windows(10).any(|ten| ten == b"analytical"));
        let other = format!("chat.{}", ConversationId::from_bytes([9; 16]));
        fs::rename(log_of(path.path()), path.path().join(other)).expect("renamed");
        assert_eq!(folder(path.path(), 1).load(), []);
    }
}
