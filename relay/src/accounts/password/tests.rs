#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use bellwire_protocol::Secret;
use bellwire_protocol::http::ProblemReason;
use futures_util::FutureExt as _;

use super::super::source::{Source, Standing};
use super::{COMMON, Cost, Match, Overloaded, Passwords, weakness};
use crate::network::Network;

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

const BY: Source = Source::trusted();
const CHEAP: Cost = Cost { memory_kib: 64, passes: 1 };

#[test]
fn short_long_and_common_passwords_are_weak() {
    assert_eq!(weakness(&secret("nine char")), Some(ProblemReason::PasswordLength));
    assert_eq!(weakness(&secret(&"x".repeat(257))), Some(ProblemReason::PasswordLength));
    for common in ["1234567890", "password123", "Basketball", "QWERTYUIOP"] {
        assert_eq!(weakness(&secret(common)), Some(ProblemReason::PasswordCommon), "{common}");
    }
    assert_eq!(weakness(&secret("correct horse")), None);
    assert_eq!(weakness(&secret("äöüäöüäöüä")), None, "characters are counted, not bytes");
}

#[test]
fn the_list_is_sorted_and_holds_nothing_that_its_length_refuses() {
    let lines: Vec<&str> = COMMON.lines().collect();
    assert!(lines.len() > 1_000 && lines.is_sorted());
    assert!(lines.iter().all(|line| line.chars().count() >= 10));
}

#[tokio::test]
async fn a_hash_is_renewed_when_the_cost_changed() {
    let old = Passwords::new(CHEAP).unwrap();
    let hash = old.hash(BY, &secret("correct horse")).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    assert_eq!(old.check(BY, &secret("correct horse"), Some(&hash)).await, Ok(Match::Right));
    assert_eq!(old.check(BY, &secret("wrong horse!"), Some(&hash)).await, Ok(Match::Wrong));
    assert_eq!(old.check(BY, &secret("correct horse"), None).await, Ok(Match::Wrong));
    let new = Passwords::new(Cost { memory_kib: 128, passes: 1 }).unwrap();
    let Ok(Match::Renew(renewed)) = new.check(BY, &secret("correct horse"), Some(&hash)).await
    else {
        panic!("the hash is of an older cost")
    };
    assert_eq!(new.check(BY, &secret("correct horse"), Some(&renewed)).await, Ok(Match::Right));
}

fn from(n: u8) -> Source {
    Source::of(Network::of(std::net::IpAddr::from([203, 0, n, 1])), false)
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_again() {
    let passwords = Passwords::new(Cost { memory_kib: 4_096, passes: 1 }).unwrap();
    let password = secret("correct horse");
    let all = (0..200).map(|n| passwords.hash(from(n), &password));
    let done = futures_util::future::join_all(all).await;
    assert!(done.contains(&Err(Overloaded)), "the queue is bounded");
    assert!(done.iter().filter(|hash| hash.is_ok()).count() >= 50, "and served");
}

#[tokio::test]
async fn a_flood_from_many_networks_delays_a_known_one_by_little() {
    let passwords = Passwords::new(Cost { memory_kib: 4_096, passes: 1 }).unwrap();
    let password = secret("correct horse");
    let order = std::sync::Mutex::new(Vec::new());
    let hash = async |by: Source| {
        let hash = passwords.hash(by, &password).await;
        if hash.is_ok() {
            order.lock().unwrap().push(by.standing);
        }
        hash
    };
    let flood = futures_util::future::join_all((0..200).map(|n| hash(from(n))));
    let known = Source::of(from(9).network, true);
    let known = futures_util::future::join_all((0..8).map(|_| hash(known)));
    let (_, known) = tokio::join!(flood, known);
    assert!(known.iter().all(Result::is_ok), "nobody known is turned away");
    let order = order.into_inner().unwrap();
    let last = order.iter().rposition(|standing| *standing == Standing::Network).unwrap();
    assert!(last < 24, "two at once, and every second turn: {order:?}");
}

#[tokio::test]
async fn whoever_stops_waiting_leaves_its_turn_to_the_next() {
    let passwords = Passwords::new(CHEAP).unwrap();
    let password = secret("correct horse");
    for _ in 0..4 {
        // Held here: a hash that computes may be done at any moment.
        let mut turns = Vec::new();
        for _ in 0..super::AT_ONCE {
            let turn = passwords.turns.wait(BY).now_or_never().expect("all turns are there");
            turns.push(turn.unwrap());
        }
        let mut waiting: Vec<_> =
            (0..20).map(|n| Box::pin(passwords.hash(from(n), &password))).collect();
        for hash in &mut waiting {
            assert!(hash.now_or_never().is_none(), "both turns are taken");
        }
        // A turn that comes back while all still wait is sent to one of them; the other comes back
        // when nobody waits for it any more.
        drop(turns.pop());
        drop(waiting);
        drop(turns);
    }
    assert!(passwords.hash(from(1), &password).await.is_ok(), "all turns are there again");
    assert_eq!(passwords.turns.lock().free, super::AT_ONCE);
}

#[tokio::test]
async fn a_password_is_accepted_in_every_normal_form() {
    let passwords = Passwords::new(CHEAP).unwrap();
    let forms = [
        "Schl\u{fc}ssel der T\u{fc}r",
        "Schlu\u{308}ssel der Tu\u{308}r",
        "Schl\u{fc}ssel\u{a0}der\u{3000}Tu\u{308}r",
    ];
    for typed in forms {
        let hash = passwords.hash(BY, &secret(typed)).await.unwrap();
        for again in forms {
            let outcome = passwords.check(BY, &secret(again), Some(&hash)).await;
            assert_eq!(outcome, Ok(Match::Right), "{typed:?} as {again:?}");
        }
        let other = passwords.check(BY, &secret("Schlussel der Tur"), Some(&hash)).await;
        assert_eq!(other, Ok(Match::Wrong), "another letter is another password");
    }
    // A hash of the decomposed form, as it was typed.
    let old = super::compute(CHEAP, forms[1].as_bytes()).unwrap();
    let Ok(Match::Renew(hash)) = passwords.check(BY, &secret(forms[1]), Some(&old)).await else {
        panic!("what was typed then is right")
    };
    assert_eq!(passwords.check(BY, &secret(forms[0]), Some(&hash)).await, Ok(Match::Right));
}
