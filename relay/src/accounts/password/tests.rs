#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use bellwire_protocol::Secret;
use bellwire_protocol::http::ProblemReason;

use super::{COMMON, Cost, Match, Overloaded, Passwords, weakness};

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

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
    let hash = old.hash(&secret("correct horse")).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{hash}");
    assert_eq!(old.check(&secret("correct horse"), Some(&hash)).await, Ok(Match::Right));
    assert_eq!(old.check(&secret("wrong horse!"), Some(&hash)).await, Ok(Match::Wrong));
    assert_eq!(old.check(&secret("correct horse"), None).await, Ok(Match::Wrong));
    let new = Passwords::new(Cost { memory_kib: 128, passes: 1 }).unwrap();
    let Ok(Match::Renew(renewed)) = new.check(&secret("correct horse"), Some(&hash)).await else {
        panic!("the hash is of an older cost")
    };
    assert_eq!(new.check(&secret("correct horse"), Some(&renewed)).await, Ok(Match::Right));
}

#[tokio::test]
async fn too_many_at_once_are_told_to_come_again() {
    let passwords = Passwords::new(Cost { memory_kib: 4_096, passes: 1 }).unwrap();
    let password = secret("correct horse");
    let all = (0..200).map(|_| passwords.hash(&password));
    let done = futures_util::future::join_all(all).await;
    assert!(done.contains(&Err(Overloaded)), "the queue is bounded");
    assert!(done.iter().filter(|hash| hash.is_ok()).count() >= 66, "and served");
}
