//! The connection to the relay: opened, greeted, kept alive, lost, taken up again.
//!
//! ```text
//!  Idle ──start──► Wanting ──token──► Opening ──opened──► Greeting ──welcome──► Online
//!                     ▲                  │                   │                    │
//!                     └──── backoff ── Waiting ◄─────────────┴── closed, silent ──┘
//!  Stopped: a newer connection of the same device took over
//! ```
//!
//! A socket that is bound to an address which is gone stays open and says nothing. So where there is
//! doubt, a ping asks it for a sign of life and a fresh one is opened beside it. A socket that lives
//! answers within one round trip, which calls the race off, while a fresh one takes at least two to
//! open; if that one is first, it goes on at `Greeting` and resumes the session.

mod awaited;
mod liveness;
mod news;
mod unanswered;

use std::collections::VecDeque;

use bellwire_protocol::limits::close;
use bellwire_protocol::{
    ClientFrame, ClientInfo, ClientMessage, IceServer, Limits, RelayFrame, RelayMessage, Resume,
    Secret, Welcome,
};

pub(crate) use self::awaited::Told;
use self::awaited::{Awaited, Verdict};
use self::liveness::{Life, Races, Sign};
pub(crate) use self::news::{News, Reach, Refused};
use self::unanswered::{Asked, Unanswered};
use crate::pause::Ladder;
use crate::random::Random;
use crate::{LinkCommand, LinkEvent, Output, Time};

/// How long opening and greeting may take each, in ms.
const OPEN_MS: u64 = 10_000;
/// A connection that lasted this long, in ms, starts the pauses from the beginning, where its snapshot
/// is there.
const STEADY_MS: u64 = 5_000;
/// A loss shorter than this is not shown, in ms.
const SHOWN_MS: u64 = 2_000;
/// Pause where the relay asked for one without saying how long, in ms.
const ASKED_MS: u64 = 5_000;
/// The connection to the relay.
#[derive(Debug)]
pub(crate) struct Session {
    state: State,
    /// Tries that failed in a row.
    failed: Ladder,
    resume: Option<Resume>,
    /// Since when the relay is not reached; `None` while it is.
    lost_since: Option<Time>,
    /// The relay asked to stay away for so long, in ms.
    stay_away: Option<u64>,
    /// Frames of the relay that could not be taken, in this run.
    skipped: u32,
    /// The newest frame was one of them.
    skipped_last: bool,
    unanswered: Unanswered,
    races: Races,
    /// The present socket was faster than one that gave no sign of life.
    raced: bool,
    /// The snapshot that it starts with.
    awaited: Awaited,
    pub(crate) ice_servers: Vec<IceServer>,
    pub(crate) limits: Limits,
}

/// Where the connection is. Every state but [`State::Idle`], [`State::Wanting`] and
/// [`State::Stopped`] has a deadline; `Wanting` waits for a token, whose request has one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Nobody is signed in.
    Idle,
    /// A token is needed.
    Wanting,
    /// The next try starts then.
    Waiting { until: Time },
    /// The socket is being opened, at most until then.
    Opening { until: Time },
    /// `hello` was said; `welcome` is due by then.
    Greeting { until: Time },
    /// Up since then.
    Online { since: Time, life: Life },
    /// Another connection of this device took over.
    Stopped,
}

/// What the session needs for whatever it does.
pub(crate) struct Line<'a> {
    pub(crate) now: Time,
    pub(crate) random: &'a mut Random,
    pub(crate) out: &'a mut VecDeque<Output>,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Idle,
            failed: Ladder::default(),
            resume: None,
            lost_since: None,
            stay_away: None,
            skipped: 0,
            skipped_last: false,
            unanswered: Unanswered::default(),
            races: Races::new(),
            raced: false,
            awaited: Awaited::default(),
            ice_servers: Vec::new(),
            limits: Limits::default(),
        }
    }

    /// Whether the relay named a server that carries media.
    pub(crate) fn has_turn(&self) -> bool {
        self.ice_servers.iter().any(|server| {
            server.urls.iter().any(|url| url.starts_with("turn:") || url.starts_with("turns:"))
        })
    }

    pub(crate) const fn is_online(&self) -> bool {
        matches!(self.state, State::Online { .. })
    }

    /// Frames of the relay that could not be taken, in this run.
    pub(crate) const fn skipped(&self) -> u32 {
        self.skipped
    }

    /// A token is needed to go on.
    pub(crate) const fn is_wanting(&self) -> bool {
        matches!(self.state, State::Wanting)
    }

    /// Since when the relay is not reached.
    pub(crate) const fn lost_since(&self) -> Option<Time> {
        self.lost_since
    }

    pub(crate) fn reach(&self, now: Time) -> Reach {
        let short = self.lost_since.is_none_or(|since| now.since(since) < SHOWN_MS);
        match self.state {
            State::Idle => Reach::Idle,
            State::Online { .. } => Reach::Online,
            State::Stopped => Reach::Offline(None),
            State::Wanting
            | State::Waiting { .. }
            | State::Opening { .. }
            | State::Greeting { .. }
                if short =>
            {
                Reach::Connecting
            }
            State::Waiting { until } => Reach::Offline(Some(until)),
            // The try that goes on started in the past.
            State::Wanting => Reach::Offline(self.lost_since),
            State::Opening { until } | State::Greeting { until } => {
                Reach::Offline(Some(Time(until.0.saturating_sub(OPEN_MS))))
            }
        }
    }

    pub(crate) fn deadline(&self, now: Time) -> Option<Time> {
        let shown = self.lost_since.map(|since| since.after(SHOWN_MS)).filter(|at| *at > now);
        let own = match &self.state {
            State::Idle | State::Stopped => return None,
            State::Wanting => None,
            State::Waiting { until } | State::Opening { until } | State::Greeting { until } => {
                Some(*until)
            }
            State::Online { life, .. } => {
                let again = self.unanswered.deadline();
                let part = self.awaited.deadline();
                [Some(life.deadline()), again, part].into_iter().flatten().min()
            }
        };
        own.into_iter().chain(shown).min()
    }

    /// Somebody signed in.
    pub(crate) fn start(&mut self, now: Time) {
        self.failed = Ladder::default();
        self.lost_since = Some(now);
        self.state = State::Wanting;
    }

    /// Nobody is signed in any more.
    pub(crate) fn stop(&mut self, line: &mut Line<'_>) {
        if self.state != State::Idle {
            line.out.push_back(Output::Link(LinkCommand::Disconnect));
        }
        let (limits, skipped, races) = (self.limits.clone(), self.skipped, self.races.clone());
        *self = Self { limits, skipped, races, ..Self::new() };
    }

    /// Opens the socket.
    pub(crate) fn open(&mut self, url: String, line: &mut Line<'_>) {
        if self.is_wanting() {
            self.state = State::Opening { until: line.now.after(OPEN_MS) };
            self.races.url.clone_from(&url);
            line.out.push_back(Output::Link(LinkCommand::Connect { url }));
        }
    }

    /// No token could be had.
    pub(crate) fn token_failed(&mut self, line: &mut Line<'_>) {
        if self.is_wanting() {
            self.back_off(line);
        }
    }

    /// The person asks for a try at once.
    pub(crate) fn hurry(&mut self, line: &mut Line<'_>) {
        match self.state {
            State::Idle | State::Wanting | State::Opening { .. } | State::Greeting { .. } => {}
            State::Waiting { .. } | State::Stopped => {
                self.failed = Ladder::default();
                self.try_at_once(line.now);
            }
            State::Online { .. } => self.doubt(line.now, line.out),
        }
    }

    /// The network changed, or may have.
    fn follow_hint(&mut self, line: &mut Line<'_>) {
        match self.state {
            // Another connection of this device took over; only the person takes it back.
            State::Idle | State::Wanting | State::Stopped => {}
            State::Waiting { .. } => {
                if self.races.take(line.now) {
                    self.try_at_once(line.now);
                }
            }
            // The address from which it is opened may be gone, and nobody would say so.
            State::Opening { .. } | State::Greeting { .. } => {
                if self.races.take(line.now) {
                    line.out.push_back(Output::Link(LinkCommand::Disconnect));
                    self.try_at_once(line.now);
                }
            }
            State::Online { .. } => self.doubt(line.now, line.out),
        }
    }

    fn try_at_once(&mut self, now: Time) {
        self.lost_since = self.lost_since.or(Some(now));
        self.state = State::Wanting;
    }

    /// Media fell silent. What silenced it may have killed the socket as well, unless that answered a
    /// moment ago.
    pub(crate) fn suspect(&mut self, now: Time, out: &mut VecDeque<Output>) {
        if matches!(&self.state, State::Online { life, .. } if !life.is_sure(now)) {
            self.doubt(now, out);
        }
    }

    /// The socket may be dead: the own address changed, or something else says so.
    pub(crate) fn doubt(&mut self, now: Time, out: &mut VecDeque<Output>) {
        if let State::Online { life, .. } = &mut self.state {
            life.doubt(now, &mut self.races, out);
        }
    }

    /// Whether the present socket took the place of one that gave no sign of life; once.
    pub(crate) const fn take_raced(&mut self) -> bool {
        std::mem::replace(&mut self.raced, false)
    }

    /// Says something that is worth nothing later. False if the relay is away.
    pub(crate) fn say(&self, out: &mut VecDeque<Output>, message: ClientMessage) -> bool {
        let online = self.is_online();
        if online {
            push(out, None, message);
        }
        online
    }

    /// Says something that must arrive: it is repeated after a reconnection until it is answered
    /// with [`News::Answered`].
    pub(crate) fn ask(&mut self, out: &mut VecDeque<Output>, message: ClientMessage) {
        let id = self.unanswered.add(message.clone());
        if self.is_online() {
            push(out, Some(id), message);
        }
    }

    /// Drops requests that make no sense any more.
    pub(crate) fn retract(&mut self, is_moot: impl FnMut(&ClientMessage) -> bool) {
        self.unanswered.retract(is_moot);
    }

    /// The same, for those that are not under way: the relay is away, or had no time for them.
    pub(crate) fn retract_waiting(&mut self, is_moot: impl FnMut(&ClientMessage) -> bool) {
        if self.is_online() {
            self.unanswered.retract_put_off(is_moot);
        } else {
            self.unanswered.retract(is_moot);
        }
    }

    /// Says again what was not answered.
    pub(crate) fn repeat(&mut self, out: &mut VecDeque<Output>) {
        self.unanswered.repeat(out);
    }

    /// The socket changed. `hello` is what to say on a fresh one.
    pub(crate) fn handle_link(
        &mut self,
        event: &LinkEvent,
        hello: Option<(Secret, ClientInfo)>,
        line: &mut Line<'_>,
    ) -> Option<News> {
        match event {
            LinkEvent::Opened => {
                let raced = self.is_racing();
                if (raced || matches!(self.state, State::Opening { .. }))
                    && let Some((token, client)) = hello
                {
                    self.raced = raced;
                    self.lost_since = self.lost_since.or(Some(line.now));
                    self.state = State::Greeting { until: line.now.after(OPEN_MS) };
                    let resume = self.resume.clone();
                    push(line.out, None, ClientMessage::Hello { token, client, resume });
                }
                None
            }
            LinkEvent::Closed { code } => self.on_closed(*code, line),
            LinkEvent::RaceLost => {
                match &mut self.state {
                    State::Online { life, .. } => life.lose_race(),
                    // The first one closed meanwhile.
                    State::Opening { .. } => self.back_off(line),
                    State::Idle
                    | State::Wanting
                    | State::Waiting { .. }
                    | State::Greeting { .. }
                    | State::Stopped => {}
                }
                None
            }
            LinkEvent::Malformed => self.skip(line),
            LinkEvent::NetworkChanged => {
                self.follow_hint(line);
                None
            }
        }
    }

    /// A fresh socket is being opened beside this one.
    const fn is_racing(&self) -> bool {
        matches!(&self.state, State::Online { life, .. } if life.is_racing())
    }

    /// A frame could not be taken. The others can: the connection goes on without it.
    fn skip(&mut self, line: &mut Line<'_>) -> Option<News> {
        self.skipped = self.skipped.saturating_add(1);
        self.skipped_last = true;
        match &mut self.state {
            // That was the welcome: without it there is no session.
            State::Greeting { .. } => {
                self.resume = None;
                self.drop_socket(line);
            }
            State::Online { life, .. } => {
                life.hear(line.now);
                // It may be of the snapshot: without that the person sees nothing.
                let verdict = self.awaited.miss(line.now);
                return self.judge(verdict, line);
            }
            State::Idle
            | State::Wanting
            | State::Waiting { .. }
            | State::Opening { .. }
            | State::Stopped => {}
        }
        None
    }

    fn on_closed(&mut self, code: Option<u16>, line: &mut Line<'_>) -> Option<News> {
        match self.state {
            State::Idle | State::Stopped | State::Wanting | State::Waiting { .. } => return None,
            State::Opening { .. } | State::Greeting { .. } | State::Online { .. } => {}
        }
        // The frame ended the socket, and a resumed session would begin with it.
        if self.skipped_last {
            self.resume = None;
        }
        if self.is_racing() {
            if code.is_none() {
                // The fresh one is on its way, so it need not be waited for.
                self.lost_since = self.lost_since.or(Some(line.now));
                self.state = State::Opening { until: line.now.after(OPEN_MS) };
                return None;
            }
            line.out.push_back(Output::Link(LinkCommand::CallOff));
        }
        match code {
            Some(close::UNAUTHENTICATED) => {
                self.back_off(line);
                Some(News::Unauthenticated)
            }
            Some(close::REVOKED) => {
                self.back_off(line);
                Some(News::Revoked)
            }
            Some(close::REPLACED) => {
                self.lost_since = self.lost_since.or(Some(line.now));
                self.resume = None;
                self.state = State::Stopped;
                Some(News::Replaced)
            }
            Some(close::MALFORMED) => {
                self.resume = None;
                self.back_off(line);
                None
            }
            Some(close::GOING_AWAY | close::RATE) => {
                self.stay_away = self.stay_away.or(Some(ASKED_MS));
                self.back_off(line);
                None
            }
            Some(_) | None => {
                let was_open = !matches!(self.state, State::Opening { .. });
                self.back_off(line);
                (!was_open).then_some(News::NotOpened)
            }
        }
    }

    /// A frame arrived.
    pub(crate) fn handle_frame(&mut self, frame: RelayFrame, line: &mut Line<'_>) -> Option<News> {
        self.skipped_last = false;
        if let RelayMessage::Welcome(welcome) = frame.message {
            return self.on_welcome(frame.seq, welcome, line);
        }
        let State::Online { life, .. } = &mut self.state else { return None };
        life.hear(line.now);
        if let RelayMessage::Pong { t, .. } = frame.message {
            life.answer(t, line.now, line.out);
        }
        let resume = self.resume.as_mut()?;
        // Frames of one socket come in order, so a number that is not greater is a repetition.
        if frame.seq <= resume.seq {
            return None;
        }
        resume.seq = frame.seq;
        match frame.message {
            RelayMessage::Ok { re } => {
                let Asked { message: asked, put_off, .. } = self.unanswered.take(re)?;
                Some(News::Answered { asked, refused: None, put_off })
            }
            RelayMessage::Error { re: Some(re), code, retry_after_ms, message: _ } => {
                if self.unanswered.puts_off(re, code, retry_after_ms, line.now) {
                    return None;
                }
                let Asked { message: asked, put_off, .. } = self.unanswered.take(re)?;
                let refused = Some(Refused { code, retry_after_ms });
                Some(News::Answered { asked, refused, put_off })
            }
            // It refuses one frame that had no id, and says nothing of the connection.
            RelayMessage::Error { re: None, .. } => None,
            RelayMessage::GoingAway { retry_after_ms } => {
                self.stay_away = Some(retry_after_ms);
                None
            }
            RelayMessage::IceServers { ice_servers } => {
                self.ice_servers = ice_servers;
                None
            }
            RelayMessage::Snapshot(part) => {
                let told = self.awaited.add(line.now, *part)?;
                Some(News::Snapshot(Box::new(told)))
            }
            message @ (RelayMessage::Welcome(_)
            | RelayMessage::Pong { .. }
            | RelayMessage::Presence(_)
            | RelayMessage::ContactChanged { .. }
            | RelayMessage::ContactRemoved { .. }
            | RelayMessage::ConversationChanged { .. }
            | RelayMessage::ConversationInvited { .. }
            | RelayMessage::ConversationRemoved { .. }
            | RelayMessage::MeChanged { .. }
            | RelayMessage::Notice(_)
            | RelayMessage::CallRecorded { .. }
            | RelayMessage::CallIncoming { .. }
            | RelayMessage::CallRinging { .. }
            | RelayMessage::CallAccepted { .. }
            | RelayMessage::CallRejected { .. }
            | RelayMessage::CallEnded { .. }
            | RelayMessage::PeerLeft { .. }
            | RelayMessage::PeerClosed { .. }
            | RelayMessage::PeerReturned { .. }
            | RelayMessage::SdpOffer { .. }
            | RelayMessage::SdpAnswer { .. }
            | RelayMessage::IceCandidates { .. }
            | RelayMessage::MediaState { .. }
            | RelayMessage::CallState { .. }
            | RelayMessage::Peers { .. }
            | RelayMessage::Unknown) => Some(News::Said(Box::new(message))),
        }
    }

    fn on_welcome(
        &mut self,
        seq: u64,
        mut welcome: Box<Welcome>,
        line: &mut Line<'_>,
    ) -> Option<News> {
        if !matches!(self.state, State::Greeting { .. }) {
            return None;
        }
        // Nobody resumes what nobody asked for.
        welcome.resumed &= self.resume.is_some();
        // Of a resumed session the missed frames follow, whatever number the welcome itself has.
        let seq = match &self.resume {
            Some(resume) if welcome.resumed => resume.seq,
            Some(_) | None => seq,
        };
        self.resume = Some(Resume { session: welcome.session.clone(), seq });
        self.lost_since = None;
        self.stay_away = None;
        self.ice_servers.clone_from(&welcome.ice_servers);
        self.limits = welcome.limits.clone();
        if welcome.resumed {
            self.awaited.resume(line.now);
        } else {
            self.awaited.begin(line.now);
        }
        let life = Life::new(line.now, line.random);
        self.state = State::Online { since: line.now, life };
        Some(News::Welcomed(welcome))
    }

    /// Does what the deadline asks for.
    pub(crate) fn elapsed(&mut self, line: &mut Line<'_>) -> Option<News> {
        let now = line.now;
        match &mut self.state {
            State::Idle | State::Stopped | State::Wanting => {}
            State::Waiting { until } => {
                if *until <= now {
                    self.state = State::Wanting;
                }
            }
            State::Opening { until } | State::Greeting { until } => {
                if *until <= now {
                    self.drop_socket(line);
                }
            }
            State::Online { life, .. } => match life.elapsed(now, line.random, line.out) {
                Sign::Lives => {}
                Sign::Dead => self.drop_socket(line),
            },
        }
        if !self.is_online() {
            return None;
        }
        self.unanswered.repeat_due(now, line.out);
        let verdict = self.awaited.elapsed(now);
        self.judge(verdict, line)
    }

    /// The snapshot does not come as it should, or does.
    fn judge(&mut self, verdict: Verdict, line: &mut Line<'_>) -> Option<News> {
        match verdict {
            Verdict::GoesOn => None,
            Verdict::Again => {
                self.resume = None;
                self.drop_socket(line);
                None
            }
            Verdict::LivedWith(told) => Some(News::Snapshot(told)),
        }
    }

    fn drop_socket(&mut self, line: &mut Line<'_>) {
        line.out.push_back(Output::Link(LinkCommand::Disconnect));
        self.back_off(line);
    }

    fn back_off(&mut self, line: &mut Line<'_>) {
        if let State::Online { since, .. } = self.state
            && line.now.since(since) >= STEADY_MS
            && !self.awaited.is_due()
        {
            self.failed = Ladder::default();
        }
        self.lost_since = self.lost_since.or(Some(line.now));
        let pause = self.failed.climb(self.stay_away.take(), line.random);
        self.state = State::Waiting { until: line.now.after(pause) };
    }
}

fn push(out: &mut VecDeque<Output>, id: Option<u32>, message: ClientMessage) {
    out.push_back(Output::Relay(ClientFrame { id, message }));
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
