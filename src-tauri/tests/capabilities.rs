//! What each window may do, resolved as the app resolves it, is committed: a change of it is seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use tauri_utils::acl::ExecutionContext;
use tauri_utils::acl::capability::Capability;
use tauri_utils::acl::manifest::Manifest;
use tauri_utils::acl::resolved::Resolved;
use tauri_utils::platform::Target;

/// One line for each command that a window may use, on each system.
const SNAPSHOT: &str = "tests/capabilities.txt";

#[test]
fn what_each_window_may_do_is_what_was_agreed() {
    let capabilities: BTreeMap<String, Capability> = read("capabilities.json");
    let manifests: BTreeMap<String, Manifest> = read("acl-manifests.json");
    assert_eq!(capabilities.len(), 2, "one file for each window");
    let mut lines = BTreeSet::new();
    for (system, target) in
        [("linux", Target::Linux), ("windows", Target::Windows), ("macos", Target::MacOS)]
    {
        let resolved =
            Resolved::resolve(&manifests, capabilities.clone(), target).expect("resolved");
        assert!(resolved.has_app_acl, "our own commands are refused unless they are allowed");
        assert!(resolved.denied_commands.is_empty(), "nothing is allowed only to be denied");
        for (command, uses) in &resolved.allowed_commands {
            for one in uses {
                assert_eq!(one.scope_id, None, "{command} has no scope");
                assert!(one.webviews.is_empty(), "{command} is for windows");
                assert_eq!(one.context, ExecutionContext::Local, "{command} is for our pages");
                for window in &one.windows {
                    lines.insert(format!("{} {command} {system}", window.as_str()));
                }
            }
        }
    }
    let mut resolved = String::from("# Window, command, system. Written by `make bindings`.\n");
    for line in lines {
        writeln!(resolved, "{line}").expect("a string takes all");
    }
    let path = here().join(SNAPSHOT);
    if std::env::var_os("BELLWIRE_WRITE_BINDINGS").is_some() {
        std::fs::write(path, resolved).expect("written");
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(committed == resolved, "run `make bindings`, look at the change, and commit it");
}

/// What the build script wrote.
fn read<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let path = here().join("gen/schemas").join(name);
    let text = std::fs::read_to_string(path).expect("the build script writes it");
    serde_json::from_str(&text).expect("as Tauri writes it")
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}
