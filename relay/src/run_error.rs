//! Why the relay does not start, and what to do about it. The remedy fits the cause.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::accounts::keys::KeyFileError;
use crate::store::StoreError;

/// Why the relay did not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data folder cannot be used.
    #[error("the data folder cannot be used: {path}: {cause}. {remedy}", path = path.display(),
            remedy = folder_remedy(path, cause))]
    DataFolder {
        /// Which, or what in it.
        path: PathBuf,
        /// Why not.
        cause: std::io::Error,
    },
    /// Another relay has it.
    #[error("the data folder {path} is used by another relay. Stop that one, or set \
             BELLWIRE_DATA_DIR to another folder", path = path.display())]
    DataFolderInUse {
        /// Which.
        path: PathBuf,
    },
    /// The key file cannot be used.
    #[error("{0}. {remedy}", remedy = key_remedy(.0))]
    Keys(#[from] KeyFileError),
    /// The database cannot be used.
    #[error("the database {path} cannot be used: {cause}. {remedy}", path = path.display(),
            remedy = store_remedy(path, cause))]
    Store {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: StoreError,
    },
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {cause}. {remedy}", remedy = listen_remedy(cause))]
    Listen {
        /// Which.
        address: std::net::SocketAddr,
        /// Why not.
        cause: std::io::Error,
    },
    /// The machine cannot compute a password hash.
    #[error("a password hash cannot be computed: not enough memory")]
    Passwords,
}

/// What to do where the system refuses a file or a folder. `None`: its words say nothing that an
/// operator could do.
fn file_remedy(path: &Path, cause: &std::io::Error) -> Option<String> {
    let kind = cause.kind();
    if kind == ErrorKind::PermissionDenied {
        Some(ownership(path))
    } else if matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) {
        Some("Make room on the disk and start again".into())
    } else if kind == ErrorKind::ReadOnlyFilesystem {
        Some("Mount its file system for writing".into())
    } else if kind == ErrorKind::IsADirectory {
        Some("Move the folder of that name out of the way".into())
    } else {
        None
    }
}

/// Who has it and who would need it.
#[cfg(unix)]
fn ownership(path: &Path) -> String {
    let me = rustix::process::geteuid().as_raw();
    let named = |path: &Path| path.file_name().is_some_and(|name| !name.is_empty());
    // What is not there, or may not be looked at, is for the owner of the folder above it.
    let seen = path.ancestors().filter(|path| named(path)).find_map(|path| {
        let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(path).ok()?);
        Some((path, owner))
    });
    match seen {
        Some((path, owner)) if owner != me => {
            // One file of the data folder that somebody else has is rarely the only one.
            let folder = path.parent().filter(|folder| folder.join("relay.key").exists());
            format!(
                "{path} belongs to the user with the number {owner} and the relay runs as {me}: \
                 give it to the relay with `chown -R {me} {all}`, or run the relay as the user who \
                 has it",
                path = path.display(),
                all = folder.unwrap_or(path).display(),
            )
        }
        Some(_) | None => format!(
            "Let the user with the number {me}, as whom the relay runs, read and write it and \
             everything above it",
        ),
    }
}

#[cfg(not(unix))]
fn ownership(_: &Path) -> String {
    "Let the user as whom the relay runs read and write it".into()
}

fn folder_remedy(path: &Path, cause: &std::io::Error) -> String {
    let elsewhere = "set BELLWIRE_DATA_DIR to another folder";
    match file_remedy(path, cause) {
        Some(remedy) => format!("{remedy}, or {elsewhere}"),
        None => format!("Make it a folder that can be written, or {elsewhere}"),
    }
}

fn key_remedy(error: &KeyFileError) -> String {
    // Nothing is wrong with a key that only cannot be reached.
    file_remedy(&error.path, &error.cause).unwrap_or_else(|| {
        if error.cause.kind() == ErrorKind::UnexpectedEof {
            "It is cut short. Restore it from a backup, or remove it: everybody has to sign in \
             again then"
                .into()
        } else {
            "Check the disk, then restore it from a backup if need be".into()
        }
    })
}

fn store_remedy(path: &Path, cause: &StoreError) -> String {
    let remedy = match cause {
        StoreError::Full => "Make room on the disk and start again",
        StoreError::ReadOnly(_) => {
            let denied = ErrorKind::PermissionDenied.into();
            let owned = file_remedy(path, &denied).unwrap_or_default();
            return format!("{owned}. If it may, mount its file system for writing");
        }
        StoreError::Disk(_) => "Check the disk, then restore the database from a backup if need be",
        StoreError::Locked => "Stop the program that has it open and start again",
        StoreError::Damaged(_) => "Restore it from a backup",
        StoreError::Newer { .. } => "Start the version of the relay that wrote it, or a newer one",
        StoreError::Unopened(cause) => {
            let remedy = file_remedy(path, cause);
            return remedy.unwrap_or_else(|| "See whether the path is right".into());
        }
        StoreError::Unfit(_) => "Restore it from a backup",
        StoreError::Fault(_) => "See whether this user may read and write the file and its folder",
    };
    remedy.into()
}

fn listen_remedy(cause: &std::io::Error) -> &'static str {
    if cause.kind() == ErrorKind::AddrInUse {
        "Another program has this port: stop it, or choose another address with BELLWIRE_LISTEN \
         or BELLWIRE_OPS_LISTEN"
    } else if cause.kind() == ErrorKind::PermissionDenied {
        "Ports below 1024 need a privilege: choose a higher one, or grant it"
    } else {
        "Choose an address of this machine"
    }
}
