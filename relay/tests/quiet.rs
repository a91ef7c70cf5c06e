//! Connections that a proxy keeps open, and those of peers that stall.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

mod support;

use std::time::{Duration, Instant};

use support::{PATIENCE, TestRelay};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: relay\r\n\r\n";

/// Reads one answer of `/healthz`.
async fn answer(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    while !text.ends_with("ok\n") {
        let mut bytes = [0; 1_024];
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut bytes)).await.unwrap().unwrap();
        assert!(read > 0, "the connection is closed after {text:?}");
        text.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
    text
}

/// Waits for the end of the connection and says what came before it.
async fn end(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    // A reset is an end as well.
    let _ = read.expect("it is closed in time");
    bytes
}

/// Longer than a head may take.
const LONGER: Duration = Duration::from_secs(7);

#[tokio::test]
async fn a_connection_waits_for_its_next_request_longer_than_for_the_rest_of_a_head() {
    let relay = TestRelay::start();
    let open = async || TcpStream::connect(relay.address).await.unwrap();
    let proxy = async {
        let mut stream = open().await;
        for _ in 0..2 {
            stream.write_all(REQUEST).await.unwrap();
            assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
            // The wait is what is tested.
            let quiet = tokio::time::timeout(LONGER, stream.read_u8()).await;
            assert!(quiet.is_err(), "an idle connection stays open");
        }
    };
    // The head is begun at once, or only after a first request.
    let staller = async |requests: usize| {
        let mut stream = open().await;
        for _ in 0..requests {
            stream.write_all(REQUEST).await.unwrap();
            answer(&mut stream).await;
        }
        stream.write_all(&REQUEST[..9]).await.unwrap();
        let since = Instant::now();
        end(&mut stream).await;
        let took = since.elapsed();
        assert!(took > Duration::from_secs(4) && took < Duration::from_secs(12), "{took:?}");
    };
    // It sends a byte every second, which is no head either.
    let dripper = async {
        let mut stream = open().await;
        let since = Instant::now();
        for byte in REQUEST {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            if let Ok(Ok(0) | Err(_)) =
                tokio::time::timeout(Duration::from_secs(1), stream.read(&mut [0])).await
            {
                break;
            }
        }
        assert!(since.elapsed() < Duration::from_secs(15), "{:?}", since.elapsed());
    };
    let mute = async {
        let mut stream = open().await;
        let since = Instant::now();
        assert!(end(&mut stream).await.is_empty());
        assert!(since.elapsed() < Duration::from_secs(12));
    };
    tokio::join!(proxy, staller(0), staller(1), staller(3), dripper, mute);
}

#[tokio::test]
async fn http2_in_clear_text_is_refused_at_once_in_words_and_an_offer_of_it_is_ignored() {
    let relay = TestRelay::start();
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    // What Go's and nginx's clients begin with: the preface, and their SETTINGS.
    let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    preface.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    stream.write_all(&preface).await.unwrap();
    let said = end(&mut stream).await;
    assert_eq!(said[..9], [0, 0, 0, 4, 0, 0, 0, 0, 0], "SETTINGS come first");
    // GOAWAY: its type, no flags, stream 0, no last stream, HTTP_1_1_REQUIRED, words.
    assert_eq!(said[12..26], [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 13]);
    let length = usize::from(said[10]) * 256 + usize::from(said[11]);
    assert_eq!(said.len(), 18 + length, "one whole frame");
    assert!(String::from_utf8_lossy(&said[26..]).contains("HTTP/1.1"));

    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    let offer = b"GET /healthz HTTP/1.1\r\nhost: relay\r\nconnection: upgrade, http2-settings\r\n\
                  upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n";
    stream.write_all(offer).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
}
