//! Two connections, each on its own network, in one task.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bellwire_rtc::network::{Network, NetworkEvent, Reason, Setup};
use str0m::change::{SdpAnswer, SdpOffer};
use str0m::channel::{ChannelConfig, ChannelId};
use str0m::net::Receive;
use str0m::{Candidate, CandidateKind, Event, Input, Output, Rtc};

/// Longest time that anything here may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);

/// One end of a connection.
pub(crate) struct End {
    pub(crate) rtc: Rtc,
    pub(crate) network: Network,
    /// Every local candidate that was said and is not gone.
    pub(crate) candidates: Vec<Candidate>,
    /// Every reason why a server could not be used.
    pub(crate) troubles: Vec<Reason>,
    pub(crate) gone: usize,
    pub(crate) changed: usize,
    pub(crate) is_connected: bool,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) heard: VecDeque<Vec<u8>>,
    /// For the other end.
    outbox: Vec<Candidate>,
    deadline: Instant,
}

impl End {
    pub(crate) fn open(setup: Setup) -> Self {
        let now = Instant::now();
        Self {
            rtc: Rtc::builder().build(now),
            network: Network::open(setup),
            candidates: Vec::new(),
            troubles: Vec::new(),
            gone: 0,
            changed: 0,
            is_connected: false,
            channel: None,
            heard: VecDeque::new(),
            outbox: Vec::new(),
            deadline: now,
        }
    }

    pub(crate) fn kinds(&self) -> Vec<CandidateKind> {
        self.candidates.iter().map(Candidate::kind).collect()
    }

    pub(crate) fn say(&mut self, words: &[u8]) {
        let id = self.channel.expect("the channel is open");
        let mut channel = self.rtc.channel(id).expect("the channel is there");
        channel.write(true, words).expect("there is room");
    }

    pub(crate) fn take(&mut self, event: NetworkEvent) {
        match event {
            NetworkEvent::Candidate(candidate) => {
                if self.rtc.add_local_candidate(candidate.clone()).is_some() {
                    self.outbox.push(candidate.clone());
                }
                self.candidates.push(candidate);
            }
            NetworkEvent::Gone(candidate) => {
                self.rtc.direct_api().invalidate_candidate(&candidate);
                self.candidates.retain(|known| known.addr() != candidate.addr());
                self.gone += 1;
            }
            NetworkEvent::Datagram { received, protocol, source, destination, contents } => {
                let Ok(receive) = Receive::new(protocol, source, destination, &contents) else {
                    return;
                };
                let input = Input::Receive(received, receive);
                if self.rtc.accepts(&input) {
                    self.rtc.handle_input(input).expect("the input is taken");
                }
            }
            NetworkEvent::Trouble(trouble) => self.troubles.push(trouble.reason),
            NetworkEvent::Changed => self.changed += 1,
            NetworkEvent::Gathered => {}
        }
    }

    fn poll(&mut self) {
        if Instant::now() >= self.deadline {
            self.rtc.handle_input(Input::Timeout(Instant::now())).expect("time passes");
        }
        loop {
            match self.rtc.poll_output().expect("the connection lives") {
                Output::Timeout(at) => {
                    self.deadline = at;
                    return;
                }
                Output::Transmit(transmit) => self.network.send(&transmit),
                Output::Event(Event::Connected) => self.is_connected = true,
                Output::Event(Event::ChannelOpen(id, _)) => self.channel = Some(id),
                Output::Event(Event::ChannelData(data)) => self.heard.push_back(data.data),
                Output::Event(_) => {}
            }
        }
    }
}

/// Lets `from` run, and brings its candidates to `to`.
fn exchange(from: &mut End, to: &mut End) {
    from.poll();
    for candidate in from.outbox.drain(..) {
        let candidate = candidate.to_sdp_string();
        let candidate = Candidate::from_sdp_string(&candidate).expect("our own candidate");
        to.rtc.add_remote_candidate(candidate);
    }
}

/// Two ends of one connection.
pub(crate) struct Pair {
    pub(crate) a: End,
    pub(crate) b: End,
}

impl Pair {
    /// Negotiates without any candidate: all of them trickle.
    pub(crate) fn open(a: Setup, b: Setup) -> Self {
        let mut pair = Self { a: End::open(a), b: End::open(b) };
        let mut changes = pair.a.rtc.sdp_api();
        changes.add_channel_with_config(ChannelConfig {
            label: "test".to_owned(),
            ..ChannelConfig::default()
        });
        let (offer, pending) = changes.apply().expect("there is something to offer");
        pair.negotiate(offer, pending);
        pair
    }

    /// Restarts ICE on both sides, with these setups.
    pub(crate) fn restart(&mut self, a: Setup, b: Setup) {
        for end in [&mut self.a, &mut self.b] {
            end.candidates.clear();
            end.outbox.clear();
        }
        let mut changes = self.a.rtc.sdp_api();
        changes.ice_restart(false);
        let (offer, pending) = changes.apply().expect("a restart is something to offer");
        self.negotiate(offer, pending);
        self.a.network.restart(a);
        self.b.network.restart(b);
    }

    fn negotiate(&mut self, offer: SdpOffer, pending: str0m::change::SdpPendingOffer) {
        let offer = SdpOffer::from_sdp_string(&offer.to_sdp_string()).expect("our own offer");
        let answer = self.b.rtc.sdp_api().accept_offer(offer).expect("it is acceptable");
        let answer = SdpAnswer::from_sdp_string(&answer.to_sdp_string()).expect("our own answer");
        self.a.rtc.sdp_api().accept_answer(pending, answer).expect("it answers the offer");
    }

    /// Lets both run until `done`; `what` says for what in the failure.
    pub(crate) async fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let limit = Instant::now() + LIMIT;
        loop {
            let Self { a, b } = self;
            exchange(a, b);
            exchange(b, a);
            if done(self) {
                return;
            }
            let Self { a, b } = self;
            assert!(
                Instant::now() < limit,
                "{what}; candidates {:?} and {:?}, troubles {:?} and {:?}",
                a.kinds(),
                b.kinds(),
                a.troubles,
                b.troubles
            );
            let deadline = a.deadline.min(b.deadline).min(limit);
            tokio::select! {
                event = a.network.next() => a.take(event),
                event = b.network.next() => b.take(event),
                () = tokio::time::sleep_until(deadline.into()) => {}
            }
        }
    }

    /// Connects, and passes words both ways.
    pub(crate) async fn talk(&mut self) {
        self.until("both connect", |pair| {
            pair.a.is_connected && pair.b.is_connected && pair.b.channel.is_some()
        })
        .await;
        self.until("the channel opens", |pair| pair.a.channel.is_some()).await;
        self.pass(b"from a", b"from b").await;
    }

    /// Passes words both ways.
    pub(crate) async fn pass(&mut self, from_a: &[u8], from_b: &[u8]) {
        self.a.say(from_a);
        self.b.say(from_b);
        self.until("both hear", |pair| {
            pair.a.heard.iter().any(|words| words == from_b)
                && pair.b.heard.iter().any(|words| words == from_a)
        })
        .await;
    }
}
