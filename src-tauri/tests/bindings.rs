//! The TypeScript of commands and events is committed and equals what the code makes.

use std::path::Path;

use specta_typescript::Typescript;

/// Where the UI finds it.
const PATH: &str = "../ui/src/lib/host/desktop-bindings.ts";

#[test]
fn the_committed_bindings_are_those_of_the_code() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = folder.path().join("bindings.ts");
    let header = "// Made from src-tauri/src by `make bindings`. Not to be edited.\n";
    bellwire_desktop::bindings()
        .export(Typescript::default().header(header), &made)
        .expect("every type has its TypeScript");
    let made = std::fs::read_to_string(made).expect("written");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PATH);
    if std::env::var_os("BELLWIRE_WRITE_BINDINGS").is_some() {
        std::fs::write(path, made).expect("written");
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == made, "run `make bindings` and commit what it changes");
}
