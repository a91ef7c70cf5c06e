use bellwire_core::KeptChat;
use bellwire_core::api::Settings;
use bellwire_protocol::{ChatId, ChatText, ConversationId, UserId};

use super::*;

fn folder(path: &Path, key: u8) -> SealedFolder {
    SealedFolder::new(path.to_owned(), key_of(&[key; KEY_BYTES]).expect("32 bytes"))
}

fn records() -> [Record; 2] {
    let conversation = ConversationId::from_bytes([7; 16]);
    [Record::Seen { conversation, at: 1 }, Record::Settings(Settings::default())]
}

#[test]
fn what_is_kept_is_found_again_and_cannot_be_read_on_the_disk() {
    let path = tempfile::tempdir().expect("a folder");
    for record in &records() {
        folder(path.path(), 1).keep(record);
    }
    assert_eq!(folder(path.path(), 1).load(), records());
    for file in files_in(path.path()) {
        let bytes = fs::read(file).expect("readable");
        assert!(!bytes.windows(6).any(|six| six == b"record"), "no field name is legible");
    }
}

#[test]
fn another_key_opens_nothing() {
    let path = tempfile::tempdir().expect("a folder");
    folder(path.path(), 1).keep(&records()[0]);
    assert_eq!(folder(path.path(), 2).load(), []);
}

#[test]
fn a_record_under_another_name_does_not_open() {
    let path = tempfile::tempdir().expect("a folder");
    folder(path.path(), 1).keep(&records()[1]);
    fs::rename(path.path().join("settings"), path.path().join("sign_in")).expect("renamed");
    assert_eq!(folder(path.path(), 1).load(), [], "the name is sealed in");
}

#[test]
fn clearing_leaves_nothing() {
    let path = tempfile::tempdir().expect("a folder");
    folder(path.path(), 1).keep(&records()[0]);
    folder(path.path(), 1).clear();
    assert_eq!(files_in(path.path()), Vec::<PathBuf>::new());
}

const PLACE: ConversationId = ConversationId::from_bytes([8; 16]);

fn chat(n: u64, text: &str) -> Record {
    let id = ChatId::from_parts(n, [0; 10]);
    let message = KeptChat {
        id,
        from: UserId::from_bytes([1; 16]),
        text: ChatText::new(text).expect("text"),
        at: n,
        delivered: false,
    };
    Record::Chat { conversation: PLACE, id, message: Some(message) }
}

fn forgotten(n: u64) -> Record {
    let id = ChatId::from_parts(n, [0; 10]);
    Record::Chat { conversation: PLACE, id, message: None }
}

fn log_of(path: &Path) -> PathBuf {
    path.join(format!("chat.{PLACE}"))
}

#[test]
fn a_message_costs_what_it_is_long_however_many_there_are() {
    let path = tempfile::tempdir().expect("a folder");
    let mut sealed = folder(path.path(), 1);
    let mut before = 0;
    for n in 0..300 {
        sealed.keep(&chat(n, &"x".repeat(4_000)));
        let length = fs::metadata(log_of(path.path())).expect("there").len();
        assert!(length - before < 4_400, "message {n} cost {} bytes", length - before);
        before = length;
    }
    let found = folder(path.path(), 1).load();
    assert_eq!(found.len(), 300);
}

#[test]
fn messages_are_replaced_and_forgotten_and_the_file_stays_small() {
    let path = tempfile::tempdir().expect("a folder");
    let mut sealed = folder(path.path(), 1);
    for n in 0..1_000 {
        sealed.keep(&chat(n, "first"));
        sealed.keep(&chat(n, "second"));
        if n >= 10 {
            sealed.keep(&forgotten(n - 10));
        }
    }
    let expected: Vec<Record> = (990..1_000).map(|n| chat(n, "second")).collect();
    assert_eq!(sealed.load(), expected);
    assert_eq!(folder(path.path(), 1).load(), expected, "in the next life as well");
    let length = fs::metadata(log_of(path.path())).expect("there").len();
    assert!(length < 300 * 400, "{length} bytes for ten messages");
}

#[test]
fn a_crash_within_a_message_costs_that_message_and_nothing_after_it() {
    let path = tempfile::tempdir().expect("a folder");
    let mut sealed = folder(path.path(), 1);
    sealed.keep(&chat(1, "one"));
    let whole = fs::metadata(log_of(path.path())).expect("there").len();
    sealed.keep(&chat(2, "two"));
    let all = fs::metadata(log_of(path.path())).expect("there").len();
    for cut in whole + 1..all {
        let file = fs::OpenOptions::new().write(true).open(log_of(path.path()));
        file.and_then(|file| file.set_len(cut)).expect("cut");
        let mut next = folder(path.path(), 1);
        next.keep(&chat(2, "two"));
        assert_eq!(folder(path.path(), 1).load(), [chat(1, "one"), chat(2, "two")], "at {cut}");
    }
}

#[test]
fn messages_cannot_be_read_on_the_disk_and_not_under_another_conversation() {
    let path = tempfile::tempdir().expect("a folder");
    folder(path.path(), 1).keep(&chat(1, "analytical"));
    let bytes = fs::read(log_of(path.path())).expect("there");
    assert!(!bytes.windows(10).any(|ten| ten == b"analytical"));
    let other = format!("chat.{}", ConversationId::from_bytes([9; 16]));
    fs::rename(log_of(path.path()), path.path().join(other)).expect("renamed");
    assert_eq!(folder(path.path(), 1).load(), []);
}
