//! The committed TypeScript types are the ones that `core::api` makes.
#![cfg(feature = "bindings")]

use std::path::Path;

/// Fails on a difference; with `BELLWIRE_WRITE_BINDINGS=1` it writes the file.
#[test]
fn typescript_types_are_the_ones_of_the_api() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../ui/src/lib/bindings.ts");
    let made =
        bellwire_core::api::typescript().expect("every type of the api has a TypeScript shape");
    if std::env::var_os("BELLWIRE_WRITE_BINDINGS").is_some() {
        std::fs::write(&path, &made).expect("ui/src/lib can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == made, "ui/src/lib/bindings.ts is stale: run `make bindings`");
}
