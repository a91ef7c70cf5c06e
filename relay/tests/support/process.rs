//! The real binary in a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use bellwire_protocol::RelayMessage;
use serde_json::{Value, json};

use super::{Client, PASSWORD, Person, http};

pub const RELAY: &str = env!("CARGO_BIN_EXE_bellwire-relay");

pub fn command(folder: &Path) -> Command {
    let mut command = Command::new(RELAY);
    command
        .env_clear()
        .env("BELLWIRE_DATA_DIR", folder.join("data"))
        .env("BELLWIRE_LISTEN", "127.0.0.1:0")
        .env("BELLWIRE_OPS_LISTEN", "127.0.0.1:0");
    command
}

pub struct Process {
    pub child: Child,
    pub address: SocketAddr,
    pub ops: SocketAddr,
    log: std::thread::JoinHandle<String>,
}

impl Process {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut log = String::new();
        let (address, ops) = loop {
            let before = log.len();
            assert!(stderr.read_line(&mut log).unwrap() > 0, "it ended: {log}");
            let line: Value = serde_json::from_str(&log[before..]).unwrap();
            if line["fields"]["message"] == "listening" {
                let at = |name: &str| line["fields"][name].as_str().unwrap().parse().unwrap();
                break (at("address"), at("operations"));
            }
        };
        let log = std::thread::spawn(move || {
            stderr.read_to_string(&mut log).unwrap();
            log
        });
        Self { child, address, ops, log }
    }

    pub fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Exit code, standard output, log.
    pub fn end(mut self) -> (Option<i32>, String, String) {
        let mut out = String::new();
        self.child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        let code = self.child.wait().unwrap().code();
        (code, out, self.log.join().unwrap())
    }
}

pub fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that ends without reading is judged by what it says.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub async fn sign_up(address: SocketAddr, name: &str) -> Person {
    let body = json!({
        "username": name, "display_name": name, "password": PASSWORD,
        "device": { "name": "test", "platform": "cli" },
    });
    let reply = http(address, "POST", "/api/v1/auth/register", None, &body, &[]).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    Person { name: name.to_owned(), signed_in: reply.json() }
}

pub async fn connect(address: SocketAddr, person: &Person) -> Client {
    let mut client = Client::open(address).await;
    client.hello(person.token(), None).await;
    client.welcome = client
        .expect(|m| match m {
            RelayMessage::Welcome(welcome) => Some(Some(welcome.clone())),
            _ => None,
        })
        .await;
    client.expect(|m| matches!(m, RelayMessage::Snapshot(_)).then_some(())).await;
    client
}
