#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop where it stands")]

use bellwire_protocol::{CallableBy, DisplayName, Person, Username};

use super::*;

const NOW: u64 = 1_790_000_000_000;
const ADA: UserId = UserId::from_bytes([1; 16]);
const DEVICE: DeviceId = DeviceId::from_bytes([2; 16]);

fn cookies() -> DeviceCookies {
    DeviceCookies::new([7; 32])
}

fn cookie() -> Secret {
    cookies().make(ADA, DEVICE, "a hash", NOW).unwrap()
}

fn account(user: UserId, password_hash: &str) -> Account {
    let username = Username::new("ada").unwrap();
    let display_name = DisplayName::new("Ada").unwrap();
    Account {
        person: Person { user, username, display_name },
        password_hash: password_hash.to_owned(),
        callable_by: CallableBy::Contacts,
        administrator: false,
    }
}

#[test]
fn a_cookie_is_of_one_account_with_the_password_that_it_was_made_with() {
    let read = cookies().read(&cookie(), NOW).unwrap();
    assert_eq!((read.user, read.device), (ADA, DEVICE));
    assert!(cookies().is_of(&read, &account(ADA, "a hash")));
    assert!(!cookies().is_of(&read, &account(UserId::from_bytes([3; 16]), "a hash")));
    assert!(!cookies().is_of(&read, &account(ADA, "another hash")), "the password was changed");
}

#[test]
fn a_cookie_is_good_for_a_year_whatever_the_clock_said_when_it_was_made() {
    for (now, good) in [(NOW + LIFE_MS, true), (NOW + LIFE_MS + 1, false), (0, true)] {
        assert_eq!(cookies().read(&cookie(), now).is_some(), good, "at {now}");
    }
}

#[test]
fn one_changed_character_or_another_key_makes_it_nothing() {
    let good = cookie();
    assert!(good.as_str().is_ascii() && good.as_str().len() < 128, "it is short");
    for at in 0..good.as_str().len() {
        let mut forged = good.as_str().to_owned();
        let other = if &forged[at..=at] == "A" { "B" } else { "A" };
        forged.replace_range(at..=at, other);
        assert_eq!(cookies().read(&Secret::new(forged).unwrap(), NOW), None, "at {at}");
        let short = &good.as_str()[..at];
        if let Ok(short) = Secret::new(short) {
            assert_eq!(cookies().read(&short, NOW), None, "cut at {at}");
        }
    }
    let longer = Secret::new(format!("{}AAAA", good.as_str())).unwrap();
    assert_eq!(cookies().read(&longer, NOW), None);
    assert_eq!(DeviceCookies::new([8; 32]).read(&good, NOW), None, "of another relay");
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in ".{1,200}") {
        let text = Secret::new(text).unwrap();
        proptest::prop_assert_eq!(cookies().read(&text, NOW), None);
    }
}
