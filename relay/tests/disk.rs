//! The real binary on a disk that is full, fails, or may only be read, and beside another program
//! that holds its database: it says so, waits, and goes on by itself.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]
#![cfg(target_os = "linux")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use bellwire_protocol::{ClientMessage, EndReason, RelayMessage};
use serde_json::json;
use support::process::{Process, RELAY, command, connect, sign_up};
use support::{PASSWORD, answer, befriend, call_id, http, initiate, metric, ready, until};
use tempfile::TempDir;

/// A relay whose data folder is a disk of 4 MiB, in a mount namespace of its own. The second
/// folder is the same disk, for the test.
struct SmallDisk {
    process: Process,
    data: PathBuf,
    inside: PathBuf,
}

impl SmallDisk {
    fn start(folder: &Path) -> Self {
        let (data, door) = (folder.join("data"), folder.join("door"));
        for folder in [&data, &door] {
            std::fs::create_dir(folder).unwrap();
        }
        let script = "mount -t tmpfs -o size=4m,mode=700 small \"$1\" && \
                      mount --bind \"$1\" \"$2\" && trap '' XFSZ && exec \"$3\"";
        let mut in_namespace = Command::new("unshare");
        // Only root may mount; anybody is root in a namespace of users of their own.
        in_namespace.args(if rustix::process::geteuid().is_root() { ["-m"] } else { ["-rm"] });
        in_namespace.args(["sh", "-c", script, "sh"]).args([&data, &door]).arg(RELAY);
        in_namespace.envs(command(folder).get_envs().filter_map(|(k, v)| Some((k, v?))));
        let process = Process::start(&mut in_namespace);
        let root = PathBuf::from(format!("/proc/{}/root", process.child.id()));
        let inside = root.join(door.strip_prefix("/").unwrap());
        Self { process, data, inside }
    }

    fn fill(&self) {
        let filler = self.inside.join("filler");
        let error =
            std::io::copy(&mut std::io::repeat(0), &mut std::fs::File::create(filler).unwrap());
        assert_eq!(error.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
    }

    fn make_room(&self) {
        std::fs::remove_file(self.inside.join("filler")).unwrap();
    }

    fn mount(&self, arguments: &[&str]) {
        let pid = self.process.child.id().to_string();
        let mut enter = Command::new("nsenter");
        enter.args(["-t", &pid, "-m", "-U", "--preserve-credentials"]);
        if rustix::process::geteuid().is_root() {
            enter = Command::new("nsenter");
            enter.args(["-t", &pid, "-m"]);
        }
        assert!(enter.args(arguments).arg(&self.data).status().unwrap().success(), "{arguments:?}");
    }

    fn limit_files(&self, bytes: &str) {
        let pid = self.process.child.id().to_string();
        let limit = format!("--fsize={bytes}:unlimited");
        let status = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
        assert!(status.success());
    }
}

/// While `begin` holds, everything that needs writing is refused and said, and a call goes on and
/// ends; after `end` everything is as it was, without a restart.
async fn passes(
    process: &Process,
    words: &[&str],
    begin: impl AsyncFnOnce(),
    end: impl AsyncFnOnce(),
) {
    let (at, ops) = (process.address, process.ops);
    let (ada, grace) = (sign_up(at, "ada").await, sign_up(at, "grace").await);
    let conversation = befriend(at, &ada, &grace).await;
    let (mut a, mut g) = (connect(at, &ada).await, connect(at, &grace).await);
    let call = call_id();
    a.ask(initiate(call, conversation)).await.unwrap();
    let offer = g.incoming(call).await;
    g.ask(answer(call, &offer)).await.unwrap();
    assert_eq!(ready(ops).await, (200, "ready\n".into()));
    begin().await;
    let register = async |name: &str| {
        let body = json!({ "username": name, "display_name": name, "password": PASSWORD });
        http(at, "POST", "/api/v1/auth/register", None, &body, &[]).await.status
    };
    assert_eq!(register("eve").await, 503);
    assert_eq!(register("eve").await, 503, "and again");
    a.ask(ClientMessage::CallLeave { call_id: call }).await.unwrap();
    assert_eq!(g.ended(call).await, EndReason::Ended, "calls go on and end");
    until("the record waits", || async { metric(ops, "record_retries_total").await >= 1.0 }).await;
    assert_eq!(metric(ops, "records_waiting").await, 1.0);
    until("readiness says it", || async {
        let (status, text) = ready(ops).await;
        status == 503 && words.iter().any(|word| text.contains(word))
    })
    .await;
    end().await;
    for client in [&mut a, &mut g] {
        let recorded = |m: &RelayMessage| match m {
            RelayMessage::CallRecorded { record } => Some(record.call_id),
            _ => None,
        };
        assert_eq!(client.expect(recorded).await, call, "what waited is written");
    }
    until("ready again", || async { ready(ops).await.0 == 200 }).await;
    assert_eq!(metric(ops, "records_waiting").await, 0.0);
    assert_eq!(metric(ops, "store_writable").await, 1.0);
    assert_eq!(register("eve").await, 201, "accounts are made again");
}

fn stop(process: Process) {
    process.signal("-TERM");
    let (code, _, log) = process.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("ended calls wait") && log.contains("written again"), "{log}");
}

#[tokio::test]
async fn writes_come_back_by_themselves_after_a_full_disk() {
    let folder = TempDir::new().unwrap();
    let disk = SmallDisk::start(folder.path());
    passes(&disk.process, &["full"], async || disk.fill(), async || disk.make_room()).await;
    stop(disk.process);
}

#[tokio::test]
async fn writes_come_back_by_themselves_after_a_disk_that_failed() {
    let folder = TempDir::new().unwrap();
    let disk = SmallDisk::start(folder.path());
    let fails = async || disk.limit_files("4096");
    passes(&disk.process, &["disk"], fails, async || disk.limit_files("unlimited")).await;
    stop(disk.process);
}

#[tokio::test]
async fn writes_come_back_by_themselves_after_a_disk_that_could_only_be_read() {
    let folder = TempDir::new().unwrap();
    let disk = SmallDisk::start(folder.path());
    let begin = async || {
        let data = disk.data.display().to_string();
        disk.mount(&["mount", "--bind", &data]);
        disk.mount(&["mount", "-o", "remount,ro,bind"]);
        // What is open may be written all the same, so it is made to be opened anew.
        disk.fill();
        until("it is opened anew", || async {
            ready(disk.process.ops).await.1.contains("read-only")
        })
        .await;
        disk.make_room();
    };
    passes(&disk.process, &["read-only"], begin, async || {
        disk.mount(&["mount", "-o", "remount,rw,bind"])
    })
    .await;
    stop(disk.process);
}

#[tokio::test]
async fn an_ended_call_waits_for_another_program_that_holds_the_database() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&mut command(folder.path()));
    let path = folder.path().join("data/relay.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let other = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let held = tokio::sync::Mutex::new(None);
    let begin = async || {
        *held.lock().await = Some(other.begin_with("BEGIN IMMEDIATE").await.unwrap());
    };
    let end = async || held.lock().await.take().unwrap().rollback().await.unwrap();
    passes(&process, &["another program", "another process"], begin, end).await;
    stop(process);
}
