//! The last answer arrives, whatever the client was still sending.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

mod support;

use bellwire_protocol::limits;
use futures_util::SinkExt;
use support::{Client, PATIENCE, TestRelay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

/// Sends everything, then reads everything.
async fn answer_to(relay: &TestRelay, head: &str, body: usize) -> String {
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    let mut text = String::new();
    let exchange = async {
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&vec![b'x'; body]).await?;
        stream.shutdown().await?;
        stream.read_to_string(&mut text).await
    };
    let exchanged = tokio::time::timeout(PATIENCE, exchange).await.unwrap();
    assert!(exchanged.is_ok(), "no reset: {exchanged:?} after {text:?}");
    text
}

#[tokio::test]
async fn a_body_over_its_limit_is_told_so() {
    let relay = TestRelay::start();
    for length in [20_000, 300_000, 4_000_000] {
        for chunked in [false, true] {
            let framing = if chunked {
                format!("transfer-encoding: chunked\r\n\r\n{length:x}\r\n")
            } else {
                format!("content-length: {length}\r\n\r\n")
            };
            let head = format!(
                "POST /api/v1/auth/login HTTP/1.1\r\nhost: {}\r\n\
                 content-type: application/json\r\n{framing}",
                relay.address
            );
            let answer = answer_to(&relay, &head, length).await;
            assert!(answer.starts_with("HTTP/1.1 413"), "{length}, chunked {chunked}: {answer}");
            assert!(answer.contains("too_large"), "{answer}");
        }
    }
}

#[tokio::test]
async fn a_head_over_its_limit_is_told_so() {
    let relay = TestRelay::start();
    let head = format!("GET / HTTP/1.1\r\nhost: {}\r\nx-long: ", relay.address);
    for length in [400_000, 8_000_000] {
        let answer = answer_to(&relay, &head, length).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{length}: {answer}");
    }
}

#[tokio::test]
async fn a_frame_over_its_limit_is_told_so_whatever_comes_behind_it() {
    let relay = TestRelay::start();
    let ada = relay.sign_up("ada").await;
    for behind in [0, 1, 200] {
        for signed_in in [false, true] {
            let mut client = if signed_in {
                relay.connect(&ada).await
            } else {
                Client::open(relay.address).await
            };
            let sending = async {
                client.socket.feed(Message::text("x".repeat(70_000))).await?;
                for _ in 0..behind {
                    client.socket.feed(Message::text("y".repeat(30_000))).await?;
                }
                client.socket.flush().await
            };
            let sent = tokio::time::timeout(PATIENCE, sending).await.unwrap();
            assert!(sent.is_ok(), "{behind} behind, in {signed_in}: no reset: {sent:?}");
            let code = client.closed().await;
            assert_eq!(code, Some(limits::close::MALFORMED), "{behind} behind, in {signed_in}");
        }
    }
}
