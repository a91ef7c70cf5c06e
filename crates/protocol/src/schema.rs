//! A JSON Schema (draft 2020-12) of everything that crosses the network, made from the types
//! themselves. It is committed as `schema/bellwire.v1.json`, and `docs/protocol.md` is written from
//! it as far as it lists messages, fields and values.
//!
//! A schema counts characters, the wire counts bytes: `x-maxBytes` is the limit that holds where a
//! text is not ASCII, of the value itself or as JSON writes it (`x-measure`). What a text may not hold is a `pattern` where one says all of it, else words.

use schemars::generate::{SchemaGenerator, SchemaSettings};
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::{ChannelMessage, ClientFrame, RelayFrame, http};

/// How an id is written. Readers also take other spellings of the same UUID.
pub const UUID: &str = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$";

/// Texts whose alphabet one pattern says in full.
const PATTERNS: [(&str, &str); 5] = [
    ("Candidate", "^[ -~]*$"),
    ("Mid", "^[!-~]*$"),
    ("Proof", "^[!-~]*$"),
    ("Ufrag", "^[A-Za-z0-9+/=_-]*$"),
    ("Username", "^[a-z0-9][a-z0-9._-]*$"),
];

/// The schema. Its `$defs` hold `ClientFrame`, `RelayFrame`, `ChannelMessage`, every body that
/// [`http::ROUTES`] names, and what these are made of.
#[must_use]
pub fn document() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    define::<ClientFrame>(&mut generator);
    define::<RelayFrame>(&mut generator);
    define::<ChannelMessage>(&mut generator);
    bodies(&mut generator);
    let mut definitions: Map<String, Value> = generator.take_definitions(true);
    for (name, pattern) in PATTERNS {
        if let Some(Value::Object(text)) = definitions.get_mut(name) {
            text.insert("pattern".to_owned(), pattern.into());
        }
    }
    for definition in definitions.values_mut() {
        if let Ok(schema) = <&mut Schema>::try_from(definition) {
            RecursiveTransform(bound_integers).transform(schema);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": crate::SUBPROTOCOL,
        "description": "What Bellwire's clients and its relay say to each other. docs/protocol.md explains it.",
        "$defs": definitions,
    })
}

/// Adds a type to the definitions.
fn define<T: JsonSchema>(generator: &mut SchemaGenerator) {
    let _ = generator.subschema_for::<T>();
}

/// Adds the bodies of HTTP.
fn bodies(generator: &mut SchemaGenerator) {
    define::<http::Problem>(generator);
    define::<http::Register>(generator);
    define::<http::Login>(generator);
    define::<http::SignedIn>(generator);
    define::<http::Refresh>(generator);
    define::<http::PatchMe>(generator);
    define::<http::ChangePassword>(generator);
    define::<http::DeleteMe>(generator);
    define::<http::AddContact>(generator);
    define::<http::Block>(generator);
    define::<http::NewConversation>(generator);
    define::<http::PatchConversation>(generator);
    define::<http::NewGroupInvitation>(generator);
    define::<http::Conversations>(generator);
    define::<http::Device>(generator);
    define::<http::Calls>(generator);
    define::<http::CallConnection>(generator);
    define::<http::NewInvite>(generator);
    define::<http::Invite>(generator);
    define::<http::NewReset>(generator);
    define::<http::Reset>(generator);
    define::<http::CheckReset>(generator);
    define::<http::ResetPassword>(generator);
    define::<http::RelayInfo>(generator);
}

/// The greatest value of an integer, which its `format` only names.
fn bound_integers(schema: &mut Schema) {
    let greatest: u64 = match schema.get("format").and_then(Value::as_str) {
        Some("uint16") => u16::MAX.into(),
        Some("uint32") => u32::MAX.into(),
        Some("uint64") => u64::MAX,
        Some(_) | None => return,
    };
    if schema.get("maximum").is_none() {
        schema.insert("maximum".to_owned(), greatest.into());
    }
}
