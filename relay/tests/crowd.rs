//! Connections that nobody wants, by the hundred: people and operators get theirs all the same.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]
#![cfg(unix)]

mod support;

use std::net::SocketAddr;
use std::process::Command;

use serde_json::json;
use support::process::{Process, RELAY, command, connect, sign_up};
use support::{TestRelay, http, metric, until};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A connection that asks and never reads.
async fn never_reads(at: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(at).await.unwrap();
    let request = format!("GET / HTTP/1.1\r\nhost: {at}\r\n\r\n");
    // A relay that has no room may be gone by then.
    let _ = stream.write_all(request.as_bytes()).await;
    stream
}

async fn served(at: SocketAddr) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(at).await?;
    let request = "GET /healthz HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.starts_with("HTTP/1.1 200"))
}

fn limited(folder: &TempDir, limit: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("{limit} && exec \"$0\""), RELAY]);
    let settings = command(folder.path());
    shell.env_clear().envs(settings.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell
}

#[tokio::test]
async fn connections_that_never_read_keep_nobody_out() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&mut limited(&folder, "ulimit -n 256"));
    let (at, ops) = (process.address, process.ops);
    let ada = sign_up(at, "ada").await;
    let mut seated = connect(at, &ada).await;
    let mut crowd = Vec::new();
    for _ in 0..600 {
        crowd.push(never_reads(at).await);
    }
    // They are taken for busy for a moment.
    let welcome = async || served(at).await.unwrap_or(false);
    until("others are served", welcome).await;
    for _ in 0..20 {
        assert!(welcome().await, "and stay so");
    }
    let grace = sign_up(at, "grace").await;
    connect(at, &grace).await;
    assert_eq!(seated.drain().await, [], "nobody who is signed in made room for them");
    for _ in 0..40 {
        crowd.push(never_reads(ops).await);
    }
    until("the operator sees it", async || metric(ops, "ws_connections").await > 0.0).await;
    process.signal("-TERM");
    let (code, _, log) = process.end();
    assert_eq!(code, Some(0));
    let lines = log.lines().filter(|line| line.contains("connection")).count();
    assert!(lines < 10, "the log is not theirs to fill: {lines} lines");
}

#[tokio::test]
async fn the_limit_on_open_files_is_raised_and_said() {
    let folder = TempDir::new().unwrap();
    let process = Process::start(&mut limited(&folder, "ulimit -Sn 100 && ulimit -Hn 1000"));
    // Far beyond the soft limit.
    let ada = sign_up(process.address, "ada").await;
    let mut open = Vec::new();
    for _ in 0..300 {
        open.push(never_reads(process.address).await);
    }
    let mut client = connect(process.address, &ada).await;
    assert_eq!(client.drain().await, []);
    process.signal("-TERM");
    let (_, _, log) = process.end();
    assert!(log.contains("\"devices\":872"), "{log}");
    assert!(!log.contains("cannot be accepted"), "{log}");
}

#[tokio::test]
async fn requests_behind_a_proxy_are_limited_for_the_network_that_asks() {
    let relay = TestRelay::with(|config| {
        config.max_connections = Some(64);
        config.trusted_proxies = bellwire_relay::proxies::Proxies::parse("127.0.0.1").unwrap();
    });
    // Requests whose bodies never come, all for one network.
    let mut waiting = Vec::new();
    for n in 0..8 {
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        let request = format!(
            "POST /api/v1/auth/login HTTP/1.1\r\nhost: {}\r\nx-forwarded-for: 203.0.113.{n}\r\n\
             content-type: application/json\r\ncontent-length: 100\r\n\r\n",
            relay.address
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    let ask = async |from: &str| {
        let forged = json!({ "refresh_token": "made up" });
        let headers = [("x-forwarded-for", from)];
        http(relay.address, "POST", "/api/v1/auth/refresh", None, &forged, &headers).await.status
    };
    until("one network has its share", async || ask("203.0.113.200").await == 429).await;
    assert_eq!(ask("203.0.114.1").await, 401, "another is served");
    assert_eq!(ask("127.0.0.1").await, 401, "and so is this machine");
    drop(waiting);
    until("it is given back", async || ask("203.0.113.200").await == 401).await;
}
