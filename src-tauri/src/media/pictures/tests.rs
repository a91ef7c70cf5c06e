use bellwire_core::api::{PeerCommand, PeerEvent};
use bellwire_rtc::network::Loopback;
use bellwire_rtc::peers::{Options, Peers, Report};
use bellwire_voice::engine;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::*;

const PEER: PeerId = PeerId(1);
const OTHER: PeerId = PeerId(2);

/// An executor with pictures over a page, as the app has it.
struct App {
    pictures: PagePictures,
    peers: Peers,
    events: mpsc::Receiver<PeerEvent>,
    wanted: mpsc::Receiver<()>,
}

impl App {
    fn start() -> Self {
        let (report, events) = mpsc::channel(64);
        let (want, wanted) = mpsc::channel(64);
        let pictures = PagePictures::new(move || want.try_send(()).expect("somebody listens"));
        let options = Options {
            sound: engine::Options::default(),
            loopback: Loopback::WhenAlone,
            roots: Vec::new(),
        };
        let peers = Peers::start(
            options,
            |studio| pictures.with(studio),
            move |_, said| {
                if let Report::Event(event @ PeerEvent::Slot { .. }) = said {
                    // Fails when the test is over.
                    let _ = report.try_send(event);
                }
            },
        )
        .expect("an executor");
        Self { pictures, peers, events, wanted }
    }

    /// A call begins, with the camera.
    async fn call(&mut self) {
        self.pictures.open(PEER);
        self.wanted.recv().await.expect("the window is told");
        self.peers
            .carry_out(PEER, PeerCommand::Open { ice_servers: Vec::new(), relay_only: false });
        self.send_camera(true);
    }

    fn send_camera(&self, on: bool) {
        let command = PeerCommand::Send { slot: Slot::Camera, on, device: None };
        self.peers.carry_out(PEER, command);
    }

    async fn page(&self) -> Window {
        let pass = self.pictures.admit().expect("a port").expect("a call");
        let mut request =
            format!("ws://127.0.0.1:{}", pass.port).into_client_request().expect("an address");
        let headers = request.headers_mut();
        headers.insert("origin", HeaderValue::from_static("tauri://localhost"));
        let protocols = HeaderValue::from_str(&pass.protocols.join(", ")).expect("plain");
        headers.insert("sec-websocket-protocol", protocols);
        Window(tokio_tungstenite::connect_async(request).await.expect("let in").0)
    }

    async fn slot(&mut self) -> SlotState {
        match self.events.recv().await {
            Some(PeerEvent::Slot { slot: Slot::Camera, state }) => state,
            other => panic!("not the camera: {other:?}"),
        }
    }
}

/// The page's end.
struct Window(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Window {
    async fn hears(&mut self) -> ToPage {
        match self.0.next().await {
            Some(Ok(Message::Text(text))) => serde_json::from_str(&text).expect("an order"),
            other => panic!("no order: {other:?}"),
        }
    }

    async fn hears_of(&mut self, wanted: impl Fn(&ToPage) -> bool) {
        while !wanted(&self.hears().await) {}
    }

    /// All that was said was heard.
    async fn was_heard(&mut self) {
        self.0.send(Message::Ping("?".into())).await.expect("it is heard");
        while !matches!(self.0.next().await.expect("open"), Ok(Message::Pong(_))) {}
    }

    async fn is_let_go(&mut self) {
        while let Some(Ok(_)) = self.0.next().await {}
    }

    async fn says(&mut self, message: FromPage) {
        let text = serde_json::to_string(&message).expect("written");
        self.0.send(Message::text(text)).await.expect("it is heard");
    }
}

fn live() -> SlotState {
    SlotState::Live { label: "a camera".into() }
}

fn is_capture(order: &ToPage) -> bool {
    *order == ToPage::Capture { slot: Slot::Camera, device: None }
}

#[tokio::test]
async fn what_the_page_says_of_its_camera_is_what_the_call_knows() {
    let mut app = App::start();
    app.call().await;
    let mut page = app.page().await;
    page.hears_of(is_capture).await;
    page.says(FromPage::State { slot: Slot::Camera, state: live() }).await;
    assert_eq!(app.slot().await, live(), "once it is");
    app.send_camera(false);
    page.hears_of(|order| *order == ToPage::Stop { slot: Slot::Camera }).await;
    assert_eq!(app.slot().await, SlotState::Off, "at once");
    page.says(FromPage::State { slot: Slot::Camera, state: live() }).await;
    page.was_heard().await;
    app.send_camera(true);
    page.hears_of(is_capture).await;
    let problem = DeviceProblem::Busy;
    page.says(FromPage::State { slot: Slot::Camera, state: SlotState::Unavailable { problem } })
        .await;
    assert_eq!(
        app.slot().await,
        SlotState::Unavailable { problem },
        "and what a page says of a camera that nobody wants counts for nothing"
    );
}

#[tokio::test]
async fn a_page_that_comes_back_is_ordered_what_is_wished() {
    let mut app = App::start();
    app.call().await;
    let mut page = app.page().await;
    page.hears_of(is_capture).await;
    page.says(FromPage::State { slot: Slot::Camera, state: live() }).await;
    assert_eq!(app.slot().await, live());
    app.pictures.order(Slot::Camera, Order::Size { width: 320, height: 180 });
    app.pictures.order(Slot::Camera, Order::Hold(true));
    drop(page);
    let problem = DeviceProblem::Hung;
    assert_eq!(app.slot().await, SlotState::Unavailable { problem }, "nothing is live without it");
    let mut page = app.page().await;
    let mut heard = Vec::new();
    loop {
        let order = page.hears().await;
        if is_capture(&order) {
            break;
        }
        heard.push(order);
    }
    let slot = Slot::Camera;
    assert!(heard.contains(&ToPage::Size { slot, width: 320, height: 180 }), "heard {heard:?}");
    assert!(heard.contains(&ToPage::Hold { slot, on: true }), "heard {heard:?}");
    page.says(FromPage::State { slot: Slot::Camera, state: live() }).await;
    assert_eq!(app.slot().await, live(), "as before");
}

#[tokio::test]
async fn a_new_page_takes_the_place_of_the_old_one() {
    let mut app = App::start();
    app.call().await;
    let mut old = app.page().await;
    old.hears_of(is_capture).await;
    let mut new = app.page().await;
    old.is_let_go().await;
    new.hears_of(is_capture).await;
}

#[tokio::test]
async fn no_page_is_let_in_before_or_after_a_call() {
    let mut app = App::start();
    assert_eq!(app.pictures.admit().expect("no error"), None, "there is no call");
    app.call().await;
    app.pictures.open(OTHER);
    let mut page = app.page().await;
    let waiting = app.pictures.admit().expect("a port").expect("a call");
    app.peers.carry_out(PEER, PeerCommand::Close);
    page.hears_of(|order| *order == ToPage::Close { peer: PEER }).await;
    app.pictures.close(OTHER);
    page.is_let_go().await;
    assert_eq!(app.pictures.admit().expect("no error"), None, "it is over");
    // The port is closed by a task that was told to end.
    while TcpStream::connect(("127.0.0.1", waiting.port)).await.is_ok() {}
    assert!(app.wanted.try_recv().is_err(), "one call wants pictures once");
}

#[tokio::test]
async fn a_page_is_ready_while_it_rings_and_captures_nothing_before_the_call_is_accepted() {
    let mut app = App::start();
    app.pictures.expect(true);
    app.wanted.recv().await.expect("the window is told");
    let mut page = app.page().await;
    page.was_heard().await;
    app.pictures.expect(true);
    app.pictures.open(PEER);
    app.peers.carry_out(PEER, PeerCommand::Open { ice_servers: Vec::new(), relay_only: false });
    app.send_camera(true);
    assert_eq!(page.hears().await, ToPage::Open { peer: PEER }, "the first that it hears");
    page.hears_of(is_capture).await;
    app.peers.carry_out(PEER, PeerCommand::Close);
    page.is_let_go().await;
    app.wanted.recv().await.expect("for the call that still rings");
    let mut page = app.page().await;
    app.pictures.expect(false);
    page.is_let_go().await;
    assert_eq!(app.pictures.admit().expect("no error"), None, "it rings no more");
    assert!(app.wanted.try_recv().is_err(), "one call wants pictures once");
}

#[tokio::test]
async fn pictures_cross_and_nonsense_asks_for_a_key_frame() {
    let mut app = App::start();
    app.call().await;
    let mut page = app.page().await;
    page.hears_of(is_capture).await;
    let key = vec![0x10, 0, 0, 0x9d, 0x01, 0x2a, 64, 0, 48, 0, 1, 2];
    let picture = Picture::read(key, 5).expect("it looks like VP8");
    app.pictures.show(PEER, Slot::Camera, picture.clone());
    let frame = loop {
        if let Some(Ok(Message::Binary(bytes))) = page.0.next().await {
            break Frame::read(&bytes).expect("a frame");
        }
    };
    assert_eq!(frame, Frame { way: Way::Shown(PEER), slot: Slot::Camera, picture });
    page.0.send(Message::binary(vec![7; 40])).await.expect("it is heard");
    page.hears_of(|order| *order == ToPage::Key { slot: Slot::Camera }).await;
    page.0.send(Message::text("{")).await.expect("it is heard");
    page.says(FromPage::State { slot: Slot::Camera, state: live() }).await;
    assert_eq!(app.slot().await, live(), "and it goes on");
}
