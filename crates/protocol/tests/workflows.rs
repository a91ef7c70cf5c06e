//! The workflows run what was looked at: actions by their commit, tools by their version.

use std::{fs, path::Path};

/// Every line of the workflows, with the file that it is from.
fn lines() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.github/workflows");
    let files = fs::read_dir(folder).expect("the workflows are there");
    files
        .map(|file| file.expect("the folder can be listed").path())
        .flat_map(|path| {
            let name = path.file_name().expect("a file").to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).expect("a workflow is text");
            text.lines().map(|line| (name.clone(), line.trim().to_owned())).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn an_action_is_pinned_by_its_commit() {
    let loose: Vec<_> = lines()
        .into_iter()
        .filter_map(|(file, line)| Some((file, line.split_once("uses: ")?.1.to_owned())))
        .filter(|(_, action)| {
            let commit = action.split_once('@').map(|(_, version)| version.split(' ').next());
            !commit.flatten().is_some_and(|commit| {
                commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
            })
        })
        .collect();
    assert!(loose.is_empty(), "a tag can be moved: {loose:#?}");
}

#[test]
fn a_tool_is_installed_in_a_version_that_was_looked_at() {
    let loose: Vec<_> = lines()
        .into_iter()
        .filter(|(_, line)| line.contains("cargo install ") && !line.contains(" --version "))
        .collect();
    assert!(loose.is_empty(), "whatever is newest: {loose:#?}");
}

#[test]
fn what_is_released_is_compiled_by_the_compiler_that_tests_it() {
    let mut compilers: Vec<String> = lines()
        .into_iter()
        .filter_map(|(_, line)| Some(line.strip_prefix("RUSTUP_TOOLCHAIN: ")?.to_owned()))
        .collect();
    assert_eq!(compilers.len(), 2, "each workflow names its compiler");
    compilers.dedup();
    assert_eq!(compilers.len(), 1, "{compilers:?}");
}
