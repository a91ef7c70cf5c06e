//! What an idle, signed-in connection costs the relay in memory. Prints one JSON line.
//!
//! The real binary in a process of its own; its resident set before and after 2,000 sockets that
//! have said hello and got their snapshot. Accounts are put into the store directly, so that no
//! password hash is part of the measurement.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark stops where it fails")]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use bellwire_protocol::{
    ClientFrame, ClientInfo, ClientMessage, DeviceId, DisplayName, Person, Secret, UserId, Username,
};
use bellwire_relay::accounts::keys::Keys;
use bellwire_relay::accounts::token::{Bearer, Tokens};
use bellwire_relay::clock::Clock;
use bellwire_relay::store::sqlite::{SqliteOptions, SqliteStore};
use bellwire_relay::store::{Accounts, Admission, NewAccount, NewDevice, SignIns, Store};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const CONNECTIONS: u32 = 2_000;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let folder = tempfile::TempDir::new().unwrap();
    let tokens = prepare(folder.path()).await;
    // The soft limit of descriptors is 1,024 nearly everywhere; the hard one is enough.
    let script = "ulimit -n $(ulimit -Hn); exec \"$0\"";
    let mut relay = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_bellwire-relay")])
        .env("BELLWIRE_DATA_DIR", folder.path())
        .env("BELLWIRE_LISTEN", "127.0.0.1:0")
        .env("BELLWIRE_OPS_LISTEN", "127.0.0.1:0")
        .env("BELLWIRE_LOG", "info")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut log = BufReader::new(relay.stderr.take().unwrap());
    let mut line = String::new();
    log.read_line(&mut line).unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address: SocketAddr = line["fields"]["address"].as_str().unwrap().parse().unwrap();
    std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));

    let at_rest = resident(relay.id());
    let mut sockets = Vec::new();
    let since = Instant::now();
    for token in tokens {
        sockets.push(connect(address, token).await);
    }
    let took = since.elapsed();
    // What the connecting needed is given back or is not.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let with_all = resident(relay.id());
    let each = (with_all - at_rest) / u64::from(CONNECTIONS);
    println!(
        "{}",
        serde_json::json!({
            "metric": "relay_idle_bytes_per_connection",
            "unit": "bytes",
            "connections": sockets.len(),
            "ours": each,
            "target": 16 * 1_024,
            "at_rest_bytes": at_rest,
            "at_rest_target": 25 * 1_024 * 1_024,
            "connects_per_second": f64::from(CONNECTIONS) / took.as_secs_f64(),
        })
    );
    relay.kill().unwrap();
    relay.wait().unwrap();
}

async fn prepare(folder: &Path) -> Vec<Secret> {
    let path = folder.join("relay.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let keys = Keys::open(folder).unwrap();
    let tokens = Tokens::new(keys.draw("access tokens"), keys.draw("refresh tokens"));
    let now = Clock::start().wall().ms();
    let mut issued = Vec::new();
    for n in 0..CONNECTIONS {
        let mut bytes = [0; 32];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        let mut id = [1; 16];
        id[..4].copy_from_slice(&n.to_be_bytes());
        let (user, device) = (UserId::from_bytes(id), DeviceId::from_bytes(id));
        let person = Person {
            user,
            username: Username::new(format!("user{n}")).unwrap(),
            display_name: DisplayName::new(format!("User {n}")).unwrap(),
        };
        let admission = Admission::Operator { administrator: false };
        let account = NewAccount {
            person,
            password_hash: String::new(),
            created_at: now,
            admission,
            device: None,
        };
        store.create_account(account).await.unwrap();
        let (name, platform) = ("bench".to_owned(), "cli".to_owned());
        let device = NewDevice {
            id: device,
            user,
            name,
            platform,
            public_key: None,
            refresh: bytes,
            created_at: now,
        };
        issued.push(tokens.issue(Bearer { user, device: device.id, refresh: bytes }, now).unwrap());
        store.add_device(device, "", None, 1).await.unwrap();
    }
    store.close().await;
    issued
}

type Socket =
    tokio_tungstenite::WebSocketStream<tokio_tungstenite::MaybeTlsStream<tokio::net::TcpStream>>;

async fn connect(address: SocketAddr, token: Secret) -> Socket {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "bellwire.v1".parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
    let client = ClientInfo { name: "bench".into(), version: "0".into(), platform: "cli".into() };
    let message = ClientMessage::Hello { token, client, resume: None };
    let hello = bellwire_protocol::encode(&ClientFrame { id: None, message });
    socket.send(Message::text(hello)).await.unwrap();
    for expected in ["welcome", "snapshot"] {
        let frame = socket.next().await.unwrap().unwrap().into_text().unwrap();
        assert!(frame.contains(expected), "{frame}");
    }
    socket
}

/// Resident memory of a process in bytes.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1_024
}
