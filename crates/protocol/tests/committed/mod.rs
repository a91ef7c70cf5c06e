//! Files that are made from the code and committed.

use std::path::{Path, PathBuf};

/// A file of this crate.
pub(crate) fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

/// Whether this run writes the files after a deliberate change of the wire.
pub(crate) fn is_writing() -> bool {
    std::env::var_os("BELLWIRE_WRITE_GOLDEN").is_some()
}

/// Writes a file in one step: another test may be reading it.
pub(crate) fn write(file: &Path, text: &str) {
    let half = file.with_extension("half");
    std::fs::write(&half, text).expect("the file's folder can be written");
    std::fs::rename(&half, file).expect("a file can be renamed");
}
