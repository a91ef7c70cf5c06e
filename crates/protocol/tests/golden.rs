//! Every message has a committed example, and both directions of serde agree with it.
//!
//! `BELLWIRE_WRITE_GOLDEN=1` writes the files after a deliberate change of the wire.

mod committed;
mod examples;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::PathBuf;

use bellwire_protocol::{ChannelMessage, ClientFrame, RelayFrame};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn path(file: &str) -> PathBuf {
    committed::path("golden").join(file)
}

fn type_of(value: &Value) -> String {
    value["type"].as_str().expect("every message is tagged").to_owned()
}

/// Compares the examples with the committed file, reads the file back, and returns the types seen.
fn check<T>(file: &str, examples: &[T]) -> Vec<String>
where
    T: Serialize + DeserializeOwned + PartialEq + Debug,
{
    let mut by_name: BTreeMap<String, Value> = BTreeMap::new();
    for example in examples {
        let value = serde_json::to_value(example).expect("every message can be written");
        let mut name = type_of(&value);
        while by_name.contains_key(&name) {
            name.push('+');
        }
        by_name.insert(name, value);
    }
    let made = serde_json::to_string_pretty(&by_name).expect("a map can be written") + "\n";
    if committed::is_writing() {
        committed::write(&path(file), &made);
    }
    let committed = std::fs::read_to_string(path(file)).unwrap_or_default();
    let as_values: BTreeMap<String, Value> =
        serde_json::from_str(&committed).expect("golden files are JSON");
    assert_eq!(as_values, by_name, "the wire changed: {file} no longer holds");

    let read: BTreeMap<String, T> =
        serde_json::from_str(&committed).expect("every example can be read");
    for (name, value) in &read {
        let again = serde_json::to_value(value).expect("every message can be written");
        assert_eq!(again, by_name[name], "{name} changed on its way in and out");
    }
    by_name.values().map(type_of).collect()
}

#[test]
fn client_frames_are_the_committed_examples() {
    let seen = check::<ClientFrame>("client.json", &examples::client());
    for name in examples::CLIENT_TYPES {
        assert!(seen.iter().any(|s| s == name), "no example of {name}");
    }
}

#[test]
fn relay_frames_are_the_committed_examples() {
    let seen = check::<RelayFrame>("relay.json", &examples::relay());
    for name in examples::RELAY_TYPES {
        assert!(seen.iter().any(|s| s == name), "no example of {name}");
    }
}

#[test]
fn channel_messages_are_the_committed_examples() {
    let seen = check::<ChannelMessage>("channel.json", &examples::channel());
    for name in examples::CHANNEL_TYPES {
        assert!(seen.iter().any(|s| s == name), "no example of {name}");
    }
}

#[test]
fn http_bodies_are_the_committed_examples() {
    let bodies = examples::http::bodies();
    let by_name: BTreeMap<&str, &Value> =
        bodies.iter().map(|body| (body.name, &body.value)).collect();
    let made = serde_json::to_string_pretty(&by_name).expect("a map can be written") + "\n";
    if committed::is_writing() {
        committed::write(&path("http.json"), &made);
    }
    let committed = std::fs::read_to_string(path("http.json")).unwrap_or_default();
    assert_eq!(committed, made, "the interface changed: http.json no longer holds");
    for body in &bodies {
        let again = (body.again)(&body.value);
        assert_eq!(again.as_ref(), Some(&body.value), "{} changed on its way", body.name);
    }
}
