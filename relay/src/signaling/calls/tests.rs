#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "tests pick messages")]

use std::collections::BTreeSet;

use bellwire_protocol::{
    Answer, CallId, Candidate, ConversationId, DeviceId, DisplayName, EndReason, IceCandidate,
    LiveCallState, Media, MediaState, Mid, Offer, OfferId, Participant, RejectReason, RelayMessage,
    Sdp, Ufrag, UserId, limits,
};
use proptest::prelude::*;

use super::{
    Apart, Callee, Calls, CheckedClaim, Going, Input, Measure, Output, Parting, Refusal, Signal,
    Timing,
};

const T0: u64 = 1_700_000_000_000;

fn user(n: u8) -> UserId {
    UserId::from_bytes([n; 16])
}

/// Device `d` of user `n`.
fn device(n: u8, d: u8) -> Participant {
    let mut id = [n; 16];
    id[15] = d;
    let name = DisplayName::new(format!("user {n}")).unwrap();
    Participant { user: user(n), device: DeviceId::from_bytes(id), name }
}

fn call(n: u8) -> CallId {
    CallId::from_bytes([n; 16])
}

fn conversation() -> ConversationId {
    ConversationId::from_bytes([7; 16])
}

fn offer() -> Offer {
    let offer_id = OfferId::from_bytes([1; 16]);
    Offer { offer_id, sdp: Sdp::new("offer").unwrap(), proof: None }
}

fn callee(n: u8, devices: &[u8]) -> Callee {
    let devices = devices.iter().map(|d| device(n, *d).device).collect();
    let name = device(n, 0).name;
    Callee { user: user(n), name, rings: true, dnd: false, devices }
}

fn candidate() -> IceCandidate {
    IceCandidate {
        ufrag: Ufrag::new("abcd").unwrap(),
        mid: Mid::new("0").unwrap(),
        candidate: Candidate::new("candidate:1").unwrap(),
    }
}

struct Bench {
    calls: Calls,
    now: u64,
    said: Vec<(DeviceId, RelayMessage)>,
    records: Vec<crate::store::NewRecord>,
    measures: Vec<Measure>,
}

impl Bench {
    fn new() -> Self {
        Self::timed(Timing::default())
    }

    fn timed(timing: Timing) -> Self {
        let (said, records, measures) = Default::default();
        Self { calls: Calls::new(timing), now: T0, said, records, measures }
    }

    fn handle(&mut self, input: Input) -> Result<(), Refusal> {
        let outcome = self.calls.handle(self.now, input);
        while let Some(output) = self.calls.poll() {
            match output {
                Output::Send { to, message } => self.said.push((to, message)),
                Output::Record(record) => self.records.push(record),
                Output::Measured(measure) => self.measures.push(measure),
            }
        }
        self.assert_indexes_agree();
        outcome
    }

    /// Every index says exactly what the calls say.
    fn assert_indexes_agree(&self) {
        let Calls { calls, by_user, deadlines, ended, timing, .. } = &self.calls;
        let named: BTreeSet<(UserId, CallId)> =
            by_user.iter().flat_map(|(user, ids)| ids.iter().map(move |id| (*user, *id))).collect();
        let members: BTreeSet<(UserId, CallId)> = calls
            .iter()
            .flat_map(|(id, call)| call.members().map(move |user| (user, *id)))
            .collect();
        assert_eq!(named, members, "who is in which call");
        assert!(by_user.values().all(|ids| !ids.is_empty()), "nobody is listed without a call");
        let due: BTreeSet<(u64, CallId)> = calls
            .iter()
            .filter_map(|(id, call)| Some((call.deadline(timing.max_call_ms)?, *id)))
            .collect();
        assert_eq!(*deadlines, due, "what is due when");
        assert!(ended.agrees(), "what is remembered, and until when");
        assert!(calls.keys().all(|id| !ended.knows(*id)), "no call is over and goes on");
    }

    fn wait(&mut self, ms: u64) {
        self.now += ms;
        self.handle(Input::Tick).unwrap();
    }

    fn place(&mut self, by: Participant, id: u8, callees: Vec<Callee>) -> Result<(), Refusal> {
        let direct = callees.len() == 1;
        self.handle(Input::Initiate {
            by,
            call_id: call(id),
            conversation: conversation(),
            direct,
            media: Media::Video,
            offer: Box::new(offer()),
            callees,
        })
    }

    fn answer(&mut self, by: Participant, id: u8) -> Result<(), Refusal> {
        let answer =
            Answer { offer_id: offer().offer_id, sdp: Sdp::new("answer").unwrap(), proof: None };
        let answer = Box::new(answer);
        self.handle(Input::Answer { by, call_id: call(id), media: Media::Voice, answer })
    }

    fn reject(&mut self, by: Participant, id: u8, reason: RejectReason) -> Result<(), Refusal> {
        self.handle(Input::Reject { by, call_id: call(id), reason })
    }

    fn trickle(&mut self, by: Participant, id: u8, to: Option<DeviceId>) -> Result<(), Refusal> {
        let candidates = candidate().into();
        self.handle(Input::Trickle { by, call_id: call(id), to, candidates })
    }

    /// What the device was told since the last look at it.
    fn told(&mut self, to: &Participant) -> Vec<RelayMessage> {
        let (mine, rest) = std::mem::take(&mut self.said)
            .into_iter()
            .partition::<Vec<_>, _>(|(device, _)| *device == to.device);
        self.said = rest;
        mine.into_iter().map(|(_, message)| message).collect()
    }

    fn ends(&mut self, to: &Participant) -> Vec<(CallId, EndReason)> {
        let told = self.told(to).into_iter();
        told.filter_map(|message| match message {
            RelayMessage::CallEnded { call_id, reason } => Some((call_id, reason)),
            _ => None,
        })
        .collect()
    }

    /// The device's socket is gone, and it was heard until then.
    fn gone(&mut self, device: Participant) {
        self.gone_silent_for(device, 0);
    }

    fn gone_silent_for(&mut self, device: Participant, ms: u64) {
        let heard_at = self.now - ms;
        self.handle(Input::Disconnected { device, heard_at, going: Going::Lost }).unwrap();
    }

    /// The page or program behind the device's socket said that it is being left.
    fn left(&mut self, device: Participant) {
        let going = Going::Left;
        self.handle(Input::Disconnected { device, heard_at: self.now, going }).unwrap();
    }

    fn back(&mut self, device: Participant) {
        self.handle(Input::Connected { device, fresh: true }).unwrap();
    }

    fn part(&mut self, by: u8, other: u8, parting: Parting) {
        self.handle(Input::Parted { by: user(by), other: user(other), parting }).unwrap();
    }

    fn flowing(&mut self, by: Participant, peer: &Participant) {
        let flowing = Some(peer.device);
        let report = Input::Report { by, call_id: call(1), setup_ms: None, flowing };
        self.handle(report).unwrap();
    }

    fn live(&mut self) {
        self.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
        self.answer(device(2, 1), 1).unwrap();
        self.said.clear();
    }
}

#[test]
fn a_call_rings_on_every_device_and_the_first_answer_wins() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1, 2])]).unwrap();
    for d in [1, 2] {
        let told = it.told(&device(2, d));
        assert!(matches!(told.as_slice(), [RelayMessage::CallIncoming { .. }]), "device {d} rings");
    }
    let told = it.told(&device(1, 1));
    assert!(matches!(told.as_slice(), [RelayMessage::CallRinging { devices: 2, .. }]));
    it.answer(device(2, 2), 1).unwrap();
    assert_eq!(it.answer(device(2, 1), 1), Err(Refusal::Stale), "the second is too late");
    assert_eq!(it.answer(device(2, 2), 1), Ok(()), "the same answer twice is one answer");
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::AnsweredElsewhere)]);
    let told = it.told(&device(1, 1));
    assert!(matches!(told.as_slice(), [RelayMessage::CallAccepted { .. }]), "told once");
    assert!(it.measures.iter().any(|m| matches!(m, Measure::Rang { .. })));
}

#[test]
fn candidates_are_held_until_the_answer_and_then_follow_it() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    for _ in 0..limits::CANDIDATES {
        it.trickle(device(1, 1), 1, None).unwrap();
    }
    assert_eq!(it.trickle(device(1, 1), 1, None), Err(Refusal::TooMany));
    assert_eq!(it.trickle(device(2, 1), 1, None), Err(Refusal::NotFound), "not in the call yet");
    it.told(&device(2, 1));
    it.answer(device(2, 1), 1).unwrap();
    let told = it.told(&device(2, 1));
    let [RelayMessage::IceCandidates { candidates, .. }] = told.as_slice() else {
        panic!("one message: {told:?}")
    };
    assert_eq!(candidates.len(), limits::CANDIDATES, "all of them, to the device that answered");
    it.trickle(device(1, 1), 1, None).unwrap();
    assert_eq!(it.told(&device(2, 1)).len(), 1, "one that crossed with the answer arrives too");
    it.trickle(device(2, 1), 1, Some(device(1, 1).device)).unwrap();
    assert_eq!(it.calls.standing_for(user(1), call(1)).unwrap().candidates, 258);
}

#[test]
fn nobody_there_is_unreachable_and_somebody_silent_is_no_answer() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[])]).unwrap();
    assert!(it.told(&device(1, 1)).is_empty(), "it does not ring anywhere");
    it.wait(limits::RING_MS);
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Unreachable)]);
    it.place(device(1, 1), 2, vec![callee(2, &[1])]).unwrap();
    it.wait(limits::RING_MS);
    assert_eq!(it.ends(&device(1, 1)), [(call(2), EndReason::NoAnswer)]);
    assert_eq!(it.ends(&device(2, 1)), [(call(2), EndReason::NoAnswer)]);
    let reasons: Vec<_> = it.records.iter().map(|new| new.record.reason).collect();
    assert_eq!(reasons, [EndReason::Unreachable, EndReason::NoAnswer]);
    assert!(it.records.iter().all(|new| new.audience.contains(&user(2))), "a missed call");
    assert!(it.calls.is_empty() && it.calls.deadline().is_none(), "nothing is left behind");
}

#[test]
fn a_call_kept_from_a_callee_looks_like_absence() {
    let mut it = Bench::new();
    let blocked = Callee { rings: false, ..callee(2, &[1]) };
    it.place(device(1, 1), 1, vec![blocked]).unwrap();
    assert!(it.said.is_empty(), "neither side is told anything");
    assert_eq!(it.answer(device(2, 1), 1), Err(Refusal::NotFound));
    assert_eq!(it.reject(device(2, 1), 1, RejectReason::Declined), Err(Refusal::NotFound));
    assert!(it.calls.snapshot(&device(2, 2)).is_empty());
    it.wait(limits::RING_MS);
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Unreachable)]);
    assert_eq!(it.records[0].audience, [user(1)], "no missed call for who blocked");
    assert_eq!(it.reject(device(2, 1), 1, RejectReason::Declined), Err(Refusal::NotFound));
}

/// What the caller is told of a call in a group to 2, who refuses, and to 3, until it rings out.
fn heard_by_a_caller_in_a_group(third: Callee, parts: Option<Input>) -> Vec<(u64, RelayMessage)> {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1]), third]).unwrap();
    if let Some(input) = parts {
        it.handle(input).unwrap();
    }
    let refuse = |it: &mut Bench| it.reject(device(2, 1), 1, RejectReason::Declined).unwrap();
    let steps: [&dyn Fn(&mut Bench); 2] = [&refuse, &|it| it.wait(limits::RING_MS)];
    let mut heard = Vec::new();
    for step in steps {
        step(&mut it);
        let at = it.now;
        heard.extend(it.told(&device(1, 1)).into_iter().map(|message| (at, message)));
    }
    heard.retain(|(_, m)| !matches!(m, RelayMessage::CallRecorded { .. }));
    heard
}

#[test]
fn in_a_group_a_block_is_not_told_from_absence_when_everybody_else_refuses() {
    let absent = heard_by_a_caller_in_a_group(callee(3, &[]), None);
    let blocked = Callee { rings: false, ..callee(3, &[1]) };
    assert_eq!(heard_by_a_caller_in_a_group(blocked, None), absent);
    let resting = Callee { rings: false, dnd: true, ..callee(3, &[1]) };
    assert_eq!(heard_by_a_caller_in_a_group(resting, None), absent);

    let silent = heard_by_a_caller_in_a_group(callee(3, &[1]), None);
    let parting = Parting::Blocked;
    let blocks = Input::Parted { by: user(3), other: user(1), parting };
    assert_eq!(heard_by_a_caller_in_a_group(callee(3, &[1]), Some(blocks)), silent);
}

#[test]
fn a_caller_who_gives_up_on_the_last_who_rings_cannot_tell_a_block_from_absence() {
    let blocked = Callee { rings: false, ..callee(3, &[1]) };
    for third in [callee(3, &[]), blocked] {
        let mut it = Bench::new();
        it.place(device(1, 1), 1, vec![callee(2, &[1]), third]).unwrap();
        it.part(1, 2, Parting::Blocked);
        assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Cancelled)]);
        assert_eq!(it.ends(&device(1, 1)), [], "it rings on for the third");
        it.wait(limits::RING_MS);
        assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::NoAnswer)]);
    }
}

#[test]
fn do_not_disturb_refuses_without_ringing() {
    let mut it = Bench::new();
    let resting = Callee { dnd: true, ..callee(2, &[1]) };
    it.place(device(1, 1), 1, vec![resting]).unwrap();
    assert!(it.told(&device(2, 1)).iter().all(|m| !matches!(m, RelayMessage::CallIncoming { .. })));
    let told = it.told(&device(1, 1));
    assert!(
        matches!(
            told.as_slice(),
            [
                RelayMessage::CallRejected { reason: RejectReason::Dnd, .. },
                RelayMessage::CallEnded { reason: EndReason::Dnd, .. }
            ]
        ),
        "{told:?}"
    );
    assert_eq!(it.records[0].audience.len(), 2, "a missed call for the callee");
    assert!(it.calls.deadline().is_none());
}

#[test]
fn a_group_in_which_nobody_wants_to_be_disturbed_ends_the_call_once() {
    let mut it = Bench::new();
    let callees = [2, 3].map(|n| Callee { dnd: true, ..callee(n, &[1, 2]) });
    it.place(device(1, 1), 1, callees.to_vec()).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Dnd)]);
    assert_eq!(it.records.len(), 1);
    assert_eq!(it.measures, [Measure::Ended { reason: EndReason::Dnd }]);
}

#[test]
fn busy_ends_the_call_only_when_every_device_is_busy() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1, 2])]).unwrap();
    it.reject(device(2, 1), 1, RejectReason::Busy).unwrap();
    assert!(it.ends(&device(1, 1)).is_empty(), "the other device rings on");
    it.reject(device(2, 2), 1, RejectReason::Busy).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Busy)]);
    assert_eq!(it.records[0].record.reason, EndReason::Busy);
}

#[test]
fn declining_on_one_device_stops_the_others() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1, 2])]).unwrap();
    it.reject(device(2, 1), 1, RejectReason::Declined).unwrap();
    assert_eq!(it.ends(&device(2, 2)), [(call(1), EndReason::DeclinedElsewhere)]);
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Declined)]);
    assert_eq!(it.reject(device(2, 1), 1, RejectReason::Declined), Err(Refusal::Stale));
    assert_eq!(it.answer(device(2, 2), 1), Err(Refusal::Stale), "too late to answer");
    assert_eq!(it.answer(device(3, 1), 1), Err(Refusal::NotFound), "a stranger learns nothing");
}

#[test]
fn in_a_group_one_refusal_is_not_the_end() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1]), callee(3, &[1])]).unwrap();
    it.reject(device(2, 1), 1, RejectReason::Declined).unwrap();
    let told = it.told(&device(1, 1));
    assert!(told.iter().any(|m| matches!(m, RelayMessage::CallRejected { .. })));
    assert!(!told.iter().any(|m| matches!(m, RelayMessage::CallEnded { .. })));
    it.reject(device(3, 1), 1, RejectReason::Declined).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Declined)]);
}

#[test]
fn only_the_calling_device_cancels_and_only_before_an_answer() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    let cancel = |by| Input::Cancel { by, call_id: call(1) };
    assert_eq!(it.handle(cancel(device(2, 1))), Err(Refusal::NotFound));
    assert_eq!(it.handle(cancel(device(1, 2))), Err(Refusal::NotFound));
    it.handle(cancel(device(1, 1))).unwrap();
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Cancelled)]);
    assert_eq!(it.handle(cancel(device(1, 1))), Err(Refusal::Stale));
    let mut it = Bench::new();
    it.live();
    assert_eq!(it.handle(cancel(device(1, 1))), Err(Refusal::Stale), "it crossed with an answer");
    assert_eq!(it.calls.len(), 1);
}

#[test]
fn of_two_crossing_calls_the_smaller_lives_and_rings_at_the_loser() {
    for (first, second) in [(1, 2), (2, 1)] {
        let mut it = Bench::new();
        it.place(device(1, 1), first, vec![callee(2, &[1, 2])]).unwrap();
        it.said.clear();
        it.place(device(2, 1), second, vec![callee(1, &[1])]).unwrap();
        let (winner, loser) = if first < second { (1, 2) } else { (2, 1) };
        let told = it.told(&device(loser, 1));
        let rings = told.iter().position(
            |m| matches!(m, RelayMessage::CallIncoming { call_id, .. } if *call_id == call(1)),
        );
        let ends = told.iter().position(|m| {
            matches!(m, RelayMessage::CallEnded { call_id, reason: EndReason::Replaced }
                if *call_id == call(2))
        });
        assert!(rings.unwrap() < ends.unwrap(), "it rings first, so that it can be answered");
        assert_eq!(it.calls.len(), 1, "one call is left");
        assert!(it.records.is_empty(), "the replaced one is not history");
        it.answer(device(loser, 1), 1).unwrap();
        let told = it.told(&device(winner, 1));
        assert!(told.iter().any(|m| matches!(m, RelayMessage::CallAccepted { .. })));
    }
}

#[test]
fn a_device_in_a_call_cannot_place_or_answer_another() {
    let mut it = Bench::new();
    it.live();
    assert_eq!(it.place(device(1, 1), 2, vec![callee(3, &[1])]), Err(Refusal::Busy));
    let there = Input::Initiate {
        by: device(3, 1),
        call_id: call(3),
        conversation: ConversationId::from_bytes([8; 16]),
        direct: true,
        media: Media::Voice,
        offer: Box::new(offer()),
        callees: vec![callee(1, &[1])],
    };
    it.handle(there).unwrap();
    assert_eq!(it.answer(device(1, 1), 3), Err(Refusal::Busy));
    assert_eq!(it.reject(device(1, 1), 3, RejectReason::Busy), Ok(()));
}

#[test]
fn placing_the_same_call_twice_places_it_once() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    assert_eq!(it.told(&device(2, 1)).len(), 1, "it rings once");
    assert_eq!(it.place(device(3, 1), 1, vec![callee(2, &[1])]), Err(Refusal::NotFound));
    it.handle(Input::Cancel { by: device(1, 1), call_id: call(1) }).unwrap();
    let late = it.place(device(1, 1), 1, vec![callee(2, &[1])]);
    assert_eq!(late, Err(Refusal::Stale), "an ended call does not ring again");
}

#[test]
fn a_device_that_connects_while_it_rings_rings_too() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[])]).unwrap();
    it.wait(10_000);
    it.handle(Input::Connected { device: device(2, 1), fresh: true }).unwrap();
    let shown = it.calls.snapshot(&device(2, 1));
    assert!(matches!(shown[0].state, LiveCallState::Ringing { offer: Some(_), .. }));
    let told = it.told(&device(1, 1));
    assert!(matches!(told.as_slice(), [RelayMessage::CallRinging { devices: 1, .. }]));
    let own = it.calls.snapshot(&device(1, 1));
    assert!(matches!(own[0].state, LiveCallState::Ringing { offer: None, .. }));
    it.handle(Input::Connected { device: device(2, 2), fresh: false }).unwrap();
    let told = it.told(&device(2, 2));
    assert!(matches!(told.as_slice(), [RelayMessage::CallIncoming { .. }]), "after a resume");
    it.answer(device(2, 1), 1).unwrap();
    assert!(matches!(it.calls.snapshot(&device(2, 1))[0].state, LiveCallState::Live { .. }));
    assert!(it.calls.snapshot(&device(2, 2)).is_empty(), "not in the call");
}

#[test]
fn a_seat_is_kept_and_then_lost() {
    let mut it = Bench::new();
    it.live();
    it.gone(device(2, 1));
    it.wait(limits::SEAT_MS - 1);
    assert_eq!(it.calls.len(), 1, "the seat is kept");
    it.handle(Input::Connected { device: device(2, 1), fresh: true }).unwrap();
    it.wait(limits::SEAT_MS);
    assert_eq!(it.calls.len(), 1, "it came back");
    it.gone(device(2, 1));
    it.wait(limits::SEAT_MS);
    let told = it.told(&device(1, 1));
    assert!(
        matches!(
            told.as_slice(),
            [
                RelayMessage::PeerLeft { reason: EndReason::Lost, .. },
                RelayMessage::CallEnded { reason: EndReason::Lost, .. }
            ]
        ),
        "{told:?}"
    );
    assert_eq!(it.records[0].record.reason, EndReason::Lost);
}

#[test]
fn a_seat_is_kept_longer_while_media_flows() {
    let mut it = Bench::new();
    it.live();
    it.gone(device(2, 1));
    it.wait(limits::SEAT_MS - 1);
    let flowing = Some(device(2, 1).device);
    let report = Input::Report { by: device(1, 1), call_id: call(1), setup_ms: None, flowing };
    it.handle(report).unwrap();
    it.wait(limits::SEAT_WITH_MEDIA_MS - 1);
    assert_eq!(it.calls.len(), 1, "media flowed");
    it.wait(1);
    assert!(it.calls.is_empty(), "and was not reported again");
}

#[test]
fn a_caller_that_vanishes_while_it_rings_gives_up() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    it.gone(device(1, 1));
    it.wait(limits::SEAT_MS);
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Cancelled)]);
}

#[test]
fn a_closed_window_is_told_at_once_and_ends_the_call_unless_it_comes_back() {
    let (ada, grace) = (device(1, 1), device(2, 1));
    let mut it = Bench::new();
    it.live();
    it.wait(60_000);
    it.left(ada.clone());
    let closed = RelayMessage::PeerClosed { call_id: call(1), from: ada.device };
    assert_eq!(it.told(&grace), std::slice::from_ref(&closed), "at once");
    it.wait(limits::SEAT_LEFT_MS - 1);
    it.back(ada.clone());
    let returned = RelayMessage::PeerReturned { call_id: call(1), from: ada.device };
    assert_eq!(it.told(&grace), [returned], "a reload is the same page again");
    it.wait(2 * limits::SEAT_LEFT_MS);
    assert_eq!(it.told(&grace), [], "and the call goes on");

    it.left(ada.clone());
    it.flowing(grace.clone(), &ada);
    it.wait(limits::SEAT_LEFT_MS - 1);
    assert_eq!(it.told(&grace), [closed]);
    it.wait(1);
    assert_eq!(it.ends(&grace), [(call(1), EndReason::WindowClosed)], "whatever was in flight");
    assert_eq!(it.ends(&ada), [(call(1), EndReason::WindowClosed)]);
    let record = &it.records[0].record;
    assert_eq!(record.reason, EndReason::WindowClosed);
    assert_eq!(record.ended_at, it.now - limits::SEAT_LEFT_MS, "until the window was closed");
}

#[test]
fn a_crash_or_a_lost_network_is_no_closed_window() {
    let (ada, grace) = (device(1, 1), device(2, 1));
    let mut it = Bench::new();
    it.live();
    it.gone(ada.clone());
    it.wait(limits::SEAT_LEFT_MS);
    it.back(ada);
    assert_eq!(it.told(&grace), [], "nothing is claimed of it, and its seat is kept");
}

#[test]
fn whoever_is_kept_from_somebody_is_not_told_of_their_window() {
    let mut it = three();
    it.part(2, 1, Parting::Blocked);
    it.said.clear();
    it.left(device(1, 1));
    it.back(device(1, 1));
    assert_eq!(it.told(&device(2, 1)), []);
}

#[test]
fn a_ring_ends_at_once_with_the_callers_window() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    it.said.clear();
    it.left(device(1, 1));
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Cancelled)]);
    assert_eq!(it.records[0].record.reason, EndReason::Cancelled, "a missed call");
}

#[test]
fn a_window_that_is_closed_while_it_rings_there_rings_no_more() {
    let (ada, grace) = (device(1, 1), device(2, 1));
    let mut it = Bench::new();
    it.place(ada.clone(), 1, vec![callee(2, &[1, 2])]).unwrap();
    it.said.clear();
    let rings = |devices| RelayMessage::CallRinging { call_id: call(1), user: user(2), devices };
    it.left(grace.clone());
    assert_eq!(it.told(&ada), [rings(1)]);
    it.back(grace);
    assert_eq!(it.told(&ada), [rings(2)], "it may come back and answer");
    it.answer(device(2, 1), 1).unwrap();
}

#[test]
fn the_operators_limit_ends_a_call() {
    let mut it = Bench::timed(Timing { max_call_ms: Some(5_000), ..Timing::default() });
    it.live();
    assert_eq!(it.calls.deadline(), Some(T0 + 5_000));
    it.wait(5_000);
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::TimeLimit)]);
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::TimeLimit)]);
}

#[test]
fn signing_out_leaves_the_call() {
    let mut it = Bench::new();
    it.live();
    it.handle(Input::SignedOut { device: device(2, 1) }).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Ended)]);
    it.place(device(1, 1), 2, vec![callee(2, &[1])]).unwrap();
    it.handle(Input::SignedOut { device: device(1, 1) }).unwrap();
    assert_eq!(it.ends(&device(2, 1)), [(call(2), EndReason::Cancelled)]);
}

#[test]
fn whoever_is_removed_rings_no_more_and_is_in_no_call() {
    let removed = |n: u8| Input::Departed { user: device(n, 1).user };
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    it.handle(removed(2)).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Unreachable)], "nobody can answer");
    assert_eq!(it.ends(&device(2, 1)), [], "they are gone");

    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    it.handle(removed(1)).unwrap();
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Cancelled)]);

    let mut it = Bench::new();
    it.live();
    it.handle(removed(2)).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Ended)]);

    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1]), callee(3, &[1])]).unwrap();
    it.handle(removed(2)).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [], "others can answer");
    let back = Input::Connected { device: device(2, 2), fresh: true };
    it.handle(back).unwrap();
    it.handle(removed(3)).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Unreachable)]);

    let mut it = Bench::new();
    let silent = Callee { rings: false, ..callee(3, &[1]) };
    it.place(device(1, 1), 1, vec![callee(2, &[1]), silent]).unwrap();
    it.handle(removed(2)).unwrap();
    assert_eq!(it.ends(&device(1, 1)), [], "a block is not told from absence");
}

#[test]
fn whoever_leaves_a_group_is_in_no_index_of_its_calls() {
    let left = |n: u8| Input::LeftGroup { user: user(n), conversation: conversation() };
    for answered in [false, true] {
        let mut it = Bench::new();
        it.place(device(1, 1), 1, vec![callee(2, &[1]), callee(3, &[1]), callee(4, &[1])]).unwrap();
        if answered {
            it.answer(device(2, 1), 1).unwrap();
        }
        it.handle(left(3)).unwrap();
        assert_eq!(it.calls.len(), 1, "the others go on");
        assert!(!it.calls.by_user.contains_key(&user(3)));
        it.handle(Input::Departed { user: user(4) }).unwrap();
        it.handle(Input::Leave { by: device(1, 1), call_id: call(1) }).unwrap();
        assert!(it.calls.by_user.is_empty(), "nobody is in a call that is over");
    }
}

#[test]
fn signals_pass_only_between_participants() {
    let mut it = Bench::new();
    let signal = |by: Participant, to: &Participant| Input::Signal {
        by,
        call_id: call(1),
        to: to.device,
        signal: Box::new(Signal::Offer {
            offer_id: OfferId::from_bytes([2; 16]),
            restart: true,
            sdp: Sdp::new("restart").unwrap(),
            proof: None,
        }),
    };
    it.place(device(1, 1), 1, vec![callee(2, &[1, 2])]).unwrap();
    let early = it.handle(signal(device(1, 1), &device(2, 1)));
    assert_eq!(early, Err(Refusal::NotFound), "nobody answered yet");
    it.answer(device(2, 1), 1).unwrap();
    it.said.clear();
    it.handle(signal(device(1, 1), &device(2, 1))).unwrap();
    let told = it.told(&device(2, 1));
    assert!(matches!(told.as_slice(), [RelayMessage::SdpOffer { restart: true, .. }]));
    for (by, to) in [
        (device(2, 2), device(1, 1)),
        (device(1, 1), device(2, 2)),
        (device(3, 1), device(1, 1)),
        (device(1, 1), device(1, 1)),
    ] {
        assert_eq!(it.handle(signal(by, &to)), Err(Refusal::NotFound));
    }
}

#[test]
fn the_newest_media_state_wins() {
    let mut it = Bench::new();
    let state = |n, mic| Input::MediaState {
        by: device(1, 1),
        call_id: call(1),
        n,
        state: MediaState { mic, camera: false, screen: false, narrow: false },
    };
    it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
    it.handle(state(1, true)).unwrap();
    it.told(&device(2, 1));
    it.answer(device(2, 1), 1).unwrap();
    let told = it.told(&device(2, 1));
    assert!(matches!(told.as_slice(), [RelayMessage::MediaState { n: 1, .. }]), "kept");
    it.handle(state(3, false)).unwrap();
    it.handle(state(2, true)).unwrap();
    let told = it.told(&device(2, 1));
    assert!(matches!(told.as_slice(), [RelayMessage::MediaState { n: 3, .. }]), "2 is old");
    it.handle(Input::Sync { by: device(2, 1), call_id: call(1), claim: None }).unwrap();
    let told = it.told(&device(2, 1));
    let [RelayMessage::CallState { participants, since, media_state, .. }] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!((participants.len(), *since, media_state[0].n), (2, Some(T0), 3));
}

fn claim(participants: Vec<Participant>) -> Option<Box<CheckedClaim>> {
    Some(Box::new(CheckedClaim {
        conversation: conversation(),
        direct: true,
        media: Media::Voice,
        caller: device(1, 1),
        participants,
        apart: Apart::default(),
        audience: vec![user(1), user(2)],
        sent_at: T0 - 60_000,
        since: T0 - 50_000,
    }))
}

#[test]
fn a_relay_that_forgot_a_call_learns_it_from_a_claim() {
    let mut it = Bench::new();
    let both = vec![device(1, 1), device(2, 1)];
    let by = device(1, 1);
    let forgotten = Input::Sync { by: by.clone(), call_id: call(1), claim: None };
    assert_eq!(it.handle(forgotten), Err(Refusal::NotFound));
    let foreign = Input::Sync { by: device(3, 1), call_id: call(1), claim: claim(both.clone()) };
    assert_eq!(it.handle(foreign), Err(Refusal::NotFound), "one must be in one's own claim");
    let sync = Input::Sync { by: by.clone(), call_id: call(1), claim: claim(both.clone()) };
    it.handle(sync).unwrap();
    it.wait(limits::SEAT_MS - 1);
    let sync = Input::Sync { by: device(2, 1), call_id: call(1), claim: claim(both) };
    it.handle(sync).unwrap();
    it.wait(limits::SEAT_MS);
    assert_eq!(it.calls.len(), 1, "both claimed it");
    it.handle(Input::Leave { by, call_id: call(1) }).unwrap();
    let record = &it.records[0].record;
    assert_eq!((record.started_at, record.answered_at), (T0 - 60_000, Some(T0 - 50_000)));
}

#[test]
fn a_claim_that_nobody_confirms_is_not_history() {
    let both = || claim(vec![device(1, 1), device(2, 1)]);
    let sync = |by| Input::Sync { by, call_id: call(1), claim: both() };
    let leave = || Input::Leave { by: device(1, 1), call_id: call(1) };
    let mut it = Bench::new();
    it.handle(sync(device(1, 1))).unwrap();
    it.handle(Input::Connected { device: device(2, 1), fresh: true }).unwrap();
    assert_eq!(it.handle(sync(device(2, 2))), Err(Refusal::Stale), "another device of theirs");
    it.handle(leave()).unwrap();
    assert!(it.records.is_empty(), "one person's word");

    let mut it = Bench::new();
    it.handle(sync(device(1, 1))).unwrap();
    it.handle(Input::Connected { device: device(2, 1), fresh: true }).unwrap();
    it.wait(limits::SEAT_MS);
    assert!(it.calls.is_empty(), "a connection does not confirm a call");
    assert!(it.records.is_empty());

    let mut it = Bench::new();
    it.handle(sync(device(1, 1))).unwrap();
    it.handle(sync(device(2, 1))).unwrap();
    it.handle(leave()).unwrap();
    assert_eq!(it.records.len(), 1, "both said it");
    assert_eq!(it.records[0].record.participants, [user(1), user(2)]);
}

#[test]
fn a_hang_up_that_overtakes_the_other_claim_is_history_once_that_comes() {
    let both = || claim(vec![device(1, 1), device(2, 1)]);
    let sync = |by| Input::Sync { by, call_id: call(1), claim: both() };
    let leave = |by| Input::Leave { by, call_id: call(1) };
    for late in [sync(device(2, 1)), leave(device(2, 1))] {
        let mut it = Bench::new();
        it.handle(sync(device(1, 1))).unwrap();
        it.handle(leave(device(1, 1))).unwrap();
        let ended_at = T0;
        it.wait(200);
        for other in [sync(device(2, 2)), leave(device(1, 1)), sync(device(3, 1))] {
            assert!(it.handle(other).is_err(), "it is over");
            assert!(it.records.is_empty(), "not the word of the one who is named");
        }
        assert_eq!(it.handle(late), Err(Refusal::Stale), "over, and they learn it");
        assert_eq!(it.records.len(), 1, "both said it");
        let record = &it.records[0].record;
        assert_eq!(record.participants, [user(1), user(2)]);
        assert_eq!((record.reason, record.ended_at), (EndReason::Ended, ended_at));
        let _ = it.handle(sync(device(2, 1)));
        assert_eq!(it.records.len(), 1, "once");
    }
}

#[test]
fn a_claim_names_its_sender_somebody_else_and_no_stranger() {
    let mut it = Bench::new();
    let labelled = Participant { user: user(2), ..device(1, 1) };
    for participants in [
        vec![device(1, 1)],
        vec![device(1, 1), device(1, 2)],
        vec![device(1, 1), device(3, 1)],
        vec![labelled, device(2, 1)],
        vec![device(2, 1), device(2, 2)],
    ] {
        let sync = Input::Sync { by: device(1, 1), call_id: call(1), claim: claim(participants) };
        assert_eq!(it.handle(sync), Err(Refusal::NotFound));
    }
    assert!(it.calls.is_empty());
}

#[test]
fn a_claim_of_a_call_that_cannot_go_on_is_refused() {
    let claimed = |timing: Timing, sent_at, since| {
        let mut it = Bench::timed(timing);
        let mut outcome = Ok(());
        for by in [device(1, 1), device(2, 1)] {
            let both = claim(vec![device(1, 1), device(2, 1)]);
            let claim = both.map(|claim| Box::new(CheckedClaim { sent_at, since, ..*claim }));
            outcome = it.handle(Input::Sync { by, call_id: call(1), claim });
        }
        outcome?;
        it.handle(Input::Leave { by: device(1, 1), call_id: call(1) }).unwrap();
        let record = &it.records[0].record;
        Ok((record.started_at, record.answered_at.unwrap()))
    };
    let day = 86_400_000;
    let timing = Timing::default();
    let began = T0 - day + 1;
    assert_eq!(claimed(timing, began - 5, began), Ok((began - 5, began)), "as it was");
    for since in [0, T0 - 2 * day, T0 - day] {
        let old = claimed(timing, since.saturating_sub(5), since);
        assert_eq!(old, Err(Refusal::Stale), "no start is moved");
    }
    assert_eq!(claimed(timing, T0 - 2 * day, T0 - 5), Err(Refusal::Stale), "it rang for two days");
    assert_eq!(claimed(timing, T0, T0 - 90_000), Err(Refusal::Stale), "answered before it rang");
    assert_eq!(claimed(timing, T0 + 90_000, T0 + 90_000), Err(Refusal::Stale), "in the future");
    assert_eq!(claimed(timing, T0 + 9, T0 + 5), Ok((T0, T0)), "two clocks differ a little");
    let limited = Timing { max_call_ms: Some(5_000), ..timing };
    assert_eq!(claimed(limited, T0 - 4_999, T0 - 4_999), Ok((T0 - 4_999, T0 - 4_999)));
    assert_eq!(claimed(limited, T0 - 5_000, T0 - 5_000), Err(Refusal::Stale), "over the longest");
}

#[test]
fn a_seat_of_a_claim_is_told_nothing_before_its_own_device_confirms_it() {
    let mut it = Bench::new();
    let other = device(2, 1);
    let sync = |by| {
        let claim = claim(vec![device(1, 1), device(2, 1)]);
        Input::Sync { by, call_id: call(1), claim }
    };
    let offer = |to: &Participant| Input::Signal {
        by: device(1, 1),
        call_id: call(1),
        to: to.device,
        signal: Box::new(Signal::Offer {
            offer_id: OfferId::from_bytes([2; 16]),
            restart: true,
            sdp: Sdp::new("restart").unwrap(),
            proof: None,
        }),
    };
    let state = |n| Input::MediaState {
        by: device(1, 1),
        call_id: call(1),
        n,
        state: MediaState::default(),
    };
    it.handle(sync(device(1, 1))).unwrap();
    it.handle(Input::Connected { device: other.clone(), fresh: true }).unwrap();
    assert_eq!(it.handle(offer(&other)), Err(Refusal::NotFound));
    assert_eq!(it.trickle(device(1, 1), 1, Some(other.device)), Err(Refusal::NotFound));
    it.trickle(device(1, 1), 1, None).unwrap();
    it.handle(state(1)).unwrap();
    assert!(it.calls.snapshot(&other).is_empty(), "not in its snapshot");
    assert!(it.told(&other).is_empty(), "nothing by messages");
    it.handle(sync(other.clone())).unwrap();
    it.told(&other);
    it.handle(offer(&other)).unwrap();
    it.trickle(device(1, 1), 1, None).unwrap();
    it.handle(state(2)).unwrap();
    assert_eq!(it.told(&other).len(), 3, "everything from then on");

    for end in [Input::Leave { by: device(1, 1), call_id: call(1) }, Input::Tick] {
        let mut it = Bench::new();
        it.handle(sync(device(1, 1))).unwrap();
        it.handle(end).unwrap();
        it.wait(limits::SEAT_MS);
        assert!(it.calls.is_empty());
        assert!(it.told(&other).is_empty(), "nor of its end");
    }
}

#[test]
fn a_lost_call_lasted_until_somebody_was_gone() {
    let talk = 10_000;
    let lost = |after: fn(&mut Bench)| {
        let mut it = Bench::new();
        it.live();
        it.now += talk;
        after(&mut it);
        assert!(it.calls.is_empty(), "it is lost");
        let record = &it.records[0].record;
        (record.ended_at - record.answered_at.unwrap(), record.reason)
    };
    let reason = EndReason::Lost;
    let seat_over = |it: &mut Bench| {
        it.gone(device(2, 1));
        it.wait(limits::SEAT_MS);
    };
    assert_eq!(lost(seat_over), (talk, reason), "55 s are not the call's length");
    let silent = |it: &mut Bench| {
        it.now += limits::DEAD_MS;
        it.gone_silent_for(device(2, 1), limits::DEAD_MS);
        it.wait(limits::SEAT_MS);
    };
    assert_eq!(lost(silent), (talk, reason), "nor are 90 s: the socket was dead for a while");
    let flows = |it: &mut Bench| {
        it.gone(device(2, 1));
        it.wait(30_000);
        it.flowing(device(1, 1), &device(2, 1));
        it.wait(limits::SEAT_WITH_MEDIA_MS);
    };
    assert_eq!(lost(flows), (talk + 30_000, reason), "until media was last reported");
    let both = |it: &mut Bench| {
        it.gone(device(1, 1));
        it.wait(2_000);
        it.gone(device(2, 1));
        it.wait(limits::SEAT_MS);
    };
    assert_eq!(lost(both), (talk, reason), "until the first of the two was gone");
    let given_up = |it: &mut Bench| {
        it.gone(device(2, 1));
        it.wait(20_000);
        it.handle(Input::Leave { by: device(1, 1), call_id: call(1) }).unwrap();
    };
    assert_eq!(lost(given_up), (talk, EndReason::Ended), "who waits and hangs up waited");
}

const PARTINGS: [Parting; 2] = [Parting::Blocked, Parting::Removed];

#[test]
fn parting_from_the_caller_stops_the_ringing_and_nobody_else_notices() {
    for parting in PARTINGS {
        let mut it = Bench::new();
        it.place(device(1, 1), 1, vec![callee(2, &[1, 2])]).unwrap();
        it.said.clear();
        it.part(2, 1, parting);
        for d in [1, 2] {
            assert_eq!(it.ends(&device(2, d)), [(call(1), EndReason::DeclinedElsewhere)]);
        }
        it.handle(Input::Connected { device: device(2, 3), fresh: false }).unwrap();
        assert!(it.calls.snapshot(&device(2, 3)).is_empty());
        assert_eq!(it.answer(device(2, 1), 1), Err(Refusal::NotFound));
        assert!(it.said.is_empty(), "neither the caller nor a new device hears of it");
        assert_eq!(it.trickle(device(1, 1), 1, None), Ok(()), "the call is there for the caller");
        it.wait(limits::RING_MS);
        assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::NoAnswer)]);
        assert_eq!(it.records[0].audience, [user(1)], "no missed call for who parted");
    }
}

#[test]
fn a_caller_who_parts_from_the_callee_gives_up() {
    for parting in PARTINGS {
        let mut it = Bench::new();
        it.place(device(1, 1), 1, vec![callee(2, &[1])]).unwrap();
        it.part(1, 2, parting);
        assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Cancelled)]);
        assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Cancelled)]);
        assert!(it.calls.is_empty() && it.calls.deadline().is_none());
    }
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1]), callee(3, &[1])]).unwrap();
    it.part(1, 2, Parting::Blocked);
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Cancelled)]);
    assert!(it.ends(&device(3, 1)).is_empty(), "the others ring on");
    it.part(1, 3, Parting::Blocked);
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Cancelled)], "nobody is left");
}

#[test]
fn a_live_direct_call_ends_for_both_when_they_part() {
    for parting in PARTINGS {
        for (by, other) in [(1, 2), (2, 1)] {
            let mut it = Bench::new();
            it.live();
            it.part(by, other, parting);
            assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Ended)]);
            assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Ended)]);
            assert_eq!(it.records[0].record.reason, EndReason::Ended);
        }
    }
    let mut it = Bench::new();
    it.live();
    it.part(1, 3, Parting::Blocked);
    assert_eq!(it.calls.len(), 1, "it is nobody else's call");
}

/// A live call of three people in a group.
fn three() -> Bench {
    let mut it = Bench::new();
    let people = || vec![device(1, 1), device(2, 1), device(3, 1)];
    for by in people() {
        let claim = claim(people()).map(|claim| {
            let audience = vec![user(1), user(2), user(3)];
            Box::new(CheckedClaim { direct: false, audience, ..*claim })
        });
        it.handle(Input::Sync { by, call_id: call(1), claim }).unwrap();
    }
    it.said.clear();
    it
}

#[test]
fn in_a_group_two_who_parted_get_nothing_from_each_other() {
    let mut it = three();
    it.part(1, 2, Parting::Removed);
    it.trickle(device(1, 1), 1, Some(device(2, 1).device)).unwrap();
    assert_eq!(it.told(&device(2, 1)).len(), 1, "groups outlive a contact");
    it.part(1, 2, Parting::Blocked);
    for (by, other) in [(1, 2), (2, 1)] {
        let (by, other) = (device(by, 1), device(other, 1));
        let signal = |signal| Input::Signal {
            by: by.clone(),
            call_id: call(1),
            to: other.device,
            signal: Box::new(signal),
        };
        let (offer_id, sdp) = (OfferId::from_bytes([2; 16]), Sdp::new("v=0").unwrap());
        let (restart, proof) = (true, None);
        let offer = Signal::Offer { offer_id, restart, sdp: sdp.clone(), proof: None };
        assert_eq!(it.handle(signal(offer)), Ok(()), "who is blocked is not told");
        assert_eq!(it.handle(signal(Signal::Answer { offer_id, sdp, proof })), Ok(()));
        assert_eq!(it.trickle(by.clone(), 1, Some(other.device)), Ok(()));
        assert_eq!(it.trickle(by.clone(), 1, None), Ok(()));
        let state = MediaState::default();
        it.handle(Input::MediaState { by, call_id: call(1), n: 7, state }).unwrap();
        assert!(it.told(&other).is_empty());
        it.handle(Input::Sync { by: other.clone(), call_id: call(1), claim: None }).unwrap();
        let told = it.told(&other);
        let [RelayMessage::CallState { media_state, .. }] = told.as_slice() else {
            panic!("{told:?}")
        };
        assert!(media_state.iter().all(|media| media.device == other.device));
    }
    assert_eq!(it.told(&device(3, 1)).len(), 4, "the third hears both");
    it.handle(Input::Leave { by: device(3, 1), call_id: call(1) }).unwrap();
    assert!(it.calls.is_empty(), "without the third nobody talks");
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Ended)]);
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Ended)]);
}

#[test]
fn two_who_are_alone_in_a_group_call_end_it_when_they_part() {
    let mut it = Bench::new();
    it.place(device(1, 1), 1, vec![callee(2, &[1]), callee(3, &[1])]).unwrap();
    it.answer(device(2, 1), 1).unwrap();
    it.said.clear();
    it.part(2, 1, Parting::Removed);
    assert_eq!(it.calls.len(), 1, "a group outlives a contact");
    it.part(2, 1, Parting::Blocked);
    assert_eq!(it.ends(&device(1, 1)), [(call(1), EndReason::Ended)]);
    assert_eq!(it.ends(&device(2, 1)), [(call(1), EndReason::Ended)]);
}

#[test]
fn a_device_claims_six_calls_in_five_minutes() {
    let mut it = Bench::new();
    let sync = |it: &mut Bench, n| {
        let claim = claim(vec![device(1, 1), device(2, 1)]);
        let said = it.handle(Input::Sync { by: device(1, 1), call_id: call(n), claim });
        let _ = it.handle(Input::Leave { by: device(1, 1), call_id: call(n) });
        said
    };
    for n in 1..=6 {
        assert_eq!(sync(&mut it, n), Ok(()));
    }
    let refused = Err(Refusal::TooOften { retry_after_ms: 299_000 });
    it.wait(1_000);
    assert_eq!(sync(&mut it, 7), refused);
    it.wait(299_000);
    assert_eq!(sync(&mut it, 7), Ok(()));
}

#[test]
fn who_does_not_claim_a_call_is_gone_from_it() {
    let mut it = Bench::new();
    let both = vec![device(1, 1), device(2, 1)];
    let sync = Input::Sync { by: device(1, 1), call_id: call(1), claim: claim(both) };
    it.handle(sync).unwrap();
    let other = it.place(device(2, 1), 2, vec![callee(3, &[1])]);
    assert_eq!(other, Ok(()), "somebody else's claim keeps nobody from calling");
    it.wait(limits::SEAT_MS);
    assert!(it.ends(&device(1, 1)).contains(&(call(1), EndReason::Lost)));
}

#[test]
fn set_up_is_measured_once_a_participant() {
    let mut it = Bench::new();
    it.live();
    it.measures.clear();
    for _ in 0..3 {
        let report =
            Input::Report { by: device(1, 1), call_id: call(1), setup_ms: Some(90), flowing: None };
        it.handle(report).unwrap();
    }
    assert_eq!(it.measures, [Measure::SetUp { ms: 90 }]);
}

/// Every input that a hostile or confused client can cause, with few names so that they meet.
fn any_input() -> impl Strategy<Value = Input> {
    let who = || (1_u8..4, 1_u8..3).prop_map(|(n, d)| device(n, d));
    let id = || (1_u8..4).prop_map(call);
    let reason = prop_oneof![
        Just(RejectReason::Declined),
        Just(RejectReason::Busy),
        Just(RejectReason::Dnd)
    ];
    prop_oneof![
        (who(), any::<bool>()).prop_map(|(device, fresh)| Input::Connected { device, fresh }),
        (who(), prop_oneof![Just(Going::Lost), Just(Going::Left)])
            .prop_map(|(device, going)| { Input::Disconnected { device, heard_at: T0, going } }),
        (1_u8..4, 1_u8..4, any::<bool>()).prop_map(|(by, other, blocked)| {
            let parting = if blocked { Parting::Blocked } else { Parting::Removed };
            Input::Parted { by: user(by), other: user(other), parting }
        }),
        who().prop_map(|device| Input::SignedOut { device }),
        who().prop_map(|device| Input::Departed { user: device.user }),
        who().prop_map(|device| Input::LeftGroup {
            user: device.user,
            conversation: conversation()
        }),
        (who(), id(), 1_u8..8, any::<bool>(), any::<bool>()).prop_map(
            |(by, call_id, to, rings, dnd)| {
                // A bit for each of the three people.
                let called = (1_u8..4).filter(|n| to & (1 << (n - 1)) != 0 && by.user != user(*n));
                let callees: Vec<Callee> =
                    called.map(|n| Callee { rings, dnd, ..callee(n, &[1, 2]) }).collect();
                Input::Initiate {
                    by,
                    call_id,
                    conversation: conversation(),
                    direct: callees.len() == 1,
                    media: Media::Video,
                    offer: Box::new(offer()),
                    callees,
                }
            }
        ),
        (who(), id()).prop_map(|(by, call_id)| {
            let sdp = Sdp::new("answer").unwrap();
            let answer = Box::new(Answer { offer_id: offer().offer_id, sdp, proof: None });
            Input::Answer { by, call_id, media: Media::Voice, answer }
        }),
        (who(), id(), reason).prop_map(|(by, call_id, reason)| Input::Reject {
            by,
            call_id,
            reason
        }),
        (who(), id()).prop_map(|(by, call_id)| Input::Cancel { by, call_id }),
        (who(), id()).prop_map(|(by, call_id)| Input::Leave { by, call_id }),
        (who(), id()).prop_map(|(by, call_id)| Input::PeerList { by, call_id }),
        (who(), id(), who()).prop_map(|(by, call_id, to)| {
            let (offer_id, sdp) = (OfferId::from_bytes([2; 16]), Sdp::new("v=0").unwrap());
            let signal = Signal::Offer { offer_id, restart: false, sdp, proof: None };
            Input::Signal { by, call_id, to: to.device, signal: Box::new(signal) }
        }),
        (who(), id()).prop_map(|(by, call_id)| Input::Trickle {
            by,
            call_id,
            to: None,
            candidates: candidate().into(),
        }),
        (who(), id()).prop_map(|(by, call_id)| Input::MediaState {
            by,
            call_id,
            n: 1,
            state: MediaState::default(),
        }),
        (who(), id(), any::<bool>()).prop_map(|(by, call_id, claims)| {
            let claim = claims.then(|| claim(vec![device(1, 1), by.clone()])).flatten();
            Input::Sync { by, call_id, claim }
        }),
        (who(), id(), who()).prop_map(|(by, call_id, peer)| Input::Report {
            by,
            call_id,
            setup_ms: Some(1),
            flowing: Some(peer.device),
        }),
        Just(Input::Tick),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is said in whatever order: no panic, every index agrees with the calls, every deadline
    /// is in the future, whoever is refused changed nothing, an ended call does not come back while it
    /// is remembered, and when everybody is gone and time passes nothing is left.
    #[test]
    fn any_order_of_inputs_leaves_the_calls_whole(
        inputs in proptest::collection::vec((any_input(), 0_u64..2_000), 1..80)
    ) {
        let mut it = Bench::new();
        let mut over = std::collections::BTreeSet::new();
        for (input, wait) in inputs {
            it.now += wait;
            it.handle(Input::Tick).unwrap();
            let before = (it.calls.len(), it.said.len());
            if it.handle(input).is_err() {
                prop_assert_eq!((it.calls.len(), it.said.len()), before, "a refusal is silent");
            }
            for new in it.records.drain(..) {
                prop_assert!(over.insert(new.record.call_id), "recorded once");
                prop_assert!(new.record.ended_at >= new.record.started_at);
            }
            prop_assert!(it.calls.deadline().is_none_or(|at| at > it.now), "nothing is overdue");
        }
        for n in 1..4 {
            for d in 1..3 {
                it.handle(Input::SignedOut { device: device(n, d) }).unwrap();
            }
        }
        it.wait(limits::RING_MS + limits::SEAT_WITH_MEDIA_MS);
        prop_assert!(it.calls.is_empty());
        prop_assert!(it.calls.deadline().is_none());
        prop_assert!(it.calls.by_user.is_empty(), "the index forgets as well");
    }
}
