//! What the documentation names is in the tree.

use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every `file::test` between backticks in a text.
fn named(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.filter_map(|quoted| quoted.split_once("::")).filter(|(file, _)| is_path(file)).collect()
}

fn is_path(file: &str) -> bool {
    file.contains('/') && Path::new(file).extension().is_some()
}

/// Whether a source has this test, and it runs: a function behind `#[test]`, also in a property
/// test; one that the list of a `suite!` names; in TypeScript, a case with that name.
fn has_test(file: &str, source: &str, name: &str) -> bool {
    if !file.ends_with(".rs") {
        return source.contains(&format!("'{name}'")) || source.contains(&format!("\"{name}\""));
    }
    let head = format!("fn {name}(");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let listed = lines.iter().skip_while(|line| !line.starts_with("suite! {"));
    let is_listed = listed.skip(1).any(|line| *line == format!("{name},"));
    is_listed
        || lines.iter().enumerate().any(|(at, line)| {
            let attributes = lines[..at].iter().rev().take_while(|line| line.starts_with("#["));
            let attributes: Vec<&&str> = attributes.collect();
            let is_test = attributes.iter().any(|line| line.contains("test"));
            let is_declared = line.trim_start_matches("async ").starts_with(&head);
            is_declared && is_test && !attributes.iter().any(|line| line.contains("ignore"))
        })
}

#[test]
fn every_test_that_the_table_of_threats_names_is_there() {
    let page = std::fs::read_to_string(root().join("docs/security-tests.md"))
        .expect("docs/security-tests.md is there");
    let mut missing = Vec::new();
    for (file, name) in named(&page) {
        let source = std::fs::read_to_string(root().join(file)).unwrap_or_default();
        if !has_test(file, &source, name) {
            missing.push(format!("{file}::{name}"));
        }
    }
    assert!(missing.is_empty(), "docs/security-tests.md names what is not there: {missing:#?}");
}

#[test]
fn every_threat_has_a_test() {
    let page = std::fs::read_to_string(root().join("docs/security-tests.md"))
        .expect("docs/security-tests.md is there");
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| threat "))
        .collect();
    assert!(rows.len() > 20, "the table is there");
    for row in rows {
        assert!(!named(row).is_empty(), "no test in this row: {row}");
    }
}

#[test]
fn a_name_counts_as_a_test_only_where_it_runs() {
    let source = "#[test]\nfn runs() {}\n#[test]\n#[ignore]\nfn waits() {}\nfn helps() {}\n\
        #[tokio::test(flavor = \"multi_thread\")]\nasync fn runs_too() {}\n\
        suite! {\n    is_listed,\n}\n";
    let is = |name| has_test("a/b.rs", source, name);
    assert!(is("runs") && is("runs_too") && is("is_listed"));
    assert!(!is("waits") && !is("helps") && !is("run"));
    assert!(has_test("a/b.ts", "test('a page opens', …)", "a page opens"));
    assert_eq!(
        named("a `x/y.rs::z` and `T::f` and `x/y.ts::z z`"),
        [("x/y.rs", "z"), ("x/y.ts", "z z")]
    );
}

#[test]
fn every_package_is_held_to_bounded_queues() {
    let listed = std::fs::read_to_string(root().join("Cargo.toml")).expect("a workspace");
    let members =
        listed.lines().find_map(|line| line.strip_prefix("members = [")).expect("members");
    let files = members.split('"').skip(1).step_by(2).map(|member| root().join(member));
    let rules: Vec<PathBuf> = std::iter::once(root())
        .chain(files)
        .map(|folder| folder.join("clippy.toml"))
        .filter(|file| file.exists())
        .collect();
    assert!(rules.contains(&root().join("clippy.toml")), "those of whoever has none of its own");
    for file in rules {
        let rules = std::fs::read_to_string(&file).expect("readable");
        for unbounded in [
            "tokio::sync::mpsc::unbounded_channel",
            "tokio::sync::mpsc::UnboundedSender",
            "std::sync::mpsc::channel",
            "std::sync::mpsc::Sender",
        ] {
            let named = rules.contains(&format!("path = \"{unbounded}\""));
            assert!(named, "{} does not name {unbounded}", file.display());
        }
    }
}
