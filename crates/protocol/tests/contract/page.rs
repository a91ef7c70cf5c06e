//! What of `docs/protocol.md` is written from the code: everything between two markers.

use bellwire_protocol::http::{Access, ROUTES, Route, Shape};
use bellwire_protocol::{limits, schema};
use serde_json::Value;

use super::golden;
use super::render::{Types, link};

/// The page with everything between its markers made anew.
pub(crate) fn with_reference(page: &str) -> String {
    let document = schema::document();
    let types = Types::of(&document);
    let sections = [
        ("client", messages(&types, "ClientFrame", "client", &["id"])),
        ("relay", messages(&types, "RelayFrame", "relay", &["seq"])),
        ("channel", messages(&types, "ChannelMessage", "channel", &[])),
        ("types", types.shared()),
        ("requests", requests()),
        ("bodies", bodies(&types)),
    ];
    let mut page = page.to_owned();
    for (name, text) in sections {
        page = replaced(&page, name, &text);
    }
    page
}

fn replaced(page: &str, name: &str, text: &str) -> String {
    let begin = format!("<!-- made from the code: {name} -->\n");
    let end = format!("<!-- end: {name} -->\n");
    let parts = page.split_once(&begin).and_then(|(before, rest)| {
        rest.split_once(&end).map(|(_, after)| format!("{before}{begin}\n{text}\n{end}{after}"))
    });
    parts.unwrap_or_else(|| panic!("docs/protocol.md has no markers for {name}"))
}

fn messages(types: &Types<'_>, frame: &str, file: &str, common: &[&str]) -> String {
    let examples = golden(file);
    let mut sections: Vec<(String, String)> = Vec::new();
    for variant in types.variants(frame) {
        let name = variant["properties"]["type"]["const"].as_str().unwrap_or_default();
        let example = &examples[name];
        let fields = types.fields(variant, &[common, &["type"]].concat());
        let said = types.words(variant);
        let section = format!("### `{name}`\n\n{said}\n{fields}\n```json\n{example}\n```\n");
        sections.push((name.to_owned(), section));
    }
    sections.sort();
    let texts: Vec<String> = sections.into_iter().map(|(_, text)| text).collect();
    texts.join("\n")
}

fn requests() -> String {
    let mut text =
        String::from("| request | asks | body | answer | what |\n|---|---|---|---|---|\n");
    for route in ROUTES {
        let Route { method, path, access, query, body, status, answer, what } = route;
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let asks = match access {
            Access::Anybody => "anybody",
            Access::SignedIn => "signed in",
            Access::Administrator => "administrator",
        };
        let body = body.map_or_else(String::new, link);
        let answer = match answer {
            Shape::Nothing => String::new(),
            Shape::One(name) => link(name),
            Shape::Many(name) => format!("list of {}", link(name)),
            Shape::Either(one, other) => format!("{} or {}", link(one), link(other)),
        };
        text += &format!(
            "| `{method} {path}{query}` | {asks} | {body} | {status} {answer} | {what} |\n"
        );
    }
    text
}

fn bodies(types: &Types<'_>) -> String {
    let examples = golden("http");
    let sections = examples.iter().filter(|(name, _)| types.is_of_http(name)).map(
        |(name, example): (&String, &Value)| {
            format!("{}\n```json\n{example}\n```\n", types.section(name))
        },
    );
    sections.collect::<Vec<_>>().join("\n")
}

/// Every constant of `limits.rs`, as the page writes it.
pub(crate) fn limits() -> Vec<(&'static str, String)> {
    let bytes = |n: usize| {
        if n.is_multiple_of(1024) { format!("{} KiB", n / 1024) } else { format!("{n} bytes") }
    };
    let time = |ms: u64| format!("{} s", ms / 1_000);
    let close = |code: u16| code.to_string();
    vec![
        ("FRAME_BYTES", bytes(limits::FRAME_BYTES)),
        ("RELAY_FRAME_BYTES", bytes(limits::RELAY_FRAME_BYTES)),
        ("CHANNEL_MESSAGE_BYTES", bytes(limits::CHANNEL_MESSAGE_BYTES)),
        ("HELLO_BYTES", bytes(limits::HELLO_BYTES)),
        ("HELLO_MS", time(limits::HELLO_MS)),
        ("PING_MS", time(limits::PING_MS)),
        ("DEAD_MS", time(limits::DEAD_MS)),
        ("MESSAGES_PER_SECOND", limits::MESSAGES_PER_SECOND.to_string()),
        ("MESSAGE_BURST", limits::MESSAGE_BURST.to_string()),
        ("RINGS_PER_MINUTE", limits::RINGS_PER_MINUTE.to_string()),
        ("RINGS_PER_PERSON", limits::RINGS_PER_PERSON.to_string()),
        ("QUEUE_FRAMES", limits::QUEUE_FRAMES.to_string()),
        ("QUEUE_BYTES", bytes(limits::QUEUE_BYTES)),
        ("RESUME_MS", time(limits::RESUME_MS)),
        ("RESUME_FRAMES", limits::RESUME_FRAMES.to_string()),
        ("RESUME_BYTES", bytes(limits::RESUME_BYTES)),
        ("RING_MS", time(limits::RING_MS)),
        ("SEAT_MS", time(limits::SEAT_MS)),
        ("SEAT_WITH_MEDIA_MS", time(limits::SEAT_WITH_MEDIA_MS)),
        ("SEAT_LEFT_MS", time(limits::SEAT_LEFT_MS)),
        ("CANDIDATES", limits::CANDIDATES.to_string()),
        ("CANDIDATES_BYTES", bytes(limits::CANDIDATES_BYTES)),
        ("CANDIDATES_PER_SECOND", limits::CANDIDATES_PER_SECOND.to_string()),
        ("CANDIDATE_BURST", limits::CANDIDATE_BURST.to_string()),
        ("PASSWORD_CHARS", limits::PASSWORD_CHARS.to_string()),
        ("PASSWORD_BYTES", bytes(limits::PASSWORD_BYTES)),
        ("UNAUTHENTICATED", close(limits::close::UNAUTHENTICATED)),
        ("REVOKED", close(limits::close::REVOKED)),
        ("SLOW_READER", close(limits::close::SLOW_READER)),
        ("REPLACED", close(limits::close::REPLACED)),
        ("GOING_AWAY", close(limits::close::GOING_AWAY)),
        ("MALFORMED", close(limits::close::MALFORMED)),
        ("RATE", close(limits::close::RATE)),
        ("LEFT", close(limits::close::LEFT)),
    ]
}
