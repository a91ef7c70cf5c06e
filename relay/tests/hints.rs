//! What the log tells an operator whose proxy is set up wrongly: once or seldom, and without
//! anybody's address.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![cfg(unix)]

mod support;

use std::net::SocketAddr;

use serde_json::Value;
use support::process::{Process, command};
use support::{PATIENCE, http, upgrade};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn page(address: SocketAddr, origin: &str) {
    let refused = upgrade(address, Some("bellwire.v1"), Some(origin)).await;
    assert!(refused.is_err(), "{origin} got in");
}

async fn forwarded(address: SocketAddr) {
    let header = [("X-Forwarded-For", "203.0.113.80")];
    let reply = http(address, "GET", "/healthz", None, &Value::Null, &header).await;
    assert_eq!(reply.status, 200);
}

async fn http2(address: SocketAddr) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    assert!(read.unwrap() > 9, "it is told");
}

#[tokio::test]
async fn a_proxy_that_is_set_up_wrongly_is_in_the_log_and_nobodys_address_is() {
    for (first, named) in [
        ("https://www.example.org", "https://www.example.org"),
        ("https://203.0.113.81", "(an address)"),
        ("null", "(no web page)"),
    ] {
        let folder = TempDir::new().unwrap();
        let process = Process::start(&mut command(folder.path()));
        let at = process.address;
        for origin in [first, "https://second.example.org", "https://third.example.org"] {
            page(at, origin).await;
        }
        for _ in 0..3 {
            forwarded(at).await;
            http2(at).await;
        }
        process.signal("-TERM");
        let (_, _, log) = process.end();
        let lines = |event: &str| -> Vec<&str> {
            log.lines().filter(|line| line.contains(&format!("{event}: "))).collect()
        };
        for (event, words) in [
            ("origin.refused", named),
            ("origin.refused", "BELLWIRE_PUBLIC_URL"),
            ("proxy.untrusted", "127.0.0.0/8"),
            ("proxy.untrusted", "BELLWIRE_TRUSTED_PROXIES"),
            ("http2.refused", "HTTP/1.1"),
        ] {
            let lines = lines(event);
            assert_eq!(lines.len(), 1, "{event} once: {log}");
            assert!(lines[0].contains(words) && lines[0].contains("\"WARN\""), "{lines:?}");
        }
        assert!(!log.contains("203.0.113") && !log.contains("second.example"), "{log}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_trusted_is_no_matter_for_the_log() {
    let folder = TempDir::new().unwrap();
    let process =
        Process::start(command(folder.path()).env("BELLWIRE_TRUSTED_PROXIES", "127.0.0.1"));
    forwarded(process.address).await;
    process.signal("-TERM");
    let (_, _, log) = process.end();
    assert!(!log.contains("proxy.untrusted") && !log.contains("203.0.113"), "{log}");
}
