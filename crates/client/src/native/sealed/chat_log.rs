//! The messages of a conversation: one file that grows at its end, and is written anew when much of it
//! was replaced or forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use bellwire_core::Record;
use bellwire_protocol::ChatId;

use super::{SealedFolder, private, write_whole};

/// So many replaced and forgotten messages, beyond as many as are kept, and a conversation is written
/// anew. Lower writes more often, higher leaves more of what was forgotten on the disk.
const SPARE_ENTRIES: usize = 256;

/// What a file of a conversation holds.
#[derive(Default)]
pub(super) struct ChatLog {
    entries: usize,
    /// The messages that are still kept.
    ids: BTreeSet<ChatId>,
}

impl SealedFolder {
    /// The messages of one conversation. What a crash cut off at its end is cut off for good.
    pub(super) fn load_log(&mut self, name: String, path: &Path) -> Vec<Record> {
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

    pub(super) fn append(
        &mut self,
        name: String,
        record: &Record,
        id: ChatId,
        lives: bool,
    ) -> io::Result<()> {
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
