//! A relay on port 0 and clients that speak to it over real sockets.
#![allow(dead_code, unreachable_pub, reason = "every test file uses its own part")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]
#![allow(clippy::wildcard_enum_match_arm, reason = "a test picks one message out of many")]

#[cfg(unix)]
pub mod process;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bellwire_protocol::http::{Problem, SignedIn};
use bellwire_protocol::{
    CallId, Candidate, Candidates, ClientFrame, ClientInfo, ClientMessage, ConversationId,
    DeviceId, IceCandidate, Media, Mid, Offer, OfferId, RelayFrame, RelayMessage, Resume, Sdp,
    Secret, Snapshot, Ufrag, UserId, Welcome,
};
use bellwire_relay::accounts::keys::Keys;
use bellwire_relay::accounts::password::Cost;
use bellwire_relay::clock::{Clock, TimeSource};
use bellwire_relay::config::Config;
use bellwire_relay::server::Listeners;
use bellwire_relay::{RunError, Shutdown, run_by};
use futures_util::{SinkExt, StreamExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Long enough for a busy machine; a test that waits this long has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A password that is good enough.
pub const PASSWORD: &str = "correct horse battery";

pub struct TestRelay {
    pub address: SocketAddr,
    pub ops: SocketAddr,
    pub folder: TempDir,
    pub shutdown: watch::Sender<Shutdown>,
    pub running: JoinHandle<Result<(), RunError>>,
    /// What its first account needs, where it is not private.
    setup_code: Option<Secret>,
}

pub fn config(folder: &TempDir) -> Config {
    Config {
        data_dir: folder.path().to_owned(),
        database: folder.path().join("relay.db"),
        password_cost: Cost { memory_kib: 64, passes: 1 },
        ..Config::default()
    }
}

impl TestRelay {
    pub fn start() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::at(TempDir::new().unwrap(), change)
    }

    pub fn at(folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        Self::by(Clock::start(), folder, change)
    }

    pub fn by(clock: Clock, folder: TempDir, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(&folder);
        change(&mut config);
        let keys = || Keys::open(&config.data_dir).unwrap();
        let setup_code = (!config.is_private()).then(|| keys().setup_code().unwrap());
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listeners = Listeners::bind(any, any).unwrap();
        let (address, ops) = (listeners.address(), listeners.ops_address().unwrap());
        let (shutdown, told) = watch::channel(Shutdown::Running);
        let running = tokio::spawn(run_by(clock, config, listeners, told));
        Self { address, ops, folder, shutdown, running, setup_code }
    }

    /// Stops it and gives its data folder back.
    pub async fn stop(self) -> TempDir {
        self.shutdown.send_replace(Shutdown::Draining);
        tokio::time::timeout(PATIENCE, self.running).await.unwrap().unwrap().unwrap();
        self.folder
    }

    pub async fn http(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Reply {
        http(self.address, method, path, token, body, &[]).await
    }

    pub async fn sign_up(&self, name: &str) -> Person {
        let body = json!({
            "username": name, "display_name": name.to_uppercase(), "password": PASSWORD,
            "device": { "name": "test", "platform": "cli" }, "invite": self.setup_code,
        });
        let reply = self.http("POST", "/api/v1/auth/register", None, &body).await;
        assert_eq!(reply.status, 201, "{name} gets an account: {}", reply.text);
        Person { name: name.to_owned(), signed_in: reply.json() }
    }

    pub async fn sign_in(&self, name: &str) -> Person {
        let body = json!({
            "username": name, "password": PASSWORD,
            "device": { "name": "second", "platform": "cli" },
        });
        let reply = self.http("POST", "/api/v1/auth/login", None, &body).await;
        assert_eq!(reply.status, 200, "{name} signs in: {}", reply.text);
        Person { name: name.to_owned(), signed_in: reply.json() }
    }

    /// Makes the two contacts and says where they call each other.
    pub async fn befriend(&self, a: &Person, b: &Person) -> ConversationId {
        befriend(self.address, a, b).await
    }

    /// Makes a group whose members all accepted.
    pub async fn gather(&self, owner: &Person, others: &[&Person]) -> ConversationId {
        let members: Vec<_> = others.iter().map(|other| other.user()).collect();
        let wanted = json!({ "name": "Team", "members": members });
        let made = self.http("POST", "/api/v1/conversations", Some(owner.token()), &wanted).await;
        assert_eq!(made.status, 201, "making a group: {}", made.text);
        let group = made.json::<bellwire_protocol::Conversation>().id;
        for other in others {
            let path = format!("/api/v1/conversations/{group}/accept");
            let joined = self.http("POST", &path, Some(other.token()), &Value::Null).await;
            assert_eq!(joined.status, 200, "joining: {}", joined.text);
        }
        group
    }

    pub async fn connect(&self, person: &Person) -> Client {
        let mut client = Client::open(self.address).await;
        client.hello(person.token(), None).await;
        client.greeted().await;
        client
    }

    pub async fn resume(&self, person: &Person, from: &Client) -> Client {
        let mut client = Client::open(self.address).await;
        let session = from.welcome.as_ref().unwrap().session.clone();
        client.hello(person.token(), Some(Resume { session, seq: from.seq })).await;
        client.seq = from.seq;
        client.greeted().await;
        client
    }

    pub async fn metric(&self, name: &str) -> f64 {
        metric(self.ops, name).await
    }
}

/// Times that a test sets, in ms.
#[derive(Debug)]
pub struct SetTime {
    wall: AtomicU64,
    steady: AtomicU64,
}

impl SetTime {
    /// The present time, which stands still.
    pub fn now() -> Arc<Self> {
        Arc::new(Self { wall: AtomicU64::new(now_ms()), steady: AtomicU64::new(1_000_000) })
    }

    pub fn clock(self: &Arc<Self>) -> Clock {
        Clock::from(Arc::<Self>::clone(self))
    }

    pub fn wall_ms(&self) -> u64 {
        self.wall.load(Ordering::SeqCst)
    }

    /// Time passes.
    pub fn pass(&self, ms: u64) {
        self.steady.fetch_add(ms, Ordering::SeqCst);
        self.wall.fetch_add(ms, Ordering::SeqCst);
    }

    /// Somebody sets the clock.
    pub fn set_by(&self, ms: i64) {
        let set = |wall: u64| wall.checked_add_signed(ms);
        self.wall.fetch_update(Ordering::SeqCst, Ordering::SeqCst, set).unwrap();
    }
}

impl TimeSource for SetTime {
    fn wall(&self) -> Duration {
        Duration::from_millis(self.wall.load(Ordering::SeqCst))
    }
    fn steady(&self) -> Duration {
        Duration::from_millis(self.steady.load(Ordering::SeqCst))
    }
}

pub struct Person {
    pub name: String,
    pub signed_in: SignedIn,
}

impl Person {
    pub fn token(&self) -> &str {
        self.signed_in.access_token.as_str()
    }
    pub fn user(&self) -> UserId {
        self.signed_in.user
    }
    pub fn device(&self) -> DeviceId {
        self.signed_in.device
    }
}

#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub text: String,
}

impl Reply {
    pub fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_str(&self.text).unwrap()
    }
    pub fn problem(&self) -> Problem {
        assert!(self.head.contains("application/problem+json"), "{}", self.head);
        self.json()
    }
    pub fn header(&self, name: &str) -> Option<String> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    }
}

pub async fn http(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: &Value,
    headers: &[(&str, &str)],
) -> Reply {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let body = if body.is_null() { String::new() } else { body.to_string() };
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str(&format!("host: {address}\r\n"));
    }
    if !body.is_empty() {
        request.push_str("content-type: application/json\r\n");
    }
    if let Some(token) = token {
        request.push_str(&format!("authorization: Bearer {token}\r\n"));
    }
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap();
    read.unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (head, text) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let text = if head.to_lowercase().contains("transfer-encoding: chunked") {
        unchunk(text)
    } else {
        text.to_owned()
    };
    Reply { status, head: head.to_owned(), text }
}

fn unchunk(mut text: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = text.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        whole.push_str(&rest[..size]);
        if size == 0 {
            break;
        }
        text = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

pub struct Client {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub seq: u64,
    /// Bytes of the longest frame so far.
    pub longest: usize,
    pub welcome: Option<Box<Welcome>>,
    pub snapshot: Option<Box<Snapshot>>,
    pub waiting: VecDeque<RelayMessage>,
    next_id: u32,
}

pub async fn upgrade(
    address: SocketAddr,
    protocol: Option<&str>,
    origin: Option<&str>,
) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>, WsError> {
    let mut request = format!("ws://{address}/ws").into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    if let Some(origin) = origin {
        request.headers_mut().insert("origin", origin.parse().unwrap());
    }
    tokio_tungstenite::connect_async(request).await.map(|(socket, _)| socket)
}

impl Client {
    pub async fn open(address: SocketAddr) -> Self {
        Self::over(upgrade(address, Some("bellwire.v1"), None).await.unwrap())
    }

    /// On a socket that was opened otherwise.
    pub fn over(socket: WebSocketStream<MaybeTlsStream<TcpStream>>) -> Self {
        let (welcome, snapshot) = (None, None);
        let waiting = VecDeque::new();
        Self { socket, seq: 0, longest: 0, welcome, snapshot, waiting, next_id: 1 }
    }

    /// Closes the socket as a browser does when its page is left.
    pub async fn leave(&mut self) {
        let frame = CloseFrame { code: CloseCode::Away, reason: "".into() };
        self.socket.close(Some(frame)).await.unwrap();
    }

    pub async fn send_text(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    pub async fn say(&mut self, message: ClientMessage) {
        let frame = ClientFrame { id: None, message };
        self.send_text(bellwire_protocol::encode(&frame)).await;
    }

    pub async fn hello(&mut self, token: &str, resume: Option<Resume>) {
        let client =
            ClientInfo { name: "test".into(), version: "0".into(), platform: "test".into() };
        let token = Secret::new(token).unwrap();
        self.say(ClientMessage::Hello { token, client, resume }).await;
    }

    pub async fn greeted(&mut self) {
        let RelayMessage::Welcome(welcome) = self.receive().await else { panic!("no welcome") };
        if !welcome.resumed {
            let RelayMessage::Snapshot(snapshot) = self.receive().await else {
                panic!("no snapshot")
            };
            self.snapshot = Some(snapshot);
        }
        self.welcome = Some(welcome);
    }

    /// The next message, or the close code.
    pub async fn next(&mut self) -> Result<RelayMessage, Option<u16>> {
        loop {
            let next = tokio::time::timeout(PATIENCE, self.socket.next()).await;
            match next.expect("the relay says something in time") {
                Some(Ok(Message::Text(text))) => {
                    self.longest = self.longest.max(text.len());
                    let frame: RelayFrame = bellwire_protocol::decode(&text).unwrap();
                    match &frame.message {
                        RelayMessage::Welcome(welcome) if welcome.resumed => {
                            assert_eq!(frame.seq, self.seq, "a resumed welcome repeats the number");
                        }
                        RelayMessage::Welcome(_) => assert_eq!(frame.seq, 1, "a fresh session"),
                        _ => assert_eq!(frame.seq, self.seq + 1, "numbers have no gap: {text}"),
                    }
                    self.seq = frame.seq;
                    return Ok(frame.message);
                }
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|f| f.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    pub async fn receive(&mut self) -> RelayMessage {
        match self.waiting.pop_front() {
            Some(message) => message,
            None => self.next().await.expect("the socket is open"),
        }
    }

    /// The close code, whatever is said before it.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            match self.next().await {
                Ok(_) => {}
                Err(code) => return code,
            }
        }
    }

    /// The first message that is wanted; others wait.
    pub async fn expect<T>(&mut self, want: impl Fn(&RelayMessage) -> Option<T>) -> T {
        let found = self.waiting.iter().enumerate().find_map(|(n, m)| Some((n, want(m)?)));
        if let Some((n, found)) = found {
            self.waiting.remove(n);
            return found;
        }
        loop {
            let message = self.next().await.expect("the socket is open");
            if let Some(found) = want(&message) {
                return found;
            }
            self.waiting.push_back(message);
        }
    }

    /// Asks and waits for the answer; what comes in between waits.
    pub async fn ask(
        &mut self,
        message: ClientMessage,
    ) -> Result<(), (bellwire_protocol::ErrorCode, Option<u64>)> {
        let id = self.next_id;
        self.next_id += 1;
        let frame = ClientFrame { id: Some(id), message };
        self.send_text(bellwire_protocol::encode(&frame)).await;
        self.expect(|message| match message {
            RelayMessage::Ok { re } if *re == id => Some(Ok(())),
            RelayMessage::Error { re, code, retry_after_ms, .. } if *re == Some(id) => {
                Some(Err((*code, *retry_after_ms)))
            }
            _ => None,
        })
        .await
    }

    /// Everything that was said before this moment.
    pub async fn drain(&mut self) -> Vec<RelayMessage> {
        let t = u64::from(self.next_id) + 7_000_000;
        self.next_id += 1;
        self.say(ClientMessage::Ping { t }).await;
        let pong = |m: &RelayMessage| match m {
            RelayMessage::Pong { t: back, .. } if *back == t => Some(()),
            _ => None,
        };
        self.expect(pong).await;
        self.waiting.drain(..).collect()
    }

    pub async fn ended(&mut self, call: CallId) -> bellwire_protocol::EndReason {
        self.expect(|message| match message {
            RelayMessage::CallEnded { call_id, reason } if *call_id == call => Some(*reason),
            _ => None,
        })
        .await
    }

    pub async fn incoming(&mut self, call: CallId) -> Offer {
        self.expect(|message| match message {
            RelayMessage::CallIncoming { call_id, offer, .. } if *call_id == call => {
                Some(offer.clone())
            }
            _ => None,
        })
        .await
    }
}

/// Asks again and again until it is so.
pub async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One metric of the relay whose operations listener this is.
pub async fn metric(ops: SocketAddr, name: &str) -> f64 {
    let text = http(ops, "GET", "/metrics", None, &Value::Null, &[]).await.text;
    let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or(0.0)
}

/// Status and words of `/readyz`.
pub async fn ready(ops: SocketAddr) -> (u16, String) {
    let reply = http(ops, "GET", "/readyz", None, &Value::Null, &[]).await;
    (reply.status, reply.text)
}

/// Makes the two contacts and says where they call each other.
pub async fn befriend(at: SocketAddr, a: &Person, b: &Person) -> ConversationId {
    let ask = json!({ "username": b.name });
    let asked = http(at, "POST", "/api/v1/contacts", Some(a.token()), &ask, &[]).await;
    assert_eq!(asked.status, 200, "asking for contact: {}", asked.text);
    let path = format!("/api/v1/contacts/{}/accept", a.user());
    let accepted = http(at, "POST", &path, Some(b.token()), &Value::Null, &[]).await;
    assert_eq!(accepted.status, 200, "accepting: {}", accepted.text);
    let path = "/api/v1/conversations";
    let list = http(at, "GET", path, Some(a.token()), &Value::Null, &[]).await;
    let list: bellwire_protocol::http::Conversations = list.json();
    let direct = list.conversations.iter().find(|conversation| {
        conversation.name.is_none() && conversation.members.iter().any(|m| m.user == b.user())
    });
    direct.unwrap().id
}

pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

pub fn now_ms() -> u64 {
    Clock::start().wall().ms()
}

pub fn call_id() -> CallId {
    CallId::from_parts(now_ms(), random())
}

pub fn offer() -> Offer {
    let offer_id = OfferId::from_parts(now_ms(), random());
    Offer { offer_id, sdp: Sdp::new("v=0 offer").unwrap(), proof: None }
}

pub fn initiate(call_id: CallId, conversation: ConversationId) -> ClientMessage {
    ClientMessage::CallInitiate { call_id, conversation, media: Media::Video, offer: offer() }
}

pub fn candidates<'a>(lines: impl IntoIterator<Item = &'a str>) -> Candidates {
    let candidate = |line| IceCandidate {
        ufrag: Ufrag::new("abcd").unwrap(),
        mid: Mid::new("0").unwrap(),
        candidate: Candidate::new(line).unwrap(),
    };
    Candidates::new(lines.into_iter().map(candidate).collect()).unwrap()
}

pub fn answer(call_id: CallId, offer: &Offer) -> ClientMessage {
    let sdp = Sdp::new("v=0 answer").unwrap();
    let answer = bellwire_protocol::Answer { offer_id: offer.offer_id, sdp, proof: None };
    ClientMessage::CallAnswer { call_id, media: Media::Video, answer }
}
