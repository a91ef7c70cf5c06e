//! One input in, outputs out: where the parts meet.

mod chat;
mod clock;
mod commands;
mod frames;
mod groups;
mod replies;
mod requests;
mod resets;
mod view;

pub use commands::relay_url;

use std::collections::{BTreeMap, VecDeque};

use bellwire_protocol::{ConversationId, DisplayName, Me, Participant, PresenceStatus};

use self::clock::Clock;
use self::requests::Pending;
use crate::account::{Account, LOOK_AGAIN_MS, SignedOut, Tokens};
use crate::api::{Alert, Notice, NoticeText, Settings, View};
use crate::call::{CallNews, Calls, Desk};
use crate::chat::Chats;
use crate::history::History;
use crate::machine::{Event, Remark};
use crate::page::Page;
use crate::people::People;
use crate::random::Random;
use crate::session::{Line, Session};
use crate::window::Window;
use crate::{Input, Output, Record, SignIn, Start, Time};

/// The client's mind.
#[derive(Debug)]
pub struct Core {
    client: bellwire_protocol::ClientInfo,
    device_name: String,
    platform: String,
    relay: String,
    random: Random,
    outputs: VecDeque<Output>,
    now: Time,
    clock: Clock,

    account: Account,
    session: Session,
    settings: Settings,
    notices: VecDeque<Notice>,
    next_notice: u32,
    pending: BTreeMap<u32, Pending>,
    next_request: u32,
    page: Page,
    /// When to ask the relay who may register, while nobody is signed in.
    look_at: Option<Time>,

    me: Option<Me>,
    participant: Option<Participant>,
    ready: bool,
    status: PresenceStatus,
    people: People,
    history: History,
    chats: Chats,
    open: Option<ConversationId>,
    open_window: Window,
    history_window: Window,
    devices: Option<Vec<bellwire_protocol::http::Device>>,
    calls: Calls,

    shown: Option<Box<View>>,
}

/// Notices that wait to be read; older ones give way.
const NOTICES: usize = 8;

impl Core {
    /// A core that knows nothing yet. Its first input is [`Input::Loaded`].
    #[must_use]
    pub fn new(start: Start) -> Self {
        Self {
            random: Random::new(start.seed),
            client: start.client,
            device_name: start.device_name,
            platform: start.platform,
            relay: start.relay,
            outputs: VecDeque::new(),
            now: Time(0),
            clock: Clock::new(start.unix_ms),
            account: Account::Loading,
            session: Session::new(),
            settings: Settings::default(),
            notices: VecDeque::new(),
            next_notice: 1,
            pending: BTreeMap::new(),
            next_request: 1,
            page: Page::new(start.page_origin),
            look_at: None,
            me: None,
            participant: None,
            ready: false,
            status: PresenceStatus::Online,
            people: People::default(),
            history: History::default(),
            chats: Chats::default(),
            open: None,
            open_window: Window::default(),
            history_window: Window::default(),
            devices: None,
            calls: Calls::new(),
            shown: None,
        }
    }

    /// Applies one input. Drain [`Core::poll`] before applying the next.
    pub fn handle(&mut self, now: Time, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Loaded(records) => self.load(records),
            Input::Command(command) => self.handle_command(command),
            Input::Relay(frame) => self.handle_frame(frame),
            Input::Link(event) => self.handle_link(&event),
            Input::Http(reply) => self.handle_reply(reply),
            Input::Peer(peer, event) => {
                self.with_calls(|calls, desk| calls.handle_peer(peer, event, desk))
            }
            Input::Tick => {}
        }
        self.elapse();
        self.drive();
        self.show();
    }

    /// The next thing to do, until there is none.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to send [`Input::Tick`], if nothing happens sooner.
    #[must_use]
    pub fn deadline(&self) -> Option<Time> {
        let renew = self.renew_at();
        [
            self.session.deadline(self.now),
            self.calls.deadline(&self.session, self.participant.as_ref()),
            renew,
            self.look_at,
            self.chats.deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    fn renew_at(&self) -> Option<Time> {
        self.account.tokens()?.renew_at(|unix| self.clock.time_of(unix))
    }

    /// Milliseconds since 1970 by the relay's clock.
    fn unix(&self) -> u64 {
        self.clock.unix_of(self.now)
    }

    fn load(&mut self, records: Vec<Record>) {
        if !matches!(self.account, Account::Loading) {
            return;
        }
        let mut sign_in = None;
        for record in records {
            match record {
                Record::SignIn(kept) => sign_in = kept,
                Record::Settings(settings) => self.settings = settings,
                Record::Call(kept) => self.calls.restore(kept),
                Record::Chat { conversation, id: _, message } => {
                    if let Some(message) = message {
                        self.chats.restore(conversation, message);
                    }
                }
                Record::Seen { conversation, at } => self.chats.restore_seen(conversation, at),
                Record::Erased => {}
            }
        }
        self.outputs.extend(self.chats.restored().into_iter().map(Output::Store));
        match sign_in {
            None => self.be_signed_out(SignedOut::default()),
            Some(kept) if kept.over => {
                self.relay.clone_from(&kept.relay);
                self.calls.restore(None);
                let former = Some(Box::new(kept));
                self.be_signed_out(SignedOut { former, ..SignedOut::default() });
            }
            Some(kept) => {
                self.relay.clone_from(&kept.relay);
                let tokens = Tokens::kept(kept, self.unix());
                if tokens.usable(self.unix()).is_some() {
                    self.account = Account::SignedIn(tokens);
                    self.session.start(self.now);
                } else {
                    self.account = Account::Renewing(tokens);
                    self.renew();
                }
            }
        }
    }

    fn be_signed_out(&mut self, signed_out: SignedOut) {
        self.account = Account::SignedOut(signed_out);
        self.look_at = Some(self.now);
    }

    /// Nobody is signed in until the password is given again. What is kept waits, sealed.
    fn ask_for_password(&mut self) {
        let Some(tokens) = self.account.tokens() else { return };
        let former = SignIn { over: true, ..tokens.kept.clone() };
        self.let_go();
        // Of a call that stood open nothing is taken up without a new word of the person.
        self.outputs.push_back(Output::Store(Record::Call(None)));
        self.outputs.push_back(Output::Store(Record::SignIn(Some(former.clone()))));
        let former = Some(Box::new(former));
        self.be_signed_out(SignedOut { former, ..SignedOut::default() });
    }

    /// Forgets everything of a person, here and in what is kept.
    fn forget_person(&mut self, signed_out: SignedOut) {
        self.let_go();
        self.erase();
        self.be_signed_out(signed_out);
    }

    /// Erases what is kept of a person; what was chosen on this device stays.
    fn erase(&mut self) {
        self.chats = Chats::default();
        self.outputs.push_back(Output::Store(Record::Erased));
        self.outputs.push_back(Output::Store(Record::Settings(self.settings.clone())));
    }

    /// Lets go of everything that a sign-in holds: connections, calls, what the relay said. Why a
    /// sign-in ends, as far as it was said, stays readable.
    fn let_go(&mut self) {
        self.with_calls(|calls, desk| calls.handle(Event::TakenOver, desk));
        let mut line = Line { now: self.now, random: &mut self.random, out: &mut self.outputs };
        self.session.stop(&mut line);
        self.pending.retain(|_, pending| pending.is_farewell());
        self.calls = std::mem::replace(&mut self.calls, Calls::new()).into_successor();
        self.me = None;
        self.participant = None;
        self.ready = false;
        self.status = PresenceStatus::Online;
        self.people = People::default();
        self.history = History::default();
        self.open = None;
        self.open_window = Window::default();
        self.history_window = Window::default();
        self.devices = None;
        self.notices.retain(|notice| notice.text.is_about_sign_ins());
    }

    fn set_me(&mut self, me: Me) {
        self.participant =
            Some(Participant { user: me.user, device: me.device, name: me.display_name.clone() });
        if let Some(tokens) = self.account.tokens_mut() {
            let (username, name) = (me.username.as_str(), me.display_name.as_str());
            if tokens.kept.username != username || tokens.kept.name != name {
                tokens.kept.username = username.to_owned();
                tokens.kept.name = name.to_owned();
                let kept = Record::SignIn(Some(tokens.kept.clone()));
                self.outputs.push_back(Output::Store(kept));
            }
        }
        self.me = Some(me);
    }

    fn tell(&mut self, text: NoticeText) {
        if self.notices.iter().any(|notice| notice.text == text) {
            return;
        }
        if self.notices.len() == NOTICES {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice { id: self.next_notice, text });
        self.next_notice = self.next_notice.wrapping_add(1);
    }

    /// Runs something on the calls and takes up what they ask for.
    fn with_calls(&mut self, act: impl FnOnce(&mut Calls, &mut Desk<'_>) -> Vec<CallNews>) {
        let mut desk = Desk {
            now: self.now,
            unix: self.clock.unix_of(self.now),
            system_unix: self.clock.system_of(self.now),
            random: &mut self.random,
            out: &mut self.outputs,
            session: &mut self.session,
            settings: &self.settings,
            me: self.participant.as_ref(),
            people: &self.people,
            dnd: self.status == PresenceStatus::Dnd,
        };
        let news = act(&mut self.calls, &mut desk);
        for item in news {
            self.on_call_news(item);
        }
    }

    fn on_call_news(&mut self, news: CallNews) {
        match news {
            CallNews::Tell(Remark::AlreadyInCall) => self.tell(NoticeText::AlreadyInCall),
            CallNews::Tell(Remark::CallGone) => self.tell(NoticeText::CallGone),
            CallNews::Ring(call) => {
                if self.settings.ring_here
                    && let Some(rung) = self.calls.rings().get(&call)
                {
                    let name = rung.from.name.as_str().to_owned();
                    let alert = Alert::Ring { call, name, media: rung.media };
                    self.outputs.push_back(Output::Alert(alert));
                }
            }
            CallNews::RingStopped { call, missed } => {
                self.outputs.push_back(Output::Alert(Alert::RingStopped { call }));
                if let Some(rung) = missed {
                    self.outputs.push_back(Output::Alert(Alert::Missed {
                        conversation: rung.conversation,
                        name: rung.from.name.as_str().to_owned(),
                        media: rung.media,
                    }));
                }
            }
            CallNews::Message(from, conversation, message) => {
                self.on_channel_message(&from, conversation, message);
            }
            CallNews::ChatOpen(conversation) => {
                self.chats.open();
                self.deliver(conversation);
            }
            CallNews::Flooded { name } => self.tell(NoticeText::TooMuchSent { name }),
        }
    }

    /// Does what deadlines ask for.
    fn elapse(&mut self) {
        let mut line = Line { now: self.now, random: &mut self.random, out: &mut self.outputs };
        let news = self.session.elapsed(&mut line);
        self.on_news(news);
        self.with_calls(Calls::elapsed);
        if self.renew_at().is_some_and(|at| at <= self.now) {
            self.renew();
        }
        if self.chats.deadline().is_some_and(|at| at <= self.now) {
            match self.calls.open_conversation() {
                Some(conversation) => self.deliver(conversation),
                None => self.chats.pause(),
            }
        }
        if self.look_at.is_some_and(|at| at <= self.now) {
            self.look_at = Some(self.now.after(LOOK_AGAIN_MS));
            self.look();
        }
    }

    /// Opens the session where a token for it is at hand, else sees to one.
    fn drive(&mut self) {
        if !self.session.is_wanting() {
            return;
        }
        let unix = self.unix();
        let Some(tokens) = self.account.tokens() else { return };
        if tokens.usable(unix).is_some() {
            let url = socket_url(&self.relay);
            let mut line = Line { now: self.now, random: &mut self.random, out: &mut self.outputs };
            self.session.open(url, &mut line);
        } else if tokens.can_hurry(self.now) {
            self.renew();
        }
    }

    fn show(&mut self) {
        let me = self.me.as_ref().map(|me| me.user);
        self.calls.learn_name(|conversation| self.people.name(conversation, me));
        let view = Box::new(self.view());
        if self.shown.as_ref() != Some(&view) {
            self.outputs.push_back(Output::View(view.clone()));
            self.shown = Some(view);
        }
    }
}

/// The socket's address: `ws` for `http`, `wss` for `https`.
fn socket_url(relay: &str) -> String {
    match relay.strip_prefix("http") {
        Some(rest) => format!("ws{rest}/ws"),
        None => format!("{relay}/ws"),
    }
}

/// A display name that surely is one.
fn display_name(text: &str) -> Option<DisplayName> {
    DisplayName::new(text.trim()).ok()
}
