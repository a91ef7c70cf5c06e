use proptest::prelude::*;

use super::*;

fn sdp(ufrag: &str) -> String {
    format!(
        "v=0\r\nm=audio 9 X 0\r\na=ice-ufrag:{ufrag}\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n"
    )
}

fn id(n: u64) -> OfferId {
    OfferId::from_parts(n, [0; 10])
}

fn remote(n: u64, ufrag: &str) -> RemoteOffer {
    RemoteOffer { id: id(n), description: Description::read(&sdp(ufrag)).expect("sdp") }
}

fn ufrag(text: &str) -> Ufrag {
    Ufrag::new(text).expect("ufrag")
}

fn candidate(text: &str) -> LocalCandidate {
    LocalCandidate {
        ufrag: ufrag(text),
        mid: Mid::new("0").expect("mid"),
        candidate: Candidate::new("candidate:1").expect("candidate"),
    }
}

struct Bench {
    negotiation: Negotiation,
    ops: Operations,
    now: Time,
}

impl Bench {
    fn new(polite: bool) -> Self {
        Self { negotiation: Negotiation::new(polite), ops: Operations::default(), now: Time(0) }
    }

    fn offer(&mut self, restart: bool) -> Vec<Move> {
        let mut out = Vec::new();
        self.negotiation.offer(self.now, restart, &mut self.ops, &mut out);
        out
    }

    fn described(&mut self, operation: u32, fragment: &str, n: u64) -> Vec<Move> {
        let mut out = Vec::new();
        let text = sdp(fragment);
        self.negotiation.described(self.now, operation, &text, id(n), &mut self.ops, &mut out);
        out
    }

    fn receive(&mut self, n: u64, fragment: &str) -> (Verdict, Vec<Move>) {
        let mut out = Vec::new();
        let verdict =
            self.negotiation.receive_offer(self.now, remote(n, fragment), &mut self.ops, &mut out);
        (verdict, out)
    }

    fn answer(&mut self, n: u64, fragment: &str) -> Vec<Move> {
        let mut out = Vec::new();
        let description = Description::read(&sdp(fragment)).expect("sdp");
        self.negotiation.receive_answer(self.now, id(n), description, &mut self.ops, &mut out);
        out
    }

    fn applied(&mut self, operation: u32) -> Vec<Move> {
        let mut out = Vec::new();
        self.negotiation.applied(self.now, operation, &mut self.ops, &mut out);
        out
    }

    fn elapsed(&mut self) -> Vec<Move> {
        let mut out = Vec::new();
        self.negotiation.elapsed(self.now, &mut self.ops, &mut out);
        out
    }

    /// An own offer, answered: operations 1 and 2.
    fn settled(polite: bool) -> Self {
        let mut bench = Self::new(polite);
        bench.offer(false);
        bench.described(1, "ownA", 10);
        bench.answer(10, "farA");
        bench.applied(2);
        assert!(bench.negotiation.is_settled());
        bench
    }
}

fn is_answer(moves: &[Move]) -> bool {
    moves.iter().any(|step| matches!(step, Move::Answer { .. }))
}

#[test]
fn one_operation_is_in_flight_and_a_second_wish_waits() {
    let mut bench = Bench::settled(true);
    assert!(matches!(bench.offer(true)[..], [Move::Offer { operation: 3, restart: true }]));
    assert!(bench.offer(true).is_empty(), "the executor is busy");
    let moves = bench.described(3, "ownB", 20);
    assert!(matches!(moves[0], Move::SayOffer { restart: true, .. }));
    assert!(
        bench
            .answer(20, "farB")
            .iter()
            .any(|step| matches!(step, Move::Apply { operation, .. } if *operation == 4))
    );
    let moves = bench.applied(4);
    assert!(
        moves.contains(&Move::Offer { operation: 5, restart: true }),
        "the wish is taken up: {moves:?}"
    );
}

#[test]
fn no_description_that_is_said_brings_candidates_along() {
    let mut bench = Bench::new(true);
    bench.offer(false);
    let [Move::SayOffer { offer, .. }] = &bench.described(1, "ownA", 10)[..] else {
        panic!("an offer is said")
    };
    assert!(!offer.sdp.as_str().contains("candidate"));
}

#[test]
fn of_crossing_offers_the_impolite_one_lives() {
    let mut impolite = Bench::settled(false);
    impolite.offer(true);
    impolite.described(3, "ownB", 20);
    assert_eq!(impolite.receive(21, "farB"), (Verdict::Ignored, Vec::new()));
    let mut polite = Bench::settled(true);
    polite.offer(true);
    polite.described(3, "ownB", 20);
    let (verdict, moves) = polite.receive(21, "farB");
    assert_eq!(verdict, Verdict::Taken);
    assert!(is_answer(&moves), "answering rolls the own one back");
    let moves = polite.described(4, "ownC", 0);
    assert!(matches!(&moves[0], Move::SayAnswer(answer) if answer.offer_id == id(21)));
    assert!(polite.answer(20, "farX").is_empty(), "the own offer is forgotten");
}

#[test]
fn an_offer_that_comes_while_the_own_one_is_made_waits_for_it() {
    let mut polite = Bench::settled(true);
    polite.offer(true);
    assert_eq!(polite.receive(21, "farB"), (Verdict::Taken, Vec::new()));
    let moves = polite.described(3, "ownB", 20);
    assert!(is_answer(&moves), "then it wins: {moves:?}");
}

#[test]
fn two_offers_in_a_row_are_answered_one_after_the_other() {
    let mut bench = Bench::settled(false);
    assert!(is_answer(&bench.receive(20, "farB").1));
    assert_eq!(bench.receive(21, "farC").1, Vec::new(), "the first is being answered");
    let moves = bench.described(3, "ownB", 0);
    assert!(matches!(&moves[0], Move::SayAnswer(answer) if answer.offer_id == id(20)));
    assert!(is_answer(&moves), "then the second");
}

#[test]
fn a_repeated_offer_gets_the_same_answer_and_an_old_one_none() {
    let mut bench = Bench::new(false);
    bench.receive(20, "farA");
    let first = bench.described(1, "ownA", 0);
    let Move::SayAnswer(said) = &first[0] else { panic!("an answer is said") };
    assert_eq!(bench.receive(20, "farA"), (Verdict::Ignored, vec![Move::SayAnswer(said.clone())]));
    assert_eq!(bench.receive(19, "farZ"), (Verdict::Ignored, Vec::new()));
}

#[test]
fn only_the_open_offers_answer_is_applied() {
    let mut bench = Bench::new(true);
    bench.offer(false);
    assert!(bench.answer(10, "farA").is_empty(), "the offer was not even said");
    bench.described(1, "ownA", 10);
    assert!(bench.answer(9, "farA").is_empty(), "an answer to an older offer");
    assert_eq!(bench.answer(10, "farA").len(), 1);
    assert!(bench.answer(10, "farA").is_empty(), "a second answer");
}

#[test]
fn an_unanswered_offer_is_said_again() {
    let mut bench = Bench::new(true);
    bench.offer(false);
    let first = bench.described(1, "ownA", 10);
    bench.now = Time(REPEAT_MS);
    assert_eq!(bench.elapsed(), first, "the very same");
    assert_eq!(bench.negotiation.deadline(), Some(Time(2 * REPEAT_MS)));
}

#[test]
fn an_executor_that_does_not_answer_counts_as_failed() {
    let mut bench = Bench::new(true);
    bench.offer(false);
    bench.now = Time(OPERATION_MS);
    assert_eq!(bench.elapsed(), vec![Move::Broken]);
    assert_eq!(bench.negotiation.deadline(), None);
    assert!(bench.described(1, "ownA", 10).is_empty(), "what comes later is nobody's");
}

#[test]
fn a_description_that_is_none_fails_the_operation() {
    let mut bench = Bench::new(true);
    bench.offer(false);
    let mut out = Vec::new();
    bench.negotiation.described(bench.now, 1, "nonsense", id(1), &mut bench.ops, &mut out);
    assert_eq!(out, vec![Move::Broken]);
}

#[test]
fn an_answer_with_other_media_than_the_offer_fails() {
    let mut bench = Bench::new(true);
    bench.receive(20, "farA");
    let two = format!("{}m=video 9 X 0\r\n", sdp("ownA"));
    let mut out = Vec::new();
    bench.negotiation.described(bench.now, 1, &two, id(1), &mut bench.ops, &mut out);
    assert_eq!(out, vec![Move::Broken]);
}

#[test]
fn own_candidates_follow_their_description() {
    let mut bench = Bench::new(true);
    bench.offer(false);
    let mut out = Vec::new();
    bench.negotiation.candidate(candidate("ownA"), &mut out);
    assert!(out.is_empty(), "the description was not said");
    let moves = bench.described(1, "ownA", 10);
    assert!(matches!(moves[..], [Move::SayOffer { .. }, Move::SayCandidate(_)]));
    bench.negotiation.candidate(candidate(""), &mut out);
    assert_eq!(out, vec![Move::SayCandidate(candidate("ownA"))], "the generation is filled in");
}

#[test]
fn remote_candidates_wait_for_their_generation_and_old_ones_are_dropped() {
    let mut bench = Bench::settled(false);
    assert_eq!(bench.negotiation.fit(&ufrag("farA")), Fit::Now);
    assert_eq!(
        bench.negotiation.fit(&ufrag("farB")),
        Fit::Later,
        "a restart that is still to come"
    );
    bench.receive(20, "farB");
    assert_eq!(bench.negotiation.fit(&ufrag("farB")), Fit::Later, "not before the answer is set");
    let moves = bench.described(3, "ownB", 0);
    assert!(moves.contains(&Move::Ready(ufrag("farB"))));
    assert_eq!(bench.negotiation.fit(&ufrag("farB")), Fit::Now);
    assert_eq!(bench.negotiation.fit(&ufrag("farA")), Fit::Past);
}

/// What two negotiations and the way between them can do.
#[derive(Debug, Clone)]
enum Act {
    Offer(usize),
    Executor(usize),
    Deliver(usize),
}

proptest! {
    /// Two sides that offer at random times over a slow way end with one generation in common.
    #[test]
    fn two_sides_converge(acts in prop::collection::vec(
        prop_oneof![
            (0..2usize).prop_map(Act::Offer),
            (0..2usize).prop_map(Act::Executor),
            (0..2usize).prop_map(Act::Deliver),
        ], 0..60)) {
        let mut sides = [Bench::settled(true), Bench::settled(false)];
        let mut executors: [VecDeque<Move>; 2] = Default::default();
        let mut ways: [VecDeque<Move>; 2] = Default::default();
        let mut count = 100;
        let rest = (0..400).map(|n| match n % 4 {
            0 | 1 => Act::Executor(n % 2),
            _ => Act::Deliver(n % 2),
        });
        for act in acts.into_iter().chain(rest) {
            count += 1;
            let (side, moves) = match act {
                Act::Offer(side) => (side, sides[side].offer(true)),
                Act::Executor(side) => (side, match executors[side].pop_front() {
                    Some(Move::Offer { operation, .. } | Move::Answer { operation, .. }) => {
                        sides[side].described(operation, &format!("s{side}n{count}"), count)
                    }
                    Some(Move::Apply { operation, .. }) => sides[side].applied(operation),
                    _ => Vec::new(),
                }),
                Act::Deliver(side) => (side, match ways[side].pop_front() {
                    Some(Move::SayOffer { offer, .. }) => {
                        let mut out = Vec::new();
                        let description = Description::read(offer.sdp.as_str()).expect("sdp");
                        let offer = RemoteOffer { id: offer.offer_id, description };
                        let Bench { negotiation, ops, now } = &mut sides[side];
                        negotiation.receive_offer(*now, offer, ops, &mut out);
                        out
                    }
                    Some(Move::SayAnswer(answer)) => {
                        let mut out = Vec::new();
                        let description = Description::read(answer.sdp.as_str()).expect("sdp");
                        let Bench { negotiation, ops, now } = &mut sides[side];
                        negotiation.receive_answer(*now, answer.offer_id, description, ops, &mut out);
                        out
                    }
                    _ => Vec::new(),
                }),
            };
            for step in moves {
                match step {
                    Move::Offer { .. } | Move::Answer { .. } | Move::Apply { .. } => {
                        executors[side].push_back(step);
                        prop_assert!(executors[side].len() == 1, "one operation at a time");
                    }
                    Move::SayOffer { .. } | Move::SayAnswer(_) => ways[1 - side].push_back(step),
                    Move::SayCandidate(_) | Move::Ready(_) => {}
                    Move::Broken => prop_assert!(false, "nothing fails here"),
                }
            }
        }
        let [one, other] = &sides;
        prop_assert!(matches!(one.negotiation.signaling, Signaling::Stable), "{:?}", one.negotiation);
        prop_assert!(matches!(other.negotiation.signaling, Signaling::Stable), "{:?}", other.negotiation);
        if count > 500 && one.negotiation.local_ufrag != Some(ufrag("ownA")) {
            prop_assert_eq!(&one.negotiation.local_ufrag, &other.negotiation.remote_ufrag);
            prop_assert_eq!(&other.negotiation.local_ufrag, &one.negotiation.remote_ufrag);
        }
    }
}

fn of(device: &str, fragment: &str) -> Description {
    Description::read(&format!("{}a=fingerprint:{device}\r\n", sdp(fragment))).expect("sdp")
}

/// A connection with a device whose certificate is known, reached from either side.
fn settled(answering: bool) -> Bench {
    let mut bench = Bench::new(true);
    let mut out = Vec::new();
    let Bench { negotiation, ops, now } = &mut bench;
    if answering {
        let offer = RemoteOffer { id: id(1), description: of("sha-256 AA", "far1") };
        negotiation.receive_offer(*now, offer, ops, &mut out);
        negotiation.described(*now, 1, &sdp("own1"), id(2), ops, &mut out);
    } else {
        negotiation.offer(*now, false, ops, &mut out);
        negotiation.described(*now, 1, &sdp("own1"), id(1), ops, &mut out);
        negotiation.receive_answer(*now, id(1), of("sha-256 AA", "far1"), ops, &mut out);
        negotiation.applied(*now, 2, ops, &mut out);
    }
    assert!(negotiation.is_settled());
    bench
}

#[test]
fn a_connection_stays_with_the_certificate_that_it_began_with() {
    for answering in [true, false] {
        for (device, taken) in [
            ("sha-256 AA", true),
            ("SHA-256 aa", true),
            ("sha-256 BB", false),
            ("sha-256 AA\r\na=fingerprint:sha-256 BB", false),
        ] {
            let mut bench = settled(answering);
            let mut out = Vec::new();
            let offer = RemoteOffer { id: id(7), description: of(device, "far2") };
            let verdict = bench.negotiation.receive_offer(Time(1), offer, &mut bench.ops, &mut out);
            assert_eq!(verdict == Verdict::Taken, taken, "an offer of {device}");
            assert_eq!(!out.is_empty(), taken, "an offer of {device}");

            let mut bench = settled(answering);
            let mut out = Vec::new();
            bench.negotiation.offer(Time(1), true, &mut bench.ops, &mut out);
            let operation = bench.ops.clone().next() - 1;
            bench.negotiation.described(
                Time(1),
                operation,
                &sdp("own2"),
                id(8),
                &mut bench.ops,
                &mut out,
            );
            out.clear();
            let answer = of(device, "far2");
            bench.negotiation.receive_answer(Time(1), id(8), answer, &mut bench.ops, &mut out);
            assert_eq!(!out.is_empty(), taken, "an answer of {device}");
        }
    }
}
