//! A proxy that speaks HTTP/2 in clear text (`h2c`) is told that this relay does not.
//!
//! HTTP/2 has words for it: `GOAWAY` with `HTTP_1_1_REQUIRED` (RFC 9113, sections 6.8 and 7), which
//! proxies write into their logs, with the text. Closing without them reads as a relay that is down.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// What every HTTP/2 connection begins with and no request of HTTP/1 does (RFC 9113, section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0";
const WORDS: &[u8] = b"this relay speaks HTTP/1.1 only: set the proxy's upstream to http, not h2c";
/// How long the other end may take to read them. A socket that is closed with something unread is
/// reset, and the words with it.
const FAREWELL: Duration = Duration::from_secs(1);

/// Whether these first bytes are the beginning of HTTP/2.
pub(super) fn is_preface(first: &[u8]) -> bool {
    // Four bytes tell: no method begins with them.
    first.len() >= 4 && first.iter().zip(PREFACE).all(|(a, b)| a == b)
}

/// An empty `SETTINGS`, which has to come first, and `GOAWAY`.
fn refusal() -> Vec<u8> {
    /// Type, flags and stream 0 behind the three bytes of a frame's length (section 4.1).
    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
        let head = [length[1], length[2], length[3], kind, 0, 0, 0, 0, 0];
        [&head, payload].concat()
    }
    const SETTINGS: u8 = 0x4;
    const GOAWAY: u8 = 0x7;
    const HTTP_1_1_REQUIRED: u8 = 0xd;
    // The last stream that was served, none, and the code.
    let because = [0, 0, 0, 0, 0, 0, 0, HTTP_1_1_REQUIRED];
    [frame(SETTINGS, &[]), frame(GOAWAY, &[&because, WORDS].concat())].concat()
}

/// Says why and closes.
pub(super) async fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let farewell = async {
        stream.write_all(&refusal()).await?;
        stream.shutdown().await?;
        let mut unread = [0; 1_024];
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}
