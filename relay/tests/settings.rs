//! The real binary and settings that cannot be: refused by name before anything is begun, by the
//! start and by the check alike.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![cfg(unix)]

use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

fn relay(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwire-relay"));
    command
        .env_clear()
        .env("BELLWIRE_DATA_DIR", folder.join("data"))
        .env("BELLWIRE_LISTEN", "127.0.0.1:0")
        .env("BELLWIRE_OPS_LISTEN", "127.0.0.1:0");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn what_no_browser_would_take_and_what_nobody_reads_stops_the_start_and_the_check() {
    let folder = TempDir::new().unwrap();
    let turn = [("TURN_USERNAME", "bellwire"), ("TURN_CREDENTIAL", "secret")];
    for (name, value, words) in [
        ("BELLWIRE_PUBLIC_URL", "https://calls.example.org:99999", "1 to 65535"),
        ("BELLWIRE_PUBLIC_URL", "https://calls.example.org:6000", "port-blocking"),
        ("BELLWIRE_PUBLIC_URL", "https://example.org/calls/", "under a path"),
        ("STUN_SERVERS", "stun://stun.example.org", "without //"),
        ("STUN_SERVERS", "stun:stun.example.org?transport=udp", "only TURN"),
        ("TURN_SERVER", "turn:turn.example.org?transport=tls", "transport=tcp"),
        ("BELLWIRE_LISTN", "127.0.0.1:80", "BELLWIRE_LISTEN?"),
        ("STUN_SERVER", "stun:stun.example.org", "STUN_SERVERS?"),
    ] {
        for line in ["serve", "check-config"] {
            let mut command = relay(folder.path());
            if name == "TURN_SERVER" {
                command.envs(turn);
            }
            let output = command.env(name, value).arg(line).output().unwrap();
            let log = said(&output);
            assert!(!output.status.success(), "{line} with {name}={value}");
            assert!(log.contains(name) && log.contains(words), "{log}");
        }
    }
    let odd = std::ffi::OsString::from_vec(b"/data/\xff".to_vec());
    let output = relay(folder.path()).env("BELLWIRE_DATA_DIR", odd).arg("serve").output().unwrap();
    assert!(!output.status.success() && said(&output).contains("BELLWIRE_DATA_DIR"));
    assert!(!folder.path().join("data").exists(), "nothing was begun");
}

#[test]
fn a_public_address_is_good_in_every_form_of_it_and_a_file_behind_an_equals_sign_is_read() {
    let folder = TempDir::new().unwrap();
    for url in [
        "https://calls.example.org:443",
        "http://calls.example.org:80/",
        "https://calls.example.org:",
        "HTTPS://Calls.Example.ORG",
        "https://[2001:db8:0:0::9]",
    ] {
        let output = relay(folder.path())
            .env("BELLWIRE_PUBLIC_URL", url)
            .arg("check-config")
            .output()
            .unwrap();
        assert!(output.status.success(), "{url}: {}", said(&output));
    }
    let file = folder.path().join("relay.toml");
    std::fs::write(&file, "registration = \"closed\"\n").unwrap();
    let file = file.to_str().unwrap();
    for arguments in
        [&["check-config", "--config", file][..], &[&format!("--config={file}"), "check-config"]]
    {
        let output = relay(folder.path()).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(text.contains("closed"), "{arguments:?}: {text}{}", said(&output));
    }
}
