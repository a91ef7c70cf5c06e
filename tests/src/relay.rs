//! A relay process of one test, on loopback, with a data folder that goes away with it.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A relay process of one test.
pub struct Relay {
    child: Child,
    port: u16,
    ops_port: u16,
    folder: PathBuf,
}

impl Relay {
    /// Starts a relay with an empty data folder, and waits until it answers.
    pub async fn start() -> Self {
        let folder = std::env::temp_dir().join(format!(
            "bellwire-test-{}-{}",
            std::process::id(),
            free_port()
        ));
        std::fs::create_dir_all(&folder).expect("the temporary folder can be written");
        let (port, ops_port) = (free_port(), free_port());
        let child = spawn(port, ops_port, &folder);
        let relay = Self { child, port, ops_port, folder };
        relay.answers().await;
        relay
    }

    /// Where clients connect.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Kills it without warning.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the relay was running");
    }

    /// Starts it again on the same port and data, after [`Relay::kill`].
    pub async fn revive(&mut self) {
        self.child = spawn(self.port, self.ops_port, &self.folder);
        self.answers().await;
    }

    /// The metrics, as the operations listener shows them.
    pub async fn metrics(&self) -> String {
        request(self.ops_port, "/metrics").await.expect("the operations listener answers")
    }

    async fn answers(&self) {
        let patience = Duration::from_secs(20);
        let waiting = async {
            while !request(self.port, "/healthz").await.is_ok_and(|r| r.starts_with("HTTP/1.1 200"))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(patience, waiting)
            .await
            .expect("the relay answers soon after its start");
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // Only while something already failed can these fail, and then there is nothing to add.
        let _ = self.child.start_kill();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn spawn(port: u16, ops_port: u16, folder: &PathBuf) -> Child {
    let mut command = Command::new(binary());
    // Names that are ours and no settings stop it: those of the tests themselves.
    for name in std::env::vars_os().map(|(name, _)| name) {
        if name.to_string_lossy().starts_with("BELLWIRE_") && name != "BELLWIRE_LOG" {
            command.env_remove(name);
        }
    }
    command
        .arg("serve")
        .env("BELLWIRE_LISTEN", format!("127.0.0.1:{port}"))
        .env("BELLWIRE_OPS_LISTEN", format!("127.0.0.1:{ops_port}"))
        .env("BELLWIRE_DATA_DIR", folder)
        .env("BELLWIRE_REGISTRATION", "open")
        .stdout(Stdio::null())
        .stderr(if std::env::var_os("BELLWIRE_TEST_LOG").is_some() {
            Stdio::inherit()
        } else {
            Stdio::null()
        })
        .kill_on_drop(true)
        .spawn()
        .expect("the relay's binary can be started")
}

/// The binary beside the test's own, or the one that `BELLWIRE_RELAY_BIN` names.
fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("BELLWIRE_RELAY_BIN") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("a test knows its own binary");
    let beside = test.ancestors().nth(2).expect("tests are in target/PROFILE/deps");
    let path = beside.join(format!("bellwire-relay{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is missing: cargo build -p bellwire-relay", path.display());
    path
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
    listener.local_addr().expect("it is bound").port()
}

async fn request(port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let head =
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await?;
    Ok(reply)
}
