//! Against a real message bus, with a notification daemon of our own on it.

use std::collections::HashMap;
use std::io::BufRead as _;
use std::process::{Child, Command, Stdio};

use bellwire_protocol::{CallId, ConversationId, Media, UserId};
use zbus::object_server::SignalEmitter;
use zbus::zvariant::OwnedValue;

use super::super::situation::Ring;
use super::*;
use crate::words::Tongue;

/// A watchdog, not a measure.
const WATCHDOG: Duration = Duration::from_secs(20);

/// A message bus for one test, on which only those are who were put there.
struct PrivateBus {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

/// Of the standard one, it lacks the folders of services that are started on demand.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

impl PrivateBus {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("bus.conf");
        std::fs::write(&config, BUS).expect("written");
        let mut process = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address=1"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("dbus-daemon is installed");
        let mut address = String::new();
        let output = process.stdout.take().expect("it is piped");
        std::io::BufReader::new(output).read_line(&mut address).expect("it says its address");
        Self { process, address: address.trim().to_owned(), _folder: folder }
    }
}

impl Drop for PrivateBus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What a daemon was asked.
#[derive(Debug, PartialEq)]
enum Asked {
    Shown {
        id: u32,
        replaces: u32,
        title: String,
        body: String,
        actions: Vec<String>,
        expires: i32,
    },
    Closed(u32),
}

/// A notification daemon as the specification wants it.
struct MockDaemon {
    abilities: Vec<&'static str>,
    asked: mpsc::Sender<(Asked, HashMap<String, OwnedValue>)>,
    next: u32,
}

#[zbus::interface(name = "org.freedesktop.Notifications")]
impl MockDaemon {
    fn get_capabilities(&self) -> Vec<&str> {
        self.abilities.clone()
    }

    #[expect(clippy::too_many_arguments, reason = "as specified")]
    fn notify(
        &mut self,
        _app: &str,
        replaces: u32,
        _icon: &str,
        title: String,
        body: String,
        actions: Vec<String>,
        hints: HashMap<String, OwnedValue>,
        expires: i32,
    ) -> u32 {
        let id = if replaces == 0 { self.next } else { replaces };
        self.next += 1;
        let shown = Asked::Shown { id, replaces, title, body, actions, expires };
        self.asked.try_send((shown, hints)).expect("the test listens");
        id
    }

    fn close_notification(&self, id: u32) {
        self.asked.try_send((Asked::Closed(id), HashMap::new())).expect("the test listens");
    }

    #[zbus(signal)]
    async fn action_invoked(emitter: &SignalEmitter<'_>, id: u32, key: &str) -> zbus::Result<()>;

    #[zbus(signal)]
    async fn notification_closed(
        emitter: &SignalEmitter<'_>,
        id: u32,
        why: u32,
    ) -> zbus::Result<()>;
}

/// A daemon that runs, and what it was asked.
struct Running {
    connection: zbus::Connection,
    asked: mpsc::Receiver<(Asked, HashMap<String, OwnedValue>)>,
}

const ABILITIES: &[&str] = &["actions", "body", "body-markup"];
const PATH: &str = "/org/freedesktop/Notifications";

impl Running {
    /// `first` is the number that its first notification has.
    async fn start(bus: &PrivateBus, abilities: &[&'static str], first: u32) -> Self {
        let (sender, asked) = mpsc::channel(64);
        let daemon = MockDaemon { abilities: abilities.to_vec(), asked: sender, next: first };
        let connection = zbus::connection::Builder::address(&*bus.address)
            .and_then(|builder| builder.serve_at(PATH, daemon))
            .and_then(|builder| builder.name("org.freedesktop.Notifications"))
            .expect("a daemon")
            .build()
            .await
            .expect("it is on the bus");
        Self { connection, asked }
    }

    async fn asked(&mut self) -> (Asked, HashMap<String, OwnedValue>) {
        let asked = tokio::time::timeout(WATCHDOG, self.asked.recv());
        asked.await.expect("it is asked in time").expect("it runs")
    }

    async fn press(&self, id: u32, key: &str) {
        let emitter = SignalEmitter::new(&self.connection, PATH).expect("a path");
        MockDaemon::action_invoked(&emitter, id, key).await.expect("emitted");
    }

    async fn close(&self, id: u32) {
        let emitter = SignalEmitter::new(&self.connection, PATH).expect("a path");
        MockDaemon::notification_closed(&emitter, id, 2).await.expect("emitted");
    }

    /// Leaves the bus.
    async fn stop(self) {
        self.connection.close().await.expect("closed");
    }
}

fn desktop(bus: &PrivateBus) -> (Desktop, mpsc::Receiver<Press>) {
    let (presses, pressed) = mpsc::channel(64);
    (Desktop::start(Bus::At(bus.address.clone()), presses), pressed)
}

async fn pressed(presses: &mut mpsc::Receiver<Press>) -> Press {
    let press = tokio::time::timeout(WATCHDOG, presses.recv()).await;
    press.expect("it is told in time").expect("the desktop runs")
}

const RING: Key = Key::Ring(CallId::from_bytes([1; 16]));
const CHAT: Key = Key::Conversation(ConversationId::from_bytes([2; 16]));

fn ring(tongue: Tongue) -> Note {
    let (call, user) = (CallId::from_bytes([1; 16]), UserId::from_bytes([1; 16]));
    Note::ring(tongue, &Ring { call, user, name: "Ada & Bob".to_owned(), media: Media::Video })
}

fn actions(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[tokio::test]
async fn a_call_is_shown_as_one_with_its_buttons_and_taken_away() {
    let bus = PrivateBus::start();
    let mut daemon = Running::start(&bus, ABILITIES, 7).await;
    let (mut desktop, mut presses) = desktop(&bus);
    desktop.show(RING, ring(Tongue::De));
    let (asked, hints) = daemon.asked().await;
    let buttons = ["default", "Öffnen", "accept", "Annehmen", "decline", "Ablehnen"];
    assert_eq!(
        asked,
        Asked::Shown {
            id: 7,
            replaces: 0,
            title: "Ada & Bob ruft an".to_owned(),
            body: "Videoanruf".to_owned(),
            actions: actions(&buttons),
            expires: 0,
        }
    );
    let hint = |name: &str| (*hints[name]).try_clone().expect("a value");
    assert_eq!(hint("urgency"), Value::from(2_u8));
    assert_eq!(hint("category"), Value::from("call.incoming"));
    assert_eq!(hint("resident"), Value::from(true));
    assert_eq!(hint("suppress-sound"), Value::from(true), "the page rings");

    daemon.press(7, "accept").await;
    assert_eq!(pressed(&mut presses).await, (RING, Button::Accept));
    desktop.clear(RING);
    assert_eq!(daemon.asked().await.0, Asked::Closed(7));
}

#[tokio::test]
async fn what_is_pressed_on_anothers_notification_or_by_a_stranger_is_nothing() {
    let bus = PrivateBus::start();
    let mut daemon = Running::start(&bus, ABILITIES, 7).await;
    let (mut desktop, mut presses) = desktop(&bus);
    desktop.show(RING, ring(Tongue::En));
    daemon.asked().await;
    // A program that is no daemon says that the call was accepted.
    let stranger = zbus::connection::Builder::address(&*bus.address)
        .expect("an address")
        .build()
        .await
        .expect("it is on the bus");
    let signal = ("org.freedesktop.Notifications", "ActionInvoked");
    stranger
        .emit_signal(None::<&str>, PATH, signal.0, signal.1, &(7_u32, "accept"))
        .await
        .expect("emitted");
    // The bus keeps the order for this connection: what comes after it is heard after it.
    daemon.press(8, "accept").await;
    daemon.press(7, "unheard-of").await;
    daemon.press(7, "decline").await;
    assert_eq!(pressed(&mut presses).await, (RING, Button::Decline));
}

#[tokio::test]
async fn a_daemon_without_buttons_shows_plain_notifications() {
    let bus = PrivateBus::start();
    let mut daemon = Running::start(&bus, &["body"], 1).await;
    let (mut desktop, _presses) = desktop(&bus);
    let text = "<b>2 & 2</b>".to_owned();
    desktop.show(CHAT, Note::message(Tongue::En, "Ada".to_owned(), text.clone()));
    let (asked, _) = daemon.asked().await;
    let Asked::Shown { actions, body, expires, .. } = asked else { panic!("{asked:?}") };
    assert_eq!((actions, body, expires), (Vec::new(), text, -1), "text where no markup is read");
}

#[tokio::test]
async fn markup_of_others_is_text() {
    let bus = PrivateBus::start();
    let mut daemon = Running::start(&bus, ABILITIES, 1).await;
    let (mut desktop, _presses) = desktop(&bus);
    let text = "<a href=\"x\">2 & 2</a>".to_owned();
    desktop.show(CHAT, Note::message(Tongue::En, "Ada".to_owned(), text));
    let (asked, _) = daemon.asked().await;
    let Asked::Shown { body, .. } = asked else { panic!("{asked:?}") };
    assert_eq!(body, "&lt;a href=\"x\"&gt;2 &amp; 2&lt;/a&gt;");
}

#[tokio::test]
async fn a_daemon_that_starts_late_or_again_is_given_what_still_rings() {
    let bus = PrivateBus::start();
    let (mut desktop, mut presses) = desktop(&bus);
    desktop.show(RING, ring(Tongue::En));
    let mut daemon = Running::start(&bus, ABILITIES, 3).await;
    assert!(matches!(daemon.asked().await.0, Asked::Shown { id: 3, replaces: 0, .. }), "late");
    desktop.show(CHAT, Note::message(Tongue::En, "Ada".to_owned(), "Hello".to_owned()));
    assert!(matches!(daemon.asked().await.0, Asked::Shown { id: 4, .. }));
    // Said after the answer about the message was heard: without one that would not be old news.
    desktop.show(RING, ring(Tongue::En));
    assert!(matches!(daemon.asked().await.0, Asked::Shown { id: 3, replaces: 3, .. }));
    daemon.stop().await;

    let mut daemon = Running::start(&bus, ABILITIES, 30).await;
    let (asked, _) = daemon.asked().await;
    let Asked::Shown { id, replaces, title, .. } = asked else { panic!("{asked:?}") };
    assert_eq!((id, replaces, &*title), (30, 0, "Ada & Bob is calling"), "the call, not old news");
    daemon.press(30, "decline").await;
    assert_eq!(pressed(&mut presses).await, (RING, Button::Decline));
    desktop.clear(RING);
    assert_eq!(daemon.asked().await.0, Asked::Closed(30));
}

/// A daemon that comes while it is asked for shows the call, and is told again that it came. A second
/// notification of the same call would be one that nobody takes away.
#[tokio::test]
async fn a_daemon_that_comes_just_then_shows_a_call_once() {
    for round in 0..25 {
        let bus = PrivateBus::start();
        let (mut desktop, _presses) = desktop(&bus);
        desktop.show(RING, ring(Tongue::En));
        // What happens first differs from round to round.
        tokio::time::sleep(Duration::from_micros(400 * round)).await;
        let mut daemon = Running::start(&bus, ABILITIES, 3).await;
        assert!(matches!(daemon.asked().await.0, Asked::Shown { id: 3, replaces: 0, .. }));
        desktop.show(RING, ring(Tongue::De));
        let (asked, _) = daemon.asked().await;
        assert!(matches!(asked, Asked::Shown { id: 3, replaces: 3, .. }), "{asked:?}");
        desktop.clear(RING);
        assert_eq!(daemon.asked().await.0, Asked::Closed(3), "and then it is gone");
    }
}

#[tokio::test]
async fn what_the_person_closed_is_not_closed_again_and_the_next_call_is_shown() {
    let bus = PrivateBus::start();
    let mut daemon = Running::start(&bus, ABILITIES, 7).await;
    let (mut desktop, mut presses) = desktop(&bus);
    desktop.show(RING, ring(Tongue::En));
    daemon.asked().await;
    // Some daemons close what was pressed: the press counts although it is gone.
    daemon.press(7, "default").await;
    daemon.close(7).await;
    assert_eq!(pressed(&mut presses).await, (RING, Button::Open));
    desktop.show(CHAT, Note::message(Tongue::En, "Ada".to_owned(), "Hello".to_owned()));
    assert!(matches!(daemon.asked().await.0, Asked::Shown { id: 8, .. }));
    desktop.clear(RING);
    desktop.clear(CHAT);
    assert_eq!(daemon.asked().await.0, Asked::Closed(8));
}

#[tokio::test]
async fn without_a_bus_it_goes_on_and_finds_one_later() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("bus");
    let (presses, _pressed) = mpsc::channel(64);
    let mut desktop = Desktop::start(Bus::At(format!("unix:path={}", path.display())), presses);
    desktop.show(RING, ring(Tongue::En));
    desktop.clear(RING);
    let bus = PrivateBus::start();
    let real = bus.address.strip_prefix("unix:path=").and_then(|rest| rest.split(',').next());
    std::os::unix::fs::symlink(real.expect("a path"), &path).expect("linked");
    let mut daemon = Running::start(&bus, ABILITIES, 1).await;
    desktop.show(CHAT, Note::message(Tongue::En, "Ada".to_owned(), "Hello".to_owned()));
    assert!(matches!(daemon.asked().await.0, Asked::Shown { id: 1, .. }), "and not the old call");
}
