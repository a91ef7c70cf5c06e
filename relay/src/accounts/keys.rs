//! The relay's one secret: a file in the data folder from which every key is drawn.

use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bellwire_protocol::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Bytes of the setup code: 120 bits, 20 characters.
const SETUP_CODE: usize = 15;

/// The key file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the key file {path} cannot be used: {cause}", path = path.display())]
pub struct KeyFileError {
    /// Which file.
    pub path: PathBuf,
    /// Why not.
    pub cause: std::io::Error,
}

/// 256 random bits that never leave the machine.
pub struct Keys([u8; 32]);

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys")
    }
}

impl Keys {
    /// Reads the file, or makes it, for its owner only.
    ///
    /// # Errors
    /// [`KeyFileError`].
    pub fn open(folder: &Path) -> Result<Self, KeyFileError> {
        let path = folder.join("relay.key");
        read_or_make(&path).map(Self).map_err(|cause| KeyFileError { path, cause })
    }

    /// The key for one purpose.
    #[must_use]
    pub fn draw(&self, purpose: &str) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            // HMAC takes keys of every length.
            std::process::abort()
        };
        mac.update(purpose.as_bytes());
        mac.finalize().into_bytes().into()
    }

    /// What makes the first account of a relay that is not private.
    #[must_use]
    pub fn setup_code(&self) -> Option<Secret> {
        // Text of this length is a secret.
        Secret::new(URL_SAFE_NO_PAD.encode(&self.draw("setup code")[..SETUP_CODE])).ok()
    }
}

fn read_or_make(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            let key = super::token::random();
            let made = file.write_all(&key).and_then(|()| file.sync_all());
            if made.is_err() {
                // Half a key would keep every later start from making a whole one.
                let _ = std::fs::remove_file(path);
            }
            made.map(|()| key)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let mut key = [0; 32];
            std::fs::File::open(path)?.read_exact(&mut key)?;
            Ok(key)
        }
        Err(error) => Err(error),
    }
}
