//! The real binary whose log nobody reads, or nobody can write: it serves as if somebody did.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![cfg(target_os = "linux")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};

use serde_json::{Value, json};
use support::process::{command, connect, sign_up};
use support::{PATIENCE, http, metric, until};
use tempfile::TempDir;

/// A relay whose log the test has in its hands.
struct Logging {
    child: Child,
    at: SocketAddr,
    ops: SocketAddr,
}

impl Logging {
    /// Starts it and finds out where it listens without its log.
    async fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut said).unwrap();
        let port: u16 = said.trim().rsplit(':').next().unwrap().parse().unwrap();
        let local = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let ops = listening(child.id()).into_iter().find(|other| *other != port).unwrap();
        let (at, ops) = (local(port), local(ops));
        until("it serves", async || get(ops, "/readyz").await == 200).await;
        Self { child, at, ops }
    }

    /// Everything that people and operators ask for is answered, and counted rightly.
    async fn serves(&self) {
        for (at, path) in [(self.at, "/healthz"), (self.ops, "/healthz"), (self.ops, "/readyz")] {
            assert_eq!(get(at, path).await, 200, "{path}");
        }
        let ada = sign_up(self.at, "ada").await;
        let client = connect(self.at, &ada).await;
        assert_eq!(metric(self.ops, "ws_connections").await, 1.0);
        drop(client);
        until("it is counted out", async || metric(self.ops, "ws_connections").await == 0.0).await;
    }

    /// Ends it by a signal, and says how it ended.
    async fn end(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut ended = None;
        until("it ends", async || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        ended.unwrap()
    }
}

async fn get(at: SocketAddr, path: &str) -> u16 {
    http(at, "GET", path, None, &Value::Null, &[]).await.status
}

/// The ports of IPv4 that a process listens on.
fn listening(pid: u32) -> Vec<u16> {
    let mut sockets = Vec::new();
    for descriptor in std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap() {
        let Ok(target) = std::fs::read_link(descriptor.unwrap().path()) else { continue };
        let target = target.to_string_lossy().into_owned();
        sockets.extend(target.strip_prefix("socket:[").map(|rest| rest.replace(']', "")));
    }
    let table = std::fs::read_to_string(format!("/proc/{pid}/net/tcp")).unwrap();
    let port = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        // Local address, state 0A for listening, inode: proc_net_tcp in the kernel's documentation.
        let listens = *fields.get(3)? == "0A" && sockets.iter().any(|s| s == fields[9]);
        let (_, port) = fields.get(1)?.split_once(':')?;
        listens.then(|| u16::from_str_radix(port, 16).unwrap())
    };
    table.lines().filter_map(port).collect()
}

/// Requests until the log's pipe and the lines that may wait are full.
async fn flood(relay: &Logging) {
    let forged = json!({ "refresh_token": "made up" });
    until("lines are lost", async || {
        for _ in 0..50 {
            http(relay.at, "POST", "/api/v1/auth/refresh", None, &forged, &[]).await;
        }
        metric(relay.ops, "log_lines_lost_total").await > 0.0
    })
    .await;
}

async fn stalled(folder: &TempDir) -> (Logging, ChildStderr) {
    let command = &mut command(folder.path());
    let command = command.env("BELLWIRE_LOG", "debug").stderr(Stdio::piped());
    let mut relay = Logging::start(command).await;
    let stderr = relay.child.stderr.take().unwrap();
    flood(&relay).await;
    (relay, stderr)
}

#[tokio::test]
async fn a_log_whose_reader_is_gone_ends_nothing() {
    let folder = TempDir::new().unwrap();
    let mut relay = Logging::start(command(folder.path()).stderr(Stdio::piped())).await;
    drop(relay.child.stderr.take());
    relay.serves().await;
    assert!(metric(relay.ops, "log_lines_lost_total").await > 0.0, "what nobody got is counted");
    assert_eq!(relay.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_log_on_a_full_disk_ends_nothing() {
    let folder = TempDir::new().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let relay = Logging::start(command(folder.path()).stderr(full)).await;
    relay.serves().await;
    assert!(metric(relay.ops, "log_lines_lost_total").await > 0.0, "what was not kept is counted");
    assert_eq!(relay.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_log_whose_reader_stalls_holds_nothing_up_not_even_the_end() {
    let folder = TempDir::new().unwrap();
    let (relay, _stderr) = stalled(&folder).await;
    relay.serves().await;
    assert_eq!(relay.end().await.code(), Some(0));
}

#[tokio::test]
async fn a_log_that_is_read_again_goes_on_and_says_what_it_lost() {
    let folder = TempDir::new().unwrap();
    let (relay, stderr) = stalled(&folder).await;
    let (say, said) = std::sync::mpsc::sync_channel(1);
    let reading = std::thread::spawn(move || {
        let mut last = String::new();
        for line in BufReader::new(stderr).lines() {
            last = line.unwrap();
            if last.contains("lines of the log were lost") {
                // The first is enough.
                let _ = say.try_send(());
            }
        }
        last
    });
    tokio::task::spawn_blocking(move || said.recv_timeout(PATIENCE)).await.unwrap().unwrap();
    relay.serves().await;
    assert_eq!(relay.end().await.code(), Some(0));
    assert!(reading.join().unwrap().contains("stopped"), "the last line is written");
}

#[tokio::test]
async fn a_standard_output_that_is_full_or_gone_does_not_stop_the_start() {
    for gone in [false, true] {
        let folder = TempDir::new().unwrap();
        let (reader, mut writer) = std::io::pipe().unwrap();
        // The capacity of a pipe (pipe(7)); not a byte more fits.
        writer.write_all(&[b'x'; 65_536]).unwrap();
        let reader = (!gone).then_some(reader);
        let mut command = command(folder.path());
        command.args(["serve", "--demo"]).stdout(writer).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(command);
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("\"listening\"") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "it starts");
        }
        let line: Value = serde_json::from_str(&line).unwrap();
        let at = |name: &str| line["fields"][name].as_str().unwrap().parse().unwrap();
        let relay = Logging { child, at: at("address"), ops: at("operations") };
        assert_eq!(get(relay.at, "/healthz").await, 200);
        let rest = std::thread::spawn(move || log.read_to_string(&mut String::new()));
        assert_eq!(relay.end().await.code(), Some(0));
        rest.join().unwrap().unwrap();
        drop(reader);
    }
}
