//! A TURN server for one test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bellwire_protocol::{IceServer, Secret};
use rustls::pki_types::CertificateDer;

/// The user of every server with fixed users.
pub(crate) const USER: (&str, &str) = ("tester", "hidden-word");
/// What time-limited credentials are made with.
const SECRET: &str = "hidden-secret";

/// A running coturn; stops when dropped.
pub(crate) struct Coturn {
    child: Child,
    folder: PathBuf,
    pub(crate) ip: IpAddr,
    pub(crate) port: u16,
    pub(crate) tls_port: u16,
    pub(crate) root: CertificateDer<'static>,
}

/// What a server is to be like.
pub(crate) struct Options {
    pub(crate) ip: IpAddr,
    pub(crate) relay_ips: Vec<IpAddr>,
    pub(crate) lines: Vec<&'static str>,
}

impl Default for Options {
    fn default() -> Self {
        let ip = Ipv4Addr::LOCALHOST.into();
        Self { ip, relay_ips: vec![ip], lines: Vec::new() }
    }
}

impl Coturn {
    pub(crate) fn start() -> Self {
        Self::start_with(Options::default())
    }

    pub(crate) fn start_with(options: Options) -> Self {
        let ports = free_ports(options.ip);
        Self::start_on(options, ports)
    }

    pub(crate) fn start_on(options: Options, (port, tls_port): (u16, u16)) -> Self {
        let ip = options.ip;
        let folder = std::env::temp_dir().join(format!("coturn-{}-{port}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for the server");
        let names = vec![ip.to_string(), "localhost".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).expect("a certificate");
        let file = |name: &str, contents: String| {
            let path = folder.join(name);
            std::fs::write(&path, contents).expect("a file of the server");
            path.display().to_string()
        };
        let cert = file("cert.pem", certified.cert.pem());
        let key = file("key.pem", certified.signing_key.serialize_pem());
        let mut lines = vec![
            format!("listening-ip={ip}"),
            format!("listening-port={port}"),
            format!("tls-listening-port={tls_port}"),
            format!("cert={cert}"),
            format!("pkey={key}"),
            "realm=test.example".to_owned(),
            "fingerprint".to_owned(),
            "allow-loopback-peers".to_owned(),
            "no-cli".to_owned(),
            "no-dtls".to_owned(),
            "verbose".to_owned(),
            "simple-log".to_owned(),
            "log-file=stdout".to_owned(),
            format!("userdb={}", folder.join("users").display()),
            format!("pidfile={}", folder.join("pid").display()),
        ];
        lines.extend(options.relay_ips.iter().map(|ip| format!("relay-ip={ip}")));
        if options.lines.contains(&"use-auth-secret") {
            lines.push(format!("static-auth-secret={SECRET}"));
        } else {
            lines.push("lt-cred-mech".to_owned());
            lines.push(format!("user={}:{}", USER.0, USER.1));
        }
        lines.extend(options.lines.iter().map(|line| (*line).to_owned()));
        let config = file("config", lines.join("\n"));
        let log = std::fs::File::create(folder.join("log")).expect("a log of the server");
        let errors = log.try_clone().expect("the log a second time");
        let child = Command::new("turnserver")
            .args(["-c", &config])
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .spawn()
            .expect("the Debian package coturn is installed");
        let root = certified.cert.der().clone();
        let server = Self { child, folder, ip, port, tls_port, root };
        server.wait(!options.lines.contains(&"no-udp"));
        server
    }

    /// Until it listens.
    fn wait(&self, over_udp: bool) {
        let limit = Instant::now() + Duration::from_secs(10);
        let address = SocketAddr::new(self.ip, self.port);
        while TcpStream::connect(address).is_err() || over_udp && !answers(address) {
            assert!(Instant::now() < limit, "coturn does not start:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// `turn:` or `turns:` for a transport of `udp`, `tcp` or `tls`.
    pub(crate) fn url(&self, transport: &str) -> String {
        let host = SocketAddr::new(self.ip, 0).to_string();
        let host = host.trim_end_matches(":0");
        match transport {
            "tls" => format!("turns:{host}:{}?transport=tcp", self.tls_port),
            transport => format!("turn:{host}:{}?transport={transport}", self.port),
        }
    }

    pub(crate) fn server(&self, transport: &str) -> IceServer {
        server(self.url(transport), USER)
    }

    pub(crate) const fn ports(&self) -> (u16, u16) {
        (self.port, self.tls_port)
    }
}

impl Drop for Coturn {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

pub(crate) fn server(url: String, (username, credential): (&str, &str)) -> IceServer {
    let secret = |text| Some(Secret::new(text).expect("a word of the test"));
    IceServer { urls: vec![url], username: secret(username), credential: secret(credential) }
}

/// Credentials that a server with `use-auth-secret` takes for so long.
pub(crate) fn limited(life: Duration) -> (String, String) {
    let ends = SystemTime::now() + life;
    let ends = ends.duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let username = format!("{ends}:tester");
    let key = aws_lc_rs::hmac::Key::new(
        aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        SECRET.as_bytes(),
    );
    let tag = aws_lc_rs::hmac::sign(&key, username.as_bytes());
    (username, base64(tag.as_ref()))
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
        let bits = bits << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { letter.into() } else { '=' });
        }
    }
    text
}

/// Whether a Binding request to `address` is answered.
fn answers(address: SocketAddr) -> bool {
    let mut request = [0; 20];
    request[1] = 1;
    request[4..8].copy_from_slice(&[0x21, 0x12, 0xA4, 0x42]);
    let asked = || {
        let socket = UdpSocket::bind((address.ip(), 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        socket.connect(address)?;
        socket.send(&request)?;
        socket.recv(&mut [0; 100])
    };
    asked().is_ok()
}

/// Two ports that nobody has, for UDP and TCP.
fn free_ports(ip: IpAddr) -> (u16, u16) {
    let both = || loop {
        let udp = UdpSocket::bind((ip, 0)).expect("a free port");
        let address = udp.local_addr().expect("it is bound");
        if let Ok(tcp) = TcpListener::bind(address) {
            return (udp, tcp, address.port());
        }
    };
    let (first, second) = (both(), both());
    (first.2, second.2)
}
