use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

/// What a knock says.
#[derive(Clone)]
struct Knock {
    host: String,
    origin: Option<&'static str>,
    protocols: String,
}

impl Knock {
    fn with(pass: &Pass) -> Self {
        Self {
            host: format!("127.0.0.1:{}", pass.port),
            origin: Some("tauri://localhost"),
            protocols: pass.protocols.join(", "),
        }
    }

    /// The status line that comes back, and the connection.
    async fn send(&self, port: u16) -> (String, TcpStream) {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the port is open");
        let origin = self.origin.map(|origin| format!("Origin: {origin}\r\n")).unwrap_or_default();
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {}\r\n{origin}Connection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: {}\r\n\r\n",
            self.host, self.protocols
        );
        stream.write_all(request.as_bytes()).await.expect("it can be said");
        let mut answer = Vec::new();
        let mut byte = [0];
        while !answer.ends_with(b"\r\n\r\n") && stream.read(&mut byte).await.unwrap_or(0) == 1 {
            answer.push(byte[0]);
        }
        (String::from_utf8_lossy(&answer).into_owned(), stream)
    }
}

fn open() -> (Pass, tokio::task::JoinHandle<Guest>) {
    let (door, pass) = Door::open().expect("a port");
    (pass, tokio::spawn(door.guest()))
}

#[tokio::test]
async fn who_brings_the_pass_is_let_in_and_the_port_is_closed() {
    let (pass, guest) = open();
    let (answer, _stream) = Knock::with(&pass).send(pass.port).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "let in: {answer}");
    assert!(answer.contains(PROTOCOL), "with the protocol's name");
    assert!(!answer.contains(&pass.protocols[1]), "and never the token");
    assert!(!answer.to_lowercase().contains("extensions"), "nothing is compressed");
    guest.await.expect("the guest is there");
    let again = TcpStream::connect(("127.0.0.1", pass.port)).await;
    assert!(again.is_err(), "nobody else can knock: {again:?}");
}

#[tokio::test]
async fn everybody_else_gets_nothing() {
    let (pass, guest) = open();
    let good = Knock::with(&pass);
    let [protocol, token] = &pass.protocols;
    let bad = [
        ("no origin: a program", Knock { origin: None, ..good.clone() }),
        ("a page elsewhere", Knock { origin: Some("https://example.org"), ..good.clone() }),
        ("an opaque origin", Knock { origin: Some("null"), ..good.clone() }),
        ("a look-alike", Knock { origin: Some("tauri://localhost.example.org"), ..good.clone() }),
        ("another name", Knock { host: format!("localhost:{}", pass.port), ..good.clone() }),
        ("a rebound name", Knock { host: "example.org".into(), ..good.clone() }),
        ("no token", Knock { protocols: protocol.clone(), ..good.clone() }),
        (
            "half a token",
            Knock { protocols: format!("{protocol}, {}", &token[..32]), ..good.clone() },
        ),
        ("a guess", Knock { protocols: format!("{protocol}, {}", "0".repeat(64)), ..good.clone() }),
        ("another protocol", Knock { protocols: format!("chat, {token}"), ..good.clone() }),
    ];
    for (who, knock) in bad {
        let (answer, mut stream) = knock.send(pass.port).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{who}: {answer}");
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0, "{who}: nothing follows");
    }
    let (answer, _stream) = good.send(pass.port).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "the guest is still let in: {answer}");
    guest.await.expect("the guest is there");
}

#[tokio::test]
async fn who_says_nothing_keeps_nobody_out() {
    let (pass, guest) = open();
    let mut silent = Vec::new();
    for _ in 0..3 * KNOCKING {
        silent.push(TcpStream::connect(("127.0.0.1", pass.port)).await.expect("open"));
    }
    let (answer, _stream) = Knock::with(&pass).send(pass.port).await;
    assert!(answer.starts_with("HTTP/1.1 101"), "let in: {answer}");
    guest.await.expect("the guest is there");
    for mut stream in silent {
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0, "and they were let go");
    }
}

#[tokio::test]
async fn a_token_is_for_one_door() {
    let (first, _waiting) = open();
    let (second, _waiting_too) = open();
    let knock = Knock { protocols: first.protocols.join(", "), ..Knock::with(&second) };
    let (answer, _stream) = knock.send(second.port).await;
    assert!(answer.starts_with("HTTP/1.1 403"), "of the other: {answer}");
}

#[test]
fn a_pass_shows_no_token() {
    let pass = Pass { port: 4_000, protocols: ["a".into(), "secret".into()] };
    assert!(!format!("{pass:?}").contains("secret"), "not in a log");
}
