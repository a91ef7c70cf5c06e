//! The reverse proxies of docs/proxies, as they are on the page but for ports and certificates, in
//! front of the relay. Needs nginx, haproxy and caddy: `scripts/test.sh` runs it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![cfg(unix)]

mod support;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bellwire_protocol::http::Registration;
use bellwire_relay::proxies::Proxies;
use support::{Client, PATIENCE, Person, TestRelay};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

const HOST: &str = "calls.example.org";
/// The client's address, which is not the proxy's.
const CLIENT: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
/// Longer than the minute after which proxies give up on what is silent.
const OVER_A_MINUTE: Duration = Duration::from_secs(70);

#[derive(Debug, Clone, Copy)]
enum Kind {
    Caddy,
    Nginx,
    Haproxy,
}

const KINDS: [Kind; 3] = [Kind::Caddy, Kind::Nginx, Kind::Haproxy];

/// A proxy that runs until it is dropped.
struct Proxy {
    kind: Kind,
    child: Child,
    port: u16,
    _folder: TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A line of the page that has to be there, and what stands in its place here.
fn replace(text: &str, line: &str, with: &str) -> String {
    assert!(text.contains(line), "{line:?} is in\n{text}");
    text.replace(line, with)
}

impl Kind {
    fn page(self) -> String {
        let name = match self {
            Self::Caddy => "Caddyfile",
            Self::Nginx => "nginx.conf",
            Self::Haproxy => "haproxy.cfg",
        };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/proxies").join(name);
        std::fs::read_to_string(path).unwrap()
    }

    /// The configuration for this port, without TLS, and how the program is started with it.
    fn prepared(self, folder: &Path, port: u16, upstream: SocketAddr) -> (String, Command) {
        let page = replace(&self.page(), "127.0.0.1:8470", &upstream.to_string());
        let file = folder.join("proxy.conf");
        match self {
            Self::Caddy => {
                let site = format!("http://{HOST}:{port} {{\n\tbind 127.0.0.1\n");
                let page = replace(&page, &format!("{HOST} {{\n"), &site);
                let text = format!("{{\n\tadmin off\n}}\n{page}");
                let mut command = Command::new("caddy");
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(file);
                command.env("HOME", folder).env("XDG_DATA_HOME", folder);
                (text, command)
            }
            Self::Nginx => {
                let page = replace(&page, "listen 443 ssl;", &format!("listen 127.0.0.1:{port};"));
                let page = replace(&page, "listen [::]:443 ssl;", "");
                let page: String = page
                    .lines()
                    .filter(|l| !l.contains("ssl_certificate"))
                    .collect::<Vec<_>>()
                    .join("\n");
                let at = folder.display();
                let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map(|name| format!("{name}_temp_path {at}/{name};\n"))
                    .concat();
                let text = format!(
                    "daemon off;\nmaster_process off;\npid {at}/pid;\nerror_log {at}/error.log;\n\
                     events {{}}\nhttp {{\naccess_log off;\n{temporary}{page}\n}}\n"
                );
                let mut command = Command::new("nginx");
                command.arg("-p").arg(folder).arg("-c").arg(file);
                command.arg("-e").arg(folder.join("error.log"));
                (text, command)
            }
            Self::Haproxy => {
                let bind = "bind :443 ssl crt /etc/haproxy/calls.example.org.pem";
                let text = replace(&page, bind, &format!("bind 127.0.0.1:{port}"));
                let mut command = Command::new("haproxy");
                command.arg("-db").arg("-f").arg(file);
                (text, command)
            }
        }
    }

    async fn start(self, upstream: SocketAddr) -> Proxy {
        let folder = TempDir::new().unwrap();
        // It is free a moment before; programs that are not ours cannot say which one they took.
        let free = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let (text, mut command) = self.prepared(folder.path(), port, upstream);
        std::fs::write(folder.path().join("proxy.conf"), &text).unwrap();
        let log = folder.path().join("log");
        let file = std::fs::File::create(&log).unwrap();
        // Debian has some of them where only root looks.
        let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
        let child = command
            .env("PATH", path)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{self:?}: {error}; scripts/setup.sh test installs it"));
        let mut proxy = Proxy { kind: self, child, port, _folder: folder };
        proxy.ready(&log).await;
        proxy
    }
}

impl Proxy {
    async fn ready(&mut self, log: &PathBuf) {
        let listening = async {
            while self.connect().await.is_err() {
                let ended = self.child.try_wait().unwrap();
                assert!(ended.is_none(), "{}", std::fs::read_to_string(log).unwrap());
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, listening).await.expect("it listens in time");
    }

    /// From another address than the proxy's: a port that nobody listens on would else connect to
    /// itself now and then.
    async fn connect(&self) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((CLIENT, 0))).unwrap();
        socket.connect(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))).await
    }

    fn authority(&self) -> String {
        format!("{HOST}:{}", self.port)
    }

    /// The head and the text of an answer.
    async fn get(&self, path: &str) -> String {
        let mut stream = self.connect().await.unwrap();
        let host = self.authority();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
        read.unwrap().unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// A socket as a page at the proxy's address opens it.
    async fn socket(&self) -> Client {
        let host = self.authority();
        let mut request = format!("ws://{host}/ws").into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", "bellwire.v1".parse().unwrap());
        headers.insert("origin", format!("http://{host}").parse().unwrap());
        let stream = MaybeTlsStream::Plain(self.connect().await.unwrap());
        let (socket, _) = tokio_tungstenite::client_async(request, stream).await.unwrap();
        Client::over(socket)
    }
}

#[tokio::test]
#[ignore = "needs nginx, haproxy and caddy; scripts/test.sh runs it"]
async fn each_proxy_says_whom_it_speaks_for_and_where_it_was_asked() {
    for kind in KINDS {
        // In the relay's place stands somebody who shows what came.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let upstream = listener.local_addr().unwrap();
        let shown = tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        // Only a look whether anybody is there.
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8(head).unwrap().to_lowercase();
                if head.starts_with("get ") {
                    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(answer).await.unwrap();
                    return head;
                }
            }
        });
        let proxy = kind.start(upstream).await;
        proxy.get("/shown").await;
        let head = tokio::time::timeout(PATIENCE, shown).await.unwrap().unwrap();
        assert!(head.starts_with("get /shown http/1.1\r\n"), "{kind:?}: {head}");
        let host = format!("\r\nhost: {}\r\n", proxy.authority());
        assert!(head.contains(&host), "{kind:?} hands Host on: {head}");
        let forwarded = format!("\r\nx-forwarded-for: {CLIENT}\r\n");
        assert!(head.contains(&forwarded), "{kind:?}: {head}");
    }
}

#[tokio::test]
#[ignore = "needs nginx, haproxy and caddy; scripts/test.sh runs it"]
async fn behind_each_proxy_pages_connect_and_idle_sockets_live_longer_than_a_minute() {
    let relay = TestRelay::with(|config| {
        config.trusted_proxies = Proxies::parse("127.0.0.1").unwrap();
        config.registration = Some(Registration::Open);
    });
    // One for each: another device that signs in is news to every device of a person.
    let [ada, grace, edsger] =
        [relay.sign_up("ada").await, relay.sign_up("grace").await, relay.sign_up("edsger").await];
    let one = async |kind: Kind, person: Person| {
        let proxy = kind.start(relay.address).await;
        let origin = format!("http://{}", proxy.authority());
        let info = proxy.get(&format!("/api/v1/relay?origin={origin}")).await;
        assert!(info.contains("\"origin_accepted\":true"), "{:?}: {info}", proxy.kind);
        let mut client = proxy.socket().await;
        client.hello(person.token(), None).await;
        client.greeted().await;
        let since = tokio::time::Instant::now();
        // As often as clients ping; in between the connections that the proxy keeps to the relay
        // are idle for longer than a head may take.
        let mut next = since + Duration::from_secs(18);
        while since.elapsed() < OVER_A_MINUTE {
            tokio::time::sleep_until(next).await;
            next += Duration::from_secs(18);
            let news = client.drain().await;
            assert!(news.is_empty(), "{kind:?}: {news:?}");
            let health = proxy.get("/healthz").await;
            assert!(health.starts_with("HTTP/1.1 200"), "{kind:?}: {health}");
        }
    };
    // The wait is what is tried; all of them wait together.
    tokio::join!(one(Kind::Caddy, ada), one(Kind::Nginx, grace), one(Kind::Haproxy, edsger));
}
