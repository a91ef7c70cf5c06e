//! Documents that are one change away from an example.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// What a parser made of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    Understood,
    /// A message or value of a newer version, as far as this one can tell.
    Unknown,
    Refused,
}

pub(crate) fn read<T: Serialize + DeserializeOwned>(value: &Value) -> Reading {
    let read: Result<T, _> = serde_json::from_value(value.clone());
    judge(read.ok().map(|read| serde_json::to_value(read).expect("what was read can be written")))
}

/// What was read, written again, says whether anything in it was unknown.
pub(crate) fn judge(again: Option<Value>) -> Reading {
    match again {
        None => Reading::Refused,
        Some(again) if has_unknown(&again) => Reading::Unknown,
        Some(_) => Reading::Understood,
    }
}

fn has_unknown(value: &Value) -> bool {
    match value {
        Value::String(text) => text == "unknown",
        Value::Array(items) => items.iter().any(has_unknown),
        Value::Object(fields) => fields.values().any(has_unknown),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// A rule that the schema only has in words, or that the relay keeps and not the parser.
pub(crate) fn is_in_words(what: &str, fits: bool) -> bool {
    // serde takes a struct's fields as a list as well, and the number of a variant for its name.
    if !fits && (what == " as []" || what.ends_with("/type as 0") || what.ends_with("/state as 0"))
    {
        return true;
    }
    let field = what.rsplit('/').next().unwrap_or_default();
    let field = field.split(' ').next().unwrap_or_default();
    match field {
        // What a text may not hold.
        "name" | "display_name" | "text" | "sdp" if fits => true,
        // Limits of a sign-in, of a group and of an invitation: the relay says what is wrong.
        "name" | "platform" | "public_key" | "members" | "hours" => !fits,
        _ => false,
    }
}

/// Every document that one change makes of this one, with what was changed where.
pub(crate) fn of(example: &Value) -> Vec<(String, Value)> {
    let mut places = Vec::new();
    collect(example, String::new(), &mut places);
    let mut changed = Vec::new();
    for place in places {
        for value in replacements() {
            let mut document = example.clone();
            if let Some(at) = document.pointer_mut(&place) {
                let said: String = value.to_string().chars().take(40).collect();
                *at = value;
                changed.push((format!("{place} as {said}"), document));
            }
        }
        let Some((parent, key)) = place.rsplit_once('/') else { continue };
        let mut document = example.clone();
        if let Some(Value::Object(fields)) = document.pointer_mut(parent) {
            fields.remove(key);
            changed.push((format!("{place} missing"), document));
        }
    }
    changed
}

fn collect(value: &Value, place: String, places: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, field)| (key.clone(), field)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (key, child) in children {
        collect(child, format!("{place}/{key}"), places);
    }
    places.push(place);
}

/// Lengths on either side of every limit.
const LENGTHS: [usize; 16] =
    [1, 2, 32, 33, 128, 129, 256, 257, 1_024, 1_025, 2_048, 2_049, 4_000, 4_001, 4_096, 4_097];

fn replacements() -> Vec<Value> {
    let mut values = vec![
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(1.5),
        json!(u32::MAX),
        json!(u64::from(u32::MAX) + 1),
        json!(1.9e19),
        json!(""),
        json!(" "),
        json!("a\nb"),
        json!("a b"),
        json!("\u{0}"),
        json!("é"),
        json!("-ada"),
        json!("Ada"),
        json!("abcd"),
        json!("online"),
        json!([]),
        json!({}),
    ];
    values.extend(LENGTHS.map(|length| json!("x".repeat(length))));
    values
}
