//! Calling and being called.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use bellwire_cli::film::{Film, FilmPictures};
use bellwire_cli::record::Recorder;
use bellwire_cli::wave::Wave;
use bellwire_client::native::PeerEvents;
use bellwire_core::api::{
    CallStage, CallView, Command, Home, PeerCommand, PeerEvent, PeerId, Slot, View,
};
use bellwire_protocol::{CallId, ConversationId, EndReason, Media};
use bellwire_rtc::network::Loopback;
use bellwire_rtc::peers::{self, Peers, Report};
use bellwire_voice::engine;
use serde_json::json;
use tokio::sync::mpsc;

use crate::account::{Session, home};
use crate::arguments::{Arguments, MediaArguments};
use crate::ending;
use crate::words::Words;

/// How long a call that this program hangs up may take to end.
const FAREWELL: Duration = Duration::from_secs(3);
/// Reports that may wait until they are said: figures of some minutes. While a terminal takes nothing,
/// more would only be old.
const REPORTS: usize = 256;

/// `bellwire-cli call`.
pub(crate) async fn place(
    arguments: &Arguments,
    username: &str,
    media: &MediaArguments,
) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::start(arguments, media).await?;
    let view = desk.session.client.view();
    let conversation = home(&view).and_then(|home| conversation(home, username));
    let Some(conversation) = conversation else {
        desk.stop().await;
        anyhow::bail!("{username} is no contact; add them in a browser first");
    };
    let kind = if media.video.is_empty() { Media::Voice } else { Media::Video };
    desk.session.client.dispatch(Command::PlaceCall { conversation, media: kind });
    let ended = desk.attend(None).await;
    desk.stop().await;
    ended
}

/// `bellwire-cli answer`.
pub(crate) async fn answer(
    arguments: &Arguments,
    auto: bool,
    media: &MediaArguments,
) -> anyhow::Result<ExitCode> {
    let mut desk = Desk::start(arguments, media).await?;
    desk.words.say("waiting for a call", &json!({ "type": "waiting" }));
    let kind = if media.video.is_empty() { Media::Voice } else { Media::Video };
    let ended = loop {
        let Some((call, name)) = desk.ring().await? else { break Ok(ExitCode::SUCCESS) };
        if auto || ask(&name).await? {
            desk.words.say("answering", &json!({ "type": "answering" }));
            desk.session.client.dispatch(Command::AcceptCall { call, media: kind });
            break desk.attend(Some(call)).await;
        }
        desk.session.client.dispatch(Command::DeclineCall { call });
    };
    desk.stop().await;
    ended
}

/// A signed-in client with its media.
struct Desk {
    session: Session,
    engine: engine::Engine,
    reports: mpsc::Receiver<(PeerId, Report)>,
    recorder: Option<Recorder>,
    words: Words,
    limit: Option<Duration>,
}

impl Desk {
    async fn start(arguments: &Arguments, media: &MediaArguments) -> anyhow::Result<Self> {
        let words = Words { json: arguments.json };
        let film = if media.video.is_empty() { None } else { Some(Film::open(&media.video)?) };
        let tell = move |text: String| words.say(&text, &json!({ "type": "note", "text": text }));
        let recorder =
            media.record.as_deref().map(|folder| Recorder::start(folder, tell)).transpose()?;
        let inlet = recorder.as_ref().map(Recorder::inlet);
        let shown = inlet.clone();
        let first = std::sync::atomic::AtomicBool::new(true);
        let options = peers::Options {
            sound: sound(media)?,
            loopback: if media.loopback { Loopback::Always } else { Loopback::WhenAlone },
            roots: Vec::new(),
        };
        let (told, reports) = mpsc::channel(REPORTS);
        // The executor is made before the client that gives it its orders and takes its events.
        let events = Arc::new(std::sync::OnceLock::<PeerEvents>::new());
        let way = events.clone();
        let peers = Peers::start(
            options,
            move |studio| {
                FilmPictures::new(film, studio, move |peer, slot, picture| {
                    if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
                        let size = format!("{}×{}", picture.width, picture.height);
                        let text = format!("the first picture is here, {size}");
                        words.say(&text, &json!({ "type": "first_picture", "slot": slot }));
                    }
                    if let Some(inlet) = &shown {
                        inlet.picture(peer, slot, picture);
                    }
                })
            },
            move |peer, report| {
                if let (Report::Event(event), Some(events)) = (&report, way.get()) {
                    events.report(peer, event.clone());
                }
                if is_worth_words(&report) {
                    // Fails after the desk was left, and while the terminal takes nothing.
                    let _ = told.try_send((peer, report));
                }
            },
        )?;
        let engine = peers.engine().clone();
        if let Some(inlet) = inlet {
            engine.record(Some(Box::new(move |block| inlet.sound(block))));
        }
        let session = Session::start(arguments, move |way_back| {
            // Set once, here.
            let _ = events.set(way_back);
            move |peer: PeerId, command: PeerCommand| peers.carry_out(peer, command)
        })
        .await?;
        let limit = media.seconds.map(Duration::from_secs);
        Ok(Self { session, engine, reports, recorder, words, limit })
    }

    /// Waits for a ring; `None` when the person gives up.
    async fn ring(&self) -> anyhow::Result<Option<(CallId, String)>> {
        let rings = |view: &View| home(view).is_some_and(|home| !home.rings.is_empty());
        tokio::select! {
            view = self.session.client.until(rings) => {
                Ok(home(&view).and_then(|home| home.rings.first()).map(|ring| {
                    let text = format!("{} calls", ring.name);
                    self.words.say(&text, &json!({ "type": "ringing", "name": ring.name }));
                    (ring.call, ring.name.clone())
                }))
            }
            interrupted = tokio::signal::ctrl_c() => {
                interrupted.context("the terminal cannot be listened to")?;
                Ok(None)
            }
        }
    }

    /// Stays in the call until it is over.
    async fn attend(&mut self, accepted: Option<CallId>) -> anyhow::Result<ExitCode> {
        let mut views = self.session.client.views();
        let mut stage = None;
        let mut since = None;
        let mut hanging_up = false;
        let mut hang_up_at = None;
        loop {
            let call = home(&views.borrow_and_update()).and_then(|home| home.call.clone());
            if let Some(call) = call.filter(|call| accepted.is_none_or(|own| own == call.id)) {
                if stage.as_ref() != Some(&call.stage) {
                    self.say_stage(&call);
                    stage = Some(call.stage.clone());
                }
                match call.stage {
                    CallStage::Connected { .. } if since.is_none() => {
                        let now = Instant::now();
                        since = Some(now);
                        hang_up_at = hang_up_at.or(self.limit.map(|limit| now + limit));
                    }
                    CallStage::Ended { reason, length_s } => {
                        self.words.ended(reason, length_s);
                        return Ok(ExitCode::from(ending::code(reason)));
                    }
                    CallStage::Dialling { .. }
                    | CallStage::Connecting
                    | CallStage::Connected { .. }
                    | CallStage::Reconnecting { .. } => {}
                }
            }
            tokio::select! {
                changed = views.changed() => changed.context("the client ended")?,
                Some((peer, report)) = self.reports.recv() => self.on_report(peer, report, since),
                () = sleep_until(hang_up_at) => {
                    if hanging_up {
                        self.words.ended(EndReason::Ended, None);
                        return Ok(ExitCode::SUCCESS);
                    }
                    hanging_up = true;
                    self.hang_up();
                    hang_up_at = Some(Instant::now() + FAREWELL);
                }
                _ = tokio::signal::ctrl_c() => {
                    if hanging_up {
                        return Ok(ExitCode::SUCCESS);
                    }
                    hanging_up = true;
                    self.hang_up();
                    hang_up_at = Some(Instant::now() + FAREWELL);
                }
            }
        }
    }

    fn hang_up(&self) {
        if let Some(call) = home(&self.session.client.view()).and_then(|home| home.call.as_ref()) {
            self.session.client.dispatch(Command::HangUp { call: call.id });
        }
    }

    fn say_stage(&self, call: &CallView) {
        let text = match call.stage {
            CallStage::Dialling { ringing: false } => format!("calling {}", call.name),
            CallStage::Dialling { ringing: true } => format!("it rings at {}", call.name),
            CallStage::Connecting => "connecting".to_owned(),
            CallStage::Connected { .. } => format!("connected with {}", call.name),
            CallStage::Reconnecting { .. } => "reconnecting".to_owned(),
            CallStage::Ended { .. } => return,
        };
        self.words.say(&text, &json!({ "type": "stage", "stage": call.stage }));
    }

    fn on_report(&self, peer: PeerId, report: Report, since: Option<Instant>) {
        match report {
            Report::Figures(figures) => {
                let seconds = since.map_or(0, |since| since.elapsed().as_secs());
                let sound = self.engine.figures(engine::LineId(peer.0.into()));
                let (level_in, level_out) =
                    sound.map_or((-90.0, -90.0), |sound| (sound.level_in, sound.level_out));
                self.words.live(seconds, &figures, level_in, level_out);
            }
            Report::Trouble(trouble) => {
                let text = format!("{trouble}; the call goes on with what else there is");
                self.words.say(&text, &json!({ "type": "trouble", "text": trouble.to_string() }));
            }
            Report::Event(PeerEvent::Slot { slot, state }) => {
                let name = match slot {
                    Slot::Audio => "microphone",
                    Slot::Camera => "camera",
                    Slot::Screen => "screen",
                    Slot::ScreenAudio => "sound of the screen",
                };
                self.words.slot(name, &state);
            }
            Report::Event(_) => {}
        }
    }

    async fn stop(self) {
        let Self { session, engine, recorder, .. } = self;
        engine.record(None);
        session.stop().await;
        drop(engine);
        if let Some(recorder) = recorder {
            recorder.finish();
        }
    }
}

fn sound(media: &MediaArguments) -> anyhow::Result<engine::Options> {
    if media.voice == "microphone" {
        return Ok(engine::Options::default());
    }
    let wave = Wave::open(media.voice.as_ref())?;
    let output = if media.listen { engine::Output::Device } else { engine::Output::Nowhere };
    Ok(engine::Options { input: engine::Input::Samples(Box::new(wave)), output, processing: false })
}

fn conversation(home: &Home, username: &str) -> Option<ConversationId> {
    home.conversations
        .iter()
        .find(|conversation| conversation.username.as_deref() == Some(username))
        .map(|conversation| conversation.id)
}

/// Asks on the terminal.
async fn ask(name: &str) -> anyhow::Result<bool> {
    let question = format!("{name} calls. Answer? [y/N] ");
    let line = tokio::task::spawn_blocking(move || {
        crate::words::complain(&question);
        let mut line = String::new();
        std::io::stdin().read_line(&mut line).map(|_| line)
    })
    .await?
    .context("the terminal cannot be read; use --auto")?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes"))
}

/// Waits for a moment; for ever where there is none.
async fn sleep_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment.into()).await,
        None => std::future::pending().await,
    }
}

/// A participant's messages are not: however many come, none waits here.
const fn is_worth_words(report: &Report) -> bool {
    match report {
        Report::Figures(_) | Report::Trouble(_) => true,
        Report::Event(event) => matches!(event, PeerEvent::Slot { .. }),
    }
}
