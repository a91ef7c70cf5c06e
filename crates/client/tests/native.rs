//! The driver on tokio against a relay of this test: real sockets, real HTTP.

use std::time::Duration;

use bellwire_client::native::{Client, MemoryVault, NoPeers, Options, Vault as _};
use bellwire_core::api::{Account, Command, RelayState, SignInProblem, View};
use bellwire_core::{CallInProgress, Record, SignIn};
use bellwire_protocol::http::SignedIn;
use bellwire_protocol::limits::RELAY_FRAME_BYTES;
use bellwire_protocol::{
    CallId, CallableBy, ClientFrame, ClientMessage, ConversationId, DeviceId, Limits, Me, Media,
    MediaState, PresenceStatus, RelayFrame, RelayMessage, Secret, UserId, Welcome, decode, encode,
};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// Longer than any step takes; only a failing test waits for it.
const PATIENCE: Duration = Duration::from_secs(20);

type Hello = (WebSocketStream<TcpStream>, String);

/// A relay with one account. It answers requests and greets sockets by itself; the test has the
/// sockets.
struct Relay {
    url: String,
    hellos: mpsc::Receiver<Hello>,
}

impl Relay {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let (greeted, hellos) = mpsc::channel(16);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, greeted.clone()));
            }
        });
        Self { url, hellos }
    }

    /// The next socket that said hello, and the token that it said.
    async fn hello(&mut self) -> Hello {
        self.hellos.recv().await.expect("the relay lives as long as the test")
    }
}

async fn serve(stream: TcpStream, greeted: mpsc::Sender<Hello>) {
    let mut head = [0; 8];
    // The client writes the whole head at once, or closes without a word.
    if stream.peek(&mut head).await.expect("readable") < head.len() {
        return;
    }
    if head.starts_with(b"GET /ws ") {
        let _ = greeted.send(greet(stream).await).await;
    } else {
        answer(stream).await;
    }
}

async fn greet(stream: TcpStream) -> Hello {
    #[expect(clippy::result_large_err, reason = "the callback's type is tungstenite's")]
    let mut socket = accept_hdr_async(stream, |request: &Request, mut response: Response| {
        let protocol = request.headers().get("sec-websocket-protocol").cloned();
        response.headers_mut().extend(protocol.map(|value| {
            (tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL, value)
        }));
        Ok(response)
    })
    .await
    .expect("a handshake");
    let hello = socket.next().await.expect("open").expect("a frame").into_text().expect("text");
    let hello: ClientFrame = decode(&hello).expect("a frame of the protocol");
    let ClientMessage::Hello { token, .. } = hello.message else {
        panic!("the first frame is hello");
    };
    let welcome = Welcome {
        session: Secret::new("session").expect("short"),
        resumed: false,
        me: Me {
            user: UserId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            username: "ada".to_owned().try_into().expect("a user name"),
            display_name: "Ada".to_owned().try_into().expect("a name"),
            callable_by: CallableBy::Contacts,
            administrator: false,
        },
        ice_servers: Vec::new(),
        limits: Limits::default(),
        features: Vec::new(),
        version: "0.1.0".to_owned(),
        server_time: unix_ms(),
    };
    let messages =
        [RelayMessage::Welcome(Box::new(welcome)), RelayMessage::Snapshot(Box::default())];
    for (seq, message) in (1..).zip(messages) {
        let frame = encode(&RelayFrame { seq, message });
        socket.send(Message::text(frame)).await.expect("open");
    }
    (socket, token.as_str().to_owned())
}

fn unix_ms() -> u64 {
    let now = std::time::UNIX_EPOCH.elapsed().expect("after 1970");
    u64::try_from(now.as_millis()).expect("before the year 500,000,000")
}

/// One HTTP exchange. Only the password `correct horse` signs in.
async fn answer(mut stream: TcpStream) {
    let mut request = Vec::new();
    let whole = |request: &[u8]| {
        let text = String::from_utf8_lossy(request).to_lowercase();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let length = head
            .split("content-length: ")
            .nth(1)
            .map_or("0", |rest| rest.split("\r\n").next().unwrap_or("0"));
        (body.len() >= length.parse().unwrap_or(0)).then_some(text.clone())
    };
    let text = loop {
        if let Some(text) = whole(&request) {
            break text;
        }
        if stream.read_buf(&mut request).await.expect("a request") == 0 {
            return;
        }
    };
    let (status, body) = if text.starts_with("post /api/v1/auth/refresh ") {
        // Restored from an older backup, or unused for too long.
        let problem =
            r#"{"status":401,"title":"no","code":"unauthenticated","reason":"token_invalid"}"#;
        ("401 Unauthorized", problem.to_owned())
    } else if !text.starts_with("post /api/v1/auth/login ") {
        ("404 Not Found", r#"{"status":404,"title":"no","code":"not_found"}"#.to_owned())
    } else if text.contains("correct horse") {
        let signed_in = SignedIn {
            access_token: Secret::new("access").expect("short"),
            expires_in: 600,
            refresh_token: Secret::new("refresh").expect("short"),
            user: UserId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            device_cookie: Secret::new("cookie").expect("short"),
        };
        ("200 OK", encode(&signed_in))
    } else {
        let problem =
            r#"{"status":401,"title":"no","code":"unauthenticated","reason":"wrong_credentials"}"#;
        ("401 Unauthorized", problem.to_owned())
    };
    let reply = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(reply.as_bytes()).await.expect("the client waits for it");
}

fn client(relay: &str, vault: &MemoryVault) -> Client {
    Client::start(Options::new(relay, "bellwire-test", "0.1.0"), vault.clone(), NoPeers::new)
}

fn sign_in(password: &str) -> Command {
    Command::SignIn { username: "ada".to_owned(), password: password.to_owned() }
}

async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| panic!("never happened: {what}"))
}

fn is_home(view: &View) -> bool {
    view.relay == RelayState::Online
        && matches!(&view.account, Account::SignedIn(home) if home.ready)
}

#[tokio::test]
async fn a_person_signs_in_and_a_client_started_again_is_still_signed_in() {
    let mut relay = Relay::new().await;
    let vault = MemoryVault::default();
    let first = client(&relay.url, &vault);
    within("signed out", first.until(|view| matches!(view.account, Account::SignedOut { .. })))
        .await;
    first.dispatch(sign_in("correct horse"));
    let (_socket, token) = within("hello", relay.hello()).await;
    assert_eq!(token, "access");
    within("home", first.until(is_home)).await;
    first.stop().await;

    let second = client(&relay.url, &vault);
    let (_socket, token) = within("hello", relay.hello()).await;
    assert_eq!(token, "access", "no password is asked for");
    within("home", second.until(is_home)).await;
}

#[tokio::test]
async fn a_sign_in_that_is_refused_keeps_its_records_for_the_same_person() {
    let mut relay = Relay::new().await;
    let vault = MemoryVault::default();
    let conversation = ConversationId::from_bytes([7; 16]);
    let kept = Record::Seen { conversation, at: 1 };
    vault.clone().keep(kept.clone());
    vault.clone().keep(Record::SignIn(Some(SignIn {
        relay: relay.url.clone(),
        refresh_token: Secret::new("unknown to it").expect("short"),
        access_token: Secret::new("over").expect("short"),
        expires_at: 0,
        user: UserId::from_bytes([1; 16]),
        device: DeviceId::from_bytes([2; 16]),
        device_cookie: Secret::new("cookie").expect("short"),
        username: "ada".to_owned(),
        name: "Ada".to_owned(),
        over: false,
    })));
    let asks = |view: &View| {
        matches!(&view.account, Account::SignedOut { former: Some(former), .. }
            if former.name == "Ada")
    };
    let first = client(&relay.url, &vault);
    within("the password is asked for", first.until(asks)).await;
    first.stop().await;
    assert!(vault.clone().load().contains(&kept));
    let second = client(&relay.url, &vault);
    within("and again after a restart", second.until(asks)).await;
    second.dispatch(sign_in("correct horse"));
    let (_socket, _) = within("hello", relay.hello()).await;
    within("home", second.until(is_home)).await;
    second.stop().await;
    assert!(vault.clone().load().contains(&kept), "it is there again");
}

#[tokio::test]
async fn a_client_that_nobody_sees_leaves_the_call_of_its_earlier_run() {
    let relay = Relay::new().await;
    let vault = MemoryVault::default();
    let kept = Record::Call(Some(CallInProgress {
        call_id: CallId::from_bytes([3; 16]),
        at: 1,
        conversation: ConversationId::from_bytes([7; 16]),
        media: Media::Video,
        people: [UserId::from_bytes([4; 16])].into(),
        sending: MediaState { mic: true, camera: true, screen: false, narrow: false },
        claim: None,
    }));
    let calls = |vault: &MemoryVault| -> Vec<Record> {
        let records = vault.clone().load();
        records.into_iter().filter(|record| matches!(record, Record::Call(_))).collect()
    };
    let signed_out = |view: &View| matches!(view.account, Account::SignedOut { .. });
    for (leave_call, expected) in [(false, kept.clone()), (true, Record::Call(None))] {
        vault.clone().keep(kept.clone());
        let options = Options { leave_call, ..Options::new(&relay.url, "test", "1") };
        let client = Client::start(options, vault.clone(), NoPeers::new);
        within("loaded", client.until(signed_out)).await;
        client.stop().await;
        assert_eq!(calls(&vault), [expected]);
    }
}

#[tokio::test]
async fn a_wrong_password_is_a_problem_beside_the_form() {
    let mut relay = Relay::new().await;
    let client = client(&relay.url, &MemoryVault::default());
    client.dispatch(sign_in("wrong donkey"));
    let refused = |view: &View| {
        matches!(
            &view.account,
            Account::SignedOut { problem: Some(SignInProblem::Refused { .. }), .. }
        )
    };
    within("refused", async {
        tokio::select! {
            _ = client.until(refused) => {}
            _ = relay.hello() => panic!("nobody is signed in"),
        }
    })
    .await;
}

#[tokio::test]
async fn what_was_said_before_a_stop_has_left_when_it_returns() {
    let mut relay = Relay::new().await;
    let url = relay.url.clone();
    // The client's program ends, with every task of it, as soon as the stop has returned.
    let program = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        runtime.block_on(async {
            let client = client(&url, &MemoryVault::default());
            client.dispatch(sign_in("correct horse"));
            within("home", client.until(is_home)).await;
            client.dispatch(Command::SetStatus { status: PresenceStatus::Dnd });
            client.stop().await;
        });
        runtime.shutdown_background();
    });
    let (mut socket, _) = within("hello", relay.hello()).await;
    let mut said = Vec::new();
    while let Some(Ok(Message::Text(text))) = within("the end", socket.next()).await {
        let frame: ClientFrame = decode(&text).expect("a frame of the protocol");
        said.push(frame.message);
    }
    assert!(said.contains(&ClientMessage::PresenceSet { status: PresenceStatus::Dnd }), "{said:?}");
    program.join().expect("the client's program");
}

#[tokio::test]
async fn a_lost_socket_is_opened_again() {
    let mut relay = Relay::new().await;
    let client = client(&relay.url, &MemoryVault::default());
    client.dispatch(sign_in("correct horse"));
    let (socket, _) = within("hello", relay.hello()).await;
    within("home", client.until(is_home)).await;
    drop(socket);
    within("lost", client.until(|view| view.relay != RelayState::Online)).await;
    let (_socket, _) = within("hello again", relay.hello()).await;
    within("home again", client.until(is_home)).await;
}

#[tokio::test]
async fn a_socket_that_says_nothing_after_a_change_of_network_is_replaced() {
    let mut relay = Relay::new().await;
    let client = client(&relay.url, &MemoryVault::default());
    client.dispatch(sign_in("correct horse"));
    // Nobody answers on it, and nobody closes it, as where its address is gone.
    let (mut silent, _) = within("hello", relay.hello()).await;
    within("home", client.until(is_home)).await;
    client.network_changed();
    let (mut fresh, _) = within("hello on a second socket", relay.hello()).await;
    within("the end of the first", async { while let Some(Ok(_)) = silent.next().await {} }).await;
    within("home", client.until(is_home)).await;
    client.dispatch(Command::SetStatus { status: PresenceStatus::Dnd });
    let said = within("a word on the second", async {
        while let Some(Ok(Message::Text(text))) = fresh.next().await {
            let frame: ClientFrame = decode(&text).expect("a frame of the protocol");
            if frame.message == (ClientMessage::PresenceSet { status: PresenceStatus::Dnd }) {
                return true;
            }
        }
        false
    });
    assert!(said.await, "it goes on where the first was");
}

#[tokio::test]
async fn frames_that_cannot_be_taken_are_passed_over_on_the_same_socket() {
    let mut relay = Relay::new().await;
    let client = client(&relay.url, &MemoryVault::default());
    client.dispatch(sign_in("correct horse"));
    let (mut socket, _) = within("hello", relay.hello()).await;
    within("home", client.until(is_home)).await;
    let taken = "x".repeat(RELAY_FRAME_BYTES);
    for frame in [
        Message::text("{\"seq\":3,\"type\":\"call_incoming\"}"),
        Message::text("no json"),
        Message::text(taken.clone() + &taken),
        Message::binary(vec![0; 100]),
    ] {
        socket.send(frame).await.expect("open");
    }
    let all = |view: &View| view.skipped_frames == 4;
    let view = within("all are counted", client.until(all)).await;
    assert!(is_home(&view), "and the connection is the same");
    let message = RelayMessage::MeChanged {
        me: Me {
            user: UserId::from_bytes([1; 16]),
            device: DeviceId::from_bytes([2; 16]),
            username: "ada".to_owned().try_into().expect("a user name"),
            display_name: "Countess".to_owned().try_into().expect("a name"),
            callable_by: CallableBy::Contacts,
            administrator: false,
        },
    };
    let frame = encode(&RelayFrame { seq: 9, message });
    socket.send(Message::text(frame)).await.expect("open");
    let renamed = |view: &View| {
        matches!(&view.account, Account::SignedIn(home)
            if home.me.as_ref().is_some_and(|me| me.display_name.as_str() == "Countess"))
    };
    within("what follows is taken", client.until(renamed)).await;
}
